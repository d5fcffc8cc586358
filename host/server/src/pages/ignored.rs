//! What is ignored, with the money in it, and taking it back: one, many, or all that fit a filter. It shows what `/v1/tasks`
//! answers and does what its commands do.

use std::collections::BTreeSet;

use askama::Template;
use axum::extract::State;
use axum::response::IntoResponse;
use counterfoil_domain::id::ConnectionId;
use counterfoil_domain::task::IgnoreReason;
use serde::Deserialize;

use super::address::{self, given};
use super::fields::Fields;
use super::frame::{Frame, IGNORED, Shown, html, segment};
use super::said::{Said, back};
use super::tasks::{guarded, ours};
use super::words;
use crate::extract::{Body, Params};
use crate::guard::Who;
use crate::parts::App;
use crate::problem::Problem;
use crate::routes::ignoring::unignore_many;
use crate::routes::tasks::{TaskQuery, page};
use crate::wire::{StateTotal, TaskChoice, TaskView, UnignoreBody, totals_by_state};

const STATE: &str = "ignored";
/// What comes back within so many days is marked.
const SOON: i64 = 7;

#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default)]
pub(crate) struct ListQuery {
    connection: Option<String>,
    reason: Option<String>,
    customer: Option<String>,
    text: Option<String>,
    after: Option<String>,
    said: Option<String>,
}

impl ListQuery {
    fn asked(&self) -> TaskQuery {
        TaskQuery {
            state: Some(STATE.to_owned()),
            connection: given(&self.connection),
            reason: given(&self.reason),
            customer: given(&self.customer),
            text: given(&self.text),
            after: given(&self.after),
            ..TaskQuery::default()
        }
    }

    fn is_filtered(&self) -> bool {
        [&self.connection, &self.reason, &self.customer, &self.text].into_iter().any(|of| given(of).is_some())
    }

    fn href(&self, path: &str, reason: Option<&str>, after: Option<&str>) -> String {
        let parts = [
            ("reason", reason),
            ("connection", self.connection.as_deref()),
            ("customer", self.customer.as_deref()),
            ("text", self.text.as_deref()),
            ("after", after),
        ];
        address::of(path, &parts)
    }
}

struct Figure {
    href: String,
    here: bool,
    words: String,
    count: u64,
    money: String,
}

struct Row {
    id: String,
    customer: String,
    number: String,
    kind: String,
    amount: String,
    reason: String,
    text: String,
    by: String,
    day: String,
    time: String,
    until: String,
    is_soon: bool,
    by_rule: bool,
}

struct Choice {
    value: String,
    label: String,
    here: bool,
}

#[derive(Template)]
#[template(path = "ignored.html")]
struct Page {
    frame: Frame,
    query: ListQuery,
    figures: Vec<Figure>,
    money: String,
    text: String,
    reasons: Vec<Choice>,
    connections: Vec<Choice>,
    filtered: bool,
    here: String,
    rows: Vec<Row>,
    next: Option<String>,
    csv: String,
    /// What one click takes back, in words; none without a filter.
    all: Option<String>,
}

