//! One cell of a reseller's catalog that gets another value: which cell, what it held, what it will hold. Owns the stable
//! key of each cell; why it changes is `change`, how it is written is `apply`.

use std::collections::BTreeSet;

use super::change::ChangeKind;
use super::delegated::{DelegatedPeriod, DelegatedPlan, DelegatedRate, DelegatedSalesCategory, Local};
use super::id::{
    ExpirationScheduleId, NotificationScheduleId, PlanCategoryId, PlanPeriodId, ResourceCategoryId, ResourceId, RoleId,
    SalesCategoryId, ServicePlanId, SyncKey, TermsId, UsageStatisticsId,
};
use super::model::{
    FlowStep, Limits, NamedCategory, NotificationSchedule, PeriodFee, RateFee, Role, SalesCategoryDetails, Schedule,
    TermsSetting,
};
use crate::money::Money;
use crate::order::OrderType;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delta<T> {
    pub before: T,
    pub after: T,
}

impl<T> Delta<T> {
    pub fn new(before: T, after: T) -> Self {
        Self { before, after }
    }

    fn back(self) -> Self {
        Self { before: self.after, after: self.before }
    }
}

/// What Apply Plans enabling/disabling decides. Published is part of it for one reason: a plan that is added back becomes
/// published.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    pub published: bool,
    pub disabled_by_provider: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Edit {
    Plan { plan: ServicePlanId, to: Delta<Option<Box<DelegatedPlan>>> },
    Standing { plan: ServicePlanId, to: Delta<Standing> },
    Confirmation { plan: ServicePlanId, to: Delta<bool> },
    Period { plan: ServicePlanId, period: PlanPeriodId, to: Delta<Option<DelegatedPeriod>> },
    PlanFee { plan: ServicePlanId, period: PlanPeriodId, fee: PeriodFee, to: Delta<Option<Local<Money>>> },
    ExpirationSchedule { schedule: ExpirationScheduleId, to: Delta<Option<Schedule>> },
    PlanExpiration { plan: ServicePlanId, to: Delta<Option<ExpirationScheduleId>> },
    PeriodExpiration { plan: ServicePlanId, period: PlanPeriodId, to: Delta<Option<ExpirationScheduleId>> },
    SalesCategory { category: SalesCategoryId, to: Delta<Option<DelegatedSalesCategory>> },
    SalesCategoryDetails { category: SalesCategoryId, to: Delta<SalesCategoryDetails> },
    DisplayCategory { category: SalesCategoryId, to: Delta<Local<bool>> },
    PlanSalesCategories { plan: ServicePlanId, to: Delta<BTreeSet<SalesCategoryId>> },
    PlanCategory { category: PlanCategoryId, to: Delta<Option<NamedCategory>> },
    PlanInCategory { plan: ServicePlanId, to: Delta<Option<PlanCategoryId>> },
    ResourceCategory { category: ResourceCategoryId, to: Delta<Option<NamedCategory>> },
    Grouping { resource: ResourceId, to: Delta<Option<ResourceCategoryId>> },
    NotificationSchedule { schedule: NotificationScheduleId, to: Delta<Option<NotificationSchedule>> },
    PlanNotification { plan: ServicePlanId, to: Delta<Option<NotificationScheduleId>> },
    UsageStatistics { plan: ServicePlanId, to: Delta<Option<UsageStatisticsId>> },
    Rate { plan: ServicePlanId, resource: ResourceId, to: Delta<Option<DelegatedRate>> },
    RatePrice { plan: ServicePlanId, resource: ResourceId, fee: RateFee, to: Delta<Option<Local<Money>>> },
    RateLimits { plan: ServicePlanId, resource: ResourceId, to: Delta<Limits> },
    SaleAvailability { plan: ServicePlanId, resource: ResourceId, to: Delta<bool> },
    OrderFlow { order_type: OrderType, to: Delta<Option<Vec<FlowStep>>> },
    Role { role: RoleId, to: Delta<Option<Role>> },
    Terms { terms: TermsId, to: Delta<Option<TermsSetting>> },
}

