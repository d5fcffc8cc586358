//! What the engine does without being asked: checks that are due, and what auto-sync does after a check. Owns what it
//! remembers of the last check, so that a round without anything due reads no runs; what is due is the domain's word.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, Utc};
use counterfoil_domain::connection::{Connection, ConnectionState};
use counterfoil_domain::daily;
use counterfoil_domain::digest::Digester;
use counterfoil_domain::id::{Actor, ConnectionId, RunId};
use counterfoil_domain::ports::{AuditEntry, CommitError, Write};
use counterfoil_domain::program::Program;
use counterfoil_domain::run::{ProductChoice, Run, RunKind, RunState};
use counterfoil_domain::schedule::{self, LastCheck};

use crate::auto;
use crate::engine::{Engine, EngineError};

/// How far back the last check is looked for. Not found, it is made anew: that does no harm.
const RUNS_LOOKED_AT: usize = 500;

/// The last check of each connection, as long as no other came after it.
#[derive(Debug, Default)]
pub(crate) struct Agenda(Mutex<Remembered>);

#[derive(Debug, Default)]
struct Remembered {
    /// Grows whenever a check ends: what was read before that is not remembered.
    epoch: u64,
    last: BTreeMap<ConnectionId, Last>,
}

#[derive(Debug, Clone)]
struct Last {
    check: Option<LastCheck>,
    /// The products of daily programs were synchronized after it.
    stocked: bool,
    /// Auto-sync has nothing more to do after it.
    followed: bool,
}

impl Agenda {
    fn all(&self) -> MutexGuard<'_, Remembered> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A check of the connection ended.
    pub(crate) fn forget(&self, connection: &ConnectionId) {
        let mut all = self.all();
        all.epoch += 1;
        all.last.remove(connection);
    }

    fn get(&self, connection: &ConnectionId) -> (u64, Option<Last>) {
        let all = self.all();
        (all.epoch, all.last.get(connection).cloned())
    }

    fn put(&self, connection: &ConnectionId, epoch: u64, last: Last) {
        let mut all = self.all();
        if all.epoch == epoch {
            all.last.insert(connection.clone(), last);
        }
    }
}

/// One step for one connection: what auto-sync has to do after the last check, then the next check if it is due.
pub(crate) async fn tend(engine: &Engine, connection: &Connection) -> Result<(), EngineError> {
    let rules = &connection.rules;
    let programs = engine.store.programs(&connection.id).await?;
    let daily: Vec<&Program> = programs.iter().filter(|one| one.enabled && one.daily_at.is_some()).collect();
    let wanted = rules.check_every.is_some() || rules.auto_sync.on || !daily.is_empty();
    if !wanted || connection.state != ConnectionState::Enabled {
        return Ok(());
    }
    let (epoch, known) = engine.agenda.get(&connection.id);
    let unfinished = engine.store.unfinished_runs().await?;
    let ours: Vec<&Run> = unfinished.iter().filter(|run| run.connection == connection.id).collect();
    if ours.iter().any(|run| matches!(run.kind, RunKind::Check | RunKind::Backfill(_))) {
        return Ok(());
    }
    let mut last = match known {
        Some(last) => last,
        None => Last { check: last_check(engine, connection).await?, stocked: false, followed: false },
    };
    if let Some(check) = last.check.as_ref().filter(|check| can_be_followed(check.state))
        && !last.stocked
        && ours.is_empty()
    {
        last.stocked = stock(engine, connection, &daily, &check.run).await?;
    }
    if let Some(check) = last.check.as_ref().filter(|check| can_be_followed(check.state))
        && rules.auto_sync.on
        && last.stocked
        && !last.followed
        && ours.is_empty()
    {
        last.followed = auto::follow(engine, connection, &check.run).await?;
    }
    engine.agenda.put(&connection.id, epoch, last.clone());
    let now = engine.clock.now();
    let is_due = |program: &&Program| daily::due(program, last.check.as_ref(), now);
    if schedule::due(last.check.as_ref(), rules.check_every, now) || daily.iter().any(is_due) {
        ask(engine, connection, now).await?;
    }
    Ok(())
}

/// The products of daily programs, one program after the other, before anything is planned: new ones need their items.
/// True: that is done.
async fn stock(
    engine: &Engine,
    connection: &Connection,
    daily: &[&Program],
    check: &RunId,
) -> Result<bool, EngineError> {
    for program in daily.iter().filter(|program| program.products) {
        let mut id = Digester::new("daily-products");
        id.text(check.as_str()).text(program.name.name());
        let id = run_id(id);
        if engine.store.run(&id).await?.is_some() {
            continue;
        }
        let kind = RunKind::Products { program: program.name, which: ProductChoice::All };
        let run = new_run(connection, id, kind, &Actor::new("schedule"), engine.clock.now());
        engine.store.commit(asked(run)).await?;
        return Ok(false);
    }
    Ok(true)
}

/// What was read is there, even where not everything was.
fn can_be_followed(state: RunState) -> bool {
    matches!(state, RunState::Done | RunState::Incomplete)
}

async fn last_check(engine: &Engine, connection: &Connection) -> Result<Option<LastCheck>, EngineError> {
    let runs = engine.store.runs(Some(connection.reseller.clone()), RUNS_LOOKED_AT).await?;
    Ok(LastCheck::of(&runs, &connection.id, engine.clock.now()))
}

async fn ask(engine: &Engine, connection: &Connection, now: DateTime<Utc>) -> Result<(), EngineError> {
    let actor = Actor::new("schedule");
    let mut id = Digester::new("scheduled-check");
    id.text(connection.id.as_str()).text(&now.to_rfc3339());
    let run = new_run(connection, run_id(id), RunKind::Check, &actor, now);
    match engine.store.commit(asked(run)).await {
        // Somebody was quicker: that check will do.
        Ok(()) | Err(CommitError::AlreadyRunning(_)) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// As other runs are called.
pub(crate) fn run_id(digest: Digester) -> RunId {
    RunId::new(format!("run_{}", digest.short()))
}

pub(crate) fn new_run(connection: &Connection, id: RunId, kind: RunKind, actor: &Actor, now: DateTime<Utc>) -> Run {
    Run {
        id,
        reseller: connection.reseller.clone(),
        connection: connection.id.clone(),
        kind,
        state: RunState::Queued,
        asked_by: actor.clone(),
        asked_at: now,
        started_at: None,
        finished_at: None,
        total: None,
        done: 0,
        counts: Vec::new(),
        problems: Vec::new(),
    }
}

/// A run as it is asked for, with its line in the audit log.
pub(crate) fn asked(run: Run) -> Vec<Write> {
    let entry = AuditEntry {
        at: run.asked_at,
        actor: run.asked_by.clone(),
        action: format!("run.{}", run.kind.name()),
        subject: run.id.to_string(),
        detail: run.connection.to_string(),
    };
    vec![Write::InsertRun(run), Write::Audit(entry)]
}
