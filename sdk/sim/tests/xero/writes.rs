//! Batches, idempotency keys, and answers that lie.

use chrono::Duration;
use counterfoil_sim::SimClock;
use counterfoil_sim::xero::{AppMode, Lie, XeroConfig, XeroOrg, XeroSim};
use rust_decimal::Decimal;
use serde_json::{Value, json};

use crate::support::{Bench, Client, bench, form, generous, http, invoices, noon};

const ZERO: &str = "00000000-0000-0000-0000-000000000000";

fn mixed(bench: &Bench) -> Value {
    let good = |number: &str| bench.invoice(json!({"InvoiceNumber": number}));
    let bad = bench.invoice(json!({"InvoiceNumber": "BAD", "CurrencyCode": "EUR"}));
    invoices([good("G1"), bad, good("G2")])
}

#[tokio::test]
async fn summary_mode_hides_what_it_saved() {
    for path in ["Invoices", "Invoices?summarizeErrors=true"] {
        let bench = bench().await;
        let reply = bench.client.send("PUT", path, &mixed(&bench)).await;
        assert_eq!(reply.status, 400);
        let body = reply.json();
        assert_eq!(body["Elements"].as_array().unwrap().len(), 1, "only the failed element is listed");
        assert_eq!(
            (body["Elements"][0]["InvoiceNumber"].as_str(), body["Elements"][0]["InvoiceID"].as_str()),
            (Some("BAD"), Some(ZERO))
        );
        assert!(!reply.text.contains("G1") && !reply.text.contains("G2"));
        let numbers: Vec<String> = bench.xero.state().invoices().into_iter().map(|one| one.number).collect();
        assert_eq!(numbers, ["G1", "G2"], "the valid ones were saved all the same");
    }
}

#[tokio::test]
async fn element_mode_tells_each_apart() {
    let bench = bench().await;
    let reply = bench.client.send("PUT", "Invoices?summarizeErrors=false", &mixed(&bench)).await;
    assert_eq!(reply.status, 200);
    let list = reply.json()["Invoices"].clone();
    let told: Vec<(&str, &str, bool, bool)> = list
        .as_array()
        .unwrap()
        .iter()
        .map(|one| {
            let zero = one["InvoiceID"] == ZERO;
            (
                one["InvoiceNumber"].as_str().unwrap(),
                one["StatusAttributeString"].as_str().unwrap(),
                one["HasErrors"] == true,
                zero,
            )
        })
        .collect();
    assert_eq!(told, [("G1", "OK", false, false), ("BAD", "ERROR", true, true), ("G2", "OK", false, false)]);
    let contacts = json!({"Contacts": [{"Name": "New"}, {"Name": "Acme Ltd"}]});
    let reply = bench.client.send("PUT", "Contacts?summarizeErrors=false", &contacts).await.json();
    assert_eq!(reply["Contacts"][1]["HasValidationErrors"], true);
    assert_eq!(reply["Contacts"][1]["ContactID"], ZERO);
    let items = json!({"Items": [{"Code": "A"}, {"Code": "a"}]});
    let reply = bench.client.send("PUT", "Items?summarizeErrors=false", &items).await.json();
    assert_eq!(reply["Items"][1]["ItemID"], ZERO);
}

#[tokio::test]
async fn a_key_replays_for_six_minutes_from_the_first_call() {
    let bench = bench().await;
    let body = invoices([bench.invoice(json!({"Reference": "once"}))]);
    let first = bench.client.keyed("PUT", "Invoices", "k1", &body).await;
    assert_eq!(first.status, 200);
    // Each step of the clock, and how many documents there are after the same call again.
    for (step, documents) in [(0, 1), (300, 1), (59, 1), (1, 2), (1, 2)] {
        bench.xero.clock().advance(Duration::seconds(step));
        let again = bench.client.keyed("PUT", "Invoices", "k1", &body).await;
        assert_eq!(again.text == first.text, documents == 1, "{step}");
        assert_eq!(bench.xero.state().documents().len(), documents, "{step}");
    }
}

#[tokio::test]
async fn a_key_belongs_to_one_request() {
    let bench = bench().await;
    let body = invoices([bench.invoice(json!({}))]);
    let other = invoices([bench.invoice(json!({"Reference": "x"}))]);
    assert_eq!(bench.client.keyed("PUT", "Invoices", "k", &body).await.status, 200);
    for (method, path, body) in
        [("PUT", "Invoices", &other), ("POST", "Invoices", &body), ("PUT", "Invoices?unitdp=4", &body)]
    {
        let reply = bench.client.keyed(method, path, "k", body).await;
        let text = "Idempotency Key: k is used with a different request";
        assert_eq!((reply.status, reply.text.as_str()), (400, text), "{method} {path}");
    }
    let long = bench.client.keyed("PUT", "Invoices", &"k".repeat(129), &body).await;
    assert_eq!(long.status, 400);
    let read = bench.client.try_call("GET", "Invoices", Some("k"), None).await.unwrap();
    assert_eq!(read.status, 200, "reads do not look at keys");
    assert_eq!(bench.xero.state().documents().len(), 1);
}

