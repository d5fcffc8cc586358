//! The first token of a sign-in by a person: a code becomes a refresh token, which is kept before anything else, and the
//! accounts that it opens are listed. Owns no page and no state of the sign-in; the server has them.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use counterfoil_domain::card::TenantList;
use counterfoil_domain::ports::{Clock, CodeError, CodeGrant, Route, SendError, SignedIn, Tenant, Vault};
use counterfoil_domain::secret::{REFRESH_TOKEN, Secret};
use reqwest::Method as HttpMethod;
use reqwest::header::{ACCEPT, AUTHORIZATION, HeaderMap, HeaderValue};
use serde_json::Value;
use tokio::time::Instant;
use url::Url;

use super::grant::{self, NotGranted};
use super::method::{Grant, Method};
use super::share;
use super::sign::hidden;
use super::tokens::{Failed, Flight, Token, ask, keep};
use crate::guard::Resolver;
use crate::record::{Draft, ExchangeSink, cut, shown_url};
use crate::route::Prepared;
use crate::scrub::Scrubber;
use crate::wire::{self, Sheet};

const LIST_WITHIN: Duration = Duration::from_secs(30);
const LARGEST_LIST: usize = 256 * 1024;
const MOST_TENANTS: usize = 500;
const LONGEST_MESSAGE: usize = 240;

/// Exchanges codes, over the same checks, vault and log of calls as the door.
#[derive(Debug)]
pub struct CodeSignIn {
    vault: Arc<dyn Vault>,
    clock: Arc<dyn Clock>,
    sink: ExchangeSink,
    resolver: Resolver,
}

impl CodeSignIn {
    pub fn new(vault: Arc<dyn Vault>, clock: Arc<dyn Clock>, sink: ExchangeSink) -> Self {
        Self { vault, clock, sink, resolver: Resolver::system() }
    }

    /// Ends even when whoever asked goes away: a code works once, and what it gave must be kept.
    pub async fn redeem(&self, route: Route, code: CodeGrant) -> Result<SignedIn, CodeError> {
        let prepared =
            Prepared::new(route, &self.resolver, None).map_err(|refusal| CodeError::NotPossible(refusal.message))?;
        let client = prepared.client().map_err(|error| CodeError::NotPossible(error.to_string()))?;
        let Method::Token { grant: Grant::RefreshToken, url } = &prepared.signing.method else {
            return Err(CodeError::NotPossible(
                "the connection does not sign in by a person; choose auth = \"oauth2-authorization-code\" in its setup"
                    .to_owned(),
            ));
        };
        let url = url.clone();
        let flight = Flight {
            vault: Arc::clone(&self.vault),
            clock: Arc::clone(&self.clock),
            sink: self.sink.clone(),
            guard: Arc::clone(&prepared.guard),
            client,
            signing: Arc::clone(&prepared.signing),
            scope: prepared.secret_scope(),
            caller: prepared.caller.clone(),
        };
        let done = tokio::spawn(async move {
            let access = exchange(&flight, &url, &code).await?;
            let tenants = match prepared.route.auth.as_ref().and_then(|auth| auth.tenants.as_ref()) {
                Some(list) => Some(tenants(&flight, &prepared.route.base_url, list, &access).await),
                None => None,
            };
            Ok(SignedIn { tenants })
        });
        done.await.unwrap_or_else(|_| Err(CodeError::Lost("the sign-in broke off".to_owned())))
    }
}

/// Nobody refreshes while this goes on: a former token's successor must not overwrite the new sign-in.
async fn exchange(flight: &Flight, url: &Url, code: &CodeGrant) -> Result<Secret, CodeError> {
    let shared = share::of(&flight.vault, flight.home());
    let mut state = Arc::clone(&shared.state).lock_owned().await;
    let mut credentials = flight.credentials().await.map_err(of_send)?;
    let request = grant::code_request(code, &flight.signing, &credentials).map_err(of_send)?;
    let scrubber = Scrubber::of(credentials.secrets().chain([&code.code, &code.verifier]));
    let granted = ask(flight, request, url, &scrubber).await.map_err(failed)?;
    let next = granted.refresh.clone().ok_or(CodeError::NoRefreshToken)?;
    keep(flight, &next).await.map_err(|error| CodeError::NotKept(error.to_string()))?;
    credentials.put(REFRESH_TOKEN, next);
    let serial = shared.flights.fetch_add(1, Ordering::SeqCst) + 1;
    state.begin_anew(Token::of(&granted, flight, credentials.fingerprint(url), serial));
    Ok(granted.access)
}

