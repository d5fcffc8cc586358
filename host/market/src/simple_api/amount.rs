//! Amounts and quantities from their digits, exactly. What cannot be held exactly is refused, never rounded.

use rust_decimal::Decimal;

/// More digits than this are no amount of money.
const MOST_DIGITS: usize = 60;
const LARGEST_EXPONENT: i32 = 40;

/// "41.80", "-1", "1.0E-4" (the way Java prints small doubles). No thousands separators: "1,234" might be either.
pub(crate) fn exact(text: &str) -> Result<Decimal, String> {
    let text = text.trim();
    let wrong = || format!("\"{}\" is not an amount; digits with a point are expected", super::clip(text, 40));
    let too_fine = || format!("{} has more digits than can be held exactly", super::clip(text, 40));
    let (negative, rest) = match text.as_bytes().first() {
        Some(b'-') => (true, &text[1..]),
        Some(b'+') => (false, &text[1..]),
        _ => (false, text),
    };
    let (mantissa, exponent) = match rest.find(['e', 'E']) {
        Some(at) => (&rest[..at], rest[at + 1..].parse::<i32>().map_err(|_| wrong())?),
        None => (rest, 0),
    };
    let (whole, part) = match mantissa.split_once('.') {
        Some((_, "")) => return Err(wrong()),
        Some(halves) => halves,
        None => (mantissa, ""),
    };
    let is_digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    if whole.is_empty() || !is_digits(whole) || !is_digits(part) {
        return Err(wrong());
    }
    if whole.len() + part.len() > MOST_DIGITS || !(-LARGEST_EXPONENT..=LARGEST_EXPONENT).contains(&exponent) {
        return Err(too_fine());
    }
    let mut digits = format!("{whole}{part}");
    let mut scale = i32::try_from(part.len()).map_err(|_| too_fine())? - exponent;
    while scale < 0 {
        digits.push('0');
        scale += 1;
    }
    let significant = |digits: &str| digits.trim_start_matches('0').len();
    while scale > 0 && digits.ends_with('0') && (scale > 28 || significant(&digits) > 28) {
        digits.pop();
        scale -= 1;
    }
    let number: i128 = if digits.is_empty() { 0 } else { digits.parse().map_err(|_| too_fine())? };
    // Zero has no sign and needs no digits.
    let scale = if number == 0 { scale.min(28) } else { scale };
    let signed = if negative { -number } else { number };
    let scale = u32::try_from(scale).map_err(|_| too_fine())?;
    Decimal::try_from_i128_with_scale(signed, scale).map_err(|_| too_fine())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_exact_or_refused() {
        let table: &[(&str, Option<&str>)] = &[
            ("41.80", Some("41.80")),
            ("0", Some("0")),
            ("-0.00", Some("0.00")),
            ("  7.5 ", Some("7.5")),
            ("-41.80", Some("-41.80")),
            ("+3", Some("3")),
            ("007", Some("7")),
            ("1e3", Some("1000")),
            ("1.0E-4", Some("0.00010")),
            ("1.25E2", Some("125")),
            ("0.1", Some("0.1")),
            ("79228162514264337593543950335", Some("79228162514264337593543950335")),
            ("79228162514264337593543950336", None),
            ("0.0000000000000000000000000001", Some("0.0000000000000000000000000001")),
            ("0.00000000000000000000000000001", None),
            ("1.500000000000000000000000000000000", Some("1.500000000000000000000000000")),
            ("1e999", None),
            ("1,234.50", None),
            ("1 234", None),
            ("41.", None),
            (".5", None),
            ("", None),
            ("-", None),
            ("e5", None),
            ("1e", None),
            ("NaN", None),
            ("Infinity", None),
            ("0x10", None),
            ("--1", None),
            ("1.2.3", None),
            ("٤", None),
        ];
        for (text, expected) in table {
            assert_eq!(exact(text).ok().map(|d| d.to_string()).as_deref(), *expected, "{text}");
        }
    }
}
