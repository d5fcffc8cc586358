//! A provider in two editions, and resellers that hold the first.

use std::collections::{BTreeMap, BTreeSet};

use counterfoil_domain::catalog::cascade::as_provider;
use counterfoil_domain::catalog::{
    DisplayPolicy, Limits, Local, Node, Options, PeriodFee, PlanPeriod, Provider, ProviderCatalog, RateFee,
    ResellerCatalog, Resource, ResourceRate, ServicePlan, ServiceTemplate, Upstream, apply, diff,
};
use counterfoil_domain::id::ResellerId;
use counterfoil_domain::money::{Currency, Money};
use counterfoil_domain::period::Cycle;
use rust_decimal::Decimal;

pub(crate) fn usd(cents: i64) -> Money {
    Money::new(Decimal::new(cents, 2), Currency::parse("USD").unwrap())
}

fn plan(name: &str, cents: i64) -> ServicePlan {
    let period = PlanPeriod {
        length: Cycle::Months(1),
        fees: BTreeMap::from([(PeriodFee::Recurring, usd(cents * 10))]),
        expiration_schedule: None,
    };
    let rate = ResourceRate {
        prices: BTreeMap::from([(RateFee::Recurring, usd(cents))]),
        limits: Limits { included: 1.into(), minimum: 0.into(), maximum: None },
        for_sale: true,
    };
    ServicePlan {
        name: name.into(),
        published: true,
        plan_category: None,
        sales_categories: BTreeSet::new(),
        expiration_schedule: None,
        notification_schedule: None,
        usage_statistics: None,
        periods: BTreeMap::from([("monthly".into(), period)]),
        rates: BTreeMap::from([("disk".into(), rate.clone()), ("mail".into(), rate)]),
    }
}

/// In edition 2 every price is another one.
pub(crate) fn provider(edition: i64) -> ProviderCatalog {
    let delegated = BTreeSet::from(["gold".into(), "silver".into()]);
    let template = ServiceTemplate { name: "T".into(), delegated_plans: delegated, ..ServiceTemplate::default() };
    let resource = |name: &str| Resource { name: name.into(), category: None };
    ProviderCatalog {
        templates: BTreeMap::from([("t".into(), template)]),
        plans: BTreeMap::from([
            ("gold".into(), plan("Gold", 200 + edition)),
            ("silver".into(), plan("Silver", 100 + edition)),
        ]),
        resources: BTreeMap::from([("disk".into(), resource("Disk")), ("mail".into(), resource("Mail"))]),
        ..ProviderCatalog::default()
    }
}

/// Holds all that it is shown, by its template.
pub(crate) fn holding(id: &str, template: &str, above: &ProviderCatalog) -> ResellerCatalog {
    let mut catalog = ResellerCatalog::empty(id.into(), usd(0).currency);
    let shown = Provider::prepare(above, &template.into(), DisplayPolicy::Preserve).unwrap();
    let set = diff(&shown, &catalog, Options::all());
    apply(&mut catalog, &set).unwrap();
    catalog
}

pub(crate) fn reseller(id: &str) -> ResellerCatalog {
    holding(id, "t", &provider(1))
}

/// A reseller that serves others: gold alone goes on.
pub(crate) fn distributor(id: &str) -> ResellerCatalog {
    let mut catalog = reseller(id);
    let delegated_plans = BTreeSet::from(["gold".into()]);
    let template = ServiceTemplate { name: "Sub".into(), delegated_plans, ..ServiceTemplate::default() };
    catalog.own.templates.insert("sub".into(), template);
    catalog
}

pub(crate) fn below(id: &str, above: &ResellerCatalog) -> ResellerCatalog {
    holding(id, "sub", &as_provider(above, &provider(1)))
}

pub(crate) fn node(id: &str, above: Option<&str>) -> Node {
    Node {
        reseller: id.into(),
        upstream: above.map_or(Upstream::Provider, |above| Upstream::Reseller(ResellerId::new(above))),
        template: if above.is_some() { "sub".into() } else { "t".into() },
    }
}

/// The price that a reseller sells gold's disk at.
pub(crate) fn disk(catalog: &ResellerCatalog) -> Money {
    catalog.plans[&"gold".into()].rates[&"disk".into()].prices[&RateFee::Recurring].value
}

/// The reseller sets its own price of gold's disk, which a synchronization would replace.
pub(crate) fn price_of_its_own(catalog: &mut ResellerCatalog, cents: i64) {
    let plan = catalog.plans.get_mut(&"gold".into()).unwrap();
    let rate = plan.rates.get_mut(&"disk".into()).unwrap();
    rate.prices.insert(RateFee::Recurring, Local::own(usd(cents)));
}

/// A change that no synchronization has to do with.
pub(crate) fn unrelated(catalog: &mut ResellerCatalog) {
    let own = Resource { name: "Of its own".into(), category: None };
    catalog.own.resources.insert("own".into(), own);
}
