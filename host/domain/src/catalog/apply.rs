//! Making a set of changes, and taking it back. Every cell must hold what the preview showed; where one does not, nothing
//! is written. Owns where each edit's cell is.

use std::collections::BTreeMap;

use super::change::ChangeSet;
use super::delegated::{DelegatedPeriod, DelegatedPlan, DelegatedRate, ResellerCatalog};
use super::edit::{Delta, Edit};
use super::id::{PlanPeriodId, ResourceId, ServicePlanId, SyncKey};
use crate::id::ResellerId;

/// A cell that does not hold what was expected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moved {
    pub key: SyncKey,
    pub why: MovedWhy,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MovedWhy {
    /// It holds something else now, or is not there.
    Changed,
    /// Something that stays still refers to it.
    InUse,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Stale {
    #[error("the changes are for reseller \"{of}\", not for \"{reseller}\"; nothing was changed")]
    OtherReseller { of: ResellerId, reseller: ResellerId },
    #[error(
        "{} of reseller \"{reseller}\" changed since the preview, the first is {}; nothing was changed; \
         compare again and look at what is different",
        things(moved.len()), first(moved)
    )]
    Moved { reseller: ResellerId, moved: Vec<Moved> },
}

fn things(count: usize) -> String {
    if count == 1 { "1 thing".to_owned() } else { format!("{count} things") }
}

fn first(moved: &[Moved]) -> &str {
    moved.first().map_or("unknown", |moved| moved.key.as_str())
}

/// Makes all of the changes or none. What comes back takes them back.
pub fn apply(reseller: &mut ResellerCatalog, set: &ChangeSet) -> Result<Undo, Stale> {
    if reseller.reseller != set.reseller {
        return Err(Stale::OtherReseller { of: set.reseller.clone(), reseller: reseller.reseller.clone() });
    }
    // No two edits of a set share a cell and none needs another's cell, so all are looked at before one is made.
    let moved = set.changes.iter().filter(|change| !swap(reseller, &change.edit, Hand::Look));
    let moved: Vec<Moved> = moved.map(|change| Moved { key: change.key(), why: MovedWhy::Changed }).collect();
    if !moved.is_empty() {
        return Err(Stale::Moved { reseller: set.reseller.clone(), moved });
    }
    for change in &set.changes {
        swap(reseller, &change.edit, Hand::Write);
    }
    let edits = set.changes.iter().rev().map(|change| change.edit.clone().inverse()).collect();
    Ok(Undo { reseller: set.reseller.clone(), edits })
}

/// The inverse of what was applied, in the inverse order; it counts only where nothing changed since.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Undo {
    pub reseller: ResellerId,
    pub edits: Vec<Edit>,
}

/// What was taken back, and what stays because it changed since.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Undone {
    pub taken_back: Vec<SyncKey>,
    pub left: Vec<Moved>,
}

impl Undo {
    /// Takes back all of it or nothing.
    pub fn apply(&self, reseller: &mut ResellerCatalog) -> Result<(), Stale> {
        let mut trial = reseller.clone();
        let undone = self.apply_where_unchanged(&mut trial)?;
        if !undone.left.is_empty() {
            return Err(Stale::Moved { reseller: self.reseller.clone(), moved: undone.left });
        }
        *reseller = trial;
        Ok(())
    }

