//! Connections: whether each works, when it was checked and how that ended, and the targets that are installed. It shows
//! what `/v1/connections`, `/v1/runs` and `/v1/plugins` answer.

use askama::Template;
use axum::extract::State;
use chrono::NaiveDate;
use serde::Deserialize;

use super::frame::{CONNECTIONS, Frame, Shown, html, segment};
use super::said::Said;
use super::{address, words};
use crate::extract::Params;
use crate::guard::Who;
use crate::parts::App;
use crate::routes::MOST;
use crate::routes::connections::{ConnectionQuery, list};
use crate::routes::plugins;
use crate::routes::runs::{self, RunQuery};
use crate::wire::{ConnectionView, PluginView, RunView};

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct ListQuery {
    after: Option<String>,
    said: Option<String>,
}

/// A sign-in that ends so soon is to be looked at.
const SOON_DAYS: i64 = 14;

/// A state in words, with its mark.
pub(super) struct Mark {
    pub(super) class: &'static str,
    pub(super) text: String,
}

/// A check of a connection, for people.
pub(super) struct Check {
    pub(super) href: String,
    pub(super) at: String,
    pub(super) by: String,
    pub(super) outcome: Mark,
    pub(super) figures: String,
}

/// Of runs, those that read the marketplace.
pub(super) fn is_check(run: &RunView) -> bool {
    matches!(run.kind.as_str(), "check" | "backfill")
}

pub(super) fn check(run: &RunView) -> Check {
    let word = run.outcome.as_deref().unwrap_or(&run.state);
    let class = if word == "no-change" { "good" } else { words::class(word) };
    let told = run.counts.iter().filter(|(_, count)| **count > 0);
    Check {
        href: format!("/runs/{}", segment(&run.id)),
        at: run.started_at.unwrap_or(run.asked_at).0.format("%Y-%m-%d %H:%M").to_string(),
        by: run.asked_by.clone(),
        outcome: Mark { class, text: words::words(word) },
        figures: told.map(|(name, count)| format!("{name} {count}")).collect::<Vec<_>>().join(", "),
    }
}

/// How long the sign-in lasts; none: it does not end by itself, or nobody can say.
pub(super) fn sign_in(connection: &ConnectionView, today: NaiveDate) -> Option<Mark> {
    let day = connection.sign_in_expires_on?.0;
    Some(match (day - today).num_days() {
        left if left < 0 => Mark { class: "bad", text: format!("ended on {day}") },
        left if left <= SOON_DAYS => Mark { class: "warn", text: format!("ends on {day}, in {left} days") },
        _ => Mark { class: "good", text: format!("lasts until {day}") },
    })
}

struct Row {
    id: String,
    name: String,
    target: String,
    marketplace: String,
    state: Mark,
    reason: String,
    check: Option<Check>,
    sign_in: Option<Mark>,
    can_check: bool,
}

struct Target {
    id: String,
    name: String,
    version: String,
    summary: String,
    publisher: String,
    paused: Option<String>,
    /// Address and name.
    connections: Vec<(String, String)>,
}

#[derive(Template)]
#[template(path = "connections.html")]
struct Page {
    frame: Frame,
    rows: Vec<Row>,
    targets: Vec<Target>,
    next: Option<String>,
}

fn row(connection: &ConnectionView, runs: &[RunView], targets: &[PluginView], today: NaiveDate) -> Row {
    let last = runs.iter().find(|run| is_check(run) && run.connection == connection.id);
    let target = targets.iter().find(|plugin| plugin.active && plugin.id == connection.plugin);
    Row {
        id: segment(&connection.id),
        name: connection.name.clone(),
        target: target.map_or_else(
            || format!("{} (no version of it is active)", connection.plugin),
            |plugin| plugin.name.clone(),
        ),
        marketplace: connection.marketplace.clone(),
        state: Mark { class: words::class(&connection.state), text: words::words(&connection.state) },
        reason: connection.state_reason.clone(),
        check: last.map(check),
        sign_in: sign_in(connection, today),
        can_check: connection.state == "enabled",
    }
}

fn target(plugin: &PluginView, connections: &[ConnectionView]) -> Target {
    let of = connections.iter().filter(|connection| connection.plugin == plugin.id);
    Target {
        id: segment(&plugin.id),
        name: plugin.name.clone(),
        version: plugin.version.clone(),
        summary: plugin.summary.clone(),
        publisher: plugin.publisher.clone(),
        paused: plugin.paused.clone(),
        connections: of.map(|one| (format!("/connections/{}", segment(&one.id)), one.name.clone())).collect(),
    }
}

/// The page.
#[utoipa::path(get, path = "/connections", tag = "pages", params(("after" = Option<String>, Query)), responses((status = 200, content_type = "text/html", body = String)))]
pub(crate) async fn show(State(app): State<App>, who: Who, Params(query): Params<ListQuery>) -> Shown {
    let asked = ConnectionQuery { limit: Some(MOST), after: address::given(&query.after) };
    let listed = list(State(app.clone()), Params(asked)).await?.0;
    let targets = plugins::list(State(app.clone())).await?.0.plugins;
    let lately = RunQuery { limit: Some(MOST), ..RunQuery::default() };
    let runs = runs::list(State(app.clone()), Params(lately)).await?.0.runs;
    let today = app.now().date_naive();
    let frame = Frame::new(&app, &who, CONNECTIONS, "Connections").await?.saying(Said::read(query.said.as_deref()));
    let page = Page {
        rows: listed.connections.iter().map(|one| row(one, &runs, &targets, today)).collect(),
        targets: targets.iter().filter(|one| one.active).map(|one| target(one, &listed.connections)).collect(),
        next: listed.next.as_deref().map(|next| address::of("/connections", &[("after", Some(next))])),
        frame,
    };
    html(&page)
}
