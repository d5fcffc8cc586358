//! A tiny billing system behind a bearer token: it can lose answers, and go silent. Once over HTTP for the running
//! service, once as a door for an engine alone.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use axum::body::Bytes;
use axum::extract::{Query, Request, State};
use axum::http::{StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse as _, Response as HttpResponse};
use axum::routing::get;
use axum::{Json, Router};
use counterfoil_domain::ports::{Call, Door, Pending, SendError};
use counterfoil_domain::wire::Response;
use counterfoil_sim::Running;
use serde_json::{Value, json};

pub(crate) const TOKEN: &str = "books-token";

#[derive(Debug, Default)]
struct Kept {
    charges: Vec<Value>,
    /// How often each note was written.
    written: BTreeMap<String, u32>,
    /// Writes are carried out, and answered with an error.
    loses_answers: bool,
    /// Nothing is answered well.
    silent: bool,
    asked: Vec<String>,
}

#[derive(Debug, Clone, Default)]
pub(crate) struct Books(Arc<Mutex<Kept>>);

impl Books {
    fn answer(&self, method: &str, path: &str, note: Option<&str>, body: &[u8]) -> (u16, Value) {
        let mut kept = self.0.lock().unwrap();
        kept.asked.push(format!("{method} {path}"));
        if kept.silent {
            return (503, json!({ "error": "silent" }));
        }
        match (method, path.split('/').nth(1).unwrap(), path.split('/').nth(2)) {
            ("GET", "me", None) => (200, json!({ "id": "1", "name": "Books", "currency": "USD" })),
            ("GET", "charges", None) => {
                let found: Vec<&Value> = kept.charges.iter().filter(|charge| charge["note"].as_str() == note).collect();
                (200, json!({ "charges": found }))
            }
            ("GET", "charges", Some(id)) => {
                let index: usize = id.trim_start_matches("c-").parse().unwrap();
                (200, kept.charges[index].clone())
            }
            ("POST", "charges", None) => {
                let mut charge: Value = serde_json::from_slice(body).unwrap();
                charge["id"] = format!("c-{}", kept.charges.len()).into();
                *kept.written.entry(charge["note"].as_str().unwrap().to_owned()).or_default() += 1;
                kept.charges.push(charge.clone());
                if kept.loses_answers { (500, json!({ "error": "lost" })) } else { (201, charge) }
            }
            _ => (404, json!({ "error": "nothing here" })),
        }
    }

    /// How often each note was written.
    pub(crate) fn written(&self) -> BTreeMap<String, u32> {
        self.0.lock().unwrap().written.clone()
    }

    pub(crate) fn asked(&self) -> Vec<String> {
        self.0.lock().unwrap().asked.clone()
    }

    pub(crate) fn lose_answers(&self, lose: bool) {
        self.0.lock().unwrap().loses_answers = lose;
    }

    pub(crate) fn be_silent(&self, silent: bool) {
        self.0.lock().unwrap().silent = silent;
    }

    pub(crate) async fn serve(&self) -> Running {
        let router = Router::new()
            .route("/me", get(any).post(any))
            .route("/charges", get(any).post(any))
            .route("/charges/{id}", get(any))
            .layer(middleware::from_fn(let_in))
            .with_state(self.clone());
        counterfoil_sim::host::start(router, None).await.unwrap()
    }
}

async fn let_in(request: Request, next: Next) -> HttpResponse {
    let right = request.headers().get(header::AUTHORIZATION).is_some_and(|value| value == &format!("Bearer {TOKEN}"));
    if right { next.run(request).await } else { StatusCode::UNAUTHORIZED.into_response() }
}

async fn any(
    State(books): State<Books>,
    Query(query): Query<BTreeMap<String, String>>,
    method: axum::http::Method,
    uri: axum::http::Uri,
    body: Bytes,
) -> HttpResponse {
    let (status, value) = books.answer(method.as_str(), uri.path(), query.get("note").map(String::as_str), &body);
    (StatusCode::from_u16(status).unwrap(), Json(value)).into_response()
}

impl Door for Books {
    fn send(&self, call: Call) -> Pending<'_, Result<Response, SendError>> {
        let request = call.request;
        let note = request.query.iter().find(|(name, _)| name == "note").map(|(_, value)| value.as_str());
        let (status, value) = self.answer(&request.method, &request.path, note, &request.body);
        let body = serde_json::to_vec(&value).unwrap();
        Box::pin(async move {
            // An answer takes a moment, so that a swap finds calls under way.
            tokio::task::yield_now().await;
            Ok(Response { status, headers: vec![], body, replayed: false })
        })
    }
}
