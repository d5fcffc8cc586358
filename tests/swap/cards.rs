//! Which differences of two cards wait for a yes, one by one, on cards as publishers write them.

use counterfoil_domain::version::{Wider, is_newer, wider};
use counterfoil_runtime::manifest;

use crate::versions::card;

const DOOR: &str = "{ method = \"GET\", path = \"/me\", effect = \"read\" },";

/// The card that everything is held against: it has one of each thing that can grow.
fn base() -> String {
    let text = card()
        .replace("request_headers = [\"Accept\", \"Content-Type\"]", "request_headers = [\"Accept\"]\nresponse_headers = [\"Date\"]\ntimeout_ms = 5000")
        .replace("concurrency = 4", "concurrency = 4\nlimits = [{ scope = \"connection\", calls = 60, window_seconds = 60 }]")
        .replace("locate = \"reliable\"", "locate = \"reliable\"\nsettle_seconds = 30\nidempotency_header = \"Idempotency-Key\"\nidempotency_seconds = 300");
    let text =
        text.replace(DOOR, &format!("{DOOR}\n    {{ method = \"POST\", path = \"/search\", effect = \"read\" }},"));
    text + "\n[settings.branch]\ntype = \"string\"\nlabel = \"Branch\"\n"
}

#[test]
fn every_way_to_ask_for_more_has_its_name_and_its_sentence() {
    let before = manifest::parse(&base()).unwrap();
    let plus = |line: &str| format!("{DOOR}\n    {line},");
    let cases: Vec<(Wider, &str, String)> = vec![
        (Wider::Publisher, "publisher = \"Counterfoil\"", "publisher = \"Somebody\"".into()),
        (Wider::Host, "ledger.example.com", "evil.example.com".into()),
        (Wider::Path, DOOR, plus("{ method = \"GET\", path = \"/payroll\", effect = \"read\" }")),
        (Wider::Path, DOOR, plus("{ method = \"DELETE\", path = \"/charges/{id}\", effect = \"write\" }")),
        (Wider::Path, "path = \"/me\"", "path = \"/{anything}\"".into()),
        (Wider::ReadToWrite, "path = \"/search\", effect = \"read\"", "path = \"/search\", effect = \"write\"".into()),
        (
            Wider::WriteToRead,
            "path = \"/charges\", effect = \"write\"",
            "path = \"/charges\", effect = \"read\"".into(),
        ),
        (Wider::Document, "documents = [\"charge\"]", "documents = [\"charge\", \"refund\"]".into()),
        (Wider::Secret, "secrets = [\"token\"]", "secrets = [\"password\"]".into()),
        (Wider::AuthScheme, "scheme = \"bearer\"", "scheme = \"header\"\nheader = \"X-Key\"".into()),
        (Wider::RequestHeader, "request_headers = [\"Accept\"]", "request_headers = [\"Accept\", \"X-Mode\"]".into()),
        (Wider::ResponseHeader, "response_headers = [\"Date\"]", "response_headers = [\"Date\", \"Link\"]".into()),
        (Wider::ResponseSize, "max_response_bytes = 65536", "max_response_bytes = 65537".into()),
        (Wider::RequestTime, "timeout_ms = 5000", "timeout_ms = 6000".into()),
        (Wider::Budget, "calls = 60", "calls = 61".into()),
        (Wider::Budget, "limits = [{ scope = \"connection\", calls = 60, window_seconds = 60 }]", String::new()),
        (Wider::Concurrency, "concurrency = 4", "concurrency = 5".into()),
        (Wider::Memory, "memory_mib = 32", "memory_mib = 33".into()),
        (Wider::CallTime, "plan_ms = 3000", "plan_ms = 4000".into()),
        (Wider::CallTime, "apply_ms = 3000", "apply_ms = 4000".into()),
        (Wider::BatchSize, "tasks = 10", "tasks = 11".into()),
        (Wider::IdempotencyClaim, "idempotency_seconds = 300", "idempotency_seconds = 301".into()),
        (Wider::IdempotencyClaim, "\"Idempotency-Key\"", "\"X-Key\"".into()),
        (Wider::LocateClaim, "settle_seconds = 30", "settle_seconds = 29".into()),
        (Wider::RequiredSetting, "label = \"Branch\"", "label = \"Branch\"\nrequired = true".into()),
    ];
    for (what, from, to) in cases {
        let text = base().replacen(from, &to, 1);
        assert_ne!(text, base(), "{from} is not on the card");
        let after = manifest::parse(&text).unwrap_or_else(|error| panic!("{from} → {to}: {error}"));
        let found = wider(&before, &after);
        assert!(found.iter().any(|one| one.what == what && !one.sentence.is_empty()), "{from} → {to}: {found:?}");
    }
    assert_eq!(wider(&before, &before), []);
}

#[test]
fn narrower_or_equal_cards_wait_for_nobody() {
    let before = manifest::parse(&base()).unwrap();
    for (from, to) in [
        ("version = \"0.1.0\"", "version = \"9.0.0\""),
        ("summary = \"For the tests of the sandbox.\"", "summary = \"Better.\""),
        ("    { method = \"GET\", path = \"/customers\", effect = \"read\" },\n", ""),
        ("path = \"/charges/{id}\"", "path = \"/charges/{number}\""),
        ("path = \"/charges/{id}\"", "path = \"/charges/open\""),
        ("request_headers = [\"Accept\"]", "request_headers = [\"accept\"]"),
        ("calls = 60", "calls = 59"),
        ("concurrency = 4", "concurrency = 3"),
        ("memory_mib = 32", "memory_mib = 31"),
        ("locate = \"reliable\"", "locate = \"unreliable\""),
        ("settle_seconds = 30", "settle_seconds = 31"),
        ("idempotency_seconds = 300", "idempotency_seconds = 299"),
        ("label = \"Branch\"", "label = \"Branch\"\nrequired = true\ndefault = \"main\""),
    ] {
        let text = base().replacen(from, to, 1);
        assert_ne!(text, base(), "{from} is not on the card");
        let after = manifest::parse(&text).unwrap_or_else(|error| panic!("{from} → {to}: {error}"));
        assert_eq!(wider(&before, &after), [], "{from} → {to}");
    }
}

#[test]
fn versions_are_ordered_by_their_numbers() {
    for (a, b, newer) in [
        ("0.2.0", "0.1.9", true),
        ("0.10.0", "0.9.0", true),
        ("1.0.0", "0.99.99", true),
        ("0.1.0", "0.1.0", false),
        ("0.1.0", "0.2.0", false),
    ] {
        assert_eq!(is_newer(a, b), newer, "{a} after {b}");
    }
}
