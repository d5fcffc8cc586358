//! The connection's settings, checked.
//!
//! Owns their names and defaults, as the card's form describes them.

use counterfoil_sdk::{Attributes, Currency, Failure};

/// Where lines go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    /// Into a recurring invoice.
    Schedule,
    /// Onto a new invoice for each order.
    Invoice,
}

/// What becomes of a line whose thing has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ended {
    Zero,
    Remove,
}

/// What becomes of money that is given back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Negative {
    Line,
    Hold,
}

/// Settings of one job.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Settings<'a> {
    pub(crate) mode: Mode,
    pub(crate) currency: Currency,
    /// None: as the product is.
    pub(crate) taxable: Option<bool>,
    pub(crate) ended: Ended,
    pub(crate) negative: Negative,
    /// Whether lines carry a mark in their description.
    pub(crate) is_marked: bool,
    pub(crate) prefix: &'a str,
}

impl<'a> Settings<'a> {
    /// Reads and checks them.
    pub(crate) fn read(settings: &'a Attributes) -> Result<Self, Failure> {
        let currency = settings.filled("currency").unwrap_or_default();
        Ok(Self {
            mode: one_of(settings, "mode", &[("schedule", Mode::Schedule), ("invoice", Mode::Invoice)])?,
            currency: Currency::parse(currency)
                .map_err(|_| wrong("currency", currency, "the ISO code of the account's currency, such as USD"))?,
            taxable: one_of(settings, "taxable", &[("product", None), ("true", Some(true)), ("false", Some(false))])?,
            ended: one_of(settings, "ended_lines", &[("zero", Ended::Zero), ("remove", Ended::Remove)])?,
            negative: one_of(settings, "negative_lines", &[("line", Negative::Line), ("hold", Negative::Hold)])?,
            is_marked: one_of(settings, "mark", &[("description", true), ("none", false)])?,
            prefix: settings.filled("number_prefix").unwrap_or("CF-"),
        })
    }
}

/// The first choice is the default.
fn one_of<T: Copy>(settings: &Attributes, name: &str, choices: &[(&str, T)]) -> Result<T, Failure> {
    let value = settings.filled(name);
    let found = choices.iter().find(|(word, _)| value.is_none_or(|value| *word == value));
    found.map(|(_, choice)| *choice).ok_or_else(|| {
        let words: Vec<&str> = choices.iter().map(|(word, _)| *word).collect();
        wrong(name, value.unwrap_or_default(), &words.join(" or "))
    })
}

pub(crate) fn wrong(name: &str, value: &str, allowed: &str) -> Failure {
    let value = counterfoil_sdk::text::clip(value, 40);
    Failure::rejected(
        "syncro-setting",
        format!(
            "The setting {name} is \"{value}\"; it takes {allowed}. Nothing was written. Correct it in the connection."
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_set_has_its_default_and_what_is_wrong_is_named() {
        let usd = Attributes::new().with("currency", "USD");
        let settings = Settings::read(&usd).unwrap();
        assert_eq!(
            (settings.mode, settings.taxable, settings.ended, settings.negative, settings.is_marked, settings.prefix),
            (Mode::Schedule, None, Ended::Zero, Negative::Line, true, "CF-")
        );
        for (name, value) in [
            ("mode", "both"),
            ("currency", "usd"),
            ("currency", ""),
            ("taxable", "yes"),
            ("ended_lines", "keep"),
            ("negative_lines", "credit"),
            ("mark", "name"),
        ] {
            let failure = Settings::read(&usd.clone().with(name, value)).unwrap_err();
            assert_eq!(failure.code, "syncro-setting", "{name}");
            assert!(failure.message.contains(name), "{}", failure.message);
        }
    }
}
