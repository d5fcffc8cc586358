//! Catalogs of every shape, and a small one to start from.

use std::collections::{BTreeMap, BTreeSet};

use counterfoil_domain::catalog::{
    DelegatedPeriod, DelegatedPlan, DelegatedRate, DelegatedSalesCategory, FlowStep, Limits, Local, NamedCategory,
    NotificationSchedule, NotificationTemplate, PeriodFee, PlanPeriod, PriceSync, ProviderCatalog, RateFee,
    ResellerCatalog, Resource, ResourceRate, Role, SalesCategory, SalesCategoryDetails, Schedule, ServicePlan,
    ServiceTemplate, TermsSetting,
};
use counterfoil_domain::money::{Currency, Money};
use counterfoil_domain::order::OrderType;
use counterfoil_domain::period::Cycle;
use proptest::collection::{btree_map, btree_set, vec};
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use rust_decimal::Decimal;

pub(crate) fn reseller(id: &str) -> ResellerCatalog {
    let mut catalog = ResellerCatalog::empty(id.into(), currency("USD"));
    let fees =
        BTreeMap::from([(PeriodFee::Setup, Local::own(usd(500))), (PeriodFee::Recurring, Local::sent(usd(1000)))]);
    let period = DelegatedPeriod { length: Cycle::Months(1), fees, expiration_schedule: None };
    let prices = BTreeMap::from([(RateFee::Overuse, Local::sent(usd(50)))]);
    let rate = DelegatedRate { prices, limits: Limits::default(), for_sale: true };
    let plan = DelegatedPlan {
        name: "Gold".into(),
        published: true,
        disabled_by_provider: false,
        confirmation_needed: false,
        plan_category: None,
        sales_categories: BTreeSet::from(["cloud".into()]),
        expiration_schedule: None,
        notification_schedule: None,
        usage_statistics: None,
        periods: BTreeMap::from([("monthly".into(), period)]),
        rates: BTreeMap::from([("disk".into(), rate)]),
    };
    catalog.plans.insert("gold".into(), plan);
    catalog
}

fn currency(code: &str) -> Currency {
    Currency::parse(code).unwrap()
}

fn usd(cents: i64) -> Money {
    Money::new(Decimal::new(cents, 2), currency("USD"))
}

/// Any text people type.
fn text() -> impl Strategy<Value = String> {
    "[ -~é„“\n]{0,8}"
}

/// Slashes, dots, percent signs and quotes are good in an id.
fn id<K: for<'a> From<&'a str> + std::fmt::Debug>() -> impl Strategy<Value = K> {
    "[a-zA-Z0-9/%.é\"\\\\_-]{1,6}".prop_map(|id| K::from(id.as_str()))
}

fn decimal() -> impl Strategy<Value = Decimal> {
    (-99_999_999_999_i64..99_999_999_999, 0_u32..8).prop_map(|(number, scale)| Decimal::new(number, scale))
}

fn money() -> impl Strategy<Value = Money> {
    (decimal(), select(vec!["USD", "EUR", "JPY", "KWD"])).prop_map(|(amount, code)| Money::new(amount, currency(code)))
}

fn cycle() -> impl Strategy<Value = Cycle> {
    prop_oneof![(1_u32..36_600).prop_map(Cycle::Days), (1_u32..400).prop_map(Cycle::Months), Just(Cycle::StatementDay)]
}

fn local<T: Copy + std::fmt::Debug>(value: impl Strategy<Value = T>) -> impl Strategy<Value = Local<T>> {
    (value, any::<bool>()).prop_map(|(value, own)| Local { value, own })
}

fn limits() -> impl Strategy<Value = Limits> {
    (decimal(), decimal(), option::of(decimal())).prop_map(|(included, minimum, maximum)| Limits {
        included,
        minimum,
        maximum,
    })
}

fn named() -> impl Strategy<Value = NamedCategory> {
    (text(), text()).prop_map(|(name, description)| NamedCategory { name, description })
}

fn details() -> impl Strategy<Value = SalesCategoryDetails> {
    (text(), text(), any::<u32>()).prop_map(|(name, description, position)| SalesCategoryDetails {
        name,
        description,
        position,
    })
}

fn schedule() -> impl Strategy<Value = Schedule> {
    (text(), vec((any::<i32>(), text()), 0..3)).prop_map(|(name, steps)| Schedule { name, steps })
}

fn notifications() -> impl Strategy<Value = NotificationSchedule> {
    (text(), vec((any::<i32>(), id()), 0..3)).prop_map(|(name, steps)| NotificationSchedule { name, steps })
}

fn flow() -> impl Strategy<Value = BTreeMap<OrderType, Vec<FlowStep>>> {
    let step = (text(), any::<bool>()).prop_map(|(name, manual)| FlowStep { name, manual });
    btree_map(select(OrderType::ALL), vec(step, 0..3), 0..3)
}

fn role() -> impl Strategy<Value = Role> {
    (text(), btree_set(text(), 0..3)).prop_map(|(name, privileges)| Role { name, privileges })
}

fn terms() -> impl Strategy<Value = TermsSetting> {
    (text(), text(), any::<bool>()).prop_map(|(name, text, required)| TermsSetting { name, text, required })
}

