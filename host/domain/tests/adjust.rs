//! Adjustments: what may be set, what a line comes to then, and what a revision keeps of it.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod shop;

use counterfoil_domain::adjust::{self, Adjustments, Basis, Raw, RawAdded, Rule};
use counterfoil_domain::assemble::{COST, adjustments_digest, settings_digest, with_costs};
use counterfoil_domain::card::{AdjustType, Adjustable};
use counterfoil_domain::connection::{DescriptionSource, HostRules, PriceChoice, Refunds};
use counterfoil_domain::id::{Actor, TaskId};
use counterfoil_domain::job::{Billing, Job, JobLine, PriceSource, QuantityIs};
use counterfoil_domain::judge::LinkBook;
use counterfoil_domain::link::{LinkKind, LinkState};
use counterfoil_domain::money::Rounding;
use counterfoil_domain::order::{Fee, LineKind, Order, OrderType};
use counterfoil_domain::plan::{Action, Change, Plan, PlanLine};
use counterfoil_domain::proration::Method;
use counterfoil_domain::task::{Need, Verdict};
use shop::*;

fn refusals(order: &Order, links: &LinkBook, raw: &Raw) -> Vec<(String, String, Rule)> {
    let (task, by) = (TaskId::new("t"), Actor::new("ann"));
    let basis = Basis { task: &task, order, links, adjust: &[], before: None, by: &by, at: now() };
    let refusals = adjust::checked(raw, basis).unwrap_err();
    for refusal in &refusals {
        let text = refusal.to_string();
        assert!(text.contains(&order.number) && text.contains(&refusal.line), "{text}");
    }
    refusals.into_iter().map(|refusal| (refusal.line, refusal.field, refusal.rule)).collect()
}

/// what is typed -> field and rule that refuse it
const REFUSED: &str = "
9 quantity=5                       -> line unknown-line
3 quantity=5                       -> line bills-nothing
1 quantity=0                       -> quantity quantity-zero
1 quantity=five                    -> quantity not-a-number
1 quantity=1,5                     -> quantity not-a-number
1 price=0.00                       -> unit-price price-zero
1 price=99999999999999999999       -> unit-price too-large
1 quantity=9999999999 price=9999999999 -> amount too-large
1 billing=free                     -> billing unknown-word
1 source=market                    -> price-source unknown-word
1 source=person                    -> price-source price-and-source
1 source=catalogue price=3         -> price-source price-and-source
2 source=catalogue                 -> price-source no-item
1 start=2026-11-01                 -> period half-a-period
1 start=2026-11-01 end=2026-11-01  -> period no-day
1 start=2026-11-02 end=2026-11-01  -> period no-day
1 start=tomorrow end=2026-11-01    -> period not-a-day
1 description=_                    -> description text-length
";

#[test]
fn what_cannot_be_is_refused_by_line_field_and_rule() {
    let mut order = order();
    let payment = LineKind::NotBillable("payment".into());
    order
        .lines
        .push(counterfoil_domain::order::OrderLine { kind: payment, ..line("3", Fee::Refund, None, "1", "5", "5") });
    for row in REFUSED.lines().filter(|row| !row.is_empty()) {
        let (given, expected) = row.split_once("->").unwrap();
        let found = refusals(&order, &links(), &typed(given));
        let (field, rule) = expected.trim().split_once(' ').unwrap();
        let number = given.split_whitespace().next().unwrap().to_owned();
        let rule = Rule::parse(rule).unwrap();
        let found: Vec<_> = found.iter().map(|(line, field, rule)| (line.clone(), field.clone(), *rule)).collect();
        assert_eq!(found, [(number, field.to_owned(), rule)], "{row}");
    }
    let twice = refusals(&order, &links(), &typed("1 quantity=5\n1 quantity=6"));
    assert_eq!(twice, [("1".to_owned(), "line".to_owned(), Rule::GivenTwice)]);
    let both = refusals(&order, &links(), &typed("1 quantity=0\n9 quantity=1"));
    assert_eq!(both.len(), 2, "every refusal is told: {both:?}");
}

