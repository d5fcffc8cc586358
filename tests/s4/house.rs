//! A running service on a fresh folder, asked through its API and through the command line. Owns starting, asking and following
//! runs; owns no expectation but that a step does not fail by itself.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use counterfoil::compose::Service;
use counterfoil_runtime::build;
use counterfoil_server::wire::{RunView, TaskPage, TaskView};
use reqwest::Method;
use rust_decimal::Decimal;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::sync::Mutex;

use crate::bench::{Api, root, serve};

const PATIENCE: Duration = Duration::from_secs(30);

/// A target, built from its source once a process.
async fn component(name: &str) -> PathBuf {
    static BUILT: Mutex<BTreeMap<String, PathBuf>> = Mutex::const_new(BTreeMap::new());
    let mut built = BUILT.lock().await;
    if let Some(path) = built.get(name) {
        return path.clone();
    }
    let made = build::build(&root().join("plugins").join(name), &build::Options::default()).await;
    let path = made.unwrap_or_else(|error| panic!("the target {name} cannot be built: {error}")).path;
    built.insert(name.to_owned(), path.clone());
    path
}

/// What a command answered.
#[derive(Debug)]
pub(crate) struct Said {
    what: String,
    code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl fmt::Display for Said {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ended {:?}\nstdout: {}\nstderr: {}", self.what, self.code, self.out, self.err)
    }
}

impl Said {
    #[track_caller]
    pub(crate) fn exits(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "{self}");
        self
    }

    /// In any order, on either stream.
    #[track_caller]
    pub(crate) fn with(self, words: &[&str]) -> Self {
        for words in words {
            assert!(self.out.contains(words) || self.err.contains(words), "\"{words}\" is missing. {self}");
        }
        self
    }

    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}. {self}"))
    }
}

#[derive(Debug)]
pub(crate) struct House {
    pub(crate) api: Api,
    pub(crate) address: String,
    /// Of the administrator.
    pub(crate) password: String,
    folder: TempDir,
    service: Service,
}

impl House {
    /// With these targets in its folder; nothing is connected.
    pub(crate) async fn start(plugins: &[&str]) -> Self {
        let folder = TempDir::new().unwrap();
        let made = Command::new(env!("CARGO_BIN_EXE_counterfoil"))
            .args(["init", "--json", "--allow-unsigned", "--listen", "127.0.0.1:0"])
            .arg(folder.path())
            .output()
            .unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        let signs_in: Value = serde_json::from_slice(&made.stdout).unwrap();
        for plugin in plugins {
            let built = component(plugin).await;
            std::fs::copy(&built, folder.path().join("plugins").join(built.file_name().unwrap())).unwrap();
        }
        let config = folder.path().join("counterfoil.toml");
        let mail = "mail = { folder = \"mails\", from = \"Counterfoil <counterfoil@example.com>\" }\n";
        let made = std::fs::read_to_string(&config).unwrap();
        std::fs::write(&config, format!("{mail}{made}")).unwrap();
        let service = serve(folder.path()).await;
        Self {
            api: Api::new(&service, folder.path()),
            address: format!("http://{}", service.address),
            password: signs_in["password"].as_str().unwrap().to_owned(),
            folder,
            service,
        }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) async fn stop(self) {
        self.service.stop().await.unwrap();
    }

    pub(crate) async fn setup(&self, document: &Value) {
        self.api.post("/v1/setup?dry_run=false", document).await;
    }

    /// A command, with what else stands in its environment.
    pub(crate) async fn run(&self, args: &[&str], env: &[(&str, &str)]) -> Said {
        let mut command = Command::new(env!("CARGO_BIN_EXE_counterfoil"));
        command.args(args).current_dir(self.folder.path()).stdin(Stdio::null());
        for name in ["COUNTERFOIL_SERVER", "COUNTERFOIL_TOKEN", "COUNTERFOIL_MASTER_KEY"] {
            command.env_remove(name);
        }
        let token = std::fs::read_to_string(self.path("admin.token")).unwrap();
        command.env("COUNTERFOIL_SERVER", &self.address).env("COUNTERFOIL_TOKEN", token.trim());
        command.envs(env.iter().copied());
        let what = format!("counterfoil {}", args.join(" "));
        // The service answers on this runtime: nothing of it may be held up.
        let said = tokio::task::spawn_blocking(move || command.output()).await.unwrap().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        Said { what, code: said.status.code(), out: text(said.stdout), err: text(said.stderr) }
    }

    pub(crate) async fn cli(&self, args: &[&str]) -> Said {
        self.run(args, &[]).await
    }

    /// To its good end.
    pub(crate) async fn check(&self, connection: &str) -> RunView {
        let run = self.api.run(&format!("/v1/connections/{connection}/check"), &json!({})).await;
        assert_eq!(run.state, "done", "{run:#?}");
        run
    }

    /// Plans all that is ready, confirms it, and goes on until nothing is: later orders wait for their turn.
    pub(crate) async fn bill(&self, connection: &str, accept: &[&str]) -> Vec<TaskView> {
        for _ in 0..12 {
            self.api.run("/v1/plans", &json!({ "connection": connection })).await;
            let planned = self.tasks(connection, "planned").await;
            let plans: Vec<String> = planned.into_iter().filter_map(|task| task.plan).collect();
            if plans.is_empty() {
                return self.tasks(connection, "synced").await;
            }
            let body = json!({ "connection": connection, "plans": plans, "accept": accept });
            let run = self.api.run("/v1/syncs", &body).await;
            assert_eq!(run.state, "done", "{run:#?}");
        }
        panic!("plans without an end");
    }

    /// All tasks, or those in a state.
    pub(crate) async fn tasks(&self, connection: &str, state: &str) -> Vec<TaskView> {
        let mut all = Vec::new();
        let mut after = String::new();
        loop {
            let path = format!("/v1/tasks?connection={connection}&state={state}&limit=200{after}");
            let page: TaskPage = self.api.get(&path).await;
            all.extend(page.tasks);
            match page.next {
                Some(next) => after = format!("&after={next}"),
                None => return all,
            }
        }
    }

    /// Asks until it holds.
    pub(crate) async fn until(&self, what: &str, connection: &str, holds: impl Fn(&[TaskView]) -> bool) {
        let begun = Instant::now();
        loop {
            let tasks = self.tasks(connection, "").await;
            if holds(&tasks) {
                return;
            }
            let told: Vec<_> =
                tasks.iter().map(|task| (&task.number, &task.state, &task.ignored, &task.needs)).collect();
            assert!(begun.elapsed() < PATIENCE, "{what} did not come about: {told:#?}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    pub(crate) async fn put(&self, path: &str, body: &Value) -> (u16, Value) {
        self.api.call(Method::PUT, path, Some(body)).await
    }
}

pub(crate) fn amount(task: &TaskView) -> Decimal {
    task.amount.amount.parse().unwrap()
}
