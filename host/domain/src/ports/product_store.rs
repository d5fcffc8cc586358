//! Where the products of programs stand. SQLite and memory implement it.

use std::fmt;

use super::{Pending, StoreError};
use crate::id::ConnectionId;
use crate::product_sync::ProductRow;
use crate::program::ProgramName;

pub trait ProductStore: Send + Sync + fmt::Debug {
    /// In the order of their codes.
    fn product_rows(
        &self,
        connection: &ConnectionId,
        program: ProgramName,
    ) -> Pending<'_, Result<Vec<ProductRow>, StoreError>>;
}
