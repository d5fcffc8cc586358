//! The uncertain desk as a table: what may be decided about which task, when, and what follows.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::{DateTime, Utc};
use counterfoil_domain::card::{Budgets, Card, Delivery, Egress, Limits};
use counterfoil_domain::failure::{Failure, FailureClass};
use counterfoil_domain::id::{Actor, BatchId, CustomerId, EntityId, MarketplaceId, PluginDigest, Revision, TaskId};
use counterfoil_domain::job::JobKind;
use counterfoil_domain::journal::{Effect, EffectState, Look, Sighting};
use counterfoil_domain::money::{Currency, Money};
use counterfoil_domain::order::OrderKey;
use counterfoil_domain::plan::{Action, Change, Ground, Judged, Plan, SealedPlan};
use counterfoil_domain::ports::StoredReceipt;
use counterfoil_domain::resolve::{Case, Decider, Decision, Found, Refusal, Resolution, is_left, resolve};
use counterfoil_domain::task::{IgnoreReason, Ignored, Subject, Task, TaskState};
use counterfoil_domain::wire::{Request, Response};

fn at(time: &str) -> DateTime<Utc> {
    format!("2026-11-21T{time}Z").parse().unwrap()
}

fn sealed(keys: &[&str]) -> SealedPlan {
    let usd = Money::new(10.into(), Currency::parse("USD").unwrap());
    let change = |key: &str, action| Change {
        key: key.into(),
        action,
        document: "invoice".into(),
        target: None,
        title: key.to_owned(),
        fields: vec![],
        lines: vec![],
        total: usd,
        why: String::new(),
        attributes: vec![],
    };
    let mut changes: Vec<Change> = keys.iter().map(|key| change(key, Action::Create)).collect();
    changes.push(change("kept", Action::Keep));
    let plan = Plan {
        task: subject().task_id(&"x".into()),
        changes,
        left_out: vec![],
        notes: vec![],
        payload: vec![],
        attributes: vec![],
    };
    let ground = Ground {
        revision: Revision::new("r1"),
        links: String::new(),
        settings: String::new(),
        rules: String::new(),
        adjustments: String::new(),
        target_records: String::new(),
        plugin: PluginDigest::new("d"),
    };
    let judged = Judged { ground, findings: vec![], source_total: usd, claims: vec![] };
    SealedPlan::seal("x".into(), plan, judged, at("09:00:00"))
}

fn subject() -> Subject {
    let key = OrderKey { marketplace: MarketplaceId::new("m"), order: "o1".into() };
    Subject::Order { key, revision: Revision::new("r1") }
}

fn task(state: TaskState) -> Task {
    Task {
        id: subject().task_id(&"x".into()),
        reseller: "r".into(),
        connection: "x".into(),
        subject: subject(),
        kind: JobKind::Sales,
        number: "SO1".into(),
        customer: CustomerId::new("c"),
        customer_name: "Green Lane".into(),
        subscription: None,
        amount: Money::new(10.into(), Currency::parse("USD").unwrap()),
        scenario: "new sale".into(),
        state,
        created_at: at("08:00:00"),
        observed_at: at("08:00:00"),
        updated_at: at("09:00:00"),
        failures: 0,
        crashes: 0,
        version: 7,
    }
}

/// Sent at 10:00:00 with 30 s for the answer.
fn effect(state: EffectState) -> Effect {
    let answered_at = matches!(state, EffectState::Answered(_)).then(|| at("10:00:05"));
    Effect {
        batch: BatchId::new("b"),
        key: "e".into(),
        request: Request {
            operation: "create".into(),
            method: "PUT".into(),
            path: "/Invoices".into(),
            query: vec![],
            headers: vec![],
            body: vec![],
        },
        request_digest: String::new(),
        idempotency_key: "cf-1".into(),
        attempt: 1,
        state,
        first_sent_at: at("10:00:00"),
        deadline: at("10:00:30"),
        answered_at,
    }
}

