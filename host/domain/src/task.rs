//! A task: one order revision, or one initial snapshot, to be synchronized to one connection. Owns its
//! life: `next` is the only place that says what may follow what.

use std::fmt;

use chrono::{DateTime, NaiveDate, Utc};

use crate::digest::Digester;
use crate::failure::Failure;
use crate::id::{Actor, BatchId, ConnectionId, CustomerId, PlanDigest, ResellerId, Revision, SubscriptionId, TaskId};
use crate::job::JobKind;
use crate::link::LinkKind;
use crate::money::Money;
use crate::order::{OrderKey, named};

/// What a task is about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Subject {
    Order {
        key: OrderKey,
        revision: Revision,
    },
    /// The snapshot of an active subscription at the first integration.
    Initial {
        marketplace: crate::id::MarketplaceId,
        subscription: SubscriptionId,
    },
}

impl Subject {
    /// The same subject on the same connection is the same task, however often it is seen.
    pub fn task_id(&self, connection: &ConnectionId) -> TaskId {
        let mut digest = Digester::new("task");
        digest.text(connection.as_str());
        match self {
            Self::Order { key, revision } => {
                digest.text("order").text(key.marketplace.as_str()).text(key.order.as_str()).text(revision.as_str());
            }
            Self::Initial { marketplace, subscription } => {
                digest.text("initial").text(marketplace.as_str()).text(subscription.as_str());
            }
        }
        TaskId::new(format!("task_{}", digest.short()))
    }
}

/// What a pending task waits for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Need {
    /// A link of this kind for this marketplace thing.
    Link { kind: LinkKind, source: String, name: String },
    /// A person must say what to bill.
    Decision { why: String },
}

/// The decision that unignoring leaves until the rules were evaluated again.
pub const WAITS_FOR_RULES: &str = "waiting for the rules";

impl Need {
    /// What unignoring leaves: no person is waited for, only the next evaluation of the rules.
    pub fn rules() -> Self {
        Self::Decision { why: WAITS_FOR_RULES.to_owned() }
    }
}

impl fmt::Display for Need {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Link { kind, source, name } => {
                let what = match kind {
                    LinkKind::Party => "customer",
                    LinkKind::Item => "product",
                    LinkKind::Fee => "fee",
                    LinkKind::Container => "subscription",
                };
                write!(f, "link the {what} {name} ({source})")
            }
            Self::Decision { why } => write!(f, "needs a decision: {why}"),
        }
    }
}

named! {
    /// Why an order is not synchronized.
    IgnoreReason {
        UnsupportedOrderType = "unsupported-order-type",
        UnsupportedBillingModel = "unsupported-billing-model",
        UnsupportedFee = "unsupported-fee",
        NotFinal = "not-final",
        ZeroAmount = "zero-amount",
        MigratedSubscription = "migrated-subscription",
        CoveredByInitialTask = "covered-by-initial-task",
        ExcludedCustomer = "excluded-customer",
        ExcludedProduct = "excluded-product",
        ExcludedOrderType = "excluded-order-type",
        OlderThanStartWindow = "older-than-start-window",
        CurrencyNotOffered = "currency-not-offered",
        ExcludedAmount = "excluded-amount",
        /// Reconciled, and nothing differs.
        InAgreement = "in-agreement",
        /// Of a statement: what the program of the connection does not let through.
        ProgramOff = "program-off",
        BillingOff = "billing-off",
        MotionOff = "motion-off",
        AzureOff = "azure-off",
        AnnualOff = "annual-off",
        UnknownMotion = "unknown-motion",
        ByPerson = "by-person",
    }
}

/// How long something stays ignored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Until {
    /// It comes back on this day.
    Day(NaiveDate),
    /// It comes back with the subscription's next billing period, which starts on this day.
    NextPeriod { starts: NaiveDate },
    /// Later revisions of the order, and later orders that bill the same again, stay ignored as long as what they bill
    /// digests to this.
    Change { print: String },
}

impl Until {
    /// The day on which it comes back by itself; none: not by the calendar.
    pub fn day(&self) -> Option<NaiveDate> {
        match self {
            Self::Day(day) | Self::NextPeriod { starts: day } => Some(*day),
            Self::Change { .. } => None,
        }
    }
}

impl fmt::Display for Until {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Day(day) => write!(f, "until {day}"),
            Self::NextPeriod { starts } => write!(f, "until the next billing period, which starts on {starts}"),
            Self::Change { .. } => f.write_str("until the price or quantity changes"),
        }
    }
}

