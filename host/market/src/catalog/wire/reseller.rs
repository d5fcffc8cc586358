//! What a reseller holds of its provider's catalog, as JSON.

use counterfoil_domain::catalog::id::ResourceCategoryId;
use counterfoil_domain::catalog::{
    DelegatedPeriod, DelegatedPlan, DelegatedRate, DelegatedSalesCategory, Local, PriceSync, ResellerCatalog,
};
use counterfoil_domain::id::ResellerId;
use counterfoil_domain::money::Money;
use serde::{Deserialize, Serialize};

use super::FORMAT;
use super::entries::{Entries, id};
use super::object::objects;
use super::parts::{
    Amount, LimitsSheet, NamedSheet, OrderFlowSheet, RoleSheet, SalesCategorySheet, ScheduleSheet, TermsSheet,
    currency, cycle, length, maybe, member, prices,
};
use super::place::{Place, Unreadable};
use super::provider::{self, period_fee, rate_fee};

objects!(Catalog, PlanSheet, PeriodSheet, RateSheet);

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, remote = "Self")]
pub(super) struct Catalog {
    format: String,
    reseller: String,
    currency: String,
    #[serde(default = "enabled")]
    price_synchronization: String,
    #[serde(default)]
    plans: Entries<PlanSheet>,
    #[serde(default)]
    sales_categories: Entries<SalesCategorySheet>,
    #[serde(default)]
    plan_categories: Entries<NamedSheet>,
    #[serde(default)]
    resource_categories: Entries<NamedSheet>,
    /// Category by resource.
    #[serde(default)]
    grouping: Entries<String>,
    #[serde(default)]
    expiration_schedules: Entries<ScheduleSheet>,
    #[serde(default)]
    notification_schedules: Entries<ScheduleSheet>,
    #[serde(default)]
    order_flow: OrderFlowSheet,
    #[serde(default)]
    roles: Entries<RoleSheet>,
    #[serde(default)]
    terms: Entries<TermsSheet>,
    /// What it made itself, with the service templates by which it serves its own sub-resellers.
    #[serde(default)]
    own: provider::Catalog,
}

fn enabled() -> String {
    PriceSync::Enabled.name().to_owned()
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, remote = "Self")]
struct PlanSheet {
    name: String,
    published: bool,
    #[serde(default)]
    disabled_by_provider: bool,
    #[serde(default)]
    confirmation_needed: bool,
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

pub(super) fn domain(sheet: Catalog, top: &Place<'_>) -> Result<ResellerCatalog, Unreadable> {
    let named = |sheet: NamedSheet, _: &Place<'_>| Ok(sheet.read());
    let price_sync = top.at("price_synchronization");
    if !sheet.own.format.is_empty() {
        return Err(top.at("own").at("format").refuse("what stands inside a catalog has no format of its own"));
    }
    Ok(ResellerCatalog {
        reseller: id::<ResellerId>(&sheet.reseller, &top.at("reseller"))?,
        currency: currency(&sheet.currency, &top.at("currency"))?,
        price_sync: member(
            &sheet.price_synchronization,
            PriceSync::ALL,
            PriceSync::parse,
            PriceSync::name,
            &price_sync,
        )?,
        plans: sheet.plans.read(&top.at("plans"), id, PlanSheet::read)?,
        sales_categories: sheet.sales_categories.read(&top.at("sales_categories"), id, |category, _| {
            let display = Local { value: category.display, own: category.own_display };
            Ok(DelegatedSalesCategory { details: category.details(), display })
        })?,
        plan_categories: sheet.plan_categories.read(&top.at("plan_categories"), id, named)?,
        resource_categories: sheet.resource_categories.read(&top.at("resource_categories"), id, named)?,
        grouping: sheet
            .grouping
            .read(&top.at("grouping"), id, |category, place| id::<ResourceCategoryId>(&category, place))?,
        expiration_schedules: sheet
            .expiration_schedules
            .read(&top.at("expiration_schedules"), id, |schedule, _| Ok(schedule.read()))?,
        notification_schedules: sheet.notification_schedules.read(
            &top.at("notification_schedules"),
            id,
            ScheduleSheet::read_notifications,
        )?,
        order_flow: sheet.order_flow.read(&top.at("order_flow"))?,
        roles: sheet.roles.read(&top.at("roles"), id, |role, _| Ok(role.read()))?,
        terms: sheet.terms.read(&top.at("terms"), id, |terms, _| Ok(terms.read()))?,
        own: provider::domain(sheet.own, &top.at("own"))?,
    })
}

fn local(value: Money, own: bool) -> Local<Money> {
    Local { value, own }
}

impl PlanSheet {
    fn read(self, place: &Place<'_>) -> Result<DelegatedPlan, Unreadable> {
        let categories = place.at("sales_categories");
        Ok(DelegatedPlan {
            name: self.name,
            published: self.published,
            disabled_by_provider: self.disabled_by_provider,
            confirmation_needed: self.confirmation_needed,
            plan_category: maybe(self.plan_category.as_ref(), &place.at("plan_category"))?,
            sales_categories: self.sales_categories.iter().map(|one| id(one, &categories)).collect::<Result<_, _>>()?,
            expiration_schedule: maybe(self.expiration_schedule.as_ref(), &place.at("expiration_schedule"))?,
            notification_schedule: maybe(self.notification_schedule.as_ref(), &place.at("notification_schedule"))?,
            usage_statistics: maybe(self.usage_statistics.as_ref(), &place.at("usage_statistics"))?,
            periods: self.periods.read(&place.at("periods"), id, PeriodSheet::read)?,
            rates: self.rates.read(&place.at("rates"), id, RateSheet::read)?,
        })
    }

