//! One catalog run with its resellers, one reseller of it with every change, and what follows: writing what a dry run
//! showed, and taking a sync back. It shows what `/v1/catalog/runs` answers and does what its commands do.

use std::collections::BTreeMap;

use askama::Template;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Redirect};
use counterfoil_domain::catalog::{CatalogRun, ChangeKind, SyncOption};
use serde::Deserialize;

use super::catalog::whom;
use super::fields::Fields;
use super::frame::{CATALOG, Frame, Shown, html, segment};
use super::words;
use crate::extract::{Body, Id, Params, Two};
use crate::guard::Who;
use crate::parts::App;
use crate::routes::catalog::{runs, sync, undo};
use crate::wire::{
    CatalogChangeView, CatalogResellerView, CatalogRunView, CatalogSyncBody, CatalogTurnView, CatalogUndoBody,
};

/// States of a reseller's turn that a list may be narrowed to.
const STATES: [&str; 6] = ["compared", "written", "nothing", "refused", "failed", "taken-back"];

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct TurnQuery {
    state: Option<String>,
    reseller: Option<String>,
    after: Option<u64>,
}

struct Turn {
    href: String,
    reseller: String,
    level: u64,
    template: String,
    class: &'static str,
    state: &'static str,
    changes: String,
    aside: Vec<String>,
}

struct Choice {
    value: &'static str,
    words: &'static str,
    here: bool,
}

#[derive(Template)]
#[template(path = "catalog_run.html")]
struct Page {
    frame: Frame,
    run: CatalogRunView,
    id: String,
    title: &'static str,
    class: &'static str,
    state: String,
    whom: String,
    options: Vec<&'static str>,
    of: Option<String>,
    turns: Vec<Turn>,
    states: Vec<Choice>,
    reseller: String,
    filtered: bool,
    in_all: String,
    held: Vec<String>,
    /// What a button writes or takes back.
    act: Option<&'static str>,
    next: Option<String>,
}

/// What became of a reseller, and how it is marked.
fn turn_words(state: &str) -> (&'static str, &'static str) {
    match state {
        "compared" => ("would change", "act"),
        "sending" => ("being written", "wait"),
        "written" => ("written", "good"),
        "nothing" => ("nothing to do", "wait"),
        "refused" => ("refused", "warn"),
        "failed" => ("failed", "bad"),
        "taken-back" => ("taken back", "good"),
        _ => ("unknown", "wait"),
    }
}

fn title(kind: &str) -> &'static str {
    match kind {
        "preview" => "What would change",
        "sync" => "Sync of catalogs",
        _ => "Sync taken back",
    }
}

/// "2 plan fee changes, 1 price change".
fn counted(counts: &BTreeMap<String, u64>) -> String {
    let each = counts.iter().filter(|(_, count)| **count > 0).map(|(name, count)| {
        let count = usize::try_from(*count).unwrap_or(usize::MAX);
        ChangeKind::parse(name).map_or_else(|| format!("{count} {name}"), |kind| kind.counted(count))
    });
    let all: Vec<String> = each.collect();
    if all.is_empty() { "none".to_owned() } else { all.join(", ") }
}

fn turn(run: &str, one: &CatalogResellerView) -> Turn {
    let (state, class) = turn_words(&one.state);
    let left = one.left.iter().map(|left| format!("Stays, because it was changed since: {left}"));
    Turn {
        href: format!("/catalog/runs/{run}/{}", one.place),
        reseller: one.reseller.clone(),
        level: one.level,
        template: one.template.clone(),
        class,
        state,
        changes: counted(&one.counts),
        aside: one.why.iter().cloned().chain(left).chain(one.held.iter().cloned()).collect(),
    }
}

/// What all of these resellers together would get, and what stays behind.
fn sums(turns: &[CatalogResellerView]) -> (String, Vec<String>) {
    let mut counts: BTreeMap<String, u64> = BTreeMap::new();
    let mut held: BTreeMap<&str, usize> = BTreeMap::new();
    for one in turns {
        for (name, count) in &one.counts {
            *counts.entry(name.clone()).or_default() += count;
        }
        for sentence in &one.held {
            *held.entry(sentence).or_default() += 1;
        }
    }
    let at = |(sentence, count): (&str, usize)| match count {
        1 => sentence.to_owned(),
        many => format!("{sentence} (at each of {many} resellers)"),
    };
    (counted(&counts), held.into_iter().map(at).collect())
}

/// What may follow this run.
fn act(run: &CatalogRunView, changes: bool) -> Option<&'static str> {
    match (run.kind.as_str(), run.state.as_str()) {
        _ if !run.is_over => None,
        (_, "failed") => None,
        ("preview", _) if changes => Some("sync"),
        ("sync", _) => Some("undo"),
        _ => None,
    }
}