#[test]
fn a_catalogue_price_cannot_be_had_without_an_item_nor_for_a_total_after_renewal() {
    let mut unlinked = links();
    let mut item = link(LinkKind::Item, "P1", "item-1");
    item.state = LinkState::Unlinked;
    unlinked.insert(item);
    let raw = typed("1 source=catalogue");
    assert_eq!(refusals(&order(), &unlinked, &raw), [("1".to_owned(), "price-source".to_owned(), Rule::NoItem)]);
    let renewal = Order { order_type: OrderType::Change, on_renewal: true, ..order() };
    assert_eq!(refusals(&renewal, &links(), &raw), [("1".to_owned(), "price-source".to_owned(), Rule::RenewalTotal)]);
}

#[test]
fn a_decision_needs_a_reason_and_lines_that_can_be() {
    let bad = RawAdded { fee: "seats".into(), quantity: "0".into(), unit_price: "1".into(), ..RawAdded::default() };
    let raw = Raw { decision: Some((" ".into(), vec![bad])), ..Raw::default() };
    let found = refusals(&order(), &links(), &raw);
    let rules: Vec<(&str, Rule)> = found.iter().map(|(_, field, rule)| (field.as_str(), *rule)).collect();
    let expected = [
        ("reason", Rule::NoReason),
        ("fee", Rule::UnknownWord),
        ("quantity", Rule::QuantityZero),
        ("description", Rule::TextLength),
    ];
    assert_eq!(rules, expected);
}

fn only(job: &Job, id: &str) -> JobLine {
    job.order.lines.iter().find(|line| line.id.as_str() == id).unwrap().clone()
}

fn attribute<'a>(line: &'a JobLine, name: &str) -> &'a str {
    line.attributes.iter().find(|(n, _)| n == name).map_or("", |(_, value)| value.as_str())
}

/// what is typed for line 1 (18 × 33.00 = 594.00) -> quantity, unit price, amount, source, what the arithmetic says
const PRICED: &str = "
1 quantity=5             -> 5 33.00 165.00 person | 5 × 33.00 = 165.00 USD, quantity set by ann; the order's own total of 594.00 USD
1 price=30               -> 18 30 540.00 person | 18 × 30.00 = 540.00 USD, price set by ann
1 quantity=3 price=0.335 -> 3 0.335 1.01 person | 3 × 0.335 = 1.01 USD, rounded half up, quantity and price set by ann
1 quantity=-2            -> -2 33.00 -66.00 person | -2 × 33.00 = -66.00 USD
1 source=catalogue       -> 18 40 720.00 catalogue | price from the target's catalogue
1 source=catalogue quantity=2 -> 2 40 80.00 catalogue | 2 × 40.00 = 80.00 USD
1 source=order           -> 18 33.00 594.00 order | price from the order
1 billing=no-charge      -> 18 33.00 0 order | = 594.00 USD, price from the order: the connection takes the marketplace's prices; no-charge, so 0.00 USD is billed: set by ann
1 billing=do-not-bill price=30 -> 18 30 0 person | do-not-bill, so 0.00 USD is billed
1 description=My_seats   -> 18 33.00 594.00 order | price from the order
";

#[test]
fn a_line_comes_to_what_was_set() {
    let mut shop = Shop::new(order()).item("item-1", "40");
    shop.scenarios.iter_mut().for_each(|row| row.prorate.clear());
    for row in PRICED.lines().filter(|row| !row.is_empty()) {
        let (given, expected) = row.split_once("->").unwrap();
        let (values, arithmetic) = expected.split_once('|').unwrap();
        let values: Vec<&str> = values.split_whitespace().collect();
        let set = set(&shop.order, given);
        let job = shop.job(Some(&set)).unwrap();
        let line = only(&job, "1");
        let found = (line.quantity, line.unit_price, line.amount, line.price_source.name());
        assert_eq!(found, (number(values[0]), number(values[1]), number(values[2]), values[3]), "{row}");
        assert!(line.arithmetic.contains(arithmetic.trim()), "{row}: {}", line.arithmetic);
        assert_eq!(job.order.total, line.amount + number("10.00"), "{row}");
        assert_eq!(job.order.revision, shop.order.revision(), "the revision is the source's: {row}");
    }
}

