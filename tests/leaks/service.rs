//! The service as a process of its own, as talkative as it can be, and its API. Owns starting and asking.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use counterfoil_runtime::build::{self, Options};
use counterfoil_runtime::component;
use reqwest::Method;
use serde_json::Value;
use tempfile::TempDir;

const PATIENCE: Duration = Duration::from_secs(60);

#[derive(Debug)]
pub(crate) struct Service {
    child: Child,
    folder: TempDir,
    base: String,
    token: String,
    http: reqwest::Client,
    /// Every answer of the API, as it came.
    pub(crate) answers: Vec<(String, Vec<u8>)>,
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Service {
    /// `plugins`: file name and component.
    pub(crate) async fn start(plugins: &[(String, Vec<u8>)]) -> Self {
        let folder = TempDir::new().unwrap();
        let shop = folder.path().join("shop");
        let made = command(&["init", "--allow-unsigned", "--listen", "127.0.0.1:0"]).arg(&shop).output().unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        for (name, wasm) in plugins {
            fs::write(shop.join("plugins").join(name), wasm).unwrap();
        }
        let config = fs::read_to_string(shop.join("counterfoil.toml")).unwrap();
        let talkative = config.replace("log = \"info\"", "log = \"trace\"");
        assert_ne!(talkative, config);
        fs::write(shop.join("counterfoil.toml"), talkative).unwrap();
        let token = fs::read_to_string(shop.join("admin.token")).unwrap().trim().to_owned();
        let log = |name: &str| Stdio::from(File::create(folder.path().join(name)).unwrap());
        let child = command(&["serve", "--config"])
            .arg(shop.join("counterfoil.toml"))
            .stdin(Stdio::null())
            .stdout(log("out"))
            .stderr(log("err"))
            .spawn()
            .unwrap();
        let _installed = rustls::crypto::ring::default_provider().install_default();
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        let mut service = Self { child, folder, base: String::new(), token, http, answers: Vec::new() };
        service.base = service.address().await;
        service
    }

    async fn address(&mut self) -> String {
        let begun = Instant::now();
        loop {
            let err = self.log();
            if let Some((_, rest)) = err.split_once("serves on ")
                && let Some((address, _)) = rest.split_once(' ')
            {
                return address.to_owned();
            }
            assert!(begun.elapsed() < PATIENCE && self.child.try_wait().unwrap().is_none(), "{err}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    pub(crate) fn log(&self) -> String {
        String::from_utf8_lossy(&fs::read(self.folder.path().join("err")).unwrap()).into_owned()
    }

    pub(crate) async fn call(&mut self, method: Method, path: &str, body: Option<&Value>) -> (u16, String) {
        let mut request = self.http.request(method.clone(), format!("{}{path}", self.base)).bearer_auth(&self.token);
        if let Some(body) = body {
            request = request.header("content-type", "application/json").body(body.to_string());
        }
        let answer = request.send().await.unwrap();
        let (status, headers) = (answer.status().as_u16(), format!("{:?}", answer.headers()));
        let text = answer.text().await.unwrap();
        self.answers.push((format!("{method} {path}"), format!("{headers}\n{text}").into_bytes()));
        (status, text)
    }

    pub(crate) async fn get(&mut self, path: &str) -> (u16, String) {
        self.call(Method::GET, path, None).await
    }

    pub(crate) async fn post(&mut self, path: &str, body: &Value) -> Value {
        let (status, text) = self.call(Method::POST, path, Some(body)).await;
        assert!((200..300).contains(&status), "POST {path}: {status} {text}");
        serde_json::from_str(&text).unwrap()
    }

    /// Starts a run and gives how it ended.
    pub(crate) async fn run(&mut self, path: &str, body: &Value) -> Value {
        let run = self.post(path, body).await;
        let path = format!("/v1/runs/{}", run["id"].as_str().unwrap());
        let begun = Instant::now();
        loop {
            let run: Value = serde_json::from_str(&self.get(&path).await.1).unwrap();
            if run["is_over"] == true {
                return run;
            }
            assert!(begun.elapsed() < PATIENCE, "the run does not end: {run}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Everything that the service has written: its folder, and what it said.
    pub(crate) fn files(&self) -> Vec<(PathBuf, Vec<u8>)> {
        fn walk(folder: &Path, found: &mut Vec<(PathBuf, Vec<u8>)>) {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    walk(&path, found);
                } else if let Ok(bytes) = fs::read(&path) {
                    found.push((path, bytes));
                }
            }
        }
        let mut found = Vec::new();
        walk(self.folder.path(), &mut found);
        found
    }

    /// In good order, so that the log is whole and the database is put to rest.
    pub(crate) fn stop(&mut self) {
        let asked = Command::new("sh").arg("-c").arg(format!("kill -TERM {}", self.child.id())).status().unwrap();
        assert!(asked.success());
        self.child.wait().unwrap();
    }
}

fn command(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_counterfoil"));
    command.args(args);
    for name in ["COUNTERFOIL_SERVER", "COUNTERFOIL_TOKEN", "COUNTERFOIL_MASTER_KEY"] {
        command.env_remove(name);
    }
    command
}

/// A test plugin with its card changed.
pub(crate) async fn guest(name: &str, change: impl Fn(String) -> String) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().join("tests/plugins").join(name);
    // A target folder beside the host's: the guests are no members of its workspace.
    let target_dir = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap().join("guests");
    let built = build::build(&folder, &Options { target_dir: Some(target_dir), offline: false }).await;
    let built = built.unwrap_or_else(|error| panic!("the test plugin {name} cannot be built: {error}"));
    let card = fs::read_to_string(folder.join("plugin.toml")).unwrap();
    let changed = change(card.clone());
    assert_ne!(changed, card);
    component::embed(&fs::read(built.path).unwrap(), &changed).unwrap()
}
