//! What a container changes of a job: whose periods count, who prorates, what the plan rests on.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod shop;

use std::collections::BTreeMap;

use counterfoil_domain::assemble::{links_digest, repriced, target_records_digest};
use counterfoil_domain::claim::claims;
use counterfoil_domain::container::{self, Container};
use counterfoil_domain::directory::Entity;
use counterfoil_domain::id::EntityId;
use counterfoil_domain::job::{Job, JobLine, PriceSource};
use counterfoil_domain::link::{LinkKind, LinkState};
use counterfoil_domain::money::Rounding;
use counterfoil_domain::order::{Order, OrderType};
use counterfoil_domain::period::Cycle;
use counterfoil_domain::plan::{Action, Change, Plan, PlanLine};
use counterfoil_domain::proration::Method;

use shop::{Shop, day, number, order, period, usd};

fn recurring(job: &Job) -> &JobLine {
    job.order.lines.iter().find(|line| line.id.as_str() == "1").unwrap()
}

fn shop(kind: &str, effective: &str) -> Shop {
    let order_type = OrderType::parse(if kind == "initial" { "sales" } else { kind }).unwrap();
    let provisioned_at = Some(day(effective).and_hms_opt(8, 0, 0).unwrap().and_utc());
    let mut shop = Shop::new(Order { order_type, provisioned_at, ..order() });
    shop.rules.proration = Method::ElapsedDays;
    if kind == "initial" {
        shop.kind = counterfoil_domain::job::JobKind::Initial;
        shop.scenarios.iter_mut().for_each(|row| row.prorate.clear());
    }
    shop
}

/// The marketplace's own periods begin on the 1st. order kind, effective day, method, what the agreement tells ->
/// amount, why, share, whole period, what the target will charge
const WHO_PRORATES: &str = "
sales 2026-11-12 elapsed-days .                                              -> 376.20 prorated 19/30 2026-11-01/2026-12-01 -
sales 2026-11-12 elapsed-days period-anchor=2026-01-01                       -> 376.20 prorated 19/30 2026-11-01/2026-12-01 -
sales 2026-11-12 elapsed-days period-anchor=2026-01-10                       -> 554.40 prorated 28/30 2026-11-10/2026-12-10 -
sales 2026-11-12 elapsed-days period-anchor=2026-01-31                       -> 356.40 prorated 18/30 2026-10-31/2026-11-30 -
sales 2026-11-12 day-number   period-anchor=2026-01-10                       -> 534.60 prorated 27/30 2026-11-10/2026-12-10 -
sales 2026-11-12 elapsed-days period-anchor=2026-01-12                       -> 594.00 order - - -
sales 2026-11-12 elapsed-days period-anchor=2026-01-01,cycle=P1Y             -> 376.20 prorated 19/30 2026-11-01/2026-12-01 -
sales 2026-11-12 elapsed-days period-anchor=2026-01-01,prorate=true          -> 594.00 target-prorates 30/30 2026-11-01/2026-12-01 376.20
sales 2026-11-12 elapsed-days period-anchor=2026-01-10,prorate=true          -> 594.00 target-prorates 30/30 2026-11-10/2026-12-10 554.40
sales 2026-11-12 none         period-anchor=2026-01-01,prorate=true          -> 594.00 target-prorates 30/30 2026-11-01/2026-12-01 376.20
sales 2026-11-12 elapsed-days period-anchor=2026-01-01,prorate=true,invoiced-until=2026-11-01 -> 594.00 target-prorates 30/30 2026-11-01/2026-12-01 376.20
sales 2026-11-12 elapsed-days period-anchor=2026-01-01,prorate=true,invoiced-until=2026-11-12 -> 594.00 target-prorates 30/30 2026-11-01/2026-12-01 376.20
sales 2026-11-12 elapsed-days period-anchor=2026-01-01,prorate=true,invoiced-until=2026-11-13 -> 376.20 prorated 19/30 2026-11-01/2026-12-01 -
sales 2026-11-12 elapsed-days period-anchor=2026-01-01,prorate=true,invoiced-until=soon -> 376.20 prorated 19/30 2026-11-01/2026-12-01 -
sales 2026-11-12 target-native period-anchor=2026-01-01,prorate=true,invoiced-until=2026-12-01 -> 376.20 prorated 19/30 2026-11-01/2026-12-01 -
sales 2026-11-12 target-native period-anchor=2026-01-01,prorate=false        -> 594.00 nobody-prorates 30/30 2026-11-01/2026-12-01 -
sales 2026-11-01 elapsed-days period-anchor=2026-01-01,prorate=true          -> 594.00 order - - -
change 2026-11-12 elapsed-days period-anchor=2026-01-01,prorate=true         -> 376.20 prorated 19/30 2026-11-01/2026-12-01 -
change 2026-11-12 elapsed-days period-anchor=2026-01-01,prorate=false        -> 376.20 prorated 19/30 2026-11-01/2026-12-01 -
change 2026-11-12 target-native period-anchor=2026-01-01,prorate=true        -> 376.20 prorated 19/30 2026-11-01/2026-12-01 -
change 2026-11-12 none        period-anchor=2026-01-01,prorate=true          -> 594.00 method-none 30/30 2026-11-01/2026-12-01 -
initial 2026-11-12 elapsed-days period-anchor=2026-01-01,prorate=true        -> 594.00 target-prorates 30/30 2026-11-01/2026-12-01 376.20
initial 2026-11-12 elapsed-days period-anchor=2026-01-01,prorate=false       -> 594.00 order - - -
initial 2026-11-12 elapsed-days period-anchor=2026-01-01,prorate=true,invoiced-until=2026-12-01 -> 594.00 order - - -
";