#[test]
fn a_refund_keeps_its_sign_when_only_its_quantity_is_set() {
    for (quantity, price, amount) in [("5", "8", "-40"), ("-5", "8", "-40"), ("5", "-8", "-40")] {
        let refund = line("1", Fee::ResourceRecurringRefund, Some("P1"), quantity, price, amount);
        let shop = Shop::new(Order { lines: vec![refund], total: Some(number(amount)), ..order() });
        let less = if quantity == "-5" { "-3" } else { "3" };
        let job = shop.job(Some(&set(&shop.order, &format!("1 quantity={less}")))).unwrap();
        assert_eq!(job.order.total, number("-24"), "{quantity} × {price}");
    }
}

#[test]
fn everything_that_was_set_is_in_the_job_and_moves_the_digest() {
    let shop = Shop::new(order()).item("item-1", "40");
    let plain = shop.job(None).unwrap();
    assert!(plain.adjustments.is_empty());
    let rows = [
        "1 quantity=5",
        "1 price=5",
        "1 cost=5",
        "1 billing=no-charge",
        "1 taxable=yes",
        "1 taxable=no",
        "1 source=catalogue",
        "1 description=Seats",
        "1 start=2026-11-01 end=2026-12-01",
        "2 quantity=5",
    ];
    let mut digests = std::collections::BTreeSet::from([adjustments_digest(&plain)]);
    for row in rows {
        let job = shop.job(Some(&set(&shop.order, row))).unwrap();
        assert_eq!(job.adjustments.len(), 1, "{row}");
        assert!(digests.insert(adjustments_digest(&job)), "{row}");
    }
    let job = shop.job(Some(&set(&shop.order, "1 taxable=no cost=20 start=2026-11-03 end=2026-11-05"))).unwrap();
    let line = only(&job, "1");
    assert_eq!((line.taxable, line.unit_cost, line.cost), (Some(false), Some(number("20")), Some(number("360"))));
    assert_eq!(line.service_period, Some(period("2026-11-03", "2026-11-05")));
    assert_eq!(attribute(&line, "period-source"), "person");
    let fields: Vec<&str> = job.adjustments.iter().map(|set| set.field.as_str()).collect();
    assert_eq!(fields, ["service-period", "unit-cost", "taxable"]);
}

#[test]
fn what_nobody_pays_needs_no_link_and_a_chosen_catalogue_price_does() {
    let mut shop = Shop::new(order());
    shop.links = LinkBook::new(vec![link(LinkKind::Party, "c", "party")]);
    let needs = |set: Option<&Adjustments>| shop.judged(set, |judgement| judgement.verdict);
    let item = Need::Link { kind: LinkKind::Item, source: "P1".into(), name: "Product P1".into() };
    assert_eq!(needs(None), Verdict::Pending(vec![item.clone()]));
    assert_eq!(needs(Some(&set(&shop.order, "1 billing=do-not-bill"))), Verdict::Ready);
    assert_eq!(needs(Some(&set(&shop.order, "1 billing=no-charge"))), Verdict::Pending(vec![item]));
    let job = shop.job(Some(&set(&shop.order, "1 billing=do-not-bill"))).unwrap();
    let line = only(&job, "1");
    assert_eq!((line.billing, line.amount, line.item), (Billing::DoNotBill, number("0"), None));
    assert_eq!(job.order.total, number("10.00"));
}

