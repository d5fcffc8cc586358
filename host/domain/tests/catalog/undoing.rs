//! A stale preview is refused, and what was applied is taken back where nothing changed since.

use counterfoil_domain::catalog::apply::MovedWhy;
use counterfoil_domain::catalog::{Local, Options, PeriodFee, RateFee, Stale, SyncOption, apply};
use counterfoil_domain::id::ResellerId;

use super::dice::{Dice, changed};
use super::world::{
    compare, delegate, gold_of, held_gold, plan, provider, reseller_of, sales_category, template_of, usd,
};

#[test]
fn a_preview_is_stale_when_a_cell_it_touches_moved_and_then_nothing_is_written() {
    let (theirs, ours) = changed(&mut Dice::new(5));
    let set = compare(&theirs, &ours, Options::all());
    for change in &set.changes {
        // Another hand makes just this change first.
        let mut alone = set.clone();
        alone.changes = vec![change.clone()];
        let mut moved = ours.clone();
        apply(&mut moved, &alone).unwrap();
        let before = moved.clone();
        let Err(Stale::Moved { moved: found, .. }) = apply(&mut moved, &set) else { panic!("{change:?}") };
        assert_eq!(found.iter().map(|moved| &moved.key).collect::<Vec<_>>(), [&change.key()]);
        assert_eq!(moved, before, "all or nothing");
    }
}

#[test]
fn the_digest_follows_what_the_preview_rests_on_and_nothing_else() {
    let mut theirs = provider();
    let ours = reseller_of(&theirs);
    gold_of(&mut theirs).rates.get_mut(&"disk".into()).unwrap().prices.insert(RateFee::Recurring, usd("9"));
    let options = Options::all();
    let digest = compare(&theirs, &ours, options).digest();
    assert_eq!(compare(&theirs, &ours, options).digest(), digest);
    let differs = |provider: &_, reseller: &_, options| compare(provider, reseller, options).digest() != digest;
    // The reseller's own price under the change, the provider's price, one more change, other options, other reseller.
    let mut priced = ours.clone();
    let recurring = Local::own(usd("3"));
    held_gold(&mut priced).rates.get_mut(&"disk".into()).unwrap().prices.insert(RateFee::Recurring, recurring);
    assert!(differs(&theirs, &priced, options));
    let mut later = theirs.clone();
    gold_of(&mut later).rates.get_mut(&"disk".into()).unwrap().prices.insert(RateFee::Recurring, usd("9.01"));
    assert!(differs(&later, &ours, options));
    let mut removed = theirs.clone();
    template_of(&mut removed).delegated_plans.remove(&"silver".into());
    assert!(differs(&removed, &ours, options));
    assert!(differs(&theirs, &ours, options.without(SyncOption::UpdateRoles)));
    let mut other = ours.clone();
    other.reseller = ResellerId::new("other");
    assert!(differs(&theirs, &other, options));
    // A plan that is not delegated has nothing to do with it.
    let mut elsewhere = theirs.clone();
    elsewhere.plans.get_mut(&"house".into()).unwrap().name.push('!');
    assert!(!differs(&elsewhere, &ours, options));
}

#[test]
fn changes_of_one_reseller_are_not_made_to_another() {
    let theirs = provider();
    let mut ours = reseller_of(&theirs);
    let set = compare(&theirs, &ours, Options::all());
    ours.reseller = ResellerId::new("other");
    assert!(matches!(apply(&mut ours, &set), Err(Stale::OtherReseller { .. })));
}

#[test]
fn undo_is_refused_whole_or_leaves_what_changed_since() {
    let mut theirs = provider();
    let mut ours = reseller_of(&theirs);
    let original = ours.clone();
    theirs.sales_categories.insert("backup".into(), sales_category("Backup"));
    delegate(&mut theirs, "vault", plan("Vault", "backup"));
    gold_of(&mut theirs).periods.get_mut(&"monthly".into()).unwrap().fees.insert(PeriodFee::Recurring, usd("12"));
    let set = compare(&theirs, &ours, Options::all());
    let undo = apply(&mut ours, &set).unwrap();
    // The reseller renames the plan that came: it is the reseller's by now, and so is the category it is in.
    ours.plans.get_mut(&"vault".into()).unwrap().name = "Our vault".into();
    let before = ours.clone();
    let said = undo.apply(&mut ours).unwrap_err().to_string();
    assert!(
        said.starts_with("2 things of reseller \"acme\" changed since the preview, the first is plan/vault"),
        "{said}"
    );
    assert_eq!(ours, before);
    let undone = undo.apply_where_unchanged(&mut ours).unwrap();
    let left: Vec<_> = undone.left.iter().map(|moved| (moved.key.to_string(), moved.why)).collect();
    assert_eq!(
        left,
        [("plan/vault".to_owned(), MovedWhy::Changed), ("sales-category/backup".to_owned(), MovedWhy::InUse)]
    );
    assert_eq!(undone.taken_back.len(), 1);
    assert_eq!(ours.plans[&"gold".into()], original.plans[&"gold".into()]);
    assert_eq!(compare(&theirs, &ours, Options::all()).changes.len(), 1, "what was taken back differs again");
}

#[test]
fn keys_of_cells_do_not_run_together() {
    let mut theirs = provider();
    delegate(&mut theirs, "a/rate/disk", plan("Odd", "cloud"));
    delegate(&mut theirs, "a%2Frate%2Fdisk", plan("Odder", "cloud"));
    let set = compare(&theirs, &reseller_of(&provider()), Options::all());
    assert_eq!(super::world::keys(&set), ["plan/a%252Frate%252Fdisk", "plan/a%2Frate%2Fdisk"]);
}
