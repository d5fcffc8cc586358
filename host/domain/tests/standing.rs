//! Plans of lines that recur in a container: right ones pass, and each way of being wrong is found by its own code.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod shop;

use counterfoil_domain::assemble::repriced;
use counterfoil_domain::checker::{Against, Neighbour, check};
use counterfoil_domain::connection::ManyToOne;
use counterfoil_domain::id::{EntityId, LineId};
use counterfoil_domain::job::{Adjustment, Billing, Job, JobKind, PriceSource, QuantityIs};
use counterfoil_domain::money::Money;
use counterfoil_domain::order::{Fee, Order, OrderType};
use counterfoil_domain::plan::{Action, Change, Field, Omission, Plan, PlanLine, Severity};
use counterfoil_domain::proration::Method;
use rust_decimal::Decimal;

use shop::{Shop, day, number, order, period, usd};

/// A monthly agreement from the 1st.
const PLAIN: &str = "period-anchor=2026-01-01 invoiced-until=2026-11-01 party=party";

fn shop(kind: OrderType, effective: &str, container: &str) -> Shop {
    let provisioned_at = Some(day(effective).and_hms_opt(8, 0, 0).unwrap().and_utc());
    let mut shop = Shop::new(Order { order_type: kind, provisioned_at, ..order() });
    shop.rules.proration = Method::ElapsedDays;
    if !container.is_empty() {
        shop = shop.container(container);
    }
    shop
}

fn pairs(text: &str) -> Vec<(String, String)> {
    let words = text.split_whitespace().filter_map(|word| word.split_once('='));
    words.map(|(name, value)| (name.to_owned(), value.replace('_', " "))).collect()
}

/// "quantity price amount bills", of the job lines it covers, with what else is told of it.
fn line(covers: &str, numbers: &str, told: &str) -> PlanLine {
    let numbers: Vec<Decimal> = numbers.split_whitespace().map(number).collect();
    PlanLine {
        covers: covers.split_whitespace().map(LineId::new).collect(),
        description: format!("{covers} {told}"),
        quantity: numbers[0],
        unit_price: numbers[1],
        unit_cost: None,
        amount: numbers[2],
        bills: numbers[3],
        why: String::new(),
        attributes: pairs(told),
    }
}

fn field(name: &str, before: Option<&str>, after: &str) -> Field {
    let before = before.map(str::to_owned);
    Field { name: name.into(), before, after: Some(after.to_owned()), owner: "marketplace".into() }
}

/// An addition from a day to a day; "-": it goes on.
fn addition(key: &str, days: &str, line: PlanLine) -> Change {
    let (first, last) = days.split_once(' ').unwrap();
    let mut fields = vec![field("effectiveDate", None, &format!("{first}T00:00:00Z"))];
    if last != "-" {
        fields.push(field("cancelledDate", None, &format!("{last}T00:00:00Z")));
    }
    Change {
        key: key.into(),
        action: Action::Create,
        document: "addition".into(),
        target: None,
        title: key.to_owned(),
        fields,
        total: Money::new(line.bills, usd()),
        lines: vec![line],
        why: String::new(),
        attributes: vec![],
    }
}

fn ending(last: &str) -> Change {
    Change {
        key: "ending".into(),
        action: Action::Update,
        document: "addition".into(),
        target: Some(EntityId::new("345")),
        title: "ending".into(),
        fields: vec![field("cancelledDate", None, &format!("{last}T00:00:00Z"))],
        lines: vec![],
        total: Money::zero(usd()),
        why: String::new(),
        attributes: vec![],
    }
}

fn plan(job: &Job, changes: Vec<Change>) -> Plan {
    Plan { task: job.task.clone(), changes, left_out: vec![], notes: vec![], payload: vec![], attributes: vec![] }
}

struct Case {
    shop: Shop,
    job: Job,
    plan: Plan,
    said: Option<&'static str>,
    neighbours: Vec<Neighbour>,
}

impl Case {
    fn new(shop: Shop, changes: Vec<Change>) -> Self {
        let job = shop.job(None).unwrap();
        let plan = plan(&job, changes);
        Self { shop, job, plan, said: None, neighbours: vec![] }
    }

    fn said(self, total: &'static str) -> Self {
        Self { said: Some(total), ..self }
    }