#[test]
fn refunds_of_a_change_follow_the_connection_unless_a_person_says_otherwise() {
    let lines = vec![
        line("1", Fee::ResourceDowngrade, Some("P1"), "-2", "33", "-66"),
        line("2", Fee::ResourceRecurringRefund, Some("P1"), "-2", "33", "-66"),
        line("3", Fee::ResourceRecurring, Some("P1"), "1", "33", "33"),
    ];
    for (order_type, refunds, given, billed) in [
        (OrderType::Change, Refunds::Bill, "", "-99"),
        (OrderType::Change, Refunds::QuantityOnly, "", "33"),
        (OrderType::Change, Refunds::QuantityOnly, "1 billing=billable", "-33"),
        (OrderType::Billing, Refunds::QuantityOnly, "", "-99"),
    ] {
        let order = Order { order_type, lines: lines.clone(), total: Some(number("-99")), ..order() };
        let mut shop = Shop::new(order);
        shop.rules.refunds = refunds;
        let set = set(&shop.order, given);
        let job = shop.job(Some(&set)).unwrap();
        assert_eq!(job.order.total, number(billed), "{order_type} {refunds} {given}");
        let left_out = only(&job, "2");
        if left_out.billing == Billing::DoNotBill {
            assert!(attribute(&left_out, "billing-why").contains("only the quantity"), "{left_out:?}");
            assert_eq!(attribute(&left_out, "amount-if-billed"), "-66");
            assert_eq!(left_out.quantity_is, QuantityIs::Delta);
        }
    }
}

#[test]
fn a_total_after_renewal_has_no_catalogue_price_and_says_so() {
    let order = Order { order_type: OrderType::Change, on_renewal: true, ..order() };
    let mut shop = Shop::new(order).item("item-1", "40");
    shop.rules.price_source = PriceChoice::Target;
    shop.links.insert(link(LinkKind::Fee, "plan-setup", "item-1"));
    let line = only(&shop.job(None).unwrap(), "1");
    assert_eq!(
        (line.quantity_is, line.price_source, line.amount),
        (QuantityIs::Total, PriceSource::Order, number("594"))
    );
    assert!(line.arithmetic.contains("total after the renewal"), "{}", line.arithmetic);
}

/// effective day, method, container prorates, order's amount, what is typed -> amount, why, days
const PRORATED: &str = "
2026-11-12 elapsed-days  no  376.20 .                -> 376.20 prorated 19/30
2026-11-12 elapsed-days  no  200.00 .                -> 376.20 prorated 19/30
2026-11-12 day-number    no  376.20 .                -> 356.40 prorated 18/30
2026-11-12 none          no  376.20 .                -> 594.00 method-none 30/30
2026-11-12 target-native no  376.20 .                -> 594.00 nobody-prorates 30/30
2026-11-12 elapsed-days  yes 376.20 .                -> 594.00 target-prorates 30/30
2026-11-01 elapsed-days  no  594.00 .                -> 594.00 - -
2026-11-01 elapsed-days  no  500.00 .                -> 500.00 - -
2026-11-12 elapsed-days  no  376.20 quantity=9       -> 188.10 prorated 19/30
2026-11-12 elapsed-days  no  376.20 price=30         -> 540.00 - -
2026-11-12 elapsed-days  no  376.20 source=catalogue -> 720.00 - -
2026-11-12 elapsed-days  no  376.20 start=2026-11-16_end=2026-12-01 -> 297.00 prorated 15/30
2026-11-12 elapsed-days  no  376.20 billing=no-charge -> 0 prorated 19/30
";

