//! A plain client and a PRISM to talk to.

use chrono::{DateTime, Utc};
use counterfoil_sim::SimClock;
use counterfoil_sim::prism::{PrismConfig, PrismHandle, PrismSim, Switches};
use counterfoil_sim::statements::{Grouping, Month, StatementSpec, StatementWorld};
use reqwest::{Client, Method, StatusCode, header::HeaderMap};
use serde_json::Value;

/// After everything of the small world was listed.
pub(crate) fn noon() -> DateTime<Utc> {
    "2026-04-20T12:00:00Z".parse().unwrap()
}

pub(crate) async fn small() -> PrismHandle {
    with(StatementWorld::fixture(Grouping::Invoices), Switches::default()).await
}

pub(crate) async fn with(world: StatementWorld, switches: Switches) -> PrismHandle {
    let config = PrismConfig { switches, ..PrismConfig::default() };
    PrismSim::new(world, config, SimClock::fixed(noon())).start(None).await.unwrap()
}

/// Twelve tenants, four months up to March 2026.
pub(crate) fn larger() -> StatementWorld {
    let first = Month::new(2025, 12).unwrap();
    let spec = StatementSpec { months: 4, tenants: 12, ..StatementSpec::new(5, first) };
    StatementWorld::generate(&spec, Grouping::Invoices)
}

#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) bytes: Vec<u8>,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.bytes).unwrap_or(Value::Null)
    }

    /// The rows of a list, wrapped or not.
    pub(crate) fn rows(&self) -> Vec<Value> {
        assert_eq!(self.status, StatusCode::OK, "{}", self.json());
        let body = self.json();
        let list = ["Records", "records"].into_iter().find_map(|name| body.get(name)).unwrap_or(&body);
        list.as_array().unwrap().clone()
    }
}

pub(crate) fn client() -> Client {
    // A second installation is refused, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Client::builder().no_proxy().build().unwrap()
}

pub(crate) async fn send(request: reqwest::RequestBuilder) -> Answer {
    let response = request.send().await.unwrap();
    let (status, headers) = (response.status(), response.headers().clone());
    Answer { status, headers, bytes: response.bytes().await.unwrap().to_vec() }
}

pub(crate) const FORM: &str =
    "grant_type=client_credentials&client_id=sim-client&client_secret=sim-client-secret&scope=rhipeapi";

pub(crate) async fn token(handle: &PrismHandle, form: &str) -> Answer {
    let request = client().post(handle.token_url()).header("Content-Type", "application/x-www-form-urlencoded");
    send(request.body(form.to_owned())).await
}

/// A signed-in client.
pub(crate) struct Session {
    client: Client,
    base: String,
    token: String,
}

impl Session {
    pub(crate) async fn sign_in(handle: &PrismHandle) -> Self {
        let token = token(handle, FORM).await.json()["access_token"].as_str().unwrap().to_owned();
        Self { client: client(), base: handle.base_url(), token }
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.ask(Method::GET, path).await
    }

    pub(crate) async fn ask(&self, method: Method, path: &str) -> Answer {
        send(self.client.request(method, format!("{}{path}", self.base)).bearer_auth(&self.token)).await
    }
}
