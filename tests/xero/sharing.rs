//! Orders that share the customer's draft of the month.

use counterfoil_sim::xero::{DocumentKind, Status};
use rust_decimal::Decimal;
use serde_json::json;

use crate::bench::{Bench, XERO};
use crate::helpers::{amounts, bench, lines_of};

async fn appending() -> Bench {
    bench(&json!({ "documents": "append" })).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn orders_of_a_month_join_one_draft_and_a_foreign_line_stays() {
    let bench = appending().await;
    let first = bench.sold(1).await;
    bench.send().await;
    bench.until(&first, "synced").await;
    let begun = bench.invoice();
    let foreign = bench.books.state().add_line(&begun.id, "Cables, by hand", Decimal::from(7)).unwrap();

    let second = bench.sold(2).await;
    bench.plan(XERO).await;
    let planned = bench.until(&second, "planned").await.plan.unwrap();
    let change = &planned.changes[0];
    assert_eq!((change.action.as_str(), change.target.as_deref()), ("update", Some(begun.id.as_str())));
    let cell = |name: &str| change.fields.iter().find(|field| field.name == name).unwrap();
    assert_eq!((cell("LineItems").before.as_deref(), cell("LineItems").after.as_deref()), (Some("2"), Some("3")));
    assert_eq!(bench.invoice().lines.len(), 2, "planning writes nothing");
    bench.sync(XERO).await;
    let task = bench.until(&second, "synced").await;
    let joined = bench.invoice();
    assert_eq!(amounts(&joined), [bench.comes_to(&first), Decimal::from(7), bench.comes_to(&second)]);
    assert_eq!((&joined.lines[..2], &joined.number), (&bench_lines(&joined, &begun, &foreign)[..], &begun.number));
    // Read back: the order's own lines, to the cent, not the whole invoice.
    let seen = &task.receipt.unwrap().observed[0];
    assert_eq!(seen.total.amount.parse::<Decimal>().unwrap(), bench.comes_to(&second));

    // Two more that are planned together and confirmed together.
    let (third, fourth) = (bench.sold(3).await, bench.sold(4).await);
    bench.send().await;
    for number in [&third, &fourth] {
        bench.until(number, "synced").await;
    }
    let all = bench.invoice();
    for number in [&first, &second, &third, &fourth] {
        assert_eq!(lines_of(&all, number), 1, "{number}");
    }
    assert!(all.lines.iter().any(|line| line.id == foreign));
    assert_eq!(all.lines.len(), 5);

    // Approved: it is nobody's to add to any more, and the next order begins another.
    bench.books.state().edit_document(DocumentKind::Invoice, &all.id, |invoice| invoice.status = Status::Authorised);
    let fifth = bench.sold(5).await;
    bench.send().await;
    bench.until(&fifth, "synced").await;
    let invoices = bench.books.state().invoices();
    assert_eq!((invoices.len(), lines_of(&invoices[1], &fifth)), (2, 1));
    assert_eq!(invoices[0], bench.books.state().documents()[0]);
    assert_eq!(invoices[0].lines, all.lines, "an approved invoice is not edited");
    bench.stop().await;
}

/// The lines that were there before, and the foreign one as it stands now.
fn bench_lines(
    now: &counterfoil_sim::xero::Document,
    begun: &counterfoil_sim::xero::Document,
    foreign: &str,
) -> Vec<counterfoil_sim::xero::model::Line> {
    let foreign = now.lines.iter().find(|line| line.id == foreign).unwrap();
    assert_eq!((foreign.description.as_deref(), foreign.line_amount), (Some("Cables, by hand"), Decimal::from(7)));
    vec![begun.lines[0].clone(), foreign.clone()]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_first_of_two_orders_begins_the_invoice_and_the_second_joins_it() {
    let bench = appending().await;
    let (first, second) = (bench.sold(1).await, bench.sold(2).await);
    let run = bench.plan(XERO).await;
    let told = format!("{:?}", run.problems);
    assert!(told.contains("xero-invoice-begins"), "{run:#?}");
    let waiting = [&first, &second];
    let mut states = Vec::new();
    for number in waiting {
        states.push(bench.task(XERO, number).await.task.state);
    }
    states.sort();
    assert_eq!(states, ["planned", "ready"], "the other one waits as it is");
    bench.sync(XERO).await;
    bench.plan(XERO).await;
    bench.sync(XERO).await;
    for number in waiting {
        bench.until(number, "synced").await;
        assert_eq!(lines_of(&bench.invoice(), number), 1, "{number}");
    }
    bench.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_invoice_that_was_changed_since_stops_the_write_until_it_is_planned_again() {
    let bench = appending().await;
    let first = bench.sold(1).await;
    bench.send().await;
    bench.until(&first, "synced").await;
    let second = bench.sold(2).await;
    bench.plan(XERO).await;
    bench.until(&second, "planned").await;
    let id = bench.invoice().id;
    bench.books.state().add_line(&id, "Screws", Decimal::ONE).unwrap();
    let before = bench.invoice();
    bench.confirm().await;
    let parked = bench.until(&second, "parked").await.task;
    let failure = parked.failure.clone().unwrap();
    assert_eq!(failure.code, "xero-invoice-changed");
    assert!(failure.message.contains("Screws") && failure.message.contains("Plan the task again"), "{failure:?}");
    assert_eq!(bench.invoice(), before, "nothing was sent");

    bench.plan_again(&parked).await;
    bench.send().await;
    bench.until(&second, "synced").await;
    assert_eq!((bench.invoice().lines.len(), lines_of(&bench.invoice(), &second)), (3, 1));
    bench.stop().await;
}

/// Credit of an order that joins an invoice is a credit note of its own, under either policy.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn credit_stays_beside_a_shared_invoice() {
    let bench = bench(&json!({ "documents": "append", "credits": "net" })).await;
    let sale = bench.sold(2).await;
    bench.send().await;
    bench.until(&sale, "synced").await;
    let change = bench.mixed(&sale, "30", "12.5").await;
    bench.send().await;
    bench.until(&change, "synced").await;
    let notes = bench.books.state().credit_notes();
    assert_eq!((bench.invoice().lines.len(), notes.len(), amounts(&notes[0])), (2, 1, vec![Decimal::new(1250, 2)]));
    assert_eq!(bench.books.state().net_total(), bench.comes_to(&sale) + bench.comes_to(&change));
    bench.stop().await;
}
