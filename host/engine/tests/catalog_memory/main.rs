//! A run of many large resellers on two levels holds a few catalogs at one time, not all of them: the most memory this
//! process ever had, with sixty of them gone through, beside that of three. In a process of its own, which is why it is.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[expect(dead_code, reason = "shared with the tests of catalog sync, which use all of it")]
#[path = "../catalog/rig.rs"]
mod rig;
#[expect(dead_code, reason = "shared with the tests of catalog sync, which use all of it")]
#[path = "../catalog/sample.rs"]
mod sample;
#[expect(dead_code, reason = "shared with the tests of catalog sync, which use all of it")]
#[path = "../catalog/shop.rs"]
mod shop;

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use counterfoil_domain::catalog::{CatalogRunKind, Depth, Node, ProviderCatalog, ResellerCatalog, Scope};
use counterfoil_domain::id::{CatalogVersion, ResellerId, StepKey};
use counterfoil_domain::ports::{
    CatalogError, CatalogSource, CatalogStore as _, Pending, ReplaceError, Store as _, Versioned, Write,
};
use counterfoil_domain::run::RunState;
use counterfoil_store::MemoryStore;

/// Plans beside those of the sample: some MiB for each reseller.
const PLANS: usize = 2_000;

/// Makes each catalog when it is asked for; keeps who was written.
#[derive(Debug)]
struct Maker {
    nodes: Vec<Node>,
    written: Mutex<BTreeSet<ResellerId>>,
}

fn large(edition: i64) -> ProviderCatalog {
    let mut provider = sample::provider(edition);
    // What changes are the sample's own two plans: changes are kept in the store, and stay small.
    let plan = sample::provider(1).plans[&"gold".into()].clone();
    let template = provider.templates.get_mut(&"t".into()).unwrap();
    for number in 0..PLANS {
        let id = format!("plan-{number:04}");
        template.delegated_plans.insert(id.as_str().into());
        provider.plans.insert(id.as_str().into(), plan.clone());
    }
    provider
}

impl Maker {
    /// Every tenth serves the nine after it.
    fn of(count: usize) -> Self {
        let name = |number: usize| format!("r-{number:03}");
        let node = |number: usize| {
            let above = (!number.is_multiple_of(10)).then(|| name(number / 10 * 10));
            sample::node(&name(number), above.as_deref())
        };
        Self { nodes: (0..count).map(node).collect(), written: Mutex::default() }
    }

    fn made(&self, id: &ResellerId) -> ResellerCatalog {
        let edition = if self.written.lock().unwrap().contains(id) { 2 } else { 1 };
        let node = self.nodes.iter().find(|node| node.reseller == *id).unwrap();
        let mut catalog = sample::holding(id.as_str(), "t", &large(edition));
        if node.template.as_str() == "t" {
            let mut template = large(1).templates[&"t".into()].clone();
            template.name = "Sub".into();
            catalog.own.templates.insert("sub".into(), template);
        }
        catalog
    }
}

impl CatalogSource for Maker {
    fn provider(&self) -> Pending<'_, Result<Versioned<ProviderCatalog>, CatalogError>> {
        Box::pin(async { Ok(Versioned { value: large(2), version: CatalogVersion::new("p") }) })
    }

    fn resellers(&self) -> Pending<'_, Result<Vec<Node>, CatalogError>> {
        Box::pin(async { Ok(self.nodes.clone()) })
    }

    fn reseller<'a>(&'a self, id: &'a ResellerId) -> Pending<'a, Result<Versioned<ResellerCatalog>, CatalogError>> {
        Box::pin(async { Ok(Versioned { value: self.made(id), version: CatalogVersion::new("1") }) })
    }

    fn replace<'a>(
        &'a self,
        catalog: &'a ResellerCatalog,
        _: &'a CatalogVersion,
        _: &'a StepKey,
    ) -> Pending<'a, Result<CatalogVersion, ReplaceError>> {
        self.written.lock().unwrap().insert(catalog.reseller.clone());
        Box::pin(async { Ok(CatalogVersion::new("2")) })
    }
}

/// In KiB; none where the system does not say.
fn peak() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = text.lines().find(|line| line.starts_with("VmHWM:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

async fn previewed_and_synced(count: usize) -> Option<u64> {
    let store = Arc::new(MemoryStore::new());
    let maker: Arc<dyn CatalogSource> = Arc::new(Maker::of(count));
    for (kind, of) in [(CatalogRunKind::Preview, None), (CatalogRunKind::Sync, Some("preview"))] {
        let order = rig::order(Scope::Template("t".into()), Depth::AllLevels);
        let run = rig::asked(kind.name(), kind, of, order);
        store.commit(vec![Write::InsertCatalogRun(run)]).await.unwrap();
        rig::engine(&store, Arc::clone(&maker)).round().await.unwrap();
        let run = store.catalog_run(&kind.name().into()).await.unwrap().unwrap();
        assert_eq!((run.state, run.done), (RunState::Done, count as u64), "{:?}", run.problem);
    }
    peak()
}

#[tokio::test]
async fn only_those_above_are_held() {
    let few = previewed_and_synced(3).await;
    let many = previewed_and_synced(60).await;
    let (Some(few), Some(many)) = (few, many) else { return };
    assert!(many * 2 <= few * 3, "{many} KiB for sixty, {few} KiB for three");
}
