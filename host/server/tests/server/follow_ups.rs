//! Steps that wait in targets: with their task, in a list of their own, and as notices once they have waited too long.

use chrono::Duration;
use counterfoil_domain::follow_up::{Awaited, FollowUp, FollowUpState};
use counterfoil_domain::id::{PlanDigest, TaskId};
use counterfoil_domain::ports::Write;
use serde_json::{Value, json};

use crate::world::{World, now};

fn step(task: &TaskId, plan: &PlanDigest, state: FollowUpState) -> FollowUp {
    FollowUp {
        connection: "xero-main".into(),
        task: task.clone(),
        plan: plan.clone(),
        change: "allocation".into(),
        plugin: "d".into(),
        title: "Credit of CL1 allocated to its invoice, once both are approved".into(),
        waits_for: "invoice INV-1 and credit note CN-1 to be approved in Xero".into(),
        documents: vec![Awaited { document: "invoice".into(), reference: "inv-1".into() }],
        state,
        begun_at: now(),
        looked_at: None,
        looks: 0,
        failures: 0,
    }
}

fn kinds(reply: &Value) -> Vec<&str> {
    reply["notices"].as_array().unwrap().iter().map(|notice| notice["kind"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn a_step_stands_with_its_task_in_the_list_and_among_the_notices() {
    let world = World::new().await.with_connection("xero-main").await;
    let (task, plan) = world.planned("o1", vec![]).await;
    let waiting = step(&task, &plan, FollowUpState::Waiting { at: now() + Duration::hours(1) });
    world.put(vec![Write::PutFollowUp(waiting)]).await;
    let detail = world.get(&format!("/v1/tasks/{task}")).await.json();
    assert_eq!(detail["follow_ups"][0]["state"], "waiting");
    assert_eq!(detail["follow_ups"][0]["documents"], json!([{ "document": "invoice", "reference": "inv-1" }]));
    assert!(detail["follow_ups"][0]["next_look"].is_string() && detail["follow_ups"][0]["looked_at"].is_null());
    let list = world.get("/v1/follow-ups").await.json();
    assert_eq!(list, json!({ "follow_ups": detail["follow_ups"], "has_more": false }));
    assert_eq!(list["follow_ups"][0]["task"], json!(task.to_string()));

    // What each state is in the list of what is open, and among the notices after so many days.
    let person = || FollowUpState::Person { why: "It is there twice.".into(), at: now() };
    let left = || FollowUpState::Left { why: "The invoice is VOIDED.".into(), at: now() };
    for (state, days, open, told) in [
        (FollowUpState::Waiting { at: now() }, 13, 1, vec![]),
        (FollowUpState::Waiting { at: now() }, 14, 1, vec!["waits-for-approval"]),
        (FollowUpState::Sending { batch: "batch_1".into(), at: now() }, 99, 1, vec![]),
        (person(), 0, 1, vec!["follow-up-stopped"]),
        (left(), 99, 0, vec![]),
        (FollowUpState::Done { at: now() }, 99, 0, vec![]),
    ] {
        let name = state.name();
        let one = FollowUp { begun_at: now() - Duration::days(days), ..step(&task, &plan, state) };
        world.put(vec![Write::PutFollowUp(one)]).await;
        let list = world.get("/v1/follow-ups?connection=xero-main").await.json();
        assert_eq!(list["follow_ups"].as_array().unwrap().len(), open, "{name}");
        let by_state = world.get(&format!("/v1/follow-ups?state={name}")).await.json();
        assert_eq!(by_state["follow_ups"].as_array().unwrap().len(), 1, "{name}");
        let notices = world.get("/v1/notices").await.json();
        let kinds: Vec<&str> = kinds(&notices).into_iter().filter(|kind| !kind.starts_with("plan")).collect();
        assert_eq!(kinds, told, "{name} {days}");
    }
    let reply = world.get("/v1/follow-ups?state=wating").await;
    assert!(reply.body.contains("waiting"), "{}", reply.body);
}
