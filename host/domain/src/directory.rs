//! What a target has: accounts of its own, parties, items, containers. The shape is the contract's.

use chrono::NaiveDate;
use rust_decimal::Decimal;

use crate::id::EntityId;
use crate::money::Currency;

/// Whose books these are, as the target says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    pub id: String,
    pub name: String,
    pub base_currency: Currency,
    pub country: String,
    pub time_zone: String,
    /// Nothing may be dated on or before this day.
    pub locked_until: Option<NaiveDate>,
    pub attributes: Vec<(String, String)>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entity {
    /// "party", "item", "container", "account", "tax-rate", … an open set.
    pub kind: String,
    pub id: EntityId,
    pub code: String,
    pub name: String,
    pub currency: Option<Currency>,
    pub cycle: Option<String>,
    pub active: bool,
    pub price: Option<Decimal>,
    pub cost: Option<Decimal>,
    pub attributes: Vec<(String, String)>,
}

impl Entity {
    pub fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str())
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EntityPage {
    pub entities: Vec<Entity>,
    pub next: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    /// Stable key of the write.
    pub key: String,
    pub code: String,
    pub name: String,
    pub currency: Option<Currency>,
    pub price: Option<Decimal>,
    pub cost: Option<Decimal>,
    pub attributes: Vec<(String, String)>,
}
