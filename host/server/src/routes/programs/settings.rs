//! Reading programs with their figures, and setting them.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use counterfoil_domain::connection::Connection;
use counterfoil_domain::motion::Motion;
use counterfoil_domain::outcome::{Outcome, outcome};
use counterfoil_domain::period::Period;
use counterfoil_domain::ports::{MoneyRow, Write};
use counterfoil_domain::program::ProgramName;
use counterfoil_domain::run::{Run, RunKind};

use super::{book, lately, program};
use crate::extract::{Body, Two};
use crate::guard::Who;
use crate::parts::App;
use crate::problem::{Code, Fault, Problem};
use crate::programs::money::bucket;
use crate::programs::settings::{self, applied, difference, etag, warnings};
use crate::routes::audit;
use crate::wire::{
    LastRunView, MotionList, MotionView, ProgramAnswer, ProgramBody, ProgramList, ProgramRow, ProgramView,
    totals_by_currency,
};

/// How far back the last runs are looked for.
const RUNS_LOOKED_AT: usize = 500;

/// Programs of all connections that read statements, with who is mapped, how the last run ended and where the money of the
/// newest period is.
#[utoipa::path(get, path = "/v1/programs", tag = "programs", responses((status = 200, body = ProgramList)))]
pub(crate) async fn list(State(app): State<App>) -> Result<Json<ProgramList>, Problem> {
    let marketplaces = app.store().marketplaces().await?;
    let mut programs = Vec::new();
    for connection in app.store().connections().await? {
        let kind = marketplaces.iter().find(|one| one.id == connection.marketplace).map(|one| one.kind);
        if kind.is_some_and(|kind| kind.holds_statements()) {
            for name in ProgramName::ALL {
                programs.push(row(&app, &connection, *name).await?);
            }
        }
    }
    Ok(Json(ProgramList { programs }))
}

async fn row(app: &App, connection: &Connection, name: ProgramName) -> Result<ProgramRow, Problem> {
    let program = settings::of(&app.store().programs(&connection.id).await?, &connection.id, name);
    let rows = lately(app, connection).await?;
    let (mapped, unmapped) = book(app, connection, &rows).await?.counts();
    let runs = app.store().runs(Some(connection.reseller.clone()), RUNS_LOOKED_AT).await?;
    let checks: Vec<&Run> =
        runs.iter().filter(|run| run.connection == connection.id && run.kind == RunKind::Check).collect();
    let well = |run: &&&Run| !matches!(outcome(run), None | Some(Outcome::Error));
    let newest: Option<Period> = rows.iter().map(|row| row.period).max();
    let of = |wanted: fn(&str) -> bool| {
        let newest = rows.iter().filter(|row| Some(row.period) == newest && wanted(&bucket(row)));
        totals_by_currency(newest.map(|row| row.money))
    };
    Ok(ProgramRow {
        program: ProgramView::new(&program, app.now()),
        connection_name: connection.name.clone(),
        marketplace: connection.marketplace.to_string(),
        mapped,
        unmapped,
        last_run: checks.first().map(|run| LastRunView {
            id: run.id.to_string(),
            at: run.started_at.unwrap_or(run.asked_at).into(),
            outcome: outcome(run).map(|outcome| outcome.name().to_owned()),
        }),
        last_success: checks.iter().find(well).map(|run| run.finished_at.unwrap_or(run.asked_at).into()),
        period: newest.map(Into::into),
        billed: of(|bucket| bucket == "billed"),
        open: of(|bucket| matches!(bucket, "open" | "parked" | "uncertain")),
        unmapped_money: of(|bucket| bucket == "unmapped"),
        held_back: of(|bucket| !matches!(bucket, "billed" | "open" | "parked" | "uncertain" | "unmapped")),
    })
}

/// How a program is set. Its `ETag` goes back in `If-Match`.
#[utoipa::path(get, path = "/v1/connections/{id}/programs/{name}", tag = "programs", params(("id" = String, Path), ("name" = String, Path)), responses((status = 200, body = ProgramView)))]
pub(crate) async fn show(State(app): State<App>, Two(id, name): Two) -> Result<Response, Problem> {
    let (program, tag) = read(&app, &id, &name).await?;
    Ok(([(header::ETAG, tag)], Json(program)).into_response())
}

