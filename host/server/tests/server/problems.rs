//! Every refusal is a problem with all its members, and tells nothing that it should not.

use counterfoil_domain::failure::FailureClass;
use counterfoil_server::{Code, Role};
use serde_json::{Value, json};

use crate::client::send;
use crate::world::{World, bearer};

#[tokio::test]
async fn refusals_of_the_door_are_problems() {
    let world = World::new().await.with_connection("xero-main").await;
    let token = bearer(Role::Admin);
    let auth = ("Authorization", token.as_str());
    let json = ("Content-Type", "application/json");
    let huge = format!("{{\"connection\":\"{}\"}}", "x".repeat(2 * 1024 * 1024));
    type Case<'a> = (&'a str, &'a str, Vec<(&'a str, &'a str)>, Option<&'a str>, u16, &'a str);
    let cases: Vec<Case<'_>> = vec![
        ("GET", "/v1/nowhere", vec![auth], None, 404, "not-found"),
        ("GET", "/nowhere", vec![], None, 404, "not-found"),
        ("DELETE", "/v1/tasks", vec![auth], None, 405, "method-not-allowed"),
        ("POST", "/v1/summary", vec![auth, json], Some("{}"), 405, "method-not-allowed"),
        ("POST", "/v1/plans", vec![auth, json], Some("{"), 400, "bad-request"),
        ("POST", "/v1/plans", vec![auth], Some("{}"), 415, "not-json"),
        ("POST", "/v1/plans", vec![auth, ("Content-Type", "text/plain")], Some("{}"), 415, "not-json"),
        ("POST", "/v1/plans", vec![auth, json], Some("{}"), 422, "invalid"),
        ("POST", "/v1/plans", vec![auth, json], Some("{\"connection\":\"xero-main\",\"colour\":1}"), 422, "invalid"),
        ("POST", "/v1/plans", vec![auth, json], Some(&huge), 413, "too-large"),
        ("GET", "/v1/tasks?colour=red", vec![auth], None, 400, "bad-request"),
        ("GET", "/v1/tasks?state=redy", vec![auth], None, 422, "invalid"),
        ("GET", "/v1/tasks?reason=zero", vec![auth], None, 422, "invalid"),
        ("GET", "/v1/tasks?limit=0", vec![auth], None, 422, "invalid"),
        ("GET", "/v1/tasks?limit=501", vec![auth], None, 422, "invalid"),
        ("GET", "/v1/tasks?limit=-1", vec![auth], None, 400, "bad-request"),
        ("GET", "/v1/tasks?after=garbage", vec![auth], None, 422, "invalid"),
        ("GET", "/v1/runs?after=run_x", vec![auth], None, 422, "invalid"),
        ("GET", "/v1/tasks/task_x", vec![auth], None, 404, "not-found"),
        ("GET", "/v1/tasks/%00", vec![auth], None, 404, "not-found"),
        ("GET", "/v1/tasks/%ff", vec![auth], None, 404, "not-found"),
        ("GET", "/v1/links?connection=nothing", vec![auth], None, 404, "not-found"),
        ("GET", "/v1/links?connection=xero-main&kind=itm", vec![auth], None, 422, "invalid"),
        ("GET", "/v1/links?connection=xero-main&state=lost", vec![auth], None, 422, "invalid"),
        ("GET", "/v1/plans/p", vec![auth], None, 404, "not-found"),
        ("GET", "/v1/runs/r", vec![auth], None, 404, "not-found"),
        ("GET", "/v1/runs/r/events", vec![auth], None, 404, "not-found"),
        ("GET", "/v1/plugins/quickbooks", vec![auth], None, 404, "not-found"),
        ("POST", "/v1/connections/xero-main/check", vec![auth, ("Idempotency-Key", "")], None, 400, "bad-request"),
    ];
    for (method, path, headers, body, status, code) in cases {
        let reply = send(world.address, method, path, &headers, body).await;
        assert_eq!((reply.status, reply.problem().as_str()), (status, code), "{method} {path}: {}", reply.body);
    }
}

#[tokio::test]
async fn a_near_word_is_suggested() {
    let world = World::new().await;
    let reply = world.get("/v1/tasks?state=redy").await;
    assert!(reply.json()["detail"].as_str().unwrap().contains("did you mean \"ready\"?"), "{}", reply.body);
}

