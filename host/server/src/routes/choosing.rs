//! Which tasks somebody means by a filter, and going through them page by page. Owns what narrows beyond the store's own
//! filter; what is done to the tasks is the caller's.

use chrono::{DateTime, Utc};
use counterfoil_domain::id::TaskId;
use counterfoil_domain::job::JobKind;
use counterfoil_domain::money::Currency;
use counterfoil_domain::ports::{CommitError, PageRequest, TaskFilter, Write};
use counterfoil_domain::task::Task;
use rust_decimal::Decimal;

use super::MOST;
use super::tasks::{TaskQuery, filter};
use crate::parts::App;
use crate::problem::{OutcomeWord, Problem};
use crate::suggest::hint;
use crate::wire::{AmountRange, TaskChoice};

/// A filter that was understood.
#[derive(Debug, Clone)]
pub(super) struct Chosen {
    filter: TaskFilter,
    kind: Option<JobKind>,
    amount: Option<Range>,
}

/// Without regard to the sign.
#[derive(Debug, Clone, Copy)]
pub(super) struct Range {
    pub(super) at_least: Option<Decimal>,
    pub(super) at_most: Option<Decimal>,
    pub(super) currency: Currency,
}

fn bound(pointer: &str, written: Option<&str>) -> Result<Option<Decimal>, Problem> {
    let Some(written) = written else { return Ok(None) };
    match Decimal::from_str_exact(written.trim()) {
        Ok(bound) if !bound.is_sign_negative() => Ok(Some(bound)),
        Ok(_) => {
            let text = "an amount counts without its sign, so the bound must not be negative";
            Err(Problem::invalid(pointer, "negative", text))
        }
        Err(_) => {
            let text = format!("\"{written}\" is not an amount such as \"41.80\"");
            Err(Problem::invalid(pointer, "not-an-amount", text))
        }
    }
}

/// `at` is where it stands in the request.
pub(super) fn range(at: &str, written: &AmountRange) -> Result<Range, Problem> {
    let at_least = bound(&format!("{at}/at_least"), written.at_least.as_deref())?;
    let at_most = bound(&format!("{at}/at_most"), written.at_most.as_deref())?;
    if at_least.is_none() && at_most.is_none() {
        return Err(Problem::invalid(at, "no-bound", "give at_least or at_most"));
    }
    let currency = Currency::parse(&written.currency)
        .map_err(|error| Problem::invalid(&format!("{at}/currency"), "unknown-currency", error.to_string()))?;
    Ok(Range { at_least, at_most, currency })
}

/// What is open to the caller: states of ignored or of open tasks.
pub(super) fn chosen(wanted: TaskChoice, states: &[&str]) -> Result<Chosen, Problem> {
    let kind = wanted.order_type.as_deref().map(|written| {
        JobKind::parse(written).ok_or_else(|| {
            let help = hint(written, JobKind::ALL.iter().map(|kind| kind.name()));
            let text = format!("\"{written}\" is not an order type; {help}");
            Problem::invalid("/filter/order_type", "unknown-order-type", text)
        })
    });
    let amount = wanted.amount.as_ref().map(|amount| range("/filter/amount", amount));
    let query = TaskQuery {
        connection: wanted.connection,
        customer: wanted.customer,
        text: wanted.text,
        reason: wanted.reason,
        state: Some(wanted.state.unwrap_or_else(|| states.join(","))),
        ..TaskQuery::default()
    };
    let filter = filter(&query)?;
    if let Some(other) = filter.states.iter().find(|state| !states.contains(&state.as_str())) {
        let text = format!("tasks that are {other} are not meant here; known are: {}", states.join(", "));
        return Err(Problem::invalid("/filter/state", "wrong-state", text));
    }
    Ok(Chosen { filter, kind: kind.transpose()?, amount: amount.transpose()? })
}

impl Chosen {
    fn takes(&self, task: &Task) -> bool {
        self.kind.is_none_or(|kind| task.kind == kind) && self.amount.is_none_or(|range| range.holds(task))
    }
}

impl Range {
    fn holds(&self, task: &Task) -> bool {
        let amount = task.amount.amount.abs();
        task.amount.currency == self.currency
            && self.at_least.is_none_or(|least| amount >= least)
            && self.at_most.is_none_or(|most| amount <= most)
    }
}

/// Lost races that are tried again before the caller hears of it.
const ATTEMPTS: u32 = 5;

/// Goes through the tasks page by page, each in one commit: a large filter must not hold up the writer.
pub(super) struct Walk<'a> {
    app: &'a App,
    chosen: &'a Chosen,
    after: Option<End>,
    end: Option<End>,
    attempts: u32,
    outcome: OutcomeWord,
}

type End = (DateTime<Utc>, TaskId);

impl<'a> Walk<'a> {
    pub(super) fn new(app: &'a App, chosen: &'a Chosen) -> Self {
        Self { app, chosen, after: None, end: None, attempts: 0, outcome: OutcomeWord::None }
    }

    /// None: there are no more. A page may hold none of the tasks that are meant.
    pub(super) async fn page(&mut self) -> Result<Option<Vec<Task>>, Problem> {
        let request = PageRequest { after: self.after.clone(), limit: MOST };
        let page = self.app.store().tasks(self.chosen.filter.clone(), request).await;
        let page = page.map_err(|error| self.failed(error.into()))?;
        let Some(last) = page.last() else { return Ok(None) };
        self.end = Some((last.observed_at, last.id.clone()));
        Ok(Some(page.into_iter().filter(|task| self.chosen.takes(task)).collect()))
    }

    /// Writes what the page came to. False: somebody was quicker; the same page comes again.
    pub(super) async fn commit(&mut self, writes: Vec<Write>) -> Result<bool, Problem> {
        if !writes.is_empty() {
            match self.app.store().commit(writes).await {
                Ok(()) => self.outcome = OutcomeWord::Committed,
                Err(CommitError::Conflict { .. }) if self.attempts < ATTEMPTS => {
                    self.attempts += 1;
                    return Ok(false);
                }
                Err(error) => return Err(self.failed(error.into())),
            }
        }
        self.attempts = 0;
        self.after = self.end.take();
        Ok(true)
    }

    /// The problem, with what earlier pages have written already.
    pub(super) fn failed(&self, problem: Problem) -> Problem {
        problem.outcome(self.outcome)
    }
}
