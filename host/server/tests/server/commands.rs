//! Commands: a second start answers the run that is there, a plan is confirmed once, a stale one never.

use counterfoil_domain::connection::ConnectionState;
use counterfoil_domain::id::TaskId;
use counterfoil_domain::plan::Severity;
use counterfoil_domain::ports::{RunStore as _, SetupStore as _, TaskStore as _, Write};
use counterfoil_domain::run::{RunKind, RunState, Selection};
use counterfoil_domain::task::TaskState;
use counterfoil_server::Role;
use serde_json::{Value, json};

use crate::seed::{connection, finding, plan, task};
use crate::world::{PLUGIN_DIGEST, World};

const CHECK: &str = "/v1/connections/xero-main/check";

async fn world() -> World {
    World::new().await.with_connection("xero-main").await
}

fn sync(plans: &[&str]) -> Value {
    json!({ "connection": "xero-main", "plans": plans })
}

#[tokio::test]
async fn a_second_check_answers_the_running_run() {
    let world = world().await;
    let first = world.call(Role::Biller, "POST", CHECK, None).await;
    assert_eq!(first.status, 202, "{}", first.body);
    let id = first.json()["id"].as_str().unwrap().to_owned();
    assert!(id.starts_with("run_") && id.len() == 30, "{id}");
    assert_eq!(first.header("location"), Some(format!("/v1/runs/{id}").as_str()));
    assert_eq!((first.json()["kind"].clone(), first.json()["state"].clone()), (json!("check"), json!("queued")));

    let second = world.call(Role::Biller, "POST", CHECK, None).await;
    assert_eq!((second.status, second.json()["id"].as_str()), (200, Some(id.as_str())));

    let mut run = world.store.run(&id.as_str().into()).await.unwrap().unwrap();
    assert_eq!(run.asked_by.as_str(), "biller");
    run.state = RunState::Done;
    world.put(vec![Write::UpdateRun(run)]).await;
    let third = world.call(Role::Biller, "POST", CHECK, None).await;
    assert_eq!(third.status, 202);
    assert_ne!(third.json()["id"], id.as_str());
}

#[tokio::test]
async fn many_starts_at_once_make_one_run() {
    let world = std::sync::Arc::new(world().await);
    let starts: Vec<_> = (0..16)
        .map(|_| {
            let world = world.clone();
            tokio::spawn(async move { world.call(Role::Biller, "POST", CHECK, None).await })
        })
        .collect();
    let mut ids = std::collections::BTreeSet::new();
    for start in starts {
        let reply = start.await.unwrap();
        assert!([200, 202].contains(&reply.status), "{}", reply.body);
        ids.insert(reply.json()["id"].to_string());
    }
    assert_eq!(ids.len(), 1);
    assert_eq!(world.store.runs(None, 100).await.unwrap().len(), 1);
}

#[tokio::test]
async fn an_idempotency_key_names_one_request_of_one_caller() {
    let world = world().await;
    world.put(vec![Write::PutConnection(connection("other"))]).await;
    let all = json!({ "connection": "xero-main" });
    let first = world.keyed(Role::Biller, "POST", "/v1/plans", Some(&all), Some("k1")).await;
    assert_eq!((first.status, first.header("idempotent-replayed")), (202, None), "{}", first.body);
    let mut run = world.store.run(&first.json()["id"].as_str().unwrap().into()).await.unwrap().unwrap();
    run.state = RunState::Done;
    world.put(vec![Write::UpdateRun(run)]).await;

    let again = world.keyed(Role::Biller, "POST", "/v1/plans", Some(&all), Some("k1")).await;
    assert_eq!((again.status, again.header("idempotent-replayed")), (202, Some("true")));
    assert_eq!(again.json()["id"], first.json()["id"]);

    let other = json!({ "connection": "other" });
    let reused = world.keyed(Role::Biller, "POST", "/v1/plans", Some(&other), Some("k1")).await;
    assert_eq!((reused.status, reused.problem().as_str()), (422, "idempotency-key-reused"));

    let somebody_else = world.keyed(Role::Operator, "POST", "/v1/plans", Some(&other), Some("k1")).await;
    assert_eq!(somebody_else.status, 202, "{}", somebody_else.body);
    let another_route = world.keyed(Role::Biller, "POST", CHECK, None, Some("k1")).await;
    assert_eq!(another_route.status, 202, "{}", another_route.body);
    let new_key = world.keyed(Role::Biller, "POST", "/v1/plans", Some(&all), Some("k2")).await;
    assert_eq!(new_key.status, 202);
    assert_ne!(new_key.json()["id"], first.json()["id"]);
}

