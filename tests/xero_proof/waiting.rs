//! A credit that waits until a person approves invoice and credit note in Xero: whatever the order in which that is done,
//! whatever is lost and wherever the process dies, it is allocated exactly once, or ended with a reason; and the waiting
//! costs a few calls a day.

use std::sync::Arc;

use chrono::Duration;
use counterfoil_domain::follow_up::FollowUp;
use counterfoil_domain::order::{BillingModel, Fee, OrderType};
use counterfoil_domain::period::Cycle;
use counterfoil_domain::ports::Store;
use counterfoil_sim::xero::{Document, DocumentKind, Status};
use counterfoil_sim::{Fault, FaultKind};
use rust_decimal::Decimal;

use crate::desk::{Desk, Setup};
use crate::mortal::Mortal;
use crate::shelf::{Draft, SEATS, Shelf, amount, line};
use crate::table::desk;

/// The third product of the shelf.
const AZURE: usize = 2;

/// What a person does in Xero, to the order's invoice or credit note.
#[derive(Debug, Clone, Copy)]
enum Deed {
    Set(DocumentKind, Status),
    Pay(&'static str),
}

use Deed::{Pay, Set};
use DocumentKind::{CreditNote, Invoice};

fn document(desk: &Desk, number: &str, kind: DocumentKind) -> Document {
    let mut documents = desk.documents(number);
    documents.retain(|document| document.kind == kind);
    assert_eq!(documents.len(), 1, "{number} {kind:?}: {documents:#?}");
    documents.remove(0)
}

/// To the invoice of one order, the credit note of another or the same.
fn done(desk: &Desk, (sold, refunded): (&str, &str), deed: Deed) {
    let books = desk.books.state();
    match deed {
        Set(kind, status) => {
            let number = if kind == Invoice { sold } else { refunded };
            let id = document(desk, number, kind).id;
            assert!(books.edit_document(kind, &id, |document| document.status = status));
        }
        Pay(sum) => assert!(books.pay(&document(desk, sold, Invoice).id, amount(sum)), "{sum} is too much"),
    }
}

async fn follow_up(store: &Arc<dyn Store>, desk: &Desk, number: &str) -> FollowUp {
    let task = desk.task(number).await;
    assert_eq!(task.state.name(), "synced", "{number}: its task is as it was");
    let mut all = store.follow_ups_of(&task.id).await.unwrap();
    assert_eq!(all.len(), 1, "{number}: {all:#?}");
    all.remove(0)
}

/// Rounds with time between, until nothing is due any more of the step or so much time has passed.
async fn pass_until_settled(desk: &Desk, number: &str, most: Duration) -> FollowUp {
    let until = desk.now() + most;
    loop {
        desk.engine.round().await.unwrap();
        let one = follow_up(&desk.store, desk, number).await;
        if !["waiting", "sending"].contains(&one.state.name()) || desk.now() > until {
            return one;
        }
        desk.pass(Duration::minutes(7));
    }
}

fn allocations(desk: &Desk, number: &str) -> Vec<Decimal> {
    document(desk, number, CreditNote).allocations.iter().map(|allocation| allocation.amount).collect()
}

/// Name, what is done and in which order, the state that the step ends in, what is given, and why nothing is.
type Case<'a> = (&'a str, &'a [&'a [Deed]], &'a str, &'a [&'a str], &'a str);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn waiting_ends_as_people_end_it() {
    let approve = |kind| Set(kind, Status::Authorised);
    // 75.00 and 25.55 with 15 % of tax: 86.25 is due, 29.38 is given back.
    let table: [Case<'_>; 9] = [
        ("invoice first", &[&[approve(Invoice)], &[approve(CreditNote)]], "done", &["29.38"], ""),
        ("credit note first", &[&[approve(CreditNote)], &[approve(Invoice)]], "done", &["29.38"], ""),
        ("both at once", &[&[approve(Invoice), approve(CreditNote)]], "done", &["29.38"], ""),
        (
            "submitted first",
            &[&[Set(Invoice, Status::Submitted)], &[approve(Invoice), approve(CreditNote)]],
            "done",
            &["29.38"],
            "",
        ),
        ("partly paid", &[&[approve(Invoice), Pay("80.00")], &[approve(CreditNote)]], "done", &["6.25"], ""),
        ("paid in full", &[&[approve(Invoice), Pay("86.25")], &[approve(CreditNote)]], "left", &[], "is PAID"),
        (
            "the invoice is void",
            &[&[approve(Invoice), approve(CreditNote), Set(Invoice, Status::Voided)]],
            "left",
            &[],
            "is VOIDED",
        ),
        (
            "the credit note is deleted",
            &[&[Set(CreditNote, Status::Deleted)], &[approve(Invoice)]],
            "left",
            &[],
            "is DELETED",
        ),
        ("the invoice is deleted", &[&[Set(Invoice, Status::Deleted)]], "left", &[], "is DELETED"),
    ];
    let (shelf, mut desk) = desk(Setup::default()).await;
    for (place, (name, deeds, state, given, why)) in table.into_iter().enumerate() {
        let number = format!("CL{place:06}");
        shelf.put(Draft::cancellation(number.clone(), 0, desk.now() - Duration::minutes(1)));
        desk.bill().await;
        let confirmed = desk.sealed(&desk.task(&number).await).await;
        assert!(
            confirmed.plan.changes[2].why.contains("are approved in Xero, 25.55 USD and its tax will be allocated")
        );
        assert_eq!(follow_up(&desk.store, &desk, &number).await.state.name(), "waiting", "{name}");
        for deeds in deeds {
            deeds.iter().for_each(|deed| done(&desk, (&number, &number), *deed));
            pass_until_settled(&desk, &number, Duration::hours(30)).await;
        }
        let one = pass_until_settled(&desk, &number, Duration::hours(30)).await;
        assert_eq!(one.state.name(), state, "{name}: {one:#?}");
        assert_eq!(allocations(&desk, &number), given.iter().map(|sum| amount(sum)).collect::<Vec<_>>(), "{name}");
        assert!(format!("{:?}", one.state).contains(why), "{name}: {:?}", one.state);
        assert_eq!(one.failures, 0, "{name}: waiting is no failure");
        // The receipt says what stands there now, and nothing is open in the journal.
        let receipt = desk.store.receipt(&one.plan).await.unwrap().unwrap();
        let waits = receipt.receipt.changes[2].attributes.iter().any(|(name, _)| name == "waits-for");
        assert_eq!(waits, state == "left", "{name}");
        assert!(desk.store.open_batches(&one.connection).await.unwrap().is_empty(), "{name}");
    }
    let writes = desk.writes(("PUT", "/Allocations")).len();
    assert_eq!(writes, 5, "one for each that was given, none for the others");
}

