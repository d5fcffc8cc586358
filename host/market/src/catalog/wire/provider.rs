//! A provider's catalog as JSON.

use counterfoil_domain::catalog::{
    NotificationTemplate, PeriodFee, PlanPeriod, ProviderCatalog, RateFee, Resource, ResourceRate, SalesCategory,
    ServicePlan,
};
use counterfoil_domain::money::Money;
use serde::{Deserialize, Serialize};

use super::entries::{Entries, id};
use super::object::objects;
use super::parts::{
    Amount, LimitsSheet, NamedSheet, SalesCategorySheet, ScheduleSheet, TemplateSheet, cycle, length, maybe, member,
    prices,
};
use super::place::{Place, Unreadable};

objects!(Catalog, PlanSheet, PeriodSheet, RateSheet, ResourceSheet, NotificationTemplateSheet);

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, remote = "Self")]
pub(super) struct Catalog {
    /// Of a catalog by itself; what stands inside another has none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(super) format: String,
    #[serde(default)]
    templates: Entries<TemplateSheet>,
    #[serde(default)]
    plans: Entries<PlanSheet>,
    #[serde(default)]
    resources: Entries<ResourceSheet>,
    #[serde(default)]
    sales_categories: Entries<SalesCategorySheet>,
    #[serde(default)]
    plan_categories: Entries<NamedSheet>,
    #[serde(default)]
    resource_categories: Entries<NamedSheet>,
    #[serde(default)]
    expiration_schedules: Entries<ScheduleSheet>,
    #[serde(default)]
    notification_schedules: Entries<ScheduleSheet>,
    #[serde(default)]
    notification_templates: Entries<NotificationTemplateSheet>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, remote = "Self")]
struct PlanSheet {
    name: String,
    published: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    plan_category: Option<String>,
    #[serde(default)]
    sales_categories: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    expiration_schedule: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    notification_schedule: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    usage_statistics: Option<String>,
    #[serde(default)]
    periods: Entries<PeriodSheet>,
    #[serde(default)]
    rates: Entries<RateSheet>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, remote = "Self")]
struct PeriodSheet {
    length: String,
    #[serde(default)]
    fees: Entries<Amount>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    expiration_schedule: Option<String>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, remote = "Self")]
struct RateSheet {
    #[serde(default)]
    prices: Entries<Amount>,
    limits: LimitsSheet,
    for_sale: bool,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, remote = "Self")]
struct ResourceSheet {
    name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    category: Option<String>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, remote = "Self")]
struct NotificationTemplateSheet {
    name: String,
    visible_to_resellers: bool,
}

pub(super) fn period_fee(name: &str, place: &Place<'_>) -> Result<PeriodFee, Unreadable> {
    member(name, PeriodFee::ALL, PeriodFee::parse, PeriodFee::name, place)
}

pub(super) fn rate_fee(name: &str, place: &Place<'_>) -> Result<RateFee, Unreadable> {
    member(name, RateFee::ALL, RateFee::parse, RateFee::name, place)
}

pub(super) fn domain(sheet: Catalog, top: &Place<'_>) -> Result<ProviderCatalog, Unreadable> {
    let named = |sheet: NamedSheet, _: &Place<'_>| Ok(sheet.read());
    Ok(ProviderCatalog {
        templates: sheet.templates.read(&top.at("templates"), id, TemplateSheet::read)?,
        plans: sheet.plans.read(&top.at("plans"), id, PlanSheet::read)?,
        resources: sheet.resources.read(&top.at("resources"), id, |resource, place| {
            Ok(Resource { category: maybe(resource.category.as_ref(), &place.at("category"))?, name: resource.name })
        })?,
        sales_categories: sheet.sales_categories.read(&top.at("sales_categories"), id, |category, place| {
            if category.own_display {
                return Err(place.refuse("own_display is a reseller's, not the provider's"));
            }
            Ok(SalesCategory { display: category.display, details: category.details() })
        })?,
        plan_categories: sheet.plan_categories.read(&top.at("plan_categories"), id, named)?,
        resource_categories: sheet.resource_categories.read(&top.at("resource_categories"), id, named)?,
        expiration_schedules: sheet
            .expiration_schedules
            .read(&top.at("expiration_schedules"), id, |schedule, _| Ok(schedule.read()))?,
        notification_schedules: sheet.notification_schedules.read(
            &top.at("notification_schedules"),
            id,
            ScheduleSheet::read_notifications,
        )?,
        notification_templates: sheet.notification_templates.read(
            &top.at("notification_templates"),
            id,
            |template, _| {
                Ok(NotificationTemplate { name: template.name, visible_to_resellers: template.visible_to_resellers })
            },
        )?,
    })
}

