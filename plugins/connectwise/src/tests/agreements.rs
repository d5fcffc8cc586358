//! Agreements as containers: cycle, currency, proration, and how far they are invoiced.

use counterfoil_sdk::testing::Scripted;
use counterfoil_sdk::{Class, Currency, Entity, Response, Target};

use super::{ABSENT, AGREEMENTS, NOT_ALLOWED, no, ok, tenant};
use crate::ConnectWise;

fn shown(entity: &Entity, name: &str) -> String {
    entity.attributes.get(name).unwrap_or("-").to_owned()
}

/// Agreement 12 with changed members.
fn read(changes: &[(&str, &str)]) -> Entity {
    let body = changes.iter().fold(AGREEMENTS.to_owned(), |body, (from, to)| {
        assert!(body.contains(from), "{from}");
        body.replace(from, to)
    });
    let mut remote = Scripted::new(|call| match call.request.path.as_str() {
        "/finance/agreements" => ok(&body),
        _ => tenant(call),
    });
    ConnectWise.get(&mut remote, "container", &["12".into()]).unwrap().remove(0)
}

#[test]
fn an_agreement_tells_all_that_decides_its_lines() {
    let mut remote = Scripted::new(tenant);
    let found = ConnectWise.get(&mut remote, "container", &["12".into(), "x".into()]).unwrap();
    let agreement = &found[0];
    assert_eq!((agreement.id.as_str(), agreement.name.as_str(), agreement.code.as_str()), ("12", "Cloud Services", ""));
    assert_eq!((agreement.cycle.as_deref(), agreement.currency), (Some("P1M"), Currency::parse("USD").ok()));
    assert!(agreement.active);
    for (name, want) in [
        ("party", "42"),
        ("prorate", "true"),
        ("status", "Active"),
        ("type", "Managed"),
        ("invoiced-until", "2026-12-15"),
        ("period-anchor", "2026-01-15"),
        ("invoices-prorated-additions", "false"),
        ("start", "2026-01-01"),
        ("end", "-"),
        ("recap", "-"),
    ] {
        assert_eq!(shown(agreement, name), want, "{name}");
    }
    let lines: Vec<String> = remote.calls().iter().map(counterfoil_sdk::testing::Call::line).collect();
    assert_eq!(lines, ["GET /finance/agreements", "GET /finance/billingCycles", "GET /finance/agreementrecap/12"]);
}

