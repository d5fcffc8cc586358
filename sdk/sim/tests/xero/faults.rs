//! What goes wrong on the way, seen from the client and from the books; and the control endpoints.

use std::time::{Duration, Instant};

use counterfoil_sim::{Fault, FaultKind};
use serde_json::{Value, json};

use crate::support::{bench, invoices};

/// What the client saw.
#[derive(Debug, PartialEq, Eq)]
enum Seen {
    Nothing,
    Answer(u16),
    Unreadable,
}

#[tokio::test]
async fn every_fault_does_what_it_says() {
    let status = FaultKind::Status {
        code: 503,
        headers: vec![("Retry-After".to_owned(), "7".to_owned())],
        body: "gone".to_owned(),
    };
    // The fault, what the client sees, how many invoices the books have right after, and after a while.
    let table = [
        (FaultKind::LoseBefore, Seen::Nothing, 0, 0),
        (FaultKind::LoseDuring, Seen::Nothing, 1, 1),
        (FaultKind::LoseAfter, Seen::Nothing, 1, 1),
        (FaultKind::Reset, Seen::Nothing, 1, 1),
        (FaultKind::Drip(Duration::from_micros(50)), Seen::Answer(200), 1, 1),
        (FaultKind::HalfBody, Seen::Nothing, 1, 1),
        (status, Seen::Answer(503), 0, 0),
        (FaultKind::StatusAfterCommit { code: 502, body: String::new() }, Seen::Answer(502), 1, 1),
        (FaultKind::Slow(Duration::from_millis(150)), Seen::Answer(200), 1, 1),
        (FaultKind::LateCommit(Duration::from_millis(300)), Seen::Nothing, 0, 1),
        (FaultKind::Malformed, Seen::Unreadable, 1, 1),
        (FaultKind::EmptyList, Seen::Answer(200), 1, 1),
    ];
    for (kind, wanted, soon, late) in table {
        let bench = bench().await;
        // A connection that is already open and used is the hard case.
        assert_eq!(bench.client.get("Organisation").await.status, 200);
        bench.xero.faults().inject(Fault::once("PUT", "/Invoices", kind.clone()));
        let body = invoices([bench.invoice(json!({}))]).to_string();
        let reply = bench.client.try_call("PUT", "Invoices", Some("k"), Some(body.clone())).await;
        let seen = match &reply {
            Err(_) => Seen::Nothing,
            Ok(reply) if reply.status == 200 && serde_json::from_str::<Value>(&reply.text).is_err() => Seen::Unreadable,
            Ok(reply) => Seen::Answer(reply.status),
        };
        assert_eq!(seen, wanted, "{kind:?}");
        if kind == FaultKind::LoseDuring {
            // It may still be at it.
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        assert_eq!(bench.xero.state().documents().len(), soon, "{kind:?}");
        if let (FaultKind::EmptyList, Ok(reply)) = (&kind, &reply) {
            assert_eq!(reply.json()["Invoices"], json!([]));
        }
        if let (FaultKind::Status { .. }, Ok(reply)) = (&kind, &reply) {
            assert_eq!((reply.header("Retry-After"), reply.text.as_str()), (Some("7"), "gone"));
        }
        if soon != late {
            tokio::time::sleep(Duration::from_millis(600)).await;
        }
        assert_eq!(bench.xero.state().documents().len(), late, "{kind:?}");
        assert_eq!(bench.xero.faults().hits().len(), 1, "{kind:?}");
        let logged = bench.xero.log().count(|exchange| exchange.method == "PUT");
        assert_eq!(logged, late, "what the vendor processed is recorded, lost answer or not: {kind:?}");
        // The same key again ends with exactly one document, whatever happened.
        let again = bench.client.try_call("PUT", "Invoices", Some("k"), Some(body)).await.unwrap();
        assert_eq!((again.status, bench.xero.state().documents().len()), (200, 1), "{kind:?}");
    }
}

#[tokio::test]
async fn slow_is_slow_but_committed() {
    let bench = bench().await;
    bench.xero.faults().inject(Fault::once("PUT", "/Invoices", FaultKind::Slow(Duration::from_millis(400))));
    let body = invoices([bench.invoice(json!({}))]);
    let started = Instant::now();
    let given_up = tokio::time::timeout(Duration::from_millis(150), bench.client.send("PUT", "Invoices", &body)).await;
    assert!(given_up.is_err() && started.elapsed() < Duration::from_millis(350));
    assert_eq!(bench.xero.state().documents().len(), 1);
}

#[tokio::test]
async fn skip_times_method_and_path_choose_the_request() {
    let bench = bench().await;
    let fault = Fault {
        method: None,
        path_contains: "/Contacts?page=2".to_owned(),
        skip: 1,
        times: 2,
        kind: FaultKind::Status { code: 500, headers: Vec::new(), body: String::new() },
    };
    bench.xero.faults().inject(fault);
    let mut statuses = Vec::new();
    for path in ["Contacts?page=1", "Contacts?page=2", "Contacts?page=2", "Contacts?page=2", "Contacts?page=2"] {
        statuses.push(bench.client.get(path).await.status);
    }
    assert_eq!(statuses, [200, 200, 500, 500, 200]);
    bench.xero.faults().inject(Fault::once("POST", "", FaultKind::LoseBefore));
    assert_eq!(bench.client.get("Contacts").await.status, 200, "another method");
    bench.xero.faults().clear();
    let body = json!({"Contacts": [{"Name": "N"}]});
    assert_eq!(bench.client.send("POST", "Contacts", &body).await.status, 200, "cleared");
}

#[tokio::test]
async fn stopping_closes_open_connections() {
    let bench = bench().await;
    assert_eq!(bench.client.get("Organisation").await.status, 200);
    let (xero, client) = (bench.xero, bench.client);
    let state = xero.state();
    xero.stop().await;
    assert!(client.try_call("GET", "Organisation", None, None).await.is_err());
    assert_eq!(state.contacts().len(), 1);
}

#[tokio::test]
async fn other_processes_drive_it_by_control_paths() {
    let bench = bench().await;
    let root = bench.xero.root_url();
    let http = &bench.client.http;
    let post = |path: &str, body: Value| {
        http.post(format!("{root}{path}")).header("Content-Type", "application/json").body(body.to_string()).send()
    };
    let faults = json!([
        {"method": "GET", "path_contains": "/Items", "kind": "status", "code": 418},
        {"path_contains": "/Items", "kind": "lose_after"},
        {"path_contains": "/Items", "kind": "slow", "milliseconds": 1, "times": 3, "skip": 1},
    ]);
    assert_eq!(post("/_sim/faults", faults).await.unwrap().status(), 204);
    assert_eq!(bench.client.get("Items").await.status, 418);
    assert!(bench.client.try_call("GET", "Items", None, None).await.is_err());
    assert_eq!(post("/_sim/faults", json!({"kind": "no_such"})).await.unwrap().status(), 422);
    assert_eq!(http.delete(format!("{root}/_sim/faults")).send().await.unwrap().status(), 204);
    assert_eq!(bench.client.get("Items").await.status, 200);

    bench.created(json!({"InvoiceNumber": "S"})).await;
    let read = |path: &str| {
        let request = http.get(format!("{root}{path}"));
        async move { serde_json::from_str::<Value>(&request.send().await.unwrap().text().await.unwrap()).unwrap() }
    };
    let state = read("/_sim/state").await;
    assert_eq!(
        (state[0]["totals"]["NZD"].as_str(), state[0]["documents"][0]["number"].as_str()),
        (Some("40.00"), Some("S"))
    );
    let log = read("/_sim/log").await;
    let shown = log.to_string();
    assert!(shown.contains("Bearer") || !shown.contains(&bench.client.token), "no token in the log");
    assert!(!shown.contains(&format!("Bearer {}", bench.client.token)) && shown.contains("[\"authorization\",\"…\"]"));
    let clock = post("/_sim/clock", json!({"advance_seconds": 1800})).await.unwrap().text().await.unwrap();
    assert!(clock.contains("2026-11-15T12:30:00"), "{clock}");
    assert_eq!(bench.client.get("Items").await.status, 401, "the token has expired by now");
}

#[tokio::test]
async fn switches_are_set_from_other_processes() {
    let bench = bench().await;
    let url = format!("{}/_sim/switches", bench.xero.root_url());
    let set = |body: Value| {
        let request = bench.client.http.post(&url).header("Content-Type", "application/json");
        request.body(body.to_string()).send()
    };
    for (body, status) in [
        (json!({"offline": "organisation"}), 503),
        (json!({"lie": {"stores_but_says_error": 502}}), 502),
        (json!({"lie": "fails_inside", "list_lag_seconds": 9}), 500),
        (json!({}), 200),
    ] {
        assert_eq!(set(body.clone()).await.unwrap().status(), 204);
        let reply = bench.client.send("PUT", "Items", &json!({"Items": [{"Code": status.to_string()}]})).await;
        assert_eq!(reply.status, status, "{body}");
    }
    assert_eq!(set(json!({"ofline": "organisation"})).await.unwrap().status(), 422);
}
