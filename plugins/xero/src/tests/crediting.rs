//! Credit that goes to the order's own invoice.

use counterfoil_sdk::serde_json::{self, Value, json};
use counterfoil_sdk::testing::{Call, Scripted};
use counterfoil_sdk::{Action, Attributes, ChangeReceipt, Class, Failure, Job, Located, Plan, Response, Target};

use super::{CREDIT, INVOICE, credits, d, ground, invoices, mixed, ok, shown, shown_credit};
use crate::Xero;

const KEY: &str = "allocation:id-CH1:9f8e7d";

fn approved() -> Job {
    let mut job = mixed("t1", "CH1");
    job.settings.set("status", "AUTHORISED");
    job
}

/// With tax, as Xero shows an approved document.
fn invoice(due: &str, status: &str) -> String {
    shown(INVOICE, "CB-CH1", "CH1 cf-7k2m", "40", status)
        .replace("\"TotalTax\"", &format!("\"AmountDue\":{due},\"TotalTax\""))
}

fn credit(remaining: &str, status: &str, allocations: &str) -> String {
    shown_credit(CREDIT, "CB-CN-CH1", "CH1 cf-7k2m", "7.5", status)
        .replace("\"Total\"", &format!("\"RemainingCredit\":{remaining},\"Allocations\":[{allocations}],\"Total\""))
}

