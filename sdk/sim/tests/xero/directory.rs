//! Contacts, items, settings.

use rust_decimal::Decimal;
use serde_json::{Value, json};

use crate::support::bench;

#[tokio::test]
async fn contact_rules() {
    let bench = bench().await;
    let long = "x".repeat(256);
    // Name, method, body, status, part of the answer.
    let table = [
        ("created", "PUT", json!({"Name": "Beta", "ContactNumber": "cb:2"}), 200, "\"ContactNumber\":\"cb:2\""),
        (
            "name taken",
            "PUT",
            json!({"Name": "BETA"}),
            400,
            "The contact name BETA is already assigned to another contact. The contact name must be unique across all active contacts.",
        ),
        ("name taken, upsert", "POST", json!({"Name": "Beta"}), 400, "already assigned"),
        ("number taken", "PUT", json!({"Name": "Gamma", "ContactNumber": "CB:2"}), 400, "already exists"),
        (
            "number known, upsert",
            "POST",
            json!({"ContactNumber": "cb:2", "EmailAddress": "b@x.test"}),
            200,
            "\"Name\":\"Beta\"",
        ),
        ("nothing to go by", "PUT", json!({"EmailAddress": "b@x.test"}), 400, "The Contact must contain at least 1 of"),
        ("brackets", "PUT", json!({"Name": "A <b>"}), 400, "not allowed"),
        ("double space", "PUT", json!({"Name": "A  b"}), 400, "not allowed"),
        ("too long", "PUT", json!({"Name": long}), 400, "255"),
        ("account number", "PUT", json!({"Name": "D1", "AccountNumber": "A1"}), 200, "A1"),
        (
            "account number taken",
            "PUT",
            json!({"Name": "D2", "AccountNumber": "a1"}),
            400,
            "The Account Number already exists",
        ),
        ("misspelt field", "PUT", json!({"Name": "E", "Emailaddress": "x"}), 400, "\"ErrorNumber\":14"),
        ("wrong type", "PUT", json!({"Name": ["E"]}), 400, "\"ErrorNumber\":14"),
    ];
    for (name, method, body, status, part) in table {
        let reply = bench.client.send(method, "Contacts", &json!({"Contacts": [body]})).await;
        assert_eq!(reply.status, status, "{name}: {}", reply.text);
        assert!(reply.text.contains(part), "{name}: {}", reply.text);
    }
    let names: Vec<String> = bench.xero.state().contacts().into_iter().map(|contact| contact.name).collect();
    assert_eq!(names, ["Acme Ltd", "Beta", "D1"]);
}

#[tokio::test]
async fn finding_contacts() {
    let bench = bench().await;
    let state = bench.xero.state();
    let old = state.add_contact("Öld Cö", Some("cb:old"));
    state.edit_contact(&old, |contact| contact.archived = true);
    let acme = &bench.contact;
    let table = [
        (format!("Contacts/{acme}"), vec!["Acme Ltd"]),
        ("Contacts/cb:TA-1".to_owned(), vec!["Acme Ltd"]),
        ("Contacts/cb%3ATA-1".to_owned(), vec!["Acme Ltd"]),
        ("Contacts?where=ContactNumber%3D%3D%22cb:ta-1%22".to_owned(), vec!["Acme Ltd"]),
        ("Contacts?where=Name%3D%3D%22old%20co%22".to_owned(), vec![]),
        ("Contacts?where=Name%3D%3D%22old%20co%22&includeArchived=true".to_owned(), vec!["Öld Cö"]),
        (format!("Contacts?where=ContactID%3D%3DGuid(%22{acme}%22)"), vec!["Acme Ltd"]),
        (format!("Contacts?IDs={acme},{old}&includeArchived=true"), vec!["Acme Ltd", "Öld Cö"]),
        ("Contacts?searchTerm=ACME".to_owned(), vec!["Acme Ltd"]),
        ("Contacts?includeArchived=true&page=2&pageSize=1".to_owned(), vec!["Öld Cö"]),
        ("Contacts?page=3".to_owned(), vec![]),
    ];
    for (path, wanted) in table {
        let reply = bench.client.get(&path).await;
        assert_eq!(reply.status, 200, "{path}: {}", reply.text);
        let found: Vec<Value> =
            reply.json()["Contacts"].as_array().unwrap().iter().map(|one| one["Name"].clone()).collect();
        assert_eq!(found, wanted, "{path}");
    }
    for (path, status) in [
        ("Contacts/nobody".to_owned(), 404),
        ("Contacts?where=Nome%3D%3D%22x%22".to_owned(), 400),
        ("Contacts?page=0".to_owned(), 400),
        (format!("Contacts?IDs={}", vec![old.as_str(); 51].join(",")), 414),
        ("Payments".to_owned(), 401),
        ("Nonsense".to_owned(), 404),
    ] {
        assert_eq!(bench.client.get(&path).await.status, status, "{path}");
    }
    let edit = json!({"ContactID": old, "EmailAddress": "x@x.test"});
    let refused = bench.client.send("POST", "Contacts", &edit).await;
    assert!(refused.text.contains("matched an archived contact"), "{}", refused.text);
}

