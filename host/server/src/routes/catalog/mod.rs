//! Catalog sync at this door: runs are queued here and carried out by the engine. Owns how a run is started once, and what
//! is said about options that do not exist; what may be sent to whom is the domain's.

pub(crate) mod options;
pub(crate) mod presets;
pub(crate) mod preview;
pub(crate) mod runs;
pub(crate) mod sync;
pub(crate) mod undo;

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use counterfoil_domain::catalog::{CatalogRun, CatalogRunKind, DisplayPolicy, Options, SyncOption, SyncOrder};
use counterfoil_domain::id::{MarketplaceId, ResellerId, RunId};
use counterfoil_domain::ports::{CommitError, Write};
use counterfoil_domain::run::RunState;

use super::audit;
use crate::guard::Who;
use crate::ids;
use crate::parts::App;
use crate::problem::{Code, Fault, Problem};
use crate::suggest::hint;
use crate::wire::CatalogRunView;

/// How far back runs are looked at.
const REACH: usize = 2_000;

/// A run that answers a command.
pub(crate) enum Started {
    New(CatalogRun),
    /// It is under way already: nothing was started twice.
    Already(CatalogRun),
    /// The same Idempotency-Key with the same request.
    Replayed(CatalogRun),
}

impl Started {
    pub(crate) fn run(&self) -> &CatalogRun {
        match self {
            Self::New(run) | Self::Already(run) | Self::Replayed(run) => run,
        }
    }
}

impl IntoResponse for Started {
    fn into_response(self) -> Response {
        let (status, replayed) = match &self {
            Self::New(_) => (StatusCode::ACCEPTED, false),
            Self::Already(_) => (StatusCode::OK, false),
            Self::Replayed(_) => (StatusCode::ACCEPTED, true),
        };
        let run = self.run();
        let location = format!("/v1/catalog/runs/{}", run.id);
        let mut response = (status, [(header::LOCATION, location)], Json(CatalogRunView::from(run))).into_response();
        if replayed {
            response.headers_mut().insert("idempotent-replayed", HeaderValue::from_static("true"));
        }
        response
    }
}

/// What is asked for, understood.
#[derive(Clone)]
struct Asked {
    reseller: ResellerId,
    marketplace: MarketplaceId,
    kind: CatalogRunKind,
    of: Option<RunId>,
    order: SyncOrder,
}

impl Asked {
    /// The same with what an earlier run was made for.
    fn of_run(run: &CatalogRun, kind: CatalogRunKind) -> Self {
        Self {
            reseller: run.reseller.clone(),
            marketplace: run.marketplace.clone(),
            kind,
            of: Some(run.id.clone()),
            order: run.order.clone(),
        }
    }

    fn is(&self, run: &CatalogRun) -> bool {
        (&self.marketplace, self.kind, &self.of, &self.order) == (&run.marketplace, run.kind, &run.of, &run.order)
    }

    fn run(self, app: &App, who: &Who, id: RunId) -> CatalogRun {
        CatalogRun {
            id,
            reseller: self.reseller,
            marketplace: self.marketplace,
            kind: self.kind,
            of: self.of,
            order: self.order,
            state: RunState::Queued,
            asked_by: who.actor.clone(),
            asked_at: app.now(),
            started_at: None,
            finished_at: None,
            total: None,
            done: 0,
            notes: Vec::new(),
            problem: None,
        }
    }
}

/// The run that was started under this key. The same key for something else is refused.
async fn replay(app: &App, key: Option<&RunId>, asked: &Asked) -> Result<Option<Started>, Problem> {
    let Some(id) = key else { return Ok(None) };
    match app.store().catalog_run(id).await? {
        None => Ok(None),
        Some(run) if asked.is(&run) => Ok(Some(Started::Replayed(run))),
        Some(run) => Err(Problem::new(
            Code::KeyReused,
            format!("The Idempotency-Key started run {} of another request before.", run.id),
            "Nothing was started by this request.",
            "Use a new key for a new request; repeat a key only with the same body.",
        )),
    }
}

