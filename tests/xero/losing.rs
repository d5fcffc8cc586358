//! Answers that get lost, before and after Xero did what it was asked: each write has its effect exactly once.

use counterfoil_sim::xero::Status;
use counterfoil_sim::{Fault, FaultKind};
use rust_decimal::Decimal;
use serde_json::json;

use crate::bench::Bench;
use crate::helpers::{bench, lines_of};

/// The connection breaks before the handler, after it, and in the middle of the answer.
const LOSSES: [FaultKind; 3] = [FaultKind::LoseBefore, FaultKind::LoseAfter, FaultKind::HalfBody];

/// Loses the next answer to such a write, and says whether it was hit.
fn lose(bench: &Bench, method: &str, path: &str, kind: &FaultKind) -> impl Fn() -> bool + use<> {
    let faults = bench.books.faults();
    let before = faults.hits().len();
    faults.inject(Fault::once(method, path, kind.clone()));
    move || faults.hits().len() > before
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_shared_invoice_gets_each_orders_lines_once() {
    let bench = bench(&json!({ "documents": "append" })).await;
    let begins = bench.sold(1).await;
    let hit = lose(&bench, "PUT", "/Invoices", &FaultKind::LoseAfter);
    bench.send().await;
    bench.until(&begins, "synced").await;
    assert!(hit() && lines_of(&bench.invoice(), &begins) == 1, "begun once");
    let foreign = bench.books.state().add_line(&bench.invoice().id, "By hand", Decimal::TEN).unwrap();
    let mut orders = vec![begins];
    for (at, kind) in LOSSES.iter().enumerate() {
        let number = bench.sold(2 + i64::try_from(at).unwrap()).await;
        let hit = lose(&bench, "POST", "/Invoices/", kind);
        bench.send().await;
        let task = bench.until(&number, "synced").await;
        assert!(hit(), "{kind:?}: no answer was lost");
        orders.push(number);
        let invoice = bench.invoice();
        for number in &orders {
            assert_eq!(lines_of(&invoice, number), 1, "{kind:?}: {number}");
        }
        assert!(invoice.lines.iter().any(|line| line.id == foreign), "{kind:?}: the foreign line is gone");
        assert_eq!(invoice.lines.len(), orders.len() + 1, "{kind:?}");
        assert_eq!(task.receipt.unwrap().observed.len(), 1, "{kind:?}");
    }
    let due: Decimal = orders.iter().map(|number| bench.comes_to(number)).sum();
    assert_eq!(bench.invoice().sub_total, due + Decimal::TEN);
    bench.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn invoice_credit_note_and_allocation_are_each_made_once() {
    let bench = bench(&json!({ "status": "AUTHORISED" })).await;
    let sale = bench.sold(1).await;
    bench.send().await;
    bench.until(&sale, "synced").await;
    let mut orders = vec![sale.clone()];
    let writes = [("PUT", "/Invoices"), ("PUT", "/CreditNotes?"), ("PUT", "/Allocations")];
    for (method, path) in writes {
        for kind in &LOSSES {
            let number = bench.mixed(&sale, "40", "7.5").await;
            let hit = lose(&bench, method, path, kind);
            bench.send().await;
            let task = bench.until(&number, "synced").await;
            assert!(hit(), "{path} {kind:?}: no answer was lost");
            orders.push(number.clone());
            let state = bench.books.state();
            let ours = |reference: &Option<String>| reference.as_deref().is_some_and(|text| text.starts_with(&number));
            let invoices: Vec<_> = state.invoices().into_iter().filter(|one| ours(&one.reference)).collect();
            let notes: Vec<_> = state.credit_notes().into_iter().filter(|one| ours(&one.reference)).collect();
            assert_eq!((invoices.len(), notes.len()), (1, 1), "{path} {kind:?}");
            // 7.50 and its tax of 15 percent went to the invoice, once.
            let given: Vec<Decimal> = notes[0].allocations.iter().map(|allocation| allocation.amount).collect();
            assert_eq!(given, [Decimal::new(863, 2)], "{path} {kind:?}");
            assert_eq!(
                (notes[0].status, invoices[0].credited),
                (Status::Paid, Decimal::new(863, 2)),
                "{path} {kind:?}"
            );
            assert_eq!(task.receipt.unwrap().observed.len(), 3, "{path} {kind:?}");
        }
    }
    let due: Decimal = orders.iter().map(|number| bench.comes_to(number)).sum();
    assert_eq!(bench.books.state().net_total(), due);
    bench.stop().await;
}
