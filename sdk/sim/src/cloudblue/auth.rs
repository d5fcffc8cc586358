//! Owns: the two ways to sign in and what every other call must carry.

use axum::extract::{FromRequestParts, Path, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use axum::{Form, Json};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::{Value, json};

use super::failure::Failure;
use super::state::Tenant;

/// Proof that a call carried a valid key and token and was within the budget.
#[derive(Debug, Clone, Copy)]
pub(super) struct Caller;

impl FromRequestParts<Tenant> for Caller {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, tenant: &Tenant) -> Result<Self, Failure> {
        // The gateway in front looks at the key and the budget before anything behind it sees the token.
        check_key(&parts.headers, tenant)?;
        tenant.spend()?;
        let token = header_text(&parts.headers, header::AUTHORIZATION.as_str())
            .and_then(|value| value.strip_prefix("Bearer "))
            .ok_or(Failure::NotSignedIn("A bearer token is required."))?;
        tenant.check_token(token)?;
        Ok(Self)
    }
}

fn header_text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

fn check_key(headers: &HeaderMap, tenant: &Tenant) -> Result<(), Failure> {
    let key = header_text(headers, "x-subscription-key");
    if key == Some(tenant.config.subscription_key.as_str()) { Ok(()) } else { Err(Failure::NoKey) }
}

/// `POST {base}/token`: Basic credentials and the marketplace's name.
pub(super) async fn token(
    State(tenant): State<Tenant>,
    headers: HeaderMap,
    body: Option<Json<Value>>,
) -> Result<Json<Value>, Failure> {
    check_key(&headers, &tenant)?;
    tenant.spend()?;
    let expected = STANDARD.encode(format!("{}:{}", tenant.config.username, tenant.config.password));
    let given = header_text(&headers, header::AUTHORIZATION.as_str()).and_then(|value| value.strip_prefix("Basic "));
    if given != Some(expected.as_str()) {
        return Err(Failure::NotSignedIn("The user name or password is wrong."));
    }
    let named = body.as_ref().and_then(|Json(body)| body.get("marketplace")?.as_str());
    if named != Some(tenant.config.marketplace.as_str()) {
        return Err(Failure::BadRequest("marketplace is missing or unknown".to_owned()));
    }
    Ok(Json(json!({ "token": tenant.issue_token(), "expiresInSeconds": tenant.config.token_seconds })))
}

#[derive(Debug, Deserialize)]
pub(super) struct Grant {
    grant_type: Option<String>,
    client_id: Option<String>,
    client_secret: Option<String>,
    username: Option<String>,
    password: Option<String>,
    scope: Option<String>,
}

/// The identity provider answers in its own words, not the marketplace's.
type OidcAnswer = (axum::http::StatusCode, Json<Value>);

/// `POST /auth/realms/{realm}/protocol/openid-connect/token`: the password grant.
pub(super) async fn oidc(
    State(tenant): State<Tenant>,
    Path(realm): Path<String>,
    Form(grant): Form<Grant>,
) -> Result<Json<Value>, OidcAnswer> {
    use axum::http::StatusCode;
    let refuse =
        |status, error: &str, text: &str| Err((status, Json(json!({ "error": error, "error_description": text }))));
    let config = &tenant.config;
    let is = |given: &Option<String>, expected: &str| given.as_deref() == Some(expected);
    if realm != config.realm {
        return refuse(StatusCode::NOT_FOUND, "realm_not_found", "Realm does not exist");
    }
    if !is(&grant.grant_type, "password") {
        return refuse(StatusCode::BAD_REQUEST, "unsupported_grant_type", "Unsupported grant_type");
    }
    if !is(&grant.client_id, &config.client_id) || !is(&grant.client_secret, &config.client_secret) {
        return refuse(StatusCode::UNAUTHORIZED, "unauthorized_client", "Invalid client or client credentials");
    }
    if !is(&grant.username, &config.username) || !is(&grant.password, &config.password) {
        return refuse(StatusCode::UNAUTHORIZED, "invalid_grant", "Invalid user credentials");
    }
    if !grant.scope.as_deref().unwrap_or_default().split(' ').any(|scope| scope == "openid") {
        return refuse(StatusCode::BAD_REQUEST, "invalid_scope", "Missing openid scope");
    }
    Ok(Json(json!({
        "access_token": tenant.issue_token(),
        "expires_in": config.token_seconds,
        "token_type": "Bearer",
        "scope": "openid",
    })))
}
