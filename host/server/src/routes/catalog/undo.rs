//! Taking the last sync back. What was changed since stays, and is named reseller by reseller.

use axum::extract::State;
use axum::http::HeaderMap;
use counterfoil_domain::catalog::{CatalogRun, CatalogRunKind};
use counterfoil_domain::run::RunState;

use super::super::commands::keyed;
use super::{Asked, Started, beside, named, not_over, replay, start};
use crate::extract::Body;
use crate::guard::Who;
use crate::parts::App;
use crate::problem::{Code, Problem};
use crate::wire::{CatalogRunView, CatalogUndoBody};

/// Take the last sync of these catalogs back, where nothing was changed since.
#[utoipa::path(post, path = "/v1/catalog/undos", tag = "catalog", params(("Idempotency-Key" = Option<String>, Header)), request_body = CatalogUndoBody, responses((status = 202, body = CatalogRunView, headers(("location" = String))), (status = 200, body = CatalogRunView, description = "That is under way already.")))]
pub(crate) async fn undo(
    State(app): State<App>,
    who: Who,
    headers: HeaderMap,
    Body(body): Body<CatalogUndoBody>,
) -> Result<Started, Problem> {
    let sync = named(&app, "/sync", &body.sync, CatalogRunKind::Sync).await?;
    let asked = Asked::of_run(&sync, CatalogRunKind::Undo);
    let key = keyed(&who, "catalog-undo", &headers)?;
    if let Some(started) = replay(&app, key.as_ref(), &asked).await? {
        return Ok(started);
    }
    if !sync.state.is_over() {
        return Err(not_over(&sync));
    }
    if let Some(under_way) = may_be_taken_back(&sync, &beside(&app, &sync).await?)? {
        return Ok(Started::Already(under_way));
    }
    let detail = format!("{}: sync {}", sync.marketplace, sync.id);
    start(&app, &who, key, asked, detail).await
}

/// The undo of it that is under way, if there is one.
fn may_be_taken_back(sync: &CatalogRun, runs: &[CatalogRun]) -> Result<Option<CatalogRun>, Problem> {
    let nothing = "Nothing was written.";
    // One that could not even begin took nothing back, or only a part: what is left may be asked for again.
    let counts = |run: &&CatalogRun| {
        let failed = run.kind == CatalogRunKind::Undo && run.state == RunState::Failed;
        run.kind != CatalogRunKind::Preview && !failed
    };
    match runs.iter().find(counts) {
        Some(last) if last.id == sync.id => Ok(None),
        Some(last) if last.of.as_ref() == Some(&sync.id) && !last.state.is_over() => Ok(Some(last.clone())),
        Some(last) if last.of.as_ref() == Some(&sync.id) => Err(Problem::new(
            Code::CatalogState,
            format!("Sync {} was taken back before, by run {}.", sync.id, last.id),
            "Nothing was written a second time.",
            "Look at that run for what stayed, and why.",
        )),
        Some(last) => Err(Problem::new(
            Code::CatalogStale,
            format!("Run {} ({}) came after sync {}.", last.id, last.kind, sync.id),
            nothing,
            "Only the last sync of a marketplace can be taken back. Change the provider's catalog and synchronize instead.",
        )),
        None => Err(Problem::internal("The sync is not among the runs of its marketplace.")),
    }
}
