//! What the journal says to do when a write is asked for (again).
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use chrono::{DateTime, Utc};
use counterfoil_domain::id::{BatchId, ConnectionId, EffectKey, PlanDigest};
use counterfoil_domain::journal::{Batch, Effect, EffectState, WriteStep, idempotency_key, request_digest, write_step};
use counterfoil_domain::wire::{Request, Response};

fn at(minute: u32) -> DateTime<Utc> {
    format!("2026-11-21T10:{minute:02}:00Z").parse().unwrap()
}

fn request(body: &str) -> Request {
    Request {
        operation: "create".into(),
        method: "PUT".into(),
        path: "/Invoices".into(),
        query: vec![],
        headers: vec![],
        body: body.as_bytes().to_vec(),
    }
}

fn effect(state: EffectState) -> Effect {
    Effect {
        batch: BatchId::new("b"),
        key: EffectKey::new("k"),
        request_digest: request_digest(&request("x")),
        request: request("x"),
        idempotency_key: String::new(),
        attempt: 1,
        state,
        first_sent_at: at(0),
        deadline: at(2),
        answered_at: None,
    }
}

#[test]
fn what_is_recorded_decides_what_a_write_does() {
    let answer = Response { status: 200, headers: vec![], body: vec![1], replayed: false };
    let same = request_digest(&request("x"));
    let other = request_digest(&request("y"));
    let intent = effect(EffectState::Intent);
    let answered = effect(EffectState::Answered(answer.clone()));
    let unsent = effect(EffectState::NotSent { why: "refused".into() });
    // recorded, request, key lives until, now -> step
    let table = [
        (None, &same, None, at(0), WriteStep::First),
        (Some(&answered), &same, None, at(1), WriteStep::Replay(Response { replayed: true, ..answer })),
        (Some(&answered), &other, None, at(1), WriteStep::Differs),
        (Some(&intent), &other, Some(at(5)), at(1), WriteStep::Differs),
        (Some(&unsent), &same, None, at(1), WriteStep::Again { attempt: 2 }),
        (Some(&intent), &same, Some(at(5)), at(4), WriteStep::SameKey { attempt: 2 }),
        (Some(&intent), &same, Some(at(5)), at(5), WriteStep::Uncertain),
        (Some(&intent), &same, None, at(1), WriteStep::Uncertain),
    ];
    for (recorded, digest, lives_until, now, expected) in table {
        assert_eq!(write_step(recorded, digest, lives_until, now), expected);
    }
}

#[test]
fn keys_differ_by_connection_batch_effect_and_generation() {
    let plans = [PlanDigest::new("p1"), PlanDigest::new("p2")];
    let connection = ConnectionId::new("c");
    let first = Batch::id(&connection, &plans, 0);
    assert_eq!(first, Batch::id(&connection, &plans, 0), "the same batch has the same id after a restart");
    assert_ne!(first, Batch::id(&connection, &plans, 1), "sent again after it was found absent: another key");
    assert_ne!(first, Batch::id(&ConnectionId::new("d"), &plans, 0));
    assert_ne!(first, Batch::id(&connection, &plans[..1], 0));
    let key = EffectKey::new("k");
    let one = idempotency_key(&connection, &first, &key);
    assert!(one.len() <= 128, "Xero takes 128 characters");
    assert_ne!(one, idempotency_key(&ConnectionId::new("d"), &first, &key));
    assert_ne!(one, idempotency_key(&connection, &first, &EffectKey::new("l")));
}
