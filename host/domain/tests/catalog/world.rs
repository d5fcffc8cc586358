//! A small provider and the reseller that holds all of it; tests change one of them and compare.

use std::collections::{BTreeMap, BTreeSet};

use counterfoil_domain::catalog::id::{ServicePlanId, TemplateId};
use counterfoil_domain::catalog::{
    Cause, ChangeKind, ChangeSet, DelegatedPlan, DisplayPolicy, FlowStep, Limits, NamedCategory, NotificationSchedule,
    NotificationTemplate, Options, PeriodFee, PlanPeriod, Provider, ProviderCatalog, RateFee, ResellerCatalog,
    Resource, ResourceRate, Role, SalesCategory, SalesCategoryDetails, Schedule, ServicePlan, ServiceTemplate,
    SyncOption, TermsSetting, apply, diff,
};
use counterfoil_domain::id::ResellerId;
use counterfoil_domain::money::{Currency, Money};
use counterfoil_domain::order::OrderType;
use counterfoil_domain::period::Cycle;

pub(crate) fn currency(code: &str) -> Currency {
    Currency::parse(code).unwrap()
}

pub(crate) fn usd(amount: &str) -> Money {
    Money::new(amount.parse().unwrap(), currency("USD"))
}

pub(crate) fn template() -> TemplateId {
    "resellers".into()
}

pub(crate) fn period(recurring: &str) -> PlanPeriod {
    PlanPeriod {
        length: Cycle::Months(1),
        fees: BTreeMap::from([(PeriodFee::Setup, usd("5")), (PeriodFee::Recurring, usd(recurring))]),
        expiration_schedule: None,
    }
}

pub(crate) fn rate(recurring: &str) -> ResourceRate {
    ResourceRate {
        prices: BTreeMap::from([(RateFee::Recurring, usd(recurring)), (RateFee::Overuse, usd("0.50"))]),
        limits: Limits { included: 1.into(), minimum: 0.into(), maximum: Some(100.into()) },
        for_sale: true,
    }
}

pub(crate) fn plan(name: &str, sales_category: &str) -> ServicePlan {
    ServicePlan {
        name: name.into(),
        published: true,
        plan_category: Some("hosting".into()),
        sales_categories: BTreeSet::from([sales_category.into()]),
        expiration_schedule: Some("standard".into()),
        notification_schedule: Some("reminders".into()),
        usage_statistics: None,
        periods: BTreeMap::from([("monthly".into(), period("10"))]),
        rates: BTreeMap::from([("disk".into(), rate("2")), ("mailbox".into(), rate("3"))]),
    }
}

pub(crate) fn sales_category(name: &str) -> SalesCategory {
    let details = SalesCategoryDetails { name: name.into(), description: String::new(), position: 1 };
    SalesCategory { details, display: true }
}

pub(crate) fn named_category(name: &str) -> NamedCategory {
    NamedCategory { name: name.into(), description: String::new() }
}

pub(crate) fn schedule(name: &str) -> Schedule {
    Schedule { name: name.into(), steps: vec![(0, "suspend".into()), (30, "delete".into())] }
}

pub(crate) fn notifications(name: &str, template: &str) -> NotificationSchedule {
    NotificationSchedule { name: name.into(), steps: vec![(-7, template.into())] }
}

/// Two plans, two resources, one of everything else; one plan that is not delegated, in a category of its own.
pub(crate) fn provider() -> ProviderCatalog {
    let resource = |name: &str| Resource { name: name.into(), category: Some("storage".into()) };
    let seen = |name: &str, visible| NotificationTemplate { name: name.into(), visible_to_resellers: visible };
    let steps = vec![FlowStep { name: "provisioning".into(), manual: false }];
    let role = Role { name: "Staff".into(), privileges: BTreeSet::from(["orders".into()]) };
    let terms = TermsSetting { name: "General".into(), text: "edition 1".into(), required: true };
    let delegating = ServiceTemplate {
        name: "Resellers".into(),
        delegated_plans: BTreeSet::from(["gold".into(), "silver".into()]),
        order_flow: BTreeMap::from([(OrderType::Sales, steps)]),
        roles: BTreeMap::from([("staff".into(), role)]),
        terms: BTreeMap::from([("general".into(), terms)]),
    };
    ProviderCatalog {
        templates: BTreeMap::from([(template(), delegating)]),
        plans: BTreeMap::from([
            ("gold".into(), plan("Gold", "cloud")),
            ("silver".into(), plan("Silver", "cloud")),
            ("house".into(), plan("In-house", "internal")),
        ]),
        resources: BTreeMap::from([
            ("disk".into(), resource("Disk")),
            ("mailbox".into(), resource("Mailbox")),
            ("domain".into(), resource("Domain")),
        ]),
        sales_categories: BTreeMap::from([
            ("cloud".into(), sales_category("Cloud")),
            ("internal".into(), sales_category("Internal")),
        ]),
        plan_categories: BTreeMap::from([("hosting".into(), named_category("Hosting"))]),
        resource_categories: BTreeMap::from([("storage".into(), named_category("Storage"))]),
        expiration_schedules: BTreeMap::from([("standard".into(), schedule("Standard"))]),
        notification_schedules: BTreeMap::from([("reminders".into(), notifications("Reminders", "soon"))]),
        notification_templates: BTreeMap::from([
            ("soon".into(), seen("Ends soon", true)),
            ("secret".into(), seen("For us alone", false)),
        ]),
    }
}

