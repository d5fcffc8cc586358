//! Exact money: an amount never travels without its currency, is never a float, and is rounded once.

use std::fmt;

use rust_decimal::{Decimal, RoundingStrategy};

/// An ISO 4217 code.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Currency([u8; 3]);

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("\"{0}\" is not a currency code; three letters are expected, such as USD")]
pub struct BadCurrency(pub String);

impl Currency {
    pub fn parse(text: &str) -> Result<Self, BadCurrency> {
        match text.trim().to_ascii_uppercase().as_bytes() {
            [a, b, c] if [a, b, c].iter().all(|x| x.is_ascii_uppercase()) => Ok(Self([*a, *b, *c])),
            _ => Err(BadCurrency(text.to_owned())),
        }
    }

    pub fn code(&self) -> &str {
        // The bytes were checked to be ASCII letters when the value was made.
        std::str::from_utf8(&self.0).unwrap_or("???")
    }

    /// Digits after the point of the smallest coin (ISO 4217, list one).
    pub fn minor_units(&self) -> u32 {
        match self.code() {
            "BIF" | "CLP" | "DJF" | "GNF" | "ISK" | "JPY" | "KMF" | "KRW" | "PYG" | "RWF" | "UGX" | "UYI" | "VND"
            | "VUV" | "XAF" | "XOF" | "XPF" => 0,
            "BHD" | "IQD" | "JOD" | "KWD" | "LYD" | "OMR" | "TND" => 3,
            "CLF" | "UYW" => 4,
            _ => 2,
        }
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

/// How an amount is brought to the currency's smallest coin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Rounding {
    #[default]
    HalfAwayFromZero,
    HalfEven,
}

impl Rounding {
    pub fn apply(self, amount: Decimal, digits: u32) -> Decimal {
        let strategy = match self {
            Self::HalfAwayFromZero => RoundingStrategy::MidpointAwayFromZero,
            Self::HalfEven => RoundingStrategy::MidpointNearestEven,
        };
        amount.round_dp_with_strategy(digits, strategy)
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Money {
    pub amount: Decimal,
    pub currency: Currency,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MoneyError {
    #[error("amounts in {left} and {right} cannot be added")]
    Mixed { left: Currency, right: Currency },
    #[error("the amount is larger than can be counted exactly")]
    Overflow,
}

impl Money {
    pub fn new(amount: Decimal, currency: Currency) -> Self {
        Self { amount, currency }
    }

    pub fn zero(currency: Currency) -> Self {
        Self::new(Decimal::ZERO, currency)
    }

    pub fn is_zero(&self) -> bool {
        self.amount.is_zero()
    }

    pub fn plus(self, other: Self) -> Result<Self, MoneyError> {
        if self.currency != other.currency {
            return Err(MoneyError::Mixed { left: self.currency, right: other.currency });
        }
        let amount = self.amount.checked_add(other.amount).ok_or(MoneyError::Overflow)?;
        Ok(Self::new(amount, self.currency))
    }

    /// To the smallest coin.
    pub fn rounded(self, rounding: Rounding) -> Self {
        Self::new(rounding.apply(self.amount, self.currency.minor_units()), self.currency)
    }

    /// The amount with the currency's digits, "41.80": what people and the API read. Digits beyond the
    /// smallest coin are kept, not hidden.
    pub fn plain(&self) -> String {
        let mut amount = self.amount.normalize();
        let digits = self.currency.minor_units();
        if amount.scale() < digits {
            amount.rescale(digits);
        }
        amount.to_string()
    }
}

impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.plain(), self.currency)
    }
}

impl fmt::Debug for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Splits a total by weights so that the parts add up to it: largest remainder on the absolute value,
/// ties to the earlier part, the sign put back last (a split of −7 is the negation of a split of +7).
/// All weights zero: everything goes to the first part.
pub fn allocate(total: Money, weights: &[Decimal]) -> Result<Vec<Money>, MoneyError> {
    let Some(digits) = weights.first().map(|_| total.currency.minor_units()) else {
        return Ok(Vec::new());
    };
    let weights: Vec<Decimal> = weights.iter().map(Decimal::abs).collect();
    let mut sum = Decimal::ZERO;
    for weight in &weights {
        sum = sum.checked_add(*weight).ok_or(MoneyError::Overflow)?;
    }
    let size = total.amount.abs();
    let mut parts = Vec::with_capacity(weights.len());
    for (index, weight) in weights.iter().enumerate() {
        let exact = match (sum.is_zero(), index) {
            (true, 0) => size,
            (true, _) => Decimal::ZERO,
            (false, _) => {
                size.checked_mul(*weight).and_then(|product| product.checked_div(sum)).ok_or(MoneyError::Overflow)?
            }
        };
        parts.push((exact, exact.trunc_with_scale(digits)));
    }
    let given: Decimal = parts.iter().map(|(_, floor)| *floor).sum();
    let mut left = size - given;
    let coin = Decimal::new(1, digits);
    let mut order: Vec<usize> = (0..parts.len()).collect();
    order.sort_by(|a, b| {
        let rest = |i: usize| parts[i].0 - parts[i].1;
        rest(*b).cmp(&rest(*a)).then(a.cmp(b))
    });
    let mut turn = order.iter().cycle();
    while left >= coin {
        let Some(&index) = turn.next() else { break };
        parts[index].1 += coin;
        left -= coin;
    }
    // What is finer than a coin (the total was not rounded) stays with the first part: nothing is lost.
    if let Some(first) = parts.first_mut() {
        first.1 += left;
    }
    let negative = total.amount.is_sign_negative();
    let signed = |part: Decimal| if negative { -part } else { part };
    Ok(parts.into_iter().map(|(_, part)| Money::new(signed(part), total.currency)).collect())
}
