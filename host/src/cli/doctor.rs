//! `doctor`: looks for what would keep the service from working, and says what to do. Changes nothing.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result};
use chrono::{DateTime, Days, NaiveDate, Utc};
use counterfoil_domain::card::Card;
use counterfoil_domain::connection::{Connection, ConnectionState};
use counterfoil_domain::id::PluginId;
use counterfoil_domain::notice;
use counterfoil_domain::ports::{Clock, PluginStore as _, SetupStore as _, Target as _, Vault, WallClock};
use counterfoil_domain::secret::{REFRESH_TOKEN_SINCE, SecretScope};
use counterfoil_runtime::component;
use counterfoil_runtime::registry::Kept;
use counterfoil_runtime::sandbox::Sandbox;
use counterfoil_store::{OpenError, SqliteStore, SqliteVault};
use serde_json::json;

use super::args::DoctorArgs;
use super::client::client_for;
use super::show;
use crate::compose;
use crate::config::Config;
use crate::exit::Exit;
use crate::wiring::connection_route;

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
    let mut found = vec![integrity, audit];
    let sign_ins = sign_ins(config, store, WallClock.now().date_naive()).await;
    found.extend(sign_ins.unwrap_or_else(|error| vec![Finding::broken(SIGN_IN, format!("{error:#}"))]));
    found
}

const SIGN_IN: &str = "sign-in";

/// Sign-ins by people, as the cards and the vault know them: how long they last unless they are used. Nobody is asked.
async fn sign_ins(config: &Config, store: SqliteStore, today: NaiveDate) -> Result<Vec<Finding>> {
    // Without the key nothing can be read; that is told already.
    let Ok(key) = compose::master_key(config) else { return Ok(Vec::new()) };
    let connections = store.connections().await?;
    let mut cards = BTreeMap::new();
    for active in store.activations().await? {
        let folder = config.versions();
        // Opening would make it.
        anyhow::ensure!(folder.is_dir(), "the versions of plugins are not in {}. Restore them", folder.display());
        let package = Kept::open(&folder)?.get(&active.digest).with_context(|| {
            format!("nothing can be sent through {}: install and activate a version of it again", active.plugin)
        })?;
        cards.insert(active.plugin, package.card);
    }
    ending(&connections, &cards, &SqliteVault::new(store, key), today).await
}

