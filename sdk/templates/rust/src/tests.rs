//! The logic, natively: the system is a closure, and every call is remembered.

use counterfoil_sdk::testing::Scripted;
use counterfoil_sdk::{
    Attributes, Class, Currency, Date, Decimal, Draft, Failure, Job, Line, Link, Located, Order, Plan, Response,
    Target, decimal,
};

use crate::AcmeBooks;

fn amount(text: &str) -> Decimal {
    decimal::parse(text).unwrap()
}

fn job(lines: Vec<Line>) -> Job {
    let day = Date::parse("2026-11-21").unwrap();
    Job {
        id: "t1".into(),
        order: Order {
            id: "o1".into(),
            number: "SO000001".into(),
            kind: "sales".into(),
            revision: "1".into(),
            currency: Currency::parse("USD").unwrap(),
            billing_model: "before-billing-period".into(),
            billing_cycle: "P1M".into(),
            customer_id: "42".into(),
            customer_name: "Northwind".into(),
            subscription_id: "s1".into(),
            subscription_name: "Seats".into(),
            created_on: day,
            effective_on: day,
            total: lines.iter().map(|line| line.amount).sum(),
            lines,
            attributes: Attributes::new(),
        },
        links: vec![Link {
            kind: "party".into(),
            source_id: "42".into(),
            target_id: "c-1".into(),
            target_code: String::new(),
            target_name: "Northwind".into(),
            attributes: Attributes::new(),
        }],
        settings: Attributes::new(),
        adjustments: vec![],
        marker: "CF-t1".into(),
        today: day,
        attributes: Attributes::new(),
    }
}

fn planned() -> Plan {
    let line =
        Line { description: "Seat  \"gold\"".into(), ..Line::piece("l1", "resource-recurring", amount("376.20")) };
    let free = Line::piece("l2", "resource-setup", Decimal::ZERO);
    AcmeBooks
        .plan(&mut Scripted::new(|_| panic!("a plan of this target reads nothing")), &[job(vec![line, free])])
        .remove(0)
        .unwrap()
}

fn stored(id: &str, reference: &str) -> String {
    let line = r#"{"description":"Seat","quantity":1,"unit_price":376.20,"amount":376.20}"#;
    format!(
        r#"{{"id":"{id}","customer":"c-1","reference":"{reference}","currency":"USD","date":"2026-11-21","due_date":"2026-12-05","lines":[{line}],"total":376.20}}"#
    )
}

