//! Numbers, money, days and texts: the values that every record is made of, and the bounds they keep.

use chrono::NaiveDate;
use counterfoil_domain::failure::{Failure, FailureClass};
use counterfoil_domain::money::{Currency, Money};
use counterfoil_domain::ports::CallError;
use rust_decimal::Decimal;

use super::raw;

/// Most decimal places that the contract carries.
const MAX_SCALE: u32 = 9;
/// Ids, codes, names, titles.
const SHORT: usize = 1024;
/// Descriptions, reasons, values of attributes.
const LONG: usize = 64 * 1024;
const MAX_ATTRIBUTES: usize = 256;
/// Entities of a page, lines of a document, receipts of a task.
pub(super) const MAX_LIST: usize = 10_000;

/// A value that the contract does not allow, and where it stands in the answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Nonsense {
    path: String,
    problem: String,
}

impl Nonsense {
    pub(super) fn new(path: &str, problem: impl Into<String>) -> Self {
        Self { path: path.to_owned(), problem: problem.into() }
    }

    /// The same, seen from one level up.
    pub(crate) fn under(mut self, parent: &str) -> Self {
        let dot = if self.path.is_empty() || self.path.starts_with('[') { "" } else { "." };
        self.path = format!("{parent}{dot}{}", self.path);
        self
    }
}

impl From<Nonsense> for CallError {
    fn from(nonsense: Nonsense) -> Self {
        Self::Nonsense(format!("{}: {}", nonsense.path, nonsense.problem))
    }
}

pub(super) type Checked<T> = Result<T, Nonsense>;

fn text_up_to(path: &str, text: String, most: usize) -> Checked<String> {
    if text.len() > most {
        return Err(Nonsense::new(path, format!("the text has {} bytes; at most {most} are allowed", text.len())));
    }
    Ok(text)
}

pub(super) fn short(path: &str, text: String) -> Checked<String> {
    text_up_to(path, text, SHORT)
}

pub(super) fn long(path: &str, text: String) -> Checked<String> {
    text_up_to(path, text, LONG)
}

/// An id or key: something, and nothing that cannot be printed.
pub(super) fn id(path: &str, text: String) -> Checked<String> {
    if text.trim().is_empty() {
        return Err(Nonsense::new(path, "is empty"));
    }
    if text.chars().any(char::is_control) {
        return Err(Nonsense::new(path, "holds control characters"));
    }
    short(path, text)
}

pub(super) fn maybe<T, U>(value: Option<T>, convert: impl FnOnce(T) -> Checked<U>) -> Checked<Option<U>> {
    value.map(convert).transpose()
}

/// Converts each, bounded in number, with its index in the path.
pub(super) fn list<T, U>(path: &str, values: Vec<T>, convert: impl Fn(T) -> Checked<U>) -> Checked<Vec<U>> {
    if values.len() > MAX_LIST {
        return Err(Nonsense::new(
            path,
            format!("the list has {} entries; at most {MAX_LIST} are allowed", values.len()),
        ));
    }
    let items = values.into_iter().enumerate();
    items.map(|(index, value)| convert(value).map_err(|nonsense| nonsense.under(&format!("{path}[{index}]")))).collect()
}

/// A batch must be answered one for one.
pub(crate) fn same_length(what: &str, asked: usize, answered: usize) -> Result<(), Nonsense> {
    if asked == answered {
        return Ok(());
    }
    Err(Nonsense::new(what, format!("{asked} were asked for, {answered} were answered")))
}

pub(super) fn decimal(path: &str, raw: raw::Decimal) -> Checked<Decimal> {
    let scale = u32::from(raw.scale);
    if scale > MAX_SCALE {
        return Err(Nonsense::new(path, format!("the number has scale {scale}; 0 to {MAX_SCALE} is allowed")));
    }
    Decimal::try_from_i128_with_scale(i128::from(raw.coefficient), scale)
        .map_err(|_| Nonsense::new(path, "the number cannot be counted exactly"))
}

/// Exact or refused: a number that the contract cannot carry is never rounded on the way.
pub(super) fn raw_decimal(what: &str, value: Decimal) -> Result<raw::Decimal, Failure> {
    let value = if value.scale() > MAX_SCALE { value.normalize() } else { value };
    let coefficient = i64::try_from(value.mantissa()).ok();
    let scale = u8::try_from(value.scale()).ok().filter(|scale| u32::from(*scale) <= MAX_SCALE);
    match coefficient.zip(scale) {
        Some((coefficient, scale)) => Ok(raw::Decimal { coefficient, scale }),
        None => Err(Failure::new(
            FailureClass::Rejected,
            "number-out-of-contract",
            format!(
                "The {what} {value} has more digits than a target can be handed exactly, so nothing was sent. Correct the amount in the order."
            ),
        )),
    }
}

