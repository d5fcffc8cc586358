//! Recording plan calls of the connections that the operator chose (`record` in the configuration): one file for each call, in
//! `data/recordings`. Owns which calls are kept, under which name, and how many; what is in a file is the runtime's.

use std::collections::BTreeSet;
use std::fs::{DirBuilder, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use counterfoil_domain::card::Card;
use counterfoil_domain::directory::{Account, Draft, Entity, EntityPage};
use counterfoil_domain::failure::Failure;
use counterfoil_domain::id::{ChangeKey, EntityId, PluginDigest, PluginId};
use counterfoil_domain::job::Job;
use counterfoil_domain::plan::{ChangeReceipt, Located, Observation, Plan, Receipt};
use counterfoil_domain::ports::{Answer, Clock, Exchange, Store, StoreError, Target, Targets};
use counterfoil_domain::run::RunState;
use counterfoil_runtime::recording::{Origin, Recording, Tape};

/// Files that are kept; the oldest make room.
const MOST_FILES: usize = 200;
const ENDING: &str = "json";

#[derive(Debug)]
pub(crate) struct Recorder {
    folder: PathBuf,
    connections: BTreeSet<String>,
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
}

impl Recorder {
    /// The same targets; where no connection is named, nothing stands between.
    pub(crate) fn around(
        targets: Arc<dyn Targets>,
        (folder, connections): (PathBuf, &[String]),
        (store, clock): (Arc<dyn Store>, Arc<dyn Clock>),
    ) -> Arc<dyn Targets> {
        if connections.is_empty() {
            return targets;
        }
        let connections: BTreeSet<String> = connections.iter().cloned().collect();
        tracing::warn!(
            ?connections,
            folder = %folder.display(),
            "plan calls of these connections are recorded, with their customers' data; take `record` out of the configuration to end it"
        );
        let recorder = Arc::new(Self { folder, connections, store, clock });
        Arc::new(RecordedTargets { inner: targets, recorder })
    }

    /// Where this call belongs; none: nobody asked for it to be kept.
    async fn origin(&self, target: &dyn Target, jobs: &[Job]) -> Result<Option<Origin>, StoreError> {
        let Some(job) = jobs.first() else { return Ok(None) };
        let Some(task) = self.store.task(&job.task).await? else { return Ok(None) };
        if !self.connections.contains(task.connection.as_str()) {
            return Ok(None);
        }
        // One run of a connection works at a time; what is planned beside a run (a comparison of versions) is not kept.
        let runs = self.store.unfinished_runs().await?;
        let running =
            |run: &&counterfoil_domain::run::Run| run.state == RunState::Running && run.connection == task.connection;
        Ok(runs.iter().find(running).map(|run| Origin {
            run: run.id.to_string(),
            connection: task.connection.to_string(),
            plugin: target.card().id.to_string(),
            version: target.card().version.clone(),
            digest: target.digest().to_string(),
            at: self.clock.now(),
        }))
    }

    fn keep(&self, recording: &Recording) -> std::io::Result<()> {
        DirBuilder::new().recursive(true).mode(0o700).create(&self.folder)?;
        let mut names = names(&self.folder)?;
        while names.len() >= MOST_FILES {
            std::fs::remove_file(self.folder.join(names.remove(0)))?;
        }
        let name = name(&recording.origin, &names);
        let text = recording.to_json().map_err(std::io::Error::other)?;
        let half = self.folder.join(format!(".{name}.part"));
        let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&half)?;
        file.write_all(text.as_bytes())?;
        std::fs::rename(half, self.folder.join(name))
    }
}

/// "20261122T090200123-0-run_ef7a.json": the time first, because the ids of runs tell none.
fn name(origin: &Origin, there: &[String]) -> String {
    let stem = |count: usize| format!("{}-{count}-", origin.at.format("%Y%m%dT%H%M%S%3f"));
    let mut count = 0;
    while there.iter().any(|name| name.starts_with(&stem(count))) {
        count += 1;
    }
    format!("{}{}.{ENDING}", stem(count), origin.run)
}

/// Oldest first.
fn names(folder: &Path) -> std::io::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        if !name.starts_with('.') && name.ends_with(ENDING) {
            names.push(name);
        }
    }
    names.sort();
    Ok(names)
}

/// The recordings of a run, in the order in which they were made.
pub(crate) fn of_run(folder: &Path, run: &str) -> std::io::Result<Vec<PathBuf>> {
    let ending = format!("-{run}.{ENDING}");
    Ok(names(folder)?.iter().filter(|name| name.ends_with(&ending)).map(|name| folder.join(name)).collect())
}

#[derive(Debug)]
struct RecordedTargets {
    inner: Arc<dyn Targets>,
    recorder: Arc<Recorder>,
}

