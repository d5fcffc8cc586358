//! A catalog of the size it is made for: 500 plans of 40 rates, one in a hundred changed.

use counterfoil_domain::catalog::id::{ResourceId, ServicePlanId};
use counterfoil_domain::catalog::{
    ChangeKind, DisplayPolicy, Options, Provider, ProviderCatalog, RateFee, Resource, apply, diff,
};

use super::world::{delegate, empty_reseller, plan, provider, rate, template, usd};

const PLANS: usize = 500;
const RATES: usize = 40;

fn large() -> ProviderCatalog {
    let mut large = provider();
    for number in 0..RATES {
        let resource = Resource { name: format!("Resource {number}"), category: None };
        large.resources.insert(ResourceId::new(format!("resource-{number}")), resource);
    }
    for number in 0..PLANS {
        let mut made = plan(&format!("Plan {number}"), "cloud");
        let rates = (0..RATES).map(|number| (ResourceId::new(format!("resource-{number}")), rate("1")));
        made.rates = rates.collect();
        delegate(&mut large, &format!("plan-{number}"), made);
    }
    large
}

/// As many changes as there were, each in its place: none missed, none invented, whatever else the catalog holds.
#[test]
fn one_change_in_a_hundred_is_found_among_twenty_thousand_rates() {
    let mut theirs = large();
    let mut ours = empty_reseller();
    let first = {
        let prepared = Provider::prepare(&theirs, &template(), DisplayPolicy::Preserve).unwrap();
        assert_eq!(prepared.plan_count(), PLANS + 2);
        diff(&prepared, &ours, Options::all())
    };
    apply(&mut ours, &first).unwrap();
    let mut changed = 0;
    for number in (0..PLANS * RATES).step_by(100) {
        let plan = ServicePlanId::new(format!("plan-{}", number / RATES));
        let resource = ResourceId::new(format!("resource-{}", number % RATES));
        let rate = theirs.plans.get_mut(&plan).unwrap().rates.get_mut(&resource).unwrap();
        rate.prices.insert(RateFee::Recurring, usd("1.01"));
        changed += 1;
    }
    let prepared = Provider::prepare(&theirs, &template(), DisplayPolicy::Preserve).unwrap();
    let started = std::time::Instant::now();
    let set = diff(&prepared, &ours, Options::all());
    let took = started.elapsed();
    assert_eq!(set.counts(), [(ChangeKind::ResourcePrice, changed)]);
    // Unoptimized, on a busy machine; a comparison of everything with everything would take minutes.
    assert!(took < std::time::Duration::from_secs(3), "{took:?}");
    apply(&mut ours, &set).unwrap();
    assert!(diff(&prepared, &ours, Options::all()).is_empty());
}
