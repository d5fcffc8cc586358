//! Statements: what a distributor billed for a period, record by record, for all customers together. Owns the words; how
//! records become orders is `orders`, whether a statement was there before is `issue`, what goes on after it `closing`, what
//! is wrong with it `control`; what a program lets through is `crate::program`.

mod closing;
mod control;
mod issue;
mod orders;
mod take;

use std::collections::BTreeMap;
use std::fmt;

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;

use crate::digest::Digester;
use crate::id::{CustomerId, LineId};
use crate::market::Unreadable;
use crate::money::Currency;
use crate::motion::Motion;
use crate::order::{ProductRef, named};
use crate::period::Period;

pub use issue::{Known, What, content};
pub use orders::{of_subscription, subscription_id};
pub use take::{CONTROL_TOTAL, PRICE_CHANGE, Problem, Taken, UNREADABLE, in_first_window, take_in};

named! {
    /// What a record charges for.
    Charge {
        /// A licence for a whole period, or for the part of it in which the quantity was this one.
        Recurring = "recurring",
        /// A part of a period that the source names as such.
        Proration = "proration",
        Usage = "usage",
        /// Bought once.
        OneTime = "one-time",
        /// Given back, in arrears.
        Credit = "credit",
        /// Charged or given back for an earlier period.
        Adjustment = "adjustment",
        /// The source's word is not known to us; its money moves all the same.
        Other = "other",
    }
}

/// A row of the statement list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatementHead {
    pub id: String,
    /// What issues one statement after the other: organization, invoice profile and provision type. Statements of one
    /// stream follow each other; those of different streams stand side by side.
    pub stream: String,
    /// The stream as people know it: "Acme MSP · Default profile · Seat".
    pub stream_name: String,
    /// The days that it was issued for.
    pub period: Period,
    pub currency: Currency,
    /// What the source says that the records come to, at the distributor's prices.
    pub total: Option<Decimal>,
    pub issued_at: DateTime<Utc>,
    /// Changes when anything that the list shows of it changes.
    pub fingerprint: String,
}

/// One row of a statement. It has no id of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    pub customer: CustomerId,
    pub customer_name: String,
    /// The source's subscription; empty where the record names none.
    pub subscription: String,
    pub subscription_name: String,
    /// Its code is the SKU, without the prefix of the motion.
    pub product: ProductRef,
    pub motion: Motion,
    /// What the source calls the motion, where we do not know it: provision type, term, billing cycle.
    pub motion_told: String,
    pub charge: Charge,
    /// The source's own word ("cycleFee").
    pub charge_name: String,
    pub quantity: Decimal,
    /// What the distributor takes for a piece, and what the reseller does; a whole period's, not prorated.
    pub unit_cost: Decimal,
    pub unit_price: Decimal,
    /// What the distributor charges for the record, net of tax, signed.
    pub cost: Decimal,
    /// What the reseller's customer is to pay for it, net of tax, signed.
    pub amount: Decimal,
    pub currency: Currency,
    /// The days that it charges for.
    pub charge_period: Option<Period>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    pub head: StatementHead,
    pub records: Vec<Record>,
    /// Records that could not be read. While there are any, nothing of the statement is billed: the sum is not known.
    pub unreadable: Vec<Unreadable>,
}

/// A product of a program's price list, once for each motion that it is sold in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedProduct {
    /// Its code is the SKU with the prefix of the motion.
    pub product: ProductRef,
    pub motion: Motion,
    /// For one whole billing period of the motion.
    pub price: Option<Decimal>,
    pub cost: Option<Decimal>,
    pub currency: Option<Currency>,
}

/// What an order knows of the statement that it is a part of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatementPart {
    pub statement: String,
    pub stream: String,
    /// The statement's days.
    pub period: Period,
    pub motion: Motion,
    /// 1 for the statement as it was first read; above, the order holds the difference that a re-issue made.
    pub issue: u32,
    /// What the issues before it came to, to the last digit: all together are rounded once.
    pub before: Decimal,
    /// Every line of the order, by its id.
    pub lines: BTreeMap<LineId, OfStatement>,
}

impl StatementPart {
    /// What of it could matter to a bill.
    pub(crate) fn digest(&self, digest: &mut Digester) {
        digest
            .text(&self.statement)
            .text(&self.stream)
            .text(&format!("{:?}", self.period))
            .text(self.motion.name())
            .count(self.issue as usize)
            .number(self.before)
            .count(self.lines.len());
        for (id, line) in &self.lines {
            digest.text(id.as_str()).text(line.charge.name()).text(&line.key);
            let Some(closing) = &line.closing else { continue };
            digest.text("closing").number(closing.quantity).number(closing.unit_price);
            digest.maybe(closing.unit_cost.map(|cost| cost.normalize().to_string()).as_deref());
        }
    }
}

/// What is known of an order's line beside what orders have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OfStatement {
    pub charge: Charge,
    pub charge_name: String,
    /// The source's subscription; empty where the record named none.
    pub subscription: String,
    /// What recurs, from statement to statement: customer, motion, the source's subscription and SKU.
    pub key: String,
    /// What goes on after the statement's period; none: the line is billed once. At most one line of an order has it for a
    /// key.
    pub closing: Option<Closing>,
}

/// How much of something there was at the end of the period, and at which price. A quantity of zero: it has ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Closing {
    pub quantity: Decimal,
    pub unit_price: Decimal,
    pub unit_cost: Option<Decimal>,
}