impl RecordedTargets {
    fn recorded(&self, target: Arc<dyn Target>) -> Arc<dyn Target> {
        Arc::new(Recorded { inner: target, recorder: Arc::clone(&self.recorder) })
    }
}

impl Targets for RecordedTargets {
    fn active(&self, plugin: &PluginId) -> Option<Arc<dyn Target>> {
        self.inner.active(plugin).map(|target| self.recorded(target))
    }

    fn by_digest(&self, digest: &PluginDigest) -> Option<Arc<dyn Target>> {
        self.inner.by_digest(digest).map(|target| self.recorded(target))
    }

    fn cards(&self) -> Vec<(PluginDigest, Card)> {
        self.inner.cards()
    }
}

#[derive(Debug)]
struct Recorded {
    inner: Arc<dyn Target>,
    recorder: Arc<Recorder>,
}

impl Target for Recorded {
    fn card(&self) -> &Card {
        self.inner.card()
    }

    fn digest(&self) -> &PluginDigest {
        self.inner.digest()
    }

    fn probe(&self, exchange: Arc<dyn Exchange>) -> Answer<'_, Account> {
        self.inner.probe(exchange)
    }

    fn search(
        &self,
        exchange: Arc<dyn Exchange>,
        kind: String,
        query: String,
        cursor: Option<String>,
    ) -> Answer<'_, EntityPage> {
        self.inner.search(exchange, kind, query, cursor)
    }

    fn get(&self, exchange: Arc<dyn Exchange>, kind: String, ids: Vec<EntityId>) -> Answer<'_, Vec<Entity>> {
        self.inner.get(exchange, kind, ids)
    }

    fn create(&self, exchange: Arc<dyn Exchange>, kind: String, draft: Draft) -> Answer<'_, Entity> {
        self.inner.create(exchange, kind, draft)
    }

    /// A recording that fails is no reason for a plan to fail.
    fn plan(&self, exchange: Arc<dyn Exchange>, jobs: Vec<Job>) -> Answer<'_, Vec<Result<Plan, Failure>>> {
        Box::pin(async move {
            let origin = match self.recorder.origin(&*self.inner, &jobs).await {
                Ok(Some(origin)) => origin,
                Ok(None) => return self.inner.plan(exchange, jobs).await,
                Err(error) => {
                    tracing::warn!(%error, "a plan call could not be recorded");
                    return self.inner.plan(exchange, jobs).await;
                }
            };
            let tape = Tape::around(exchange);
            let outcome = self.inner.plan(Arc::clone(&tape) as Arc<dyn Exchange>, jobs.clone()).await;
            if let Err(error) = self.recorder.keep(&tape.end(origin, jobs, &outcome)) {
                tracing::warn!(%error, "a plan call could not be recorded");
            }
            outcome
        })
    }

    fn apply(
        &self,
        exchange: Arc<dyn Exchange>,
        plans: Vec<(Plan, Vec<ChangeReceipt>)>,
    ) -> Answer<'_, Vec<Result<Receipt, Failure>>> {
        self.inner.apply(exchange, plans)
    }

    fn locate(&self, exchange: Arc<dyn Exchange>, plan: Plan, key: ChangeKey) -> Answer<'_, Located> {
        self.inner.locate(exchange, plan, key)
    }

    fn observe(
        &self,
        exchange: Arc<dyn Exchange>,
        receipts: Vec<Receipt>,
    ) -> Answer<'_, Vec<Result<Observation, Failure>>> {
        self.inner.observe(exchange, receipts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_has_its_own_files_in_their_order() {
        let folder = tempfile::tempdir().unwrap();
        let origin = |run: &str, at: i64| Origin {
            run: run.into(),
            connection: "ledger".into(),
            plugin: "ledger".into(),
            version: "1".into(),
            digest: "d".into(),
            at: chrono::DateTime::from_timestamp_millis(1_790_000_000_000 + at).unwrap(),
        };
        for (run, at) in [("run_b", 1), ("run_a", 2), ("run_b", 2), ("run_bb", 3), ("run_b", 10)] {
            let name = name(&origin(run, at), &names(folder.path()).unwrap());
            std::fs::write(folder.path().join(name), "").unwrap();
        }
        std::fs::write(folder.path().join(".20260921T000000000-0-run_b.json.part"), "").unwrap();
        let found = |run: &str| -> Vec<String> {
            let paths = of_run(folder.path(), run).unwrap();
            paths.iter().map(|path| path.file_name().unwrap().to_string_lossy()[15..].to_owned()).collect()
        };
        assert_eq!(found("run_b"), ["001-0-run_b.json", "002-1-run_b.json", "010-0-run_b.json"]);
        assert_eq!(found("run_a"), ["002-0-run_a.json"]);
        assert!(found("run_c").is_empty());
    }
}
