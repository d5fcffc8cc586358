//! The simulator's answers against the vendor's own samples and schemas: every member there, of its kind, and none that the
//! vendor does not show. Where that description is kept is told by `COUNTERFOIL_SPECS`.

use std::io::Write as _;
use std::path::PathBuf;

use counterfoil_sim::syncro::{Line, Product};
use serde_json::{Map, Value, json};

use crate::support::{bench, day, own, product};

/// Written past the test harness, which would keep it to itself.
fn skipped(why: &str) {
    let told = format!("SKIPPED, answers are not held against the vendor's description: {why}\n");
    std::io::stderr().write_all(told.as_bytes()).unwrap();
}

fn described() -> Option<Value> {
    let Some(folder) = std::env::var_os("COUNTERFOIL_SPECS") else {
        skipped("COUNTERFOIL_SPECS is not set");
        return None;
    };
    let file = PathBuf::from(folder).join("syncro/swagger.json");
    match std::fs::read_to_string(&file) {
        Ok(text) => Some(serde_json::from_str(&text).unwrap()),
        Err(cause) => {
            skipped(&format!("{}: {cause}", file.display()));
            None
        }
    }
}

/// Members that a sample shows otherwise than they are, or not at all: route, member, its schema, why.
fn known(route: &str, member: &str) -> Option<Value> {
    let table = [
        ("", "meta", json!({"type": "object"}), "lists may tell their pages whether or not their sample does"),
        (
            "/invoices",
            "hardwarecost",
            json!({"type": ["string", "number", "null"]}),
            "one sample has a string, others null",
        ),
        (
            "/invoices",
            "schedule_id",
            json!({"type": "integer"}),
            "on what a recurring invoice made; no sample is of one",
        ),
        ("/invoices", "user_id", json!({"type": ["integer", "null"]}), "on every sample but that of a PUT"),
        (
            "/invoices",
            "customer_id",
            json!({"type": "integer"}),
            "on every sample, and not in the schema of one invoice",
        ),
        (
            "/invoices",
            "line_items",
            json!({"type": "array"}),
            "its schema names two members of a line, working clients read all",
        ),
        ("/products", "product_skus", json!({"type": "array"}), "not in answers to writes"),
        ("/me", "user_token", json!({"const": "…"}), "the simulator does not repeat a secret"),
        ("/customers", "properties", json!({"type": "object"}), "custom fields, named by the account"),
    ];
    let found = table.into_iter().find(|(path, name, _, _)| route.starts_with(path) && *name == member);
    found.map(|(_, _, schema, _)| schema)
}

/// What a sample says about the shape of an answer. Null says nothing about what else it may be.
fn of_sample(route: &str, sample: &Value) -> Value {
    match sample {
        Value::Null => json!({}),
        // What is set in a sample may be empty elsewhere.
        Value::Bool(_) => json!({"type": ["boolean", "null"]}),
        Value::Number(_) => json!({"type": ["number", "null"]}),
        Value::String(_) => json!({"type": ["string", "null"]}),
        Value::Array(rows) => match rows.first() {
            Some(row) => json!({"type": "array", "items": of_sample(route, row)}),
            None => json!({"type": "array"}),
        },
        Value::Object(members) => {
            let mut properties: Map<String, Value> = members
                .iter()
                .map(|(name, value)| (name.clone(), known(route, name).unwrap_or_else(|| of_sample(route, value))))
                .collect();
            for extra in ["meta", "schedule_id", "user_id"] {
                if let Some(schema) = known(route, extra) {
                    properties.insert(extra.to_owned(), schema);
                }
            }
            let required: Vec<&String> = members.keys().filter(|name| *name != "product_skus").collect();
            json!({"type": "object", "properties": properties, "required": required, "additionalProperties": false})
        }
    }
}

/// The vendor's schema, which does not say that members may be null.
fn of_schema(route: &str, schema: &Value) -> Value {
    let mut made = schema.clone();
    if let Some(properties) = made.get_mut("properties").and_then(Value::as_object_mut) {
        for (name, member) in properties.iter_mut() {
            *member = known(route, name).unwrap_or_else(|| of_schema(route, member));
        }
        for extra in ["schedule_id", "customer_id"] {
            if let Some(schema) = known(route, extra) {
                properties.insert(extra.to_owned(), schema);
            }
        }
        made["additionalProperties"] = json!(false);
    }
    if let Some(kind) = made.get("type").and_then(Value::as_str).map(str::to_owned) {
        made["type"] = json!([kind, "null"]);
    }
    // Dates of the samples are points in time where the schema says days.
    if let Some(members) = made.as_object_mut() {
        members.remove("format");
    }
    made
}

fn shape(spec: &Value, method: &str, route: &str, status: u16) -> Value {
    let content = &spec["paths"][route][method]["responses"][status.to_string()]["content"];
    let media = content.as_object().and_then(|media| media.values().next());
    let media = media.unwrap_or_else(|| panic!("{method} {route} {status} has no description"));
    media.get("example").map_or_else(|| of_schema(route, &media["schema"]), |sample| of_sample(route, sample))
}

fn problems(schema: &Value, answer: &Value) -> Vec<String> {
    let validator = jsonschema::options().build(schema).unwrap();
    validator.iter_errors(answer).map(|error| format!("{} {error}", error.instance_path())).collect()
}

