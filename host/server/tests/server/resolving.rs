//! The uncertain desk: what it shows to whom, every refusal, every decision once, and its audit.

use chrono::Duration;
use counterfoil_domain::id::{BatchId, TaskId};
use counterfoil_domain::journal::{Batch, BatchState, Effect, EffectState, Look, Sighting, Trail};
use counterfoil_domain::plan::SealedPlan;
use counterfoil_domain::ports::{JournalStore as _, SetupStore as _, TaskStore as _, Write};
use counterfoil_domain::task::TaskState;
use counterfoil_domain::wire::Request;
use counterfoil_server::Role;
use serde_json::{Value, json};

use crate::client::Reply;
use crate::seed::{connection, plan, task};
use crate::world::{PLUGIN_DIGEST, World, now};

const BATCH: &str = "batch_1";

async fn world() -> World {
    World::new().await.with_connection("xero-main").await
}

/// Sent an hour ago with a second for the answer.
fn effect() -> Effect {
    let sent = now() - Duration::hours(1);
    Effect {
        batch: BATCH.into(),
        key: "invoices".into(),
        request: Request {
            operation: "create-invoices".into(),
            method: "PUT".into(),
            path: "/Invoices".into(),
            query: vec![],
            headers: vec![("X-Internal".into(), "not shown".into())],
            body: br#"{"Invoices":[]}"#.to_vec(),
        },
        request_digest: "r".into(),
        idempotency_key: "cf-1".into(),
        attempt: 2,
        state: EffectState::Intent,
        first_sent_at: sent,
        deadline: sent + Duration::seconds(1),
        answered_at: None,
    }
}

fn batch(plans: &[SealedPlan]) -> Batch {
    Batch {
        id: BATCH.into(),
        connection: "xero-main".into(),
        plugin: PLUGIN_DIGEST.into(),
        plans: plans.iter().map(|sealed| sealed.digest.clone()).collect(),
        adopted: vec![],
        state: BatchState::Open,
        opened_at: now() - Duration::hours(1),
        probes: 3,
        probe_at: Some(now() + Duration::minutes(6)),
        trail: Trail::default(),
    }
}

fn with_changes(order: &str, keys: &[&str]) -> SealedPlan {
    let sealed = plan("xero-main", &task("xero-main", order, TaskState::Ready).id, PLUGIN_DIGEST, vec![]);
    let mut inner = sealed.plan;
    let first = inner.changes.remove(0);
    inner.changes =
        keys.iter().map(|key| counterfoil_domain::plan::Change { key: (*key).into(), ..first.clone() }).collect();
    let judged = counterfoil_domain::plan::Judged {
        ground: sealed.ground,
        findings: vec![],
        source_total: sealed.source_total,
        claims: vec![],
    };
    SealedPlan::seal(sealed.connection, inner, judged, sealed.made_at)
}

impl World {
    /// Tasks of one batch whose answer was lost.
    async fn lost(&self, plans: &[SealedPlan], effect: Effect) -> Vec<TaskId> {
        let mut writes = vec![Write::PutBatch(batch(plans)), Write::InsertEffect(effect)];
        let mut ids = Vec::new();
        for (n, sealed) in plans.iter().enumerate() {
            let state =
                TaskState::Uncertain { plan: sealed.digest.clone(), batch: BATCH.into(), why: "timed out".into() };
            let task = task("xero-main", &format!("o{n}"), state);
            assert_eq!(task.id, sealed.plan.task);
            ids.push(task.id.clone());
            writes.extend([Write::PutPlan(sealed.clone()), Write::InsertTask(task)]);
        }
        self.put(writes).await;
        ids
    }

    async fn decide(&self, role: Role, task: &TaskId, body: Value) -> Reply {
        self.call(role, "POST", &format!("/v1/tasks/{task}/resolve"), Some(&body)).await
    }

    /// Nothing is due before its time: a task still waits for the batch.
    async fn waits(&self) -> bool {
        let batch = self.store.batch(&BatchId::from(BATCH)).await.unwrap().unwrap();
        assert_eq!(batch.state, BatchState::Open, "the engine closes it, once what was adopted was read back");
        batch.probe_at.is_some()
    }
}

fn adopt(reference: &str) -> Value {
    json!({ "decision": "adopt", "reference": reference, "number": "INV-72", "reason": "seen in Xero" })
}

fn resend() -> Value {
    json!({ "decision": "resend", "reason": "not in Xero" })
}

