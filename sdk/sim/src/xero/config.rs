//! Owns how a simulated Xero is set up: the app, its organisations, limits, and the ways it misbehaves.
//!
//! Does not own the state that grows from it.

use std::time::Duration as Latency;

use chrono::{Duration, NaiveDate};

/// The one app that calls, and the world it finds.
#[derive(Debug, Clone)]
pub struct XeroConfig {
    pub client_id: String,
    pub client_secret: String,
    pub mode: AppMode,
    /// What the app was granted; a token request may ask for less.
    pub scopes: Vec<String>,
    pub orgs: Vec<XeroOrg>,
    pub limits: Limits,
    pub access_token_lifetime: Duration,
    /// How long a rotated refresh token is still taken.
    pub refresh_grace: Duration,
    pub idempotency_lifetime: Duration,
    /// How long a call stays in flight after its work is done.
    pub latency: Latency,
    pub switches: Switches,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AppMode {
    /// client_credentials, one organisation, no tenant header needed.
    CustomConnection,
    /// authorization_code with these single-use codes, refresh tokens, tenant header on each call.
    AuthorizationCode { codes: Vec<String> },
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct XeroOrg {
    pub tenant_id: String,
    pub name: String,
    pub base_currency: String,
    pub country: String,
    pub time_zone: String,
    pub period_lock_date: Option<NaiveDate>,
    pub end_of_year_lock_date: Option<NaiveDate>,
    /// Enabled beside the base currency.
    pub currencies: Vec<String>,
    /// When its day window starts, after midnight UTC; each organisation has its own.
    pub day_starts: Duration,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    pub concurrent: u32,
    pub minute: u32,
    pub day: u32,
    pub app_minute: u32,
}

/// Misbehaviour of the vendor itself, switched on and off while it runs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Switches {
    pub offline: Option<Offline>,
    /// Idempotency keys are taken and forgotten.
    pub ignore_idempotency: bool,
    /// List answers do not show documents younger than this; reading one by id does.
    pub list_lag: Option<Duration>,
    /// Told about the next writes.
    pub lie: Option<Lie>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Offline {
    Maintenance,
    Organisation,
}

/// What a write claims against what it did. An idempotency key remembers the claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lie {
    /// Everything is stored; the answer is this status.
    StoresButSaysError(u16),
    /// Nothing is stored; the answer says it was.
    SaysOkButStoresNothing,
    /// A line is stored one cent dearer than answered.
    StoresOtherAmount,
    /// 500 with nothing stored: the failure a key replays for six minutes.
    FailsInside,
}

impl Default for Limits {
    fn default() -> Self {
        Self { concurrent: 5, minute: 60, day: 5_000, app_minute: 10_000 }
    }
}

impl Limits {
    /// For tests that are not about limits.
    #[must_use]
    pub fn generous() -> Self {
        Self { concurrent: 1_000, minute: 1_000_000, day: 10_000_000, app_minute: 10_000_000 }
    }
}

impl XeroOrg {
    #[must_use]
    pub fn new(tenant_id: &str, name: &str, country: &str, base_currency: &str) -> Self {
        Self {
            tenant_id: tenant_id.to_owned(),
            name: name.to_owned(),
            base_currency: base_currency.to_owned(),
            country: country.to_owned(),
            time_zone: time_zone(country).to_owned(),
            period_lock_date: None,
            end_of_year_lock_date: None,
            currencies: Vec::new(),
            day_starts: Duration::hours(3) + Duration::minutes(17),
        }
    }
}

fn time_zone(country: &str) -> &'static str {
    match country {
        "NZ" => "NEWZEALANDSTANDARDTIME",
        "AU" => "AUSEASTERNSTANDARDTIME",
        "US" => "EASTERNSTANDARDTIME",
        _ => "GMTSTANDARDTIME",
    }
}

impl Default for XeroConfig {
    fn default() -> Self {
        let scopes = ["accounting.contacts", "accounting.invoices", "accounting.settings"];
        Self {
            client_id: "sim-client".to_owned(),
            client_secret: "sim-secret".to_owned(),
            mode: AppMode::CustomConnection,
            scopes: scopes.map(str::to_owned).to_vec(),
            orgs: vec![XeroOrg::new("7a6b0f5e-2d5c-4e0b-9f57-0c1a1f3d9b01", "Demo Company (NZ)", "NZ", "NZD")],
            limits: Limits::default(),
            access_token_lifetime: Duration::minutes(30),
            refresh_grace: Duration::minutes(30),
            idempotency_lifetime: Duration::minutes(6),
            latency: Latency::ZERO,
            switches: Switches::default(),
        }
    }
}
