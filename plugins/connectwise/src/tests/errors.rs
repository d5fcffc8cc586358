//! The table of refusals, each recorded body among them.

use counterfoil_sdk::Class::{
    Auth, Conflict, Forbidden, Internal, NotFound, Rejected, Throttled, Transient, UnknownOutcome, Unsupported,
};
use counterfoil_sdk::{Class, Response};

use crate::errors::{Effect, refusal, unreadable};

const MISSING_FIELD: &str = r#"{"code":"InvalidObject","message":"contact object is invalid","errors":[{"code":"MissingRequiredField","message":"The firstName field is required.","resource":"contact","field":"firstName"}]}"#;
const OBJECT_EXISTS: &str = r#"{"code":"InvalidObject","message":"callbackEntry object is invalid","errors":[{"code":"ObjectExists","message":"A matching callback entry already exists","resource":"callbackEntry","field":"objectId"}]}"#;
const TWO: &str = r#"{"code":"InvalidObject","message":"callbackEntry object is invalid","errors":[{"code":"InvalidField","message":"Invalid URL","resource":"callbackEntry","field":"url"},{"code":"InvalidObject","message":"Unrecognized level for type","resource":"callbackEntry","field":"level"}]}"#;
const REFERENCE: &str = r#"{"code":"InvalidObject","message":"addition object is invalid","errors":[{"code":"NotFound","message":"product 99 not found","resource":"addition","field":"product"}]}"#;
const STORED: &str = r#"{"code":"InvalidObject","message":"company object is invalid","errors":[{"code":"OutOfRange","message":"The field revenueYear must be between 1900 and 9999.","resource":"company","field":"revenueYear"}]}"#;
const PAGE: &str = r#"{"code":"InvalidObject","message":"x","errors":[{"code":"OutOfRange","message":"The field pageSize must be between 1 and 100.","field":"pageSize"}]}"#;

/// Status, body, class when reading, class when writing, code (empty: any of ours).
type Row = (u16, &'static str, Class, Class, &'static str);

