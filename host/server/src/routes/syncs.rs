//! Confirming plans. What was shown is what is sent: each digest must still be what its task would do, and
//! tasks, run and audit are written in one commit, so that a double click or a lost answer sends once.

use std::collections::BTreeSet;

use axum::extract::State;
use axum::http::HeaderMap;
use counterfoil_domain::connection::Connection;
use counterfoil_domain::id::PlanDigest;
use counterfoil_domain::plan::{Moved, SealedPlan, Severity};
use counterfoil_domain::ports::{CommitError, StoreError, Write};
use counterfoil_domain::run::RunKind;
use counterfoil_domain::task::{Event, Task, TaskState, next};

use super::commands::{Started, keyed, must_be_enabled, new_run, replay};
use super::turn::waits_on;
use super::{MOST, audit, connection};
use crate::access::ACCEPTS_FINDINGS;
use crate::extract::Body;
use crate::guard::Who;
use crate::parts::App;
use crate::problem::{Code, Fault, Problem};
use crate::wire::{RunView, SyncBody, totals_by_currency};

/// How often a lost race is tried again before the caller hears of it.
const ATTEMPTS: u32 = 3;
/// How far back the run of an earlier confirmation is looked for.
const RUNS_LOOKED_AT: usize = 500;

/// Confirm plans and send them.
#[utoipa::path(post, path = "/v1/syncs", tag = "plans", params(("Idempotency-Key" = Option<String>, Header)), request_body = SyncBody, responses((status = 202, body = RunView, headers(("location" = String))), (status = 200, body = RunView, description = "These plans were confirmed before; this is their run.")))]
pub(crate) async fn sync(
    State(app): State<App>,
    who: Who,
    headers: HeaderMap,
    Body(body): Body<SyncBody>,
) -> Result<Started, Problem> {
    let connection = connection(&app, &body.connection).await?;
    let mut digests: Vec<PlanDigest> = Vec::new();
    for digest in &body.plans {
        let digest = PlanDigest::from(digest.as_str());
        if !digests.contains(&digest) {
            digests.push(digest);
        }
    }
    if digests.is_empty() || digests.len() > MOST {
        return Err(Problem::invalid("/plans", "out-of-range", format!("name 1 to {MOST} plans by their digests")));
    }
    let key = keyed(&who, "sync", &headers)?;
    let kind = RunKind::Sync(digests.clone());
    let mut attempt = 1;
    loop {
        if let Some(started) = replay(&app, key.as_ref(), &connection, &kind).await? {
            return Ok(started);
        }
        must_be_enabled(&connection)?;
        let confirmed = match examine(&app, &who, &connection, &digests, &body.accept).await? {
            Examined::Confirmable(confirmed) => confirmed,
            Examined::ConfirmedBefore => return earlier(&app, &connection, &digests).await,
        };
        let run = new_run(&app, &who, key.clone(), &connection, kind.clone())?;
        let mut writes = Vec::with_capacity(2 * confirmed.len() + 2);
        for (sealed, task) in confirmed {
            writes.push(confirmation(&app, &who, &sealed, &task, &body.accept));
            writes.push(Write::UpdateTask(queued(&app, &who, &sealed, task)?));
        }
        writes.push(audit(&app, &who.actor, "run.sync", &run.id, run.connection.as_str()));
        writes.push(Write::InsertRun(run.clone()));
        match app.store().commit(writes).await {
            Ok(()) => {
                app.wake();
                return Ok(Started::New(run));
            }
            // Somebody else was first, perhaps with the same click: look again.
            Err(CommitError::Conflict { .. }) if attempt < ATTEMPTS => attempt += 1,
            Err(error) => {
                let first = replay(&app, key.as_ref(), &connection, &kind).await?;
                return first.ok_or_else(|| error.into());
            }
        }
    }
}

