//! What each kind of answer means, for reads and for writes.

use counterfoil_sdk::{Class, Response, Target};

use super::shop::Shop;
use super::{job, plan, recurs};
use crate::Syncro;
use crate::errors::{Effect, refusal};

const SCHEDULES: &str = r#"{"error":["Frequency can't be blank","Name can't be blank"]}"#;
const PRODUCTS: &str = r#"{"success":false,"message":["Name can't be blank"],"params":{"name":""}}"#;
const SKUS: &str = r#"{"message":["Vendor is blank"]}"#;
const CONTRACTS: &str = r#"{"record":{"id":null},"errors":"Customer can't be blank"}"#;
const NESTED: &str = r#"{"errors":{"number":["has already been taken"]}}"#;
const PAGE: &str = "<html><head><title>502 Bad Gateway</title></head></html>";

#[test]
fn the_class_follows_from_status_and_body() {
    use Class::{Auth, Conflict, Forbidden, Internal, NotFound, Rejected, Throttled, Transient, UnknownOutcome};
    for (status, body, read, write, words) in [
        (422, SCHEDULES, Rejected, Rejected, "Frequency can't be blank; Name can't be blank."),
        (422, PRODUCTS, Rejected, Rejected, "Name can't be blank."),
        (400, SKUS, Rejected, Rejected, "Vendor is blank."),
        (422, CONTRACTS, Rejected, Rejected, "Customer can't be blank."),
        (422, NESTED, Rejected, Rejected, "number has already been taken."),
        (422, "", Rejected, Rejected, "(without a word)."),
        (422, PAGE, Rejected, Rejected, "502 Bad Gateway."),
        (401, r#"{"error":"Not authenticated"}"#, Auth, Auth, "Not authenticated."),
        (403, r#"{"message":"You are not authorized"}"#, Forbidden, Forbidden, "not authorized"),
        (404, "", NotFound, NotFound, "(without a word)."),
        (404, r#"{"error":"not found"}"#, NotFound, NotFound, "not found."),
        (404, PAGE, Auth, Auth, "subdomain"),
        (409, "", Conflict, Conflict, "in the way"),
        (429, "Rate limit exceeded.\n", Throttled, Throttled, "no more calls"),
        (405, "", Internal, Internal, "defect"),
        (408, "", Transient, UnknownOutcome, ""),
        (425, "", Transient, UnknownOutcome, ""),
        (500, r#"{"error":"Internal Server Error"}"#, Transient, UnknownOutcome, "Internal Server Error."),
        (502, PAGE, Transient, UnknownOutcome, "502 Bad Gateway."),
        (503, "Disabled", Transient, UnknownOutcome, "Disabled."),
        (599, "", Transient, UnknownOutcome, ""),
    ] {
        for (effect, class) in [(Effect::Read, read), (Effect::Write, write)] {
            let failure = refusal(&Response::new(status, body), effect, "the thing");
            assert_eq!(failure.class, class, "{status} {effect:?} {body}");
            assert!(failure.message.contains(words), "{status}: {}", failure.message);
            assert_eq!(failure.attributes.get("status"), Some(status.to_string().as_str()));
            let unknown =
                class == UnknownOutcome || class == Internal || (effect == Effect::Read && class == Transient);
            assert_eq!(unknown, !(failure.message.contains("Nothing was written") || class == NotFound), "{failure}");
        }
    }
}

#[test]
fn a_success_that_cannot_be_read_proves_nothing() {
    for body in [
        "",
        "Disabled",
        "null",
        "[]",
        "{}",
        r#"{"schedule_line_item":null}"#,
        r#"{"schedule_line_item":{"quantity":"1"}}"#,
        PAGE,
        r#"{"success":false,"message":["no"]}"#,
    ] {
        let shop = Shop::open();
        let plan = plan(&shop, &job("st1", vec![recurs("1", "k1", "1", "1.00")])).unwrap();
        let mut remote = shop.remote_where(move |call, is_before| {
            (!is_before && call.key.is_some()).then(|| Ok(Response::new(200, body)))
        });
        let failure = Syncro.apply(&mut remote, &[plan]).remove(0).unwrap_err();
        assert_eq!(failure.class, Class::UnknownOutcome, "{body}: {failure}");
    }
    for body in ["", "Disabled", PAGE, "{}", "[]", r#"{"schedule":[]}"#] {
        let shop = Shop::open();
        let mut remote = shop.remote_where(move |call, is_before| {
            (is_before && call.request.path == "/schedules/5").then(|| Ok(Response::new(200, body)))
        });
        let failure =
            Syncro.plan(&mut remote, &[job("st1", vec![recurs("1", "k1", "1", "1.00")])]).remove(0).unwrap_err();
        assert_eq!(failure.class, Class::Transient, "{body}: {failure}");
    }
}

#[test]
fn a_record_comes_with_its_wrapper_and_without() {
    let bare = r#"{"id":5,"customer_id":42,"frequency":"Monthly","next_run":"2026-12-01","lines":[]}"#;
    for (body, found) in [
        (bare.to_owned(), true),
        (format!("\u{feff}{{\"schedule\":{bare}}}"), true),
        ("null".to_owned(), false),
        (r#"{"schedule":null}"#.to_owned(), false),
    ] {
        let mut remote = Shop::open().remote_where(move |call, is_before| {
            (is_before && call.request.path == "/schedules/5").then(|| Ok(Response::new(200, body.clone())))
        });
        let got = Syncro.get(&mut remote, "container", &["5".to_owned()]).unwrap();
        assert_eq!(got.len(), usize::from(found));
    }
}
