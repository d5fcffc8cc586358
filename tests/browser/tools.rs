//! Node, Chromium and the packages of these tests: found on this machine or missed aloud. Owns how a script is run.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Where a script looks, and as whom.
#[derive(Debug)]
pub(crate) struct Site {
    pub(crate) base: String,
    pub(crate) name: String,
    pub(crate) password: String,
}

#[derive(Debug)]
pub(crate) struct Tools {
    node: PathBuf,
    chromium: PathBuf,
    packages: PathBuf,
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

fn in_path(names: &[&str]) -> Option<PathBuf> {
    let folders = std::env::var_os("PATH")?;
    let all = std::env::split_paths(&folders).flat_map(|folder| names.iter().map(move |name| folder.join(name)));
    all.into_iter().find(|path| path.is_file())
}

impl Tools {
    /// None, said where the test harness does not swallow it, where something is missing; never in CI.
    pub(crate) fn found() -> Option<Self> {
        let packages = root().join("target/browser");
        let tools = (|| {
            let node = in_path(&["node"]).ok_or("node is not installed")?;
            let chromium =
                in_path(&["chromium", "chromium-browser", "google-chrome"]).ok_or("Chromium is not installed")?;
            let installed = ["playwright-core", "@axe-core/playwright"];
            if !installed.iter().all(|name| packages.join("node_modules").join(name).is_dir()) {
                return Err("their packages are not installed (.ci/browser installs them)");
            }
            Ok(Self { node, chromium, packages: packages.clone() })
        })();
        match tools {
            Ok(tools) => Some(tools),
            Err(why) => {
                assert!(std::env::var("CI").as_deref() != Ok("true"), "the browser tests cannot run: {why}");
                let _ = writeln!(std::io::stderr(), "SKIPPED, the browser tests: {why}");
                None
            }
        }
    }

    /// What a script of this folder says when it found nothing; its whole answer where it did.
    #[track_caller]
    pub(crate) fn run(&self, script: &str, args: &[&str], site: &Site) -> String {
        let output = Command::new(&self.node)
            .arg(root().join("tests/browser").join(script))
            .args(args)
            .env("BASE", &site.base)
            .env("NAME", &site.name)
            .env("PASSWORD", &site.password)
            .env("CHROMIUM", &self.chromium)
            .env("BROWSER_PACKAGES", &self.packages)
            .output()
            .unwrap();
        let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success(), "{script} {}: {said}", args.join(" "));
        said
    }
}
