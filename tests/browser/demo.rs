//! `counterfoil demo` on a free port, for as long as a test needs it.

use std::fs::{self, File};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::support::plugin;
use crate::tools::Site;

/// It builds, checks, plans and writes before it stands still.
const PATIENCE: Duration = Duration::from_secs(240);

#[derive(Debug)]
pub(crate) struct Demo {
    child: Child,
    folder: TempDir,
}

impl Drop for Demo {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Demo {
    /// None where this machine cannot build a plugin.
    pub(crate) fn start() -> Option<Self> {
        plugin()?;
        let folder = TempDir::new().unwrap();
        let file = |name: &str| Stdio::from(File::create(folder.path().join(name)).unwrap());
        let child = Command::new(env!("CARGO_BIN_EXE_counterfoil"))
            .args(["demo", "--listen", "127.0.0.1:0", "--folder"])
            .arg(folder.path().join("demo"))
            .stdin(Stdio::null())
            .stdout(file("out"))
            .stderr(file("err"))
            .spawn()
            .unwrap();
        Some(Self { child, folder })
    }

    /// As soon as it says where it is: "http://127.0.0.1:1234  (sign in as admin with …)".
    pub(crate) fn site(&self) -> Site {
        let begun = Instant::now();
        let read = |name: &str| fs::read_to_string(self.folder.path().join(name)).unwrap();
        loop {
            let out = read("out");
            if let Some((line, _)) =
                out.split_once("The service is still running: ").and_then(|(_, rest)| rest.split_once('\n'))
            {
                let mut words = line.split_whitespace();
                let base = words.next().unwrap().to_owned();
                let (name, password) = line.split_once("sign in as ").unwrap().1.split_once(" with ").unwrap();
                let password = password.trim_end_matches(')').to_owned();
                return Site { base, name: name.to_owned(), password };
            }
            assert!(begun.elapsed() < PATIENCE, "the demo does not stand still: {out}\n{}", read("err"));
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}
