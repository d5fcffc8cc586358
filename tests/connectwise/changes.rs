//! The rows S1: upgrades and downgrades on an agreement, as the wizard's third step shows them and as ConnectWise then
//! charges them. Those that are about links and the dashboard stand in `service`.

use counterfoil_domain::adjust::{RawLine, RawPeriod};
use counterfoil_domain::connection::{HostRules, PriceChoice};
use counterfoil_domain::link::LinkKind;
use counterfoil_domain::order::{Fee, OrderType};
use counterfoil_domain::period::Cycle;
use counterfoil_domain::plan::{Action, SealedPlan, Severity};

use crate::books::Terms;
use crate::desk::{Setup, on_line};
use crate::scene::{SEATS, SUB, Scene, rest_of_november, seats, setup};
use crate::shelf::{Draft, amount, costing, day, line, subscription};

const CHANGE: &str = "CH000200";

fn target_prices() -> Setup {
    Setup { rules: HostRules { price_source: PriceChoice::Target, ..HostRules::default() }, ..setup() }
}

/// Three seats more: their setup, and 33.00 for the second half of November.
fn three_more() -> Vec<counterfoil_domain::order::OrderLine> {
    vec![
        costing(line(Fee::ResourceSetup, Some(SEATS), "3", "12.50", "37.50"), "4.00"),
        seats(Fee::ResourceRecurring, "3", "33.00"),
    ]
}

/// What a plan does, by the field that it fills in.
fn fields(plan: &SealedPlan, action: Action, name: &str) -> Vec<String> {
    let of = plan.plan.changes.iter().filter(|change| change.action == action);
    of.filter_map(|change| change.field(name)?.after.clone()).collect()
}

