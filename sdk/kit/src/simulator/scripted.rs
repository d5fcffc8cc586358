//! A billing system that follows a script: stores of records behind routes. Owns its books in memory; the words are `script`'s.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use counterfoil_domain::card::{Allowed, EffectKind};
use counterfoil_domain::ports::{Call, Pending, SendError, Sending};
use counterfoil_domain::wire::{Request, Response};
use serde_json::{Map, Value, json};

use super::script::{Answer, Does, Route, Script};
use super::{Needs, Remote, RemoteError, Simulator};

impl Simulator for Script {
    fn open<'a>(&'a self, _: Needs<'a>) -> Pending<'a, Result<Box<dyn Remote>, RemoteError>> {
        let books = Books { stores: self.records.clone(), ..Books::default() };
        let remote = Scripted { script: Arc::new(self.clone()), books: Mutex::new(books) };
        Box::pin(async move { Ok(Box::new(remote) as Box<dyn Remote>) })
    }
}

#[derive(Debug, Default)]
struct Books {
    stores: BTreeMap<String, Vec<Value>>,
    /// By idempotency key.
    answered: BTreeMap<String, Response>,
    made: usize,
}

#[derive(Debug)]
struct Scripted {
    script: Arc<Script>,
    books: Mutex<Books>,
}

impl Scripted {
    fn books(&self) -> MutexGuard<'_, Books> {
        self.books.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn answer(&self, call: &Call) -> Response {
        let mut books = self.books();
        let key = match &call.sending {
            Sending::Write { idempotency: Some((name, value)) } => {
                let honoured = self.script.idempotency_header.as_ref();
                honoured.filter(|header| header.eq_ignore_ascii_case(name)).map(|_| value.clone())
            }
            _ => None,
        };
        if let Some(known) = key.as_ref().and_then(|key| books.answered.get(key)) {
            return known.clone();
        }
        let request = &call.request;
        let fits = |route: &&Route| pattern(route).matches(&request.method, &request.path);
        let response = match self.script.routes.iter().find(fits) {
            Some(route) => books.serve(route, request),
            None => said(404, &json!({ "error": "there is no such path" })),
        };
        if let Some(key) = key {
            books.answered.insert(key, response.clone());
        }
        response
    }
}

impl Remote for Scripted {
    fn send(&self, call: Call) -> Pending<'_, Result<Response, SendError>> {
        let response = self.answer(&call);
        Box::pin(async move { Ok(response) })
    }

    fn state(&self) -> Pending<'_, Option<String>> {
        let state = json!(self.books().stores).to_string();
        Box::pin(async move { Some(state) })
    }
}

fn pattern(route: &Route) -> Allowed {
    Allowed { method: route.method.clone(), path: route.path.clone(), effect: EffectKind::Read }
}

fn said(status: u16, body: &Value) -> Response {
    let headers = vec![("Content-Type".to_owned(), "application/json".to_owned())];
    Response { status, headers, body: body.to_string().into_bytes(), replayed: false }
}

/// What the places of an answer stand for.
#[derive(Debug, Default)]
struct Told {
    record: Value,
    records: Vec<Value>,
    next: Value,
}

impl Books {
    fn serve(&mut self, route: &Route, request: &Request) -> Response {
        match route.does {
            Does::Answer => templated(route, request, 200, &Told::default()),
            Does::List => self.list(route, request),
            Does::One => match self.place(route, request) {
                Some(at) => self.shown(route, request, 200, at),
                None => said(404, &json!({ "error": "there is no such record" })),
            },
            Does::Insert => self.insert(route, request),
            Does::Update => self.update(route, request),
            Does::Delete => match self.place(route, request) {
                Some(at) => {
                    let record = self.stores.entry(route.store.clone()).or_default().remove(at);
                    templated(route, request, 200, &Told { record, ..Told::default() })
                }
                None => said(404, &json!({ "error": "there is no such record" })),
            },
        }
    }

    fn records(&self, store: &str) -> &[Value] {
        self.stores.get(store).map(Vec::as_slice).unwrap_or_default()
    }

    fn place(&self, route: &Route, request: &Request) -> Option<usize> {
        let id = decoded(request.path.rsplit('/').next()?);
        self.records(&route.store).iter().position(|record| record["id"] == id.as_str())
    }

    fn shown(&self, route: &Route, request: &Request, status: u16, at: usize) -> Response {
        let record = self.records(&route.store).get(at).cloned().unwrap_or_default();
        templated(route, request, status, &Told { record, ..Told::default() })
    }

