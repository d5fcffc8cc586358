//! Catalogs that tests script: versions that count up, a list of what is written, and mishaps in their order. Keys are not
//! honoured: that nothing is written twice must follow from the versions alone.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, MutexGuard};

use chrono::{TimeDelta, Utc};
use counterfoil_domain::catalog::{Node, ProviderCatalog, ResellerCatalog};
use counterfoil_domain::id::{CatalogVersion, ResellerId, StepKey};
use counterfoil_domain::ports::{CatalogError, CatalogSource, Pending, ReplaceError, Versioned};

/// What happens to a write.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Mishap {
    LoseBefore,
    LoseAfter,
    /// It lands when the catalog is asked for the next time but one.
    Late,
    Unreachable,
    Throttled {
        seconds: i64,
    },
    Refused,
    /// Nothing arrives, and from now on nothing can be read.
    LoseBeforeAndDown,
    LoseAfterAndDown,
    /// Somebody else's change comes first.
    Before(fn(&mut ResellerCatalog)),
    /// It lands, then somebody else changes it, and the answer is lost.
    LoseAfterAndChange(fn(&mut ResellerCatalog)),
    LoseBeforeAndChange(fn(&mut ResellerCatalog)),
}

#[derive(Debug, Clone)]
struct Held {
    catalog: ResellerCatalog,
    version: u64,
}

#[derive(Debug)]
struct Late {
    looks: u32,
    catalog: ResellerCatalog,
    read: u64,
}

#[derive(Debug, Default)]
pub(crate) struct State {
    pub(crate) provider: ProviderCatalog,
    pub(crate) nodes: Vec<Node>,
    held: BTreeMap<ResellerId, Held>,
    mishaps: BTreeMap<ResellerId, VecDeque<Mishap>>,
    late: Vec<Late>,
    pub(crate) down: bool,
    pub(crate) sent: Vec<(ResellerId, StepKey)>,
    pub(crate) written: Vec<ResellerId>,
}

#[derive(Debug, Default)]
pub(crate) struct Shop(Mutex<State>);

impl Shop {
    pub(crate) fn new(provider: ProviderCatalog, resellers: Vec<(Node, ResellerCatalog)>) -> Self {
        let mut state = State { provider, ..State::default() };
        for (node, catalog) in resellers {
            state.nodes.push(node);
            state.held.insert(catalog.reseller.clone(), Held { catalog, version: 1 });
        }
        Self(Mutex::new(state))
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }

    pub(crate) fn mishap(&self, id: &str, mishap: Mishap) {
        self.state().mishaps.entry(id.into()).or_default().push_back(mishap);
    }

    pub(crate) fn catalog(&self, id: &str) -> ResellerCatalog {
        self.state().held[&id.into()].catalog.clone()
    }

    pub(crate) fn catalogs(&self) -> Vec<ResellerCatalog> {
        self.state().held.values().map(|held| held.catalog.clone()).collect()
    }

    /// Somebody else changes a catalog.
    pub(crate) fn change(&self, id: &str, by: fn(&mut ResellerCatalog)) {
        self.state().change(&id.into(), by);
    }

    pub(crate) fn writes_of(&self, id: &str) -> usize {
        self.state().written.iter().filter(|written| written.as_str() == id).count()
    }
}

impl State {
    fn change(&mut self, id: &ResellerId, by: fn(&mut ResellerCatalog)) {
        let held = self.held.get_mut(id).unwrap();
        by(&mut held.catalog);
        held.version += 1;
    }

    fn land(&mut self, catalog: &ResellerCatalog, read: u64) -> Result<CatalogVersion, ReplaceError> {
        let held = self.held.get_mut(&catalog.reseller).unwrap();
        if held.version != read {
            return Err(ReplaceError::Moved);
        }
        *held = Held { catalog: catalog.clone(), version: read + 1 };
        self.written.push(catalog.reseller.clone());
        Ok(version(read + 1))
    }

