//! What the door must know of a configured Cloud-iQ: where it is, what may be read, how to sign in, how fast. Names of secrets
//! only.

use counterfoil_domain::connection::Marketplace;
use counterfoil_domain::ports::Route;

use crate::simple_api::SetupProblem;
use crate::statement::{SignIn, date_order, given, numbers, route_of};

/// One scope opens everything, buying included: this list is what keeps us from it.
const READS: &[&str] = &[
    "/organizations",
    "/customertenants",
    "/subscriptions",
    "/agreementproducts",
    "/billingstatements",
    "/billingstatements/{id}/billingrecordsfile",
];

/// Every setting that a marketplace of this kind understands, and what it says.
pub const SETTINGS: &[(&str, &str)] = &[
    (
        "organizations",
        "numbers of the organizations to read, such as \"4711, 4712\"; not set: all that the API user sees",
    ),
    ("agreement_types", "numbers of the agreement types whose price list is read, such as \"13\"; not set: all"),
    ("client_id", "the API client's id, where it is not kept as a secret"),
    ("username", "the API user, where it is not kept as a secret"),
    ("token_url", "instead of the usual token address"),
    ("date_order", "day-first or month-first, where dates of a file do not tell"),
    ("calls", "how many calls are made in a window at most (600)"),
    ("window_seconds", "the length of that window (60)"),
    ("concurrency", "how many calls run at a time (4)"),
    ("tries", "how often a call is tried (6)"),
    ("longest_wait_seconds", "the longest wait that a check sits out itself (30)"),
    ("currency", "the currency of statements that name none"),
];

pub fn route(marketplace: &Marketplace) -> Result<Route, SetupProblem> {
    let base_url = base_url(marketplace)?;
    settings(marketplace)?;
    let token_url = given(marketplace, "token_url").map_or_else(|| format!("{base_url}/connect/token"), str::to_owned);
    let sign_in = SignIn {
        grant: "password-basic",
        token_url,
        scope: "CustomerApi",
        plain: &["client_id", "username"],
        secrets: &["client_id", "client_secret", "username", "password"],
    };
    route_of(marketplace, base_url, READS, sign_in)
}

/// With the version that the paths hang below.
fn base_url(marketplace: &Marketplace) -> Result<String, SetupProblem> {
    let location = marketplace.location.trim().trim_end_matches('/');
    if location.is_empty() {
        return Err(SetupProblem::Missing {
            marketplace: marketplace.id.to_string(),
            name: "location",
            help: "set it to the API's base URL, such as https://api.crayon.com/api/v1",
        });
    }
    let host = location.split_once("://").map_or(location, |(_, rest)| rest);
    Ok(if host.contains('/') { location.to_owned() } else { format!("{location}/api/v1") })
}

/// What else is set, read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Settings {
    pub(super) organizations: Vec<String>,
    pub(super) agreement_types: Vec<String>,
    pub(super) dates: Option<crate::statement::DateOrder>,
}

pub(super) fn settings(marketplace: &Marketplace) -> Result<Settings, SetupProblem> {
    Ok(Settings {
        organizations: numbers(
            marketplace,
            "organizations",
            "numbers of organizations are expected, such as 4711, 4712",
        )?,
        agreement_types: numbers(marketplace, "agreement_types", "numbers are expected, such as 13")?,
        dates: date_order(marketplace)?,
    })
}
