//! Owns: what the doors of both statement marketplaces have in common: a request taken apart, tokens and the budget,
//! what nobody should have asked, and JSON in the shapes that were seen. Does not own any path.

use std::collections::HashMap;

use axum::body::Bytes;
use axum::extract::Query;
use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Duration, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

pub(crate) use crate::xero::json::Json;

/// A request as a handler wants it.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) method: Method,
    /// In lower case and without slashes at its ends: the vendors do not care.
    pub(crate) path: String,
    query: Vec<(String, String)>,
    headers: HeaderMap,
    body: Bytes,
}

impl Asked {
    pub(crate) fn new(method: Method, uri: &Uri, headers: HeaderMap, body: Bytes) -> Self {
        let path = uri.path().trim_matches('/').to_lowercase();
        Self { method, path, query: pairs(uri), headers, body }
    }

    /// A query parameter, whatever the case of its name; empty is absent.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        let found = self.query.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str()).filter(|value| !value.is_empty())
    }

    pub(crate) fn number(&self, name: &str) -> Result<Option<u32>, BadValue> {
        let read = |text: &str| text.parse().map_err(|_| BadValue { name: name.to_owned(), value: text.to_owned() });
        self.text(name).map(read).transpose()
    }

    /// The date in a date or a date with time.
    pub(crate) fn date(&self, name: &str) -> Result<Option<NaiveDate>, BadValue> {
        let wrong = |text: &str| BadValue { name: name.to_owned(), value: text.to_owned() };
        let read = |text: &str| text.get(..10).and_then(|day| day.parse().ok()).ok_or_else(|| wrong(text));
        self.text(name).map(read).transpose()
    }

    pub(crate) fn header(&self, name: header::HeaderName) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    pub(crate) fn bearer(&self) -> Option<&str> {
        self.header(header::AUTHORIZATION)?.strip_prefix("Bearer ")
    }

    /// The two halves of Basic credentials.
    pub(crate) fn basic(&self) -> Option<(String, String)> {
        let code = self.header(header::AUTHORIZATION)?.strip_prefix("Basic ")?;
        let text = String::from_utf8(STANDARD.decode(code).ok()?).ok()?;
        text.split_once(':').map(|(user, password)| (user.to_owned(), password.to_owned()))
    }

    /// The body's fields, where it is a form.
    pub(crate) fn form(&self) -> HashMap<String, String> {
        // A form and a query are written alike, and the reader of queries is at hand.
        let text = String::from_utf8_lossy(&self.body);
        let uri = format!("/?{}", text.trim()).parse::<Uri>();
        uri.map(|uri| pairs(&uri).into_iter().collect()).unwrap_or_default()
    }
}

fn pairs(uri: &Uri) -> Vec<(String, String)> {
    Query::<Vec<(String, String)>>::try_from_uri(uri).map(|Query(pairs)| pairs).unwrap_or_default()
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct BadValue {
    pub(crate) name: String,
    pub(crate) value: String,
}

/// A request that a client which only reads must never send.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Violation {
    pub method: String,
    pub path: String,
}

/// So many calls a minute; every other refusal says how long to wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Budget {
    pub calls_per_minute: u32,
}

/// Who is signed in and what is left of the minute.
#[derive(Debug, Default)]
pub(crate) struct Sessions {
    tokens: HashMap<String, Token>,
    issued: u64,
    minute: Option<DateTime<Utc>>,
    used: u32,
    refused: u32,
}

#[derive(Debug, Clone, Copy)]
struct Token {
    until: DateTime<Utc>,
    calls: u32,
}

/// A budget that is spent; with the seconds to wait if it says them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Spent(pub(crate) Option<i64>);

impl Sessions {
    pub(crate) fn issue(&mut self, prefix: &str, now: DateTime<Utc>, seconds: i64) -> String {
        self.issued += 1;
        let token = format!("{prefix}-{:06}-{}", self.issued, now.timestamp());
        self.tokens.insert(token.clone(), Token { until: now + Duration::seconds(seconds), calls: 0 });
        token
    }

    pub(crate) fn forget(&mut self) {
        self.tokens.clear();
    }

    /// Whether the token still counts; each call wears it down where it lives only for so many.
    pub(crate) fn admits(&mut self, token: Option<&str>, now: DateTime<Utc>, most_calls: u32) -> bool {
        let Some(held) = token.and_then(|token| self.tokens.get_mut(token)) else { return false };
        held.calls += 1;
        held.until > now && (most_calls == 0 || held.calls <= most_calls)
    }

    pub(crate) fn spend(&mut self, budget: Option<Budget>, now: DateTime<Utc>) -> Result<(), Spent> {
        let Some(budget) = budget else { return Ok(()) };
        let began = match self.minute {
            Some(began) if now < began + Duration::minutes(1) => began,
            _ => {
                self.minute = Some(now);
                self.used = 0;
                now
            }
        };
        if self.used < budget.calls_per_minute {
            self.used += 1;
            return Ok(());
        }
        self.refused += 1;
        let left = (began + Duration::minutes(1) - now).num_seconds().max(1);
        Err(Spent((self.refused % 2 == 1).then_some(left)))
    }
}

/// How JSON is written; nobody promised one way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Shape {
    pub(crate) camel_case: bool,
    pub(crate) numbers_as_strings: bool,
    pub(crate) unknown_columns: bool,
}

impl Shape {
    pub(crate) fn put(self, value: Json) -> Json {
        match value {
            Json::List(values) => Json::List(values.into_iter().map(|value| self.put(value)).collect()),
            Json::Object(fields) => {
                let mut fields: Vec<(String, Json)> = fields.into_iter().map(|field| self.field(field)).collect();
                if self.unknown_columns {
                    let unheard = object([("Kind", "v3".into()), ("Tags", Json::List(vec![Json::Null]))]);
                    fields.insert(0, ("XFutureColumn".to_owned(), unheard));
                }
                Json::Object(fields)
            }
            other => other,
        }
    }

    fn field(self, (name, value): (String, Json)) -> (String, Json) {
        let counts = name.ends_with("Id") || name.ends_with("Hits") || name == "ExpiresIn" || name == "expires_in";
        let value = match self.put(value) {
            Json::Number(number) if self.numbers_as_strings && !counts => Json::text(number.to_string()),
            other => other,
        };
        (if self.camel_case { camel(&name) } else { name }, value)
    }
}

fn camel(name: &str) -> String {
    let mut letters = name.chars();
    letters.next().map(|first| first.to_lowercase().chain(letters).collect()).unwrap_or_default()
}

/// An object with its nulls.
pub(crate) fn object<const N: usize>(fields: [(&str, Json); N]) -> Json {
    Json::Object(fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
}

pub(crate) fn json(status: StatusCode, value: &Json) -> Response {
    (status, [(header::CONTENT_TYPE, "application/json; charset=utf-8")], value.print()).into_response()
}

/// Pages counted from one, never larger than `most`.
pub(crate) fn page<T>(rows: Vec<T>, page: u32, size: u32, most: u32) -> (Vec<T>, usize) {
    let total = rows.len();
    let size = usize::try_from(size.min(most)).unwrap_or(usize::MAX);
    let skip = usize::try_from(page.max(1) - 1).unwrap_or(usize::MAX).saturating_mul(size);
    (rows.into_iter().skip(skip).take(size).collect(), total)
}