/// A reason with its particulars, as the Ignored page shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ignored {
    pub reason: IgnoreReason,
    pub text: String,
    pub by: Actor,
    pub at: DateTime<Utc>,
    /// None: for good.
    pub until: Option<Until>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TaskState {
    Pending(Vec<Need>),
    Ready,
    Planned(PlanDigest),
    /// Confirmed: by whom, and which plan.
    Queued {
        plan: PlanDigest,
        by: Actor,
    },
    Sending {
        plan: PlanDigest,
        batch: BatchId,
    },
    Synced {
        plan: PlanDigest,
    },
    /// Sent, answer lost: nothing is sent again before it is known.
    Uncertain {
        plan: PlanDigest,
        batch: BatchId,
        why: String,
    },
    Retrying {
        plan: PlanDigest,
        at: DateTime<Utc>,
        failure: Failure,
    },
    Parked {
        failure: Failure,
    },
    Ignored(Ignored),
    /// A newer revision of the order took its place before anything was sent.
    Superseded {
        by: TaskId,
    },
}

impl TaskState {
    pub fn name(&self) -> &'static str {
        match self {
            Self::Pending(_) => "pending",
            Self::Ready => "ready",
            Self::Planned(_) => "planned",
            Self::Queued { .. } => "queued",
            Self::Sending { .. } => "sending",
            Self::Synced { .. } => "synced",
            Self::Uncertain { .. } => "uncertain",
            Self::Retrying { .. } => "retrying",
            Self::Parked { .. } => "parked",
            Self::Ignored(_) => "ignored",
            Self::Superseded { .. } => "superseded",
        }
    }

    pub const NAMES: [&'static str; 11] = [
        "pending",
        "ready",
        "planned",
        "queued",
        "sending",
        "synced",
        "uncertain",
        "retrying",
        "parked",
        "ignored",
        "superseded",
    ];

    /// The account of conservation that it belongs to: open, synced, ignored, parked, uncertain, superseded.
    pub fn account(&self) -> &'static str {
        match self {
            Self::Pending(_)
            | Self::Ready
            | Self::Planned(_)
            | Self::Queued { .. }
            | Self::Sending { .. }
            | Self::Retrying { .. } => "open",
            other => other.name(),
        }
    }

    pub fn plan(&self) -> Option<&PlanDigest> {
        match self {
            Self::Planned(plan)
            | Self::Queued { plan, .. }
            | Self::Sending { plan, .. }
            | Self::Synced { plan }
            | Self::Uncertain { plan, .. }
            | Self::Retrying { plan, .. } => Some(plan),
            _ => None,
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Task {
    pub id: TaskId,
    pub reseller: ResellerId,
    pub connection: ConnectionId,
    pub subject: Subject,
    pub kind: JobKind,
    /// The order's number, or the subscription's name for an initial task.
    pub number: String,
    pub customer: CustomerId,
    pub customer_name: String,
    pub subscription: Option<SubscriptionId>,
    /// What the marketplace says it comes to.
    pub amount: Money,
    /// The scenario row that took it; empty where none did.
    pub scenario: String,
    pub state: TaskState,
    /// Source clock.
    pub created_at: DateTime<Utc>,
    /// Our clock.
    pub observed_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
    /// Counted failures so far, and crashes while it was being sent.
    pub failures: u32,
    pub crashes: u32,
    /// Grows with every change: an update names the version that it saw.
    pub version: u64,
}

/// What happens to a task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// The rules were evaluated (again).
    Judged(Verdict),
    Planned(PlanDigest),
    /// The ground moved, or planning failed for now: make a new plan.
    Unplanned,
    Confirmed {
        plan: PlanDigest,
        by: Actor,
    },
    Sent {
        batch: BatchId,
    },
    Stored,
    AnswerLost {
        why: String,
    },
    /// Nothing was written; try again later.
    Deferred {
        at: DateTime<Utc>,
        failure: Failure,
    },
    /// The wait is over.
    Due {
        by: Actor,
    },
    /// Nothing was written and trying again cannot help.
    GaveUp {
        failure: Failure,
    },
    /// Looked for and not there: may be sent again.
    FoundAbsent {
        by: Actor,
    },
    IgnoredBy(Ignored),
    Unignored(Verdict),
    Superseded {
        by: TaskId,
    },
}

/// What the rules say of an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    Pending(Vec<Need>),
    Ready,
    Ignored(Ignored),
}

