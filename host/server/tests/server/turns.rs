//! Tasks that wait for another of their subscription: shown on the task, and not confirmed before it.

use chrono::Duration;
use counterfoil_domain::card::{Card, InOrder};
use counterfoil_domain::id::PlanDigest;
use counterfoil_domain::ports::*;
use counterfoil_domain::task::{Task, TaskState};
use counterfoil_server::Role;
use serde_json::json;

use crate::seed::{plan, task};
use crate::world::{PLUGIN_DIGEST, World, card, now};

/// Two planned tasks of one subscription, the second an hour younger.
async fn two(in_order: Option<InOrder>) -> (World, [Task; 2], [PlanDigest; 2]) {
    let world = World::of(false, Card { in_order, ..card() }).await.with_connection("xero-main").await;
    let mut digests = Vec::new();
    let mut tasks = Vec::new();
    for (order, hours) in [("1", 0), ("2", 1)] {
        let new = task("xero-main", order, TaskState::Ready);
        let sealed = plan("xero-main", &new.id, PLUGIN_DIGEST, vec![]);
        let new = Task {
            subscription: Some("s".into()),
            created_at: now() + Duration::hours(hours),
            state: TaskState::Planned(sealed.digest.clone()),
            ..new
        };
        digests.push(sealed.digest.clone());
        tasks.push(new.clone());
        world.put(vec![Write::PutPlan(sealed), Write::InsertTask(new)]).await;
    }
    (world, tasks.try_into().unwrap(), digests.try_into().unwrap())
}

#[tokio::test]
async fn a_task_says_what_it_waits_for_and_is_not_confirmed_before_that() {
    let (world, [first, second], [one, two]) = two(Some(InOrder::Subscription)).await;
    let show = async |task: &Task| world.get(&format!("/v1/tasks/{}", task.id)).await.json()["waits_for"].clone();
    assert!(show(&first).await.is_null());
    let waits = show(&second).await;
    let text = "waits for SO-1, which comes first for this subscription; sync or ignore that one";
    assert_eq!(waits, json!({ "task": first.id.to_string(), "number": "SO-1", "text": text }));

    let both = json!({ "connection": "xero-main", "plans": [one.to_string(), two.to_string()] });
    let reply = world.call(Role::Biller, "POST", "/v1/syncs", Some(&both)).await;
    assert_eq!((reply.status, reply.problem().as_str()), (412, "plan-stale"));
    assert_eq!(reply.json()["errors"][0]["code"], "waits-its-turn", "{}", reply.body);
    let alone = json!({ "connection": "xero-main", "plans": [two.to_string()] });
    assert_eq!(world.call(Role::Biller, "POST", "/v1/syncs", Some(&alone)).await.status, 412);
    let its_turn = json!({ "connection": "xero-main", "plans": [one.to_string()] });
    assert_eq!(world.call(Role::Biller, "POST", "/v1/syncs", Some(&its_turn)).await.status, 202);
    assert!(show(&second).await["text"].as_str().unwrap().contains("which is queued"));

    let sent = Task { state: TaskState::Synced { plan: one }, version: 3, ..first };
    world.put(vec![Write::UpdateTask(sent)]).await;
    assert!(show(&second).await.is_null());
    assert_eq!(world.call(Role::Biller, "POST", "/v1/syncs", Some(&alone)).await.status, 202);
}

#[tokio::test]
async fn a_target_that_asks_for_no_order_gets_both_at_once() {
    let (world, [_, second], [one, two]) = two(None).await;
    assert!(world.get(&format!("/v1/tasks/{}", second.id)).await.json()["waits_for"].is_null());
    let both = json!({ "connection": "xero-main", "plans": [one.to_string(), two.to_string()] });
    assert_eq!(world.call(Role::Biller, "POST", "/v1/syncs", Some(&both)).await.status, 202);
}