    fn of(plan: &DelegatedPlan) -> Self {
        Self {
            name: plan.name.clone(),
            published: plan.published,
            disabled_by_provider: plan.disabled_by_provider,
            confirmation_needed: plan.confirmation_needed,
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
    fn read(self, place: &Place<'_>) -> Result<DelegatedPeriod, Unreadable> {
        Ok(DelegatedPeriod {
            length: cycle(&self.length, &place.at("length"))?,
            fees: prices(self.fees, period_fee, local, &place.at("fees"))?,
            expiration_schedule: maybe(self.expiration_schedule.as_ref(), &place.at("expiration_schedule"))?,
        })
    }

    fn of(period: &DelegatedPeriod) -> Self {
        Self {
            length: length(period.length),
            fees: Entries::of(&period.fees, |fee| Amount::of(fee.value, fee.own)),
            expiration_schedule: period.expiration_schedule.as_ref().map(ToString::to_string),
        }
    }
}

impl RateSheet {
    fn read(self, place: &Place<'_>) -> Result<DelegatedRate, Unreadable> {
        Ok(DelegatedRate {
            prices: prices(self.prices, rate_fee, local, &place.at("prices"))?,
            limits: self.limits.read(&place.at("limits"))?,
            for_sale: self.for_sale,
        })
    }

    fn of(rate: &DelegatedRate) -> Self {
        Self {
            prices: Entries::of(&rate.prices, |price| Amount::of(price.value, price.own)),
            limits: LimitsSheet::of(&rate.limits),
            for_sale: rate.for_sale,
        }
    }
}

pub(super) fn wire(catalog: &ResellerCatalog) -> Catalog {
    Catalog {
        format: FORMAT.to_owned(),
        reseller: catalog.reseller.to_string(),
        currency: catalog.currency.code().to_owned(),
        price_synchronization: catalog.price_sync.name().to_owned(),
        plans: Entries::of(&catalog.plans, PlanSheet::of),
        sales_categories: Entries::of(&catalog.sales_categories, |category| {
            SalesCategorySheet::of(&category.details, category.display.value, category.display.own)
        }),
        plan_categories: Entries::of(&catalog.plan_categories, NamedSheet::of),
        resource_categories: Entries::of(&catalog.resource_categories, NamedSheet::of),
        grouping: Entries::of(&catalog.grouping, ToString::to_string),
        expiration_schedules: Entries::of(&catalog.expiration_schedules, ScheduleSheet::of),
        notification_schedules: Entries::of(&catalog.notification_schedules, ScheduleSheet::of_notifications),
        order_flow: OrderFlowSheet::of(&catalog.order_flow),
        roles: Entries::of(&catalog.roles, RoleSheet::of),
        terms: Entries::of(&catalog.terms, TermsSheet::of),
        own: provider::wire(&catalog.own),
    }
}