#[test]
fn the_containers_periods_count_and_one_side_prorates() {
    for row in WHO_PRORATES.lines().filter(|row| !row.is_empty()) {
        let (given, expected) = row.split_once("->").unwrap();
        let given: Vec<&str> = given.split_whitespace().collect();
        let expected: Vec<&str> = expected.split_whitespace().collect();
        let mut shop = shop(given[0], given[1]).container(&given[3].replace(',', " "));
        shop.rules.proration = Method::parse(given[2]).unwrap();
        let job = shop.job(None).unwrap();
        let line = recurring(&job);
        let whole = container::proration_period(line);
        let by_target = line.proration.as_ref().and_then(|prorated| prorated.by_target.as_ref());
        let none = || "-".to_owned();
        let found = [
            format!("{:.2}", line.amount),
            line.proration.as_ref().map_or("order", |prorated| prorated.why.name()).to_owned(),
            line.proration.as_ref().map_or_else(none, |p| format!("{}/{}", p.share.left, p.share.days)),
            whole.map_or_else(none, |whole| format!("{}/{}", whole.start(), whole.end())),
            by_target.map_or_else(none, |share| share.amount.plain()),
        ];
        assert_eq!(found.as_slice(), expected.as_slice(), "{row}");
    }
}

#[test]
fn what_a_line_tells_of_the_containers_period() {
    let told = |shop: Shop, name: &str| {
        let job = shop.job(None).unwrap();
        container::told(&recurring(&job).attributes, name).map(str::to_owned)
    };
    let anchored = || shop("sales", "2026-11-12").container("period-anchor=2026-01-10");
    assert_eq!(told(anchored(), container::EFFECTIVE_ON).as_deref(), Some("2026-11-12"));
    assert_eq!(told(anchored(), container::PERIOD_OF).as_deref(), Some("container"));
    // Without an anchor everything is as on any other target.
    assert_eq!(told(shop("sales", "2026-11-12").container(""), container::PERIOD_OF), None);
    assert_eq!(told(shop("sales", "2026-11-12"), container::EFFECTIVE_ON), None);
    let mut yearly = shop("sales", "2026-11-12");
    yearly.order.lines[0].cycle = Some(Cycle::Months(12));
    assert_eq!(told(yearly, container::LINE_CYCLE).as_deref(), Some("P1Y"));
    assert_eq!(told(anchored(), container::LINE_CYCLE), None);
}