/// An answer that gets lost, and what Xero did.
fn losses() -> [FaultKind; 5] {
    [
        FaultKind::LoseBefore,
        FaultKind::LoseAfter,
        FaultKind::HalfBody,
        FaultKind::StatusAfterCommit { code: 500, body: "An unhandled error".to_owned() },
        FaultKind::Malformed,
    ]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn waiting_a_lost_answer_allocates_once() {
    let (shelf, mut desk) = desk(Setup::default()).await;
    let mut place = 0;
    for loss in losses() {
        // Seen to while Xero knows the key, long after, and lost three times.
        for (times, pause) in [(1, Duration::seconds(3)), (1, Duration::minutes(11)), (3, Duration::minutes(2))] {
            place += 1;
            let number = format!("CL{place:06}");
            shelf.put(Draft::cancellation(number.clone(), 0, desk.now() - Duration::minutes(1)));
            desk.bill().await;
            for kind in [Invoice, CreditNote] {
                done(&desk, (&number, &number), Set(kind, Status::Authorised));
            }
            for _ in 0..times {
                desk.books.faults().inject(Fault::once("PUT", "/Allocations", loss.clone()));
            }
            desk.pass(Duration::hours(2));
            desk.engine.round().await.unwrap();
            assert_eq!(follow_up(&desk.store, &desk, &number).await.state.name(), "sending", "{loss:?} {pause}");
            desk.pass(pause);
            let one = pass_until_settled(&desk, &number, Duration::hours(60)).await;
            desk.books.faults().clear();
            assert_eq!(one.state.name(), "done", "{loss:?} {pause}: {one:#?}");
            assert_eq!(allocations(&desk, &number), [amount("29.38")], "{loss:?} {pause}");
        }
    }
}

/// Steps that wait or were refused for now cost no attempt.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn waiting_costs_a_few_calls_a_day_and_no_attempt() {
    let (shelf, mut desk) = desk(Setup::default()).await;
    let numbers: Vec<String> = (0..30).map(|place| format!("CL{place:06}")).collect();
    for number in &numbers {
        shelf.put(Draft::cancellation(number.clone(), 0, desk.now() - Duration::minutes(1)));
    }
    desk.bill().await;
    let count = |desk: &Desk| desk.calls().values().sum::<usize>();
    let mut days = Vec::new();
    for _ in 0..40 {
        let before = count(&desk);
        for _ in 0..48 {
            desk.pass(Duration::minutes(30));
            desk.engine.round().await.unwrap();
        }
        days.push(count(&desk) - before);
    }
    println!("calls a day for thirty that wait: {days:?}");
    assert!(days[0] <= 6 && days[1..].iter().all(|calls| *calls <= 2), "{days:?}");
    assert!(days[35..].iter().sum::<usize>() <= 2, "after a month once a week: {days:?}");
    for number in &numbers {
        let one = follow_up(&desk.store, &desk, number).await;
        assert_eq!((one.state.name(), one.failures), ("waiting", 0));
    }
    // A target that is down, or says "too many", is left alone, and they go on waiting.
    for number in &numbers[..2] {
        for kind in [Invoice, CreditNote] {
            done(&desk, (number, number), Set(kind, Status::Authorised));
        }
    }
    for kind in [
        FaultKind::Status {
            code: 503,
            headers: vec![],
            body: "The Xero API is currently offline for maintenance".to_owned(),
        },
        FaultKind::Status {
            code: 429,
            headers: vec![("Retry-After".to_owned(), "7200".to_owned())],
            body: String::new(),
        },
    ] {
        desk.books.faults().inject(Fault::once("PUT", "/Allocations", kind));
    }
    for number in &numbers[..2] {
        let one = pass_until_settled(&desk, number, Duration::days(10)).await;
        assert_eq!((one.state.name(), one.failures), ("done", 0), "{one:#?}");
        assert_eq!(allocations(&desk, number), [amount("29.38")]);
    }
    desk.books.faults().clear();
}

