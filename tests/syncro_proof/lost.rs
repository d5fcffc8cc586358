//! Answers that get lost at each write of a statement: the change of a line that recurs, the end of one, a new one, and what
//! is billed once. Before, while and after Syncro committed, or later; once and twice; in every wrong form an answer can
//! have; and when the process dies between any two steps. Each time exactly one line of each stands there, and the invoice
//! of the next run is the statement's.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration as Pause;

use chrono::{Duration, NaiveDate};
use counterfoil_domain::id::Actor;
use counterfoil_domain::ports::Store;
use counterfoil_domain::run::{RunKind, Selection};
use counterfoil_domain::task::{Event, Task, TaskState};
use counterfoil_sim::statements::{Ending, Grouping, Motion, Parts, StatementWorld, Step, Subscription, Tenant};
use counterfoil_sim::syncro::{Maker, Mood};
use counterfoil_sim::{Fault, FaultKind};
use rust_decimal::Decimal;

use crate::account::Setup;
use crate::desk::moved;
use crate::market::Kind;
use crate::mortal::Mortal;
use crate::office::{CHECKED_ON, Office, RUNS_ON, Shape};

/// Writes of each plan, by the end of their paths, and how many of the kind go before.
const WRITES: [(&str, &str, u32); 6] = [
    ("PUT", "/line_items/", 0),
    ("PUT", "/line_items/", 1),
    ("POST", "/add_line_item", 0),
    ("POST", "/add_line_item", 1),
    ("POST", "/add_line_item", 2),
    ("POST", "/add_line_item", 3),
];

const LATE: Pause = Pause::from_millis(40);

fn losses() -> Vec<FaultKind> {
    let mut all = vec![
        FaultKind::LoseBefore,
        FaultKind::LoseDuring,
        FaultKind::LoseAfter,
        FaultKind::Reset,
        FaultKind::HalfBody,
        FaultKind::Malformed,
        FaultKind::LateCommit(LATE),
    ];
    let moods = [Mood::BadGateway, Mood::ServerError, Mood::Disabled, Mood::SaysDone, Mood::Null];
    all.extend(moods.into_iter().flat_map(|mood| [mood.instead(), mood.after_commit()]));
    all.push(Mood::TooMany.instead());
    all
}

fn day(month: u32, day: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, month, day).unwrap()
}

/// From a day on so many at 31.68 retail.
fn step(on: NaiveDate, quantity: i64) -> Step {
    Step { on, quantity, unit_cost: Decimal::new(2_640, 2), unit_retail: Decimal::new(3_168, 2) }
}

/// So many customers who all live the same two months: ten seats of one thing that become twelve on the 15th of February,
/// five of another that end with January, and three of a third from the 10th of February on.
fn crowd(count: usize) -> StatementWorld {
    let base = StatementWorld::fixture(Grouping::Provisions);
    let (mut tenants, mut subscriptions) = (Vec::new(), Vec::new());
    for place in 0..count {
        let number = u32::try_from(place).unwrap();
        let (id, name) = (21_001 + number, format!("Customer {place:03}"));
        let guid = format!("0f9c2a10-0000-4000-8000-{place:012}");
        tenants.push(Tenant { id, guid, domain: format!("c{place}.example"), name, ..base.tenants()[0].clone() });
        let lives = [
            (2, vec![step(day(1, 1), 10), step(day(2, 15), 12)], None),
            (1, vec![step(day(1, 1), 5)], Some(Ending { on: day(2, 1), in_window: false })),
            (4, vec![step(day(2, 10), 3)], None),
        ];
        for (index, (product, steps, ending)) in lives.into_iter().enumerate() {
            let id = 30_001 + number * 10 + u32::try_from(index).unwrap();
            subscriptions.push(Subscription {
                id,
                guid: format!("5ab50000-0000-4000-8000-{id:012}"),
                tenant: Some(21_001 + number),
                product,
                motion: Motion::MonthlyMonthly,
                start: steps[0].on,
                steps,
                ending,
                extras: Vec::new(),
            });
        }
    }
    StatementWorld::assemble(Parts {
        first: base.first(),
        months: 3,
        grouping: base.grouping(),
        organizations: base.organizations().to_vec(),
        profiles: base.profiles().to_vec(),
        tenants,
        products: base.products().to_vec(),
        subscriptions,
    })
}

/// January is billed and run, February planned and not confirmed.
struct Crowd {
    office: Office,
    /// The recurring invoice and the customer of each.
    places: Vec<(i64, String)>,
}

impl Crowd {
    async fn of(count: usize) -> Self {
        Self::with(count, Setup::default()).await
    }

    async fn with(count: usize, setup: Setup) -> Self {
        let mut office = Office::empty(Kind::CloudIq, crowd(count), setup).await;
        let mut places = Vec::new();
        for tenant in office.tenants() {
            let schedules = office.map(&tenant, Shape::One).await;
            places.push((schedules[0], tenant.guid.to_lowercase()));
        }
        let (january, february) = (office.first, office.first.plus(1));
        office.month(january).await;
        office.desk.until(february.plus(1).day(CHECKED_ON));
        office.desk.check().await;
        office.desk.sync_products().await;
        let run = office.desk.plan().await;
        assert!(run.problems.is_empty(), "{:#?}", run.problems);
        Self { office, places }
    }

