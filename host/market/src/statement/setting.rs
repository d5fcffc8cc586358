//! Settings that both sources have, and the parts of a route that both have in common.

use std::time::Duration;

use counterfoil_domain::card::{Allowed, Auth, AuthScheme, BudgetLimit, BudgetScope, Budgets, EffectKind, Egress};
use counterfoil_domain::connection::Marketplace;
use counterfoil_domain::ports::{Caller, Route};

use super::date::DateOrder;
use crate::ask::concurrency;
use crate::simple_api::{SetupProblem, number_setting};

/// No source publishes its limits: an own one keeps us from finding them.
const CALLS: u32 = 600;
const WINDOW: u32 = 60;
/// Base64 of the records of the largest statements seen is far below.
const LARGEST_ANSWER: usize = 128 << 20;

pub(crate) fn given<'a>(marketplace: &'a Marketplace, name: &str) -> Option<&'a str> {
    marketplace.settings.get(name).map(|value| value.trim()).filter(|value| !value.is_empty())
}

pub(crate) fn wrong(marketplace: &Marketplace, name: &'static str, value: &str, help: &'static str) -> SetupProblem {
    SetupProblem::Wrong { marketplace: marketplace.id.to_string(), name, value: value.to_owned(), help }
}

/// "4711, 4712"
pub(crate) fn numbers(
    marketplace: &Marketplace,
    name: &'static str,
    help: &'static str,
) -> Result<Vec<String>, SetupProblem> {
    let Some(text) = given(marketplace, name) else { return Ok(Vec::new()) };
    let all: Vec<String> = text.split(',').map(|one| one.trim().to_owned()).filter(|one| !one.is_empty()).collect();
    let is_number = |one: &String| one.len() <= 12 && one.bytes().all(|b| b.is_ascii_digit());
    if all.iter().all(is_number) { Ok(all) } else { Err(wrong(marketplace, name, text, help)) }
}

pub(crate) fn date_order(marketplace: &Marketplace) -> Result<Option<DateOrder>, SetupProblem> {
    let Some(text) = given(marketplace, "date_order") else { return Ok(None) };
    let order = DateOrder::parse(text);
    order.map(Some).ok_or_else(|| wrong(marketplace, "date_order", text, "day-first or month-first is expected"))
}

/// How a source signs in.
#[derive(Debug)]
pub(crate) struct SignIn {
    pub(crate) grant: &'static str,
    pub(crate) token_url: String,
    pub(crate) scope: &'static str,
    /// Those that a setting may give instead of a secret.
    pub(crate) plain: &'static [&'static str],
    pub(crate) secrets: &'static [&'static str],
}

/// Reads and nothing else: the user may well be allowed to buy.
pub(crate) fn route_of(
    marketplace: &Marketplace,
    base_url: String,
    reads: &[&str],
    sign_in: SignIn,
) -> Result<Route, SetupProblem> {
    let mut auth_parameters = vec![("grant".to_owned(), sign_in.grant.to_owned())];
    let mut secrets: Vec<String> = sign_in.secrets.iter().map(|name| (*name).to_owned()).collect();
    for name in sign_in.plain {
        if let Some(value) = given(marketplace, name) {
            auth_parameters.push(((*name).to_owned(), value.to_owned()));
            secrets.retain(|secret| secret != name);
        }
    }
    let allowed =
        |path: &&str| Allowed { method: "GET".to_owned(), path: (*path).to_owned(), effect: EffectKind::Read };
    Ok(Route {
        caller: Caller::Marketplace(marketplace.id.clone()),
        discovery: None,
        egress: Egress {
            base_url: base_url.clone(),
            discovery: None,
            allow: reads.iter().map(allowed).collect(),
            request_headers: vec!["Accept".to_owned()],
            response_headers: ["Content-Type", "Retry-After", "X-Correlation-ID"].map(str::to_owned).to_vec(),
            max_response_bytes: LARGEST_ANSWER,
            timeout: Duration::from_secs(120),
        },
        base_url,
        auth: Some(Auth {
            scheme: AuthScheme::ClientCredentials,
            authorize_url: None,
            token_url: Some(sign_in.token_url),
            scopes: vec![sign_in.scope.to_owned()],
            secrets,
            header: None,
            refresh_days: None,
            tenants: None,
        }),
        static_headers: vec![("Accept".to_owned(), "application/json".to_owned())],
        budgets: budgets(marketplace)?,
        app: marketplace.kind.name().to_owned(),
        exceptions: marketplace.exceptions.clone(),
        auth_parameters,
    })
}

fn budgets(marketplace: &Marketplace) -> Result<Budgets, SetupProblem> {
    let calls = number_setting(marketplace, "calls", 1..=1_000_000, "a number of calls is expected")?;
    let window =
        number_setting(marketplace, "window_seconds", 1..=86_400, "a number of seconds up to a day is expected")?;
    Ok(Budgets {
        concurrency: concurrency(marketplace)?,
        limits: vec![BudgetLimit {
            scope: BudgetScope::Connection,
            calls: calls.unwrap_or(CALLS),
            window: Duration::from_secs(u64::from(window.unwrap_or(WINDOW))),
            remaining_header: None,
        }],
        retry_after_header: "Retry-After".to_owned(),
        problem_header: None,
    })
}
