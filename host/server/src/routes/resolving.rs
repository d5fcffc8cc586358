//! The uncertain desk: what is known of a lost answer, and a person's decision about it. What may be decided
//! is the domain's to say; decision, receipt and audit are one commit.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use counterfoil_domain::card::Card;
use counterfoil_domain::follow_up::begun;
use counterfoil_domain::id::{BatchId, ChangeKey, EntityId};
use counterfoil_domain::journal::{Batch, BatchState, Effect};
use counterfoil_domain::plan::SealedPlan;
use counterfoil_domain::ports::{CommitError, StoredReceipt, Write};
use counterfoil_domain::resolve::{
    Case, Decider, Decision, Found, Refusal, Resolution, absent_from, answer_lost_at, is_left, resolve as decide,
    written,
};
use counterfoil_domain::task::{Task, TaskState};

use super::commands::must_be_enabled;
use super::tasks::task;
use super::{audit, connection};
use crate::access::{RESENDS, Role};
use crate::extract::{Body, Id};
use crate::guard::Who;
use crate::parts::App;
use crate::problem::{Code, Fault, Problem};
use crate::suggest::hint;
use crate::wire::{ResolveBody, SentView, TaskView, UncertainView};

/// Lost races that are tried again before the caller hears of it.
const ATTEMPTS: u32 = 3;
/// Longer than anybody reads.
const LONGEST_REASON: usize = 2_000;
const DECISIONS: [&str; 3] = ["adopt", "resend", "leave"];

/// What the store holds about a task and its plan.
struct Held {
    task: Task,
    sealed: SealedPlan,
    /// None: the task waits for none.
    batch: Option<Batch>,
    effects: Vec<Effect>,
    /// The other tasks of the batch that still wait for it.
    others: Vec<Task>,
    card: Option<Card>,
    stored: Option<StoredReceipt>,
    times_sent: u32,
}

fn not_uncertain(task: &Task) -> Problem {
    Problem::new(
        Code::TaskState,
        format!("Nothing is uncertain about task {}: it is {}.", task.id, task.state.name()),
        "Nothing was changed and nothing was sent.",
        "Read the task for where it stands now.",
    )
}

async fn held(app: &App, id: &str) -> Result<Held, Problem> {
    let task = task(app, id).await?;
    let store = app.store();
    let digest = task.state.plan().cloned().ok_or_else(|| not_uncertain(&task))?;
    let sealed = store.plan(&digest).await?.ok_or_else(|| {
        Problem::new(
            Code::PlanAltered,
            format!("The plan {digest} of task {} is not there any more.", task.id),
            "Nothing was changed and nothing was sent.",
            "Find out who changed the database; nothing of this task is sent from here.",
        )
    })?;
    let (batch, effects) = match &task.state {
        TaskState::Uncertain { batch, .. } => (store.batch(batch).await?, store.effects(batch).await?),
        _ => (None, Vec::new()),
    };
    let others = others(app, batch.as_ref(), &task).await?;
    let plugin = batch.as_ref().map_or(&sealed.ground.plugin, |batch| &batch.plugin);
    let card = app.parts.targets.by_digest(plugin).map(|target| target.card().clone());
    let stored = store.receipt(&digest).await?;
    let times_sent = store.times_sent(&digest).await?;
    Ok(Held { task, sealed, batch, effects, others, card, stored, times_sent })
}

