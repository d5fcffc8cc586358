//! Owns: what a statement is and which lines come together on one.

use chrono::{DateTime, NaiveDate, Utc};
use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::month::{Month, after};
use super::motion::{Motion, Provision, Schedule};
use super::record::Record;
use crate::world::Currency;

/// Which marketplace's way of collecting lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Grouping {
    /// One statement for each invoice profile, provision type, currency and month.
    Provisions,
    /// One invoice for each organization, currency and month, and one beside it for what is billed a term at a time.
    Invoices,
}

/// What a statement collects.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Series {
    Provision(Provision),
    Monthly,
    Terms,
}

impl Series {
    pub(super) fn of(grouping: Grouping, motion: Motion) -> Self {
        match (grouping, motion.schedule()) {
            (Grouping::Provisions, _) => Self::Provision(motion.provision()),
            (Grouping::Invoices, Schedule::Upfront(_)) => Self::Terms,
            (Grouping::Invoices, Schedule::Monthly | Schedule::Noted) => Self::Monthly,
        }
    }

    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Provision(provision) => provision.name(),
            Self::Monthly => "Monthly",
            Self::Terms => "Terms",
        }
    }

    /// Different kinds appear on different days of the month after.
    fn appears(self, month: Month) -> NaiveDate {
        let day = match self {
            Self::Provision(Provision::Seat) | Self::Monthly => 8,
            Self::Provision(Provision::Usage) => 9,
            Self::Provision(Provision::OneTime) | Self::Terms => 5,
            Self::Provision(Provision::Crayon) => 11,
            Self::Provision(Provision::AzureMarketplace) => 10,
        };
        after(month.end(), day - 1)
    }

    pub(super) fn issued(self, month: Month) -> DateTime<Utc> {
        self.appears(month).and_hms_opt(6, 0, 0).unwrap_or_default().and_utc()
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    pub id: u32,
    pub organization: u32,
    /// None on an invoice, which is for the organization.
    pub profile: Option<u32>,
    pub series: Series,
    pub currency: Currency,
    pub month: Month,
    /// It is listed from then on.
    pub issued: DateTime<Utc>,
    /// What the reseller pays, to the cent. Metered lines have more digits, so their sum may differ by half a cent.
    pub total: Decimal,
    pub records: Vec<Record>,
    /// Another statement has taken its place; it may still be listed.
    pub superseded: bool,
    /// It was taken off the list.
    pub withdrawn: bool,
    /// How often it was issued, from one.
    pub revision: u32,
}

impl Statement {
    #[must_use]
    pub fn listed_at(&self, now: DateTime<Utc>) -> bool {
        !self.withdrawn && self.issued <= now
    }

    pub(super) fn add_up(&mut self) {
        self.total = self.currency.round(self.records.iter().map(|record| record.cost).sum());
    }
}

impl super::model::StatementWorld {
    /// What another process is shown of all statements, listed or not.
    pub(crate) fn statements_json(&self) -> Value {
        let shown = self.statements().iter().map(|one| {
            json!({
                "id": one.id,
                "organization": one.organization,
                "series": one.series.name(),
                "currency": one.currency.code(),
                "month": one.month.to_string(),
                "issued": one.issued.to_rfc3339(),
                "total": one.total.to_string(),
                "records": one.records.len(),
                "superseded": one.superseded,
                "withdrawn": one.withdrawn,
                "revision": one.revision,
            })
        });
        shown.collect()
    }
}