#[test]
fn what_was_read_stands_in_the_jobs_link_and_nothing_else_is_believed() {
    let mut shop = shop("sales", "2026-11-12").container("prorate=false party=party status=Active");
    let mut kept = shop.links.get(LinkKind::Container, "s").unwrap().clone();
    let LinkState::Linked(target) = &mut kept.state else { panic!("linked") };
    let old = [("prorate", "true"), ("invoiced-until", "2026-01-01"), ("note", "by hand"), ("cycle", "P1Y")];
    target.attributes = old.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
    target.name = "an old name".to_owned();
    shop.links.insert(kept);
    let job = shop.job(None).unwrap();
    let link = job.links.iter().find(|link| link.kind == LinkKind::Container).unwrap();
    let mut told: Vec<String> = link.attributes.iter().map(|(name, value)| format!("{name}={value}")).collect();
    told.sort();
    assert_eq!(link.target_name, "Gold");
    assert_eq!(
        told,
        ["active=true", "currency=USD", "cycle=P1M", "note=by hand", "party=party", "prorate=false", "status=Active"]
    );
    // What was not read is as it was linked.
    shop.containers.clear();
    let job = shop.job(None).unwrap();
    assert!(Container::of(&job).unwrap().prorate);
}

type Spoil = fn(&mut Entity);

#[test]
fn a_plan_rests_on_everything_that_was_read_of_the_container() {
    let before =
        shop("sales", "2026-11-12").container("prorate=true invoiced-until=2026-11-01 period-anchor=2026-01-01");
    let digests = |shop: &Shop| {
        let job = shop.job(None).unwrap();
        (links_digest(&job, &shop.links), target_records_digest(&job, &shop.items, &shop.containers))
    };
    let (links, records) = digests(&before);
    let spoils: [(&str, Spoil); 9] = [
        ("its flag", |c| c.attributes[0].1 = "false".into()),
        ("an invoice", |c| c.attributes[1].1 = "2026-12-01".into()),
        ("its anchor", |c| c.attributes[2].1 = "2026-01-02".into()),
        ("an end", |c| c.attributes.push(("end".into(), "2026-12-31".into()))),
        ("its cycle", |c| c.cycle = Some("P1Y".into())),
        ("its currency", |c| c.currency = None),
        ("its name", |c| c.name = "Silver".into()),
        ("its state", |c| c.active = false),
        ("its code", |c| c.code = "G".into()),
    ];
    for (what, spoil) in spoils {
        let mut after =
            shop("sales", "2026-11-12").container("prorate=true invoiced-until=2026-11-01 period-anchor=2026-01-01");
        after.containers.values_mut().for_each(spoil);
        let (links_now, records_now) = digests(&after);
        assert_ne!(records_now, records, "{what}");
        assert_eq!(links_now, links, "{what}: nobody changed a link");
    }
    // In which order things are told says nothing.
    let turned =
        shop("sales", "2026-11-12").container("period-anchor=2026-01-01 invoiced-until=2026-11-01 prorate=true");
    assert_eq!(digests(&turned), (links, records));
    // Targets without containers rest on what they always did.
    let none: BTreeMap<EntityId, Entity> = BTreeMap::new();
    let job = shop("sales", "2026-11-12").job(None).unwrap();
    assert_eq!(
        target_records_digest(&job, &none, &none),
        target_records_digest(&job, &none, &before.containers),
        "no container is linked"
    );
}