fn leave() -> Value {
    json!({ "decision": "leave", "reason": "waiting for the bank" })
}

#[tokio::test]
async fn the_desk_shows_what_was_sent_and_to_billers_the_body() {
    let world = world().await;
    let ids = world.lost(&[with_changes("o0", &["invoice"])], effect()).await;
    let path = format!("/v1/tasks/{}/uncertain", ids[0]);
    let reply = world.get(&path).await;
    assert_eq!(reply.status, 200, "{}", reply.body);
    let desk = reply.json();
    assert_eq!(desk["batch"], BATCH);
    assert_eq!((&desk["why"], &desk["left"], &desk["probes"]), (&json!("timed out"), &json!(false), &json!(3)));
    assert_eq!(desk["next_probe_at"], "2026-11-21T09:18:00Z");
    // Five minutes of the key, and a second for a call that was under way.
    assert_eq!(desk["resend_from"], "2026-11-21T08:17:01Z");
    assert_eq!(
        desk["changes"],
        json!([{ "key": "invoice", "action": "create", "document": "invoice", "title": "Draft invoice", "target": null,
            "total": { "amount": "41.80", "currency": "USD" } }])
    );
    assert_eq!(
        desk["sent"],
        json!([{ "key": "invoices", "operation": "create-invoices", "method": "PUT", "path": "/Invoices",
            "state": "intent", "attempts": 2, "idempotency_key": "cf-1", "first_sent_at": "2026-11-21T08:12:00Z",
            "given_up_at": "2026-11-21T08:12:01Z", "answered_at": null, "status": null, "note": "", "body_bytes": 15 }])
    );
    assert!(!reply.body.contains("not shown"), "{}", reply.body);
    let biller = world.call(Role::Biller, "GET", &path, None).await.json();
    assert_eq!(biller["sent"][0]["body"], r#"{"Invoices":[]}"#);
}

#[tokio::test]
async fn what_was_found_is_adopted_once() {
    let world = world().await;
    let sealed = with_changes("o0", &["invoice"]);
    let ids = world.lost(std::slice::from_ref(&sealed), effect()).await;
    let reply = world.decide(Role::Biller, &ids[0], adopt(" inv-72 ")).await;
    assert_eq!((reply.status, &reply.json()["state"]), (200, &json!("synced")), "{}", reply.body);
    let receipt = world.store.receipt(&sealed.digest).await.unwrap().unwrap();
    assert_eq!(receipt.observed, None);
    assert_eq!(receipt.receipt.changes[0].reference.as_str(), "inv-72");
    let detail = world.get(&format!("/v1/tasks/{}", ids[0])).await.json();
    let change = &detail["receipt"]["changes"][0];
    assert_eq!((&change["reference"], &change["number"]), (&json!("inv-72"), &json!("INV-72")));
    assert_eq!(change["attributes"]["adopted-by"], "biller");
    assert_eq!(change["attributes"]["adopted-because"], "seen in Xero");
    assert_eq!(detail["receipt"]["observed_at"], Value::Null, "it was not read back");
    assert!(!world.waits().await, "no task waits for the batch");
    // Woken: the engine has a look.
    tokio::time::timeout(std::time::Duration::from_secs(5), world.wake.notified()).await.unwrap();

    let twice = world.decide(Role::Biller, &ids[0], adopt("inv-72")).await;
    assert_eq!((twice.status, &twice.json()["version"]), (200, &json!(2)), "{}", twice.body);
    let other = world.decide(Role::Biller, &ids[0], adopt("inv-73")).await;
    assert_eq!((other.status, other.problem().as_str()), (409, "task-state"));
    let audit = world.store.audit(10).await.unwrap();
    assert_eq!(audit.len(), 1, "{audit:?}");
    assert_eq!((audit[0].action.as_str(), audit[0].actor.as_str()), ("task.resolve", "biller"));
    assert_eq!(audit[0].subject, ids[0].as_str());
    for part in ["adopt invoice is inv-72", "41.80 USD", BATCH, "seen in Xero"] {
        assert!(audit[0].detail.contains(part), "{part} is not in: {}", audit[0].detail);
    }
}

#[tokio::test]
async fn sending_again_is_an_approvers() {
    let world = world().await;
    let sealed = with_changes("o0", &["invoice"]);
    let ids = world.lost(std::slice::from_ref(&sealed), effect()).await;
    for (role, status) in [(Role::Viewer, 403), (Role::Biller, 403), (Role::Approver, 200), (Role::Approver, 200)] {
        let reply = world.decide(role, &ids[0], resend()).await;
        assert_eq!(reply.status, status, "{}: {}", role.name(), reply.body);
        if status == 403 {
            assert_eq!((reply.problem().as_str(), &reply.json()["outcome"]), ("not-allowed", &json!("none")));
        }
    }
    assert_eq!(world.state(&ids[0]).await, TaskState::Queued { plan: sealed.digest, by: "approver".into() });
    assert!(!world.waits().await);
    assert_eq!(world.store.audit(10).await.unwrap().len(), 1, "the second click did nothing");
    assert_eq!(world.store.task(&ids[0]).await.unwrap().unwrap().version, 2);
    let late = world.decide(Role::Biller, &ids[0], adopt("inv-72")).await;
    assert_eq!((late.status, late.problem().as_str()), (409, "task-state"));
}

#[tokio::test]
async fn what_is_left_stays_with_its_reason_until_it_is_decided() {
    let world = world().await;
    let ids = world.lost(&[with_changes("o0", &["invoice"])], effect()).await;
    for _ in 0..2 {
        let reply = world.decide(Role::Biller, &ids[0], leave()).await;
        assert_eq!((reply.status, &reply.json()["version"]), (200, &json!(2)), "{}", reply.body);
        assert_eq!(reply.json()["uncertain"], "left by biller: waiting for the bank");
    }
    assert!(world.waits().await, "the batch is still looked at");
    assert_eq!(world.get(&format!("/v1/tasks/{}/uncertain", ids[0])).await.json()["left"], true);
    assert_eq!(world.decide(Role::Biller, &ids[0], adopt("inv-72")).await.status, 200);
}

#[tokio::test]
async fn a_batch_is_due_once_no_task_waits_for_it() {
    let world = world().await;
    let ids = world.lost(&[with_changes("o0", &["a"]), with_changes("o1", &["b"])], effect()).await;
    assert_eq!(world.decide(Role::Biller, &ids[0], adopt("inv-1")).await.status, 200);
    assert!(world.waits().await);
    assert_eq!(world.decide(Role::Approver, &ids[1], resend()).await.status, 200);
    assert!(!world.waits().await);
}

#[tokio::test]
async fn without_its_plugin_a_batch_is_closed_here() {
    let world = world().await;
    let sealed = with_changes("o0", &["invoice"]);
    let ids = world.lost(std::slice::from_ref(&sealed), effect()).await;
    world.put(vec![Write::PutBatch(Batch { plugin: "gone".into(), ..batch(&[sealed]) })]).await;
    assert_eq!(world.decide(Role::Biller, &ids[0], adopt("inv-1")).await.status, 200);
    assert_eq!(world.store.batch(&BATCH.into()).await.unwrap().unwrap().state, BatchState::Closed);
}

#[tokio::test]
async fn while_another_task_of_the_batch_is_sent_nothing_is_sent_again() {
    let world = world().await;
    let plans = [with_changes("o0", &["a"]), with_changes("o1", &["b"])];
    let ids = world.lost(&plans, effect()).await;
    let other = world.store.task(&ids[1]).await.unwrap().unwrap();
    let state = TaskState::Sending { plan: plans[1].digest.clone(), batch: BATCH.into() };
    world.put(vec![Write::UpdateTask(counterfoil_domain::task::Task { state, version: 2, ..other })]).await;
    for body in [resend(), leave()] {
        let early = world.decide(Role::Approver, &ids[0], body).await;
        assert_eq!((early.status, early.problem().as_str()), (409, "too-early"));
    }
    assert_eq!(world.decide(Role::Approver, &ids[0], adopt("inv-1")).await.status, 200);
}

#[tokio::test]
async fn several_changes_take_a_document_each() {
    let world = world().await;
    let ids = world.lost(&[with_changes("o0", &["a/1", "b"])], effect()).await;
    let one = world.decide(Role::Biller, &ids[0], adopt("inv-1")).await;
    assert_eq!((one.status, one.problem().as_str()), (422, "invalid"));
    let pointers: Vec<String> =
        one.json()["errors"].as_array().unwrap().iter().map(|e| e["pointer"].as_str().unwrap().to_owned()).collect();
    assert_eq!(pointers, ["/references/a~11", "/references/b"]);
    let many = |references: Value| json!({ "decision": "adopt", "references": references, "reason": "seen" });
    for (references, pointer) in [
        (json!({ "a/1": "inv-1" }), "/references/b"),
        (json!({ "a/1": "inv-1", "b": " " }), "/references/b"),
        (json!({ "a/1": "inv-1", "b": "inv-2", "c": "inv-3" }), "/references/c"),
    ] {
        let reply = world.decide(Role::Biller, &ids[0], many(references)).await;
        assert_eq!((reply.status, reply.problem().as_str()), (422, "invalid"));
        assert_eq!(reply.json()["errors"][0]["pointer"], pointer);
    }
    let both = many(json!({ "a/1": "inv-1", "b": "inv-2" }));
    for _ in 0..2 {
        let reply = world.decide(Role::Biller, &ids[0], both.clone()).await;
        assert_eq!((reply.status, &reply.json()["version"]), (200, &json!(2)), "{}", reply.body);
    }
}

#[tokio::test]
async fn what_is_there_of_several_is_named_and_only_the_rest_is_sent() {
    let world = world().await;
    let sealed = with_changes("o0", &["a", "b"]);
    let ids = world.lost(std::slice::from_ref(&sealed), effect()).await;
    let look = |change: &str, minute, sighting| Look {
        at: now() - Duration::minutes(minute),
        plan: sealed.digest.clone(),
        change: change.into(),
        sighting,
    };
    let looks = vec![
        look("a", 9, Sighting::NoAnswer("no connection".to_owned())),
        look("a", 5, Sighting::Found("inv-1".into())),
        look("b", 5, Sighting::Absent),
    ];
    let trail = Trail { looks, ..Trail::default() };
    world.put(vec![Write::PutBatch(Batch { trail, ..batch(std::slice::from_ref(&sealed)) })]).await;
    let desk = world.get(&format!("/v1/tasks/{}/uncertain", ids[0])).await.json();
    assert_eq!(desk["answer_lost_at"], "2026-11-21T08:12:01Z");
    assert_eq!(
        desk["looks"],
        json!([
            { "at": "2026-11-21T09:03:00Z", "key": "a", "found": "no-answer", "references": [], "note": "no connection" },
            { "at": "2026-11-21T09:07:00Z", "key": "a", "found": "found", "references": ["inv-1"], "note": "" },
            { "at": "2026-11-21T09:07:00Z", "key": "b", "found": "absent", "references": [], "note": "" },
        ])
    );
    let with = |references: Value| {
        let mut body = resend();
        body["references"] = references;
        body
    };
    for (body, pointer) in [
        (resend(), "/references/a"),
        (with(json!({ "b": "inv-2" })), "/references/a"),
        (with(json!({ "a": "" })), "/references/a"),
        (with(json!({ "a": "inv-1", "b": "inv-2" })), "/decision"),
    ] {
        let reply = world.decide(Role::Approver, &ids[0], body.clone()).await;
        assert_eq!((reply.status, reply.problem().as_str()), (422, "invalid"), "{body}");
        assert_eq!(reply.json()["errors"][0]["pointer"], pointer, "{body}");
    }
    assert_eq!(world.store.receipt(&sealed.digest).await.unwrap(), None);
    let reply = world.decide(Role::Approver, &ids[0], with(json!({ "a": " inv-1 ", "b": "" }))).await;
    assert_eq!((reply.status, &reply.json()["state"]), (200, &json!("queued")), "{}", reply.body);
    let kept = world.store.receipt(&sealed.digest).await.unwrap().unwrap().receipt;
    assert_eq!(kept.attributes, [("part".to_owned(), "true".to_owned())]);
    assert_eq!(
        kept.changes.iter().map(|c| (c.key.as_str(), c.reference.as_str())).collect::<Vec<_>>(),
        [("a", "inv-1")]
    );
    let audit = world.store.audit(10).await.unwrap();
    assert!(audit[0].detail.contains("resend what is not there; a is inv-1, b is not there"), "{}", audit[0].detail);
}

#[tokio::test]
async fn every_refusal_says_why_and_changes_nothing() {
    let world = world().await;
    let sealed = with_changes("o0", &["invoice"]);
    let ids = world.lost(std::slice::from_ref(&sealed), effect()).await;
    let with = |body: Value, name: &str, value: Value| {
        let mut body = body;
        body[name] = value;
        body
    };
    let table = [
        (with(leave(), "reason", json!(" ")), 422, "invalid", "/reason"),
        (with(leave(), "reason", json!("x".repeat(2_001))), 422, "invalid", "/reason"),
        (with(leave(), "decision", json!("resent")), 422, "invalid", "/decision"),
        (with(resend(), "reference", json!("inv-1")), 422, "invalid", "/decision"),
        (with(leave(), "references", json!({ "invoice": "inv-1" })), 422, "invalid", "/decision"),
        (with(resend(), "references", json!({ "invoice": "inv-1" })), 422, "invalid", "/decision"),
        (with(resend(), "references", json!({ "other": "inv-1" })), 422, "invalid", "/references/other"),
        (with(adopt("inv-1"), "references", json!({ "invoice": "inv-1" })), 422, "invalid", "/references"),
        (json!({ "decision": "adopt", "reason": "seen" }), 422, "invalid", "/reference"),
        (adopt("  "), 422, "invalid", "/references/invoice"),
        (with(resend(), "force", json!(true)), 422, "invalid", ""),
        (with(resend(), "batch", json!("batch_0")), 412, "decision-stale", ""),
        (json!({ "decision": "leave" }), 422, "invalid", ""),
    ];
    for (body, status, code, pointer) in table {
        let reply = world.decide(Role::Approver, &ids[0], body.clone()).await;
        assert_eq!((reply.status, reply.problem().as_str()), (status, code), "{body}: {}", reply.body);
        assert_eq!(reply.json()["outcome"], "none", "{body}");
        if !pointer.is_empty() {
            assert_eq!(reply.json()["errors"][0]["pointer"], pointer, "{body}");
        }
    }
    assert_eq!(world.decide(Role::Approver, &"nothing".into(), resend()).await.status, 404);
    let mut paused = connection("xero-main");
    paused.state = counterfoil_domain::connection::ConnectionState::Paused;
    world.put(vec![Write::PutConnection(paused)]).await;
    assert_eq!(world.decide(Role::Approver, &ids[0], resend()).await.problem(), "connection-paused");
    assert_eq!(world.store.task(&ids[0]).await.unwrap().unwrap().version, 1);
    assert_eq!(world.store.audit(10).await.unwrap(), []);
    assert_eq!(world.store.receipt(&sealed.digest).await.unwrap(), None);
    assert!(world.waits().await);
}

#[tokio::test]
async fn what_may_still_appear_is_not_sent_again_yet() {
    let world = world().await;
    let sent_now = Effect { first_sent_at: now(), deadline: now() + Duration::seconds(1), ..effect() };
    let ids = world.lost(&[with_changes("o0", &["invoice"])], sent_now).await;
    for body in [resend(), leave()] {
        let early = world.decide(Role::Approver, &ids[0], body).await;
        assert_eq!((early.status, early.problem().as_str()), (409, "too-early"));
        assert_eq!((&early.json()["retriable"], &early.json()["outcome"]), (&json!(true), &json!("none")));
        assert_eq!(early.header("retry-after"), Some("302"));
        assert!(early.body.contains("2026-11-21 09:17:01 UTC"), "{}", early.body);
    }
    world.clock.advance(Duration::seconds(302));
    assert_eq!(world.decide(Role::Approver, &ids[0], resend()).await.status, 200);
}

#[tokio::test]
async fn only_uncertain_tasks_have_a_desk() {
    let world = world().await;
    world.every_state().await;
    let tasks = world.get("/v1/tasks?limit=100").await.json();
    for task in tasks["tasks"].as_array().unwrap() {
        let (id, state) = (task["id"].as_str().unwrap(), task["state"].as_str().unwrap());
        // The plans of these tasks are not in the store: nothing can be decided about them.
        let code = if task["plan"].is_null() { "task-state" } else { "plan-altered" };
        let shown = world.get(&format!("/v1/tasks/{id}/uncertain")).await;
        assert_eq!((shown.status, shown.problem().as_str()), (409, code), "{state}");
        let decided = world.decide(Role::Approver, &id.into(), leave()).await;
        assert_eq!((decided.status, decided.problem().as_str()), (409, code), "{state}");
    }
    let (id, _) = world.planned("planned", vec![]).await;
    for body in [adopt("inv-1"), resend(), leave()] {
        assert_eq!(world.decide(Role::Approver, &id, body).await.problem(), "task-state");
    }
}
