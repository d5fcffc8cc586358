//! Statements that a program's marketplace showed: what they come to, whether that is what the source says, and their
//! records. It shows what `/v1/statements` answers.

use askama::Template;
use axum::extract::State;
use serde::Deserialize;

use super::super::frame::{Frame, PROGRAMS, Shown, html, segment};
use super::super::{address, words};
use super::{Head, day, head, period};
use crate::extract::{Id, Ids, Params, Two};
use crate::guard::Who;
use crate::parts::App;
use crate::routes::statements::{RecordQuery, StatementQuery, list, show as one};
use crate::wire::{RecordView, StatementView};

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct ListQuery {
    from: Option<String>,
    to: Option<String>,
    after: Option<String>,
}

struct Row {
    href: String,
    id: String,
    period: String,
    stream: String,
    class: &'static str,
    kept_as: &'static str,
    issue: u32,
    records: u64,
    total: String,
    cost: String,
    amount: String,
    /// None: the source says no total.
    agrees: Option<bool>,
    difference: String,
    issued: String,
    problems: Vec<String>,
}

#[derive(Template)]
#[template(path = "program_statements.html")]
struct Page {
    frame: Frame,
    head: Head,
    rows: Vec<Row>,
    from: String,
    to: String,
    filtered: bool,
    next: Option<String>,
}

/// What a statement was when it was read.
fn kept_as(word: &str) -> (&'static str, &'static str) {
    match word {
        "first" => ("read", "good"),
        "same" => ("says the same as one before: counted once", "wait"),
        "reissue" => ("issued anew: only what differs is billed", "act"),
        "additional" => ("beside one of the same period", "act"),
        "without-file" => ("listed, and there is no file yet: read again next time", "warn"),
        _ => ("cannot be read: nothing of it is billed", "bad"),
    }
}

fn row(view: &StatementView, here: &str) -> Row {
    let (kept_as, class) = kept_as(&view.kept_as);
    let zero = |amount: &str| amount.bytes().all(|byte| matches!(byte, b'0' | b'.' | b'-'));
    Row {
        href: format!("{here}/{}", segment(&view.id)),
        id: view.id.clone(),
        period: period(&view.period),
        stream: view.stream_name.clone(),
        class,
        kept_as,
        issue: view.issue,
        records: view.records,
        total: view.total.as_ref().map_or_else(|| "says none".to_owned(), words::money),
        cost: words::moneys(&view.cost),
        amount: words::moneys(&view.amount),
        agrees: view.difference.as_ref().map(|difference| zero(&difference.amount)),
        difference: view.difference.as_ref().map(words::money).unwrap_or_default(),
        issued: view.issued_at.0.format("%Y-%m-%d").to_string(),
        problems: view.problems.iter().map(|problem| problem.message.clone()).collect(),
    }
}

/// The list.
#[utoipa::path(get, path = "/programs/{id}/{name}/statements", tag = "pages", params(("id" = String, Path), ("name" = String, Path), ("from" = Option<String>, Query), ("to" = Option<String>, Query), ("after" = Option<String>, Query)), responses((status = 200, content_type = "text/html", body = String)))]
pub(crate) async fn show_all(
    State(app): State<App>,
    who: Who,
    Two(id, name): Two,
    Params(query): Params<ListQuery>,
) -> Shown {
    let (head, ..) = head(&app, &id, &name, "/statements").await?;
    let asked = StatementQuery {
        marketplace: Some(crate::routes::connection(&app, &id).await?.marketplace.to_string()),
        from: day("/from", &query.from)?,
        to: day("/to", &query.to)?,
        after: address::given(&query.after),
        ..StatementQuery::default()
    };
    let filtered = asked.from.is_some() || asked.to.is_some();
    let listed = list(State(app.clone()), Params(asked)).await?.0;
    let here = format!("{}/statements", head.href);
    let (from, to) = (address::given(&query.from), address::given(&query.to));
    let next =
        |next: &str| address::of(&here, &[("from", from.as_deref()), ("to", to.as_deref()), ("after", Some(next))]);
    let page = Page {
        frame: Frame::new(&app, &who, PROGRAMS, &head.title).await?,
        rows: listed.statements.iter().map(|view| row(view, &here)).collect(),
        next: listed.next.as_deref().map(next),
        from: from.unwrap_or_default(),
        to: to.unwrap_or_default(),
        filtered,
        head,
    };
    html(&page)
}

struct Record {
    customer: String,
    product: String,
    code: String,
    charge: String,
    motion: String,
    period: String,
    quantity: String,
    price: String,
    cost: String,
    amount: String,
}

#[derive(Template)]
#[template(path = "program_statement.html")]
struct One {
    frame: Frame,
    head: Head,
    list: String,
    row: Row,
    issues: Vec<Row>,
    records: Vec<Record>,
    next: Option<String>,
}

fn record(view: &RecordView) -> Record {
    let motion = counterfoil_domain::motion::Motion::parse(&view.motion).map(|motion| motion.text().to_owned());
    let motion = motion.unwrap_or_else(|| view.motion.clone());
    Record {
        customer: view.customer_name.clone(),
        product: view.product_name.clone(),
        code: view.product.clone(),
        charge: view.charge_name.clone(),
        motion: if view.motion_told.is_empty() { motion } else { format!("{motion}: {}", view.motion_told) },
        period: view.charge_period.as_ref().map(period).unwrap_or_default(),
        quantity: view.quantity.clone(),
        price: words::money(&view.unit_price),
        cost: words::money(&view.cost),
        amount: words::money(&view.amount),
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct OneQuery {
    issue: Option<u32>,
    after: Option<usize>,
}

/// One statement with its records.
#[utoipa::path(get, path = "/programs/{id}/{name}/statements/{statement}", tag = "pages", params(("id" = String, Path), ("name" = String, Path), ("statement" = String, Path), ("issue" = Option<u32>, Query), ("after" = Option<u64>, Query)), responses((status = 200, content_type = "text/html", body = String)))]
pub(crate) async fn show(
    State(app): State<App>,
    who: Who,
    Ids((id, name, statement)): Ids<(String, String, String)>,
    Params(query): Params<OneQuery>,
) -> Shown {
    let (head, ..) = head(&app, &id, &name, "/statements").await?;
    let marketplace = crate::routes::connection(&app, &id).await?.marketplace.to_string();
    let asked = RecordQuery {
        marketplace: Some(marketplace),
        issue: query.issue,
        after: query.after,
        ..RecordQuery::default()
    };
    let detail = one(State(app.clone()), Id(statement.clone()), Params(asked)).await?.0;
    let list = format!("{}/statements", head.href);
    let issue = detail.statement.issue.to_string();
    let next = |next: &str| {
        let here = format!("{list}/{}", segment(&statement));
        address::of(&here, &[("issue", Some(&issue)), ("after", Some(next))])
    };
    let page = One {
        frame: Frame::new(&app, &who, PROGRAMS, &format!("Statement {statement}")).await?,
        row: row(&detail.statement, &list),
        issues: detail.issues.iter().map(|view| row(view, &list)).collect(),
        records: detail.records.iter().map(record).collect(),
        next: detail.next.as_deref().map(next),
        list,
        head,
    };
    html(&page)
}
