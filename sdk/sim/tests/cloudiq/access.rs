//! Signing in, being refused, and what is recorded of a client that does more than read.

use chrono::Duration;
use counterfoil_sim::cloudiq::{CloudIqConfig, CloudIqSim};
use counterfoil_sim::statements::{Budget, Grouping, StatementWorld, Violation};
use counterfoil_sim::{Fault, FaultKind, SimClock};
use reqwest::{Method, StatusCode};
use serde_json::json;

use crate::http::{FORM, Session, noon, small, token};

#[tokio::test]
async fn a_token_is_given_for_exactly_the_right_words() {
    let handle = small().await;
    let right = token(&handle, "sim-client-secret", FORM).await;
    assert_eq!(right.status, StatusCode::OK);
    let body = right.json();
    assert_eq!(
        (&body["ExpiresIn"], &body["TokenType"], &body["Error"]),
        (&json!(3600), &json!("Bearer"), &json!(null))
    );
    let table = [
        ("wrong", FORM.to_owned(), "invalid_client"),
        (
            "sim-client-secret",
            FORM.replace("grant_type=password", "grant_type=client_credentials"),
            "unsupported_grant_type",
        ),
        ("sim-client-secret", FORM.replace("sim-password", "other"), "invalid_grant"),
        ("sim-client-secret", FORM.replace("CustomerApi", "openid"), "invalid_scope"),
    ];
    for (secret, form, error) in table {
        let refused = token(&handle, secret, &form).await;
        assert_eq!((refused.status, &refused.json()["Error"]), (StatusCode::BAD_REQUEST, &json!(error)));
        assert_eq!(refused.json()["AccessToken"], json!(null));
    }
}

#[tokio::test]
async fn a_token_dies_with_time_calls_or_by_order() {
    let path = "/api/v1/Organizations";
    let handle = small().await;
    let session = Session::sign_in(&handle).await;
    assert_eq!(session.get(path).await.status, StatusCode::OK);
    handle.clock().advance(Duration::seconds(3_600));
    let late = session.get(path).await;
    assert_eq!(late.status, StatusCode::UNAUTHORIZED);
    assert_eq!(late.json()["ErrorCode"], json!("Unauthorized"));

    handle.switch(|switches| switches.token_calls = 2);
    let session = Session::sign_in(&handle).await;
    let mut seen = Vec::new();
    for _ in 0..3 {
        seen.push(session.get("/api/v1/CustomerTenants?PageSize=1").await.status.as_u16());
    }
    assert_eq!(seen, [200, 200, 401], "in the middle of a walk");

    handle.switch(|switches| switches.token_calls = 0);
    let session = Session::sign_in(&handle).await;
    handle.forget_tokens();
    assert_eq!(session.get(path).await.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn whoever_does_more_than_read_is_written_down() {
    let handle = small().await;
    let session = Session::sign_in(&handle).await;
    let wrong = [
        (Method::POST, "/api/v1/AgreementProducts"),
        (Method::POST, "/api/v1/Subscriptions"),
        (Method::PUT, "/api/v1/Subscriptions/30001"),
        (Method::DELETE, "/api/v1/CustomerTenants/21001"),
        (Method::PATCH, "/api/v1/billingstatements"),
    ];
    for (method, path) in wrong.clone() {
        assert_eq!(session.ask(method, path, "*/*").await.status, StatusCode::FORBIDDEN, "{path}");
    }
    let expected: Vec<Violation> = wrong
        .into_iter()
        .map(|(method, path)| Violation { method: method.to_string(), path: path[1..].to_lowercase() })
        .collect();
    assert_eq!(handle.violations(), expected);
}

#[tokio::test]
async fn refusals_have_the_vendors_shape() {
    let handle = small().await;
    let session = Session::sign_in(&handle).await;
    let table = [
        ("/api/v1/billingstatements/", StatusCode::BAD_REQUEST, "ValidationFailed"),
        ("/api/v1/billingstatements/?OrganizationId=x", StatusCode::BAD_REQUEST, "ValidationFailed"),
        ("/api/v1/billingstatements/?OrganizationId=4001&ProvisionType=9", StatusCode::BAD_REQUEST, "ValidationFailed"),
        ("/api/v1/billingstatements/?OrganizationId=4001&From=May", StatusCode::BAD_REQUEST, "ValidationFailed"),
        ("/api/v1/Organizations?PageSize=0", StatusCode::BAD_REQUEST, "ValidationFailed"),
        ("/api/v1/billingstatements/1/billingrecordsfile", StatusCode::NOT_FOUND, "NotFound"),
        ("/api/v1/Nothing", StatusCode::NOT_FOUND, "NotFound"),
        ("/elsewhere", StatusCode::NOT_FOUND, "NotFound"),
    ];
    for (path, status, code) in table {
        let answer = session.get(path).await;
        let body = answer.json();
        assert_eq!((answer.status, &body["ErrorCode"]), (status, &json!(code)), "{path}");
        assert!(body["Message"].is_string() && body["Parameters"].is_object() && body["ObjectErrors"].is_array());
    }
    // The base path in any case, with and without the last slash.
    for path in ["/api/v1/organizations", "/API/V1/Organizations/", "/api/v1/ORGANIZATIONS"] {
        assert_eq!(session.get(path).await.status, StatusCode::OK, "{path}");
    }
}

#[tokio::test]
async fn the_budget_and_faults_refuse() {
    let config = CloudIqConfig { budget: Some(Budget { calls_per_minute: 2 }), ..CloudIqConfig::default() };
    let world = StatementWorld::fixture(Grouping::Provisions);
    let handle = CloudIqSim::new(world, config, SimClock::fixed(noon())).start(None).await.unwrap();
    let session = Session::sign_in(&handle).await;
    let path = "/api/v1/Organizations";
    let mut seen = Vec::new();
    for _ in 0..4 {
        let answer = session.get(path).await;
        seen.push((answer.status.as_u16(), answer.headers.contains_key("retry-after")));
    }
    assert_eq!(seen, [(200, false), (200, false), (429, true), (429, false)]);
    handle.clock().advance(Duration::minutes(1));
    assert_eq!(session.get(path).await.status, StatusCode::OK);
    let body = "upstream".to_owned();
    handle.faults().inject(Fault::once("GET", "organ", FaultKind::Status { code: 503, headers: vec![], body }));
    handle.faults().inject(Fault::once(
        "GET",
        "Organ",
        FaultKind::Status { code: 502, headers: vec![], body: String::new() },
    ));
    assert_eq!(session.get(path).await.status, StatusCode::BAD_GATEWAY);
    assert_eq!(session.get(path).await.status, StatusCode::OK);
    assert!(handle.violations().is_empty());
    // What a fault kept away never reached it.
    assert_eq!(handle.log().count(|one| one.path == path), 6);
}
