//! What a provider's catalog holds, in the marketplace's words. Plain data; what a reseller holds of it is `delegated`.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use rust_decimal::Decimal;

use super::id::{
    ExpirationScheduleId, NotificationScheduleId, NotificationTemplateId, PlanCategoryId, PlanPeriodId,
    ResourceCategoryId, ResourceId, RoleId, SalesCategoryId, ServicePlanId, TemplateId, TermsId, UsageStatisticsId,
};
use crate::money::Money;
use crate::order::{OrderType, named};
use crate::period::Cycle;

/// Everything a provider may delegate. Also what a reseller shows to its own sub-resellers (`cascade`).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ProviderCatalog {
    pub templates: BTreeMap<TemplateId, ServiceTemplate>,
    pub plans: BTreeMap<ServicePlanId, ServicePlan>,
    pub resources: BTreeMap<ResourceId, Resource>,
    pub sales_categories: BTreeMap<SalesCategoryId, SalesCategory>,
    pub plan_categories: BTreeMap<PlanCategoryId, NamedCategory>,
    pub resource_categories: BTreeMap<ResourceCategoryId, NamedCategory>,
    pub expiration_schedules: BTreeMap<ExpirationScheduleId, Schedule>,
    pub notification_schedules: BTreeMap<NotificationScheduleId, NotificationSchedule>,
    pub notification_templates: BTreeMap<NotificationTemplateId, NotificationTemplate>,
}

/// What resellers on it get: the Delegated Plans tab, and the settings that come with being a reseller.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ServiceTemplate {
    pub name: String,
    pub delegated_plans: BTreeSet<ServicePlanId>,
    pub order_flow: OrderFlow,
    pub roles: BTreeMap<RoleId, Role>,
    pub terms: BTreeMap<TermsId, TermsSetting>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServicePlan {
    pub name: String,
    /// No option synchronizes a change of it.
    pub published: bool,
    pub plan_category: Option<PlanCategoryId>,
    pub sales_categories: BTreeSet<SalesCategoryId>,
    pub expiration_schedule: Option<ExpirationScheduleId>,
    pub notification_schedule: Option<NotificationScheduleId>,
    pub usage_statistics: Option<UsageStatisticsId>,
    pub periods: BTreeMap<PlanPeriodId, PlanPeriod>,
    pub rates: BTreeMap<ResourceId, ResourceRate>,
}

/// A subscription period of a plan, with the plan's fees for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlanPeriod {
    pub length: Cycle,
    pub fees: Fees<Money>,
    /// The plan's own where there is none.
    pub expiration_schedule: Option<ExpirationScheduleId>,
}

named! {
    /// What a plan costs by itself.
    PeriodFee {
        Setup = "setup",
        Recurring = "recurring",
        Renewal = "renewal",
        Transfer = "transfer",
    }
}

named! {
    /// What a resource of a plan costs.
    RateFee {
        Setup = "setup",
        Recurring = "recurring",
        Overuse = "overuse",
    }
}

/// A plan's fees for one period; a fee that is not there is not charged.
pub type Fees<P> = BTreeMap<PeriodFee, P>;
/// A rate's prices; a price that is not there is not charged.
pub type Prices<P> = BTreeMap<RateFee, P>;

/// A resource of a plan: its prices, its limits, and whether it is sold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResourceRate {
    pub prices: Prices<Money>,
    pub limits: Limits,
    /// The sale availability status.
    pub for_sale: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Limits {
    /// Included in the plan's own fee.
    pub included: Decimal,
    pub minimum: Decimal,
    /// No upper limit where there is none.
    pub maximum: Option<Decimal>,
}

/// Resources exist at the provider alone; rates of delegated plans are bound to them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resource {
    pub name: String,
    pub category: Option<ResourceCategoryId>,
}

/// A section of the storefront.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SalesCategory {
    pub details: SalesCategoryDetails,
    /// Display Category in Customer Control Panel.
    pub display: bool,
}

/// What of a sales category follows the provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SalesCategoryDetails {
    pub name: String,
    pub description: String,
    /// Where it stands among the others.
    pub position: u32,
}

/// A plan category or a resource category.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedCategory {
    pub name: String,
    pub description: String,
}

/// When a subscription ends and what happens around that day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schedule {
    pub name: String,
    /// Days from the end of the subscription (negative: before it), and what is done.
    pub steps: Vec<(i32, String)>,
}

/// When customers are told of what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotificationSchedule {
    pub name: String,
    /// Days from the event (negative: before it), and the template that is sent.
    pub steps: Vec<(i32, NotificationTemplateId)>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotificationTemplate {
    pub name: String,
    pub visible_to_resellers: bool,
}

/// What an order passes through, by its type.
pub type OrderFlow = BTreeMap<OrderType, Vec<FlowStep>>;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FlowStep {
    pub name: String,
    /// Waits for a person.
    pub manual: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Role {
    pub name: String,
    pub privileges: BTreeSet<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TermsSetting {
    pub name: String,
    /// The text itself, or where it is read.
    pub text: String,
    /// Must be accepted before an order is placed.
    pub required: bool,
}
