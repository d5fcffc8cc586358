//! A simulated Xero: the accounting endpoints the product uses, with the rules, limits and traps of the real one.
//!
//! Owns putting the parts together and serving them. What it knows about the real system comes from public reports;
//! texts that no report quotes are worded here.

mod allocations;
mod answer;
mod auth;
mod call;
pub mod config;
mod contacts;
mod dates;
mod documents;
mod draft;
mod filter;
mod gate;
mod idempotency;
mod ids;
mod input;
mod items;
pub(crate) mod json;
mod limits;
mod lines;
mod listing;
pub mod model;
mod org;
mod render;
mod route;
mod settings;
mod steer;
mod world;

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::routing::{any, get, post};

use crate::clock::SimClock;
use crate::control;
use crate::exchange_log::ExchangeLog;
use crate::fault::Faults;
use crate::host::{self, Running};

pub use config::{AppMode, Lie, Limits, Offline, Switches, XeroConfig, XeroOrg};
pub use model::{Document, DocumentKind, Status, TaxRate};
pub use world::XeroState;

/// A simulated Xero that is not served yet.
#[derive(Debug, Clone)]
pub struct XeroSim {
    world: gate::Shared,
    clock: SimClock,
    faults: Faults,
    log: ExchangeLog,
}

impl XeroSim {
    #[must_use]
    pub fn new(config: XeroConfig, clock: SimClock) -> Self {
        let world = Arc::new(Mutex::new(world::World::new(config, clock.clone())));
        Self { world, clock, faults: Faults::default(), log: ExchangeLog::default() }
    }

    #[must_use]
    pub fn state(&self) -> XeroState {
        XeroState::new(Arc::clone(&self.world))
    }

    #[must_use]
    pub fn faults(&self) -> Faults {
        self.faults.clone()
    }

    #[must_use]
    pub fn log(&self) -> ExchangeLog {
        self.log.clone()
    }

    /// The vendor's paths behind faults and log, and the control paths beside them.
    pub fn router(&self) -> Router {
        let vendor = Router::new()
            .route("/identity/connect/authorize", get(gate::authorize))
            .route("/connect/token", post(gate::token))
            .route("/connections", get(gate::connections))
            .route("/api.xro/2.0/{*rest}", any(gate::api))
            .with_state(Arc::clone(&self.world));
        let vendor = self.faults.apply(self.log.apply(vendor));
        let state = self.state();
        let view: control::StateView = Arc::new(move || state.view());
        vendor
            .merge(control::router(self.faults(), self.log(), self.clock.clone(), view))
            .merge(steer::router(self.state()))
    }

    /// Serves it on loopback, on `port` or on a free one.
    ///
    /// # Errors
    /// When the port cannot be bound.
    pub async fn start(self, port: Option<u16>) -> std::io::Result<XeroHandle> {
        let running = host::start(self.router(), port).await?;
        Ok(XeroHandle { running, sim: self })
    }
}

/// A simulated Xero that is being served; dropping it stops it.
#[derive(Debug)]
pub struct XeroHandle {
    running: Running,
    sim: XeroSim,
}

impl XeroHandle {
    /// `http://127.0.0.1:port`, for paths outside the accounting API.
    #[must_use]
    pub fn root_url(&self) -> String {
        self.running.base_url.clone()
    }

    /// `…/api.xro/2.0`.
    #[must_use]
    pub fn base_url(&self) -> String {
        format!("{}/api.xro/2.0", self.running.base_url)
    }

    #[must_use]
    pub fn token_url(&self) -> String {
        format!("{}/connect/token", self.running.base_url)
    }

    #[must_use]
    pub fn authorize_url(&self) -> String {
        format!("{}/identity/connect/authorize", self.running.base_url)
    }

    #[must_use]
    pub fn connections_url(&self) -> String {
        format!("{}/connections", self.running.base_url)
    }

    #[must_use]
    pub fn faults(&self) -> Faults {
        self.sim.faults()
    }

    #[must_use]
    pub fn log(&self) -> ExchangeLog {
        self.sim.log()
    }

    #[must_use]
    pub fn state(&self) -> XeroState {
        self.sim.state()
    }

    #[must_use]
    pub fn clock(&self) -> SimClock {
        self.sim.clock.clone()
    }

    /// Stops serving; the books stay readable through `state()` taken before.
    pub async fn stop(self) {
        self.running.stop().await;
    }
}
