//! Prices that do not come: price synchronization disabled, another currency. And what is never lost.

use counterfoil_domain::catalog::id::ServicePlanId;
use counterfoil_domain::catalog::{
    Broken, Cause, ChangeKind, DisplayPolicy, Local, Options, PeriodFee, PriceSync, Provider, RateFee, ResellerCatalog,
    SyncOption,
};
use counterfoil_domain::money::Money;

use super::dice::{Dice, changed};
use super::world::{
    compare, currency, delegate, gold, gold_of, held, held_gold, held_kinds, keys, only, period, plan, provider, rate,
    reseller_of, sync, template, usd,
};

#[test]
fn a_new_period_without_prices_takes_the_plan_off_sale_until_it_is_confirmed() {
    let mut theirs = provider();
    let mut ours = reseller_of(&theirs);
    ours.price_sync = PriceSync::Disabled;
    gold_of(&mut theirs).periods.insert("yearly".into(), period("100"));
    let set = sync(&theirs, &mut ours, Options::all());
    assert_eq!(keys(&set), ["plan/gold/confirmation", "plan/gold/period/yearly"]);
    let plan = gold(&ours);
    assert!(plan.confirmation_needed && plan.published && !plan.on_sale());
    let dummy = Local::sent(Money::zero(currency("USD")));
    assert_eq!(plan.periods[&"yearly".into()].fees[&PeriodFee::Recurring], dummy);
    let again = compare(&theirs, &ours, Options::all());
    assert_eq!(held_kinds(&again), [(ChangeKind::PlanFee, Cause::PriceSyncDisabled, 2)]);
    assert_eq!(again.notes.iter().map(|note| note.name()).collect::<Vec<_>>(), ["awaits-confirmation"]);
    // The reseller sets its price and confirms; nothing takes the plan off sale again.
    let fees = &mut held_gold(&mut ours).periods.get_mut(&"yearly".into()).unwrap().fees;
    fees.insert(PeriodFee::Recurring, Local::own(usd("120")));
    held_gold(&mut ours).confirm();
    assert!(sync(&theirs, &mut ours, Options::all()).is_empty());
    assert!(gold(&ours).on_sale());
}

#[test]
fn a_new_rate_and_a_new_plan_without_prices_likewise() {
    let mut theirs = provider();
    let mut ours = reseller_of(&theirs);
    ours.price_sync = PriceSync::Disabled;
    gold_of(&mut theirs).rates.insert("domain".into(), rate("7"));
    delegate(&mut theirs, "platinum", plan("Platinum", "cloud"));
    let mut free = plan("Free", "cloud");
    free.periods.values_mut().for_each(|period| period.fees.clear());
    free.rates.clear();
    delegate(&mut theirs, "free", free);
    sync(&theirs, &mut ours, Options::NONE.with(SyncOption::CreateResources).with(SyncOption::CreatePlans));
    let of = |id: &str| &ours.plans[&ServicePlanId::from(id)];
    assert!(!of("gold").on_sale() && !of("platinum").on_sale());
    assert!(of("free").on_sale(), "without a price there is nothing to confirm");
    let prices = of("platinum").rates.values().flat_map(|rate| rate.prices.values());
    assert!(prices.into_iter().all(|price| price.value.is_zero()));
}

#[test]
fn prices_in_another_currency_are_never_written() {
    let mut theirs = provider();
    let mut ours = reseller_of(&theirs);
    ours.currency = currency("EUR");
    gold_of(&mut theirs).rates.get_mut(&"disk".into()).unwrap().prices.insert(RateFee::Recurring, usd("9"));
    delegate(&mut theirs, "platinum", plan("Platinum", "cloud"));
    let set = sync(&theirs, &mut ours, Options::all());
    assert_eq!(keys(&set), ["plan/platinum"]);
    assert_eq!(
        held(&set),
        ["1 price change not sent: the provider's prices are in another currency than the reseller's \
          [plan/gold/rate/disk/price/recurring]"]
    );
    let platinum = &ours.plans[&ServicePlanId::from("platinum")];
    assert!(platinum.confirmation_needed);
    let fees = &platinum.periods[&"monthly".into()].fees;
    assert!(fees.values().all(|fee| fee.value == Money::zero(currency("EUR"))));
}