impl Edit {
    pub fn kind(&self) -> ChangeKind {
        match self {
            Self::Plan { .. } => ChangeKind::NewPlan,
            Self::Standing { .. } => ChangeKind::PlanStanding,
            Self::Confirmation { .. } => ChangeKind::ConfirmationNeeded,
            Self::Period { .. } => ChangeKind::NewPeriod,
            Self::PlanFee { .. } => ChangeKind::PlanFee,
            Self::ExpirationSchedule { .. } => ChangeKind::NewExpirationSchedule,
            Self::PlanExpiration { .. } | Self::PeriodExpiration { .. } => ChangeKind::ExpirationAssignment,
            Self::SalesCategory { .. } => ChangeKind::NewSalesCategory,
            Self::SalesCategoryDetails { .. } => ChangeKind::SalesCategory,
            Self::DisplayCategory { .. } => ChangeKind::DisplayCategory,
            Self::PlanSalesCategories { .. } => ChangeKind::SalesCategoryMembership,
            Self::PlanCategory { to: Delta { before: Some(_), after: Some(_) }, .. } => ChangeKind::PlanCategory,
            Self::PlanCategory { .. } => ChangeKind::NewPlanCategory,
            Self::PlanInCategory { .. } => ChangeKind::PlanCategoryMembership,
            Self::ResourceCategory { .. } => ChangeKind::ResourceCategory,
            Self::Grouping { .. } => ChangeKind::ResourceGrouping,
            Self::NotificationSchedule { to: Delta { before: Some(_), after: Some(_) }, .. } => {
                ChangeKind::NotificationSchedule
            }
            Self::NotificationSchedule { .. } => ChangeKind::NewNotificationSchedule,
            Self::PlanNotification { .. } => ChangeKind::NotificationAssignment,
            Self::UsageStatistics { .. } => ChangeKind::UsageStatistics,
            Self::Rate { to: Delta { before: Some(_), .. }, .. } => ChangeKind::ObsoleteResource,
            Self::Rate { .. } => ChangeKind::NewResource,
            Self::RatePrice { .. } => ChangeKind::ResourcePrice,
            Self::RateLimits { .. } => ChangeKind::ResourceLimits,
            Self::SaleAvailability { .. } => ChangeKind::SaleAvailability,
            Self::OrderFlow { .. } => ChangeKind::OrderFlow,
            Self::Role { .. } => ChangeKind::Role,
            Self::Terms { .. } => ChangeKind::Terms,
        }
    }

    /// Names the cell, not the value: a later change of the same cell has the same key.
    pub fn key(&self) -> SyncKey {
        match self {
            Self::Plan { plan, .. } => key(&["plan", plan.as_str()]),
            Self::Standing { plan, .. } => key(&["plan", plan.as_str(), "standing"]),
            Self::Confirmation { plan, .. } => key(&["plan", plan.as_str(), "confirmation"]),
            Self::Period { plan, period, .. } => key(&["plan", plan.as_str(), "period", period.as_str()]),
            Self::PlanFee { plan, period, fee, .. } => {
                key(&["plan", plan.as_str(), "period", period.as_str(), "fee", fee.name()])
            }
            Self::ExpirationSchedule { schedule, .. } => key(&["expiration-schedule", schedule.as_str()]),
            Self::PlanExpiration { plan, .. } => key(&["plan", plan.as_str(), "expiration-schedule"]),
            Self::PeriodExpiration { plan, period, .. } => {
                key(&["plan", plan.as_str(), "period", period.as_str(), "expiration-schedule"])
            }
            Self::SalesCategory { category, .. } => key(&["sales-category", category.as_str()]),
            Self::SalesCategoryDetails { category, .. } => key(&["sales-category", category.as_str(), "details"]),
            Self::DisplayCategory { category, .. } => key(&["sales-category", category.as_str(), "display"]),
            Self::PlanSalesCategories { plan, .. } => key(&["plan", plan.as_str(), "sales-categories"]),
            Self::PlanCategory { category, .. } => key(&["plan-category", category.as_str()]),
            Self::PlanInCategory { plan, .. } => key(&["plan", plan.as_str(), "plan-category"]),
            Self::ResourceCategory { category, .. } => key(&["resource-category", category.as_str()]),
            Self::Grouping { resource, .. } => key(&["resource", resource.as_str(), "category"]),
            Self::NotificationSchedule { schedule, .. } => key(&["notification-schedule", schedule.as_str()]),
            Self::PlanNotification { plan, .. } => key(&["plan", plan.as_str(), "notification-schedule"]),
            Self::UsageStatistics { plan, .. } => key(&["plan", plan.as_str(), "usage-statistics"]),
            Self::Rate { plan, resource, .. } => key(&["plan", plan.as_str(), "rate", resource.as_str()]),
            Self::RatePrice { plan, resource, fee, .. } => {
                key(&["plan", plan.as_str(), "rate", resource.as_str(), "price", fee.name()])
            }
            Self::RateLimits { plan, resource, .. } => {
                key(&["plan", plan.as_str(), "rate", resource.as_str(), "limits"])
            }
            Self::SaleAvailability { plan, resource, .. } => {
                key(&["plan", plan.as_str(), "rate", resource.as_str(), "sale-availability"])
            }
            Self::OrderFlow { order_type, .. } => key(&["order-flow", order_type.name()]),
            Self::Role { role, .. } => key(&["role", role.as_str()]),
            Self::Terms { terms, .. } => key(&["terms", terms.as_str()]),
        }
    }

