//! What the door must know of a catalog API: where it is, what may be called, how to sign in, how fast. Names of secrets
//! only.

use std::time::Duration;

use counterfoil_domain::card::{Allowed, Auth, AuthScheme, BudgetLimit, BudgetScope, Budgets, EffectKind, Egress};
use counterfoil_domain::catalog::DisplayPolicy;
use counterfoil_domain::connection::Marketplace;
use counterfoil_domain::ports::{Caller, Route};

use crate::simple_api::{SetupProblem, number_setting};

/// 500 plans with 40 rates each are below 16 MiB.
const LARGEST_ANSWER: usize = 64 << 20;
const CONCURRENCY: u32 = 4;

/// Every setting that a marketplace of this kind understands, and what it says.
pub const SETTINGS: &[(&str, &str)] = &[
    ("calls", "how many calls the API allows in a window; not set: only its own refusals count"),
    ("window_seconds", "the length of that window (60)"),
    DISPLAY,
];

/// Every setting of a folder of catalogs.
pub const FILE_SETTINGS: &[(&str, &str)] = &[DISPLAY];

const DISPLAY: (&str, &str) = (
    "display_category",
    "preserve (the default) or follow: whether Display Category in Customer Control Panel is sent",
);

/// What is wrong with the settings that both kinds have.
pub fn check_settings(marketplace: &Marketplace) -> Result<(), SetupProblem> {
    match marketplace.settings.get(DISPLAY.0) {
        Some(text) if DisplayPolicy::parse(text).is_none() => Err(SetupProblem::Wrong {
            marketplace: marketplace.id.to_string(),
            name: DISPLAY.0,
            value: text.clone(),
            help: "preserve or follow is expected",
        }),
        _ => Ok(()),
    }
}

pub fn route(marketplace: &Marketplace) -> Result<Route, SetupProblem> {
    check_settings(marketplace)?;
    let base_url = marketplace.location.trim().trim_end_matches('/').to_owned();
    if base_url.is_empty() {
        return Err(SetupProblem::Missing {
            marketplace: marketplace.id.to_string(),
            name: "location",
            help: "set it to the API's base URL, such as https://plans.example.com/v1",
        });
    }
    let allowed =
        |method: &str, path: &str, effect| Allowed { method: method.to_owned(), path: path.to_owned(), effect };
    Ok(Route {
        caller: Caller::Marketplace(marketplace.id.clone()),
        egress: Egress {
            base_url: base_url.clone(),
            allow: vec![
                allowed("GET", "/catalog/provider", EffectKind::Read),
                allowed("GET", "/catalog/resellers", EffectKind::Read),
                allowed("GET", "/catalog/resellers/{reseller}", EffectKind::Read),
                allowed("PUT", "/catalog/resellers/{reseller}", EffectKind::Write),
            ],
            request_headers: ["Accept", "Content-Type", "If-Match"].map(str::to_owned).to_vec(),
            response_headers: ["Content-Type", "ETag", "Retry-After"].map(str::to_owned).to_vec(),
            max_response_bytes: LARGEST_ANSWER,
            timeout: Duration::from_secs(60),
            discovery: None,
        },
        base_url,
        auth: Some(Auth {
            scheme: AuthScheme::Bearer,
            authorize_url: None,
            token_url: None,
            scopes: Vec::new(),
            secrets: vec!["token".to_owned()],
            header: None,
            refresh_days: None,
            tenants: None,
        }),
        static_headers: vec![("Accept".to_owned(), "application/json".to_owned())],
        budgets: budgets(marketplace)?,
        app: marketplace.kind.name().to_owned(),
        exceptions: marketplace.exceptions.clone(),
        auth_parameters: Vec::new(),
        discovery: None,
    })
}

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
        concurrency: CONCURRENCY,
        limits: limit.into_iter().collect(),
        retry_after_header: "Retry-After".to_owned(),
        problem_header: None,
    })
}
