//! A small client for the simulated ConnectWise and the records most tests start from.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use chrono::{DateTime, NaiveDate, TimeZone, Utc};
use counterfoil_sim::SimClock;
use counterfoil_sim::connectwise::{Addition, AgreementSeed, CustomField, CwConfig, CwHandle, CwSim, ItemSeed};
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

pub(crate) fn http() -> reqwest::Client {
    // Only the first call installs it; the others find it there.
    let _installed = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder().no_proxy().build().unwrap()
}

pub(crate) fn escaped(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte);
    text.bytes().map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
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

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    pub(crate) fn ids(&self) -> Vec<i64> {
        assert_eq!(self.status, 200, "{}", self.text);
        self.json().as_array().unwrap().iter().map(|row| row["id"].as_i64().unwrap()).collect()
    }

    /// Code and field of each nested error.
    pub(crate) fn nested(&self) -> Vec<(String, String)> {
        let json = self.json();
        let shown = |error: &Value, name: &str| error[name].as_str().unwrap().to_owned();
        let errors = json["errors"].as_array().cloned().unwrap_or_default();
        errors.iter().map(|error| (shown(error, "code"), shown(error, "field"))).collect()
    }
}

/// A caller with its headers; the right ones unless a test changes them.
#[derive(Debug, Clone)]
pub(crate) struct Client {
    pub(crate) http: reqwest::Client,
    pub(crate) base: String,
    pub(crate) headers: Vec<(&'static str, String)>,
}

pub(crate) fn basic(user: &str, password: &str) -> String {
    format!("Basic {}", BASE64_STANDARD.encode(format!("{user}:{password}")))
}

impl Client {
    pub(crate) fn new(base: String) -> Self {
        let config = CwConfig::default();
        let headers = vec![
            ("Authorization", basic("acme+public", "private")),
            ("clientId", config.client_id),
            ("Accept", "application/vnd.connectwise.com+json; version=2025.1".to_owned()),
        ];
        Self { http: http(), base, headers }
    }

    /// With another value for a header, or without it.
    pub(crate) fn with(&self, name: &'static str, value: Option<&str>) -> Self {
        let mut changed = self.clone();
        changed.headers.retain(|(known, _)| !known.eq_ignore_ascii_case(name));
        changed.headers.extend(value.map(|value| (name, value.to_owned())));
        changed
    }

    pub(crate) fn forward(&self) -> Self {
        self.with("pagination-type", Some("forward-only"))
    }

    pub(crate) async fn try_call(&self, method: &str, path: &str, body: Option<String>) -> reqwest::Result<Reply> {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        let mut request = self.http.request(method, format!("{}{path}", self.base));
        for (name, value) in &self.headers {
            request = request.header(*name, value);
        }
        if let Some(body) = body {
            let is_given = self.headers.iter().any(|(name, _)| *name == "Content-Type");
            request = if is_given { request } else { request.header("Content-Type", "application/json") }.body(body);
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

    /// A list by one parameter that is escaped here.
    pub(crate) async fn asked(&self, path: &str, name: &str, value: &str) -> Reply {
        self.get(&format!("{path}?pageSize=1000&{name}={}", escaped(value))).await
    }
}

/// A served simulator with a stopped clock, a client that is let in, and a customer with an agreement.
pub(crate) struct Bench {
    pub(crate) cw: CwHandle,
    pub(crate) client: Client,
    pub(crate) company: i64,
    pub(crate) agreement: i64,
    pub(crate) item: i64,
}

pub(crate) async fn bench() -> Bench {
    bench_with(CwConfig::default()).await
}

pub(crate) async fn bench_with(config: CwConfig) -> Bench {
    let cw = CwSim::new(config, SimClock::fixed(noon())).start(None).await.unwrap();
    let state = cw.state();
    let company = state.add_company("ACME", "Acme Ltd");
    let agreement = state.add_agreement(&agreement(company, false));
    let item = state.add_item(&item("SEAT"));
    Bench { client: Client::new(cw.base_url()), cw, company, agreement, item }
}

pub(crate) fn with_field() -> CwConfig {
    let field = |id, caption: &str| CustomField { id, caption: caption.to_owned() };
    CwConfig { custom_fields: vec![field(7, "Marker"), field(8, "Other")], ..CwConfig::default() }
}

pub(crate) fn agreement(company: i64, prorate: bool) -> AgreementSeed {
    let start = day("2026-11-01");
    AgreementSeed { name: "Gold".to_owned(), company, cycle: "Monthly", currency: "GBP", prorate, start }
}

pub(crate) fn item(identifier: &str) -> ItemSeed {
    ItemSeed {
        identifier: identifier.to_owned(),
        description: format!("The {identifier}"),
        price: Decimal::new(1250, 2),
        cost: Decimal::new(980, 2),
        class: "Agreement",
        taxable: true,
    }
}

/// Three at 12.50, from a day on and up to one.
pub(crate) fn addition(agreement: i64, product: i64, from: Option<NaiveDate>, to: Option<NaiveDate>) -> Addition {
    Addition {
        id: 0,
        agreement,
        product,
        quantity: Decimal::from(3),
        unit_price: Decimal::new(1250, 2),
        unit_cost: Decimal::new(980, 2),
        bill_customer: "Billable".to_owned(),
        taxable: true,
        effective: from,
        cancelled: to,
        serial_number: String::new(),
        invoice_description: "Seats".to_owned(),
        custom_fields: std::collections::BTreeMap::new(),
    }
}

impl Bench {
    pub(crate) fn additions(&self) -> String {
        format!("/finance/agreements/{}/additions", self.agreement)
    }

    /// As the product writes it.
    pub(crate) fn body(&self) -> Value {
        json!({"product": {"id": self.item}, "quantity": 3, "unitPrice": 12.5, "unitCost": 9.8,
            "billCustomer": "Billable", "effectiveDate": "2026-11-01T00:00:00Z", "taxableFlag": true,
            "serialNumber": "cb:1", "invoiceDescription": "Seats"})
    }

    /// Creates one and returns it as answered.
    pub(crate) async fn created(&self, patch: &Value) -> Value {
        let reply = self.client.send("POST", &self.additions(), &patched(self.body(), patch)).await;
        assert_eq!(reply.status, 201, "{}", reply.text);
        reply.json()
    }

    /// What a new company needs of the tables.
    pub(crate) async fn new_company(&self, identifier: &str) -> Value {
        let status = self.client.get("/company/companies/statuses").await.ids()[0];
        let kind = self.client.get("/company/companies/types").await.ids()[0];
        json!({"identifier": identifier, "name": "New Ltd", "site": {"name": "Main"}, "addressLine1": "1 High St",
            "status": {"id": status}, "types": [{"id": kind}]})
    }

    pub(crate) async fn new_item(&self, identifier: &str) -> Value {
        let kind = self.client.get("/procurement/types").await.ids()[0];
        let subcategory = self.client.get("/procurement/subcategories").await.ids()[0];
        json!({"identifier": identifier, "description": "d", "customerDescription": "c", "type": {"id": kind},
            "subcategory": {"id": subcategory}, "productClass": "Agreement", "price": 1.1648, "cost": 1,
            "taxableFlag": true, "manufacturerPartNumber": "m", "integrationXRef": "x"})
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
