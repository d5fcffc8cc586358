//! Token requests and their answers, without the sending.

use chrono::{DateTime, Duration, Utc};
use counterfoil_domain::ports::{CodeGrant, SendError};
use counterfoil_domain::secret::{REFRESH_TOKEN, Secret};
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue};
use serde_json::Value;

use super::method::{Grant, Signing};
use super::sign::{Credentials, basic, hidden, secret_headers};
use crate::base::percent;
use crate::budget::asked_wait;
use crate::wire::Answer;

/// Without a word about its life a token is taken to live this long.
const UNTOLD: i64 = 300;
const LONGEST: i64 = 24 * 3600;

#[derive(Debug)]
pub(super) struct TokenRequest {
    pub(super) headers: HeaderMap,
    pub(super) body: Vec<u8>,
}

#[derive(Debug)]
pub(super) struct Granted {
    pub(super) access: Secret,
    /// A new one: the old one is on its way out.
    pub(super) refresh: Option<Secret>,
    pub(super) usable_for: Duration,
}

/// Why there is no token.
#[derive(Debug)]
pub(super) enum NotGranted {
    /// The refresh token is not, or no longer, good.
    InvalidGrant {
        message: String,
    },
    /// The credentials are not good: the same again is refused again.
    Credentials {
        message: String,
    },
    Later {
        until: DateTime<Utc>,
    },
    /// Nothing was granted; worth another try.
    Transient {
        message: String,
    },
    /// Something may have been granted.
    Lost {
        message: String,
    },
}

pub(super) fn request(grant: Grant, signing: &Signing, credentials: &Credentials) -> Result<TokenRequest, SendError> {
    let mut headers = HeaderMap::new();
    headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
    secret_headers(signing, credentials, &mut headers)?;
    let scopes = signing.scopes.join(" ");
    let mut form: Vec<(&str, &str)> = Vec::new();
    match grant {
        Grant::ClientCredentials => {
            form.push(("grant_type", "client_credentials"));
            if !scopes.is_empty() {
                form.push(("scope", &scopes));
            }
            put(&mut headers, &basic(credentials.need("client_id")?, credentials.need("client_secret")?))?;
        }
        Grant::ClientCredentialsForm => {
            form.push(("grant_type", "client_credentials"));
            form.extend([
                ("client_id", credentials.need("client_id")?),
                ("client_secret", credentials.need("client_secret")?),
            ]);
            if !scopes.is_empty() {
                form.push(("scope", &scopes));
            }
        }
        Grant::RefreshToken => {
            form.extend([("grant_type", "refresh_token"), ("refresh_token", credentials.need(REFRESH_TOKEN)?)]);
            form.extend(client(&mut headers, credentials)?);
        }
        Grant::Password => {
            form.extend([("grant_type", "password"), ("client_id", credentials.need("client_id")?)]);
            form.extend(credentials.find("client_secret").map(|secret| ("client_secret", secret)));
            form.extend([("username", credentials.need("username")?), ("password", credentials.need("password")?)]);
            form.push(("scope", if scopes.is_empty() { "openid" } else { &scopes }));
        }
        Grant::PasswordBasic => {
            put(&mut headers, &basic(credentials.need("client_id")?, credentials.need("client_secret")?))?;
            form.push(("grant_type", "password"));
            form.extend([("username", credentials.need("username")?), ("password", credentials.need("password")?)]);
            if !scopes.is_empty() {
                form.push(("scope", &scopes));
            }
        }
        Grant::CloudBlueToken => {
            put(&mut headers, &basic(credentials.need("username")?, credentials.need("password")?))?;
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
            let body = serde_json::json!({ "marketplace": credentials.find("marketplace").unwrap_or_default() });
            return Ok(TokenRequest { headers, body: body.to_string().into_bytes() });
        }
    }
    Ok(as_form(headers, &form))
}

/// The first token of a sign-in: the code that the target's page handed out, with the proof that it was asked by us.
pub(super) fn code_request(
    code: &CodeGrant,
    signing: &Signing,
    credentials: &Credentials,
) -> Result<TokenRequest, SendError> {
    let mut headers = HeaderMap::new();
    headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
    secret_headers(signing, credentials, &mut headers)?;
    let mut form = vec![
        ("grant_type", "authorization_code"),
        ("code", code.code.reveal()),
        ("redirect_uri", &code.redirect_uri),
        ("code_verifier", code.verifier.reveal()),
    ];
    form.extend(client(&mut headers, credentials)?);
    Ok(as_form(headers, &form))
}