    fn list(&self, route: &Route, request: &Request) -> Response {
        let asked = |name: &str| query(request, name).filter(|value| !value.is_empty());
        let wanted = |record: &&Value| {
            route.filter.iter().all(|(name, field)| match (asked(name), field.strip_suffix('~')) {
                (None, _) => true,
                (Some(value), Some(field)) => text(&record[field]).to_lowercase().contains(&value.to_lowercase()),
                (Some(value), None) => text(&record[field.trim_end_matches('=')]) == value,
            })
        };
        let mut records: Vec<Value> = self.records(&route.store).iter().filter(wanted).cloned().collect();
        let mut next = Value::Null;
        if let Some(paging) = &route.paging {
            let from = asked(&paging.cursor).and_then(|cursor| cursor.parse::<usize>().ok()).unwrap_or(0);
            let end = from.saturating_add(paging.size);
            if end < records.len() {
                next = Value::String(end.to_string());
            }
            records = records.into_iter().skip(from).take(paging.size).collect();
        }
        templated(route, request, 200, &Told { records, next, ..Told::default() })
    }

    fn insert(&mut self, route: &Route, request: &Request) -> Response {
        let mut record = match fields(route, request) {
            Ok(record) => record,
            Err(refusal) => return refusal,
        };
        let taken = |field: &&String| {
            let given = record.get(field.as_str());
            self.records(&route.store).iter().any(|known| known.get(field.as_str()) == given && given.is_some())
        };
        if let Some(field) = route.unique.iter().find(taken) {
            return said(409, &json!({ "error": format!("there is a record with this {field} already") }));
        }
        self.made += 1;
        record.insert("id".to_owned(), Value::String(format!("{}{}", route.prefix, self.made)));
        let store = self.stores.entry(route.store.clone()).or_default();
        store.push(Value::Object(record));
        let at = store.len() - 1;
        self.shown(route, request, 201, at)
    }

    fn update(&mut self, route: &Route, request: &Request) -> Response {
        let Some(at) = self.place(route, request) else {
            return said(404, &json!({ "error": "there is no such record" }));
        };
        let given = match fields(route, request) {
            Ok(given) => given,
            Err(refusal) => return refusal,
        };
        if let Some(Value::Object(record)) = self.stores.entry(route.store.clone()).or_default().get_mut(at) {
            record.extend(given.into_iter().filter(|(name, _)| name != "id"));
        }
        self.shown(route, request, 200, at)
    }
}

fn fields(route: &Route, request: &Request) -> Result<Map<String, Value>, Response> {
    // A request without a body says nothing of the record.
    let body: &[u8] = if request.body.is_empty() { b"{}" } else { &request.body };
    let Ok(Value::Object(given)) = serde_json::from_slice::<Value>(body) else {
        return Err(said(400, &json!({ "error": "the body is no JSON object" })));
    };
    let empty = |field: &&String| given.get(field.as_str()).is_none_or(|value| text(value).trim().is_empty());
    match route.required.iter().find(empty) {
        Some(field) => Err(said(422, &json!({ "error": format!("{field} is missing") }))),
        None => Ok(given),
    }
}

fn query<'a>(request: &'a Request, name: &str) -> Option<&'a str> {
    request.query.iter().find(|(given, _)| given == name).map(|(_, value)| value.as_str())
}

/// As people read it: a text without its quotes.
fn text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn templated(route: &Route, request: &Request, usual: u16, told: &Told) -> Response {
    let plain = || match route.does {
        Does::List => json!({ route.store.clone(): "{records}", "next": "{next}" }),
        _ => json!("{record}"),
    };
    let own = route.answer.as_ref();
    let body = own.map(|Answer { body, .. }| body.clone()).filter(|body| !body.is_null()).unwrap_or_else(plain);
    let mut response = said(own.and_then(|own| own.status).unwrap_or(usual), &filled(body, request, told));
    response.headers.extend(own.into_iter().flat_map(|own| own.headers.clone()));
    response
}

fn filled(body: Value, request: &Request, told: &Told) -> Value {
    match body {
        Value::Array(all) => all.into_iter().map(|one| filled(one, request, told)).collect(),
        Value::Object(all) => all.into_iter().map(|(name, one)| (name, filled(one, request, told))).collect(),
        Value::String(text) => match text.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) {
            Some("record") => told.record.clone(),
            Some("records") => Value::Array(told.records.clone()),
            Some("next") => told.next.clone(),
            Some(place) => match place.split_once('.') {
                Some(("record", field)) => told.record.get(field).cloned().unwrap_or_default(),
                Some(("query", name)) => query(request, name).unwrap_or_default().into(),
                _ => Value::String(text),
            },
            None => Value::String(text),
        },
        other => other,
    }
}

