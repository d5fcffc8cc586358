//! A provider's catalog made ready to be compared with many resellers: checked once, sorted once, shared. Owns what
//! "delegated" means; holds nothing of any reseller.

use std::collections::BTreeMap;
use std::fmt;

use super::id::{
    NotificationScheduleId, NotificationTemplateId, PlanCategoryId, ResourceCategoryId, ResourceId, SalesCategoryId,
    ServicePlanId, TemplateId,
};
use super::model::{NamedCategory, NotificationSchedule, ProviderCatalog, SalesCategory, ServicePlan, ServiceTemplate};
use crate::money::{Currency, Money};
use crate::order::named;

named! {
    /// The operator's switch: whether Update Sales Categories also sends Display Category in Customer Control Panel.
    DisplayPolicy {
        Preserve = "preserve",
        Follow = "follow",
    }
}

/// A catalog that refers to what it does not hold is not compared with anything: half of a plan would arrive.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Broken {
    #[error("there is no service template \"{0}\" in the provider's catalog; nothing was compared")]
    NoTemplate(TemplateId),
    #[error(
        "service template \"{template}\" delegates plan \"{plan}\", which the provider's catalog does not hold; nothing was compared"
    )]
    NoPlan { template: TemplateId, plan: ServicePlanId },
    #[error(
        "plan \"{plan}\" refers to {what} \"{id}\", which the provider's catalog does not hold; nothing was compared"
    )]
    Dangling { plan: ServicePlanId, what: &'static str, id: String },
    #[error(
        "notification schedule \"{schedule}\" uses template \"{template}\", which the provider's catalog does not hold; nothing was compared"
    )]
    NoNotificationTemplate { schedule: NotificationScheduleId, template: NotificationTemplateId },
    #[error("plan \"{plan}\" has prices in {one} and {other}: a plan has one currency; nothing was compared")]
    MixedCurrencies { plan: ServicePlanId, one: Currency, other: Currency },
}

/// A delegated plan and the one currency of its prices, if it has any.
#[derive(Debug, Clone, Copy)]
pub(super) struct Offered<'a> {
    pub(super) plan: &'a ServicePlan,
    pub(super) currency: Option<Currency>,
}

/// What one service template delegates.
#[derive(Debug)]
pub struct Provider<'a> {
    pub(super) catalog: &'a ProviderCatalog,
    pub(super) template_id: &'a TemplateId,
    pub(super) template: &'a ServiceTemplate,
    pub(super) display: DisplayPolicy,
    pub(super) plans: BTreeMap<&'a ServicePlanId, Offered<'a>>,
    /// Only categories that include delegated plans.
    pub(super) sales_categories: BTreeMap<&'a SalesCategoryId, &'a SalesCategory>,
    pub(super) plan_categories: BTreeMap<&'a PlanCategoryId, &'a NamedCategory>,
    pub(super) resource_categories: BTreeMap<&'a ResourceCategoryId, &'a NamedCategory>,
    /// Of every resource of a delegated plan.
    pub(super) grouping: BTreeMap<&'a ResourceId, Option<&'a ResourceCategoryId>>,
    pub(super) notification_schedules: BTreeMap<&'a NotificationScheduleId, &'a NotificationSchedule>,
}

impl<'a> Provider<'a> {
    pub fn prepare(
        catalog: &'a ProviderCatalog,
        template: &TemplateId,
        display: DisplayPolicy,
    ) -> Result<Self, Broken> {
        let found = catalog.templates.get_key_value(template);
        let (template_id, template) = found.ok_or_else(|| Broken::NoTemplate(template.clone()))?;
        let mut provider = Self {
            catalog,
            template_id,
            template,
            display,
            plans: BTreeMap::new(),
            sales_categories: BTreeMap::new(),
            plan_categories: BTreeMap::new(),
            resource_categories: BTreeMap::new(),
            grouping: BTreeMap::new(),
            notification_schedules: BTreeMap::new(),
        };
        for id in &template.delegated_plans {
            let plan = catalog.plans.get(id);
            let plan = plan.ok_or_else(|| Broken::NoPlan { template: template_id.clone(), plan: id.clone() })?;
            provider.plans.insert(id, Offered { plan, currency: currency_of(id, plan)? });
            provider.take_in(id, plan)?;
        }
        provider.check_notifications()?;
        Ok(provider)
    }

    pub fn template(&self) -> &TemplateId {
        self.template_id
    }

    /// How many plans it delegates.
    pub fn plan_count(&self) -> usize {
        self.plans.len()
    }

    fn take_in(&mut self, id: &'a ServicePlanId, plan: &'a ServicePlan) -> Result<(), Broken> {
        let catalog = self.catalog;
        let dangling = |what, of: &dyn fmt::Display| Broken::Dangling { plan: id.clone(), what, id: of.to_string() };
        for category in &plan.sales_categories {
            let held = catalog.sales_categories.get(category).ok_or_else(|| dangling("sales category", category))?;
            self.sales_categories.insert(category, held);
        }
        if let Some(category) = &plan.plan_category {
            let held = catalog.plan_categories.get(category).ok_or_else(|| dangling("plan category", category))?;
            self.plan_categories.insert(category, held);
        }
        if let Some(schedule) = &plan.notification_schedule {
            let held = catalog.notification_schedules.get(schedule);
            let held = held.ok_or_else(|| dangling("notification schedule", schedule))?;
            self.notification_schedules.insert(schedule, held);
        }
        let of_periods = plan.periods.values().filter_map(|period| period.expiration_schedule.as_ref());
        for schedule in plan.expiration_schedule.iter().chain(of_periods) {
            if !catalog.expiration_schedules.contains_key(schedule) {
                return Err(dangling("expiration schedule", schedule));
            }
        }
        for resource in plan.rates.keys() {
            if self.grouping.contains_key(resource) {
                continue;
            }
            let held = catalog.resources.get(resource).ok_or_else(|| dangling("resource", resource))?;
            if let Some(category) = &held.category {
                let group = catalog.resource_categories.get(category);
                self.resource_categories
                    .insert(category, group.ok_or_else(|| dangling("resource category", category))?);
            }
            self.grouping.insert(resource, held.category.as_ref());
        }
        Ok(())
    }

    fn check_notifications(&self) -> Result<(), Broken> {
        for (schedule, held) in &self.notification_schedules {
            for (_, template) in &held.steps {
                if !self.catalog.notification_templates.contains_key(template) {
                    let (schedule, template) = ((*schedule).clone(), template.clone());
                    return Err(Broken::NoNotificationTemplate { schedule, template });
                }
            }
        }
        Ok(())
    }
}

fn currency_of(id: &ServicePlanId, plan: &ServicePlan) -> Result<Option<Currency>, Broken> {
    let fees = plan.periods.values().flat_map(|period| period.fees.values());
    let prices = plan.rates.values().flat_map(|rate| rate.prices.values());
    let mut seen = None;
    for Money { currency, .. } in fees.chain(prices) {
        let one = *seen.get_or_insert(*currency);
        if one != *currency {
            return Err(Broken::MixedCurrencies { plan: id.clone(), one, other: *currency });
        }
    }
    Ok(seen)
}
