//! What the demo prints, and everything that must agree: the marketplace's figures, the store's, and what
//! stands in the simulated books.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use anyhow::Result;
use counterfoil_domain::id::TaskId;
use counterfoil_domain::plan::SealedPlan;
use counterfoil_domain::ports::{
    JournalStore as _, PageRequest, RunStore as _, SetupStore as _, StoredReceipt, TaskFilter, TaskStore as _,
};
use counterfoil_domain::task::{Subject, Task, TaskState};
use counterfoil_server::wire::RunView;
use counterfoil_store::SqliteStore;
use rust_decimal::Decimal;
use serde_json::json;

use super::CONNECTION;
use crate::cli::show::Table;
use crate::cli::sim::Simulated;
use crate::compose::Service;

/// What the second round did, which must be nothing.
#[derive(Debug)]
pub(super) struct Repeated {
    pub(super) tasks_new: u64,
    pub(super) writes: usize,
}

#[derive(Debug, Default)]
pub(super) struct Figures {
    orders: u64,
    before_window: u64,
    tasks: u64,
    states: BTreeMap<String, u64>,
    ignored: BTreeMap<String, u64>,
    documents: usize,
    remote_calls: usize,
    total_source: Decimal,
    total_target: Decimal,
    currency: String,
    /// Each in a sentence; none when everything agrees.
    mismatches: Vec<String>,
}

/// Every call that changed something in the billing system.
pub(super) fn writes(sims: &Simulated) -> usize {
    sims.xero.log().entries().iter().filter(|e| e.path.contains("/api.xro/") && e.method != "GET").count()
}

/// Plans that nothing speaks against.
pub(super) async fn confirmable(store: &SqliteStore) -> Result<Vec<String>> {
    let mut digests = Vec::new();
    for task in tasks(store, &["planned"]).await? {
        let Some(digest) = task.state.plan() else { continue };
        let sealed = store.plan(digest).await?;
        if sealed
            .is_some_and(|sealed| sealed.worst().is_none_or(|worst| worst == counterfoil_domain::plan::Severity::Notes))
        {
            digests.push(digest.to_string());
        }
    }
    Ok(digests)
}

/// Waits until nothing is queued, sending or put off: a used-up minute of the target takes a minute.
pub(super) async fn until_at_rest(store: &SqliteStore) -> Result<()> {
    for _ in 0..600 {
        let moving = tasks(store, &["queued", "sending", "retrying"]).await?;
        if moving.is_empty() && store.unfinished_runs().await?.is_empty() {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(300)).await;
    }
    Ok(())
}

async fn tasks(store: &SqliteStore, states: &[&str]) -> Result<Vec<Task>> {
    let filter = TaskFilter { states: states.iter().map(|s| (*s).to_owned()).collect(), ..TaskFilter::default() };
    let mut page = PageRequest { after: None, limit: 1_000 };
    let mut all = Vec::new();
    loop {
        let rows = store.tasks(filter.clone(), page.clone()).await?;
        let Some(last) = rows.last() else { return Ok(all) };
        page.after = Some((last.observed_at, last.id.clone()));
        all.extend(rows);
    }
}

impl Figures {
    pub(super) async fn gather(
        service: &Service,
        sims: &Simulated,
        runs: Vec<RunView>,
        repeated: Repeated,
    ) -> Result<Self> {
        let store = &service.store;
        let all = tasks(store, &[]).await?;
        let mut figures = Self { tasks: all.len() as u64, ..Self::default() };
        let count =
            |run: Option<&RunView>, name: &str| run.and_then(|run| run.counts.get(name)).copied().unwrap_or_default();
        figures.orders = count(runs.first(), "orders-seen");
        figures.before_window = count(runs.first(), "orders-before-window");
        for task in &all {
            *figures.states.entry(task.state.name().to_owned()).or_default() += 1;
            figures.currency = task.amount.currency.to_string();
            match &task.state {
                TaskState::Ignored(ignored) => {
                    *figures.ignored.entry(ignored.reason.name().to_owned()).or_default() += 1
                }
                TaskState::Synced { .. } => figures.total_source += task.amount.amount,
                _ => {}
            }
        }
        figures.documents = sims.xero.state().documents().len();
        figures.total_target = sims.xero.state().net_total();
        figures.remote_calls = sims.xero.log().entries().len() + sims.cloudblue.log().entries().len();
        for run in runs.iter().filter(|run| run.state != "done") {
            let why: Vec<&str> = run.problems.iter().map(|problem| problem.message.as_str()).take(5).collect();
            figures.mismatches.push(format!("the {} run ended {}: {}", run.kind, run.state, why.join("; ")));
        }
        figures.hold_against_source(sims, &all);
        figures.hold_against_target(store, &all).await?;
        figures.hold_repeated(&repeated);
        Ok(figures)
    }

