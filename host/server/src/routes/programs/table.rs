//! Mappings as CSV: out, and in with a dry run. A table is taken over whole or not at all, unless bad rows are skipped.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use counterfoil_domain::connection::Connection;
use counterfoil_domain::directory::Entity;
use counterfoil_domain::id::EntityId;
use counterfoil_domain::link::{Link, LinkKind};
use counterfoil_domain::motion::Motion;

use super::mapping::{entities, target, writes};
use super::{book, lately, program};
use crate::extract::{Body, Two};
use crate::guard::Who;
use crate::linking::change::Wrong;
use crate::linking::containing;
use crate::linking::touched::touched;
use crate::parts::App;
use crate::problem::{Code, Fault, Problem};
use crate::programs::mapping::Book;
use crate::programs::table::{self, Row};
use crate::wire::{MappingImport, MappingImportAnswer, MappingRowView};

/// Faults that are listed one by one.
const MOST_FAULTS: usize = 100;

/// Every mapping of the program as CSV, those that are not mapped with empty cells. A cell that a spreadsheet would take for a
/// formula begins with an apostrophe; the import takes it off again.
#[utoipa::path(get, path = "/v1/connections/{id}/programs/{name}/customers.csv", tag = "programs", params(("id" = String, Path), ("name" = String, Path)), responses((status = 200, content_type = "text/csv", body = String)))]
pub(crate) async fn export(State(app): State<App>, Two(id, name): Two) -> Result<Response, Problem> {
    let (connection, _) = program(&app, &id, &name).await?;
    let book = book(&app, &connection, &[]).await?;
    let rows: Vec<_> = book.streams.iter().map(|stream| book.view(stream)).collect();
    let text = table::write(&rows).map_err(|error| {
        tracing::error!(%error, "a table of mappings could not be written");
        Problem::internal("The table of mappings could not be written.")
    })?;
    let file: String =
        connection.id.as_str().chars().map(|c| if c.is_ascii_alphanumeric() || c == '-' { c } else { '_' }).collect();
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8; header=present".to_owned()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"customers-{file}.csv\"")),
    ];
    Ok((headers, text).into_response())
}

/// What a row comes to.
#[derive(Debug)]
enum Verdict {
    /// Nothing is asked for, or it is so already.
    Same,
    Links {
        links: Vec<Link>,
        is_new: bool,
    },
    Refused(Wrong),
}

/// Take over a table of mappings, or with `dry_run` say what that would do.
#[utoipa::path(post, path = "/v1/connections/{id}/programs/{name}/customers/import", tag = "programs", params(("id" = String, Path), ("name" = String, Path)), request_body = MappingImport, responses((status = 200, body = MappingImportAnswer)))]
pub(crate) async fn import(
    State(app): State<App>,
    who: Who,
    Two(id, name): Two,
    Body(body): Body<MappingImport>,
) -> Result<Json<MappingImportAnswer>, Problem> {
    let (connection, _) = program(&app, &id, &name).await?;
    let rows = table::read(&body.csv)?;
    let money = lately(&app, &connection).await?;
    let book = book(&app, &connection, &money).await?;
    let mut verdicts = judge(&app, &connection, &book, &rows, &format!("imported by {}", who.actor)).await?;
    hold_against_containers(&app, &connection, &book, &mut verdicts).await?;
    let refused = verdicts.iter().filter(|verdict| matches!(verdict, Verdict::Refused(_))).count();
    if refused > 0 && !body.dry_run && !body.skip_bad {
        return Err(problem(&rows, &verdicts));
    }
    let links = all_links(&verdicts);
    let touched = touched(&app, &connection, &book.links, &links.iter().collect::<Vec<_>>()).await?;
    if !body.dry_run && !links.is_empty() {
        app.store().commit(writes(&app, &who, "link.import", &links)).await?;
        app.wake();
    }
    let rows: Vec<MappingRowView> = rows.iter().zip(&verdicts).map(|(row, verdict)| view(row, verdict)).collect();
    let count = |what: &str| rows.iter().filter(|row| row.what == what).count() as u64;
    Ok(Json(MappingImportAnswer {
        applied: !body.dry_run,
        new: count("new"),
        changed: count("changed"),
        same: count("same"),
        refused: count("refused"),
        rows,
        touched: touched.count,
    }))
}

async fn judge(
    app: &App,
    connection: &Connection,
    book: &Book,
    rows: &[Row],
    why: &str,
) -> Result<Vec<Verdict>, Problem> {
    let named = |pick: fn(&Row) -> &String| -> Vec<EntityId> {
        let mut ids: Vec<EntityId> =
            rows.iter().map(pick).filter(|id| !id.is_empty()).map(|id| EntityId::from(id.as_str())).collect();
        ids.sort_unstable();
        ids.dedup();
        ids
    };
    let parties = entities(app, connection, "party", &named(|row| &row.party)).await?;
    let containers = entities(app, connection, "container", &named(|row| &row.container)).await?;
    let mut seen: BTreeMap<(String, String), u64> = BTreeMap::new();
    let mut party_of: BTreeMap<String, (String, u64)> = BTreeMap::new();
    let mut verdicts = Vec::with_capacity(rows.len());
    for row in rows {
        let verdict = one(connection, book, row, (parties.as_ref(), containers.as_ref()), why).and_then(|verdict| {
            if let Some(line) = seen.insert((row.customer.clone(), row.motion.clone()), row.line) {
                return Err(Wrong::new("motion", "twice", format!("line {line} has the same customer and motion")));
            }
            if row.party.is_empty() {
                return Ok(verdict);
            }
            let first = party_of.entry(row.customer.clone()).or_insert_with(|| (row.party.clone(), row.line));
            if first.0 != row.party {
                let text = format!("line {} maps the same customer to the party {}", first.1, first.0);
                return Err(Wrong::new("party_id", "two-parties", text));
            }
            Ok(verdict)
        });
        verdicts.push(verdict.unwrap_or_else(Verdict::Refused));
    }
    Ok(verdicts)
}