#[tokio::test]
async fn planning_takes_tasks_of_its_connection() {
    let world = world().await;
    let mine = task("xero-main", "o1", TaskState::Ready);
    let other = task("other", "o2", TaskState::Ready);
    let (a, b) = (mine.id.to_string(), other.id.to_string());
    world.put(vec![Write::InsertTask(mine), Write::InsertTask(other)]).await;
    let reply = world.post("/v1/plans", &json!({ "connection": "xero-main", "tasks": [a, b, "task_x"] })).await;
    assert_eq!((reply.status, reply.problem().as_str()), (422, "invalid"));
    let codes: Vec<_> =
        reply.json()["errors"].as_array().unwrap().iter().map(|e| (e["pointer"].clone(), e["code"].clone())).collect();
    assert_eq!(codes, [(json!("/tasks/1"), json!("other-connection")), (json!("/tasks/2"), json!("unknown-task"))]);

    let reply = world.post("/v1/plans", &json!({ "connection": "xero-main", "tasks": [a, a] })).await;
    assert_eq!(reply.status, 202, "{}", reply.body);
    let run = world.store.unfinished_runs().await.unwrap().remove(0);
    assert_eq!(run.kind, RunKind::Plan(Selection::Tasks(vec![TaskId::new(a)])));
    assert_eq!(world.post("/v1/plans", &json!({ "connection": "xero-main", "tasks": [] })).await.status, 422);
}

#[tokio::test]
async fn confirming_queues_tasks_and_run_in_one_commit() {
    let world = world().await;
    let (t1, p1) = world.planned("o1", vec![finding(Severity::Notes, "far-from-last-month")]).await;
    let (t2, p2) = world.planned("o2", vec![]).await;
    let reply = world.post("/v1/syncs", &sync(&[p1.as_str(), p2.as_str(), p1.as_str()])).await;
    assert_eq!(reply.status, 202, "{}", reply.body);
    assert_eq!(reply.json()["plans"], json!([p1.as_str(), p2.as_str()]));
    for (task, plan) in [(&t1, &p1), (&t2, &p2)] {
        assert_eq!(world.state(task).await, TaskState::Queued { plan: plan.clone(), by: "biller".into() });
    }
    let audits = world.store.audit(10).await.unwrap();
    assert_eq!(audits.iter().filter(|e| e.action == "plan.confirm").count(), 2);
    assert!(audits.iter().any(|e| e.subject == t1.as_str() && e.detail.contains("41.80 USD")), "{audits:?}");
    tokio::time::timeout(std::time::Duration::from_secs(1), world.wake.notified()).await.expect("the engine is woken");
}

#[tokio::test]
async fn confirming_twice_gives_one_run() {
    let world = std::sync::Arc::new(world().await);
    let (_, plan) = world.planned("o1", vec![]).await;
    for key in [None, Some("k")] {
        let clicks: Vec<_> = (0..16)
            .map(|_| {
                let (world, plan) = (world.clone(), plan.clone());
                tokio::spawn(async move {
                    world.keyed(Role::Biller, "POST", "/v1/syncs", Some(&sync(&[plan.as_str()])), key).await
                })
            })
            .collect();
        for click in clicks {
            let reply = click.await.unwrap();
            assert!([200, 202].contains(&reply.status), "{}", reply.body);
        }
    }
    let runs = world.store.runs(None, 100).await.unwrap();
    assert_eq!(runs.len(), 1, "{runs:?}");
}

