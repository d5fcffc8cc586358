//! Holds the answers against the vendor's own specification, where it is at hand: set `COUNTERFOIL_SPECS` to the folder
//! that has `crayon/cloudiq-swagger-2022-04.yaml`. Without it, or without a YAML reader, the test says so and checks nothing.
//!
//! Known disagreements; the first two have a switch, so that what the specification says can be had too:
//! - lists are `{Items, TotalHits}` where it has arrays: the vendor's own library reads the former (`bare_arrays`);
//! - names are in `PascalCase` where it has `camelCase`: its pages print the former, both were seen (`camel_case`);
//! - an object that is not there is null where it says nothing of null (`nullable`, below);
//! - it types the answer of `billingrecordsfile` not at all: shape and columns are the documentation's and the library's.

use std::io::Write;
use std::process::Command;

use counterfoil_sim::cloudiq::Switches;
use serde_json::{Value, json};

use crate::http::{FORM, Session, larger, token, with};

const TO_JSON: &str = "import sys, json, yaml\n\
    print(json.dumps(yaml.load(open(sys.argv[1], encoding='utf-8'), Loader=yaml.CSafeLoader), default=str))";

fn specification() -> Result<Value, String> {
    let folder = std::env::var("COUNTERFOIL_SPECS").map_err(|_| "COUNTERFOIL_SPECS is not set".to_owned())?;
    let path = std::path::Path::new(&folder).join("crayon/cloudiq-swagger-2022-04.yaml");
    if !path.exists() {
        return Err(format!("{} does not exist", path.display()));
    }
    let output = Command::new("python3").arg("-c").arg(TO_JSON).arg(&path).output();
    let output = output.map_err(|cause| format!("python3: {cause}"))?;
    if !output.status.success() {
        return Err(format!("python3 with yaml: {}", String::from_utf8_lossy(&output.stderr)));
    }
    let read: Value = serde_json::from_slice(&output.stdout).map_err(|cause| cause.to_string())?;
    Ok(nullable(read))
}

/// Straight to the terminal: what a passing test prints is swallowed otherwise.
fn skipped(why: &str) {
    let line = format!("SKIPPED: the vendor's specification is not at hand ({why}); nothing was checked\n");
    std::io::stderr().write_all(line.as_bytes()).unwrap();
}

/// OpenAPI 3.0 writes `nullable`; JSON Schema has a type more. References cannot say it: the vendor leaves objects out or
/// null there, so every reference may be null.
fn nullable(value: Value) -> Value {
    match value {
        Value::Object(mut fields) => {
            if fields.get("nullable") == Some(&json!(true)) && fields.get("type").is_some_and(Value::is_string) {
                fields["type"] = json!([fields["type"], "null"]);
            }
            let fields: serde_json::Map<_, _> =
                fields.into_iter().map(|(name, value)| (name, nullable(value))).collect();
            match fields.get("$ref").and_then(Value::as_str) {
                Some(of) if of.ends_with("ObjectReference") || of.ends_with("Reference") || of.ends_with("Price") => {
                    json!({ "anyOf": [{ "$ref": of }, { "type": "null" }] })
                }
                _ => Value::Object(fields),
            }
        }
        Value::Array(items) => Value::Array(items.into_iter().map(nullable).collect()),
        other => other,
    }
}

/// What is wrong with an answer.
fn problems(specification: &Value, name: &str, answer: &Value) -> Vec<String> {
    let mut root = specification.clone();
    root["$ref"] = json!(format!("#/components/schemas/{name}"));
    let validator = jsonschema::draft202012::options().should_validate_formats(true).build(&root).unwrap();
    validator.iter_errors(answer).map(|problem| format!("{}: {problem}", problem.instance_path())).collect()
}

const LISTS: [(&str, &str); 7] = [
    ("/api/v1/Organizations", "Organization"),
    ("/api/v1/InvoiceProfiles", "InvoiceProfile"),
    ("/api/v1/CustomerTenants", "CustomerTenant"),
    ("/api/v1/Subscriptions?PageSize=200", "Subscription"),
    ("/api/v1/AgreementProducts?OrganizationId=4001&PageSize=200", "AgreementProduct"),
    ("/api/v1/BillingStatements?OrganizationId=4001", "BillingStatement"),
    ("/api/v1/BillingStatements/grouped?OrganizationId=4001", "GroupedBillingStatement"),
];

#[tokio::test]
async fn answers_conform_to_the_vendors_specification() {
    let specification = match specification() {
        Ok(specification) => specification,
        Err(why) => return skipped(&why),
    };
    for nulls in [false, true] {
        let switches = Switches { bare_arrays: true, camel_case: true, nulls, ..Switches::default() };
        let handle = with(larger(), switches).await;
        let answer = token(&handle, "sim-client-secret", FORM).await.json();
        assert_eq!(problems(&specification, "Token", &answer), [""; 0]);
        let session = Session::sign_in(&handle).await;
        let mut checked = 0;
        for (path, name) in LISTS {
            let rows = session.get(path).await.rows();
            assert!(!rows.is_empty(), "{path}");
            // Building a validator is slow, so that all rows of a list are held against it at once.
            let mut of_list = specification.clone();
            of_list["components"]["schemas"]["Rows"] =
                json!({ "type": "array", "items": { "$ref": format!("#/components/schemas/{name}") } });
            checked += rows.len();
            assert_eq!(problems(&of_list, "Rows", &Value::Array(rows)), [""; 0], "{path}");
        }
        assert!(checked > 120, "{checked} rows were checked");
    }
}

#[tokio::test]
async fn the_check_notices_what_is_wrong() {
    let specification = match specification() {
        Ok(specification) => specification,
        Err(why) => return skipped(&why),
    };
    let right = json!({ "id": 1, "totalSalesPrice": { "value": 1.5, "currencyCode": "USD" }, "provisionType": 1 });
    assert_eq!(problems(&specification, "BillingStatement", &right), [""; 0]);
    for (field, value) in [
        ("id", json!("1")),
        ("totalSalesPrice", json!({ "value": "1.5" })),
        ("provisionType", json!(9)),
        ("Id", json!(1)),
        ("startDate", json!("yesterday")),
    ] {
        let mut wrong = right.clone();
        wrong[field] = value;
        assert!(!problems(&specification, "BillingStatement", &wrong).is_empty(), "{field} passed");
    }
}