/// What ConnectWise says about content, as it was recorded.
const CONTENT: &[Row] = &[
    (400, MISSING_FIELD, Rejected, Rejected, "connectwise-field-missing"),
    (400, OBJECT_EXISTS, Conflict, Conflict, "connectwise-exists"),
    (400, TWO, Rejected, Rejected, "connectwise-refused"),
    (400, REFERENCE, Rejected, Rejected, "connectwise-reference"),
    (400, STORED, Rejected, Rejected, "connectwise-stored-data"),
    (400, PAGE, Rejected, Rejected, "connectwise-page-size"),
    (
        400,
        r#"{"code":"ApiFindCondition","message":"board/name is not a recognized name."}"#,
        Internal,
        Internal,
        "connectwise-condition",
    ),
    (
        400,
        r#"{"code":"ApiFindCondition","message":"Enum value supplied was invalid"}"#,
        Internal,
        Internal,
        "connectwise-condition",
    ),
    (404, r#"{"code":"NotFound","message":"Contact 57919 not found"}"#, NotFound, NotFound, "connectwise-not-found"),
    (
        404,
        r#"{"code":"ConnectWiseApi","message":"The endpoint does not exist."}"#,
        Unsupported,
        Unsupported,
        "connectwise-endpoint",
    ),
    (
        400,
        r#"{"code":"InvalidObject","message":"Could not find member 'emailContactFlag' on object of type 'ServiceNote'."}"#,
        Rejected,
        Rejected,
        "connectwise-version",
    ),
    (403, r#"{"code":"Security","message":"SSL is required.","errors":null}"#, Auth, Auth, "connectwise-site"),
    (
        429,
        r#"{"error":"ConnectWiseAPI","message":"Too many requests. Please try again in 30 seconds."}"#,
        Throttled,
        Throttled,
        "connectwise-throttled",
    ),
];

/// Bodies that are no JSON, and none.
const BODIES: &[Row] = &[
    (429, "<html><title>Too many</title></html>", Throttled, Throttled, "connectwise-throttled"),
    (400, "Cannot route. Codebase/company is invalid", Auth, Auth, "connectwise-route"),
    (400, "", Rejected, Rejected, "connectwise-refused"),
    (502, "<html>Bad gateway</html>", Transient, UnknownOutcome, "connectwise-fault"),
    (503, "", Transient, UnknownOutcome, "connectwise-fault"),
    (504, "", Transient, UnknownOutcome, "connectwise-fault"),
    (408, "", Transient, UnknownOutcome, "connectwise-fault"),
    (302, "", Transient, UnknownOutcome, "connectwise-fault"),
];

/// Keys and permissions. A 404 that names no record says nothing about any record.
const WAY: &[Row] = &[
    (401, r#"{"code":"UserNotAuthenticated","message":"x"}"#, Auth, Auth, "connectwise-sign-in"),
    (401, "", Auth, Auth, "connectwise-sign-in"),
    (404, "", Auth, Auth, "connectwise-not-reached"),
    (404, "<html>404 - File or directory not found.</html>", Auth, Auth, "connectwise-not-reached"),
    (403, super::NOT_ALLOWED, Forbidden, Forbidden, "connectwise-role"),
    (403, r#"{"code":"Forbidden","message":"The clientId header is missing."}"#, Auth, Auth, "connectwise-client-id"),
    (400, r#"{"code":"InvalidObject","message":"A valid ClientID is required"}"#, Auth, Auth, "connectwise-client-id"),
    (409, r#"{"code":"Conflict","message":"Record possibly in use"}"#, Conflict, Conflict, "connectwise-in-use"),
];

/// 500 of both sorts.
const FAULTS: &[Row] = &[
    (
        500,
        r#"{"code":"ConnectWiseApi","message":"A timeout has occured. Please try again."}"#,
        Transient,
        UnknownOutcome,
        "connectwise-fault",
    ),
    (
        500,
        r#"{"code":"ConnectWiseApi","message":"Timeout expired. The timeout period elapsed prior to obtaining a connection from the pool"}"#,
        Transient,
        UnknownOutcome,
        "connectwise-fault",
    ),
    (
        500,
        r#"{"code":"ConnectWiseApi","message":"Error converting value \"x\" to type 'System.Decimal'."}"#,
        Rejected,
        Rejected,
        "",
    ),
    (500, r#"{"message":"String was not recognized as a valid Boolean."}"#, Rejected, Rejected, ""),
];

/// Versions and misuse.
const MISUSE: &[Row] = &[
    (415, r#"{"message":"The version is not supported"}"#, Auth, Auth, "connectwise-version"),
    (400, r#"{"message":"Version 2019.1 is not supported"}"#, Auth, Auth, "connectwise-version"),
    (405, "", Internal, Internal, "connectwise-request"),
    (414, "URI too long", Internal, Internal, "connectwise-request"),
];

#[test]
fn every_refusal_has_its_class() {
    for (status, body, read, write, code) in [CONTENT, BODIES, WAY, FAULTS, MISUSE].concat() {
        for (effect, class) in [(Effect::Read, read), (Effect::Write, write)] {
            let failure = refusal(&Response::new(status, body), effect, "the additions");
            assert_eq!(failure.class, class, "{status} {body} {effect:?}: {failure}");
            assert!(code.is_empty() || failure.code == code, "{status} {body}: {failure}");
            assert!(failure.code.starts_with("connectwise-"), "{failure}");
            assert!(failure.message.ends_with('.'), "{failure}");
            assert_eq!(failure.attributes.get("status"), Some(status.to_string().as_str()));
        }
    }
}

#[test]
fn every_nested_error_is_named() {
    let failure = refusal(&Response::new(400, TWO), Effect::Write, "the addition");
    assert!(failure.message.contains("url: Invalid URL; level: Unrecognized level for type"), "{failure}");
    assert_eq!(failure.attributes.get("field.url"), Some("InvalidField"));
    assert_eq!(failure.attributes.get("target-code"), Some("InvalidObject"));
}

#[test]
fn how_long_to_wait_is_read_in_every_form() {
    let body = r#"{"error":"ConnectWiseAPI","message":"Too many requests. Please try again in 45 seconds."}"#;
    let date = "Sun, 22 Nov 2026 04:00:00 GMT";
    for (header, body, want) in [
        (Some("17"), body, 17),
        (Some("0"), body, 1),
        (Some("Sun, 22 Nov 2026 04:02:00 GMT"), body, 120),
        (Some("Sun, 22 Nov 2026 03:00:00 GMT"), body, 1),
        (Some("soon"), body, 45),
        (Some("99999999"), "", 30),
        (None, body, 45),
        (None, "<html></html>", 30),
        (None, r#"{"message":"Please try again in 9999999 seconds."}"#, 30),
        (None, "", 30),
    ] {
        let mut response = Response::new(429, body).with_header("Date", date);
        if let Some(header) = header {
            response = response.with_header("Retry-After", header);
        }
        let failure = refusal(&response, Effect::Write, "x");
        assert_eq!(failure.retry_after.map(|wait| wait.as_secs()), Some(want), "{header:?} {body}");
    }
}

#[test]
fn an_answer_that_cannot_be_read_proves_nothing() {
    let page = Response::new(200, "<html>Sign in</html>");
    assert_eq!(unreadable(&page, Effect::Read, "x", "y").class, Class::Transient);
    assert_eq!(unreadable(&page, Effect::Write, "x", "y").class, Class::UnknownOutcome);
}
