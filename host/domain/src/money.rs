//! Exact money: an amount never travels without its currency, is never a float, and is rounded once.

use std::cmp::Reverse;
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

    /// As an amount's arithmetic says it.
    pub fn phrase(self) -> &'static str {
        match self {
            Self::HalfAwayFromZero => "rounded half up",
            Self::HalfEven => "rounded half even",
        }
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

    pub fn minus(self, other: Self) -> Result<Self, MoneyError> {
        self.plus(Self::new(-other.amount, other.currency))
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

/// Coins as an amount: with `digits` after the point, or fewer where so many would not fit.
pub(crate) fn from_coins(negative: bool, coins: u128, digits: u32) -> Option<Decimal> {
    let mut number = i128::try_from(coins).ok()?;
    let mut scale = digits;
    loop {
        match Decimal::try_from_i128_with_scale(if negative { -number } else { number }, scale) {
            Ok(amount) => return Some(amount),
            Err(_) if scale > 0 && number % 10 == 0 => {
                number /= 10;
                scale -= 1;
            }
            Err(_) => return None,
        }
    }
}

/// The decimal without its sign as a whole number of units of 10^-scale; `scale` is not less than its own.
fn units(decimal: Decimal, scale: u32) -> Option<u128> {
    let power = 10u128.checked_pow(scale.checked_sub(decimal.scale())?)?;
    decimal.mantissa().unsigned_abs().checked_mul(power)
}

/// `size × weight / sum` as quotient and remainder, without ever holding the product; `weight` is at most `sum`.
fn share(size: u128, weight: u128, sum: u128) -> Option<(u128, u128)> {
    let (mut quotient, mut rest) = (0u128, 0u128);
    for bit in (0..u128::BITS - size.leading_zeros()).rev() {
        quotient = quotient.checked_mul(2)?;
        rest = rest.checked_mul(2)?;
        for add in [0, if size >> bit & 1 == 1 { weight } else { 0 }] {
            rest = rest.checked_add(add)?;
            if rest >= sum {
                rest -= sum;
                quotient = quotient.checked_add(1)?;
            }
        }
    }
    Some((quotient, rest))
}

/// Splits a total by weights so that the parts add up to it: largest remainder on the absolute value,
/// ties to the earlier part, the sign put back last (a split of −7 is the negation of a split of +7).
/// All weights zero: everything goes to the first part. What cannot be split exactly is an error.
pub fn allocate(total: Money, weights: &[Decimal]) -> Result<Vec<Money>, MoneyError> {
    let parts = parts(total.amount, total.currency.minor_units(), weights).ok_or(MoneyError::Overflow)?;
    Ok(parts.into_iter().map(|part| Money::new(part, total.currency)).collect())
}

fn parts(total: Decimal, digits: u32, weights: &[Decimal]) -> Option<Vec<Decimal>> {
    let negative = total.is_sign_negative();
    let whole = total.abs().trunc_with_scale(digits);
    let size = units(whole, digits)?;
    let weights: Vec<Decimal> = weights.iter().map(Decimal::normalize).collect();
    let scale = weights.iter().map(Decimal::scale).max().unwrap_or_default();
    let mut weights = weights.iter().map(|weight| units(*weight, scale)).collect::<Option<Vec<u128>>>()?;
    if weights.iter().all(|weight| *weight == 0) {
        let Some(first) = weights.first_mut() else { return Some(Vec::new()) };
        *first = 1;
    }
    let sum = weights.iter().try_fold(0u128, |sum, weight| sum.checked_add(*weight))?;
    let mut shares = Vec::with_capacity(weights.len());
    for (index, weight) in weights.into_iter().enumerate() {
        let (coins, rest) = share(size, weight, sum)?;
        shares.push((index, coins, rest));
    }
    // The remainders add up to fewer coins than there are parts.
    let given: u128 = shares.iter().map(|(_, coins, _)| coins).sum();
    let left = usize::try_from(size.checked_sub(given)?).ok()?;
    shares.sort_by_key(|(_, _, rest)| Reverse(*rest));
    shares.iter_mut().take(left).for_each(|(_, coins, _)| *coins += 1);
    shares.sort_by_key(|(index, ..)| *index);
    // What is finer than a coin (the total was not rounded) stays with the first part: nothing is lost.
    let mut dust = Some(total.checked_sub(if negative { -whole } else { whole })?);
    shares
        .into_iter()
        .map(|(_, coins, _)| from_coins(negative, coins, digits)?.checked_add(dust.take().unwrap_or_default()))
        .collect()
}
