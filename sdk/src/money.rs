//! Amounts with their currency.
//!
//! Owns ISO 4217 codes, their minor units and arithmetic that refuses to mix them. Knows no target.

use std::fmt;

use rust_decimal::Decimal;

use crate::{Failure, decimal};

/// An ISO 4217 code: three upper-case letters. Whether a target offers the currency is for the target to say.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Currency([u8; 3]);

// Two places are the rule; these are all the exceptions of ISO 4217 that are money or units of account.
/// Currencies without a minor unit in ISO 4217.
const NO_MINOR: [&str; 17] = [
    "BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "UYI", "VND", "VUV", "XAF", "XOF",
    "XPF",
];
/// Currencies with a thousandth as their minor unit.
const THREE_MINOR: [&str; 7] = ["BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"];
/// Units of account with four places.
const FOUR_MINOR: [&str; 2] = ["CLF", "UYW"];

impl Currency {
    /// Reads a code.
    ///
    /// # Errors
    /// A failure of class rejected when the text is not three upper-case letters.
    pub fn parse(text: &str) -> Result<Self, Failure> {
        match text.as_bytes() {
            [a, b, c] if [a, b, c].iter().all(|letter| letter.is_ascii_uppercase()) => Ok(Self([*a, *b, *c])),
            _ => Err(Failure::rejected(
                "sdk-currency",
                format!("\"{}\" is not an ISO currency code such as USD.", crate::text::clip(text, 12)),
            )),
        }
    }

    /// The three letters.
    #[must_use]
    pub fn code(&self) -> &str {
        // Only ASCII letters get in, so this never falls back.
        std::str::from_utf8(&self.0).unwrap_or("XXX")
    }

    /// Decimal places of the minor unit: 2 for USD, 0 for JPY, 3 for KWD.
    ///
    /// ```
    /// use counterfoil_sdk::Currency;
    ///
    /// let places = |code| Currency::parse(code).unwrap().minor_units();
    /// assert_eq!((places("USD"), places("JPY"), places("KWD")), (2, 0, 3));
    /// ```
    #[must_use]
    pub fn minor_units(&self) -> u32 {
        match self.code() {
            code if NO_MINOR.contains(&code) => 0,
            code if THREE_MINOR.contains(&code) => 3,
            code if FOUR_MINOR.contains(&code) => 4,
            _ => 2,
        }
    }

    /// The smallest amount that can be paid: 0.01 for USD, 1 for JPY.
    #[must_use]
    pub fn minor_unit(&self) -> Decimal {
        Decimal::new(1, self.minor_units())
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

/// An amount in major units ("41.80 USD"), signed, with its currency.
///
/// ```
/// use counterfoil_sdk::{Currency, Money};
///
/// let usd = Currency::parse("USD").unwrap();
/// let a = Money::new("41.80".parse().unwrap(), usd);
/// assert_eq!(a.plus(a).unwrap().to_string(), "83.60 USD");
/// let eur = Money::new(a.amount, Currency::parse("EUR").unwrap());
/// assert!(a.plus(eur).is_err());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Money {
    /// Major units.
    pub amount: Decimal,
    /// Of which currency.
    pub currency: Currency,
}

impl Money {
    /// An amount as it is, not rounded.
    #[must_use]
    pub fn new(amount: Decimal, currency: Currency) -> Self {
        Self { amount, currency }
    }

    /// Nothing, in this currency.
    #[must_use]
    pub fn zero(currency: Currency) -> Self {
        Self::new(Decimal::ZERO, currency)
    }

    /// The sum of two amounts of one currency.
    ///
    /// # Errors
    /// A failure of class internal when the currencies differ or the sum overflows.
    pub fn plus(self, other: Self) -> Result<Self, Failure> {
        if self.currency != other.currency {
            return Err(Failure::internal(
                "sdk-currency-mixed",
                format!("{self} and {other} cannot be added: the currencies differ."),
            ));
        }
        let amount = self.amount.checked_add(other.amount);
        amount
            .map(|amount| Self { amount, ..self })
            .ok_or_else(|| Failure::internal("sdk-decimal-range", "A sum is outside the range of exact decimals."))
    }

    /// The same amount with the other sign.
    #[must_use]
    pub fn negated(self) -> Self {
        Self { amount: -self.amount, ..self }
    }

    /// Rounded once, half away from zero, to the currency's minor unit.
    #[must_use]
    pub fn rounded(self) -> Self {
        Self { amount: decimal::round(self.amount, self.currency.minor_units()), ..self }
    }

    /// The amount in minor units (4180 for 41.80 USD), if it is a whole number of them.
    #[must_use]
    pub fn minor(self) -> Option<i64> {
        let places = self.currency.minor_units();
        let mut exact = decimal::exact_at(self.amount, places)?;
        exact.rescale(places);
        (exact.scale() == places).then(|| i64::try_from(exact.mantissa()).ok()).flatten()
    }

    /// From minor units: 4180 and USD make 41.80.
    #[must_use]
    pub fn from_minor(minor: i64, currency: Currency) -> Self {
        Self::new(Decimal::new(minor, currency.minor_units()), currency)
    }
}

impl fmt::Display for Money {
    /// At least the currency's places, more where the amount has them: "20.00 USD", "0.1648 USD", "500 JPY".
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = self.amount.normalize();
        if shown.scale() < self.currency.minor_units() {
            shown.rescale(self.currency.minor_units());
        }
        write!(f, "{shown} {}", self.currency)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn minor_units_follow_the_currency() {
        for (text, code, minor) in [
            ("41.80", "USD", Some(4180)),
            ("41.805", "USD", None),
            ("500", "JPY", Some(500)),
            ("0.5", "JPY", None),
            ("1.234", "KWD", Some(1234)),
            ("-3", "USD", Some(-300)),
        ] {
            let money = Money::new(text.parse().unwrap(), Currency::parse(code).unwrap());
            assert_eq!(money.minor(), minor, "{text} {code}");
            if let Some(minor) = minor {
                assert_eq!(Money::from_minor(minor, money.currency), money);
            }
        }
    }

    #[test]
    fn codes_are_three_upper_case_letters() {
        for (text, good) in
            [("USD", true), ("usd", false), ("US", false), ("USDT", false), ("U$D", false), ("", false), ("ÄÖ", false)]
        {
            assert_eq!(Currency::parse(text).is_ok(), good, "{text}");
        }
    }

    #[test]
    fn amounts_are_shown_with_their_minor_unit() {
        for (text, code, shown) in [
            ("20", "USD", "20.00 USD"),
            ("0.1648", "USD", "0.1648 USD"),
            ("500", "JPY", "500 JPY"),
            ("-1.5", "KWD", "-1.500 KWD"),
        ] {
            assert_eq!(Money::new(text.parse().unwrap(), Currency::parse(code).unwrap()).to_string(), shown);
        }
    }
}
