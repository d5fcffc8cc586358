//! The list of tasks: what waits for somebody, with the money in it, and what can be done with many at once. It shows what
//! `/v1/tasks` answers and does what its commands do.

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect};
use serde::Deserialize;

use super::fields::Fields;
use super::frame::{Frame, Shown, TASKS, html, segment};
use super::said::{Said, back};
use super::words;
use crate::extract::{Body, Params};
use crate::guard::Who;
use crate::parts::App;
use crate::problem::Problem;
use crate::routes::tasks::{TaskQuery, page};
use crate::routes::{commands, ignoring};
use crate::wire::{IgnoreManyBody, PlanBody, StateTotal, TaskPage, TaskView, UnignoreBody};

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct ListQuery {
    connection: Option<String>,
    state: Option<String>,
    customer: Option<String>,
    text: Option<String>,
    reason: Option<String>,
    after: Option<String>,
    group: Option<String>,
    limit: Option<usize>,
    said: Option<String>,
}

const OPEN: &str = "pending,ready,planned,queued,sending,uncertain,retrying,parked";
const ALL: &str = "all";

/// What forms leave empty was not asked for.
fn set(value: &Option<String>) -> Option<String> {
    value.clone().filter(|value| !value.trim().is_empty())
}

impl ListQuery {
    fn asked(&self) -> TaskQuery {
        TaskQuery {
            connection: set(&self.connection),
            state: self.states(),
            customer: set(&self.customer),
            text: set(&self.text),
            reason: set(&self.reason),
            after: set(&self.after),
            limit: self.limit,
            ..TaskQuery::default()
        }
    }

    /// Without any filter it is the inbox: what still waits for something.
    fn states(&self) -> Option<String> {
        if !self.is_filtered() {
            return Some(OPEN.to_owned());
        }
        set(&self.state).filter(|state| state != ALL)
    }

    /// The address of this list, from another place in it.
    pub(super) fn href(&self, path: &str, state: Option<&str>, after: Option<&str>) -> String {
        let state = state.map(str::to_owned).or_else(|| set(&self.state));
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        let parts = [
            ("state", state),
            ("connection", set(&self.connection)),
            ("customer", set(&self.customer)),
            ("text", set(&self.text)),
            ("reason", set(&self.reason)),
            ("group", set(&self.group)),
            ("after", after.map(str::to_owned)),
        ];
        for (name, value) in parts {
            if let Some(value) = value.filter(|value| !value.is_empty()) {
                query.append_pair(name, &value);
            }
        }
        let query = query.finish();
        if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") }
    }
}

pub(super) struct Figure {
    href: String,
    here: bool,
    class: &'static str,
    words: String,
    count: u64,
    money: String,
}

struct Row {
    /// The group that begins here.
    head: Option<String>,
    id: String,
    customer: String,
    number: String,
    kind: String,
    amount: String,
    class: &'static str,
    state: String,
    note: String,
    seen: String,
    day: String,
}

struct Choice {
    id: String,
    name: String,
    here: bool,
}

/// What one click previews.
struct Ready {
    connection: String,
    count: u64,
}

#[derive(Template)]
#[template(path = "tasks.html")]
struct Page {
    frame: Frame,
    figures: Vec<Figure>,
    ready: Option<Ready>,
    query_state: String,
    text: String,
    connections: Vec<Choice>,
    grouped: bool,
    open_only: bool,
    filtered: bool,
    filter_words: String,
    here: String,
    rows: Vec<Row>,
    has_more: bool,
    next: Option<String>,
    csv_query: String,
    total_words: String,
}

fn figures(totals: &[StateTotal], query: &ListQuery) -> Vec<Figure> {
    let clear = ListQuery { state: None, after: None, ..ListQuery::of(query) };
    let figure = |total: &StateTotal| Figure {
        href: clear.href("/", Some(&total.name), None),
        here: query.state.as_deref() == Some(&total.name),
        class: words::class(&total.name),
        words: words::words(&total.name),
        count: total.count,
        money: words::moneys(&total.money),
    };
    totals.iter().map(figure).collect()
}

impl ListQuery {
    fn of(other: &Self) -> Self {
        Self {
            connection: other.connection.clone(),
            state: other.state.clone(),
            customer: other.customer.clone(),
            text: other.text.clone(),
            reason: other.reason.clone(),
            after: None,
            limit: other.limit,
            group: other.group.clone(),
            said: None,
        }
    }

