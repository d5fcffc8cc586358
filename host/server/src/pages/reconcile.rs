//! Reconcile: what the marketplace has of subscriptions now, held against what the target has; and the steps of
//! synchronized tasks that wait in a target. It shows what `/v1/runs` and `/v1/follow-ups` answer and starts what
//! `/v1/connections/{id}/reconcile` starts; one comparison is `reconciled`'s.

use std::collections::BTreeMap;

use askama::Template;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Redirect};
use chrono::{Datelike as _, NaiveDate};
use counterfoil_domain::connection::Connection;
use counterfoil_domain::link::{LinkKind, LinkState};
use serde::Deserialize;

use super::fields::Fields;
use super::frame::{Frame, RECONCILE, Shown, html, segment};
use super::words;
use crate::extract::{Body, Id, Params};
use crate::guard::Who;
use crate::parts::App;
use crate::problem::Problem;
use crate::routes::follow_ups::{self, FollowUpQuery};
use crate::routes::reconciling;
use crate::routes::runs::{self, RunQuery};
use crate::wire::{FollowUpView, ReconcileBody, RunView};

/// Comparisons that are listed; the page of runs has all.
const LATEST: usize = 10;
const MOST_ROWS: usize = 500;

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct ReconcileQuery {
    connection: Option<String>,
    state: Option<String>,
}

struct Choice {
    id: String,
    name: String,
    here: bool,
}

/// What lines stand in, with how many subscriptions are linked to it.
struct Container {
    id: String,
    name: String,
    subscriptions: usize,
}

struct Comparison {
    href: String,
    asked: String,
    connection: String,
    days: String,
    by: String,
    class: &'static str,
    state: String,
    found: String,
}

struct Step {
    href: String,
    number: String,
    customer: String,
    connection: String,
    title: String,
    waits: String,
    documents: String,
    class: &'static str,
    state: &'static str,
    since: String,
    next: String,
}

#[derive(Template)]
#[template(path = "reconcile.html")]
struct Page {
    frame: Frame,
    connections: Vec<Choice>,
    /// Whose containers stand in the form.
    chosen: Option<String>,
    chosen_name: String,
    containers: Vec<Container>,
    /// Targets that have nothing that recurs, by their connections.
    without: Vec<String>,
    has_connections: bool,
    first_day: String,
    last_day: String,
    comparisons: Vec<Comparison>,
    steps: Vec<Step>,
    more_steps: bool,
    states: Vec<(&'static str, &'static str, bool)>,
    filtered: bool,
}

fn reconciles(app: &App, connection: &Connection) -> bool {
    app.parts.targets.active(&connection.plugin).is_some_and(|target| target.card().reconciles)
}

/// The first and the last day of the month.
fn month(today: NaiveDate) -> (NaiveDate, NaiveDate) {
    let first = today.with_day(1).unwrap_or(today);
    let next = first.checked_add_months(chrono::Months::new(1)).and_then(|next| next.pred_opt());
    (first, next.unwrap_or(today))
}

async fn containers(app: &App, connection: &Connection) -> Result<Vec<Container>, Problem> {
    let mut found: BTreeMap<String, (String, usize)> = BTreeMap::new();
    for link in app.store().links(&connection.id, Some(LinkKind::Container)).await? {
        let LinkState::Linked(target) = link.state else { continue };
        let (name, count) = found.entry(target.id.to_string()).or_default();
        if name.is_empty() {
            name.clone_from(&target.name);
        }
        *count += 1;
    }
    let container = |(id, (name, subscriptions)): (String, (String, usize))| {
        let name = if name.is_empty() { id.clone() } else { name };
        Container { id, name, subscriptions }
    };
    let mut all: Vec<Container> = found.into_iter().map(container).collect();
    all.sort_by(|a, b| (&a.name, &a.id).cmp(&(&b.name, &b.id)));
    Ok(all)
}

/// "missing 1, same 4": what a comparison found, in the order in which people look at it.
pub(super) fn found(run: &RunView) -> String {
    let counts = super::reconciled::FOUND.iter().filter_map(|word| {
        let count = run.counts.get(*word).copied().filter(|count| *count > 0)?;
        Some(format!("{word} {count}"))
    });
    let all: Vec<String> = counts.collect();
    if all.is_empty() { "–".to_owned() } else { all.join(", ") }
}

fn comparison(run: &RunView) -> Comparison {
    let state = run.outcome.as_deref().unwrap_or(&run.state);
    Comparison {
        href: format!("/reconcile/{}", segment(&run.id)),
        asked: run.asked_at.0.format("%Y-%m-%d %H:%M:%S").to_string(),
        connection: run.connection.clone(),
        days: super::reconciled::days(run),
        by: run.asked_by.clone(),
        class: words::class(state),
        state: words::words(state),
        found: found(run),
    }
}

fn step_words(state: &str) -> (&'static str, &'static str) {
    match state {
        "waiting" => ("waits", "wait"),
        "sending" => ("being sent", "wait"),
        "done" => ("done", "good"),
        "left" => ("left undone", "warn"),
        _ => ("needs you", "bad"),
    }
}

fn step(one: FollowUpView) -> Step {
    let (state, class) = step_words(&one.state);
    let documents = one.documents.iter().map(|of| format!("{} {}", of.document, of.reference));
    Step {
        href: format!("/tasks/{}", segment(&one.task)),
        documents: documents.collect::<Vec<_>>().join(", "),
        waits: one.why.unwrap_or(one.waits_for),
        number: one.number,
        customer: one.customer_name,
        connection: one.connection,
        title: one.title,
        class,
        state,
        since: one.begun_at.0.format("%Y-%m-%d").to_string(),
        next: one.next_look.map_or_else(|| "–".to_owned(), |next| next.0.format("%Y-%m-%d %H:%M").to_string()),
    }
}

