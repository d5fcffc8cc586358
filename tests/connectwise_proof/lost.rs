//! Answers that get lost at each write of a change: the end of the former addition, the new one, and what is billed once.
//! Before, while and after ConnectWise committed, or much later; while it shows nothing of it yet; in every wrong form an
//! answer can have; and when the process dies between any two steps. Each time exactly one addition of each stands there, or
//! a task says what is missing.

use std::sync::Arc;
use std::time::Duration as Pause;

use chrono::Duration;
use counterfoil_domain::ports::Store;
use counterfoil_domain::run::RunKind;
use counterfoil_domain::task::TaskState;
use counterfoil_sim::connectwise::{Mood, SerialNumber};
use counterfoil_sim::{Fault, FaultKind};

use crate::books::Terms;
use crate::desk::Setup;
use crate::mortal::Mortal;
use crate::stand::{DONE, Row, setup, told};

/// Each write of the plan: method, and how many of its kind go before it.
const WRITES: [(&str, u32); 4] = [("PATCH", 0), ("POST", 0), ("POST", 1), ("POST", 2)];

fn at((method, skip): (&str, u32), kind: FaultKind) -> Fault {
    Fault { skip, ..Fault::once(method, "/additions", kind) }
}

fn losses() -> Vec<FaultKind> {
    let mut all = vec![
        FaultKind::LoseBefore,
        FaultKind::LoseDuring,
        FaultKind::LoseAfter,
        FaultKind::Reset,
        FaultKind::HalfBody,
        FaultKind::Malformed,
        FaultKind::LateCommit(Pause::from_millis(150)),
    ];
    let moods = [Mood::Timeout, Mood::PoolTimeout, Mood::BadGateway];
    all.extend(moods.into_iter().flat_map(|mood| [mood.instead(), mood.after_commit()]));
    // A value that could not be read stops a request before anything is done.
    all.push(Mood::NotABoolean.instead());
    all.extend([Mood::TooMany(30), Mood::TooManyMalformed, Mood::TooManyHtml].map(Mood::instead));
    all
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lost_answers_leave_one_addition_of_each() {
    let losses = losses();
    let terms = Terms::monthly("2026-10-01");
    let mut row = Row::of(WRITES.len() * losses.len(), setup(), terms).await;
    let mut place = 0;
    for write in WRITES {
        for loss in &losses {
            let what = format!("{write:?}, {loss:?}");
            let hits = row.stand.desk.books.faults().hits().len();
            row.stand.desk.books.faults().inject(at(write, loss.clone()));
            row.send(place).await;
            assert_eq!(row.stand.desk.books.faults().hits().len(), hits + 1, "{what}: it hit nothing");
            // A late commit comes by the wall's clock.
            tokio::time::sleep(Pause::from_millis(if matches!(loss, FaultKind::LateCommit(_)) { 400 } else { 0 }))
                .await;
            let number = Row::number(place);
            let mut task = row.stand.settled(&number, Duration::seconds(25)).await;
            if task.state.name() == "parked" {
                // What ConnectWise could not even read waits for a person, who tries again.
                println!("{what}: {:?}", task.state);
                let again = counterfoil_domain::run::Selection::Tasks(vec![task.id.clone()]);
                row.stand.desk.run(RunKind::Plan(again)).await;
                row.send(place).await;
                task = row.stand.settled(&number, Duration::seconds(25)).await;
            }
            assert_eq!(task.state.name(), "synced", "{what}: {task:#?}");
            row.is_done(place, &what);
            place += 1;
        }
    }
}

/// A tenant that drops the marker: an addition that may be the lost one is a person's to look at, and never made again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lost_where_no_marker_is_kept_is_never_sent_twice() {
    let posts = [("POST", 0), ("POST", 1), ("POST", 2)];
    let mut row = Row::of(posts.len() * 2, setup(), Terms::monthly("2026-10-01")).await;
    row.stand.desk.books.state().switch(|switches| switches.serial_number = SerialNumber::OnlySerialized);
    let mut place = 0;
    for (kind, stored) in [(FaultKind::LoseAfter, true), (FaultKind::LoseBefore, false)] {
        for write in posts {
            row.stand.desk.books.faults().inject(at(write, kind.clone()));
            row.send(place).await;
            for _ in 0..40 {
                row.stand.desk.pass(Duration::minutes(5));
                row.stand.desk.engine.round().await.unwrap();
            }
            let task = row.stand.desk.task(&Row::number(place)).await;
            let what = format!("{write:?}, {kind:?}: {task:#?}");
            let there = told(&row.additions(place));
            assert!(
                DONE.iter().all(|one| there.iter().filter(|other| other == one).count() <= 1),
                "{what}: {there:#?}"
            );
            // What cannot be told from a person's own waits for one; what is known to be there is not made again either.
            let waits = task.state.name() == "uncertain";
            assert!(waits || (!stored && task.state.name() == "synced"), "{what}, {there:#?}");
            place += 1;
        }
    }
}