/// What was sent and never answered, and what was done to find out.
#[utoipa::path(get, path = "/v1/tasks/{id}/uncertain", tag = "tasks", params(("id" = String, Path)), responses((status = 200, body = UncertainView)))]
pub(crate) async fn show(State(app): State<App>, who: Who, Id(id): Id) -> Result<Json<UncertainView>, Problem> {
    let held = held(&app, &id).await?;
    let TaskState::Uncertain { plan, batch, why } = &held.task.state else { return Err(not_uncertain(&held.task)) };
    let with_body = who.role >= Role::Biller;
    Ok(Json(UncertainView {
        task: held.task.id.to_string(),
        number: held.task.number.clone(),
        customer_name: held.task.customer_name.clone(),
        amount: held.task.amount.into(),
        plan: plan.to_string(),
        batch: batch.to_string(),
        why: why.clone(),
        left: is_left(&held.task.state),
        since: held.task.updated_at.into(),
        answer_lost_at: answer_lost_at(&held.effects).map(Into::into),
        changes: written(&held.sealed).map(Into::into).collect(),
        sent: held.effects.iter().map(|effect| SentView::of(effect, with_body)).collect(),
        probes: held.batch.as_ref().map_or(0, |batch| batch.probes),
        looks: held.batch.iter().flat_map(|batch| batch.trail.looks_for(plan)).map(Into::into).collect(),
        next_probe_at: held.batch.as_ref().and_then(|batch| batch.probe_at).map(Into::into),
        resend_from: absent_from(&held.effects, held.card.as_ref()).map(Into::into),
    }))
}

/// Decide about a task whose outcome is not known: adopt what was found, send it again, or leave it.
#[utoipa::path(post, path = "/v1/tasks/{id}/resolve", tag = "tasks", params(("id" = String, Path)), request_body = ResolveBody, responses((status = 200, body = TaskView)))]
pub(crate) async fn resolve(
    State(app): State<App>,
    who: Who,
    Id(id): Id,
    Body(body): Body<ResolveBody>,
) -> Result<Json<TaskView>, Problem> {
    well_formed(&body)?;
    if body.decision == "resend" && who.role < RESENDS {
        return Err(Problem::new(
            Code::NotAllowed,
            format!("Sending again needs the role {}; {} is {}.", RESENDS.name(), who.actor, who.role.name()),
            "Nothing was changed and nothing was sent.",
            "Ask an approver to decide it; adopting what was found, and leaving it, you may.",
        ));
    }
    let looked_at = body.batch.as_deref().map(BatchId::from);
    let mut attempt = 1;
    loop {
        let held = held(&app, &id).await?;
        let decision = decision(&body, &held.sealed)?;
        let by = Decider { who: &who.actor, at: app.now(), reason: &body.reason };
        let case = Case {
            task: &held.task,
            sealed: &held.sealed,
            effects: &held.effects,
            batch_goes_on: held.others.iter().any(|other| matches!(other.state, TaskState::Sending { .. })),
            card: held.card.as_ref(),
            looks: held.batch.as_ref().map_or(&[], |batch| batch.trail.looks.as_slice()),
            stored: held.stored.as_ref(),
            times_sent: held.times_sent,
            looked_at: looked_at.as_ref(),
        };
        let resolution = decide(&case, &decision, by).map_err(|refusal| problem(&held.task, &refusal, by))?;
        let Resolution::Moves { task, batch, receipt } = resolution else {
            return Ok(Json((&held.task).into()));
        };
        if matches!(decision, Decision::Resend(_)) {
            must_be_enabled(&connection(&app, held.task.connection.as_str()).await?)?;
        }
        let mut writes = vec![Write::UpdateTask((*task).clone())];
        if let Some(receipt) = receipt.as_ref().filter(|_| matches!(task.state, TaskState::Synced { .. })) {
            writes.extend(begun(&held.sealed, &receipt.receipt, by.at).into_iter().map(Write::PutFollowUp));
        }
        writes.extend(receipt.map(|receipt| Write::PutReceipt(*receipt)));
        writes.extend(ended(&held, &task).map(Write::PutBatch));
        let detail = told(&held, &decision, &batch, &body.reason);
        writes.push(audit(&app, &who.actor, "task.resolve", &task.id, detail));
        match app.store().commit(writes).await {
            Ok(()) => {
                app.wake();
                return Ok(Json((&*task).into()));
            }
            // The engine learned something in the same moment, or it is the same click twice: look again.
            Err(CommitError::Conflict { .. }) if attempt < ATTEMPTS => attempt += 1,
            Err(error) => return Err(error.into()),
        }
    }
}