fn downgrade(number: &str, desk: &Desk) -> Draft {
    Draft {
        number: number.to_owned(),
        kind: OrderType::Change,
        model: BillingModel::BeforeBillingPeriod,
        customer: 0,
        at: desk.now() - Duration::minutes(1),
        cycle: Cycle::Months(1),
        period: None,
        lines: vec![line(Fee::ResourceDowngrade, Some(SEATS), "-1", "20.00", "-20.00")],
    }
}

async fn sold_and_downgraded(shelf: &Shelf, desk: &mut Desk, place: usize) -> (String, String) {
    let (sold, refunded) = (format!("SO{place:06}"), format!("CH{place:06}"));
    shelf.put(Draft::sale(sold.clone(), 0, desk.now() - Duration::minutes(1), "60.00"));
    desk.bill().await;
    desk.pass(Duration::days(1));
    shelf.put_for(downgrade(&refunded, desk), &sold);
    desk.bill().await;
    (sold, refunded)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn waiting_a_downgrade_goes_to_the_invoice_of_the_sale() {
    let (shelf, mut desk) = desk(Setup::default()).await;
    let (sold, refunded) = sold_and_downgraded(&shelf, &mut desk, 1).await;
    let plan = desk.sealed(&desk.task(&refunded).await).await.plan;
    assert_eq!(
        plan.changes[1].title,
        format!("Credit of {refunded} allocated to the invoice CB-{sold} of {sold}, once both are approved")
    );
    for kind in [CreditNote, Invoice] {
        done(&desk, (&sold, &refunded), Set(kind, Status::Authorised));
        pass_until_settled(&desk, &refunded, Duration::hours(30)).await;
    }
    assert_eq!(follow_up(&desk.store, &desk, &refunded).await.state.name(), "done");
    assert_eq!(allocations(&desk, &refunded), [amount("23.00")]);
    assert_eq!(document(&desk, &sold, Invoice).open_amount(), amount("46.00"));
    // What billed the same product comes before what is newer.
    let sold = "SO000003".to_owned();
    shelf.put(Draft::sale(sold.clone(), 0, desk.now() - Duration::minutes(1), "60.00"));
    desk.bill().await;
    let upgrade = line(Fee::ResourceSetup, Some(AZURE), "1", "5.00", "5.00");
    desk.pass(Duration::days(1));
    shelf.put_for(Draft { lines: vec![upgrade], ..downgrade("CH000003", &desk) }, &sold);
    desk.bill().await;
    desk.pass(Duration::days(1));
    let back = line(Fee::ResourceDowngrade, Some(AZURE), "-1", "1.00", "-1.00");
    shelf.put_for(Draft { lines: vec![back], ..downgrade("CH000004", &desk) }, &sold);
    shelf.put_for(downgrade("CH000005", &desk), &sold);
    desk.bill().await;
    for (number, expected) in [("CH000004", "CB-CH000003 of CH000003"), ("CH000005", "CB-SO000003 of SO000003")] {
        let plan = desk.sealed(&desk.task(number).await).await.plan;
        assert!(plan.changes[1].title.contains(expected), "{number}: {}", plan.changes[1].title);
    }
    // Paid before the credit comes: nothing is promised, and the plan says why.
    let sold = "SO000002".to_owned();
    shelf.put(Draft::sale(sold.clone(), 0, desk.now() - Duration::minutes(1), "60.00"));
    desk.bill().await;
    [Set(Invoice, Status::Authorised), Pay("69.00")].iter().for_each(|deed| done(&desk, (&sold, &sold), *deed));
    shelf.put_for(downgrade("CH000002", &desk), &sold);
    desk.bill().await;
    let plan = desk.sealed(&desk.task("CH000002").await).await.plan;
    assert_eq!(plan.changes.len(), 1);
    assert!(plan.notes.iter().any(|note| note.contains("CB-SO000002 of SO000002 is PAID")), "{:?}", plan.notes);
}

/// Approved documents: both credits of one sale go out with their credit notes, and no more than is open.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn waiting_is_not_needed_where_documents_are_made_approved() {
    let (shelf, mut desk) = desk(Setup { settings: vec![("status", "AUTHORISED")], ..Setup::default() }).await;
    let (sold, refunded) = sold_and_downgraded(&shelf, &mut desk, 1).await;
    assert_eq!(allocations(&desk, &refunded), [amount("23.00")]);
    assert!(desk.store.follow_ups_of(&desk.task(&refunded).await.id).await.unwrap().is_empty());
    done(&desk, (&sold, &refunded), Pay("30.00"));
    for number in ["CH000008", "CH000009"] {
        shelf.put_for(downgrade(number, &desk), &sold);
    }
    desk.bill().await;
    // 69.00 less 23.00 less 30.00: 16.00 is open for two times 23.00, and the rest stays on the contact.
    let mut given = [allocations(&desk, "CH000008"), allocations(&desk, "CH000009")].concat();
    given.sort();
    assert_eq!(given, [amount("16.00")]);
    let left = if allocations(&desk, "CH000008").is_empty() { "CH000008" } else { "CH000009" };
    let one = pass_until_settled(&desk, left, Duration::hours(3)).await;
    assert_eq!(one.state.name(), "left", "{one:#?}");
}

