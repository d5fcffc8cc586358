//! One plugin: its versions, the card of one of them with all that it may reach, and the commands about it. It shows what
//! `/v1/plugins` answers and does what its commands do.

use askama::Template;
use axum::extract::State;
use serde::Deserialize;

use super::fields::Fields;
use super::frame::{Frame, PLUGINS, Shown, html, segment};
use super::plugins::{href, short, standing};
use super::said::{Said, back};
use super::words;
use crate::extract::{Body, Id, Params};
use crate::guard::Who;
use crate::parts::App;
use crate::problem::Problem;
use crate::routes::plugins;
use crate::wire::{ActivateBody, BudgetView, PluginView, ScenarioView, ShadowBody, ShadowTaskView, ShadowView};

/// As many tasks as a shadow check plans when nothing else is said.
const USUAL_TASKS: usize = 20;

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct VersionQuery {
    version: Option<String>,
    said: Option<String>,
}

struct Version {
    href: String,
    here: bool,
    version: String,
    class: &'static str,
    standing: &'static str,
    installed: String,
    short: String,
}

struct Price {
    scenario: String,
    order: String,
    models: String,
    lines: &'static str,
    fees: String,
    if_marketplace: String,
    if_target: String,
    notes: String,
}

/// What a shadow check found.
struct Shadow {
    against: String,
    compared: usize,
    not_planned: usize,
    reads: u64,
    rows: Vec<Differing>,
}

struct Differing {
    href: String,
    number: String,
    connection: String,
    differences: Vec<String>,
}

#[derive(Template)]
#[template(path = "plugin.html")]
struct Page {
    frame: Frame,
    id: String,
    plugin: PluginView,
    class: &'static str,
    standing: &'static str,
    versions: Vec<Version>,
    former: Option<String>,
    /// The version that takes new work now.
    active: Option<String>,
    prices: Vec<Price>,
    budgets: Vec<String>,
    limits: Vec<(&'static str, String)>,
    delivery: &'static str,
    tasks: usize,
    shadow: Option<Shadow>,
}

fn version(one: &PluginView, shown: &str) -> Version {
    let (standing, class) = standing(one);
    Version {
        href: href(one),
        here: one.digest == shown,
        version: one.version.clone(),
        class,
        standing,
        installed: one.installed_at.0.format("%Y-%m-%d %H:%M").to_string(),
        short: short(&one.digest),
    }
}

/// Fees of one scenario that are billed alike stand in one row.
fn prices(plugin: &PluginView) -> Vec<Price> {
    let mut all: Vec<Price> = Vec::new();
    for row in &plugin.scenario_table {
        let price = price(row);
        match all.last_mut().filter(|last| last.is_like(&price)) {
            Some(last) => {
                last.fees.push_str(", ");
                last.fees.push_str(&price.fees);
            }
            None => all.push(price),
        }
    }
    all
}

fn price(row: &ScenarioView) -> Price {
    Price {
        scenario: row.scenario.clone(),
        order: row.order.clone(),
        models: row.billing_models.iter().map(|model| model.replace('-', " ")).collect::<Vec<_>>().join(", "),
        lines: match row.usage {
            Some(true) => "usage",
            Some(false) => "not usage",
            None => "any",
        },
        fees: row.fee.replace('-', " "),
        if_marketplace: row.price_if_marketplace.clone(),
        if_target: row.price_if_target.clone(),
        notes: row.notes.join("; "),
    }
}

impl Price {
    fn is_like(&self, other: &Self) -> bool {
        let key = |one: &Self| {
            let prices = (one.if_marketplace.clone(), one.if_target.clone(), one.notes.clone());
            (one.scenario.clone(), one.order.clone(), one.models.clone(), one.lines, prices)
        };
        key(self) == key(other)
    }
}

fn span(millis: u64) -> String {
    match millis {
        ms if ms % 1_000 != 0 => format!("{ms} ms"),
        ms if ms % 86_400_000 == 0 => format!("{} d", ms / 86_400_000),
        ms if ms % 3_600_000 == 0 => format!("{} h", ms / 3_600_000),
        ms if ms % 60_000 == 0 => format!("{} min", ms / 60_000),
        ms => format!("{} s", ms / 1_000),
    }
}

fn budget(budget: &BudgetView) -> String {
    let whose = match budget.scope.as_str() {
        "connection" => "each connection",
        "app" => "all connections together",
        _ => "this address on the internet",
    };
    format!(
        "{} calls in {} for {whose}",
        words::grouped(&budget.calls.to_string()),
        span(budget.window_seconds * 1_000)
    )
}

fn limits(plugin: &PluginView) -> Vec<(&'static str, String)> {
    let limits = &plugin.limits;
    vec![
        ("Memory", format!("{} MiB", plugin.memory_mib)),
        ("Time to plan", format!("{}, up to {} tasks a call", span(limits.plan_millis), limits.plan_tasks)),
        ("Time to apply", format!("{}, up to {} tasks a call", span(limits.apply_millis), limits.apply_tasks)),
        (
            "One request",
            format!("{}, an answer of {} KiB at most", span(limits.request_millis), limits.response_bytes / 1024),
        ),
        ("At one time", format!("{} requests", limits.concurrency)),
    ]
}

fn delivery(class: &str) -> &'static str {
    match class {
        "A" => {
            "A: the target knows a repeated request by its key, so a lost answer is asked for again under the same key"
        }
        "B" => "B: a document whose answer was lost is looked for, and only sent again when it is surely not there",
        _ => "C: after a lost answer a person decides",
    }
}