pub(super) fn currency(path: &str, text: &str) -> Checked<Currency> {
    // Exactly the code: what a person may type loosely, a plugin must say as the contract says.
    let found = Currency::parse(text).ok().filter(|currency| currency.code() == text);
    found.ok_or_else(|| Nonsense::new(path, format!("\"{}\" is not an ISO 4217 code such as USD", clip(text, 40))))
}

pub(super) fn money(path: &str, raw: &raw::Money) -> Checked<Money> {
    let amount = decimal("amount", raw.amount).map_err(|nonsense| nonsense.under(path))?;
    let currency = currency("currency", &raw.currency).map_err(|nonsense| nonsense.under(path))?;
    Ok(Money::new(amount, currency))
}

pub(super) fn raw_money(what: &str, money: Money) -> Result<raw::Money, Failure> {
    Ok(raw::Money { amount: raw_decimal(what, money.amount)?, currency: money.currency.code().to_owned() })
}

pub(super) fn date(path: &str, text: &str) -> Checked<NaiveDate> {
    let parsed = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok().filter(|day| day.to_string() == text);
    parsed.ok_or_else(|| Nonsense::new(path, format!("\"{}\" is not a day such as 2026-11-21", clip(text, 40))))
}

pub(super) fn attributes(path: &str, pairs: Vec<(String, String)>) -> Checked<Vec<(String, String)>> {
    if pairs.len() > MAX_ATTRIBUTES {
        return Err(Nonsense::new(path, format!("{} attributes; at most {MAX_ATTRIBUTES} are allowed", pairs.len())));
    }
    list(path, pairs, |(name, value)| Ok((id("name", name)?, long("value", value)?)))
}

/// At most so many bytes of a text, for showing it.
pub(super) fn clip(text: &str, most: usize) -> String {
    match text.char_indices().find(|(at, letter)| at + letter.len_utf8() > most) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_carried_exactly_or_refused() {
        for (text, parts) in [
            ("0", Some((0, 0))),
            ("40.00", Some((4000, 2))),
            ("-0.000000001", Some((-1, 9))),
            ("0.0000000010", Some((1, 9))),
            ("0.0000000001", None),
            ("9223372036854775807", Some((i64::MAX, 0))),
            ("-9223372036854775808", Some((i64::MIN, 0))),
            ("9223372036854775808", None),
        ] {
            let value: Decimal = text.parse().unwrap();
            let raw = raw_decimal("amount", value).ok();
            assert_eq!(raw.map(|raw| (raw.coefficient, raw.scale)), parts, "{text}");
            if let Some(raw) = raw {
                assert_eq!(decimal("x", raw).unwrap(), value, "{text}");
            }
        }
        assert_eq!(decimal("a.b", raw::Decimal { coefficient: 1, scale: 30 }).unwrap_err().path, "a.b");
    }

    #[test]
    fn words_are_what_the_contract_says() {
        for (text, good) in [("USD", true), ("usd", false), (" USD", false), ("US", false), ("", false), ("€", false)]
        {
            assert_eq!(currency("c", text).is_ok(), good, "{text}");
        }
        for (text, good) in [
            ("2026-11-21", true),
            ("2026-02-29", false),
            ("2026-1-1", false),
            ("2026-11-21T00:00:00", false),
            ("", false),
        ] {
            assert_eq!(date("d", text).is_ok(), good, "{text}");
        }
        for (text, good) in [("a", true), (" ", false), ("a\nb", false), (&"x".repeat(1025), false)] {
            assert_eq!(id("i", text.to_owned()).is_ok(), good, "{text}");
        }
    }

    #[test]
    fn the_path_leads_to_the_value() {
        let nonsense =
            list(
                "lines",
                vec![1, 2],
                |number| if number == 2 { Err(Nonsense::new("amount", "bad")) } else { Ok(number) },
            );
        let error = CallError::from(nonsense.unwrap_err().under("plans[3]"));
        assert_eq!(error, CallError::Nonsense("plans[3].lines[1].amount: bad".to_owned()));
    }

    #[test]
    fn clipping_keeps_whole_letters() {
        assert_eq!(clip("héllo", 2), "h…");
        assert_eq!(clip("abc", 3), "abc");
    }
}