    /// The oracle reads the exported orders by itself: every sale it names must be a task of that amount.
    fn hold_against_source(&mut self, sims: &Simulated, all: &[Task]) {
        let by_number: BTreeMap<&str, &Task> = all.iter().map(|task| (task.number.as_str(), task)).collect();
        for sale in &sims.first_run.sales {
            match by_number.get(sale.number.as_str()) {
                None => self.mismatches.push(format!("the sale {} became no task", sale.number)),
                Some(task) if task.amount.amount != sale.total => {
                    self.mismatches
                        .push(format!("{}: the task says {}, the order {}", sale.number, task.amount, sale.total));
                }
                Some(task) if matches!(task.state, TaskState::Ignored(_)) => {
                    self.mismatches.push(format!("the sale {} is ignored", sale.number));
                }
                Some(_) => {}
            }
        }
        let initial: BTreeSet<&str> = all
            .iter()
            .filter_map(|task| match &task.subject {
                Subject::Initial { subscription, .. } => Some(subscription.as_str()),
                Subject::Order { .. } => None,
            })
            .collect();
        let expected: BTreeSet<&str> = sims.first_run.initial.iter().map(String::as_str).collect();
        if initial != expected {
            self.mismatches.push(format!("{} initial tasks were made, {} are due", initial.len(), expected.len()));
        }
        let of_orders = all.iter().filter(|task| matches!(task.subject, Subject::Order { .. })).count() as u64;
        if of_orders + self.before_window != self.orders {
            self.mismatches.push(format!(
                "{} orders were seen, but {of_orders} tasks and {} orders before the window account for them",
                self.orders, self.before_window
            ));
        }
    }

    /// Every receipt was read back, and shows what was confirmed; together they are what stands in the books.
    async fn hold_against_target(&mut self, store: &SqliteStore, all: &[Task]) -> Result<()> {
        if self.total_source != self.total_target {
            self.mismatches.push(format!("{} synchronized, {} in Xero", self.total_source, self.total_target));
        }
        let connections = store.connections().await?;
        let mut receipts: BTreeMap<TaskId, StoredReceipt> = BTreeMap::new();
        for connection in connections.iter().filter(|connection| connection.id.as_str() == CONNECTION) {
            for receipt in store.receipts(&connection.id).await? {
                receipts.insert(receipt.receipt.task.clone(), receipt);
            }
        }
        for task in all.iter().filter(|task| matches!(task.state, TaskState::Synced { .. })) {
            let Some(receipt) = receipts.get(&task.id) else {
                self.mismatches.push(format!("{} is synchronized without a receipt", task.number));
                continue;
            };
            let sealed = store.plan(&receipt.plan).await?;
            self.mismatches.extend(differs(task, sealed.as_ref(), receipt));
        }
        for state in ["uncertain", "parked", "queued", "sending", "retrying"] {
            if let Some(count) = self.states.get(state).filter(|count| **count > 0) {
                self.mismatches.push(format!("{count} tasks are {state}"));
            }
        }
        Ok(())
    }

    fn hold_repeated(&mut self, repeated: &Repeated) {
        if repeated.tasks_new > 0 {
            self.mismatches.push(format!("the second check made {} tasks", repeated.tasks_new));
        }
        if repeated.writes > 0 {
            self.mismatches.push(format!("the second sync made {} writes", repeated.writes));
        }
    }

    pub(super) fn agrees(&self) -> bool {
        self.mismatches.is_empty()
    }

    fn state(&self, name: &str) -> u64 {
        self.states.get(name).copied().unwrap_or_default()
    }

    pub(super) fn as_json(&self) -> serde_json::Value {
        json!({
            "orders": self.orders,
            "orders_before_window": self.before_window,
            "tasks": self.tasks,
            "states": self.states,
            "ignored": self.ignored,
            "synced": self.state("synced"),
            "uncertain": self.state("uncertain"),
            "parked": self.state("parked"),
            "documents": self.documents,
            "remote_calls": self.remote_calls,
            "currency": self.currency,
            "total_source": self.total_source.to_string(),
            "total_target": self.total_target.to_string(),
            "mismatches": self.mismatches.len(),
            "mismatch_list": self.mismatches,
        })
    }

    pub(super) fn print(&self, took: Duration) -> Result<()> {
        let mut table = Table::new(&["figure", "value"]).right(&[1]);
        let money = |amount: Decimal| format!("{amount:.2} {}", self.currency);
        table.row(["orders seen".to_owned(), self.orders.to_string()]);
        table.row(["  of them before the window, counted only".to_owned(), self.before_window.to_string()]);
        table.row(["tasks".to_owned(), self.tasks.to_string()]);
        for (state, count) in &self.states {
            table.row([format!("  {state}"), count.to_string()]);
        }
        for (reason, count) in &self.ignored {
            table.row([format!("    ignored: {reason}"), count.to_string()]);
        }
        table.row(["documents in Xero".to_owned(), self.documents.to_string()]);
        table.row(["calls on the wire".to_owned(), self.remote_calls.to_string()]);
        table.row(["synchronized, as the marketplace has it".to_owned(), money(self.total_source)]);
        table.row(["in Xero".to_owned(), money(self.total_target)]);
        table.row(["difference".to_owned(), money(self.total_source - self.total_target)]);
        table.print("")?;
        for mismatch in &self.mismatches {
            println!("✘ {mismatch}");
        }
        if self.agrees() {
            println!("Every figure agrees; a second check and sync changed nothing. {:.1?} in all.", took);
        }
        Ok(())
    }
}

fn differs(task: &Task, sealed: Option<&SealedPlan>, receipt: &StoredReceipt) -> Option<String> {
    let Some(sealed) = sealed else { return Some(format!("the plan of {} is gone", task.number)) };
    let Some((_, observed)) = &receipt.observed else { return Some(format!("{} was not read back", task.number)) };
    let shown: Decimal = observed.documents.iter().map(|document| document.total.amount).sum();
    let planned = sealed.plan.total(task.amount.currency)?.amount;
    (shown != planned || planned != task.amount.amount)
        .then(|| format!("{}: {} in the order, {planned} confirmed, {shown} in Xero", task.number, task.amount.amount))
}
