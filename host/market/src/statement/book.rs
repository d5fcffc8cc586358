//! What a source knows beside its statements: whose tenants there are, and under which terms subscriptions run. Records leave
//! much of it out. Owns no reading over the network.

use std::collections::BTreeMap;

use super::motion::{Asset, Billed, Provision, term};
use super::row::Row;
use super::tenant::{Tenant, Tenants};

/// A subscription, as far as a record could need it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Subscribed {
    /// The source's number of the tenant, or its id at the publisher.
    pub(crate) tenant: Option<String>,
    pub(crate) provision: Option<Provision>,
    pub(crate) term: Option<u32>,
    pub(crate) billed: Option<Billed>,
    pub(crate) asset: Option<Asset>,
    pub(crate) sku: Option<String>,
    pub(crate) name: Option<String>,
    /// Term and billing cycle in the source's words.
    pub(crate) told: (Option<String>, Option<String>),
}

pub(crate) const TERM: &[&str] = &["TermDuration", "Term", "CommitmentTerm", "TermLength", "CommitmentPeriod"];
pub(crate) const CYCLE: &[&str] = &["BillingCycle", "BillingCycleName", "BillingFrequency", "BillingPlan"];

#[derive(Debug, Clone, Default)]
pub(crate) struct Book {
    pub(crate) tenants: Tenants,
    subscriptions: BTreeMap<String, Subscribed>,
}

impl Book {
    /// A row of a list of subscriptions. `tenant` has it where the list hangs below its tenant.
    pub(crate) fn subscribe(&mut self, row: &Row, tenant: Option<&str>) {
        let words = |names: &[&str]| row.text(names).map(str::to_owned);
        let below = words(&["CustomerTenant.Id", "CustomerTenantId", "TenantId", "CustomerTenant.TenantId"]);
        let cycle = row.text(CYCLE);
        let subscribed = Subscribed {
            tenant: tenant.map(str::to_owned).or(below),
            provision: row.text(&["ProvisionType"]).and_then(Provision::parse),
            term: row.text(TERM).and_then(term),
            billed: cycle.and_then(Billed::parse),
            asset: row.text(&["AssetType"]).and_then(Asset::parse),
            sku: words(&["PartNumber", "Product.PartNumber", "ProductSku", "Sku", "OfferId"]),
            name: words(&["Product.ItemName", "Product.ItemLegalName", "OfferName", "ProductName", "Name"]),
            told: (words(TERM), cycle.map(str::to_owned)),
        };
        for key in ["PublisherSubscriptionId", "SubscriptionId", "MicrosoftSubscriptionId", "EntitlementId", "Id"] {
            let Some(id) = row.text(&[key]) else { continue };
            self.subscriptions.entry(id.to_ascii_lowercase()).or_insert_with(|| subscribed.clone());
        }
    }

    pub(crate) fn subscription(&self, id: &str) -> Option<&Subscribed> {
        self.subscriptions.get(&id.trim().to_ascii_lowercase())
    }

    pub(crate) fn tenant_of(&self, subscribed: &Subscribed) -> Option<&Tenant> {
        let told = subscribed.tenant.as_deref()?;
        self.tenants.by_guid(told).or_else(|| self.tenants.by_number(told))
    }
}