fn well_formed(body: &ResolveBody) -> Result<(), Problem> {
    if !DECISIONS.contains(&body.decision.as_str()) {
        let help = hint(&body.decision, DECISIONS);
        let detail = format!("\"{}\" is not a decision; {help}", body.decision);
        return Err(Problem::invalid("/decision", "unknown-decision", detail));
    }
    if body.reason.trim().is_empty() {
        return Err(Problem::invalid("/reason", "required", "say why, for whoever reads it later"));
    }
    if body.reason.chars().count() > LONGEST_REASON {
        let detail = format!("say it in at most {LONGEST_REASON} characters");
        return Err(Problem::invalid("/reason", "too-long", detail));
    }
    let (one, many) = (body.reference.is_some() || body.number.is_some(), !body.references.is_empty());
    match (body.decision.as_str(), one, many) {
        ("leave", true, _) | ("leave", _, true) => {
            Err(Problem::invalid("/decision", "not-adopting", "leave names no document; nothing is sent or adopted"))
        }
        ("resend", true, _) => {
            let detail = "resend names what is there by the changes' keys, in references; nothing is sent or adopted";
            Err(Problem::invalid("/decision", "not-adopting", detail))
        }
        ("adopt", true, true) => {
            Err(Problem::invalid("/references", "twice", "give either reference, or references by the changes' keys"))
        }
        ("adopt", _, false) if body.reference.is_none() => {
            Err(Problem::invalid("/reference", "required", "name the document that was found in the target"))
        }
        _ => Ok(()),
    }
}

fn decision(body: &ResolveBody, sealed: &SealedPlan) -> Result<Decision, Problem> {
    let found = |(key, reference): (&String, &String)| {
        (ChangeKey::from(key.as_str()), Found { reference: trimmed(reference), number: String::new() })
    };
    match body.decision.as_str() {
        "resend" => return Ok(Decision::Resend(body.references.iter().map(found).collect())),
        "leave" => return Ok(Decision::Leave),
        _ => {}
    }
    let Some(reference) = &body.reference else {
        return Ok(Decision::Adopt(body.references.iter().map(found).collect()));
    };
    let keys: Vec<&ChangeKey> = written(sealed).map(|change| &change.key).collect();
    let [key] = keys.as_slice() else {
        let faults = keys.iter().map(|key| Fault::new(at_key(key), "required", format!("the document of {key}")));
        let happened = format!("The plan writes {} documents and one reference was given.", keys.len());
        let act = "Give references, with the document of each change by the change's key.";
        return Err(Problem::new(Code::Invalid, happened, "Nothing was changed.", act).with(faults.collect()));
    };
    let found = Found { reference: trimmed(reference), number: body.number.clone().unwrap_or_default() };
    Ok(Decision::Adopt(BTreeMap::from([((*key).clone(), found)])))
}

fn trimmed(reference: &str) -> EntityId {
    EntityId::new(reference.trim())
}

fn at_key(key: &ChangeKey) -> String {
    format!("/references/{}", key.as_str().replace('~', "~0").replace('/', "~1"))
}

async fn others(app: &App, batch: Option<&Batch>, task: &Task) -> Result<Vec<Task>, Problem> {
    let mut others = Vec::new();
    let Some(batch) = batch else { return Ok(others) };
    for digest in &batch.plans {
        let Some(sealed) = app.store().plan(digest).await? else { continue };
        if sealed.plan.task == task.id {
            continue;
        }
        others.extend(app.store().task(&sealed.plan.task).await?.filter(|other| waits_for(other, &batch.id)));
    }
    Ok(others)
}