#[test]
fn members_decide_as_they_should() {
    let calendar =
        read(&[("ContractYear", "CalendarYear"), ("\"id\":1,\"name\":\"Jeden", "\"id\":2,\"name\":\"Jeden")]);
    assert_eq!((shown(&calendar, "period-anchor").as_str(), calendar.cycle.as_deref()), ("2026-01-01", Some("P1Y")));
    let no_bill_start = read(&[("\"billStartDate\":\"2026-01-15T00:00:00Z\"", "\"billStartDate\":null")]);
    assert_eq!(shown(&no_bill_start, "period-anchor"), "2026-01-01");
    let once = read(&[("\"id\":1,\"name\":\"Jeden", "\"id\":3,\"name\":\"Jeden")]);
    assert_eq!((once.cycle.as_deref(), shown(&once, "invoiced-until").as_str()), (None, "2026-11-16"));
    let other = read(&[("\"currencyCode\":\"USD\"", "\"currencyCode\":\"EUR\"")]);
    assert_eq!(other.currency, Currency::parse("EUR").ok());
    // No currency: the only one there is.
    let silent = read(&[(r#"{"id":1,"symbol":"$","currencyCode":"USD","name":"US Dollar"}"#, "null")]);
    assert_eq!(silent.currency, Currency::parse("USD").ok());
    let ending = read(&[(
        "\"endDate\":\"\",\"noEndingDateFlag\":true",
        "\"endDate\":\"2027-06-30T00:00:00Z\",\"noEndingDateFlag\":false",
    )]);
    assert_eq!(shown(&ending, "end"), "2027-06-30");
}

#[test]
fn why_an_agreement_cannot_be_used_is_said() {
    for (from, to, why) in [
        ("\"agreementStatus\":\"Active\"", "\"agreementStatus\":\"Expired\"", "is expired"),
        ("\"cancelledFlag\":false", "\"cancelledFlag\":true", "is cancelled"),
        (
            "\"parentAgreement\":null",
            "\"parentAgreement\":{\"id\":9,\"name\":\"Master\"}",
            "is a child of the agreement \"Master\", which does the billing",
        ),
        ("\"agreementStatus\":\"Active\"", "\"agreementStatus\":null", "has no status"),
    ] {
        let agreement = read(&[(from, to)]);
        assert_eq!((agreement.active, shown(&agreement, "why-inactive").as_str()), (false, why));
    }
    assert!(read(&[("\"parentAgreement\":null", "\"parentAgreement\":{\"id\":0}")]).active);
}

#[test]
fn a_company_s_agreements_are_found_and_no_others() {
    let other = AGREEMENTS.trim_end_matches(']').to_owned()
        + ","
        + AGREEMENTS
            .trim_start_matches('[')
            .replace("\"id\":12", "\"id\":13")
            .replace("\"id\":42", "\"id\":420")
            .as_str();
    for (query, conditions, ids) in [
        ("42", "cancelledFlag = False and (company/id = 42 or id = 42)", vec!["12"]),
        ("13", "cancelledFlag = False and (company/id = 13 or id = 13)", vec!["13"]),
        ("party:420", "cancelledFlag = False and company/id = 420", vec!["13"]),
        ("", "cancelledFlag = False", vec!["12", "13"]),
        (
            "green lane",
            "cancelledFlag = False and (name contains \"green lane\" or company/name contains \"green lane\")",
            vec!["12", "13"],
        ),
        (
            "x\" or id > 0",
            "cancelledFlag = False and (name contains \"or id\" or company/name contains \"or id\")",
            vec![],
        ),
        ("\"*", "cancelledFlag = False", vec![]),
    ] {
        let mut remote = Scripted::new(|call| match call.request.path.as_str() {
            "/finance/agreements" => ok(&other),
            _ => tenant(call),
        });
        let page = ConnectWise.search(&mut remote, "container", query, None).unwrap();
        let found: Vec<&str> = page.entities.iter().map(|entity| entity.id.as_str()).collect();
        assert_eq!((remote.calls()[0].query("conditions"), found), (Some(conditions), ids), "{query}");
        assert!(page.entities.iter().all(|entity| shown(entity, "recap") == "unread"));
        assert!(
            remote.calls().iter().all(|call| !call.request.path.contains("recap")),
            "a search costs no call for each"
        );
    }
    let mut unread = Scripted::new(tenant);
    assert!(ConnectWise.search(&mut unread, "container", "party:x", None).is_err());
}

#[test]
fn an_unknown_recap_stops_the_plan() {
    for (status, body, class) in [
        (404, ABSENT, Class::NotFound),
        (403, NOT_ALLOWED, Class::Forbidden),
        (500, "", Class::Transient),
        (200, r#"{"lastInvoiceDate":"later"}"#, Class::Transient),
    ] {
        let mut remote = Scripted::new(|call| match call.request.path.as_str() {
            "/finance/agreementrecap/12" => Ok(Response::new(status, body)),
            _ => tenant(call),
        });
        assert_eq!(ConnectWise.get(&mut remote, "container", &["12".into()]).unwrap_err().class, class, "{status}");
    }
    let mut gone = Scripted::new(|call| match call.request.path.as_str() {
        "/finance/agreements" => ok("[]"),
        _ => no(500, ""),
    });
    assert!(ConnectWise.get(&mut gone, "container", &["12".into()]).unwrap().is_empty());
}
