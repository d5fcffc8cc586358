//! What a preview shows is what a sync writes; what is not as it was shown is refused, reseller by reseller.

use counterfoil_domain::catalog::{CatalogRunKind, StepState};
use counterfoil_domain::run::RunState;

use crate::rig::Rig;
use crate::sample::{self, usd};

#[tokio::test]
async fn a_preview_writes_nothing_and_a_sync_writes_what_it_showed() {
    let rig = Rig::three();
    let before = rig.shop.catalogs();
    let rig = rig.previewed().await;
    assert_eq!(rig.states("preview").await, "a compared, b compared, c compared");
    assert_eq!(rig.shop.catalogs(), before);
    let sync = rig.synced().await;
    assert_eq!((sync.state, sync.total, sync.done), (RunState::Done, Some(3), 3));
    assert_eq!(rig.states("sync").await, "a written, b written, c written");
    for id in ["a", "b", "c"] {
        assert_eq!(sample::disk(&rig.shop.catalog(id)), usd(202));
        assert_eq!(rig.step("sync", id).await.changes, rig.step("preview", id).await.changes);
        assert_eq!(rig.step("sync", id).await.changes.len(), 6, "a fee and two rates of each of two plans");
    }
    let again = rig.done("again", CatalogRunKind::Preview, None).await;
    assert_eq!(again.state, RunState::Done);
    assert_eq!(rig.states("again").await, "a nothing, b nothing, c nothing");
}

#[tokio::test]
async fn who_changed_since_the_preview_is_refused_and_the_others_are_written() {
    let rig = Rig::three().previewed().await;
    rig.shop.change("b", |catalog| sample::price_of_its_own(catalog, 777));
    // What the changes have nothing to do with is in nobody's way, and stays.
    rig.shop.change("c", sample::unrelated);
    let sync = rig.synced().await;
    assert_eq!(sync.state, RunState::Incomplete);
    assert_eq!(rig.states("sync").await, "a written, b refused, c written");
    assert_eq!(sample::disk(&rig.shop.catalog("b")), usd(777));
    assert!(rig.shop.catalog("c").own.resources.contains_key(&"own".into()));
    let StepState::Refused { why } = rig.step("sync", "b").await.state else { panic!("refused") };
    assert!(why.contains("\"b\"") && why.contains("since the preview") && why.contains("Nothing was written"), "{why}");
}

#[tokio::test]
async fn where_the_provider_changed_since_everybody_is_refused() {
    let rig = Rig::three().previewed().await;
    rig.shop.state().provider = sample::provider(3);
    assert_eq!(rig.synced().await.state, RunState::Incomplete);
    assert_eq!(rig.states("sync").await, "a refused, b refused, c refused");
    assert!(rig.shop.state().sent.is_empty());
}

#[tokio::test]
async fn who_cannot_be_read_is_said_and_the_others_have_their_turn() {
    let rig = Rig::three();
    rig.shop.state().nodes.push(sample::node("missing", None));
    let preview = rig.done("preview", CatalogRunKind::Preview, None).await;
    assert_eq!(preview.state, RunState::Incomplete);
    assert_eq!(rig.states("preview").await, "a compared, b compared, c compared, missing failed");
    let sync = rig.synced().await;
    assert_eq!(sync.state, RunState::Incomplete);
    assert_eq!(rig.states("sync").await, "a written, b written, c written, missing failed");
}

#[tokio::test]
async fn what_a_run_is_of_must_be_there() {
    let rig = Rig::three().previewed().await;
    for (id, kind, of) in [
        ("sync-of-none", CatalogRunKind::Sync, "never"),
        ("sync-of-itself", CatalogRunKind::Sync, "sync-of-itself"),
        ("undo-of-a-preview", CatalogRunKind::Undo, "preview"),
    ] {
        let run = rig.done(id, kind, Some(of)).await;
        assert_eq!(run.state, RunState::Failed);
        let problem = run.problem.unwrap();
        assert!(problem.contains(of) && problem.contains("Nothing was written"), "{problem}");
    }
    assert!(rig.shop.state().sent.is_empty());
}
