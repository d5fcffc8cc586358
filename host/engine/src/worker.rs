//! The loop: takes up queued runs, lets due retries go out, looks for lost effects. One run a connection at a
//! time writes; checks and plans of different connections go side by side.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use counterfoil_domain::connection::Connection;
use counterfoil_domain::id::{Actor, RunId};
use counterfoil_domain::ports::{PageRequest, Pending, TaskFilter};
use counterfoil_domain::run::{Run, RunKind, RunState};
use counterfoil_domain::task::{Event, TaskState};
use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;

use crate::engine::{Engine, EngineError};
use crate::progress::Progress;
use crate::propose::moved;
use crate::{check, dispatch, lookout, propose};

/// How often due retries and looks are looked for when nobody wakes the worker.
const TICK: Duration = Duration::from_millis(500);

/// Called before each round: whoever wires the engine brings its sources and routes up to date there.
#[derive(Clone)]
pub struct BeforeRound(pub Arc<dyn Fn() -> Pending<'static, ()> + Send + Sync>);

impl std::fmt::Debug for BeforeRound {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("BeforeRound")
    }
}

#[derive(Debug)]
pub struct Worker {
    engine: Arc<Engine>,
    wake: Arc<Notify>,
    before: BeforeRound,
}

impl Worker {
    pub fn new(engine: Arc<Engine>, wake: Arc<Notify>, before: BeforeRound) -> Self {
        Self { engine, wake, before }
    }

    /// Works until told to stop, then finishes what is in hand. Whatever is left has its intent in the
    /// journal and is taken up at the next start.
    pub async fn run(self, mut stop: watch::Receiver<bool>) {
        let mut running: JoinSet<RunId> = JoinSet::new();
        let mut in_hand: BTreeSet<RunId> = BTreeSet::new();
        while !*stop.borrow() {
            if let Err(error) = self.round(&mut running, &mut in_hand).await {
                tracing::error!(%error, "a round of work failed; the next one tries again");
            }
            tokio::select! {
                () = self.wake.notified() => {}
                () = tokio::time::sleep(TICK) => {}
                Some(done) = running.join_next(), if !running.is_empty() => {
                    if let Ok(id) = done {
                        in_hand.remove(&id);
                    }
                }
                _ = stop.changed() => {}
            }
        }
        while running.join_next().await.is_some() {}
    }

    async fn round(&self, running: &mut JoinSet<RunId>, in_hand: &mut BTreeSet<RunId>) -> Result<(), EngineError> {
        (self.before.0)().await;
        for run in self.engine.store.unfinished_runs().await? {
            if in_hand.insert(run.id.clone()) {
                let engine = Arc::clone(&self.engine);
                running.spawn(async move {
                    let id = run.id.clone();
                    carry_out(&engine, run).await;
                    id
                });
            }
        }
        for connection in self.engine.store.connections().await? {
            upkeep(&self.engine, &connection).await?;
        }
        Ok(())
    }
}

impl Engine {
    /// One round without a loop: every unfinished run in its turn, then the upkeep of every connection.
    /// What simulations drive, with a clock that they turn.
    pub async fn round(&self) -> Result<(), EngineError> {
        for run in self.store.unfinished_runs().await? {
            carry_out(self, run).await;
        }
        for connection in self.store.connections().await? {
            upkeep(self, &connection).await?;
        }
        Ok(())
    }
}

/// One run, from its row to its end. Failing is an ending too.
pub(crate) async fn carry_out(engine: &Engine, run: Run) {
    let id = run.id.clone();
    let kind = run.kind.clone();
    let mut progress = Progress::new(run, Arc::clone(&engine.store), Arc::clone(&engine.clock), engine.changed.clone());
    let result = async {
        progress.start().await?;
        match &kind {
            RunKind::Check => check::check(engine, &mut progress).await,
            RunKind::Plan(selection) => propose::propose(engine, selection, &mut progress).await,
            RunKind::Sync(plans) => dispatch::sync(engine, plans, &mut progress).await,
        }
    }
    .await;
    let failed = result.err().map(|error| error.to_string());
    if let Some(message) = &failed {
        tracing::warn!(run = %id, kind = kind.name(), message, "run failed");
    }
    if let Err(error) = progress.finish(failed).await {
        tracing::error!(run = %id, %error, "the end of a run could not be stored; it is taken up again");
    }
}

/// Due retries and looks of one connection. Does nothing while a sync of it is under way.
pub(crate) async fn upkeep(engine: &Engine, connection: &Connection) -> Result<(), EngineError> {
    let lock = engine.lock(&connection.id);
    let Ok(_held) = lock.try_lock() else { return Ok(()) };
    let open = engine.store.open_batches(&connection.id).await?;
    let filter = |state: &str| TaskFilter {
        connection: Some(connection.id.clone()),
        states: BTreeSet::from([state.to_owned()]),
        ..TaskFilter::default()
    };
    let page = PageRequest { after: None, limit: 500 };
    let retrying = engine.store.tasks(filter("retrying"), page.clone()).await?;
    let queued = engine.store.tasks(filter("queued"), page).await?;
    if open.is_empty() && retrying.is_empty() && queued.is_empty() {
        return Ok(());
    }
    let now = engine.clock.now();
    let run = Run {
        id: RunId::new("upkeep"),
        reseller: connection.reseller.clone(),
        connection: connection.id.clone(),
        kind: RunKind::Sync(Vec::new()),
        state: RunState::Running,
        asked_by: Actor::new("upkeep"),
        asked_at: now,
        started_at: Some(now),
        finished_at: None,
        total: None,
        done: 0,
        counts: Vec::new(),
        problems: Vec::new(),
    };
    let mut progress = Progress::silent(run, engine);
    lookout::look(engine, connection, &mut progress).await?;
    let mut due = Vec::new();
    for task in retrying {
        if matches!(&task.state, TaskState::Retrying { at, .. } if *at <= now) {
            due.extend(moved(engine, &task, Event::Due { by: Actor::new("upkeep") }));
        }
    }
    engine.store.commit(due).await?;
    resend(engine, connection, filter("queued"), &mut progress).await
}

/// Queued tasks that no run is about to send: due retries and what was found absent.
async fn resend(
    engine: &Engine,
    connection: &Connection,
    queued: TaskFilter,
    progress: &mut Progress,
) -> Result<(), EngineError> {
    let busy = engine.store.unfinished_runs().await?;
    let ours = |run: &Run| run.connection == connection.id && matches!(run.kind, RunKind::Sync(_));
    if busy.iter().any(ours) || connection.state != counterfoil_domain::connection::ConnectionState::Enabled {
        return Ok(());
    }
    let tasks = engine.store.tasks(queued, PageRequest { after: None, limit: 500 }).await?;
    let mut confirmed = Vec::new();
    for task in tasks {
        let TaskState::Queued { plan, .. } = &task.state else { continue };
        if let Some(sealed) = engine.store.plan(plan).await? {
            confirmed.push((task, sealed));
        }
    }
    dispatch::send(engine, connection, confirmed, progress).await
}
