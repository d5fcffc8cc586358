//! Owns reading a body as Syncro's framework does: numbers may be strings, flags may be words, what it does not know is
//! passed over. Does not own what is required.

use chrono::NaiveDate;
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive as _;

use super::json::Json;

/// The members of a body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Params(Json);

/// A whole number, or one that is not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Whole {
    Exact(i64),
    /// What is left without its decimals.
    Cut(i64),
}

fn decimal(value: &Json) -> Option<Decimal> {
    match value {
        Json::Number(number) => Some(*number),
        Json::Text(text) => text.trim().parse().ok(),
        _ => None,
    }
}

impl Params {
    pub(crate) fn new(body: Json) -> Self {
        Self(body)
    }

    pub(crate) fn json(&self) -> &Json {
        &self.0
    }

    /// Whether it is named at all, null or not.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.0.get(name).is_some()
    }

    pub(crate) fn get(&self, name: &str) -> Option<&Json> {
        self.0.get(name).filter(|value| **value != Json::Null)
    }

    pub(crate) fn text(&self, name: &str) -> Option<String> {
        match self.get(name)? {
            Json::Text(text) => Some(text.clone()),
            Json::Number(number) => Some(number.to_string()),
            Json::Bool(flag) => Some(flag.to_string()),
            _ => None,
        }
    }

    /// Text that says something.
    pub(crate) fn word(&self, name: &str) -> Option<String> {
        self.text(name).filter(|text| !text.trim().is_empty())
    }

    pub(crate) fn flag(&self, name: &str) -> Option<bool> {
        match self.get(name)? {
            Json::Bool(flag) => Some(*flag),
            Json::Number(number) => Some(!number.is_zero()),
            Json::Text(text) => Some(!matches!(text.as_str(), "" | "0" | "f" | "false" | "off" | "FALSE")),
            _ => None,
        }
    }

    pub(crate) fn decimal(&self, name: &str) -> Option<Decimal> {
        self.get(name).and_then(decimal)
    }

    pub(crate) fn whole(&self, name: &str) -> Option<Whole> {
        let value = self.decimal(name)?;
        let cut = value.trunc().to_i64()?;
        Some(if value.fract().is_zero() { Whole::Exact(cut) } else { Whole::Cut(cut) })
    }

    pub(crate) fn id(&self, name: &str) -> Option<i64> {
        self.whole(name).map(|whole| match whole {
            Whole::Exact(id) | Whole::Cut(id) => id,
        })
    }

    /// The day of a date or of a point in time.
    pub(crate) fn day(&self, name: &str) -> Option<NaiveDate> {
        self.text(name)?.get(..10)?.parse().ok()
    }

    pub(crate) fn ids(&self, name: &str) -> Vec<i64> {
        match self.get(name) {
            Some(Json::List(values)) => values.iter().filter_map(|value| decimal(value)?.to_i64()).collect(),
            _ => Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bodies_are_read_as_loosely_as_the_real_one_reads_them() {
        let body = r#"{"a":"12","b":7.9,"c":"x","d":null,"e":"false","f":1,"g":"2026-11-30T00:00:00.000Z","h":" "}"#;
        let params = Params::new(Json::parse(body).unwrap());
        assert_eq!((params.whole("a"), params.whole("b")), (Some(Whole::Exact(12)), Some(Whole::Cut(7))));
        assert_eq!((params.whole("c"), params.whole("d"), params.has("d")), (None, None, true));
        assert_eq!((params.flag("e"), params.flag("f"), params.flag("z")), (Some(false), Some(true), None));
        assert_eq!(params.day("g"), NaiveDate::from_ymd_opt(2026, 11, 30));
        assert_eq!((params.word("h"), params.text("b")), (None, Some("7.9".to_owned())));
    }
}
