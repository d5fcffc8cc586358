//! Reading documents back.

use counterfoil_sdk::testing::Scripted;
use counterfoil_sdk::{Action, Attributes, ChangeReceipt, Class, Currency, Money, Receipt, Response, Target};

use super::{CREDIT, INVOICE, credits, d, invoices, ok, shown, shown_credit};
use crate::Xero;

fn receipt(job: &str, document: &str, reference: &str) -> Receipt {
    let change = ChangeReceipt {
        key: format!("{document}:{job}"),
        action: Action::Create,
        document: document.into(),
        reference: reference.into(),
        number: "N".into(),
        total: Some(Money::new(d("40"), Currency::parse("USD").unwrap())),
        attributes: Attributes::new(),
    };
    Receipt { job: job.into(), changes: vec![change], attributes: Attributes::new() }
}

#[test]
fn documents_are_shown_with_the_orders_sign() {
    let list = invoices(&[shown(INVOICE, "CB-SO1", "SO1", "40.0", "AUTHORISED")]);
    let note = credits(&[shown_credit(CREDIT, "CN-1", "SO1", "7.5", "DRAFT")]);
    let mut remote = Scripted::new(|call| ok(if call.line() == "GET /Invoices" { &list } else { &note }));
    let gone = "00000000-1111-0000-0000-000000000000";
    let receipts = [
        receipt("t1", "invoice", &INVOICE.to_uppercase()),
        receipt("t2", "credit-note", CREDIT),
        receipt("t3", "invoice", gone),
    ];
    let seen: Vec<_> =
        Xero.observe(&mut remote, &receipts).into_iter().map(|result| result.unwrap().documents.remove(0)).collect();
    let shown: Vec<_> = seen
        .iter()
        .map(|document| (document.state.as_str(), document.total.to_string(), document.lines.len()))
        .collect();
    assert_eq!(
        shown,
        [
            ("AUTHORISED", "40.00 USD".to_owned(), 1),
            ("DRAFT", "-7.50 USD".to_owned(), 0),
            ("missing", "0.00 USD".to_owned(), 0)
        ]
    );
    assert_eq!(remote.calls().len(), 2);
    assert_eq!(remote.calls()[1].line(), format!("GET /CreditNotes/{CREDIT}"));
}

#[test]
fn a_hundred_invoices_take_three_reads() {
    let receipts: Vec<Receipt> =
        (0..100).map(|n| receipt(&format!("t{n}"), "invoice", &format!("00000000-0000-0000-0000-{n:012}"))).collect();
    let mut remote = Scripted::new(|_| ok(r#"{"Invoices":[]}"#));
    assert_eq!(Xero.observe(&mut remote, &receipts).len(), 100);
    assert_eq!(remote.calls().len(), 3);
}

#[test]
fn a_credit_note_that_is_gone_is_missing_and_a_fault_is_a_failure() {
    let states = |status| {
        let mut remote = Scripted::new(move |_| Ok(Response::new(status, "")));
        Xero.observe(&mut remote, &[receipt("t", "credit-note", CREDIT)]).remove(0)
    };
    assert_eq!(states(404).unwrap().documents[0].state, "missing");
    assert_eq!(states(500).unwrap_err().class, Class::Transient);
}
