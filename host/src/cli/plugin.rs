//! `plugin`: builds a target from its folder, shows what a component may do, and swaps versions in the running service.
//! Owns the words; building, reading and compiling are the runtime's, swapping is the service's.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, Result};
use counterfoil_domain::card::{Card, DeliveryClass};
use counterfoil_domain::scenario::{Row, Table};
use counterfoil_runtime::build::{self, Built};
use counterfoil_runtime::sandbox::{COMPILE, compile_file};
use counterfoil_runtime::{component, manifest};
use counterfoil_server::wire::{ActivatedView, PluginList, PluginView, ShadowView};
use serde_json::{Value, json};

use super::args::PluginVerb;
use super::client::{Client, conclude};
use super::show;
use crate::exit::Exit;

pub(super) async fn run(verb: PluginVerb) -> Result<Exit> {
    match verb {
        PluginVerb::Build { folder, into, json } => make(&folder, into.as_deref(), json).await,
        PluginVerb::Inspect { file, json, markdown } => inspect(&file, json, markdown),
        remote => conclude(swap(remote).await),
    }
}

/// What this process is when the service started it to compile one plugin: two files on its command line, and limits
/// around it. None: it was started by somebody else.
pub fn compiler() -> Option<ExitCode> {
    let mut arguments = std::env::args_os().skip(1);
    if arguments.next()? != COMPILE {
        return None;
    }
    let (input, output) = (PathBuf::from(arguments.next()?), PathBuf::from(arguments.next()?));
    Some(match compile_file(&input, &output) {
        Ok(()) => Exit::Done.into(),
        Err(error) => {
            eprintln!("{error}");
            Exit::Error.into()
        }
    })
}

async fn swap(verb: PluginVerb) -> Result<Exit> {
    match verb {
        PluginVerb::Install { file, remote } => install(&Client::new(&remote)?, &file, remote.json).await,
        PluginVerb::List { remote } => list(&Client::new(&remote)?, remote.json).await,
        PluginVerb::Activate { id, digest, accept_wider, remote } => {
            let client = Client::new(&remote)?;
            let body = json!({ "digest": whole(&client, &id, &digest).await?, "accept_wider": accept_wider });
            activated(client.post(&["plugins", &id, "activate"], &[], &body).await?, remote.json)
        }
        PluginVerb::Rollback { id, remote } => {
            let answer = Client::new(&remote)?.post(&["plugins", &id, "rollback"], &[], &json!({})).await?;
            activated(answer, remote.json)
        }
        PluginVerb::Shadow { id, digest, tasks, remote } => {
            let client = Client::new(&remote)?;
            let body = json!({ "digest": whole(&client, &id, &digest).await?, "tasks": tasks });
            shadow(&client.post(&["plugins", &id, "shadow"], &[], &body).await?, remote.json)
        }
        PluginVerb::Build { .. } | PluginVerb::Inspect { .. } => Ok(Exit::Usage),
    }
}

async fn install(client: &Client, file: &Path, as_json: bool) -> Result<Exit> {
    let bytes = std::fs::read(file).with_context(|| format!("{} cannot be read", file.display()))?;
    // Refused here in the same words, before it is sent anywhere.
    component::read(&bytes).with_context(|| format!("{} is refused and was not sent", file.display()))?;
    let version: PluginView = client.upload(&["plugins"], "application/wasm", bytes).await?;
    if as_json {
        show::json(&version)?;
        return Ok(Exit::Done);
    }
    let PluginView { id, digest, .. } = &version;
    let mut text = format!("{id} {} is installed and {}: {digest}\n", version.version, version.standing);
    if !version.wider.is_empty() {
        text += "Its card asks for more than the active version's:\n";
        text.extend(version.wider.iter().map(|one| format!("  {}: {}\n", one.what, one.sentence)));
    }
    if !version.active {
        let yes = if version.wider.is_empty() { "" } else { " --accept-wider" };
        text += &format!("Nothing goes to it yet. Activate it with: counterfoil plugin activate {id} {digest}{yes}\n");
    }
    show::print(&show_lines(&text))?;
    Ok(Exit::Done)
}

/// Cleans what comes from a card, line by line.
fn show_lines(text: &str) -> String {
    text.lines().map(|line| show::clean(line) + "\n").collect()
}

