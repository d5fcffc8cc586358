//! Every fault that the simulators know, against the real door: what the door says of a write is never better than what
//! became of it. "Surely not sent" is said only where the other side has nothing, now and later.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::http::HeaderMap;
use axum::routing::get;
use counterfoil_domain::ports::{Door as _, Outcome, SendError};
use counterfoil_sim::{Fault, FaultKind, Faults};

use crate::support::{MemoryVault, door, read, route, write};

/// What the caller learns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Says {
    Answered(u16),
    NotSent,
    Uncertain,
}

/// A billing system that books each write, once per key unless it ignores keys.
#[derive(Debug, Default)]
struct Books {
    keys: Vec<String>,
    ignores_keys: bool,
}

type Shared = Arc<Mutex<Books>>;

fn app(books: &Shared) -> Router {
    let (booking, listing) = (Arc::clone(books), Arc::clone(books));
    let book = move |headers: HeaderMap| async move {
        let key = headers["idempotency-key"].to_str().unwrap().to_owned();
        let mut books = booking.lock().unwrap();
        if books.ignores_keys || !books.keys.contains(&key) {
            books.keys.push(key);
        }
        r#"{"id":"7","lines":[1,2,3]}"#
    };
    let list = move || async move { format!("{:?}", listing.lock().unwrap().keys) };
    Router::new().route("/things", get(list).post(book))
}

fn throttled() -> FaultKind {
    FaultKind::Status { code: 429, headers: vec![("Retry-After".to_owned(), "600".to_owned())], body: String::new() }
}

#[tokio::test]
async fn what_the_door_says_of_a_write_is_what_became_of_it() {
    use Says::{Answered, NotSent, Uncertain};
    let ms = Duration::from_millis;
    let gone = |code| FaultKind::Status { code, headers: Vec::new(), body: String::new() };
    let after = |code| FaultKind::StatusAfterCommit { code, body: String::new() };
    // The fault, what is said, and how many are booked in the end; then what is said and booked after the same write again.
    let table: &[(FaultKind, Says, usize, Says, usize)] = &[
        (FaultKind::LoseBefore, Uncertain, 0, Answered(200), 1),
        (FaultKind::LoseDuring, Uncertain, 1, Answered(200), 1),
        (FaultKind::LoseAfter, Uncertain, 1, Answered(200), 1),
        (FaultKind::Reset, Uncertain, 1, Answered(200), 1),
        (FaultKind::HalfBody, Uncertain, 1, Answered(200), 1),
        (FaultKind::LateCommit(ms(100)), Uncertain, 1, Answered(200), 1),
        (FaultKind::Slow(ms(900)), Uncertain, 1, Answered(200), 1),
        (FaultKind::Slow(ms(20)), Answered(200), 1, Answered(200), 1),
        (FaultKind::Drip(ms(30)), Uncertain, 1, Answered(200), 1),
        // A vendor that lies is believed here; reading back and comparing is the engine's.
        (FaultKind::Malformed, Answered(200), 1, Answered(200), 1),
        (FaultKind::EmptyList, Answered(200), 1, Answered(200), 1),
        (gone(500), Answered(500), 0, Answered(200), 1),
        (gone(503), Answered(503), 0, Answered(200), 1),
        (after(500), Answered(500), 1, Answered(200), 1),
        (after(502), Answered(502), 1, Answered(200), 1),
        // Whoever was told to wait does not get out again, so nothing can be booked.
        (throttled(), Answered(429), 0, NotSent, 0),
    ];
    for (kind, says, booked, says_again, booked_again) in table {
        let (books, faults) = (Shared::default(), Faults::default());
        let running = counterfoil_sim::host::start(faults.apply(app(&books)), None).await.unwrap();
        let (door, records) = door(&MemoryVault::with(&[]), route(&running.base_url));
        // On a connection that is open already, where a fault is hardest to tell.
        assert_eq!(door.send(read("/things")).await.unwrap().status, 200, "{kind:?}");
        faults.inject(Fault::once("POST", "/things", kind.clone()));
        let mut count = Vec::new();
        for _ in 0..2 {
            let mut call = write(r#"{"amount":"41.80"}"#);
            call.timeout = ms(500);
            let said = match door.send(call).await {
                Ok(response) => Answered(response.status),
                Err(error) if error.outcome() == Outcome::NotSent => NotSent,
                Err(error) => {
                    assert!(matches!(error, SendError::AnswerLost { .. }), "{kind:?}: {error:?}");
                    Uncertain
                }
            };
            tokio::time::sleep(ms(150)).await;
            count.push((said, books.lock().unwrap().keys.len()));
        }
        assert_eq!(count, [(*says, *booked), (*says_again, *booked_again)], "{kind:?}");
        assert_eq!(faults.hits().len(), 1, "{kind:?}: the door sends nothing twice by itself");
        let outcomes: Vec<_> = records.lock().unwrap().iter().map(|record| record.outcome.clone()).collect();
        let told = |says: &Says| match says {
            Answered(_) => "answered",
            NotSent => "not-sent",
            Uncertain => "uncertain",
        };
        assert_eq!(outcomes, ["answered", told(says), told(says_again)], "{kind:?}");
    }
}

/// With a key that is ignored the same write again is a second document: why nothing is ever sent again blindly.
#[tokio::test]
async fn a_lost_answer_is_never_asked_for_again_by_the_door() {
    let books = Shared::default();
    books.lock().unwrap().ignores_keys = true;
    let faults = Faults::default();
    let running = counterfoil_sim::host::start(faults.apply(app(&books)), None).await.unwrap();
    let (door, _) = door(&MemoryVault::with(&[]), route(&running.base_url));
    for kind in [FaultKind::LoseAfter, FaultKind::Reset, FaultKind::HalfBody, FaultKind::LoseDuring] {
        books.lock().unwrap().keys.clear();
        faults.inject(Fault::once("POST", "/things", kind.clone()));
        assert_eq!(door.send(write("{}")).await.unwrap_err().outcome(), Outcome::Uncertain, "{kind:?}");
        tokio::time::sleep(Duration::from_millis(100)).await;
        assert_eq!(books.lock().unwrap().keys.len(), 1, "{kind:?}");
    }
}

/// A storm of 429s costs the target one call, however many callers there are.
#[tokio::test]
async fn a_storm_of_429s_is_one_call() {
    let (books, faults) = (Shared::default(), Faults::default());
    let running = counterfoil_sim::host::start(faults.apply(app(&books)), None).await.unwrap();
    let (door, _) = door(&MemoryVault::with(&[]), route(&running.base_url));
    faults.inject(Fault { method: None, path_contains: String::new(), skip: 0, times: 1_000, kind: throttled() });
    assert_eq!(door.send(write("{}")).await.unwrap().status, 429);
    let ten_minutes = chrono::Utc::now() + chrono::Duration::seconds(600);
    for call in (0..50).map(|turn| if turn % 2 == 0 { write("{}") } else { read("/things") }) {
        let error = door.send(call).await.unwrap_err();
        let SendError::OverBudget { until, .. } = &error else { panic!("{error:?}") };
        assert!((*until - ten_minutes).abs() < chrono::Duration::seconds(5), "{until}");
    }
    assert_eq!(faults.hits().len(), 1);
}
