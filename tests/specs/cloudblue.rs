//! The marketplace client's requests and the simulated marketplace's answers, against CloudBlue's own description of the
//! Simple API 1.15. It is YAML: python3 reads it, as every scalar's own text.

use std::collections::BTreeSet;
use std::process::Command;

use counterfoil_sim::Exchange;
use serde_json::{Map, Value, json};

use crate::description::{Description, Draft, file, without_tool};
use crate::everything::logs;

const BASE: &str = "/marketplace";

const TO_JSON: &str = "import sys, json, yaml\n\
    print(json.dumps(yaml.load(open(sys.argv[1], encoding='utf-8'), Loader=yaml.BaseLoader)))";

fn description() -> Option<Description> {
    let path = file("cloudblue/SimpleAPI-1.15.yaml")?;
    let read = Command::new("python3").arg("-c").arg(TO_JSON).arg(&path).output();
    let read = match read {
        Ok(output) if output.status.success() => output.stdout,
        Ok(output) => {
            without_tool(&format!("python3 with yaml: {}", String::from_utf8_lossy(&output.stderr)));
            return None;
        }
        Err(error) => {
            without_tool(&format!("python3: {error}"));
            return None;
        }
    };
    Some(Description::new(closed(serde_json::from_slice(&read).unwrap()), Draft::Twenty))
}

/// The reader gives every scalar as text: keywords that are numbers or booleans go. Names that nobody declared are
/// closed, except in what others are composed of.
fn closed(mut description: Value) -> Value {
    let schemas = description["components"]["schemas"].as_object_mut().unwrap();
    schemas.values_mut().for_each(plain);
    let parts = |schema: &Value| schema["allOf"].as_array().cloned().unwrap_or_default();
    let composed: BTreeSet<String> = schemas
        .values()
        .flat_map(parts)
        .filter_map(|part| part["$ref"].as_str()?.rsplit('/').next().map(str::to_owned))
        .collect();
    for (name, schema) in schemas.iter_mut() {
        if !composed.contains(name) && schema.get("additionalProperties").is_none() {
            schema["unevaluatedProperties"] = json!(false);
        }
    }
    description
}

fn plain(schema: &mut Value) {
    const LOST: [&str; 8] =
        ["example", "default", "readOnly", "writeOnly", "minimum", "maximum", "xml", "discriminator"];
    match schema {
        Value::Object(fields) => {
            if is_schema(fields) {
                // A property may have such a name: then it is a schema itself.
                let is_property = |value: &Value| value.as_object().is_some_and(is_schema);
                fields.retain(|name, value| !LOST.contains(&name.as_str()) || is_property(value));
            }
            fields.values_mut().for_each(plain);
        }
        Value::Array(items) => items.iter_mut().for_each(plain),
        _ => {}
    }
}

fn is_schema(fields: &Map<String, Value>) -> bool {
    fields.get("type").is_some_and(Value::is_string)
        || fields.get("$ref").is_some_and(Value::is_string)
        || fields.contains_key("allOf")
        || fields.contains_key("properties")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_request_and_answer_is_what_cloudblue_describes() {
    let Some(mut description) = description() else { return };
    let log = &logs().await.market;
    let mut seen = BTreeSet::new();
    let mut wrong = Vec::new();
    for exchange in log {
        let (name, problems) = description.check(exchange, BASE, &[]);
        wrong.extend(problems);
        assert_eq!(exchange.status, 200, "{name}");
        seen.insert(name);
    }
    assert!(wrong.is_empty(), "{} problems:\n{}", wrong.len(), wrong.join("\n"));
    let expected = [
        "GET /customers",
        "GET /orders",
        "GET /orders/{id}",
        "GET /products",
        "GET /subscriptions",
        "GET /subscriptions/{id}",
        "POST /token",
    ];
    assert_eq!(seen.iter().map(String::as_str).collect::<Vec<_>>(), expected);
    assert!(log.len() > 60, "{} calls", log.len());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_call_is_noticed() {
    let Some(mut description) = description() else { return };
    let log = &logs().await.market;
    let of = |path: &str| log.iter().find(|one| one.path == format!("{BASE}{path}")).unwrap().clone();
    let (list, token) = (of("/orders"), of("/token"));
    let one = log.iter().find(|one| one.path.starts_with(&format!("{BASE}/orders/"))).unwrap().clone();
    for good in [&list, &token, &one] {
        assert_eq!(description.check(good, BASE, &[]).1, Vec::<String>::new());
    }
    let answer = |of: &Exchange, change: &dyn Fn(&mut Value)| {
        let mut answer: Value = serde_json::from_str(&of.response_body).unwrap();
        change(&mut answer);
        Exchange { response_body: answer.to_string(), ..of.clone() }
    };
    let no_key = list.request_headers.iter().filter(|(name, _)| !name.eq_ignore_ascii_case("x-subscription-key"));
    let wrong = [
        ("a parameter that is none", Exchange { query: "page=2".to_owned(), ..list.clone() }),
        ("a list without the key", Exchange { request_headers: no_key.cloned().collect(), ..list.clone() }),
        ("a method that is none", Exchange { method: "DELETE".to_owned(), ..list.clone() }),
        ("a path that is none", Exchange { path: format!("{BASE}/order"), ..list.clone() }),
        ("a body where none is taken", Exchange { body: "{}".to_owned(), ..list.clone() }),
        ("a token asked for with another name", Exchange { body: r#"{"user":"x"}"#.to_owned(), ..token.clone() }),
        ("a total that is a number", answer(&one, &|order| order["total"]["amount"] = json!(1))),
        ("a type that is none", answer(&one, &|order| order["type"] = json!("billing"))),
        ("a field in the wrong case", answer(&one, &|order| order["creationdate"] = json!("2026-01-01T00:00:00Z"))),
        ("a date that is none", answer(&one, &|order| order["creationDate"] = json!("yesterday"))),
        ("no type", answer(&one, &|order| drop(order.as_object_mut().unwrap().remove("type")))),
        ("a row that is none", answer(&list, &|page| page["data"][0] = json!("internal error"))),
    ];
    for (what, exchange) in wrong {
        let (_, problems) = description.check(&exchange, BASE, &[]);
        assert!(!problems.is_empty(), "nobody noticed {what}");
    }
    assert!(!description.fits("OrderDetailed", &json!({ "customerId": 1 })));
}
