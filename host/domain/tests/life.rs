//! The life of a task as one table: what may follow what. Every pair that the table does not name is refused.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use chrono::{DateTime, Utc};
use counterfoil_domain::failure::{Failure, FailureClass};
use counterfoil_domain::id::{Actor, BatchId, PlanDigest, TaskId};
use counterfoil_domain::task::{Event, IgnoreReason, Ignored, Need, TaskState, Verdict, next};

/// state | event -> state
const LIFE: &str = "
pending    | judged      -> ready
pending    | ignored-by  -> ignored
pending    | superseded  -> superseded
ready      | judged      -> ready
ready      | planned     -> planned
ready      | gave-up     -> parked
ready      | ignored-by  -> ignored
ready      | superseded  -> superseded
planned    | judged      -> ready
planned    | planned     -> planned
planned    | unplanned   -> ready
planned    | confirmed   -> queued
planned    | gave-up     -> parked
planned    | ignored-by  -> ignored
planned    | superseded  -> superseded
queued     | unplanned   -> ready
queued     | sent        -> sending
queued     | deferred    -> retrying
queued     | gave-up     -> parked
queued     | superseded  -> superseded
sending    | stored      -> synced
sending    | answer-lost -> uncertain
sending    | deferred    -> retrying
sending    | gave-up     -> parked
uncertain  | stored      -> synced
uncertain  | answer-lost -> uncertain
uncertain  | found-absent -> queued
retrying   | unplanned   -> ready
retrying   | due         -> queued
retrying   | gave-up     -> parked
retrying   | superseded  -> superseded
parked     | judged      -> ready
parked     | planned     -> planned
parked     | ignored-by  -> ignored
parked     | superseded  -> superseded
ignored    | unignored   -> ready
ignored    | superseded  -> superseded
";

fn at() -> DateTime<Utc> {
    "2026-11-21T10:00:00Z".parse().unwrap()
}

fn failure() -> Failure {
    Failure::new(FailureClass::Rejected, "test", "no")
}

fn ignored() -> Ignored {
    Ignored { reason: IgnoreReason::ByPerson, text: "why".into(), by: Actor::new("ann"), at: at(), until: None }
}

fn plan() -> PlanDigest {
    PlanDigest::new("p")
}

fn states() -> Vec<TaskState> {
    let (batch, by) = (BatchId::new("b"), Actor::new("ann"));
    vec![
        TaskState::Pending(vec![Need::Decision { why: "why".into() }]),
        TaskState::Ready,
        TaskState::Planned(plan()),
        TaskState::Queued { plan: plan(), by },
        TaskState::Sending { plan: plan(), batch: batch.clone() },
        TaskState::Synced { plan: plan() },
        TaskState::Uncertain { plan: plan(), batch, why: "lost".into() },
        TaskState::Retrying { plan: plan(), at: at(), failure: failure() },
        TaskState::Parked { failure: failure() },
        TaskState::Ignored(ignored()),
        TaskState::Superseded { by: TaskId::new("t") },
    ]
}

fn events() -> Vec<(&'static str, Event)> {
    let by = Actor::new("ann");
    vec![
        ("judged", Event::Judged(Verdict::Ready)),
        ("planned", Event::Planned(plan())),
        ("unplanned", Event::Unplanned),
        ("confirmed", Event::Confirmed { plan: plan(), by: by.clone() }),
        ("sent", Event::Sent { batch: BatchId::new("b") }),
        ("stored", Event::Stored),
        ("answer-lost", Event::AnswerLost { why: "lost".into() }),
        ("deferred", Event::Deferred { at: at(), failure: failure() }),
        ("due", Event::Due { by: by.clone() }),
        ("gave-up", Event::GaveUp { failure: failure() }),
        ("found-absent", Event::FoundAbsent { by }),
        ("ignored-by", Event::IgnoredBy(ignored())),
        ("unignored", Event::Unignored(Verdict::Ready)),
        ("superseded", Event::Superseded { by: TaskId::new("t") }),
    ]
}

#[test]
fn every_pair_of_state_and_event_is_as_the_table_says() {
    let mut actual = Vec::new();
    for state in states() {
        for (name, event) in events() {
            if let Ok(to) = next(state.clone(), event) {
                actual.push(format!("{} | {name} -> {}", state.name(), to.name()));
            }
        }
    }
    let squeeze = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut expected: Vec<String> = LIFE.lines().map(squeeze).filter(|line| !line.is_empty()).collect();
    expected.sort();
    actual.sort();
    assert_eq!(actual, expected);
}

#[test]
fn only_the_plan_that_was_shown_can_be_confirmed() {
    let event = Event::Confirmed { plan: PlanDigest::new("another"), by: Actor::new("ann") };
    assert!(next(TaskState::Planned(plan()), event).is_err());
}

#[test]
fn every_state_has_its_account() {
    for state in states() {
        let account = state.account();
        assert!(["open", "synced", "ignored", "parked", "uncertain", "superseded"].contains(&account));
        assert!(TaskState::NAMES.contains(&state.name()));
    }
}
