//! Doors that tests script: one that answers by a function, and one that serves a folder the way the API does.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use counterfoil_domain::connection::{Exceptions, Marketplace, MarketplaceKind};
use counterfoil_domain::ports::{Call, Caller, Door, ManualClock, Pending, SendError, Sending};
use counterfoil_domain::wire::Response;
use counterfoil_market::CloudBlueClient;
use counterfoil_market::cloudblue::Pace;
use serde_json::{Value, json};

pub(crate) type Answer = Result<Response, SendError>;

type Script = dyn Fn(&Call, usize) -> Answer + Send + Sync;

pub(crate) struct ScriptedDoor {
    answer: Box<Script>,
    pub(crate) calls: Mutex<Vec<Call>>,
}

impl fmt::Debug for ScriptedDoor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ScriptedDoor")
    }
}

impl ScriptedDoor {
    /// The answer may depend on the call and on how many came before it.
    pub(crate) fn new(answer: impl Fn(&Call, usize) -> Answer + Send + Sync + 'static) -> Arc<Self> {
        Arc::new(Self { answer: Box::new(answer), calls: Mutex::default() })
    }

    pub(crate) fn asked(&self) -> Vec<String> {
        let calls = self.calls.lock().unwrap();
        calls
            .iter()
            .map(|call| {
                let query: Vec<_> = call.request.query.iter().map(|(n, v)| format!("{n}={v}")).collect();
                format!("{} {}", call.request.path, query.join("&")).trim_end().to_owned()
            })
            .collect()
    }
}

impl Door for ScriptedDoor {
    fn send(&self, call: Call) -> Pending<'_, Answer> {
        assert_eq!(call.caller, Caller::Marketplace("ingram-eu".into()));
        assert_eq!((&call.sending, call.request.method.as_str()), (&Sending::Read, "GET"));
        let before = {
            let mut calls = self.calls.lock().unwrap();
            calls.push(call.clone());
            calls.len() - 1
        };
        let answer = (self.answer)(&call, before);
        Box::pin(async move {
            tokio::task::yield_now().await;
            answer
        })
    }
}

pub(crate) fn answer(status: u16, headers: &[(&str, &str)], body: impl Into<String>) -> Answer {
    let headers = headers.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
    Ok(Response { status, headers, body: body.into().into_bytes(), replayed: false })
}

pub(crate) fn ok(body: &Value) -> Answer {
    answer(200, &[], body.to_string())
}

pub(crate) fn query<'a>(call: &'a Call, name: &str) -> Option<&'a str> {
    call.request.query.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str())
}

/// Cuts a list the way the API does.
pub(crate) fn page(rows: &[Value], call: &Call) -> Value {
    let number = |name: &str, default: usize| query(call, name).map_or(default, |text| text.parse().unwrap());
    let (offset, limit) = (number("offset", 0), number("limit", 10));
    let data: Vec<_> = rows.iter().skip(offset).take(limit).cloned().collect();
    json!({ "data": data, "pagination": { "offset": offset, "limit": limit, "total": rows.len() } })
}

pub(crate) fn marketplace(kind: MarketplaceKind, location: &str, settings: &[(&str, &str)]) -> Marketplace {
    Marketplace {
        id: "ingram-eu".into(),
        reseller: "r1".into(),
        kind,
        location: location.to_owned(),
        settings: settings.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect::<BTreeMap<_, _>>(),
        exceptions: Exceptions::default(),
    }
}

pub(crate) fn client(door: &Arc<ScriptedDoor>) -> CloudBlueClient {
    let marketplace = marketplace(MarketplaceKind::CloudBlue, "https://api.example.com/marketplace/eu", &[]);
    let clock = ManualClock::at("2026-11-21T10:00:00Z".parse().unwrap());
    let door: Arc<dyn Door> = door.clone();
    CloudBlueClient::new(&marketplace, door, Arc::new(clock)).unwrap().with_pace(Pace {
        tries: 3,
        first_wait: Duration::from_millis(1),
        longest_wait: Duration::from_secs(2),
        at_once: 4,
        timeout: Duration::from_secs(5),
    })
}

pub(crate) fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures")
}

/// Serves a folder of exported answers: lists without details, records with them, digits untouched.
pub(crate) fn folder_door(folder: &Path) -> Arc<ScriptedDoor> {
    let mut orders: Vec<(Value, String)> = Vec::new();
    for entry in std::fs::read_dir(folder.join("orders")).unwrap() {
        let text = std::fs::read_to_string(entry.unwrap().path()).unwrap();
        orders.push((serde_json::from_str(&text).unwrap(), text));
    }
    orders.sort_by_key(|(order, _)| std::cmp::Reverse(order["creationDate"].as_str().unwrap().to_owned()));
    let list = |name: &str| std::fs::read_to_string(folder.join(name)).unwrap();
    let (customers, subscriptions, products) =
        (list("customers.json"), list("subscriptions.json"), list("products.json"));
    ScriptedDoor::new(move |call, _| match call.request.path.as_str() {
        "/customers" => answer(200, &[], customers.clone()),
        "/products" => answer(200, &[], products.clone()),
        "/subscriptions" => {
            let mut page: Value = serde_json::from_str(&subscriptions).unwrap();
            for row in page["data"].as_array_mut().unwrap() {
                row.as_object_mut().unwrap().remove("products");
            }
            ok(&page)
        }
        "/orders" => {
            let rows: Vec<Value> = orders
                .iter()
                .map(|(order, _)| {
                    let mut row = order.clone();
                    for name in ["details", "products", "poNumber", "subscriptionId", "billingModel", "scheduledOn"] {
                        row.as_object_mut().unwrap().remove(name);
                    }
                    row
                })
                .collect();
            ok(&page(&rows, call))
        }
        path => {
            let id = path.rsplit('/').next().unwrap();
            if path.starts_with("/orders/") {
                let found = orders.iter().find(|(order, _)| order["id"] == id);
                return found.map_or_else(|| answer(404, &[], ""), |(_, text)| answer(200, &[], text.clone()));
            }
            let rows: Value = serde_json::from_str(&subscriptions).unwrap();
            let found = rows["data"].as_array().unwrap().iter().find(|row| row["id"] == id).cloned();
            found.map_or_else(|| answer(404, &[], ""), |row| ok(&row))
        }
    })
}