/// A segment without its percent signs.
fn decoded(segment: &str) -> String {
    let bytes = segment.as_bytes();
    let mut plain = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let code = segment.get(at + 1..at + 3).and_then(|two| u8::from_str_radix(two, 16).ok());
        match (bytes[at], code) {
            (b'%', Some(byte)) => {
                plain.push(byte);
                at += 3;
            }
            (byte, _) => {
                plain.push(byte);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&plain).into_owned()
}

#[cfg(test)]
mod tests {
    use counterfoil_domain::id::ConnectionId;
    use counterfoil_domain::ports::Caller;

    use super::*;

    const SCRIPT: &str = r#"
idempotency_header = "Idempotency-Key"
[[route]]
method = "GET"
path = "/customers"
do = "list"
store = "customers"
filter = { q = "name~", code = "code=" }
paging = { cursor = "after", size = 2 }
[[route]]
method = "GET"
path = "/customers/{id}"
do = "one"
store = "customers"
[[route]]
method = "POST"
path = "/customers"
do = "insert"
store = "customers"
required = ["name"]
unique = ["name"]
prefix = "c-"
answer = { body = { made = "{record.id}", all = "{record}" } }
[records]
customers = [{ id = "a 1", name = "Ada", code = "1" }, { id = "b", name = "Bob", code = "2" }, { id = "c", name = "Adam", code = "3" }]
"#;

    fn remote() -> Scripted {
        let script: Script = toml::from_str(SCRIPT).unwrap();
        script.check().unwrap();
        let books = Books { stores: script.records.clone(), ..Books::default() };
        Scripted { script: Arc::new(script), books: Mutex::new(books) }
    }

    fn ask(remote: &Scripted, line: &str, body: &str, key: Option<&str>) -> (u16, Value) {
        let (method, target) = line.split_once(' ').unwrap();
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let pair = |pair: &str| pair.split_once('=').map(|(name, value)| (name.to_owned(), value.to_owned()));
        let request = Request {
            operation: "test".into(),
            method: method.into(),
            path: path.into(),
            query: query.split('&').filter_map(pair).collect(),
            headers: vec![],
            body: body.into(),
        };
        let idempotency = key.map(|key| ("idempotency-key".to_owned(), key.to_owned()));
        let call = Call {
            caller: Caller::Connection(ConnectionId::new("x")),
            sending: Sending::Write { idempotency },
            request,
            timeout: std::time::Duration::from_secs(1),
        };
        let response = remote.answer(&call);
        (response.status, serde_json::from_slice(&response.body).unwrap())
    }

    #[test]
    fn lists_filter_and_page() {
        let remote = remote();
        let ids = |body: &Value| -> Vec<String> {
            body["customers"].as_array().unwrap().iter().map(|one| text(&one["id"])).collect()
        };
        for (line, wanted, next) in [
            ("GET /customers", vec!["a 1", "b"], json!("2")),
            ("GET /customers?after=2", vec!["c"], json!(null)),
            ("GET /customers?q=ADA", vec!["a 1", "c"], json!(null)),
            ("GET /customers?code=2", vec!["b"], json!(null)),
            ("GET /customers?code=2&q=x", vec![], json!(null)),
        ] {
            let (status, body) = ask(&remote, line, "", None);
            assert_eq!(
                (status, ids(&body), body["next"].clone()),
                (200, wanted.iter().map(|w| (*w).to_owned()).collect(), next),
                "{line}"
            );
        }
        assert_eq!(ask(&remote, "GET /customers/a%201", "", None).1["name"], "Ada");
        assert_eq!(ask(&remote, "GET /customers/zz", "", None).0, 404);
        assert_eq!(ask(&remote, "GET /nowhere", "", None).0, 404);
    }

    #[test]
    fn inserts_are_held_against_fields_and_keys() {
        let remote = remote();
        assert_eq!(ask(&remote, "POST /customers", "[]", None).0, 400);
        assert_eq!(ask(&remote, "POST /customers", "{\"name\":\" \"}", None).0, 422);
        assert_eq!(ask(&remote, "POST /customers", "{\"name\":\"Bob\"}", None).0, 409);
        let (status, body) = ask(&remote, "POST /customers", "{\"name\":\"Eve\",\"n\":1.10}", Some("k"));
        assert_eq!((status, body["made"].clone()), (201, json!("c-1")));
        assert_eq!(ask(&remote, "POST /customers", "{\"name\":\"Eve\"}", Some("k")).1, body);
        assert_eq!(ask(&remote, "POST /customers", "{\"name\":\"Eve\"}", Some("other")).0, 409);
        assert_eq!(remote.books().records("customers").len(), 4);
    }

    #[test]
    fn a_script_without_sense_is_refused() {
        for (good, bad, words) in [
            ("path = \"/customers\"", "path = \"customers\"", "slash"),
            ("store = \"customers\"", "store = \"\"", "needs a store"),
            ("name~", "name", "must end with"),
            ("size = 2", "size = 0", "no room"),
            ("id = \"b\"", "id = \"\"", "needs an id"),
        ] {
            let script: Script = toml::from_str(&SCRIPT.replacen(good, bad, 1)).unwrap();
            assert!(script.check().unwrap_err().contains(words), "{bad}");
        }
    }
}
