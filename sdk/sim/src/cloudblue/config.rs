//! Owns: how one simulated tenant is set up and in which ways it misbehaves.

use serde::{Deserialize, Serialize};

/// The credentials and constants of a tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CloudBlueConfig {
    /// Path before every call, as both real deployments have one.
    pub base_path: String,
    pub username: String,
    pub password: String,
    pub subscription_key: String,
    /// What the token request must name.
    pub marketplace: String,
    pub realm: String,
    pub client_id: String,
    pub client_secret: String,
    pub token_seconds: i64,
    /// Calls per window for each subscription key; none is no limit.
    pub budget: Option<Budget>,
    pub switches: Switches,
}

impl Default for CloudBlueConfig {
    fn default() -> Self {
        Self {
            base_path: "/marketplace".to_owned(),
            username: "cmpapi".to_owned(),
            password: "sim-password".to_owned(),
            subscription_key: "sim-subscription-key".to_owned(),
            marketplace: "us".to_owned(),
            realm: "sim".to_owned(),
            client_id: "sim-client".to_owned(),
            client_secret: "sim-client-secret".to_owned(),
            token_seconds: 1_500,
            budget: None,
            switches: Switches::default(),
        }
    }
}

/// A budget that starts anew with every window; it does not care how many calls run at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Budget {
    pub calls: u32,
    pub window_seconds: i64,
    pub retry_after: RetryAfter,
}

/// Whether a 429 says how long to wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RetryAfter {
    Always,
    Never,
    EveryOther,
}

/// Bad habits of tenants; all off by default, each may be thrown while the simulator runs.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Switches {
    /// The creation time filters are accepted and have no effect.
    pub ignore_date_filters: bool,
    /// So many new orders appear, one after each page of orders served: the pages shift under the reader.
    pub arrivals_while_paging: u32,
    /// Every so many rows of any list one is not what it should be; zero for never.
    pub malformed_every: usize,
    /// Lists answer 200 and nothing.
    pub empty_lists: bool,
    /// Every so many orders one has a type, status and fee from the future; zero for never.
    pub unknown_words_every: usize,
    /// An order is seen only so many hours after its creation.
    pub visible_after_hours: i64,
}
