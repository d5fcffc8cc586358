//! Products of a program: where each stands with the target, and synchronizing them. It shows and does what
//! `/v1/connections/{id}/programs/{name}/products` has.

use std::collections::BTreeMap;

use askama::Template;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Redirect};
use counterfoil_domain::product_sync::ProductState;
use serde::Deserialize;

use super::super::fields::Fields;
use super::super::frame::{Frame, PROGRAMS, Shown, html, segment};
use super::super::said::{Said, back};
use super::super::{address, words};
use super::{Head, head};
use crate::extract::{Body, Params, Two};
use crate::guard::Who;
use crate::parts::App;
use crate::routes::products::{ProductQuery, list, sync};
use crate::wire::{ProductSyncBody, ProductView};

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct ListQuery {
    state: Option<String>,
    search: Option<String>,
    after: Option<String>,
    said: Option<String>,
}

struct Figure {
    href: String,
    here: bool,
    class: &'static str,
    words: String,
    count: u64,
}

struct Row {
    code: String,
    first_name: String,
    title: String,
    class: &'static str,
    state: String,
    price: String,
    cost: String,
    item: String,
    note: String,
    updated: String,
}

#[derive(Template)]
#[template(path = "program_products.html")]
struct Page {
    frame: Frame,
    head: Head,
    here: String,
    figures: Vec<Figure>,
    rows: Vec<Row>,
    search: String,
    state: String,
    filtered: bool,
    /// Product sync is on.
    on: bool,
    mode: &'static str,
    next: Option<String>,
}

fn class(state: &str) -> &'static str {
    match state {
        "synced" | "inactive" => "good",
        "waiting" | "writing" => "act",
        "orphaned" | "skipped" => "wait",
        _ => "bad",
    }
}

fn row(product: &ProductView) -> Row {
    let grouped = |amount: &Option<String>| amount.as_deref().map_or_else(|| "–".to_owned(), words::grouped);
    Row {
        code: product.code.clone(),
        first_name: product.first_name.clone(),
        title: product.title.clone(),
        class: class(&product.state),
        state: words::words(&product.state),
        price: grouped(&product.price),
        cost: grouped(&product.cost),
        item: product.item.clone().unwrap_or_default(),
        note: product.note.clone(),
        updated: product.updated_at.0.format("%Y-%m-%d %H:%M").to_string(),
    }
}

fn figures(by_state: &BTreeMap<String, u64>, here: &str, chosen: Option<&str>) -> Vec<Figure> {
    let told = ProductState::ALL.iter().map(|state| state.name());
    let figure = |name: &'static str| {
        let count = by_state.get(name).copied()?;
        Some(Figure {
            href: address::of(here, &[("state", Some(name))]),
            here: chosen == Some(name),
            class: class(name),
            words: words::words(name),
            count,
        })
    };
    told.filter_map(figure).collect()
}

/// The page.
#[utoipa::path(get, path = "/programs/{id}/{name}/products", tag = "pages", params(("id" = String, Path), ("name" = String, Path), ("state" = Option<String>, Query), ("search" = Option<String>, Query), ("after" = Option<String>, Query)), responses((status = 200, content_type = "text/html", body = String)))]
pub(crate) async fn show(
    State(app): State<App>,
    who: Who,
    Two(id, name): Two,
    Params(query): Params<ListQuery>,
) -> Shown {
    let (head, program, _) = head(&app, &id, &name, "/products").await?;
    let (state, search) = (address::given(&query.state), address::given(&query.search));
    let asked = ProductQuery {
        state: state.clone(),
        search: search.clone(),
        after: address::given(&query.after),
        ..ProductQuery::default()
    };
    let listed = list(State(app.clone()), Two(id, name), Params(asked)).await?.0;
    let here = format!("{}/products", head.href);
    let next = |next: &str| {
        address::of(&here, &[("state", state.as_deref()), ("search", search.as_deref()), ("after", Some(next))])
    };
    let page = Page {
        frame: Frame::new(&app, &who, PROGRAMS, &head.title).await?.saying(Said::read(query.said.as_deref())),
        figures: figures(&listed.by_state, &here, state.as_deref()),
        rows: listed.products.iter().map(row).collect(),
        filtered: state.is_some() || search.is_some(),
        on: program.enabled && program.products,
        mode: if program.product_mode == "all" { "All products" } else { "In-use only" },
        next: listed.next.as_deref().map(next),
        search: search.unwrap_or_default(),
        state: state.unwrap_or_default(),
        here,
        head,
    };
    html(&page)
}

/// Synchronize all, or those that were chosen.
#[utoipa::path(post, path = "/programs/{id}/{name}/products", tag = "pages", params(("id" = String, Path), ("name" = String, Path)), responses((status = 303, description = "To the run.")))]
pub(crate) async fn start(State(app): State<App>, who: Who, Two(id, name): Two, fields: Fields) -> Shown {
    let products = (fields.one("act") != Some("all")).then(|| fields.all("product"));
    if products.as_ref().is_some_and(Vec::is_empty) {
        return Ok(back(&format!("{}/products", super::href(&id, &name)), "nothing-chosen", None));
    }
    let body = Some(Body(ProductSyncBody { products }));
    let started = sync(State(app), who, Two(id, name), HeaderMap::new(), body).await?;
    Ok(Redirect::to(&format!("/runs/{}", segment(started.run().id.as_str()))).into_response())
}