#[test]
fn claims_are_this_orders_money_for_the_days_that_it_pays() {
    let claimed = |told: &str| {
        let job = shop("sales", "2026-11-12").container(told).job(None).unwrap();
        let claims = claims(&job);
        let claim = claims.iter().find(|claim| claim.product == "P1").unwrap();
        (claim.amount.plain(), claim.period)
    };
    let table = [
        ("", "376.20", period("2026-11-01", "2026-12-01")),
        ("period-anchor=2026-01-01", "376.20", period("2026-11-12", "2026-12-01")),
        ("period-anchor=2026-01-10", "554.40", period("2026-11-12", "2026-12-10")),
        ("period-anchor=2026-01-10 prorate=true", "554.40", period("2026-11-12", "2026-12-10")),
    ];
    for (told, amount, days) in table {
        assert_eq!(claimed(told), (amount.to_owned(), Some(days)), "{told}");
    }
}

fn one_line(job: &Job, line: PlanLine) -> Plan {
    let change = Change {
        key: "a".into(),
        action: Action::Create,
        document: "addition".into(),
        target: None,
        title: String::new(),
        fields: vec![],
        lines: vec![line],
        total: counterfoil_domain::money::Money::zero(usd()),
        why: String::new(),
        attributes: vec![],
    };
    Plan {
        task: job.task.clone(),
        changes: vec![change],
        left_out: vec![],
        notes: vec![],
        payload: vec![],
        attributes: vec![],
    }
}

/// What the plan's line is -> the job line's unit price and amount.
#[test]
fn a_price_that_recurs_in_the_target_already_is_what_is_due() {
    let line = |covers: bool, standing: bool, quantity: &str, price: &str, from: &str| PlanLine {
        covers: if covers { vec!["1".into()] } else { vec![] },
        description: String::new(),
        quantity: number(quantity),
        unit_price: number(price),
        unit_cost: None,
        amount: number("0"),
        bills: number("0"),
        why: String::new(),
        attributes: [
            ("standing", if standing { "2026-12-01" } else { "" }),
            ("standing-of", "1"),
            ("price-from", from),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into(),
    };
    let table = [
        ("taken from what recurs", PriceSource::Catalogue, line(true, true, "20", "31.5", "addition 7"), "31.5 567.00"),
        (
            "from a line of the same quantity",
            PriceSource::Catalogue,
            line(true, false, "18", "31.5", "addition 7"),
            "31.5 567.00",
        ),
        (
            "one piece at an amount is no price",
            PriceSource::Catalogue,
            line(true, false, "1", "376.20", "addition 7"),
            "33 594.00",
        ),
        ("taken from nothing", PriceSource::Catalogue, line(true, true, "18", "31.5", ""), "33 594.00"),
        ("the order's price counts", PriceSource::Order, line(true, true, "18", "31.5", "addition 7"), "33 594.00"),
    ];
    for (what, source, plan_line, expected) in table {
        let mut job = shop("sales", "2026-11-01").job(None).unwrap();
        job.order.lines[0].price_source = source;
        let before = job.order.total;
        let plan = one_line(&job, plan_line);
        let job = repriced(job, &plan, Rounding::HalfAwayFromZero);
        let line = recurring(&job);
        assert_eq!(format!("{} {:.2}", line.unit_price.normalize(), line.amount), expected, "{what}");
        assert_eq!(job.order.total, before - number("594") + line.amount, "{what}");
    }
    // A fee that is paid once is in no addition that goes on.
    let mut job = shop("sales", "2026-11-01").job(None).unwrap();
    job.order.lines.iter_mut().for_each(|line| line.price_source = PriceSource::Catalogue);
    job.order.lines[0].fee = counterfoil_domain::order::Fee::ResourceSetup;
    let mut plan_line = line(true, true, "18", "31.5", "addition 7");
    plan_line.covers = vec!["1".into(), "2".into()];
    let plan = one_line(&job, plan_line);
    assert_eq!(repriced(job.clone(), &plan, Rounding::HalfAwayFromZero).order.lines, job.order.lines);
}
