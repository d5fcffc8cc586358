//! Hours without Xero, and a day whose calls are used up: the connection waits, the tasks do not pay for it. Afterwards
//! everything goes out by itself.

use chrono::Duration;
use counterfoil_domain::run::RunState;
use counterfoil_sim::xero::Offline;
use counterfoil_sim::{Fault, FaultKind};

use crate::desk::{Desk, Setup, opening};
use crate::shelf::Draft;
use crate::table::desk;

const ORDERS: usize = 60;

async fn planned(budgets: bool) -> Desk {
    let (shelf, mut desk) = desk(Setup { budgets, ..Setup::default() }).await;
    for place in 0..ORDERS {
        shelf.put(Draft::sale(format!("SO{place:06}"), 0, opening() - Duration::minutes(5), "12.34"));
    }
    desk.check().await;
    assert_eq!(desk.plan().await.state, RunState::Done);
    desk
}

/// What is not as it must be while Xero is away.
async fn spoilt(desk: &Desk, when: &str) -> Vec<String> {
    let tasks = desk.tasks(&[]).await;
    let paid = tasks.iter().filter(|task| task.failures > 0).count();
    let parked = tasks.iter().filter(|task| task.state.name() == "parked").count();
    let mut wrong = Vec::new();
    if paid > 0 {
        wrong.push(format!("{when}: {paid} tasks lost an attempt"));
    }
    if parked > 0 {
        wrong.push(format!("{when}: {parked} tasks wait for a person"));
    }
    wrong
}

/// Ten hours, looked at every few minutes. Gives what went wrong and how often Xero was knocked at.
async fn hours(desk: &Desk) -> (Vec<String>, usize) {
    let before = knocks(desk);
    let mut wrong = Vec::new();
    for _ in 0..120 {
        desk.pass(Duration::minutes(5));
        desk.engine.round().await.unwrap();
    }
    wrong.extend(spoilt(desk, "after ten hours").await);
    (wrong, knocks(desk) - before)
}

fn knocks(desk: &Desk) -> usize {
    desk.calls().values().sum::<usize>() + desk.books.faults().hits().len()
}

async fn comes_back(desk: &mut Desk) -> Vec<String> {
    for _ in 0..30 {
        desk.pass(Duration::hours(1));
        desk.engine.round().await.unwrap();
    }
    let synced = desk.tasks(&["synced"]).await.len();
    let documents = desk.books.state().documents().len();
    if (synced, documents) == (ORDERS, ORDERS) {
        return Vec::new();
    }
    vec![format!("back again: {synced} of {ORDERS} tasks are synchronized, {documents} documents")]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn outage_of_hours_costs_no_task_an_attempt() {
    for offline in [Offline::Maintenance, Offline::Organisation] {
        let mut desk = planned(false).await;
        desk.books.state().switch(|switches| switches.offline = Some(offline));
        desk.sync().await;
        let mut wrong = spoilt(&desk, "at once").await;
        let (more, knocks) = hours(&desk).await;
        wrong.extend(more);
        if knocks > 120 {
            wrong.push(format!("{knocks} calls to a Xero that is away"));
        }
        desk.books.state().switch(|switches| switches.offline = None);
        wrong.extend(comes_back(&mut desk).await);
        println!("{offline:?}: {knocks} calls in ten hours; {wrong:?}");
        assert!(wrong.is_empty(), "{offline:?}: {wrong:#?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn outage_of_a_used_up_day_is_waited_for_without_a_call() {
    let mut desk = planned(true).await;
    let headers = [("X-Rate-Limit-Problem", "day"), ("Retry-After", "50000")];
    let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let kind = FaultKind::Status { code: 429, headers, body: String::new() };
    desk.books.faults().inject(Fault { times: 1_000, ..Fault::once("PUT", "", kind) });
    desk.sync().await;
    let mut wrong = spoilt(&desk, "at once").await;
    let hits = desk.books.faults().hits().len();
    if hits != 1 {
        wrong.push(format!("{hits} writes were sent into a day that is over"));
    }
    let (more, knocks) = hours(&desk).await;
    wrong.extend(more);
    // 50,000 seconds are 13 hours and 53 minutes: ten hours are inside.
    if knocks > 0 {
        wrong.push(format!("{knocks} calls on a day that is over"));
    }
    desk.books.faults().clear();
    wrong.extend(comes_back(&mut desk).await);
    println!("used-up day: {hits} write, then {knocks} calls in ten hours; {wrong:?}");
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// What is wrong with the sign-in says nothing about any task.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn outage_of_the_sign_in_costs_no_task_an_attempt() {
    let mut desk = planned(false).await;
    desk.pass(Duration::minutes(31));
    let body = r#"{"error":"invalid_grant"}"#.to_owned();
    let kind = FaultKind::Status { code: 400, headers: Vec::new(), body };
    desk.books.faults().inject(Fault { times: 1_000, ..Fault::once("POST", "/connect/token", kind) });
    desk.sync().await;
    let wrong = spoilt(&desk, "at once").await;
    assert!(wrong.is_empty(), "{wrong:#?}");
}
