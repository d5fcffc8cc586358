//! A data folder made of a backup. Owns what is set when one is restored: every connection is paused, nothing that was
//! confirmed goes without a new yes, and what was on its way is looked for. What was sent since the backup is found by the
//! engine, which is told when the store was restored.

use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use chrono::{DateTime, Utc};
use counterfoil_domain::connection::{Connection, ConnectionState};
use counterfoil_domain::id::{Actor, ConnectionId};
use counterfoil_domain::ports::{
    AuditEntry, CatalogStore as _, JournalStore as _, PageRequest, RunStore as _, SetupStore as _, Store as _,
    TaskFilter, TaskStore as _, Write,
};
use counterfoil_domain::run::{Problem, RunState};
use counterfoil_domain::task::{Event, Task, TaskState, next};
use counterfoil_server::wire::Time;
use counterfoil_store::{MasterKey, Packed, SqliteStore, unpack};
use serde::Serialize;

use crate::backup::{self, About, write_private};
use crate::config::{Config, MasterKeySource};

/// Tasks of one commit.
const PAGE: usize = 500;

const WHY: &str = "the data was restored from a backup that was made while it was being sent; it is looked for";

/// What was made, for whoever asked.
#[derive(Debug, Clone, Serialize)]
pub struct Restored {
    pub folder: PathBuf,
    pub taken_at: Time,
    pub connections: usize,
    /// Tasks that were confirmed and not sent: they are to be previewed and confirmed again.
    pub unconfirmed: usize,
    /// Tasks that were on their way: they are looked for in the target.
    pub uncertain: usize,
    /// What is missing until the service can start; empty: nothing.
    pub missing: Vec<String>,
}

/// Makes the folder. The configuration is written last: without it nobody can start what is not whole.
pub async fn restore(from: &Path, into: &Path, key: Option<&Path>, now: DateTime<Utc>) -> Result<Restored> {
    for part in [backup::CONFIG, backup::KEY, "data"] {
        let part = into.join(part);
        if part.exists() {
            bail!("{} is there already. Nothing was restored. Name a folder that does not exist", part.display());
        }
    }
    private_folder(&into.join("data/versions"))?;
    std::fs::create_dir_all(into.join("plugins"))?;
    let database = into.join("data/counterfoil.db");
    let files = match unpack(from, &database) {
        Ok(files) => files,
        Err(error) => {
            let _ = std::fs::remove_dir_all(into.join("data"));
            return Err(error.into());
        }
    };
    let about = about(&files)?;
    for file in &files {
        if let Some(place) = backup::place(&file.name)? {
            write_private(&into.join("data").join(place), &file.body)?;
        }
    }
    let (config, text) = config(&files)?;
    let mut missing = Vec::new();
    if let Some(lacking) = master_key(&files, &config, into, key)? {
        missing.push(lacking);
    }
    let store = SqliteStore::open(&database)?;
    let integrity = store.integrity().await?;
    if !integrity.is_good() {
        bail!(
            "the backup is damaged: {}. Take another one; {} can be removed",
            integrity.problems.join("; "),
            into.display()
        );
    }
    let marked = mark(&store, about.taken_at.0, now).await?;
    write_private(&into.join(backup::CONFIG), text.as_bytes())?;
    Ok(Restored { folder: into.to_path_buf(), taken_at: about.taken_at, missing, ..marked })
}

/// Everybody's orders and the hashes of passwords are in it: only its owner may look.
fn private_folder(path: &Path) -> Result<()> {
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
        .with_context(|| format!("cannot make {}. Nothing was restored", path.display()))
}

fn text_of(files: &[Packed], name: &str) -> Result<String> {
    let file = files.iter().find(|file| file.name == name);
    let file = file.with_context(|| format!("the backup holds no {name}. It cannot be restored; take another one"))?;
    String::from_utf8(file.body.clone()).with_context(|| format!("{name} in the backup is not text"))
}

fn about(files: &[Packed]) -> Result<About> {
    serde_json::from_str(&text_of(files, backup::ABOUT)?)
        .context("what the backup says of itself cannot be read. Take another one")
}

/// As it was, but for where things are: an absolute path in it would lead into the folder of before.
fn config(files: &[Packed]) -> Result<(Config, String)> {
    let text = text_of(files, backup::CONFIG)?;
    let config = Config::parse(&text).context("the configuration in the backup")?;
    let mut table: toml::Table = text.parse()?;
    table.insert("data_dir".to_owned(), "data".into());
    table.insert("plugins_dir".to_owned(), "plugins".into());
    if matches!(config.master_key, MasterKeySource::File(_)) {
        let source = toml::Table::from_iter([("file".to_owned(), toml::Value::from(backup::KEY))]);
        table.insert("master_key".to_owned(), source.into());
    }
    let text = format!("# Restored from a backup. Paths are relative to this file.\n{}", toml::to_string(&table)?);
    Ok((config, text))
}

/// Puts it in its place. Some: what is still to be done.
fn master_key(files: &[Packed], config: &Config, into: &Path, given: Option<&Path>) -> Result<Option<String>> {
    let place = into.join(backup::KEY);
    let packed = files.iter().find(|file| file.name == backup::KEY).map(|file| file.body.clone());
    let body = match given {
        Some(path) => {
            Some(std::fs::read(path).with_context(|| format!("the master key {} cannot be read", path.display()))?)
        }
        None => packed,
    };
    match (body, &config.master_key) {
        (Some(_), MasterKeySource::Env(name)) => Ok(Some(format!("set {name} to the master key, as before"))),
        (Some(body), MasterKeySource::File(_)) => {
            write_private(&place, &body)?;
            MasterKey::from_file(&place).context("what was given is no master key; name the copy that was kept")?;
            Ok(None)
        }
        (None, MasterKeySource::Env(name)) => Ok(Some(format!("set {name} to the master key, as before"))),
        (None, MasterKeySource::File(_)) => Ok(Some(format!(
            "put your copy of the master key at {} (chmod 600); the backup does not hold it",
            place.display()
        ))),
    }
}