    /// Takes back what did not change since, and says what it left.
    pub fn apply_where_unchanged(&self, reseller: &mut ResellerCatalog) -> Result<Undone, Stale> {
        if reseller.reseller != self.reseller {
            return Err(Stale::OtherReseller { of: self.reseller.clone(), reseller: reseller.reseller.clone() });
        }
        let mut undone = Undone::default();
        for edit in &self.edits {
            let key = edit.key();
            if !swap(reseller, edit, Hand::Look) {
                undone.left.push(Moved { key, why: MovedWhy::Changed });
            } else if in_use(reseller, edit) {
                undone.left.push(Moved { key, why: MovedWhy::InUse });
            } else {
                swap(reseller, edit, Hand::Write);
                undone.taken_back.push(key);
            }
        }
        Ok(undone)
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Hand {
    Look,
    Write,
}

/// Whether the edit's cell holds what it expects; writes if told to and it does.
fn swap(reseller: &mut ResellerCatalog, edit: &Edit, hand: Hand) -> bool {
    match edit {
        Edit::SalesCategory { category, to } => entry(&mut reseller.sales_categories, category, to, hand),
        Edit::SalesCategoryDetails { category, to } => {
            cell(reseller.sales_categories.get_mut(category).map(|held| &mut held.details), to, hand)
        }
        Edit::DisplayCategory { category, to } => {
            cell(reseller.sales_categories.get_mut(category).map(|held| &mut held.display), to, hand)
        }
        Edit::PlanCategory { category, to } => entry(&mut reseller.plan_categories, category, to, hand),
        Edit::ResourceCategory { category, to } => entry(&mut reseller.resource_categories, category, to, hand),
        Edit::Grouping { resource, to } => entry(&mut reseller.grouping, resource, to, hand),
        Edit::ExpirationSchedule { schedule, to } => entry(&mut reseller.expiration_schedules, schedule, to, hand),
        Edit::NotificationSchedule { schedule, to } => entry(&mut reseller.notification_schedules, schedule, to, hand),
        Edit::OrderFlow { order_type, to } => entry(&mut reseller.order_flow, order_type, to, hand),
        Edit::Role { role, to } => entry(&mut reseller.roles, role, to, hand),
        Edit::Terms { terms, to } => entry(&mut reseller.terms, terms, to, hand),
        Edit::Plan { plan, to } => whole_plan(&mut reseller.plans, plan, to, hand),
        Edit::Standing { plan, .. }
        | Edit::Confirmation { plan, .. }
        | Edit::Period { plan, .. }
        | Edit::PlanFee { plan, .. }
        | Edit::PlanExpiration { plan, .. }
        | Edit::PeriodExpiration { plan, .. }
        | Edit::PlanSalesCategories { plan, .. }
        | Edit::PlanInCategory { plan, .. }
        | Edit::PlanNotification { plan, .. }
        | Edit::UsageStatistics { plan, .. }
        | Edit::Rate { plan, .. }
        | Edit::RatePrice { plan, .. }
        | Edit::RateLimits { plan, .. }
        | Edit::SaleAvailability { plan, .. } => {
            reseller.plans.get_mut(plan).is_some_and(|held| swap_in_plan(held, edit, hand))
        }
    }
}

fn swap_in_plan(plan: &mut DelegatedPlan, edit: &Edit, hand: Hand) -> bool {
    match edit {
        Edit::Standing { to, .. } => {
            let fits =
                plan.published == to.before.published && plan.disabled_by_provider == to.before.disabled_by_provider;
            if fits && hand == Hand::Write {
                plan.published = to.after.published;
                plan.disabled_by_provider = to.after.disabled_by_provider;
            }
            fits
        }
        Edit::Confirmation { to, .. } => cell(Some(&mut plan.confirmation_needed), to, hand),
        Edit::Period { period, to, .. } => entry(&mut plan.periods, period, to, hand),
        Edit::PlanFee { period, fee, to, .. } => {
            period_of(plan, period).is_some_and(|held| entry(&mut held.fees, fee, to, hand))
        }
        Edit::PeriodExpiration { period, to, .. } => {
            cell(period_of(plan, period).map(|held| &mut held.expiration_schedule), to, hand)
        }
        Edit::PlanExpiration { to, .. } => cell(Some(&mut plan.expiration_schedule), to, hand),
        Edit::PlanSalesCategories { to, .. } => cell(Some(&mut plan.sales_categories), to, hand),
        Edit::PlanInCategory { to, .. } => cell(Some(&mut plan.plan_category), to, hand),
        Edit::PlanNotification { to, .. } => cell(Some(&mut plan.notification_schedule), to, hand),
        Edit::UsageStatistics { to, .. } => cell(Some(&mut plan.usage_statistics), to, hand),
        Edit::Rate { resource, to, .. } => entry(&mut plan.rates, resource, to, hand),
        Edit::RatePrice { resource, fee, to, .. } => {
            rate_of(plan, resource).is_some_and(|held| entry(&mut held.prices, fee, to, hand))
        }
        Edit::RateLimits { resource, to, .. } => cell(rate_of(plan, resource).map(|held| &mut held.limits), to, hand),
        Edit::SaleAvailability { resource, to, .. } => {
            cell(rate_of(plan, resource).map(|held| &mut held.for_sale), to, hand)
        }
        // Not inside a plan: `swap` has made them already.
        Edit::Plan { .. }
        | Edit::SalesCategory { .. }
        | Edit::SalesCategoryDetails { .. }
        | Edit::DisplayCategory { .. }
        | Edit::PlanCategory { .. }
        | Edit::ResourceCategory { .. }
        | Edit::Grouping { .. }
        | Edit::ExpirationSchedule { .. }
        | Edit::NotificationSchedule { .. }
        | Edit::OrderFlow { .. }
        | Edit::Role { .. }
        | Edit::Terms { .. } => false,
    }
}

fn period_of<'p>(plan: &'p mut DelegatedPlan, period: &PlanPeriodId) -> Option<&'p mut DelegatedPeriod> {
    plan.periods.get_mut(period)
}