impl Page {
    /// The filter, for the form that takes back all of it.
    fn hidden(&self) -> [(&'static str, &str); 4] {
        [
            ("connection", self.query.connection.as_deref().unwrap_or_default()),
            ("reason", self.query.reason.as_deref().unwrap_or_default()),
            ("customer", self.query.customer.as_deref().unwrap_or_default()),
            ("text", self.query.text.as_deref().unwrap_or_default()),
        ]
    }
}

/// "by-person" as people read it.
fn words_of(reason: &str) -> String {
    reason.replace('-', " ")
}

/// Without a day: what a person or a rule ignores stays so; what the order itself says holds while it says it.
fn how_long(reason: &str, by_rule: bool) -> String {
    let words = match reason {
        _ if by_rule => "while the rule stands",
        reason if reason == IgnoreReason::ByPerson.name() => "for good",
        _ => "while it is so",
    };
    words.to_owned()
}

fn row(task: &TaskView, today: chrono::NaiveDate) -> Option<Row> {
    let ignored = task.ignored.as_ref()?;
    let soon = ignored.until.is_some_and(|day| (day.0 - today).num_days() <= SOON);
    Some(Row {
        id: segment(&task.id),
        customer: task.customer_name.clone(),
        number: task.number.clone(),
        kind: task.kind.clone(),
        amount: words::money(&task.amount),
        reason: words_of(&ignored.reason),
        text: ignored.text.clone(),
        by: ignored.by.clone(),
        day: ignored.at.0.format("%Y-%m-%d").to_string(),
        time: ignored.at.0.format("%H:%M").to_string(),
        until: ignored.until_text.clone().unwrap_or_else(|| how_long(&ignored.reason, ignored.rule.is_some())),
        is_soon: soon,
        by_rule: ignored.rule.is_some(),
    })
}

fn figures(totals: &[StateTotal], query: &ListQuery) -> Vec<Figure> {
    let figure = |total: &StateTotal| Figure {
        href: query.href("/ignored", Some(&total.name), None),
        here: query.reason.as_deref() == Some(&total.name),
        words: words_of(&total.name),
        count: total.count,
        money: words::moneys(&total.money),
    };
    totals.iter().map(figure).collect()
}

/// Reasons that there are, and the one that is asked for.
fn reasons(totals: &[StateTotal], asked: Option<&str>) -> Vec<Choice> {
    let there: BTreeSet<&str> = totals.iter().map(|total| total.name.as_str()).chain(asked).collect();
    let known = IgnoreReason::ALL.iter().map(|reason| reason.name()).filter(|name| there.contains(name));
    known.map(|name| Choice { value: name.to_owned(), label: words_of(name), here: asked == Some(name) }).collect()
}

/// What a click takes back: told by number where the number is known.
fn all_words(query: &ListQuery, totals: &[StateTotal], rows: usize, has_more: bool) -> Option<String> {
    if !query.is_filtered() || rows == 0 {
        return None;
    }
    let only_reason = given(&query.customer).is_none() && given(&query.text).is_none();
    let of_reason = totals.iter().find(|total| only_reason && query.reason.as_deref() == Some(&total.name));
    let count = match of_reason {
        Some(total) => Some(total.count),
        None => Some(rows as u64).filter(|_| !has_more && given(&query.after).is_none()),
    };
    Some(count.map_or("Take back all that fit, on every page".to_owned(), |n| format!("Take back all {n} that fit")))
}

/// The page.
#[utoipa::path(get, path = "/ignored", tag = "pages", params(TaskQuery), responses((status = 200, content_type = "text/html", body = String)))]
pub(crate) async fn show(State(app): State<App>, who: Who, Params(query): Params<ListQuery>) -> Shown {
    let listed = page(&app, &query.asked()).await?;
    let connection = given(&query.connection).map(ConnectionId::new);
    let (_, totals) = totals_by_state(&app.store().totals(connection).await?);
    let frame = Frame::new(&app, &who, IGNORED, "Ignored").await?.saying(Said::read(query.said.as_deref()));
    let mut connections = app.store().connections().await?;
    connections.sort_by(|a, b| a.name.cmp(&b.name));
    let asked = given(&query.connection);
    let connections = connections.into_iter().map(|of| Choice {
        here: asked.as_deref() == Some(of.id.as_str()),
        value: of.id.to_string(),
        label: of.name,
    });
    let today = app.now().date_naive();
    let rows: Vec<Row> = listed.tasks.iter().filter_map(|task| row(task, today)).collect();
    let money = listed.totals.iter().find(|total| total.name == STATE).map(|total| words::moneys(&total.money));
    let page = Page {
        frame,
        figures: figures(&totals, &query),
        money: money.unwrap_or_else(|| "–".to_owned()),
        text: given(&query.text).unwrap_or_default(),
        reasons: reasons(&totals, given(&query.reason).as_deref()),
        connections: connections.collect(),
        filtered: query.is_filtered(),
        here: query.href("/ignored", query.reason.as_deref(), query.after.as_deref()),
        next: listed.next.as_deref().map(|next| query.href("/ignored", query.reason.as_deref(), Some(next))),
        csv: query.href("/ignored.csv", query.reason.as_deref(), None),
        all: all_words(&query, &totals, rows.len(), listed.has_more),
        rows,
        query,
    };
    html(&page)
}

const HEAD: [&str; 11] =
    ["task", "connection", "customer", "customer_name", "order", "amount", "currency", "reason", "text", "by", "until"];

/// Every ignored task that fits the filter.
#[utoipa::path(get, path = "/ignored.csv", tag = "pages", responses((status = 200, content_type = "text/csv", body = String)))]
pub(crate) async fn export(State(app): State<App>, Params(query): Params<ListQuery>) -> Shown {
    let mut asked = TaskQuery { limit: Some(500), after: None, ..query.asked() };
    let mut table = csv::Writer::from_writer(Vec::new());
    let unwritten = |_| Problem::internal("The table could not be written.");
    table.write_record(HEAD).map_err(unwritten)?;
    loop {
        let listed = page(&app, &asked).await?;
        for task in &listed.tasks {
            let Some(ignored) = &task.ignored else { continue };
            let until = ignored.until_text.clone().unwrap_or_default();
            let cells = [
                &task.id,
                &task.connection,
                &task.customer,
                &task.customer_name,
                &task.number,
                &task.amount.amount,
                &task.amount.currency,
                &ignored.reason,
                &ignored.text,
                &ignored.by,
                &until,
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
        (axum::http::header::CONTENT_DISPOSITION, "attachment; filename=\"ignored.csv\""),
    ];
    Ok((headers, body).into_response())
}

/// Take back the row whose button was pressed, else those that were chosen.
#[utoipa::path(post, path = "/ignored/chosen", tag = "pages", responses((status = 303, description = "Back to the list.")))]
pub(crate) async fn chosen(State(app): State<App>, who: Who, fields: Fields) -> Shown {
    let here = ours(&fields.text("back"));
    let tasks = fields.one("one").map_or_else(|| fields.all("task"), |one| vec![one.to_owned()]);
    if tasks.is_empty() {
        return Ok(back(&here, "nothing-chosen", None));
    }
    let body = UnignoreBody { tasks: Some(tasks), filter: None };
    let answer = unignore_many(State(app), who, Body(body)).await?;
    Ok(back(&here, "taken-back", Some(answer.unignored)))
}

/// Take back all that fit the filter.
#[utoipa::path(post, path = "/ignored/all", tag = "pages", responses((status = 303, description = "Back to the list.")))]
pub(crate) async fn all(State(app): State<App>, who: Who, fields: Fields) -> Shown {
    let of = |name: &str| fields.one(name).map(str::to_owned);
    let filter = TaskChoice {
        connection: of("connection"),
        customer: of("customer"),
        text: of("text"),
        reason: of("reason"),
        ..TaskChoice::default()
    };
    let answer = unignore_many(State(app), who, Body(UnignoreBody { tasks: None, filter: Some(filter) })).await?;
    Ok(back("/ignored", "taken-back", Some(answer.unignored)))
}
