//! Owns reading a posted element with Xero's leniency (numbers as text) and strictness (unknown or ill-typed: 14).
//!
//! Does not own which values make sense.

use chrono::NaiveDate;
use rust_decimal::Decimal;

use super::answer::Refusal;
use super::dates;
use super::json::Json;

/// One posted object.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Input<'a> {
    fields: &'a [(String, Json)],
}

fn wrong(name: &str, wanted: &str) -> Refusal {
    Refusal::PostData(format!("Invalid Json data: the value of {name} is not {wanted}"))
}

/// The elements of a posted body: the wrapper, a bare list or a bare element.
pub(crate) fn elements<'a>(body: &'a Json, wrapper: &str, endpoint: &'static str) -> Result<Vec<&'a Json>, Refusal> {
    let list = match body {
        Json::List(list) => list,
        Json::Object(_) => match body.get(wrapper) {
            Some(Json::List(list)) => list,
            None if is_bare_element(body) => return Ok(vec![body]),
            Some(Json::Null) | None => return Err(Refusal::NoData(endpoint)),
            Some(_) => return Err(wrong(wrapper, "a list")),
        },
        _ => return Err(Refusal::PostData("Invalid Json data".to_owned())),
    };
    if list.is_empty() {
        return Err(Refusal::NoData(endpoint));
    }
    Ok(list.iter().collect())
}

/// Names are Pascal case: an object without one (`invoices`, nothing at all) holds nothing the endpoint knows.
fn is_bare_element(body: &Json) -> bool {
    match body {
        Json::Object(fields) => fields.iter().any(|(name, _)| name.starts_with(char::is_uppercase)),
        _ => false,
    }
}

impl<'a> Input<'a> {
    pub(crate) fn of(json: &'a Json, known: &[&str]) -> Result<Self, Refusal> {
        let Json::Object(fields) = json else {
            return Err(Refusal::PostData("Invalid Json data: an object was expected".to_owned()));
        };
        match fields.iter().find(|(name, _)| !known.contains(&name.as_str())) {
            Some((name, _)) => Err(Refusal::PostData(format!("Invalid Json data: {name} is not an element"))),
            None => Ok(Self { fields }),
        }
    }

    fn get(&self, name: &str) -> Option<&'a Json> {
        self.fields.iter().find(|(known, value)| known == name && *value != Json::Null).map(|(_, value)| value)
    }

    pub(crate) fn has_other_than(&self, names: &[&str]) -> bool {
        self.fields.iter().any(|(name, value)| !names.contains(&name.as_str()) && *value != Json::Null)
    }

    pub(crate) fn text(&self, name: &str) -> Result<Option<String>, Refusal> {
        match self.get(name) {
            None => Ok(None),
            Some(Json::Text(text)) => Ok(Some(text.clone())),
            Some(Json::Number(number)) => Ok(Some(number.to_string())),
            Some(_) => Err(wrong(name, "text")),
        }
    }

    pub(crate) fn decimal(&self, name: &str) -> Result<Option<Decimal>, Refusal> {
        match self.get(name) {
            None => Ok(None),
            Some(Json::Number(number)) => Ok(Some(*number)),
            Some(Json::Text(text)) => text.trim().parse().map(Some).map_err(|_| wrong(name, "a decimal")),
            Some(_) => Err(wrong(name, "a decimal")),
        }
    }

    pub(crate) fn boolean(&self, name: &str) -> Result<Option<bool>, Refusal> {
        match self.get(name) {
            None => Ok(None),
            Some(Json::Bool(value)) => Ok(Some(*value)),
            Some(Json::Text(text)) => text.parse().map(Some).map_err(|_| wrong(name, "a boolean")),
            Some(_) => Err(wrong(name, "a boolean")),
        }
    }

    pub(crate) fn day(&self, name: &str) -> Result<Option<NaiveDate>, Refusal> {
        match self.text(name)? {
            None => Ok(None),
            Some(text) => dates::parse_day(&text).map(Some).ok_or_else(|| wrong(name, "a date")),
        }
    }

    pub(crate) fn object(&self, name: &str) -> Result<Option<&'a Json>, Refusal> {
        match self.get(name) {
            None => Ok(None),
            Some(object @ Json::Object(_)) => Ok(Some(object)),
            Some(_) => Err(wrong(name, "an object")),
        }
    }

    pub(crate) fn list(&self, name: &str) -> Result<Option<&'a [Json]>, Refusal> {
        match self.get(name) {
            None => Ok(None),
            Some(Json::List(list)) => Ok(Some(list)),
            Some(_) => Err(wrong(name, "a list")),
        }
    }

    /// The raw value, kept as posted.
    pub(crate) fn raw(&self, name: &str) -> Option<Json> {
        self.get(name).cloned()
    }
}
