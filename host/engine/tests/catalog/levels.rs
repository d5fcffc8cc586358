//! Several levels of resellers: the one above is written before those below it, and each is compared with what that one
//! holds; what did not arrive above does not arrive below.

use counterfoil_domain::catalog::{CatalogRunKind, Depth, Scope};
use counterfoil_domain::ports::{Store as _, Write};
use counterfoil_domain::run::RunState;

use crate::rig::{Rig, asked, order};
use crate::sample::{self, usd};
use crate::shop::Mishap;

#[tokio::test]
async fn all_levels_are_reached_in_one_run() {
    let rig = Rig::tree().previewed().await;
    assert_eq!(rig.states("preview").await, "a compared, a1 compared, a11 compared, a2 compared, b compared");
    assert_eq!(rig.synced().await.state, RunState::Done);
    for id in ["a", "a1", "a11", "a2", "b"] {
        assert_eq!(sample::disk(&rig.shop.catalog(id)), usd(202), "{id}");
    }
    assert_eq!(rig.shop.state().written, ["a", "a1", "a11", "a2", "b"].map(Into::into));
    rig.done("again", CatalogRunKind::Preview, None).await;
    assert_eq!(rig.states("again").await, "a nothing, a1 nothing, a11 nothing, a2 nothing, b nothing");
}

#[tokio::test]
async fn where_the_one_above_was_not_written_those_below_are_refused() {
    let rig = Rig::tree().previewed().await;
    rig.shop.mishap("a", Mishap::Refused);
    assert_eq!(rig.synced().await.state, RunState::Incomplete);
    assert_eq!(rig.states("sync").await, "a failed, a1 refused, a11 refused, a2 refused, b written");
    assert_eq!(sample::disk(&rig.shop.catalog("a11")), usd(201));
}

#[tokio::test]
async fn one_level_says_whom_it_does_not_reach() {
    let rig = Rig::tree();
    let order = order(Scope::Template("t".into()), Depth::OneLevel);
    let preview = asked("preview", CatalogRunKind::Preview, None, order);
    rig.store.commit(vec![Write::InsertCatalogRun(preview)]).await.unwrap();
    rig.engine().round().await.unwrap();
    assert_eq!(rig.states("preview").await, "a compared, b compared");
    let notes = rig.run("preview").await.notes;
    assert!(notes[0].contains("not propagated to 3 sub-resellers"), "{notes:?}");
    rig.synced().await;
    assert_eq!(rig.states("sync").await, "a written, b written");
    assert_eq!(sample::disk(&rig.shop.catalog("a1")), usd(201));
}

/// Only one below is chosen: it is compared with what the one above it holds now, not with the provider.
#[tokio::test]
async fn one_below_is_compared_with_the_one_above_it() {
    let rig = Rig::tree();
    let order = order(Scope::One("a1".into()), Depth::OneLevel);
    let preview = asked("preview", CatalogRunKind::Preview, None, order);
    rig.store.commit(vec![Write::InsertCatalogRun(preview)]).await.unwrap();
    rig.shop.change("a", |catalog| sample::price_of_its_own(catalog, 500));
    rig.engine().round().await.unwrap();
    // What "a" would get of the provider is not this run's to send, and is not what a1 is shown.
    assert_eq!(rig.states("preview").await, "a1 compared");
    assert_eq!(rig.synced().await.state, RunState::Done);
    assert_eq!(rig.states("sync").await, "a1 written");
    assert_eq!(sample::disk(&rig.shop.catalog("a1")), usd(500));
    assert_eq!(rig.shop.state().written, ["a1".into()]);
}