#[tokio::test]
async fn what_must_not_be_sent_is_refused_with_its_name() {
    let world = world().await;
    let (_, blocked) = world.planned("o1", vec![finding(Severity::Blocks, "currency-mismatch")]).await;
    let (_, doubtful) = world.planned("o2", vec![finding(Severity::NeedsPerson, "total-differs")]).await;
    let (_, good) = world.planned("o3", vec![]).await;
    let (_, old_plugin) = world.planned_by("o4", vec![], "gone").await;
    let stale = plan(
        "xero-main",
        &task("xero-main", "o3", TaskState::Ready).id,
        PLUGIN_DIGEST,
        vec![finding(Severity::Notes, "x")],
    );
    let elsewhere = plan("other", &task("other", "o9", TaskState::Ready).id, PLUGIN_DIGEST, vec![]);
    let replanned = {
        // Another payload, so another digest, of the task that stands on `good`.
        let mut plan = stale.plan.clone();
        plan.notes.push("made before".into());
        counterfoil_domain::plan::SealedPlan::seal(
            "xero-main".into(),
            plan,
            counterfoil_domain::plan::Judged {
                ground: stale.ground.clone(),
                findings: vec![],
                source_total: stale.source_total,
                claims: vec![],
            },
            stale.made_at,
        )
    };
    let mut altered = plan("xero-main", &task("xero-main", "o5", TaskState::Ready).id, PLUGIN_DIGEST, vec![]);
    altered.plan.changes[0].total.amount = "1".parse().unwrap();
    world
        .put(vec![
            Write::PutPlan(replanned.clone()),
            Write::PutPlan(elsewhere.clone()),
            Write::PutPlan(altered.clone()),
        ])
        .await;
    let before = world
        .store
        .tasks(Default::default(), counterfoil_domain::ports::PageRequest { after: None, limit: 100 })
        .await
        .unwrap();

    for (plan, status, code, inner) in [
        ("nothing", 422, "plan-unknown", "plan-unknown"),
        (elsewhere.digest.as_str(), 422, "plan-unknown", "plan-unknown"),
        (altered.digest.as_str(), 409, "plan-altered", "plan-altered"),
        (blocked.as_str(), 422, "plan-blocked", "currency-mismatch"),
        (doubtful.as_str(), 409, "plan-needs-person", "total-differs"),
        (replanned.digest.as_str(), 412, "plan-stale", "plan-stale"),
        (old_plugin.as_str(), 412, "plan-stale", "plugin-replaced"),
    ] {
        let reply = world.post("/v1/syncs", &sync(&[good.as_str(), plan])).await;
        assert_eq!((reply.status, reply.problem().as_str()), (status, code), "{}", reply.body);
        assert_eq!(reply.json()["errors"][0]["pointer"], "/plans/1", "{}", reply.body);
        assert_eq!(reply.json()["errors"][0]["code"], inner, "{}", reply.body);
        assert_eq!(reply.json()["outcome"], "none");
    }
    assert_eq!(world.post("/v1/syncs", &sync(&[])).await.status, 422);
    let after = world
        .store
        .tasks(Default::default(), counterfoil_domain::ports::PageRequest { after: None, limit: 100 })
        .await
        .unwrap();
    assert_eq!(before, after, "a good plan beside a bad one is not sent either");
    assert!(world.store.runs(None, 10).await.unwrap().is_empty());
}

