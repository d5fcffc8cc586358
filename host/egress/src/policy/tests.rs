//! What is refused and by which rule; what passes.

use std::time::Duration;

use counterfoil_domain::card::{Allowed, Budgets, EffectKind, Egress};
use counterfoil_domain::connection::Exceptions;
use counterfoil_domain::id::ConnectionId;
use counterfoil_domain::ports::{Call, Caller, Route, Sending};
use counterfoil_domain::wire::Request;

use super::check;
use crate::base::Base;

pub(crate) fn route() -> Route {
    let door = |method: &str, path: &str, effect| Allowed { method: method.to_owned(), path: path.to_owned(), effect };
    Route {
        caller: Caller::Connection(ConnectionId::new("a")),
        base_url: "https://api.example.com/v2/".to_owned(),
        discovery: None,
        egress: Egress {
            base_url: String::new(),
            discovery: None,
            allow: vec![
                door("GET", "/Contacts", EffectKind::Read),
                door("GET", "/Contacts/{id}", EffectKind::Read),
                door("PUT", "/Contacts", EffectKind::Write),
                door("POST", "/Search", EffectKind::Read),
                door("GET", "/Any/{a}/{b}", EffectKind::Read),
            ],
            request_headers: vec![
                "Accept".to_owned(),
                "Content-Type".to_owned(),
                "Authorization".to_owned(),
                "Cookie".to_owned(),
                "X-Note".to_owned(),
                "Acme-Tenant-Id".to_owned(),
                "X-Key".to_owned(),
                "Proxy-Authorization".to_owned(),
            ],
            response_headers: Vec::new(),
            max_response_bytes: 1000,
            timeout: Duration::from_secs(5),
        },
        auth: None,
        static_headers: vec![("X-Static".to_owned(), "set".to_owned())],
        budgets: Budgets {
            concurrency: 1,
            limits: Vec::new(),
            retry_after_header: "Retry-After".to_owned(),
            problem_header: None,
        },
        app: "x".to_owned(),
        exceptions: Exceptions::default(),
        auth_parameters: Vec::new(),
    }
}

fn call(sending: Sending, method: &str, path: &str, headers: &[(&str, &str)]) -> Call {
    Call {
        caller: Caller::Connection(ConnectionId::new("a")),
        sending,
        request: Request {
            operation: "op".to_owned(),
            method: method.to_owned(),
            path: path.to_owned(),
            query: Vec::new(),
            headers: headers.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect(),
            body: Vec::new(),
        },
        timeout: Duration::from_secs(5),
    }
}

fn rule(call: &Call) -> String {
    let route = route();
    let base = Base::parse(&route.base_url, &route.exceptions).unwrap();
    match check(&route, &base, &["X-Static".to_owned(), "X-Key".to_owned()], call) {
        Ok(outgoing) => outgoing.url.to_string(),
        Err(refusal) => {
            assert!(refusal.message.contains("nothing was sent"), "{}", refusal.message);
            refusal.rule
        }
    }
}