/// The key lives 5 minutes, `apply` takes one at most, a list shows a document after another.
fn card(keyed: bool) -> Card {
    Card {
        id: "xero".into(),
        name: String::new(),
        version: String::new(),
        publisher: String::new(),
        summary: String::new(),
        contract: String::new(),
        documents: vec![],
        egress: Egress {
            base_url: String::new(),
            discovery: None,
            allow: vec![],
            request_headers: vec![],
            response_headers: vec![],
            max_response_bytes: 1,
            timeout: Duration::from_secs(30),
        },
        auth: vec![],
        static_headers: vec![],
        budgets: Budgets { concurrency: 1, limits: vec![], retry_after_header: String::new(), problem_header: None },
        delivery: Delivery {
            idempotency_header: keyed.then(|| "Idempotency-Key".to_owned()),
            idempotency_lifetime: Duration::from_secs(300),
            locate_is_reliable: false,
            settle: Duration::from_secs(60),
        },
        batch_tasks: 1,
        plan_tasks: 1,
        in_order: None,
        reconciles: false,
        containers: counterfoil_domain::card::Containers::No,
        recurring: false,
        adjust: vec![],
        limits: Limits { memory_mib: 1, plan: Duration::from_secs(1), apply: Duration::from_secs(60) },
        settings: vec![],
        scenarios: vec![],
    }
}

fn uncertain(sealed: &SealedPlan) -> TaskState {
    TaskState::Uncertain { plan: sealed.digest.clone(), batch: BatchId::new("b"), why: "lost".into() }
}

fn resend() -> Decision {
    Decision::Resend(BTreeMap::new())
}

fn adopt(pairs: &[(&str, &str)]) -> Decision {
    let found = |reference: &str| Found { reference: EntityId::new(reference), number: "INV-72".into() };
    Decision::Adopt(pairs.iter().map(|(key, reference)| ((*key).into(), found(reference))).collect())
}

/// A case about one lost answer; tests change what they are about.
struct Desk {
    sealed: SealedPlan,
    task: Task,
    effects: Vec<Effect>,
    batch_goes_on: bool,
    card: Option<Card>,
    looks: Vec<Look>,
    stored: Option<StoredReceipt>,
    times_sent: u32,
    looked_at: Option<BatchId>,
    now: DateTime<Utc>,
}

impl Desk {
    fn new(keys: &[&str]) -> Self {
        let sealed = sealed(keys);
        Self {
            task: task(uncertain(&sealed)),
            sealed,
            effects: vec![effect(EffectState::Intent)],
            batch_goes_on: false,
            card: Some(card(false)),
            looks: vec![],
            stored: None,
            times_sent: 1,
            looked_at: None,
            now: at("11:00:00"),
        }
    }

    fn state(mut self, state: TaskState) -> Self {
        self.task.state = state;
        self
    }

    fn at(mut self, time: &str) -> Self {
        self.now = at(time);
        self
    }

    fn decide_because(&self, decision: &Decision, reason: &str) -> Result<Resolution, Refusal> {
        let case = Case {
            task: &self.task,
            sealed: &self.sealed,
            effects: &self.effects,
            batch_goes_on: self.batch_goes_on,
            card: self.card.as_ref(),
            looks: &self.looks,
            stored: self.stored.as_ref(),
            times_sent: self.times_sent,
            looked_at: self.looked_at.as_ref(),
        };
        resolve(&case, decision, Decider { who: &Actor::new("ann"), at: self.now, reason })
    }

    fn decide(&self, decision: &Decision) -> Result<Resolution, Refusal> {
        self.decide_because(decision, "looked in Xero")
    }
}

fn moved(resolution: Resolution) -> (Task, Option<StoredReceipt>) {
    match resolution {
        Resolution::Moves { task, batch, receipt } => {
            assert_eq!(batch, BatchId::new("b"));
            (*task, receipt.map(|receipt| *receipt))
        }
        Resolution::Before => panic!("nothing moved"),
    }
}

