//! Owns: a marketplace's catalog API as `openapi.json` beside this file describes it: who is served by whom, one catalog per
//! reseller, replaced as a whole under `If-Match` and once per `Idempotency-Key`.
//! Does not own what a catalog means (it keeps JSON), nor transport faults (`fault`).

mod answer;
mod doors;
mod state;

use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::get;
use serde_json::{Value, json};

use crate::clock::SimClock;
use crate::control;
use crate::exchange_log::ExchangeLog;
use crate::fault::Faults;
use crate::host::{self, Running};

pub use state::{CatalogShop, Commit, Served};

/// The API's own description, for whoever builds one and for tests that hold both sides to it.
pub const OPENAPI: &str = include_str!("openapi.json");

const LARGEST: usize = 64 << 20;

/// One owner of catalogs, not yet served.
#[derive(Debug, Clone)]
pub struct CatalogSim {
    shop: Arc<Mutex<CatalogShop>>,
    faults: Faults,
    log: ExchangeLog,
    clock: SimClock,
}

impl CatalogSim {
    #[must_use]
    pub fn new(shop: CatalogShop, clock: SimClock) -> Self {
        let shop = Arc::new(Mutex::new(shop));
        Self { shop, faults: Faults::default(), log: ExchangeLog::default(), clock }
    }

    fn lock(&self) -> MutexGuard<'_, CatalogShop> {
        self.shop.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The API's paths, with faults and log around them, and the control paths beside them.
    pub fn router(&self) -> Router {
        let api = Router::new()
            .route("/catalog/provider", get(doors::provider))
            .route("/catalog/resellers", get(doors::list))
            .route("/catalog/resellers/{reseller}", get(doors::one).put(doors::replace))
            // A catalog with all its rates is larger than what is usual for a body.
            .layer(DefaultBodyLimit::max(LARGEST))
            .with_state(self.clone());
        let api = self.faults.apply(self.log.apply(api));
        let shown = self.clone();
        let view = Arc::new(move || view(&shown.lock()));
        api.merge(control::router(self.faults.clone(), self.log.clone(), self.clock.clone(), view))
    }

    /// Serves it on loopback, on a free port unless one is given.
    ///
    /// # Errors
    /// If the port cannot be had.
    pub async fn start(self, port: Option<u16>) -> io::Result<CatalogHandle> {
        let running = host::start(self.router(), port).await?;
        Ok(CatalogHandle { sim: self, running })
    }
}

fn view(shop: &CatalogShop) -> Value {
    let commits: Vec<Value> = shop
        .commits()
        .iter()
        .map(|commit| json!({"reseller": commit.reseller, "key": commit.key, "version": commit.version}))
        .collect();
    json!({"resellers": shop.served().len(), "commits": commits})
}

/// Served catalogs; dropping it stops serving.
#[derive(Debug)]
pub struct CatalogHandle {
    sim: CatalogSim,
    running: Running,
}

impl CatalogHandle {
    #[must_use]
    pub fn base_url(&self) -> &str {
        &self.running.base_url
    }

    #[must_use]
    pub fn faults(&self) -> &Faults {
        &self.sim.faults
    }

    #[must_use]
    pub fn log(&self) -> &ExchangeLog {
        &self.sim.log
    }

    /// Reads or changes what is held while no request is being answered.
    pub fn with_shop<T>(&self, work: impl FnOnce(&mut CatalogShop) -> T) -> T {
        work(&mut self.sim.lock())
    }

    pub async fn stop(self) {
        self.running.stop().await;
    }
}
