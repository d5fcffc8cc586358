//! All 8,192 combinations of the options over generated pairs of catalogs.

use std::collections::{BTreeMap, BTreeSet};

use counterfoil_domain::catalog::id::SyncKey;
use counterfoil_domain::catalog::interaction::carriers;
use counterfoil_domain::catalog::{
    Cause, ChangeKind, ChangeSet, Edit, INTERACTIONS, Options, PriceSync, ProviderCatalog, ResellerCatalog, SyncOption,
    apply,
};
use proptest::prelude::*;

use super::cells::{Cells, cells, touched};
use super::dice::{Dice, changed};
use super::world::compare;

fn every_combination() -> impl Iterator<Item = Options> {
    (0u32..1 << SyncOption::ALL.len()).map(combination)
}

fn combination(bits: u32) -> Options {
    let on = SyncOption::ALL.iter().enumerate().filter(|(place, _)| bits >> place & 1 == 1);
    on.map(|(_, option)| *option).collect()
}

/// Two catalogs, and what each option sends by itself: the parts that every combination is held against.
struct Pair {
    theirs: ProviderCatalog,
    ours: ResellerCatalog,
    before: Cells,
    parts: BTreeMap<SyncOption, ChangeSet>,
    keyed: BTreeMap<SyncOption, Vec<(SyncKey, Edit)>>,
}

impl Pair {
    fn of((theirs, ours): (ProviderCatalog, ResellerCatalog)) -> Self {
        let parts: BTreeMap<_, _> =
            SyncOption::ALL.iter().map(|one| (*one, compare(&theirs, &ours, Options::NONE.with(*one)))).collect();
        let keyed = |set: &ChangeSet| set.changes.iter().map(|change| (change.key(), change.edit.clone())).collect();
        let keyed = parts.iter().map(|(option, set)| (*option, keyed(set))).collect();
        Self { before: cells(&ours), theirs, ours, parts, keyed }
    }

    fn union(&self, options: Options) -> BTreeMap<&SyncKey, &Edit> {
        options.iter().flat_map(|option| &self.keyed[&option]).map(|(key, edit)| (key, edit)).collect()
    }

    fn hold(&self, options: Options) {
        let set = compare(&self.theirs, &self.ours, options);
        let keys: Vec<SyncKey> = set.changes.iter().map(|change| change.key()).collect();
        // The whole is the union of its parts, and nothing is in it twice.
        let whole: BTreeMap<_, _> = keys.iter().zip(set.changes.iter().map(|change| &change.edit)).collect();
        assert_eq!(whole.len(), keys.len());
        assert_eq!(whole, self.union(options), "{options:?}");
        for change in &set.changes {
            assert!(options.has(change.option) && carriers(change.kind()).has(change.option), "{change:?}");
        }
        // Every held back change says an option that is off.
        for held in set.held.iter().filter(|held| held.cause == Cause::OptionOff) {
            assert!(held.options.iter().all(|option| !options.has(option)), "{}", held.sentence());
            assert!(held.changes.iter().all(|change| !whole.contains_key(&change.key())));
        }
        // No option changes what it does not own.
        let mut after = self.ours.clone();
        let undo = apply(&mut after, &set).unwrap();
        for (path, owners) in touched(&self.before, &cells(&after)) {
            assert!(owners.iter().any(|owner| options.has(*owner)), "{path:?} changed by {options:?}");
        }
        // Once more gives nothing; taken back, it is as it was.
        assert!(compare(&self.theirs, &after, options).is_empty(), "{options:?}");
        undo.apply(&mut after).unwrap();
        assert_eq!(after, self.ours);
    }
}

/// The first pair of catalogs, of those made from 0 on, that has work for every option.
fn busy_pair() -> Pair {
    let mut pairs = (0..100).map(|seed| Pair::of(changed(&mut Dice::new(seed))));
    pairs.find(|pair| pair.parts.values().all(|set| !set.is_empty())).unwrap()
}

#[test]
fn all_combinations_of_options_own_what_they_change_and_are_the_union_of_their_parts() {
    let pair = busy_pair();
    let held = every_combination().map(|options| pair.hold(options)).count();
    assert_eq!(held, 8192);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_pair_of_catalogs_under_any_options(
        seed in any::<u64>(),
        bits in 0u32..1 << 13,
        price_sync in any::<bool>(),
        euro in any::<bool>(),
    ) {
        let (theirs, mut ours) = changed(&mut Dice::new(seed));
        if !price_sync {
            ours.price_sync = PriceSync::Disabled;
        }
        if euro {
            ours.currency = super::world::currency("EUR");
        }
        Pair::of((theirs, ours)).hold(combination(bits));
    }
}

/// Each row of the table of interactions happens, and nothing outside the table does.
#[test]
fn the_interactions_are_those_of_the_table_and_all_of_them_happen() {
    let mut seen = BTreeSet::new();
    for seed in 0..60 {
        let (theirs, mut ours) = changed(&mut Dice::new(seed));
        if seed % 3 == 0 {
            ours.price_sync = PriceSync::Disabled;
        }
        for (option, set) in Pair::of((theirs, ours)).parts {
            seen.extend(set.changes.iter().map(|change| (change.kind(), option)));
        }
    }
    let table: BTreeSet<_> = INTERACTIONS.iter().map(|row| (row.kind, row.with)).collect();
    assert_eq!(table.len(), INTERACTIONS.len());
    // Display Category never travels under the default policy: its own row shows it.
    let owned = ChangeKind::ALL.iter().filter(|kind| **kind != ChangeKind::DisplayCategory);
    let expected: BTreeSet<_> = owned.map(|kind| (*kind, kind.option())).chain(table).collect();
    assert_eq!(seen, expected);
}
