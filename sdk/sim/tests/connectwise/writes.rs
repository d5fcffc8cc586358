//! What may be written, what becomes of it, and what is refused.

use counterfoil_sim::connectwise::{Bundles, SerialNumber, SlashPaths};
use serde_json::{Value, json};

use crate::support::{bench, item, patched};

fn nested(code: &str, field: &str) -> Vec<(String, String)> {
    vec![(code.to_owned(), field.to_owned())]
}

#[tokio::test]
async fn new_companies() {
    let bench = bench().await;
    let country = bench.cw.state().add_country("GB", "United Kingdom");
    let base = bench.new_company("NEW").await;
    for (patch, wanted) in [
        (json!({"identifier": null}), nested("MissingRequiredField", "identifier")),
        (json!({"identifier": " "}), nested("MissingRequiredField", "identifier")),
        (json!({"name": null}), nested("MissingRequiredField", "name")),
        (json!({"types": []}), nested("MissingRequiredField", "types")),
        (json!({"status": null}), nested("MissingRequiredField", "status")),
        (json!({"site": null}), nested("MissingRequiredField", "site")),
        (json!({"addressLine1": null}), nested("MissingRequiredField", "addressLine1")),
        (json!({"addressLine1": ""}), nested("MissingRequiredField", "addressLine1")),
        (json!({"identifier": "x".repeat(31)}), nested("MaxLengthField", "identifier")),
        (json!({"name": "é".repeat(51)}), nested("MaxLengthField", "name")),
        (json!({"zip": "1".repeat(13)}), nested("MaxLengthField", "zip")),
        (json!({"phoneNumber": "1".repeat(31)}), nested("MaxLengthField", "phoneNumber")),
        (json!({"identifier": "acme"}), nested("ObjectExists", "identifier")),
        (json!({"status": {"id": 999}}), nested("NotFound", "status")),
        (json!({"country": {"id": 999}}), nested("NotFound", "country")),
        (json!({"revenueYear": 26}), nested("OutOfRange", "revenueYear")),
        (
            json!({"name": null, "status": {"id": 999}}),
            [nested("NotFound", "status"), nested("MissingRequiredField", "name")].concat(),
        ),
    ] {
        let reply = bench.client.send("POST", "/company/companies", &patched(base.clone(), &patch)).await;
        assert_eq!((reply.status, reply.nested()), (400, wanted), "{patch}");
        let json = reply.json();
        assert_eq!((&json["code"], &json["message"]), (&json!("InvalidObject"), &json!("company object is invalid")));
    }
    assert_eq!(bench.cw.state().companies().len(), 1);
    let only_country = json!({"addressLine1": null, "country": {"id": country}, "name": "Acme Ltd"});
    let reply = bench.client.send("POST", "/company/companies", &patched(base.clone(), &only_country)).await;
    assert_eq!(reply.status, 201, "a name may be taken twice: {}", reply.text);
    let created = reply.json();
    assert_eq!((&created["country"]["name"], &created["deletedFlag"]), (&json!("United Kingdom"), &Value::Null));
    // The recycle bin keeps identifiers.
    bench.cw.state().delete_company(created["id"].as_i64().unwrap());
    let again = bench.client.send("POST", "/company/companies", &base).await;
    assert_eq!((again.status, again.nested()), (400, nested("ObjectExists", "identifier")));
}

#[tokio::test]
async fn old_systems_take_shorter_identifiers() {
    let config = counterfoil_sim::connectwise::CwConfig { company_identifier_max: 25, ..Default::default() };
    let bench = crate::support::bench_with(config).await;
    for (length, status) in [(25, 201), (26, 400)] {
        let body = bench.new_company(&"x".repeat(length)).await;
        assert_eq!(bench.client.send("POST", "/company/companies", &body).await.status, status);
    }
}

#[tokio::test]
async fn a_stored_year_refuses_every_patch() {
    let bench = bench().await;
    let path = format!("/company/companies/{}", bench.company);
    let patch = json!([{"op": "replace", "path": "name", "value": "Newer"}]);
    assert_eq!(bench.client.send("PATCH", &path, &patch).await.status, 200);
    bench.cw.state().set_year_established(bench.company, 19);
    let reply = bench.client.send("PATCH", &path, &patch).await;
    assert_eq!((reply.status, reply.nested()), (400, nested("OutOfRange", "yearEstablished")));
}

