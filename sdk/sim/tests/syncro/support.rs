//! A small client for the simulated Syncro and the records most tests start from.

use chrono::{DateTime, NaiveDate, TimeZone, Utc};
use counterfoil_sim::SimClock;
use counterfoil_sim::syncro::{
    Customer, Frequency, Line, Product, Schedule, SyncroConfig, SyncroHandle, SyncroSim, SyncroState, ViolationKind,
};
use reqwest::Method;
use reqwest::header::HeaderMap;
use rust_decimal::Decimal;
use serde_json::{Value, json};

pub(crate) fn noon() -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2026, 11, 15, 12, 0, 0).unwrap()
}

pub(crate) fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

pub(crate) fn dec(text: &str) -> Decimal {
    text.parse().unwrap()
}

pub(crate) fn http() -> reqwest::Client {
    // Only the first call installs it; the others find it there.
    let _installed = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder().no_proxy().build().unwrap()
}

#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Reply {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|cause| panic!("{cause}: {}", self.text))
    }

    /// What stands under the name of its kind.
    pub(crate) fn one(&self, name: &str) -> Value {
        assert_eq!(self.status, 200, "{}", self.text);
        self.json()[name].clone()
    }

    pub(crate) fn ids(&self, name: &str) -> Vec<i64> {
        self.one(name).as_array().unwrap().iter().map(|row| row["id"].as_i64().unwrap()).collect()
    }
}

/// A caller with its token.
#[derive(Debug, Clone)]
pub(crate) struct Client {
    pub(crate) http: reqwest::Client,
    pub(crate) base: String,
    pub(crate) token: Option<&'static str>,
}

impl Client {
    pub(crate) fn new(base: String) -> Self {
        Self { http: http(), base, token: Some("token") }
    }

    pub(crate) fn with(&self, token: Option<&'static str>) -> Self {
        Self { token, ..self.clone() }
    }

    pub(crate) async fn try_call(&self, method: &str, path: &str, body: Option<String>) -> reqwest::Result<Reply> {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        let mut request = self.http.request(method, format!("{}{path}", self.base));
        if let Some(token) = self.token {
            request = request.header("Authorization", format!("Bearer {token}"));
        }
        if let Some(body) = body {
            request = request.header("Content-Type", "application/json").body(body);
        }
        let response = request.send().await?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Ok(Reply { status, headers, text: response.text().await? })
    }

    pub(crate) async fn get(&self, path: &str) -> Reply {
        self.try_call("GET", path, None).await.unwrap()
    }

    pub(crate) async fn send(&self, method: &str, path: &str, body: &Value) -> Reply {
        self.try_call(method, path, Some(body.to_string())).await.unwrap()
    }
}

/// A served simulator with a stopped clock, a client that is let in, and a customer with a monthly recurring invoice.
pub(crate) struct Bench {
    pub(crate) syncro: SyncroHandle,
    pub(crate) client: Client,
    pub(crate) customer: i64,
    pub(crate) schedule: i64,
    pub(crate) product: i64,
}

pub(crate) async fn bench() -> Bench {
    bench_with(SyncroConfig::default()).await
}

pub(crate) async fn bench_with(config: SyncroConfig) -> Bench {
    let syncro = SyncroSim::new(config, SimClock::fixed(noon())).start(None).await.unwrap();
    let state = syncro.state();
    let customer = state.add_customer(Customer::business("Acme Ltd"));
    let schedule = state.add_schedule(Schedule::of(customer, "Cloud monthly", Frequency::Monthly, day("2026-12-01")));
    let product = state.add_product(product("PC_SEAT"));
    Bench { client: Client::new(syncro.base_url()), syncro, customer, schedule, product }
}

pub(crate) fn product(name: &str) -> Product {
    Product::named(name, "Seats", dec("7.80"), dec("6.10"))
}

/// Two at 15.00.
pub(crate) fn own() -> Line {
    Line::named("Support", dec("2"), 1_500, 500)
}

impl Bench {
    pub(crate) fn state(&self) -> SyncroState {
        self.syncro.state()
    }

    /// As the product writes it.
    pub(crate) fn body(&self) -> Value {
        json!({"product_id": self.product, "name": "PC_SEAT", "description": "Seats 2026-11-01..2026-11-30",
            "quantity": 12, "retail_cents": 780, "cost_cents": 610, "taxable": false, "one_time_charge": false})
    }

    pub(crate) fn add_path(&self) -> String {
        format!("/schedules/{}/add_line_item", self.schedule)
    }

    pub(crate) fn line_path(&self, line: &Value) -> String {
        format!("/schedules/{}/line_items/{line}", self.schedule)
    }

    /// Adds one with these members changed and returns it as answered.
    pub(crate) async fn added(&self, patch: &Value) -> Value {
        let body = patched(self.body(), patch);
        self.client.send("POST", &self.add_path(), &body).await.one("schedule_line_item")
    }

    pub(crate) fn kinds(&self) -> Vec<ViolationKind> {
        self.state().violations().iter().map(|violation| violation.kind).collect()
    }
}

/// Null removes a member.
pub(crate) fn patched(mut base: Value, patch: &Value) -> Value {
    let fields = base.as_object_mut().unwrap();
    for (name, value) in patch.as_object().into_iter().flatten() {
        if value.is_null() {
            fields.remove(name);
        } else {
            fields.insert(name.clone(), value.clone());
        }
    }
    base
}