#[test]
fn the_host_prorates_once_and_only_the_orders_own_price() {
    for row in PRORATED.lines().filter(|row| !row.is_empty()) {
        let (given, expected) = row.split_once("->").unwrap();
        let cells: Vec<&str> = given.split_whitespace().collect();
        let expected: Vec<&str> = expected.split_whitespace().collect();
        let mut order = order();
        order.provisioned_at = Some(day(cells[0]).and_hms_opt(8, 0, 0).unwrap().and_utc());
        order.lines[0].amount = number(cells[3]);
        order.lines[0].unit_cost = Some(number("30"));
        let mut shop = Shop::new(order).item("item-1", "40");
        shop.rules.proration = Method::parse(cells[1]).unwrap();
        let mut container = link(LinkKind::Container, "s", "agreement");
        if let LinkState::Linked(target) = &mut container.state {
            target.attributes.push(("prorate".into(), if cells[2] == "yes" { "true" } else { "false" }.into()));
        }
        shop.links.insert(container);
        let typed = if cells[4] == "." { String::new() } else { format!("1 {}", cells[4].replace("_end", " end")) };
        let set = set(&shop.order, &typed);
        let line = only(&shop.job(Some(&set)).unwrap(), "1");
        assert_eq!(line.amount, number(expected[0]), "{row}: {}", line.arithmetic);
        match &line.proration {
            None => assert_eq!(expected[1], "-", "{row}"),
            Some(prorated) => {
                assert_eq!(prorated.why.name(), expected[1], "{row}");
                assert_eq!(format!("{}/{}", prorated.share.left, prorated.share.days), expected[2], "{row}");
                assert_eq!(attribute(&line, "proration-of"), "2026-11-01/2026-12-01", "{row}");
                let full = prorated.cost.as_ref().unwrap().full.amount;
                assert_eq!(full, line.quantity * number("30"), "{row}");
            }
        }
        if expected[1] == "prorated" && line.billing == Billing::Billable {
            assert_eq!(line.cost, Some(line.amount * number("30") / number("33")), "{row}");
        }
        // The setup of the plan is never prorated.
        assert_eq!(only(&shop.job(Some(&set)).unwrap(), "2").amount, number("10.00"), "{row}");
    }
}

/// fee, order type, model, line's own period? -> period, who told it
const PERIODS: &str = "
resource-recurring sales   before-billing-period no  -> 2026-11-01 2026-12-01 subscription
resource-recurring sales   before-billing-period yes -> 2026-11-12 2026-12-01 line
resource-recurring billing after-billing-period  no  -> 2026-10-01 2026-11-01 subscription
resource-setup     sales   before-billing-period no  -> - - none
";

#[test]
fn the_days_come_from_the_line_else_from_the_subscription() {
    for row in PERIODS.lines().filter(|row| !row.is_empty()) {
        let (given, expected) = row.split_once("->").unwrap();
        let cells: Vec<&str> = given.split_whitespace().collect();
        let expected: Vec<&str> = expected.split_whitespace().collect();
        let mut order = order();
        order.order_type = OrderType::parse(cells[1]).unwrap();
        order.billing_model = counterfoil_domain::order::BillingModel::parse(cells[2]).unwrap();
        order.lines[0].kind = LineKind::Fee(Fee::parse(cells[0]).unwrap());
        if cells[2] == "after-billing-period" {
            order.provisioned_at = Some(day("2026-11-01").and_hms_opt(0, 0, 0).unwrap().and_utc());
        }
        if cells[3] == "yes" {
            order.lines[0].service_period = Some(period("2026-11-12", "2026-12-01"));
        }
        let line = only(&Shop::new(order).job(None).unwrap(), "1");
        let told = (expected[0] != "-").then(|| period(expected[0], expected[1]));
        assert_eq!((line.service_period, attribute(&line, "period-source")), (told, expected[2]), "{row}");
    }
}

#[test]
fn the_persons_text_wins_over_every_rule() {
    let mut shop = Shop::new(order());
    shop.rules.descriptions.source = DescriptionSource::Template;
    shop.rules.descriptions.template = "{product} {period}".into();
    let told = |set: Option<&Adjustments>| {
        let line = only(&shop.job(set).unwrap(), "1");
        (line.description.clone(), attribute(&line, "description-source").to_owned())
    };
    assert_eq!(told(None), ("Product P1 2026-11-01 to 2026-11-30".to_owned(), "template".to_owned()));
    let own = set(&shop.order, "1 description=Ours");
    assert_eq!(told(Some(&own)), ("Ours".to_owned(), "person".to_owned()));
}