impl Verdict {
    /// People know customers by name, rules by id.
    #[must_use]
    pub fn naming_customer(self, customer: &str) -> Self {
        let Self::Pending(mut needs) = self else { return self };
        for need in &mut needs {
            if let Need::Link { kind: LinkKind::Party, name, .. } = need {
                customer.clone_into(name);
            }
        }
        Self::Pending(needs)
    }
}

impl From<Verdict> for TaskState {
    fn from(verdict: Verdict) -> Self {
        match verdict {
            Verdict::Pending(needs) => Self::Pending(needs),
            Verdict::Ready => Self::Ready,
            Verdict::Ignored(ignored) => Self::Ignored(ignored),
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a task that is {state} cannot be {event}")]
pub struct Illegal {
    pub state: &'static str,
    pub event: &'static str,
}

/// The life of a task. Pure and total: every pair not listed is illegal.
pub fn next(state: TaskState, event: Event) -> Result<TaskState, Illegal> {
    use TaskState as S;
    let from = state.name();
    let name = event.name();
    match (state, event) {
        // Rules may be evaluated again until a person confirmed; afterwards they change nothing.
        (S::Pending(_) | S::Ready | S::Planned(_) | S::Parked { .. }, Event::Judged(verdict)) => Ok(verdict.into()),
        (S::Ignored(_), Event::Unignored(verdict)) => Ok(verdict.into()),
        (S::Ready | S::Planned(_) | S::Parked { .. }, Event::Planned(plan)) => Ok(S::Planned(plan)),
        (S::Planned(_) | S::Queued { .. } | S::Retrying { .. }, Event::Unplanned) => Ok(S::Ready),
        (S::Planned(seen), Event::Confirmed { plan, by }) if seen == plan => Ok(S::Queued { plan, by }),
        (S::Queued { plan, .. }, Event::Sent { batch }) => Ok(S::Sending { plan, batch }),
        (S::Sending { plan, .. } | S::Uncertain { plan, .. }, Event::Stored) => Ok(S::Synced { plan }),
        (S::Sending { plan, batch }, Event::AnswerLost { why }) => Ok(S::Uncertain { plan, batch, why }),
        (S::Uncertain { plan, batch, .. }, Event::AnswerLost { why }) => Ok(S::Uncertain { plan, batch, why }),
        (S::Sending { plan, .. } | S::Queued { plan, .. }, Event::Deferred { at, failure }) => {
            Ok(S::Retrying { plan, at, failure })
        }
        (S::Retrying { plan, .. }, Event::Due { by }) => Ok(S::Queued { plan, by }),
        (S::Uncertain { plan, .. }, Event::FoundAbsent { by }) => Ok(S::Queued { plan, by }),
        (
            S::Ready | S::Planned(_) | S::Queued { .. } | S::Sending { .. } | S::Retrying { .. },
            Event::GaveUp { failure },
        ) => Ok(S::Parked { failure }),
        (S::Pending(_) | S::Ready | S::Planned(_) | S::Parked { .. }, Event::IgnoredBy(ignored)) => {
            Ok(S::Ignored(ignored))
        }
        // An ignored order that was revised is judged anew as its own task: the old one gives way.
        (
            S::Pending(_)
            | S::Ready
            | S::Planned(_)
            | S::Queued { .. }
            | S::Retrying { .. }
            | S::Parked { .. }
            | S::Ignored(_),
            Event::Superseded { by },
        ) => Ok(S::Superseded { by }),
        _ => Err(Illegal { state: from, event: name }),
    }
}

impl Event {
    pub fn name(&self) -> &'static str {
        match self {
            Self::Judged(_) => "judged",
            Self::Planned(_) => "planned",
            Self::Unplanned => "unplanned",
            Self::Confirmed { .. } => "confirmed with that plan",
            Self::Sent { .. } => "sent",
            Self::Stored => "stored",
            Self::AnswerLost { .. } => "left without an answer",
            Self::Deferred { .. } => "deferred",
            Self::Due { .. } => "due",
            Self::GaveUp { .. } => "given up",
            Self::FoundAbsent { .. } => "found absent",
            Self::IgnoredBy(_) => "ignored",
            Self::Unignored(_) => "unignored",
            Self::Superseded { .. } => "superseded",
        }
    }
}
