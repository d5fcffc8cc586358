//! `doctor`: looks for what would keep the service from working, and says what to do. Changes nothing.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use counterfoil_domain::ports::{Clock, Target as _, WallClock};
use counterfoil_runtime::component;
use counterfoil_runtime::sandbox::Sandbox;
use counterfoil_store::{OpenError, SqliteStore};
use serde_json::json;

use super::args::DoctorArgs;
use super::client::client_for;
use super::show;
use crate::compose;
use crate::config::Config;
use crate::exit::Exit;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Health {
    Good,
    /// Works without it.
    Warning,
    Broken,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Finding {
    what: &'static str,
    health: Health,
    text: String,
}

impl Finding {
    fn good(what: &'static str, text: impl Into<String>) -> Self {
        Self { what, health: Health::Good, text: text.into() }
    }

    fn warning(what: &'static str, text: impl Into<String>) -> Self {
        Self { what, health: Health::Warning, text: text.into() }
    }

    fn broken(what: &'static str, text: impl Into<String>) -> Self {
        Self { what, health: Health::Broken, text: text.into() }
    }
}

pub(super) async fn run(args: &DoctorArgs) -> Result<Exit> {
    let findings = findings(&args.config).await;
    let broken = findings.iter().filter(|finding| finding.health == Health::Broken).count();
    if args.json {
        let rows = findings
            .iter()
            .map(|finding| json!({ "what": finding.what, "health": word(finding.health), "text": finding.text }));
        show::json(&json!({ "broken": broken, "findings": rows.collect::<Vec<_>>() }))?;
    } else {
        let text: String = findings
            .iter()
            .map(|finding| format!("{} {:<12} {}\n", sign(finding.health), finding.what, show::clean(&finding.text)))
            .collect();
        show::print(&text)?;
        eprintln!(
            "{}",
            if broken == 0 {
                "Nothing is broken.".to_owned()
            } else {
                format!("{broken} broken: mend these, then run `counterfoil doctor` again.")
            }
        );
    }
    Ok(if broken == 0 { Exit::Done } else { Exit::Error })
}

fn sign(health: Health) -> &'static str {
    match health {
        Health::Good => "✔",
        Health::Warning => "!",
        Health::Broken => "✘",
    }
}

fn word(health: Health) -> &'static str {
    match health {
        Health::Good => "good",
        Health::Warning => "warning",
        Health::Broken => "broken",
    }
}

async fn findings(path: &Path) -> Vec<Finding> {
    let config = match Config::load(path) {
        Ok(config) => config,
        Err(error) => return vec![Finding::broken("config", format!("{error:#}"))],
    };
    let mut found = vec![Finding::good("config", path.display().to_string()), data_dir(&config), master_key(&config)];
    found.extend(database(&config).await);
    found.extend(plugins(&config.plugins_dir).await);
    found.push(service(&config).await);
    found.push(wasm_target().await);
    found
}

/// A file is made and removed: permissions alone do not tell of full or read-only disks.
fn data_dir(config: &Config) -> Finding {
    let folder = &config.data_dir;
    let probe = folder.join(format!(".doctor-{}", std::process::id()));
    match std::fs::write(&probe, b"x").and_then(|()| std::fs::remove_file(&probe)) {
        Ok(()) if is_open_to_others(folder) => Finding::warning(
            "data folder",
            format!(
                "{} can be read by others: orders and the hashes of passwords are in it. chmod 700 {}",
                folder.display(),
                folder.display()
            ),
        ),
        Ok(()) => Finding::good("data folder", format!("{} can be written", folder.display())),
        Err(error) => Finding::broken(
            "data folder",
            format!(
                "{} cannot be written ({error}). Nothing can be recorded, so nothing would be sent. Make it, or give the service's account the right to write",
                folder.display()
            ),
        ),
    }
}

fn is_open_to_others(folder: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::metadata(folder).is_ok_and(|about| about.permissions().mode() & 0o077 != 0)
}

