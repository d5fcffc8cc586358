//! Owns: what a host must come to. Sums are of the lines in force; closing quantities and prices come from the lives of
//! the subscriptions and never saw a line. Shares nothing with any host.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::model::StatementWorld;
use super::month::Month;
use super::motion::Motion;

/// What is billed together: one customer, one motion, one month, one currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Cell {
    /// None for lines that name no customer.
    pub tenant: Option<u32>,
    pub motion: Motion,
    pub month: Month,
    pub currency: &'static str,
}

/// Not rounded: metered lines have eight digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Sums {
    pub retail: Decimal,
    pub cost: Decimal,
    pub lines: usize,
}

/// What recurs of one subscription and product.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Closing {
    /// As the lines name it.
    pub subscription: String,
    pub part_number: String,
    pub quantity: i64,
    pub unit_cost: Decimal,
    pub unit_retail: Decimal,
}

impl Closing {
    #[must_use]
    pub fn retail(&self) -> Decimal {
        self.unit_retail * Decimal::from(self.quantity)
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Expected {
    pub cells: BTreeMap<Cell, Sums>,
    /// What each statement in force says it comes to.
    pub statements: BTreeMap<u32, Decimal>,
    pub closing: BTreeMap<Cell, Vec<Closing>>,
}

impl Expected {
    /// Retail of everything in one currency.
    #[must_use]
    pub fn retail(&self, currency: &str) -> Decimal {
        self.cells.iter().filter(|(cell, _)| cell.currency == currency).map(|(_, sums)| sums.retail).sum()
    }
}

/// For the statements in force, whatever was superseded left out.
#[must_use]
pub fn expected(world: &StatementWorld) -> Expected {
    let mut out = Expected::default();
    for statement in world.statements().iter().filter(|one| !one.superseded && !one.withdrawn) {
        out.statements.insert(statement.id, statement.total);
        for record in &statement.records {
            let (tenant, motion) = (record.tenant, record.motion);
            let cell = Cell { tenant, motion, month: statement.month, currency: statement.currency.code() };
            let sums = out.cells.entry(cell).or_default();
            sums.retail += record.retail;
            sums.cost += record.cost;
            sums.lines += 1;
        }
    }
    for month in (0..world.months()).map(|index| world.first().plus(index)) {
        for life in world.subscriptions() {
            let (Some(step), Some(product)) = (life.closing(month), world.products().get(life.product)) else {
                continue;
            };
            let Some(tenant) = life.tenant.and_then(|id| world.tenant(id)) else { continue };
            let cell = Cell { tenant: life.tenant, motion: life.motion, month, currency: tenant.currency.code() };
            out.closing.entry(cell).or_default().push(Closing {
                subscription: life.guid.clone(),
                part_number: product.part_number.clone(),
                quantity: step.quantity,
                unit_cost: step.unit_cost,
                unit_retail: step.unit_retail,
            });
        }
    }
    out
}

/// The same for another process.
#[must_use]
pub fn as_json(world: &StatementWorld) -> Value {
    let expected = expected(world);
    let shown = |cell: &Cell| {
        let tenant = cell.tenant.and_then(|id| world.tenant(id));
        json!({
            "tenant": tenant.map(|one| one.guid.as_str()),
            "name": tenant.map(|one| one.name.as_str()),
            "motion": cell.motion.name(),
            "month": cell.month.to_string(),
            "currency": cell.currency,
        })
    };
    let cells = expected.cells.iter().map(|(cell, sums)| {
        let closing = expected.closing.get(cell).into_iter().flatten().map(|one| {
            json!({
                "subscription": one.subscription,
                "partNumber": one.part_number,
                "quantity": one.quantity,
                "unitCost": one.unit_cost.to_string(),
                "unitRetail": one.unit_retail.to_string(),
            })
        });
        let mut out = shown(cell);
        out["retail"] = json!(sums.retail.to_string());
        out["cost"] = json!(sums.cost.to_string());
        out["lines"] = json!(sums.lines);
        out["closing"] = closing.collect();
        out
    });
    let statements = expected.statements.iter().map(|(id, total)| json!({"id": id, "total": total.to_string()}));
    json!({ "cells": cells.collect::<Vec<_>>(), "statements": statements.collect::<Vec<_>>() })
}
