//! Each mishap of a write, as a table: what becomes of that reseller, how often it is written, and that the others have
//! their turn.

use counterfoil_domain::catalog::{CatalogRunKind, ResellerCatalog, StepState};
use counterfoil_domain::run::RunState;

use crate::rig::Rig;
use crate::sample::{self, usd};
use crate::shop::Mishap;

/// The mishaps of b's writes, how its turn ends, how often it is written, and a part of what is said.
type Row = (&'static [Mishap], &'static str, usize, &'static str);

fn nine(catalog: &mut ResellerCatalog) {
    sample::price_of_its_own(catalog, 999);
}

fn all_but_one_taken(catalog: &mut ResellerCatalog) {
    *catalog = sample::reseller("b");
    sample::price_of_its_own(catalog, 202);
    let plan = catalog.plans.get_mut(&"gold".into()).unwrap();
    plan.rates.get_mut(&"disk".into()).unwrap().prices.values_mut().for_each(|price| price.own = false);
}

const ROWS: &[Row] = &[
    (&[], "written", 1, ""),
    (&[Mishap::LoseBefore], "written", 1, ""),
    (&[Mishap::LoseBefore, Mishap::LoseBefore, Mishap::LoseAfter], "written", 1, ""),
    (&[Mishap::LoseAfter], "written", 1, ""),
    (&[Mishap::Late], "written", 1, ""),
    (&[Mishap::Late, Mishap::Unreachable], "written", 1, ""),
    (&[Mishap::Late, Mishap::LoseBefore], "written", 1, ""),
    (&[Mishap::Unreachable, Mishap::LoseAfter], "written", 1, ""),
    (&[Mishap::Throttled { seconds: 1 }], "written", 1, ""),
    (&[Mishap::Throttled { seconds: 3600 }], "failed", 0, "Nothing was written for this reseller"),
    (&[Mishap::Refused], "failed", 0, "it answered 422. Nothing was written for this reseller"),
    // Refused when the first try may have landed: looked at before anything is said.
    (&[Mishap::LoseAfter, Mishap::Refused], "written", 1, ""),
    (&[Mishap::Before(nine)], "failed", 0, "Nothing was written there"),
    (&[Mishap::Before(sample::unrelated)], "failed", 0, "Nothing was written there"),
    (&[Mishap::LoseBeforeAndChange(nine)], "failed", 0, "not known"),
    (&[Mishap::LoseBeforeAndChange(sample::unrelated)], "failed", 0, "Nothing was written there"),
    (&[Mishap::LoseAfterAndChange(sample::unrelated)], "written", 1, ""),
    (&[Mishap::LoseAfterAndChange(nine)], "failed", 1, "not known"),
    (&[Mishap::LoseAfterAndChange(all_but_one_taken)], "failed", 1, "not known"),
];

#[tokio::test]
async fn what_becomes_of_a_write_that_goes_wrong() {
    let rows = ROWS.iter().map(|row| tokio::spawn(one(*row)));
    for row in rows.collect::<Vec<_>>() {
        row.await.unwrap();
    }
}

async fn one((mishaps, ends, writes, said): Row) {
    let rig = Rig::three().previewed().await;
    mishaps.iter().for_each(|mishap| rig.shop.mishap("b", *mishap));
    let sync = rig.synced().await;
    assert_eq!(rig.states("sync").await, format!("a written, b {ends}, c written"), "{mishaps:?}");
    assert_eq!(rig.shop.writes_of("b"), writes, "{mishaps:?}");
    let whole = if ends == "written" { RunState::Done } else { RunState::Incomplete };
    assert_eq!((sync.state, sync.done), (whole, 3), "{mishaps:?}");
    match rig.step("sync", "b").await.state {
        StepState::Written { .. } => assert_eq!(sample::disk(&rig.shop.catalog("b")), usd(202)),
        StepState::Failed { why } => assert!(why.contains(said), "{mishaps:?}: {why}"),
        other => panic!("{other:?}"),
    }
    // Whatever happened, a new preview and its sync make it good, and write nothing that is there.
    rig.done("second", CatalogRunKind::Preview, None).await;
    rig.done("again", CatalogRunKind::Sync, Some("second")).await;
    assert_eq!(rig.run("again").await.state, RunState::Done, "{mishaps:?}: {}", rig.states("again").await);
    assert_eq!(sample::disk(&rig.shop.catalog("b")), usd(202), "{mishaps:?}");
    assert_eq!(rig.shop.writes_of("a") + rig.shop.writes_of("c"), 2, "{mishaps:?}");
}

/// Where nobody can look any more, nothing is claimed: the turn stays as sending, and taking the sync back looks first.
#[tokio::test]
async fn what_cannot_be_seen_is_not_claimed() {
    for (mishap, undone) in [(Mishap::LoseAfterAndDown, "taken-back"), (Mishap::LoseBeforeAndDown, "nothing")] {
        let rig = Rig::three().previewed().await;
        let before = rig.shop.catalogs();
        rig.shop.mishap("b", mishap);
        let sync = rig.synced().await;
        assert_eq!((sync.state, sync.done), (RunState::Incomplete, 3));
        assert_eq!(rig.states("sync").await, "a written, b sending, c failed");
        rig.shop.state().down = false;
        rig.done("undo", CatalogRunKind::Undo, Some("sync")).await;
        assert_eq!(rig.states("undo").await, format!("a taken-back, b {undone}, c nothing"));
        assert_eq!(rig.shop.catalogs(), before);
    }
}

/// Down for one write only: at the end of the run it is looked at again.
#[tokio::test]
async fn what_could_not_be_seen_is_looked_at_at_the_end() {
    let rig = Rig::three().previewed().await;
    rig.shop.mishap("c", Mishap::LoseAfterAndDown);
    rig.ask("sync", CatalogRunKind::Sync, Some("preview")).await;
    let engine = rig.engine();
    let back = async {
        // The tries of one turn last about six seconds.
        tokio::time::sleep(std::time::Duration::from_secs(2)).await;
        rig.shop.state().down = false;
    };
    let (done, ()) = tokio::join!(engine.round(), back);
    done.unwrap();
    assert_eq!(rig.states("sync").await, "a written, b written, c written");
    assert_eq!(rig.shop.writes_of("c"), 1);
}
