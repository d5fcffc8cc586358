//! The program as people run it: commands under limits, and a service of its own folder.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use counterfoil_runtime::component::MAX_BYTES;
use serde_json::Value;
use tempfile::TempDir;

const PATIENCE: Duration = Duration::from_secs(60);
/// Address space of one command: what parsing may cost at most.
const MEMORY_KIB: u64 = 1024 * 1024;

#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
    pub(crate) took: Duration,
}

impl Said {
    pub(crate) fn of(output: &Output, took: Duration) -> Self {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Self { code: output.status.code(), out: text(&output.stdout), err: text(&output.stderr), took }
    }

    #[track_caller]
    pub(crate) fn exits(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "{self:?}");
        self
    }

    #[track_caller]
    pub(crate) fn with(self, words: &[&str]) -> Self {
        let all = format!("{}{}", self.out, self.err);
        words.iter().for_each(|word| assert!(all.contains(word), "no \"{word}\" in {all}"));
        self
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|_| panic!("{self:?}"))
    }
}

/// Under a limit of memory and processor time: who needs more, dies of it.
pub(crate) fn limited(args: &[&str]) -> Said {
    let begun = Instant::now();
    let limits = format!("ulimit -v {MEMORY_KIB}; ulimit -t 20; ulimit -c 0; exec \"$@\"");
    let mut command = Command::new("/bin/sh");
    command.args(["-c", &limits, "sh", env!("CARGO_BIN_EXE_counterfoil")]).args(args).stdin(Stdio::null());
    Said::of(&command.output().unwrap(), begun.elapsed())
}

/// In a folder, with variables of its own.
pub(crate) fn run(folder: &Path, env: &[(&str, &str)], args: &[&str]) -> Said {
    let begun = Instant::now();
    let mut command = Command::new(env!("CARGO_BIN_EXE_counterfoil"));
    for name in ["COUNTERFOIL_SERVER", "COUNTERFOIL_TOKEN", "COUNTERFOIL_MASTER_KEY", "COUNTERFOIL_KEY_PASSWORD"] {
        command.env_remove(name);
    }
    command.args(args).current_dir(folder).envs(env.iter().copied()).stdin(Stdio::null());
    Said::of(&command.output().unwrap(), begun.elapsed())
}

/// A service that nothing else uses.
#[derive(Debug)]
pub(crate) struct House {
    pub(crate) folder: TempDir,
    child: Option<Child>,
    pub(crate) address: String,
    token: String,
}

impl Drop for House {
    fn drop(&mut self) {
        self.stop();
    }
}

impl House {
    pub(crate) fn new(init: &[&str]) -> Self {
        let folder = TempDir::new().unwrap();
        let args = [&["init", "shop", "--listen", "127.0.0.1:0"], init].concat();
        run(folder.path(), &[], &args).exits(0);
        let token = fs::read_to_string(folder.path().join("shop/admin.token")).unwrap();
        Self { folder, child: None, address: String::new(), token }
    }

    pub(crate) fn path(&self, below: &str) -> PathBuf {
        self.folder.path().join(below)
    }

    pub(crate) fn trust(&self, publishers: &str) {
        let path = self.path("shop/counterfoil.toml");
        let config = fs::read_to_string(&path).unwrap();
        let (head, _) = config.split_once("[plugins.publishers]").unwrap();
        fs::write(path, format!("{head}[plugins.publishers]\n{publishers}\n")).unwrap();
    }

    pub(crate) fn serve(&mut self) {
        self.stop();
        let log = fs::File::create(self.path("log")).unwrap();
        let child = Command::new(env!("CARGO_BIN_EXE_counterfoil"))
            .args(["serve", "--config"])
            .arg(self.path("shop/counterfoil.toml"))
            .env_remove("COUNTERFOIL_MASTER_KEY")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap();
        self.child = Some(child);
        let begun = Instant::now();
        loop {
            let log = self.log();
            if let Some((_, rest)) = log.split_once("serves on ")
                && let Some((address, _)) = rest.split_once(' ')
            {
                self.address = address.to_owned();
                return;
            }
            let ended = self.child.as_mut().unwrap().try_wait().unwrap();
            assert!(begun.elapsed() < PATIENCE && ended.is_none(), "{log}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    pub(crate) fn stop(&mut self) {
        if let Some(mut child) = self.child.take() {
            // In good order, so that the next start finds the folder free.
            let _ = Command::new("/bin/sh").arg("-c").arg(format!("kill -TERM {}", child.id())).status();
            let _ = child.wait();
        }
    }

    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.path("log")).unwrap_or_default()
    }

    /// The most memory that the service has had, in MiB.
    pub(crate) fn most_memory(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.as_ref().unwrap().id())).unwrap();
        let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
        line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() / 1024
    }

    pub(crate) fn run(&self, args: &[&str]) -> Said {
        let env = [("COUNTERFOIL_SERVER", self.address.as_str()), ("COUNTERFOIL_TOKEN", self.token.trim())];
        run(self.folder.path(), &env, args)
    }

    /// The bytes as they are, past everything that the command line would refuse first.
    pub(crate) fn upload(&self, bytes: &[u8]) -> (u16, String) {
        let _installed = rustls::crypto::ring::default_provider().install_default();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let http = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(300)).build().unwrap();
            let request = http.post(format!("{}/v1/plugins", self.address)).bearer_auth(self.token.trim());
            match request.header("content-type", "application/wasm").body(bytes.to_vec()).send().await {
                Ok(answer) => (answer.status().as_u16(), answer.text().await.unwrap()),
                // What is too large by its own word is turned away before it is sent; a client may notice by the pipe.
                Err(error) if bytes.len() > MAX_BYTES => (413, error.to_string()),
                Err(error) => panic!("{error:?}"),
            }
        })
    }

    pub(crate) fn plugins(&self) -> Value {
        self.run(&["plugin", "list", "--json"]).exits(0).json()
    }

    /// Waits until the list of plugins is as it should be.
    #[track_caller]
    pub(crate) fn until(&self, what: &str, is: impl Fn(&Value) -> bool) {
        let begun = Instant::now();
        loop {
            let list = self.plugins();
            if is(&list) {
                return;
            }
            assert!(begun.elapsed() < PATIENCE, "{what}: {list:#}\n{}", self.log());
            std::thread::sleep(Duration::from_millis(100));
        }
    }
}
