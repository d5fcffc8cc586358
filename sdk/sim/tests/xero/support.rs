//! A small client for the simulated Xero and the bodies most tests start from.

use chrono::{DateTime, TimeZone, Utc};
use counterfoil_sim::SimClock;
use counterfoil_sim::xero::{Limits, XeroConfig, XeroHandle, XeroSim};
use reqwest::Method;
use reqwest::header::HeaderMap;
use serde_json::{Value, json};

pub(crate) fn noon() -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2026, 11, 15, 12, 0, 0).unwrap()
}

pub(crate) fn generous() -> XeroConfig {
    XeroConfig { limits: Limits::generous(), ..XeroConfig::default() }
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

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    /// The messages of a validation exception, or of the elements of a 200.
    pub(crate) fn messages(&self) -> Vec<String> {
        fn collect(value: &Value, found: &mut Vec<String>) {
            match value {
                Value::Array(list) => list.iter().for_each(|one| collect(one, found)),
                Value::Object(fields) => {
                    for error in fields.get("ValidationErrors").and_then(Value::as_array).into_iter().flatten() {
                        found.push(error["Message"].as_str().unwrap().to_owned());
                    }
                    fields.values().for_each(|one| collect(one, found));
                }
                _ => {}
            }
        }
        let mut found = Vec::new();
        collect(&self.json(), &mut found);
        found
    }
}

pub(crate) struct Client {
    pub(crate) http: reqwest::Client,
    pub(crate) base: String,
    pub(crate) token: String,
    pub(crate) tenant: Option<String>,
}

impl Client {
    pub(crate) async fn try_call(
        &self,
        method: &str,
        path: &str,
        key: Option<&str>,
        body: Option<String>,
    ) -> reqwest::Result<Reply> {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        let mut request = self
            .http
            .request(method, format!("{}/{path}", self.base))
            .bearer_auth(&self.token)
            .header("Accept", "application/json");
        if let Some(tenant) = &self.tenant {
            request = request.header("xero-tenant-id", tenant);
        }
        if let Some(key) = key {
            request = request.header("Idempotency-Key", key);
        }
        if let Some(body) = body {
            request = request.header("Content-Type", "application/json").body(body);
        }
        let response = request.send().await?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Ok(Reply { status, headers, text: response.text().await? })
    }

    pub(crate) async fn get(&self, path: &str) -> Reply {
        self.try_call("GET", path, None, None).await.unwrap()
    }

    pub(crate) async fn send(&self, method: &str, path: &str, body: &Value) -> Reply {
        self.try_call(method, path, None, Some(body.to_string())).await.unwrap()
    }

    pub(crate) async fn keyed(&self, method: &str, path: &str, key: &str, body: &Value) -> Reply {
        self.try_call(method, path, Some(key), Some(body.to_string())).await.unwrap()
    }
}

pub(crate) async fn form(url: &str, basic: Option<(&str, &str)>, fields: &[(&str, &str)]) -> Reply {
    let body: Vec<String> = fields.iter().map(|(name, value)| format!("{name}={}", value.replace(' ', "+"))).collect();
    let mut request = http().post(url).header("Content-Type", "application/x-www-form-urlencoded").body(body.join("&"));
    if let Some((id, secret)) = basic {
        request = request.basic_auth(id, Some(secret));
    }
    let response = request.send().await.unwrap();
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    Reply { status, headers, text: response.text().await.unwrap() }
}

/// A served simulator with a stopped clock, a client that is let in, and one contact.
pub(crate) struct Bench {
    pub(crate) xero: XeroHandle,
    pub(crate) client: Client,
    pub(crate) contact: String,
}

pub(crate) async fn bench() -> Bench {
    bench_with(generous()).await
}

pub(crate) async fn bench_with(config: XeroConfig) -> Bench {
    let xero = XeroSim::new(config, SimClock::fixed(noon())).start(None).await.unwrap();
    let asked = [("grant_type", "client_credentials")];
    let granted = form(&xero.token_url(), Some(("sim-client", "sim-secret")), &asked).await;
    let token = granted.json()["access_token"].as_str().unwrap().to_owned();
    let client = Client { http: http(), base: xero.base_url(), token, tenant: None };
    let contact = xero.state().add_contact("Acme Ltd", Some("cb:TA-1"));
    Bench { xero, client, contact }
}

impl Bench {
    /// A draft invoice of 2 × 20.00, changed by `patch` (null removes a field).
    pub(crate) fn invoice(&self, patch: Value) -> Value {
        let line =
            json!({"Description": "Seats", "Quantity": 2, "UnitAmount": 20, "AccountCode": "200", "TaxType": "NONE"});
        let base = json!({
            "Type": "ACCREC", "Contact": {"ContactID": self.contact}, "Date": "2026-11-01", "DueDate": "2026-12-01",
            "LineAmountTypes": "Exclusive", "LineItems": [line],
        });
        patched(base, patch)
    }

    pub(crate) fn credit_note(&self, patch: Value) -> Value {
        let line =
            json!({"Description": "Refund", "Quantity": 1, "UnitAmount": 30, "AccountCode": "200", "TaxType": "NONE"});
        let base = json!({
            "Type": "ACCRECCREDIT", "Contact": {"ContactID": self.contact}, "Date": "2026-11-05",
            "Status": "AUTHORISED", "LineItems": [line],
        });
        patched(base, patch)
    }

    /// Creates one invoice and returns it as answered.
    pub(crate) async fn created(&self, patch: Value) -> Value {
        let reply = self.client.send("PUT", "Invoices?unitdp=4", &invoices([self.invoice(patch)])).await;
        assert_eq!(reply.status, 200, "{}", reply.text);
        reply.json()["Invoices"][0].clone()
    }

    pub(crate) async fn created_note(&self, patch: Value) -> Value {
        let reply = self.client.send("PUT", "CreditNotes", &json!({"CreditNotes": [self.credit_note(patch)]})).await;
        assert_eq!(reply.status, 200, "{}", reply.text);
        reply.json()["CreditNotes"][0].clone()
    }
}

pub(crate) fn invoices<const N: usize>(list: [Value; N]) -> Value {
    json!({"Invoices": list.to_vec()})
}

fn patched(mut base: Value, patch: Value) -> Value {
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
