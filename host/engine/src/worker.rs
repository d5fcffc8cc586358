//! The loop: takes up queued runs, lets due retries go out, looks for lost effects. One run a connection at a
//! time writes; checks and plans of different connections go side by side.

use std::collections::{BTreeSet, HashMap};
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use counterfoil_domain::connection::Connection;
use counterfoil_domain::failure::{Failure, FailureClass};
use counterfoil_domain::id::{Actor, ConnectionId, RunId};
use counterfoil_domain::ports::{PageRequest, Pending, TaskFilter};
use counterfoil_domain::ramp::Ramp;
use counterfoil_domain::retry::LONGEST_WAIT;
use counterfoil_domain::run::{Run, RunKind, RunState};
use counterfoil_domain::task::{Event, TaskState};
use tokio::sync::{Notify, watch};
use tokio::task::{Id, JoinError, JoinSet};

use crate::engine::{Engine, EngineError};
use crate::progress::Progress;
use crate::propose::moved;
use crate::{catalog, check, comeback, dispatch, follow_up, lookout, mail, products, propose, reconcile, schedule};

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
        let mut hands = Hands::default();
        while !*stop.borrow() {
            if let Err(error) = self.round(&mut hands).await {
                tracing::error!(%error, "a round of work failed; the next one tries again");
            }
            self.rest(&mut hands, &mut stop).await;
        }
        self.engine.stop();
        while hands.running.join_next().await.is_some() {}
    }

    /// Until there may be something to do. The end of an upkeep is nothing to do: each round starts one, and a round for
    /// each would never rest.
    async fn rest(&self, hands: &mut Hands, stop: &mut watch::Receiver<bool>) {
        let tick = tokio::time::sleep(TICK);
        tokio::pin!(tick);
        loop {
            tokio::select! {
                () = self.wake.notified() => return,
                () = &mut tick => return,
                Some(done) = hands.running.join_next_with_id(), if !hands.running.is_empty() => {
                    if matches!(self.put_down(hands, done).await, Some(Job::Run(_) | Job::Catalog(_))) {
                        return;
                    }
                }
                _ = stop.changed() => return,
            }
        }
    }

    async fn round(&self, hands: &mut Hands) -> Result<(), EngineError> {
        (self.before.0)().await;
        for run in self.engine.store.unfinished_runs().await? {
            let engine = Arc::clone(&self.engine);
            hands.take(Job::Run(run.id.clone()), async move { carry_out(&engine, run).await });
        }
        for run in self.engine.store.unfinished_catalog_runs().await? {
            let engine = Arc::clone(&self.engine);
            hands.take(Job::Catalog(run.id.clone()), async move { catalog::carry_out(&engine, run).await });
        }
        // Side by side: a target that takes its time holds up no other connection, and no run.
        for connection in self.engine.store.connections().await? {
            let engine = Arc::clone(&self.engine);
            hands.take(Job::Upkeep(connection.id.clone()), async move { keep_up(&engine, &connection).await });
        }
        Ok(())
    }

    /// What has ended.
    async fn put_down(&self, hands: &mut Hands, done: Result<(Id, ()), JoinError>) -> Option<Job> {
        let (id, defect) = match done {
            Ok((id, ())) => (id, None),
            Err(error) => (error.id(), Some(error.to_string())),
        };
        let job = hands.jobs.remove(&id)?;
        hands.in_hand.remove(&job);
        match (defect, &job) {
            (Some(defect), Job::Run(run)) => self.stopped_by_defect(run, &defect).await,
            (Some(defect), Job::Catalog(run)) => catalog::stopped_by_defect(&self.engine, run, &defect).await,
            _ => {}
        }
        Some(job)
    }

    async fn stopped_by_defect(&self, run: &RunId, defect: &str) {
        // Taken up again it would only stop again: the journal knows what it sent.
        tracing::error!(%run, defect, "a run was stopped by a defect");
        let Ok(Some(run)) = self.engine.store.run(run).await else { return };
        let engine = &self.engine;
        let (store, clock) = (Arc::clone(&engine.store), Arc::clone(&engine.clock));
        let connection = run.connection.clone();
        let mut progress = Progress::new(run, store, clock, engine.changed.clone());
        let text = "a defect of this service stopped the run; what it sent is in the journal".to_owned();
        if let Err(error) = progress.finish(Some(text)).await {
            tracing::error!(%error, "the end of a run could not be stored");
        }
        engine.agenda.forget(&connection);
    }
}

/// What is under way, each at most once.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Job {
    Run(RunId),
    Catalog(RunId),
    Upkeep(ConnectionId),
}

#[derive(Debug, Default)]
struct Hands {
    running: JoinSet<()>,
    in_hand: BTreeSet<Job>,
    jobs: HashMap<Id, Job>,
}

impl Hands {
    fn take(&mut self, job: Job, work: impl Future<Output = ()> + Send + 'static) {
        if self.in_hand.insert(job.clone()) {
            let id = self.running.spawn(work).id();
            self.jobs.insert(id, job);
        }
    }
}

