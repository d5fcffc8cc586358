//! The service, put together: the only file that names concrete types on both sides of a port.

use std::io::Write as _;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result};
use counterfoil_domain::ports::{
    Clock, Door, ExchangeRecord, Pending, PluginShelf, Store, Targets, Vault, WallClock, Write,
};
use counterfoil_egress::{BudgetKeeper, BudgetSnapshot, CodeSignIn, ExchangeSink, HttpDoor};
use counterfoil_engine::{BeforeRound, Engine, Parts, Sources, Worker};
use counterfoil_runtime::registry::{Kept, Registry};
use counterfoil_runtime::sandbox::{Sandbox, Workshop};
use counterfoil_server::{InspectMarketplace, ServerParts};
use counterfoil_store::{MasterKey, SqliteStore, SqliteVault};
use tokio::net::TcpListener;
use tokio::sync::{Notify, broadcast, mpsc, watch};
use tokio::task::JoinHandle;

use crate::config::{Config, MasterKeySource};
use crate::live::Live;
use crate::mailing;
use crate::recording::Recorder;
use crate::shelf::{Shelf, Trust};
use crate::sign_in::{People, own_url};
use crate::wiring::{self, Wiring};

/// Exchange records waiting to be stored; beyond it they are counted as dropped, never waited for.
const RECORDS: usize = 10_000;
/// Guests that run side by side; more wait their turn.
const CALLS_AT_ONCE: usize = 16;
const BUDGETS_KEPT_EVERY: Duration = Duration::from_secs(5);
/// How long stopping waits for what is in hand; an answer that comes later is looked for at the next start.
const GRACE: Duration = Duration::from_secs(25);

/// A running service.
#[derive(Debug)]
pub struct Service {
    pub address: SocketAddr,
    pub store: SqliteStore,
    stop: watch::Sender<bool>,
    server: JoinHandle<Result<(), counterfoil_server::ServeError>>,
    worker: JoinHandle<()>,
    keepers: Vec<JoinHandle<()>>,
    door: Arc<HttpDoor>,
}

pub fn master_key(config: &Config) -> Result<MasterKey> {
    let key = match &config.master_key {
        MasterKeySource::File(path) => MasterKey::from_file(path),
        MasterKeySource::Env(name) => MasterKey::from_env(name),
    };
    key.context("without the master key no secret can be opened, so nothing can be read or sent. Restore it, or make a new folder with `counterfoil init`")
}

pub fn open_store(config: &Config) -> Result<SqliteStore> {
    SqliteStore::open(config.database())
        .with_context(|| format!("the database {} cannot be used", config.database().display()))
}

/// Starts everything: what was under way is taken up where the journal says.
pub async fn start(config: &Config) -> Result<Service> {
    let store = open_store(config)?;
    // Before the engine begins: a service that cannot listen must not send either.
    let listener = listen(config).await?;
    let address = listener.local_addr()?;
    let clock: Arc<dyn Clock> = Arc::new(WallClock);
    let vault: Arc<dyn Vault> = Arc::new(SqliteVault::new(store.clone(), master_key(config)?));
    let shared: Arc<dyn Store> = Arc::new(store.clone());
    let registry = Arc::new(Registry::new(sandbox(config, &clock)?));
    let targets = targets(config, &registry, (&shared, &clock));
    let (sink, records) = ExchangeSink::channel(RECORDS);
    let codes = Arc::new(CodeSignIn::new(Arc::clone(&vault), Arc::clone(&clock), sink.clone()));
    let http = Arc::new(http_door(config, (Arc::clone(&vault), Arc::clone(&clock)), sink));
    let door: Arc<dyn Door> = Arc::clone(&http) as Arc<dyn Door>;
    let sources = Arc::new(Sources::default());
    let kept_in = (Arc::clone(&shared), Arc::clone(&registry));
    let wiring = Arc::new(Wiring::new(kept_in, Arc::clone(&http), Arc::clone(&sources), Arc::clone(&clock)));
    let (changed, _) = broadcast::channel(1_024);
    let parts = Parts {
        store: Arc::clone(&shared),
        targets: Arc::clone(&targets),
        door: Arc::clone(&door),
        sources,
        clock: Arc::clone(&clock),
        mailer: mailing::mailer(config)?,
        changed: changed.clone(),
    };
    let plugins = (registry, kept(config)?, Trust::of(config)?);
    let shelf = Shelf::new(plugins, Arc::new(store.clone()), parts.clone(), Arc::clone(&wiring));
    // What was active and what open work has to end on, then what lies in the folder.
    shelf.restore().await?;
    let watched = shelf.first_look(&config.plugins_dir).await;
    wiring.refresh().await?;

    let wake = Arc::new(Notify::new());
    let (stop, stopped) = watch::channel(false);
    let restored = store.restored_at().await?;
    let engine = Arc::new(Engine::new(parts).restored(restored));
    let worker = tokio::spawn(Worker::new(engine, Arc::clone(&wake), before_round(&wiring)).run(stopped.clone()));
    let live = Live {
        store: Arc::clone(&shared),
        targets: Arc::clone(&targets),
        door,
        clock: Arc::clone(&clock),
        wiring: Arc::clone(&wiring),
    };
    let people = People { store: Arc::clone(&shared), targets: Arc::clone(&targets), vault: Arc::clone(&vault), codes };
    let parts = ServerParts {
        store: Arc::clone(&shared),
        vault,
        targets,
        shelf: Arc::new(shelf.clone()) as Arc<dyn PluginShelf>,
        clock,
        wake,
        changed,
        live: live.into_targets(),
        inspect: InspectMarketplace(Arc::new(wiring::inspect)),
        sign_ins: people.into_sign_ins(config.public_url.clone().unwrap_or_else(|| own_url(address))),
        https: config.https,
        demo: config.demo,
    };
    let keepers = vec![
        tokio::spawn(keep_records(shared, records)),
        tokio::spawn(keep_budgets(Arc::clone(&http))),
        tokio::spawn(shelf.watch(watched)),
    ];
    let server = tokio::spawn(counterfoil_server::serve(listener, parts, ended(stopped)));
    Ok(Service { address, store, stop, server, worker, keepers, door: http })
}

