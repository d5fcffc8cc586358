//! Credit that waits: for approval, and for the invoice of an earlier order.

use counterfoil_sdk::testing::{Call, Scripted};
use counterfoil_sdk::{Action, Attributes, ChangeReceipt, Class, Failure, Job, Plan, Receipt, Response, Target};

use super::{CREDIT, INVOICE, credits, ground, invoices, job, line, mixed, ok, plans, shown, shown_credit};
use crate::Xero;

/// The sale's invoice, of another order than the credit.
const SOLD: &str = "0d1c8f3e-7a0b-4c55-9a41-5a2f6b9d7c10";

fn draft() -> Plan {
    plans(&[mixed("t1", "CH1")]).remove(0)
}

fn invoice(id: &str, due: &str, status: &str) -> String {
    shown(id, "CB-SO1", "SO1 cf-9z", "40", status).replace("\"TotalTax\"", &format!("\"AmountDue\":{due},\"TotalTax\""))
}

fn note(remaining: &str, status: &str, given: Option<&str>) -> String {
    let given = given.map(|to| format!(r#"{{"AllocationID":"x","Amount":8.62,"Invoice":{{"InvoiceID":"{to}"}}}}"#));
    shown_credit(CREDIT, "CB-CN-CH1", "CH1 cf-7k2m", "7.5", status).replace(
        "\"Total\"",
        &format!("\"RemainingCredit\":{remaining},\"Allocations\":[{}],\"Total\"", given.unwrap_or_default()),
    )
}

/// Applies, with Xero showing these documents.
fn applied(plan: &Plan, invoice: Option<String>, note: Option<String>) -> (Result<Receipt, Failure>, Vec<Call>) {
    let shown = |document: &Option<String>, list: fn(&[String]) -> String| match document {
        Some(document) => ok(&list(std::slice::from_ref(document))),
        None => Ok(Response::new(404, "The resource you're looking for cannot be found")),
    };
    let mut remote = Scripted::new(|call| match call.line().as_str() {
        "PUT /Invoices" => ok(&invoices(&[super::shown(INVOICE, "CB-CH1", "CH1 cf-7k2m", "40", "DRAFT")])),
        "PUT /CreditNotes" => ok(&credits(&[shown_credit(CREDIT, "CB-CN-CH1", "CH1 cf-7k2m", "7.5", "DRAFT")])),
        line if line.ends_with("/Allocations") => ok(r#"{"Allocations":[{"AllocationID":"x","Amount":8.62}]}"#),
        line if line.starts_with("GET /Invoices/") => shown(&invoice, invoices),
        line if line.starts_with("GET /CreditNotes/") => shown(&note, credits),
        line => panic!("{line}"),
    });
    let result = Xero.apply(&mut remote, std::slice::from_ref(plan)).remove(0);
    let calls = remote.calls().to_vec();
    (result, calls)
}

/// The plan as it comes again: all that is stored of it is known, but for what waits.
fn again(plan: &Plan, receipt: &Receipt) -> Plan {
    let known = |change: &&ChangeReceipt| change.attributes.get("waits-for").is_none();
    Plan { adopted: receipt.changes.iter().filter(known).cloned().collect(), ..plan.clone() }
}

#[test]
fn drafts_are_made_and_their_credit_waits_without_a_call() {
    let plan = draft();
    let (receipt, calls) = applied(&plan, None, None);
    assert_eq!(calls.len(), 2);
    let receipt = receipt.unwrap();
    let waiting = &receipt.changes[2];
    assert_eq!(waiting.attributes.get("waits-for.invoice"), Some(INVOICE));
    assert_eq!(waiting.attributes.get("waits-for.credit-note"), Some(CREDIT));
    assert!(waiting.attributes.get("waits-for").unwrap().contains("CB-CN-CH1"));
    assert!(receipt.changes[..2].iter().all(|change| change.attributes.get("waits-for").is_none()));
}

#[test]
fn what_it_meets_when_it_comes_again_decides() {
    let plan = draft();
    let first = applied(&plan, None, None).0.unwrap();
    let plan = again(&plan, &first);
    let to = |due: &str, status: &str| Some(invoice(INVOICE, due, status));
    let from = |remaining: &str, status: &str| Some(note(remaining, status, None));
    for (name, invoice, note, expected, writes) in [
        ("both approved", to("46", "AUTHORISED"), from("8.62", "AUTHORISED"), "given 8.62", 1),
        ("less is due", to("3.1", "AUTHORISED"), from("8.62", "AUTHORISED"), "given 3.1", 1),
        ("two drafts", to("46", "DRAFT"), from("8.62", "DRAFT"), "waits", 0),
        ("the invoice waits", to("46", "SUBMITTED"), from("8.62", "AUTHORISED"), "waits", 0),
        ("the credit waits", to("46", "AUTHORISED"), from("8.62", "DRAFT"), "waits", 0),
        ("given by somebody", to("37.38", "AUTHORISED"), Some(self::note("0", "PAID", Some(INVOICE))), "given 8.62", 0),
        (
            "given, answer lost",
            to("37.38", "AUTHORISED"),
            Some(self::note("0", "PAID", Some(INVOICE))),
            "given 8.62",
            0,
        ),
        ("invoice void", to("0", "VOIDED"), from("8.62", "AUTHORISED"), "invoice CB-SO1 is VOIDED", 0),
        ("invoice deleted, credit a draft", to("0", "DELETED"), from("8.62", "DRAFT"), "invoice CB-SO1 is DELETED", 0),
        ("invoice paid", to("0", "PAID"), from("8.62", "AUTHORISED"), "invoice CB-SO1 is PAID", 0),
        ("credit void", to("46", "DRAFT"), from("0", "VOIDED"), "credit note CB-CN-CH1 is VOIDED", 0),
        ("credit used", to("46", "AUTHORISED"), from("0", "PAID"), "credit note CB-CN-CH1 is PAID", 0),
        ("nothing due", to("0", "AUTHORISED"), from("8.62", "AUTHORISED"), "has nothing open", 0),
        ("invoice gone", None, from("8.62", "AUTHORISED"), "invoice is not in Xero", 0),
        ("credit gone", to("46", "AUTHORISED"), None, "credit note is not in Xero", 0),
    ] {
        let (result, calls) = applied(&plan, invoice, note);
        let sent: Vec<&Call> = calls.iter().filter(|call| call.key.is_some()).collect();
        assert_eq!(sent.len(), writes, "{name}");
        let said = match result {
            Ok(receipt) => {
                let change = &receipt.changes[2];
                match change.attributes.get("waits-for") {
                    Some(_) => "waits".to_owned(),
                    None => format!("given {}", change.attributes.get("amount").unwrap()),
                }
            }
            Err(failure) => {
                assert_eq!(failure.class, Class::Rejected, "{name}: {failure}");
                failure.message
            }
        };
        assert!(said.contains(expected), "{name}: {said}");
    }
}

fn refund(named: &[(&str, &str, &str)]) -> Job {
    let mut job = job("t2", "CH1", vec![line("l1", "resource-downgrade", "-1", "7.5", "-7.50")]);
    for (place, (id, number, order)) in named.iter().enumerate() {
        for (field, value) in [("document", "invoice"), ("reference", *id), ("number", *number), ("order", *order)] {
            job.attributes.set(format!("earlier.{}.{field}", place + 1), value);
        }
    }
    job
}

/// Planned, with Xero showing these earlier invoices; how often they were asked for.
fn planned(job: Job, there: &[String]) -> (Plan, usize) {
    let list = invoices(there);
    let mut remote = Scripted::new(|call| {
        let by_id = call.request.query.iter().any(|(name, _)| name == "IDs");
        if call.line() == "GET /Invoices" && by_id { ok(&list) } else { ground(call).unwrap() }
    });
    let plan = Xero.plan(&mut remote, &[job]).remove(0).unwrap();
    let by_id =
        |call: &&Call| call.line() == "GET /Invoices" && call.request.query.iter().any(|(name, _)| name == "IDs");
    let asked = remote.calls().iter().filter(by_id).count();
    (plan, asked)
}

#[test]
fn a_refund_goes_to_the_first_earlier_invoice_that_can_take_it() {
    const OTHER: &str = "11111111-7a0b-4c55-9a41-5a2f6b9d7c10";
    let named = [(OTHER, "CB-SO2", "SO2"), (SOLD, "CB-SO1", "SO1")];
    let sold = |due: &str, status: &str| invoice(SOLD, due, status);
    let other = |due: &str, status: &str| invoice(OTHER, due, status);
    let usd = "\"USD\"";
    for (name, there, expected) in [
        ("a draft", vec![sold("46", "DRAFT")], "waits CB-SO1 of SO1"),
        ("approved", vec![sold("46", "AUTHORISED")], "waits CB-SO1 of SO1"),
        ("both", vec![sold("46", "AUTHORISED"), other("5", "AUTHORISED")], "waits CB-SO1 of SO2"),
        ("the first is paid", vec![sold("46", "AUTHORISED"), other("0", "PAID")], "waits CB-SO1 of SO1"),
        ("all are paid", vec![sold("0", "PAID"), other("0", "PAID")], "CB-SO2 of SO2 is PAID, CB-SO1 of SO1 is PAID"),
        ("void", vec![sold("0", "VOIDED")], "SO2 is not in Xero, CB-SO1 of SO1 is VOIDED"),
        ("nothing open", vec![sold("0", "AUTHORISED")], "has nothing open"),
        ("another currency", vec![sold("46", "DRAFT").replace(usd, "\"NZD\"")], "is in another currency"),
        ("another contact", vec![sold("46", "DRAFT").replace(super::CONTACT, SOLD)], "is for another contact"),
    ] {
        let (plan, asked) = planned(refund(&named), &there);
        assert_eq!(asked, 1, "{name}");
        let said = match plan.changes.get(1) {
            Some(change) => {
                assert!(change.attributes.get("follow-up").is_some() && change.total.amount.is_zero(), "{name}");
                format!("waits {}", change.title)
            }
            None => plan.notes.join(" "),
        };
        let words: Vec<&str> = expected.split("waits ").collect();
        assert!(words.iter().all(|words| said.contains(words)), "{name}: {said}");
        assert_eq!(said.starts_with("waits "), expected.starts_with("waits "), "{name}: {said}");
    }
    // Nothing is named: nothing is asked and nothing promised.
    let (plan, asked) = planned(refund(&[]), &[]);
    assert_eq!((plan.changes.len(), plan.notes.len(), asked), (1, 0, 0));
}

#[test]
fn what_is_open_on_an_earlier_invoice_is_read_before_it_is_given() {
    let mut job = refund(&[(SOLD, "CB-SO1", "SO1")]);
    job.settings.set("status", "AUTHORISED");
    let (plan, _) = planned(job, &[invoice(SOLD, "46", "AUTHORISED")]);
    assert_eq!(plan.changes.iter().map(|change| change.action).collect::<Vec<_>>(), [Action::Create; 2]);
    for (name, invoice_now, expected) in [
        ("still open", Some(invoice(SOLD, "46", "AUTHORISED")), "8.62"),
        ("almost paid", Some(invoice(SOLD, "1.5", "AUTHORISED")), "1.5"),
        // The credit note is made all the same; its credit becomes the matter of the step that waits.
        ("paid meanwhile", Some(invoice(SOLD, "0", "PAID")), "waits"),
        ("gone", None, "waits"),
    ] {
        let (receipt, _) = applied(&plan, invoice_now, Some(note("8.62", "AUTHORISED", None)));
        let attributes: Attributes = receipt.unwrap().changes.remove(1).attributes;
        let said = attributes.get("waits-for").map_or(attributes.get("amount").unwrap_or_default(), |_| "waits");
        assert_eq!(said, expected, "{name}");
    }
}
