//! Whether a step's changes are in a catalog, whatever else somebody did to it meanwhile.

use counterfoil_domain::catalog::run::{landed, print, wanted};
use counterfoil_domain::catalog::{CatalogStep, Landed, Local, Options, RateFee, Step, StepState, Upstream};
use counterfoil_domain::id::{CatalogVersion, RunId};

use super::world::{compare, gold_of, held_gold, provider, rate, reseller_of, template, usd};

fn version(text: &str) -> CatalogVersion {
    CatalogVersion::new(text)
}

#[test]
fn changes_are_known_again_among_somebody_elses() {
    let mut theirs = provider();
    let before = reseller_of(&theirs);
    gold_of(&mut theirs).rates.insert("domain".into(), rate("4"));
    gold_of(&mut theirs).rates.get_mut(&"disk".into()).unwrap().prices.insert(RateFee::Recurring, usd("9"));
    let set = compare(&theirs, &before, Options::all());
    let after = wanted(before.clone(), &set).unwrap();
    let at = Step { reseller: before.reseller.clone(), upstream: Upstream::Provider, template: template(), level: 1 };
    let step = CatalogStep::new(&RunId::new("run"), 0, &at, StepState::Compared).showing(set);
    assert!(step.changes.len() > 1);

    assert_eq!((step.stands_in(&before), step.stands_in(&after.catalog)), (Landed::No, Landed::Yes));
    assert_eq!(landed(&version("1"), &after.print, &version("2"), &after.catalog), Landed::Yes);
    assert_eq!(landed(&version("1"), &after.print, &version("1"), &before), Landed::No);
    for catalog in [&before, &after.catalog] {
        let mut busy = catalog.clone();
        held_gold(&mut busy).name.push_str(" by Acme");
        assert_ne!(print(&busy), print(catalog));
        assert_eq!(landed(&version("1"), &after.print, &version("2"), &busy), Landed::Unknown);
        assert_eq!(step.stands_in(&busy), step.stands_in(catalog));
    }

    // One of the cells is somebody else's now.
    let mut mixed = after.catalog.clone();
    let disk = held_gold(&mut mixed).rates.get_mut(&"disk".into()).unwrap();
    disk.prices.insert(RateFee::Recurring, Local::own(usd("7")));
    assert_eq!(step.stands_in(&mixed), Landed::Unknown);
    step.undo().apply_where_unchanged(&mut mixed).unwrap();
    let left: Vec<String> = step.left_in(&mixed).iter().map(|moved| moved.key.to_string()).collect();
    assert_eq!(left, ["plan/gold/rate/disk/price/recurring"]);
    assert_eq!(step.left_in(&before), []);
}
