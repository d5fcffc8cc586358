//! What a target gets to plan with: one order, priced, with its links and settings.

use chrono::NaiveDate;
use rust_decimal::Decimal;

use crate::container::told;
use crate::id::{EntityId, LineId, Revision, TaskId};
use crate::link::LinkKind;
use crate::money::Currency;
use crate::order::{BillingModel, Fee, OrderKey, named};
use crate::period::Period;
use crate::proration::Prorated;
use std::fmt;

named! {
    /// Where a line's price came from.
    PriceSource {
        Order = "order",
        Catalogue = "catalogue",
        /// Somebody set it for this line.
        Person = "person",
    }
}

named! {
    /// Whether a line's customer pays for it.
    Billing {
        Billable = "billable",
        /// Shown, at no price.
        NoCharge = "no-charge",
        /// Kept where the target keeps such lines, else left out.
        DoNotBill = "do-not-bill",
    }
}

named! {
    /// What a line's quantity means.
    QuantityIs {
        /// How much there is of it.
        Whole = "whole",
        /// How much was added or taken away.
        Delta = "delta",
        /// What it will be from the renewal on: the order is scheduled on renewal.
        Total = "total",
    }
}

named! {
    /// What kind of order a job carries: the order types that can become tasks, and the snapshot.
    JobKind {
        Sales = "sales",
        Change = "change",
        Billing = "billing",
        Cancellation = "cancellation",
        Renewal = "renewal",
        /// A snapshot of an active subscription, made at the first integration.
        Initial = "initial",
        /// What the marketplace has of a subscription now, held against what the target has.
        Reconcile = "reconcile",
    }
}

impl JobKind {
    /// What it stands for, for whoever does not know the marketplace's words.
    pub fn text(self) -> &'static str {
        match self {
            Self::Sales => "Sales order: a new subscription",
            Self::Change => "Change order: an existing subscription was upgraded or downgraded",
            Self::Billing => {
                "Billing order: an existing usage-based subscription, or one that is billed anew for each period"
            }
            Self::Cancellation => "Cancellation order: an existing subscription was ended",
            Self::Renewal => "Renewal order: an existing subscription goes on for another period",
            Self::Initial => "Initial task: a subscription that was active before the first check",
            Self::Reconcile => "Reconcile task: a subscription as it is now, held against what the target has",
        }
    }
}

/// The attribute of a line that is not billed: what it would have come to.
pub const AMOUNT_IF_BILLED: &str = "amount-if-billed";

/// Attributes of a line of a statement: what it charges for, in the statement's words.
pub const CHARGE: &str = "charge";
/// On a line that stands in its container until something else is said: how often it is billed there ("monthly").
pub const RECURS: &str = "recurs";
/// What recurs, the same word from statement to statement.
pub const RECURS_KEY: &str = "recurs.key";
/// How much of it there is and at which price, where the line says them as one piece because the price is finer than a coin.
pub const RECURS_QUANTITY: &str = "recurs.quantity";
pub const RECURS_UNIT_PRICE: &str = "recurs.unit-price";
/// "true": there is no more of it.
pub const RECURS_ENDED: &str = "recurs.ended";
/// Attributes of the order, where it is of a statement: the statement's id, its days as "start/end", the billing motion, and
/// how often the statement was issued.
pub const STATEMENT: &str = "statement";
pub const STATEMENT_PERIOD: &str = "statement.period";
pub const MOTION: &str = "motion";
pub const ISSUE: &str = "issue";

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobLine {
    pub id: LineId,
    pub fee: Fee,
    pub description: String,
    pub product_code: String,
    pub product_name: String,
    pub quantity: Decimal,
    pub quantity_is: QuantityIs,
    pub unit_price: Decimal,
    pub unit_cost: Option<Decimal>,
    /// What must be billed: net, rounded to the smallest coin, signed. Zero unless the line is billable.
    pub amount: Decimal,
    pub cost: Option<Decimal>,
    pub service_period: Option<Period>,
    pub billing: Billing,
    /// None: as the target has it for the item.
    pub taxable: Option<bool>,
    pub price_source: PriceSource,
    /// The sum, spelled out: "18 × 33.00 = 594.00 USD, price from the order".
    pub arithmetic: String,
    /// How the first, incomplete period was charged, and by whom; none: nobody was asked to prorate it.
    pub proration: Option<Prorated>,
    /// Target id of the linked item.
    pub item: Option<EntityId>,
    pub attributes: Vec<(String, String)>,
}

impl JobLine {
    /// The value of an attribute that says something.
    pub fn told(&self, name: &str) -> Option<&str> {
        told(&self.attributes, name)
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobLink {
    pub kind: LinkKind,
    pub source: String,
    pub target: EntityId,
    pub target_code: String,
    pub target_name: String,
    pub attributes: Vec<(String, String)>,
}

/// One value that a person set before confirming.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Adjustment {
    pub line: LineId,
    pub field: String,
    pub value: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobOrder {
    pub key: OrderKey,
    pub number: String,
    pub kind: JobKind,
    pub revision: Revision,
    pub currency: Currency,
    pub billing_model: BillingModel,
    /// ISO 8601 duration; empty where the source has none.
    pub billing_cycle: String,
    pub customer_id: String,
    pub customer_name: String,
    pub subscription_id: String,
    pub subscription_name: String,
    pub created_on: NaiveDate,
    pub effective_on: NaiveDate,
    pub lines: Vec<JobLine>,
    /// The sum of the lines.
    pub total: Decimal,
    pub attributes: Vec<(String, String)>,
}

impl JobOrder {
    /// The days of the statement that it is of; none: it is of no statement.
    pub fn statement_period(&self) -> Option<Period> {
        let (start, end) = told(&self.attributes, STATEMENT_PERIOD)?.split_once('/')?;
        Period::new(start.parse().ok()?, end.parse().ok()?).ok()
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Job {
    pub task: TaskId,
    pub order: JobOrder,
    pub links: Vec<JobLink>,
    pub settings: Vec<(String, String)>,
    pub adjustments: Vec<Adjustment>,
    /// Text to leave in the document, so that `locate` finds it again.
    pub marker: String,
    pub today: NaiveDate,
    pub attributes: Vec<(String, String)>,
}
