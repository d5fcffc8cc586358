//! Owns: a CloudBlue marketplace behind its Simple API 1.15, as stubborn as the real ones.
//! Does not own the world it sells to (`world`) or transport faults (`fault`).

mod auth;
mod config;
mod failure;
mod lookup;
mod orders;
mod query;
mod state;
mod steer;
mod traps;

use std::io;
use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::HeaderValue;
use axum::middleware::{self, Next};
use axum::response::Response;
use axum::routing::{get, post};

use crate::clock::SimClock;
use crate::control;
use crate::exchange_log::ExchangeLog;
use crate::fault::Faults;
use crate::host::{self, Running};
use crate::world::World;

pub use config::{Budget, CloudBlueConfig, RetryAfter, Switches};
use state::Tenant;

/// One tenant, not yet served.
#[derive(Debug, Clone)]
pub struct CloudBlueSim {
    tenant: Tenant,
    faults: Faults,
    log: ExchangeLog,
}

impl CloudBlueSim {
    #[must_use]
    pub fn new(world: World, config: CloudBlueConfig, clock: SimClock) -> Self {
        Self { tenant: Tenant::new(world, config, clock), faults: Faults::default(), log: ExchangeLog::default() }
    }

    /// The marketplace's paths, with faults and log around them, and the control paths beside them.
    pub fn router(&self) -> Router {
        let api = Router::new()
            .route("/token", post(auth::token))
            .route("/orders", get(orders::list))
            .route("/orders/{id}", get(orders::one))
            .route("/customers", get(lookup::customers))
            .route("/customers/{id}", get(lookup::customer))
            .route("/subscriptions", get(lookup::subscriptions))
            .route("/subscriptions/{id}", get(lookup::subscription))
            .route("/products", get(lookup::products))
            .route("/plans", get(lookup::plans))
            .route("/plans/{id}", get(lookup::plan))
            .route("/reports", get(lookup::reports));
        let base = self.tenant.config.base_path.trim_end_matches('/');
        let mounted = if base.is_empty() { api } else { Router::new().nest(base, api) };
        let vendor = mounted
            .route("/auth/realms/{realm}/protocol/openid-connect/token", post(auth::oidc))
            .layer(middleware::from_fn_with_state(self.tenant.clone(), correlate))
            .with_state(self.tenant.clone());
        let vendor = self.faults.apply(self.log.apply(vendor));
        let tenant = self.tenant.clone();
        let view = Arc::new(move || steer::view(&tenant.lock()));
        vendor.merge(steer::router(self.tenant.clone())).merge(control::router(
            self.faults.clone(),
            self.log.clone(),
            self.tenant.clock.clone(),
            view,
        ))
    }

    /// Serves it on loopback, on a free port unless one is given.
    ///
    /// # Errors
    /// If the port cannot be had.
    pub async fn start(self, port: Option<u16>) -> io::Result<CloudBlueHandle> {
        let running = host::start(self.router(), port).await?;
        Ok(CloudBlueHandle { sim: self, running })
    }
}

/// Every answer of the platform carries one, errors too.
async fn correlate(State(tenant): State<Tenant>, request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    if let Ok(id) = HeaderValue::from_str(&tenant.correlation()) {
        response.headers_mut().insert("x-correlation-id", id);
    }
    response
}

/// A served tenant; dropping it stops serving.
#[derive(Debug)]
pub struct CloudBlueHandle {
    sim: CloudBlueSim,
    running: Running,
}

impl CloudBlueHandle {
    /// What a client is configured with: the API's root, base path included.
    #[must_use]
    pub fn base_url(&self) -> String {
        format!("{}{}", self.running.base_url, self.sim.tenant.config.base_path.trim_end_matches('/'))
    }

    /// Scheme, host and port alone; control paths live here.
    #[must_use]
    pub fn origin(&self) -> &str {
        &self.running.base_url
    }

    /// Where the password grant is asked for.
    #[must_use]
    pub fn oidc_token_url(&self) -> String {
        let realm = &self.sim.tenant.config.realm;
        format!("{}/auth/realms/{realm}/protocol/openid-connect/token", self.running.base_url)
    }

    #[must_use]
    pub fn config(&self) -> &CloudBlueConfig {
        &self.sim.tenant.config
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
        &self.sim.tenant.clock
    }

    /// Reads or changes the world while no request is being answered.
    pub fn with_world<T>(&self, work: impl FnOnce(&mut World) -> T) -> T {
        work(&mut self.sim.tenant.lock().world)
    }

    /// Throws switches while it runs.
    pub fn switch(&self, change: impl FnOnce(&mut Switches)) {
        change(&mut self.sim.tenant.lock().switches);
    }

    /// As if the marketplace had signed everyone out.
    pub fn forget_tokens(&self) {
        self.sim.tenant.forget_tokens();
    }

    pub async fn stop(self) {
        self.running.stop().await;
    }
}
