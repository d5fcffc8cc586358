//! Every request of the target against ConnectWise's own description of its models (version 2025.1, which the card pins) and
//! the documented paths and parameters. The description is looked for in the folder that `COUNTERFOIL_SPECS` names, else
//! beside the checkout in `../shared/specs`; where it is not at hand, the tests say so and check nothing.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use counterfoil_domain::order::{Fee, OrderType};
use counterfoil_sim::Exchange;
use serde_json::{Value, json};

use crate::books::Terms;
use crate::desk::Setup;
use crate::shelf::{Draft, day, line};
use crate::stand::{SUB, Stand, setup, three_more};

/// Paths below `apis/3.0` and the model behind each; "0" stands for an id. Without a model, only the path is known.
const PATHS: [(&str, &str, &str); 18] = [
    ("GET", "/system/info", ""),
    ("GET", "/company/companies", "Company"),
    ("POST", "/company/companies", "Company"),
    ("GET", "/company/contacts", ""),
    ("GET", "/company/companies/statuses", ""),
    ("GET", "/company/companies/types", ""),
    ("GET", "/company/countries", ""),
    ("GET", "/finance/agreements", "Agreement"),
    ("GET", "/finance/agreementrecap/0", "AgreementRecap"),
    ("GET", "/finance/agreements/0/additions", "Addition"),
    ("POST", "/finance/agreements/0/additions", "Addition"),
    ("GET", "/finance/agreements/0/additions/0", "Addition"),
    ("PATCH", "/finance/agreements/0/additions/0", "Addition"),
    ("GET", "/finance/billingCycles", "BillingCycle"),
    ("GET", "/finance/currencies", ""),
    ("GET", "/procurement/catalog", "CatalogItem"),
    ("GET", "/procurement/types", "ProductType"),
    ("GET", "/procurement/subcategories", ""),
];
const PARAMETERS: [&str; 8] =
    ["conditions", "childConditions", "customFieldConditions", "orderBy", "fields", "page", "pageSize", "pageId"];

fn file(name: &str) -> Option<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().join("../shared/specs");
    let folder = std::env::var_os("COUNTERFOIL_SPECS").map(PathBuf::from).or_else(|| beside.is_dir().then_some(beside));
    let Some(folder) = folder else {
        // Past the harness, which keeps what a passing test prints to itself.
        let told = b"SKIPPED: nothing was held against ConnectWise's description: there is no folder of them\n";
        std::io::stderr().write_all(told).unwrap();
        return None;
    };
    let path = folder.join("connectwise").join(name);
    assert!(path.is_file(), "{} is not there", path.display());
    Some(path)
}

struct Models(Value);

impl Models {
    fn read() -> Option<Self> {
        let text = std::fs::read_to_string(file("schemas-2025.1.json")?).unwrap();
        let whole: Value = serde_json::from_str(&text).unwrap();
        Some(Self(whole["schemas"].clone()))
    }

    fn property(&self, model: &str, name: &str) -> Option<&Value> {
        self.0[model]["properties"].get(name)
    }

    /// What is wrong with a value for a property.
    fn value(&self, at: &str, property: &Value, value: &Value, wrong: &mut Vec<String>) {
        let kind = property["type"].as_str().unwrap();
        let fits = match kind {
            "integer(int32)" => value.as_i64().is_some_and(|number| i32::try_from(number).is_ok()),
            "number(double)" => value.is_number(),
            "boolean" => value.is_boolean(),
            "string(date-time)" => value.as_str().is_some_and(|text| text.ends_with("T00:00:00Z") && text.len() == 20),
            "string(enum?)" => {
                value.as_str().is_some_and(|text| ["Billable", "DoNotBill", "NoCharge", "Agreement"].contains(&text))
            }
            "string" => {
                let most = property["note"].as_str().and_then(|note| note.split_once("Max length: "));
                let most = most.and_then(|(_, rest)| rest.trim_end_matches(';').trim().parse::<usize>().ok());
                value.as_str().is_some_and(|text| most.is_none_or(|most| text.encode_utf16().count() <= most))
            }
            _ if value.is_array() => true,
            reference if self.0.get(reference).is_some() => {
                self.object(at, reference, value, wrong);
                true
            }
            _ => value
                .as_object()
                .is_some_and(|object| object.keys().all(|name| ["id", "identifier", "name"].contains(&name.as_str()))),
        };
        if !fits {
            wrong.push(format!("{at}: {value} is no {kind}"));
        }
    }

