//! The simulator's answers, and what it takes, against the vendor's own schema. Where that schema is kept is told by
//! `COUNTERFOIL_SPECS`.

use std::io::Write as _;
use std::path::PathBuf;

use serde_json::{Map, Value, json};

use crate::support::{Bench, bench_with, patched, with_field};

/// Written past the test harness, which would keep it to itself.
fn skipped(why: &str) {
    let told = format!("SKIPPED, answers are not held against the vendor's schema: {why}\n");
    std::io::stderr().write_all(told.as_bytes()).unwrap();
}

fn vendor_schema() -> Option<Value> {
    let Some(folder) = std::env::var_os("COUNTERFOIL_SPECS") else {
        skipped("COUNTERFOIL_SPECS is not set");
        return None;
    };
    let file = PathBuf::from(folder).join("connectwise/schemas-2025.1.json");
    match std::fs::read_to_string(&file) {
        Ok(text) => Some(serde_json::from_str::<Value>(&text).unwrap()["schemas"].take()),
        Err(cause) => {
            skipped(&format!("{}: {cause}", file.display()));
            None
        }
    }
}

/// The file names types in its own short form; types that it does not describe are references.
fn converted(kind: &str, schemas: &Map<String, Value>) -> Value {
    if let Some(of) = kind.strip_prefix("[]") {
        return json!({"type": "array", "items": converted(of, schemas)});
    }
    match kind {
        "integer(int32)" | "int32" => json!({"type": "integer"}),
        "number(double)" | "float64" => json!({"type": "number"}),
        "boolean" => json!({"type": "boolean"}),
        "string" | "string(enum?)" => json!({"type": "string"}),
        "string(date-time)" => json!({"type": "string", "format": "date-time"}),
        "map[string]string" => json!({"type": "object", "additionalProperties": {"type": "string"}}),
        "map[string]interface{}" => json!({}),
        known if schemas.contains_key(known) => json!({"$ref": format!("#/definitions/{known}")}),
        reference => {
            assert!(reference.ends_with("Reference"), "{reference}");
            json!({"type": "object", "required": ["id"], "additionalProperties": false, "properties":
                {"id": {"type": "integer"}, "name": {"type": "string"}, "identifier": {"type": "string"},
                "_info": {"type": "object"}}})
        }
    }
}

fn definitions(schemas: &Map<String, Value>) -> Value {
    let describe = |described: &Value| {
        let members = described["properties"].as_object().unwrap();
        let members: Map<String, Value> = members
            .iter()
            .map(|(name, member)| (name.clone(), converted(member["type"].as_str().unwrap(), schemas)))
            .collect();
        let mut one = json!({"type": "object", "additionalProperties": false, "properties": members});
        if let Some(required) = described["required"].as_array().filter(|required| !required.is_empty()) {
            one["required"] = json!(required);
        }
        one
    };
    // Types that no answer here is made of are left out.
    let used = [
        "Addition",
        "Agreement",
        "AgreementRecap",
        "CatalogItem",
        "Company",
        "BillingCycle",
        "ProductType",
        "UnitOfMeasure",
        "IvItemReference",
        "CurrencyReference",
        "CustomFieldValue",
        "ErrorResponseMessage",
        "ValidationError",
        "CompanyReference",
        "AgreementTypeReference",
        "BillingCycleReference",
    ];
    Value::Object(used.iter().map(|name| ((*name).to_owned(), describe(&schemas[*name]))).collect())
}

fn validator(definitions: &Value, name: &str) -> jsonschema::Validator {
    let schema = json!({"$schema": "http://json-schema.org/draft-07/schema#",
        "$ref": format!("#/definitions/{name}"), "definitions": definitions});
    jsonschema::options().should_validate_formats(true).build(&schema).unwrap()
}

fn hold(definitions: &Value, name: &str, what: &str, answer: &Value) {
    let validator = validator(definitions, name);
    let problems: Vec<String> =
        validator.iter_errors(answer).map(|error| format!("{} {error}", error.instance_path())).collect();
    assert!(problems.is_empty(), "{what}: {problems:?}\n{answer}");
}

