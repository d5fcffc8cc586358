//! After a check: what may go without a person is planned, confirmed and sent, as if somebody had done it. Owns the
//! order of these steps; whether a task may go is the domain's word, and sending is dispatch's business as ever.
//!
//! The runs that follow a check have ids derived from its own, so that a restart, or a second round, makes none twice.

use std::collections::{BTreeMap, BTreeSet};

use counterfoil_domain::adjust::Adjustments;
use counterfoil_domain::auto::{self, Standing, Why};
use counterfoil_domain::connection::Connection;
use counterfoil_domain::digest::Digester;
use counterfoil_domain::id::{Actor, CustomerId, PluginDigest, RunId, TaskId};
use counterfoil_domain::plan::SealedPlan;
use counterfoil_domain::ports::{AuditEntry, CommitError, StoreError, Write};
use counterfoil_domain::run::{RunKind, Selection};
use counterfoil_domain::task::{Event, Task};

use crate::engine::{Engine, EngineError};
use crate::linking::in_state;
use crate::propose::moved;
use crate::schedule::{asked, new_run, run_id};
use crate::turn;

const ACTOR: &str = "auto-sync";

/// Tasks whose adjustments are read together.
const CHUNK: usize = 500;

/// One step after this check. True: nothing more is to be done before the next one.
pub(crate) async fn follow(engine: &Engine, connection: &Connection, check: &RunId) -> Result<bool, EngineError> {
    let (planning, sending) = (derived("auto-plan", check), derived("auto-sync", check));
    if engine.store.run(&sending).await?.is_some() {
        return Ok(true);
    }
    let Some(standings) = Standings::load(engine, connection).await? else { return Ok(true) };
    let planned_before = engine.store.run(&planning).await?.is_some();
    if !planned_before {
        let tasks = to_plan(engine, &standings).await?;
        if !tasks.is_empty() {
            let kind = RunKind::Plan(Selection::Tasks(tasks));
            let run = new_run(connection, planning, kind, &Actor::new(ACTOR), engine.clock.now());
            engine.store.commit(asked(run)).await?;
            return Ok(false);
        }
    }
    confirm(engine, &standings, check, sending).await
}

fn derived(what: &str, check: &RunId) -> RunId {
    let mut id = Digester::new(what);
    id.text(check.as_str());
    run_id(id)
}

/// Switches and doubts of a connection, as they are now.
struct Standings<'a> {
    connection: &'a Connection,
    switched_on: BTreeSet<CustomerId>,
    /// Customers of whom something was sent and never answered.
    uncertain: BTreeSet<CustomerId>,
}

impl<'a> Standings<'a> {
    /// None: no customer is switched on.
    async fn load(engine: &Engine, connection: &'a Connection) -> Result<Option<Self>, EngineError> {
        let switched_on = engine.store.switched_on(&connection.id).await?;
        if switched_on.is_empty() {
            return Ok(None);
        }
        let lost = in_state(engine, connection, &["uncertain"]).await?;
        let uncertain = lost.into_iter().map(|task| task.customer).collect();
        Ok(Some(Self { connection, switched_on, uncertain }))
    }

    fn of<'b>(&'b self, task: &Task, adjustments: Option<&'b Adjustments>) -> Standing<'b> {
        Standing {
            connection: self.connection,
            switched_on: self.switched_on.contains(&task.customer),
            adjustments,
            uncertain: self.uncertain.contains(&task.customer),
        }
    }

    /// The tasks in this state of which nothing is known so far that keeps them from going.
    async fn hopeful(&self, engine: &Engine, state: &str) -> Result<Vec<(Task, Option<Adjustments>)>, EngineError> {
        let mut tasks = in_state(engine, self.connection, &[state]).await?;
        tasks.retain(|task| auto::may_plan(task, self.of(task, None)).is_ok());
        let mut hopeful = Vec::with_capacity(tasks.len());
        for chunk in tasks.chunks(CHUNK) {
            let ids = chunk.iter().map(|task| task.id.clone()).collect();
            let found = engine.store.adjustments(ids).await?;
            let mut found: BTreeMap<TaskId, Adjustments> = found.into_iter().map(|a| (a.task.clone(), a)).collect();
            let with = chunk.iter().map(|task| (task.clone(), found.remove(&task.id)));
            hopeful.extend(with.filter(|(task, all)| auto::may_plan(task, self.of(task, all.as_ref())).is_ok()));
        }
        Ok(hopeful)
    }
}