#[tokio::test]
async fn errors_are_remembered_too() {
    let bench = bench().await;
    let state = bench.xero.state();
    let body = invoices([bench.invoice(json!({"CurrencyCode": "USD"}))]);
    let first = bench.client.keyed("PUT", "Invoices", "k", &body).await;
    assert_eq!(first.messages(), ["Organisation is not subscribed to currency USD"]);
    state.enable_currency("USD");
    assert_eq!(bench.client.keyed("PUT", "Invoices", "k", &body).await.text, first.text);
    state.switch(|switches| switches.lie = Some(Lie::FailsInside));
    assert_eq!(bench.client.keyed("PUT", "Invoices", "k2", &body).await.status, 500);
    state.switch(|switches| switches.lie = None);
    assert_eq!(bench.client.keyed("PUT", "Invoices", "k2", &body).await.status, 500, "the failure is replayed");
    assert!(state.documents().is_empty());
    assert_eq!(bench.client.keyed("PUT", "Invoices", "k3", &body).await.status, 200, "a new key executes");
    bench.xero.clock().advance(Duration::minutes(6));
    assert_eq!(bench.client.keyed("PUT", "Invoices", "k2", &body).await.status, 200);
    assert_eq!(state.documents().len(), 2);
}

#[tokio::test]
async fn ignored_keys_bill_twice() {
    let bench = bench().await;
    bench.xero.state().switch(|switches| switches.ignore_idempotency = true);
    let body = invoices([bench.invoice(json!({}))]);
    for _ in 0..2 {
        assert_eq!(bench.client.keyed("PUT", "Invoices", "k", &body).await.status, 200);
    }
    assert_eq!(bench.xero.state().documents().len(), 2);
}

#[tokio::test]
async fn keys_are_the_apps_not_the_organisations() {
    let orgs = vec![XeroOrg::new("t-1", "One", "NZ", "NZD"), XeroOrg::new("t-2", "Two", "NZ", "NZD")];
    let mode = AppMode::AuthorizationCode { codes: vec!["c".to_owned()] };
    let xero =
        XeroSim::new(XeroConfig { orgs, mode, ..generous() }, SimClock::fixed(noon())).start(None).await.unwrap();
    let app = Some(("sim-client", "sim-secret"));
    let granted = form(&xero.token_url(), app, &[("grant_type", "authorization_code"), ("code", "c")]).await;
    let token = granted.json()["access_token"].as_str().unwrap().to_owned();
    let body = json!({"Items": [{"Code": "A"}]});
    let mut answers = Vec::new();
    for tenant in ["t-1", "t-2"] {
        let tenant = Some(tenant.to_owned());
        let client = Client { http: http(), base: xero.base_url(), token: token.clone(), tenant };
        answers.push(client.keyed("PUT", "Items", "same", &body).await.text);
    }
    assert_eq!(answers[0], answers[1]);
    assert_eq!(xero.state().items().len(), 1);
    assert!(xero.state().tenant("t-2").unwrap().items().is_empty(), "the second organisation got nothing");
}

#[tokio::test]
async fn lies() {
    // The lie, the status told, how many documents there are, their net total.
    let table = [
        (Lie::StoresButSaysError(500), 500, 1, Decimal::from(40)),
        (Lie::StoresButSaysError(400), 400, 1, Decimal::from(40)),
        (Lie::SaysOkButStoresNothing, 200, 0, Decimal::ZERO),
        (Lie::StoresOtherAmount, 200, 1, Decimal::new(4001, 2)),
        (Lie::FailsInside, 500, 0, Decimal::ZERO),
    ];
    for (lie, status, documents, net) in table {
        let bench = bench().await;
        bench.xero.state().switch(|switches| switches.lie = Some(lie));
        let reply = bench.client.send("PUT", "Invoices", &invoices([bench.invoice(json!({}))])).await;
        assert_eq!(reply.status, status, "{lie:?}");
        if status == 200 {
            assert!(reply.text.contains("\"SubTotal\":40.00"), "{lie:?}: {}", reply.text);
        }
        let state = bench.xero.state();
        assert_eq!((state.documents().len(), state.net_total()), (documents, net), "{lie:?}");
        assert_eq!(bench.client.get("Invoices").await.status, 200, "reads do not lie");
    }
}
