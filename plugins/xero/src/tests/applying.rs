//! Writes: batches, keys, partial answers, lost answers.

use counterfoil_sdk::serde_json::{self, Value};
use counterfoil_sdk::testing::Scripted;
use counterfoil_sdk::{Action, Attributes, ChangeReceipt, Class, Failure, Plan, Response, Target};

use super::{CREDIT, INVOICE, credits, d, invoices, mixed, ok, plans, sale, shown, shown_credit};
use crate::Xero;
use crate::wire::ZERO_ID;

fn two() -> Vec<Plan> {
    plans(&[sale("t1", "SO1"), sale("t2", "SO2")])
}

fn second(id: &str) -> String {
    shown(id, "CB-SO2", "SO2 cf-7k2m", "40.0", "DRAFT")
}

fn first() -> String {
    shown(INVOICE, "CB-SO1", "SO1 cf-7k2m", "40.0", "DRAFT")
}

#[test]
fn all_invoices_go_in_one_write() {
    let body = invoices(&[first(), second(CREDIT)]);
    let mut remote = Scripted::new(|_| ok(&body));
    let receipts: Vec<_> = Xero.apply(&mut remote, &two()).into_iter().map(Result::unwrap).collect();
    assert_eq!(
        (receipts[0].changes[0].reference.as_str(), receipts[1].changes[0].reference.as_str()),
        (INVOICE, CREDIT)
    );
    assert_eq!(receipts[0].changes[0].total.unwrap().amount, d("40"));
    let call = &remote.calls()[0];
    assert_eq!(
        (remote.calls().len(), call.line().as_str(), call.query("summarizeErrors"), call.query("unitdp")),
        (1, "PUT /Invoices", Some("false"), Some("4"))
    );
    let sent: Value = serde_json::from_slice(&call.request.body).unwrap();
    assert_eq!(sent["Invoices"].as_array().unwrap().len(), 2);
    for never in ["LineAmount\"", "SubTotal", "Total", "Discount", "InvoiceID"] {
        assert!(!String::from_utf8_lossy(&call.request.body).contains(never), "{never}");
    }
}

#[test]
fn the_same_plans_make_the_same_write_under_the_same_key() {
    let body = invoices(&[first(), second(CREDIT)]);
    let run = |plans: &[Plan]| {
        let mut remote = Scripted::new(|_| ok(&body));
        Xero.apply(&mut remote, plans);
        remote.calls().to_vec()
    };
    let plans = two();
    assert_eq!(run(&plans), run(&plans));
    let mut adopted = two();
    let key = adopted[0].changes[0].key.clone();
    adopted[0].adopted.push(receipt(&key));
    let calls = run(&adopted);
    assert_ne!(calls[0].key, run(&plans)[0].key);
    let sent: Value = serde_json::from_slice(&calls[0].request.body).unwrap();
    assert_eq!(sent["Invoices"].as_array().unwrap().len(), 1);
}

fn receipt(key: &str) -> ChangeReceipt {
    ChangeReceipt {
        key: key.into(),
        action: Action::Create,
        document: "invoice".into(),
        reference: INVOICE.into(),
        number: "CB-SO1".into(),
        total: None,
        attributes: Attributes::new(),
    }
}

#[test]
fn adopted_and_existing_documents_are_never_sent() {
    let mut plans = plans(&[sale("t1", "SO1")]);
    let key = plans[0].changes[0].key.clone();
    plans[0].adopted.push(receipt(&key));
    let mut kept = plans[0].clone();
    kept.adopted.clear();
    kept.changes[0].action = Action::None;
    kept.changes[0].target = Some(INVOICE.into());
    plans.push(kept);
    let mut remote = Scripted::new(|_| Err(Failure::internal("never", "never")));
    let receipts = Xero.apply(&mut remote, &plans);
    assert!(remote.calls().is_empty());
    assert!(receipts.iter().all(|receipt| receipt.as_ref().unwrap().changes[0].reference == INVOICE));
    assert_eq!(receipts[1].as_ref().unwrap().changes[0].action, Action::None);
}

