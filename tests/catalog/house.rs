//! A service over a folder of catalogs, as child processes of the test.

use std::fs::{self, File};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

use crate::folder::Folder;

/// A command that says nothing for so long hangs.
const PATIENCE: Duration = Duration::from_secs(120);

/// A child that does not outlive its test.
#[derive(Debug)]
pub(crate) struct Running {
    child: Child,
    folder: TempDir,
    what: String,
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What a command answered.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Said {
    #[track_caller]
    pub(crate) fn exits(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "{self:#?}");
        self
    }

    #[track_caller]
    pub(crate) fn with(self, words: &[&str]) -> Self {
        for word in words {
            assert!(self.out.contains(word) || self.err.contains(word), "\"{word}\" is missing: {self:#?}");
        }
        self
    }

    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {self:#?}"))
    }
}

impl Running {
    fn start(mut command: Command, what: String) -> Self {
        let folder = TempDir::new().unwrap();
        let file = |name: &str| Stdio::from(File::create(folder.path().join(name)).unwrap());
        let child = command.stdin(Stdio::null()).stdout(file("out")).stderr(file("err")).spawn().unwrap();
        Self { child, folder, what }
    }

    fn text(&self, name: &str) -> String {
        fs::read_to_string(self.folder.path().join(name)).unwrap()
    }

    pub(crate) fn is_over(&mut self) -> bool {
        self.child.try_wait().unwrap().is_some()
    }

    pub(crate) fn said(mut self) -> Said {
        let begun = Instant::now();
        loop {
            if let Some(ended) = self.child.try_wait().unwrap() {
                return Said { code: ended.code(), out: self.text("out"), err: self.text("err") };
            }
            assert!(begun.elapsed() < PATIENCE, "{} hangs: {}", self.what, self.text("err"));
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

#[derive(Debug)]
pub(crate) struct House {
    home: TempDir,
    pub(crate) catalogs: Folder,
    token: String,
    service: Option<Running>,
    server: String,
}

impl House {
    /// Serving, with a marketplace "plans" over an empty folder of catalogs.
    pub(crate) fn open() -> Self {
        Self::open_with("")
    }

    /// With these lines in the marketplace's table.
    pub(crate) fn open_with(lines: &str) -> Self {
        let home = TempDir::new().unwrap();
        let catalogs = Folder::new(home.path().join("catalogs"));
        let mut house = Self { home, catalogs, token: String::new(), service: None, server: String::new() };
        house.run(&["init", "shop", "--listen", "127.0.0.1:0"]).exits(0);
        house.token = fs::read_to_string(house.home.path().join("shop/admin.token")).unwrap();
        house.serve();
        let setup = format!(
            "[reseller.demo]\nname = \"Demo\"\n\n[marketplace.plans]\nreseller = \"demo\"\nkind = \"catalog-files\"\nlocation = \"{}\"\n{lines}\n",
            house.catalogs.root().display()
        );
        fs::write(house.home.path().join("setup.toml"), setup).unwrap();
        house.run(&["apply", "-f", "setup.toml"]).exits(0);
        house
    }

    /// Another setup file, with files beside it.
    pub(crate) fn apply(&self, setup: &str, files: &[(&str, &str)]) -> Said {
        for (name, text) in files {
            fs::write(self.home.path().join(name), text).unwrap();
        }
        fs::write(self.home.path().join("more.toml"), setup).unwrap();
        self.run(&["apply", "-f", "more.toml"])
    }

    /// What the service has logged so far.
    pub(crate) fn log(&self) -> String {
        self.service.as_ref().map(|service| service.text("err")).unwrap_or_default()
    }

    /// A later start listens where the first did.
    pub(crate) fn serve(&mut self) {
        let config = self.home.path().join("shop/counterfoil.toml");
        let mut service = self.start(&["serve", "--config", config.to_str().unwrap()]);
        let begun = Instant::now();
        let address = loop {
            let err = service.text("err");
            let whole = err.rfind('\n').map_or("", |end| &err[..end]);
            if let Some((_, rest)) = whole.split_once("serves on http://") {
                break rest.split_whitespace().next().unwrap().to_owned();
            }
            assert!(!service.is_over() && begun.elapsed() < PATIENCE, "it does not serve: {err}");
            std::thread::sleep(Duration::from_millis(5));
        };
        let text = fs::read_to_string(&config).unwrap();
        fs::write(&config, text.replace("127.0.0.1:0", &address)).unwrap();
        self.server = format!("http://{address}");
        self.service = Some(service);
    }

    /// kill -9.
    pub(crate) fn kill(&mut self) {
        let mut service = self.service.take().unwrap();
        service.child.kill().unwrap();
        let ended = service.child.wait().unwrap();
        assert_eq!(ended.code(), None, "it ended by itself: {}", service.text("err"));
    }

    pub(crate) fn start(&self, args: &[&str]) -> Running {
        let mut command = Command::new(env!("CARGO_BIN_EXE_counterfoil"));
        command.args(args).current_dir(self.home.path()).env_remove("COUNTERFOIL_MASTER_KEY");
        command.env("COUNTERFOIL_SERVER", &self.server).env("COUNTERFOIL_TOKEN", &self.token);
        Running::start(command, format!("counterfoil {}", args.join(" ")))
    }

    pub(crate) fn run(&self, args: &[&str]) -> Said {
        self.start(args).said()
    }

    /// `catalog …`, without a service's `--json`.
    pub(crate) fn catalog(&self, line: &str) -> Said {
        let words: Vec<&str> = std::iter::once("catalog").chain(line.split_whitespace()).collect();
        self.run(&words)
    }

    /// Previews, which must find something, and gives the run's id.
    #[track_caller]
    pub(crate) fn preview(&self, line: &str) -> String {
        let said = self.catalog(&format!("preview plans {line} --json")).exits(2);
        said.json()["run"]["id"].as_str().unwrap().to_owned()
    }

    /// Previews and synchronizes, which must go through, and gives the run's id.
    #[track_caller]
    pub(crate) fn sync(&self, line: &str) -> String {
        let said = self.catalog(&format!("sync {} --json", self.preview(line))).exits(0);
        said.json()["run"]["id"].as_str().unwrap().to_owned()
    }

    /// The states of a run's resellers, in the order of their turns.
    pub(crate) fn states(&self, run: &str) -> Vec<(String, String)> {
        let whole = self.catalog(&format!("runs {run} --json")).exits(0).json();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        whole["resellers"].as_array().unwrap().iter().map(|one| (text(&one["reseller"]), text(&one["state"]))).collect()
    }
}