/// Every price and Display Category the reseller set for itself, by its place.
fn own(catalog: &ResellerCatalog) -> Vec<(String, String)> {
    let mut own = Vec::new();
    for (id, plan) in &catalog.plans {
        for (period, held) in &plan.periods {
            let fees = held.fees.iter().filter(|(_, price)| price.own);
            own.extend(fees.map(|(fee, price)| (format!("{id} {period} {fee}"), price.value.to_string())));
        }
        for (resource, held) in &plan.rates {
            let prices = held.prices.iter().filter(|(_, price)| price.own);
            own.extend(prices.map(|(fee, price)| (format!("{id} {resource} {fee}"), price.value.to_string())));
        }
    }
    let hidden = catalog.sales_categories.iter().filter(|(_, held)| held.display.own);
    own.extend(hidden.map(|(id, held)| (id.to_string(), held.display.value.to_string())));
    own
}

#[test]
fn what_the_reseller_set_is_lost_only_by_an_option_that_says_so() {
    let says_so = [SyncOption::UpdateFees, SyncOption::UpdatePrices, SyncOption::RemoveResources];
    for seed in 0..40 {
        let (theirs, ours) = changed(&mut Dice::new(seed));
        assert!(!own(&ours).is_empty());
        let others: Options = SyncOption::ALL.iter().copied().filter(|option| !says_so.contains(option)).collect();
        let mut after = ours.clone();
        sync(&theirs, &mut after, others);
        assert_eq!(own(&after), own(&ours));
        let mut closed = ours.clone();
        closed.price_sync = PriceSync::Disabled;
        sync(&theirs, &mut closed, Options::all().without(SyncOption::RemoveResources));
        assert_eq!(own(&closed), own(&ours), "price synchronization is disabled");
    }
}

#[test]
fn equal_amounts_of_different_scale_are_no_change() {
    let mut theirs = provider();
    let ours = reseller_of(&theirs);
    gold_of(&mut theirs).rates.get_mut(&"disk".into()).unwrap().prices.insert(RateFee::Recurring, usd("2.000"));
    assert!(compare(&theirs, &ours, only(SyncOption::UpdatePrices)).is_empty());
}

#[test]
fn a_catalog_that_refers_to_what_it_lacks_is_not_compared() {
    let prepare = |catalog: &_| Provider::prepare(catalog, &template(), DisplayPolicy::Preserve).map(drop).unwrap_err();
    type Spoil = fn(&mut counterfoil_domain::catalog::ProviderCatalog);
    let cases: [(Spoil, &str); 9] = [
        (|c| c.templates.clear(), "there is no service template \"resellers\""),
        (|c| drop(c.plans.remove(&"gold".into())), "delegates plan \"gold\""),
        (|c| c.sales_categories.clear(), "refers to sales category \"cloud\""),
        (|c| c.plan_categories.clear(), "refers to plan category \"hosting\""),
        (|c| c.expiration_schedules.clear(), "refers to expiration schedule \"standard\""),
        (|c| c.notification_schedules.clear(), "refers to notification schedule \"reminders\""),
        (|c| c.resources.clear(), "refers to resource \"disk\""),
        (|c| c.resource_categories.clear(), "refers to resource category \"storage\""),
        (|c| c.notification_templates.clear(), "uses template \"soon\""),
    ];
    for (spoil, expected) in cases {
        let mut theirs = provider();
        spoil(&mut theirs);
        let said = prepare(&theirs).to_string();
        assert!(said.contains(expected) && said.ends_with("nothing was compared"), "{said}");
    }
    let mut theirs = provider();
    let euro = Money::new(1.into(), currency("EUR"));
    gold_of(&mut theirs).rates.get_mut(&"disk".into()).unwrap().prices.insert(RateFee::Setup, euro);
    assert!(matches!(prepare(&theirs), Broken::MixedCurrencies { .. }));
}
