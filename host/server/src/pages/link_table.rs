//! Links from a table: what it would do first, then taking it over. It does what `/v1/links/import` does.

use askama::Template;
use axum::extract::State;
use serde::Deserialize;

use super::address::{self, given};
use super::fields::Fields;
use super::frame::{Frame, LINKS, Shown, html};
use super::said::back;
use crate::extract::{Body, Params};
use crate::guard::Who;
use crate::parts::App;
use crate::routes::link_table::import;
use crate::wire::{LinkImport, LinkImportAnswer};

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct TableQuery {
    connection: Option<String>,
}

struct Choice {
    id: String,
    name: String,
    here: bool,
}

#[derive(Template)]
#[template(path = "links_import.html")]
struct Page {
    frame: Frame,
    connection: String,
    connections: Vec<Choice>,
    csv: String,
    skip_bad: bool,
    report: Option<LinkImportAnswer>,
}

impl Page {
    /// Rows that would change something.
    fn taken(&self) -> u64 {
        self.report.as_ref().map_or(0, |report| report.new + report.changed)
    }

    /// The table can be taken over as it is, or without its bad rows.
    fn can_be(&self) -> bool {
        self.report.as_ref().is_some_and(|report| report.refused == 0 || self.skip_bad) && self.taken() > 0
    }
}

async fn shown(app: App, who: Who, asked: LinkImport, report: Option<LinkImportAnswer>) -> Shown {
    let frame = Frame::new(&app, &who, LINKS, "Import links").await?;
    let mut connections = app.store().connections().await?;
    connections.sort_by(|a, b| a.name.cmp(&b.name));
    let choice = |of: counterfoil_domain::connection::Connection| Choice {
        here: of.id.as_str() == asked.connection,
        id: of.id.to_string(),
        name: of.name,
    };
    let page = Page {
        connections: connections.into_iter().map(choice).collect(),
        frame,
        connection: asked.connection,
        csv: asked.csv,
        skip_bad: asked.skip_bad,
        report,
    };
    html(&page)
}

/// The form.
#[utoipa::path(get, path = "/links/import", tag = "pages", responses((status = 200, content_type = "text/html", body = String)))]
pub(crate) async fn show(State(app): State<App>, who: Who, Params(query): Params<TableQuery>) -> Shown {
    let connection = given(&query.connection).unwrap_or_default();
    let asked = LinkImport { connection, csv: String::new(), dry_run: true, skip_bad: false };
    shown(app, who, asked, None).await
}

/// See what the table would do, or take it over.
#[utoipa::path(post, path = "/links/import", tag = "pages", responses((status = 200, content_type = "text/html", body = String), (status = 303, description = "It was taken over.")))]
pub(crate) async fn take(State(app): State<App>, who: Who, fields: Fields) -> Shown {
    let asked = LinkImport {
        connection: fields.text("connection"),
        csv: fields.text("csv"),
        dry_run: fields.one("act") != Some("import"),
        skip_bad: fields.is_on("skip_bad"),
    };
    let answer = import(State(app.clone()), who.clone(), Body(asked.clone())).await?.0;
    if answer.applied {
        let list = address::of("/links", &[("connection", Some(&asked.connection)), ("state", Some("all"))]);
        return Ok(back(&list, "imported", Some(answer.new + answer.changed)));
    }
    shown(app, who, asked, Some(answer)).await
}
