//! The preflight: keys, roles, version.

use counterfoil_sdk::testing::Scripted;
use counterfoil_sdk::{Class, Target};

use super::{NOT_ALLOWED, no, ok, tenant};
use crate::ConnectWise;

#[test]
fn a_good_connection_is_described() {
    let mut remote = Scripted::new(|call| {
        let answer = tenant(call)?;
        Ok(answer.with_header("Content-Type", "application/vnd.connectwise.com+json; version=2023.2"))
    });
    let account = ConnectWise.probe(&mut remote).unwrap();
    assert_eq!(
        (account.name.as_str(), account.base_currency.code(), account.time_zone.as_str()),
        ("ConnectWise PSA (NA)", "USD", "Eastern Standard Time")
    );
    assert!(account.attributes.get("warning").unwrap().contains("2023.2"));
    assert_eq!(remote.writes().count(), 0);
    assert!(remote.calls().iter().all(|call| call.request.headers.iter().all(|(name, _)| name != "Accept")));
}

#[test]
fn roles_that_are_missing_are_named_in_one_go() {
    let mut remote = Scripted::new(|call| match call.request.path.as_str() {
        "/finance/agreements" | "/procurement/catalog" | "/procurement/types" => no(403, NOT_ALLOWED),
        "/finance/currencies" => no(401, r#"{"code":"UserNotAuthenticated","message":"x"}"#),
        _ => tenant(call),
    });
    let failure = ConnectWise.probe(&mut remote).unwrap_err();
    assert_eq!((failure.class, failure.code.as_str()), (Class::Forbidden, "connectwise-role"));
    for role in
        ["Finance > Agreements (Inquire)", "Procurement > Product Catalog (Inquire)", "System > Table Setup (Inquire)"]
    {
        assert_eq!(failure.message.matches(role).count(), 1, "{role}: {failure}");
    }
    assert!(!failure.message.contains("Companies > Company Maintenance (Inquire)"), "{failure}");
}

#[test]
fn bad_keys_are_told_from_missing_records() {
    for (status, body, code) in [
        (401, "", "connectwise-sign-in"),
        (404, "", "connectwise-not-reached"),
        (404, r#"{"code":"NotFound","message":"x not found"}"#, "connectwise-not-reached"),
        (404, r#"{"code":"ConnectWiseApi","message":"The endpoint does not exist."}"#, "connectwise-not-reached"),
        (403, r#"{"code":"x","message":"clientId is required"}"#, "connectwise-client-id"),
        (400, "Cannot route. Codebase/company is invalid", "connectwise-route"),
        (403, r#"{"code":"Security","message":"SSL is required.","errors":null}"#, "connectwise-site"),
    ] {
        let mut remote = Scripted::new(|_| no(status, body));
        let failure = ConnectWise.probe(&mut remote).unwrap_err();
        assert_eq!((failure.class, failure.code.as_str()), (Class::Auth, code), "{status} {body}");
        assert_eq!(remote.calls().len(), 1, "nothing more is asked");
    }
}

#[test]
fn what_passes_is_no_missing_role() {
    let mut remote = Scripted::new(|call| match call.request.path.as_str() {
        "/procurement/catalog" => no(500, "timeout"),
        _ => tenant(call),
    });
    assert_eq!(ConnectWise.probe(&mut remote).unwrap_err().class, Class::Transient);
    let mut remote = Scripted::new(|call| match call.request.path.as_str() {
        "/finance/currencies" => ok("[]"),
        _ => tenant(call),
    });
    assert_eq!(ConnectWise.probe(&mut remote).unwrap_err().code, "connectwise-currency");
}
