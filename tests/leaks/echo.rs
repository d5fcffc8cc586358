//! A billing system and a marketplace that send back whatever they were told, in every spelling, in headers, bodies,
//! redirects and errors. Owns what it says; what may be seen of it is the tests' business.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use counterfoil_sim::Running;
use serde_json::{Value, json};

use crate::canaries::{self, ACCESS_TOKEN, MARKET_TOKEN};

#[derive(Debug)]
pub(crate) struct Echo {
    running: Running,
    told: Told,
}

/// All that came in, as it was.
type Told = Arc<Mutex<Vec<String>>>;

impl Echo {
    pub(crate) async fn start() -> Self {
        let told = Told::default();
        let app = Router::new().fallback(answer).with_state(Arc::clone(&told));
        Self { running: counterfoil_sim::host::start(app, None).await.unwrap(), told }
    }

    pub(crate) fn url(&self) -> &str {
        &self.running.base_url
    }

    /// How many requests carried it, as it is or in a form; a Basic header was opened.
    pub(crate) fn heard(&self, canary: &str) -> usize {
        let spellings = [canary.to_owned(), canaries::percent(canary), canaries::form(canary)];
        let told = self.told.lock().unwrap();
        told.iter().filter(|one| spellings.iter().any(|spelling| one.contains(spelling.as_str()))).count()
    }
}

async fn answer(State(told): State<Told>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let body = axum::body::to_bytes(body, 1 << 20).await.unwrap_or_default();
    let path = parts.uri.path().to_owned();
    let heard = heard(&parts.headers, &body);
    told.lock().unwrap().push(heard.join(" "));
    match path.as_str() {
        // Its answers are used: what it grants are canaries too.
        "/granting" => json_of(200, &json!({ "access_token": ACCESS_TOKEN, "expires_in": 1800 }), &heard),
        "/refusing" => refused(&heard),
        "/market/token" => json_of(200, &json!({ "token": MARKET_TOKEN, "expiresInSeconds": 1500 }), &heard),
        "/charges" if parts.method == "POST" => booked(&body, &heard),
        _ => by_mode(path.rsplit('/').next().unwrap_or_default(), &heard),
    }
}

/// Every header that could be a secret and the body, and what is inside a Basic header.
fn heard(headers: &HeaderMap, body: &Bytes) -> Vec<String> {
    let mut heard: Vec<String> = headers
        .iter()
        .filter(|(name, _)| {
            !["host", "accept", "content-length", "user-agent", "content-type"].contains(&name.as_str())
        })
        .map(|(_, value)| String::from_utf8_lossy(value.as_bytes()).into_owned())
        .collect();
    for value in heard.clone() {
        if let Some(inner) = value.strip_prefix("Bearer ") {
            heard.push(inner.to_owned());
        }
        if let Some(decoded) = value.strip_prefix("Basic ").and_then(|inner| STANDARD.decode(inner).ok()) {
            let decoded = String::from_utf8_lossy(&decoded).into_owned();
            heard.extend(decoded.split_once(':').map(|(_, password)| password.to_owned()));
            heard.push(decoded);
        }
    }
    heard.push(String::from_utf8_lossy(body).into_owned());
    heard
}

fn spelled(heard: &[String]) -> String {
    let each = |text: &String| {
        let quoted = canaries::json(text);
        [
            text.clone(),
            STANDARD.encode(text),
            URL_SAFE_NO_PAD.encode(text),
            canaries::percent(text),
            canaries::percent(text).to_ascii_lowercase(),
            quoted.replace('/', "\\/"),
            quoted,
            canaries::hex(text),
        ]
        .join(" | ")
    };
    heard.iter().map(each).collect::<Vec<_>>().join(" || ")
}

fn with_headers(mut response: Response, heard: &[String]) -> Response {
    let told = spelled(heard);
    for name in ["x-echo", "www-authenticate", "retry-after", "x-rate-limit-problem", "etag"] {
        if let Ok(value) = HeaderValue::from_bytes(told.replace(['\r', '\n'], " ").as_bytes()) {
            response.headers_mut().insert(HeaderName::from_static(name), value);
        }
    }
    response
}

fn json_of(status: u16, value: &Value, heard: &[String]) -> Response {
    let mut response = value.to_string().into_response();
    *response.status_mut() = StatusCode::from_u16(status).unwrap();
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    with_headers(response, heard)
}

fn refused(heard: &[String]) -> Response {
    // More than once, so that a message that is cut is cut in the middle of one.
    let said = spelled(heard).repeat(4);
    json_of(400, &json!({ "error": "invalid_client", "error_description": said }), heard)
}

/// Books what it was asked to, and puts the secrets wherever a document has room.
fn booked(body: &Bytes, heard: &[String]) -> Response {
    let mut charge: Value = serde_json::from_slice(body).unwrap_or_else(|_| json!({}));
    let said: String = spelled(heard).chars().filter(char::is_ascii_graphic).take(900).collect();
    charge["id"] = json!(said);
    json_of(201, &charge, heard)
}

fn by_mode(mode: &str, heard: &[String]) -> Response {
    let said = spelled(heard);
    let body = json!({
        "id": said, "name": said, "currency": said, "message": said, "error": { "detail": said },
        "customers": [{ "id": said, "name": said }], "charges": [{ "id": said, "note": said }],
    });
    match mode {
        "redirect" => {
            let place = format!("http://127.0.0.1:1/{}?token={}", canaries::percent(&said), canaries::percent(&said));
            let mut response = StatusCode::FOUND.into_response();
            let place: String = place.chars().take(4_000).collect();
            response.headers_mut().insert(header::LOCATION, HeaderValue::from_str(&place).unwrap());
            with_headers(response, heard)
        }
        "bytes" => {
            let bytes = [&[0xff, 0xfe][..], said.as_bytes(), &[0x80]].concat();
            with_headers(Body::from(bytes).into_response(), heard)
        }
        "large" => with_headers(said.repeat(400).into_response(), heard),
        status => json_of(status.parse().unwrap_or(200), &body, heard),
    }
}