#[tokio::test]
async fn answers_have_the_vendors_shape() {
    let Some(schemas) = vendor_schema() else { return };
    let definitions = definitions(schemas.as_object().unwrap());
    let bench = bench_with(with_field()).await;
    let rich =
        json!({"customFields": [{"id": 7, "value": "x"}], "cancelledDate": "2026-11-30T00:00:00Z", "lessIncluded": 1});
    let addition = bench.created(&rich).await;
    hold(&definitions, "Addition", "POST", &addition);
    let one = format!("{}/{}", bench.additions(), addition["id"]);
    let patch = json!([{"op": "replace", "path": "quantity", "value": 2}]);
    hold(&definitions, "Addition", "PATCH", &bench.client.send("PATCH", &one, &patch).await.json());
    let company = bench.client.send("POST", "/company/companies", &bench.new_company("NEW").await).await;
    hold(&definitions, "Company", "POST", &company.json());
    let item = bench.client.send("POST", "/procurement/catalog", &bench.new_item("NEW").await).await;
    hold(&definitions, "CatalogItem", "POST", &item.json());
    bench.cw.state().invoice_up_to("2026-11-01".parse().unwrap());
    let recap = format!("/finance/agreementrecap/{}", bench.agreement);
    hold(&definitions, "AgreementRecap", "recap", &bench.client.get(&recap).await.json());
    for (name, path, rows) in [
        ("Addition", bench.additions().as_str(), 1),
        ("Agreement", "/finance/agreements", 1),
        ("Company", "/company/companies", 2),
        ("CatalogItem", "/procurement/catalog", 2),
        ("BillingCycle", "/finance/billingCycles", 1),
        ("ProductType", "/procurement/types", 1),
    ] {
        let list = bench.client.get(path).await.json();
        assert_eq!(list.as_array().unwrap().len(), rows, "{path}");
        list.as_array().unwrap().iter().for_each(|row| hold(&definitions, name, path, row));
    }
    for (path, body) in
        [(bench.additions(), json!({})), (bench.additions(), json!({"x": 1})), ("/nowhere".to_owned(), json!({}))]
    {
        let refused = bench.client.send("POST", &path, &body).await;
        assert!(refused.status >= 400);
        hold(&definitions, "ErrorResponseMessage", &path, &refused.json());
    }
    let mut wrong = addition;
    wrong["quantty"] = json!(1);
    assert!(!validator(&definitions, "Addition").is_valid(&wrong), "the check can fail");
}

/// Each body that the product sends, with each member of the schema and with members that it does not have.
#[tokio::test]
async fn bodies_may_name_what_the_schema_has_and_nothing_else() {
    let Some(schemas) = vendor_schema() else { return };
    let bench = bench_with(with_field()).await;
    let (mut taken, mut refused) = (0, 0);
    for (name, path) in [
        ("Addition", bench.additions()),
        ("Company", "/company/companies".to_owned()),
        ("CatalogItem", "/procurement/catalog".to_owned()),
    ] {
        let members: Vec<String> = schemas[name]["properties"].as_object().unwrap().keys().cloned().collect();
        for (turn, member) in members.iter().enumerate() {
            let base = fresh(&bench, name, turn).await;
            assert!(base.as_object().unwrap().keys().all(|key| members.contains(key)), "{name}: {base}");
            // Null is empty for every kind, so only the name is judged.
            let mut body = base.clone();
            body.as_object_mut().unwrap().entry(member).or_insert(Value::Null);
            let reply = bench.client.send("POST", &path, &body).await;
            assert_eq!(reply.status, 201, "{name}.{member}: {}", reply.text);
            taken += 1;
            for stranger in [format!("{member}X"), format!("{member}Flag2")] {
                let mut body = base.clone();
                body[&stranger] = Value::Null;
                let reply = bench.client.send("POST", &path, &body).await;
                let told = format!("Could not find member '{stranger}' on object of type '{name}'.");
                assert_eq!((reply.status, reply.json()["message"].as_str()), (400, Some(told.as_str())));
                refused += 1;
            }
        }
    }
    assert!(taken > 140 && refused == 2 * taken, "{taken} {refused}");
}

async fn fresh(bench: &Bench, name: &str, turn: usize) -> Value {
    match name {
        "Addition" => patched(bench.body(), &json!({"customFields": [{"id": 7, "value": "cb:1"}]})),
        "Company" => bench.new_company(&format!("N{turn}")).await,
        _ => bench.new_item(&format!("N{turn}")).await,
    }
}
