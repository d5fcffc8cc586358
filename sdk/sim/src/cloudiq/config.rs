//! Owns: how the simulated tenant of Cloud-iQ is set up and in which ways it misbehaves.

use serde::{Deserialize, Serialize};

use crate::statements::Budget;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CloudIqConfig {
    pub client_id: String,
    pub client_secret: String,
    pub username: String,
    pub password: String,
    pub token_seconds: i64,
    pub budget: Option<Budget>,
    pub switches: Switches,
}

impl Default for CloudIqConfig {
    fn default() -> Self {
        Self {
            client_id: "sim-client".to_owned(),
            client_secret: "sim-client-secret".to_owned(),
            username: "api@harbour.example".to_owned(),
            password: "sim-password".to_owned(),
            token_seconds: 3_600,
            budget: None,
            switches: Switches::default(),
        }
    }
}

/// Shapes and bad habits; all off by default, each may be thrown while it runs.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Switches {
    /// Lists are arrays, without `Items` and `TotalHits`.
    pub bare_arrays: bool,
    /// `camelCase`, in record files too, instead of `PascalCase`.
    pub camel_case: bool,
    /// Amounts and quantities are strings.
    pub numbers_as_strings: bool,
    /// Every object has a field nobody heard of.
    pub unknown_columns: bool,
    /// What may be missing is null.
    pub nulls: bool,
    /// Provision types by name instead of number.
    pub provision_names: bool,
    /// Largest page, whatever was asked for; zero for 1,000.
    pub page_size_most: u32,
    /// Every page is the first.
    pub ignore_page: bool,
    /// `TotalHits` is the number of rows on the page.
    pub total_hits_of_page: bool,
    /// Files of more records than this are split and come as an archive; zero for never.
    pub split_over: usize,
    /// Entries of archives are stored, not deflated.
    pub stored_archive: bool,
    /// Archives lose their last third.
    pub truncated_archive: bool,
    /// `TotalSalesPrice` is so many hundredths off what the records come to.
    pub total_off_by: i64,
    /// A statement is listed so many hours before its file can be had.
    pub file_lag_hours: i64,
    /// The file that cannot be had yet is an empty array instead of an error.
    pub early_file_is_empty: bool,
    /// Subscriptions that ended are not listed any more.
    pub forget_ended_subscriptions: bool,
    /// Records carry `PublisherCustomerId`, `TermDuration` and `BillingCycle`, and one-time ones `SubscriptionId` and the
    /// days too; otherwise the lists of tenants, subscriptions and products tell them, as no source documents them.
    pub wide_records: bool,
    /// Every so many records one has no retail prices; zero for never.
    pub retail_missing_every: usize,
    /// A token dies after so many calls, whatever it said; zero for never.
    pub token_calls: u32,
}
