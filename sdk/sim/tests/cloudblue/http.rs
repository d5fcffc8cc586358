//! A plain client, as a marketplace client would talk, and a tenant to talk to.

use chrono::{DateTime, NaiveDate, TimeZone, Utc};
use counterfoil_sim::SimClock;
use counterfoil_sim::cloudblue::{CloudBlueConfig, CloudBlueHandle, CloudBlueSim};
use counterfoil_sim::world::{World, WorldSpec};
use reqwest::{Client, Method, StatusCode, header::HeaderMap};
use serde_json::Value;

pub(crate) fn noon() -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2026, 3, 17, 12, 0, 0).unwrap()
}

pub(crate) fn world() -> World {
    World::generate(&WorldSpec::new(7, NaiveDate::from_ymd_opt(2026, 3, 17).unwrap()))
}

pub(crate) async fn tenant(config: CloudBlueConfig) -> CloudBlueHandle {
    CloudBlueSim::new(world(), config, SimClock::fixed(noon())).start(None).await.unwrap()
}

pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Value,
}

impl Answer {
    /// The rows of a list.
    pub(crate) fn rows(&self) -> &[Value] {
        assert_eq!(self.status, StatusCode::OK, "{}", self.body);
        self.body["data"].as_array().unwrap()
    }

    pub(crate) fn total(&self) -> u64 {
        self.body["pagination"]["total"].as_u64().unwrap()
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
    let text = response.text().await.unwrap();
    Answer { status, headers, body: serde_json::from_str(&text).unwrap_or(Value::Null) }
}

pub(crate) async fn post(url: &str, headers: &[(&str, &str)], body: String) -> Answer {
    let mut request = client().request(Method::POST, url).body(body);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    send(request).await
}

/// A signed-in client.
pub(crate) struct Session {
    client: Client,
    base: String,
    key: String,
    token: String,
}

impl Session {
    pub(crate) async fn sign_in(handle: &CloudBlueHandle) -> Self {
        let config = handle.config();
        let answer = token(handle, &config.username, &config.password, &config.subscription_key, "us").await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
        let token = answer.body["token"].as_str().unwrap().to_owned();
        Self { client: client(), base: handle.base_url(), key: config.subscription_key.clone(), token }
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        let request = self.client.get(format!("{}{path}", self.base));
        send(request.bearer_auth(&self.token).header("X-Subscription-Key", &self.key)).await
    }
}

pub(crate) async fn token(
    handle: &CloudBlueHandle,
    user: &str,
    password: &str,
    key: &str,
    marketplace: &str,
) -> Answer {
    let request = client()
        .post(format!("{}/token", handle.base_url()))
        .basic_auth(user, Some(password))
        .header("X-Subscription-Key", key)
        .header("Content-Type", "application/json")
        .body(serde_json::json!({ "marketplace": marketplace }).to_string());
    send(request).await
}
