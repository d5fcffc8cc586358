//! Whose books a connection reaches.

use crate::{Attributes, Currency, Date};

/// The answer of `probe`: what the target says about itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// The target's id of the books; never changes for a connection.
    pub id: String,
    /// The name people know.
    pub name: String,
    /// The currency the books are kept in.
    pub base_currency: Currency,
    /// ISO 3166-1 alpha-2, or empty.
    pub country: String,
    /// IANA name where the target gives one, else the target's own word.
    pub time_zone: String,
    /// Nothing may be dated on or before this day.
    pub locked_until: Option<Date>,
    /// Whatever else is worth showing.
    pub attributes: Attributes,
}