/// The process dies at each commit of carrying it out, before and after it took effect.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn waiting_survives_a_process_that_dies_at_each_commit() {
    let (shelf, mut desk) = desk(Setup::default()).await;
    let mut deaths = 0;
    for after in [false, true] {
        for commits in 1.. {
            let number = format!("CL{}{commits:05}", u8::from(after));
            shelf.put(Draft::cancellation(number.clone(), 0, desk.now() - Duration::minutes(1)));
            desk.bill().await;
            for kind in [Invoice, CreditNote] {
                done(&desk, (&number, &number), Set(kind, Status::Authorised));
            }
            desk.pass(Duration::hours(2));
            let mortal = Arc::new(Mortal::new(Arc::clone(&desk.store), commits, after));
            let process = desk.process(Arc::clone(&mortal) as Arc<dyn Store>);
            let died = tokio::select! {
                () = mortal.died.notified() => true,
                done = process.round() => { done.unwrap(); false }
            };
            // What it had on the wire gets there, or not; nobody of it is left to write that down.
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
            drop(process);
            let one = pass_until_settled(&desk, &number, Duration::hours(30)).await;
            assert_eq!(one.state.name(), "done", "commit {commits}, after {after}: {one:#?}");
            assert_eq!(allocations(&desk, &number), [amount("29.38")], "commit {commits}, after {after}");
            assert!(desk.store.open_batches(&one.connection).await.unwrap().is_empty(), "commit {commits}");
            if !died {
                break;
            }
            deaths += 1;
        }
    }
    println!("died at {deaths} commits");
    assert!(deaths >= 8, "{deaths}");
}