fn template() -> impl Strategy<Value = ServiceTemplate> {
    let parts = (text(), btree_set(id(), 0..3), flow(), btree_map(id(), role(), 0..3), btree_map(id(), terms(), 0..3));
    parts.prop_map(|(name, delegated_plans, order_flow, roles, terms)| ServiceTemplate {
        name,
        delegated_plans,
        order_flow,
        roles,
        terms,
    })
}

fn plan() -> impl Strategy<Value = ServicePlan> {
    let period = (cycle(), btree_map(select(PeriodFee::ALL), money(), 0..4), option::of(id()));
    let period =
        period.prop_map(|(length, fees, expiration_schedule)| PlanPeriod { length, fees, expiration_schedule });
    let rate = (btree_map(select(RateFee::ALL), money(), 0..3), limits(), any::<bool>())
        .prop_map(|(prices, limits, for_sale)| ResourceRate { prices, limits, for_sale });
    let refers = (option::of(id()), btree_set(id(), 0..3), option::of(id()), option::of(id()), option::of(id()));
    let parts = (text(), any::<bool>(), refers, btree_map(id(), period, 0..3), btree_map(id(), rate, 0..3));
    parts.prop_map(|(name, published, (kind, sales_categories, expiration, notification, usage), periods, rates)| {
        ServicePlan {
            name,
            published,
            plan_category: kind,
            sales_categories,
            expiration_schedule: expiration,
            notification_schedule: notification,
            usage_statistics: usage,
            periods,
            rates,
        }
    })
}

fn delegated() -> impl Strategy<Value = DelegatedPlan> {
    let period = (cycle(), btree_map(select(PeriodFee::ALL), local(money()), 0..4), option::of(id()));
    let period =
        period.prop_map(|(length, fees, expiration_schedule)| DelegatedPeriod { length, fees, expiration_schedule });
    let rate = (btree_map(select(RateFee::ALL), local(money()), 0..3), limits(), any::<bool>())
        .prop_map(|(prices, limits, for_sale)| DelegatedRate { prices, limits, for_sale });
    let parts = (plan(), any::<bool>(), any::<bool>(), btree_map(id(), period, 0..3), btree_map(id(), rate, 0..3));
    parts.prop_map(|(plan, disabled, confirm, periods, rates)| DelegatedPlan {
        name: plan.name,
        published: plan.published,
        disabled_by_provider: disabled,
        confirmation_needed: confirm,
        plan_category: plan.plan_category,
        sales_categories: plan.sales_categories,
        expiration_schedule: plan.expiration_schedule,
        notification_schedule: plan.notification_schedule,
        usage_statistics: plan.usage_statistics,
        periods,
        rates,
    })
}

pub(crate) fn provider() -> impl Strategy<Value = ProviderCatalog> {
    let resource = (text(), option::of(id())).prop_map(|(name, category)| Resource { name, category });
    let category = (details(), any::<bool>()).prop_map(|(details, display)| SalesCategory { details, display });
    let notice = (text(), any::<bool>())
        .prop_map(|(name, visible_to_resellers)| NotificationTemplate { name, visible_to_resellers });
    let first = (
        btree_map(id(), template(), 0..3),
        btree_map(id(), plan(), 0..3),
        btree_map(id(), resource, 0..3),
        btree_map(id(), category, 0..3),
    );
    let second = (
        btree_map(id(), named(), 0..3),
        btree_map(id(), named(), 0..3),
        btree_map(id(), schedule(), 0..3),
        btree_map(id(), notifications(), 0..3),
        btree_map(id(), notice, 0..3),
    );
    (first, second).prop_map(|(first, second)| ProviderCatalog {
        templates: first.0,
        plans: first.1,
        resources: first.2,
        sales_categories: first.3,
        plan_categories: second.0,
        resource_categories: second.1,
        expiration_schedules: second.2,
        notification_schedules: second.3,
        notification_templates: second.4,
    })
}

pub(crate) fn any_reseller() -> impl Strategy<Value = ResellerCatalog> {
    let category =
        (details(), local(any::<bool>())).prop_map(|(details, display)| DelegatedSalesCategory { details, display });
    let head = (id(), select(vec!["USD", "EUR", "JPY"]), select(PriceSync::ALL));
    let first = (btree_map(id(), delegated(), 0..3), btree_map(id(), category, 0..3), btree_map(id(), named(), 0..3));
    let second = (
        btree_map(id(), named(), 0..3),
        btree_map(id(), id(), 0..3),
        btree_map(id(), schedule(), 0..3),
        btree_map(id(), notifications(), 0..3),
    );
    let third = (flow(), btree_map(id(), role(), 0..3), btree_map(id(), terms(), 0..3), provider());
    (head, first, second, third).prop_map(|(head, first, second, third)| ResellerCatalog {
        reseller: head.0,
        currency: currency(head.1),
        price_sync: head.2,
        plans: first.0,
        sales_categories: first.1,
        plan_categories: first.2,
        resource_categories: second.0,
        grouping: second.1,
        expiration_schedules: second.2,
        notification_schedules: second.3,
        order_flow: third.0,
        roles: third.1,
        terms: third.2,
        own: third.3,
    })
}
