//! What a thousand invoices cost in calls, from the check to the last one read back: Xero's smallest plan has a thousand
//! calls a day and sixty a minute, so a thousand invoices must fit into one minute.

use std::collections::BTreeMap;

use chrono::Duration;
use counterfoil_domain::run::RunState;

use crate::desk::{Desk, Setup, opening, reports};
use crate::shelf::{Draft, customer_id, customer_name};
use crate::table::desk;

const INVOICES: usize = 1_000;
const CUSTOMERS: usize = 250;
/// With look-ups and verification.
const MOST: usize = 60;

type Calls = BTreeMap<String, usize>;

/// A step and what it asked of Xero.
#[derive(Debug)]
struct Step {
    name: &'static str,
    calls: Calls,
}

impl Step {
    fn all(&self) -> usize {
        self.calls.values().sum()
    }
}

/// Check, plan, and send with reading back, with the calls of each. The clocks stand still and the card's budgets count, so
/// all of it is one minute.
async fn bill() -> [Step; 3] {
    let (shelf, mut desk) = desk(Setup { budgets: true, ..Setup::default() }).await;
    for customer in 1..CUSTOMERS {
        desk.customer(customer_id(customer).as_str(), &customer_name(customer)).await;
    }
    for place in 0..INVOICES {
        let at = opening() - Duration::seconds(i64::try_from(place).unwrap());
        shelf.put(Draft::sale(format!("SO{place:06}"), place % CUSTOMERS, at, "12.34"));
    }
    desk.books.log().clear();
    desk.check().await;
    let check = spent(&desk, "check");
    assert_eq!(desk.plan().await.state, RunState::Done);
    let plan = spent(&desk, "plan");
    let run = desk.sync().await;
    assert_eq!(run.state, RunState::Done, "{:#?}", run.problems);
    let sync = spent(&desk, "send and read back");
    // The first hundred of a connection, and a part of those after them.
    let verified = run.counted("verified");
    assert!((100..INVOICES as u64).contains(&verified), "{verified} were read back");
    assert_eq!(desk.books.state().invoices().len(), INVOICES);
    let steps = [check, plan, sync];
    println!("{INVOICES} invoices of {CUSTOMERS} customers: {} calls", steps.iter().map(Step::all).sum::<usize>());
    for step in &steps {
        println!("  {}: {} {:?}", step.name, step.all(), step.calls);
    }
    steps
}

/// The calls since the last time.
fn spent(desk: &Desk, name: &'static str) -> Step {
    let calls = desk.calls();
    desk.books.log().clear();
    Step { name, calls }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn budget_a_thousand_invoices_cost_at_most_sixty_calls() {
    let [check, plan, sync] = bill().await;
    assert_eq!(sync.calls["PUT /Invoices"], INVOICES / 50, "fifty to a write");
    let all = check.all() + plan.all() + sync.all();
    assert!(all <= MOST, "{all} calls, {MOST} are allowed: {check:#?} {plan:#?} {sync:#?}");
}

/// The heaviest call that the engine makes: a thousand jobs of two lines each, with long texts.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn budget_a_thousand_jobs_are_planned_within_the_sandbox() {
    let (shelf, mut desk) = desk(Setup::default()).await;
    for place in 0..INVOICES {
        let at = opening() - Duration::seconds(i64::try_from(place).unwrap());
        let mut draft = Draft::sale(format!("SO{place:06}"), 0, at, "12.34");
        draft.lines.extend(draft.lines.clone());
        draft.lines.iter_mut().for_each(|line| line.description = line.description.repeat(20));
        shelf.put(draft);
    }
    desk.check().await;
    let run = desk.plan().await;
    assert_eq!((run.state, run.counted("planned")), (RunState::Done, INVOICES as u64), "{:#?}", run.problems);
    assert_eq!(desk.calls()["GET /Accounts"], 1, "all in one call");
    // Other tests use the component too: theirs are smaller.
    let plan =
        reports().await.into_iter().filter(|report| report.call == "plan").max_by_key(|report| report.peak_memory);
    let plan = plan.unwrap();
    println!("{INVOICES} jobs in one call: {} KiB of memory, {} ms", plan.peak_memory / 1024, plan.elapsed.as_millis());
    assert!(plan.peak_memory < 48 * 1024 * 1024, "{plan:?}");
}