async fn list(client: &Client, as_json: bool) -> Result<Exit> {
    let list: PluginList = client.get(&["plugins"], &[]).await?;
    if as_json {
        show::json(&list)?;
        return Ok(Exit::Done);
    }
    let mut table = show::Table::new(&["Plugin", "Version", "Digest", "Standing", "Installed", "By", "About it"]);
    for one in &list.plugins {
        let mut about: Vec<String> = one.paused.iter().map(|why| format!("paused: {why}")).collect();
        if !one.wider.is_empty() && !one.active {
            let wider: Vec<&str> = one.wider.iter().map(|wider| wider.sentence.as_str()).collect();
            about.push(format!("asks for more: {}", wider.join("; ")));
        } else if !one.note.is_empty() {
            about.push(one.note.clone());
        }
        table.row([
            one.id.clone(),
            one.version.clone(),
            one.digest.chars().take(12).collect(),
            one.standing.clone(),
            one.installed_at.to_string(),
            one.installed_by.clone(),
            about.join(" · "),
        ]);
    }
    table.print(&show::count(show::number(list.plugins.len()), "version"))?;
    for refused in &list.refused {
        show::print(&format!("refused: {}\n", show::clean(&format!("{}: {}", refused.file, refused.problem))))?;
    }
    Ok(Exit::Done)
}

/// The digest that the given one begins. One that fits nothing, or several, goes as it is: the service says what is wrong.
async fn whole(client: &Client, id: &str, digest: &str) -> Result<String> {
    let list: PluginList = client.get(&["plugins"], &[]).await?;
    let mut fitting = list.plugins.into_iter().filter(|one| one.id == id && one.digest.starts_with(digest));
    Ok(match (fitting.next(), fitting.next()) {
        (Some(only), None) => only.digest,
        _ => digest.to_owned(),
    })
}

fn activated(done: ActivatedView, as_json: bool) -> Result<Exit> {
    if as_json {
        show::json(&done)?;
        return Ok(Exit::Done);
    }
    let probed = match done.probed.as_slice() {
        [] => "No enabled connection was there to be asked.".to_owned(),
        some => format!("It was answered by {}.", some.join(", ")),
    };
    let back =
        done.former.map_or_else(String::new, |_| format!(" Back with: counterfoil plugin rollback {}", done.plugin));
    let text = format!("{} {} is active ({}). {probed}{back}", done.plugin, done.version, done.digest);
    show::print(&format!("{}\n", show::clean(&text)))?;
    Ok(Exit::Done)
}

fn shadow(report: &ShadowView, as_json: bool) -> Result<Exit> {
    let exit = if report.differing.is_empty() { Exit::Done } else { Exit::NotAll };
    if as_json {
        show::json(report)?;
        return Ok(exit);
    }
    let mut text = String::new();
    for task in &report.differing {
        text += &format!("{} ({}, {})\n", task.number, task.connection, task.task);
        text.extend(task.differences.iter().map(|difference| format!("  {difference}\n")));
    }
    text += &format!(
        "{} of {} tasks would be planned otherwise; {} can be planned by neither version. Nothing was written; {} requests read from the targets.\n",
        report.differing.len(),
        report.compared,
        report.not_planned,
        report.reads
    );
    show::print(&show_lines(&text))?;
    Ok(exit)
}

async fn make(folder: &Path, into: Option<&Path>, as_json: bool) -> Result<Exit> {
    eprintln!("Building {}", folder.display());
    let built = build::build(folder, &build::Options::default()).await?;
    let mut place = built.path.clone();
    if let Some(into) = into {
        place = copy(&built, into)?;
    }
    if as_json {
        let mut object = described(&built.card, built.digest.as_str(), built.size, &built.imports);
        object["file"] = place.display().to_string().into();
        show::json(&object)?;
    } else {
        show::print(&format!("{}\n", place.display()))?;
        eprintln!(
            "Built {} {} ({} KiB, digest {})",
            built.card.id,
            built.card.version,
            built.size.div_ceil(1024),
            built.digest
        );
    }
    Ok(Exit::Done)
}

/// Beside it first, then under its name: a service that reads the folder never sees half a file.
fn copy(built: &Built, into: &Path) -> Result<std::path::PathBuf> {
    let place = into.join(format!("{}.wasm", built.card.id));
    let half = into.join(format!(".{}.{}.part", built.card.id, std::process::id()));
    std::fs::create_dir_all(into)
        .and_then(|()| std::fs::copy(&built.path, &half))
        .and_then(|_| std::fs::rename(&half, &place))
        .with_context(|| format!("{} was built but cannot be copied into {}", built.path.display(), into.display()))?;
    Ok(place)
}