pub(crate) fn compare(provider: &ProviderCatalog, reseller: &ResellerCatalog, options: Options) -> ChangeSet {
    diff(&Provider::prepare(provider, &template(), DisplayPolicy::Preserve).unwrap(), reseller, options)
}

pub(crate) fn empty_reseller() -> ResellerCatalog {
    ResellerCatalog::empty(ResellerId::new("acme"), currency("USD"))
}

/// Everything the provider delegates, as it is now.
pub(crate) fn reseller_of(provider: &ProviderCatalog) -> ResellerCatalog {
    let mut reseller = empty_reseller();
    sync(provider, &mut reseller, Options::all());
    reseller
}

/// Compares, applies, and holds that a second comparison has nothing left.
pub(crate) fn sync(provider: &ProviderCatalog, reseller: &mut ResellerCatalog, options: Options) -> ChangeSet {
    let set = compare(provider, reseller, options);
    apply(reseller, &set).unwrap();
    assert_eq!(compare(provider, reseller, options).changes, [], "with {options:?}");
    set
}

pub(crate) fn only(option: SyncOption) -> Options {
    Options::NONE.with(option)
}

pub(crate) fn all_but(option: SyncOption) -> Options {
    Options::all().without(option)
}

pub(crate) fn keys(set: &ChangeSet) -> Vec<String> {
    let mut keys: Vec<String> = set.changes.iter().map(|change| change.key().to_string()).collect();
    keys.sort();
    keys
}

/// The sentences of what was held back, each with its keys.
pub(crate) fn held(set: &ChangeSet) -> Vec<String> {
    set.held
        .iter()
        .map(|held| {
            let keys: Vec<String> = held.changes.iter().map(|change| change.key().to_string()).collect();
            format!("{} [{}]", held.sentence(), keys.join(" "))
        })
        .collect()
}

pub(crate) fn held_kinds(set: &ChangeSet) -> Vec<(ChangeKind, Cause, usize)> {
    set.held.iter().map(|held| (held.kind, held.cause, held.count())).collect()
}

pub(crate) fn gold(reseller: &ResellerCatalog) -> &DelegatedPlan {
    &reseller.plans[&ServicePlanId::from("gold")]
}

pub(crate) fn gold_of(provider: &mut ProviderCatalog) -> &mut ServicePlan {
    provider.plans.get_mut(&ServicePlanId::from("gold")).unwrap()
}

pub(crate) fn held_gold(reseller: &mut ResellerCatalog) -> &mut DelegatedPlan {
    reseller.plans.get_mut(&ServicePlanId::from("gold")).unwrap()
}

pub(crate) fn template_of(provider: &mut ProviderCatalog) -> &mut ServiceTemplate {
    provider.templates.get_mut(&template()).unwrap()
}

/// Adds a delegated plan.
pub(crate) fn delegate(provider: &mut ProviderCatalog, id: &str, plan: ServicePlan) {
    provider.plans.insert(id.into(), plan);
    template_of(provider).delegated_plans.insert(id.into());
}

/// That the one option sends exactly these, that without it they are held back with its name, and that without it the
/// reseller stays as it is.
pub(crate) fn belongs(provider: &ProviderCatalog, reseller: &ResellerCatalog, option: SyncOption, expected: &[&str]) {
    let on = compare(provider, reseller, only(option));
    assert_eq!(keys(&on), expected, "sent by {option}");
    assert!(on.changes.iter().all(|change| change.option == option));
    let off = compare(provider, reseller, all_but(option));
    assert_eq!(keys(&off), [""; 0], "without {option}");
    let mut held: Vec<String> = off
        .held
        .iter()
        .inspect(|held| assert!(held.sentence().contains(option.label()), "{}", held.sentence()))
        .flat_map(|held| held.changes.iter().map(|change| change.key().to_string()))
        .collect();
    held.sort();
    assert_eq!(held, expected, "held back without {option}");
}