/// A program and its tag.
pub(crate) async fn read(app: &App, id: &str, name: &str) -> Result<(ProgramView, String), Problem> {
    let (_, program) = program(app, id, name).await?;
    Ok((ProgramView::new(&program, app.now()), etag(&program)))
}

/// Set a program. What it holds back from now on is ignored with its money, what it lets through comes back by itself.
#[utoipa::path(put, path = "/v1/connections/{id}/programs/{name}", tag = "programs", params(("id" = String, Path), ("name" = String, Path), ("If-Match" = Option<String>, Header)), request_body = ProgramBody, responses((status = 200, body = ProgramAnswer)))]
pub(crate) async fn put(
    State(app): State<App>,
    who: Who,
    Two(id, name): Two,
    headers: HeaderMap,
    Body(body): Body<ProgramBody>,
) -> Result<Response, Problem> {
    let wanted = headers.get(header::IF_MATCH).and_then(|value| value.to_str().ok());
    let (answer, tag) = set(&app, &who, (&id, &name), wanted, &body).await?;
    Ok(([(header::ETAG, tag)], Json(answer)).into_response())
}

/// Sets a program that still has one of the wanted tags; gives what it is then, and its tag.
pub(crate) async fn set(
    app: &App,
    who: &Who,
    (id, name): (&str, &str),
    wanted: Option<&str>,
    body: &ProgramBody,
) -> Result<(ProgramAnswer, String), Problem> {
    let (connection, before) = program(app, id, name).await?;
    let tag = etag(&before);
    if wanted.is_some_and(|wanted| wanted != "*" && !wanted.split(',').any(|one| one.trim() == tag)) {
        return Err(Problem::new(
            Code::ChangedMeanwhile,
            format!("{} of connection {id} was set otherwise since it was read.", before.name.text()),
            "Nothing was changed.",
            "Read it again and set what is still to be set.",
        ));
    }
    let after = applied(&before, body).map_err(|wrongs| {
        let faults: Vec<Fault> =
            wrongs.into_iter().map(|wrong| Fault::new(format!("/{}", wrong.field), wrong.code, wrong.text)).collect();
        let first = faults.first().map(|fault| fault.detail.clone()).unwrap_or_default();
        let text = format!("{} of the settings cannot be taken; the first: {first}.", faults.len());
        Problem::new(Code::Invalid, text, "Nothing was changed.", "Correct each entry of errors and send it again.")
            .with(faults)
    })?;
    let changed = after != before;
    let mut told = Vec::new();
    if changed {
        told = warnings(&before, &after, &lately(app, &connection).await?);
        let subject = format!("{}/{}", connection.id, after.name);
        let note = audit(app, &who.actor, "program.set", subject, difference(&before, &after));
        app.store().commit(vec![Write::PutProgram(after.clone()), note]).await?;
        app.wake();
    }
    let answer = ProgramAnswer { program: ProgramView::new(&after, app.now()), changed, warnings: told };
    Ok((answer, etag(&after)))
}

/// Every billing motion, whether it is selected, and the money of its newest statements.
#[utoipa::path(get, path = "/v1/connections/{id}/programs/{name}/motions", tag = "programs", params(("id" = String, Path), ("name" = String, Path)), responses((status = 200, body = MotionList)))]
pub(crate) async fn motions(State(app): State<App>, Two(id, name): Two) -> Result<Json<MotionList>, Problem> {
    let (connection, program) = program(&app, &id, &name).await?;
    let rows = lately(&app, &connection).await?;
    let view = |motion: Motion| {
        let of_motion = || rows.iter().filter(move |row: &&MoneyRow| row.motion == motion);
        let newest = of_motion().map(|row| row.period).max();
        let money = of_motion().filter(|row| Some(row.period) == newest).map(|row| row.money);
        MotionView {
            money: totals_by_currency(money),
            period: newest.map(Into::into),
            ..MotionView::new(motion, &program)
        }
    };
    // What nobody can select is told where it was seen.
    let is_shown = |view: &MotionView| view.motion != Motion::Unknown.name() || view.period.is_some();
    Ok(Json(MotionList { motions: Motion::ALL.iter().copied().map(view).filter(is_shown).collect() }))
}
