//! `demo`: everything simulated, from orders to invoices, through the same doors as real work. Owns the
//! order of events; `figures` owns what must agree at the end.

mod figures;
mod setup;

use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context as _, Result, bail};
use chrono::Utc;
use counterfoil_domain::ports::RunStore as _;
use counterfoil_runtime::build;
use counterfoil_server::wire::RunView;
use serde_json::json;

use super::args::{DemoArgs, Remote};
use super::client::Client;
use super::init::{self, SignIn};
use super::serve::told_to_stop;
use super::sim::{self, SimPorts, Simulated};
use crate::compose::{self, Service};
use crate::config::Config;
use crate::exit::Exit;
use figures::Figures;

/// The connection that the demo sets up.
const CONNECTION: &str = "xero-main";

pub(super) async fn run(args: &DemoArgs) -> Result<Exit> {
    let begun = Instant::now();
    let folder = folder(args)?;
    let plugin = plugin().await?;
    step("starting a simulated marketplace, a simulated Xero, and the service");
    let sims = sim::start_world(args.seed, Utc::now(), SimPorts::default()).await?;
    let sign_in = init::make(&folder, "admin", &args.listen, false).await?;
    std::fs::copy(&plugin, folder.join("plugins/xero.wasm"))
        .context("the plugin cannot be copied into the demo's folder")?;
    let mut config = Config { demo: true, ..Config::load(&folder.join("counterfoil.toml"))? };
    // It was built a moment ago from the source that this program came with.
    config.bundled.extend(plugin.parent().map(Path::to_owned));
    let service = compose::start(&config).await?;
    let client = client(&service, &folder)?;
    step("applying setup.toml");
    setup::apply(&client, &folder, &sims).await?;
    let figures = work(&client, &service, &sims).await?;
    let agrees = figures.agrees();
    if args.json {
        println!("{}", figures.as_json());
    } else {
        figures.print(begun.elapsed())?;
    }
    if !args.exit {
        leave_running(&service, &sign_in, &folder).await?;
    }
    service.stop().await?;
    Ok(if agrees { Exit::Done } else { Exit::Error })
}

/// Check, plan, sync; then all of it again, which must change nothing.
async fn work(client: &Client, service: &Service, sims: &Simulated) -> Result<Figures> {
    let first = check(client).await?;
    let plan = plan(client).await?;
    let sync = sync(client, service).await?;
    let writes = figures::writes(sims);
    step("checking and synchronizing once more: nothing may change");
    let second = check(client).await?;
    self::plan(client).await?;
    let again = self::sync(client, service).await?;
    let repeated = figures::Repeated {
        tasks_new: second.counts.get("tasks-new").copied().unwrap_or_default(),
        writes: figures::writes(sims) - writes,
    };
    let runs = [first, plan].into_iter().chain(sync).chain([second]).chain(again).collect();
    Figures::gather(service, sims, runs, repeated).await
}

async fn check(client: &Client) -> Result<RunView> {
    step("checking changes");
    follow(client, &["connections", CONNECTION, "check"], json!({})).await
}

async fn plan(client: &Client) -> Result<RunView> {
    step("planning every task that is ready");
    follow(client, &["plans"], json!({ "connection": CONNECTION })).await
}

/// Confirms every plan that nothing speaks against. None: there was nothing to confirm.
async fn sync(client: &Client, service: &Service) -> Result<Option<RunView>> {
    let plans = figures::confirmable(&service.store).await?;
    if plans.is_empty() {
        return Ok(None);
    }
    step(&format!("confirming {} plans and writing them", plans.len()));
    let run = follow(client, &["syncs"], json!({ "connection": CONNECTION, "plans": plans })).await?;
    figures::until_at_rest(&service.store).await?;
    Ok(Some(run))
}

async fn follow(client: &Client, path: &[&str], body: serde_json::Value) -> Result<RunView> {
    let started = client.start(path, Some(&body)).await?;
    client.wait(started).await
}

fn step(text: &str) {
    eprintln!("· {text}");
}

fn client(service: &Service, folder: &Path) -> Result<Client> {
    Client::new(&Remote {
        server: format!("http://{}", service.address),
        token_file: Some(folder.join("admin.token")),
        json: false,
    })
}

/// A fresh folder, so that nothing of an earlier demo can flatter this one.
fn folder(args: &DemoArgs) -> Result<PathBuf> {
    let folder = match &args.folder {
        Some(folder) => folder.clone(),
        None => {
            std::env::temp_dir().join(format!("counterfoil-demo-{}-{}", std::process::id(), Utc::now().timestamp()))
        }
    };
    if folder.is_dir() && std::fs::read_dir(&folder)?.next().is_some() {
        bail!("{} is not empty; the demo needs a fresh folder, so that it touches nobody's data", folder.display());
    }
    std::fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    Ok(folder)
}

/// Builds the Xero target from its source, which stands beside this binary's.
async fn plugin() -> Result<PathBuf> {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).parent().map(|root| root.join("plugins/xero"));
    let Some(source) = source.filter(|source| source.join("plugin.toml").is_file()) else {
        bail!(
            "the demo builds the Xero target from plugins/xero, which is not here; run it from a checkout with `cargo run -- demo`"
        );
    };
    step("building the Xero target (a minute the first time)");
    let built = build::build(&source, &build::Options::default()).await?;
    step(&format!("built it: {} KiB, imports {}", built.size / 1024, built.imports.join(", ")));
    Ok(built.path)
}

async fn leave_running(service: &Service, sign_in: &SignIn, folder: &Path) -> Result<()> {
    let address = service.address;
    println!();
    println!("The service is still running: http://{address}  (sign in as {} with {})", sign_in.name, sign_in.password);
    println!("  export COUNTERFOIL_SERVER=http://{address} COUNTERFOIL_TOKEN=$(cat {}/admin.token)", folder.display());
    println!("  cargo run -- tasks list");
    println!("Stop with Ctrl-C. Everything is in {}.", folder.display());
    told_to_stop().await?;
    let open = service.store.unfinished_runs().await?;
    if !open.is_empty() {
        eprintln!("{} runs are under way; what they sent is in the journal", open.len());
    }
    Ok(())
}