#[tokio::test]
async fn answers_have_the_vendors_shape() {
    let Some(spec) = described() else { return };
    let bench = bench().await;
    let state = bench.state();
    let coded = state.add_product(Product { upc_code: Some("U1".to_owned()), ..product("PC_2") });
    state.add_line(bench.schedule, Line { product: Some(coded), ..own() });
    state.add_line(bench.schedule, Line::asset_counter("Servers", &[1], 100));
    let invoice = state.run_schedules(day("2026-12-01"))[0].id;
    let line = bench.added(&json!({})).await["id"].clone();
    let (schedule, product, customer) = (bench.schedule, bench.product, bench.customer);
    let skus = format!("/products/{product}/product_skus");
    let sku = bench.client.send("POST", &skus, &json!({"vendor_id": 1, "value": "S"})).await.json();
    assert_eq!(problems(&shape(&spec, "post", "/products/{product_id}/product_skus", 200), &sku), [""; 0]);
    let new = json!({"customer_id": customer, "number": "N", "date": "2026-11-15", "name": "n", "description": "d",
        "frequency": "Monthly", "next_run": "2026-12-01", "business_name": "New Ltd"});
    let table = [
        ("get", "/settings", "/settings".to_owned(), 200),
        ("get", "/me", "/me".to_owned(), 200),
        ("get", "/customers", "/customers".to_owned(), 200),
        ("get", "/customers/autocomplete", "/customers/autocomplete?query=a".to_owned(), 200),
        ("get", "/customers/{id}", format!("/customers/{customer}"), 200),
        ("post", "/customers", "/customers".to_owned(), 200),
        ("get", "/products", "/products".to_owned(), 200),
        ("get", "/products/{id}", format!("/products/{product}"), 200),
        ("get", "/products/barcode", "/products/barcode?barcode=U1".to_owned(), 200),
        ("get", "/products/{product_id}/product_skus", format!("/products/{product}/product_skus"), 200),
        ("post", "/products", "/products".to_owned(), 200),
        ("put", "/products/{id}", format!("/products/{product}"), 200),
        ("get", "/schedules", "/schedules".to_owned(), 200),
        ("get", "/schedules/{id}", format!("/schedules/{schedule}"), 200),
        ("post", "/schedules", "/schedules".to_owned(), 200),
        ("put", "/schedules/{id}", format!("/schedules/{schedule}"), 200),
        ("post", "/schedules/{id}/add_line_item", bench.add_path(), 200),
        ("put", "/schedules/{id}/line_items/{schedule_line_item_id}", bench.line_path(&line), 200),
        ("get", "/invoices", "/invoices".to_owned(), 200),
        ("post", "/invoices", "/invoices".to_owned(), 200),
        ("put", "/invoices/{id}", format!("/invoices/{invoice}"), 200),
        ("get", "/line_items", "/line_items".to_owned(), 200),
    ];
    let mut held = 0;
    for (method, route, path, status) in table {
        let body = (method != "get").then(|| new.to_string());
        let reply = bench.client.try_call(&method.to_uppercase(), &path, body).await.unwrap();
        assert_eq!(reply.status, status, "{method} {path} {}", reply.text);
        let schema = shape(&spec, method, route, status);
        assert_eq!(problems(&schema, &reply.json()), [""; 0], "{method} {route} {}", reply.text);
        held += 1;
    }
    // The vendor describes one invoice without the wrapper that every client reads it from.
    let one = bench.client.get(&format!("/invoices/{invoice}")).await.one("invoice");
    assert_eq!(problems(&shape(&spec, "get", "/invoices/{id}", 200), &one), [""; 0]);
    assert_eq!(held, 22);
}

#[tokio::test]
async fn refusals_have_the_vendors_shape() {
    let Some(spec) = described() else { return };
    let bench = bench().await;
    let line = bench.added(&json!({})).await["id"].clone();
    let table = [
        ("post", "/schedules", "/schedules".to_owned(), 422, json!({})),
        ("put", "/schedules/{id}", format!("/schedules/{}", bench.schedule), 422, json!({"next_run": ""})),
        ("post", "/schedules/{id}/add_line_item", bench.add_path(), 422, json!({})),
        ("put", "/schedules/{id}/line_items/{schedule_line_item_id}", bench.line_path(&line), 422, json!({})),
        (
            "post",
            "/products/{product_id}/product_skus",
            format!("/products/{}/product_skus", bench.product),
            400,
            json!({}),
        ),
    ];
    for (method, route, path, status, body) in table {
        let reply = bench.client.send(&method.to_uppercase(), &path, &body).await;
        assert_eq!(reply.status, status, "{method} {path}");
        assert_eq!(problems(&shape(&spec, method, route, status), &reply.json()), [""; 0], "{method} {route}");
    }
    // `params` is what was sent, so only the rest can be held.
    let refused = bench.client.send("POST", "/products", &json!({"name": "", "maintain_stock": false})).await;
    assert_eq!(problems(&shape(&spec, "post", "/products", 422), &refused.json()), [""; 0]);
}

#[test]
fn the_check_can_fail() {
    let sample = json!({"schedule": {"id": 1, "name": "n", "lines": [{"quantity": "1.0", "product_id": null}]}});
    let schema = of_sample("/schedules", &sample);
    assert_eq!(problems(&schema, &sample), [""; 0]);
    for wrong in [
        json!({"schedule": {"id": 1, "name": "n"}}),
        json!({"schedule": {"id": "1", "name": "n", "lines": []}}),
        json!({"schedule": {"id": 1, "name": "n", "lines": [{"quantity": 1.0, "product_id": null}]}}),
        json!({"schedule": {"id": 1, "name": "n", "lines": [], "line_items": []}}),
    ] {
        assert_ne!(problems(&schema, &wrong), [""; 0], "{wrong}");
    }
}
