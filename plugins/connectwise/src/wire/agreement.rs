//! Agreements, their recap, and billing cycles.

use counterfoil_sdk::serde::Deserialize;

use crate::paging::Row;
use crate::wire::{Currency, Day, Id, Reference};

/// An agreement, as far as a line in it depends on it.
#[derive(Debug, Clone, Deserialize)]
#[serde(crate = "counterfoil_sdk::serde", rename_all = "camelCase")]
pub(crate) struct Agreement {
    pub(crate) id: Id,
    pub(crate) name: Option<String>,
    #[serde(rename = "type")]
    pub(crate) kind: Option<Reference>,
    pub(crate) company: Option<Reference>,
    pub(crate) parent_agreement: Option<Reference>,
    pub(crate) agreement_status: Option<String>,
    pub(crate) cancelled_flag: Option<bool>,
    #[serde(default)]
    pub(crate) start_date: Day,
    #[serde(default)]
    pub(crate) end_date: Day,
    pub(crate) no_ending_date_flag: Option<bool>,
    #[serde(default)]
    pub(crate) date_cancelled: Day,
    #[serde(default)]
    pub(crate) bill_start_date: Day,
    pub(crate) billing_cycle: Option<Reference>,
    pub(crate) invoicing_cycle: Option<String>,
    pub(crate) prorate_flag: Option<bool>,
    pub(crate) invoice_prorated_additions_flag: Option<bool>,
    pub(crate) currency: Option<Currency>,
}

impl Agreement {
    /// The members above, for `fields`.
    pub(crate) const FIELDS: &'static str = "id,name,type,company,parentAgreement,agreementStatus,cancelledFlag,startDate,endDate,noEndingDateFlag,dateCancelled,billStartDate,billingCycle,invoicingCycle,prorateFlag,invoiceProratedAdditionsFlag,currency";
}

impl Row for Agreement {
    fn id(&self) -> Id {
        self.id
    }
}

/// What the recap tells about invoices. Its other members are left alone: some are numbers in quotes.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(crate = "counterfoil_sdk::serde", rename_all = "camelCase")]
pub(crate) struct Recap {
    #[serde(default)]
    pub(crate) last_invoice_date: Day,
    #[serde(default)]
    pub(crate) next_invoice_date: Day,
    pub(crate) unbilled_periods: Option<i64>,
}

/// A billing cycle. Its name is the tenant's own.
#[derive(Debug, Clone, Deserialize)]
#[serde(crate = "counterfoil_sdk::serde", rename_all = "camelCase")]
pub(crate) struct BillingCycle {
    pub(crate) id: Id,
    pub(crate) identifier: Option<String>,
    pub(crate) name: Option<String>,
    pub(crate) billing_options: Option<String>,
}

impl Row for BillingCycle {
    fn id(&self) -> Id {
        self.id
    }
}