fn queued(app: &App, who: &Who, sealed: &SealedPlan, mut task: Task) -> Result<Task, Problem> {
    let event = Event::Confirmed { plan: sealed.digest.clone(), by: who.actor.clone() };
    task.state = next(task.state, event).map_err(|illegal| {
        Problem::new(
            Code::PlanStale,
            format!("{illegal}."),
            "Nothing was sent.",
            "Plan the task again and confirm the new plan.",
        )
    })?;
    task.version += 1;
    task.updated_at = app.now();
    Ok(task)
}

fn confirmation(app: &App, who: &Who, sealed: &SealedPlan, task: &Task, accept: &BTreeSet<String>) -> Write {
    let totals = totals_by_currency(sealed.plan.changes.iter().map(|change| change.total));
    let totals: Vec<String> = totals.iter().map(|total| format!("{} {}", total.amount, total.currency)).collect();
    let accepted: Vec<&str> = needing_person(sealed).filter(|code| accept.contains(*code)).collect();
    let accepted = if accepted.is_empty() { String::new() } else { format!("; accepted: {}", accepted.join(", ")) };
    audit(
        app,
        &who.actor,
        "plan.confirm",
        &task.id,
        format!("plan {} for {}{accepted}", sealed.digest, totals.join(" + ")),
    )
}

fn needing_person(sealed: &SealedPlan) -> impl Iterator<Item = &str> {
    sealed
        .findings
        .iter()
        .filter(|finding| finding.severity == Severity::NeedsPerson)
        .map(|finding| finding.code.as_str())
}

enum Examined {
    Confirmable(Vec<(SealedPlan, Task)>),
    /// Every task is on its way, or through, with exactly these plans.
    ConfirmedBefore,
}

/// What is wrong with plans, worst first: the answer names one kind of problem and all plans that have it.
#[derive(Default)]
struct Faults {
    unknown: Vec<Fault>,
    altered: Vec<Fault>,
    blocked: Vec<Fault>,
    needs_person: Vec<Fault>,
    stale: Vec<Fault>,
}

impl Faults {
    fn problem(self) -> Option<Problem> {
        let sent = "Nothing was confirmed and nothing was sent, none of the plans.";
        let again = "Plan these tasks again and confirm the new plans.";
        let kinds = [
            (
                Code::PlanUnknown,
                self.unknown,
                "are not known here",
                "Use the digests that the plans page or GET /v1/tasks shows.",
            ),
            (
                Code::PlanAltered,
                self.altered,
                "do not match their digests: what is stored was altered",
                "Plan these tasks again and find out who changed the database.",
            ),
            (
                Code::PlanBlocked,
                self.blocked,
                "are blocked by the checker",
                "Correct what the findings name, then plan again.",
            ),
            (
                Code::PlanNeedsPerson,
                self.needs_person,
                "have findings that somebody must accept",
                "Look at the findings; an approver confirms with their codes in accept.",
            ),
            (Code::PlanStale, self.stale, "are no longer what their tasks would do", again),
        ];
        kinds.into_iter().find(|(_, faults, _, _)| !faults.is_empty()).map(|(code, faults, what, act)| {
            Problem::new(code, format!("{} of the plans {what}.", faults.len()), sent, act).with(faults)
        })
    }
}

enum Stored {
    Intact(Box<SealedPlan>),
    Unknown,
    Altered,
}

/// A store may refuse to read an altered plan, or hand it out for us to see.
async fn stored(app: &App, connection: &Connection, digest: &PlanDigest) -> Result<Stored, Problem> {
    match app.store().plan(digest).await {
        Ok(Some(sealed)) if sealed.connection != connection.id => Ok(Stored::Unknown),
        Ok(Some(sealed)) if sealed.is_intact() => Ok(Stored::Intact(Box::new(sealed))),
        Ok(Some(_)) | Err(StoreError::Corrupt { .. }) => Ok(Stored::Altered),
        Ok(None) => Ok(Stored::Unknown),
        Err(error) => Err(error.into()),
    }
}

