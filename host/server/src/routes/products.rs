//! Products of a program: where each stands, and synchronizing them as a command. What must be done for each is decided
//! in the domain.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use counterfoil_domain::product_sync::{ProductRow, ProductState};
use counterfoil_domain::program::ProgramName;
use counterfoil_domain::run::{ProductChoice, RunKind};
use serde::Deserialize;
use utoipa::IntoParams;

use super::commands::{Started, keyed, start};
use super::{MOST, connection, page_size, slice};
use crate::extract::{Body, Params, Two};
use crate::guard::Who;
use crate::parts::App;
use crate::problem::{Code, Problem};
use crate::suggest::hint;
use crate::wire::{ProductPage, ProductSyncBody, RunView};

#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ProductQuery {
    /// waiting · writing · synced · inactive · orphaned · conflict · skipped · failed
    pub(crate) state: Option<String>,
    /// A part of the code or of the title.
    pub(crate) search: Option<String>,
    pub(crate) after: Option<String>,
    pub(crate) limit: Option<usize>,
}

fn program(name: &str) -> Result<ProgramName, Problem> {
    ProgramName::parse(name).ok_or_else(|| Problem::not_found("program", name))
}

fn state(written: Option<&str>) -> Result<Option<ProductState>, Problem> {
    let Some(written) = written else { return Ok(None) };
    let names: Vec<&str> = ProductState::ALL.iter().map(|state| state.name()).collect();
    let unknown = || {
        let detail = format!("\"{written}\" is not a state; {}", hint(written, names.iter().copied()));
        Problem::invalid("/state", "unknown-state", detail)
    };
    ProductState::parse(written).map(Some).ok_or_else(unknown)
}

/// Products of a program that were ever looked at for this connection, by code.
#[utoipa::path(get, path = "/v1/connections/{id}/programs/{name}/products", tag = "programs", params(("id" = String, Path), ("name" = String, Path), ProductQuery), responses((status = 200, body = ProductPage)))]
pub(crate) async fn list(
    State(app): State<App>,
    Two(id, name): Two,
    Params(query): Params<ProductQuery>,
) -> Result<Json<ProductPage>, Problem> {
    let (limit, state, program) = (page_size(query.limit)?, state(query.state.as_deref())?, program(&name)?);
    let connection = connection(&app, &id).await?;
    let mut rows = app.store().product_rows(&connection.id, program).await?;
    let mut by_state: BTreeMap<String, u64> = BTreeMap::new();
    for row in &rows {
        *by_state.entry(row.state.name().to_owned()).or_default() += 1;
    }
    let sought = query.search.as_deref().map(str::trim).unwrap_or_default().to_lowercase();
    let fits = |row: &ProductRow| {
        let named = row.code.to_lowercase().contains(&sought) || row.title.to_lowercase().contains(&sought);
        named && state.is_none_or(|state| row.state == state)
    };
    rows.retain(fits);
    let (rows, next) = slice(rows, query.after.as_deref(), limit, |row| row.code.clone());
    let products = rows.iter().map(Into::into).collect();
    Ok(Json(ProductPage { products, by_state, has_more: next.is_some(), next }))
}

/// Make items of a program's products, and set price and cost of those that were made before. Interrupted, it goes on
/// where it was; the run's figures say how long the target's budget will make it take.
#[utoipa::path(post, path = "/v1/connections/{id}/programs/{name}/products/sync", tag = "programs", params(("id" = String, Path), ("name" = String, Path), ("Idempotency-Key" = Option<String>, Header)), request_body = Option<ProductSyncBody>, responses((status = 202, body = RunView, headers(("location" = String))), (status = 200, body = RunView, description = "That is under way already.")))]
pub(crate) async fn sync(
    State(app): State<App>,
    who: Who,
    Two(id, name): Two,
    headers: HeaderMap,
    body: Option<Body<ProductSyncBody>>,
) -> Result<Started, Problem> {
    let program = program(&name)?;
    let connection = connection(&app, &id).await?;
    let which = match body.and_then(|Body(body)| body.products) {
        None => ProductChoice::All,
        Some(codes) if codes.is_empty() || codes.len() > MOST => {
            let detail = format!("name 1 to {MOST} products, or leave it out for all of the program");
            return Err(Problem::invalid("/products", "out-of-range", detail));
        }
        Some(codes) => ProductChoice::These(codes),
    };
    let programs = app.store().programs(&connection.id).await?;
    if !programs.iter().any(|of| of.name == program && of.enabled && of.products) {
        return Err(Problem::new(
            Code::ProgramOff,
            format!("Product sync of {} is off for {}.", program.text(), connection.id),
            "No item was made or changed.",
            "Switch the program on, and its products: `counterfoil programs set`.",
        ));
    }
    let key = keyed(&who, "products", &headers)?;
    start(&app, &who, key, &connection, RunKind::Products { program, which }).await
}
