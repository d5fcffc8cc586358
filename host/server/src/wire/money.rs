//! Money on the wire: a decimal in a string, its currency beside it, never a float.

use std::collections::BTreeMap;

use counterfoil_domain::money::{Currency, Money};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = Money)]
pub struct MoneyView {
    /// Decimal, with the currency's digits.
    #[schema(example = "41.80")]
    pub amount: String,
    /// ISO 4217.
    #[schema(example = "USD")]
    pub currency: String,
}

impl From<Money> for MoneyView {
    fn from(money: Money) -> Self {
        Self { amount: money.plain(), currency: money.currency.code().to_owned() }
    }
}

/// One sum a currency, in order of their codes. What cannot be added exactly is left as its own entry.
pub fn totals_by_currency(amounts: impl IntoIterator<Item = Money>) -> Vec<MoneyView> {
    let mut sums: BTreeMap<Currency, Decimal> = BTreeMap::new();
    let mut beyond = Vec::new();
    for money in amounts {
        let sum = sums.entry(money.currency).or_default();
        match sum.checked_add(money.amount) {
            Some(more) => *sum = more,
            None => beyond.push(money.into()),
        }
    }
    let mut totals: Vec<MoneyView> = sums.into_iter().map(|(currency, sum)| Money::new(sum, currency).into()).collect();
    totals.extend(beyond);
    totals
}
