//! The same over HTTP: a simulated owner of catalogs that loses answers, commits late and is busy; the client over the real
//! door between them. Nothing is written twice, and what is there at the end is what was shown.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use counterfoil_domain::catalog::{CatalogRunKind, Depth, Scope};
use counterfoil_domain::connection::{Exceptions, Marketplace, MarketplaceKind};
use counterfoil_domain::ports::{CatalogSource, CatalogStore as _, Store as _, Vault as _, WallClock, Write};
use counterfoil_domain::run::RunState;
use counterfoil_domain::secret::{Secret, SecretScope};
use counterfoil_egress::{ExchangeSink, HttpDoor};
use counterfoil_market::catalog::{HttpCatalogs, route, wire};
use counterfoil_sim::catalog::{CatalogHandle, CatalogShop, CatalogSim, Served};
use counterfoil_sim::{Fault, FaultKind, SimClock};
use counterfoil_store::{MemoryStore, MemoryVault};
use serde_json::Value;

use crate::rig::{asked, engine, order};
use crate::sample;

fn json(text: &[u8]) -> Value {
    serde_json::from_slice(text).unwrap()
}

async fn owner() -> CatalogHandle {
    let shop = CatalogShop::new("token", json(&wire::write_provider(&sample::provider(2))));
    let shop = ["a", "b", "c"].iter().fold(shop, |shop, id| {
        let served = Served { reseller: (*id).into(), upstream: None, template: "t".into() };
        shop.with(served, json(&wire::write_reseller(&sample::reseller(id))))
    });
    CatalogSim::new(shop, SimClock::wall()).start(None).await.unwrap()
}

async fn client(owner: &CatalogHandle) -> Arc<dyn CatalogSource> {
    let marketplace = Marketplace {
        id: "plans".into(),
        reseller: "tenant".into(),
        kind: MarketplaceKind::Catalog,
        location: owner.base_url().to_owned(),
        settings: BTreeMap::new(),
        exceptions: Exceptions { plain_http: true, private_addresses: true },
    };
    let vault = MemoryVault::new();
    vault.put(&SecretScope::Marketplace("plans".into()), "token", Secret::new("token")).await.unwrap();
    let door = HttpDoor::new(Arc::new(vault), Arc::new(WallClock), ExchangeSink::none());
    door.set_route(route(&marketplace).unwrap());
    Arc::new(HttpCatalogs::new(&marketplace, Arc::new(door), Arc::new(WallClock)))
}

async fn run(
    store: &Arc<MemoryStore>,
    source: &Arc<dyn CatalogSource>,
    kind: CatalogRunKind,
    of: Option<&str>,
) -> RunState {
    let order = order(Scope::Template("t".into()), Depth::OneLevel);
    let run = asked(kind.name(), kind, of, order);
    store.commit(vec![Write::InsertCatalogRun(run)]).await.unwrap();
    engine(store, Arc::clone(source)).round().await.unwrap();
    store.catalog_run(&kind.name().into()).await.unwrap().unwrap().state
}

fn busy() -> FaultKind {
    let headers = vec![("Retry-After".to_owned(), "1".to_owned())];
    FaultKind::Status { code: 429, headers, body: String::new() }
}

#[tokio::test]
async fn through_every_fault_each_reseller_is_written_once_and_taken_back_once() {
    let faults = [
        FaultKind::LoseBefore,
        FaultKind::LoseDuring,
        FaultKind::LoseAfter,
        FaultKind::Reset,
        FaultKind::HalfBody,
        FaultKind::Malformed,
        FaultKind::StatusAfterCommit { code: 500, body: String::new() },
        FaultKind::LateCommit(Duration::from_millis(100)),
        FaultKind::LateCommit(Duration::from_millis(450)),
        busy(),
    ];
    let rows = faults.into_iter().map(|fault| tokio::spawn(one(fault)));
    for row in rows.collect::<Vec<_>>() {
        row.await.unwrap();
    }
}

async fn one(fault: FaultKind) {
    let owner = owner().await;
    let source = client(&owner).await;
    let store = Arc::new(MemoryStore::new());
    assert_eq!(run(&store, &source, CatalogRunKind::Preview, None).await, RunState::Done);
    owner.faults().inject(Fault { times: 2, ..Fault::once("PUT", "", fault.clone()) });
    assert_eq!(run(&store, &source, CatalogRunKind::Sync, Some("preview")).await, RunState::Done, "{fault:?}");
    let commits = |of: &str| owner.with_shop(|shop| shop.commits().iter().filter(|c| c.reseller == of).count());
    assert_eq!(["a", "b", "c"].map(commits), [1, 1, 1], "{fault:?}");
    for id in ["a", "b", "c"] {
        let held = source.reseller(&id.into()).await.unwrap().value;
        assert_eq!(sample::disk(&held), sample::usd(202), "{fault:?}");
    }
    owner.faults().clear();
    owner.faults().inject(Fault { times: 2, ..Fault::once("PUT", "", fault.clone()) });
    assert_eq!(run(&store, &source, CatalogRunKind::Undo, Some("sync")).await, RunState::Done, "{fault:?}");
    assert_eq!(["a", "b", "c"].map(commits), [2, 2, 2], "{fault:?}");
    let keys: std::collections::BTreeSet<_> =
        owner.with_shop(|shop| shop.commits().iter().map(|commit| commit.key.clone()).collect());
    assert_eq!(keys.len(), 6, "each turn of each run has a key of its own");
    for id in ["a", "b", "c"] {
        let held = owner.with_shop(|shop| shop.catalog(id).cloned());
        assert_eq!(held, Some(json(&wire::write_reseller(&sample::reseller(id)))), "{fault:?}");
    }
}

#[tokio::test]
async fn a_412_is_that_resellers_alone() {
    let owner = owner().await;
    let source = client(&owner).await;
    let store = Arc::new(MemoryStore::new());
    run(&store, &source, CatalogRunKind::Preview, None).await;
    let mut theirs = sample::reseller("b");
    sample::price_of_its_own(&mut theirs, 777);
    let theirs = json(&wire::write_reseller(&theirs));
    // While b is being written, somebody else writes b.
    owner.faults().inject(Fault::once("PUT", "/b", FaultKind::LateCommit(Duration::from_millis(150))));
    let sync = run(&store, &source, CatalogRunKind::Sync, Some("preview"));
    let meanwhile = async {
        while owner.faults().hits().is_empty() {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        owner.with_shop(|shop| shop.set("b", theirs.clone()));
    };
    let (state, ()) = tokio::join!(sync, meanwhile);
    assert_eq!(state, RunState::Incomplete);
    assert_eq!(owner.with_shop(|shop| shop.catalog("b").cloned()), Some(theirs));
    let steps = store.catalog_steps(&"sync".into(), 0, 10).await.unwrap();
    let names: Vec<&str> = steps.iter().map(|step| step.state.name()).collect();
    assert_eq!(names, ["written", "failed", "written"]);
}