    fn object(&self, at: &str, model: &str, value: &Value, wrong: &mut Vec<String>) {
        let Some(object) = value.as_object() else { return wrong.push(format!("{at}: {value} is no {model}")) };
        for (name, value) in object {
            match self.property(model, name) {
                Some(property) => self.value(&format!("{at}.{name}"), property, value, wrong),
                None => wrong.push(format!("{at}: {model} has no {name}")),
            }
        }
    }

    /// What is wrong with a call.
    fn call(&self, one: &Exchange) -> Vec<String> {
        let mut wrong = Vec::new();
        let path = one.path.split_once("/apis/3.0").map_or("", |(_, path)| path);
        let plain: Vec<&str> =
            path.split('/').map(|part| if part.parse::<i64>().is_ok() { "0" } else { part }).collect();
        let plain = plain.join("/");
        let Some((_, _, model)) = PATHS.iter().find(|(method, known, _)| *method == one.method && *known == plain)
        else {
            return vec![format!("{} {plain} is no operation that is documented", one.method)];
        };
        if one.path.len() + one.query.len() > 1_990 {
            wrong.push(format!("{plain}: the address is too long"));
        }
        for (name, value) in one.query.split('&').filter_map(|pair| pair.split_once('=')) {
            if !PARAMETERS.contains(&name) {
                wrong.push(format!("{plain} takes no parameter {name}"));
            }
            let fields = value.replace("%2C", ",").replace("%2F", "/");
            for field in fields.split(',').filter(|_| name == "fields" && self.0.get(model).is_some()) {
                let first = field.split('/').next().unwrap();
                if first != "_info" && self.property(model, first).is_none() {
                    wrong.push(format!("{plain}: {model} has no field {first}"));
                }
            }
        }
        let forward = one.request_headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("pagination-type"));
        if forward && (one.query.contains("orderBy=") || one.query.starts_with("page=") || one.query.contains("&page="))
        {
            wrong.push(format!("{plain}: forward-only pages have no order and no number"));
        }
        match (one.method.as_str(), serde_json::from_str::<Value>(&one.body)) {
            ("GET", _) if one.body.is_empty() => {}
            ("POST", Ok(body)) => {
                self.object(&plain, model, &body, &mut wrong);
                let required = self.0[model]["required"].as_array().unwrap().iter().filter_map(Value::as_str);
                wrong.extend(required.filter(|name| body[*name].is_null()).map(|name| format!("{plain}: no {name}")));
            }
            ("PATCH", Ok(Value::Array(ops))) if !ops.is_empty() => {
                for op in &ops {
                    self.object(&plain, "PatchOperation", &json!({ "op": op["op"], "path": op["path"] }), &mut wrong);
                    let named = op["path"].as_str().unwrap_or_default();
                    match self.property(model, named) {
                        Some(property) => self.value(named, property, &op["value"], &mut wrong),
                        None => wrong.push(format!("{plain}: {model} has no path \"{named}\"")),
                    }
                    if !["add", "replace", "remove"].contains(&op["op"].as_str().unwrap_or_default()) {
                        wrong.push(format!("{plain}: {op}"));
                    }
                }
            }
            (method, body) => wrong.push(format!("{method} {plain} with {body:?}")),
        }
        let header = |name: &str| {
            one.request_headers
                .iter()
                .find(|(known, _)| known.eq_ignore_ascii_case(name))
                .map(|(_, value)| value.as_str())
        };
        if header("clientId").is_none() || !header("accept").is_some_and(|accept| accept.ends_with("version=2025.1")) {
            wrong.push(format!("{plain}: client id or pinned version is missing"));
        }
        wrong
    }
}

