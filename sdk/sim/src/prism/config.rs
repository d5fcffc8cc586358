//! Owns: how the simulated partner of PRISM is set up and in which ways it misbehaves.

use serde::{Deserialize, Serialize};

use crate::statements::Budget;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PrismConfig {
    pub client_id: String,
    pub client_secret: String,
    pub token_seconds: i64,
    pub budget: Option<Budget>,
    pub switches: Switches,
}

impl Default for PrismConfig {
    fn default() -> Self {
        Self {
            client_id: "sim-client".to_owned(),
            client_secret: "sim-client-secret".to_owned(),
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
    /// Lists are arrays, without `Records`.
    pub bare_arrays: bool,
    pub camel_case: bool,
    /// Amounts and quantities in JSON are strings.
    pub numbers_as_strings: bool,
    /// Objects and invoices have fields and columns nobody heard of.
    pub unknown_columns: bool,
    /// Largest page, whatever was asked for; zero for 100.
    pub page_size_most: u32,
    /// Every page is the first.
    pub ignore_page: bool,
    /// The columns of invoices stand in another order for each number but zero.
    pub column_order: u64,
    /// Invoices lack `TermDuration` and `BillingFrequency`: the SKU's prefix or the subscription tells the motion.
    pub narrow_lines: bool,
    /// Invoices begin without a byte order mark.
    pub no_byte_order_mark: bool,
    /// Lines of invoices end in LF, not CRLF.
    pub plain_line_ends: bool,
    /// An invoice's listed total is so many hundredths off what its lines come to.
    pub total_off_by: i64,
    /// An invoice is listed so many hours before its lines can be had.
    pub file_lag_hours: i64,
    /// Invoices of another program are listed among the others.
    pub other_programs: bool,
    /// Invoices lose their last third.
    pub truncated_csv: bool,
    /// A token dies after so many calls, whatever it said; zero for never.
    pub token_calls: u32,
}