fn targets(
    config: &Config,
    registry: &Arc<Registry>,
    (store, clock): (&Arc<dyn Store>, &Arc<dyn Clock>),
) -> Arc<dyn Targets> {
    let loaded = Arc::clone(registry) as Arc<dyn Targets>;
    Recorder::around(loaded, (config.recordings(), &config.record), (Arc::clone(store), Arc::clone(clock)))
}

fn kept(config: &Config) -> Result<Kept> {
    let folder = config.versions();
    Kept::open(&folder).with_context(|| format!("the folder {} cannot be used", folder.display()))
}

async fn listen(config: &Config) -> Result<TcpListener> {
    TcpListener::bind(&config.listen).await.with_context(|| {
        format!(
            "cannot listen on {}. Nothing was started and nothing was sent. Stop what listens there, or give another address as listen in the configuration",
            config.listen
        )
    })
}

impl Service {
    /// Stops taking work, finishes what is in hand as far as the grace goes, keeps the budgets. What is cut off has
    /// its intent in the journal.
    pub async fn stop(self) -> Result<Stopped> {
        self.stop_within(GRACE).await
    }

    async fn stop_within(self, grace: Duration) -> Result<Stopped> {
        let Self { stop, mut server, mut worker, keepers, door, .. } = self;
        stop.send_replace(true);
        let ended = tokio::time::timeout(grace, async { tokio::join!(&mut worker, &mut server) }).await;
        if let Err(error) = door.close().await {
            tracing::warn!(
                error,
                "the budgets could not be kept; the next start takes what may have been sent for sent"
            );
        }
        for keeper in keepers {
            keeper.abort();
            // Until it has ended it holds the database, and the next start would find it in use.
            let _ = keeper.await;
        }
        let Ok((worked, served)) = ended else {
            worker.abort();
            server.abort();
            tracing::warn!(
                "what was in hand did not end within {} s and was cut off; it is in the journal and is looked for at the next start",
                grace.as_secs()
            );
            return Ok(Stopped::CutOff);
        };
        worked.context("the engine stopped with a defect; what was under way is in the journal")?;
        served.context("the server stopped with a defect")??;
        Ok(Stopped::Whole)
    }
}

/// How a service came to rest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stopped {
    /// What was in hand came to its end.
    Whole,
    /// The grace was over before: the journal has what was under way.
    CutOff,
}

async fn ended(mut stopped: watch::Receiver<bool>) {
    // An error means that the sender is gone: the service is ending.
    let _ = stopped.wait_for(|stop| *stop).await;
}

fn before_round(wiring: &Arc<Wiring>) -> BeforeRound {
    let wiring = Arc::clone(wiring);
    BeforeRound(Arc::new(move || {
        let wiring = Arc::clone(&wiring);
        let refresh: Pending<'static, ()> = Box::pin(async move {
            if let Err(error) = wiring.refresh().await {
                tracing::error!(%error, "the setup could not be read; routes stay as they were");
            }
        });
        refresh
    }))
}