async fn ending(
    connections: &[Connection],
    cards: &BTreeMap<PluginId, Card>,
    vault: &dyn Vault,
    today: NaiveDate,
) -> Result<Vec<Finding>> {
    let mut found = Vec::new();
    for connection in connections {
        let auth = cards.get(&connection.plugin).and_then(|card| connection_route(connection, card).auth);
        let Some(days) = auth.and_then(|auth| auth.refresh_days) else { continue };
        let home = SecretScope::Connection(connection.signs_in_as().clone());
        let since = vault.get(&home, REFRESH_TOKEN_SINCE).await?;
        let since = since.and_then(|since| DateTime::parse_from_rfc3339(since.reveal()).ok());
        let ends = since.and_then(|at| at.with_timezone(&Utc).date_naive().checked_add_days(Days::new(days.into())));
        let is_over = connection.state == ConnectionState::NeedsSignIn;
        let notice = match ends {
            _ if is_over => notice::of_connection(connection),
            Some(ends) => notice::of_sign_in(connection, ends, today),
            // Nobody has signed in yet.
            None => continue,
        };
        found.push(match (notice, ends) {
            (Some(_), Some(ends)) if ends < today && !is_over => Finding::warning(
                SIGN_IN,
                format!(
                    "The sign-in of {0} was not used lately and ended on {ends}. Nothing is lost, and nothing can be sent \
                     until somebody signs in: `counterfoil connections authorize {0}`.",
                    connection.id
                ),
            ),
            (Some(told), _) => Finding::warning(SIGN_IN, format!("{} {} {}", told.happened, told.money, told.act)),
            (None, Some(ends)) => {
                Finding::good(SIGN_IN, format!("{} lasts until {ends}, longer if used", connection.id))
            }
            (None, None) => continue,
        });
    }
    Ok(found)
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

    use counterfoil_domain::card::AuthScheme;
    use counterfoil_domain::connection::{Exceptions, HostRules};
    use counterfoil_domain::id::PluginDigest;
    use counterfoil_domain::ports::{Store as _, Write};
    use counterfoil_domain::secret::Secret;
    use counterfoil_domain::version::Activation;
    use counterfoil_store::MemoryVault;

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

    fn connection(id: &str, scheme: AuthScheme, state: ConnectionState) -> Connection {
        Connection {
            id: id.into(),
            reseller: "acme".into(),
            name: id.to_owned(),
            plugin: "xero".into(),
            marketplace: "m".into(),
            state,
            state_reason: String::new(),
            base_url: None,
            token_url: None,
            auth: Some(scheme),
            exceptions: Exceptions::default(),
            settings: BTreeMap::new(),
            rules: HostRules::default(),
        }
    }

    /// Xero's card: sixty days from the token's last use.
    #[tokio::test]
    async fn a_sign_in_that_ends_soon_or_has_ended_is_told() {
        let card = counterfoil_runtime::manifest::parse(include_str!("../../../plugins/xero/plugin.toml")).unwrap();
        let cards = BTreeMap::from([("xero".into(), card)]);
        let (person, machine) = (AuthScheme::AuthorizationCode, AuthScheme::ClientCredentials);
        let (works, asks) = (ConnectionState::Enabled, ConnectionState::NeedsSignIn);
        let rows = [
            ("2026-11-01", person, works, Some((Health::Good, "2026-12-09"))),
            ("2026-12-02", person, works, Some((Health::Warning, "ends on 2026-12-09"))),
            ("2026-12-09", person, works, Some((Health::Warning, "ends on 2026-12-09"))),
            ("2026-12-10", person, works, Some((Health::Warning, "ended on 2026-12-09"))),
            ("2026-11-01", person, asks, Some((Health::Warning, "does not take its credentials"))),
            ("2027-02-01", machine, works, None),
        ];
        for (today, scheme, state, expected) in rows {
            let vault = MemoryVault::new();
            let home = SecretScope::Connection("books".into());
            vault.put(&home, REFRESH_TOKEN_SINCE, Secret::new("2026-10-10T10:00:00+00:00")).await.unwrap();
            // The second shares the first one's; with the third nobody signed in.
            let mut shares = connection("shop", scheme, state);
            shares.rules.sign_in.with = Some("books".into());
            let all = [connection("books", scheme, state), shares, connection("new", scheme, works)];
            let found = ending(&all, &cards, &vault, today.parse().unwrap()).await.unwrap();
            assert_eq!(found.len(), if expected.is_some() { 2 } else { 0 }, "{today}: {found:?}");
            for (finding, id) in found.iter().zip(["books", "shop"]) {
                let (health, text) = expected.unwrap();
                assert!(finding.health == health && finding.text.contains(text), "{today}: {finding:?}");
                assert!(finding.text.contains(id), "{today}: {finding:?}");
            }
        }
    }

    #[tokio::test]
    async fn an_active_version_that_is_gone_is_named() {
        let folder = std::env::temp_dir().join(format!("counterfoil-doctor-gone-{}", std::process::id()));
        super::super::init::make(&folder, "admin", "127.0.0.1:1", false).await.unwrap();
        let config = Config::load(&folder.join("counterfoil.toml")).unwrap();
        let told = async || {
            let found = database(&config).await;
            let texts = found.into_iter().filter(|one| one.what == SIGN_IN).map(|one| (one.health, one.text));
            texts.collect::<Vec<_>>()
        };
        assert_eq!(told().await, []);
        let (plugin, digest) = ("xero".into(), PluginDigest::new("ab".repeat(32)));
        let active = Activation { plugin, digest, former: None, at: WallClock.now(), by: "somebody".into() };
        let store = compose::open_store(&config).unwrap();
        store.commit(vec![Write::PutActivation(active)]).await.unwrap();
        drop(store);
        let without = told().await;
        assert!(!config.versions().exists(), "looking made a folder");
        std::fs::create_dir(config.versions()).unwrap();
        let empty = told().await;
        std::fs::remove_dir_all(&folder).unwrap();
        for (told, text) in [(without, "versions"), (empty, "through xero")] {
            assert!(matches!(&told[..], [(Health::Broken, why)] if why.contains(text)), "{told:?}");
        }
    }

    #[tokio::test]
    async fn a_bad_configuration_ends_it() {
        let found = findings(Path::new("/nowhere/counterfoil.toml")).await;
        assert_eq!(found.len(), 1);
        assert!(found[0].health == Health::Broken && found[0].text.contains("counterfoil init"), "{found:?}");
    }
}
