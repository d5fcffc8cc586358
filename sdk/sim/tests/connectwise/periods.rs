//! Which periods an agreement has, and what its recap tells of them.

use serde_json::{Value, json};

use crate::support::{addition, agreement, bench, day};
use counterfoil_sim::connectwise::AgreementSeed;

#[tokio::test]
async fn periods_by_cycle_and_anchor() {
    let bench = bench().await;
    let state = bench.cw.state();
    for (cycle, start, by, wanted) in [
        (
            "Monthly",
            "2026-01-31",
            "ContractYear",
            vec!["2026-01-31", "2026-02-28", "2026-03-31", "2026-04-30", "2026-05-31"],
        ),
        ("Monthly", "2028-01-30", "ContractYear", vec!["2028-01-30", "2028-02-29", "2028-03-30"]),
        ("Monthly", "2026-01-15", "CalendarYear", vec!["2026-01-01", "2026-02-01", "2026-03-01"]),
        ("Weekly", "2026-12-28", "ContractYear", vec!["2026-12-28", "2027-01-04", "2027-01-11"]),
        ("BiWeekly", "2026-12-28", "ContractYear", vec!["2026-12-28", "2027-01-11"]),
        ("BiMonthly", "2026-12-31", "ContractYear", vec!["2026-12-31", "2027-02-28", "2027-04-30"]),
        ("Quarterly", "2026-11-30", "ContractYear", vec!["2026-11-30", "2027-02-28", "2027-05-30"]),
        ("Quarterly", "2026-11-30", "CalendarYear", vec!["2026-10-01", "2027-01-01", "2027-04-01"]),
        ("SemiAnnual", "2026-08-31", "ContractYear", vec!["2026-08-31", "2027-02-28", "2027-08-31"]),
        (
            "Yearly",
            "2028-02-29",
            "ContractYear",
            vec!["2028-02-29", "2029-02-28", "2030-02-28", "2031-02-28", "2032-02-29"],
        ),
        ("NotRecurring", "2026-01-01", "ContractYear", vec![]),
    ] {
        let seed = AgreementSeed { cycle, start: day(start), ..agreement(bench.company, false) };
        let id = state.add_agreement(&seed);
        state.set_invoicing_cycle(id, by);
        state.add_addition(&addition(id, bench.item, None, None));
        let last = wanted.last().map_or_else(|| day("2030-01-01"), |last| day(last));
        let made = state.invoice_agreement(id, last);
        let starts: Vec<String> = made.iter().map(|one| one.period.0.to_string()).collect();
        assert_eq!(starts, wanted, "{cycle} {start} {by}");
        // No day is left out or billed twice, and none is billed in part for nothing.
        assert!(made.windows(2).all(|two| two[0].period.1 == two[1].period.0), "{cycle} {start}");
        assert!(made.iter().all(|one| one.lines[0].days.0 == one.lines[0].days.1), "{cycle} {start}");
    }
}

#[tokio::test]
async fn the_recap_follows() {
    let bench = bench().await;
    let (state, id) = (bench.cw.state(), bench.agreement);
    let recap = async || bench.client.get(&format!("/finance/agreementrecap/{id}")).await.json();
    let told = |recap: &Value| {
        ["lastInvoiceDate", "nextInvoiceDate", "unbilledPeriods"]
            .map(|name| recap.get(name).cloned().unwrap_or_default())
    };
    let midnight = |text: &str| json!(format!("{text}T00:00:00Z"));
    // Today is 15 November.
    assert_eq!(told(&recap().await), [Value::Null, midnight("2026-11-01"), json!(1)]);
    state.invoice_agreement(id, day("2026-11-15"));
    assert_eq!(told(&recap().await), [midnight("2026-11-01"), midnight("2026-12-01"), json!(0)]);
    assert_eq!(recap().await["lastInvoiceNumber"], "10000");
    // Ahead of its period.
    state.invoice_agreement(id, day("2026-12-01"));
    assert_eq!(told(&recap().await), [midnight("2026-12-01"), midnight("2027-01-01"), json!(0)]);
    bench.cw.clock().advance(chrono::Duration::days(90));
    assert_eq!(
        told(&recap().await),
        [midnight("2026-12-01"), midnight("2027-01-01"), json!(2)],
        "January and February"
    );
    let shown = bench.client.get(&format!("/finance/agreements/{id}")).await.json();
    assert_eq!(shown["nextInvoiceDate"], midnight("2027-01-01"));
    state.switch(|switches| {
        switches.stale_next_invoice = true;
        switches.recap_without_unbilled = true;
    });
    assert_eq!(told(&recap().await), [midnight("2026-12-01"), midnight("2026-11-01"), Value::Null]);
}

#[tokio::test]
async fn prorated_amounts_are_shown_where_the_agreement_prorates() {
    let bench = bench().await;
    for (prorate, from, unit, whole) in [
        (false, "2026-11-16T00:00:00Z", 0.0, 0.0),
        (true, "2026-11-01T00:00:00Z", 0.0, 0.0),
        (true, "2026-11-16T00:00:00Z", 6.25, 18.75),
        (true, "2026-11-30T00:00:00Z", 0.42, 1.25),
    ] {
        bench.cw.state().set_prorate(bench.agreement, prorate);
        let made = bench.created(&json!({"effectiveDate": from})).await;
        assert_eq!(made["proratePrice"].as_f64(), Some(unit), "{prorate} {from}");
        assert_eq!(made["extendedProratePrice"].as_f64(), Some(whole), "{prorate} {from}");
        assert_eq!(made["extPrice"].as_f64(), Some(37.5));
    }
}
