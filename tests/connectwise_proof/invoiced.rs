//! A change whose days are on an invoice that is written already: it is billed with the next one, or keeps its days and
//! needs an approver. What is invoiced between plan and send is noticed.

use counterfoil_domain::order::{Fee, OrderType};
use counterfoil_domain::plan::{SealedPlan, Severity};
use counterfoil_domain::run::RunState;

use crate::books::Terms;
use crate::desk::Setup;
use crate::shelf::{Draft, day, line};
use crate::stand::{SUB, Stand, seats, setup, three_more};

fn needing_a_person(sealed: &SealedPlan) -> Vec<&str> {
    let needing = sealed.findings.iter().filter(|finding| finding.severity == Severity::NeedsPerson);
    needing.map(|finding| finding.code.as_str()).collect()
}

fn as_dated() -> Setup {
    Setup { settings: vec![("when_invoiced", "as-dated")], ..setup() }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn invoiced_period_is_billed_with_the_next_one() {
    for prorates in [false, true] {
        let terms = Terms { prorates, ..Terms::monthly("2026-10-01") };
        let mut stand = Stand::sold(setup(), terms).await;
        assert_eq!(stand.invoiced(&["2026-11-01"]), ["220.00"]);
        let task = stand.planned(three_more("CH000001", SUB)).await;
        let sealed = stand.desk.sealed(&task).await;
        assert_eq!(needing_a_person(&sealed), Vec::<&str>::new(), "{:#?}", sealed.findings);
        stand.desk.sync().await;
        assert_eq!(
            stand.told(),
            [
                "10 × 22.00 from 2026-10-01 to 2026-11-30",
                "13 × 22.00 from 2026-12-01",
                "3 × 11.00 from 2026-12-01 to 2026-12-31",
                "3 × 12.50 from 2026-12-01 to 2026-12-31",
            ],
            "prorates {prorates}"
        );
        let moved = stand.additions().remove(2);
        assert!(moved.text.contains("2026-11-16 to 2026-11-30"), "the days that it pays for are named: {}", moved.text);
        assert_eq!(stand.invoiced(&["2026-11-01", "2026-12-01", "2027-01-01"]), ["220.00", "356.50", "286.00"]);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn invoiced_period_as_dated_needs_an_approver() {
    let mut stand = Stand::sold(as_dated(), Terms::monthly("2026-10-01")).await;
    assert_eq!(stand.invoiced(&["2026-11-01"]), ["220.00"]);
    let task = stand.planned(three_more("CH000001", SUB)).await;
    let sealed = stand.desk.sealed(&task).await;
    let needing = needing_a_person(&sealed);
    assert!(!needing.is_empty() && needing.iter().all(|code| *code == "invoiced-period"), "{:#?}", sealed.findings);
    for finding in &sealed.findings {
        let names_all =
            ["2026-11-16", "Agreement of sub-1", "2026-12-01"].iter().all(|part| finding.message.contains(part));
        assert!(finding.code != "invoiced-period" || names_all, "{finding:?}");
    }
    // Whoever accepts it gets what was shown.
    stand.desk.sync().await;
    assert_eq!(
        stand.told(),
        [
            "10 × 22.00 from 2026-10-01 to 2026-11-30",
            "13 × 22.00 from 2026-12-01",
            "3 × 11.00 from 2026-11-16 to 2026-11-30",
            "3 × 12.50 from 2026-11-16 to 2026-11-30",
        ]
    );
    assert_eq!(stand.invoiced(&["2026-11-01", "2026-12-01"]), ["220.00", "286.00"], "which is why somebody is asked");
}

/// Nothing is written into a period that was open when it was shown, and is not when it would be sent.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn invoiced_between_plan_and_send_makes_the_plan_stale() {
    for prorates in [false, true] {
        for settings in [vec![], vec![("changes", "quantity")], vec![("when_invoiced", "as-dated")]] {
            let terms = Terms { prorates, ..Terms::monthly("2026-10-01") };
            let mut stand = Stand::sold(Setup { settings, ..setup() }, terms).await;
            stand.planned(three_more("CH000001", SUB)).await;
            let plans = stand.desk.confirm().await;
            let before = (stand.told(), stand.desk.writes().len());
            stand.desk.invoice(stand.agreement, "2026-11-01");
            let run = stand.desk.run(counterfoil_domain::run::RunKind::Sync(plans)).await;
            println!("{:?}", run.problems);
            assert_ne!(run.state, RunState::Done, "{run:#?}");
            let task = stand.desk.task("CH000001").await;
            assert_eq!(task.state.name(), "ready", "{task:#?}");
            assert_eq!((stand.told(), stand.desk.writes().len()), before, "something was written");
            // Planned anew, the money goes onto the next invoice, or somebody is asked.
            stand.desk.plan().await;
            let sealed = stand.desk.plan_of("CH000001").await;
            let dated = stand.desk.connection().await.settings.contains_key("when_invoiced");
            assert_eq!(needing_a_person(&sealed).contains(&"invoiced-period"), dated, "{:#?}", sealed.findings);
            stand.desk.sync().await;
            let bills = stand.invoiced(&["2026-11-01", "2026-12-01"]);
            assert_eq!(bills, ["220.00", if dated { "286.00" } else { "356.50" }], "{:#?}", stand.told());
        }
    }
}

/// A period that is invoiced whole without the change: the plan says so, and somebody has to look.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn invoiced_whole_periods_without_a_change_are_told() {
    let mut stand = Stand::sold(setup(), Terms::monthly("2026-10-01")).await;
    assert_eq!(stand.invoiced(&["2026-11-01", "2026-12-01"]), ["220.00", "220.00"]);
    stand.desk.until(day("2026-12-03"));
    let task = stand.planned(three_more("CH000001", SUB)).await;
    let sealed = stand.desk.sealed(&task).await;
    println!("{:#?}\n{:#?}", sealed.findings, sealed.plan.notes);
    assert_eq!(needing_a_person(&sealed), ["billing-gap"]);
    assert!(sealed.plan.notes.iter().any(|note| note.contains("66.00 USD")), "{:?}", sealed.plan.notes);
}

/// It ends with the last period that is invoiced; what was charged too much is told.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn invoiced_whole_periods_after_a_cancellation_are_told() {
    let mut stand = Stand::sold(setup(), Terms::monthly("2026-10-01")).await;
    assert_eq!(stand.invoiced(&["2026-11-01", "2026-12-01"]), ["220.00", "220.00"]);
    stand.desk.until(day("2026-12-03"));
    let fee = vec![line(Fee::CancellationFee, None, "1", "75.00", "75.00")];
    let task = stand.planned(Draft::new("CL000001", OrderType::Cancellation, SUB, day("2026-11-20"), fee)).await;
    let sealed = stand.desk.sealed(&task).await;
    println!("{:#?}\n{:#?}", sealed.findings, sealed.plan);
    assert_eq!(
        needing_a_person(&sealed),
        ["charged-past-end"],
        "the customer paid for December, and nobody would know"
    );
    assert!(
        sealed.plan.notes.iter().any(|note| note.contains("220.00 USD for each period")),
        "{:?}",
        sealed.plan.notes
    );
    stand.desk.sync().await;
    assert_eq!(stand.told()[0], "10 × 22.00 from 2026-10-01 to 2026-12-31");
    assert_eq!(stand.invoiced(&["2027-01-01", "2027-02-01"]), ["75.00", "0.00"]);
}

/// What costs nothing still ends and lessens what recurs.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn invoiced_no_more_although_the_order_itself_bills_nothing() {
    let free = |fee, quantity: &str| vec![seats(fee, quantity, "0.00")];
    for (number, kind, lines, then) in [
        ("CH000001", OrderType::Change, free(Fee::ResourceDowngrade, "-4"), ["220.00", "132.00"]),
        ("CL000001", OrderType::Cancellation, free(Fee::ResourceRecurringRefund, "-10"), ["220.00", "0.00"]),
        ("CL000002", OrderType::Cancellation, vec![], ["220.00", "0.00"]),
    ] {
        let mut stand = Stand::sold(setup(), Terms::monthly("2026-10-01")).await;
        let task = stand.planned(Draft::new(number, kind, SUB, day("2026-11-16"), lines)).await;
        assert_eq!(task.state.name(), "planned", "{number}: {task:#?}");
        stand.desk.sync().await;
        assert_eq!(stand.invoiced(&["2026-11-01", "2026-12-01"]), then, "{number}: {:#?}", stand.told());
    }
}
