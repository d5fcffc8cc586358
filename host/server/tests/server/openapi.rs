//! The API as it is written down in `openapi.json`, and that the table of roles covers all of it.

use std::collections::BTreeSet;
use std::path::Path;

use counterfoil_server::{Access, ROUTES, openapi};
use serde_json::Value;

use crate::client::send;
use crate::world::World;

const HOW: &str = "openapi.json is not what the code says. If the change is meant, write it down with\n    UPDATE_OPENAPI=1 cargo test -p counterfoil-server openapi\nand look at the difference: clients depend on it.";

#[test]
fn openapi_is_what_is_written_down() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("openapi.json");
    let now = openapi() + "\n";
    if std::env::var_os("UPDATE_OPENAPI").is_some() {
        std::fs::write(&path, &now).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(written == now, "{HOW}");
}

#[test]
fn openapi_and_the_table_of_roles_name_the_same_routes() {
    let api: Value = serde_json::from_str(&openapi()).unwrap();
    assert_eq!(api["openapi"], "3.1.0");
    let mut described = BTreeSet::new();
    let mut ids = BTreeSet::new();
    for (path, item) in api["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            if !["get", "put", "post", "delete", "patch"].contains(&method.as_str()) {
                continue;
            }
            described.insert((method.to_uppercase(), path.clone()));
            assert!(ids.insert(operation["operationId"].as_str().unwrap()), "{method} {path} has the name of another");
            let answers = operation["responses"].as_object().unwrap();
            assert!(answers.values().all(|answer| answer["description"].is_string()), "{method} {path}");
            assert!(answers.contains_key("default"), "{method} {path} says nothing of problems");
            let rule = ROUTES.iter().find(|r| r.path == path && r.method.eq_ignore_ascii_case(method)).unwrap();
            assert_eq!(operation["security"].is_array(), rule.access != Access::Open, "{method} {path}");
        }
    }
    let ruled: BTreeSet<_> = ROUTES.iter().map(|rule| (rule.method.to_owned(), rule.path.to_owned())).collect();
    assert_eq!(described, ruled);
}

#[test]
fn every_reference_leads_somewhere() {
    fn references<'a>(value: &'a Value, found: &mut BTreeSet<&'a str>) {
        match value {
            Value::Object(object) => {
                for (key, value) in object {
                    match (key.as_str(), value) {
                        ("$ref", Value::String(to)) => {
                            found.insert(to);
                        }
                        _ => references(value, found),
                    }
                }
            }
            Value::Array(values) => values.iter().for_each(|value| references(value, found)),
            _ => {}
        }
    }
    let api: Value = serde_json::from_str(&openapi()).unwrap();
    let mut found = BTreeSet::new();
    references(&api, &mut found);
    assert!(found.len() > 20, "{found:?}");
    for to in found {
        assert!(api.pointer(to.trim_start_matches('#')).is_some(), "{to} leads nowhere");
    }
}

#[tokio::test]
async fn openapi_is_served() {
    let world = World::new().await;
    let reply = send(world.address, "GET", "/v1/openapi.json", &[], None).await;
    assert_eq!((reply.status, reply.body), (200, openapi()));
}