    fn found(&self) -> Vec<(Severity, String, String)> {
        let documents = ["addition".to_owned()];
        let job = repriced(self.job.clone(), &self.plan, self.shop.rules.rounding);
        let against = Against {
            job: &job,
            order_total: self.said.map(|total| Money::new(number(total), usd())),
            documents: &documents,
            rules: &self.shop.rules,
            history: &[],
            neighbours: &self.neighbours,
        };
        check(&self.plan, against).into_iter().map(|f| (f.severity, f.code, f.message)).collect()
    }

    fn codes(&self) -> Vec<String> {
        let mut codes: Vec<String> = self.found().into_iter().map(|(_, code, _)| code).collect();
        codes.sort();
        codes.dedup();
        codes
    }

    fn change(&mut self, key: &str) -> &mut Change {
        self.plan.changes.iter_mut().find(|change| change.key.as_str() == key).unwrap()
    }

    fn set_days(&mut self, key: &str, days: &str) {
        let fields = addition(key, days, line("", "0 0 0 0", "")).fields;
        self.change(key).fields = fields;
    }

    fn tell(&mut self, key: &str, name: &str, value: &str) {
        let attributes = &mut self.change(key).lines[0].attributes;
        attributes.retain(|(n, _)| n != name);
        attributes.push((name.to_owned(), value.to_owned()));
    }

    fn container(&mut self, name: &str, value: &str) {
        let job = &mut self.job;
        let link = job.links.iter_mut().find(|link| link.kind.name() == "container").unwrap();
        link.attributes.retain(|(n, _)| n != name);
        link.attributes.push((name.to_owned(), value.to_owned()));
    }
}

const SETUP: &str = "1 10 10 10";

/// Sold on the 12th: the rest of November on a line of its own, December onwards on the one that recurs.
fn sale() -> Case {
    let changes = vec![
        addition("setup", "2026-11-12 2026-11-30", line("2", SETUP, "")),
        addition("rest", "2026-11-12 2026-11-30", line("1", "1 376.20 376.20 376.20", "method=elapsed-days")),
        addition("recurs", "2026-12-01 -", line("", "18 33 594 0", "standing=2026-12-01 standing-of=1")),
    ];
    Case::new(shop(OrderType::Sales, "2026-11-12", PLAIN), changes).said("386.20")
}

/// The same on an agreement that prorates: it gets the full price and the true date.
fn native_sale() -> Case {
    let container = "period-anchor=2026-01-01 invoiced-until=2026-11-01 prorate=true";
    let changes = vec![
        addition("setup", "2026-11-01 2026-11-30", line("2", SETUP, "")),
        addition("recurs", "2026-11-12 -", line("1", "18 33 594 594", "standing=2026-11-12 standing-of=1")),
    ];
    Case::new(shop(OrderType::Sales, "2026-11-12", container), changes).said("386.20")
}

fn change_job(container: &str) -> (Shop, Job) {
    let mut shop = shop(OrderType::Change, "2026-11-12", container);
    shop.order.lines[0].quantity = number("2");
    shop.order.lines[0].amount = number("41.80");
    shop.order.total = Some(number("51.80"));
    let job = shop.job(None).unwrap();
    (shop, job)
}

/// Two more of eighteen: the former addition ends with November, one of twenty follows it.
fn upgrade(container: &str, rest: &str) -> Case {
    let (shop, _) = change_job(container);
    let told = "standing=2026-12-01 standing-of=1 quantity-before=18";
    let changes = vec![
        addition("setup", rest, line("2", SETUP, "")),
        ending("2026-11-30"),
        addition("rest", rest, line("1", "1 41.80 41.80 41.80", "method=elapsed-days")),
        addition("recurs", "2026-12-01 -", line("", "20 33 660 0", told)),
    ];
    Case::new(shop, changes).said("51.80")
}

/// In place, where November is invoiced already.
fn in_place() -> Case {
    let container = "period-anchor=2026-01-01 invoiced-until=2026-12-01";
    let mut case = upgrade(container, "2026-12-01 2026-12-31");
    case.plan.changes.retain(|change| change.key.as_str() != "ending");
    let change = case.change("recurs");
    change.action = Action::Update;
    change.target = Some(EntityId::new("345"));
    change.fields = vec![field("quantity", Some("18"), "20")];
    case
}