fn sandbox(config: &Config, clock: &Arc<dyn Clock>) -> Result<Sandbox> {
    let workshop = Workshop { folder: config.compiled(), compiler: config.compiler.clone() };
    Sandbox::with_workshop(CALLS_AT_ONCE, Arc::clone(clock), &workshop)
        .context("the sandbox cannot be started on this machine")
}

/// It goes on from what was counted before, and sends nothing that is not kept as counted.
fn http_door(config: &Config, (vault, clock): (Arc<dyn Vault>, Arc<dyn Clock>), sink: ExchangeSink) -> HttpDoor {
    let door = HttpDoor::new(vault, clock, sink).keeping(budget_keeper(config.budgets()));
    let Ok(text) = std::fs::read_to_string(config.budgets()) else { return door };
    match BudgetSnapshot::from_json(&text) {
        Ok(snapshot) => door.restore(&snapshot),
        Err(error) => tracing::warn!(%error, "the kept budgets cannot be read; they are counted afresh"),
    }
    door
}

/// On disk, folder entry and all, before it says so: whoever counts on it sends next.
fn budget_keeper(path: std::path::PathBuf) -> BudgetKeeper {
    let keep = move |snapshot: &BudgetSnapshot| -> Result<()> {
        let fresh = path.with_extension("new");
        let mut file = std::fs::File::create(&fresh)?;
        file.write_all(snapshot.to_json()?.as_bytes())?;
        file.sync_all()?;
        std::fs::rename(&fresh, &path)?;
        if let Some(folder) = path.parent() {
            std::fs::File::open(folder)?.sync_all()?;
        }
        Ok(())
    };
    BudgetKeeper::new(move |snapshot| keep(snapshot).map_err(|error| format!("{error:#}")))
}

async fn keep_budgets(door: Arc<HttpDoor>) {
    let mut ticks = tokio::time::interval(BUDGETS_KEPT_EVERY);
    loop {
        ticks.tick().await;
        if let Err(error) = door.keep_budgets().await {
            tracing::warn!(error, "the budgets could not be kept; what cannot be counted safely is not sent");
        }
    }
}

/// The log of calls on the wire, stored a bunch at a time.
async fn keep_records(store: Arc<dyn Store>, mut records: mpsc::Receiver<ExchangeRecord>) {
    let mut bunch = Vec::new();
    while records.recv_many(&mut bunch, 500).await > 0 {
        let writes = bunch.drain(..).map(Write::Exchange).collect();
        if let Err(error) = store.commit(writes).await {
            tracing::warn!(%error, "some calls could not be added to the log of calls");
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;

    fn folder() -> (tempfile::TempDir, Config) {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("data")).unwrap();
        MasterKey::generate(&mut [7; 32]).write_new(folder.path().join("master.key")).unwrap();
        std::fs::write(folder.path().join("counterfoil.toml"), "listen = \"127.0.0.1:0\"").unwrap();
        let config = Config::load(&folder.path().join("counterfoil.toml")).unwrap();
        (folder, config)
    }

    #[tokio::test]
    async fn stopping_does_not_wait_for_a_caller_that_never_ends() {
        let (_folder, config) = folder();
        let service = start(&config).await.unwrap();
        let mut half = std::net::TcpStream::connect(service.address).unwrap();
        half.write_all(b"POST /login HTTP/1.1\r\nhost: x\r\ncontent-type: application/x-www-form-urlencoded\r\ncontent-length: 9\r\n\r\nna").unwrap();
        tokio::time::sleep(Duration::from_millis(100)).await;
        let begun = Instant::now();
        assert_eq!(service.stop_within(Duration::from_millis(300)).await.unwrap(), Stopped::CutOff);
        assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
        drop(half);
    }

    #[tokio::test]
    async fn a_taken_port_or_folder_is_told_before_anything_is_done() {
        let (_folder, config) = folder();
        let service = start(&config).await.unwrap();
        let second = start(&config).await.unwrap_err();
        assert!(format!("{second:#}").contains("the database"), "{second:#}");
        let (_other, mut config) = self::folder();
        config.listen = service.address.to_string();
        let second = start(&config).await.unwrap_err();
        assert!(format!("{second:#}").contains("Nothing was started"), "{second:#}");
        assert_eq!(service.stop().await.unwrap(), Stopped::Whole);
    }
}
