//! Every request of the target against Syncro's own description: its paths, parameters and what bodies may hold. The
//! description is looked for in the folder that `COUNTERFOIL_SPECS` names; where that is not set, the test says so and
//! checks nothing. What the clients of the marketplaces send is held against theirs beside those.

use std::collections::BTreeSet;
use std::io::Write as _;
use std::path::PathBuf;

use counterfoil_sim::Exchange;
use serde_json::Value;

use crate::account::Setup;
use crate::market::Kind;
use crate::office::{Office, spec};

/// Parameters that the description lacks or writes otherwise, and working clients send: path, name.
const KNOWN: [(&str, &str); 2] = [("/products", "id[]"), ("/schedules", "customer_id")];

/// Members that it lacks, and working clients send: the end of the path, the member.
const LACKING: [(&str, &str); 2] = [("/{id}/line_items", "product_id"), ("/{id}/line_items", "quantity")];

fn described() -> Option<Value> {
    let Some(folder) = std::env::var_os("COUNTERFOIL_SPECS").map(PathBuf::from) else {
        // Past the harness, which keeps what a passing test prints to itself.
        let told = b"SKIPPED: nothing was held against Syncro's description: COUNTERFOIL_SPECS is not set\n";
        std::io::stderr().write_all(told).unwrap();
        return None;
    };
    let text = std::fs::read_to_string(folder.join("syncro/swagger.json")).unwrap();
    Some(serde_json::from_str(&text).unwrap())
}

fn resolved<'a>(whole: &'a Value, value: &'a Value) -> &'a Value {
    match value["$ref"].as_str() {
        Some(path) => resolved(whole, whole.pointer(path.trim_start_matches('#')).unwrap()),
        None => value,
    }
}

/// What is wrong with a call.
fn wrong(whole: &Value, one: &Exchange) -> Vec<String> {
    let path = one.path.strip_prefix("/api/v1").unwrap();
    let fits = |known: &&String| {
        let (mut a, mut b) = (known.split('/'), path.split('/'));
        loop {
            match (a.next(), b.next()) {
                (None, None) => return true,
                (Some(a), Some(b)) if a == b || a.starts_with('{') => {}
                _ => return false,
            }
        }
    };
    let paths = whole["paths"].as_object().unwrap();
    // A path without a placeholder goes before one with it.
    let mut found: Vec<&String> = paths.keys().filter(fits).collect();
    found.sort_by_key(|known| known.matches('{').count());
    let method = one.method.to_lowercase();
    let Some((known, operation)) =
        found.first().map(|known| (*known, &paths[*known][&method])).filter(|(_, of)| of.is_object())
    else {
        return vec![format!("{} {path} is not described", one.method)];
    };
    let mut wrong = Vec::new();
    let parameters = operation["parameters"].as_array().into_iter().flatten();
    let names: BTreeSet<&str> = parameters.filter_map(|of| resolved(whole, of)["name"].as_str()).collect();
    for (name, _) in one.query.split('&').filter_map(|pair| pair.split_once('=')) {
        let name = name.replace("%5B", "[").replace("%5D", "]");
        let is_known = KNOWN.contains(&(known.as_str(), name.as_str()));
        if !names.contains(name.as_str()) && !names.contains(name.trim_end_matches("[]")) && !is_known {
            wrong.push(format!("{} {known} takes no parameter {name}: {names:?}", one.method));
        }
    }
    if one.method == "GET" {
        if !one.body.is_empty() {
            wrong.push(format!("GET {known} with a body"));
        }
        return wrong;
    }
    let body: Value = serde_json::from_str(&one.body).unwrap();
    let schema = &resolved(whole, &operation["requestBody"])["content"]["application/json"]["schema"];
    let schema = resolved(whole, schema);
    if let Some(properties) = schema["properties"].as_object() {
        for (name, value) in body.as_object().unwrap() {
            let is_lacking = LACKING.iter().any(|(path, lacking)| known.ends_with(path) && lacking == name);
            let Some(property) = properties.get(name) else {
                if is_lacking {
                    continue;
                }
                wrong.push(format!("{} {known}: no member {name} is described", one.method));
                continue;
            };
            if !is_of(resolved(whole, property), value) {
                wrong.push(format!("{} {known}: {name} is {value}, and {property} is described", one.method));
            }
        }
        let required = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str);
        wrong.extend(required.filter(|name| body[*name].is_null()).map(|name| format!("{known}: no {name}")));
    }
    wrong
}

fn is_of(property: &Value, value: &Value) -> bool {
    match property["type"].as_str() {
        _ if value.is_null() => true,
        Some("integer") => value.is_i64(),
        // Numbers with decimals may be written as texts: that is how Syncro itself writes them.
        Some("number") => {
            value.is_number() || value.as_str().is_some_and(|text| text.parse::<rust_decimal::Decimal>().is_ok())
        }
        Some("string") => value.is_string() || value.is_number(),
        Some("boolean") => value.is_boolean(),
        Some("array") => value.is_array(),
        _ => true,
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_sent_to_syncro_is_described() {
    let Some(whole) = described() else { return };
    for (mode, ended) in [("schedule", "zero"), ("schedule", "remove"), ("invoice", "zero")] {
        let setup = Setup { settings: vec![("mode", mode), ("ended_lines", ended)], ..Setup::default() };
        let mut office = Office::open(Kind::CloudIq, &spec(41, 4, 9), setup).await;
        let first = office.first;
        for month in (0..4).map(|index| first.plus(index)) {
            office.bill(month).await;
            office.run(month).await;
        }
        let calls = office.desk.accounts[0].books.log().entries();
        let all: BTreeSet<String> = calls.iter().flat_map(|one| wrong(&whole, one)).collect();
        assert!(all.is_empty(), "{mode}: {all:#?}");
        assert!(calls.len() > 100, "{}", calls.len());
    }
}
