//! The table of refusals.

use counterfoil_sdk::{Class, Response};

use crate::errors::{Effect, refusal};

#[test]
fn every_refusal_has_its_class() {
    use Class::{Auth, Conflict, Forbidden, Internal, NotFound, Rejected, Throttled, Transient, UnknownOutcome};
    let expired = r#"{"Type":null,"Title":"Unauthorized","Status":401,"Detail":"TokenExpired: token expired at 08/12/2022 07:00:40"}"#;
    let scope = r#"{"Title":"Unauthorized","Status":401,"Detail":"AuthorizationUnsuccessful"}"#;
    let validation = r#"{"ErrorNumber":10,"Type":"ValidationException","Message":"A validation exception occurred","Elements":[{"Name":"B","ValidationErrors":[{"Message":"The contact name B is already assigned to another contact. The contact name must be unique across all active contacts."}]}]}"#;
    for (status, body, read, write, code) in [
        (400, validation, Conflict, Conflict, "xero-contact-name-taken"),
        (
            400,
            r#"{"ErrorNumber":14,"Type":"PostDataInvalidException","Message":"Not a valid element"}"#,
            Rejected,
            Rejected,
            "xero-validation",
        ),
        (400, "Idempotency Key: k is used with a different request", UnknownOutcome, UnknownOutcome, "xero-key-reused"),
        (400, r#"{"error":"invalid_grant"}"#, Auth, Auth, "xero-sign-in"),
        (400, r#"{"Type":"QueryParseException","Message":"No property"}"#, Internal, Internal, "xero-query"),
        (401, expired, Auth, Auth, "xero-sign-in"),
        (401, "", Auth, Auth, "xero-sign-in"),
        (401, scope, Forbidden, Forbidden, "xero-scope-missing"),
        (
            403,
            r#"{"Title":"Forbidden","Detail":"AuthenticationUnsuccessful"}"#,
            Auth,
            Auth,
            "xero-organisation-disconnected",
        ),
        (403, "", Forbidden, Forbidden, "xero-feature-missing"),
        (404, "The resource you're looking for cannot be found", NotFound, NotFound, "xero-not-found"),
        (412, "", Internal, Internal, "xero-request"),
        (429, "", Throttled, Throttled, "xero-throttled"),
        (500, "An unhandled error with the Xero API occurred", Transient, UnknownOutcome, "xero-fault"),
        (501, "", Internal, Internal, "xero-request"),
        (502, "<html>Bad gateway</html>", Transient, UnknownOutcome, "xero-fault"),
        (503, "The Xero API is currently offline for maintenance", Throttled, Throttled, "xero-offline"),
        (503, "The Organisation is Offline", Throttled, Throttled, "xero-offline"),
        (503, "oauth_problem=rate limit exceeded", Throttled, Throttled, "xero-throttled"),
        (503, "", Transient, UnknownOutcome, "xero-fault"),
    ] {
        let response = Response::new(status, body).with_header("Xero-Correlation-Id", "c-1");
        for (effect, class) in [(Effect::Read, read), (Effect::Write, write)] {
            let failure = refusal(&response, effect, "the invoices");
            assert_eq!((failure.class, failure.code.as_str()), (class, code), "{status} {body} {effect:?}");
            assert_eq!(failure.attributes.get("correlation-id"), Some("c-1"));
            assert!(failure.message.ends_with(['.', '!']) || failure.message.contains(':'), "{}", failure.message);
        }
    }
}

#[test]
fn a_missing_scope_is_told_by_the_header_too() {
    for spelling in ["insufficient_scope", "insufficent_scope"] {
        let response = Response::new(401, "").with_header("WWW-Authenticate", &format!("Bearer error=\"{spelling}\""));
        assert_eq!(refusal(&response, Effect::Write, "x").class, Class::Forbidden);
    }
}

#[test]
fn how_long_to_wait_comes_from_xero_where_it_says_so() {
    for (problem, header, want) in [
        ("minute", Some("17"), Some(17)),
        ("Minute", None, Some(60)),
        ("concurrent", None, Some(2)),
        ("day", Some("7200"), Some(7200)),
        ("day", None, None),
    ] {
        let mut response = Response::new(429, "").with_header("X-Rate-Limit-Problem", problem);
        if let Some(seconds) = header {
            response = response.with_header("Retry-After", seconds);
        }
        assert_eq!(refusal(&response, Effect::Write, "x").retry_after.map(|wait| wait.as_secs()), want, "{problem}");
    }
}