/// What is ready, and what stands on a plan of a version of the plugin that is no longer active.
async fn to_plan(engine: &Engine, standings: &Standings<'_>) -> Result<Vec<TaskId>, EngineError> {
    let ready = standings.hopeful(engine, "ready").await?;
    let ready: Vec<Task> = ready.into_iter().map(|(task, _)| task).collect();
    let Some(active) = engine.targets.active(&standings.connection.plugin) else {
        return Ok(ready.into_iter().map(|task| task.id).collect());
    };
    // Those that wait for another go after it, with a later check.
    let waiting = turn::waiting(engine, standings.connection, active.card(), &ready).await?;
    let mut tasks: Vec<TaskId> = ready.into_iter().map(|task| task.id).filter(|id| !waiting.contains_key(id)).collect();
    for (task, _) in standings.hopeful(engine, "planned").await? {
        if let Some(sealed) = plan_of(engine, &task).await?
            && sealed.ground.plugin != *active.digest()
        {
            tasks.push(task.id);
        }
    }
    Ok(tasks)
}

/// None: it cannot be read as it was stored, and nobody may confirm it.
async fn plan_of(engine: &Engine, task: &Task) -> Result<Option<SealedPlan>, EngineError> {
    let Some(digest) = task.state.plan() else { return Ok(None) };
    match engine.store.plan(digest).await {
        Err(StoreError::Corrupt { problem, .. }) => {
            tracing::error!(task = %task.id, plan = %digest, problem, "a stored plan cannot be read; it does not go by itself");
            Ok(None)
        }
        found => Ok(found?),
    }
}

/// Tasks, audit and run in one commit, as for a person.
async fn confirm(
    engine: &Engine,
    standings: &Standings<'_>,
    check: &RunId,
    sending: RunId,
) -> Result<bool, EngineError> {
    let actor = Actor::new(ACTOR);
    let now = engine.clock.now();
    let (mut writes, mut plans) = (Vec::new(), Vec::new());
    let planned = standings.hopeful(engine, "planned").await?;
    let tasks: Vec<Task> = planned.iter().map(|(task, _)| task.clone()).collect();
    let waiting = match engine.targets.active(&standings.connection.plugin) {
        Some(active) => turn::waiting(engine, standings.connection, active.card(), &tasks).await?,
        None => BTreeMap::new(),
    };
    for (task, adjustments) in planned.into_iter().filter(|(task, _)| !waiting.contains_key(&task.id)) {
        let Some(sealed) = plan_of(engine, &task).await? else { continue };
        let verdict = if can_be_applied(engine, &sealed.ground.plugin) {
            auto::allowed(&task, &sealed, standings.of(&task, adjustments.as_ref()))
        } else {
            Err(Why::NotPlanned)
        };
        if let Err(why) = verdict {
            tracing::debug!(task = %task.id, %why, "does not go by itself");
            continue;
        }
        let event = Event::Confirmed { plan: sealed.digest.clone(), by: actor.clone() };
        let Some(write) = moved(engine, &task, event) else { continue };
        writes.push(write);
        writes.push(Write::Audit(AuditEntry {
            at: now,
            actor: actor.clone(),
            action: "plan.confirm".to_owned(),
            subject: task.id.to_string(),
            detail: confirmation(&sealed, check),
        }));
        plans.push(sealed.digest);
    }
    if plans.is_empty() {
        return Ok(true);
    }
    writes.extend(asked(new_run(standings.connection, sending, RunKind::Sync(plans), &actor, now)));
    match engine.store.commit(writes).await {
        Ok(()) => Ok(true),
        // Somebody did something with one of them: look again in the next round.
        Err(CommitError::Conflict { .. }) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

fn can_be_applied(engine: &Engine, plugin: &PluginDigest) -> bool {
    engine.targets.by_digest(plugin).is_some()
}

fn confirmation(sealed: &SealedPlan, check: &RunId) -> String {
    let totals: Vec<String> = sealed.plan.changes.iter().map(|change| change.total.to_string()).collect();
    format!("plan {} for {}, after the check {check}", sealed.digest, totals.join(" + "))
}
