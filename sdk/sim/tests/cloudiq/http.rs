//! A plain client, as a marketplace client would talk, and a Cloud-iQ to talk to.

use chrono::{DateTime, Utc};
use counterfoil_sim::SimClock;
use counterfoil_sim::cloudiq::{CloudIqConfig, CloudIqHandle, CloudIqSim, Switches};
use counterfoil_sim::statements::{Grouping, Month, StatementSpec, StatementWorld};
use reqwest::{Client, Method, StatusCode, header::HeaderMap};
use serde_json::Value;

/// After everything of the small world was listed.
pub(crate) fn noon() -> DateTime<Utc> {
    "2026-04-20T12:00:00Z".parse().unwrap()
}

pub(crate) async fn small() -> CloudIqHandle {
    with(StatementWorld::fixture(Grouping::Provisions), Switches::default()).await
}

pub(crate) async fn with(world: StatementWorld, switches: Switches) -> CloudIqHandle {
    let config = CloudIqConfig { switches, ..CloudIqConfig::default() };
    CloudIqSim::new(world, config, SimClock::fixed(noon())).start(None).await.unwrap()
}

/// Twelve tenants, four months up to March 2026.
pub(crate) fn larger() -> StatementWorld {
    let first = Month::new(2025, 12).unwrap();
    let spec = StatementSpec { months: 4, tenants: 12, ..StatementSpec::new(5, first) };
    StatementWorld::generate(&spec, Grouping::Provisions)
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
        let list = ["Items", "items"].into_iter().find_map(|name| body.get(name)).unwrap_or(&body);
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
    "grant_type=password&username=api%40harbour.example&password=sim-password&scope=CustomerApi";

pub(crate) async fn token(handle: &CloudIqHandle, client_secret: &str, form: &str) -> Answer {
    let request = client().post(format!("{}/connect/token/", handle.base_url()));
    let request = request.basic_auth("sim-client", Some(client_secret));
    send(request.header("Content-Type", "application/x-www-form-urlencoded").body(form.to_owned())).await
}

/// A signed-in client.
pub(crate) struct Session {
    client: Client,
    pub(crate) origin: String,
    token: String,
}

impl Session {
    pub(crate) async fn sign_in(handle: &CloudIqHandle) -> Self {
        let answer = token(handle, "sim-client-secret", FORM).await.json();
        let token = answer.get("AccessToken").or(answer.get("accessToken")).unwrap().as_str().unwrap().to_owned();
        Self { client: client(), origin: handle.origin().to_owned(), token }
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.ask(Method::GET, path, "application/json").await
    }

    pub(crate) async fn ask(&self, method: Method, path: &str, accept: &str) -> Answer {
        let request = self.client.request(method, format!("{}{path}", self.origin));
        send(request.bearer_auth(&self.token).header("Accept", accept)).await
    }
}