#[test]
fn every_rule_of_the_connection_that_changes_a_job_moves_the_settings() {
    let base = HostRules::default();
    let mut template = base.clone();
    template.descriptions.template = "{product}".into();
    let mut source = base.clone();
    source.descriptions.source = DescriptionSource::Catalogue;
    let mut trim = base.clone();
    trim.descriptions.trim = true;
    let changed = [
        HostRules { rounding: Rounding::HalfEven, ..base.clone() },
        HostRules { proration: Method::DayNumber, ..base.clone() },
        HostRules { refunds: Refunds::QuantityOnly, ..base.clone() },
        template,
        source,
        trim,
    ];
    let digest = |rules: &HostRules| settings_digest(&[], &connection(rules.clone()));
    let mut seen = std::collections::BTreeSet::from([digest(&base)]);
    for rules in &changed {
        assert!(seen.insert(digest(rules)), "{rules:?}");
    }
}

#[test]
fn a_revision_keeps_what_is_still_there_and_names_the_rest() {
    let old = set(&order(), "1 quantity=5 price=30\n2 description=Setup");
    let mut revised = order();
    revised.lines[0].amount = number("600");
    let kept = adjust::carried(&old, &revised, "t2".into());
    assert_eq!((kept.task.as_str(), kept.lines.len(), kept.dropped.len()), ("t2", 2, 0));
    assert_eq!((kept.by, kept.at), (old.by.clone(), old.at));

    revised.lines.remove(1);
    revised.lines[0].product = Some(product("P9"));
    let kept = adjust::carried(&old, &revised, "t2".into());
    assert!(kept.is_empty(), "{kept:?}");
    let expected = [
        "line 1: quantity 5, unit-price 30, set by ann: it is another fee or product now",
        "line 2: description Setup, set by ann: the order has no such line any more",
    ];
    assert_eq!(kept.dropped, expected);

    // A decision was about the revision that it was made for: nothing of it may bill, or hide, anything of the next.
    let decided = Adjustments { decided: Some("half of it".into()), ..set(&order(), "1 billing=do-not-bill") };
    let kept = adjust::carried(&decided, &order(), "t2".into());
    assert!(kept.is_empty(), "{kept:?}");
    assert_eq!(kept.dropped.len(), 2, "{:?}", kept.dropped);
}

/// What the plan's line covers -> its cost, where all of it is known
const COSTS: &str = "
1   -> 360
2   -> -
1,2 -> -
-   -> -
";

#[test]
fn a_plans_line_tells_its_cost_only_where_all_that_it_carries_does() {
    let mut shop = Shop::new(order());
    shop.order.lines[0].unit_cost = Some(number("20"));
    let job = shop.job(None).unwrap();
    for row in COSTS.lines().filter(|row| !row.is_empty()) {
        let (covers, cost) = row.split_once("->").unwrap();
        let covers = covers.trim().split(',').filter(|id| *id != "-").map(Into::into).collect();
        let line = PlanLine {
            covers,
            description: "Seats".into(),
            quantity: number("1"),
            unit_price: number("1"),
            unit_cost: None,
            amount: number("1"),
            bills: number("1"),
            why: String::new(),
            // A target cannot tell the host's own figure.
            attributes: vec![(COST.to_owned(), "1".to_owned())],
        };
        let change = Change {
            key: "k".into(),
            action: Action::Create,
            document: "invoice".into(),
            target: None,
            title: String::new(),
            fields: vec![],
            lines: vec![line],
            total: shop.order.money(number("1")),
            why: String::new(),
            attributes: vec![],
        };
        let plan = Plan {
            task: "t".into(),
            changes: vec![change],
            left_out: vec![],
            notes: vec![],
            payload: vec![],
            attributes: vec![],
        };
        let plan = with_costs(plan, &job);
        let told = plan.changes[0].lines[0].attributes.first().map_or("-", |(_, cost)| cost.as_str());
        assert_eq!(told, cost.trim(), "{row}");
    }
}

