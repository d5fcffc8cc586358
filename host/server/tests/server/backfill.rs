//! Reading the orders of chosen days: both days included, none in the future, and only after the first check.

use counterfoil_domain::ports::{Cursor, RunStore as _, Write};
use counterfoil_domain::run::{RunKind, RunState};
use counterfoil_server::Role;
use serde_json::{Value, json};

use crate::world::World;

const CHECK: &str = "/v1/connections/xero-main/check";

async fn world(checked: bool) -> World {
    let world = World::new().await.with_connection("xero-main").await;
    let seen_until = "2026-11-20T00:00:00Z".parse().unwrap();
    let cursor = Cursor { connection: "xero-main".into(), initial_done: checked, seen_until, swept_at: None };
    world.put(vec![Write::PutCursor(cursor)]).await;
    world
}

#[tokio::test]
async fn days_become_a_run_of_their_own() {
    let world = world(true).await;
    let days = json!({ "from": "2026-01-01", "to": "2026-03-31" });
    let started = world.call(Role::Biller, "POST", CHECK, Some(&days)).await;
    assert_eq!(started.status, 202, "{}", started.body);
    let answer = started.json();
    assert_eq!((&answer["kind"], &answer["days"]), (&json!("backfill"), &days));
    let id = answer["id"].as_str().unwrap();
    let run = world.store.run(&id.into()).await.unwrap().unwrap();
    let RunKind::Backfill(period) = &run.kind else { panic!("{run:?}") };
    assert_eq!((period.start().to_string(), period.end().to_string()), ("2026-01-01".into(), "2026-04-01".into()));

    // One check of a connection at a time, whichever it is.
    for body in [json!({}), days.clone(), json!({ "from": "2026-02-01", "to": "2026-02-01" })] {
        let second = world.call(Role::Biller, "POST", CHECK, Some(&body)).await;
        assert_eq!((second.status, second.json()["id"].as_str()), (200, Some(id)), "{body}");
    }
    world.put(vec![Write::UpdateRun(counterfoil_domain::run::Run { state: RunState::Done, ..run })]).await;
    let plain = world.call(Role::Biller, "POST", CHECK, Some(&json!({}))).await;
    assert_eq!((plain.status, &plain.json()["kind"]), (202, &json!("check")));
    assert_eq!(plain.json().get("days"), None);
}

#[tokio::test]
async fn days_that_cannot_be_read_are_refused_with_the_reason() {
    let world = world(true).await;
    let table: [(Value, &str, &str); 5] = [
        (json!({ "from": "2026-02-01", "to": "2026-01-31" }), "/to", "before the first"),
        (json!({ "from": "2026-02-01", "to": "2999-01-31" }), "/to", "in the future"),
        (json!({ "from": "2026-02-01" }), "/to", "needed"),
        (json!({ "to": "2026-02-01" }), "/from", "needed"),
        (json!({ "from": "yesterday", "to": "2026-02-01" }), "", "not a day"),
    ];
    for (body, pointer, why) in table {
        let refused = world.call(Role::Biller, "POST", CHECK, Some(&body)).await;
        assert_eq!((refused.status, refused.problem()), (422, "invalid".to_owned()), "{body}");
        assert!(refused.body.contains(why), "{body}: {}", refused.body);
        if !pointer.is_empty() {
            assert_eq!(refused.json()["errors"][0]["pointer"], pointer, "{body}");
        }
    }
    let unknown = world.call(Role::Biller, "POST", CHECK, Some(&json!({ "since": "2026-02-01" }))).await;
    assert_eq!(unknown.status, 422);
}

#[tokio::test]
async fn before_the_first_check_there_is_nothing_to_add_to() {
    let world = world(false).await;
    let days = json!({ "from": "2026-01-01", "to": "2026-03-31" });
    let refused = world.call(Role::Biller, "POST", CHECK, Some(&days)).await;
    assert_eq!((refused.status, refused.problem()), (409, "not-checked-yet".to_owned()));
    assert!(refused.body.contains("Check it first"), "{}", refused.body);
    assert_eq!(world.store.runs(None, 10).await.unwrap(), []);
}
