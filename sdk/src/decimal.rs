//! Exact arithmetic beyond what the decimal type offers.
//!
//! Owns the questions "is this exact?" and "round once, which way?". Every function either answers exactly or says
//! that it cannot: none rounds in silence, none panics. Knows no currency; see [`Money`](crate::Money).

use rust_decimal::{Decimal, RoundingStrategy};

use crate::Failure;

/// Most decimal places that the contract carries.
pub const MAX_SCALE: u32 = 9;

/// The value with at most `places` decimals, if that loses nothing.
///
/// ```
/// use counterfoil_sdk::{Decimal, decimal::exact_at};
///
/// let price: Decimal = "0.1648".parse().unwrap();
/// assert_eq!(exact_at(price, 4), Some(price));
/// assert_eq!(exact_at(price, 2), None);
/// ```
#[must_use]
pub fn exact_at(value: Decimal, places: u32) -> Option<Decimal> {
    let short = value.normalize();
    (short.scale() <= places).then_some(short)
}

/// Rounds once, half away from zero: 2.345 → 2.35, −2.345 → −2.35.
#[must_use]
pub fn round(value: Decimal, places: u32) -> Decimal {
    value.round_dp_with_strategy(places, RoundingStrategy::MidpointAwayFromZero)
}

/// `a × b` with every digit, or nothing when the product has more digits than the type holds. The operator `*`
/// would round such a product without a word.
#[must_use]
pub fn product(a: Decimal, b: Decimal) -> Option<Decimal> {
    let (a, b) = (a.normalize(), b.normalize());
    let mantissa = a.mantissa().checked_mul(b.mantissa())?;
    Decimal::try_from_i128_with_scale(mantissa, a.scale().checked_add(b.scale())?).ok()
}

/// `a ÷ b` if it has at most `places` decimals; nothing when it has more, or when `b` is zero.
///
/// ```
/// use counterfoil_sdk::{Decimal, decimal::quotient};
///
/// let (total, seats) = (Decimal::new(37_620, 2), Decimal::from(18));
/// assert_eq!(quotient(total, seats, 4), Some("20.9".parse().unwrap()));
/// assert_eq!(quotient(Decimal::from(10), Decimal::from(3), 4), None);
/// ```
#[must_use]
pub fn quotient(a: Decimal, b: Decimal, places: u32) -> Option<Decimal> {
    let candidate = round(a.checked_div(b)?, places).normalize();
    // The division may have been rounded by the type itself; multiplying back is the proof.
    (product(candidate, b)? == a).then_some(candidate)
}

/// Sum of all values, or nothing on overflow.
#[must_use]
pub fn sum(values: impl IntoIterator<Item = Decimal>) -> Option<Decimal> {
    values.into_iter().try_fold(Decimal::ZERO, Decimal::checked_add)
}

/// Reads a decimal from its digits: "12.50", "-3", "1.5e3". Never through a binary fraction.
///
/// # Errors
/// A failure of class internal when the text is no number or has more digits than the type holds.
pub fn parse(text: &str) -> Result<Decimal, Failure> {
    let read = if text.contains(['e', 'E']) { Decimal::from_scientific(text) } else { Decimal::from_str_exact(text) };
    read.map_err(|_| {
        Failure::internal(
            "sdk-decimal-text",
            format!("\"{}\" is not an exact decimal number.", crate::text::clip(text, 40)),
        )
    })
}

/// A decimal from the contract's coefficient × 10^-scale.
///
/// # Errors
/// A failure of class internal when the scale is above [`MAX_SCALE`].
pub fn from_parts(coefficient: i64, scale: u8) -> Result<Decimal, Failure> {
    if u32::from(scale) > MAX_SCALE {
        return Err(Failure::internal(
            "sdk-decimal-scale",
            format!("A number with scale {scale} is outside the contract, which allows 0 to 9."),
        ));
    }
    Decimal::try_from_i128_with_scale(i128::from(coefficient), u32::from(scale))
        .map_err(|_| Failure::internal("sdk-decimal-range", "A number is outside the range of exact decimals."))
}

/// The contract's coefficient and scale of a decimal. Trailing zeros are kept where they fit ("40.00" stays two places).
///
/// # Errors
/// A failure of class internal when the value needs more than nine places or does not fit 64 bits.
pub fn to_parts(value: Decimal) -> Result<(i64, u8), Failure> {
    let value = if value.scale() > MAX_SCALE { value.normalize() } else { value };
    let coefficient = i64::try_from(value.mantissa());
    match (coefficient, u8::try_from(value.scale())) {
        (Ok(coefficient), Ok(scale)) if u32::from(scale) <= MAX_SCALE => Ok((coefficient, scale)),
        _ => Err(Failure::internal(
            "sdk-decimal-range",
            format!("{value} does not fit the contract: at most nine decimals and 64 bits."),
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn d(text: &str) -> Decimal {
        text.parse().unwrap()
    }

    #[test]
    fn parts_round_trip_or_refuse() {
        for (text, parts) in [
            ("0", Some((0, 0))),
            ("40.00", Some((4000, 2))),
            ("-0.000000001", Some((-1, 9))),
            ("0.0000000010", Some((1, 9))),
            ("0.0000000001", None),
            ("9223372036854775807", Some((i64::MAX, 0))),
            ("9223372036854775808", None),
        ] {
            assert_eq!(to_parts(d(text)).ok(), parts, "{text}");
            if let Some((coefficient, scale)) = parts {
                assert_eq!(from_parts(coefficient, scale).unwrap(), d(text), "{text}");
            }
        }
        assert!(from_parts(1, 10).is_err());
    }

    #[test]
    fn rounding_is_half_away_from_zero() {
        for (text, places, want) in [
            ("2.345", 2, "2.35"),
            ("-2.345", 2, "-2.35"),
            ("2.344", 2, "2.34"),
            ("0.5", 0, "1"),
            ("-0.5", 0, "-1"),
            ("1.0005", 3, "1.001"),
        ] {
            assert_eq!(round(d(text), places), d(want), "{text}");
        }
    }

    #[test]
    fn products_and_quotients_are_exact_or_nothing() {
        assert_eq!(product(d("18"), d("33.00")), Some(d("594")));
        assert_eq!(product(d("79228162514264337593543950335"), d("10")), None);
        assert_eq!(product(d("0.00000000000000000001"), d("0.00000000000000000001")), None);
        assert_eq!(quotient(d("100"), d("0"), 4), None);
        assert_eq!(quotient(d("0.01"), d("1000"), 4), None);
        assert_eq!(quotient(d("-7.5"), d("3"), 4), Some(d("-2.5")));
    }

    #[test]
    fn text_is_read_digit_by_digit() {
        for (text, want) in [
            ("0.1", "0.1"),
            ("1.5e3", "1500"),
            ("1E-7", "0.0000001"),
            ("-12.50", "-12.50"),
            ("1E+5", "100000"),
            ("7e28", "70000000000000000000000000000"),
        ] {
            assert_eq!(parse(text).unwrap(), d(want), "{text}");
        }
        // An exponent comes from outside like any digit: too large is a failure, never a panic.
        for text in [
            "",
            "abc",
            "1,5",
            "0.00000000000000000000000000001",
            "1e400",
            "1e29",
            "1e-400",
            "1e-29",
            "9e28",
            "1e",
            "e5",
            "1e99999999999",
            "1.0e-28",
            "-1e4294967295",
            "1e--5",
            "NaN",
            "Infinity",
            "79228162514264337593543950336",
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
