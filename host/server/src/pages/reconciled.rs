//! One comparison of the marketplace with a target: what is missing, different, too much or the same, subscription by
//! subscription, in the words of the plans. It shows what `/v1/runs/{id}` and the tasks it names answer.

use std::collections::BTreeSet;

use askama::Template;
use axum::extract::State;
use counterfoil_domain::id::TaskId;

use super::frame::{Frame, RECONCILE, Shown, html, segment};
use super::{reconcile, words};
use crate::extract::Id;
use crate::guard::Who;
use crate::parts::App;
use crate::problem::Problem;
use crate::routes::runs;
use crate::wire::{PlanView, ProblemView, RunView, TaskView};

/// What a comparison may find, as it is listed.
pub(super) const FOUND: [&str; 4] = ["missing", "different", "extra", "same"];

struct Line {
    found: &'static str,
    class: &'static str,
    why: String,
    bills: String,
}

struct Row {
    href: String,
    number: String,
    customer: String,
    class: &'static str,
    state: String,
    lines: Vec<Line>,
}

struct Figure {
    words: &'static str,
    class: &'static str,
    count: u64,
}

#[derive(Template)]
#[template(path = "reconciled.html")]
struct Page {
    frame: Frame,
    run: RunView,
    class: &'static str,
    state: String,
    days: String,
    figures: Vec<Figure>,
    agrees: bool,
    rows: Vec<Row>,
    problems: Vec<ProblemView>,
    found: String,
}

pub(super) fn days(run: &RunView) -> String {
    run.days.as_ref().map(|days| format!("{} to {}", days.from.0, days.to.0)).unwrap_or_default()
}

fn marked(found: &str) -> &'static str {
    match found {
        "missing" => "warn",
        "different" => "act",
        "extra" => "bad",
        _ => "good",
    }
}

/// Changes of a plan in the order in which people look at them.
fn lines(plan: &PlanView) -> Vec<Line> {
    let of = |found: &'static str| {
        let says = move |why: &str| why.split(':').next().map(str::trim) == Some(found);
        plan.changes.iter().filter(move |change| says(&change.why)).map(move |change| Line {
            found,
            class: marked(found),
            why: change.why.split_once(':').map_or(change.why.as_str(), |(_, rest)| rest.trim()).to_owned(),
            bills: words::money(&change.total),
        })
    };
    FOUND.into_iter().flat_map(of).collect()
}

fn row(task: &TaskView, plan: Option<&PlanView>) -> Row {
    Row {
        href: format!("/tasks/{}", segment(&task.id)),
        number: task.number.clone(),
        customer: task.customer_name.clone(),
        class: words::class(&task.state),
        state: words::words(&task.state),
        lines: plan.map(lines).unwrap_or_default(),
    }
}

/// Tasks of which the run says that something differs.
async fn rows(app: &App, run: &RunView) -> Result<Vec<Row>, Problem> {
    let differing = run.problems.iter().filter(|problem| FOUND.contains(&problem.code.as_str()));
    let tasks: BTreeSet<&str> = differing.map(|problem| problem.subject.as_str()).collect();
    let mut rows = Vec::with_capacity(tasks.len());
    for id in tasks {
        let Some(task) = app.store().task(&TaskId::new(id)).await?.as_ref().map(TaskView::from) else { continue };
        let sealed = match &task.plan {
            Some(digest) => app.store().plan(&digest.as_str().into()).await?,
            None => None,
        };
        rows.push(row(&task, sealed.as_ref().map(PlanView::from).as_ref()));
    }
    rows.sort_by(|a, b| (&a.customer, &a.number).cmp(&(&b.customer, &b.number)));
    Ok(rows)
}

/// The page of a comparison, live while it goes on.
#[utoipa::path(get, path = "/reconcile/{id}", tag = "pages", params(("id" = String, Path)), responses((status = 200, content_type = "text/html", body = String)))]
pub(crate) async fn show(State(app): State<App>, who: Who, Id(id): Id) -> Shown {
    let mut run = runs::show(State(app.clone()), Id(id.clone())).await?.0;
    if run.kind != "reconcile" {
        return Err(Problem::not_found("comparison", &id).into());
    }
    let rows = if run.is_over { rows(&app, &run).await? } else { Vec::new() };
    let count = |name: &str| run.counts.get(name).copied().unwrap_or_default();
    let figures: Vec<Figure> =
        FOUND.into_iter().map(|name| Figure { words: name, class: marked(name), count: count(name) }).collect();
    let differs = figures.iter().any(|figure| figure.words != "same" && figure.count > 0);
    let state = run.outcome.clone().unwrap_or_else(|| run.state.clone());
    let problems = std::mem::take(&mut run.problems);
    let problems: Vec<ProblemView> =
        problems.into_iter().filter(|problem| !FOUND.contains(&problem.code.as_str())).collect();
    let title = format!("Comparison of {}", run.connection);
    html(&Page {
        frame: Frame::new(&app, &who, RECONCILE, &title).await?,
        class: words::class(&state),
        state: words::words(&state),
        days: days(&run),
        agrees: run.state == "done" && !differs && problems.is_empty(),
        found: reconcile::found(&run),
        figures,
        rows,
        problems,
        run,
    })
}
