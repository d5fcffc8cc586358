//! Runs: what was done, when, for whom, and how it ended. It shows what `/v1/runs` answers.

use askama::Template;
use axum::extract::State;
use counterfoil_domain::outcome::outcome;
use serde::Deserialize;

use super::frame::{Frame, RUNS, Shown, html, segment};
use super::words;
use crate::extract::{Id, Params};
use crate::guard::Who;
use crate::parts::App;
use crate::routes::runs::{RunQuery, list, run};
use crate::wire::RunView;

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct ListQuery {
    after: Option<String>,
}

struct Row {
    id: String,
    asked: String,
    kind: String,
    connection: String,
    by: String,
    class: &'static str,
    state: String,
    figures: String,
}

#[derive(Template)]
#[template(path = "runs.html")]
struct Page {
    frame: Frame,
    runs: Vec<Row>,
    next: Option<String>,
}

fn figures(run: &RunView) -> String {
    let told = run.counts.iter().filter(|(_, count)| **count > 0);
    told.map(|(name, count)| format!("{name} {count}")).collect::<Vec<_>>().join(", ")
}

fn row(run: &RunView) -> Row {
    Row {
        id: segment(&run.id),
        asked: run.asked_at.0.format("%Y-%m-%d %H:%M:%S").to_string(),
        kind: run.kind.clone(),
        connection: run.connection.clone(),
        by: run.asked_by.clone(),
        class: words::class(&run.state),
        state: words::words(&run.state),
        figures: figures(run),
    }
}

/// The list.
#[utoipa::path(get, path = "/runs", tag = "pages", responses((status = 200, content_type = "text/html", body = String)))]
pub(crate) async fn show_all(State(app): State<App>, who: Who, Params(query): Params<ListQuery>) -> Shown {
    let asked = RunQuery { after: query.after, ..RunQuery::default() };
    let listed = list(State(app.clone()), Params(asked)).await?.0;
    let page = Page {
        frame: Frame::new(&app, &who, RUNS, "Runs").await?,
        runs: listed.runs.iter().map(row).collect(),
        next: listed.next.map(|next| format!("/runs?after={}", segment(&next))),
    };
    html(&page)
}

#[derive(Template)]
#[template(path = "run.html")]
struct One {
    frame: Frame,
    summary: String,
    class: &'static str,
    state: String,
    run: RunView,
}

/// One run, live while it goes on.
#[utoipa::path(get, path = "/runs/{id}", tag = "pages", params(("id" = String, Path)), responses((status = 200, content_type = "text/html", body = String)))]
pub(crate) async fn show(State(app): State<App>, who: Who, Id(id): Id) -> Shown {
    let run = run(&app, &id).await?;
    let word = outcome(&run).map(|outcome| outcome.name());
    let view = RunView::from(&run);
    let summary = format!("{} of {}", view.kind, view.connection);
    let state = word.unwrap_or(run.state.name());
    let page = One {
        frame: Frame::new(&app, &who, RUNS, &summary).await?,
        class: words::class(state),
        state: words::words(state),
        summary,
        run: view,
    };
    html(&page)
}
