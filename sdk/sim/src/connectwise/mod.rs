//! A simulated ConnectWise PSA: the endpoints the product uses, with the rules, limits and traps of the real one, and the
//! invoicing of agreements.
//!
//! Owns putting the parts together and serving them. What it knows comes from public material; what that leaves open is a
//! switch or a rule of `config`: whether a cancelled date is the last billed day (default: yes), where prorated amounts are
//! rounded (default: the line), which date an invoice bears (default: the first day of its period), whether serial numbers
//! are kept on products without (default: yes), whether bundles may be additions (default: no), whether a custom field may
//! be named by its caption alone (default: no), whether an addition may end before it begins (default: yes).
//!
//! Assumed without a switch: agreements are invoiced in advance; what comes into an invoiced period is billed with the next
//! one if the agreement prorates and has `invoiceProratedAdditionsFlag`, and never otherwise; nothing is credited when a
//! cancelled date moves back behind an invoice; comparing an unset field with a value is neither true nor false.

mod answer;
mod billing;
mod condition;
pub mod config;
mod fitting;
mod gate;
mod json;
mod listing;
mod record;
mod shape;
mod show;
mod state;
mod steer;
mod tables;
mod tenant;

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::routing::any;

use crate::clock::SimClock;
use crate::control;
use crate::exchange_log::ExchangeLog;
use crate::fault::Faults;
use crate::host::{self, Running};

pub use answer::Mood;
pub use billing::{Invoice, InvoiceLine};
pub use config::{
    ApiVersion, BadCredentials, BillingRules, Bundles, CancelledDate, CaptionOnly, CustomField, CwConfig, InvoiceDate,
    LinkHost, NoClientId, OldCodebase, PageSizeRule, ProrateRounding, Role, SerialNumber, SiteUrl, SlashPaths,
    StrayQuote, Switches, TooMany, Unset,
};
pub use state::{Addition, AgreementSeed, CwState, ItemSeed};

/// A simulated ConnectWise that is not served yet.
#[derive(Debug, Clone)]
pub struct CwSim {
    tenant: gate::Shared,
    clock: SimClock,
    faults: Faults,
    log: ExchangeLog,
}

impl CwSim {
    #[must_use]
    pub fn new(config: CwConfig, clock: SimClock) -> Self {
        let tenant = Arc::new(Mutex::new(tenant::Tenant::new(config, clock.clone())));
        Self { tenant, clock, faults: Faults::default(), log: ExchangeLog::default() }
    }

    #[must_use]
    pub fn state(&self) -> CwState {
        CwState::new(Arc::clone(&self.tenant))
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
        let view: control::StateView = Arc::new(move || state.view());
        vendor
            .merge(control::router(self.faults(), self.log(), self.clock.clone(), view))
            .merge(steer::router(self.state()))
    }

    /// Serves it on loopback, on `port` or on a free one.
    ///
    /// # Errors
    /// When the port cannot be bound.
    pub async fn start(self, port: Option<u16>) -> std::io::Result<CwHandle> {
        let running = host::start(self.router(), port).await?;
        Ok(CwHandle { running, sim: self })
    }
}

/// A simulated ConnectWise that is being served; dropping it stops it.
#[derive(Debug)]
pub struct CwHandle {
    running: Running,
    sim: CwSim,
}

impl CwHandle {
    /// `http://127.0.0.1:port`.
    #[must_use]
    pub fn root_url(&self) -> String {
        self.running.base_url.clone()
    }

    /// With the router in place of the code base.
    #[must_use]
    pub fn base_url(&self) -> String {
        format!("{}/v4_6_release/apis/3.0", self.running.base_url)
    }

    /// Where a company's code base is asked for.
    #[must_use]
    pub fn company_info_url(&self) -> String {
        let company = gate::lock(&self.sim.tenant).config.company_id.clone();
        format!("{}/login/companyinfo/{company}", self.running.base_url)
    }

    #[must_use]
    pub fn state(&self) -> CwState {
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
