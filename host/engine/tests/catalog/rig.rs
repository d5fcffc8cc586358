//! An engine over a store that outlives it, and runs that are asked for.

use std::future::poll_fn;
use std::sync::Arc;
use std::task::Poll;

use counterfoil_domain::card::Card;
use counterfoil_domain::catalog::{
    CatalogRun, CatalogRunKind, CatalogStep, Depth, DisplayPolicy, Node, Options, ResellerCatalog, Scope, SyncOrder,
};
use counterfoil_domain::id::{Actor, MarketplaceId, PluginDigest, PluginId, RunId};
use counterfoil_domain::ports::{
    Call, CatalogSource, CatalogStore, Clock as _, Door, Pending, Refusal, SendError, Store, Target, Targets,
    WallClock, Write,
};
use counterfoil_domain::run::RunState;
use counterfoil_domain::wire::Response;
use counterfoil_engine::{Engine, Parts, Sources};
use counterfoil_store::MemoryStore;
use tokio::sync::broadcast;

use crate::sample;
use crate::shop::Shop;

pub(crate) struct Rig {
    pub(crate) store: Arc<MemoryStore>,
    pub(crate) shop: Arc<Shop>,
}

#[derive(Debug)]
struct Nothing;

impl Targets for Nothing {
    fn active(&self, _: &PluginId) -> Option<Arc<dyn Target>> {
        None
    }

    fn by_digest(&self, _: &PluginDigest) -> Option<Arc<dyn Target>> {
        None
    }

    fn cards(&self) -> Vec<(PluginDigest, Card)> {
        Vec::new()
    }
}

impl Door for Nothing {
    fn send(&self, _: Call) -> Pending<'_, Result<Response, SendError>> {
        let refusal = Refusal { rule: "none".into(), message: "no door".into(), remedy: None };
        Box::pin(async { Err(SendError::Refused(refusal)) })
    }
}

pub(crate) fn engine(store: &Arc<MemoryStore>, catalogs: Arc<dyn CatalogSource>) -> Engine {
    let sources = Sources::default();
    sources.put_catalogs(MarketplaceId::new("plans"), catalogs);
    Engine::new(Parts {
        store: Arc::clone(store) as Arc<dyn Store>,
        targets: Arc::new(Nothing),
        door: Arc::new(Nothing),
        sources: Arc::new(sources),
        clock: Arc::new(WallClock),
        mailer: Arc::new(counterfoil_engine::NoMailer),
        changed: broadcast::channel(16).0,
    })
}

pub(crate) fn order(scope: Scope, depth: Depth) -> SyncOrder {
    SyncOrder { scope, depth, options: Options::all(), display: DisplayPolicy::Preserve }
}

pub(crate) fn asked(id: &str, kind: CatalogRunKind, of: Option<&str>, order: SyncOrder) -> CatalogRun {
    CatalogRun {
        id: id.into(),
        reseller: "tenant".into(),
        marketplace: "plans".into(),
        kind,
        of: of.map(RunId::from),
        order,
        state: RunState::Queued,
        asked_by: Actor::from("ann"),
        asked_at: WallClock.now(),
        started_at: None,
        finished_at: None,
        total: None,
        done: 0,
        notes: Vec::new(),
        problem: None,
    }
}

impl Rig {
    /// The provider is at edition 2; the resellers hold edition 1.
    pub(crate) fn of(resellers: Vec<(Node, ResellerCatalog)>) -> Self {
        Self { store: Arc::new(MemoryStore::new()), shop: Arc::new(Shop::new(sample::provider(2), resellers)) }
    }

    pub(crate) fn three() -> Self {
        Self::of(["a", "b", "c"].map(|id| (sample::node(id, None), sample::reseller(id))).to_vec())
    }

    /// Three levels: a serves a1 and a2, a1 serves a11; b is by itself.
    pub(crate) fn tree() -> Self {
        let a = sample::distributor("a");
        let mut a1 = sample::below("a1", &a);
        a1.own.templates.clone_from(&a.own.templates);
        let (a2, a11) = (sample::below("a2", &a), sample::below("a11", &a1));
        Self::of(vec![
            (sample::node("b", None), sample::reseller("b")),
            (sample::node("a11", Some("a1")), a11),
            (sample::node("a2", Some("a")), a2),
            (sample::node("a1", Some("a")), a1),
            (sample::node("a", None), a),
        ])
    }

    pub(crate) fn engine(&self) -> Engine {
        engine(&self.store, Arc::clone(&self.shop) as Arc<dyn CatalogSource>)
    }

    pub(crate) async fn ask(&self, id: &str, kind: CatalogRunKind, of: Option<&str>) {
        let order = order(Scope::Template("t".into()), Depth::AllLevels);
        self.store.commit(vec![Write::InsertCatalogRun(asked(id, kind, of, order))]).await.unwrap();
    }

    /// Asks and does.
    pub(crate) async fn done(&self, id: &str, kind: CatalogRunKind, of: Option<&str>) -> CatalogRun {
        self.ask(id, kind, of).await;
        self.engine().round().await.unwrap();
        self.run(id).await
    }

    pub(crate) async fn previewed(self) -> Self {
        let preview = self.done("preview", CatalogRunKind::Preview, None).await;
        assert_eq!(preview.state, RunState::Done, "{preview:?}");
        self
    }

    pub(crate) async fn synced(&self) -> CatalogRun {
        self.done("sync", CatalogRunKind::Sync, Some("preview")).await
    }

    pub(crate) async fn run(&self, id: &str) -> CatalogRun {
        self.store.catalog_run(&id.into()).await.unwrap().unwrap()
    }

    pub(crate) async fn steps(&self, id: &str) -> Vec<CatalogStep> {
        self.store.catalog_steps(&id.into(), 0, 100).await.unwrap()
    }

    pub(crate) async fn step(&self, run: &str, reseller: &str) -> CatalogStep {
        self.steps(run).await.into_iter().find(|step| step.reseller.as_str() == reseller).unwrap()
    }

    /// "a written, b refused", in the order of their turns.
    pub(crate) async fn states(&self, id: &str) -> String {
        let steps = self.steps(id).await;
        steps.iter().map(|step| format!("{} {}", step.reseller, step.state.name())).collect::<Vec<_>>().join(", ")
    }
}

/// Drives a process until it waits for the n-th time, and ends it there: all that it had in memory is gone.
pub(crate) async fn killed<T>(life: impl Future<Output = T>, waits: usize) -> Option<T> {
    let mut life = Box::pin(life);
    let mut left = waits;
    poll_fn(move |context| match life.as_mut().poll(context) {
        Poll::Ready(done) => Poll::Ready(Some(done)),
        Poll::Pending if left == 0 => Poll::Ready(None),
        Poll::Pending => {
            left -= 1;
            Poll::Pending
        }
    })
    .await
}