/// Sold on the first day of a period that is invoiced already: all of it a period later, and recurring from there.
fn late_sale() -> Case {
    let container = "period-anchor=2026-01-01 invoiced-until=2026-12-01 prorate=true";
    let changes = vec![
        addition("setup", "2026-12-01 2026-12-31", line("2", SETUP, "")),
        addition("first", "2026-12-01 2026-12-31", line("1", "18 33 594 594", "")),
        addition("recurs", "2026-12-01 -", line("", "18 33 594 0", "standing=2026-12-01 standing-of=1")),
    ];
    Case::new(shop(OrderType::Sales, "2026-11-01", container), changes).said("604.00")
}

/// A snapshot of the 12th where November is invoiced already: it recurs from December, and that is all.
fn snapshot() -> Case {
    let mut shop =
        shop(OrderType::Sales, "2026-11-12", "period-anchor=2026-01-01 invoiced-until=2026-12-01 prorate=true");
    shop.kind = JobKind::Initial;
    shop.scenarios.iter_mut().for_each(|row| row.prorate.clear());
    let changes = vec![
        addition("setup", "2026-12-01 2026-12-31", line("2", SETUP, "")),
        addition("recurs", "2026-12-01 -", line("1", "18 33 594 594", "standing=2026-12-01 standing-of=1")),
    ];
    Case::new(shop, changes).said("604.00")
}

/// At the price of what recurs already: 18 × 30.
fn at_its_price() -> Case {
    let mut case = sale();
    case.job.order.lines[0].price_source = PriceSource::Catalogue;
    case.job.order.lines[0].proration = None;
    case.job.order.lines[0].attributes.clear();
    case.job.order.effective_on = day("2026-11-01");
    case.plan.changes.remove(1);
    let told = "standing=2026-11-01 standing-of=1 price-from=addition_345";
    *case.change("recurs") = addition("recurs", "2026-11-01 -", line("1", "18 30 540 540", told));
    case
}

/// Compared: 18 should recur, 10 do. The eight of November are billed beside.
fn reconcile() -> Case {
    let mut case = sale();
    case.job.order.kind = JobKind::Reconcile;
    case.job.order.lines.truncate(1);
    case.job.order.total = number("376.20");
    case.plan.changes.remove(0);
    *case.change("rest") = addition("rest", "2026-11-12 2026-11-30", line("1", "1 167.20 167.20 167.20", ""));
    case.tell("recurs", "quantity-before", "10");
    case.plan.changes.push(ending("2026-11-30"));
    case
}

#[test]
fn right_plans_pass_and_say_what_people_should_know() {
    let upgraded = || upgrade(PLAIN, "2026-11-12 2026-11-30");
    let prorating = "period-anchor=2026-01-01 invoiced-until=2026-11-01 prorate=true";
    let table: [(&str, Case, &[&str]); 11] = [
        ("a sale inside a period", sale(), &[]),
        ("a sale that the target prorates", native_sale(), &["target-prorates"]),
        ("an upgrade", upgraded(), &[]),
        ("an upgrade where the target prorates fills a period", upgrade(prorating, "2026-11-01 2026-11-30"), &[]),
        ("a quantity in place", in_place(), &[]),
        ("a sale into a period that is invoiced", late_sale(), &[]),
        ("a snapshot of what is invoiced", snapshot(), &[]),
        ("at the price of what recurs", at_its_price(), &["catalogue-differs"]),
        ("a comparison", reconcile(), &[]),
        (
            "one amount where no price by the piece is exact",
            {
                let mut case = sale();
                *case.change("recurs") =
                    addition("recurs", "2026-12-01 -", line("", "1 594 594 0", "standing=2026-12-01 standing-of=1"));
                case
            },
            &[],
        ),
        (
            "days that are not billed where the last one is not",
            {
                let mut case = sale();
                case.job.settings.push(("cancelled_date".into(), "exclusive".into()));
                case.set_days("setup", "2026-11-12 2026-12-01");
                case.set_days("rest", "2026-11-12 2026-12-01");
                case
            },
            &[],
        ),
    ];
    for (what, case, notes) in table {
        assert_eq!(case.codes(), notes, "{what}: {:?}", case.found());
        assert!(case.found().iter().all(|(severity, ..)| *severity == Severity::Notes), "{what} needs nobody");
    }
    let (_, _, text) = native_sale().found().pop().unwrap();
    assert_eq!(
        text,
        "line 1: \"Gold\" prorates 594.00 USD by itself to 376.20 USD (18 × 33.00 USD × 19/30 days = 376.20 USD, \
         elapsed-days, rounded half up), if it counts days as the marketplace does"
    );
}

