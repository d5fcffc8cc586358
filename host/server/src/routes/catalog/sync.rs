//! Synchronizing what a preview showed. A preview never changes, so its run stands for what was shown; whether the catalogs
//! are still as they were is looked at again for each reseller, by the engine.

use axum::extract::State;
use axum::http::HeaderMap;
use counterfoil_domain::catalog::{CatalogRun, CatalogRunKind, Depth, Scope, SyncOrder};
use counterfoil_domain::id::ResellerId;
use counterfoil_domain::run::RunState;

use super::super::commands::keyed;
use super::{Asked, Started, beside, named, not_over, replay, start};
use crate::extract::Body;
use crate::guard::Who;
use crate::parts::App;
use crate::problem::{Code, Problem};
use crate::wire::{CatalogRunView, CatalogSyncBody};

/// Write what a preview showed. A reseller whose catalog, or what the provider has for it, is not as it was is refused by
/// itself; the others are written.
#[utoipa::path(post, path = "/v1/catalog/syncs", tag = "catalog", params(("Idempotency-Key" = Option<String>, Header)), request_body = CatalogSyncBody, responses((status = 202, body = CatalogRunView, headers(("location" = String))), (status = 200, body = CatalogRunView, description = "That is under way already.")))]
pub(crate) async fn sync(
    State(app): State<App>,
    who: Who,
    headers: HeaderMap,
    Body(body): Body<CatalogSyncBody>,
) -> Result<Started, Problem> {
    let preview = named(&app, "/preview", &body.preview, CatalogRunKind::Preview).await?;
    let asked = Asked::of_run(&preview, CatalogRunKind::Sync);
    let key = keyed(&who, "catalog-sync", &headers)?;
    if let Some(started) = replay(&app, key.as_ref(), &asked).await? {
        return Ok(started);
    }
    if let Some(under_way) = may_be_synchronized(&preview, &beside(&app, &preview).await?)? {
        return Ok(Started::Already(under_way));
    }
    let detail = format!("{}: preview {}", preview.marketplace, preview.id);
    start(&app, &who, key, asked, detail).await
}

/// The sync of it that is under way, if there is one.
fn may_be_synchronized(preview: &CatalogRun, runs: &[CatalogRun]) -> Result<Option<CatalogRun>, Problem> {
    if !preview.state.is_over() {
        return Err(not_over(preview));
    }
    let nothing = "Nothing was written.";
    let anew = "Make a new preview and look at what is different.";
    if preview.state == RunState::Failed {
        let happened = format!("Preview {} did not come to its end.", preview.id);
        return Err(Problem::new(Code::CatalogState, happened, nothing, anew));
    }
    if let Some(sync) = runs.iter().find(|run| run.kind == CatalogRunKind::Sync && run.of.as_ref() == Some(&preview.id))
    {
        if !sync.state.is_over() {
            return Ok(Some(sync.clone()));
        }
        let happened = format!("Preview {} was synchronized before, by run {}.", preview.id, sync.id);
        let twice = "Nothing was written a second time.";
        return Err(Problem::new(Code::CatalogState, happened, twice, anew));
    }
    let since = runs.iter().find(|run| {
        run.kind != CatalogRunKind::Preview && run.asked_at >= preview.asked_at && may_meet(&run.order, &preview.order)
    });
    match since {
        Some(other) => {
            let happened = format!("Run {} ({}) came after preview {}.", other.id, other.kind, preview.id);
            Err(Problem::new(Code::CatalogStale, happened, nothing, anew))
        }
        None => Ok(None),
    }
}

/// Whether both may reach one reseller. Only named resellers on one level surely do not.
fn may_meet(a: &SyncOrder, b: &SyncOrder) -> bool {
    match (by_name(a), by_name(b)) {
        (Some(a), Some(b)) => a.iter().any(|id| b.contains(id)),
        _ => true,
    }
}

fn by_name(order: &SyncOrder) -> Option<Vec<&ResellerId>> {
    match &order.scope {
        _ if order.depth == Depth::AllLevels => None,
        Scope::One(id) => Some(vec![id]),
        Scope::Selection(ids) => Some(ids.iter().collect()),
        Scope::Template(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use counterfoil_domain::catalog::{DisplayPolicy, Options};

    use super::*;

    #[test]
    fn only_named_resellers_on_one_level_surely_do_not_meet() {
        let order = |scope, depth| SyncOrder { scope, depth, options: Options::NONE, display: DisplayPolicy::Preserve };
        let one = |id: &str| order(Scope::One(id.into()), Depth::OneLevel);
        let both = order(Scope::Selection(["a".into(), "b".into()].into()), Depth::OneLevel);
        let all = order(Scope::Template("gold".into()), Depth::OneLevel);
        let below = order(Scope::One("b".into()), Depth::AllLevels);
        for (a, b, meet) in [
            (&one("a"), &one("a"), true),
            (&one("a"), &one("b"), false),
            (&one("a"), &both, true),
            (&one("c"), &both, false),
            (&one("c"), &all, true),
            (&one("c"), &below, true),
        ] {
            assert_eq!((may_meet(a, b), may_meet(b, a)), (meet, meet), "{a:?} {b:?}");
        }
    }
}
