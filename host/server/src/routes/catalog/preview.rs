//! Asking what a synchronization would do. Owns how a request becomes an order; nothing is written outside by it.

use std::collections::BTreeSet;

use axum::extract::State;
use axum::http::HeaderMap;
use counterfoil_domain::catalog::id::TemplateId;
use counterfoil_domain::catalog::{CatalogRunKind, Depth, DisplayPolicy, Options, Scope, SyncOption, SyncOrder};
use counterfoil_domain::connection::{Marketplace, MarketplaceKind};
use counterfoil_domain::id::ResellerId;

use super::super::commands::keyed;
use super::{Asked, Started, display, options, replay, start};
use crate::extract::Body;
use crate::guard::Who;
use crate::parts::App;
use crate::problem::Problem;
use crate::suggest::hint;
use crate::wire::{CatalogPreviewBody, CatalogRunView, CatalogScope, levels_name};

/// Compare the provider's catalog with its resellers': what would be sent, and what not. Nothing is written.
#[utoipa::path(post, path = "/v1/catalog/previews", tag = "catalog", params(("Idempotency-Key" = Option<String>, Header)), request_body = CatalogPreviewBody, responses((status = 202, body = CatalogRunView, headers(("location" = String))), (status = 200, body = CatalogRunView, description = "That is under way already.")))]
pub(crate) async fn preview(
    State(app): State<App>,
    who: Who,
    headers: HeaderMap,
    Body(body): Body<CatalogPreviewBody>,
) -> Result<Started, Problem> {
    let marketplace = marketplace(&app, &body.marketplace).await?;
    let order = order(&app, &marketplace, body).await?;
    let asked = Asked {
        reseller: marketplace.reseller,
        marketplace: marketplace.id,
        kind: CatalogRunKind::Preview,
        of: None,
        order,
    };
    let key = keyed(&who, "catalog-preview", &headers)?;
    if let Some(started) = replay(&app, key.as_ref(), &asked).await? {
        return Ok(started);
    }
    let detail = said(&asked);
    start(&app, &who, key, asked, detail).await
}

/// For the audit.
fn said(asked: &Asked) -> String {
    let whom = match &asked.order.scope {
        Scope::One(id) => format!("reseller {id}"),
        Scope::Selection(ids) => format!("{} resellers", ids.len()),
        Scope::Template(id) => format!("service template {id}"),
    };
    let options: Vec<&str> = asked.order.options.iter().map(SyncOption::name).collect();
    let levels = levels_name(asked.order.depth);
    format!("{}: {whom}, levels {levels}; {}", asked.marketplace, options.join(", "))
}

async fn marketplace(app: &App, id: &str) -> Result<Marketplace, Problem> {
    let mut all = app.store().marketplaces().await?;
    all.retain(|one| one.kind.holds_catalogs());
    let place = all.iter().position(|one| one.id.as_str() == id);
    place.map(|place| all.swap_remove(place)).ok_or_else(|| {
        let help = hint(id, all.iter().map(|one| one.id.as_str()));
        let kinds = MarketplaceKind::ALL.iter().filter(|kind| kind.holds_catalogs());
        let kinds: Vec<&str> = kinds.map(|kind| kind.name()).collect();
        let text = format!("no marketplace of the kinds {} is called \"{id}\"; {help}", kinds.join(" and "));
        Problem::invalid("/marketplace", "unknown-marketplace", text)
    })
}

async fn order(app: &App, marketplace: &Marketplace, body: CatalogPreviewBody) -> Result<SyncOrder, Problem> {
    let depth = match body.levels.as_deref() {
        None | Some("one") => Depth::OneLevel,
        Some("all") => Depth::AllLevels,
        Some(other) => {
            let text = format!("\"{other}\" is not one of the choices; {}", hint(other, ["one", "all"]));
            return Err(Problem::invalid("/levels", "unknown-choice", text));
        }
    };
    let (options, of_preset) = match (body.options, body.preset) {
        (Some(names), None) => (options(&names)?, None),
        (None, Some(name)) => preset(app, &marketplace.reseller, &name).await?,
        _ => return Err(Problem::invalid("/options", "options-or-preset", "give either options or a preset")),
    };
    // The operator's own word, the preset's, then what the setup says of these catalogs.
    let of_setup = || marketplace.settings.get("display_category").and_then(|text| DisplayPolicy::parse(text));
    let display = match body.display.as_deref() {
        Some(written) => display(written)?,
        None => of_preset.or_else(of_setup).unwrap_or(DisplayPolicy::Preserve),
    };
    Ok(SyncOrder { scope: scope(body.scope)?, depth, options, display })
}

async fn preset(app: &App, reseller: &ResellerId, name: &str) -> Result<(Options, Option<DisplayPolicy>), Problem> {
    let all = app.store().presets(reseller).await?;
    let found = all.iter().find(|preset| preset.name == name);
    found.map(|preset| (preset.options, Some(preset.display))).ok_or_else(|| {
        let help = hint(name, all.iter().map(|preset| preset.name.as_str()));
        Problem::invalid("/preset", "unknown-preset", format!("there is no preset \"{name}\"; {help}"))
    })
}

fn scope(written: CatalogScope) -> Result<Scope, Problem> {
    let named = |pointer: &str, id: &str| {
        let text = "this must not be empty";
        if id.trim().is_empty() { Err(Problem::invalid(pointer, "required", text)) } else { Ok(()) }
    };
    match (written.reseller, written.resellers, written.template) {
        (Some(id), None, None) => {
            named("/scope/reseller", &id)?;
            Ok(Scope::One(ResellerId::new(id)))
        }
        (None, Some(ids), None) if !ids.is_empty() => {
            for (index, id) in ids.iter().enumerate() {
                named(&format!("/scope/resellers/{index}"), id)?;
            }
            let ids: BTreeSet<ResellerId> = ids.into_iter().map(ResellerId::new).collect();
            Ok(Scope::Selection(ids))
        }
        (None, None, Some(id)) => {
            named("/scope/template", &id)?;
            Ok(Scope::Template(TemplateId::new(id)))
        }
        _ => {
            let text = "give exactly one of reseller, resellers (at least one) and template";
            Err(Problem::invalid("/scope", "which-resellers", text))
        }
    }
}
