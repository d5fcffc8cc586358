//! A folder as `init` makes it and the process that serves it: started, killed, told to stop, asked over HTTP. Owns
//! waiting and asking; owns no expectation of money.

use std::fs::File;
use std::ops::Deref;
use std::os::unix::process::ExitStatusExt as _;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use counterfoil_runtime::component::Package;
use counterfoil_store::SqliteStore;
use reqwest::Method;
use serde_json::Value;
use tempfile::TempDir;

use crate::ledger::Victim;

/// The process does not answer any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Gone;

/// A process that is not ready by then never will be.
const PATIENCE: Duration = Duration::from_secs(60);

#[derive(Debug)]
pub(crate) struct House {
    folder: TempDir,
    url: String,
    token: String,
    http: reqwest::Client,
    pub(crate) victim: Victim,
}

impl Drop for House {
    fn drop(&mut self) {
        self.victim.strike();
        self.ended();
    }
}

/// A child holds every lock that this process holds until a moment after its exec: nothing is let go meanwhile.
static FORKING: Mutex<()> = Mutex::new(());

fn spawned(command: &mut Command) -> Child {
    let _alone = FORKING.lock().unwrap_or_else(PoisonError::into_inner);
    command.spawn().unwrap()
}

/// A store in this process. It is closed, and its lock is free, when this is dropped.
#[derive(Debug)]
pub(crate) struct Opened(Option<SqliteStore>);

impl Deref for Opened {
    type Target = SqliteStore;

    fn deref(&self) -> &SqliteStore {
        self.0.as_ref().unwrap()
    }
}

impl Drop for Opened {
    fn drop(&mut self) {
        let _alone = FORKING.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(store) = self.0.take() else { return };
        let path = store.path().with_extension("db.lock");
        drop(store);
        // A child that was started before may still be about to let go.
        while File::open(&path).unwrap().try_lock().is_err() {
            std::thread::sleep(Duration::from_millis(1));
        }
    }
}

/// Below those that the system gives to outgoing connections: while nobody serves, nobody else must get it.
fn port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let first = u16::try_from(std::process::id() % 500).unwrap() * 20;
    loop {
        let port = 20_000 + (first + NEXT.fetch_add(1, Ordering::SeqCst)) % 12_000;
        if std::net::TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}

impl House {
    pub(crate) fn new(packages: &[Package]) -> Self {
        // Only the first call installs it; the others find it there.
        let _installed = rustls::crypto::ring::default_provider().install_default();
        let folder = TempDir::new().unwrap();
        let address = format!("127.0.0.1:{}", port());
        let mut init = Command::new(env!("CARGO_BIN_EXE_counterfoil"));
        init.args(["init", "--json", "--allow-unsigned", "--listen", &address])
            .arg(folder.path())
            .stdout(Stdio::null());
        assert!(spawned(&mut init).wait().unwrap().success());
        for package in packages {
            let name = format!("plugins/{}.wasm", package.card.id);
            std::fs::write(folder.path().join(name), &package.bytes).unwrap();
        }
        let token = std::fs::read_to_string(folder.path().join("admin.token")).unwrap().trim().to_owned();
        // A connection for each request: one that a dead process left behind is not tried first.
        let http = reqwest::Client::builder().no_proxy().pool_max_idle_per_host(0).timeout(PATIENCE).build().unwrap();
        Self { folder, url: format!("http://{address}"), token, http, victim: Victim::default() }
    }

    pub(crate) fn path(&self, below: &str) -> PathBuf {
        self.folder.path().join(below)
    }