#[test]
fn paths() {
    for (path, expected) in [
        ("/Contacts", "https://api.example.com/v2/Contacts"),
        ("/Contacts/7", "https://api.example.com/v2/Contacts/7"),
        ("/Contacts/a%20b", "https://api.example.com/v2/Contacts/a%20b"),
        ("/Contacts/a%40b", "https://api.example.com/v2/Contacts/a%40b"),
        ("/Contacts/100%25", "https://api.example.com/v2/Contacts/100%25"),
        ("/Contacts/a.b", "https://api.example.com/v2/Contacts/a.b"),
        ("/Contacts/...", "https://api.example.com/v2/Contacts/..."),
        ("", "path-not-rooted"),
        ("Contacts", "path-not-rooted"),
        ("https://evil.test/Contacts", "path-not-rooted"),
        ("@evil.test/Contacts", "path-not-rooted"),
        ("//evil.test/Contacts", "path-names-host"),
        ("/Contacts//7", "path-names-host"),
        ("/@evil.test", "path-names-host"),
        ("/Contacts/me@evil.test", "path-names-host"),
        ("/\\evil.test", "path-names-host"),
        ("\\\\evil.test", "path-not-rooted"),
        ("/Contacts/..", "path-climbs"),
        ("/Contacts/.", "path-climbs"),
        ("/Any/../Contacts", "path-climbs"),
        ("/Any/..;/Contacts", "path-climbs"),
        ("/Any/..;x=1/Contacts", "path-climbs"),
        ("/Any/%2e%2e/Contacts", "path-climbs"),
        ("/Any/.%2E/Contacts", "path-climbs"),
        ("/Any/%252e%252e/Contacts", "path-climbs"),
        ("/Any/%25252e%25252e/Contacts", "path-climbs"),
        ("/Contacts/%2e", "path-climbs"),
        ("/Contacts/a%2fb", "path-encoded-separator"),
        ("/Contacts/a%2Fb", "path-encoded-separator"),
        ("/Contacts/a%252Fb", "path-encoded-separator"),
        ("/Contacts/a%5cb", "path-encoded-separator"),
        ("/Contacts/a%5Cb", "path-encoded-separator"),
        ("/Contacts/a%00", "path-control-character"),
        ("/Contacts/a%0d%0aX:1", "path-control-character"),
        ("/Contacts/a%250a", "path-control-character"),
        ("/Contacts/a\r\nHost: evil.test", "path-control-character"),
        ("/Contacts/a\t", "path-control-character"),
        ("/Contacts/a\u{7f}", "path-control-character"),
        ("/Contacts?x=1", "path-has-query"),
        ("/Contacts#x", "path-has-query"),
        ("/Contacts/a b", "path-not-plain"),
        ("/Contacts/ä", "path-not-plain"),
        ("/Contacts/\"", "path-not-plain"),
        ("/Contacts/<x>", "path-not-plain"),
        ("/Contacts/%", "path-bad-encoding"),
        ("/Contacts/%4", "path-bad-encoding"),
        ("/Contacts/%zz", "path-bad-encoding"),
        ("/Contacts/%+1", "path-bad-encoding"),
        ("/Contacts/7/8", "path-not-on-card"),
        ("/Contacts/", "path-not-on-card"),
        ("/contacts", "path-not-on-card"),
        ("/Invoices", "path-not-on-card"),
        ("/", "path-not-on-card"),
        ("/v2/Contacts", "path-not-on-card"),
    ] {
        assert_eq!(rule(&call(Sending::Read, "GET", path, &[])), expected, "{path:?}");
    }
    assert_eq!(rule(&call(Sending::Read, "GET", &format!("/Contacts/{}", "x".repeat(3000)), &[])), "path-too-long");
}

#[test]
fn doors_and_methods() {
    let write = || Sending::Write { idempotency: None };
    for (sending, method, path, expected) in [
        (Sending::Read, "get", "/Contacts", "https://api.example.com/v2/Contacts"),
        (write(), "PUT", "/Contacts", "https://api.example.com/v2/Contacts"),
        (Sending::Read, "POST", "/Search", "https://api.example.com/v2/Search"),
        (Sending::Read, "PUT", "/Contacts", "read-on-write-door"),
        (write(), "GET", "/Contacts", "write-on-read-door"),
        (write(), "POST", "/Search", "write-on-read-door"),
        (write(), "POST", "/Contacts", "path-not-on-card"),
        (Sending::Read, "HEAD", "/Contacts", "path-not-on-card"),
        (Sending::Read, "CONNECT", "/Contacts", "method-not-known"),
        (Sending::Read, "TRACE", "/Contacts", "method-not-known"),
        (Sending::Read, "OPTIONS", "/Contacts", "method-not-known"),
        (Sending::Read, "GET /Contacts HTTP/1.1\r\n", "/Contacts", "method-not-known"),
        (Sending::Read, "", "/Contacts", "method-not-known"),
    ] {
        assert_eq!(rule(&call(sending, method, path, &[])), expected, "{method} {path}");
    }
}