/// The page of a run, live while it goes on.
#[utoipa::path(get, path = "/catalog/runs/{id}", tag = "pages", params(("id" = String, Path), ("state" = Option<String>, Query), ("reseller" = Option<String>, Query), ("after" = Option<u64>, Query)), responses((status = 200, content_type = "text/html", body = String)))]
pub(crate) async fn show(State(app): State<App>, who: Who, Id(id): Id, Params(query): Params<TurnQuery>) -> Shown {
    let run = runs::show(State(app.clone()), Id(id.clone())).await?.0;
    let given = |value: &Option<String>| value.clone().filter(|value| !value.trim().is_empty());
    let (state, reseller) = (given(&query.state), given(&query.reseller));
    let asked = runs::CatalogResellerQuery {
        state: state.clone(),
        reseller: reseller.clone(),
        after: query.after,
        ..runs::CatalogResellerQuery::default()
    };
    let listed = runs::resellers(State(app.clone()), Id(id), Params(asked)).await?.0;
    let (in_all, held) = sums(&listed.resellers);
    let shown = segment(&run.id);
    let whole = !listed.has_more && query.after.is_none();
    // Whether there is something to write is known for sure only where all of it is looked at.
    let changes = !whole || state.is_some() || listed.resellers.iter().any(|one| one.state == "compared");
    let title = title(&run.kind);
    let next = listed.next.map(|after| {
        let mut query = url::form_urlencoded::Serializer::new(format!("/catalog/runs/{shown}?"));
        let parts = [("state", state.clone()), ("reseller", reseller.clone()), ("after", Some(after.to_string()))];
        for (name, value) in parts.into_iter().filter_map(|(name, value)| Some((name, value?))) {
            query.append_pair(name, &value);
        }
        query.finish()
    });
    let choice = |value| Choice { value, words: turn_words(value).0, here: state.as_deref() == Some(value) };
    html(&Page {
        frame: Frame::new(&app, &who, CATALOG, title).await?,
        title,
        class: words::class(&run.state),
        state: words::words(&run.state),
        whom: whom(&run.scope, &run.levels),
        options: run.options.iter().filter_map(|name| Some(SyncOption::parse(name)?.label())).collect(),
        of: run.of.as_deref().map(segment),
        turns: listed.resellers.iter().map(|one| turn(&shown, one)).collect(),
        states: STATES.into_iter().map(choice).collect(),
        filtered: state.is_some() || reseller.is_some() || query.after.is_some(),
        in_all: if whole { format!("In all: {in_all}") } else { format!("On this page: {in_all}") },
        held,
        act: act(&run, changes),
        next,
        id: shown,
        reseller: reseller.unwrap_or_default(),
        run,
    })
}

fn to(run: &CatalogRun) -> Shown {
    Ok(Redirect::to(&format!("/catalog/runs/{}", segment(run.id.as_str()))).into_response())
}

/// Write what this dry run showed.
#[utoipa::path(post, path = "/catalog/runs/{id}/sync", tag = "pages", params(("id" = String, Path)), responses((status = 303, description = "To the run that writes.")))]
pub(crate) async fn write(State(app): State<App>, who: Who, Id(preview): Id, _: Fields) -> Shown {
    to(sync::sync(State(app), who, HeaderMap::new(), Body(CatalogSyncBody { preview })).await?.run())
}

/// Take this sync back.
#[utoipa::path(post, path = "/catalog/runs/{id}/undo", tag = "pages", params(("id" = String, Path)), responses((status = 303, description = "To the run that takes it back.")))]
pub(crate) async fn take_back(State(app): State<App>, who: Who, Id(sync): Id, _: Fields) -> Shown {
    to(undo::undo(State(app), who, HeaderMap::new(), Body(CatalogUndoBody { sync })).await?.run())
}

#[derive(Template)]
#[template(path = "catalog_turn.html")]
struct TurnPage {
    frame: Frame,
    id: String,
    turn: CatalogTurnView,
    class: &'static str,
    state: &'static str,
    changes: String,
    rows: Vec<(CatalogChangeView, String)>,
}

/// With the option as the marketplace calls it.
fn labelled(change: CatalogChangeView) -> (CatalogChangeView, String) {
    let label = SyncOption::parse(&change.option).map(|option| option.label().to_owned());
    let label = label.unwrap_or_else(|| change.option.clone());
    (change, label)
}

/// One reseller's turn: every change, what stayed behind, what to know.
#[utoipa::path(get, path = "/catalog/runs/{id}/{place}", tag = "pages", params(("id" = String, Path), ("place" = u64, Path)), responses((status = 200, content_type = "text/html", body = String)))]
pub(crate) async fn reseller(State(app): State<App>, who: Who, Two(id, place): Two) -> Shown {
    let mut turn = runs::reseller(State(app.clone()), Two(id, place)).await?.0;
    let rows = std::mem::take(&mut turn.changes).into_iter().map(labelled).collect();
    let (state, class) = turn_words(&turn.turn.state);
    let title = format!("Catalog of {}", turn.turn.reseller);
    html(&TurnPage {
        frame: Frame::new(&app, &who, CATALOG, &title).await?,
        id: segment(&turn.run),
        class,
        state,
        changes: counted(&turn.turn.counts),
        rows,
        turn,
    })
}
