//! A simulated Syncro: the endpoints the product uses, with the limits and traps of the real one, and the engine that makes
//! invoices of recurring ones.
//!
//! Owns putting the parts together and serving them. What it knows comes from public material; what that leaves open is a
//! switch or a rule of `config`. Their defaults: disabled products are in lists; a deleted one is 404; an unknown barcode
//! is 404; `?name=` is part of a name; codes and invoice numbers may repeat; cents are cut to whole ones without a word;
//! negative prices are taken; a line cannot name a product that is gone, a line whose product went stays and is billed; a
//! line that names a product and no price costs nothing; `remove_line_item` takes an object and answers nothing; a one-time
//! line is removed by the run that bills it; after a short month the day stays short; prices and quantities keep every
//! decimal.
//!
//! Assumed without a switch: a PUT of a product or a recurring invoice resets its flags and keeps its other members, a PUT of
//! a line resets everything (`put_keeps_omitted` turns both off); a quantity that is not said is 0 on a recurring line and 1
//! on an invoice's; a paused recurring invoice makes up for every run that it missed; a card that is charged has paid; a line
//! that counts assets bills as many as there are devices; a product with a markup has its price from its cost, whatever is
//! written; a line of quantity 0 is on the invoice with 0; no tax; time zones have no summer.

mod answer;
mod budget;
mod calendar;
pub mod config;
mod customers;
mod demo;
mod engine;
mod gate;
mod invoices;
mod json;
mod lines;
mod listing;
mod money;
mod params;
mod products;
mod schedules;
mod settings;
mod state;
mod steer;
mod tenant;
mod view;
mod watch;

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::routing::any;

use crate::clock::SimClock;
use crate::control;
use crate::exchange_log::ExchangeLog;
use crate::fault::Faults;
use crate::host::{self, Running};

pub use answer::Mood;
pub use budget::RateWindow;
pub use calendar::Frequency;
pub use config::{
    BillingRules, Cents, Dead, DeadProducts, DeletedProduct, Lacking, LinePrice, Meta, MonthEnd, NameFilter, NextRun,
    Numbers, OneTime, Permission, RemoveAnswer, RemoveBody, RemoveFailure, Switches, SyncroConfig, Taken, Token,
};
pub use customers::Customer;
pub use demo::{Demo, demo};
pub use invoices::{Invoice, InvoiceLine};
pub use lines::Line;
pub use products::{Product, ProductSku};
pub use schedules::Schedule;
pub use state::{Danger, SyncroState};
pub use tenant::Maker;
pub use watch::{Violation, ViolationKind};

/// A simulated Syncro that is not served yet.
#[derive(Debug, Clone)]
pub struct SyncroSim {
    tenant: gate::Shared,
    clock: SimClock,
    faults: Faults,
    log: ExchangeLog,
}

impl SyncroSim {
    #[must_use]
    pub fn new(config: SyncroConfig, clock: SimClock) -> Self {
        let tenant = Arc::new(Mutex::new(tenant::Tenant::new(config, clock.clone())));
        Self { tenant, clock, faults: Faults::default(), log: ExchangeLog::default() }
    }

    #[must_use]
    pub fn state(&self) -> SyncroState {
        SyncroState::new(Arc::clone(&self.tenant))
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
        let vendor = Router::new().route("/{*rest}", any(gate::any)).with_state(Arc::clone(&self.tenant));
        let vendor = self.faults.apply(self.log.apply(vendor));
        let state = self.state();
        let view: control::StateView = Arc::new(move || view::shown(&state));
        vendor
            .merge(control::router(self.faults(), self.log(), self.clock.clone(), view))
            .merge(steer::router(self.state()))
    }

    /// Serves it on loopback, on `port` or on a free one.
    ///
    /// # Errors
    /// When the port cannot be bound.
    pub async fn start(self, port: Option<u16>) -> std::io::Result<SyncroHandle> {
        let running = host::start(self.router(), port).await?;
        Ok(SyncroHandle { running, sim: self })
    }
}

/// A simulated Syncro that is being served; dropping it stops it.
#[derive(Debug)]
pub struct SyncroHandle {
    running: Running,
    sim: SyncroSim,
}

impl SyncroHandle {
    /// `http://127.0.0.1:port`.
    #[must_use]
    pub fn root_url(&self) -> String {
        self.running.base_url.clone()
    }

    #[must_use]
    pub fn base_url(&self) -> String {
        format!("{}/api/v1", self.running.base_url)
    }

    #[must_use]
    pub fn state(&self) -> SyncroState {
        self.sim.state()
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
    pub fn clock(&self) -> SimClock {
        self.sim.clock.clone()
    }

    /// Stops serving; the records stay readable through `state()` taken before.
    pub async fn stop(self) {
        self.running.stop().await;
    }
}