fn master_key(config: &Config) -> Finding {
    match compose::master_key(config) {
        Ok(_) => Finding::good("master key", "present, and readable by its owner only"),
        Err(error) => Finding::broken("master key", format!("{error:#}")),
    }
}

async fn database(config: &Config) -> Vec<Finding> {
    let path = config.database();
    // Opening would make one, and a new one in the wrong place would hide the old one.
    if !path.exists() {
        return vec![Finding::broken(
            "database",
            format!(
                "{} is not there. Restore it from a backup, or make a new folder with `counterfoil init`",
                path.display()
            ),
        )];
    }
    let store = match SqliteStore::open(&path) {
        Ok(store) => store,
        Err(OpenError::Locked { .. }) => {
            return vec![Finding::warning(
                "database",
                "the running service has it open; stop it to have every record checked",
            )];
        }
        Err(error) => return vec![Finding::broken("database", error.to_string())],
    };
    let integrity = match store.integrity().await {
        Ok(found) if found.is_good() => {
            Finding::good("database", format!("{} records, all as they were written", found.records))
        }
        Ok(found) => Finding::broken(
            "database",
            format!("{}. Nothing was repaired; keep the file and restore a backup", found.problems.join("; ")),
        ),
        Err(error) => Finding::broken("database", format!("it cannot be read: {error}")),
    };
    let audit = match store.verify_audit().await {
        Ok(check) => match check.first_bad {
            None => Finding::good("audit log", format!("{} records, chain whole", check.records)),
            Some(bad) => Finding::broken(
                "audit log",
                format!(
                    "record {} was altered: {}. Find out who changed the database; compare with a backup",
                    bad.place, bad.why
                ),
            ),
        },
        Err(error) => Finding::broken("audit log", format!("it cannot be read: {error}")),
    };
    vec![integrity, audit]
}

async fn plugins(folder: &Path) -> Vec<Finding> {
    let what = "plugin";
    let files = match std::fs::read_dir(folder) {
        Ok(entries) => entries.filter_map(|entry| Some(entry.ok()?.path())),
        Err(error) => {
            return vec![Finding::broken(
                what,
                format!(
                    "the folder {} cannot be read ({error}). No target can be used. Make it and put components into it",
                    folder.display()
                ),
            )];
        }
    };
    let mut files: Vec<_> = files.filter(|path| path.extension().is_some_and(|ending| ending == "wasm")).collect();
    files.sort();
    if files.is_empty() {
        return vec![Finding::warning(
            what,
            format!(
                "there is none in {}: nothing can be sent. `counterfoil plugin build FOLDER --into {}` makes one",
                folder.display(),
                folder.display()
            ),
        )];
    }
    let clock: Arc<dyn Clock> = Arc::new(WallClock);
    let sandbox = match Sandbox::new(1, clock) {
        Ok(sandbox) => sandbox,
        Err(error) => {
            return vec![Finding::broken("sandbox", format!("it cannot be started on this machine: {error}"))];
        }
    };
    let mut found = Vec::new();
    for file in files {
        found.push(match load(&sandbox, &file).await {
            Ok(text) => Finding::good(what, text),
            Err(error) => Finding::broken(what, format!("{}: {error}", file.display())),
        });
    }
    found
}

async fn load(sandbox: &Sandbox, file: &Path) -> Result<String> {
    let package = component::read(&std::fs::read(file)?)?;
    let target = sandbox.load(&package).await?;
    Ok(format!("{} {} loads ({})", target.card().id, target.card().version, file.display()))
}

/// Where to ask a service that listens there: one that listens everywhere is asked on loopback.
fn ask_at(listen: &str) -> String {
    let (host, port) = listen.rsplit_once(':').unwrap_or((listen, "8420"));
    let host = match host {
        "0.0.0.0" | "" => "127.0.0.1",
        "[::]" => "[::1]",
        host => host,
    };
    format!("http://{host}:{port}/readyz")
}