fn given(amount: &str) -> String {
    format!(r#"{{"AllocationID":"x","Amount":{amount},"Invoice":{{"InvoiceID":"{INVOICE}"}}}}"#)
}

fn planned(job: Job, invoice: Option<String>, credit: Option<String>) -> Plan {
    let (there, note) = (invoices(&Vec::from_iter(invoice)), credits(&Vec::from_iter(credit)));
    let mut remote = Scripted::new(|call| match call.line().as_str() {
        "GET /Invoices" => ok(&there),
        "GET /CreditNotes" => ok(&note),
        _ => ground(call).unwrap(),
    });
    Xero.plan(&mut remote, &[job]).remove(0).unwrap()
}

#[test]
fn it_is_planned_where_both_are_approved_and_said_where_not() {
    let status = |status: &str| {
        let mut job = approved();
        job.settings.set("status", status);
        job
    };
    let open = || Some(invoice("46", "AUTHORISED"));
    let note = |remaining: &str, status: &str| Some(credit(remaining, status, ""));
    let (now, later) = (Some((Action::Create, false)), Some((Action::Create, true)));
    for (name, plan, action, says) in [
        ("drafts", planned(status("DRAFT"), None, None), later, ""),
        ("submitted", planned(status("SUBMITTED"), None, None), later, ""),
        ("new and approved", planned(approved(), None, None), now, ""),
        ("the invoice is there", planned(approved(), open(), None), now, ""),
        ("both are there", planned(approved(), open(), note("8.62", "AUTHORISED")), now, ""),
        (
            "done",
            planned(approved(), open(), Some(credit("0", "PAID", &given("8.62")))),
            Some((Action::None, false)),
            "",
        ),
        ("the invoice is paid", planned(approved(), Some(invoice("0", "PAID")), None), None, "PAID in Xero"),
        ("nothing is due", planned(approved(), Some(invoice("0", "AUTHORISED")), None), None, "nothing open"),
        ("the invoice is a draft", planned(approved(), Some(invoice("46", "DRAFT")), None), later, ""),
        ("the credit is used", planned(approved(), open(), note("0", "PAID")), None, "PAID in Xero"),
    ] {
        let allocation = plan.changes.iter().find(|change| change.document == "allocation");
        let waits = |change: &counterfoil_sdk::Change| change.attributes.get("follow-up").is_some();
        assert_eq!(allocation.map(|change| (change.action, waits(change))), action, "{name}: {:?}", plan.notes);
        assert!(plan.notes.iter().any(|note| note.contains(says)) || says.is_empty(), "{name}: {:?}", plan.notes);
        assert!(allocation.is_none_or(|change| change.total.amount.is_zero() && change.lines.is_empty()), "{name}");
    }
    // What is confirmed says when and how much.
    let plan = planned(status("DRAFT"), None, None);
    assert_eq!(plan.changes[2].title, "Credit of CH1 allocated to its invoice, once both are approved");
    assert_eq!(
        plan.changes[2].why,
        "When invoice CB-CH1 and credit note CB-CN-CH1 are approved in Xero, 7.50 USD and its tax will be allocated, at most what is open on both by then. Until then this step waits; it bills nothing by itself."
    );
}

/// Applies with these answers; gives the calls too.
fn applied(
    plan: &Plan,
    allocation: Result<Response, Failure>,
) -> (Result<counterfoil_sdk::Receipt, Failure>, Vec<Call>) {
    let (made, note) = (invoices(&[invoice("46", "AUTHORISED")]), credits(&[credit("8.62", "AUTHORISED", "")]));
    let mut remote = Scripted::new(|call| match call.line().as_str() {
        "PUT /Invoices" => ok(&made),
        "PUT /CreditNotes" => ok(&note),
        line if line == format!("PUT /CreditNotes/{CREDIT}/Allocations") => allocation.clone(),
        line if line == format!("GET /CreditNotes/{CREDIT}") => ok(&note),
        line if line == format!("GET /Invoices/{INVOICE}") => ok(&made),
        line => panic!("{line}"),
    });
    let result = Xero.apply(&mut remote, std::slice::from_ref(plan)).remove(0);
    let calls = remote.calls().to_vec();
    (result, calls)
}

fn done() -> Result<Response, Failure> {
    ok(&format!(r#"{{"Allocations":[{}]}}"#, given("8.62")))
}

#[test]
fn at_most_what_is_open_on_both_is_given() {
    let plan = planned(approved(), None, None);
    let (receipt, calls) = applied(&plan, done());
    let sent: Value = serde_json::from_slice(&calls[2].request.body).unwrap();
    let want = json!({"Allocations": [{"Invoice": {"InvoiceID": INVOICE}, "Amount": 8.62, "Date": "2026-11-01"}]});
    assert_eq!((calls.len(), &sent), (3, &want));
    let receipt = receipt.unwrap();
    let last = &receipt.changes[2];
    assert_eq!((last.key.as_str(), last.reference.as_str(), last.total.unwrap().amount), (KEY, CREDIT, d("0")));
    // The same again for a document that the host adopted; what nobody told is read.
    for (told, reads) in [(true, 0), (false, 1)] {
        let mut adopted = plan.clone();
        let attributes = if told { Attributes::new().with("open-amount", "46") } else { Attributes::new() };
        adopted.adopted.push(ChangeReceipt { reference: INVOICE.into(), attributes, ..receipt.changes[0].clone() });
        let (receipt, calls) = applied(&adopted, done());
        assert!(receipt.is_ok());
        assert_eq!(calls.iter().filter(|call| call.key.is_none()).count(), reads);
        assert_eq!(calls.last().unwrap().key, {
            let (_, calls) = applied(&plan, done());
            calls.last().unwrap().key.clone()
        });
    }
}

#[test]
fn a_refused_allocation_loses_neither_document() {
    let plan = planned(approved(), None, None);
    let body = r#"{"Elements":[{"ValidationErrors":[{"Message":"The invoice you are trying to allocate to has already been paid off"}]}]}"#;
    for (name, answer, class) in [
        ("refused", Ok(Response::new(400, body)), Class::Rejected),
        ("lost", Err(Failure::unknown_outcome("timeout", "No answer.")), Class::UnknownOutcome),
        ("nothing said", ok(r#"{"Allocations":[]}"#), Class::UnknownOutcome),
        ("unreadable", ok("<html>"), Class::UnknownOutcome),
        (
            "an element refused",
            ok(
                r#"{"Allocations":[{"ValidationErrors":[{"Message":"Credit Note cannot be allocated as amount is greater than amount outstanding"}]}]}"#,
            ),
            Class::Rejected,
        ),
    ] {
        let (result, _) = applied(&plan, answer);
        let failure = result.unwrap_err();
        assert_eq!(failure.class, class, "{name}: {failure}");
        assert_eq!(failure.attributes.get("saved.invoice:id-CH1:9f8e7d"), Some(INVOICE), "{name}");
        assert_eq!(failure.attributes.get("saved.credit-note:id-CH1:9f8e7d"), Some(CREDIT), "{name}");
    }
}

#[test]
fn a_lost_allocation_is_found_on_the_credit_note() {
    let plan = planned(approved(), None, None);
    for (name, invoice_there, note, want) in [
        ("nothing", false, None, "absent"),
        ("no credit note", true, None, "absent"),
        ("not given", true, Some(credit("8.62", "AUTHORISED", "")), "absent"),
        ("given", true, Some(credit("0", "PAID", &given("8.62"))), "found"),
        ("given to another", true, Some(credit("0", "PAID", &given("8.62").replace(INVOICE, CREDIT))), "absent"),
        (
            "taken back",
            true,
            Some(credit("8.62", "AUTHORISED", &given("8.62").replace("\"Amount\"", "\"IsDeleted\":true,\"Amount\""))),
            "absent",
        ),
    ] {
        let list = invoices(&Vec::from_iter(invoice_there.then(|| invoice("46", "AUTHORISED"))));
        let note = credits(&Vec::from_iter(note));
        let mut remote = Scripted::new(|call| ok(if call.line() == "GET /Invoices" { &list } else { &note }));
        let located = match Xero.locate(&mut remote, &plan, KEY).unwrap() {
            Located::Found(receipt) => {
                assert_eq!((receipt.reference.as_str(), receipt.attributes.get("amount")), (CREDIT, Some("8.62")));
                "found"
            }
            Located::Absent => "absent",
            Located::Several(_) => "several",
        };
        assert_eq!(located, want, "{name}");
    }
}

#[test]
fn an_allocation_is_observed_by_its_credit_note_and_bills_nothing() {
    let (receipt, _) = applied(&planned(approved(), None, None), done());
    let list = invoices(&[invoice("37.38", "AUTHORISED")]);
    let note = credits(&[credit("0", "PAID", &given("8.62"))]);
    let mut remote = Scripted::new(|call| ok(if call.line() == "GET /Invoices" { &list } else { &note }));
    let seen = Xero.observe(&mut remote, &[receipt.unwrap()]).remove(0).unwrap();
    let totals: Vec<String> = seen.documents.iter().map(|document| document.total.to_string()).collect();
    assert_eq!(totals, ["40.00 USD", "-7.50 USD", "0.00 USD"]);
    assert_eq!(seen.documents[2].attributes.get("remaining-credit"), Some("0"));
}
