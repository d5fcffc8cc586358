//! Reconcile tasks: what the marketplace has of a subscription now, held against what the target has for a period. Owns
//! the snapshot, how it is judged, and what a plan of it must show; comparing is the target's business. Nothing of it goes
//! without a person.

use chrono::{DateTime, NaiveTime, Utc};

use crate::connection::PriceChoice;
use crate::id::{ConnectionId, LineId, MarketplaceId, OrderId, SubscriptionId, TaskId};
use crate::job::{Job, PriceSource};
use crate::judge::{Billable, Judgement, Law, excluded, links, offered};
use crate::market::{Subscription, SubscriptionStatus};
use crate::money::{Currency, Money};
use crate::order::{Fee, Order, OrderKey, named};
use crate::period::Period;
use crate::plan::{Action, Change, Finding, Plan, STANDING, Severity};
use crate::rule::Seen;
use crate::scenario::PriceWhy;
use crate::snapshot;
use crate::task::{Need, Task, TaskState, Verdict};
use std::fmt;

/// The row's name on the task.
pub const SCENARIO: &str = "reconcile";
/// The order's attribute that names the period, as "start/end".
pub const PERIOD: &str = "reconcile-period";

const KEY: &str = "reconcile:";

named! {
    /// What a change of such a plan found; its why begins with the word and a colon.
    Found {
        Missing = "missing",
        Different = "different",
        Extra = "extra",
        Same = "same",
    }
}

impl Found {
    pub fn of(change: &Change) -> Option<Self> {
        let (word, _) = change.why.split_once(':')?;
        Self::parse(word.trim())
    }
}

/// Where the snapshot of one asking is kept. `turn` grows when an earlier one was sent: what is in the target may have been
/// changed since, so that the same state is looked at again.
pub fn key(
    marketplace: &MarketplaceId,
    connection: &ConnectionId,
    subscription: &SubscriptionId,
    period: Period,
    turn: u32,
) -> OrderKey {
    let order = format!("{KEY}{}/{}:{turn}:{connection}:{subscription}", period.start(), period.end());
    OrderKey { marketplace: marketplace.clone(), order: OrderId::new(order) }
}

/// The period that an order reconciles; none: it is an order of the marketplace.
pub fn period_of(order: &Order) -> Option<Period> {
    let (days, _) = order.key.order.as_str().strip_prefix(KEY)?.split_once(':')?;
    parse_period(days)
}

/// "2026-11-01/2026-12-01": the end is the first day after it.
pub fn parse_period(text: &str) -> Option<Period> {
    let (start, end) = text.split_once('/')?;
    Period::new(start.trim().parse().ok()?, end.trim().parse().ok()?).ok()
}

pub fn is_reconcile(order: &Order) -> bool {
    period_of(order).is_some()
}

/// What the target is told beside the lines.
pub fn attributes(order: &Order) -> Vec<(String, String)> {
    let period = period_of(order).map(|period| format!("{}/{}", period.start(), period.end()));
    period.map(|period| (PERIOD.to_owned(), period)).into_iter().collect()
}

/// The snapshot as an order. It says nothing of today: the same state asked for twice is the same order.
pub fn order(key: OrderKey, subscription: &Subscription, fallback: Currency, now: DateTime<Utc>) -> Order {
    let marketplace = key.marketplace.clone();
    let mut order = snapshot::order(&marketplace, subscription, fallback, now);
    order.key = key;
    order.number = format!("REC-{}", subscription.id);
    if subscription.status != SubscriptionStatus::Active {
        // Nothing of it recurs any more: whatever the target still has is too much.
        order.lines.clear();
        order.total = Some(rust_decimal::Decimal::ZERO);
    } else if order.lines.is_empty() {
        order.total = None;
    }
    order.created_at = now;
    let begins = period_of(&order).map(|period| period.start().and_time(NaiveTime::MIN).and_utc());
    // What began inside the period is due from then on.
    order.provisioned_at = begins.max(
        subscription
            .created_at
            .filter(|created| period_of(&order).is_some_and(|period| period.contains(created.date_naive()))),
    );
    order
}

/// Every line recurs; of what began inside the period the host charges the rest of it.
pub fn judge<'a>(order: &'a Order, law: Law<'_>) -> Judgement<'a> {
    if let Some(excluded) = excluded(Seen { order, is_snapshot: true }, law) {
        return excluded;
    }
    let (price, why) = match law.rules.price_source {
        PriceChoice::Marketplace => (PriceSource::Order, PriceWhy::ChosenMarketplace),
        PriceChoice::Target => (PriceSource::Catalogue, PriceWhy::ChosenTarget),
    };
    let lines: Vec<Billable<'_>> = order
        .lines
        .iter()
        .filter(|line| !line.amount.is_zero())
        .map(|line| Billable {
            line,
            fee: Fee::ResourceRecurring,
            row: SCENARIO.to_owned(),
            price,
            why,
            prorate: price == PriceSource::Order,
        })
        .collect();
    let verdict = if lines.is_empty() && order.total.is_none() {
        let why = "the marketplace gives no priced lines for this subscription".to_owned();
        Verdict::Pending(vec![Need::Decision { why }])
    } else {
        links(order, &lines, law)
    };
    offered(order, Judgement { verdict, lines, notes: Vec::new(), scenario: SCENARIO.to_owned() }, law)
}