/// The same write gets lost again and again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lost_three_times_is_still_one_addition_of_each() {
    let mut row = Row::of(WRITES.len() * 3, setup(), Terms::monthly("2026-10-01")).await;
    let mut place = 0;
    for (method, skip) in WRITES {
        for kinds in [
            [FaultKind::LoseBefore, FaultKind::LoseBefore, FaultKind::LoseBefore],
            [FaultKind::LoseBefore, FaultKind::LoseAfter, FaultKind::LoseBefore],
            [FaultKind::LoseAfter, FaultKind::HalfBody, FaultKind::Reset],
        ] {
            for (turn, kind) in kinds.iter().enumerate() {
                let skip = if turn == 0 { skip } else { 0 };
                row.stand.desk.books.faults().inject(at((method, skip), kind.clone()));
            }
            row.send(place).await;
            let task = row.stand.settled(&Row::number(place), Duration::seconds(45)).await;
            row.stand.desk.books.faults().clear();
            assert_eq!(task.state.name(), "synced", "{method} {skip}, {kinds:?}: {task:#?}");
            row.is_done(place, &format!("{method} {skip}, {kinds:?}"));
            place += 1;
        }
    }
}

/// What was written is shown only minutes later.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lost_and_not_shown_for_minutes_is_not_written_again() {
    let lags = [5, 60, 119, 121, 180, 299];
    for by_id in [false, true] {
        let mut row = Row::of(WRITES.len() * lags.len(), setup(), Terms::monthly("2026-10-01")).await;
        let mut place = 0;
        for lag in lags {
            row.stand.desk.books.state().switch(|switches| {
                switches.list_lag_seconds = Some(lag);
                switches.lag_by_id = by_id;
            });
            for write in WRITES {
                row.stand.desk.books.faults().inject(at(write, FaultKind::LoseAfter));
                row.send(place).await;
                let task = row.stand.settled(&Row::number(place), Duration::seconds(10)).await;
                let what = format!("{write:?}, {lag} s, by id {by_id}");
                assert_eq!(task.state.name(), "synced", "{what}: {task:#?}");
                row.stand.desk.pass(Duration::minutes(10));
                row.is_done(place, &what);
                place += 1;
            }
        }
    }
}

/// The cloud is upgraded in the middle of a plan: the code base of a moment ago routes nowhere.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lost_code_base_is_found_again_between_two_writes() {
    use counterfoil_sim::connectwise::OldCodebase;
    for old in [OldCodebase::NotFound, OldCodebase::CannotRoute] {
        for write in WRITES {
            // Each with a door of its own: what was asked a moment ago is not asked again within a minute.
            let mut row = Row::of(1, setup(), Terms::monthly("2026-10-01")).await;
            row.stand.desk.books.state().switch(|switches| switches.old_codebase = old);
            let upgrade = row.upgrade_before(write, "v2025_2/".to_owned());
            row.send(0).await;
            upgrade.await.unwrap();
            let task = row.stand.settled(&Row::number(0), Duration::seconds(45)).await;
            assert_eq!(task.state.name(), "synced", "{old:?} {write:?}: {task:#?}");
            row.is_done(0, &format!("{old:?} {write:?}"));
            let after = row.stand.desk.writes().into_iter().filter(|one| one.path.starts_with("/v2025_2/"));
            assert!(after.count() > 0, "{old:?} {write:?}: nothing went to the new code base");
        }
    }
}