impl Engine {
    /// One round without a loop: every unfinished run in its turn, then the upkeep of every connection.
    /// What simulations drive, with a clock that they turn.
    pub async fn round(&self) -> Result<(), EngineError> {
        for run in self.store.unfinished_runs().await? {
            carry_out(self, run).await;
        }
        for run in self.store.unfinished_catalog_runs().await? {
            catalog::carry_out(self, run).await;
        }
        for connection in self.store.connections().await? {
            keep_up(self, &connection).await;
        }
        Ok(())
    }
}

/// The upkeep of one connection. Failing, it is tried again with the next round, and holds up no other.
async fn keep_up(engine: &Engine, connection: &Connection) {
    // First: a target that takes its time holds up no check.
    if let Err(error) = schedule::tend(engine, connection).await {
        tracing::warn!(connection = %connection.id, %error, "a check or an auto-sync could not be asked for; the next round tries again");
    }
    if let Err(error) = mail::keep(engine, &connection.id).await {
        tracing::warn!(connection = %connection.id, %error, "mail could not be looked through; the next round tries again");
    }
    if let Err(error) = upkeep(engine, connection).await {
        tracing::warn!(connection = %connection.id, %error, "the upkeep of a connection failed; the next round tries again");
    }
}

/// One run, from its row to its end. Failing is an ending too.
pub(crate) async fn carry_out(engine: &Engine, run: Run) {
    let id = run.id.clone();
    let kind = run.kind.clone();
    let connection = run.connection.clone();
    let mut progress = Progress::new(run, Arc::clone(&engine.store), Arc::clone(&engine.clock), engine.changed.clone());
    let result = async {
        progress.start().await?;
        match &kind {
            RunKind::Check | RunKind::Backfill(_) => {
                comeback::before_check(engine, &mut progress).await;
                check::check(engine, &mut progress).await
            }
            RunKind::Plan(selection) => propose::propose(engine, selection, &mut progress).await,
            RunKind::Reconcile { subscriptions, period } => {
                reconcile::reconcile(engine, (subscriptions, *period), &mut progress).await
            }
            RunKind::Sync(plans) => dispatch::sync(engine, plans, &mut progress).await,
            RunKind::Products { program, which } => products::sync(engine, (*program, which), &mut progress).await,
        }
    }
    .await;
    // Its row stands as running: it is taken up again with the next start.
    if matches!(result, Err(EngineError::Stopping)) {
        return;
    }
    let failed = result.err().map(|error| error.to_string());
    if let Some(message) = &failed {
        tracing::warn!(run = %id, kind = kind.name(), message, "run failed");
    }
    if let Err(error) = progress.finish(failed).await {
        tracing::error!(run = %id, %error, "the end of a run could not be stored; it is taken up again");
    }
    if let Err(error) = mail::after(engine, &progress.run).await {
        tracing::warn!(run = %id, %error, "what there is to tell of a run could not be put into the post");
    }
    if kind == RunKind::Check {
        engine.agenda.forget(&connection);
    }
}

/// Due retries and looks of one connection. Does nothing while a sync of it is under way.
pub(crate) async fn upkeep(engine: &Engine, connection: &Connection) -> Result<(), EngineError> {
    let lock = engine.lock(&connection.id);
    let Ok(mut ramp) = lock.try_lock() else { return Ok(()) };
    comeback::keep(engine, connection).await;
    let open = engine.store.open_batches(&connection.id).await?;
    let filter = |state: &str| TaskFilter {
        connection: Some(connection.id.clone()),
        states: BTreeSet::from([state.to_owned()]),
        ..TaskFilter::default()
    };
    let page = PageRequest { after: None, limit: 500 };
    let retrying = engine.store.tasks(filter("retrying"), page.clone()).await?;
    let queued = engine.store.tasks(filter("queued"), page).await?;
    let follows = follow_up::is_due(engine, connection).await?;
    if open.is_empty() && retrying.is_empty() && queued.is_empty() && !follows {
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
    let is_back = ramp.take_back();
    for task in retrying {
        // Further ahead than any wait: the clock was set back since.
        let furthest = now + chrono::Duration::from_std(LONGEST_WAIT).unwrap_or_else(|_| chrono::Duration::days(1));
        let TaskState::Retrying { at, failure, .. } = &task.state else { continue };
        // Those that only waited for the target to answer go as soon as it does.
        if *at <= now || *at > furthest || is_back && waits_for_target(failure) {
            due.extend(moved(engine, &task, Event::Due { by: Actor::new("upkeep") }));
        }
    }
    if !due.is_empty() {
        engine.store.commit(due).await?;
    }
    resend(engine, connection, filter("queued"), &mut ramp, &mut progress).await?;
    // After what is to be billed, and not while the target is down.
    if !follows || ramp.is_held(engine.clock.now()) {
        return Ok(());
    }
    follow_up::keep(engine, connection, &mut progress).await
}

/// Nothing was wrong but that no answer came.
fn waits_for_target(failure: &Failure) -> bool {
    failure.class == FailureClass::Transient && failure.retry_after.is_none()
}

/// Queued tasks that no run is about to send: due retries and what was found absent.
async fn resend(
    engine: &Engine,
    connection: &Connection,
    queued: TaskFilter,
    ramp: &mut Ramp,
    progress: &mut Progress,
) -> Result<(), EngineError> {
    // A target that is down is left alone for a while; what is queued waits.
    if ramp.is_held(engine.clock.now()) {
        return Ok(());
    }
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
    dispatch::send(engine, connection, confirmed, ramp, progress).await
}
