//! What the target has: parties, items, containers, accounts, tax rates.
//!
//! Owns the records of the directory. Kinds are open strings, see [`kind`].

use rust_decimal::Decimal;

use crate::{Attributes, Currency};

/// The kinds that the host knows. A target may have others.
pub mod kind {
    /// A target-side customer.
    pub const PARTY: &str = "party";
    /// A catalogue product.
    pub const ITEM: &str = "item";
    /// What lines go into: an agreement, a recurring invoice.
    pub const CONTAINER: &str = "container";
    /// An account of the ledger.
    pub const ACCOUNT: &str = "account";
    /// A tax rate or tax code.
    pub const TAX_RATE: &str = "tax-rate";
    /// A currency that documents may have.
    pub const CURRENCY: &str = "currency";
}

/// One thing in the target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entity {
    /// One of [`kind`], or the target's own.
    pub kind: String,
    /// The target's id.
    pub id: String,
    /// The short code people know it by; empty where the target has none.
    pub code: String,
    /// The name people know.
    pub name: String,
    /// The currency its price is in, where the target says so.
    pub currency: Option<Currency>,
    /// Billing cycle of a container: "P1M", "P1Y", …
    pub cycle: Option<String>,
    /// False when it can be seen but not used.
    pub active: bool,
    /// Sales price for one, net, major units.
    pub price: Option<Decimal>,
    /// Purchase price for one, net, major units.
    pub cost: Option<Decimal>,
    /// "external-id", "tax-number", "email", "type", … where the target has them.
    pub attributes: Attributes,
}

impl Entity {
    /// An active entity with nothing but a name; set the rest with struct update syntax.
    #[must_use]
    pub fn new(kind: &str, id: impl Into<String>, code: impl Into<String>, name: impl Into<String>) -> Self {
        Self {
            kind: kind.to_owned(),
            id: id.into(),
            code: code.into(),
            name: name.into(),
            currency: None,
            cycle: None,
            active: true,
            price: None,
            cost: None,
            attributes: Attributes::new(),
        }
    }
}

/// One page of a search. Pages go forward only.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EntityPage {
    /// What was found.
    pub entities: Vec<Entity>,
    /// Hand it back for the next page; none at the end.
    pub next: Option<String>,
}

/// A thing to create from a link step, or the price and cost to set on one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    /// Stable key of the write: the same draft always comes with the same key.
    pub key: String,
    /// The short code wanted.
    pub code: String,
    /// The name wanted.
    pub name: String,
    /// Currency of the prices.
    pub currency: Option<Currency>,
    /// Sales price for one, net, major units.
    pub price: Option<Decimal>,
    /// Purchase price for one, net, major units.
    pub cost: Option<Decimal>,
    /// "external-id", "tax-number", "email", "account-code", …
    pub attributes: Attributes,
}
