//! A batch of fifty of which Xero saves 47 and refuses three, each for a reason of its own: every task tells its own truth,
//! and when the three are mended nothing of the 47 is sent again.

use chrono::{Duration, NaiveDate};
use counterfoil_domain::failure::FailureClass;
use counterfoil_domain::run::RunState;
use counterfoil_domain::task::TaskState;
use counterfoil_sim::xero::DocumentKind;
use rust_decimal::Decimal;
use serde_json::Value;

use crate::desk::{Desk, Setup, opening};
use crate::shelf::Draft;
use crate::table::desk;

const ALL: usize = 50;
/// Archived in Xero after the plan, dated before the day up to which the books get locked, and a number that is taken.
const ARCHIVED: usize = 7;
const LOCKED: usize = 23;
const TAKEN: usize = 41;

/// What each refused task must say: class, code, and words of Xero and of advice.
const TRUTHS: [(usize, FailureClass, &str, [&str; 2]); 3] = [
    (ARCHIVED, FailureClass::Rejected, "xero-contact-archived", ["has been archived", "link the customer to another"]),
    (LOCKED, FailureClass::Rejected, "xero-period-locked", ["lock date", "accountant"]),
    (TAKEN, FailureClass::Conflict, "xero-number-taken", ["must be unique", "void nothing before you know"]),
];

fn number(place: usize) -> String {
    format!("SO{place:06}")
}

/// Orders that each write carried, by number.
fn carried(desk: &Desk) -> Vec<Vec<String>> {
    let numbers = |body: &str| {
        let body: Value = serde_json::from_str(body).unwrap();
        let of = |invoice: &Value| invoice["InvoiceNumber"].as_str().unwrap().trim_start_matches("CB-").to_owned();
        body["Invoices"].as_array().unwrap().iter().map(of).collect()
    };
    desk.writes(("PUT", "/Invoices")).iter().map(|(_, body)| numbers(body)).collect()
}

async fn break_three(desk: &Desk, contact: &str) -> String {
    let books = desk.books.state();
    assert!(books.edit_contact(contact, |contact| contact.archived = true));
    books.set_lock_dates(NaiveDate::from_ymd_opt(2026, 3, 12), None);
    // Somebody's own invoice gets, by hand, the number that one of ours was to have.
    let theirs = desk.documents("SO900000").remove(0).id;
    assert!(books.edit_document(DocumentKind::Invoice, &theirs, |document| {
        document.number = format!("CB-{}", number(TAKEN));
        document.reference = Some("typed by hand".to_owned());
    }));
    theirs
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn partial_batches_tell_each_task_its_own_truth() {
    let (shelf, mut desk) = desk(Setup::default()).await;
    let soon_archived = desk.customer("c1", "Archive me").await;
    shelf.put(Draft::sale("SO900000".to_owned(), 0, opening() - Duration::minutes(9), "1.00"));
    desk.bill().await;

    for place in 0..ALL {
        let customer = usize::from(place == ARCHIVED);
        let at = if place == LOCKED { opening() - Duration::days(1) } else { opening() - Duration::minutes(5) };
        shelf.put(Draft::sale(number(place), customer, at, &format!("{}.10", 10 + place)));
    }
    desk.check().await;
    assert_eq!(desk.plan().await.state, RunState::Done);
    let theirs = break_three(&desk, &soon_archived).await;
    let run = desk.sync().await;
    assert_eq!(run.state, RunState::Incomplete, "{:#?}", run.problems);

    let sent = carried(&desk);
    assert_eq!(sent.iter().map(Vec::len).collect::<Vec<_>>(), [1, ALL], "all fifty went out in one write");
    for place in 0..ALL {
        let task = desk.task(&number(place)).await;
        let documents = desk.documents(&number(place));
        match TRUTHS.iter().find(|truth| truth.0 == place) {
            None => {
                assert_eq!((task.state.name(), documents.len()), ("synced", 1), "{task:#?}");
                assert_eq!(documents[0].sub_total, Decimal::new(1_010 + 100 * i64::try_from(place).unwrap(), 2));
            }
            Some((_, class, code, says)) => {
                let TaskState::Parked { failure } = &task.state else { panic!("{task:#?}") };
                println!("{}: {failure}", task.number);
                assert_eq!(documents.len(), 0, "{documents:#?}");
                assert_eq!((failure.class, failure.code.as_str()), (*class, *code), "{failure}");
                assert!(says.iter().all(|word| failure.message.contains(word)), "{failure}");
                let told = run.problems.iter().find(|problem| problem.subject == task.id.to_string()).unwrap();
                assert!(told.message.contains(&task.number) && told.message.contains(says[0]), "{told:?}");
            }
        }
    }

    mended(&mut desk, &soon_archived, &theirs).await;
    let sent = carried(&desk);
    let again: Vec<&String> = sent[2..].iter().flatten().collect();
    assert_eq!(again, [&number(ARCHIVED), &number(LOCKED), &number(TAKEN)], "nothing of the 47 is sent again");
}

/// Somebody puts the three right, plans and confirms them anew.
async fn mended(desk: &mut Desk, archived: &str, theirs: &str) {
    let books = desk.books.state();
    books.edit_contact(archived, |contact| contact.archived = false);
    books.set_lock_dates(None, None);
    books.edit_document(DocumentKind::Invoice, theirs, |document| document.number = "INV-7777".to_owned());
    let parked = desk.tasks(&["parked"]).await.into_iter().map(|task| task.id).collect();
    let run = desk.run(counterfoil_domain::run::RunKind::Plan(counterfoil_domain::run::Selection::Tasks(parked))).await;
    assert_eq!(run.state, RunState::Done, "{:#?}", run.problems);
    assert_eq!(desk.sync().await.state, RunState::Done);
    assert_eq!(desk.tasks(&["synced"]).await.len(), ALL + 1);
    for place in 0..ALL {
        assert_eq!(desk.documents(&number(place)).len(), 1, "{place}");
    }
}
