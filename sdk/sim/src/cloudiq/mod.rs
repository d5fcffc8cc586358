//! Owns: a simulated Cloud-iQ: sign-in, lists, price list, billing statements and their record files, with the traps that
//! are known of the real one. Does not own the world it bills (`statements`) or transport faults (`fault`).
//!
//! Assumed, because no public source says it: the numbers of charge types; that a record's `SubscriptionId` is the list's
//! `PublisherSubscriptionId` and its `ProductId` the part number; that the price list's `Value` is for one billing period;
//! that `PurchasePeriod` is the term; that the subscription list keeps what ended unless a switch forgets it.

mod answer;
mod config;
mod file;
mod gate;
mod lists;
mod show;
mod state;
mod statements;
mod steer;

use std::io;
use std::sync::Arc;

use axum::Router;
use axum::routing::any;
use chrono::NaiveDate;

use crate::clock::SimClock;
use crate::control;
use crate::exchange_log::ExchangeLog;
use crate::fault::Faults;
use crate::host::{self, Running};
use crate::statements::{Grouping, StatementWorld, Violation};

pub use config::{CloudIqConfig, Switches};
use state::Shop;

/// One reseller's Cloud-iQ, not yet served.
#[derive(Debug, Clone)]
pub struct CloudIqSim {
    shop: Shop,
    faults: Faults,
    log: ExchangeLog,
}

impl CloudIqSim {
    /// A world grouped for invoices is regrouped into statements.
    #[must_use]
    pub fn new(world: StatementWorld, config: CloudIqConfig, clock: SimClock) -> Self {
        let world = match world.grouping() {
            Grouping::Provisions => world,
            Grouping::Invoices => world.regrouped(Grouping::Provisions),
        };
        Self { shop: Shop::new(world, config, clock), faults: Faults::default(), log: ExchangeLog::default() }
    }

    /// Six tenants and four months up to the one before this day.
    #[must_use]
    pub fn demo(today: NaiveDate, clock: SimClock) -> Self {
        Self::new(StatementWorld::demo(today, Grouping::Provisions), CloudIqConfig::default(), clock)
    }

    /// The vendor's paths, with faults and log around them, and the control paths beside them.
    pub fn router(&self) -> Router {
        let vendor = Router::new().route("/{*rest}", any(gate::any)).with_state(self.shop.clone());
        let vendor = self.faults.apply(self.log.apply(vendor));
        let shop = self.shop.clone();
        let view = Arc::new(move || steer::view(&shop.lock()));
        vendor.merge(steer::router(self.shop.clone())).merge(control::router(
            self.faults.clone(),
            self.log.clone(),
            self.shop.clock.clone(),
            view,
        ))
    }

    /// Serves it on loopback, on a free port unless one is given.
    ///
    /// # Errors
    /// If the port cannot be had.
    pub async fn start(self, port: Option<u16>) -> io::Result<CloudIqHandle> {
        let running = host::start(self.router(), port).await?;
        Ok(CloudIqHandle { sim: self, running })
    }
}

/// A served Cloud-iQ; dropping it stops serving.
#[derive(Debug)]
pub struct CloudIqHandle {
    sim: CloudIqSim,
    running: Running,
}

impl CloudIqHandle {
    /// What a client is configured with: `http://127.0.0.1:port/api/v1`.
    #[must_use]
    pub fn base_url(&self) -> String {
        format!("{}/api/v1", self.running.base_url)
    }

    /// Scheme, host and port alone; control paths live here.
    #[must_use]
    pub fn origin(&self) -> &str {
        &self.running.base_url
    }

    #[must_use]
    pub fn config(&self) -> &CloudIqConfig {
        &self.sim.shop.config
    }

    #[must_use]
    pub fn faults(&self) -> &Faults {
        &self.sim.faults
    }

    #[must_use]
    pub fn log(&self) -> &ExchangeLog {
        &self.sim.log
    }

    #[must_use]
    pub fn clock(&self) -> &SimClock {
        &self.sim.shop.clock
    }

    /// Reads or changes the world while no request is being answered.
    pub fn with_world<T>(&self, work: impl FnOnce(&mut StatementWorld) -> T) -> T {
        work(&mut self.sim.shop.lock().world)
    }

    /// Throws switches while it runs.
    pub fn switch(&self, change: impl FnOnce(&mut Switches)) {
        change(&mut self.sim.shop.lock().switches);
    }

    /// As if it had signed everyone out.
    pub fn forget_tokens(&self) {
        self.sim.shop.lock().sessions.forget();
    }

    /// Everything it was asked beside reading and signing in.
    #[must_use]
    pub fn violations(&self) -> Vec<Violation> {
        self.sim.shop.lock().violations.clone()
    }

    pub async fn stop(self) {
        self.running.stop().await;
    }
}
