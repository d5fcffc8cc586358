//! Stored form of what an order knows of its statement.

use std::collections::BTreeMap;

use counterfoil_domain::id::LineId;
use counterfoil_domain::motion::Motion;
use counterfoil_domain::period::Period;
use counterfoil_domain::statement::{Charge, Closing, OfStatement, StatementPart};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::basic::stored_names;
use super::{Bad, Stored, stored_struct};

stored_names!(Motion, Charge);

stored_struct!(Closing as ClosingRow { quantity: Decimal, unit_price: Decimal, unit_cost: Option<Decimal> });

stored_struct!(OfStatement as OfStatementRow {
    charge: Charge,
    charge_name: String,
    subscription: String,
    key: String,
    closing: Option<Closing>,
});

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct LineRow {
    id: String,
    of: OfStatementRow,
}

impl Stored for BTreeMap<LineId, OfStatement> {
    type Row = Vec<LineRow>;

    fn to_row(&self) -> Vec<LineRow> {
        self.iter().map(|(id, of)| LineRow { id: id.to_row(), of: of.to_row() }).collect()
    }

    fn from_row(row: Vec<LineRow>) -> Result<Self, Bad> {
        row.into_iter().map(|line| Ok((LineId::from_row(line.id)?, OfStatement::from_row(line.of)?))).collect()
    }
}

stored_struct!(StatementPart as StatementPartRow {
    statement: String,
    stream: String,
    period: Period,
    motion: Motion,
    issue: u32,
    #[serde(default)]
    before: Decimal,
    lines: BTreeMap<LineId, OfStatement>,
});