#[test]
fn each_decision_moves_the_task_where_it_belongs() {
    let desk = Desk::new(&["a"]);
    let (task, receipt) = moved(desk.decide(&adopt(&[("a", " inv-1 ")])).unwrap());
    assert_eq!((task.state, task.version), (TaskState::Synced { plan: desk.sealed.digest.clone() }, 8));
    let receipt = receipt.unwrap();
    assert_eq!(receipt.observed, None, "it was not read back");
    assert_eq!((receipt.plan, receipt.stored_at), (desk.sealed.digest.clone(), desk.now));
    let [change] = receipt.receipt.changes.as_slice() else { panic!("kept changes need no receipt") };
    assert_eq!((change.reference.as_str(), change.number.as_str(), change.total), ("inv-1", "INV-72", None));
    for attributes in [&change.attributes, &receipt.receipt.attributes] {
        let attributes: BTreeMap<&str, &str> = attributes.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
        assert_eq!(attributes["adopted-by"], "ann");
        assert_eq!(attributes["adopted-because"], "looked in Xero");
    }

    let (task, receipt) = moved(desk.decide(&resend()).unwrap());
    let queued = TaskState::Queued { plan: desk.sealed.digest.clone(), by: Actor::new("ann") };
    assert_eq!((task.state, receipt), (queued, None));

    let (task, receipt) = moved(desk.decide(&Decision::Leave).unwrap());
    assert!(is_left(&task.state) && receipt.is_none());
    let TaskState::Uncertain { why, .. } = task.state else { panic!("it stays uncertain") };
    assert_eq!(why, "left by ann: looked in Xero");
    assert!(!is_left(&desk.task.state), "a lost answer is not a decision");
}

#[test]
fn only_what_is_uncertain_can_be_decided() {
    let failure = || Failure::new(FailureClass::Rejected, "no", "no");
    let ignored = Ignored {
        reason: IgnoreReason::ByPerson,
        text: "no".into(),
        by: "bob".into(),
        at: at("09:00:00"),
        until: None,
    };
    let plan = sealed(&["a"]).digest;
    let states = [
        TaskState::Pending(vec![]),
        TaskState::Ready,
        TaskState::Planned(plan.clone()),
        TaskState::Queued { plan: plan.clone(), by: "bob".into() },
        TaskState::Sending { plan: plan.clone(), batch: "b".into() },
        TaskState::Synced { plan: plan.clone() },
        TaskState::Retrying { plan, at: at("10:00:00"), failure: failure() },
        TaskState::Parked { failure: failure() },
        TaskState::Ignored(ignored),
        TaskState::Superseded { by: TaskId::new("t") },
    ];
    assert_eq!(states.len() + 1, TaskState::NAMES.len());
    for state in states {
        let name = state.name();
        let desk = Desk::new(&["a"]).state(state);
        for decision in [adopt(&[("a", "inv-1")]), resend(), Decision::Leave] {
            assert_eq!(desk.decide(&decision), Err(Refusal::NotUncertain(name)), "{name} {}", decision.name());
        }
    }
}

#[test]
fn a_decision_names_its_reason_its_documents_and_what_it_looked_at() {
    let desk = Desk::new(&["a", "b"]);
    for decision in [adopt(&[("a", "1"), ("b", "2")]), resend(), Decision::Leave] {
        assert_eq!(desk.decide_because(&decision, " \n"), Err(Refusal::NoReason));
        assert!(desk.decide(&decision).is_ok());
    }
    let refusals = [
        (&[("a", "1")][..], Refusal::NoReference("b".into())),
        (&[("a", "1"), ("b", " ")], Refusal::NoReference("b".into())),
        (&[], Refusal::NoReference("a".into())),
        (&[("a", "1"), ("b", "2"), ("c", "3")], Refusal::NoSuchChange("c".into())),
        (&[("a", "1"), ("b", "2"), ("kept", "3")], Refusal::NoSuchChange("kept".into())),
    ];
    for (pairs, refusal) in refusals {
        assert_eq!(desk.decide(&adopt(pairs)), Err(refusal), "{pairs:?}");
    }
    let elsewhere = Desk { looked_at: Some("b0".into()), ..Desk::new(&["a"]) };
    assert_eq!(elsewhere.decide(&resend()), Err(Refusal::AnotherBatch { looked_at: "b0".into(), now: "b".into() }));
    let mut altered = Desk::new(&["a"]);
    altered.sealed.plan.changes[0].total = Money::new(11.into(), Currency::parse("USD").unwrap());
    assert_eq!(altered.decide(&resend()), Err(Refusal::PlanAltered));
}

