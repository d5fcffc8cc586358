//! A reseller's catalog as a flat table, written apart from the code that compares catalogs, and the options that may touch
//! each of its cells, written apart from the code that decides it.

use std::collections::BTreeMap;

use counterfoil_domain::catalog::{DelegatedPlan, ResellerCatalog, SyncOption};

pub(crate) type Cells = BTreeMap<Vec<String>, String>;

pub(crate) fn cells(catalog: &ResellerCatalog) -> Cells {
    let mut cells = Cells::new();
    let mut put = |path: &[&str], value: String| {
        cells.insert(path.iter().map(|part| (*part).to_owned()).collect(), value);
    };
    put(&["own"], format!("{:?}", (&catalog.own, catalog.currency, catalog.price_sync, &catalog.reseller)));
    for (id, plan) in &catalog.plans {
        plan_cells(id.as_str(), plan, &mut put);
    }
    for (id, held) in &catalog.sales_categories {
        put(&["sales-category", id.as_str(), "details"], format!("{:?}", held.details));
        put(&["sales-category", id.as_str(), "display"], format!("{:?}", held.display));
    }
    for (id, held) in &catalog.plan_categories {
        put(&["plan-category", id.as_str()], format!("{held:?}"));
    }
    for (id, held) in &catalog.resource_categories {
        put(&["resource-category", id.as_str()], format!("{held:?}"));
    }
    for (id, held) in &catalog.grouping {
        put(&["grouping", id.as_str()], format!("{held:?}"));
    }
    for (id, held) in &catalog.expiration_schedules {
        put(&["expiration-schedule", id.as_str()], format!("{held:?}"));
    }
    for (id, held) in &catalog.notification_schedules {
        put(&["notification-schedule", id.as_str()], format!("{held:?}"));
    }
    put(&["order-flow"], format!("{:?}", catalog.order_flow));
    put(&["roles"], format!("{:?}", catalog.roles));
    put(&["terms"], format!("{:?}", catalog.terms));
    cells
}

fn plan_cells(id: &str, plan: &DelegatedPlan, put: &mut impl FnMut(&[&str], String)) {
    put(&["plan", id, "name"], plan.name.clone());
    put(&["plan", id, "published"], plan.published.to_string());
    put(&["plan", id, "disabled"], plan.disabled_by_provider.to_string());
    put(&["plan", id, "confirmation"], plan.confirmation_needed.to_string());
    put(&["plan", id, "categories"], format!("{:?}", (&plan.plan_category, &plan.sales_categories)));
    put(&["plan", id, "expiration"], format!("{:?}", plan.expiration_schedule));
    put(&["plan", id, "notification"], format!("{:?}", plan.notification_schedule));
    put(&["plan", id, "statistics"], format!("{:?}", plan.usage_statistics));
    for (period, held) in &plan.periods {
        put(&["plan", id, "period", period.as_str(), "length"], format!("{:?}", held.length));
        put(&["plan", id, "period", period.as_str(), "fees"], format!("{:?}", held.fees));
        put(&["plan", id, "period", period.as_str(), "expiration"], format!("{:?}", held.expiration_schedule));
    }
    for (resource, held) in &plan.rates {
        put(&["plan", id, "rate", resource.as_str(), "prices"], format!("{:?}", held.prices));
        put(&["plan", id, "rate", resource.as_str(), "limits"], format!("{:?}", held.limits));
        put(&["plan", id, "rate", resource.as_str(), "sale"], held.for_sale.to_string());
    }
}

/// Which options may change this cell from `before` (none: it was not there) to `after`.
fn owners(path: &[String], before: &Cells, after: &Cells) -> &'static [SyncOption] {
    use SyncOption as O;
    let parts: Vec<&str> = path.iter().map(String::as_str).collect();
    let was = |path: &[&str]| before.contains_key(&path.iter().map(|part| (*part).to_owned()).collect::<Vec<_>>());
    let fresh = !before.contains_key(path);
    let gone = !after.contains_key(path);
    match parts.as_slice() {
        ["plan", id, ..] if !was(&["plan", id, "name"]) => &[O::CreatePlans],
        ["plan", _, "published" | "disabled"] => &[O::ApplyEnabling],
        ["plan", _, "confirmation"] => &[O::CreatePlans, O::CreateResources],
        ["plan", _, "categories"] => &[O::UpdateCategories],
        ["plan", _, "expiration"] => &[O::UpdateFees],
        ["plan", _, "notification"] => &[O::UpdateNotifications],
        ["plan", _, "statistics"] => &[O::AttachStatistics],
        ["plan", _, "period", ..] if fresh => &[O::CreatePlans],
        ["plan", _, "period", _, "fees" | "expiration"] if !gone => &[O::UpdateFees],
        ["plan", _, "rate", ..] if fresh => &[O::CreateResources],
        ["plan", _, "rate", ..] if gone => &[O::RemoveResources],
        ["plan", _, "rate", _, "prices"] => &[O::UpdatePrices],
        ["plan", _, "rate", _, "limits"] => &[O::UpdateLimits],
        ["plan", _, "rate", _, "sale"] => &[O::RemoveResources, O::UpdatePrices, O::UpdateLimits, O::SyncTerms],
        ["sales-category", ..] | ["plan-category", _] if fresh => &[O::UpdateCategories, O::CreatePlans],
        ["sales-category", _, "details"] | ["plan-category", _] if !gone => &[O::UpdateCategories],
        ["resource-category", _] if !gone => &[O::UpdateCategories],
        ["grouping", _] => &[O::UpdateCategories],
        ["expiration-schedule", _] if fresh => &[O::UpdateFees, O::CreatePlans],
        ["notification-schedule", _] if fresh => &[O::UpdateNotifications, O::CreatePlans],
        ["notification-schedule", _] if !gone => &[O::UpdateNotifications],
        ["order-flow"] => &[O::UpdateOrderFlow],
        ["roles"] => &[O::UpdateRoles],
        ["terms"] => &[O::SyncTerms],
        // A plan's name, a period's length, Display Category, an old expiration schedule, the reseller's own things:
        // no option at all.
        _ => &[],
    }
}

/// Every cell that is not the same, with the options that may have changed it.
pub(crate) fn touched(before: &Cells, after: &Cells) -> Vec<(Vec<String>, &'static [SyncOption])> {
    let paths = before.keys().chain(after.keys().filter(|path| !before.contains_key(*path)));
    let paths = paths.filter(|path| before.get(*path) != after.get(*path));
    paths.map(|path| (path.clone(), owners(path, before, after))).collect()
}
