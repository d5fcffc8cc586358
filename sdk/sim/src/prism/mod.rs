//! Owns: a simulated PRISM: sign-in, tenants with their subscriptions, price list, invoices and their lines as CSV, with the
//! traps that are known of the real one. Does not own the world it bills (`statements`) or transport faults (`fault`).
//!
//! Public sources name the paths, `Records`, `BillingPeriodStart`, `ProgramName` and ten columns of the invoice. Assumed: all
//! other names; `page` and `pageSize`; that a SKU is prefixed with its motion and a colon; that what is billed a term at a
//! time comes on an invoice of its own; that the sign-in is on the same origin, as it has one port only.

mod config;
mod csv_file;
mod gate;
mod show;
mod state;
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

pub use config::{PrismConfig, Switches};
use state::Desk;

/// One partner's PRISM, not yet served.
#[derive(Debug, Clone)]
pub struct PrismSim {
    desk: Desk,
    faults: Faults,
    log: ExchangeLog,
}

impl PrismSim {
    /// A world grouped into statements is regrouped into invoices.
    #[must_use]
    pub fn new(world: StatementWorld, config: PrismConfig, clock: SimClock) -> Self {
        let world = match world.grouping() {
            Grouping::Invoices => world,
            Grouping::Provisions => world.regrouped(Grouping::Invoices),
        };
        Self { desk: Desk::new(world, config, clock), faults: Faults::default(), log: ExchangeLog::default() }
    }

    /// Six tenants and four months up to the one before this day.
    #[must_use]
    pub fn demo(today: NaiveDate, clock: SimClock) -> Self {
        Self::new(StatementWorld::demo(today, Grouping::Invoices), PrismConfig::default(), clock)
    }

    /// The vendor's paths, with faults and log around them, and the control paths beside them.
    pub fn router(&self) -> Router {
        let vendor = Router::new().route("/{*rest}", any(gate::any)).with_state(self.desk.clone());
        let vendor = self.faults.apply(self.log.apply(vendor));
        let desk = self.desk.clone();
        let view = Arc::new(move || steer::view(&desk.lock()));
        vendor.merge(steer::router(self.desk.clone())).merge(control::router(
            self.faults.clone(),
            self.log.clone(),
            self.desk.clock.clone(),
            view,
        ))
    }

    /// Serves it on loopback, on a free port unless one is given.
    ///
    /// # Errors
    /// If the port cannot be had.
    pub async fn start(self, port: Option<u16>) -> io::Result<PrismHandle> {
        let running = host::start(self.router(), port).await?;
        Ok(PrismHandle { sim: self, running })
    }
}

/// A served PRISM; dropping it stops serving.
#[derive(Debug)]
pub struct PrismHandle {
    sim: PrismSim,
    running: Running,
}

impl PrismHandle {
    /// What a client is configured with: `http://127.0.0.1:port`; `/api/v1` and `/api/v2` are below it.
    #[must_use]
    pub fn base_url(&self) -> String {
        self.running.base_url.clone()
    }

    /// Where the client credentials are presented.
    #[must_use]
    pub fn token_url(&self) -> String {
        format!("{}/core/connect/token", self.running.base_url)
    }

    /// Scheme, host and port alone; control paths live here.
    #[must_use]
    pub fn origin(&self) -> &str {
        &self.running.base_url
    }

    #[must_use]
    pub fn config(&self) -> &PrismConfig {
        &self.sim.desk.config
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
        &self.sim.desk.clock
    }

    /// Reads or changes the world while no request is being answered.
    pub fn with_world<T>(&self, work: impl FnOnce(&mut StatementWorld) -> T) -> T {
        work(&mut self.sim.desk.lock().world)
    }

    /// Throws switches while it runs.
    pub fn switch(&self, change: impl FnOnce(&mut Switches)) {
        change(&mut self.sim.desk.lock().switches);
    }

    /// As if it had signed everyone out.
    pub fn forget_tokens(&self) {
        self.sim.desk.lock().sessions.forget();
    }

    /// Everything it was asked beside reading and signing in.
    #[must_use]
    pub fn violations(&self) -> Vec<Violation> {
        self.sim.desk.lock().violations.clone()
    }

    pub async fn stop(self) {
        self.running.stop().await;
    }
}