#[tokio::test]
async fn details_read_as_sentences() {
    let world = World::new().await;
    for (path, detail) in [
        ("/v1/nowhere", "There is no page and no API route at this address. Nothing was changed. See"),
        ("/v1/tasks?reason=zero-amout", "did you mean \"zero-amount\"? Nothing was changed."),
        ("/v1/tasks?limit=0", "limit: 0 is not between 1 and 500. Nothing was changed."),
    ] {
        let reply = world.get(path).await;
        assert!(reply.json()["detail"].as_str().unwrap().contains(detail), "{}", reply.body);
    }
    let reply = world.post("/v1/tasks/unignore", &json!({})).await;
    assert!(reply.json()["detail"].as_str().unwrap().starts_with("give either tasks"), "{}", reply.body);
}

/// A read that failed wrote nothing; a write whose answer was lost is uncertain, never "failed".
#[tokio::test]
async fn what_a_target_says_becomes_the_right_problem() {
    let world = World::new().await.with_connection("xero-main").await;
    let expected = |class: FailureClass, writes: bool| match class {
        // Forbidden is no matter of signing in again: the account, or the card, does not allow it.
        FailureClass::Rejected
        | FailureClass::Conflict
        | FailureClass::NotFound
        | FailureClass::Unsupported
        | FailureClass::Forbidden => (422, "target-refused", "none"),
        FailureClass::Auth => (502, "target-sign-in", "none"),
        FailureClass::Throttled => (429, "target-throttled", "none"),
        FailureClass::Transient => (502, "target-unavailable", "none"),
        FailureClass::UnknownOutcome | FailureClass::Internal if writes => (502, "target-uncertain", "uncertain"),
        FailureClass::UnknownOutcome | FailureClass::Internal => (502, "target-unavailable", "none"),
    };
    type Expected = (u16, &'static str, &'static str);
    let mut cases: Vec<(&str, Expected, Expected)> =
        FailureClass::ALL.iter().map(|class| (class.name(), expected(*class, false), expected(*class, true))).collect();
    cases.push(("trap", (502, "target-unavailable", "none"), (502, "target-uncertain", "uncertain")));
    for (name, reading, writing) in cases {
        let read = world
            .call(Role::Biller, "GET", &format!("/v1/connections/xero-main/search?kind=party&query={name}"), None)
            .await;
        let write = world.post("/v1/connections/xero-main/entities", &json!({ "kind": "party", "name": name })).await;
        for (reply, (status, code, outcome)) in [(read, reading), (write, writing)] {
            assert_eq!((reply.status, reply.problem().as_str()), (status, code), "{name}: {}", reply.body);
            assert_eq!(reply.json()["outcome"], outcome, "{name}");
            assert_eq!(reply.header("retry-after").is_some(), status == 429, "{name}");
        }
    }
}

#[tokio::test]
async fn every_answer_is_dressed() {
    let world = World::with(true).await;
    for path in ["/healthz", "/login", "/assets/style.css", "/nowhere", "/v1/tasks"] {
        let reply = send(world.address, "GET", path, &[], None).await;
        let policy = reply.header("content-security-policy").unwrap();
        assert!(policy.starts_with("default-src 'none'") && !policy.contains("unsafe"), "{policy}");
        for (name, value) in [
            ("x-content-type-options", "nosniff"),
            ("x-frame-options", "DENY"),
            ("referrer-policy", "no-referrer"),
            ("cross-origin-opener-policy", "same-origin"),
            ("strict-transport-security", "max-age=63072000"),
        ] {
            assert_eq!(reply.header(name), Some(value), "{path}");
        }
        assert!(reply.header("x-request-id").is_some_and(|id| id.starts_with("req_")), "{path}");
        assert!(reply.header("cache-control").is_some(), "{path}");
    }
}

#[test]
fn codes_have_one_name_each() {
    let names: std::collections::BTreeSet<&str> = Code::ALL.iter().map(|code| code.name()).collect();
    assert_eq!(names.len(), Code::ALL.len());
    for code in Code::ALL {
        assert!(code.status().is_client_error() || code.status().is_server_error(), "{}", code.name());
    }
}

