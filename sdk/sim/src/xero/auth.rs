//! Owns consent and tokens: codes with their proof, issue, rotation with its grace, expiry, scopes. Does not own which
//! organisations exist.

use std::collections::HashMap;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use chrono::{DateTime, Duration, Utc};
use sha2::{Digest as _, Sha256};

use super::answer::Answer;
use super::config::{AppMode, XeroConfig};
use super::ids::Ids;
use super::json::Json;

/// A refresh token dies unused after this.
const REFRESH_LIFETIME: Duration = Duration::days(60);
const CODE_LIFETIME: Duration = Duration::minutes(5);
/// Asked for rather than granted: it only makes a refresh token come.
const OFFLINE: &str = "offline_access";

#[derive(Debug, Clone)]
struct Access {
    expires: DateTime<Utc>,
    scopes: Vec<String>,
}

#[derive(Debug, Clone)]
struct Refresh {
    issued: DateTime<Utc>,
    rotated: Option<DateTime<Utc>>,
    scopes: Vec<String>,
}

/// What a code was handed out for.
#[derive(Debug, Clone)]
struct Consent {
    redirect_uri: String,
    /// Of PKCE, where the app sent one.
    challenge: Option<String>,
    scopes: Vec<String>,
    given: DateTime<Utc>,
}

#[derive(Debug)]
pub(crate) struct Tokens {
    ids: Ids,
    consents: HashMap<String, Consent>,
    /// The person at the page says no.
    pub(crate) denies: bool,
    access: HashMap<String, Access>,
    refresh: HashMap<String, Refresh>,
    spent_codes: Vec<String>,
}

/// A posted form: names and values.
pub(crate) type Form = [(String, String)];

fn field<'a>(form: &'a Form, name: &str) -> Option<&'a str> {
    form.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
}

fn oauth_error(code: &str) -> Answer {
    Answer::json(400, &Json::object([("error", code.into())]))
}

/// The `Detail` of a problem body, as Xero words it.
pub(crate) fn problem(status: u16, title: &str, detail: &str, instance: &str) -> Answer {
    let body = Json::Object(vec![
        ("Type".to_owned(), Json::Null),
        ("Title".to_owned(), title.into()),
        ("Status".to_owned(), Json::whole(status)),
        ("Detail".to_owned(), detail.into()),
        ("Instance".to_owned(), instance.into()),
        ("Extensions".to_owned(), Json::Object(Vec::new())),
    ]);
    Answer::json(status, &body)
}

impl Tokens {
    pub(crate) fn new() -> Self {
        Self {
            ids: Ids::new("tokens"),
            consents: HashMap::new(),
            denies: false,
            access: HashMap::new(),
            refresh: HashMap::new(),
            spent_codes: Vec::new(),
        }
    }

