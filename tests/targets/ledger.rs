//! A tiny billing system: customers and charges behind a bearer token. It knows nothing of the product.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};

use axum::body::Bytes;
use axum::extract::{Path, Query, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use axum::{Json, Router};
use counterfoil_sim::Running;
use rust_decimal::Decimal;
use serde_json::{Value, json};

pub(crate) const TOKEN: &str = "ledger-token";

#[derive(Debug, Default)]
struct Books {
    charges: Vec<Value>,
    /// "GET /me", every request that got in.
    asked: Vec<String>,
    /// Requests without the right token.
    strangers: u32,
}

#[derive(Debug, Clone, Default)]
struct Shared(Arc<Mutex<Books>>);

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Books> {
        self.0.lock().unwrap()
    }
}

#[derive(Debug)]
pub(crate) struct Ledger {
    shared: Shared,
    running: Running,
}

impl Ledger {
    pub(crate) async fn start() -> Self {
        let shared = Shared::default();
        let router = Router::new()
            .route("/me", get(|| async { Json(json!({ "id": "1", "name": "Ledger", "currency": "USD" })) }))
            .route("/customers", get(|| async { Json(json!({ "customers": [{ "id": "c-1", "name": "Somebody" }] })) }))
            .route("/charges", get(charges).post(charge))
            .route("/charges/{id}", get(one))
            .layer(middleware::from_fn_with_state(shared.clone(), let_in))
            .with_state(shared.clone());
        Self { running: counterfoil_sim::host::start(router, None).await.unwrap(), shared }
    }

    pub(crate) fn url(&self) -> String {
        self.running.base_url.clone()
    }

    /// Amount by note, as booked.
    pub(crate) fn booked(&self) -> BTreeMap<String, Decimal> {
        let text =
            |charge: &Value, name: &str| charge[name].as_str().map_or_else(|| charge[name].to_string(), str::to_owned);
        let lock = self.shared.lock();
        let of = |charge: &Value| (text(charge, "note"), text(charge, "amount").parse().unwrap());
        let booked: BTreeMap<_, _> = lock.charges.iter().map(of).collect();
        assert_eq!(booked.len(), lock.charges.len(), "a note is used once");
        booked
    }

    pub(crate) fn asked(&self) -> Vec<String> {
        self.shared.lock().asked.clone()
    }

    pub(crate) fn strangers(&self) -> u32 {
        self.shared.lock().strangers
    }
}

async fn let_in(State(books): State<Shared>, headers: HeaderMap, request: Request, next: Next) -> Response {
    let line = format!("{} {}", request.method(), request.uri().path());
    let right = headers.get(header::AUTHORIZATION).is_some_and(|value| value == &format!("Bearer {TOKEN}"));
    if !right {
        books.lock().strangers += 1;
        return StatusCode::UNAUTHORIZED.into_response();
    }
    books.lock().asked.push(line);
    next.run(request).await
}

async fn charges(State(books): State<Shared>, Query(query): Query<BTreeMap<String, String>>) -> Json<Value> {
    let wanted = |charge: &&Value| query.get("note").is_none_or(|note| charge["note"] == *note);
    let found: Vec<Value> = books.lock().charges.iter().filter(wanted).cloned().collect();
    Json(json!({ "charges": found }))
}

async fn charge(State(books): State<Shared>, body: Bytes) -> Response {
    let Ok(mut charge) = serde_json::from_slice::<Value>(&body) else { return StatusCode::BAD_REQUEST.into_response() };
    let mut books = books.lock();
    charge["id"] = json!(format!("ch-{}", books.charges.len() + 1));
    books.charges.push(charge.clone());
    (StatusCode::CREATED, Json(charge)).into_response()
}

async fn one(State(books): State<Shared>, Path(id): Path<String>) -> Response {
    let found = books.lock().charges.iter().find(|charge| charge["id"] == id).cloned();
    found.map_or_else(|| StatusCode::NOT_FOUND.into_response(), |charge| Json(charge).into_response())
}