/// A broken body must not be echoed where it could hold a secret.
#[tokio::test]
async fn a_secret_of_the_wrong_type_is_not_echoed() {
    let world = World::new().await;
    let body: Value = json!({ "marketplace": { "m": { "reseller": "r", "kind": "file", "location": "/d",
        "secrets": { "pin": 48151623 } } } });
    let reply = world.call(Role::Operator, "POST", "/v1/setup", Some(&body)).await;
    assert_eq!(reply.problem(), "setup-invalid");
    assert!(!reply.body.contains("48151623"), "{}", reply.body);
}

#[tokio::test]
async fn a_panic_is_a_problem_that_tells_nothing_and_the_server_goes_on() {
    let world = World::new().await.with_connection("panics").await;
    for _ in 0..2 {
        let reply = world.call(Role::Operator, "POST", "/v1/connections/panics/test", None).await;
        assert_eq!((reply.status, reply.problem().as_str()), (500, "internal"));
        assert_eq!(reply.json()["outcome"], "uncertain");
        assert!(!reply.body.contains("secret"), "{}", reply.body);
        assert!(reply.header("content-security-policy").is_some());
    }
}

/// Values that nobody should send.
const ODD_VALUES: &[&str] = &[
    "\"\"",
    "\"\\u0000\"",
    "\"\u{202e}x\"",
    "\"xero-main\"",
    "\"99999-99-99\"",
    "1e400",
    "-1",
    "1.5",
    "null",
    "true",
    "[]",
    "[null]",
    "{}",
    "{\"a\":{}}",
];

/// Fields that some route knows.
const FIELDS: &[&str] = &[
    "connection",
    "plans",
    "tasks",
    "kind",
    "source",
    "state",
    "target",
    "text",
    "until",
    "reason",
    "filter",
    "name",
    "price",
    "currency",
    "accept",
    "reseller",
    "marketplace",
];

/// Whatever is sent anywhere, the answer is not a server's error, and every refusal is a problem.
#[tokio::test]
async fn odd_requests_never_break_the_server() {
    let world = World::new().await.with_connection("xero-main").await;
    world.every_state().await;
    let task = world.get("/v1/tasks?state=ready").await.json()["tasks"][0]["id"].as_str().unwrap().to_owned();
    let deep = "[".repeat(5000);
    let mut bodies = vec![String::new(), deep, "null".into(), "[]".into(), "\"x\"".into(), "{\"a\":1,\"a\":2}".into()];
    for name in FIELDS {
        bodies.extend(ODD_VALUES.iter().map(|value| format!("{{\"connection\":\"xero-main\",\"{name}\":{value}}}")));
    }
    let token = bearer(Role::Admin);
    let headers = [("Authorization", token.as_str()), ("Content-Type", "application/json")];
    let writes = counterfoil_server::ROUTES.iter().filter(|rule| rule.method != "GET" && rule.path.starts_with("/v1/"));
    for rule in writes {
        let id = if rule.path.starts_with("/v1/tasks") { task.as_str() } else { "xero-main" };
        for body in &bodies {
            let reply = send(world.address, rule.method, &rule.path.replace("{id}", id), &headers, Some(body)).await;
            assert!(reply.status < 500, "{} {} {body}: {}", rule.method, rule.path, reply.body);
            if reply.status >= 400 {
                reply.problem();
            }
        }
    }
    let odd = ["%00", "%ff", "%2e%2e", "a%2fb", "%F0%9F%92%B8", "'%20or%201=1--", "99999999999999999999", "-"];
    for rule in counterfoil_server::ROUTES.iter().filter(|rule| rule.method == "GET") {
        for value in odd {
            let path = rule.path.replace("{id}", value).replace("{digest}", value).replace("{place}", value);
            for query in
                ["limit", "after", "state", "kind", "query", "connection", "text", "caller", "reseller", "nothing"]
            {
                let reply = send(world.address, "GET", &format!("{path}?{query}={value}"), &headers[..1], None).await;
                assert!(reply.status < 500, "GET {path}?{query}={value}: {}", reply.body);
                // Where targets send people back to, and the pages: people read them.
                let is_page = matches!(rule.access, counterfoil_server::Access::Page(_));
                if is_page && reply.status >= 400 {
                    assert_eq!(reply.header("content-type"), Some("text/html; charset=utf-8"), "GET {path}");
                } else if rule.path == "/oauth/callback" {
                    assert_eq!(reply.header("content-type"), Some("text/html; charset=utf-8"));
                } else if reply.status >= 400 && !is_page {
                    reply.problem();
                }
            }
        }
    }
}