/// Starts a run unless these catalogs have one under way.
async fn start(app: &App, who: &Who, key: Option<RunId>, asked: Asked, detail: String) -> Result<Started, Problem> {
    let id = key.clone().map_or_else(|| ids::run_id(app.now()), Ok)?;
    let again = asked.clone();
    let run = asked.run(app, who, id);
    let note = audit(app, &who.actor, &format!("catalog.{}", run.kind), &run.id, detail);
    match app.store().commit(vec![Write::InsertCatalogRun(run.clone()), note]).await {
        Ok(()) => {
            app.wake();
            Ok(Started::New(run))
        }
        Err(CommitError::AlreadyRunning(other)) => match app.store().catalog_run(&other).await? {
            // The same key at the same moment, or the same wish twice.
            Some(run) if again.is(&run) => {
                Ok(if key.as_ref() == Some(&run.id) { Started::Replayed(run) } else { Started::Already(run) })
            }
            _ => Err(busy(&again.marketplace, &other)),
        },
        // The other request with this key was first, and is over.
        Err(error) => match replay(app, key.as_ref(), &again).await? {
            Some(started) => Ok(started),
            None => Err(error.into()),
        },
    }
}

fn busy(marketplace: &MarketplaceId, other: &RunId) -> Problem {
    Problem::new(
        Code::CatalogBusy,
        format!("Run {other} works on the catalogs of {marketplace}."),
        "Nothing was started, and nothing was written by this request.",
        "Wait until that run is over; GET /v1/catalog/runs shows it.",
    )
}

/// A run of this kind, named in a body.
async fn named(app: &App, pointer: &str, id: &str, kind: CatalogRunKind) -> Result<CatalogRun, Problem> {
    match app.store().catalog_run(&RunId::from(id)).await? {
        Some(run) if run.kind == kind => Ok(run),
        Some(run) => {
            let text = format!("run {id} is of the kind {}, not {kind}", run.kind);
            Err(Problem::invalid(pointer, "other-kind", text))
        }
        None => Err(Problem::invalid(pointer, "unknown-run", format!("there is no catalog run \"{id}\""))),
    }
}

/// Runs of the same catalogs, newest first.
async fn beside(app: &App, run: &CatalogRun) -> Result<Vec<CatalogRun>, Problem> {
    let mut runs = app.store().catalog_runs(Some(run.reseller.clone()), REACH).await?;
    runs.retain(|other| other.marketplace == run.marketplace);
    Ok(runs)
}

fn not_over(run: &CatalogRun) -> Problem {
    Problem::new(
        Code::CatalogState,
        format!("Run {} ({}) is {}.", run.id, run.kind, run.state.name()),
        "Nothing was started.",
        "Wait until it is over.",
    )
}

/// Options by their names; all that do not exist are told at once.
fn options(names: &[String]) -> Result<Options, Problem> {
    let mut faults = Vec::new();
    let mut chosen = Options::NONE;
    for (index, name) in names.iter().enumerate() {
        match SyncOption::parse(name) {
            Some(option) => chosen = chosen.with(option),
            None => {
                let help = hint(name, SyncOption::ALL.iter().map(|option| option.name()));
                let text = format!("there is no option \"{name}\"; {help}");
                faults.push(Fault::new(format!("/options/{index}"), "unknown-option", text));
            }
        }
    }
    if faults.is_empty() {
        return Ok(chosen);
    }
    let happened = format!("{} of the options are not known.", faults.len());
    let act = "Correct them; GET /v1/catalog/options lists what there is.";
    Err(Problem::new(Code::Invalid, happened, "Nothing was started or changed.", act).with(faults))
}

fn display(written: &str) -> Result<DisplayPolicy, Problem> {
    DisplayPolicy::parse(written).ok_or_else(|| {
        let help = hint(written, DisplayPolicy::ALL.iter().map(|policy| policy.name()));
        Problem::invalid("/display", "unknown-choice", format!("\"{written}\" is not one of the choices; {help}"))
    })
}