/// An app with a secret says who it is in a header, one without in the form.
fn client<'a>(
    headers: &mut HeaderMap,
    credentials: &'a Credentials,
) -> Result<Option<(&'static str, &'a str)>, SendError> {
    let id = credentials.need("client_id")?;
    match credentials.find("client_secret") {
        Some(secret) => put(headers, &basic(id, secret)).map(|()| None),
        None => Ok(Some(("client_id", id))),
    }
}

fn as_form(mut headers: HeaderMap, form: &[(&str, &str)]) -> TokenRequest {
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded"));
    let pairs: Vec<String> = form.iter().map(|(name, value)| format!("{name}={}", percent(value))).collect();
    TokenRequest { headers, body: pairs.join("&").into_bytes() }
}

fn put(headers: &mut HeaderMap, authorization: &str) -> Result<(), SendError> {
    let (name, value) = hidden(AUTHORIZATION.as_str(), authorization)?;
    headers.insert(name, value);
    Ok(())
}

/// Messages still hold what the server said: they must be scrubbed, and only then cut.
pub(super) fn read_answer(answer: &Answer, now: DateTime<Utc>) -> Result<Granted, NotGranted> {
    let told: Value = serde_json::from_slice(&answer.body).unwrap_or(Value::Null);
    let error = text(&told, "error").unwrap_or_default();
    if (200..300).contains(&answer.status) && (error.is_empty() || text(&told, "access_token").is_some()) {
        return granted(&told)
            .ok_or_else(|| NotGranted::Lost { message: "the answer of the sign-in holds no token".to_owned() });
    }
    let retry_after = answer.headers.get("retry-after").and_then(|value| value.to_str().ok());
    let detail = text(&told, "error_description").or_else(|| text(&told, "message")).unwrap_or_default();
    let message = format!("the sign-in was answered with {} {error} {detail}", answer.status).trim_end().to_owned();
    match (answer.status, error) {
        (429, _) => {
            let wait =
                asked_wait(retry_after, now).filter(|wait| *wait > Duration::zero()).unwrap_or(Duration::seconds(5));
            Err(NotGranted::Later { until: now + wait.min(Duration::hours(1)) })
        }
        // Some refuse with a 200 that holds an error and no token.
        (200..=499, "invalid_grant") => Err(NotGranted::InvalidGrant { message }),
        (408 | 425, _) | (_, "temporarily_unavailable" | "server_error") => Err(NotGranted::Transient { message }),
        (200..=299 | 400..=499, _) => Err(NotGranted::Credentials { message }),
        _ => Err(NotGranted::Transient { message }),
    }
}

/// However the server writes its names: `access_token`, `AccessToken`, `accessToken`.
fn member<'a>(told: &'a Value, name: &str) -> Option<&'a Value> {
    let fold = |name: &str| name.replace('_', "").to_ascii_lowercase();
    told.get(name).or_else(|| {
        let (name, members) = (fold(name), told.as_object()?);
        members.iter().find(|(known, _)| fold(known) == name).map(|(_, value)| value)
    })
}

fn text<'a>(told: &'a Value, name: &str) -> Option<&'a str> {
    member(told, name).and_then(Value::as_str).filter(|text| !text.is_empty())
}

fn granted(told: &Value) -> Option<Granted> {
    let access = text(told, "access_token").or_else(|| text(told, "token"))?;
    let seconds = ["expires_in", "expiresInSeconds"].iter().find_map(|name| {
        let value = member(told, name)?;
        value.as_i64().or_else(|| value.as_str()?.trim().parse().ok())
    });
    let lives = seconds.unwrap_or(UNTOLD).clamp(1, LONGEST);
    // Renewed a minute early, or a quarter early where a token lives for less than that.
    let early = (lives / 4).min(60);
    Some(Granted {
        access: Secret::new(access),
        refresh: text(told, "refresh_token").map(Secret::new),
        usable_for: Duration::seconds(lives - early),
    })
}