/// The end is written, and what takes its place is refused: the task says what is open, and the next plan closes it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lost_successor_is_told_and_made_up_for() {
    let refused = FaultKind::Status {
        code: 400,
        headers: vec![("Content-Type".to_owned(), "application/json".to_owned())],
        body: r#"{"code":"InvalidObject","message":"addition object is invalid","errors":[{"code":"InvalidField","message":"The value is not allowed today","resource":"addition","field":"effectiveDate"}]}"#.to_owned(),
    };
    let mut row = Row::of(3, setup(), Terms::monthly("2026-10-01")).await;
    for (place, skip) in [0, 1, 2].into_iter().enumerate() {
        row.stand.desk.books.faults().inject(at(("POST", skip), refused.clone()));
        row.send(place).await;
        let task = row.stand.settled(&Row::number(place), Duration::seconds(45)).await;
        let TaskState::Parked { failure } = &task.state else { panic!("{task:#?}") };
        println!("{failure}");
        let there = told(&row.additions(place));
        assert_eq!(there.len(), 1 + usize::try_from(skip).unwrap(), "{there:?}");
        assert!(there[0].ends_with("to 2026-11-30"), "{there:?}");
        assert!(failure.message.contains("not allowed today"), "{failure}");
        assert!(failure.message.contains("Done already") && failure.message.contains("The rest"), "{failure}");
        // A person has it planned anew: what is there is kept, what is open is written.
        let again = counterfoil_domain::run::Selection::Tasks(vec![task.id.clone()]);
        let run = row.stand.desk.run(RunKind::Plan(again)).await;
        assert_eq!(run.state.name(), "done", "{:#?}", run.problems);
        row.send(place).await;
        let task = row.stand.settled(&Row::number(place), Duration::seconds(45)).await;
        assert_eq!(task.state.name(), "synced", "{task:#?}");
        row.is_done(place, &format!("POST {skip} refused"));
    }
}

/// The process dies at each commit of sending it, before and after that took effect, also between the end of the one
/// addition and the beginning of the other.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lost_processes_leave_no_pair_open() {
    Box::pin(dies_everywhere(setup(), Terms::monthly("2026-10-01"))).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lost_processes_with_markers_in_descriptions_leave_no_pair_open() {
    let settings = vec![("marker", "invoice-description")];
    Box::pin(dies_everywhere(Setup { settings, ..setup() }, Terms::monthly("2026-10-01"))).await;
}

async fn dies_everywhere(setup: Setup, terms: Terms) {
    let mut row = Row::of(60, setup, terms).await;
    let mut place = 0;
    let mut deaths = 0;
    for after in [false, true] {
        for commits in 1.. {
            let plan = row.confirmed(place).await;
            row.stand.asked(RunKind::Sync(vec![plan])).await;
            let mortal = Arc::new(Mortal::new(Arc::clone(&row.stand.desk.store), commits, after));
            let process = row.stand.desk.process(Arc::clone(&mortal) as Arc<dyn Store>);
            let died = tokio::select! {
                () = mortal.died.notified() => true,
                done = process.round() => { done.unwrap(); false }
            };
            // What it had on the wire gets there, or not; nobody of it is left to write that down.
            tokio::time::sleep(Pause::from_millis(50)).await;
            drop(process);
            let task = row.stand.settled(&Row::number(place), Duration::seconds(45)).await;
            let what = format!("commit {commits}, after {after}");
            assert_eq!(task.state.name(), "synced", "{what}: {task:#?}");
            row.is_done(place, &what);
            row.closed(&task.connection, &what).await;
            place += 1;
            if !died {
                break;
            }
            deaths += 1;
        }
    }
    println!("died at {deaths} commits");
    assert!(deaths >= 8, "{deaths}");
}
