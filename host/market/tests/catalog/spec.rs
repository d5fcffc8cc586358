//! The API's description has the last word: every request of the client, every answer of the simulator, and whatever a
//! catalog may hold, is held against it. And the description is held against the reader: what it refuses is refused there.

use counterfoil_domain::ports::CatalogSource;
use counterfoil_market::catalog::wire;
use counterfoil_sim::Exchange;
use counterfoil_sim::catalog::{CatalogShop, OPENAPI, Served};
use jsonschema::Validator;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use serde_json::{Value, json};

use crate::http::{document, open, shop};
use crate::sample;

fn description() -> Value {
    serde_json::from_str(OPENAPI).unwrap()
}

fn validator(schema: &str) -> Validator {
    let mut root = description();
    root["$ref"] = json!(format!("#/components/schemas/{schema}"));
    jsonschema::draft202012::options().should_validate_formats(true).build(&root).unwrap()
}

fn problems(validator: &Validator, value: &Value) -> Vec<String> {
    validator.iter_errors(value).map(|problem| format!("{}: {problem}", problem.instance_path())).collect()
}

#[track_caller]
fn fits(schema: &str, value: &Value) {
    let found = problems(&validator(schema), value);
    assert!(found.is_empty(), "{schema}\n{}\n{value:#}", found.join("\n"));
}

/// The operation that an exchange is of.
fn operation<'d>(description: &'d Value, exchange: &Exchange) -> &'d Value {
    let path = match exchange.path.as_str() {
        "/catalog/provider" | "/catalog/resellers" => exchange.path.as_str(),
        one if one.starts_with("/catalog/resellers/") => "/catalog/resellers/{reseller}",
        other => panic!("{other} is not described"),
    };
    let operation = &description["paths"][path][exchange.method.to_lowercase()];
    assert!(operation.is_object(), "{} {path} is not described", exchange.method);
    operation
}

fn schema_of(content: &Value) -> Option<&str> {
    let content = content["content"].as_object()?.values().next()?;
    content["schema"]["$ref"].as_str()?.rsplit('/').next()
}

fn keeps_to(description: &Value, exchange: &Exchange) {
    let operation = operation(description, exchange);
    let answer = &operation["responses"][exchange.status.to_string()];
    assert!(answer.is_object(), "{} {} is not described: {}", exchange.method, exchange.path, exchange.status);
    match schema_of(answer) {
        Some(schema) => fits(schema, &serde_json::from_str(&exchange.response_body).unwrap()),
        None => assert_eq!(exchange.response_body, ""),
    }
    match schema_of(&operation["requestBody"]) {
        Some(schema) => fits(schema, &serde_json::from_str(&exchange.body).unwrap()),
        None => assert_eq!(exchange.body, ""),
    }
    let parameters = operation["parameters"].as_array().cloned().unwrap_or_default();
    let named = |place: &str| -> Vec<String> {
        let of = parameters.iter().filter(|parameter| parameter["in"] == place);
        of.map(|parameter| parameter["name"].as_str().unwrap().to_lowercase()).collect()
    };
    let asked: Vec<&str> = exchange.query.split('&').filter_map(|pair| pair.split('=').next()).collect();
    assert!(asked.iter().all(|name| name.is_empty() || named("query").contains(&(*name).to_owned())), "{asked:?}");
    for header in named("header") {
        assert!(exchange.request_headers.iter().any(|(name, _)| *name == header), "{header} is not sent");
    }
}

