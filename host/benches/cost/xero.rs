//! Xero's side, answering at once: enough of it for plan, apply and observe. One function of the request, so that the
//! sandbox, native code and a whole engine hear the same.

use std::collections::HashMap;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use counterfoil_domain::failure::Failure;
use counterfoil_domain::id::EffectKey;
use counterfoil_domain::ports::{Call, Door, Exchange, LogLevel, Pending, SendError};
use counterfoil_domain::wire::{Request, Response};
use serde_json::{Value, json};

/// Xero's id of a customer's contact.
pub(crate) fn contact(customer: usize) -> String {
    format!("{customer:08x}-0000-4000-8000-000000000000")
}

/// What stands in the books, and answers that were given before: making them is not what is measured.
#[derive(Debug, Default)]
pub(crate) struct Xero {
    books: Mutex<Books>,
}

#[derive(Debug, Default)]
struct Books {
    by_id: HashMap<String, Value>,
    by_number: HashMap<String, String>,
    known: HashMap<String, Vec<u8>>,
    calls: u64,
    /// Spent in here: no cost of the host's.
    spent: Duration,
}

impl Xero {
    /// How many calls came, and what answering took.
    pub(crate) fn spent(&self) -> (u64, Duration) {
        let books = self.books.lock().unwrap();
        (books.calls, books.spent)
    }

    pub(crate) fn documents(&self) -> usize {
        self.books.lock().unwrap().by_id.len()
    }

    pub(crate) fn answer(&self, method: &str, path: &str, query: &[(String, String)], body: &[u8]) -> Vec<u8> {
        let start = Instant::now();
        let mut books = self.books.lock().unwrap();
        let answer = match (method, path) {
            ("PUT", "/Invoices") => books.create(body),
            // Of the native target, which needs no more than an answer.
            ("PUT", "/charges") => Vec::new(),
            ("GET", "/Invoices") => books.find(query),
            ("GET", path) => books.fixed(path, query),
            _ => unreachable!("nothing asks for {method} {path}"),
        };
        books.calls += 1;
        books.spent += start.elapsed();
        answer
    }
}

fn asked<'a>(query: &'a [(String, String)], name: &str) -> Option<&'a str> {
    query.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str())
}

impl Books {
    fn create(&mut self, body: &[u8]) -> Vec<u8> {
        let mut sent: Value = serde_json::from_slice(body).unwrap();
        for document in sent["Invoices"].as_array_mut().unwrap() {
            let id = format!("{:08x}-1111-4000-8000-000000000000", self.by_id.len());
            let amount = |line: &Value| line["UnitAmount"].to_string().parse::<rust_decimal::Decimal>().unwrap();
            let total: rust_decimal::Decimal = document["LineItems"].as_array().unwrap().iter().map(amount).sum();
            document["InvoiceID"] = json!(id);
            document["SubTotal"] = serde_json::from_str(&total.to_string()).unwrap();
            document["StatusAttributeString"] = json!("OK");
            self.by_number.insert(document["InvoiceNumber"].as_str().unwrap().to_owned(), id.clone());
            self.by_id.insert(id, document.clone());
        }
        serde_json::to_vec(&sent).unwrap()
    }

    fn find(&self, query: &[(String, String)]) -> Vec<u8> {
        let ids: Vec<&str> = match (asked(query, "IDs"), asked(query, "InvoiceNumbers")) {
            (Some(ids), _) => ids.split(',').collect(),
            (None, Some(numbers)) => {
                numbers.split(',').filter_map(|n| self.by_number.get(n)).map(String::as_str).collect()
            }
            (None, None) => unreachable!("invoices are asked for by id or number"),
        };
        let found: Vec<&Value> = ids.iter().filter_map(|id| self.by_id.get(*id)).collect();
        serde_json::to_vec(&json!({ "Invoices": found })).unwrap()
    }

    fn fixed(&mut self, path: &str, query: &[(String, String)]) -> Vec<u8> {
        let ids = asked(query, "IDs").unwrap_or_default();
        let key = format!("{path} {ids}");
        self.known.entry(key).or_insert_with(|| serde_json::to_vec(&fixed(path, ids)).unwrap()).clone()
    }
}

fn fixed(path: &str, ids: &str) -> Value {
    match path {
        "/Organisation" => json!({ "Organisations": [{
            "OrganisationID": "b2c885a9", "Name": "Reseller", "BaseCurrency": "USD", "CountryCode": "US",
            "Timezone": "EASTERNSTANDARDTIME",
        }] }),
        "/Accounts" => {
            json!({ "Accounts": [{ "AccountID": "a1", "Code": "200", "Name": "Sales", "Type": "REVENUE", "Status": "ACTIVE" }] })
        }
        "/TaxRates" => json!({ "TaxRates": [{
            "TaxType": "OUTPUT2", "Name": "Tax", "Status": "ACTIVE", "CanApplyToRevenue": true, "EffectiveRate": 15,
        }] }),
        "/Currencies" => json!({ "Currencies": [{ "Code": "USD", "Description": "US dollar" }] }),
        "/Contacts" => {
            let one = |id| json!({ "ContactID": id, "Name": "Acme Ltd", "ContactStatus": "ACTIVE" });
            json!({ "Contacts": ids.split(',').map(one).collect::<Vec<_>>() })
        }
        _ => unreachable!("nothing asks for {path}"),
    }
}

fn respond(body: Vec<u8>) -> Response {
    Response { status: 200, headers: vec![], body, replayed: false }
}

impl Exchange for Xero {
    fn read(&self, request: Request) -> Pending<'_, Result<Response, Failure>> {
        let body = self.answer(&request.method, &request.path, &request.query, &request.body);
        Box::pin(async move { Ok(respond(body)) })
    }

    fn write(&self, _: EffectKey, request: Request) -> Pending<'_, Result<Response, Failure>> {
        self.read(request)
    }

    fn log(&self, _: LogLevel, _: &str, _: &[(String, String)]) {}
}

impl Door for Xero {
    fn send(&self, call: Call) -> Pending<'_, Result<Response, SendError>> {
        let request = call.request;
        let body = self.answer(&request.method, &request.path, &request.query, &request.body);
        Box::pin(async move { Ok(respond(body)) })
    }
}