#[tokio::test]
async fn new_items() {
    let bench = bench().await;
    let base = bench.new_item("NEW").await;
    for (patch, wanted) in [
        (json!({"identifier": null}), nested("MissingRequiredField", "identifier")),
        (json!({"description": null}), nested("MissingRequiredField", "description")),
        (json!({"customerDescription": null}), nested("MissingRequiredField", "customerDescription")),
        (json!({"type": null}), nested("MissingRequiredField", "type")),
        (json!({"subcategory": null}), nested("MissingRequiredField", "subcategory")),
        (json!({"identifier": "x".repeat(76)}), nested("MaxLengthField", "identifier")),
        (json!({"description": "x".repeat(61)}), nested("MaxLengthField", "description")),
        (json!({"customerDescription": "x".repeat(6001)}), nested("MaxLengthField", "customerDescription")),
        (json!({"integrationXRef": "x".repeat(51)}), nested("MaxLengthField", "integrationXRef")),
        (json!({"identifier": "seat"}), nested("ObjectExists", "identifier")),
        (json!({"subcategory": {"id": 999}}), nested("NotFound", "subcategory")),
    ] {
        let reply = bench.client.send("POST", "/procurement/catalog", &patched(base.clone(), &patch)).await;
        assert_eq!((reply.status, reply.nested()), (400, wanted), "{patch}");
    }
    let reply = bench.client.send("POST", "/procurement/catalog", &patched(base, &json!({"productClass": null}))).await;
    assert_eq!((reply.status, reply.json()["productClass"].as_str()), (201, Some("NonInventory")));
    assert!(reply.text.contains("\"price\":1.1648,"), "no noise: {}", reply.text);
}

#[tokio::test]
async fn new_additions_and_what_follows_from_them() {
    let bench = bench().await;
    let made = bench.created(&json!({"quantity": "3", "unitPrice": 0.3, "lessIncluded": 1})).await;
    let text = serde_json::to_string(&made).unwrap();
    for (name, wanted) in [
        ("quantity", json!(3)),
        ("billedQuantity", json!(2)),
        ("extPrice", json!(0.6)),
        ("extCost", json!(19.6)),
        ("margin", json!(-19)),
        ("description", json!("The SEAT")),
        ("uom", json!("EA")),
        ("agreementId", json!(bench.agreement)),
        ("agreementStatus", json!("Active")),
        ("effectiveDate", json!("2026-11-01T00:00:00Z")),
        ("customFields", json!([])),
    ] {
        assert_eq!(made[name].as_f64(), wanted.as_f64(), "{name} {text}");
        assert!(wanted.is_number() || made[name] == wanted, "{name} {text}");
    }
    assert_eq!((&made["product"]["identifier"], made["product"].get("name")), (&json!("SEAT"), None));
    // What is left out comes from the catalogue; what is derived cannot be written.
    let body = json!({"product": {"identifier": "seat"}, "billCustomer": "Billable", "extPrice": 99, "agreementId": 5});
    let made = bench.client.send("POST", &bench.additions(), &body).await.json();
    assert_eq!((made["quantity"].as_f64(), made["unitPrice"].as_f64()), (Some(1.0), Some(12.5)));
    assert_eq!((made["unitCost"].as_f64(), &made["taxableFlag"]), (Some(9.8), &json!(true)));
    assert_eq!((made["extPrice"].as_f64(), &made["agreementId"]), (Some(12.5), &json!(bench.agreement)));
    assert_eq!((&made["invoiceDescription"], made.get("effectiveDate")), (&json!("The SEAT"), None));
    let lines =
        bench.created(&json!({"invoiceDescription": "a\r\nb\nc", "effectiveDate": "2026-11-01T23:30:00-05:00"})).await;
    assert_eq!(lines["invoiceDescription"], "a b c");
    assert_eq!(lines["effectiveDate"], "2026-11-02T00:00:00Z", "a local time is another day in UTC");
}