    /// What takes it back.
    pub fn inverse(self) -> Self {
        match self {
            Self::Plan { plan, to } => Self::Plan { plan, to: to.back() },
            Self::Standing { plan, to } => Self::Standing { plan, to: to.back() },
            Self::Confirmation { plan, to } => Self::Confirmation { plan, to: to.back() },
            Self::Period { plan, period, to } => Self::Period { plan, period, to: to.back() },
            Self::PlanFee { plan, period, fee, to } => Self::PlanFee { plan, period, fee, to: to.back() },
            Self::ExpirationSchedule { schedule, to } => Self::ExpirationSchedule { schedule, to: to.back() },
            Self::PlanExpiration { plan, to } => Self::PlanExpiration { plan, to: to.back() },
            Self::PeriodExpiration { plan, period, to } => Self::PeriodExpiration { plan, period, to: to.back() },
            Self::SalesCategory { category, to } => Self::SalesCategory { category, to: to.back() },
            Self::SalesCategoryDetails { category, to } => Self::SalesCategoryDetails { category, to: to.back() },
            Self::DisplayCategory { category, to } => Self::DisplayCategory { category, to: to.back() },
            Self::PlanSalesCategories { plan, to } => Self::PlanSalesCategories { plan, to: to.back() },
            Self::PlanCategory { category, to } => Self::PlanCategory { category, to: to.back() },
            Self::PlanInCategory { plan, to } => Self::PlanInCategory { plan, to: to.back() },
            Self::ResourceCategory { category, to } => Self::ResourceCategory { category, to: to.back() },
            Self::Grouping { resource, to } => Self::Grouping { resource, to: to.back() },
            Self::NotificationSchedule { schedule, to } => Self::NotificationSchedule { schedule, to: to.back() },
            Self::PlanNotification { plan, to } => Self::PlanNotification { plan, to: to.back() },
            Self::UsageStatistics { plan, to } => Self::UsageStatistics { plan, to: to.back() },
            Self::Rate { plan, resource, to } => Self::Rate { plan, resource, to: to.back() },
            Self::RatePrice { plan, resource, fee, to } => Self::RatePrice { plan, resource, fee, to: to.back() },
            Self::RateLimits { plan, resource, to } => Self::RateLimits { plan, resource, to: to.back() },
            Self::SaleAvailability { plan, resource, to } => Self::SaleAvailability { plan, resource, to: to.back() },
            Self::OrderFlow { order_type, to } => Self::OrderFlow { order_type, to: to.back() },
            Self::Role { role, to } => Self::Role { role, to: to.back() },
            Self::Terms { terms, to } => Self::Terms { terms, to: to.back() },
        }
    }
}

/// Parts joined by `/`; a slash or percent sign inside a part is escaped, so that no two cells share a key.
fn key(parts: &[&str]) -> SyncKey {
    let mut text = String::new();
    for (index, part) in parts.iter().enumerate() {
        if index > 0 {
            text.push('/');
        }
        for letter in part.chars() {
            match letter {
                '/' => text.push_str("%2F"),
                '%' => text.push_str("%25"),
                other => text.push(other),
            }
        }
    }
    SyncKey::new(text)
}