    async fn task(&self, place: usize) -> Task {
        let mut tasks = self.office.desk.tasks(&[]).await;
        tasks.retain(|task| task.customer.as_str() == self.places[place].1);
        tasks.sort_by_key(|task| task.created_at);
        tasks.pop().unwrap()
    }

    /// Confirms what is planned and leaves a run that sends it.
    async fn confirmed(&self, place: usize) -> RunKind {
        let task = self.task(place).await;
        let plan = self.office.desk.sealed(&task).await.digest;
        let write = moved(task, Event::Confirmed { plan: plan.clone(), by: Actor::new("ann") });
        self.office.desk.commit(vec![write]).await;
        RunKind::Sync(vec![plan])
    }

    /// Rounds while time passes, plans again where that is asked for, until it is synchronized and nothing is open.
    async fn settled(&mut self, place: usize, is_late: bool, what: &str) -> Vec<String> {
        let mut parked = Vec::new();
        for _ in 0..60 {
            if is_late {
                // By its own time the vendor is done before anybody looks.
                tokio::time::sleep(LATE * 2).await;
            }
            self.office.desk.engine.round().await.unwrap();
            let task = self.task(place).await;
            match task.state.name() {
                "synced" if self.office.desk.store.open_batches(&self.office.desk.x()).await.unwrap().is_empty() => {
                    return parked;
                }
                "ready" | "parked" => {
                    if let TaskState::Parked { failure } = &task.state {
                        parked.push(failure.code.clone());
                    }
                    self.office.desk.run(RunKind::Plan(Selection::Tasks(vec![task.id]))).await;
                }
                "planned" => {
                    let kind = self.confirmed(place).await;
                    self.office.desk.run(kind).await;
                }
                _ => {}
            }
            self.office.desk.pass(Duration::seconds(50));
        }
        let open = self.office.desk.store.open_batches(&self.office.desk.x()).await.unwrap();
        let mut effects = Vec::new();
        for batch in &open {
            effects.extend(self.office.desk.store.effects(&batch.id).await.unwrap());
        }
        let told: Vec<_> = effects.iter().map(|effect| (&effect.key, &effect.state)).collect();
        panic!("{what} never settles: {:?} {open:#?} {told:#?}", self.task(place).await.state);
    }

    /// Twelve and three that go on, none of what ended, and February's rest once.
    fn is_done(&self, place: usize, what: &str) {
        let lines = self.office.desk.books().lines(self.places[place].0);
        let ours = lines.iter().filter(|line| line.maker == Maker::Api);
        let told = |line: &counterfoil_sim::syncro::Line| {
            let once = if line.one_time_charge { " once" } else { "" };
            format!("{} × {}{once}", line.quantity.normalize(), line.retail_cents)
        };
        let mut stand: Vec<String> = ours.map(told).collect();
        stand.sort();
        assert_eq!(stand, DONE, "{what}");
    }
}

/// 12 × 31.68 for half of February with 10 for the other half: 348.48 of 380.16, in two rows of the statement. 3 × 31.68 for
/// 19 of 28 days: 64.49 of 95.04.
const DONE: [&str; 6] = ["0 × 3168", "1 × -19008 once", "1 × -3055 once", "1 × 15840 once", "12 × 3168", "3 × 3168"];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lost_answers_leave_one_line_of_each() {
    let mut scenes = Vec::new();
    for (place, loss) in losses().into_iter().enumerate() {
        for write in WRITES {
            // Each loss at each write once; twice in a row at one write of each.
            let times = if place % WRITES.len() == usize::try_from(write.2).unwrap() { 2 } else { 1 };
            scenes.push((write, loss.clone(), times));
        }
    }
    let mut crowd = Crowd::of(scenes.len()).await;
    let (mut hit, mut parked) = (0, BTreeSet::new());
    for (place, ((method, path, skip), kind, times)) in scenes.iter().enumerate() {
        let what = format!("{method} {path} {skip}, {kind:?}, {times} times");
        let part = format!("/schedules/{}{path}", crowd.places[place].0);
        let faults = crowd.office.desk.accounts[0].books.faults();
        let fault = Fault { skip: *skip, times: *times, ..Fault::once(method, &part, kind.clone()) };
        let before = faults.hits().len();
        faults.inject(fault);
        let run = crowd.confirmed(place).await;
        crowd.office.desk.run(run).await;
        for code in crowd.settled(place, matches!(kind, FaultKind::LateCommit(_)), &what).await {
            parked.insert(format!("{code} after {what}"));
        }
        hit += usize::from(faults.hits().len() > before);
        faults.clear();
        crowd.is_done(place, &what);
    }
    let all = scenes.len();
    println!("{all} scenes, {hit} in which the fault hit; a person had to plan again {parked:#?}");
    assert!(hit * 10 >= all * 6, "{hit} of {all}: faults that hit nothing prove nothing");
    ends(crowd).await;
}