#[test]
fn sending_again_waits_until_absence_can_be_known() {
    let answered = || {
        let response = Response { status: 500, headers: vec![], body: vec![], replayed: false };
        EffectState::Answered(response)
    };
    let not_sent = || EffectState::NotSent { why: "refused".into() };
    // effect, keyed, installed | resend from | leave from
    let table = [
        // The answer may come until 10:00:30, the target shows it a minute later.
        (EffectState::Intent, false, true, "10:01:30", "10:00:00"),
        // The key is asked with until 10:05, by a call that may take a minute.
        (EffectState::Intent, true, true, "10:06:00", "10:06:00"),
        (answered(), true, true, "10:01:05", "10:00:00"),
        (answered(), false, true, "10:01:05", "10:00:00"),
        (not_sent(), true, true, "10:00:00", "10:00:00"),
        (EffectState::Intent, true, false, "10:00:30", "10:00:00"),
    ];
    for (row, (state, keyed, installed, resend_from, leave_from)) in table.into_iter().enumerate() {
        for (decision, from) in [(resend(), resend_from), (Decision::Leave, leave_from)] {
            let mut desk = Desk::new(&["a"]).at(from);
            desk.effects = vec![effect(state.clone())];
            desk.card = installed.then(|| card(keyed));
            assert!(desk.decide(&decision).is_ok(), "row {row}: {} at {from}", decision.name());
            desk.now -= chrono::Duration::milliseconds(1);
            if from == "10:00:00" {
                continue;
            }
            let until = at(from);
            let refusal = match desk.decide(&decision) {
                Err(Refusal::StillAsking(at) | Refusal::MayStillAppear(at)) => at,
                other => panic!("row {row}: {} before {from}: {other:?}", decision.name()),
            };
            assert_eq!(refusal, until, "row {row}");
        }
    }
    let going_on = Desk { batch_goes_on: true, ..Desk::new(&["a"]) };
    for decision in [resend(), Decision::Leave] {
        assert_eq!(going_on.decide(&decision), Err(Refusal::BatchGoesOn));
    }
    assert!(going_on.decide(&adopt(&[("a", "inv-1")])).is_ok());
    // What is there is there, however early somebody sees it.
    assert!(Desk::new(&["a"]).at("10:00:01").decide(&adopt(&[("a", "inv-1")])).is_ok());
}

#[test]
fn the_same_decision_twice_changes_nothing() {
    for decision in [adopt(&[("a", "inv-1")]), resend(), Decision::Leave] {
        let mut desk = Desk::new(&["a"]);
        let (task, receipt) = moved(desk.decide(&decision).unwrap());
        desk.task = task;
        desk.stored = receipt;
        desk.looked_at = Some("b".into());
        assert_eq!(desk.decide(&decision), Ok(Resolution::Before), "{}", decision.name());
    }
    let mut desk = Desk::new(&["a"]);
    let (task, receipt) = moved(desk.decide(&adopt(&[("a", "inv-1")])).unwrap());
    (desk.task, desk.stored) = (task, receipt);
    assert_eq!(desk.decide(&adopt(&[("a", "inv-2")])), Err(Refusal::NotUncertain("synced")), "another document");
    // What the engine found by itself is not what a person adopted.
    desk.stored.as_mut().unwrap().receipt.attributes.clear();
    assert_eq!(desk.decide(&adopt(&[("a", "inv-1")])), Err(Refusal::NotUncertain("synced")));
    // Confirmed by the same person, never sent: nothing to send again.
    let queued = TaskState::Queued { plan: desk.sealed.digest.clone(), by: "ann".into() };
    let fresh = Desk { times_sent: 0, ..Desk::new(&["a"]).state(queued) };
    assert_eq!(fresh.decide(&resend()), Err(Refusal::NotUncertain("queued")));
    // What was left can be decided after all.
    let mut left = Desk::new(&["a"]);
    left.task = moved(left.decide(&Decision::Leave).unwrap()).0;
    assert!(left.decide(&resend()).is_ok());
    assert!(left.decide_because(&Decision::Leave, "another reason").is_ok());
}

