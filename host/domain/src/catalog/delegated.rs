//! What a reseller holds of its provider's catalog. What a reseller made itself stands apart (`ResellerCatalog::own`), and
//! no edit has an address in there: no synchronization can touch it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::id::{
    ExpirationScheduleId, NotificationScheduleId, PlanCategoryId, PlanPeriodId, ResourceCategoryId, ResourceId, RoleId,
    SalesCategoryId, ServicePlanId, TermsId, UsageStatisticsId,
};
use super::model::{
    Fees, Limits, NamedCategory, NotificationSchedule, OrderFlow, Prices, ProviderCatalog, Role, SalesCategoryDetails,
    Schedule, TermsSetting,
};
use crate::id::ResellerId;
use crate::money::{Currency, Money};
use crate::order::named;
use crate::period::Cycle;

named! {
    /// Whether a reseller lets its provider set its prices.
    PriceSync {
        Enabled = "enabled",
        Disabled = "disabled",
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResellerCatalog {
    pub reseller: ResellerId,
    /// What the reseller sells in. A price in another currency is never written.
    pub currency: Currency,
    pub price_sync: PriceSync,
    pub plans: BTreeMap<ServicePlanId, DelegatedPlan>,
    pub sales_categories: BTreeMap<SalesCategoryId, DelegatedSalesCategory>,
    pub plan_categories: BTreeMap<PlanCategoryId, NamedCategory>,
    pub resource_categories: BTreeMap<ResourceCategoryId, NamedCategory>,
    /// Which category shows which resource.
    pub grouping: BTreeMap<ResourceId, ResourceCategoryId>,
    pub expiration_schedules: BTreeMap<ExpirationScheduleId, Schedule>,
    pub notification_schedules: BTreeMap<NotificationScheduleId, NotificationSchedule>,
    pub order_flow: OrderFlow,
    pub roles: BTreeMap<RoleId, Role>,
    pub terms: BTreeMap<TermsId, TermsSetting>,
    /// What the reseller made itself, with the service templates it serves its sub-resellers by. Never synchronized.
    pub own: ProviderCatalog,
}

impl ResellerCatalog {
    /// A reseller that got nothing yet.
    pub fn empty(reseller: ResellerId, currency: Currency) -> Self {
        Self {
            reseller,
            currency,
            price_sync: PriceSync::Enabled,
            plans: BTreeMap::new(),
            sales_categories: BTreeMap::new(),
            plan_categories: BTreeMap::new(),
            resource_categories: BTreeMap::new(),
            grouping: BTreeMap::new(),
            expiration_schedules: BTreeMap::new(),
            notification_schedules: BTreeMap::new(),
            order_flow: OrderFlow::new(),
            roles: BTreeMap::new(),
            terms: BTreeMap::new(),
            own: ProviderCatalog::default(),
        }
    }
}

/// A value the reseller may set for itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Local<T> {
    pub value: T,
    /// The reseller set it: what replaces it says so.
    pub own: bool,
}

impl<T> Local<T> {
    /// As the provider sent it.
    pub fn sent(value: T) -> Self {
        Self { value, own: false }
    }

    /// As the reseller set it.
    pub fn own(value: T) -> Self {
        Self { value, own: true }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DelegatedPlan {
    pub name: String,
    /// The reseller's own after the plan arrived.
    pub published: bool,
    /// Disabled by Provider.
    pub disabled_by_provider: bool,
    /// Delegated confirmation needed: something arrived without a price that counts.
    pub confirmation_needed: bool,
    pub plan_category: Option<PlanCategoryId>,
    pub sales_categories: BTreeSet<SalesCategoryId>,
    pub expiration_schedule: Option<ExpirationScheduleId>,
    pub notification_schedule: Option<NotificationScheduleId>,
    pub usage_statistics: Option<UsageStatisticsId>,
    pub periods: BTreeMap<PlanPeriodId, DelegatedPeriod>,
    pub rates: BTreeMap<ResourceId, DelegatedRate>,
}

impl DelegatedPlan {
    pub fn on_sale(&self) -> bool {
        self.published && !self.disabled_by_provider && !self.confirmation_needed
    }

    /// The reseller has looked at the prices of what arrived: the plan may be sold again.
    pub fn confirm(&mut self) {
        self.confirmation_needed = false;
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DelegatedPeriod {
    pub length: Cycle,
    pub fees: Fees<Local<Money>>,
    pub expiration_schedule: Option<ExpirationScheduleId>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DelegatedRate {
    pub prices: Prices<Local<Money>>,
    pub limits: Limits,
    pub for_sale: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DelegatedSalesCategory {
    pub details: SalesCategoryDetails,
    /// Display Category in Customer Control Panel, which is the reseller's to decide.
    pub display: Local<bool>,
}