    /// What the process of this life has said.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.path("log")).unwrap_or_default()
    }

    pub(crate) fn spawn(&self) {
        let log = || Stdio::from(File::options().append(true).open(self.path("log")).unwrap());
        std::fs::write(self.path("log"), "").unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_counterfoil"));
        command.arg("serve").arg("--config").arg(self.path("counterfoil.toml"));
        command.env_remove("COUNTERFOIL_MASTER_KEY").stdin(Stdio::null()).stdout(log()).stderr(log());
        let former = self.victim.0.lock().unwrap().replace(spawned(&mut command));
        assert!(former.is_none(), "one process at a time");
    }

    /// How long it took until it was ready.
    pub(crate) async fn ready(&self) -> Result<Duration, Gone> {
        let begun = Instant::now();
        loop {
            if let Ok(answer) = self.http.get(format!("{}/readyz", self.url)).send().await
                && answer.status().as_u16() == 200
            {
                return Ok(begun.elapsed());
            }
            if !self.victim.is_alive() {
                return Err(Gone);
            }
            assert!(begun.elapsed() < PATIENCE, "it is never ready: {}", self.log());
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// Starts it, and it is ready.
    pub(crate) async fn begin(&self) -> Duration {
        self.spawn();
        self.ready().await.unwrap_or_else(|_| panic!("it ended while it started: {}", self.log()))
    }

    /// Waits for its end. None: nothing ran.
    pub(crate) fn ended(&self) -> Option<ExitStatus> {
        let child = self.victim.0.lock().unwrap().take();
        child.map(|mut child| child.wait().unwrap())
    }

    /// After kill -9, and nothing else.
    pub(crate) fn killed(&self) {
        let how = self.ended().unwrap();
        assert_eq!(how.signal(), Some(9), "it ended by itself, {how}: {}", self.log());
    }

    pub(crate) fn signal(&self, name: &str) {
        let id = self.victim.0.lock().unwrap().as_ref().unwrap().id();
        let asked = spawned(Command::new("sh").arg("-c").arg(format!("kill -{name} {id}"))).wait().unwrap();
        assert!(asked.success());
    }

    /// Until it has ended by itself, and how.
    pub(crate) async fn ends_within(&self, patience: Duration) -> (Duration, ExitStatus) {
        let begun = Instant::now();
        while self.victim.is_alive() {
            assert!(begun.elapsed() < patience, "it runs on after {:?}: {}", begun.elapsed(), self.log());
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        (begun.elapsed(), self.ended().unwrap())
    }

    /// The file of a process that is dead, as the product opens it.
    pub(crate) fn store(&self) -> Opened {
        Opened(Some(SqliteStore::open(self.path("data/counterfoil.db")).unwrap()))
    }

    pub(crate) async fn call(&self, method: Method, path: &str, body: Option<&Value>) -> Result<(u16, Value), Gone> {
        let mut request = self.http.request(method, format!("{}{path}", self.url)).bearer_auth(&self.token);
        if let Some(body) = body {
            request = request.header("content-type", "application/json").body(body.to_string());
        }
        let answer = request.send().await.map_err(|_| Gone)?;
        let status = answer.status().as_u16();
        let text = answer.text().await.map_err(|_| Gone)?;
        Ok((status, serde_json::from_str(&text).unwrap_or(Value::String(text))))
    }

    pub(crate) async fn get(&self, path: &str) -> Result<Value, Gone> {
        let (status, value) = self.call(Method::GET, path, None).await?;
        assert_eq!(status, 200, "GET {path}: {value}");
        Ok(value)
    }

    pub(crate) async fn send(&self, method: Method, path: &str, body: &Value) -> Result<Value, Gone> {
        let (status, value) = self.call(method.clone(), path, Some(body)).await?;
        assert!((200..300).contains(&status), "{method} {path}: {status} {value}");
        Ok(value)
    }

    /// Tasks in a state; every task when it is empty.
    pub(crate) async fn tasks(&self, connection: &str, state: &str) -> Result<Vec<Value>, Gone> {
        let (mut all, mut after) = (Vec::new(), String::new());
        loop {
            let path = format!("/v1/tasks?connection={connection}&state={state}&limit=200{after}");
            let page = self.get(&path).await?;
            all.extend(page["tasks"].as_array().unwrap().iter().cloned());
            match page["next"].as_str() {
                Some(next) => after = format!("&after={next}"),
                None => return Ok(all),
            }
        }
    }

    /// Until a run is over.
    pub(crate) async fn over(&self, run: &str) -> Result<Value, Gone> {
        let begun = Instant::now();
        loop {
            let view = self.get(&format!("/v1/runs/{run}")).await?;
            if view["is_over"] == true {
                return Ok(view);
            }
            assert!(begun.elapsed() < PATIENCE * 2, "the run does not end: {view}");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}
