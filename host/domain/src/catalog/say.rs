//! What a cell holds, for people: money with its currency, names where there are names.

use std::collections::BTreeSet;
use std::fmt::Display;

use super::delegated::{DelegatedPeriod, DelegatedPlan, DelegatedRate, DelegatedSalesCategory, Local};
use super::edit::{Delta, Edit, Standing};
use super::model::{
    FlowStep, Limits, NamedCategory, NotificationSchedule, Role, SalesCategoryDetails, Schedule, TermsSetting,
};
use crate::money::Money;
use crate::period::Cycle;

const NOTHING: &str = "none";

/// Before and after.
pub(super) fn values(edit: &Edit) -> (String, String) {
    match edit {
        Edit::Plan { to, .. } => both(to, |held| maybe(held.as_deref(), plan)),
        Edit::Standing { to, .. } => both(to, standing),
        Edit::Confirmation { to, .. } => {
            both(to, |held| if *held { "Delegated confirmation needed" } else { "confirmed" }.to_owned())
        }
        Edit::Period { to, .. } => both(to, |held| maybe(held.as_ref(), period)),
        Edit::PlanFee { to, .. } | Edit::RatePrice { to, .. } => both(to, |held| maybe(held.as_ref(), money)),
        Edit::ExpirationSchedule { to, .. } => both(to, |held| maybe(held.as_ref(), schedule)),
        Edit::PlanExpiration { to, .. } | Edit::PeriodExpiration { to, .. } => both(to, |held| id(held.as_ref())),
        Edit::SalesCategory { to, .. } => both(to, |held| maybe(held.as_ref(), category)),
        Edit::SalesCategoryDetails { to, .. } => both(to, details),
        Edit::DisplayCategory { to, .. } => both(to, display),
        Edit::PlanSalesCategories { to, .. } => both(to, list),
        Edit::PlanCategory { to, .. } | Edit::ResourceCategory { to, .. } => {
            both(to, |held| maybe(held.as_ref(), named_category))
        }
        Edit::PlanInCategory { to, .. } => both(to, |held| id(held.as_ref())),
        Edit::Grouping { to, .. } => both(to, |held| id(held.as_ref())),
        Edit::NotificationSchedule { to, .. } => both(to, |held| maybe(held.as_ref(), notifications)),
        Edit::PlanNotification { to, .. } => both(to, |held| id(held.as_ref())),
        Edit::UsageStatistics { to, .. } => both(to, |held| id(held.as_ref())),
        Edit::Rate { to, .. } => both(to, |held| maybe(held.as_ref(), rate)),
        Edit::RateLimits { to, .. } => both(to, limits),
        Edit::SaleAvailability { to, .. } => both(to, |held| sold(*held).to_owned()),
        Edit::OrderFlow { to, .. } => both(to, |held| maybe(held.as_deref(), flow)),
        Edit::Role { to, .. } => both(to, |held| maybe(held.as_ref(), role)),
        Edit::Terms { to, .. } => both(to, |held| maybe(held.as_ref(), terms)),
    }
}

/// "1 month", "1 year", "30 days".
pub(super) fn cycle(cycle: Cycle) -> String {
    let (count, noun) = match cycle {
        Cycle::Days(days) => (days, "day"),
        Cycle::Months(months) if months > 0 && months % 12 == 0 => (months / 12, "year"),
        Cycle::Months(months) => (months, "month"),
        Cycle::StatementDay => return "statement day".to_owned(),
    };
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}

fn both<T>(to: &Delta<T>, say: impl Fn(&T) -> String) -> (String, String) {
    (say(&to.before), say(&to.after))
}

fn maybe<T: ?Sized>(held: Option<&T>, say: impl Fn(&T) -> String) -> String {
    held.map_or_else(|| NOTHING.to_owned(), say)
}

fn id(held: Option<&impl Display>) -> String {
    held.map_or_else(|| NOTHING.to_owned(), ToString::to_string)
}

fn list<T: Display>(held: &BTreeSet<T>) -> String {
    if held.is_empty() {
        return NOTHING.to_owned();
    }
    held.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

fn money(local: &Local<Money>) -> String {
    format!("{}{}", local.value, if local.own { " (the reseller's own)" } else { "" })
}

fn plan(plan: &DelegatedPlan) -> String {
    let (periods, rates) = (plan.periods.len(), plan.rates.len());
    let state = if plan.confirmation_needed {
        "Delegated confirmation needed"
    } else if plan.published {
        "published"
    } else {
        "not published"
    };
    format!("{} (periods: {periods}, resources: {rates}, {state})", plan.name)
}

fn standing(held: &Standing) -> String {
    let text = match (held.disabled_by_provider, held.published) {
        (true, _) => "Disabled by Provider",
        (false, true) => "published",
        (false, false) => "not published",
    };
    text.to_owned()
}

fn period(period: &DelegatedPeriod) -> String {
    let fees = period.fees.iter().map(|(fee, local)| format!("{fee} {}", money(local)));
    with(cycle(period.length), fees)
}

fn rate(rate: &DelegatedRate) -> String {
    let prices = rate.prices.iter().map(|(fee, local)| format!("{fee} {}", money(local)));
    with(sold(rate.for_sale).to_owned(), prices.chain([limits(&rate.limits)]))
}

fn with(head: String, rest: impl Iterator<Item = String>) -> String {
    std::iter::once(head).chain(rest).collect::<Vec<_>>().join(", ")
}

fn sold(for_sale: bool) -> &'static str {
    if for_sale { "available for sale" } else { "not available for sale" }
}

fn limits(held: &Limits) -> String {
    let maximum = held.maximum.map_or_else(|| "unlimited".to_owned(), |most| most.normalize().to_string());
    format!("included {}, minimum {}, maximum {maximum}", held.included.normalize(), held.minimum.normalize())
}

fn schedule(held: &Schedule) -> String {
    with(held.name.clone(), held.steps.iter().map(|(day, what)| format!("day {day}: {what}")))
}

fn notifications(held: &NotificationSchedule) -> String {
    with(held.name.clone(), held.steps.iter().map(|(day, template)| format!("day {day}: {template}")))
}

fn category(held: &DelegatedSalesCategory) -> String {
    format!("{}, {}", details(&held.details), display(&held.display))
}

fn details(held: &SalesCategoryDetails) -> String {
    described(&held.name, &held.description, &format!("position {}", held.position))
}

fn display(held: &Local<bool>) -> String {
    let text = if held.value { "displayed" } else { "not displayed" };
    format!("{text}{}", if held.own { " (the reseller's own)" } else { "" })
}

fn named_category(held: &NamedCategory) -> String {
    described(&held.name, &held.description, "")
}

fn described(name: &str, description: &str, rest: &str) -> String {
    let parts = [name, description, rest].into_iter().filter(|part| !part.is_empty());
    parts.collect::<Vec<_>>().join(", ")
}

fn flow(steps: &[FlowStep]) -> String {
    let steps = steps.iter().map(|step| format!("{}{}", step.name, if step.manual { " (by a person)" } else { "" }));
    steps.collect::<Vec<_>>().join(" → ")
}

fn role(held: &Role) -> String {
    format!("{}: {}", held.name, list(&held.privileges))
}

fn terms(held: &TermsSetting) -> String {
    let required = if held.required { "must be accepted" } else { "need not be accepted" };
    described(&held.name, &held.text, required)
}
