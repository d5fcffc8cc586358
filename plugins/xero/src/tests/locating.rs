//! Looking for lost documents.

use counterfoil_sdk::testing::Scripted;
use counterfoil_sdk::{Class, Failure, Located, Response, Target};

use super::{CONTACT, CREDIT, INVOICE, credits, invoices, mixed, ok, plans, shown, shown_credit};
use crate::Xero;

fn outcome(located: &Result<Located, Failure>) -> &'static str {
    match located {
        Ok(Located::Found(_)) => "found",
        Ok(Located::Absent) => "absent",
        Ok(Located::Several(many)) if many.len() > 1 => "several",
        Ok(Located::Several(_)) => "several of one",
        Err(failure) if failure.class == Class::Conflict => "conflict",
        Err(_) => "failure",
    }
}

#[test]
fn invoices_are_found_by_number() {
    let reference = "CH1 cf-7k2m";
    let right = shown(INVOICE, "CB-CH1", reference, "40.0", "DRAFT");
    for (name, elements, want) in [
        ("none", vec![], "absent"),
        ("one", vec![right.clone()], "found"),
        ("paid meanwhile", vec![shown(INVOICE, "CB-CH1", reference, "40.0", "PAID")], "found"),
        ("voided", vec![shown(INVOICE, "CB-CH1", reference, "40.0", "VOIDED")], "absent"),
        ("deleted and one", vec![shown(CREDIT, "CB-CH1", reference, "40.0", "DELETED"), right.clone()], "found"),
        ("two", vec![right.clone(), shown(CREDIT, "CB-CH1", reference, "40.0", "DRAFT")], "several"),
        ("other total", vec![shown(INVOICE, "CB-CH1", reference, "47.5", "DRAFT")], "conflict"),
        ("other contact", vec![right.replace(CONTACT, CREDIT)], "conflict"),
        ("a bill with the number", vec![right.replace("ACCREC", "ACCPAY")], "absent"),
        ("other number", vec![shown(INVOICE, "CB-CH12", reference, "40.0", "DRAFT")], "absent"),
    ] {
        let body = invoices(&elements);
        let mut remote = Scripted::new(|_| ok(&body));
        let plan = plans(&[mixed("t1", "CH1")]).remove(0);
        let located = Xero.locate(&mut remote, &plan, "invoice:id-CH1:9f8e7d");
        assert_eq!(outcome(&located), want, "{name}");
        assert_eq!(remote.calls()[0].query("InvoiceNumbers"), Some("CB-CH1"));
        if let Ok(Located::Found(receipt)) = located {
            assert_eq!(
                (receipt.reference.as_str(), receipt.total.unwrap().to_string().as_str()),
                (INVOICE, "40.00 USD"),
                "{name}"
            );
        }
    }
}

#[test]
fn credit_notes_are_found_by_reference() {
    let reference = "CH1 cf-7k2m";
    for (name, elements, want) in [
        ("none", vec![], "absent"),
        ("one", vec![shown_credit(CREDIT, "CB-CN-CH1", reference, "7.5", "DRAFT")], "found"),
        (
            "accents and case do not count as ours",
            vec![shown_credit(CREDIT, "CB-CN-CH1", "ch1 CF-7K2M", "7.5", "DRAFT")],
            "absent",
        ),
        ("other total", vec![shown_credit(CREDIT, "CB-CN-CH1", reference, "8", "DRAFT")], "conflict"),
    ] {
        let body = credits(&elements);
        let mut remote = Scripted::new(|_| ok(&body));
        let plan = plans(&[mixed("t1", "CH1")]).remove(0);
        let located = Xero.locate(&mut remote, &plan, "credit-note:id-CH1:9f8e7d");
        assert_eq!(outcome(&located), want, "{name}");
        assert_eq!(remote.calls()[0].query("where"), Some(r#"Reference=="CH1 cf-7k2m""#));
        if let Ok(Located::Found(receipt)) = located {
            assert_eq!(receipt.total.unwrap().to_string(), "-7.50 USD");
        }
    }
}

#[test]
fn not_sure_is_never_absent() {
    let plan = plans(&[mixed("t1", "CH1")]).remove(0);
    for response in
        [Response::new(500, ""), Response::new(200, "<html>"), Response::new(404, ""), Response::new(401, "")]
    {
        let mut remote = Scripted::new(|_| Ok(response.clone()));
        assert!(Xero.locate(&mut remote, &plan, "invoice:id-CH1:9f8e7d").is_err(), "{}", response.status);
    }
    let mut remote = Scripted::new(|_| ok(r#"{"Invoices":[]}"#));
    assert_eq!(Xero.locate(&mut remote, &plan, "invoice:other").unwrap_err().class, Class::Internal);
}