#[tokio::test]
async fn additions_that_are_refused() {
    let bench = bench().await;
    let bundle =
        bench.cw.state().add_item(&counterfoil_sim::connectwise::ItemSeed { class: "Bundle", ..item("BUNDLE") });
    let reversed = json!({"effectiveDate": "2026-11-02T00:00:00Z", "cancelledDate": "2026-11-01T00:00:00Z"});
    for (patch, status, wanted, told) in [
        (json!({"product": null}), 400, nested("MissingRequiredField", "product"), ""),
        (json!({"billCustomer": null}), 400, nested("MissingRequiredField", "billCustomer"), ""),
        (json!({"product": {"id": 999}}), 400, nested("NotFound", "product"), ""),
        (json!({"product": {"identifier": "NONE"}}), 400, nested("NotFound", "product"), ""),
        (json!({"product": {}}), 400, nested("MissingRequiredField", "product/id"), ""),
        (json!({"product": {"id": bundle}}), 400, nested("InvalidField", "product"), ""),
        (json!({"serialNumber": "x".repeat(51)}), 400, nested("MaxLengthField", "serialNumber"), ""),
        (json!({"invoiceDescription": "x".repeat(6001)}), 400, nested("MaxLengthField", "invoiceDescription"), ""),
        (reversed.clone(), 400, nested("InvalidField", "cancelledDate"), ""),
        (json!({"quantty": 1}), 400, vec![], "Could not find member 'quantty' on object of type 'Addition'."),
        (json!({"product": {"id": 1, "name": "x"}}), 400, vec![], "Could not find member 'name'"),
        (
            json!({"billCustomer": true}),
            500,
            vec![],
            "Error converting value true to type 'Enum'. Path 'billCustomer'.",
        ),
        (json!({"billCustomer": "Yes"}), 500, vec![], "Error converting value \\\"Yes\\\""),
        (json!({"quantity": "many"}), 500, vec![], "Error converting value"),
        (json!({"effectiveDate": "soon"}), 500, vec![], "Error converting value"),
        (json!({"product": 7}), 500, vec![], "Error converting value"),
        (json!({"taxableFlag": "maybe"}), 500, vec![], "String was not recognized as a valid Boolean."),
    ] {
        bench.cw.state().switch(|switches| switches.ends_before_start_refused = patch == reversed);
        let reply = bench.client.send("POST", &bench.additions(), &patched(bench.body(), &patch)).await;
        assert_eq!((reply.status, reply.nested()), (status, wanted), "{patch} {}", reply.text);
        assert!(reply.text.contains(told), "{patch} {}", reply.text);
    }
    assert!(bench.cw.state().all_additions().is_empty());
    bench.cw.state().switch(|switches| {
        switches.bundles = Bundles::Accepted;
        switches.serial_number = SerialNumber::OnlySerialized;
        switches.ends_before_start_refused = false;
    });
    let made = bench.created(&patched(json!({"product": {"id": bundle}}), &reversed)).await;
    assert_eq!(made.get("serialNumber"), None, "dropped without a word");
}

#[tokio::test]
async fn patches() {
    let bench = bench().await;
    let id = bench.created(&json!({})).await["id"].clone();
    let path = format!("{}/{id}", bench.additions());
    let before = bench.client.get(&path).await.json();
    let op = |op: &str, path: &str, value: Value| json!([{"op": op, "path": path, "value": value}]);
    // What is sent, the status, and what is different after it.
    for (body, status, name, wanted) in [
        (op("replace", "quantity", json!(12)), 200, "quantity", json!(12)),
        (op("add", "unitPrice", json!("0.1648")), 200, "unitPrice", json!(0.1648)),
        (
            op("replace", "cancelledDate", json!("2026-11-30T00:00:00Z")),
            200,
            "cancelledDate",
            json!("2026-11-30T00:00:00Z"),
        ),
        (op("remove", "cancelledDate", Value::Null), 200, "cancelledDate", Value::Null),
        (op("replace", "product", json!({"id": bench.item})), 200, "product", before["product"].clone()),
        (op("replace", "extPrice", json!(1)), 200, "unitPrice", json!(0.1648)),
        // Taken with 200, and nothing happens.
        (op("replace", "product/identifier", json!("OTHER")), 200, "product", before["product"].clone()),
        (op("replace", "/quantity", json!(1)), 400, "quantity", json!(12)),
        (op("replace", "Quantity", json!(1)), 400, "quantity", json!(12)),
        (op("replace", "nothing", json!(1)), 400, "quantity", json!(12)),
        (op("move", "quantity", json!(1)), 400, "quantity", json!(12)),
        (op("remove", "billCustomer", Value::Null), 400, "billCustomer", json!("Billable")),
        (op("replace", "billCustomer", json!("Yes")), 500, "billCustomer", json!("Billable")),
        (json!({"quantity": 1}), 400, "quantity", json!(12)),
        (json!([{"op": "replace", "path": "quantity", "value": 1, "from": "x"}]), 400, "quantity", json!(12)),
        // All or nothing.
        (
            json!([{"op": "replace", "path": "quantity", "value": 1}, {"op": "remove", "path": "billCustomer"}]),
            400,
            "quantity",
            json!(12),
        ),
    ] {
        let reply = bench.client.send("PATCH", &path, &body).await;
        assert_eq!(reply.status, status, "{body} {}", reply.text);
        let now = bench.client.get(&path).await.json();
        assert_eq!(now.get(name).unwrap_or(&Value::Null).as_f64(), wanted.as_f64(), "{body}");
        assert!(wanted.is_number() || *now.get(name).unwrap_or(&Value::Null) == wanted, "{body} {now}");
        assert!(status != 200 || reply.json() == now, "the answer is the record");
    }
    bench.cw.state().switch(|switches| switches.slash_paths = SlashPaths::Accepted);
    let reply = bench.client.send("PATCH", &path, &op("replace", "/quantity", json!(5))).await;
    assert_eq!((reply.status, reply.json()["quantity"].as_f64()), (200, Some(5.0)));
}