fn rate_of<'p>(plan: &'p mut DelegatedPlan, resource: &ResourceId) -> Option<&'p mut DelegatedRate> {
    plan.rates.get_mut(resource)
}

fn cell<T: Clone + PartialEq>(held: Option<&mut T>, to: &Delta<T>, hand: Hand) -> bool {
    let Some(held) = held.filter(|held| **held == to.before) else { return false };
    if hand == Hand::Write {
        *held = to.after.clone();
    }
    true
}

fn entry<K: Clone + Ord, V: Clone + PartialEq>(
    map: &mut BTreeMap<K, V>,
    key: &K,
    to: &Delta<Option<V>>,
    hand: Hand,
) -> bool {
    let fits = map.get(key) == to.before.as_ref();
    if fits && hand == Hand::Write {
        match &to.after {
            Some(value) => map.insert(key.clone(), value.clone()),
            None => map.remove(key),
        };
    }
    fits
}

fn whole_plan(
    plans: &mut BTreeMap<ServicePlanId, DelegatedPlan>,
    plan: &ServicePlanId,
    to: &Delta<Option<Box<DelegatedPlan>>>,
    hand: Hand,
) -> bool {
    let fits = plans.get(plan) == to.before.as_deref();
    if fits && hand == Hand::Write {
        match &to.after {
            Some(copy) => plans.insert(plan.clone(), (**copy).clone()),
            None => plans.remove(plan),
        };
    }
    fits
}

/// Whether the edit removes what something still refers to.
fn in_use(reseller: &ResellerCatalog, edit: &Edit) -> bool {
    let mut plans = reseller.plans.values();
    match edit {
        Edit::SalesCategory { category, to: Delta { after: None, .. } } => {
            plans.any(|plan| plan.sales_categories.contains(category))
        }
        Edit::PlanCategory { category, to: Delta { after: None, .. } } => {
            plans.any(|plan| plan.plan_category.as_ref() == Some(category))
        }
        Edit::ResourceCategory { category, to: Delta { after: None, .. } } => {
            reseller.grouping.values().any(|held| held == category)
        }
        Edit::NotificationSchedule { schedule, to: Delta { after: None, .. } } => {
            plans.any(|plan| plan.notification_schedule.as_ref() == Some(schedule))
        }
        Edit::ExpirationSchedule { schedule, to: Delta { after: None, .. } } => plans.any(|plan| {
            let of_periods = plan.periods.values().map(|period| &period.expiration_schedule);
            std::iter::once(&plan.expiration_schedule).chain(of_periods).any(|held| held.as_ref() == Some(schedule))
        }),
        _ => false,
    }
}
