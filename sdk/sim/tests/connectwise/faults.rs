//! What goes wrong on the way, seen from the client and from the books; and the control endpoints.

use std::time::Duration;

use counterfoil_sim::connectwise::Mood;
use counterfoil_sim::{Fault, FaultKind};
use serde_json::{Value, json};

use crate::support::{bench, day};

/// What the client saw.
#[derive(Debug, PartialEq, Eq)]
enum Seen {
    Nothing,
    Answer(u16),
    Unreadable,
}

#[tokio::test]
async fn every_fault_does_what_it_says() {
    // The fault, what the client sees, how many additions there are right after, and after a while.
    let table = [
        (FaultKind::LoseBefore, Seen::Nothing, 0, 0),
        (FaultKind::LoseDuring, Seen::Nothing, 1, 1),
        (FaultKind::LoseAfter, Seen::Nothing, 1, 1),
        (FaultKind::Reset, Seen::Nothing, 1, 1),
        (FaultKind::HalfBody, Seen::Nothing, 1, 1),
        (FaultKind::LateCommit(Duration::from_millis(300)), Seen::Nothing, 0, 1),
        (FaultKind::Malformed, Seen::Unreadable, 1, 1),
        (FaultKind::Slow(Duration::from_millis(50)), Seen::Answer(201), 1, 1),
        (Mood::Timeout.after_commit(), Seen::Answer(500), 1, 1),
        (Mood::PoolTimeout.after_commit(), Seen::Answer(500), 1, 1),
        (Mood::BadGateway.after_commit(), Seen::Unreadable, 1, 1),
        (Mood::Timeout.instead(), Seen::Answer(500), 0, 0),
        (Mood::NotABoolean.instead(), Seen::Answer(500), 0, 0),
        (Mood::Conflict.instead(), Seen::Answer(409), 0, 0),
        (Mood::TooMany(7).instead(), Seen::Answer(429), 0, 0),
        (Mood::TooManyMalformed.instead(), Seen::Answer(429), 0, 0),
        (Mood::TooManyHtml.instead(), Seen::Unreadable, 0, 0),
        (Mood::CannotRoute.instead(), Seen::Unreadable, 0, 0),
        (Mood::SslRequired.instead(), Seen::Answer(403), 0, 0),
    ];
    for (kind, wanted, soon, late) in table {
        let bench = bench().await;
        // A connection that is already open and used is the hard case.
        assert_eq!(bench.client.get("/system/info").await.status, 200);
        bench.cw.faults().inject(Fault::once("POST", "/additions", kind.clone()));
        let reply = bench.client.try_call("POST", &bench.additions(), Some(bench.body().to_string())).await;
        let seen = match &reply {
            Err(_) => Seen::Nothing,
            Ok(reply) if serde_json::from_str::<Value>(&reply.text).is_err() => Seen::Unreadable,
            Ok(reply) => Seen::Answer(reply.status),
        };
        assert_eq!(seen, wanted, "{kind:?}");
        if kind == FaultKind::LoseDuring {
            // It may still be at it.
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        assert_eq!(bench.cw.state().all_additions().len(), soon, "{kind:?}");
        if soon != late {
            tokio::time::sleep(Duration::from_millis(600)).await;
        }
        assert_eq!(bench.cw.state().all_additions().len(), late, "{kind:?}");
        assert_eq!(bench.cw.faults().hits().len(), 1, "{kind:?}");
        let logged = bench.cw.log().count(|exchange| exchange.method == "POST");
        assert_eq!(logged, late, "what was processed is recorded, lost answer or not: {kind:?}");
        // Nothing keeps the same body from being taken twice: there is no key.
        bench.created(&json!({})).await;
        assert_eq!(bench.cw.state().all_additions().len(), late + 1, "{kind:?}");
    }
}

#[tokio::test]
async fn bad_days_say_what_they_were_heard_to_say() {
    let bench = bench().await;
    for (mood, header, told) in [
        (Mood::TooMany(7), Some("7"), "\"error\":\"ConnectWiseAPI\""),
        (Mood::TooManyMalformed, Some("soon"), "\"error\":\"ConnectWiseAPI\""),
        (Mood::TooManyHtml, None, "<html>"),
        (Mood::Timeout, None, "A timeout has occured. Please try again."),
        (Mood::PoolTimeout, None, "Timeout expired. The timeout period elapsed prior to obtaining a connection"),
        (Mood::NotABoolean, None, "String was not recognized as a valid Boolean."),
    ] {
        bench.cw.faults().inject(Fault::once("GET", "/system/info", mood.instead()));
        let reply = bench.client.get("/system/info").await;
        assert_eq!(reply.header("Retry-After"), header, "{mood:?}");
        assert!(reply.text.contains(told), "{mood:?} {}", reply.text);
    }
}

#[tokio::test]
async fn other_processes_drive_it_by_control_paths() {
    let bench = bench().await;
    let root = bench.cw.root_url();
    let post = async |path: &str, body: Value| {
        let request = bench.client.http.post(format!("{root}{path}")).header("Content-Type", "application/json");
        request.body(body.to_string()).send().await.unwrap().status().as_u16()
    };
    let state = async || {
        let read = bench.client.http.get(format!("{root}/_sim/state")).send().await.unwrap().text().await.unwrap();
        serde_json::from_str::<Value>(&read).unwrap()
    };
    bench.created(&json!({"effectiveDate": "2026-11-16T00:00:00Z"})).await;
    bench.cw.state().set_prorate(bench.agreement, true);
    for (path, body, status) in [
        ("/_sim/rules", json!({"prorate_rounding": "per_unit"}), 204),
        ("/_sim/rules", json!({"prorate": 1}), 422),
        ("/_sim/invoice", json!({"up_to": "2026-11-01", "agreement": 999}), 204),
        ("/_sim/invoice", json!({"up_to": "soon"}), 400),
    ] {
        assert_eq!(post(path, body.clone()).await, status, "{path} {body}");
    }
    assert_eq!(state().await["invoices"], json!([]), "nobody's agreement");
    assert_eq!(post("/_sim/invoice", json!({"up_to": "2026-11-01"})).await, 204);
    let shown = state().await;
    assert_eq!((&shown["invoices"][0]["total"], &shown["invoices"][0]["lines"]), (&json!("18.75"), &json!(1)));
    assert_eq!((&shown["additions"][0]["quantity"], &shown["companies"]), (&json!("3"), &json!(1)));
    assert_eq!(post("/_sim/switches", json!({"ssl_required": true})).await, 204);
    assert_eq!(bench.client.get("/system/info").await.status, 403);
    assert_eq!(post("/_sim/switches", json!({"sl_required": true})).await, 422);
    assert_eq!(post("/_sim/switches", json!({"missing_roles": ["catalog_add"], "no_router": true})).await, 204);
    assert_eq!(bench.client.get("/system/info").await.status, 404);
    assert_eq!(post("/_sim/codebase", json!({"codebase": "v4_6_release/"})).await, 204);
    assert_eq!(bench.client.get("/system/info").await.status, 200);
    let log = serde_json::to_string(&bench.cw.log().entries()).unwrap();
    assert!(!log.contains(&crate::support::basic("acme+public", "private")), "no key in the log");
    let state = bench.cw.state();
    bench.cw.stop().await;
    assert!(bench.client.try_call("GET", "/system/info", None).await.is_err());
    assert_eq!(state.invoices()[0].date, day("2026-11-01"));
}