/// The provider's own prices are nobody else's.
fn provided(money: Money, _: bool) -> Money {
    money
}

fn not_own(sheet: &Entries<Amount>, place: &Place<'_>) -> Result<(), Unreadable> {
    match sheet.0.iter().find(|(_, amount)| amount.own) {
        Some((name, _)) => Err(place.at(name).refuse("own is a reseller's, not the provider's")),
        None => Ok(()),
    }
}

impl PlanSheet {
    fn read(self, place: &Place<'_>) -> Result<ServicePlan, Unreadable> {
        let categories = place.at("sales_categories");
        Ok(ServicePlan {
            name: self.name,
            published: self.published,
            plan_category: maybe(self.plan_category.as_ref(), &place.at("plan_category"))?,
            sales_categories: self.sales_categories.iter().map(|one| id(one, &categories)).collect::<Result<_, _>>()?,
            expiration_schedule: maybe(self.expiration_schedule.as_ref(), &place.at("expiration_schedule"))?,
            notification_schedule: maybe(self.notification_schedule.as_ref(), &place.at("notification_schedule"))?,
            usage_statistics: maybe(self.usage_statistics.as_ref(), &place.at("usage_statistics"))?,
            periods: self.periods.read(&place.at("periods"), id, PeriodSheet::read)?,
            rates: self.rates.read(&place.at("rates"), id, RateSheet::read)?,
        })
    }

    fn of(plan: &ServicePlan) -> Self {
        Self {
            name: plan.name.clone(),
            published: plan.published,
            plan_category: plan.plan_category.as_ref().map(ToString::to_string),
            sales_categories: plan.sales_categories.iter().map(ToString::to_string).collect(),
            expiration_schedule: plan.expiration_schedule.as_ref().map(ToString::to_string),
            notification_schedule: plan.notification_schedule.as_ref().map(ToString::to_string),
            usage_statistics: plan.usage_statistics.as_ref().map(ToString::to_string),
            periods: Entries::of(&plan.periods, PeriodSheet::of),
            rates: Entries::of(&plan.rates, RateSheet::of),
        }
    }
}

impl PeriodSheet {
    fn read(self, place: &Place<'_>) -> Result<PlanPeriod, Unreadable> {
        not_own(&self.fees, &place.at("fees"))?;
        Ok(PlanPeriod {
            length: cycle(&self.length, &place.at("length"))?,
            fees: prices(self.fees, period_fee, provided, &place.at("fees"))?,
            expiration_schedule: maybe(self.expiration_schedule.as_ref(), &place.at("expiration_schedule"))?,
        })
    }

    fn of(period: &PlanPeriod) -> Self {
        Self {
            length: length(period.length),
            fees: Entries::of(&period.fees, |fee| Amount::of(*fee, false)),
            expiration_schedule: period.expiration_schedule.as_ref().map(ToString::to_string),
        }
    }
}

impl RateSheet {
    fn read(self, place: &Place<'_>) -> Result<ResourceRate, Unreadable> {
        not_own(&self.prices, &place.at("prices"))?;
        Ok(ResourceRate {
            prices: prices(self.prices, rate_fee, provided, &place.at("prices"))?,
            limits: self.limits.read(&place.at("limits"))?,
            for_sale: self.for_sale,
        })
    }

    fn of(rate: &ResourceRate) -> Self {
        Self {
            prices: Entries::of(&rate.prices, |price| Amount::of(*price, false)),
            limits: LimitsSheet::of(&rate.limits),
            for_sale: rate.for_sale,
        }
    }
}

pub(super) fn wire(catalog: &ProviderCatalog) -> Catalog {
    Catalog {
        format: String::new(),
        templates: Entries::of(&catalog.templates, TemplateSheet::of),
        plans: Entries::of(&catalog.plans, PlanSheet::of),
        resources: Entries::of(&catalog.resources, |resource| ResourceSheet {
            name: resource.name.clone(),
            category: resource.category.as_ref().map(ToString::to_string),
        }),
        sales_categories: Entries::of(&catalog.sales_categories, |category| {
            SalesCategorySheet::of(&category.details, category.display, false)
        }),
        plan_categories: Entries::of(&catalog.plan_categories, NamedSheet::of),
        resource_categories: Entries::of(&catalog.resource_categories, NamedSheet::of),
        expiration_schedules: Entries::of(&catalog.expiration_schedules, ScheduleSheet::of),
        notification_schedules: Entries::of(&catalog.notification_schedules, ScheduleSheet::of_notifications),
        notification_templates: Entries::of(&catalog.notification_templates, |template| NotificationTemplateSheet {
            name: template.name.clone(),
            visible_to_resellers: template.visible_to_resellers,
        }),
    }
}
