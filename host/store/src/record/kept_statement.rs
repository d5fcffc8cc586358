//! Stored form of statements and programs.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use counterfoil_domain::id::{ConnectionId, CustomerId, MarketplaceId};
use counterfoil_domain::market::Unreadable;
use counterfoil_domain::money::Currency;
use counterfoil_domain::motion::Motion;
use counterfoil_domain::order::ProductRef;
use counterfoil_domain::period::Period;
use counterfoil_domain::ports::{KeptAs, KeptStatement, StatementSum};
use counterfoil_domain::program::{ProductMode, Program, ProgramName};
use counterfoil_domain::run::Problem;
use counterfoil_domain::statement::{Charge, Record as Line, StatementHead};
use rust_decimal::Decimal;

use super::basic::stored_names;
use super::{Bad, Record, Stored, stored_struct};

stored_names!(KeptAs, ProgramName, ProductMode);

stored_struct!(StatementHead as StatementHeadRow {
    id: String,
    stream: String,
    stream_name: String,
    period: Period,
    currency: Currency,
    total: Option<Decimal>,
    issued_at: DateTime<Utc>,
    fingerprint: String,
});

stored_struct!(StatementSum as StatementSumRow {
    motion: Motion,
    currency: Currency,
    records: u64,
    cost: Decimal,
    amount: Decimal,
});

stored_struct!(KeptStatement as KeptStatementRow {
    marketplace: MarketplaceId,
    head: StatementHead,
    issue: u32,
    lineage: String,
    kept_as: KeptAs,
    content: String,
    read_at: DateTime<Utc>,
    sums: Vec<StatementSum>,
    problems: Vec<Problem>,
});

impl Record for KeptStatement {
    const WHAT: &'static str = "statement";
}

stored_struct!(Unreadable as UnreadableRow { id: Option<String>, place: String, problem: String });

stored_struct!(Line as LineRow {
    customer: CustomerId,
    customer_name: String,
    subscription: String,
    subscription_name: String,
    product: ProductRef,
    motion: Motion,
    motion_told: String,
    charge: Charge,
    charge_name: String,
    quantity: Decimal,
    unit_cost: Decimal,
    unit_price: Decimal,
    cost: Decimal,
    amount: Decimal,
    currency: Currency,
    charge_period: Option<Period>,
});

/// As many records as are kept in one row.
#[derive(Debug, Clone, Default)]
pub(crate) struct Chunk {
    pub(crate) records: Vec<Line>,
    pub(crate) unreadable: Vec<Unreadable>,
}

stored_struct!(Chunk as ChunkRow { records: Vec<Line>, unreadable: Vec<Unreadable> });

impl Record for Chunk {
    const WHAT: &'static str = "part of a statement";
}

impl Stored for BTreeSet<Motion> {
    type Row = Vec<String>;

    fn to_row(&self) -> Vec<String> {
        self.iter().map(Stored::to_row).collect()
    }

    fn from_row(row: Vec<String>) -> Result<Self, Bad> {
        row.into_iter().map(Motion::from_row).collect()
    }
}

stored_struct!(Program as ProgramRow {
    connection: ConnectionId,
    name: ProgramName,
    enabled: bool,
    emails: Vec<String>,
    billing: bool,
    motions: BTreeSet<Motion>,
    products: bool,
    mode: ProductMode,
    azure: bool,
    annual: bool,
    taxable: bool,
    daily_at: Option<u16>,
    time_zone: String,
});

impl Record for Program {
    const WHAT: &'static str = "program";
}
