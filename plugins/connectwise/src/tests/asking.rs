//! One request and its answer: absence that is proved, addresses that fit, writes that say what they did.

use counterfoil_sdk::serde_json::Value;
use counterfoil_sdk::testing::Scripted;
use counterfoil_sdk::{Class, Remote};

use super::{ABSENT, NOT_ALLOWED, no, ok};
use crate::ask;
use crate::wire::Op;

/// What a look-up of a record says: found, absent, or the failure's code.
fn looked(record: (u16, &str), system: (u16, &str)) -> (String, usize) {
    let mut remote = Scripted::new(|call| match call.request.path.as_str() {
        "/system/info" => no(system.0, system.1),
        _ => no(record.0, record.1),
    });
    let found: Result<Option<Value>, _> =
        ask::maybe(&mut remote, ask::get("x", "/finance/agreements/1"), "agreement 1");
    let said = match found {
        Ok(Some(_)) => "found".to_owned(),
        Ok(None) => "absent".to_owned(),
        Err(failure) => failure.code,
    };
    (said, remote.calls().len())
}

#[test]
fn a_record_is_absent_only_when_the_keys_are_good() {
    let good = (200, r#"{"version":"v2025.1"}"#);
    for (record, system, want, calls) in [
        ((200, r#"{"id":1}"#), good, "found", 1),
        ((200, "\u{feff}{\"id\":1}"), good, "found", 1),
        ((404, ABSENT), good, "absent", 2),
        ((404, ABSENT), (404, ABSENT), "connectwise-not-reached", 2),
        ((404, ABSENT), (401, ""), "connectwise-sign-in", 2),
        ((404, ABSENT), (503, ""), "connectwise-fault", 2),
        // Nothing says that it is the record that is missing.
        ((404, ""), good, "connectwise-not-reached", 1),
        ((404, "<html></html>"), good, "connectwise-not-reached", 1),
        ((403, NOT_ALLOWED), good, "connectwise-role", 1),
        ((200, "<html>Sign in</html>"), good, "connectwise-unreadable", 1),
    ] {
        assert_eq!(looked(record, system), (want.to_owned(), calls), "{record:?} {system:?}");
    }
}

#[test]
fn an_address_that_is_too_long_is_not_sent() {
    let mut remote = Scripted::new(|_| ok("[]"));
    for (text, sent) in [("x".repeat(1_700), true), ("x".repeat(1_800), false), ("\"".repeat(700), false)] {
        let request = ask::get("x", "/company/companies").query("conditions", text);
        let before = remote.calls().len();
        let answer = ask::read::<Value>(&mut remote, request, "x");
        assert_eq!((answer.is_ok(), remote.calls().len() - before), (sent, usize::from(sent)));
    }
    // The scripted remote itself takes anything.
    assert!(remote.read(ask::get("x", "/".repeat(5_000))).is_ok());
}

#[test]
fn writes_carry_their_key_and_say_what_is_not_known() {
    for (status, body, class) in [
        (200, r#"{"id":3}"#, None),
        (200, "<html></html>", Some(Class::UnknownOutcome)),
        (201, "", Some(Class::UnknownOutcome)),
        (500, "", Some(Class::UnknownOutcome)),
        (429, "", Some(Class::Throttled)),
        (409, "", Some(Class::Conflict)),
        (403, NOT_ALLOWED, Some(Class::Forbidden)),
    ] {
        let mut remote = Scripted::new(|_| no(status, body));
        let ops = [Op::number("quantity", "12.50".parse().unwrap()).unwrap()];
        let path = ("change-addition", "/finance/agreements/1/additions/3");
        let answer = ask::patch::<Value>(&mut remote, "k1", path, &ops, "the addition");
        assert_eq!(answer.as_ref().err().map(|failure| failure.class), class, "{status} {body}");
        let call = &remote.calls()[0];
        assert_eq!(
            (call.key.as_deref(), call.line().as_str()),
            (Some("k1"), "PATCH /finance/agreements/1/additions/3")
        );
        assert_eq!(call.request.body, br#"[{"op":"replace","path":"quantity","value":12.5}]"#);
        assert_eq!(call.request.headers, [("Content-Type".to_owned(), "application/json".to_owned())]);
        if class == Some(Class::Forbidden) {
            assert!(answer.unwrap_err().message.contains("Finance > Agreements (Edit)"));
        }
    }
}