fn resend_but(pairs: &[(&str, &str)]) -> Decision {
    let Decision::Adopt(found) = adopt(pairs) else { unreachable!() };
    Decision::Resend(found)
}

#[test]
fn of_several_documents_only_what_is_not_there_is_sent_again() {
    let look = |change: &str, sighting| Look {
        at: at("10:05:00"),
        plan: sealed(&["a", "b"]).digest,
        change: change.into(),
        sighting,
    };
    let known = |reference: &str| Refusal::KnownStored { key: "a".into(), reference: EntityId::new(reference) };
    let answered =
        || effect(EffectState::Answered(Response { status: 200, headers: vec![], body: vec![], replayed: false }));
    let part = || {
        let (_, receipt) = moved(Desk::new(&["a", "b"]).decide(&resend_but(&[("a", "inv-1")])).unwrap());
        receipt.unwrap()
    };
    let found = || look("a", Sighting::Found(EntityId::new("inv-1")));
    type Row = (Vec<Look>, Option<StoredReceipt>, Option<Effect>, Decision, Result<Option<&'static str>, Refusal>);
    let table: Vec<Row> = vec![
        (vec![], None, None, resend(), Ok(None)),
        (vec![], None, None, resend_but(&[("a", " inv-1 ")]), Ok(Some("inv-1"))),
        (vec![], None, None, resend_but(&[("a", "1"), ("b", "2")]), Err(Refusal::NothingToSend)),
        (vec![], None, None, resend_but(&[("c", "1")]), Err(Refusal::NoSuchChange("c".into()))),
        // A look found one of them.
        (vec![found()], None, None, resend(), Err(known("inv-1"))),
        (vec![found()], None, None, resend_but(&[("b", "2")]), Err(known("inv-1"))),
        (vec![found()], None, None, resend_but(&[("a", "")]), Err(known("inv-1"))),
        (vec![found()], None, None, resend_but(&[("a", "inv-1")]), Ok(Some("inv-1"))),
        // The last look counts.
        (vec![found(), look("a", Sighting::Absent)], None, None, resend(), Ok(None)),
        (vec![look("a", Sighting::Absent), found()], None, None, resend(), Err(known("inv-1"))),
        // An earlier batch stored one of them.
        (vec![], Some(part()), None, resend(), Err(known("inv-1"))),
        (vec![], Some(part()), None, resend_but(&[("a", "inv-1")]), Ok(Some("inv-1"))),
        // Something was answered: which it was, somebody has to say.
        (vec![], None, Some(answered()), resend(), Err(Refusal::PartMayBeStored)),
        (vec![], None, Some(answered()), resend_but(&[("a", "inv-1")]), Ok(Some("inv-1"))),
        (vec![], None, Some(answered()), resend_but(&[("a", ""), ("b", " ")]), Ok(None)),
    ];
    for (row, (looks, stored, effect, decision, expected)) in table.into_iter().enumerate() {
        let mut desk = Desk::new(&["a", "b"]);
        desk.looks = looks;
        desk.stored = stored;
        desk.effects.extend(effect);
        let result = desk.decide(&decision).map(|resolution| {
            let (task, receipt) = moved(resolution);
            assert_eq!(task.state.name(), "queued", "row {row}");
            receipt
        });
        if let Ok(Some(receipt)) = &result {
            assert_eq!(receipt.receipt.attributes[0].0, "part", "row {row}: the rest is sent");
            assert_eq!(receipt.receipt.changes.len(), 1, "row {row}");
        }
        let result = result.map(|receipt| receipt.map(|r| r.receipt.changes[0].reference.to_string()));
        assert_eq!(result, expected.map(|reference| reference.map(str::to_owned)), "row {row}");
    }
    // One document is there or not: nothing is known in part.
    let mut single = Desk::new(&["a"]);
    single.effects.push(answered());
    assert!(single.decide(&resend()).is_ok());
}
