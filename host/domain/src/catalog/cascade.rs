//! A reseller as the provider of its sub-resellers: what it shows downwards. Owns which delegated plans go on further.

use super::delegated::{DelegatedPlan, DelegatedRate, ResellerCatalog};
use super::id::ResourceId;
use super::model::{PlanPeriod, ProviderCatalog, Resource, ResourceRate, SalesCategory, ServicePlan};

/// What the reseller holds, at its own prices, beside what it made itself. `above` is the catalog it was synchronized
/// from: resources and notification templates exist there alone.
///
/// A plan that is Disabled by Provider, or awaits confirmation, is on no sub-reseller's shelf either: it counts as removed
/// from the reseller's own service templates, so that prices which do not count never travel on.
pub fn as_provider(reseller: &ResellerCatalog, above: &ProviderCatalog) -> ProviderCatalog {
    let mut shown = reseller.own.clone();
    for template in shown.templates.values_mut() {
        template.delegated_plans.retain(|plan| {
            let passed = reseller.plans.get(plan).map(|held| !held.disabled_by_provider && !held.confirmation_needed);
            passed.unwrap_or_else(|| reseller.own.plans.contains_key(plan))
        });
    }
    for (id, resource) in &above.resources {
        shown.resources.entry(id.clone()).or_insert_with(|| grouped(reseller, id, resource));
    }
    for (id, template) in &above.notification_templates {
        shown.notification_templates.entry(id.clone()).or_insert_with(|| template.clone());
    }
    shown.plans.extend(reseller.plans.iter().map(|(id, held)| (id.clone(), offered(held))));
    shown.sales_categories.extend(
        reseller.sales_categories.iter().map(|(id, held)| {
            (id.clone(), SalesCategory { details: held.details.clone(), display: held.display.value })
        }),
    );
    shown.plan_categories.extend(reseller.plan_categories.clone());
    shown.resource_categories.extend(reseller.resource_categories.clone());
    shown.expiration_schedules.extend(reseller.expiration_schedules.clone());
    shown.notification_schedules.extend(reseller.notification_schedules.clone());
    shown
}

fn grouped(reseller: &ResellerCatalog, id: &ResourceId, resource: &Resource) -> Resource {
    Resource { name: resource.name.clone(), category: reseller.grouping.get(id).cloned() }
}

fn offered(held: &DelegatedPlan) -> ServicePlan {
    let periods = held.periods.iter().map(|(id, period)| {
        let fees = period.fees.iter().map(|(fee, local)| (*fee, local.value)).collect();
        let expiration_schedule = period.expiration_schedule.clone();
        (id.clone(), PlanPeriod { length: period.length, fees, expiration_schedule })
    });
    ServicePlan {
        name: held.name.clone(),
        published: held.published,
        plan_category: held.plan_category.clone(),
        sales_categories: held.sales_categories.clone(),
        expiration_schedule: held.expiration_schedule.clone(),
        notification_schedule: held.notification_schedule.clone(),
        usage_statistics: held.usage_statistics.clone(),
        periods: periods.collect(),
        rates: held.rates.iter().map(|(id, rate)| (id.clone(), offered_rate(rate))).collect(),
    }
}

fn offered_rate(rate: &DelegatedRate) -> ResourceRate {
    let prices = rate.prices.iter().map(|(fee, local)| (*fee, local.value)).collect();
    ResourceRate { prices, limits: rate.limits, for_sale: rate.for_sale }
}