/// Everything that orders and comparisons ask of ConnectWise.
async fn calls() -> Vec<Exchange> {
    let mut all = Vec::new();
    for settings in [vec![], vec![("changes", "quantity"), ("marker", "invoice-description")]] {
        let mut stand = Stand::sold(Setup { settings, ..setup() }, Terms::monthly("2026-10-01")).await;
        stand.invoiced(&["2026-11-01"]);
        stand.planned(three_more("CH000001", SUB)).await;
        stand.desk.sync().await;
        stand.shelf.has(SUB, crate::stand::SEATS, "12", "22.00");
        stand.reconcile(("2026-11-01", "2026-12-01")).await;
        let fee = vec![line(Fee::CancellationFee, None, "1", "75.00", "75.00")];
        stand.desk.until(day("2026-11-20"));
        for task in stand.desk.tasks(&["planned"]).await {
            println!("{}", task.number);
        }
        stand.desk.sync().await;
        stand.planned(Draft::new("CL000001", OrderType::Cancellation, SUB, day("2026-11-20"), fee)).await;
        stand.desk.sync().await;
        for kind in ["party", "item", "container", "contact", "currency", "billing-cycle"] {
            for query in ["", "Green Lane", "O'Neill \"Ltd\"", "114"] {
                stand.desk.search(kind, query).await.unwrap();
            }
        }
        all.extend(stand.desk.books.log().entries());
    }
    all.retain(|one| !one.path.starts_with("/login/"));
    all
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn specs_describe_every_request() {
    let Some(models) = Models::read() else { return };
    let calls = Box::pin(calls()).await;
    let wrong: Vec<String> = calls
        .iter()
        .flat_map(|one| {
            models
                .call(one)
                .into_iter()
                .map(move |wrong| format!("{wrong}\n  {}?{}\n  {}", one.path, one.query, one.body))
        })
        .collect();
    assert!(wrong.is_empty(), "{} problems:\n{}", wrong.len(), wrong.join("\n"));
    for (method, path) in [("POST", "/additions"), ("PATCH", "/additions/"), ("GET", "/finance/agreementrecap/")] {
        assert!(calls.iter().any(|one| one.method == method && one.path.contains(path)), "no {method} {path}");
    }

    // And a wrong one would be noticed.
    let post = calls.iter().find(|one| one.method == "POST").unwrap();
    let patch = calls.iter().find(|one| one.method == "PATCH").unwrap();
    let body = |change: &dyn Fn(&mut Value)| {
        let mut body: Value = serde_json::from_str(&post.body).unwrap();
        change(&mut body);
        Exchange { body: body.to_string(), ..post.clone() }
    };
    let patched = |body: Value| Exchange { body: body.to_string(), ..patch.clone() };
    for (what, one) in [
        ("a member of a newer model", body(&|body| body["additionStatus"] = json!("Active"))),
        ("no product", body(&|body| drop(body.as_object_mut().unwrap().remove("product")))),
        ("a flag for an enum", body(&|body| body["billCustomer"] = json!(true))),
        ("a local day", body(&|body| body["effectiveDate"] = json!("2026-11-01T01:00:00+01:00"))),
        ("a long serial number", body(&|body| body["serialNumber"] = json!("x".repeat(51)))),
        ("a quantity as text", body(&|body| body["quantity"] = json!("3"))),
        ("a slash in a path", patched(json!([{ "op": "replace", "path": "/quantity", "value": 3 }]))),
        ("one operation without its list", patched(json!({ "op": "replace", "path": "quantity", "value": 3 }))),
        ("a verb that is none", patched(json!([{ "op": "test", "path": "quantity", "value": 3 }]))),
        ("a path that is none", Exchange { path: "/v2025_1/apis/3.0/finance/additions".to_owned(), ..post.clone() }),
        ("a method that is not allowed", Exchange { method: "PUT".to_owned(), ..patch.clone() }),
        ("a parameter that is none", Exchange { query: "where=1".to_owned(), ..patch.clone() }),
        ("a field that is none", Exchange { query: "fields=id,colour".to_owned(), ..patch.clone() }),
    ] {
        assert!(!models.call(&one).is_empty(), "nobody noticed {what}");
    }
}
