//! What the door must know of a configured marketplace: where it is, what may be called, how to sign in, how fast.
//! Names of secrets only.

use std::time::Duration;

use counterfoil_domain::card::{Allowed, Auth, AuthScheme, BudgetLimit, BudgetScope, Budgets, EffectKind, Egress};
use counterfoil_domain::connection::Marketplace;
use counterfoil_domain::ports::{Caller, Route};

use crate::ask::concurrency;
use crate::simple_api::{SetupProblem, number_setting};

const READS: &[&str] =
    &["/orders", "/orders/{id}", "/customers", "/customers/{id}", "/subscriptions", "/subscriptions/{id}", "/products"];

/// 500 rows of the largest lists seen are below 2 MiB.
const LARGEST_ANSWER: usize = 32 << 20;

/// Every setting that a marketplace of this kind understands, and what it says.
pub const SETTINGS: &[(&str, &str)] = &[
    ("sign_in", "token (the API's own token, the default) or oidc (an identity provider's password grant)"),
    ("marketplace", "sign_in = token: the marketplace's code, such as us"),
    ("realm_url", "sign_in = oidc: the identity provider's address, such as https://login.example.com"),
    ("realm", "sign_in = oidc: the realm's name"),
    ("client_id", "sign_in = oidc: the client's name"),
    ("token_url", "instead of the usual token address"),
    ("username", "the API user, where it is not kept as a secret"),
    ("calls", "how many calls the subscription key allows in a window; not set: only the API's own refusals count"),
    ("window_seconds", "the length of that window (60)"),
    ("concurrency", "how many calls run at a time (4)"),
    ("tries", "how often a call is tried (6)"),
    ("longest_wait_seconds", "the longest wait that a check sits out itself (30)"),
    ("currency", "the currency of orders that name none"),
];

pub fn route(marketplace: &Marketplace) -> Result<Route, SetupProblem> {
    let base_url = marketplace.location.trim().trim_end_matches('/').to_owned();
    if base_url.is_empty() {
        return Err(missing(
            marketplace,
            "location",
            "set it to the API's base URL, such as https://api.cloud.im/marketplace/eu",
        ));
    }
    let (auth, auth_parameters) = sign_in(marketplace, &base_url)?;
    let read = |path: &&str| allowed("GET", path);
    let mut allow: Vec<Allowed> = READS.iter().map(read).collect();
    if !is_oidc(marketplace)? {
        allow.push(allowed("POST", "/token"));
    }
    Ok(Route {
        caller: Caller::Marketplace(marketplace.id.clone()),
        discovery: None,
        egress: Egress {
            base_url: base_url.clone(),
            discovery: None,
            allow,
            request_headers: vec!["Accept".to_owned()],
            response_headers: ["Content-Type", "Retry-After", "X-Correlation-ID"].map(str::to_owned).to_vec(),
            max_response_bytes: LARGEST_ANSWER,
            timeout: Duration::from_secs(60),
        },
        base_url,
        auth: Some(auth),
        static_headers: vec![("Accept".to_owned(), "application/json".to_owned())],
        budgets: budgets(marketplace)?,
        app: marketplace.kind.name().to_owned(),
        exceptions: marketplace.exceptions.clone(),
        auth_parameters,
    })
}

fn allowed(method: &str, path: &str) -> Allowed {
    // Asking for a token changes nothing that anybody is billed for.
    Allowed { method: method.to_owned(), path: path.to_owned(), effect: EffectKind::Read }
}

fn is_oidc(marketplace: &Marketplace) -> Result<bool, SetupProblem> {
    match setting(marketplace, "sign_in") {
        None | Some("token") => Ok(false),
        Some("oidc") => Ok(true),
        Some(other) => Err(SetupProblem::Wrong {
            marketplace: marketplace.id.to_string(),
            name: "sign_in",
            value: other.to_owned(),
            help: "token or oidc is expected",
        }),
    }
}

fn sign_in(marketplace: &Marketplace, base_url: &str) -> Result<(Auth, Vec<(String, String)>), SetupProblem> {
    let given = |name| setting(marketplace, name);
    let need = |name, help| given(name).ok_or_else(|| missing(marketplace, name, help));
    let mut parameters = Vec::new();
    let mut secrets = vec!["username", "password", "subscription_key"];
    let mut scopes = Vec::new();
    let token_url = if is_oidc(marketplace)? {
        parameters.push(("grant", "password"));
        parameters.push(("client_id", need("client_id", "set it to the client's name at the identity provider")?));
        secrets.push("client_secret");
        scopes.push("openid".to_owned());
        match given("token_url") {
            Some(url) => url.to_owned(),
            None => {
                let provider = need("realm_url", "set it to the identity provider's address, or set token_url")?;
                let realm = need("realm", "set it to the realm's name, or set token_url")?;
                parameters.push(("realm", realm));
                format!("{}/auth/realms/{realm}/protocol/openid-connect/token", provider.trim_end_matches('/'))
            }
        }
    } else {
        parameters.push(("grant", "cloudblue-token"));
        parameters.push(("marketplace", need("marketplace", "set it to the marketplace's code, such as us")?));
        given("token_url").map_or_else(|| format!("{base_url}/token"), str::to_owned)
    };
    if let Some(username) = given("username") {
        parameters.push(("username", username));
        secrets.retain(|name| *name != "username");
    }
    parameters.push(("secret-header:X-Subscription-Key", "subscription_key"));
    let auth = Auth {
        scheme: AuthScheme::ClientCredentials,
        authorize_url: None,
        token_url: Some(token_url),
        scopes,
        secrets: secrets.into_iter().map(str::to_owned).collect(),
        header: None,
        refresh_days: None,
        tenants: None,
    };
    Ok((auth, parameters.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()))
}

/// The API's limits are not published and hang on the subscription key: none is assumed, refusals are heeded.
fn budgets(marketplace: &Marketplace) -> Result<Budgets, SetupProblem> {
    let calls = number_setting(marketplace, "calls", 1..=1_000_000, "a number of calls is expected")?;
    let window =
        number_setting(marketplace, "window_seconds", 1..=86_400, "a number of seconds up to a day is expected")?;
    let limit = calls.map(|calls| BudgetLimit {
        scope: BudgetScope::Connection,
        calls,
        window: Duration::from_secs(u64::from(window.unwrap_or(60))),
        remaining_header: None,
    });
    Ok(Budgets {
        concurrency: concurrency(marketplace)?,
        limits: limit.into_iter().collect(),
        retry_after_header: "Retry-After".to_owned(),
        problem_header: None,
    })
}

fn setting<'a>(marketplace: &'a Marketplace, name: &str) -> Option<&'a str> {
    marketplace.settings.get(name).map(|value| value.trim()).filter(|value| !value.is_empty())
}

fn missing(marketplace: &Marketplace, name: &'static str, help: &'static str) -> SetupProblem {
    SetupProblem::Missing { marketplace: marketplace.id.to_string(), name, help }
}
