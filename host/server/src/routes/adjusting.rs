//! What people set on a task before it is confirmed, and what they decide where the rules cannot. What may be set is the
//! domain's to say; values, the task's move and the audit are one commit. A plan of before does not count any more.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use counterfoil_domain::adjust::{self, Adjustments, Basis, Raw, Refusal};
use counterfoil_domain::card::Adjustable;
use counterfoil_domain::decide::{self, Case, Proposal};
use counterfoil_domain::id::SubscriptionId;
use counterfoil_domain::judge::LinkBook;
use counterfoil_domain::market::Subscription;
use counterfoil_domain::order::Order;
use counterfoil_domain::ports::Write;
use counterfoil_domain::snapshot;
use counterfoil_domain::task::{Event, IgnoreReason, Ignored, Illegal, Subject, Task, TaskState, next};

use super::tasks::{offered, task};
use super::{audit, connection};
use crate::extract::{Body, Id};
use crate::guard::Who;
use crate::parts::App;
use crate::problem::{Code, Fault, Problem};
use crate::suggest::hint;
use crate::wire::{AdjustBody, AdjustmentsView, DecideBody, DocumentValueView, TaskView, pointer};

const KEPT: &str = "Nothing was changed and nothing was sent.";
/// Longer than anybody reads.
const LONGEST_REASON: usize = 2_000;

/// A task with what it is adjusted against.
struct Desk {
    task: Task,
    order: Order,
    before: Option<Adjustments>,
    /// What the target lets people set on a task as a whole.
    offered: Vec<Adjustable>,
}

impl Desk {
    async fn open(app: &App, id: &str) -> Result<Self, Problem> {
        let task = task(app, id).await?;
        let order = match &task.subject {
            Subject::Order { key, .. } => app.store().order(key).await?,
            Subject::Initial { marketplace, subscription } => {
                app.store().order(&snapshot::key(marketplace, &task.connection, subscription)).await?
            }
        };
        let order = order.ok_or_else(|| {
            let happened = format!("The order of task {id} is not in the store any more.");
            Problem::new(Code::NotFound, happened, KEPT, "Check changes again; the marketplace may still have it.")
        })?;
        let before = app.store().adjustments(vec![task.id.clone()]).await?.pop();
        let offered = offered(app, &task).await?;
        Ok(Self { task, order, before, offered })
    }

    fn decided(&self) -> Option<&str> {
        self.before.as_ref().and_then(|before| before.decided.as_deref())
    }

    fn is_asked(&self) -> bool {
        decide::is_asked(&self.task.state)
    }

    fn is_adjustable(&self) -> bool {
        decide::adjusted(&self.task.state).is_ok()
    }

    /// What was looked at is what is changed.
    fn unchanged(&self, looked_at: Option<u64>) -> Result<(), Problem> {
        if looked_at.is_none_or(|version| version == self.task.version) {
            return Ok(());
        }
        let happened = format!(
            "Task {} has version {} by now, not {}.",
            self.task.id,
            self.task.version,
            looked_at.unwrap_or_default()
        );
        Err(Problem::new(Code::ChangedMeanwhile, happened, KEPT, "Look at it again, then repeat what still holds."))
    }

    fn moved(&self, app: &App, state: TaskState) -> Task {
        Task { state, version: self.task.version + 1, updated_at: app.now(), ..self.task.clone() }
    }

    async fn subscription(&self, app: &App) -> Result<Option<Subscription>, Problem> {
        let Some(id) = self.order.subscription.clone() else { return Ok(None) };
        Ok(app.store().subscriptions(&self.order.key.marketplace, Some(vec![id])).await?.pop())
    }

    /// None where nobody asks for an answer, and none was given.
    async fn proposals(&self, app: &App) -> Result<Vec<Proposal>, Problem> {
        let may_answer_anew = self.decided().is_some() && self.is_adjustable();
        if !self.is_asked() && !may_answer_anew {
            return Ok(Vec::new());
        }
        let rules = connection(app, self.task.connection.as_str()).await?.rules;
        let subscription = self.subscription(app).await?;
        let of = |id: &SubscriptionId| vec![id.clone()];
        let (mut sent, mut snapshot_at) = (Vec::new(), None);
        if let Some(id) = &self.order.subscription {
            sent = app.store().claims(&self.task.connection, of(id)).await?;
            sent.retain(|claim| claim.number == self.order.number && claim.task != self.task.id);
            let initial = app.store().initial_tasks_of(&self.task.connection, id).await?;
            snapshot_at = initial.iter().map(|task| task.observed_at).min();
        }
        Ok(decide::proposals(&Case {
            task: &self.task,
            order: &self.order,
            subscription: subscription.as_ref(),
            sent: &sent,
            snapshot_at,
            rules: &rules,
        }))
    }

