//! The scenario table as people read it: one line for each fee that a row takes. Made by asking the rules themselves,
//! so that what is printed is what runs.

use std::fmt;

use crate::card::{Circumstance, Scenario};
use crate::connection::PriceChoice;
use crate::job::PriceSource;
use crate::order::{BillingModel, Fee, OrderType};

use super::{Situation, Taken, by_row};

/// One fee of one row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    pub scenario: String,
    pub order: OrderType,
    pub models: Vec<BillingModel>,
    /// Some(true): only usage lines; Some(false): only others; None: either.
    pub usage: Option<bool>,
    pub fee: Fee,
    /// The price when the connection takes the marketplace's.
    pub if_marketplace: PriceSource,
    /// The price when it takes the target's.
    pub if_target: PriceSource,
    pub notes: Vec<String>,
}

/// What it displays is Markdown, with columns that line up in a terminal too.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table(Vec<Row>);

impl Table {
    pub fn of(scenarios: &[Scenario]) -> Self {
        let each =
            |row: &Scenario| -> Vec<Row> { row.fees.iter().map(|(fee, price)| line(row, *fee, *price)).collect() };
        Self(scenarios.iter().flat_map(each).collect())
    }

    pub fn rows(&self) -> &[Row] {
        &self.0
    }
}

fn line(row: &Scenario, fee: Fee, listed: PriceSource) -> Row {
    let plain = Situation {
        order: row.order,
        model: row.models.first().copied().unwrap_or(BillingModel::Unknown),
        usage: row.usage.unwrap_or(false),
        aligned_with_statement_day: false,
        partial_period: false,
    };
    let price = |at: Situation, choice: PriceChoice| match by_row(row, listed, fee, at, choice) {
        Taken::Yes { price, .. } => Some(price),
        Taken::No { .. } => None,
    };
    // Without a circumstance no row refuses a fee that it lists.
    let usual = |choice: PriceChoice| price(plain, choice).unwrap_or(listed);
    let (if_marketplace, if_target) = (usual(PriceChoice::Marketplace), usual(PriceChoice::Target));
    let mut notes = Vec::new();
    for (circumstance, words) in [
        (Circumstance::AlignedWithStatementDay, "the billing period is aligned with the statement day"),
        (Circumstance::PartialPeriod, "a part of a period is billed"),
    ] {
        let aligned_with_statement_day = circumstance == Circumstance::AlignedWithStatementDay;
        let at = Situation { aligned_with_statement_day, partial_period: !aligned_with_statement_day, ..plain };
        match price(at, PriceChoice::Target) {
            None => notes.push(format!("not taken if {words}")),
            Some(price) if price != if_target => notes.push(format!("{price} if {words}")),
            Some(_) => {}
        }
    }
    if row.prorate.contains(&fee) {
        notes.push("order prices are prorated".to_owned());
    }
    Row {
        scenario: row.name.clone(),
        order: row.order,
        models: row.models.clone(),
        usage: row.usage,
        fee,
        if_marketplace,
        if_target,
        notes,
    }
}

const HEAD: [&str; 8] =
    ["Scenario", "Order", "Billing model", "Usage", "Fee", "Price if marketplace", "Price if target", "Notes"];

impl Row {
    fn cells(&self) -> [String; 8] {
        let models: Vec<&str> = self.models.iter().map(|model| model.name()).collect();
        let usage = match self.usage {
            Some(true) => "only",
            Some(false) => "without",
            None => "either",
        };
        let notes = if self.notes.is_empty() { "–".to_owned() } else { self.notes.join("; ") };
        [
            plain(&self.scenario),
            self.order.name().to_owned(),
            models.join(", "),
            usage.to_owned(),
            self.fee.name().to_owned(),
            self.if_marketplace.name().to_owned(),
            self.if_target.name().to_owned(),
            notes,
        ]
    }
}

/// A card is somebody else's: its words must not make cells or lines of their own.
fn plain(text: &str) -> String {
    text.replace('\\', "\\\\").replace('|', "\\|").replace(char::is_control, " ")
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let body: Vec<[String; 8]> = self.0.iter().map(Row::cells).collect();
        let mut wide = HEAD.map(|head| head.chars().count());
        for cells in &body {
            for (wide, cell) in wide.iter_mut().zip(cells) {
                *wide = (*wide).max(cell.chars().count());
            }
        }
        put(f, &HEAD.map(str::to_owned), &wide)?;
        for wide in wide {
            write!(f, "|{}", "-".repeat(wide + 2))?;
        }
        f.write_str("|\n")?;
        body.iter().try_for_each(|cells| put(f, cells, &wide))
    }
}

fn put(f: &mut fmt::Formatter<'_>, cells: &[String; 8], wide: &[usize; 8]) -> fmt::Result {
    for (cell, wide) in cells.iter().zip(wide) {
        let gap = wide.saturating_sub(cell.chars().count());
        write!(f, "| {cell}{} ", " ".repeat(gap))?;
    }
    f.write_str("|\n")
}
