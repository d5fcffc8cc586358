//! What becomes of an order's lines, addition by addition, before it is written out for people and for ConnectWise.
//!
//! Owns the shapes. Which of them an order needs is decided where orders are placed.

use counterfoil_sdk::{Date, Decimal, Failure, Line, Omission, Period};

use super::agreement::Agreement;
use super::settings::BillCustomer;
use super::stored::Addition;
use crate::wire::Id;

/// One addition that is made, changed, or found as it should be.
#[derive(Debug, Clone)]
pub(crate) enum Draft<'a> {
    New(Box<New<'a>>),
    /// Quantity and price of one that stands.
    Set(Box<Set<'a>>),
    End(Box<End<'a>>),
}

/// What a new addition is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// It goes on until something ends it.
    Standing,
    OneTime,
}

impl Role {
    /// The word in keys.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Standing => "standing",
            Self::OneTime => "once",
        }
    }
}

/// An addition to make.
#[derive(Debug, Clone)]
pub(crate) struct New<'a> {
    /// What tells its key from the others of the job.
    pub(crate) key: String,
    pub(crate) role: Role,
    pub(crate) agreement: &'a Agreement,
    pub(crate) money: Carried<'a>,
    pub(crate) product: Id,
    pub(crate) price: Price,
    pub(crate) quantity: Decimal,
    /// What recurred before, in the addition that it takes the place of.
    pub(crate) before: Option<Decimal>,
    pub(crate) bill: BillCustomer,
    pub(crate) taxable: bool,
    pub(crate) first: Date,
    /// The last day that is billed.
    pub(crate) last: Option<Date>,
    pub(crate) description: String,
    /// How the amount came about, where quantity and price do not show it.
    pub(crate) sum: Option<String>,
    /// The days that it pays for, where its own are others.
    pub(crate) service: Option<Period>,
    /// Why there is such an addition.
    pub(crate) why: String,
}

/// Price and cost of one.
#[derive(Debug, Clone)]
pub(crate) struct Price {
    pub(crate) unit: Decimal,
    pub(crate) cost: Option<Decimal>,
    /// The addition that it was taken from.
    pub(crate) from: Option<String>,
    /// "marketplace", "target" or "person".
    pub(crate) owner: &'static str,
}

/// The job lines that an addition is for, and which of their money it bills.
#[derive(Debug, Clone)]
pub(crate) struct Carried<'a> {
    pub(crate) of: Vec<&'a Line>,
    /// Those whose money of this order it bills.
    pub(crate) covers: Vec<&'a Line>,
    pub(crate) bills: Decimal,
    pub(crate) arithmetic: String,
    pub(crate) method: String,
}

/// An addition whose quantity is changed in its place.
#[derive(Debug, Clone)]
pub(crate) struct Set<'a> {
    pub(crate) key: String,
    pub(crate) agreement: &'a Agreement,
    pub(crate) addition: &'a Addition,
    pub(crate) money: Carried<'a>,
    pub(crate) price: Price,
    pub(crate) quantity: Decimal,
    pub(crate) before: Decimal,
    /// The first day for which the new quantity is billed.
    pub(crate) from: Date,
    /// It is as it should be already.
    pub(crate) is_done: bool,
    /// It takes the marker of this change, so that nobody changes it twice.
    pub(crate) is_marked: bool,
    pub(crate) why: String,
}

/// An addition that is ended.
#[derive(Debug, Clone)]
pub(crate) struct End<'a> {
    pub(crate) key: String,
    pub(crate) agreement: &'a Agreement,
    pub(crate) addition: &'a Addition,
    /// The last day that it bills.
    pub(crate) last: Date,
    /// It would begin only later: then its quantity becomes nothing too.
    pub(crate) is_unbilled: bool,
    pub(crate) is_done: bool,
    pub(crate) why: String,
}

/// All of an order.
#[derive(Debug, Clone, Default)]
pub(crate) struct Placed<'a> {
    /// In the order in which they are written: what ends stands before what takes its place.
    pub(crate) drafts: Vec<Draft<'a>>,
    pub(crate) left_out: Vec<Omission>,
    pub(crate) notes: Vec<String>,
}

impl Placed<'_> {
    pub(crate) fn leave_out(&mut self, line: &Line, why: impl Into<String>) {
        self.left_out.push(Omission { line: line.id.clone(), why: why.into() });
    }

    /// Says something once.
    pub(crate) fn note(&mut self, text: String) {
        if !self.notes.contains(&text) {
            self.notes.push(text);
        }
    }
}

/// A sum that is larger than can be counted.
pub(crate) fn too_large(line: &Line) -> Failure {
    Failure::rejected(
        "connectwise-amount",
        format!(
            "The line \"{}\" comes to more than can be counted exactly. Nothing was written. Correct its quantity or price.",
            line.description
        ),
    )
}