/// Comparisons, newest first.
async fn comparisons(app: &App) -> Result<Vec<Comparison>, Problem> {
    let mut asked = RunQuery { limit: Some(MOST_ROWS), ..RunQuery::default() };
    let mut found = Vec::new();
    loop {
        let listed = runs::list(State(app.clone()), Params(asked)).await?.0;
        found.extend(listed.runs.iter().filter(|run| run.kind == "reconcile").map(comparison));
        match listed.next.filter(|_| found.len() < LATEST) {
            Some(next) => asked = RunQuery { limit: Some(MOST_ROWS), after: Some(next), ..RunQuery::default() },
            None => break,
        }
    }
    found.truncate(LATEST);
    Ok(found)
}

/// The page.
#[utoipa::path(get, path = "/reconcile", tag = "pages", params(("connection" = Option<String>, Query), ("state" = Option<String>, Query)), responses((status = 200, content_type = "text/html", body = String)))]
pub(crate) async fn show(State(app): State<App>, who: Who, Params(query): Params<ReconcileQuery>) -> Shown {
    let given = |value: &Option<String>| value.clone().filter(|value| !value.trim().is_empty());
    let mut all = app.store().connections().await?;
    all.sort_by(|a, b| a.name.cmp(&b.name));
    let has_connections = !all.is_empty();
    let (fitting, without): (Vec<Connection>, Vec<Connection>) = all.into_iter().partition(|of| reconciles(&app, of));
    let wanted = given(&query.connection);
    let chosen = match &wanted {
        Some(id) => fitting.iter().find(|of| of.id.as_str() == id),
        None => fitting.first(),
    };
    let containers = match chosen {
        Some(connection) => containers(&app, connection).await?,
        None => Vec::new(),
    };
    let state = given(&query.state);
    let asked = FollowUpQuery { state: state.clone(), limit: Some(MOST_ROWS), ..FollowUpQuery::default() };
    let waiting = follow_ups::list(State(app.clone()), Params(asked)).await?.0;
    let (first, last) = month(app.now().date_naive());
    let names = ["waiting", "sending", "person", "done", "left"];
    html(&Page {
        frame: Frame::new(&app, &who, RECONCILE, "Reconcile").await?,
        chosen: chosen.map(|of| of.id.to_string()),
        chosen_name: chosen.map(|of| of.name.clone()).unwrap_or_default(),
        connections: fitting
            .iter()
            .map(|of| Choice {
                id: of.id.to_string(),
                name: of.name.clone(),
                here: chosen.is_some_and(|one| one.id == of.id),
            })
            .collect(),
        containers,
        without: without.into_iter().map(|of| of.name).collect(),
        has_connections,
        first_day: first.to_string(),
        last_day: last.to_string(),
        comparisons: comparisons(&app).await?,
        more_steps: waiting.has_more,
        steps: waiting.follow_ups.into_iter().map(step).collect(),
        states: names.map(|name| (name, step_words(name).0, state.as_deref() == Some(name))).to_vec(),
        filtered: state.is_some(),
    })
}

/// The API's period ends with the first day after it; people name the last day.
fn period(first: &str, last: &str) -> Result<String, Problem> {
    let day = |pointer: &str, text: &str| {
        let wrong = || Problem::invalid(pointer, "bad-day", format!("\"{text}\" is not a day such as 2026-11-30"));
        text.parse::<NaiveDate>().map_err(|_| wrong())
    };
    let (first, last) = (day("/first", first)?, day("/last", last)?);
    let after = last.succ_opt().ok_or_else(|| Problem::invalid("/last", "bad-day", "the last day is too late"))?;
    Ok(format!("{first}/{after}"))
}

/// Compare, and lead to what was found.
#[utoipa::path(post, path = "/reconcile", tag = "pages", responses((status = 303, description = "To the comparison.")))]
pub(crate) async fn compare(State(app): State<App>, who: Who, fields: Fields) -> Shown {
    let subscriptions = fields.text("subscriptions");
    let subscriptions = subscriptions.split(['\n', ',']).map(str::trim).filter(|id| !id.is_empty());
    let body = ReconcileBody {
        container: fields.one("container").map(str::to_owned),
        subscriptions: subscriptions.map(str::to_owned).collect(),
        period: period(&fields.text("first"), &fields.text("last"))?,
    };
    let connection = Id(fields.text("connection"));
    let started = reconciling::reconcile(State(app), who, connection, HeaderMap::new(), Body(body)).await?;
    Ok(Redirect::to(&format!("/reconcile/{}", segment(started.run().id.as_str()))).into_response())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_period_is_named_by_its_last_day() {
        assert_eq!(period("2026-11-01", "2026-11-30").unwrap(), "2026-11-01/2026-12-01");
        assert_eq!(period("2024-02-01", "2024-02-29").unwrap(), "2024-02-01/2024-03-01");
        for (first, last) in [("", "2026-11-30"), ("2026-11-01", "30.11.2026"), ("2026-02-30", "2026-11-30")] {
            assert!(period(first, last).is_err(), "{first} {last}");
        }
    }

    #[test]
    fn the_form_offers_the_month() {
        for (today, days) in [
            ("2026-11-21", ("2026-11-01", "2026-11-30")),
            ("2024-02-01", ("2024-02-01", "2024-02-29")),
            ("2026-12-31", ("2026-12-01", "2026-12-31")),
        ] {
            let (first, last) = month(today.parse().unwrap());
            assert_eq!((first.to_string().as_str(), last.to_string().as_str()), days);
        }
    }
}