/// The same for an invoice of each order: its head, then its lines.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lost_answers_leave_one_invoice_of_each() {
    let scenes: Vec<(u32, FaultKind)> =
        losses().into_iter().flat_map(|loss| (0..4).map(move |skip| (skip, loss.clone()))).collect();
    let setup = Setup { settings: vec![("mode", "invoice")], ..Setup::default() };
    let mut crowd = Crowd::with(scenes.len(), setup).await;
    let before = crowd.office.desk.books().invoices().len();
    let mut parked = BTreeSet::new();
    for (place, (skip, kind)) in scenes.iter().enumerate() {
        let what = format!("POST /invoices {skip}, {kind:?}");
        let faults = crowd.office.desk.accounts[0].books.faults();
        let hits = faults.hits().len();
        faults.inject(Fault { skip: *skip, ..Fault::once("POST", "/invoices", kind.clone()) });
        let run = crowd.confirmed(place).await;
        crowd.office.desk.run(run).await;
        for code in crowd.settled(place, matches!(kind, FaultKind::LateCommit(_)), &what).await {
            parked.insert(format!("{code} after {what}"));
        }
        assert!(faults.hits().len() > hits, "{what}: it hit nothing");
        let made = crowd.office.desk.books().invoices().len() - before;
        assert_eq!(made, place + 1, "{what}: one invoice each");
    }
    println!("{} scenes; a person had to plan again {parked:#?}", scenes.len());
    let february = crowd.office.first.plus(1);
    crowd.office.looked_at(february);
    crowd.office.ledger.count(&crowd.office.desk).await;
    crowd.office.agrees("after all that was lost").await;
    assert_eq!(crowd.office.desk.accounts[0].misdeeds(), Vec::<String>::new());
}

/// A line that Syncro does not show yet is not written a second time.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lines_that_are_shown_late_are_there_once() {
    let lags = [1, 30, 100];
    let mut crowd = Crowd::of(lags.len() * 2).await;
    for (place, lag) in lags.into_iter().chain(lags).enumerate() {
        let what = format!("shown after {lag} seconds, {place}");
        crowd.office.desk.books().switch(|switches| switches.line_lag_seconds = lag);
        if place >= lags.len() {
            let part = format!("/schedules/{}/add_line_item", crowd.places[place].0);
            let fault = Fault::once("POST", &part, FaultKind::LoseAfter);
            crowd.office.desk.accounts[0].books.faults().inject(fault);
        }
        let run = crowd.confirmed(place).await;
        crowd.office.desk.run(run).await;
        let parked = crowd.settled(place, false, &what).await;
        assert_eq!(parked, Vec::<String>::new(), "{what}: nobody has to help");
        crowd.is_done(place, &what);
    }
    crowd.office.desk.books().switch(|switches| switches.line_lag_seconds = 0);
    ends(crowd).await;
}

/// Each commit of sending one plan, with the process dying before it is stored and right after.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn death_at_each_commit_leaves_one_line_of_each() {
    const COMMITS: i64 = 24;
    let scenes: Vec<(i64, bool)> = (1..=COMMITS).flat_map(|commits| [(commits, false), (commits, true)]).collect();
    let mut crowd = Crowd::of(scenes.len()).await;
    let mut died = 0;
    for (place, (commits, after)) in scenes.iter().enumerate() {
        let what = format!("commit {commits}, after: {after}");
        let kind = crowd.confirmed(place).await;
        let x = crowd.office.desk.x();
        crowd.office.desk.asked(&x, kind).await;
        let store: Arc<dyn Store> = Arc::clone(&crowd.office.desk.store);
        let mortal = Arc::new(Mortal::new(store, *commits, *after));
        let process = crowd.office.desk.process(Arc::clone(&mortal) as Arc<_>);
        tokio::select! {
            done = process.round() => done.unwrap(),
            () = mortal.died.notified() => died += 1,
        }
        drop(process);
        let parked = crowd.settled(place, false, &what).await;
        assert_eq!(parked, Vec::<String>::new(), "{what}: nobody has to help");
        crowd.is_done(place, &what);
    }
    println!("{died} of {} died", scenes.len());
    assert!(died >= 30, "{died}");
    ends(crowd).await;
}

/// The invoices of February's run, and no line too many.
async fn ends(mut crowd: Crowd) {
    let february = crowd.office.first.plus(1);
    assert!(crowd.office.desk.now().date_naive() < february.plus(1).day(RUNS_ON), "the run is over already");
    crowd.office.ledger.learn(&crowd.office.desk).await;
    crowd.office.looked_at(february);
    crowd.office.run(february).await;
    crowd.office.agrees("after all that was lost").await;
    crowd.office.is_clean(2).await;
}
