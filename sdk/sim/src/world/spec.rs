//! Owns: what a world is asked to be.

use chrono::NaiveDate;

use super::money::Currency;

/// The same spec gives the same world, byte for byte.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorldSpec {
    pub seed: u64,
    /// The world's last day; nothing happened on it or after it yet.
    pub today: NaiveDate,
    pub customers: usize,
    pub subscriptions: usize,
    /// Exactly so many orders.
    pub orders: usize,
    pub currency: Currency,
    /// One recent sales order's total differs from its lines by the smallest coin. Off: all totals add up.
    pub one_total_off: bool,
}

impl WorldSpec {
    /// The demo's size.
    #[must_use]
    pub fn new(seed: u64, today: NaiveDate) -> Self {
        Self {
            seed,
            today,
            customers: 25,
            subscriptions: 60,
            orders: 240,
            currency: Currency::USD,
            one_total_off: false,
        }
    }
}