#[test]
fn an_order_becomes_one_invoice_and_free_lines_are_left_out() {
    let plan = planned();
    assert_eq!(plan.changes[0].key, "invoice:o1:1");
    assert_eq!(plan.changes[0].total.to_string(), "376.20 USD");
    assert_eq!(plan.changes[0].lines[0].covers, ["l1"]);
    assert_eq!(plan.left_out[0].line, "l2");
    let payload = String::from_utf8(plan.payload.clone()).unwrap();
    assert!(payload.contains(r#""due_date":"2026-12-05""#) && payload.contains(r#"Seat \"gold\""#), "{payload}");
    assert_eq!(planned(), plan, "the same job gives the same plan");
}

#[test]
fn an_order_that_cannot_be_billed_says_what_to_do() {
    let mut remote = Scripted::new(|_| Ok(Response::new(500, "")));
    let mut unlinked = job(vec![]);
    unlinked.links.clear();
    let mut soon = job(vec![]);
    soon.settings.set("due_days", "soon");
    for (job, code) in [(unlinked, "acme-books-customer"), (soon, "acme-books-due-days")] {
        let failure = AcmeBooks.plan(&mut remote, &[job]).remove(0).unwrap_err();
        assert_eq!((failure.class, failure.code.as_str()), (Class::Rejected, code));
    }
}

#[test]
fn what_was_planned_is_sent_under_its_key_and_what_was_stored_is_told() {
    let plan = planned();
    let mut remote = Scripted::new(|_| Ok(Response::new(201, stored("inv-1", "CF-t1"))));
    let receipt = AcmeBooks.apply(&mut remote, std::slice::from_ref(&plan)).remove(0).unwrap();
    assert_eq!(receipt.changes[0].reference, "inv-1");
    assert_eq!(receipt.changes[0].total.unwrap().to_string(), "376.20 USD");
    let call = &remote.calls()[0];
    assert_eq!((call.key.as_deref(), &call.request.body), (Some("invoice:o1:1"), &plan.payload));

    // What is known to exist is never sent again.
    let mut again = plan;
    again.adopted = receipt.changes;
    let mut quiet = Scripted::new(|_| panic!("nothing is left to send"));
    assert_eq!(AcmeBooks.apply(&mut quiet, &[again]).remove(0).unwrap().changes.len(), 1);
}

#[test]
fn answers_that_are_not_good_have_their_class() {
    for (status, body, class) in [
        (401, "", Class::Auth),
        (403, "", Class::Forbidden),
        (409, "", Class::Conflict),
        (422, "date is missing", Class::Rejected),
        (429, "", Class::Throttled),
        (500, "", Class::UnknownOutcome),
        (200, "<html>", Class::UnknownOutcome),
        (200, "{\"id\":\"inv-1\"", Class::UnknownOutcome),
        (200, "{}", Class::UnknownOutcome),
    ] {
        let mut remote = Scripted::new(|_| Ok(Response::new(status, body).with_header("Retry-After", "7")));
        let failure = AcmeBooks.apply(&mut remote, &[planned()]).remove(0).unwrap_err();
        assert_eq!(failure.class, class, "{status} {body}: {failure}");
        assert_eq!(failure.retry_after.is_some(), status >= 400, "{status}");
    }
    let mut broken = Scripted::new(|_| Ok(Response::new(503, "")));
    assert_eq!(AcmeBooks.probe(&mut broken).unwrap_err().class, Class::Transient, "a read changes nothing");
}

#[test]
fn a_lost_invoice_is_found_by_its_marker_alone() {
    let page = |some: &[(&str, &str)], next: &str| {
        let invoices: Vec<String> = some.iter().map(|(id, reference)| stored(id, reference)).collect();
        Ok(Response::new(200, format!("{{\"invoices\":[{}],\"next\":{next}}}", invoices.join(","))))
    };
    let look = |answer: &dyn Fn(Option<&str>) -> Result<Response, Failure>| {
        let mut remote = Scripted::new(|call| answer(call.query("after")));
        AcmeBooks.locate(&mut remote, &planned(), "invoice:o1:1")
    };
    // What is alike is not the same; the second page counts; the same one on two pages is one.
    assert_eq!(look(&|_| page(&[("a", "CF-t10")], "null")).unwrap(), Located::Absent);
    let second = look(&|after| match after {
        None => page(&[("a", "other")], "\"2\""),
        Some(_) => page(&[("b", "CF-t1"), ("b", "CF-t1")], "null"),
    });
    assert!(matches!(second.unwrap(), Located::Found(found) if found.reference == "b"));
    assert!(
        matches!(look(&|_| page(&[("a", "CF-t1"), ("b", "CF-t1")], "null")).unwrap(), Located::Several(all) if all.len() == 2)
    );
    assert_eq!(look(&|_| Ok(Response::new(500, ""))).unwrap_err().class, Class::Transient);
}

#[test]
fn a_customer_is_looked_for_before_it_is_made() {
    let draft = Draft {
        key: "create:1".into(),
        code: String::new(),
        name: "Northwind \"<b>\"".into(),
        currency: None,
        price: None,
        cost: None,
        attributes: Attributes::new(),
    };
    let known = r#"{"customers":[{"id":"c-1","name":"Northwind","external_id":"create:1"}],"next":null}"#;
    let mut there = Scripted::new(|_| Ok(Response::new(200, known)));
    assert_eq!(AcmeBooks.create(&mut there, "party", &draft).unwrap().id, "c-1");
    assert_eq!(there.writes().count(), 0);

    let mut fresh = Scripted::new(|call| match call.request.method.as_str() {
        "GET" => Ok(Response::new(200, r#"{"customers":[],"next":null}"#)),
        _ => Ok(Response::new(201, r#"{"id":"c-9","name":"Northwind"}"#)),
    });
    assert_eq!(AcmeBooks.create(&mut fresh, "party", &draft).unwrap().id, "c-9");
    let body = String::from_utf8(fresh.calls()[1].request.body.clone()).unwrap();
    assert!(body.contains(r#""name":"Northwind \"<b>\"","external_id":"create:1""#), "{body}");
    assert_eq!(AcmeBooks.search(&mut fresh, "container", "", None).unwrap_err().class, Class::Unsupported);
}
