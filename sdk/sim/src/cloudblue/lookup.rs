//! Owns: `/customers`, `/subscriptions`, `/products`, `/plans` and `/reports`.

use std::collections::HashMap;

use axum::Json;
use axum::extract::{Path, Query, State};
use serde_json::{Value, json};

use super::auth::Caller;
use super::failure::Failure;
use super::query::Params;
use super::state::Tenant;
use super::traps;
use crate::world::SubscriptionStatus;

type Answer = Result<Json<Value>, Failure>;
type RawQuery = Query<HashMap<String, String>>;

/// Similar, the way the marketplace means it: part of the name in any case.
fn similar(name: &str, part: &str) -> bool {
    name.to_lowercase().contains(&part.to_lowercase())
}

pub(super) async fn customers(_: Caller, State(tenant): State<Tenant>, Query(query): RawQuery) -> Answer {
    let params = Params(query);
    let page = params.page()?;
    let memory = tenant.lock();
    let world = &memory.world;
    let matching = world.customers().iter().filter(|customer| {
        params.text("name").is_none_or(|part| similar(&customer.name, part))
            && params.text("email").is_none_or(|email| customer.person.email == email)
            && params.text("externalId").is_none_or(|id| customer.external_id.as_deref() == Some(id))
    });
    let (rows, total) = page.cut(matching);
    let rows = rows.into_iter().map(|customer| world.customer_json(customer)).collect();
    Ok(Json(traps::list(&memory.switches, page, rows, total)))
}

pub(super) async fn customer(_: Caller, State(tenant): State<Tenant>, Path(id): Path<String>) -> Answer {
    let memory = tenant.lock();
    let customer = memory.world.customer(&id).ok_or(Failure::NotFound { what: "customer", id })?;
    Ok(Json(memory.world.customer_json(customer)))
}

pub(super) async fn subscriptions(_: Caller, State(tenant): State<Tenant>, Query(query): RawQuery) -> Answer {
    let params = Params(query);
    let page = params.page()?;
    let (from, to) = (params.date("creationDateFrom")?, params.date("creationDateTo")?);
    let status = params.word("status", SubscriptionStatus::parse)?;
    let memory = tenant.lock();
    let world = &memory.world;
    let heard = !memory.switches.ignore_date_filters;
    let matching = world.subscriptions().iter().filter(|subscription| {
        params.text("customerId").is_none_or(|id| subscription.customer_id == id)
            && status.is_none_or(|status| subscription.status == status)
            && from.is_none_or(|from| !heard || subscription.created >= from)
            && to.is_none_or(|to| !heard || subscription.created <= to)
    });
    let (rows, total) = page.cut(matching);
    let rows = rows.into_iter().map(|subscription| world.subscription_row_json(subscription)).collect();
    Ok(Json(traps::list(&memory.switches, page, rows, total)))
}

pub(super) async fn subscription(_: Caller, State(tenant): State<Tenant>, Path(id): Path<String>) -> Answer {
    let memory = tenant.lock();
    let subscription = memory.world.subscription(&id).ok_or(Failure::NotFound { what: "subscription", id })?;
    Ok(Json(memory.world.subscription_json(subscription)))
}

pub(super) async fn products(_: Caller, State(tenant): State<Tenant>, Query(query): RawQuery) -> Answer {
    let params = Params(query);
    let page = params.page()?;
    let memory = tenant.lock();
    let world = &memory.world;
    let matching = world.products().iter().filter(|product| {
        params.text("name").is_none_or(|part| similar(&product.name, part))
            && params.text("serviceName").is_none_or(|part| similar(&product.service, part))
            && params.text("mpn").is_none_or(|mpn| product.mpn == mpn)
            && params.text("vendor").is_none_or(|vendor| product.vendor == vendor)
    });
    let (rows, total) = page.cut(matching);
    let rows = rows.into_iter().map(|product| world.product_json(product)).collect();
    Ok(Json(traps::list(&memory.switches, page, rows, total)))
}

pub(super) async fn plans(_: Caller, State(tenant): State<Tenant>, Query(query): RawQuery) -> Answer {
    let page = Params(query).page()?;
    let memory = tenant.lock();
    let (rows, total) = page.cut(memory.world.plans().iter());
    let rows = rows.into_iter().map(|plan| memory.world.plan_json(plan)).collect();
    Ok(Json(traps::list(&memory.switches, page, rows, total)))
}

pub(super) async fn plan(_: Caller, State(tenant): State<Tenant>, Path(id): Path<String>) -> Answer {
    let memory = tenant.lock();
    let found = memory.world.plans().iter().find(|plan| plan.id.to_string() == id);
    let plan = found.ok_or(Failure::NotFound { what: "plan", id })?;
    let mut full = memory.world.plan_json(plan);
    full["planSwitches"] = json!([]);
    Ok(Json(full))
}

/// There is one, of usage rated last; nothing can be downloaded from it.
pub(super) async fn reports(_: Caller, State(tenant): State<Tenant>, Query(query): RawQuery) -> Answer {
    let params = Params(query);
    let page = params.page()?;
    let memory = tenant.lock();
    let today = memory.world.today();
    let report = json!({
        "id": "7f1c2f4e-30a5-4c1e-9d0b-2a1f6f0e9c11",
        "name": "Rated usage",
        "status": "completed",
        "type": "on_invoice",
        "format": "json",
        "creationDate": format!("{today}T03:00:00Z"),
        "startDate": format!("{today}T00:00:00Z"),
        "downloadUrl": "https://reports.example/7f1c2f4e",
    });
    let fits = ["name", "format", "status", "type"]
        .into_iter()
        .all(|field| params.text(field).is_none_or(|wanted| report[field] == wanted));
    let rows: Vec<Value> = fits.then_some(report).into_iter().collect();
    let (shown, total) = page.cut(rows.iter());
    let shown = shown.into_iter().cloned().collect();
    Ok(Json(traps::list(&memory.switches, page, shown, total)))
}