fn offered() -> Vec<Adjustable> {
    let one = |name: &str, kind| Adjustable { name: name.into(), label: name.into(), help: String::new(), kind };
    vec![
        one("due_date", AdjustType::Date),
        one("reference", AdjustType::Text),
        one("urgent", AdjustType::Boolean),
        one("where_to", AdjustType::Choice(vec!["here".into(), "there".into()])),
    ]
}

fn document(order: &Order, values: &[(&str, &str)]) -> Result<Adjustments, Vec<adjust::Refusal>> {
    let (task, by, links) = (TaskId::new("t"), Actor::new("ann"), LinkBook::default());
    let adjust = offered();
    let basis = Basis { task: &task, order, links: &links, adjust: &adjust, before: None, by: &by, at: now() };
    let document = values.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    adjust::checked(&Raw { document, ..Raw::default() }, basis)
}

#[test]
fn what_is_set_on_a_whole_task_is_held_against_the_card() {
    let order = order();
    for (name, value, kept) in [
        ("due_date", " 2026-12-01 ", Some("2026-12-01")),
        ("reference", "PO 7", Some("PO 7")),
        ("urgent", "true", Some("true")),
        ("where_to", "there", Some("there")),
        ("reference", "  ", None),
    ] {
        let set = document(&order, &[(name, value)]).unwrap();
        assert_eq!(set.document.get(name).map(String::as_str), kept, "{name}={value}");
        assert_eq!(set.is_empty(), kept.is_none());
    }
    for (name, value, rule, words) in [
        ("due_date", "2026-02-30", Rule::NotADay, "2026-02-30"),
        ("due_date", "tomorrow", Rule::NotADay, "tomorrow"),
        ("reference", "a\nb", Rule::TextLength, "printable"),
        ("urgent", "yes", Rule::UnknownWord, "neither true nor false"),
        ("where_to", "nowhere", Rule::UnknownWord, "here, there"),
        ("duedate", "2026-12-01", Rule::UnknownName, "Did you mean \"due_date\"?"),
        ("decided", "by me", Rule::UnknownName, "there is no such value"),
    ] {
        let [refusal] = document(&order, &[(name, value)]).unwrap_err().try_into().unwrap();
        assert_eq!((refusal.rule, refusal.line.as_str(), refusal.field.as_str()), (rule, "", name));
        let text = refusal.to_string();
        assert!(text.contains(words) && text.starts_with(&format!("order {}, {name}: ", order.number)), "{text}");
    }
}

#[test]
fn what_is_set_on_a_whole_task_reaches_the_target_moves_the_plan_and_survives_a_revision() {
    let shop = Shop::new(order());
    let set = |values: &[(&str, &str)]| document(&shop.order, values).unwrap();
    let mut digests = std::collections::BTreeSet::from([adjustments_digest(&shop.job(None).unwrap())]);
    for values in [&[("reference", "a")][..], &[("reference", "b")], &[("urgent", "true"), ("reference", "a")]] {
        let job = shop.job(Some(&set(values))).unwrap();
        assert!(digests.insert(adjustments_digest(&job)), "{values:?}");
        assert_eq!(job.order.total, shop.job(None).unwrap().order.total, "no line is touched");
        let told: Vec<(&str, &str, &str)> =
            job.adjustments.iter().map(|a| (a.line.as_str(), a.field.as_str(), a.value.as_str())).collect();
        assert!(values.iter().all(|(name, value)| told.contains(&("", name, value))), "{told:?}");
    }
    let mut revised = shop.order.clone();
    revised.lines.clear();
    let kept = adjust::carried(&set(&[("due_date", "2026-12-01")]), &revised, TaskId::new("t2"));
    assert_eq!(kept.document.get("due_date").map(String::as_str), Some("2026-12-01"));
    assert!(kept.dropped.is_empty() && !kept.is_empty());
}
