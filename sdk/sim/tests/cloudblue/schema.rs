//! Holds the answers against the vendor's own specification, where it is at hand: set `COUNTERFOIL_SPECS` to the folder
//! that has `cloudblue/SimpleAPI-1.15.yaml`. Without it, or without a YAML reader, the test says so and checks nothing.

use std::io::Write;
use std::process::Command;

use counterfoil_sim::cloudblue::CloudBlueConfig;
use serde_json::{Value, json};

use crate::http::{Session, tenant, token};

const TO_JSON: &str = "import sys, json, yaml\n\
    print(json.dumps(yaml.load(open(sys.argv[1], encoding='utf-8'), Loader=yaml.BaseLoader)))";

fn specification() -> Result<Value, String> {
    let folder = std::env::var("COUNTERFOIL_SPECS").map_err(|_| "COUNTERFOIL_SPECS is not set".to_owned())?;
    let path = std::path::Path::new(&folder).join("cloudblue/SimpleAPI-1.15.yaml");
    if !path.exists() {
        return Err(format!("{} does not exist", path.display()));
    }
    let output = Command::new("python3").arg("-c").arg(TO_JSON).arg(&path).output();
    let output = output.map_err(|cause| format!("python3: {cause}"))?;
    if !output.status.success() {
        return Err(format!("python3 with yaml: {}", String::from_utf8_lossy(&output.stderr)));
    }
    serde_json::from_slice(&output.stdout).map_err(|cause| cause.to_string())
}

/// Straight to the terminal: what a passing test prints is swallowed otherwise.
fn skipped(why: &str) {
    let line = format!("SKIPPED: the vendor's specification is not at hand ({why}); nothing was checked\n");
    std::io::stderr().write_all(line.as_bytes()).unwrap();
}

/// The reader gives every scalar as text; keywords that are numbers or booleans go, and names nobody declared are closed.
fn closed(mut specification: Value) -> Value {
    let schemas = specification["components"]["schemas"].as_object_mut().unwrap();
    for schema in schemas.values_mut() {
        strip(schema);
    }
    let composed: Vec<String> = schemas.values().flat_map(referenced_by_all_of).collect();
    for (name, schema) in schemas.iter_mut() {
        let dictionary = schema.get("additionalProperties").is_some();
        if !composed.contains(name) && !dictionary {
            schema["unevaluatedProperties"] = json!(false);
        }
    }
    specification
}

fn referenced_by_all_of(schema: &Value) -> Vec<String> {
    let parts = schema.get("allOf").and_then(Value::as_array).cloned().unwrap_or_default();
    let names = parts.iter().filter_map(|part| part["$ref"].as_str()?.rsplit('/').next().map(str::to_owned));
    names.collect()
}

fn strip(schema: &mut Value) {
    match schema {
        Value::Object(fields) => {
            let is_schema = |fields: &serde_json::Map<String, Value>| {
                ["type", "$ref", "allOf", "properties"].iter().any(|keyword| {
                    fields.get(*keyword).is_some_and(|value| match *keyword {
                        "type" | "$ref" => value.is_string(),
                        _ => true,
                    })
                })
            };
            if is_schema(fields) {
                let dropped =
                    ["example", "default", "readOnly", "writeOnly", "minimum", "maximum", "xml", "discriminator"];
                fields.retain(|name, value| {
                    !dropped.contains(&name.as_str()) || (value.is_object() && *name != "discriminator")
                });
            }
            fields.values_mut().for_each(strip);
        }
        Value::Array(items) => items.iter_mut().for_each(strip),
        _ => {}
    }
}

fn check(specification: &Value, name: &str, answer: &Value) {
    let mut root = specification.clone();
    root["$ref"] = json!(format!("#/components/schemas/{name}"));
    let validator = jsonschema::draft202012::options().should_validate_formats(true).build(&root).unwrap();
    let problems: Vec<String> =
        validator.iter_errors(answer).map(|problem| format!("{}: {problem}", problem.instance_path())).collect();
    assert!(problems.is_empty(), "{name}\n{}\n{answer}", problems.join("\n"));
}

#[tokio::test]
async fn answers_conform_to_the_vendors_specification() {
    let specification = match specification() {
        Ok(specification) => closed(specification),
        Err(why) => {
            return skipped(&why);
        }
    };
    let check = |name: &str, answer: &Value| check(&specification, name, answer);
    let handle = tenant(CloudBlueConfig::default()).await;
    check("TokenInfo", &token(&handle, "cmpapi", "sim-password", "sim-subscription-key", "us").await.body);
    let session = Session::sign_in(&handle).await;
    let mut checked = 0;
    for (path, list, one) in [
        ("/orders", "ResultListOrder", Some("OrderDetailed")),
        ("/customers", "ResultListCustomer", Some("Customer")),
        ("/subscriptions", "ResultListSubscription", Some("SubscriptionDetailed")),
        ("/products", "ResultListProduct", None),
        ("/plans", "ResultListServicePlan", Some("ServicePlanDetailed")),
        ("/reports", "ResultListReport", None),
    ] {
        let page = session.get(&format!("{path}?limit=500")).await;
        check(list, &page.body);
        // Every fifth, so that each kind of order comes up and the test stays quick.
        for row in page.rows().iter().step_by(5).take_while(|_| one.is_some()) {
            let full = session.get(&format!("{path}/{}", row["id"].as_str().unwrap())).await;
            check(one.unwrap(), &full.body);
            checked += 1;
        }
    }
    assert!(checked > 60, "{checked} full records were checked");
}

#[tokio::test]
async fn the_check_notices_what_is_wrong() {
    let specification = match specification() {
        Ok(specification) => closed(specification),
        Err(why) => return skipped(&why),
    };
    let total = json!({ "currency": "USD", "amount": "1.00" });
    let right = json!({ "customerId": "1", "type": "sales", "total": total });
    check(&specification, "OrderDetailed", &right);
    for (field, value) in [
        ("type", json!("billing")),
        ("total", json!({ "currency": "USD", "amount": 1 })),
        ("details", json!([{ "unitprice": total }])),
        ("creationdate", json!("2026-01-01T00:00:00Z")),
        ("creationDate", json!("yesterday")),
    ] {
        let mut wrong = right.clone();
        wrong[field] = value;
        let noticed = std::panic::catch_unwind(|| check(&specification, "OrderDetailed", &wrong)).is_err();
        assert!(noticed, "{field} passed: {wrong}");
    }
}
