//! What a plan run proposes, side by side, for one confirmation. It shows what `/v1/runs/{id}` and `/v1/plans/{digest}` answer.

use std::collections::BTreeMap;

use askama::Template;
use axum::extract::State;
use counterfoil_domain::id::TaskId;
use counterfoil_domain::run::{RunKind, Selection};

use super::fields::Fields;
use super::frame::{Frame, Shown, TASKS, html, segment};
use super::{task, words};
use crate::extract::Id;
use crate::guard::Who;
use crate::parts::App;
use crate::problem::Problem;
use crate::routes::tasks::TaskQuery;
use crate::routes::{self, runs};
use crate::wire::{MoneyView, PlanView, TaskView};

struct Mark {
    class: &'static str,
    text: String,
}

struct Row {
    digest: String,
    task: String,
    customer: String,
    number: String,
    changes: String,
    bills: String,
    margin: String,
    findings: Vec<Mark>,
    blocked: bool,
    needs_person: bool,
}

struct Accept {
    code: String,
    count: usize,
}

#[derive(Template)]
#[template(path = "preview.html")]
struct Page {
    frame: Frame,
    run: String,
    connection: String,
    is_over: bool,
    done: u64,
    total: Option<u64>,
    problems: Vec<String>,
    plans: Vec<Row>,
    accepts: Vec<Accept>,
    totals: String,
}

/// Tasks that the run was about, as far as they stand on a plan now.
async fn planned(app: &App, kind: &RunKind, connection: &str) -> Result<Vec<(TaskView, PlanView)>, Problem> {
    let tasks: Vec<TaskView> = match kind {
        RunKind::Plan(Selection::Tasks(ids)) => {
            let mut found = Vec::with_capacity(ids.len());
            for id in ids {
                found.extend(app.store().task(&TaskId::new(id.as_str())).await?.as_ref().map(TaskView::from));
            }
            found
        }
        _ => {
            let (connection, state) = (Some(connection.to_owned()), Some("planned".to_owned()));
            let query = TaskQuery { connection, state, limit: Some(500), ..TaskQuery::default() };
            routes::tasks::page(app, &query).await?.tasks
        }
    };
    let mut all = Vec::new();
    for task in tasks.into_iter().filter(|task| task.state == "planned") {
        let Some(digest) = &task.plan else { continue };
        let Some(sealed) = app.store().plan(&digest.as_str().into()).await? else { continue };
        let plan = PlanView::from(&sealed);
        all.push((task, plan));
    }
    Ok(all)
}

fn row((task, plan): &(TaskView, PlanView)) -> Row {
    let of = |severity: &str| plan.findings.iter().any(|finding| finding.severity == severity);
    let marks = plan.findings.iter().filter(|finding| finding.severity != "notes").map(|finding| Mark {
        class: if finding.severity == "blocks" { "bad" } else { "warn" },
        text: finding.message.clone(),
    });
    let titles: Vec<&str> = plan.changes.iter().take(4).map(|change| change.title.as_str()).collect();
    let more = plan.changes.len().saturating_sub(titles.len());
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    Row {
        digest: plan.digest.clone(),
        task: segment(&task.id),
        customer: task.customer_name.clone(),
        number: task.number.clone(),
        changes: format!("{}{more}", titles.join("; ")),
        bills: words::moneys(&plan.totals),
        margin: words::moneys(&plan.margins),
        findings: marks.collect(),
        blocked: of("blocks"),
        needs_person: of("needs-person"),
    }
}

fn accepts(planned: &[(TaskView, PlanView)]) -> Vec<Accept> {
    let mut codes: BTreeMap<&str, usize> = BTreeMap::new();
    for finding in planned.iter().flat_map(|(_, plan)| &plan.findings).filter(|of| of.severity == "needs-person") {
        *codes.entry(&finding.code).or_default() += 1;
    }
    codes.into_iter().map(|(code, count)| Accept { code: code.to_owned(), count }).collect()
}

/// What all of them bill. Sums are the wire's own: one a currency.
fn totals(planned: &[(TaskView, PlanView)]) -> String {
    let mut sums: BTreeMap<&str, rust_decimal::Decimal> = BTreeMap::new();
    for money in planned.iter().flat_map(|(_, plan)| &plan.totals) {
        if let Ok(amount) = money.amount.parse::<rust_decimal::Decimal>() {
            *sums.entry(&money.currency).or_default() += amount;
        }
    }
    let all: Vec<MoneyView> = sums
        .into_iter()
        .map(|(currency, amount)| MoneyView { amount: amount.to_string(), currency: currency.to_owned() })
        .collect();
    words::moneys(&all)
}

/// The page.
#[utoipa::path(get, path = "/preview/{id}", tag = "pages", params(("id" = String, Path)), responses((status = 200, content_type = "text/html", body = String)))]
pub(crate) async fn show(State(app): State<App>, who: Who, Id(id): Id) -> Shown {
    let run = runs::run(&app, &id).await?;
    let is_over = run.state.is_over();
    let connection = run.connection.to_string();
    let planned = if is_over { planned(&app, &run.kind, &connection).await? } else { Vec::new() };
    let page = Page {
        frame: Frame::new(&app, &who, TASKS, "Preview").await?,
        run: run.id.to_string(),
        connection,
        is_over,
        done: run.done,
        total: run.total,
        problems: run.problems.iter().take(20).map(|problem| problem.message.clone()).collect(),
        accepts: accepts(&planned),
        totals: totals(&planned),
        plans: planned.iter().map(row).collect(),
    };
    html(&page)
}

/// Confirm what was chosen of a preview.
#[utoipa::path(post, path = "/sync", tag = "pages", responses((status = 303, description = "To the run.")))]
pub(crate) async fn sync(State(app): State<App>, who: Who, fields: Fields) -> Shown {
    task::confirmed(app, who, &fields).await
}
