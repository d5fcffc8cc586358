//! Mode "invoice": a new invoice for each order.

use std::cell::Cell;
use std::rc::Rc;

use counterfoil_sdk::serde_json::json;
use counterfoil_sdk::{Class, Failure, Job, Line, Located, Response, Target};

use super::shop::Shop;
use super::{apply, bill, once, plan, set, sound, told};
use crate::Syncro;

fn order(lines: Vec<Line>) -> Job {
    let mut job = set(super::job("SO000123", lines), "mode", "invoice");
    job.order.number = "SO000123 / ümlaut".into();
    job.links.retain(|link| link.kind != "container");
    job
}

fn two() -> Job {
    let mut ten = once("1", "resource-recurring", "78.00");
    (ten.quantity, ten.unit_price) = (super::d("10"), super::d("7.80"));
    order(vec![ten, once("2", "resource-setup", "5.00"), once("3", "resource-overuse", "0")])
}

#[test]
fn an_invoice_is_made_first_and_then_its_lines() {
    let shop = Shop::open();
    let (plan, receipt) = bill(&shop, &two());
    assert_eq!(told(&plan), ["create invoice", "create invoice-line 78.00", "create invoice-line 5.00"]);
    assert_eq!(plan.left_out.len(), 1);
    let invoices = shop.invoices();
    let [invoice] = invoices.as_slice() else { panic!("{invoices:?}") };
    let number = invoice["number"].as_str().unwrap();
    assert!(number.starts_with("CF-SO000123-mlaut-") && number.is_ascii() && !number.contains(' '), "{number}");
    assert_eq!((&invoice["customer_id"], &invoice["date"]), (&json!(42), &json!("2026-11-15T00:00:00Z")));
    let lines = invoice["line_items"].as_array().unwrap();
    assert_eq!(
        (&lines[0]["quantity"], &lines[0]["price"], &lines[0]["taxable"]),
        (&json!("10"), &json!(7.8), &json!(true))
    );
    assert_eq!((lines[0]["item"].as_str(), lines[0]["product_id"].as_i64()), (Some("PC_CFQ7:0001"), Some(9)));
    assert_eq!(receipt.changes[1].number, number);
    let seen = Syncro.observe(&mut shop.remote(), std::slice::from_ref(&receipt)).remove(0).unwrap();
    let rows: Vec<String> = seen.documents.iter().map(|one| format!("{} {}", one.state, one.total)).collect();
    assert_eq!(rows, ["open 0.00 USD", "open 78.00 USD", "open 5.00 USD"]);
    // Planned again it is all there.
    let again = super::plan(&shop, &two()).unwrap();
    sound(&again, &two());
    assert_eq!(told(&again), ["none invoice", "none invoice-line 78.00", "none invoice-line 5.00"]);
    apply(&shop, &again).unwrap();
    assert_eq!(shop.invoices(), invoices);
}

#[test]
fn an_order_that_bills_nothing_makes_no_invoice() {
    let shop = Shop::open();
    let plan = plan(&shop, &order(vec![once("1", "resource-overuse", "0")])).unwrap();
    assert!(plan.changes.is_empty() && plan.left_out.len() == 1);
}

#[test]
fn every_lost_answer_is_found() {
    let lost = || Err(Failure::unknown_outcome("host-lost", "No answer came."));
    let broken = || Ok(Response::new(500, ""));
    let answers: [fn() -> Result<Response, Failure>; 2] = [lost, broken];
    for nth in 0..3 {
        for is_done in [false, true] {
            for answer in answers {
                let shop = Shop::open();
                let plan = plan(&shop, &two()).unwrap();
                let count = Rc::new(Cell::new(0));
                let mut remote = shop.remote_where(move |call, is_before| {
                    if call.key.is_none() || is_before == is_done {
                        return None;
                    }
                    count.set(count.get() + 1);
                    (count.get() == nth + 1).then(answer)
                });
                let failure = Syncro.apply(&mut remote, std::slice::from_ref(&plan)).remove(0).unwrap_err();
                assert_eq!(failure.class, Class::UnknownOutcome, "{failure}");
                let located = Syncro.locate(&mut shop.remote(), &plan, &plan.changes[nth].key).unwrap();
                let mut again = plan.clone();
                match located {
                    Located::Found(receipt) => {
                        assert!(is_done);
                        again.adopted.push(receipt);
                    }
                    Located::Absent => assert!(!is_done),
                    other => panic!("{other:?}"),
                }
                apply(&shop, &again).unwrap();
                let invoices = shop.invoices();
                assert_eq!(
                    (invoices.len(), invoices[0]["line_items"].as_array().unwrap().len()),
                    (1, 2),
                    "{nth} {is_done}"
                );
            }
        }
    }
}

#[test]
fn a_number_of_somebody_elses_and_a_paid_invoice_are_left_alone() {
    let shop = Shop::open();
    let plan = plan(&shop, &two()).unwrap();
    let mut remote = shop.remote_where(|call, is_before| {
        (!is_before && call.line() == "POST /invoices").then(|| Err(Failure::unknown_outcome("host-lost", "x")))
    });
    Syncro.apply(&mut remote, std::slice::from_ref(&plan)).remove(0).unwrap_err();
    shop.pay(shop.invoices()[0]["id"].as_i64().unwrap());
    let failure = apply(&shop, &plan).unwrap_err();
    assert_eq!((failure.code.as_str(), failure.class), ("syncro-invoice-paid", Class::Conflict));
    let mut other = two();
    other.links[0].target_id = "43".into();
    assert_eq!(super::plan(&shop, &other).unwrap_err().code, "syncro-invoice-of-another");
}

#[test]
fn a_number_never_looks_like_an_id() {
    for (prefix, number, want) in
        [(" ", "123", "CF-123-"), ("9-", "x", "CF-9-x-"), ("INV/../", "a b", "INVa-b-"), ("CF-", "!!!", "CF--")]
    {
        let shop = Shop::open();
        let mut job = set(two(), "number_prefix", prefix);
        job.order.number = number.into();
        let plan = plan(&shop, &job).unwrap();
        let field = plan.changes[0].fields.iter().find(|field| field.name == "number").unwrap().after.clone().unwrap();
        assert!(field.starts_with(want), "{field}");
    }
}