    fn look(&mut self, id: &ResellerId) -> Result<Versioned<ResellerCatalog>, CatalogError> {
        if self.down {
            return Err(CatalogError::Unreachable("down".into()));
        }
        let (due, waiting): (Vec<Late>, Vec<Late>) = std::mem::take(&mut self.late)
            .into_iter()
            .map(|late| Late { looks: late.looks.saturating_sub(1), ..late })
            .partition(|late| late.looks == 0);
        self.late = waiting;
        for late in due {
            // What comes too late meets the condition like everything else.
            let _landed_or_moved = self.land(&late.catalog, late.read);
        }
        let held = self.held.get(id).ok_or_else(|| CatalogError::NoReseller(id.clone()))?;
        Ok(Versioned { value: held.catalog.clone(), version: version(held.version) })
    }

    fn send(&mut self, catalog: &ResellerCatalog, read: u64, key: &StepKey) -> Result<CatalogVersion, ReplaceError> {
        let id = &catalog.reseller;
        if self.down {
            return Err(ReplaceError::NotWritten(CatalogError::Unreachable("down".into())));
        }
        self.sent.push((id.clone(), key.clone()));
        let lost = || Err(ReplaceError::Uncertain("lost".into()));
        let Some(mishap) = self.mishaps.get_mut(id).and_then(VecDeque::pop_front) else {
            return self.land(catalog, read);
        };
        match mishap {
            Mishap::LoseBefore => lost(),
            Mishap::LoseAfter => self.land(catalog, read).and_then(|_| lost()),
            Mishap::Late => {
                self.late.push(Late { looks: 2, catalog: catalog.clone(), read });
                lost()
            }
            Mishap::Unreachable => Err(ReplaceError::NotWritten(CatalogError::Unreachable("no route".into()))),
            Mishap::Throttled { seconds } => {
                let until = Utc::now() + TimeDelta::seconds(seconds);
                Err(ReplaceError::NotWritten(CatalogError::Throttled { until }))
            }
            Mishap::Refused => Err(ReplaceError::NotWritten(CatalogError::Refused("it answered 422".into()))),
            Mishap::LoseBeforeAndDown => {
                self.down = true;
                lost()
            }
            Mishap::LoseAfterAndDown => {
                self.land(catalog, read)?;
                self.down = true;
                lost()
            }
            Mishap::Before(by) => {
                self.change(id, by);
                self.land(catalog, read)
            }
            Mishap::LoseAfterAndChange(by) => {
                self.land(catalog, read)?;
                self.change(id, by);
                lost()
            }
            Mishap::LoseBeforeAndChange(by) => {
                self.change(id, by);
                lost()
            }
        }
    }
}

fn version(number: u64) -> CatalogVersion {
    CatalogVersion::new(format!("v{number}"))
}

/// Each call gives the test two places to end the process: before it takes effect, and after.
impl CatalogSource for Shop {
    fn provider(&self) -> Pending<'_, Result<Versioned<ProviderCatalog>, CatalogError>> {
        Box::pin(async {
            tokio::task::yield_now().await;
            Ok(Versioned { value: self.state().provider.clone(), version: version(0) })
        })
    }

    fn resellers(&self) -> Pending<'_, Result<Vec<Node>, CatalogError>> {
        Box::pin(async {
            tokio::task::yield_now().await;
            Ok(self.state().nodes.clone())
        })
    }

    fn reseller<'a>(&'a self, id: &'a ResellerId) -> Pending<'a, Result<Versioned<ResellerCatalog>, CatalogError>> {
        Box::pin(async {
            tokio::task::yield_now().await;
            self.state().look(id)
        })
    }

    fn replace<'a>(
        &'a self,
        catalog: &'a ResellerCatalog,
        read: &'a CatalogVersion,
        key: &'a StepKey,
    ) -> Pending<'a, Result<CatalogVersion, ReplaceError>> {
        Box::pin(async {
            tokio::task::yield_now().await;
            let read = read.as_str().trim_start_matches('v').parse().unwrap();
            let sent = self.state().send(catalog, read, key);
            tokio::task::yield_now().await;
            sent
        })
    }
}