#[test]
fn what_the_target_will_charge_is_held_against_the_marketplaces_total() {
    assert_eq!(native_sale().said("604.00").codes(), ["order-total-differs", "target-prorates"]);
    assert_eq!(sale().said("604.00").codes(), ["order-total-differs"]);
}

type Spoil = (&'static str, fn() -> Case, fn(&mut Case));

/// The code that must be found, what is spoiled, and how.
const SPOILS: &[Spoil] = &[
    ("bad-day", sale, |c| c.change("rest").fields[0].after = Some("2026-11-12T09:00:00Z".into())),
    ("empty-days", sale, |c| c.set_days("rest", "2026-11-30 2026-11-29")),
    ("recurs-unasked", sale, |c| c.set_days("rest", "2026-11-12 -")),
    ("outside-period", sale, |c| c.set_days("rest", "2026-11-12 2026-12-01")),
    ("outside-period", sale, |c| c.set_days("setup", "2026-10-31 2026-11-30")),
    ("invoiced-period", sale, |c| c.container("invoiced-until", "2026-11-13")),
    ("invoiced-period", sale, |c| {
        c.change("rest").attributes.push(("writes-into-invoiced".into(), "2026-12-01".into()));
    }),
    (
        "invoiced-period",
        || upgrade(PLAIN, "2026-12-01 2026-12-31"),
        |c| {
            c.container("invoiced-until", "2026-12-01");
            c.change("ending").fields = ending("2026-11-12").fields;
        },
    ),
    ("invoiced-period", native_sale, |c| c.container("invoiced-until", "2026-12-01")),
    ("container-ended", sale, |c| c.container("end", "2026-11-30")),
    ("container-unreadable", sale, |c| c.container("invoiced-until", "soon")),
    ("container-unreadable", sale, |c| c.container("cycle", "monthly")),
    ("container-inactive", sale, |c| c.container("active", "false")),
    ("container-of-another", sale, |c| c.container("party", "somebody")),
    ("container-currency", sale, |c| c.container("currency", "EUR")),
    ("cycle-mismatch", sale, |c| c.container("cycle", "P1Y")),
    ("cycle-mismatch", sale, |c| c.job.order.lines[0].attributes.push(("cycle".into(), "P1Y".into()))),
    ("container-without-cycle", sale, |c| c.container("cycle", "")),
    ("another-container", sale, |c| c.change("rest").attributes.push(("container".into(), "99".into()))),
    // A part of a part.
    ("prorated-twice", || upgrade(PLAIN, "2026-11-12 2026-11-30"), |c| c.container("prorate", "true")),
    (
        "prorated-twice",
        || upgrade(PLAIN, "2026-11-01 2026-11-30"),
        |c| {
            c.container("prorate", "true");
            c.set_days("rest", "2026-11-01 2026-11-29");
        },
    ),
    ("target-would-prorate", late_sale, |c| c.set_days("setup", "2026-12-02 2026-12-31")),
    ("nobody-prorates", native_sale, |c| {
        c.set_days("recurs", "2026-11-01 -");
        c.tell("recurs", "standing", "2026-11-01");
    }),
    ("nobody-prorates", native_sale, |c| {
        *c.change("recurs") = addition("recurs", "2026-11-12 2026-11-30", line("1", "18 33 594 594", ""));
    }),
    // What recurs.
    ("standing-day", sale, |c| c.tell("recurs", "standing", "december")),
    ("standing-day", sale, |c| c.set_days("recurs", "2026-12-02 -")),
    ("standing-ends", sale, |c| c.set_days("recurs", "2026-12-01 2026-12-31")),
    ("standing-too-early", sale, |c| c.tell("recurs", "standing", "2026-11-11")),
    ("invented-line", sale, |c| c.tell("recurs", "standing-of", "7")),
    ("invented-line", sale, |c| c.change("recurs").lines[0].attributes.retain(|(name, _)| name != "standing")),
    ("standing-quantity", sale, |c| {
        *c.change("recurs") =
            addition("recurs", "2026-12-01 -", line("", "19 33 627 0", "standing=2026-12-01 standing-of=1"));
    }),
    ("standing-quantity", || upgrade(PLAIN, "2026-11-12 2026-11-30"), |c| c.tell("recurs", "quantity-before", "19")),
    ("standing-quantity", || upgrade(PLAIN, "2026-11-12 2026-11-30"), |c| c.tell("recurs", "quantity-before", "-1")),
    ("standing-quantity", in_place, |c| c.change("recurs").fields[0].before = Some("17".into())),
    ("standing-quantity", in_place, |c| c.change("recurs").fields[0].after = Some("21".into())),
    ("quantity-reaches-back", in_place, |c| c.container("invoiced-until", "2026-11-01")),
    ("standing-price", sale, |c| {
        *c.change("recurs") =
            addition("recurs", "2026-12-01 -", line("", "18 34 612 0", "standing=2026-12-01 standing-of=1"));
    }),
    ("standing-bills", sale, |c| c.change("recurs").lines[0].bills = number("594")),
    ("standing-bills", at_its_price, |c| c.change("recurs").lines[0].bills = number("539")),
    ("standing-prorated", sale, |c| {
        c.plan.changes.remove(1);
        let told = "standing=2026-12-01 standing-of=1";
        *c.change("recurs") = addition("recurs", "2026-12-01 -", line("1", "18 33 594 376.20", told));
    }),
    ("arithmetic", sale, |c| c.change("recurs").lines[0].amount = number("600")),
    (
        "former-not-ended",
        || upgrade(PLAIN, "2026-11-12 2026-11-30"),
        |c| {
            c.plan.changes.retain(|change| change.key.as_str() != "ending");
        },
    ),
    (
        "former-not-ended",
        || upgrade(PLAIN, "2026-11-12 2026-11-30"),
        |c| {
            c.change("ending").fields = ending("2026-12-01").fields;
        },
    ),
    (
        "billing-gap",
        || upgrade(PLAIN, "2026-11-12 2026-11-30"),
        |c| {
            c.change("ending").fields = ending("2026-11-29").fields;
        },
    ),
    // Twice, or never.
    ("billed-twice", sale, |c| {
        c.set_days("recurs", "2026-11-12 -");
        c.tell("recurs", "standing", "2026-11-12");
    }),
    ("billed-twice", late_sale, |c| {
        c.set_days("recurs", "2026-11-01 -");
        c.tell("recurs", "standing", "2026-11-01");
    }),
    ("billing-gap", sale, |c| {
        c.set_days("recurs", "2027-01-01 -");
        c.tell("recurs", "standing", "2027-01-01");
    }),
    ("billing-gap", snapshot, |c| {
        c.set_days("recurs", "2027-01-01 -");
        c.tell("recurs", "standing", "2027-01-01");
    }),
    ("billing-gap", at_its_price, |c| {
        let told = "standing=2026-12-01 standing-of=1 price-from=addition_345";
        *c.change("recurs") = addition("recurs", "2026-12-01 -", line("1", "18 30 540 540", told));
    }),
    ("price-from", sale, |c| c.tell("recurs", "price-from", "addition 345")),
    ("price-from", at_its_price, |c| {
        c.job.order.lines[1].price_source = PriceSource::Catalogue;
        c.tell("setup", "price-from", "addition 345");
    }),
    ("line-amount", at_its_price, |c| {
        // The one that recurs takes the price, the one that bills the first period does not.
        c.tell("recurs", "standing", "2026-12-01");
        c.change("recurs").lines[0].covers.clear();
        c.change("recurs").lines[0].bills = number("0");
        c.plan.changes.push(addition("first", "2026-11-01 2026-11-30", line("1", "18 33 594 594", "")));
    }),
    ("reconcile-too-much", reconcile, |c| {
        *c.change("rest") = addition("rest", "2026-11-12 2026-11-30", line("1", "1 594.01 594.01 594.01", ""));
    }),
    ("items-share-container", sale, |c| {
        c.job.order.lines[1].product_code = "P2".into();
        c.job.order.lines[1].item = c.job.order.lines[0].item.clone();
    }),
    ("items-share-container", sale, |c| {
        let item = c.job.order.lines[0].item.clone().unwrap();
        c.neighbours = vec![Neighbour { subscription: "Backup (t)".into(), product: "P9".into(), item }];
    }),
];

#[test]
fn each_spoiled_plan_is_found_by_its_code() {
    for (place, (code, case, spoil)) in SPOILS.iter().enumerate() {
        let mut case = case();
        spoil(&mut case);
        let found = case.codes();
        assert!(found.iter().any(|f| f == code), "{place}: {code} was not found, but {found:?}");
    }
}

#[test]
fn what_a_person_must_accept_and_what_nobody_can() {
    let needs_person = ["invoiced-period", "billing-gap"];
    for (code, case, spoil) in SPOILS {
        let mut case = case();
        spoil(&mut case);
        let severity = case.found().into_iter().find(|(_, found, _)| found == code).map(|(severity, ..)| severity);
        let expected = match *code {
            "another-container" => Severity::Notes,
            code if needs_person.contains(&code) => Severity::NeedsPerson,
            _ => Severity::Blocks,
        };
        assert_eq!(severity, Some(expected), "{code}");
    }
}

#[test]
fn an_invoiced_period_is_named_with_its_agreement_days_and_money() {
    let mut case = sale();
    case.container("invoiced-until", "2026-12-01");
    let found = case.found();
    let (_, _, text) = found.iter().find(|(_, _, text)| text.contains("rest")).unwrap();
    assert_eq!(
        text,
        "\"rest\" (376.20 USD) bills from 2026-11-12 (to 2026-11-30), and \"Gold\" is invoiced up to 2026-12-01 already: \
         these days may never be charged, or are charged beside an invoice that was sent"
    );
}

#[test]
fn days_that_a_person_set_are_a_persons_to_accept() {
    let mut case = late_sale();
    case.set_days("setup", "2026-12-02 2026-12-31");
    let own = &mut case.job.order.lines[1];
    own.service_period = Some(period("2026-12-02", "2027-01-01"));
    own.attributes = vec![("period-source".into(), "person".into())];
    let found = case.found();
    assert_eq!(case.codes(), ["target-would-prorate"]);
    assert!(found.iter().all(|(severity, ..)| *severity == Severity::NeedsPerson));
}

/// Less of an item and more of it in one order are one line that recurs.
#[test]
fn a_downgrade_beside_an_upgrade_is_merged_into_one() {
    let merged = |quantity: &str, amount: &str, of: &str| {
        let mut case = upgrade(PLAIN, "2026-11-12 2026-11-30");
        let mut down = case.job.order.lines[0].clone();
        down.id = LineId::new("3");
        down.fee = Fee::ResourceDowngrade;
        down.quantity = number("5");
        down.amount = number("-104.50");
        down.proration = None;
        case.job.order.lines.push(down);
        case.job.order.total += number("-104.50");
        case.plan.changes.push(addition("back", "2026-11-12 2026-11-30", line("3", "1 -104.50 -104.50 -104.50", "")));
        let told = format!("standing=2026-12-01 standing-of={of} quantity-before=18");
        *case.change("recurs") =
            addition("recurs", "2026-12-01 -", line("", &format!("{quantity} 33 {amount} 0"), &told));
        case.said = Some("-52.70");
        case.codes()
    };
    assert_eq!(merged("15", "495", "1,3"), Vec::<String>::new());
    assert_eq!(merged("15", "495", "1"), Vec::<String>::new(), "all of the item, though one is named");
    assert_eq!(merged("20", "660", "1,3"), ["standing-quantity"]);
    assert_eq!(merged("25", "825", "1,3"), ["standing-quantity"]);
}

/// What is left after a downgrade goes on at the price that it has; more of something is at the order's.
#[test]
fn a_downgrade_leaves_the_price_of_what_is_left() {
    let priced = |fee: Fee, source: PriceSource| {
        let mut case = upgrade(PLAIN, "2026-11-12 2026-11-30");
        let own = &mut case.job.order.lines[0];
        own.fee = fee;
        own.price_source = source;
        own.amount = number("-41.80");
        own.proration = None;
        case.job.order.total = number("-31.80");
        *case.change("rest") = addition("rest", "2026-11-12 2026-11-30", line("1", "1 -41.80 -41.80 -41.80", ""));
        let told = "standing=2026-12-01 standing-of=1 quantity-before=18 price-from=addition_345";
        *case.change("recurs") = addition("recurs", "2026-12-01 -", line("", "16 30 480 0", told));
        case.said = Some("-31.80");
        case.codes()
    };
    assert_eq!(priced(Fee::ResourceDowngrade, PriceSource::Order), ["price-kept"]);
    assert_eq!(priced(Fee::ResourceDowngrade, PriceSource::Person), ["price-from", "standing-price"]);
    assert_eq!(priced(Fee::ResourceRecurring, PriceSource::Order), ["price-from", "standing-price"]);
}

/// Money that is not given back still takes the quantity down.
#[test]
fn a_downgrade_that_gives_nothing_back_is_carried_by_what_recurs() {
    let mut case = upgrade(PLAIN, "2026-11-12 2026-11-30");
    let own = &mut case.job.order.lines[0];
    own.fee = Fee::ResourceDowngrade;
    own.billing = Billing::DoNotBill;
    own.amount = Decimal::ZERO;
    own.proration = None;
    own.attributes = vec![("amount-if-billed".into(), "-41.80".into())];
    case.job.order.total = number("10");
    case.plan.changes.retain(|change| change.key.as_str() != "rest");
    let told = "standing=2026-12-01 standing-of=1 quantity-before=18";
    *case.change("recurs") = addition("recurs", "2026-12-01 -", line("", "16 33 528 0", told));
    case.said = Some("-31.80");
    assert_eq!(case.codes(), ["refunds-by-quantity"]);
    let (shop, omitted) = (case.shop, case.plan);
    let mut both = Case { shop, job: case.job, plan: omitted, said: case.said, neighbours: vec![] };
    both.plan.left_out.push(Omission { line: LineId::new("1"), why: "not given back".into() });
    assert_eq!(both.codes(), ["refunds-by-quantity"]);
}

#[test]
fn a_total_on_renewal_recurs_from_the_renewal() {
    let mut case = sale();
    case.job.order.kind = JobKind::Change;
    case.job.order.effective_on = day("2026-12-01");
    let own = &mut case.job.order.lines[0];
    own.quantity_is = QuantityIs::Total;
    own.proration = None;
    own.attributes.clear();
    own.amount = number("594.00");
    case.job.order.total = number("604.00");
    case.plan.changes.remove(1);
    case.plan.changes.push(ending("2026-11-30"));
    let told = "standing=2026-12-01 standing-of=1 quantity-before=20";
    *case.change("recurs") = addition("recurs", "2026-12-01 -", line("1", "18 33 594 594", told));
    case.set_days("setup", "2026-12-01 2026-12-31");
    case.said = Some("604.00");
    assert_eq!(case.codes(), Vec::<String>::new());
}

#[test]
fn several_products_on_one_item_are_the_connections_choice() {
    let shared = |rule: ManyToOne, product: &str, container: bool| {
        let mut case = sale();
        case.shop.rules.many_to_one = rule;
        let item = case.job.order.lines[0].item.clone().unwrap();
        case.neighbours = vec![Neighbour { subscription: "Backup (t)".into(), product: product.into(), item }];
        if !container {
            case.job.links.retain(|link| link.kind.name() != "container");
        }
        case.codes().contains(&"items-share-container".to_owned())
    };
    let table = [
        (ManyToOne::SeparateContainers, "P9", true, true),
        (ManyToOne::SeparateContainers, "p1", true, false),
        (ManyToOne::SeparateContainers, "P9", false, false),
        (ManyToOne::Many, "P9", true, false),
        // There linking refuses it.
        (ManyToOne::One, "P9", true, false),
    ];
    for (rule, product, container, found) in table {
        assert_eq!(shared(rule, product, container), found, "{rule} {product} {container}");
    }
}

#[test]
fn a_decided_task_is_held_to_the_same() {
    let mut case = sale();
    let value = "yes".to_owned();
    case.job.adjustments.push(Adjustment { line: LineId::new(""), field: "decided".into(), value });
    case.container("active", "false");
    assert_eq!(case.codes(), ["container-inactive"]);
}
