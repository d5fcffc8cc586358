//! What the door must know of a configured PRISM: where it is, what may be read, how to sign in, how fast. Names of secrets
//! only.

use counterfoil_domain::connection::Marketplace;
use counterfoil_domain::ports::Route;

use crate::simple_api::SetupProblem;
use crate::statement::{DateOrder, SignIn, date_order, given, numbers, route_of};

const TOKEN_URL: &str = "https://identity.prismportal.online/core/connect/token";

const READS: &[&str] = &[
    "/api/v2/invoices",
    "/api/v1/me/invoice/{id}/csv",
    "/api/v2/microsoftcsp/tenants",
    "/api/v2/contractagreements/{id}/tenants",
    "/api/v2/me/pricing/{id}/pricelist/{year}/{month}/{day}/",
];

/// Programs whose names begin so: "Microsoft CSP Indirect".
const PROGRAM: &str = "Microsoft CSP";

/// Every setting that a marketplace of this kind understands, and what it says.
pub const SETTINGS: &[(&str, &str)] = &[
    (
        "agreements",
        "numbers of contract agreements whose subscriptions and prices are read, beside those of the tenants",
    ),
    ("program", "how the names of the programs begin whose invoices are read (Microsoft CSP)"),
    ("client_id", "the API client's id, where it is not kept as a secret"),
    ("token_url", "instead of https://identity.prismportal.online/core/connect/token"),
    ("date_order", "day-first or month-first, where the dates of an invoice do not tell"),
    ("calls", "how many calls are made in a window at most (600)"),
    ("window_seconds", "the length of that window (60)"),
    ("concurrency", "how many calls run at a time (4)"),
    ("tries", "how often a call is tried (6)"),
    ("longest_wait_seconds", "the longest wait that a check sits out itself (30)"),
    ("currency", "the currency of invoices that name none"),
];

pub fn route(marketplace: &Marketplace) -> Result<Route, SetupProblem> {
    let base_url = marketplace.location.trim().trim_end_matches('/').to_owned();
    if base_url.is_empty() {
        return Err(SetupProblem::Missing {
            marketplace: marketplace.id.to_string(),
            name: "location",
            help: "set it to the API's address, https://api.prismportal.online",
        });
    }
    settings(marketplace)?;
    let sign_in = SignIn {
        grant: "client-credentials-form",
        token_url: given(marketplace, "token_url").unwrap_or(TOKEN_URL).to_owned(),
        scope: "rhipeapi",
        plain: &["client_id"],
        secrets: &["client_id", "client_secret"],
    };
    route_of(marketplace, base_url, READS, sign_in)
}

/// What else is set, read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Settings {
    pub(super) agreements: Vec<String>,
    pub(super) program: String,
    pub(super) dates: Option<DateOrder>,
}

pub(super) fn settings(marketplace: &Marketplace) -> Result<Settings, SetupProblem> {
    let agreements =
        numbers(marketplace, "agreements", "numbers of contract agreements are expected, such as 4711, 4712")?;
    let program = given(marketplace, "program").unwrap_or(PROGRAM).to_lowercase();
    Ok(Settings { agreements, program, dates: date_order(marketplace)? })
}
