//! Links as a table: out, and in with a dry run. A table is taken over whole or not at all, unless bad rows are skipped.

use axum::Json;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use counterfoil_domain::ports::Write;
use serde::Deserialize;
use utoipa::IntoParams;

use super::links::{known_kind, known_state};
use super::{audit, connection};
use crate::extract::{Body, Params};
use crate::guard::Who;
use crate::linking::containing;
use crate::linking::import::{self, Judged, Verdict};
use crate::linking::table;
use crate::linking::touched::touched;
use crate::parts::App;
use crate::problem::{Code, Fault, Problem};
use crate::wire::{LinkImport, LinkImportAnswer};

/// Faults that are listed one by one.
const MOST_FAULTS: usize = 100;

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct TableQuery {
    connection: String,
    /// party · item · fee · container
    kind: Option<String>,
    /// linked · unlinked · never-sync
    state: Option<String>,
}

/// A connection's links as CSV. A cell that a spreadsheet would take for a formula begins with an apostrophe; the import
/// takes it off again.
#[utoipa::path(get, path = "/v1/links.csv", tag = "links", params(TableQuery), responses((status = 200, content_type = "text/csv", body = String)))]
pub(crate) async fn export(State(app): State<App>, Params(query): Params<TableQuery>) -> Result<Response, Problem> {
    let connection = connection(&app, &query.connection).await?;
    let kind = query.kind.as_deref().map(known_kind).transpose()?;
    let state = query.state.as_deref().map(known_state).transpose()?;
    let mut links = app.store().links(&connection.id, kind).await?;
    links.retain(|link| state.is_none_or(|state| link.state.name() == state));
    links.sort_by(|one, other| one.key.cmp(&other.key));
    let text = table::write(&links).map_err(|error| {
        tracing::error!(%error, "a table of links could not be written");
        Problem::internal("The table of links could not be written.")
    })?;
    let name: String =
        connection.id.as_str().chars().map(|c| if c.is_ascii_alphanumeric() || c == '-' { c } else { '_' }).collect();
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8; header=present".to_owned()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"links-{name}.csv\"")),
    ];
    Ok((headers, text).into_response())
}

/// Take over a table of links, or with `dry_run` say what that would do.
#[utoipa::path(post, path = "/v1/links/import", tag = "links", request_body = LinkImport, responses((status = 200, body = LinkImportAnswer)))]
pub(crate) async fn import(
    State(app): State<App>,
    who: Who,
    Body(body): Body<LinkImport>,
) -> Result<Json<LinkImportAnswer>, Problem> {
    let connection = connection(&app, &body.connection).await?;
    let rows = table::read(&body.csv)?;
    let known = app.store().links(&connection.id, None).await?;
    let mut judged = import::judge(&rows, &connection, &known, &who.actor);
    let book = import::as_they_would_be(&judged, &known);
    let wrongs = containing::wrongs(&app, &connection, &book, &import::links(&judged)).await?;
    import::refuse_containers(&mut judged, &wrongs);
    let is_refused = |row: &&Judged| matches!(row.verdict, Verdict::Refused(_));
    if !body.dry_run && !body.skip_bad && judged.iter().any(|row| is_refused(&row)) {
        return Err(refused(&judged));
    }
    let links = import::links(&judged);
    let touched = touched(&app, &connection, &known, &links).await?;
    if !body.dry_run && !links.is_empty() {
        let mut writes: Vec<Write> = links.iter().map(|link| Write::PutLink((*link).clone())).collect();
        writes.extend(
            judged.iter().filter(|row| matches!(row.verdict, Verdict::New(_) | Verdict::Changed { .. })).map(|row| {
                let view = row.view();
                let subject = format!("{}/{}/{}", connection.id, view.kind.trim(), view.source);
                audit(&app, &who.actor, "link.import", subject, view.text)
            }),
        );
        app.store().commit(writes).await?;
        app.wake();
    }
    let rows: Vec<_> = judged.iter().map(Judged::view).collect();
    let count = |what: &str| u64::try_from(rows.iter().filter(|row| row.what == what).count()).unwrap_or(u64::MAX);
    Ok(Json(LinkImportAnswer {
        applied: !body.dry_run,
        new: count("new"),
        changed: count("changed"),
        same: count("same"),
        refused: count("refused"),
        rows,
        touches: touched.named,
        touched: touched.count,
    }))
}

fn refused(judged: &[Judged]) -> Problem {
    let mut faults: Vec<Fault> = judged
        .iter()
        .filter_map(|row| match &row.verdict {
            Verdict::Refused(wrong) => {
                let column = import::column(wrong.part);
                let text = format!("line {}, {column}: {}", row.line, wrong.text);
                Some(Fault::new(format!("/csv/{}/{column}", row.line), wrong.code, text))
            }
            _ => None,
        })
        .collect();
    let (bad, all) = (faults.len(), judged.len());
    let first = faults.first().map(|fault| fault.detail.clone()).unwrap_or_default();
    faults.truncate(MOST_FAULTS);
    Problem::new(
        Code::Invalid,
        format!("{bad} of {all} rows cannot be taken over; the first: {first}."),
        "No link was changed.",
        "Correct them, or send skip_bad to take over the good rows only; a dry run shows every row.",
    )
    .with(faults)
}