    async fn checked(&self, app: &App, who: &Who, raw: &Raw) -> Result<Adjustments, Problem> {
        // Only a catalogue's price needs a link at once; everything else asks for it when it is planned.
        let asks_catalogue = raw.lines.iter().any(|line| line.price_source.as_deref() == Some("catalogue"));
        let links = if asks_catalogue { app.store().links(&self.task.connection, None).await? } else { Vec::new() };
        let basis = Basis {
            task: &self.task.id,
            order: &self.order,
            links: &LinkBook::new(links),
            adjust: &self.offered,
            before: self.before.as_ref(),
            by: &who.actor,
            at: app.now(),
        };
        adjust::checked(raw, basis).map_err(|refusals| refused(&self.task, &refusals, raw))
    }

    async fn view(&self, app: &App) -> Result<Json<AdjustmentsView>, Problem> {
        let proposals = self.proposals(app).await?;
        let is = (self.is_adjustable(), self.is_asked());
        let task = (&self.task).into();
        let mut view = AdjustmentsView::of(task, is, &self.order, self.before.as_ref(), &proposals);
        let none = BTreeMap::new();
        view.document = DocumentValueView::all(&self.offered, self.before.as_ref().map_or(&none, |set| &set.document));
        Ok(Json(view))
    }
}

fn refused(task: &Task, refusals: &[Refusal], raw: &Raw) -> Problem {
    let fault = |refusal: &Refusal| Fault::new(pointer(refusal, raw), refusal.rule.name(), refusal.to_string());
    let happened = match refusals {
        [one] => format!("Task {}: {one}.", task.id),
        many => format!("Task {}: {} of the values cannot be.", task.id, many.len()),
    };
    Problem::new(Code::Invalid, happened, KEPT, "Correct what is named and send all of it again.")
        .with(refusals.iter().map(fault).collect())
}

fn illegal(task: &Task, illegal: &Illegal) -> Problem {
    let act = match &task.state {
        TaskState::Queued { .. } | TaskState::Sending { .. } | TaskState::Retrying { .. } => {
            "It was confirmed as it was; correct the document in the target once it is there."
        }
        TaskState::Parked { .. } => "A part of it is in the target already; correct the documents there.",
        TaskState::Synced { .. } => "It is in the target already; correct the document there.",
        TaskState::Uncertain { .. } => "Resolve first whether it is in the target.",
        TaskState::Ignored(_) => "Take it back from Ignored first.",
        TaskState::Superseded { .. } => "Adjust the task of the newer revision.",
        _ => "Read the task for where it stands now.",
    };
    Problem::new(Code::TaskState, format!("Task {}: {illegal}.", task.id), KEPT, act)
}

/// For the audit log: each value, by line and field.
fn told(adjustments: &Adjustments) -> String {
    let values = adjustments.flat();
    let values = values.iter().map(|set| {
        let line = if set.line.as_str().is_empty() { String::new() } else { format!("{} ", set.line) };
        format!("{line}{}={}", set.field, set.value)
    });
    let values: Vec<String> = values.collect();
    if values.is_empty() { "nothing is set".to_owned() } else { values.join("; ") }
}

/// A task's lines with what is set on them, and what may be decided.
#[utoipa::path(get, path = "/v1/tasks/{id}/adjustments", tag = "tasks", params(("id" = String, Path)), responses((status = 200, body = AdjustmentsView)))]
pub(crate) async fn show(State(app): State<App>, Id(id): Id) -> Result<Json<AdjustmentsView>, Problem> {
    Desk::open(&app, &id).await?.view(&app).await
}

/// Set what a task will bill, line by line. Its plan, if it had one, does not count any more.
#[utoipa::path(put, path = "/v1/tasks/{id}/adjustments", tag = "tasks", params(("id" = String, Path)), request_body = AdjustBody, responses((status = 200, body = AdjustmentsView)))]
pub(crate) async fn put(
    State(app): State<App>,
    who: Who,
    Id(id): Id,
    Body(body): Body<AdjustBody>,
) -> Result<Json<AdjustmentsView>, Problem> {
    let mut desk = Desk::open(&app, &id).await?;
    desk.unchanged(body.version)?;
    let state = decide::adjusted(&desk.task.state).map_err(|error| illegal(&desk.task, &error))?;
    let mut set = desk.checked(&app, &who, &body.raw()).await?;
    if let Some(before) = desk.before.as_ref().filter(|before| before.decided.is_some()) {
        // Left out by the decision: saying nothing of a line must not bill it.
        let named = |line: &adjust::LineAdjustment| body.lines.iter().any(|named| named.line == line.line.as_str());
        set.lines.extend(before.lines.iter().filter(|line| !named(line)).cloned());
    }
    let task = desk.moved(&app, state);
    let note = audit(&app, &who.actor, "task.adjust", &task.id, told(&set));
    app.store().commit(vec![Write::UpdateTask(task.clone()), Write::PutAdjustments(set.clone()), note]).await?;
    (desk.task, desk.before) = (task, Some(set));
    app.wake();
    desk.view(&app).await
}