type Known<'a> = Option<&'a BTreeMap<EntityId, Entity>>;

fn one(
    connection: &Connection,
    book: &Book,
    row: &Row,
    (parties, containers): (Known<'_>, Known<'_>),
    why: &str,
) -> Result<Verdict, Wrong> {
    if let Some(broken) = &row.broken {
        return Err(Wrong::new("csv", "cells", broken.clone()));
    }
    let motion = Motion::parse(&row.motion)
        .ok_or_else(|| Wrong::new("motion", "unknown-motion", format!("\"{}\" is not a billing motion", row.motion)))?;
    let Some(stream) = book.find(&row.customer, motion) else {
        let text = format!("no statement showed the customer \"{}\" with this billing motion", row.customer);
        return Err(Wrong::new("customer_id", "unknown-customer", text));
    };
    match (row.party.is_empty(), row.container.is_empty()) {
        (true, true) => return Ok(Verdict::Same),
        (true, false) => return Err(Wrong::new("party_id", "required", "a container needs its party")),
        (false, true) if book.needs_container() => {
            return Err(Wrong::new("container_id", "required", "say which container of the party the lines go into"));
        }
        (false, false) if !book.needs_container() => {
            let text = "as this connection is set, its lines go into no container";
            return Err(Wrong::new("container_id", "not-here", text));
        }
        _ => {}
    }
    let column = |part: &'static str| move |wrong: Wrong| Wrong { part, ..wrong };
    let party = target(&row.party, parties, "party").map_err(column("party_id"))?;
    let container = Some(&row.container).filter(|id| !id.is_empty());
    let container =
        container.map(|id| target(id, containers, "container").map_err(column("container_id"))).transpose()?;
    let is_new = book.state(stream) == "unmapped";
    let links = book.mapped(connection, stream, party, container, why);
    Ok(if links.is_empty() { Verdict::Same } else { Verdict::Links { links, is_new } })
}

fn all_links(verdicts: &[Verdict]) -> Vec<Link> {
    let mut links: BTreeMap<_, Link> = BTreeMap::new();
    for verdict in verdicts {
        if let Verdict::Links { links: made, .. } = verdict {
            links.extend(made.iter().map(|link| (link.key.clone(), link.clone())));
        }
    }
    links.into_values().collect()
}

/// A container has to be the party's, active, and bill as often as the motion.
async fn hold_against_containers(
    app: &App,
    connection: &Connection,
    book: &Book,
    verdicts: &mut [Verdict],
) -> Result<(), Problem> {
    let links = all_links(verdicts);
    let after = book.with(&links);
    let wrongs = containing::wrongs(app, connection, &after, &links.iter().collect::<Vec<_>>()).await?;
    for verdict in verdicts {
        let Verdict::Links { links, .. } = verdict else { continue };
        let wrong = links
            .iter()
            .filter(|link| link.key.kind == LinkKind::Container)
            .find_map(|link| wrongs.get(&link.key.source).cloned());
        if let Some(wrong) = wrong {
            *verdict = Verdict::Refused(Wrong { part: "container_id", ..wrong });
        }
    }
    Ok(())
}

fn view(row: &Row, verdict: &Verdict) -> MappingRowView {
    let said = |links: &[Link]| {
        let texts: Vec<String> = links
            .iter()
            .map(|link| format!("{} {}", link.key.kind, crate::linking::change::say(&link.state)))
            .collect();
        texts.join("; ")
    };
    let (what, column, text) = match verdict {
        Verdict::Same => ("same", None, String::new()),
        Verdict::Links { links, is_new: true } => ("new", None, said(links)),
        Verdict::Links { links, is_new: false } => ("changed", None, said(links)),
        Verdict::Refused(wrong) => ("refused", Some(wrong.part.to_owned()), wrong.text.clone()),
    };
    MappingRowView {
        line: row.line,
        customer: row.customer.clone(),
        motion: row.motion.clone(),
        what: what.to_owned(),
        column,
        text,
    }
}

fn problem(rows: &[Row], verdicts: &[Verdict]) -> Problem {
    let fault = |(row, verdict): (&Row, &Verdict)| match verdict {
        Verdict::Refused(wrong) => {
            let text = format!("line {}, {}: {}", row.line, wrong.part, wrong.text);
            Some(Fault::new(format!("/csv/{}/{}", row.line, wrong.part), wrong.code, text))
        }
        Verdict::Same | Verdict::Links { .. } => None,
    };
    let mut faults: Vec<Fault> = rows.iter().zip(verdicts).filter_map(fault).collect();
    let (bad, all) = (faults.len(), rows.len());
    let first = faults.first().map(|fault| fault.detail.clone()).unwrap_or_default();
    faults.truncate(MOST_FAULTS);
    Problem::new(
        Code::Invalid,
        format!("{bad} of {all} rows cannot be taken over; the first: {first}."),
        "No mapping was changed.",
        "Correct them, or send skip_bad to take over the good rows only; a dry run shows every row.",
    )
    .with(faults)
}