fn of_send(error: SendError) -> CodeError {
    match error {
        SendError::Refused(refusal) => CodeError::NotPossible(refusal.message),
        SendError::SignIn { message, needs_person: true } => CodeError::NotPossible(message),
        SendError::AnswerLost { message } => CodeError::Lost(message),
        other => CodeError::Unreachable(other.to_string()),
    }
}

fn failed(failed: Failed) -> CodeError {
    match failed {
        Failed::Error(error) => of_send(error),
        Failed::Not(NotGranted::InvalidGrant { message }) => CodeError::CodeRefused(message),
        Failed::Not(NotGranted::Credentials { message }) => CodeError::AppRefused(message),
        Failed::Not(NotGranted::Later { until }) => CodeError::Later { until },
        Failed::Not(NotGranted::Transient { message }) => CodeError::Unreachable(message),
        Failed::Not(NotGranted::Lost { message }) => CodeError::Lost(message),
    }
}

/// What the sign-in opens. It stands whatever becomes of this read.
async fn tenants(flight: &Flight, base_url: &str, list: &TenantList, access: &Secret) -> Result<Vec<Tenant>, String> {
    let mut url = Url::parse(base_url).map_err(|error| error.to_string())?;
    url.set_query(None);
    url.set_path(&list.path);
    let scrubber = Scrubber::of([access]);
    let draft = Draft {
        at: flight.clock.now(),
        caller: flight.caller.clone(),
        operation: "list accounts".to_owned(),
        method: HttpMethod::GET.to_string(),
        path: shown_url(&url, &scrubber),
    };
    let begun = Instant::now();
    match read(flight, url, access, begun + LIST_WITHIN).await {
        Ok(answer) => {
            flight.sink.put(draft.answered(answer.status, begun.elapsed(), ""));
            if answer.status != 200 {
                return Err(format!("the list of accounts was answered with {}", answer.status));
            }
            found(&answer.body, list)
        }
        Err(error) => {
            flight.sink.put(draft.failed(&error, begun.elapsed(), &scrubber));
            Err(cut(&scrubber.text(&error.to_string()), LONGEST_MESSAGE))
        }
    }
}

async fn read(flight: &Flight, url: Url, access: &Secret, deadline: Instant) -> Result<wire::Answer, SendError> {
    let mut headers = HeaderMap::new();
    headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
    let (name, value) = hidden(AUTHORIZATION.as_str(), &format!("Bearer {}", access.reveal()))?;
    headers.insert(name, value);
    flight.guard.check(&url).await?;
    let sheet = Sheet { method: HttpMethod::GET, url, headers, body: Vec::new(), deadline, limit: LARGEST_LIST };
    wire::transmit(&flight.client, sheet).await
}

fn found(body: &[u8], list: &TenantList) -> Result<Vec<Tenant>, String> {
    let Ok(Value::Array(rows)) = serde_json::from_slice(body) else {
        return Err("the list of accounts is none".to_owned());
    };
    let text = |row: &Value, field: &str| row.get(field).and_then(Value::as_str).map(str::to_owned);
    let wanted =
        |row: &&Value| list.only.as_ref().is_none_or(|(field, value)| text(row, field).as_ref() == Some(value));
    let tenant = |row: &Value| {
        let id = text(row, &list.id).filter(|id| !id.is_empty())?;
        Some(Tenant { name: text(row, &list.name).unwrap_or_else(|| id.clone()), id })
    };
    Ok(rows.iter().filter(wanted).filter_map(tenant).take(MOST_TENANTS).collect())
}