async fn examine(
    app: &App,
    who: &Who,
    connection: &Connection,
    digests: &[PlanDigest],
    accept: &BTreeSet<String>,
) -> Result<Examined, Problem> {
    let mut faults = Faults::default();
    let mut confirmable = Vec::with_capacity(digests.len());
    let mut before = 0;
    for (index, digest) in digests.iter().enumerate() {
        let at = format!("/plans/{index}");
        let sealed = match stored(app, connection, digest).await? {
            Stored::Intact(sealed) => *sealed,
            Stored::Unknown => {
                let detail = format!("there is no plan {digest} of the connection {}", connection.id);
                faults.unknown.push(Fault::new(at, "plan-unknown", detail));
                continue;
            }
            Stored::Altered => {
                faults.altered.push(Fault::new(at, "plan-altered", format!("plan {digest} does not match its digest")));
                continue;
            }
        };
        let task = app.store().task(&sealed.plan.task).await?;
        if task.as_ref().is_some_and(|task| was_confirmed(&task.state, digest)) {
            before += 1;
            continue;
        }
        for finding in sealed.findings.iter().filter(|finding| finding.severity == Severity::Blocks) {
            faults.blocked.push(Fault::new(at.clone(), &finding.code, finding.message.clone()));
        }
        for finding in sealed.findings.iter().filter(|finding| finding.severity == Severity::NeedsPerson) {
            if !accept.contains(&finding.code) || who.role < ACCEPTS_FINDINGS {
                faults.needs_person.push(Fault::new(at.clone(), &finding.code, finding.message.clone()));
            }
        }
        let still = task.filter(|task| task.state == TaskState::Planned(digest.clone()));
        let can_be_applied = app.parts.targets.by_digest(&sealed.ground.plugin).is_some();
        match still {
            Some(task) if can_be_applied => match waits_on(app, connection, &task).await? {
                None => confirmable.push((sealed, task)),
                Some(waits) => {
                    faults.stale.push(Fault::new(at, "waits-its-turn", format!("{} {}", task.number, waits.text)));
                }
            },
            Some(_) => faults.stale.push(Fault::new(
                at,
                "plugin-replaced",
                "the version of the plugin that made the plan is no longer there",
            )),
            None => {
                let why = adjusted_since(app, &sealed).await?;
                let detail = format!("task {} does not stand on this plan any more{why}", sealed.plan.task);
                faults.stale.push(Fault::new(at, "plan-stale", detail));
            }
        }
    }
    if before == digests.len() {
        return Ok(Examined::ConfirmedBefore);
    }
    if before > 0 {
        let detail = format!("{before} of these plans were confirmed before, the others were not");
        faults.stale.push(Fault::new("/plans", "confirmed-in-part", detail));
    }
    faults.problem().map_or(Ok(Examined::Confirmable(confirmable)), Err)
}

/// Who moved the ground under a plan, where it was a person's adjustment.
async fn adjusted_since(app: &App, sealed: &SealedPlan) -> Result<String, Problem> {
    let set = app.store().adjustments(vec![sealed.plan.task.clone()]).await?.pop();
    let set = set.filter(|set| set.at >= sealed.made_at);
    Ok(set.map(|set| format!(": {} ({})", Moved::Adjustments, set.by)).unwrap_or_default())
}

/// The plan left the hands of people already.
fn was_confirmed(state: &TaskState, digest: &PlanDigest) -> bool {
    !matches!(state, TaskState::Planned(_)) && state.plan() == Some(digest)
}

async fn earlier(app: &App, connection: &Connection, digests: &[PlanDigest]) -> Result<Started, Problem> {
    let runs = app.store().runs(Some(connection.reseller.clone()), RUNS_LOOKED_AT).await?;
    let run = runs.into_iter().find(|run| match &run.kind {
        RunKind::Sync(plans) => run.connection == connection.id && digests.iter().all(|digest| plans.contains(digest)),
        RunKind::Check
        | RunKind::Backfill(_)
        | RunKind::Plan(_)
        | RunKind::Reconcile { .. }
        | RunKind::Products { .. } => false,
    });
    run.map(Started::Already).ok_or_else(|| {
        Problem::new(
            Code::PlanStale,
            "These plans were confirmed before, in more than one run or long ago.",
            "Nothing was sent a second time.",
            "Look at the tasks for what became of them.",
        )
    })
}
