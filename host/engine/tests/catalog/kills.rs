//! The process ends at every point of a run: with nothing on disk, with the intent on disk and nothing sent, sent and the
//! answer not yet on disk, between two resellers. Started again, nothing is lost and nothing is written twice.

use counterfoil_domain::catalog::{CatalogRunKind, CatalogStep, ResellerCatalog};
use counterfoil_domain::run::RunState;

use crate::rig::{Rig, killed};
use crate::sample;

/// Runs with the process ending at the n-th wait; nothing, when it came to its end before.
async fn with_a_kill(rig: &Rig, run: &str, waits: usize) -> bool {
    let cut = killed(rig.engine().round(), waits).await.is_none();
    for _ in 0..3 {
        rig.engine().round().await.unwrap();
    }
    assert!(rig.run(run).await.state.is_over());
    cut
}

/// As it is without a kill.
async fn undisturbed() -> (Rig, Vec<ResellerCatalog>) {
    let rig = Rig::tree().previewed().await;
    let before = rig.shop.catalogs();
    let sync = rig.synced().await;
    assert_eq!((sync.state, sync.done), (RunState::Done, 5));
    (rig, before)
}

fn shown(steps: Vec<CatalogStep>) -> Vec<(String, String, usize)> {
    steps.into_iter().map(|step| (step.reseller.to_string(), step.digest, step.changes.len())).collect()
}

#[tokio::test]
async fn a_preview_goes_on_where_it_was() {
    let whole = shown(Rig::tree().previewed().await.steps("preview").await);
    let mut kills = 0;
    for waits in 0.. {
        let rig = Rig::tree();
        rig.ask("preview", CatalogRunKind::Preview, None).await;
        let cut = with_a_kill(&rig, "preview", waits).await;
        assert_eq!(shown(rig.steps("preview").await), whole, "killed at {waits}");
        let run = rig.run("preview").await;
        assert_eq!((run.state, run.total, run.done), (RunState::Done, Some(5), 5), "killed at {waits}");
        assert!(rig.shop.state().sent.is_empty());
        if !cut {
            break;
        }
        kills += 1;
    }
    assert_eq!(kills, 7);
}

#[tokio::test]
async fn a_sync_goes_on_where_it_was_and_writes_nothing_twice() {
    let (whole, _) = undisturbed().await;
    let mut sending = 0;
    let mut kills = 0;
    for waits in 0.. {
        let rig = Rig::tree().previewed().await;
        rig.ask("sync", CatalogRunKind::Sync, Some("preview")).await;
        let cut = killed(rig.engine().round(), waits).await.is_none();
        sending += usize::from(rig.states("sync").await.contains("sending"));
        for _ in 0..2 {
            rig.engine().round().await.unwrap();
        }
        assert_eq!(rig.shop.catalogs(), whole.shop.catalogs(), "killed at {waits}");
        for id in ["a", "a1", "a11", "a2", "b"] {
            assert_eq!(rig.shop.writes_of(id), 1, "{id} killed at {waits}");
        }
        assert_eq!(rig.states("sync").await, "a written, a1 written, a11 written, a2 written, b written");
        let run = rig.run("sync").await;
        assert_eq!((run.state, run.done), (RunState::Done, 5), "killed at {waits}");
        let keys = |rig: &Rig| {
            let sent = rig.shop.state().sent.clone();
            sent.into_iter().collect::<std::collections::BTreeSet<_>>()
        };
        assert_eq!(keys(&rig), keys(&whole), "every try of a turn has the same key");
        if !cut {
            break;
        }
        kills += 1;
    }
    // Of each of the five: killed before it was sent, and after.
    assert_eq!((sending, kills), (10, 17));
}

#[tokio::test]
async fn taking_back_goes_on_where_it_was_and_still_says_what_stays() {
    for own in [false, true] {
        let mut kills = 0;
        for waits in 0.. {
            let (rig, mut before) = undisturbed().await;
            if own {
                rig.shop.change("a1", |catalog| sample::price_of_its_own(catalog, 999));
                let a1 = before.iter_mut().find(|catalog| catalog.reseller.as_str() == "a1").unwrap();
                sample::price_of_its_own(a1, 999);
            }
            rig.ask("undo", CatalogRunKind::Undo, Some("sync")).await;
            let cut = with_a_kill(&rig, "undo", waits).await;
            assert_eq!(rig.shop.catalogs(), before, "killed at {waits}");
            assert_eq!(rig.shop.state().written.len(), 10, "killed at {waits}");
            let all = "a taken-back, a1 taken-back, a11 taken-back, a2 taken-back, b taken-back";
            assert_eq!(rig.states("undo").await, all);
            let left = format!("{:?}", rig.step("undo", "a1").await.state);
            let expected = if own {
                "TakenBack { left: [\"plan/gold/rate/disk/price/recurring\"] }"
            } else {
                "TakenBack { left: [] }"
            };
            assert_eq!(left, expected, "killed at {waits}");
            let state = if own { RunState::Incomplete } else { RunState::Done };
            assert_eq!(rig.run("undo").await.state, state);
            if !cut {
                break;
            }
            kills += 1;
        }
        assert_eq!(kills, 15, "before and after each is read and written");
    }
}

/// A reseller joins while the process is down: places shift, and nobody is left out or compared under another's name.
#[tokio::test]
async fn a_list_that_changed_meanwhile_is_gone_through_whole() {
    for waits in 0..12 {
        let rig = Rig::three();
        rig.ask("preview", CatalogRunKind::Preview, None).await;
        let cut = killed(rig.engine().round(), waits).await.is_none();
        let joined = crate::shop::Shop::new(
            sample::provider(2),
            ["a", "aa", "b", "c"].map(|id| (sample::node(id, None), sample::reseller(id))).to_vec(),
        );
        let rig = Rig { shop: std::sync::Arc::new(joined), ..rig };
        rig.engine().round().await.unwrap();
        if cut {
            assert_eq!(rig.states("preview").await, "a compared, aa compared, b compared, c compared");
        }
    }
}

/// Told to stop, it stops between two resellers, and the next start goes on.
#[tokio::test]
async fn a_stop_is_no_end() {
    let rig = Rig::three().previewed().await;
    rig.ask("sync", CatalogRunKind::Sync, Some("preview")).await;
    let engine = rig.engine();
    engine.stop();
    engine.round().await.unwrap();
    assert_eq!(rig.run("sync").await.state, RunState::Running);
    assert!(rig.shop.state().sent.is_empty());
    rig.engine().round().await.unwrap();
    assert_eq!(rig.run("sync").await.state, RunState::Done);
}
