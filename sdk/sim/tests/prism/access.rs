//! Signing in, being refused, and what is recorded of a client that does more than read.

use chrono::Duration;
use counterfoil_sim::prism::{PrismConfig, PrismSim};
use counterfoil_sim::statements::{Budget, Grouping, StatementWorld, Violation};
use counterfoil_sim::{Fault, FaultKind, SimClock};
use reqwest::{Method, StatusCode};
use serde_json::json;

use crate::http::{FORM, Session, client, noon, send, small, token};

#[tokio::test]
async fn a_token_is_given_for_exactly_the_right_words() {
    let handle = small().await;
    let right = token(&handle, FORM).await;
    assert_eq!(right.status, StatusCode::OK);
    assert_eq!((&right.json()["expires_in"], &right.json()["token_type"]), (&json!(3600), &json!("Bearer")));
    for (from, to, error) in [
        ("client_credentials", "password", "unsupported_grant_type"),
        ("sim-client&", "other&", "invalid_client"),
        ("sim-client-secret", "other", "invalid_client"),
        ("rhipeapi", "openid", "invalid_scope"),
    ] {
        let refused = token(&handle, &FORM.replace(from, to)).await;
        assert_eq!((refused.status, refused.json()), (StatusCode::BAD_REQUEST, json!({ "error": error })), "{from}");
    }
}

#[tokio::test]
async fn tokens_end_budgets_are_spent_and_faults_hit() {
    let config = PrismConfig { budget: Some(Budget { calls_per_minute: 2 }), ..PrismConfig::default() };
    let world = StatementWorld::fixture(Grouping::Invoices);
    let handle = PrismSim::new(world, config, SimClock::fixed(noon())).start(None).await.unwrap();
    let session = Session::sign_in(&handle).await;
    let mut seen = Vec::new();
    for _ in 0..4 {
        let answer = session.get("/api/v2/invoices").await;
        seen.push((answer.status.as_u16(), answer.headers.contains_key("retry-after")));
    }
    assert_eq!(seen, [(200, false), (200, false), (429, true), (429, false)]);
    handle.clock().advance(Duration::seconds(3_600));
    assert_eq!(session.get("/api/v2/invoices").await.status, StatusCode::UNAUTHORIZED);
    let session = Session::sign_in(&handle).await;
    handle.forget_tokens();
    assert_eq!(session.get("/api/v1/me").await.status, StatusCode::UNAUTHORIZED);
    handle.clock().advance(Duration::seconds(60));
    let session = Session::sign_in(&handle).await;
    handle.switch(|switches| switches.token_calls = 1);
    let kind = FaultKind::Status { code: 502, headers: Vec::new(), body: String::new() };
    handle.faults().inject(Fault::once("GET", "/api/v1/me", kind));
    let mut seen = Vec::new();
    for _ in 0..3 {
        seen.push(session.get("/api/v1/me").await.status.as_u16());
    }
    assert_eq!(seen, [502, 200, 401]);
}

#[tokio::test]
async fn whoever_does_more_than_read_is_written_down() {
    let handle = small().await;
    let session = Session::sign_in(&handle).await;
    for (method, path) in [(Method::POST, "/api/v2/customers"), (Method::PATCH, "/api/v2/microsoftcsp/subscriptions/1")]
    {
        assert_eq!(session.ask(method, path).await.status, StatusCode::FORBIDDEN, "{path}");
    }
    let recorded = vec![
        Violation { method: "POST".to_owned(), path: "api/v2/customers".to_owned() },
        Violation { method: "PATCH".to_owned(), path: "api/v2/microsoftcsp/subscriptions/1".to_owned() },
    ];
    assert_eq!(handle.violations(), recorded);
    let shown = send(client().get(format!("{}/_sim/violations", handle.origin()))).await.json();
    assert_eq!(shown, json!(recorded));
}

#[tokio::test]
async fn what_is_not_there_is_said_so() {
    let handle = small().await;
    let session = Session::sign_in(&handle).await;
    for (path, status) in [
        ("/api/v2/nothing", 404),
        ("/api/v1/me/invoice/1/csv", 404),
        ("/api/v1/me/invoice/x/csv", 404),
        ("/api/v2/contractagreements/1/tenants", 404),
        ("/api/v2/microsoftcsp/tenants/nobody", 404),
        ("/api/v2/microsoftcsp/subscriptions/none", 404),
        ("/api/v2/me/pricing/5001/pricelist/2026/13/1/", 400),
        ("/api/v2/me/pricing/1/pricelist/2026/3/1/", 404),
        ("/api/v2/invoices?page=x", 400),
    ] {
        let answer = session.get(path).await;
        assert_eq!(answer.status.as_u16(), status, "{path}");
        assert!(answer.json()["Message"].is_string(), "{path}");
    }
}