/// The batch when no task waits for it any more: due at once, for the engine to read back what was adopted and to
/// close it; closed where nobody could. A task that waits no longer never waits for it again.
fn ended(held: &Held, decided: &Task) -> Option<Batch> {
    let batch = held.batch.as_ref()?;
    if waits_for(decided, &batch.id) || !held.others.is_empty() {
        return None;
    }
    let state = if held.card.is_some() { batch.state } else { BatchState::Closed };
    Some(Batch { state, probe_at: None, ..batch.clone() })
}

fn waits_for(task: &Task, batch: &BatchId) -> bool {
    matches!(&task.state,
        TaskState::Sending { batch: of, .. } | TaskState::Uncertain { batch: of, .. } if of == batch)
}

/// For the audit log.
fn told(held: &Held, decision: &Decision, batch: &BatchId, reason: &str) -> String {
    let what = match decision {
        Decision::Adopt(found) => {
            let pairs: Vec<String> = found.iter().map(|(key, found)| format!("{key} is {}", found.reference)).collect();
            format!("adopt {}", pairs.join(", "))
        }
        Decision::Resend(found) if !found.is_empty() => {
            let pair = |(key, found): (&ChangeKey, &Found)| match found.reference.as_str() {
                "" => format!("{key} is not there"),
                reference => format!("{key} is {reference}"),
            };
            let pairs: Vec<String> = found.iter().map(pair).collect();
            format!("resend what is not there; {}", pairs.join(", "))
        }
        other => other.name().to_owned(),
    };
    format!("{what}; {} of {batch}, plan {}: {}", held.task.amount, held.sealed.digest, reason.trim())
}

fn problem(task: &Task, refusal: &Refusal, by: Decider<'_>) -> Problem {
    let kept = "Nothing was changed and nothing was sent.";
    let happened = format!("Task {}: {refusal}.", task.id);
    let too_early = |until: chrono::DateTime<chrono::Utc>, act: &str| {
        let seconds = u64::try_from((until - by.at).num_seconds()).unwrap_or_default() + 1;
        Problem::new(Code::TooEarly, &happened, kept, act).after(seconds)
    };
    match refusal {
        Refusal::NoReason => Problem::invalid("/reason", "required", refusal.to_string()),
        Refusal::NotUncertain(_) | Refusal::Illegal(_) => not_uncertain(task),
        Refusal::AnotherBatch { .. } => {
            Problem::new(Code::DecisionStale, happened, kept, "Look at what is uncertain now, then decide again.")
        }
        Refusal::PlanAltered => Problem::new(
            Code::PlanAltered,
            happened,
            kept,
            "Find out who changed the database; nothing of this task is sent from here.",
        ),
        Refusal::NoSuchChange(key) => Problem::invalid(&at_key(key), "no-such-change", refusal.to_string()),
        Refusal::NoReference(key) => Problem::invalid(&at_key(key), "required", refusal.to_string()),
        Refusal::KnownStored { key, .. } => {
            Problem::invalid(&at_key(key), "known-stored", format!("{refusal}; name it, and only the rest is sent"))
        }
        Refusal::PartMayBeStored => {
            let detail = format!("{refusal}; name the documents that are there, and give an empty reference for those that are not");
            Problem::invalid("/references", "part-may-be-stored", detail)
        }
        Refusal::NothingToSend => {
            Problem::invalid("/decision", "nothing-to-send", format!("{refusal}; adopt them instead"))
        }
        Refusal::BatchGoesOn => Problem::new(
            Code::TooEarly,
            happened,
            kept,
            "Wait until its other tasks are through, a few minutes at most as a rule. A document that is there can be adopted now.",
        )
        .after(30),
        Refusal::StillAsking(until) => {
            too_early(*until, "Wait until then: it may settle by itself. A document that is there can be adopted now.")
        }
        Refusal::MayStillAppear(until) => {
            too_early(*until, "Look in the target again after that, then decide. A document that is there can be adopted now.")
        }
    }
}
