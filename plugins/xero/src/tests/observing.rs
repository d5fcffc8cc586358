//! Reading documents back.

use counterfoil_sdk::testing::{Call, Scripted};
use counterfoil_sdk::{Action, Attributes, ChangeReceipt, Class, Currency, Failure, Money, Receipt, Response, Target};

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

fn id(n: usize) -> String {
    format!("00000000-0000-0000-0000-{n:012}")
}

/// Receipts of documents that were numbered as they came.
fn numbered(count: usize, document: &str) -> Vec<Receipt> {
    let one = |n: usize| {
        let mut receipt = receipt(&format!("t{n}"), document, &id(n));
        receipt.changes[0].number = format!("CB-SO{n:06}");
        receipt
    };
    (0..count).map(one).collect()
}

/// What Xero has under the numbers or ids that a call asks for: by number, another's bill first, and not what was renumbered.
fn asked(call: &Call, renumbered: usize) -> String {
    let shown = |n: usize| shown(&id(n), &format!("CB-SO{n:06}"), "SO", "40.0", "DRAFT");
    let list = |name: &str| call.query(name).map(|list| list.split(',').map(str::to_owned).collect::<Vec<_>>());
    let numbered = |number: String| {
        let n = number.trim_start_matches("CB-SO").parse::<usize>().unwrap();
        let bill = shown(900_000).replace("ACCREC", "ACCPAY").replace("CB-SO900000", &number);
        if n == renumbered { vec![bill] } else { vec![bill, shown(n)] }
    };
    let by_number = list("InvoiceNumbers").into_iter().flatten().flat_map(numbered);
    let by_id = list("IDs").into_iter().flatten().map(|id| shown(id.rsplit('-').next().unwrap().parse().unwrap()));
    let all = invoices(&by_number.chain(by_id).collect::<Vec<_>>());
    all.replacen('{', r#"{"pagination":{"page":1,"pageCount":1},"#, 1)
}

#[test]
fn a_thousand_invoices_are_verified_by_list() {
    let receipts = numbered(1_000, "invoice");
    let mut remote = Scripted::new(|call| ok(&asked(call, 412)));
    let seen = Xero.observe(&mut remote, &receipts);
    for (receipt, seen) in receipts.iter().zip(seen) {
        let document = seen.unwrap().documents.remove(0);
        assert_eq!((document.state.as_str(), document.reference), ("DRAFT", receipt.changes[0].reference.clone()));
    }
    let by_number: Vec<bool> = remote.calls().iter().map(|call| call.query("InvoiceNumbers").is_some()).collect();
    assert_eq!(
        (by_number.len(), by_number.last()),
        (11, Some(&false)),
        "ten by number, one by id for the renumbered one"
    );
    assert_eq!(remote.calls().last().unwrap().query("IDs"), Some(id(412).as_str()));
}

#[test]
fn what_no_list_shows_is_asked_for_by_id_before_it_is_missing() {
    let mut remote = Scripted::new(|_| ok(r#"{"Invoices":[]}"#));
    let seen = Xero.observe(&mut remote, &numbered(100, "invoice"));
    assert!(seen.into_iter().all(|one| one.unwrap().documents[0].state == "missing"));
    let by_id = remote.calls().iter().filter(|call| call.query("IDs").is_some()).count();
    assert_eq!((remote.calls().len(), by_id), (4, 3));
}

#[test]
fn an_answer_that_is_too_large_is_asked_for_in_smaller_pages() {
    let mut remote = Scripted::new(|call| {
        let size: usize = call.query("pageSize").unwrap().parse().unwrap();
        let page: usize = call.query("page").unwrap().parse().unwrap();
        if size > 20 {
            return Err(Failure::internal("answer-too-large", "5 MiB"));
        }
        let all: Vec<String> = (0..30).map(|n| shown(&id(n), "N", "SO", "40.0", "DRAFT")).collect();
        ok(&invoices(all.chunks(size).nth(page - 1).unwrap_or_default()))
    });
    let seen = Xero.observe(&mut remote, &numbered(30, "invoice"));
    assert!(seen.into_iter().all(|one| one.unwrap().documents[0].state == "DRAFT"));
    let sizes: Vec<&str> = remote.calls().iter().map(|call| call.query("pageSize").unwrap()).collect();
    assert_eq!(sizes, ["200", "50", "12", "12", "12"]);
}

#[test]
fn many_credit_notes_are_listed_by_number_and_where_xero_refuses_that_one_by_one() {
    let all: Vec<String> = (0..3).map(|n| shown_credit(&id(n), "CN", "SO", "7.5", "DRAFT")).collect();
    for (refuses, calls) in [(false, 1), (true, 1 + 3 + 3)] {
        let mut remote = Scripted::new(|call| match call.query("where") {
            Some(filter) if refuses && filter.contains(" OR ") => Ok(Response::new(400, "{}")),
            Some(_) if refuses => ok(&credits(&[])),
            Some(_) => ok(&credits(&all)),
            None => ok(&credits(&[all[0].replace(&id(0), call.line().rsplit('/').next().unwrap())])),
        });
        let seen = Xero.observe(&mut remote, &numbered(3, "credit-note"));
        assert!(seen.into_iter().all(|one| one.unwrap().documents[0].state == "DRAFT"));
        assert_eq!(remote.calls().len(), calls, "{refuses}");
    }
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
