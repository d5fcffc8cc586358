//! Plugins: every version that is kept, which one takes new work, and what could not be used. It shows what `/v1/plugins`
//! answers.

use axum::extract::State;

use askama::Template;

use super::frame::{Frame, PLUGINS, Shown, html, segment};
use crate::guard::Who;
use crate::parts::App;
use crate::routes::plugins::list;
use crate::wire::{PluginView, RefusedFileView};

struct Row {
    href: String,
    name: String,
    id: String,
    version: String,
    publisher: String,
    class: &'static str,
    standing: &'static str,
    about: String,
    installed: String,
    by: String,
    short: String,
}

#[derive(Template)]
#[template(path = "plugins.html")]
struct Page {
    frame: Frame,
    rows: Vec<Row>,
    waiting: usize,
    paused: usize,
    refused: Vec<RefusedFileView>,
}

/// What a version's standing is to people, and how it is marked.
pub(super) fn standing(plugin: &PluginView) -> (&'static str, &'static str) {
    if plugin.paused.is_some() {
        return ("paused", "bad");
    }
    match plugin.standing.as_str() {
        "active" => ("active", "good"),
        "former" => ("former", "wait"),
        "waiting" => ("waits for your yes", "warn"),
        _ => ("installed, not used", "wait"),
    }
}

pub(super) fn short(digest: &str) -> String {
    digest.chars().take(12).collect()
}

/// One version's own address.
pub(super) fn href(plugin: &PluginView) -> String {
    format!("/plugins/{}?version={}", segment(&plugin.id), segment(&plugin.digest))
}

fn about(plugin: &PluginView) -> String {
    if let Some(why) = &plugin.paused {
        return format!("Paused: {why}");
    }
    if !plugin.active && !plugin.wider.is_empty() {
        let sentences: Vec<&str> = plugin.wider.iter().map(|one| one.sentence.as_str()).collect();
        return format!("Asks for more: {}", sentences.join("; "));
    }
    plugin.note.clone()
}

fn row(plugin: &PluginView) -> Row {
    let (standing, class) = standing(plugin);
    Row {
        href: href(plugin),
        name: plugin.name.clone(),
        id: plugin.id.clone(),
        version: plugin.version.clone(),
        publisher: plugin.publisher.clone(),
        class,
        standing,
        about: about(plugin),
        installed: plugin.installed_at.0.format("%Y-%m-%d %H:%M").to_string(),
        by: plugin.installed_by.clone(),
        short: short(&plugin.digest),
    }
}

/// The list.
#[utoipa::path(get, path = "/plugins", tag = "pages", responses((status = 200, content_type = "text/html", body = String)))]
pub(crate) async fn show(State(app): State<App>, who: Who) -> Shown {
    let listed = list(State(app.clone())).await?.0;
    let page = Page {
        frame: Frame::new(&app, &who, PLUGINS, "Plugins").await?,
        rows: listed.plugins.iter().map(row).collect(),
        waiting: listed.plugins.iter().filter(|one| one.standing == "waiting").count(),
        paused: listed.plugins.iter().filter(|one| one.paused.is_some()).count(),
        refused: listed.refused,
    };
    html(&page)
}
