//! Ignoring, taking back, and links.

use counterfoil_domain::ports::{SetupStore as _, TaskStore as _, Write};
use counterfoil_domain::task::{Need, TaskState};
use counterfoil_server::Role;
use serde_json::json;

use crate::seed::task;
use crate::world::World;

async fn world() -> World {
    World::new().await.with_connection("xero-main").await
}

#[tokio::test]
async fn a_task_is_ignored_with_its_reason_and_taken_back() {
    let world = world().await;
    let ready = task("xero-main", "o1", TaskState::Ready);
    let (id, path) = (ready.id.clone(), format!("/v1/tasks/{}", ready.id));
    world.put(vec![Write::InsertTask(ready)]).await;

    for (body, pointer) in [
        (json!({ "text": " " }), "/text"),
        (json!({ "text": "x", "reason": "by-persn" }), "/reason"),
        (json!({ "text": "x", "until": "2026-11-21" }), "/until"),
    ] {
        let reply = world.post(&format!("{path}/ignore"), &body).await;
        assert_eq!((reply.status, reply.problem().as_str()), (422, "invalid"));
        assert_eq!(reply.json()["errors"][0]["pointer"], pointer);
    }

    let reply =
        world.post(&format!("{path}/ignore"), &json!({ "text": "billed by hand", "until": "2026-12-01" })).await;
    assert_eq!(reply.status, 200, "{}", reply.body);
    assert_eq!(
        reply.json()["ignored"],
        json!({
            "reason": "by-person", "text": "billed by hand", "by": "biller", "at": "2026-11-21T09:12:00Z", "until": "2026-12-01",
            "until_text": "until 2026-12-01",
        })
    );
    assert_eq!(world.get(&path).await.json()["task"]["version"], 2);

    let again = world.post(&format!("{path}/ignore"), &json!({ "text": "x" })).await;
    assert_eq!((again.status, again.problem().as_str()), (409, "task-state"));

    let reply = world.call(Role::Biller, "POST", &format!("{path}/unignore"), None).await;
    assert_eq!(reply.status, 200, "{}", reply.body);
    assert_eq!(
        world.state(&id).await,
        TaskState::Pending(vec![Need::Decision { why: "waiting for the rules".into() }])
    );
    let twice = world.call(Role::Biller, "POST", &format!("{path}/unignore"), None).await;
    assert_eq!(twice.problem(), "task-state");
    let actions: Vec<_> = world.store.audit(10).await.unwrap().into_iter().map(|e| e.action).collect();
    assert_eq!(actions, ["task.unignore", "task.ignore"]);
}

#[tokio::test]
async fn what_is_confirmed_cannot_be_ignored() {
    let world = world().await;
    world.every_state().await;
    let tasks = world.get("/v1/tasks?limit=100").await.json();
    for task in tasks["tasks"].as_array().unwrap() {
        let state = task["state"].as_str().unwrap();
        let reply =
            world.post(&format!("/v1/tasks/{}/ignore", task["id"].as_str().unwrap()), &json!({ "text": "no" })).await;
        let may = ["pending", "ready", "planned", "parked"].contains(&state);
        assert_eq!(reply.status, if may { 200 } else { 409 }, "{state}: {}", reply.body);
    }
}

#[tokio::test]
async fn many_are_taken_back_by_filter_or_by_id() {
    let world = world().await;
    world.every_state().await;
    let refused = [
        json!({}),
        json!({ "filter": {} }),
        json!({ "tasks": [] }),
        json!({ "tasks": ["t"], "filter": { "reason": "by-person" } }),
    ];
    for body in refused {
        assert_eq!(world.post("/v1/tasks/unignore", &body).await.status, 422, "{body}");
    }
    let none = world.post("/v1/tasks/unignore", &json!({ "filter": { "reason": "not-final" } })).await;
    assert_eq!(none.json(), json!({ "unignored": 0, "money": [] }));
    let one = world
        .post("/v1/tasks/unignore", &json!({ "filter": { "reason": "zero-amount", "connection": "xero-main" } }))
        .await;
    assert_eq!(one.json(), json!({ "unignored": 1, "money": [{ "amount": "41.80", "currency": "USD" }] }));

    let left = world.get("/v1/tasks?state=ignored").await.json();
    let id = left["tasks"][0]["id"].clone();
    assert_eq!(left["tasks"].as_array().unwrap().len(), 1);
    let unknown = world.post("/v1/tasks/unignore", &json!({ "tasks": [id, "task_x"] })).await;
    assert_eq!(unknown.status, 404, "all or nothing");
    let by_id = world.post("/v1/tasks/unignore", &json!({ "tasks": [id, id] })).await;
    assert_eq!(by_id.json()["unignored"], 1, "{}", by_id.body);
    assert_eq!(world.get("/v1/tasks?state=ignored").await.json()["tasks"], json!([]));
}

#[tokio::test]
async fn more_than_a_page_is_taken_back() {
    let world = world().await;
    let ignored = || {
        let ignored = counterfoil_domain::task::Ignored {
            reason: counterfoil_domain::task::IgnoreReason::ZeroAmount,
            text: String::new(),
            by: "system".into(),
            at: crate::world::now(),
            until: None,
        };
        TaskState::Ignored(ignored)
    };
    let tasks = (0..1203).map(|n| Write::InsertTask(task("xero-main", &format!("o{n}"), ignored())));
    world.put(tasks.collect()).await;
    let reply = world.post("/v1/tasks/unignore", &json!({ "filter": { "text": "green" } })).await;
    assert_eq!(reply.json()["unignored"], 1203, "{}", reply.body);
}

#[tokio::test]
async fn links_are_set_cleared_and_kept_from_synchronizing() {
    let world = world().await;
    let body = |state: &str, target: serde_json::Value| {
        let mut body = json!({ "connection": "xero-main", "kind": "item", "source": "CFQ7", "state": state });
        if !target.is_null() {
            body["target"] = target;
        }
        body
    };
    let none = serde_json::Value::Null;
    let put = async |body| world.call(Role::Biller, "PUT", "/v1/links", Some(&body)).await;
    let mut named = body("linked", json!({ "id": "i-1", "code": "M365", "attributes": { "tax": "OUT" } }));
    named["source_name"] = json!("Microsoft 365");
    let reply = put(named.clone()).await;
    assert_eq!(reply.status, 200, "{}", reply.body);
    assert_eq!(reply.json()["why"], "set by biller");
    put(named).await;
    assert_eq!(put(body("never-sync", none.clone())).await.json()["source_name"], "Microsoft 365");
    assert_eq!(put(body("unlinked", none.clone())).await.json()["state"], "unlinked");
    for (state, target) in [
        ("linked", none.clone()),
        ("linked", json!({ "id": " " })),
        ("unlinked", json!({ "id": "i" })),
        ("lnked", none),
    ] {
        assert_eq!(put(body(state, target)).await.problem(), "invalid", "{state}");
    }
    let audits: Vec<_> = world.store.audit(10).await.unwrap().into_iter().map(|e| e.detail).collect();
    assert_eq!(
        audits,
        ["never-sync → unlinked", "linked to i-1  → never-sync", "none → linked to i-1 "],
        "no change, no entry"
    );
    assert_eq!(world.store.links(&"xero-main".into(), None).await.unwrap().len(), 1);
}