async fn service(config: &Config) -> Finding {
    let what = "service";
    let url = ask_at(&config.listen);
    // Only the first call installs it; the others find it there.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let Ok(address) = reqwest::Url::parse(&url) else {
        return Finding::broken(
            what,
            format!("listen = \"{}\" is no address; write for example 127.0.0.1:8420", config.listen),
        );
    };
    let client = client_for(&address).no_proxy().timeout(Duration::from_secs(5)).build();
    let Ok(client) = client else { return Finding::broken(what, "the HTTP client cannot be started") };
    match client.get(&url).send().await {
        Ok(answer) if answer.status().is_success() => Finding::good(what, format!("ready at {}", config.listen)),
        Ok(answer) => {
            Finding::broken(what, format!("{url} answers {}. It takes no requests; its log says why", answer.status()))
        }
        Err(error) if error.is_connect() => {
            Finding::warning(what, format!("not running at {}; start it with `counterfoil serve`", config.listen))
        }
        Err(error) => Finding::broken(
            what,
            format!("{url} does not answer as it should ({error}). Another program may listen there"),
        ),
    }
}

/// Only who builds plugins needs it.
async fn wasm_target() -> Finding {
    let what = "plugin build";
    let target = counterfoil_runtime::build::WASM_TARGET;
    let asked =
        tokio::process::Command::new("rustc").args(["--print", "target-libdir", "--target", target]).output().await;
    match asked {
        Ok(output) if output.status.success() && Path::new(String::from_utf8_lossy(&output.stdout).trim()).is_dir() => {
            Finding::good(what, format!("Rust can build for {target}"))
        }
        Ok(_) => Finding::warning(
            what,
            format!("Rust cannot build for {target}; only needed to build plugins: rustup target add {target}"),
        ),
        Err(_) => Finding::warning(what, "there is no Rust here; only needed to build plugins: https://rustup.rs"),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn a_service_that_listens_everywhere_is_asked_on_loopback() {
        for (listen, url) in [
            ("127.0.0.1:8420", "http://127.0.0.1:8420/readyz"),
            ("0.0.0.0:9000", "http://127.0.0.1:9000/readyz"),
            ("[::]:9000", "http://[::1]:9000/readyz"),
            (":9000", "http://127.0.0.1:9000/readyz"),
        ] {
            assert_eq!(ask_at(listen), url);
        }
    }

    #[tokio::test]
    async fn what_is_missing_is_named_with_what_to_do_and_nothing_is_made() {
        let folder = std::env::temp_dir().join(format!("counterfoil-doctor-{}", std::process::id()));
        std::fs::create_dir_all(folder.join("data")).unwrap();
        std::fs::set_permissions(folder.join("data"), std::fs::Permissions::from_mode(0o755)).unwrap();
        let config = folder.join("counterfoil.toml");
        std::fs::write(&config, "listen = \"127.0.0.1:1\"").unwrap();
        let found = findings(&config).await;
        let left: Vec<_> = std::fs::read_dir(folder.join("data")).unwrap().collect();
        std::fs::remove_dir_all(&folder).unwrap();
        let health = |what: &str| found.iter().find(|finding| finding.what == what).map(|finding| finding.health);
        assert_eq!(health("config"), Some(Health::Good));
        assert_eq!(health("data folder"), Some(Health::Warning), "others can read it");
        assert_eq!(health("master key"), Some(Health::Broken));
        assert_eq!(health("database"), Some(Health::Broken));
        assert_eq!(health("plugin"), Some(Health::Broken));
        assert_eq!(health("service"), Some(Health::Warning));
        assert!(left.is_empty(), "looking made a file");
    }

    #[tokio::test]
    async fn a_bad_configuration_ends_it() {
        let found = findings(Path::new("/nowhere/counterfoil.toml")).await;
        assert_eq!(found.len(), 1);
        assert!(found[0].health == Health::Broken && found[0].text.contains("counterfoil init"), "{found:?}");
    }
}
