//! Plans of the database for every kind of task list: no whole table, no sorting.

use std::collections::BTreeSet;

use counterfoil_domain::id::{ConnectionId, CustomerId, TaskId};
use counterfoil_domain::ports::{PageRequest, TaskFilter};
use rusqlite::{Connection, params_from_iter};

use super::{Place, conditions, statement};

#[test]
fn every_task_list_walks_an_index_in_order() {
    let connection = Connection::open_in_memory().unwrap();
    for step in
        [include_str!("../../../migrations/0001_base.sql"), include_str!("../../../migrations/0002_decisions.sql")]
    {
        connection.execute_batch(step).unwrap();
    }
    let state = || Place::State { connection: "c".to_owned(), state: "ready".to_owned(), reason: String::new() };
    let all = TaskFilter {
        connection: Some(ConnectionId::from("c")),
        states: BTreeSet::from(["ready".to_owned(), "synced".to_owned()]),
        customer: Some(CustomerId::from("k")),
        text: Some("so1".to_owned()),
        ignore_reason: Some("by-person".to_owned()),
        back_by: "2026-01-31".parse().ok(),
        statement: None,
    };
    let table = [
        (Place::Everywhere, TaskFilter::default(), "COVERING INDEX tasks_by_time"),
        (state(), TaskFilter::default(), "COVERING INDEX tasks_by_state"),
        (state(), TaskFilter { customer: None, ..all.clone() }, "INDEX tasks_by_state"),
        (Place::Customer, all.clone(), "INDEX tasks_by_customer"),
        (
            Place::ComingBack,
            TaskFilter { back_by: all.back_by, ..TaskFilter::default() },
            "COVERING INDEX tasks_coming_back",
        ),
        (Place::ComingBack, all, "INDEX tasks_coming_back"),
    ];
    for (place, filter, index) in table {
        for after in [None, Some(("2026-01-31T00:00:00Z".parse().unwrap(), TaskId::from("t")))] {
            let conditions = conditions(&place, &filter, &PageRequest { after, limit: 50 });
            let sql = format!("EXPLAIN QUERY PLAN {}", statement(&conditions, 50));
            let mut explained = connection.prepare(&sql).unwrap();
            let steps: Vec<String> = explained
                .query_map(params_from_iter(&conditions.values), |row| row.get("detail"))
                .unwrap()
                .collect::<Result<_, _>>()
                .unwrap();
            let [step] = steps.as_slice() else { panic!("{place:?} takes several steps: {steps:?}") };
            assert!(step.contains(&format!("USING {index}")), "{place:?}: {step}");
        }
    }
}

#[test]
fn tasks_of_a_statement_are_reached_by_its_orders() {
    let connection = Connection::open_in_memory().unwrap();
    for step in [
        include_str!("../../../migrations/0001_base.sql"),
        include_str!("../../../migrations/0002_decisions.sql"),
        include_str!("../../../migrations/0007_statements.sql"),
    ] {
        connection.execute_batch(step).unwrap();
    }
    let filter = TaskFilter { statement: Some("s".to_owned()), ..TaskFilter::default() };
    let place = Place::Statement { connection: "c".to_owned() };
    let conditions = conditions(&place, &filter, &PageRequest { after: None, limit: 50 });
    let sql = format!("EXPLAIN QUERY PLAN {}", statement(&conditions, 50));
    let mut explained = connection.prepare(&sql).unwrap();
    let steps: Vec<String> = explained
        .query_map(params_from_iter(&conditions.values), |row| row.get("detail"))
        .unwrap()
        .collect::<Result<_, _>>()
        .unwrap();
    for index in ["orders_of_statement", "tasks_of_order"] {
        assert!(steps.iter().any(|step| step.contains(index)), "{index}: {steps:?}");
    }
    assert!(!steps.iter().any(|step| step.starts_with("SCAN")), "{steps:?}");
}