#[tokio::test]
async fn client_and_simulator_keep_to_the_description() {
    let description = description();
    let names: Vec<String> = (0..250).map(|n| format!("R-{n}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let (handle, catalogs) = open(shop(&names)).await;
    catalogs.provider().await.unwrap();
    catalogs.resellers().await.unwrap();
    let read = catalogs.reseller(&"R-1".into()).await.unwrap();
    catalogs.reseller(&"nobody".into()).await.unwrap_err();
    catalogs.replace(&read.value, &read.version, &"k".into()).await.unwrap();
    catalogs.replace(&read.value, &read.version, &"l".into()).await.unwrap_err();
    let mut other = read.value.clone();
    other.plans.clear();
    catalogs.replace(&other, &read.version, &"k".into()).await.unwrap_err();
    other.reseller = "nobody".into();
    catalogs.replace(&other, &read.version, &"m".into()).await.unwrap_err();
    let log = handle.log().entries();
    log.iter().for_each(|exchange| keeps_to(&description, exchange));
    let statuses: std::collections::BTreeSet<u16> = log.iter().map(|exchange| exchange.status).collect();
    assert_eq!(statuses.into_iter().collect::<Vec<_>>(), [200, 204, 404, 412, 422]);
    assert_eq!(log.iter().filter(|exchange| exchange.path == "/catalog/resellers").count(), 2);
}

#[tokio::test]
async fn any_catalog_goes_through_both_and_the_description_has_a_word_for_all_of_it() {
    let (providers, resellers) = (validator("ProviderCatalog"), validator("ResellerCatalog"));
    let mut runner = TestRunner::deterministic();
    for _ in 0..24 {
        let provider = sample::provider().new_tree(&mut runner).unwrap().current();
        let reseller = sample::any_reseller().new_tree(&mut runner).unwrap().current();
        let text: Value = serde_json::from_slice(&wire::write_provider(&provider)).unwrap();
        assert_eq!(problems(&providers, &text), [""; 0]);
        assert_eq!(problems(&resellers, &document(&reseller)), [""; 0]);
        let served = Served { reseller: "R".into(), upstream: None, template: "t".into() };
        let mut held = reseller.clone();
        held.reseller = "R".into();
        let empty = document(&sample::reseller("R"));
        let token = "a-token-that-nobody-else-sees";
        let (_handle, catalogs) = open(CatalogShop::new(token, text).with(served, empty)).await;
        assert_eq!(catalogs.provider().await.unwrap().value, provider);
        let read = catalogs.reseller(&"R".into()).await.unwrap();
        catalogs.replace(&held, &read.version, &"k".into()).await.unwrap();
        assert_eq!(catalogs.reseller(&"R".into()).await.unwrap().value, held);
    }
}

/// What the reader refuses, the description refuses as well: whoever builds to it is not surprised.
#[test]
fn the_description_notices_what_the_reader_refuses() {
    let validator = validator("ResellerCatalog");
    let right = document(&sample::reseller("R-1"));
    assert_eq!(problems(&validator, &right), [""; 0]);
    let fee = "/plans/gold/periods/monthly/fees/setup";
    for (place, value) in [
        ("/format", json!("counterfoil-catalog/2")),
        ("/reseller", json!(" ")),
        ("/currency", json!("DOLLAR")),
        ("/price_synchronization", json!("on")),
        ("/plans/gold/published", json!("yes")),
        ("/plans/gold/sales_categories", json!(["a\u{1}"])),
        ("/plans/gold/periods/monthly/length", json!("1 month")),
        ("/plans/gold/periods/monthly/length", json!("P0M")),
        ("/plans/gold/rates/disk/limits", json!({"included": "1"})),
        ("/plans/gold/rates/disk/prices", json!({"renewal": {"amount": "1", "currency": "USD"}})),
        ("/order_flow", json!({"sale": []})),
        ("/own", json!({"sales_categories": {"c": {"name": "C", "display": true, "own_display": true}}})),
        ("/plans", json!({"": {"name": "P", "published": true}})),
        ("/plans/gold", json!({"name": "P", "published": true, "price": "1"})),
        (fee, json!({"amount": "1,5", "currency": "USD"})),
        (fee, json!({"amount": 1.5, "currency": "USD"})),
        (fee, json!({"amount": "1e3", "currency": "USD"})),
        (fee, json!({"amount": "1", "currency": "USD", "mine": true})),
    ] {
        let mut wrong = right.clone();
        *wrong.pointer_mut(place).unwrap() = value.clone();
        assert!(wire::read_reseller(wrong.to_string().as_bytes()).is_err(), "{place} is read: {value}");
        assert!(!validator.is_valid(&wrong), "{place} is not noticed: {value}");
    }
}
