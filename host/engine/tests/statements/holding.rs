//! What a program holds back keeps its money, and comes back when the program is set otherwise.

use std::collections::BTreeSet;

use counterfoil_domain::motion::Motion;
use counterfoil_domain::ports::Write;
use counterfoil_domain::program::Program;

use crate::desk::{Desk, program};
use crate::source::{amount, statement};

const RECORDS: [&str; 6] = [
    "c1 monthly-monthly A 1 10.00",
    "c1 annual-upfront A 1 200.00",
    "c1 usage A 1 3.00",
    "c1 unknown A 1 4.00",
    "c2 monthly-monthly B 1 50.00",
    "c3 monthly-monthly B 1 60.00",
];

async fn set(desk: &Desk, program: Program) {
    desk.put(vec![Write::PutProgram(program)]).await;
    desk.engine.round().await.unwrap();
}

#[tokio::test]
async fn each_setting_holds_back_what_it_says_and_no_money_is_lost() {
    let desk = Desk::open().await;
    desk.put(vec![Write::PutProgram(Program { enabled: false, ..program("x") })]).await;
    desk.source.put(statement("6", "seat", "2026-06", &RECORDS));
    desk.check().await;
    let shown = desk.shown().await;
    assert_eq!(shown.len(), 6);
    assert!(shown.iter().all(|row| row.ends_with("program-off")), "{shown:?}");

    let only_monthly = BTreeSet::from([Motion::MonthlyMonthly]);
    let ready = |what: [&'static str; 3]| -> Vec<String> {
        let fixed =
            ["c1/monthly-monthly 10.00 ready", "c2/monthly-monthly 50.00 ready", "c3/monthly-monthly 60.00 pending"];
        let mut rows: Vec<String> = what.iter().chain(&fixed).map(|row| (*row).to_owned()).collect();
        rows.sort();
        rows
    };
    let table = [
        (Program { billing: false, ..program("x") }, None),
        (
            Program { azure: false, annual: false, ..program("x") },
            Some(["c1/annual-upfront 200.00 annual-off", "c1/usage 3.00 azure-off", "c1/unknown 4.00 unknown-motion"]),
        ),
        (
            Program { motions: only_monthly, ..program("x") },
            Some(["c1/annual-upfront 200.00 motion-off", "c1/usage 3.00 ready", "c1/unknown 4.00 unknown-motion"]),
        ),
        (
            program("x"),
            Some(["c1/annual-upfront 200.00 ready", "c1/usage 3.00 ready", "c1/unknown 4.00 unknown-motion"]),
        ),
        // And back: what was ready is held back again.
        (Program { billing: false, ..program("x") }, None),
    ];
    for (program, expected) in table {
        set(&desk, program.clone()).await;
        let shown = desk.shown().await;
        match expected {
            Some(expected) => assert_eq!(shown, ready(expected), "{program:?}"),
            None => assert!(shown.iter().all(|row| row.ends_with("billing-off")), "{shown:?}"),
        }
        assert_eq!(desk.money("x").await, amount("327"), "{program:?}");
        assert_eq!(desk.stated().await, amount("327"));
    }
}

#[tokio::test]
async fn a_connection_without_a_program_takes_nothing() {
    let desk = Desk::open().await;
    desk.connect("y", Default::default()).await;
    desk.put(vec![Write::PutProgram(Program { enabled: false, ..program("y") })]).await;
    desk.source.put(statement("6", "seat", "2026-06", &RECORDS));
    desk.run("y", counterfoil_domain::run::RunKind::Check).await;
    assert!(desk.shown_of("y").await.iter().all(|row| row.ends_with("program-off")));
    assert_eq!(desk.money("y").await, amount("327"));
}
