//! Two more worlds, for the writes that the first does not come to: an order's lines on an invoice that is there, and credit
//! that is given to an invoice.

use counterfoil_sim::Exchange;
use counterfoil_sim::world::Kind;
use rust_decimal::Decimal;
use serde_json::json;

use crate::bench::{XERO, ago};
use crate::helpers::{amounts, bench};

/// Two orders on one draft, with a line by hand between them, which has to go back with the second.
pub(crate) async fn shared_draft() -> Vec<Exchange> {
    let bench = bench(&json!({ "documents": "append" })).await;
    let first = bench.sold(1).await;
    bench.send().await;
    bench.until(&first, "synced").await;
    bench.books.state().add_line(&bench.invoice().id, "Cables, by hand", Decimal::from(7)).unwrap();
    let second = bench.sold(2).await;
    bench.send().await;
    bench.until(&second, "synced").await;
    let due = [bench.comes_to(&first), Decimal::from(7), bench.comes_to(&second)];
    assert_eq!(amounts(&bench.invoice()), due);
    let log = bench.books.log().entries();
    bench.stop().await;
    log
}

/// Approved documents: one credit goes to its order's own invoice, one to an earlier order's.
pub(crate) async fn allocated() -> Vec<Exchange> {
    let bench = bench(&json!({ "status": "AUTHORISED" })).await;
    let sale = bench.sold(2).await;
    bench.send().await;
    bench.until(&sale, "synced").await;
    let change = bench.mixed(&sale, "40", "7.5").await;
    bench.send().await;
    bench.until(&change, "synced").await;
    let less = bench.order(Kind::Downgrade, &sale, Some(-1), ago(1));
    bench.check(XERO).await;
    bench.send().await;
    bench.until(&less, "synced").await;
    let notes = bench.books.state().credit_notes();
    assert!(notes.len() == 2 && notes.iter().all(|note| note.allocations.len() == 1), "{notes:#?}");
    let log = bench.books.log().entries();
    bench.stop().await;
    log
}