#[test]
fn headers() {
    for (name, value, expected) in [
        ("Accept", "application/json", "passes"),
        ("accept", "application/json", "passes"),
        ("X-Note", "grüße", "passes"),
        ("X-Other", "1", "header-not-allowed"),
        ("Range", "bytes=0-", "header-not-allowed"),
        // On the card's list and refused all the same.
        ("Authorization", "Bearer x", "header-forbidden"),
        ("AUTHORIZATION", "Bearer x", "header-forbidden"),
        ("Cookie", "a=b", "header-forbidden"),
        ("Proxy-Authorization", "x", "header-forbidden"),
        ("Acme-Tenant-Id", "other", "header-forbidden"),
        ("xero-tenant-id", "other", "header-forbidden"),
        ("X-Key", "mine", "header-forbidden"),
        ("X-Static", "mine", "header-forbidden"),
        ("x-static", "mine", "header-forbidden"),
        ("Idempotency-Key", "mine", "header-forbidden"),
        ("Host", "evil.test", "header-forbidden"),
        (":authority", "evil.test", "header-forbidden"),
        ("Content-Length", "0", "header-forbidden"),
        ("Transfer-Encoding", "chunked", "header-forbidden"),
        ("Connection", "close", "header-forbidden"),
        ("Upgrade", "h2c", "header-forbidden"),
        ("TE", "trailers", "header-forbidden"),
        ("Expect", "100-continue", "header-forbidden"),
        ("X-Forwarded-Host", "evil.test", "header-forbidden"),
        ("X-Forwarded-For", "127.0.0.1", "header-forbidden"),
        ("Forwarded", "for=x", "header-forbidden"),
        ("X-HTTP-Method-Override", "DELETE", "header-forbidden"),
        ("X-Original-URL", "/admin", "header-forbidden"),
        ("X-Subscription-Key", "x", "header-forbidden"),
        ("X-Note", "a\r\nAuthorization: x", "header-malformed"),
        ("X-Note", "a\nb", "header-malformed"),
        ("X-Note", "a\0b", "header-malformed"),
        ("Accept\r\nX: y", "1", "header-not-allowed"),
        ("Authorization ", "x", "header-not-allowed"),
        ("", "x", "header-not-allowed"),
    ] {
        let sending = Sending::Write { idempotency: Some(("Idempotency-Key".to_owned(), "cf-1".to_owned())) };
        let got = rule(&call(sending, "PUT", "/Contacts", &[(name, value)]));
        let expected = if expected == "passes" { "https://api.example.com/v2/Contacts" } else { expected };
        assert_eq!(got, expected, "{name:?}: {value:?}");
    }
}

#[test]
fn the_host_adds_its_own_headers() {
    let route = route();
    let base = Base::parse(&route.base_url, &route.exceptions).unwrap();
    let sending = Sending::Write { idempotency: Some(("Idempotency-Key".to_owned(), "cf-1".to_owned())) };
    let outgoing = check(&route, &base, &[], &call(sending, "PUT", "/Contacts", &[("Accept", "a/b")])).unwrap();
    assert_eq!(outgoing.headers["idempotency-key"], "cf-1");
    assert_eq!(outgoing.headers["x-static"], "set");
    assert_eq!(outgoing.headers["accept"], "a/b");
    assert_eq!(outgoing.headers.len(), 3);
}

#[test]
fn a_refusal_names_the_line_that_would_allow_it() {
    let route = route();
    let base = Base::parse(&route.base_url, &route.exceptions).unwrap();
    let remedy = |call: &Call| check(&route, &base, &[], call).unwrap_err().remedy.unwrap_or_default();
    let missing = remedy(&call(Sending::Write { idempotency: None }, "post", "/Invoices/1f2e-33/Email", &[]));
    assert_eq!(missing, r#"{ method = "POST", path = "/Invoices/{id}/Email", effect = "write" },"#);
    assert!(
        remedy(&call(Sending::Read, "GET", "/Contacts", &[("X-New", "1")]))
            .ends_with(r#""Proxy-Authorization", "X-New"]"#)
    );
}

#[test]
fn queries_cannot_add_structure() {
    let base = Base::parse("https://api.example.com/v2", &Exceptions::default()).unwrap();
    let query = [("where".to_owned(), "Name==\"A&B\"#?/ ü+\r\n".to_owned()), ("a=b".to_owned(), String::new())];
    let url = base.join("/Contacts", &query).unwrap();
    assert_eq!(
        url.as_str(),
        "https://api.example.com/v2/Contacts?where=Name%3D%3D%22A%26B%22%23%3F%2F%20%C3%BC%2B%0D%0A&a%3Db="
    );
    let read: Vec<(String, String)> = url.query_pairs().map(|(n, v)| (n.into_owned(), v.into_owned())).collect();
    assert_eq!(read, query);
}
