//! The connection's settings, checked.
//!
//! Owns their names, defaults and limits, as the card's form describes them.

use counterfoil_sdk::{Attributes, Failure};

/// Where a document's number comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NumberSource {
    /// Prefix and order number.
    Marketplace,
    /// Xero counts.
    Target,
}

/// Settings of one job.
#[derive(Debug, Clone)]
pub(crate) struct Settings<'a> {
    pub(crate) status: &'a str,
    pub(crate) account_code: Option<&'a str>,
    pub(crate) tax_type: Option<&'a str>,
    pub(crate) due_days: i64,
    pub(crate) number_source: NumberSource,
    pub(crate) number_prefix: &'a str,
}

/// A due date further away than this is a slip of the pen.
const MOST_DUE_DAYS: i64 = 3650;

impl<'a> Settings<'a> {
    /// Reads and checks them.
    pub(crate) fn read(settings: &'a Attributes) -> Result<Self, Failure> {
        let status = settings.filled("status").unwrap_or("DRAFT");
        if !["DRAFT", "SUBMITTED", "AUTHORISED"].contains(&status) {
            return Err(wrong("status", status, "DRAFT, SUBMITTED or AUTHORISED"));
        }
        let days = settings.filled("due_days").unwrap_or("30");
        let due_days = days
            .parse()
            .ok()
            .filter(|days| (0..=MOST_DUE_DAYS).contains(days))
            .ok_or_else(|| wrong("due_days", days, "a whole number of days from 0 to 3650"))?;
        let number_source = match settings.filled("number_source").unwrap_or("marketplace") {
            "marketplace" => NumberSource::Marketplace,
            "target" => NumberSource::Target,
            other => return Err(wrong("number_source", other, "marketplace or target")),
        };
        Ok(Self {
            status,
            account_code: settings.filled("account_code"),
            tax_type: settings.filled("tax_type"),
            due_days,
            number_source,
            // An empty prefix is a choice; only an absent one takes the default.
            number_prefix: settings.get("number_prefix").map_or("CB-", str::trim),
        })
    }
}

fn wrong(name: &str, value: &str, allowed: &str) -> Failure {
    Failure::rejected(
        "xero-setting",
        format!("The setting {name} is \"{value}\"; it takes {allowed}. Correct it in the connection."),
    )
}