fn codes(plan: &SealedPlan) -> Vec<(&'static str, String)> {
    plan.findings.iter().map(|finding| (finding.severity.name(), finding.code.clone())).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s1_3_an_agreement_is_selected_and_its_changes_are_checked() {
    let mut scene = Scene::sold(setup(), Terms::monthly("2026-10-01")).await;
    scene.november(CHANGE, OrderType::Change, 16, three_more()).await;
    let plan = scene.plan(CHANGE).await;
    assert_eq!(
        fields(&plan, Action::Create, "agreement"),
        vec![format!("Cloud services ({})", scene.agreement); 2 + 1]
    );
    assert_eq!(fields(&plan, Action::Update, "cancelledDate"), ["2026-11-30"]);
    assert_eq!(fields(&plan, Action::Create, "effectiveDate"), ["2026-12-01", "2026-11-16", "2026-11-16"]);

    // Another one is chosen: the plan that was shown does not count any more, and the new one is about that one.
    let other = scene.desk.agreement(scene.company, "Second contract", Terms::monthly("2026-10-01"));
    scene.desk.link(LinkKind::Container, SUB, (other, "Second contract")).await;
    let before = scene.told();
    scene.desk.confirm().await;
    let run = scene.desk.plan().await;
    let task = scene.desk.task(CHANGE).await;
    println!("{run:?} {:?}", task.state);
    let (ours, theirs) = (scene.told(), scene.desk.additions(other));
    assert_eq!((ours, theirs.len()), (before, 0), "nothing is written before somebody confirmed it");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s1_4_each_fee_is_an_addition_of_its_own_that_can_be_left_out() {
    let mut scene = Scene::sold(setup(), Terms::monthly("2026-10-01")).await;
    scene.november(CHANGE, OrderType::Change, 16, three_more()).await;
    let plan = scene.plan(CHANGE).await;
    let fees: Vec<&str> =
        plan.plan.changes.iter().flat_map(|change| &change.lines).filter_map(|l| l.told("fee")).collect();
    assert_eq!(fees, ["resource-recurring", "resource-recurring", "resource-setup"], "{:#?}", plan.plan.changes);

    let left_out = RawLine { billing: Some("do-not-bill".to_owned()), ..on_line("1") };
    scene.desk.adjust(CHANGE, vec![left_out], &[]).await;
    scene.desk.plan().await;
    let plan = scene.plan(CHANGE).await;
    assert_eq!(plan.plan.left_out.len(), 0, "it is kept where the target keeps such lines: {:?}", plan.plan.left_out);
    scene.sync().await;
    assert_eq!(
        scene.told(),
        [
            "10 × 22.00 from 2026-10-01 to 2026-11-30",
            "13 × 22.00 from 2026-12-01",
            "3 × 11.00 from 2026-11-16 to 2026-11-30",
            "3 × 0.00 from 2026-11-16 to 2026-11-30, DoNotBill",
        ]
    );
    assert_eq!(scene.invoiced(&["2026-11-01", "2026-12-01"]), ["253.00", "286.00"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s1_5_dates_description_quantity_price_and_cost_of_an_addition_can_be_set() {
    let mut scene = Scene::sold(setup(), Terms::monthly("2026-10-01")).await;
    scene.november(CHANGE, OrderType::Change, 16, three_more()).await;
    let setup = RawLine {
        period: Some(RawPeriod { start: Some("2026-11-20".to_owned()), end: Some("2026-11-25".to_owned()) }),
        description: Some("Setting up, as agreed on the telephone".to_owned()),
        quantity: Some("2".to_owned()),
        unit_price: Some("10.10".to_owned()),
        unit_cost: Some("3.25".to_owned()),
        ..on_line("1")
    };
    scene.desk.adjust(CHANGE, vec![setup], &[]).await;
    scene.desk.plan().await;
    let plan = scene.plan(CHANGE).await;
    assert_eq!(fields(&plan, Action::Create, "effectiveDate").last().unwrap(), "2026-11-20");
    scene.sync().await;
    let all = scene.additions();
    let set = all.iter().find(|one| one.text.contains("telephone")).unwrap_or_else(|| panic!("{all:#?}"));
    assert_eq!(set.told(), "2 × 10.10 from 2026-11-20 to 2026-11-24");
    assert_eq!((set.text.as_str(), set.unit_cost), ("Setting up, as agreed on the telephone", Some(amount("3.25"))));
    assert_eq!(scene.invoiced(&["2026-11-01"]), ["273.20"], "220.00 + 33.00 + 20.20");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s1_6_bills_and_taxes_can_be_included_or_not() {
    let mut scene = Scene::sold(setup(), Terms::monthly("2026-10-01")).await;
    scene.november(CHANGE, OrderType::Change, 16, three_more()).await;
    let setup = RawLine { billing: Some("no-charge".to_owned()), taxable: Some(false), ..on_line("1") };
    let seats = RawLine { taxable: Some(false), ..on_line("2") };
    scene.desk.adjust(CHANGE, vec![setup, seats], &[]).await;
    scene.desk.plan().await;
    scene.sync().await;
    let of: Vec<(String, bool)> = scene.additions().iter().map(|one| (one.told(), one.taxable)).collect();
    assert_eq!(
        of,
        [
            ("10 × 22.00 from 2026-10-01 to 2026-11-30".to_owned(), true),
            ("13 × 22.00 from 2026-12-01".to_owned(), false),
            ("3 × 11.00 from 2026-11-16 to 2026-11-30".to_owned(), false),
            ("3 × 0.00 from 2026-11-16 to 2026-11-30, NoCharge".to_owned(), false),
        ]
    );
    scene.invoiced(&["2026-11-01"]);
    let bill = scene.desk.bills(scene.agreement, ["2026-11-01"]).remove(0);
    let amounts: Vec<String> = bill.lines.iter().map(|line| crate::books::money(line.amount)).collect();
    assert_eq!((bill.total, amounts), (amount("253.00"), ["220.00", "33.00", "0.00"].map(str::to_owned).to_vec()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s1_7_prices_are_loaded_from_the_catalogue_or_from_the_marketplace() {
    // Of the connection: the item's price for setup, the addition's own for what goes on.
    let mut scene = Scene::sold(target_prices(), Terms::monthly("2026-10-01")).await;
    scene.desk.reprice(scene.agreement, SEATS.0, amount("30.00"));
    scene.november(CHANGE, OrderType::Change, 16, three_more()).await;
    scene.sync().await;
    assert_eq!(
        scene.told(),
        [
            "10 × 30.00 from 2026-10-01 to 2026-11-30",
            "13 × 30.00 from 2026-12-01",
            "3 × 30.00 from 2026-11-16 to 2026-11-30",
            "3 × 31.40 from 2026-11-16 to 2026-11-30",
        ]
    );
    // Of one line, by a person.
    let mut scene = Scene::sold(setup(), Terms::monthly("2026-10-01")).await;
    scene.november(CHANGE, OrderType::Change, 16, three_more()).await;
    let chosen = RawLine { price_source: Some("catalogue".to_owned()), ..on_line("1") };
    scene.desk.adjust(CHANGE, vec![chosen], &[]).await;
    scene.desk.plan().await;
    scene.sync().await;
    assert_eq!(
        scene.told()[2..],
        ["3 × 11.00 from 2026-11-16 to 2026-11-30", "3 × 31.40 from 2026-11-16 to 2026-11-30"]
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s1_8_only_the_marketplaces_prices_are_prorated() {
    for (of, told, rest) in [(setup(), "elapsed-days", "3 × 11.00"), (target_prices(), "none", "3 × 31.40")] {
        let mut scene = Scene::sold(of, Terms::monthly("2026-10-01")).await;
        scene.november(CHANGE, OrderType::Change, 16, three_more()).await;
        let plan = scene.plan(CHANGE).await;
        let methods: Vec<&str> =
            plan.plan.changes.iter().flat_map(|change| &change.lines).filter_map(|line| line.told("method")).collect();
        assert_eq!(methods, [told, told, "none"], "the method stands on each line: {:#?}", plan.plan.changes);
        scene.sync().await;
        assert_eq!(scene.told()[2], format!("{rest} from 2026-11-16 to 2026-11-30"));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s1_9_nothing_is_prorated_that_begins_with_the_billing_period() {
    for (on, comes_to, written) in [
        (1, "66.00", vec!["10 × 22.00 from 2026-10-01 to 2026-10-31", "13 × 22.00 from 2026-11-01"]),
        (
            2,
            "63.80",
            vec![
                "10 × 22.00 from 2026-10-01 to 2026-11-30",
                "13 × 22.00 from 2026-12-01",
                "1 × 63.80 from 2026-11-02 to 2026-11-30",
            ],
        ),
    ] {
        let mut scene = Scene::sold(setup(), Terms::monthly("2026-10-01")).await;
        let more = vec![seats(Fee::ResourceRecurring, "3", comes_to)];
        scene.november(CHANGE, OrderType::Change, on, more).await;
        scene.sync().await;
        assert_eq!(scene.told(), written, "on the {on}");
    }
}

/// Price and cost of one for what is left of the month: (days − elapsed) × price / days.
const FORMULA: [(&str, &str, &str, &str); 7] = [
    // effective, the day after the period's last, price of 100.00, cost of 70.00
    ("2026-11-02", "2026-12-01", "96.67", "67.67"),
    ("2026-11-16", "2026-12-01", "50.00", "35.00"),
    ("2026-11-30", "2026-12-01", "3.33", "2.33"),
    ("2026-12-16", "2027-01-01", "51.61", "36.13"),
    ("2026-12-31", "2027-01-01", "3.23", "2.26"),
    ("2027-02-15", "2027-03-01", "50.00", "35.00"),
    ("2027-02-28", "2027-03-01", "3.57", "2.50"),
];

/// Price and cost of one addition each, worked out by the host and written.
async fn written_by_formula() -> Vec<(String, String)> {
    let mut scene = Scene::of(setup(), Terms::monthly("2026-10-01")).await;
    let mut written = Vec::new();
    for (place, (on, until, comes_to, _)) in FORMULA.iter().enumerate() {
        let id = format!("sub-f{place}");
        scene.shelf.put_subscription(subscription(&id, "c0", Cycle::Months(1), day(on)));
        let agreement = scene.desk.agreement(scene.company, &id, Terms::monthly("2026-10-01"));
        scene.desk.link(LinkKind::Container, &id, (agreement, "its own")).await;
        let one = costing(line(Fee::ResourceRecurring, Some(SEATS), "1", "100.00", comes_to), "70.00");
        let number = format!("SO00030{place}");
        let draft = Draft::new(&number, OrderType::Sales, &id, day(on), vec![one]);
        scene.order(Draft { period: Some(crate::shelf::period(on, until)), ..draft }).await;
        scene.sync().await;
        let rest = scene.desk.additions(agreement).into_iter().find(|one| one.cancelled.is_some()).unwrap();
        assert_eq!(rest.quantity, amount("1"));
        written.push((crate::books::money(rest.unit_price), crate::books::money(rest.unit_cost.unwrap())));
    }
    written
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s1_10_prices_are_prorated_by_the_formula() {
    let prices: Vec<String> = written_by_formula().await.into_iter().map(|(price, _)| price).collect();
    assert_eq!(prices, FORMULA.map(|(_, _, price, _)| price));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s1_11_costs_are_prorated_by_the_formula() {
    let costs: Vec<String> = written_by_formula().await.into_iter().map(|(_, cost)| cost).collect();
    assert_eq!(costs, FORMULA.map(|(_, _, _, cost)| cost));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s1_12_what_recurs_is_invoiced_in_each_period() {
    for prorates in [false, true] {
        let mut scene = Scene::sold(setup(), Terms { prorates, ..Terms::monthly("2026-10-01") }).await;
        let more = vec![seats(Fee::ResourceRecurring, "3", "33.00")];
        scene.november(CHANGE, OrderType::Change, 16, more).await;
        scene.sync().await;
        let months = ["2026-11-01", "2026-12-01", "2027-01-01", "2027-02-01"];
        assert_eq!(scene.invoiced(&months), ["253.00", "286.00", "286.00", "286.00"], "prorates: {prorates}");
    }
}

/// Linked before, and changed in ConnectWise since: the plan says no, with the reason.
async fn refused(terms: Terms) -> SealedPlan {
    let mut scene = Scene::sold(setup(), Terms::monthly("2026-10-01")).await;
    let other = scene.desk.agreement(scene.company, "Other terms", terms);
    scene.desk.link(LinkKind::Container, SUB, (other, "Other terms")).await;
    let sale =
        vec![line(Fee::ResourceSetup, Some(SEATS), "1", "12.50", "12.50"), seats(Fee::ResourceRecurring, "1", "11.00")];
    let on = day("2026-11-16");
    let sale = Draft { period: Some(rest_of_november(on)), ..Draft::new(CHANGE, OrderType::Sales, SUB, on, sale) };
    scene.order(sale).await;
    let plan = scene.plan(CHANGE).await;
    assert_eq!(plan.worst(), Some(Severity::Blocks), "{:?}", codes(&plan));
    assert!(scene.desk.confirm().await.is_empty());
    assert!(scene.desk.additions(other).is_empty());
    plan
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s1_13_an_agreement_of_another_cycle_is_refused_by_the_plan_with_the_reason() {
    for (cycle, theirs) in [("Quarterly", "3 months"), ("Yearly", "year"), ("Weekly", "week")] {
        let plan = Box::pin(refused(Terms { cycle, ..Terms::monthly("2026-10-01") })).await;
        let said = plan.findings.iter().find(|finding| finding.code == "cycle-mismatch");
        let said = said.unwrap_or_else(|| panic!("{cycle}: {:?}", plan.findings));
        assert!(said.message.contains("Other terms") && said.message.contains(theirs), "{}", said.message);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s1_14_an_agreement_of_another_currency_is_refused_by_the_plan_with_the_reason() {
    let plan = Box::pin(refused(Terms { currency: "EUR", ..Terms::monthly("2026-10-01") })).await;
    let said = plan.findings.iter().find(|finding| finding.code == "container-currency").unwrap();
    assert!(["Other terms", "EUR", "USD"].iter().all(|word| said.message.contains(word)), "{}", said.message);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s1_15_nothing_is_written_before_sync() {
    let mut scene = Scene::sold(setup(), Terms::monthly("2026-10-01")).await;
    let before = scene.desk.writes().len();
    scene.november(CHANGE, OrderType::Change, 16, three_more()).await;
    let plan = scene.plan(CHANGE).await;
    scene.desk.confirm().await;
    assert_eq!(scene.desk.writes().len(), before, "planned and confirmed, and nothing sent");
    let sent = scene.desk.run(counterfoil_domain::run::RunKind::Sync(vec![plan.digest])).await;
    assert_eq!(sent.state.name(), "done", "{:#?}", sent.problems);
    let wrote: Vec<String> = scene.desk.writes()[before..].iter().map(|one| one.method.clone()).collect();
    assert_eq!(wrote, ["PATCH", "POST", "POST", "POST"], "the former one ends before the new one begins");
}