    fn is_filtered(&self) -> bool {
        [&self.connection, &self.state, &self.customer, &self.text, &self.reason]
            .into_iter()
            .any(|of| set(of).is_some())
    }

    fn words(&self) -> String {
        let mut parts = Vec::new();
        parts.extend(set(&self.state).map(|state| format!("state {}", words::words(&state))));
        parts.extend(set(&self.text).map(|text| format!("\"{text}\"")));
        parts.extend(set(&self.connection).map(|connection| format!("connection {connection}")));
        parts.extend(set(&self.customer).map(|customer| format!("customer {customer}")));
        parts.extend(set(&self.reason).map(|reason| format!("reason {reason}")));
        format!("Asked for: {}.", parts.join(", "))
    }
}

/// What to know about the task beside its state.
pub(super) fn note(task: &TaskView) -> String {
    if let Some(ignored) = &task.ignored {
        return format!("{}: {}", ignored.reason, ignored.text);
    }
    if let Some(why) = &task.uncertain {
        return format!("It may or may not be there: {why}");
    }
    if let Some(failure) = &task.failure {
        return format!("{}: {}", failure.code, failure.message);
    }
    task.needs.iter().map(|need| need.text.clone()).collect::<Vec<_>>().join("; ")
}

fn rows(listed: &TaskPage, grouped: bool) -> Vec<Row> {
    let mut tasks: Vec<&TaskView> = listed.tasks.iter().collect();
    if grouped {
        tasks.sort_by(|a, b| (&a.customer_name, &a.customer).cmp(&(&b.customer_name, &b.customer)));
    }
    let mut last: Option<&str> = None;
    let mut rows = Vec::with_capacity(tasks.len());
    for task in tasks {
        let begins = grouped && last != Some(task.customer.as_str());
        last = Some(&task.customer);
        rows.push(Row {
            head: begins.then(|| task.customer_name.clone()),
            id: segment(&task.id),
            customer: task.customer_name.clone(),
            number: task.number.clone(),
            kind: task.kind.clone(),
            amount: words::money(&task.amount),
            class: words::class(&task.state),
            state: words::words(&task.state),
            note: note(task),
            seen: task.observed_at.0.format("%Y-%m-%d %H:%M").to_string(),
            day: task.observed_at.0.format("%Y-%m-%d").to_string(),
        });
    }
    rows
}

/// The page.
#[utoipa::path(get, path = "/", tag = "pages", params(TaskQuery), responses((status = 200, content_type = "text/html", body = String), (status = 303, description = "Sign in first.")))]
pub(crate) async fn show(State(app): State<App>, who: Who, Params(query): Params<ListQuery>) -> Shown {
    let listed = page(&app, &query.asked()).await?;
    let frame = Frame::new(&app, &who, TASKS, "Tasks").await?.saying(Said::read(query.said.as_deref()));
    let mut connections: Vec<Choice> = app
        .store()
        .connections()
        .await?
        .into_iter()
        .map(|of| Choice {
            here: query.connection.as_deref() == Some(of.id.as_str()),
            id: of.id.to_string(),
            name: of.name,
        })
        .collect();
    connections.sort_by(|a, b| a.name.cmp(&b.name));
    let ready = listed.totals.iter().find(|total| total.name == "ready").map_or(0, |total| total.count);
    let asked = match connections.as_slice() {
        [one] => Some(one.id.clone()),
        _ => set(&query.connection),
    };
    let ready = asked.filter(|_| ready > 0 && frame.may_bill()).map(|connection| Ready { connection, count: ready });
    let grouped = query.group.as_deref() == Some("customer");
    let csv = query.href("/tasks.csv", None, None);
    let page = Page {
        figures: figures(&listed.totals, &query),
        ready,
        query_state: set(&query.state).unwrap_or_default(),
        text: set(&query.text).unwrap_or_default(),
        connections,
        grouped,
        open_only: !query.is_filtered(),
        filtered: query.is_filtered() && query.state.as_deref() != Some(ALL),
        filter_words: query.words(),
        here: query.href("/", None, query.after.as_deref()),
        rows: rows(&listed, grouped),
        has_more: listed.has_more,
        next: listed.next.as_deref().map(|next| query.href("/", None, Some(next))),
        csv_query: csv.strip_prefix("/tasks.csv").unwrap_or_default().to_owned(),
        total_words: format!("{} on this page", listed.tasks.len()),
        frame,
    };
    html(&page)
}

