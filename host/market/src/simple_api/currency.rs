//! Amounts with their currency, and the rule that one order, subscription or price list has one.

use rust_decimal::Decimal;

use counterfoil_domain::money::Currency;

use super::amount::exact;
use super::record::{Problem, Record};

/// `{currency, amount}` in any state of completeness, or a bare amount.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Priced {
    pub(super) amount: Option<Decimal>,
    pub(super) currency: Option<Currency>,
}

impl Priced {
    pub(super) fn of(record: &Record<'_>) -> Result<Self, Problem> {
        let currency = record
            .text("currency")?
            .map(|text| Currency::parse(&text).map_err(|error| record.problem("currency", error.to_string())))
            .transpose()?;
        Ok(Self { amount: record.number("amount")?, currency })
    }

    pub(super) fn field(record: &Record<'_>, name: &str) -> Result<Self, Problem> {
        match record.raw(name) {
            None => Ok(Self::default()),
            Some(raw) if raw.starts_with('{') => Self::of(&Record::read(raw, &record.at(name))?),
            Some(_) => {
                let text = record.text(name)?;
                let amount = text.map(|text| exact(&text).map_err(|what| record.problem(name, what))).transpose()?;
                Ok(Self { amount, currency: None })
            }
        }
    }
}

/// The one currency, and where it was first seen.
#[derive(Debug, Default)]
pub(super) struct OneCurrency(Option<(Currency, String)>);

impl OneCurrency {
    pub(super) fn see(&mut self, found: Option<Currency>, field: String) -> Result<(), Problem> {
        let Some(found) = found else { return Ok(()) };
        match &self.0 {
            Some((known, first)) if *known != found => {
                Err(Problem::new(field, format!("is in {found}, but {first} is in {known}; they cannot be added")))
            }
            Some(_) => Ok(()),
            None => {
                self.0 = Some((found, field));
                Ok(())
            }
        }
    }

    pub(super) fn get(&self) -> Option<Currency> {
        self.0.as_ref().map(|(currency, _)| *currency)
    }

    /// Reads a price and holds its currency against the others.
    pub(super) fn price(&mut self, record: &Record<'_>, name: &str) -> Result<Option<Decimal>, Problem> {
        let priced = Priced::field(record, name)?;
        self.see(priced.currency, record.at(name))?;
        Ok(priced.amount)
    }
}