/// Take back all that was set. A task that was decided asks again.
#[utoipa::path(delete, path = "/v1/tasks/{id}/adjustments", tag = "tasks", params(("id" = String, Path)), responses((status = 200, body = AdjustmentsView)))]
pub(crate) async fn clear(State(app): State<App>, who: Who, Id(id): Id) -> Result<Json<AdjustmentsView>, Problem> {
    let mut desk = Desk::open(&app, &id).await?;
    let state = match desk.decided() {
        Some(reason) => decide::asked_again(&desk.task.state, reason, &who.actor),
        None => decide::adjusted(&desk.task.state),
    };
    let state = state.map_err(|error| illegal(&desk.task, &error))?;
    let Some(before) = desk.before.as_ref().filter(|before| !before.is_empty() || !before.dropped.is_empty()) else {
        return desk.view(&app).await;
    };
    let task = desk.moved(&app, state);
    let none = Adjustments::none(task.id.clone(), who.actor.clone(), app.now());
    let note = audit(&app, &who.actor, "task.adjust-clear", &task.id, format!("was: {}", told(before)));
    app.store().commit(vec![Write::UpdateTask(task.clone()), Write::PutAdjustments(none.clone()), note]).await?;
    (desk.task, desk.before) = (task, Some(none));
    app.wake();
    desk.view(&app).await
}

/// Answer what a task waits with: take a proposal, or say what to bill. The links of the answer are asked for like any
/// others, and its plan is confirmed like any other.
#[utoipa::path(post, path = "/v1/tasks/{id}/decide", tag = "tasks", params(("id" = String, Path)), request_body = DecideBody, responses((status = 200, body = TaskView)))]
pub(crate) async fn decide(
    State(app): State<App>,
    who: Who,
    Id(id): Id,
    Body(body): Body<DecideBody>,
) -> Result<Json<TaskView>, Problem> {
    if body.reason.trim().is_empty() {
        return Err(Problem::invalid("/reason", "required", "say why, for whoever reads it later"));
    }
    if body.reason.chars().count() > LONGEST_REASON {
        let detail = format!("say it in at most {LONGEST_REASON} characters");
        return Err(Problem::invalid("/reason", "too-long", detail));
    }
    let desk = Desk::open(&app, &id).await?;
    desk.unchanged(body.version)?;
    let state = decide::answered(&desk.task.state).map_err(|error| illegal(&desk.task, &error))?;
    if !desk.is_asked() && desk.decided().is_none() {
        let happened = format!("Task {} waits for no decision: it is {}.", desk.task.id, desk.task.state.name());
        let act = "Adjust its lines instead, or ignore it.";
        return Err(Problem::new(Code::TaskState, happened, KEPT, act));
    }
    let mut set = match (&body.proposal, &body.lines) {
        (Some(name), None) => taken(&app, &who, &desk, name, &body.reason).await?,
        (None, Some(lines)) => Some(desk.checked(&app, &who, &body.raw(lines, &desk.order)).await?),
        _ => {
            return Err(Problem::invalid("/proposal", "which", "give either a proposal's name, or lines of your own"));
        }
    };
    if let (Some(set), Some(before)) = (&mut set, &desk.before) {
        // An answer says what is billed; what was set on the task as a whole stays.
        set.document.clone_from(&before.document);
    }
    let (task, told) = match &set {
        Some(set) => (desk.moved(&app, state), told(set)),
        None => {
            let text = body.reason.trim().to_owned();
            let at = app.now();
            let ignored = Ignored { reason: IgnoreReason::ByPerson, text, by: who.actor.clone(), at, until: None };
            let state = next(desk.task.state.clone(), Event::IgnoredBy(ignored));
            (desk.moved(&app, state.map_err(|error| illegal(&desk.task, &error))?), "bills nothing".to_owned())
        }
    };
    let name = body.proposal.as_deref().unwrap_or("own lines");
    let detail = format!("{name}, because: {}; {} of the order; {told}", body.reason.trim(), desk.task.amount);
    let mut writes = vec![Write::UpdateTask(task.clone())];
    writes.extend(set.map(Write::PutAdjustments));
    writes.push(audit(&app, &who.actor, "task.decide", &task.id, detail));
    app.store().commit(writes).await?;
    app.wake();
    Ok(Json((&task).into()))
}

/// The values of a proposal; none: it bills nothing.
async fn taken(app: &App, who: &Who, desk: &Desk, name: &str, reason: &str) -> Result<Option<Adjustments>, Problem> {
    let proposals = desk.proposals(app).await?;
    let Some(proposal) = proposals.iter().find(|proposal| proposal.name == name) else {
        let help = hint(name, proposals.iter().map(|proposal| proposal.name));
        return Err(Problem::invalid("/proposal", "unknown-proposal", format!("\"{name}\" is not proposed; {help}")));
    };
    Ok(proposal.adjustments(&desk.task.id, reason, &who.actor, app.now()))
}