fn shadow(report: ShadowView) -> Shadow {
    let differing = |one: ShadowTaskView| Differing {
        href: format!("/tasks/{}", segment(&one.task)),
        number: one.number,
        connection: one.connection,
        differences: one.differences,
    };
    Shadow {
        against: short(&report.active),
        compared: report.compared,
        not_planned: report.not_planned,
        reads: report.reads,
        rows: report.differing.into_iter().map(differing).collect(),
    }
}

struct Asked {
    id: String,
    version: Option<String>,
    said: Option<Said>,
    tasks: usize,
    shadow: Option<Shadow>,
}

async fn page(app: &App, who: &Who, asked: Asked) -> Shown {
    let mut all = plugins::list(State(app.clone())).await?.0.plugins;
    all.retain(|one| one.id == asked.id);
    let place = all
        .iter()
        .position(|one| asked.version.as_deref().is_none_or(|digest| one.digest == digest))
        .ok_or_else(|| Problem::not_found("plugin", &asked.id))?;
    let former = all.iter().find(|one| one.standing == "former").map(|one| one.version.clone());
    let active = all.iter().find(|one| one.active).map(|one| one.version.clone());
    let shown = all.get(place).map(|one| one.digest.clone()).unwrap_or_default();
    let versions = all.iter().map(|one| version(one, &shown)).collect();
    let plugin = all.swap_remove(place);
    let (standing, class) = standing(&plugin);
    let title = format!("{} {}", plugin.name, plugin.version);
    html(&Page {
        frame: Frame::new(app, who, PLUGINS, &title).await?.saying(asked.said),
        id: segment(&plugin.id),
        class,
        standing,
        versions,
        former,
        active,
        prices: prices(&plugin),
        budgets: plugin.budgets.iter().map(budget).collect(),
        limits: limits(&plugin),
        delivery: delivery(&plugin.delivery),
        tasks: asked.tasks,
        shadow: asked.shadow,
        plugin,
    })
}

/// The page.
#[utoipa::path(get, path = "/plugins/{id}", tag = "pages", params(("id" = String, Path), ("version" = Option<String>, Query)), responses((status = 200, content_type = "text/html", body = String)))]
pub(crate) async fn show(State(app): State<App>, who: Who, Id(id): Id, Params(query): Params<VersionQuery>) -> Shown {
    let said = Said::read(query.said.as_deref());
    page(&app, &who, Asked { id, version: query.version, said, tasks: USUAL_TASKS, shadow: None }).await
}

/// Send new work to a version.
#[utoipa::path(post, path = "/plugins/{id}/activate", tag = "pages", params(("id" = String, Path)), responses((status = 303, description = "Back to the plugin.")))]
pub(crate) async fn activate(State(app): State<App>, who: Who, Id(id): Id, fields: Fields) -> Shown {
    let here = format!("/plugins/{}", segment(&id));
    let body = ActivateBody { digest: fields.text("digest"), accept_wider: fields.is_on("accept_wider") };
    let _shown_next = plugins::activate(State(app), who, Id(id), Body(body)).await?;
    Ok(back(&here, "activated", None))
}

/// Go back to the version that was active before.
#[utoipa::path(post, path = "/plugins/{id}/rollback", tag = "pages", params(("id" = String, Path)), responses((status = 303, description = "Back to the plugin.")))]
pub(crate) async fn rollback(State(app): State<App>, who: Who, Id(id): Id, _: Fields) -> Shown {
    let here = format!("/plugins/{}", segment(&id));
    let _shown_next = plugins::rollback(State(app), who, Id(id)).await?;
    Ok(back(&here, "rolled-back", None))
}

/// Plan the last tasks with a version that is not active, and show what would differ. Nothing is stored, so the answer is
/// the page.
#[utoipa::path(post, path = "/plugins/{id}/shadow", tag = "pages", params(("id" = String, Path)), responses((status = 200, content_type = "text/html", body = String)))]
pub(crate) async fn compare(State(app): State<App>, who: Who, Id(id): Id, fields: Fields) -> Shown {
    let written = fields.text("tasks");
    let tasks = written.parse().map_err(|_| {
        Problem::invalid("/tasks", "not-a-number", format!("\"{written}\" is not a whole number of tasks"))
    })?;
    let digest = fields.text("digest");
    let body = ShadowBody { digest: digest.clone(), tasks };
    let report = plugins::shadow(State(app.clone()), who.clone(), Id(id.clone()), Body(body)).await?.0;
    page(&app, &who, Asked { id, version: Some(digest), said: None, tasks, shadow: Some(shadow(report)) }).await
}
