//! A sync taken back: what nobody changed since is as it was before, what somebody changed stays and is named.

use counterfoil_domain::catalog::{CatalogRunKind, StepState};
use counterfoil_domain::run::RunState;

use crate::rig::Rig;
use crate::sample::{self, usd};
use crate::shop::Mishap;

async fn undone(rig: &Rig) -> RunState {
    rig.done("undo", CatalogRunKind::Undo, Some("sync")).await.state
}

#[tokio::test]
async fn all_is_as_it_was() {
    let rig = Rig::tree().previewed().await;
    let before = rig.shop.catalogs();
    rig.synced().await;
    assert_ne!(rig.shop.catalogs(), before);
    assert_eq!(undone(&rig).await, RunState::Done);
    assert_eq!(rig.shop.catalogs(), before);
    // Those below first.
    let order = rig.shop.state().written.split_off(5);
    assert_eq!(order, ["b", "a2", "a11", "a1", "a"].map(Into::into));
}

#[tokio::test]
async fn what_was_changed_since_stays_and_is_named() {
    let rig = Rig::three().previewed().await;
    rig.synced().await;
    rig.shop.change("b", |catalog| sample::price_of_its_own(catalog, 555));
    rig.shop.change("c", sample::unrelated);
    assert_eq!(undone(&rig).await, RunState::Incomplete);
    assert_eq!(rig.states("undo").await, "a taken-back, b taken-back, c taken-back");
    assert_eq!(sample::disk(&rig.shop.catalog("b")), usd(555));
    let left = StepState::TakenBack { left: vec!["plan/gold/rate/disk/price/recurring".into()] };
    assert_eq!(rig.step("undo", "b").await.state, left);
    assert!(rig.shop.catalog("c").own.resources.contains_key(&"own".into()));
    assert_eq!(sample::disk(&rig.shop.catalog("c")), usd(201));
}

#[tokio::test]
async fn who_was_not_written_is_not_touched() {
    let rig = Rig::three().previewed().await;
    rig.shop.mishap("b", Mishap::Refused);
    rig.synced().await;
    let b = rig.shop.catalog("b");
    assert_eq!(undone(&rig).await, RunState::Done);
    assert_eq!(rig.states("undo").await, "a taken-back, b nothing, c taken-back");
    assert_eq!((rig.shop.catalog("b"), rig.shop.writes_of("b")), (b, 0));
}

#[tokio::test]
async fn where_all_of_it_was_changed_since_nothing_is_written() {
    let rig = Rig::three().previewed().await;
    rig.synced().await;
    rig.shop.change("b", |catalog| catalog.plans.clear());
    assert_eq!(undone(&rig).await, RunState::Incomplete);
    assert_eq!(rig.states("undo").await, "a taken-back, b refused, c taken-back");
    assert_eq!(rig.shop.writes_of("b"), 1);
}

#[tokio::test]
async fn a_lost_answer_takes_nothing_back_twice() {
    for mishap in [Mishap::LoseBefore, Mishap::LoseAfter, Mishap::Late, Mishap::LoseAfterAndChange(sample::unrelated)] {
        let rig = Rig::three().previewed().await;
        rig.synced().await;
        rig.shop.mishap("b", mishap);
        assert_eq!(undone(&rig).await, RunState::Done, "{mishap:?}");
        assert_eq!(rig.states("undo").await, "a taken-back, b taken-back, c taken-back");
        assert_eq!((sample::disk(&rig.shop.catalog("b")), rig.shop.writes_of("b")), (usd(201), 2), "{mishap:?}");
    }
}