    /// `GET /identity/connect/authorize`: the person is signed in and consents at once, to every organisation. Where to
    /// go back to, or what the page says instead when the request is not even one of this app.
    pub(crate) fn authorize(
        &mut self,
        config: &XeroConfig,
        query: &Form,
        now: DateTime<Utc>,
    ) -> Result<String, &'static str> {
        if !matches!(config.mode, AppMode::AuthorizationCode { .. }) {
            return Err("unauthorized_client");
        }
        if field(query, "client_id") != Some(config.client_id.as_str()) {
            return Err("invalid_client");
        }
        let redirect_uri = field(query, "redirect_uri").filter(|uri| !uri.is_empty()).ok_or("invalid_redirect_uri")?;
        let back = |name: &str, value: &str| {
            let state = field(query, "state").map(|state| format!("&state={}", escaped(state))).unwrap_or_default();
            let joint = if redirect_uri.contains('?') { '&' } else { '?' };
            format!("{redirect_uri}{joint}{name}={}{state}", escaped(value))
        };
        let scopes: Vec<String> =
            field(query, "scope").unwrap_or_default().split_whitespace().map(str::to_owned).collect();
        let is_offered = |scope: &String| scope == OFFLINE || config.scopes.contains(scope);
        let challenge = field(query, "code_challenge").map(str::to_owned);
        if field(query, "response_type") != Some("code") {
            return Ok(back("error", "unsupported_response_type"));
        }
        if scopes.is_empty() || !scopes.iter().all(is_offered) {
            return Ok(back("error", "invalid_scope"));
        }
        if challenge.is_some() && field(query, "code_challenge_method") != Some("S256") {
            return Ok(back("error", "invalid_request"));
        }
        if self.denies {
            return Ok(back("error", "access_denied"));
        }
        let code = self.ids.token("code");
        let consent = Consent { redirect_uri: redirect_uri.to_owned(), challenge, scopes, given: now };
        self.consents.insert(code.clone(), consent);
        Ok(back("code", &code))
    }

    /// As if all tokens had come by a consent without this scope.
    pub(crate) fn drop_scope(&mut self, scope: &str) {
        let access = self.access.values_mut().map(|access| &mut access.scopes);
        let refresh = self.refresh.values_mut().map(|refresh| &mut refresh.scopes);
        for scopes in access.chain(refresh) {
            scopes.retain(|known| known != scope);
        }
    }

    /// `POST /connect/token`.
    pub(crate) fn grant(
        &mut self,
        config: &XeroConfig,
        basic: Option<&str>,
        form: &Form,
        now: DateTime<Utc>,
    ) -> Answer {
        if !client_is_known(config, basic, form) {
            return oauth_error("invalid_client");
        }
        match (field(form, "grant_type"), &config.mode) {
            (Some("client_credentials"), AppMode::CustomConnection) => match asked_scopes(config, form) {
                Some(scopes) => self.issue(config, scopes, false, now),
                None => oauth_error("invalid_scope"),
            },
            (Some("authorization_code"), AppMode::AuthorizationCode { codes }) => {
                let code = field(form, "code").unwrap_or_default().to_owned();
                if let Some(consent) = self.consents.remove(&code) {
                    return match consent.is_met_by(form, now) {
                        true => self.issue(config, consent.scopes, true, now),
                        false => oauth_error("invalid_grant"),
                    };
                }
                if !codes.contains(&code) || self.spent_codes.contains(&code) {
                    return oauth_error("invalid_grant");
                }
                self.spent_codes.push(code);
                self.issue(config, config.scopes.clone(), true, now)
            }
            (Some("refresh_token"), AppMode::AuthorizationCode { .. }) => {
                self.rotate(config, field(form, "refresh_token").unwrap_or_default(), now)
            }
            (Some("client_credentials" | "authorization_code" | "refresh_token"), _) => {
                oauth_error("unauthorized_client")
            }
            _ => oauth_error("unsupported_grant_type"),
        }
    }

    /// A rotated token is taken for a while, for the client that never got its successor.
    fn rotate(&mut self, config: &XeroConfig, token: &str, now: DateTime<Utc>) -> Answer {
        let Some(refresh) = self.refresh.get_mut(token) else {
            return oauth_error("invalid_grant");
        };
        let in_grace = refresh.rotated.is_none_or(|at| now - at <= config.refresh_grace);
        if !in_grace || now - refresh.issued > REFRESH_LIFETIME {
            return oauth_error("invalid_grant");
        }
        refresh.rotated.get_or_insert(now);
        let scopes = refresh.scopes.clone();
        self.issue(config, scopes, true, now)
    }

    fn issue(&mut self, config: &XeroConfig, scopes: Vec<String>, refreshable: bool, now: DateTime<Utc>) -> Answer {
        let token = self.ids.token("access");
        let expires = now + config.access_token_lifetime;
        self.access.insert(token.clone(), Access { expires, scopes: scopes.clone() });
        let offline = refreshable && scopes.iter().any(|scope| scope == OFFLINE);
        let refresh = offline.then(|| {
            let refresh = self.ids.token("refresh");
            let record = Refresh { issued: now, rotated: None, scopes: scopes.clone() };
            self.refresh.insert(refresh.clone(), record);
            refresh
        });
        let body = Json::object([
            ("access_token", Json::Text(token)),
            ("expires_in", Json::whole(config.access_token_lifetime.num_seconds())),
            ("token_type", "Bearer".into()),
            ("refresh_token", refresh.into()),
            ("scope", Json::Text(scopes.join(" "))),
        ]);
        Answer::json(200, &body)
    }

    /// The scopes of a bearer token, or the 401 for it.
    pub(crate) fn check(&mut self, bearer: Option<&str>, now: DateTime<Utc>) -> Result<Vec<String>, Answer> {
        let known = bearer.and_then(|token| self.access.get(token)).cloned();
        let instance = self.ids.guid();
        match known {
            None => Err(problem(401, "Unauthorized", "AuthenticationUnsuccessful", &instance)),
            Some(access) if now >= access.expires => {
                let at = access.expires.format("%m/%d/%Y %H:%M:%S");
                let detail = format!("TokenExpired: token expired at {at}");
                Err(problem(401, "Unauthorized", &detail, &instance))
            }
            Some(access) => Ok(access.scopes),
        }
    }

    pub(crate) fn insufficient_scope(&mut self) -> Answer {
        problem(401, "Unauthorized", "AuthorizationUnsuccessful", &self.ids.guid())
            .with("WWW-Authenticate", "Bearer error=\"insufficient_scope\"")
    }

    pub(crate) fn wrong_tenant(&mut self) -> Answer {
        problem(403, "Forbidden", "AuthenticationUnsuccessful", &self.ids.guid())
    }

    /// Every access token is void, as after a revocation.
    pub(crate) fn forget_access(&mut self) {
        self.access.clear();
    }
}

