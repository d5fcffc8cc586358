//! S3.22–S3.29: Synchronize Plan Resources, with each option's note on sale availability.

use counterfoil_domain::catalog::id::ResourceId;
use counterfoil_domain::catalog::{Limits, Local, Options, RateFee, Reason, SyncOption};

use super::world::{
    belongs, compare, gold, gold_of, held, held_gold, keys, only, provider, rate, reseller_of, sync, usd,
};

#[test]
fn s3_22_new_resources_are_also_created_in_delegated_plans() {
    let mut theirs = provider();
    let mut ours = reseller_of(&theirs);
    gold_of(&mut theirs).rates.insert("domain".into(), rate("7"));
    let set = compare(&theirs, &ours, Options::all().without(SyncOption::CreateResources));
    assert_eq!(keys(&set), ["resource/domain/category"], "resources are grouped with or without a rate");
    assert_eq!(held(&set), ["1 new resource not sent: Create new Resources is off [plan/gold/rate/domain]"]);
    let set = sync(&theirs, &mut ours, only(SyncOption::CreateResources));
    assert_eq!(keys(&set), ["plan/gold/rate/domain"]);
    let arrived = &gold(&ours).rates[&ResourceId::from("domain")];
    assert_eq!(
        arrived.prices[&RateFee::Recurring],
        Local::sent(usd("7")),
        "with its prices, whatever other options are"
    );
    assert_eq!(arrived.limits.maximum, Some(100.into()));
}

#[test]
fn s3_23_a_rate_whose_sale_availability_is_now_selected_is_created() {
    let mut theirs = provider();
    let mut unsold = rate("7");
    unsold.for_sale = false;
    gold_of(&mut theirs).rates.insert("domain".into(), unsold);
    let mut ours = reseller_of(&theirs);
    assert!(!gold(&ours).rates.contains_key(&"domain".into()), "what is not sold is not delegated");
    gold_of(&mut theirs).rates.get_mut(&"domain".into()).unwrap().for_sale = true;
    belongs(&theirs, &ours, SyncOption::CreateResources, &["plan/gold/rate/domain"]);
    sync(&theirs, &mut ours, only(SyncOption::CreateResources));
    assert!(gold(&ours).rates[&"domain".into()].for_sale);
}

#[test]
fn s3_24_removed_resources_are_also_removed_from_delegated_plans() {
    let mut theirs = provider();
    let mut ours = reseller_of(&theirs);
    gold_of(&mut theirs).rates.remove(&"disk".into());
    belongs(&theirs, &ours, SyncOption::RemoveResources, &["plan/gold/rate/disk"]);
    let set = sync(&theirs, &mut ours, only(SyncOption::RemoveResources));
    assert_eq!(set.changes[0].reason, Reason::Gone);
    assert!(!gold(&ours).rates.contains_key(&"disk".into()));
}

/// In both directions: the option alone sends it, and nothing else with it.
pub(crate) fn carries_sale_availability(option: SyncOption) {
    for selected in [false, true] {
        let mut theirs = provider();
        let mut ours = reseller_of(&theirs);
        gold_of(&mut theirs).rates.get_mut(&"disk".into()).unwrap().for_sale = selected;
        held_gold(&mut ours).rates.get_mut(&"disk".into()).unwrap().for_sale = !selected;
        let set = sync(&theirs, &mut ours, only(option));
        assert_eq!(keys(&set), ["plan/gold/rate/disk/sale-availability"]);
        assert_eq!(set.changes[0].option, option);
        assert_eq!(gold(&ours).rates[&"disk".into()].for_sale, selected);
    }
}

#[test]
fn s3_25_remove_obsolete_resources_propagates_sale_availability() {
    carries_sale_availability(SyncOption::RemoveResources);
}

#[test]
fn s3_26_update_resource_prices() {
    let mut theirs = provider();
    let mut ours = reseller_of(&theirs);
    for (resource, fee) in [("disk", RateFee::Setup), ("disk", RateFee::Recurring), ("mailbox", RateFee::Overuse)] {
        gold_of(&mut theirs).rates.get_mut(&resource.into()).unwrap().prices.insert(fee, usd("9.99"));
    }
    let expected = [
        "plan/gold/rate/disk/price/recurring",
        "plan/gold/rate/disk/price/setup",
        "plan/gold/rate/mailbox/price/overuse",
    ];
    belongs(&theirs, &ours, SyncOption::UpdatePrices, &expected);
    let off = compare(&theirs, &ours, Options::NONE);
    assert_eq!(off.held[0].sentence(), "3 price changes not sent: Update Resource Prices is off");
    sync(&theirs, &mut ours, only(SyncOption::UpdatePrices));
    assert_eq!(gold(&ours).rates[&"disk".into()].prices[&RateFee::Setup], Local::sent(usd("9.99")));
}

#[test]
fn s3_27_update_resource_prices_propagates_sale_availability() {
    carries_sale_availability(SyncOption::UpdatePrices);
}

#[test]
fn s3_28_update_resource_limits() {
    let mut theirs = provider();
    let mut ours = reseller_of(&theirs);
    let limits = Limits { included: 2.into(), minimum: 1.into(), maximum: None };
    gold_of(&mut theirs).rates.get_mut(&"disk".into()).unwrap().limits = limits;
    belongs(&theirs, &ours, SyncOption::UpdateLimits, &["plan/gold/rate/disk/limits"]);
    let set = sync(&theirs, &mut ours, only(SyncOption::UpdateLimits));
    assert_eq!(gold(&ours).rates[&"disk".into()].limits, limits);
    let (before, after) = set.changes[0].values();
    assert_eq!(before, "included 1, minimum 0, maximum 100");
    assert_eq!(after, "included 2, minimum 1, maximum unlimited");
}

#[test]
fn s3_29_update_resource_limits_propagates_sale_availability() {
    carries_sale_availability(SyncOption::UpdateLimits);
}
