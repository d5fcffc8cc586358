//! `plugin install|list|activate|rollback|shadow`: versions in the running service. Owns the words; what is done is the
//! service's.

use std::path::Path;

use anyhow::{Context as _, Result};
use counterfoil_runtime::component;
use counterfoil_server::wire::{ActivatedView, DifferenceView, PluginList, PluginView, ShadowView, SignatureView};
use serde_json::json;

use super::verify::read_signature;
use crate::cli::args::Remote;
use crate::cli::client::Client;
use crate::cli::show;
use crate::exit::Exit;

pub(super) async fn activate(id: &str, digest: &str, accept_wider: bool, remote: &Remote) -> Result<Exit> {
    let client = Client::new(remote)?;
    let body = json!({ "digest": whole(&client, id, digest).await?, "accept_wider": accept_wider });
    activated(client.post(&["plugins", id, "activate"], &[], &body).await?, remote.json)
}

pub(super) async fn rollback(id: &str, remote: &Remote) -> Result<Exit> {
    let answer = Client::new(remote)?.post(&["plugins", id, "rollback"], &[], &json!({})).await?;
    activated(answer, remote.json)
}

pub(super) async fn shadow(id: &str, digest: &str, tasks: usize, remote: &Remote) -> Result<Exit> {
    let client = Client::new(remote)?;
    let body = json!({ "digest": whole(&client, id, digest).await?, "tasks": tasks });
    compared(&client.post(&["plugins", id, "shadow"], &[], &body).await?, remote.json)
}

pub(super) async fn install(file: &Path, signature: Option<&Path>, remote: &Remote) -> Result<Exit> {
    let client = Client::new(remote)?;
    let bytes = super::inspect::bytes_of(file)?;
    // Refused here in the same words, before it is sent anywhere.
    component::read(&bytes).with_context(|| format!("{} is refused and was not sent", file.display()))?;
    let signature = read_signature(file, signature)?;
    let version: PluginView = client.upload(&["plugins"], "application/wasm", (bytes, signature)).await?;
    if remote.json {
        show::json(&version)?;
        return Ok(Exit::Done);
    }
    show::print(&show_lines(&installed(&version)))?;
    Ok(Exit::Done)
}

fn installed(version: &PluginView) -> String {
    let PluginView { id, digest, .. } = version;
    let mut text = format!("{id} {} is installed and {}: {digest}\n", version.version, version.standing);
    text += &format!("It is {}.\n", signed(&version.signature));
    if !version.differs.is_empty() {
        text += "Against the active version's card:\n";
        text.extend(version.differs.iter().map(|one| format!("  {}\n", difference(one))));
    }
    if !version.wider.is_empty() {
        text += "Its card asks for more than the active version's:\n";
        text.extend(version.wider.iter().map(|one| format!("  {}: {}\n", one.what, one.sentence)));
    }
    if !version.active {
        let yes = if version.wider.is_empty() { "" } else { " --accept-wider" };
        text += &format!("Nothing goes to it yet. Activate it with: counterfoil plugin activate {id} {digest}{yes}\n");
    }
    text
}

/// As the domain's own difference prints itself.
fn difference(one: &DifferenceView) -> String {
    let DifferenceView { area, name, before, after, .. } = one;
    match (before, after) {
        (Some(before), Some(after)) => format!("~ {area} {name}: {after}, so far {before}"),
        (None, Some(after)) => format!("+ {area} {name}: {after}"),
        (Some(before), None) => format!("- {area} {name}: {before}"),
        (None, None) => format!("~ {area} {name}"),
    }
}

fn signed(signature: &SignatureView) -> String {
    match (signature.standing.as_str(), &signature.publisher, &signature.key) {
        ("signed", Some(publisher), Some(key)) => format!("signed by {publisher} ({key})"),
        ("bundled", ..) => "trusted because it came with Counterfoil".to_owned(),
        ("unsigned", ..) => "not signed; this service lets unsigned plugins run".to_owned(),
        (other, ..) => other.to_owned(),
    }
}

/// Cleans what comes from a card, line by line.
pub(super) fn show_lines(text: &str) -> String {
    text.lines().map(|line| show::clean(line) + "\n").collect()
}

pub(super) async fn list(remote: &Remote) -> Result<Exit> {
    let list: PluginList = Client::new(remote)?.get(&["plugins"], &[]).await?;
    if remote.json {
        show::json(&list)?;
        return Ok(Exit::Done);
    }
    let mut table =
        show::Table::new(&["Plugin", "Version", "Digest", "Standing", "Trust", "Installed", "By", "About it"]);
    for one in &list.plugins {
        let mut about: Vec<String> = one.paused.iter().map(|why| format!("paused: {why}")).collect();
        about.extend(one.signature.problem.clone());
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
            one.signature
                .publisher
                .clone()
                .map_or_else(|| one.signature.standing.clone(), |name| format!("signed by {name}")),
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

fn compared(report: &ShadowView, as_json: bool) -> Result<Exit> {
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
