//! Programs: which of a distributor's programs go to which connection, who is mapped, and where the newest money is. It
//! shows what `/v1/programs` answers.

use askama::Template;
use axum::extract::State;
use serde::Deserialize;

use super::connections::Mark;
use super::fields::Fields;
use super::frame::{Frame, PROGRAMS, Shown, html, segment};
use super::said::{Said, back};
use super::words;
use crate::extract::{Params, Two};
use crate::guard::Who;
use crate::parts::App;
use crate::routes::programs::settings;
use crate::wire::{ProgramBody, ProgramRow};

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct ListQuery {
    said: Option<String>,
}

/// The address of a program's pages.
pub(super) fn href(connection: &str, name: &str) -> String {
    format!("/programs/{}/{}", segment(connection), segment(name))
}

struct Row {
    href: String,
    text: String,
    connection: String,
    connection_href: String,
    marketplace: String,
    enabled: bool,
    /// What of it goes.
    goes: String,
    mapped: u64,
    unmapped: u64,
    last_run: Option<(String, String, Mark)>,
    period: String,
    billed: String,
    open: String,
    unmapped_money: String,
    held_back: String,
}

#[derive(Template)]
#[template(path = "programs.html")]
struct Page {
    frame: Frame,
    rows: Vec<Row>,
}

fn goes(row: &ProgramRow) -> String {
    let program = &row.program;
    let parts = [(program.billing, "billing"), (program.products, "products"), (program.azure, "Azure")];
    let on: Vec<&str> = parts.iter().filter(|(on, _)| *on).map(|(_, text)| *text).collect();
    let when = program.daily_at.as_ref().map(|at| format!("daily at {at} {}", program.time_zone));
    let when = when.unwrap_or_else(|| "when somebody asks".to_owned());
    if on.is_empty() { "nothing of it yet".to_owned() } else { format!("{}; {when}", on.join(", ")) }
}

fn row(row: &ProgramRow) -> Row {
    let last_run = row.last_run.as_ref().map(|run| {
        let word = run.outcome.as_deref().unwrap_or("running");
        let class = if word == "no-change" { "good" } else { words::class(word) };
        let at = run.at.0.format("%Y-%m-%d %H:%M").to_string();
        (format!("/runs/{}", segment(&run.id)), at, Mark { class, text: words::words(word) })
    });
    Row {
        href: href(&row.program.connection, &row.program.name),
        text: row.program.text.clone(),
        connection: row.connection_name.clone(),
        connection_href: format!("/connections/{}", segment(&row.program.connection)),
        marketplace: row.marketplace.clone(),
        enabled: row.program.enabled,
        goes: goes(row),
        mapped: row.mapped,
        unmapped: row.unmapped,
        last_run,
        period: row.period.as_ref().map(|period| period.start.to_string()).unwrap_or_default(),
        billed: words::moneys(&row.billed),
        open: words::moneys(&row.open),
        unmapped_money: words::moneys(&row.unmapped_money),
        held_back: words::moneys(&row.held_back),
    }
}

/// The page.
#[utoipa::path(get, path = "/programs", tag = "pages", responses((status = 200, content_type = "text/html", body = String)))]
pub(crate) async fn show(State(app): State<App>, who: Who, Params(query): Params<ListQuery>) -> Shown {
    let listed = settings::list(State(app.clone())).await?.0;
    let frame = Frame::new(&app, &who, PROGRAMS, "Programs").await?.saying(Said::read(query.said.as_deref()));
    html(&Page { rows: listed.programs.iter().map(row).collect(), frame })
}

/// Switch a program on or off.
#[utoipa::path(post, path = "/programs/{id}/{name}/enabled", tag = "pages", params(("id" = String, Path), ("name" = String, Path)), responses((status = 303, description = "Back to the programs.")))]
pub(crate) async fn switch(State(app): State<App>, who: Who, Two(id, name): Two, fields: Fields) -> Shown {
    let on = fields.one("enabled") == Some("true");
    let body = ProgramBody { enabled: Some(on), ..ProgramBody::default() };
    settings::set(&app, &who, (&id, &name), None, &body).await?;
    Ok(back("/programs", if on { "program-on" } else { "program-off" }, None))
}