impl Consent {
    /// The same address, in time, and the proof that who asks is who began.
    fn is_met_by(&self, form: &Form, now: DateTime<Utc>) -> bool {
        let proof = field(form, "code_verifier").map(|verifier| URL_SAFE_NO_PAD.encode(Sha256::digest(verifier)));
        field(form, "redirect_uri") == Some(self.redirect_uri.as_str())
            && now - self.given <= CODE_LIFETIME
            && proof == self.challenge
    }
}

fn escaped(text: &str) -> String {
    text.bytes().fold(String::new(), |out, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out + char::from(byte).encode_utf8(&mut [0; 4])
        } else {
            out + &format!("%{byte:02X}")
        }
    })
}

fn client_is_known(config: &XeroConfig, basic: Option<&str>, form: &Form) -> bool {
    let wanted = format!("{}:{}", config.client_id, config.client_secret);
    match basic {
        Some(encoded) => STANDARD.decode(encoded.trim()).is_ok_and(|decoded| decoded == wanted.as_bytes()),
        None => {
            field(form, "client_id") == Some(config.client_id.as_str())
                && field(form, "client_secret") == Some(config.client_secret.as_str())
        }
    }
}

fn asked_scopes(config: &XeroConfig, form: &Form) -> Option<Vec<String>> {
    let Some(asked) = field(form, "scope").filter(|asked| !asked.trim().is_empty()) else {
        return Some(config.scopes.clone());
    };
    let asked: Vec<String> = asked.split_whitespace().map(str::to_owned).collect();
    asked.iter().all(|scope| config.scopes.contains(scope)).then_some(asked)
}

/// Whether one of the scopes opens this resource; `.read` opens it for reading only.
pub(crate) fn opens(scopes: &[String], resource: &str, reading: bool) -> bool {
    let wanted: &[&str] = match resource {
        "Contacts" => &["accounting.contacts"],
        "Invoices" | "CreditNotes" => &["accounting.invoices", "accounting.transactions"],
        "Payments" => &["accounting.payments", "accounting.transactions"],
        // Items too: the vendor's scope page says otherwise, its servers do not.
        _ => &["accounting.settings"],
    };
    scopes.iter().any(|scope| {
        let scope = if reading { scope.trim_end_matches(".read") } else { scope.as_str() };
        wanted.contains(&scope)
    })
}