#[tokio::test]
async fn item_rules() {
    let bench = bench().await;
    let table = [
        (
            "created",
            "PUT",
            "Items?unitdp=4",
            json!({"Code": "SEAT", "Name": "Seat", "SalesDetails": {"UnitPrice": 18.7125, "AccountCode": "200"}}),
            200,
            "\"UnitPrice\":18.7125",
        ),
        (
            "two places",
            "PUT",
            "Items",
            json!({"Code": "SEAT2", "SalesDetails": {"UnitPrice": 18.7151}}),
            200,
            "\"UnitPrice\":18.72",
        ),
        ("taken", "PUT", "Items", json!({"Code": "seat"}), 400, "Price List Item with Code 'seat' already exists"),
        ("upsert", "POST", "Items?unitdp=4", json!({"Code": "SEAT", "Name": "Chair"}), 200, "\"UnitPrice\":18.7125"),
        ("no code", "POST", "Items/SEAT", json!({"Name": "x"}), 400, "Price List Item Code must be supplied"),
        ("code too long", "PUT", "Items", json!({"Code": "c".repeat(31)}), 400, "30 characters"),
        ("name too long", "PUT", "Items", json!({"Code": "N", "Name": "n".repeat(51)}), 400, "50 characters"),
        (
            "no such account",
            "PUT",
            "Items",
            json!({"Code": "A", "SalesDetails": {"AccountCode": "999"}}),
            400,
            "Account code '999'",
        ),
        ("no such item", "POST", "Items/NONE", json!({"Code": "NONE"}), 404, "cannot be found"),
    ];
    for (name, method, path, body, status, part) in table {
        let reply = bench.client.send(method, path, &json!({"Items": [body]})).await;
        assert_eq!(reply.status, status, "{name}: {}", reply.text);
        assert!(reply.text.contains(part), "{name}: {}", reply.text);
    }
    assert!(bench.client.get("Items/SEAT?unitdp=4").await.text.contains("18.7125"));
    assert!(bench.client.get("Items/SEAT").await.text.contains("\"UnitPrice\":18.71"));
    let list = bench.client.get("Items?page=2&pageSize=1").await.json();
    assert_eq!(list["Items"].as_array().unwrap().len(), 2, "items have no paging");
    assert_eq!(list.get("pagination"), None);
    assert_eq!(bench.xero.state().items()[0].sales.unit_price, Some(Decimal::new(187_125, 4)));
    assert_eq!(bench.client.try_call("DELETE", "Items/SEAT2", None, None).await.unwrap().status, 204);
    assert_eq!(bench.client.get("Items/SEAT2").await.status, 404);
}

#[tokio::test]
async fn settings() {
    let bench = bench().await;
    bench.xero.state().add_tracking_category("Vendor", &["Acme", "Other"]);
    bench.xero.state().enable_currency("USD");
    for (path, part) in [
        ("Accounts", "\"SystemAccount\":\"ROUNDING\""),
        ("Accounts?where=Class%3D%3D%22REVENUE%22", "\"Code\":\"260\""),
        ("Accounts/200", "\"Name\":\"Sales\""),
        ("TaxRates", "\"EffectiveRate\":15"),
        ("TaxRates?where=CanApplyToRevenue%3D%3Dfalse", "INPUT2"),
        ("Currencies", "\"Code\":\"USD\""),
        ("Organisation", "\"DefaultSalesTax\":\"OUTPUT2\""),
        ("TrackingCategories", "\"Name\":\"Acme\""),
        ("BrandingThemes", "\"SortOrder\":0"),
    ] {
        let reply = bench.client.get(path).await;
        assert_eq!(reply.status, 200, "{path}: {}", reply.text);
        assert!(reply.text.contains(part), "{path}: {}", reply.text);
    }
    assert!(!bench.client.get("Accounts?where=Class%3D%3D%22REVENUE%22").await.text.contains("\"090\""));
    assert_eq!(bench.client.send("PUT", "TaxRates", &json!({})).await.status, 501);
}
