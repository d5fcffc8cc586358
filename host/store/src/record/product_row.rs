//! Stored form of where a product stands.

use chrono::{DateTime, Utc};
use counterfoil_domain::id::{ConnectionId, EntityId};
use counterfoil_domain::product_sync::{ProductRow, ProductState};
use counterfoil_domain::program::ProgramName;
use rust_decimal::Decimal;

use super::basic::stored_names;
use super::{Bad, Record, Stored, stored_struct};

stored_names!(ProductState);

stored_struct!(ProductRow as ProductRowRow {
    connection: ConnectionId,
    program: ProgramName,
    code: String,
    title: String,
    state: ProductState,
    item: Option<EntityId>,
    price: Option<Decimal>,
    cost: Option<Decimal>,
    stored_price: Option<Decimal>,
    stored_cost: Option<Decimal>,
    turn: u32,
    note: String,
    updated_at: DateTime<Utc>,
});

impl Record for ProductRow {
    const WHAT: &'static str = "product row";
}