#[tokio::test]
async fn what_needs_a_person_takes_an_approver_who_names_it() {
    let world = world().await;
    let (task, plan) = world.planned("o1", vec![finding(Severity::NeedsPerson, "total-differs")]).await;
    let mut body = sync(&[plan.as_str()]);
    assert_eq!(world.call(Role::Approver, "POST", "/v1/syncs", Some(&body)).await.problem(), "plan-needs-person");
    body["accept"] = json!(["total-differs"]);
    assert_eq!(world.call(Role::Biller, "POST", "/v1/syncs", Some(&body)).await.problem(), "plan-needs-person");
    assert_eq!(world.state(&task).await, TaskState::Planned(plan.clone()));
    assert_eq!(world.call(Role::Approver, "POST", "/v1/syncs", Some(&body)).await.status, 202);
    let audits = world.store.audit(10).await.unwrap();
    assert!(audits.iter().any(|e| e.detail.contains("accepted: total-differs")), "{audits:?}");
}

#[tokio::test]
async fn plans_confirmed_in_part_are_refused_together() {
    let world = world().await;
    let (_, p1) = world.planned("o1", vec![]).await;
    let (t2, p2) = world.planned("o2", vec![]).await;
    assert_eq!(world.post("/v1/syncs", &sync(&[p1.as_str()])).await.status, 202);
    let reply = world.post("/v1/syncs", &sync(&[p1.as_str(), p2.as_str()])).await;
    assert_eq!((reply.status, reply.problem().as_str()), (412, "plan-stale"));
    assert_eq!(world.state(&t2).await, TaskState::Planned(p2));
}

#[tokio::test]
async fn a_paused_connection_starts_nothing() {
    let world = world().await;
    let (_, plan) = world.planned("o1", vec![]).await;
    let pause = json!({ "state": "paused", "reason": "month end" });
    let reply = world.call(Role::Operator, "PUT", "/v1/connections/xero-main/state", Some(&pause)).await;
    assert_eq!((reply.status, reply.json()["state"].clone()), (200, json!("paused")), "{}", reply.body);
    for (path, body) in [
        (CHECK, json!({})),
        ("/v1/plans", json!({ "connection": "xero-main" })),
        ("/v1/syncs", sync(&[plan.as_str()])),
        ("/v1/connections/xero-main/entities", json!({ "kind": "party", "name": "n" })),
    ] {
        let reply = world.post(path, &body).await;
        assert_eq!((reply.status, reply.problem().as_str()), (409, "connection-paused"), "{path}");
        assert!(reply.json()["detail"].as_str().unwrap().contains("month end"));
    }
    let enable = json!({ "state": "enabled" });
    assert_eq!(world.call(Role::Operator, "PUT", "/v1/connections/xero-main/state", Some(&enable)).await.status, 200);
    assert_eq!(world.post(CHECK, &json!({})).await.status, 202);
    let wrong = json!({ "state": "needs-sign-in" });
    assert_eq!(world.call(Role::Operator, "PUT", "/v1/connections/xero-main/state", Some(&wrong)).await.status, 422);
    assert_eq!(world.store.connections().await.unwrap()[0].state, ConnectionState::Enabled);
}

/// A sign-in that works again is reason enough; a pause is somebody's decision and stays.
#[tokio::test]
async fn a_test_that_succeeds_returns_a_connection_that_waited_for_a_sign_in() {
    use counterfoil_domain::connection::ConnectionState;
    use counterfoil_domain::ports::{SetupStore as _, Store as _, Write};
    let world = World::new().await.with_connection("xero-main").await;
    for (before, after) in
        [(ConnectionState::NeedsSignIn, ConnectionState::Enabled), (ConnectionState::Paused, ConnectionState::Paused)]
    {
        let mut connection = crate::seed::connection("xero-main");
        connection.state = before;
        world.store.commit(vec![Write::PutConnection(connection)]).await.unwrap();
        let reply = world.call(Role::Operator, "POST", "/v1/connections/xero-main/test", None).await;
        assert_eq!(reply.status, 200, "{}", reply.body);
        assert_eq!(world.store.connections().await.unwrap()[0].state, after);
    }
}