/// Nothing goes by itself, and nothing that was confirmed counts as confirmed.
async fn mark(store: &SqliteStore, taken_at: DateTime<Utc>, now: DateTime<Utc>) -> Result<Restored> {
    let actor = Actor::new("restore");
    let moment = taken_at.format("%Y-%m-%d %H:%M:%S UTC");
    let connections = store.connections().await?;
    let mut writes: Vec<Write> =
        connections.iter().map(|connection| Write::PutConnection(paused(connection, &moment.to_string()))).collect();
    let detail = format!("backup of {moment}; every connection is paused");
    writes.push(Write::Audit(AuditEntry {
        at: now,
        actor,
        // The engine asks for it by this name.
        action: "store.restored".to_owned(),
        subject: "store".to_owned(),
        detail,
    }));
    store.commit(writes).await?;
    end_runs(store, now).await?;
    let (mut unconfirmed, mut uncertain) = (0, 0);
    for connection in &connections {
        unconfirmed += each(store, &connection.id, &["queued", "retrying"], &Event::Unplanned, now).await?;
        let lost = Event::AnswerLost { why: WHY.to_owned() };
        uncertain += each(store, &connection.id, &["sending"], &lost, now).await?;
        let mut batches = Vec::new();
        for mut batch in store.open_batches(&connection.id).await? {
            // Whoever finds it set takes it for a crash, and what is not in the journal for surely unsent.
            if batch.trail.follow_up.is_none() && batch.trail.applying {
                batch.trail.applying = false;
                batches.push(Write::PutBatch(batch));
            }
        }
        store.commit(batches).await?;
    }
    let (folder, connections) = (PathBuf::new(), connections.len());
    Ok(Restored { folder, taken_at: taken_at.into(), connections, unconfirmed, uncertain, missing: Vec::new() })
}

fn paused(connection: &Connection, moment: &str) -> Connection {
    let before = match connection.state {
        ConnectionState::Enabled => String::new(),
        state => format!(" It was {state} before: {}", connection.state_reason),
    };
    let state_reason = format!(
        "restored from the backup of {moment}: nothing is read or sent until you enable it. What may have been sent since the backup is then looked for before it is sent.{before}"
    );
    Connection { state: ConnectionState::Paused, state_reason, ..connection.clone() }
}

/// Moves every task of these states; how many.
async fn each(
    store: &SqliteStore,
    connection: &ConnectionId,
    states: &[&str],
    event: &Event,
    now: DateTime<Utc>,
) -> Result<usize> {
    let states = states.iter().map(|state| (*state).to_owned()).collect();
    let filter = TaskFilter { connection: Some(connection.clone()), states, ..TaskFilter::default() };
    let (mut after, mut moved) = (None, 0);
    loop {
        let page = store.tasks(filter.clone(), PageRequest { after: after.take(), limit: PAGE }).await?;
        let Some(last) = page.last() else { return Ok(moved) };
        after = Some((last.observed_at, last.id.clone()));
        let mut writes = Vec::with_capacity(page.len());
        for task in page {
            let state: TaskState = next(task.state.clone(), event.clone())?;
            writes.push(Write::UpdateTask(Task { state, updated_at: now, version: task.version + 1, ..task }));
        }
        moved += writes.len();
        store.commit(writes).await?;
    }
}

/// What was under way is asked for again by whoever still wants it.
async fn end_runs(store: &SqliteStore, now: DateTime<Utc>) -> Result<()> {
    let message = "The data was restored from a backup while this was under way. Start it again if it is still wanted.";
    let mut writes = Vec::new();
    for mut run in store.unfinished_runs().await? {
        let problem = Problem { code: "restored".to_owned(), subject: String::new(), message: message.to_owned() };
        run.problems.push(problem);
        run.state = RunState::Failed;
        run.finished_at = Some(now);
        writes.push(Write::UpdateRun(run));
    }
    for mut run in store.unfinished_catalog_runs().await? {
        run.problem = Some(message.to_owned());
        run.state = RunState::Failed;
        run.finished_at = Some(now);
        writes.push(Write::UpdateCatalogRun(run));
    }
    store.commit(writes).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_the_configuration_leads_to_the_folder_of_before() {
        let text = "data_dir = \"/srv/old\"\nplugins_dir = \"/srv/p\"\nlisten = \"127.0.0.1:9\"\nmaster_key = { file = \"/k\" }\n";
        let file = |text: &str| [Packed { name: backup::CONFIG.into(), body: text.into() }];
        let config = Config::parse(&config(&file(text)).unwrap().1).unwrap();
        assert_eq!((config.data_dir, config.plugins_dir), ("data".into(), "plugins".into()));
        assert_eq!(config.master_key, MasterKeySource::File("master.key".into()));
        assert_eq!(config.listen, "127.0.0.1:9");
        let kept = super::config(&file("master_key = { env = \"K\" }")).unwrap().1;
        assert_eq!(Config::parse(&kept).unwrap().master_key, MasterKeySource::Env("K".into()));
    }
}
