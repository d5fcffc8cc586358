//! One row of a source, whatever it came as: a JSON object with its inner objects, or a line of CSV. Names are compared
//! without case, spaces and punctuation; texts keep their digits.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use rust_decimal::Decimal;
use serde_json::value::RawValue;

use counterfoil_domain::market::Unreadable;
use counterfoil_domain::money::Currency;

use super::date::{DateOrder, day};
use crate::simple_api::{Problem, Record, clip, exact};

/// Objects inside objects; deeper ones are nobody's money.
const DEEPEST: usize = 4;

#[derive(Debug, Clone, Default)]
pub(crate) struct Row {
    cells: BTreeMap<String, Cell>,
}

#[derive(Debug, Clone)]
struct Cell {
    /// The name as the source writes it, for messages.
    name: String,
    text: String,
}

/// What names are compared by. Points stand between an object and its member.
pub(crate) fn fold(name: &str) -> String {
    name.chars().filter(|c| c.is_alphanumeric() || *c == '.').flat_map(char::to_lowercase).collect()
}

impl Row {
    pub(crate) fn json(text: &str) -> Result<Self, Problem> {
        let mut row = Self::default();
        row.take(&Record::read(text, "")?, "", 1)?;
        Ok(row)
    }

    fn take(&mut self, record: &Record<'_>, above: &str, depth: usize) -> Result<(), Problem> {
        for (name, raw) in record.raw_fields() {
            let path = if above.is_empty() { name.to_owned() } else { format!("{above}.{name}") };
            match raw.as_bytes().first() {
                Some(b'{') if depth < DEEPEST => self.take(&Record::read(raw, &path)?, &path, depth + 1)?,
                Some(b'"') => {
                    let text: String =
                        serde_json::from_str(raw).map_err(|error| Problem::new(path.clone(), error.to_string()))?;
                    self.put(&path, &text)?;
                }
                _ if raw == "null" => {}
                _ => self.put(&path, raw)?,
            }
        }
        Ok(())
    }

    /// Blank is the same as missing. A name that stands twice must say the same twice.
    pub(crate) fn put(&mut self, name: &str, text: &str) -> Result<(), Problem> {
        let text = text.trim();
        if text.is_empty() {
            return Ok(());
        }
        let cell = Cell { name: name.to_owned(), text: text.to_owned() };
        match self.cells.insert(fold(name), cell) {
            Some(known) if known.text != text => Err(Problem::new(
                name,
                format!("stands there twice, as {} and as {}", clip(&known.text, 40), clip(text, 40)),
            )),
            _ => Ok(()),
        }
    }

    fn cell(&self, names: &[&str]) -> Option<&Cell> {
        names.iter().find_map(|name| self.cells.get(&fold(name)))
    }

    /// The first of these that is there.
    pub(crate) fn text(&self, names: &[&str]) -> Option<&str> {
        self.cell(names).map(|cell| cell.text.as_str())
    }

    pub(crate) fn required(&self, names: &[&str]) -> Result<&str, Problem> {
        self.text(names).ok_or_else(|| self.problem(names, "missing"))
    }

    pub(crate) fn problem(&self, names: &[&str], what: impl Into<String>) -> Problem {
        let name = self.cell(names).map(|cell| cell.name.as_str()).or_else(|| names.first().copied());
        Problem::new(name.unwrap_or_default(), what)
    }

    /// Exact. Accountants' brackets stand for a minus.
    pub(crate) fn number(&self, names: &[&str]) -> Result<Option<Decimal>, Problem> {
        let Some(text) = self.text(names) else { return Ok(None) };
        let bracketed = text.strip_prefix('(').and_then(|rest| rest.strip_suffix(')'));
        let number = match bracketed {
            Some(inside) => exact(inside).map(|number| -number),
            None => exact(text),
        };
        number.map(Some).map_err(|what| self.problem(names, what))
    }

    pub(crate) fn whole(&self, names: &[&str]) -> Option<u32> {
        self.text(names)?.parse().ok()
    }

    pub(crate) fn currency(&self, names: &[&str]) -> Result<Option<Currency>, Problem> {
        let Some(text) = self.text(names) else { return Ok(None) };
        Currency::parse(text).map(Some).map_err(|error| self.problem(names, error.to_string()))
    }

    pub(crate) fn day(&self, names: &[&str], order: Option<DateOrder>) -> Result<Option<NaiveDate>, Problem> {
        let Some(text) = self.text(names) else { return Ok(None) };
        day(text, order).map(Some).map_err(|what| self.problem(names, what))
    }

    /// "true", "1", "yes"; what is not told, or told in another way, is no.
    pub(crate) fn is(&self, names: &[&str]) -> bool {
        self.text(names).is_some_and(|text| ["true", "1", "yes"].contains(&text.to_ascii_lowercase().as_str()))
    }

    /// The objects of a list inside the row.
    pub(crate) fn rows(&self, names: &[&str]) -> Result<Vec<Self>, Problem> {
        let Some(text) = self.text(names) else { return Ok(Vec::new()) };
        let rows: Vec<&RawValue> = serde_json::from_str(text).map_err(|_| self.problem(names, "a list is expected"))?;
        rows.into_iter().map(|row| Self::json(row.get())).collect()
    }

    /// The numbers or words of a list inside the row.
    pub(crate) fn words(&self, names: &[&str]) -> Vec<String> {
        let Some(text) = self.text(names) else { return Vec::new() };
        let plain = text.trim_matches(['[', ']']);
        plain.split(',').map(|word| word.trim().trim_matches('"').to_owned()).filter(|word| !word.is_empty()).collect()
    }
}

pub(crate) fn unreadable(id: Option<&str>, place: &str, problem: &Problem) -> Unreadable {
    Unreadable { id: id.map(str::to_owned), place: place.to_owned(), problem: problem.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_compared_without_case_and_numbers_keep_their_digits() {
        for text in [
            r#"{"Id":7,"TotalSalesPrice":{"Value":12.10,"CurrencyCode":"EUR"},"OrderId":null,"Tags":[1,"x"]}"#,
            r#"{"id":"7","totalSalesPrice":{"value":"12.10","currencyCode":"eur"},"tags":[1, "x"]}"#,
            r#"{"ID":7,"id":"7","total_sales_price":{"VALUE":12.10,"currency code":"EUR"},"TAGS":[1,"x"]}"#,
        ] {
            let row = Row::json(text).unwrap();
            assert_eq!(row.text(&["Key", "Id"]), Some("7"), "{text}");
            assert_eq!(row.number(&["TotalSalesPrice.Value"]).unwrap().unwrap().to_string(), "12.10", "{text}");
            assert_eq!(row.currency(&["TotalSalesPrice.CurrencyCode"]).unwrap().unwrap().code(), "EUR", "{text}");
            assert_eq!((row.text(&["OrderId"]), row.words(&["Tags"])), (None, vec!["1".to_owned(), "x".to_owned()]));
        }
        let problem = Row::json(r#"{"Id":7,"id":8}"#).unwrap_err();
        assert_eq!(problem.to_string(), "id: stands there twice, as 7 and as 8");
        let row = Row::json(r#"{"a":"(12.50)","b":"1,234.50","c":" "}"#).unwrap();
        assert_eq!(row.number(&["A"]).unwrap().unwrap().to_string(), "-12.50");
        assert_eq!(row.number(&["C"]).unwrap(), None);
        assert!(row.number(&["B"]).unwrap_err().to_string().starts_with("b: \"1,234.50\" is not an amount"));
        assert_eq!(row.required(&["Sku", "PartNumber"]).unwrap_err().to_string(), "Sku: missing");
    }
}
