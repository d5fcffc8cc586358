//! Owns: who is in the world and what is sold, and how lives become statements.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};
use rust_decimal::Decimal;

use super::charge::{self, Payer};
use super::life::Subscription;
use super::month::Month;
use super::record::Record;
use super::statement::{Grouping, Series, Statement};
use crate::world::Currency;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Organization {
    pub id: u32,
    pub name: String,
    pub parent: Option<u32>,
    pub account: String,
    /// Its contract agreement at the invoicing marketplace.
    pub agreement: u32,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvoiceProfile {
    pub id: u32,
    pub organization: u32,
    pub name: String,
}

/// An end customer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tenant {
    pub id: u32,
    /// The publisher's id of it, the same at both marketplaces.
    pub guid: String,
    pub name: String,
    pub domain: String,
    /// Free text of the reseller, mostly empty.
    pub reference: String,
    pub organization: u32,
    pub profile: u32,
    pub currency: Currency,
    /// Percent that the reseller adds.
    pub markup: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ProductKind {
    Licence,
    AzurePlan,
    Reservation,
    SavingsPlan,
    Perpetual,
    Saas,
    Service,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Product {
    /// "CFQ7TTC0LH18:0001".
    pub part_number: String,
    pub name: String,
    pub publisher: String,
    pub kind: ProductKind,
    /// Hundredths of a US dollar for a unit and month (or once), in the annual motion billed monthly.
    pub base: i64,
    /// Whether the price list has it; what is sold no longer is still billed.
    pub listed: bool,
    /// From the day on, the list price is so many percent of the base.
    pub changes: Vec<(NaiveDate, u32)>,
}

/// What a world is put together from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parts {
    pub first: Month,
    pub months: u32,
    pub grouping: Grouping,
    pub organizations: Vec<Organization>,
    pub profiles: Vec<InvoiceProfile>,
    pub tenants: Vec<Tenant>,
    pub products: Vec<Product>,
    pub subscriptions: Vec<Subscription>,
}

/// A reseller and all its statements.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatementWorld {
    parts: Parts,
    pub(super) statements: Vec<Statement>,
}

type Key = (Month, u32, Option<u32>, Series, &'static str);

impl StatementWorld {
    /// Bills every month of the lives in `parts`. A subscription of an unknown product or tenant bills nothing.
    #[must_use]
    pub fn assemble(parts: Parts) -> Self {
        let mut piles: BTreeMap<Key, (Currency, Vec<Record>)> = BTreeMap::new();
        for index in 0..parts.months {
            let month = parts.first.plus(index);
            for life in &parts.subscriptions {
                let Some((payer, organization, profile)) = payer(&parts, life) else { continue };
                let profile = (parts.grouping == Grouping::Provisions).then_some(profile);
                for record in charge::billed_in(payer, month) {
                    let series = Series::of(parts.grouping, record.motion);
                    let key = (month, organization, profile, series, record.currency.code());
                    piles.entry(key).or_insert((record.currency, Vec::new())).1.push(record);
                }
            }
        }
        let statements = piles.into_iter().zip(71_001..).map(|((key, (currency, records)), id)| {
            let (month, organization, profile, series, _) = key;
            let issued = series.issued(month);
            let mut statement = Statement {
                id,
                organization,
                profile,
                series,
                currency,
                month,
                issued,
                total: Decimal::ZERO,
                records,
                superseded: false,
                withdrawn: false,
                revision: 1,
            };
            statement.add_up();
            statement
        });
        let statements = statements.collect();
        Self { parts, statements }
    }

    #[must_use]
    pub fn first(&self) -> Month {
        self.parts.first
    }

    #[must_use]
    pub fn months(&self) -> u32 {
        self.parts.months
    }

    #[must_use]
    pub fn grouping(&self) -> Grouping {
        self.parts.grouping
    }

    #[must_use]
    pub fn organizations(&self) -> &[Organization] {
        &self.parts.organizations
    }

    #[must_use]
    pub fn profiles(&self) -> &[InvoiceProfile] {
        &self.parts.profiles
    }

    #[must_use]
    pub fn tenants(&self) -> &[Tenant] {
        &self.parts.tenants
    }

    #[must_use]
    pub fn tenant(&self, id: u32) -> Option<&Tenant> {
        self.parts.tenants.iter().find(|tenant| tenant.id == id)
    }

    #[must_use]
    pub fn products(&self) -> &[Product] {
        &self.parts.products
    }

    #[must_use]
    pub fn subscriptions(&self) -> &[Subscription] {
        &self.parts.subscriptions
    }

    #[must_use]
    pub fn subscription(&self, id: u32) -> Option<&Subscription> {
        self.parts.subscriptions.iter().find(|one| one.id == id)
    }

    /// All of them, listed or not, in the order they were made.
    #[must_use]
    pub fn statements(&self) -> &[Statement] {
        &self.statements
    }

    /// By id, if it is on the list at that time.
    #[must_use]
    pub fn listed(&self, id: u32, now: DateTime<Utc>) -> Option<&Statement> {
        self.statements.iter().find(|one| one.id == id && one.listed_at(now))
    }

    /// The same reseller as the other kind of marketplace bills it.
    #[must_use]
    pub fn regrouped(&self, grouping: Grouping) -> Self {
        Self::assemble(Parts { grouping, ..self.parts.clone() })
    }
}

fn payer<'a>(parts: &'a Parts, life: &'a Subscription) -> Option<(Payer<'a>, u32, u32)> {
    let product = parts.products.get(life.product)?;
    let (currency, organization, profile) = match life.tenant {
        Some(id) => {
            let tenant = parts.tenants.iter().find(|tenant| tenant.id == id)?;
            (tenant.currency, tenant.organization, tenant.profile)
        }
        None => {
            let profile = parts.profiles.first()?;
            (Currency::USD, profile.organization, profile.id)
        }
    };
    Some((Payer { subscription: life, product, currency }, organization, profile))
}
