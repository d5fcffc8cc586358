//! Identifiers of what a catalog holds. A delegated thing keeps the id it got where it was first made, at every level
//! of resellers: the id is the link between the provider's thing and the delegated one.

use std::fmt;

use crate::id::ids;

ids! {
    /// A service template: which plans are delegated to the resellers on it.
    TemplateId,
    ServicePlanId,
    /// A subscription period of a plan.
    PlanPeriodId,
    ResourceId,
    ResourceCategoryId,
    SalesCategoryId,
    PlanCategoryId,
    /// A subscription expiration schedule.
    ExpirationScheduleId,
    NotificationScheduleId,
    NotificationTemplateId,
    /// A definition of usage statistics.
    UsageStatisticsId,
    RoleId,
    /// One setting of the terms and conditions.
    TermsId,
    /// Names one cell of a reseller's catalog, for ever: `plan/gold/rate/disk/price/recurring`.
    SyncKey,
}