/// Every task that fits the filter, as the list shows it.
#[utoipa::path(get, path = "/tasks.csv", tag = "pages", responses((status = 200, content_type = "text/csv", body = String)))]
pub(crate) async fn export(State(app): State<App>, Params(query): Params<ListQuery>) -> Shown {
    let mut asked = TaskQuery { limit: Some(500), ..query.asked() };
    let mut table = csv::Writer::from_writer(Vec::new());
    let head =
        ["task", "connection", "customer", "customer_name", "order", "kind", "amount", "currency", "state", "note"];
    let unwritten = |_| Problem::internal("The table could not be written.");
    table.write_record(head).map_err(unwritten)?;
    loop {
        let listed = page(&app, &asked).await?;
        for task in &listed.tasks {
            let note = note(task);
            let cells = [
                &task.id,
                &task.connection,
                &task.customer,
                &task.customer_name,
                &task.number,
                &task.kind,
                &task.amount.amount,
                &task.amount.currency,
                &task.state,
                &note,
            ];
            table.write_record(cells.map(|cell| guarded(cell))).map_err(unwritten)?;
        }
        match listed.next {
            Some(next) => asked.after = Some(next),
            None => break,
        }
    }
    let body = table.into_inner().map_err(|_| Problem::internal("The table could not be written."))?;
    let headers = [
        (axum::http::header::CONTENT_TYPE, "text/csv; charset=utf-8"),
        (axum::http::header::CONTENT_DISPOSITION, "attachment; filename=\"tasks.csv\""),
    ];
    Ok((headers, body).into_response())
}

/// A cell that a spreadsheet would take for a formula begins with an apostrophe; numbers are none.
pub(super) fn guarded(cell: &str) -> String {
    let risky = cell.starts_with(['=', '+', '@', '\t', '\r'])
        || (cell.starts_with('-') && cell.parse::<rust_decimal::Decimal>().is_err());
    if risky { format!("'{cell}") } else { cell.to_owned() }
}

/// Starts a preview and leads to it.
pub(super) async fn preview(app: App, who: Who, connection: String, tasks: Option<Vec<String>>) -> Shown {
    let body = PlanBody { connection, tasks };
    let started = commands::plan(State(app), who, axum::http::HeaderMap::new(), Body(body)).await?;
    Ok(Redirect::to(&format!("/preview/{}", segment(started.run().id.as_str()))).into_response())
}

/// Preview all that are ready.
#[utoipa::path(post, path = "/tasks/preview", tag = "pages", responses((status = 303, description = "To the preview.")))]
pub(crate) async fn preview_ready(State(app): State<App>, who: Who, fields: Fields) -> Shown {
    let connection = fields.text("connection");
    preview(app, who, connection, None).await
}

/// What is done with the rows that were chosen.
#[utoipa::path(post, path = "/tasks/chosen", tag = "pages", responses((status = 303, description = "Back to the list, or to the preview.")))]
pub(crate) async fn chosen(State(app): State<App>, who: Who, fields: Fields) -> Shown {
    let tasks = fields.all("task");
    let here = ours(&fields.text("back"));
    if tasks.is_empty() {
        return Ok(back(&here, "nothing-chosen", None));
    }
    match fields.one("act") {
        Some("ignore") => {
            let text = fields.text("why");
            let body = IgnoreManyBody { tasks: Some(tasks), filter: None, reason: None, text, until: None };
            let answer = ignoring::ignore_many(State(app), who, Body(body)).await?;
            Ok(back(&here, "ignored", Some(answer.ignored)))
        }
        Some("unignore") => {
            let body = UnignoreBody { tasks: Some(tasks), filter: None };
            let answer = ignoring::unignore_many(State(app), who, Body(body)).await?;
            Ok(back(&here, "taken-back", Some(answer.unignored)))
        }
        _ => {
            let first = crate::routes::tasks::task(&app, tasks.first().map(String::as_str).unwrap_or_default()).await?;
            let connection = first.connection.to_string();
            preview(app, who, connection, Some(tasks)).await
        }
    }
}

/// An address within these pages; anything else leads to the tasks.
pub(super) fn ours(address: &str) -> String {
    let is_ours = address.starts_with('/') && !address.starts_with("//") && !address.contains(['\\', '\r', '\n']);
    if is_ours { address.to_owned() } else { "/".to_owned() }
}
