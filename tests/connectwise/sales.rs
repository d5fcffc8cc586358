//! The rows S2 that are about money: a new subscription's agreement, what is charged once and what in each period. Those
//! that are about links stand in `service`.

use counterfoil_domain::adjust::{RawLine, RawPeriod};
use counterfoil_domain::link::LinkKind;
use counterfoil_domain::order::{Fee, OrderLine, OrderType};
use counterfoil_domain::plan::{Action, Severity};

use crate::books::Terms;
use crate::desk::on_line;
use crate::scene::{SEATS, SUB, Scene, seats, setup};
use crate::shelf::{amount, costing, line};

const SALE: &str = "SO000200";

/// Ten seats from the 16th on, for 110.00 now, and 50.00 for setting them up.
fn ten() -> Vec<OrderLine> {
    vec![
        costing(line(Fee::ResourceSetup, Some(SEATS), "10", "5.00", "50.00"), "2.00"),
        seats(Fee::ResourceRecurring, "10", "110.00"),
    ]
}

async fn sale(prorates: bool) -> Scene {
    let mut scene = Scene::of(setup(), Terms { prorates, ..Terms::monthly("2026-10-01") }).await;
    scene.november(SALE, OrderType::Sales, 16, ten()).await;
    scene
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s2_6_an_agreement_is_selected_and_its_additions_can_be_set() {
    let mut scene = sale(false).await;
    let other = scene.desk.agreement(scene.company, "Second contract", Terms::monthly("2026-10-01"));
    scene.desk.link(LinkKind::Container, SUB, (other, "Second contract")).await;
    let sets = vec![
        RawLine {
            period: Some(RawPeriod { start: Some("2026-11-20".to_owned()), end: Some("2026-11-21".to_owned()) }),
            description: Some("Moving in".to_owned()),
            quantity: Some("1".to_owned()),
            unit_price: Some("45.00".to_owned()),
            unit_cost: Some("20.00".to_owned()),
            taxable: Some(false),
            ..on_line("1")
        },
        RawLine { price_source: Some("catalogue".to_owned()), ..on_line("2") },
    ];
    scene.desk.adjust(SALE, sets, &[]).await;
    scene.desk.plan().await;
    let plan = scene.plan(SALE).await;
    let agreements = plan.plan.changes.iter().filter_map(|change| change.field("agreement")?.after.clone());
    assert!(agreements.clone().count() == 3 && agreements.clone().all(|one| one.starts_with("Second contract")));
    scene.sync().await;
    assert!(scene.additions().is_empty(), "nothing on the first one");
    let all = scene.desk.additions(other);
    let told: Vec<String> = all.iter().map(crate::books::Addition::told).collect();
    assert_eq!(
        told,
        [
            "1 × 45.00 from 2026-11-20 to 2026-11-20",
            "10 × 31.40 from 2026-12-01",
            "10 × 31.40 from 2026-11-16 to 2026-11-30",
        ]
    );
    assert_eq!((all[0].text.as_str(), all[0].taxable, all[0].unit_cost), ("Moving in", false, Some(amount("20.00"))));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s2_7_a_setup_amount_is_invoiced_once() {
    for prorates in [false, true] {
        let mut scene = sale(prorates).await;
        scene.sync().await;
        let setups = |scene: &Scene| {
            let bills = scene.desk.bills(scene.agreement, ["2026-11-01", "2026-12-01", "2027-01-01"]);
            let of = |bill: &crate::books::Bill| {
                bill.lines.iter().filter(|line| line.text.contains("setup")).map(|line| line.amount).sum()
            };
            bills.iter().map(of).collect::<Vec<rust_decimal::Decimal>>()
        };
        scene.invoiced(&["2026-11-01", "2026-12-01", "2027-01-01"]);
        assert_eq!(setups(&scene), [amount("50"), amount("0"), amount("0")], "prorates: {prorates}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s2_8_a_recurring_amount_is_invoiced_in_each_period() {
    for prorates in [false, true] {
        let mut scene = sale(prorates).await;
        scene.sync().await;
        let months = ["2026-11-01", "2026-12-01", "2027-01-01"];
        assert_eq!(scene.invoiced(&months), ["160.00", "220.00", "220.00"], "prorates: {prorates}");
    }
}

/// Not chosen well, and not noticed at the link: the plan blocks.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s2_9_cycle_and_currency_must_be_the_subscriptions() {
    for (terms, code) in [
        (Terms { cycle: "Yearly", ..Terms::monthly("2026-10-01") }, "cycle-mismatch"),
        (Terms { currency: "EUR", ..Terms::monthly("2026-10-01") }, "container-currency"),
    ] {
        let mut scene = Scene::of(setup(), terms).await;
        scene.november(SALE, OrderType::Sales, 16, ten()).await;
        let plan = scene.plan(SALE).await;
        let blocks = plan.findings.iter().any(|one| one.severity == Severity::Blocks && one.code == code);
        assert!(blocks, "{code}: {:?}", plan.findings);
        assert!(scene.desk.confirm().await.is_empty() && scene.additions().is_empty());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s2_10_what_was_confirmed_is_what_is_written() {
    let mut scene = sale(false).await;
    let plan = scene.plan(SALE).await;
    assert!(scene.additions().is_empty(), "nothing before Sync");
    let shown: Vec<String> = plan
        .plan
        .changes
        .iter()
        .map(|change| {
            assert_eq!(change.action, Action::Create);
            let of = |name: &str| change.field(name).and_then(|field| field.after.clone());
            let last = of("cancelledDate").map(|last| format!(" to {last}")).unwrap_or_default();
            let price = crate::books::money(of("unitPrice").unwrap().parse().unwrap());
            format!("{} × {price} from {}{last}", of("quantity").unwrap(), of("effectiveDate").unwrap())
        })
        .collect();
    scene.sync().await;
    assert_eq!(scene.told(), shown);
    assert_eq!(scene.desk.task(SALE).await.state.name(), "synced");
}
