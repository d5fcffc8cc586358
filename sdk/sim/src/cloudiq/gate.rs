//! Owns: the order in which a call is judged (token route, reading only, budget, token) and which handler it reaches.

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::Response;

use super::answer::Failure;
use super::state::{Memory, Shop};
use super::{lists, statements};
use crate::statements::Violation;
use crate::statements::door::{self, Asked, Json, Shape, object};

const BASE: &str = "api/v1/";

pub(super) async fn any(
    State(shop): State<Shop>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let asked = Asked::new(method, &uri, headers, body);
    let memory = &mut *shop.lock();
    let shape = memory.shape();
    judge(&shop, memory, &asked).unwrap_or_else(|failure| failure.answer(shape))
}

fn judge(shop: &Shop, memory: &mut Memory, asked: &Asked) -> Result<Response, Failure> {
    let now = shop.clock.now();
    let path = asked.path.strip_prefix(BASE).ok_or_else(|| Failure::NotFound(asked.path.clone()))?;
    if path == "connect/token" && asked.method == Method::POST {
        return Ok(token(shop, memory, asked));
    }
    if asked.method != Method::GET {
        let (method, path) = (asked.method.to_string(), asked.path.clone());
        memory.violations.push(Violation { method, path });
        return Err(Failure::OnlyReading);
    }
    memory.sessions.spend(shop.config.budget, now).map_err(Failure::TooMany)?;
    let most = memory.switches.token_calls;
    if !memory.sessions.admits(asked.bearer(), now, most) {
        return Err(Failure::NotSignedIn);
    }
    let shape = memory.shape();
    let listed = |rows: Json| Ok(door::json(StatusCode::OK, &shape.put(rows)));
    let memory = &*memory;
    match path.split('/').collect::<Vec<_>>()[..] {
        ["ping"] => listed(object([("Pong", now.to_rfc3339().into())])),
        ["organizations"] => listed(lists::organizations(memory, asked)?),
        ["invoiceprofiles"] => listed(lists::profiles(memory, asked)?),
        ["customertenants"] => listed(lists::tenants(memory, asked)?),
        ["subscriptions"] => listed(lists::subscriptions(memory, asked, now.date_naive())?),
        ["agreementproducts"] => listed(lists::products(memory, asked, now.date_naive())?),
        ["billingstatements"] => listed(statements::list(memory, asked, now, false)?),
        ["billingstatements", "grouped"] => listed(statements::list(memory, asked, now, true)?),
        ["billingstatements", id, "billingrecordsfile"] => statements::file(memory, asked, now, id),
        _ => Err(Failure::NotFound(asked.path.clone())),
    }
}

/// Basic credentials of the client, the user's name and password in the form. A refusal has the answer's shape too.
fn token(shop: &Shop, memory: &mut Memory, asked: &Asked) -> Response {
    let config = &shop.config;
    let form = asked.form();
    let given = |name: &str| form.get(name).map(String::as_str).unwrap_or_default();
    let client = asked.basic().is_some_and(|(id, secret)| id == config.client_id && secret == config.client_secret);
    let refused = match () {
        () if !client => Some("invalid_client"),
        () if given("grant_type") != "password" => Some("unsupported_grant_type"),
        () if given("scope") != "CustomerApi" => Some("invalid_scope"),
        () if given("username") != config.username || given("password") != config.password => Some("invalid_grant"),
        () => None,
    };
    let (status, token) = match refused {
        Some(_) => (StatusCode::BAD_REQUEST, None),
        None => (StatusCode::OK, Some(memory.sessions.issue("sim-ciq", shop.clock.now(), config.token_seconds))),
    };
    let answer = object([
        ("AccessToken", token.clone().into()),
        ("IdentityToken", Json::Null),
        ("Error", refused.into()),
        ("ExpiresIn", Json::whole(if token.is_some() { config.token_seconds } else { 0 })),
        ("TokenType", token.as_ref().map(|_| "Bearer").into()),
        ("RefreshToken", Json::Null),
    ]);
    let shape = Shape { numbers_as_strings: false, ..memory.shape() };
    door::json(status, &shape.put(answer))
}