/// What is done about an asking, beside the tasks that earlier ones of the same period made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// The same state was asked for before: this is its task.
    Known(Box<Task>),
    /// The state under this key was never asked for, or what it asked for is done: a task of its own. What is named gives
    /// way.
    New { turn: u32, gives_way: Vec<Task> },
}

/// `earlier` are the tasks of each turn, from the first on.
pub fn standing(earlier: &[Vec<Task>], id_of: impl Fn(u32) -> TaskId) -> Standing {
    let mut gives_way = Vec::new();
    let mut turn = 0;
    for tasks in earlier {
        let id = id_of(turn);
        let mut taken = false;
        for task in tasks {
            match (&task.state, task.id == id) {
                (TaskState::Synced { .. } | TaskState::Superseded { .. }, _) => taken |= is_done(task, &id),
                (_, true) => return Standing::Known(Box::new(task.clone())),
                (
                    TaskState::Queued { .. }
                    | TaskState::Sending { .. }
                    | TaskState::Uncertain { .. }
                    | TaskState::Retrying { .. },
                    _,
                ) => taken = true,
                _ => gives_way.push(task.clone()),
            }
        }
        if !taken {
            return Standing::New { turn, gives_way };
        }
        turn += 1;
    }
    Standing::New { turn, gives_way }
}

/// Whether the turn is over: what was sent keeps its snapshot, and a task that gave way never comes back.
fn is_done(task: &Task, id: &TaskId) -> bool {
    matches!(task.state, TaskState::Synced { .. }) || task.id == *id
}

/// Codes of what a comparison says in other words: a line may stand in a change that finds it as it should be and shows
/// none, and the catalogue's prices are no difference to anything.
const OF_ORDERS: [&str; 2] = ["line-missing", "catalogue-differs"];

/// The checker's findings on a plan of a reconcile task, with those in place that such a plan is held to.
pub fn findings(plan: &Plan, job: &Job, checked: Vec<Finding>) -> Vec<Finding> {
    let mut findings: Vec<Finding> =
        checked.into_iter().filter(|finding| !OF_ORDERS.contains(&finding.code.as_str())).collect();
    let mut add = |severity, code: &str, message: String| {
        findings.push(Finding { severity, code: code.to_owned(), message });
    };
    for change in &plan.changes {
        let writes_nothing = change.action == Action::Keep && change.total.amount.is_zero();
        let problem = match Found::of(change) {
            None => "does not say whether it is missing, different, extra or the same",
            Some(Found::Same) if !writes_nothing => "says that it is the same, and would write",
            Some(Found::Missing | Found::Different | Found::Extra) if change.action == Action::Keep => {
                "says that something differs, and would write nothing"
            }
            Some(_) => continue,
        };
        add(Severity::Blocks, "not-reconciled", format!("\"{}\" {problem}", change.title));
    }
    let carried = |id: &LineId| plan.changes.iter().flat_map(|change| &change.lines).any(|line| line.carries(id));
    let left_out = |id: &LineId| plan.left_out.iter().any(|omission| omission.line == *id);
    let untold = job.order.lines.iter().filter(|line| !carried(&line.id) && !left_out(&line.id)).count();
    let same = plan.changes.iter().filter(|change| Found::of(change) == Some(Found::Same)).count();
    if untold > same {
        let text = format!("of {} that recur in the marketplace nothing is said", untold - same);
        add(Severity::NeedsPerson, "line-not-told", text);
    }
    let bills = plan.total(job.order.currency).filter(|total| !total.amount.is_zero());
    if let Some(total) = bills {
        let text = format!("beside what recurs it bills {total}; look at each line before you accept it");
        add(Severity::NeedsPerson, "reconcile-bills", text);
    }
    findings
}

/// How many of each were found. What differs is ended, opened anew and billed for the rest of a period by several changes:
/// it counts once, by what recurs from now on.
pub fn counted(plan: &Plan) -> [(Found, usize); 4] {
    let recurs = |change: &&Change| change.lines.iter().any(|line| line.told(STANDING).is_some());
    [Found::Missing, Found::Different, Found::Extra, Found::Same].map(|found| {
        let all: Vec<&Change> = plan.changes.iter().filter(|change| Found::of(change) == Some(found)).collect();
        let count = match found {
            Found::Missing | Found::Different => all.iter().copied().filter(recurs).count().max(all.len().min(1)),
            Found::Extra | Found::Same => all.len(),
        };
        (found, count)
    })
}

/// Why a task whose plan writes nothing is over.
pub fn in_agreement(plan: &Plan, order: &Order, amount: Money) -> String {
    let same = plan.changes.len();
    let period = period_of(order).map(|period| format!(", {period}")).unwrap_or_default();
    format!("the target has it already: {same} of {same} as in the marketplace, {amount}{period}")
}
