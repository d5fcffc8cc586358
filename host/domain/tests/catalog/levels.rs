//! Resellers of resellers: what comes down, at whose prices.

use counterfoil_domain::catalog::{
    ChangeSet, DisplayPolicy, Local, Options, Provider, ProviderCatalog, RateFee, ResellerCatalog, ServiceTemplate,
    SyncOption, apply, as_provider, diff,
};
use counterfoil_domain::id::ResellerId;

use super::world::{
    currency, delegate, gold_of, held_gold, keys, named_category, plan, provider, reseller_of, sync, template,
    template_of, usd,
};

/// A reseller that passes Gold and a plan of its own on to its sub-resellers.
fn middle(theirs: &ProviderCatalog) -> ResellerCatalog {
    let mut middle = reseller_of(theirs);
    let mut own = plan("Acme special", "cloud");
    own.plan_category = Some("acme".into());
    middle.own.plan_categories.insert("acme".into(), named_category("Acme"));
    middle.own.plans.insert("special".into(), own);
    let passed = ServiceTemplate {
        name: "Agents".into(),
        delegated_plans: ["gold".into(), "special".into()].into(),
        ..ServiceTemplate::default()
    };
    middle.own.templates.insert("agents".into(), passed);
    middle
}

fn down(middle: &ResellerCatalog, theirs: &ProviderCatalog, below: &mut ResellerCatalog) -> ChangeSet {
    let shown = as_provider(middle, theirs);
    let provider = Provider::prepare(&shown, &"agents".into(), DisplayPolicy::Preserve).unwrap();
    let set = diff(&provider, below, Options::all());
    apply(below, &set).unwrap();
    assert!(diff(&provider, below, Options::all()).is_empty());
    set
}

fn agent() -> ResellerCatalog {
    ResellerCatalog::empty(ResellerId::new("agent"), currency("USD"))
}

#[test]
fn a_sub_reseller_gets_the_resellers_prices_and_plans() {
    let theirs = provider();
    let mut acme = middle(&theirs);
    let disk = held_gold(&mut acme).rates.get_mut(&"disk".into()).unwrap();
    disk.prices.insert(RateFee::Recurring, Local::own(usd("2.75")));
    let mut agent = agent();
    down(&acme, &theirs, &mut agent);
    assert_eq!(agent.plans.keys().map(ToString::to_string).collect::<Vec<_>>(), ["gold", "special"]);
    assert_eq!(super::world::gold(&agent).rates[&"disk".into()].prices[&RateFee::Recurring], Local::sent(usd("2.75")));
    assert_eq!(agent.grouping.len(), 2);
}

#[test]
fn what_the_provider_changes_passes_through_both_levels() {
    let mut theirs = provider();
    let mut acme = middle(&theirs);
    let mut agent = agent();
    down(&acme, &theirs, &mut agent);
    gold_of(&mut theirs).rates.get_mut(&"disk".into()).unwrap().prices.insert(RateFee::Recurring, usd("9"));
    // One level: the sub-reseller stays as it was.
    sync(&theirs, &mut acme, Options::all());
    assert_eq!(super::world::gold(&agent).rates[&"disk".into()].prices[&RateFee::Recurring], Local::sent(usd("2")));
    let set = down(&acme, &theirs, &mut agent);
    assert_eq!(keys(&set), ["plan/gold/rate/disk/price/recurring"]);
    template_of(&mut theirs).delegated_plans.remove(&"gold".into());
    sync(&theirs, &mut acme, Options::all());
    assert_eq!(keys(&down(&acme, &theirs, &mut agent)), ["plan/gold/standing"]);
    assert!(super::world::gold(&agent).disabled_by_provider);
}

#[test]
fn prices_that_do_not_count_never_travel_on() {
    let mut theirs = provider();
    let mut acme = middle(&theirs);
    let mut agent = agent();
    down(&acme, &theirs, &mut agent);
    acme.price_sync = counterfoil_domain::catalog::PriceSync::Disabled;
    gold_of(&mut theirs).rates.insert("domain".into(), super::world::rate("7"));
    sync(&theirs, &mut acme, Options::NONE.with(SyncOption::CreateResources));
    assert!(held_gold(&mut acme).confirmation_needed);
    assert_eq!(keys(&down(&acme, &theirs, &mut agent)), ["plan/gold/standing"]);
    assert!(!super::world::gold(&agent).rates.contains_key(&"domain".into()));
    // Priced and confirmed, it goes down at the reseller's price.
    let domain = held_gold(&mut acme).rates.get_mut(&"domain".into()).unwrap();
    domain.prices.insert(RateFee::Recurring, Local::own(usd("8")));
    held_gold(&mut acme).confirm();
    // Its grouping did not come down to Acme: the category option was off there.
    assert_eq!(keys(&down(&acme, &theirs, &mut agent)), ["plan/gold/rate/domain", "plan/gold/standing"]);
    assert_eq!(super::world::gold(&agent).rates[&"domain".into()].prices[&RateFee::Recurring], Local::sent(usd("8")));
}

/// Two resellers of one provider share the prepared index and nothing else.
#[test]
fn resellers_beside_each_other_do_not_meet() {
    let mut theirs = provider();
    let (mut one, two) = (reseller_of(&theirs), reseller_of(&theirs));
    delegate(&mut theirs, "platinum", plan("Platinum", "cloud"));
    let shared = Provider::prepare(&theirs, &template(), DisplayPolicy::Preserve).unwrap();
    let set = diff(&shared, &one, Options::all());
    apply(&mut one, &set).unwrap();
    assert!(diff(&shared, &one, Options::all()).is_empty());
    assert_eq!(diff(&shared, &two, Options::all()).changes.len(), 1);
}