/// A component, or the card that will travel in one.
#[derive(Debug)]
enum Inspected {
    Component(Box<component::Package>),
    Card(Box<Card>),
}

impl Inspected {
    fn read(file: &Path) -> Result<Self> {
        let bytes = std::fs::read(file).with_context(|| format!("{} cannot be read", file.display()))?;
        let refused = || format!("{} is refused, so no order would go through it", file.display());
        if file.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("toml")) {
            let text = String::from_utf8(bytes).with_context(refused)?;
            return Ok(Self::Card(Box::new(manifest::parse(&text).with_context(refused)?)));
        }
        Ok(Self::Component(Box::new(component::read(&bytes).with_context(refused)?)))
    }

    fn card(&self) -> &Card {
        match self {
            Self::Component(package) => &package.card,
            Self::Card(card) => card,
        }
    }
}

fn inspect(file: &Path, as_json: bool, as_markdown: bool) -> Result<Exit> {
    let inspected = Inspected::read(file)?;
    if as_markdown {
        show::print(&manifest::scenario_document(inspected.card()))?;
        return Ok(Exit::Done);
    }
    if as_json {
        let object = match &inspected {
            Inspected::Component(package) => {
                described(&package.card, package.digest.as_str(), package.size(), &package.imports)
            }
            Inspected::Card(card) => of_card(card),
        };
        show::json(&object)?;
        return Ok(Exit::Done);
    }
    let text = manifest::card_text(inspected.card());
    let about = match &inspected {
        Inspected::Component(package) => {
            let (kib, imports) = (package.size().div_ceil(1024), package.imports.join(", "));
            format!("{kib} KiB · digest {}\nImports: {imports}", package.digest)
        }
        Inspected::Card(_) => "A card alone: there is no component to run yet.".to_owned(),
    };
    show::print(&format!("{}\n\n{about}\n", text.trim_end()))?;
    Ok(Exit::Done)
}

fn described(card: &Card, digest: &str, size: usize, imports: &[String]) -> Value {
    let mut object = of_card(card);
    object["digest"] = digest.into();
    object["bytes"] = size.into();
    object["imports"] = imports.into();
    object
}

fn of_card(card: &Card) -> Value {
    let delivery = match card.delivery.class() {
        DeliveryClass::A { .. } => "A",
        DeliveryClass::B => "B",
        DeliveryClass::C => "C",
    };
    let allow = card
        .egress
        .allow
        .iter()
        .map(|door| json!({ "method": door.method, "path": door.path, "effect": door.effect.name() }));
    let auth = card
        .auth
        .iter()
        .map(|auth| json!({ "scheme": auth.scheme.name(), "secrets": auth.secrets, "scopes": auth.scopes }));
    json!({
        "id": card.id.as_str(), "name": card.name, "version": card.version, "publisher": card.publisher,
        "summary": card.summary, "contract": card.contract,
        "documents": card.documents, "base_url": card.egress.base_url,
        "discovery": card.egress.discovery.as_ref().map(|discovery| &discovery.url),
        "site_suffixes": card.egress.discovery.as_ref().map(|discovery| &discovery.site_suffixes),
        "in_order": card.in_order.map(|order| order.name()), "reconcile": card.reconciles,
        "adjust": card.adjust.iter().map(|one| &one.name).collect::<Vec<_>>(), "allow": allow.collect::<Vec<_>>(),
        "auth": auth.collect::<Vec<_>>(), "delivery": delivery, "memory_mib": card.limits.memory_mib,
        "settings": card.settings.iter().map(|setting| &setting.name).collect::<Vec<_>>(),
        "scenarios": card.scenarios.iter().map(|row| &row.name).collect::<Vec<_>>(),
        "scenario_table": Table::of(&card.scenarios).rows().iter().map(row).collect::<Vec<_>>(),
    })
}

fn row(row: &Row) -> Value {
    let models: Vec<&str> = row.models.iter().map(|model| model.name()).collect();
    json!({
        "scenario": row.scenario, "order": row.order.name(), "billing_models": models, "usage": row.usage,
        "fee": row.fee.name(), "price_if_marketplace": row.if_marketplace.name(),
        "price_if_target": row.if_target.name(), "notes": row.notes,
    })
}