#[test]
fn each_element_has_its_own_verdict() {
    let error = |message: &str, id: &str| {
        format!(
            r#"{{"InvoiceID":"{id}","InvoiceNumber":"CB-SO2","HasErrors":true,"StatusAttributeString":"ERROR","ValidationErrors":[{{"Message":"{message}"}}]}}"#
        )
    };
    let nested = r#"{"HasErrors":true,"LineItems":[{"ValidationErrors":[{"Message":"Account code '999' is not a valid code for this document."}]}]}"#.to_owned();
    for (name, element, class, code) in [
        ("number", error("Invoice # must be unique.", ZERO_ID), Class::Conflict, "xero-number-taken"),
        ("item", error("Item code 'X' is not valid", ZERO_ID), Class::Rejected, "xero-item-unknown"),
        (
            "lock",
            error(
                "The document date cannot be before the end of year lock date, currently set at 31-Jul-2013",
                ZERO_ID,
            ),
            Class::Rejected,
            "xero-period-locked",
        ),
        ("error with an id", error("Something new.", CREDIT), Class::Rejected, "xero-validation"),
        ("zero id alone", second(ZERO_ID), Class::Rejected, "xero-validation"),
        ("nested", nested, Class::Rejected, "xero-account-unmapped"),
        ("no id", second("x").replace(r#""InvoiceID":"x","#, ""), Class::UnknownOutcome, "xero-unreadable"),
        (
            "out of order",
            shown(CREDIT, "CB-SO9", "SO9 cf-7k2m", "40", "DRAFT"),
            Class::UnknownOutcome,
            "xero-unreadable",
        ),
    ] {
        let body = invoices(&[first(), element]);
        let mut remote = Scripted::new(|_| ok(&body));
        let mut results = Xero.apply(&mut remote, &two());
        let failure = results.pop().unwrap().unwrap_err();
        assert_eq!((failure.class, failure.code.as_str()), (class, code), "{name}: {failure}");
        assert_eq!(results.pop().unwrap().unwrap().changes[0].reference, INVOICE, "{name}");
    }
}

#[test]
fn an_answer_that_proves_nothing_is_an_unknown_outcome() {
    let short = invoices(&[first()]);
    for (name, response) in [
        ("too few", Response::new(200, short)),
        ("html", Response::new(200, "<html>proxy</html>")),
        ("empty", Response::new(200, "")),
        ("cut", Response::new(200, r#"{"Invoices":[{"InvoiceID":"ed2"#)),
        ("other list", Response::new(200, r#"{"Status":"OK"}"#)),
        ("500", Response::new(500, "An unhandled error with the Xero API occurred")),
        ("502", Response::new(502, "")),
        ("503", Response::new(503, "")),
        ("302", Response::new(302, "")),
        ("key", Response::new(400, r#"{"Message":"Idempotency Key: abc is used with a different request"}"#)),
    ] {
        let mut remote = Scripted::new(|_| Ok(response.clone()));
        for result in Xero.apply(&mut remote, &two()) {
            assert_eq!(result.unwrap_err().class, Class::UnknownOutcome, "{name}");
        }
    }
}

#[test]
fn a_400_that_names_one_element_leaves_the_others_unknown() {
    let body = r#"{"ErrorNumber":10,"Type":"ValidationException","Message":"A validation exception occurred","Elements":[{"InvoiceNumber":"CB-SO2","ValidationErrors":[{"Message":"Invoice # must be unique."}]}]}"#;
    let mut remote = Scripted::new(|_| Ok(Response::new(400, body)));
    let classes: Vec<Class> =
        Xero.apply(&mut remote, &two()).into_iter().map(|result| result.unwrap_err().class).collect();
    assert_eq!(classes, [Class::UnknownOutcome, Class::Conflict]);
}

#[test]
fn a_refused_credit_note_does_not_lose_the_invoice() {
    let plan = plans(&[mixed("t1", "CH1")]);
    let saved = invoices(&[shown(INVOICE, "CB-CH1", "CH1 cf-7k2m", "40", "DRAFT")]);
    let refused = format!(
        r#"{{"CreditNotes":[{{"CreditNoteID":"{ZERO_ID}","HasErrors":true,"ValidationErrors":[{{"Message":"No."}}]}}]}}"#
    );
    let mut remote = Scripted::new(|call| ok(if call.line() == "PUT /Invoices" { &saved } else { &refused }));
    let failure = Xero.apply(&mut remote, &plan).remove(0).unwrap_err();
    assert_eq!(failure.class, Class::Rejected);
    assert_eq!(failure.attributes.get("saved.invoice:id-CH1:9f8e7d"), Some(INVOICE));
}

#[test]
fn a_refused_invoice_holds_its_credit_note_back() {
    let plans = plans(&[mixed("t1", "CH1"), mixed("t2", "CH2")]);
    let answers = invoices(&[
        format!(r#"{{"InvoiceID":"{ZERO_ID}","HasErrors":true,"ValidationErrors":[{{"Message":"No."}}]}}"#),
        shown(INVOICE, "CB-CH2", "CH2 cf-7k2m", "40", "DRAFT"),
    ]);
    let credit = credits(&[shown_credit(CREDIT, "CB-CN-CH2", "CH2 cf-7k2m", "7.5", "DRAFT")]);
    let mut remote = Scripted::new(|call| ok(if call.line() == "PUT /Invoices" { &answers } else { &credit }));
    let mut results = Xero.apply(&mut remote, &plans);
    let receipt = results.pop().unwrap().unwrap();
    assert_eq!(receipt.changes[1].total.unwrap().to_string(), "-7.50 USD");
    assert!(results.pop().unwrap().is_err());
    let sent: Value = serde_json::from_slice(&remote.calls()[1].request.body).unwrap();
    assert_eq!(sent["CreditNotes"].as_array().unwrap().len(), 1);
}

#[test]
fn after_a_lost_answer_nothing_more_is_sent() {
    let refund = super::job("t2", "CL1", vec![super::line("l1", "resource-recurring-refund", "1", "5", "-5")]);
    let plans = plans(&[sale("t1", "SO1"), refund]);
    let mut remote = Scripted::new(|_| Err(Failure::unknown_outcome("timeout", "No answer.")));
    let classes: Vec<Class> =
        Xero.apply(&mut remote, &plans).into_iter().map(|result| result.unwrap_err().class).collect();
    // The second was never sent, and says so: sending it later is safe.
    assert_eq!(classes, [Class::UnknownOutcome, Class::Transient]);
    assert_eq!(remote.calls().len(), 1);
}

#[test]
fn another_subtotal_is_said_as_drift() {
    let body = invoices(&[shown(INVOICE, "CB-SO1", "SO1 cf-7k2m", "39.99", "DRAFT")]);
    let mut remote = Scripted::new(|_| ok(&body));
    let receipt = Xero.apply(&mut remote, &plans(&[sale("t1", "SO1")])).remove(0).unwrap();
    assert_eq!(receipt.changes[0].attributes.get("drift"), Some("expected 40 actual 39.99"));
}

#[test]
fn a_foreign_payload_is_refused_alone() {
    let mut plans = two();
    plans[0].payload = b"{}".to_vec();
    let body = invoices(&[second(CREDIT)]);
    let mut remote = Scripted::new(|_| ok(&body));
    let results = Xero.apply(&mut remote, &plans);
    assert_eq!(results[0].as_ref().unwrap_err().class, Class::Internal);
    assert!(results[1].is_ok());
}