#[tokio::test]
async fn another_product_takes_its_own_defaults() {
    let bench = bench().await;
    let other =
        counterfoil_sim::connectwise::ItemSeed { price: 7.into(), cost: 2.into(), taxable: false, ..item("OTHER") };
    let other = bench.cw.state().add_item(&other);
    let product = json!({"op": "replace", "path": "product", "value": {"id": other}});
    let pin = |path: &str, value: Value| json!({"op": "replace", "path": path, "value": value});
    for (ops, wanted) in [
        (vec![product.clone()], json!([1.0, 7.0, 2.0, false, "The OTHER", "Billable"])),
        (
            vec![
                pin("quantity", json!(4)),
                product.clone(),
                pin("unitPrice", json!(3)),
                pin("billCustomer", json!("NoCharge")),
            ],
            json!([4.0, 3.0, 2.0, false, "The OTHER", "NoCharge"]),
        ),
    ] {
        let id = bench.created(&json!({"billCustomer": "DoNotBill"})).await["id"].clone();
        let reply = bench.client.send("PATCH", &format!("{}/{id}", bench.additions()), &json!(ops)).await.json();
        let found = json!([
            reply["quantity"].as_f64(),
            reply["unitPrice"].as_f64(),
            reply["unitCost"].as_f64(),
            reply["taxableFlag"],
            reply["invoiceDescription"],
            reply["billCustomer"]
        ]);
        assert_eq!(found, wanted);
        assert_eq!(reply["serialNumber"], "cb:1");
    }
}

#[tokio::test]
async fn put_empties_what_it_does_not_name() {
    let bench = bench().await;
    let id = bench.created(&json!({})).await["id"].clone();
    let path = format!("{}/{id}", bench.additions());
    let body = json!({"product": {"id": bench.item}, "billCustomer": "Billable", "quantity": 4});
    let now = bench.client.send("PUT", &path, &body).await.json();
    assert_eq!(now["quantity"].as_f64(), Some(4.0));
    for name in ["unitPrice", "unitCost", "effectiveDate", "serialNumber", "invoiceDescription", "taxableFlag"] {
        assert_eq!(now.get(name), None, "{name}");
    }
    assert_eq!(bench.client.send("PUT", &path, &json!({"quantity": 1})).await.nested().len(), 2);
    let agreement = format!("/finance/agreements/{}", bench.agreement);
    let whole = bench.client.get(&agreement).await.json();
    let reference = |name: &str| json!({"id": whole[name]["id"]});
    let body = json!({"name": "G", "type": reference("type"), "company": reference("company"), "contact": reference("contact")});
    let fields: Vec<String> =
        bench.client.send("PUT", &agreement, &body).await.nested().into_iter().map(|(_, f)| f).collect();
    assert_eq!(fields, ["billTime", "billExpenses", "billProducts", "invoicingCycle", "employeeCompRate"]);
    assert_eq!(bench.client.try_call("DELETE", &path, None).await.unwrap().status, 204);
    assert_eq!(bench.client.get(&path).await.status, 404);
    assert!(bench.cw.state().all_additions().is_empty());
}

#[tokio::test]
async fn agreements_need_a_contact() {
    let bench = bench().await;
    let whole = bench.client.get(&format!("/finance/agreements/{}", bench.agreement)).await.json();
    let base = json!({"name": "New", "type": {"id": whole["type"]["id"]}, "company": {"id": bench.company},
        "contact": {"id": whole["contact"]["id"]}, "billingCycle": {"id": whole["billingCycle"]["id"]}});
    for name in ["name", "type", "company", "contact"] {
        let reply =
            bench.client.send("POST", "/finance/agreements", &patched(base.clone(), &json!({name: null}))).await;
        assert_eq!((reply.status, reply.nested()), (400, nested("MissingRequiredField", name)));
    }
    let made = bench.client.send("POST", "/finance/agreements", &base).await;
    assert_eq!((made.status, made.json()["agreementStatus"].as_str()), (201, Some("Active")));
    let path = format!("/finance/agreements/{}", made.json()["id"]);
    let patch = json!([{"op": "replace", "path": "cancelledFlag", "value": true}]);
    assert_eq!(bench.client.send("PATCH", &path, &patch).await.json()["agreementStatus"], "Cancelled");
}
