//! JSON with exact numbers.
//!
//! Owns reading and writing: [`Exact`] for numbers in derived shapes, [`Object`] for answers whose shape is not worth a
//! type. Numbers are taken from their digits; nothing here goes through a binary fraction. Knows no target.
//!
//! Derive shapes with the re-exported serde:
//!
//! ```
//! use counterfoil_sdk::{json, serde::Deserialize};
//!
//! #[derive(Deserialize)]
//! #[serde(crate = "counterfoil_sdk::serde", rename_all = "PascalCase")]
//! struct Line { unit_amount: json::Exact }
//!
//! let line: Line = json::parse("line", br#"{"UnitAmount": 0.1648}"#).unwrap();
//! assert_eq!(line.unit_amount.0.to_string(), "0.1648");
//! ```

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use serde::de::{DeserializeOwned, Error as _};
use serde::ser::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;

use crate::{Failure, decimal};

/// A JSON number read and written digit by digit. A number inside quotes is read too: some targets send amounts so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Exact(pub Decimal);

impl<'de> Deserialize<'de> for Exact {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = Box::<RawValue>::deserialize(deserializer)?;
        let digits = raw.get().trim_matches('"');
        decimal::parse(digits).map(Self).map_err(|failure| D::Error::custom(failure.message))
    }
}

impl Serialize for Exact {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        RawValue::from_string(self.0.normalize().to_string()).map_err(S::Error::custom)?.serialize(serializer)
    }
}

/// Reads a body. `what` names it in the message ("invoices").
///
/// # Errors
/// A failure of class internal, code `sdk-json`, that names the field and the place. After a write, turn it into an
/// unknown outcome: an answer that cannot be read proves nothing.
pub fn parse<T: DeserializeOwned>(what: &str, body: &[u8]) -> Result<T, Failure> {
    serde_json::from_slice(body)
        .map_err(|error| Failure::internal("sdk-json", format!("The answer for {what} could not be read: {error}.")))
}

/// A value as bytes.
///
/// # Errors
/// A failure of class internal when the value cannot be JSON (a map whose keys are no texts).
pub fn bytes<T: Serialize>(value: &T) -> Result<Vec<u8>, Failure> {
    serde_json::to_vec(value)
        .map_err(|error| Failure::internal("sdk-json", format!("A request could not be written as JSON: {error}.")))
}

/// A JSON object read field by field; every error names the field with its path (`Invoices[2].SubTotal`).
///
/// ```
/// use counterfoil_sdk::json::Object;
///
/// let body = Object::parse("answer", br#"{"Invoices":[{"SubTotal":40.10}]}"#).unwrap();
/// let first = &body.objects("Invoices").unwrap()[0];
/// assert_eq!(first.decimal("SubTotal").unwrap().to_string(), "40.10");
/// assert!(first.text("InvoiceID").unwrap_err().message.contains("Invoices[0].InvoiceID"));
/// ```
#[derive(Debug)]
pub struct Object {
    path: String,
    fields: BTreeMap<String, Box<RawValue>>,
}

impl Object {
    /// Reads an object; `what` names it in messages about the object itself.
    ///
    /// # Errors
    /// A failure of class internal when the bytes are no JSON object.
    pub fn parse(what: &str, body: &[u8]) -> Result<Self, Failure> {
        Ok(Self { path: String::new(), fields: parse(what, body)? })
    }

    /// A field that may be absent or null.
    ///
    /// # Errors
    /// A failure of class internal, naming the field, when it is there but of another type.
    pub fn maybe<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>, Failure> {
        match self.fields.get(name) {
            None => Ok(None),
            Some(raw) => serde_json::from_str(raw.get())
                .map_err(|error| self.complain(name, &format!("cannot be read: {error}"))),
        }
    }

    /// A field that must be there.
    ///
    /// # Errors
    /// A failure of class internal, naming the field, when it is absent, null or of another type.
    pub fn need<T: DeserializeOwned>(&self, name: &str) -> Result<T, Failure> {
        self.maybe(name)?.ok_or_else(|| self.complain(name, "is missing"))
    }

    /// A text.
    ///
    /// # Errors
    /// As [`need`](Self::need).
    pub fn text(&self, name: &str) -> Result<String, Failure> {
        self.need(name)
    }

    /// A number, exactly.
    ///
    /// # Errors
    /// As [`need`](Self::need).
    pub fn decimal(&self, name: &str) -> Result<Decimal, Failure> {
        self.need::<Exact>(name).map(|exact| exact.0)
    }

    /// True or false.
    ///
    /// # Errors
    /// As [`need`](Self::need).
    pub fn flag(&self, name: &str) -> Result<bool, Failure> {
        self.need(name)
    }

    /// An object inside this one.
    ///
    /// # Errors
    /// As [`need`](Self::need).
    pub fn object(&self, name: &str) -> Result<Self, Failure> {
        Ok(Self { path: self.at(name), fields: self.need(name)? })
    }

    /// A list of objects; an absent or null one is empty.
    ///
    /// # Errors
    /// As [`maybe`](Self::maybe).
    pub fn objects(&self, name: &str) -> Result<Vec<Self>, Failure> {
        let elements: Vec<BTreeMap<String, Box<RawValue>>> = self.maybe(name)?.unwrap_or_default();
        Ok(elements
            .into_iter()
            .enumerate()
            .map(|(index, fields)| Self { path: format!("{}[{index}]", self.at(name)), fields })
            .collect())
    }

    fn at(&self, name: &str) -> String {
        if self.path.is_empty() { name.to_owned() } else { format!("{}.{name}", self.path) }
    }

    fn complain(&self, name: &str, problem: &str) -> Failure {
        Failure::internal("sdk-json-field", format!("The field {} of the answer {problem}.", self.at(name)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_keep_every_digit() {
        for (text, want) in [
            ("0.1", "0.1"),
            ("40.0", "40.0"),
            ("1234567890123456.789", "1234567890123456.789"),
            ("1e2", "100"),
            ("\"33.00\"", "33.00"),
        ] {
            assert_eq!(parse::<Exact>("n", text.as_bytes()).unwrap().0.to_string(), want);
        }
        for text in ["true", "\"x\"", "[]", "null"] {
            assert!(parse::<Exact>("n", text.as_bytes()).is_err(), "{text}");
        }
    }

    #[test]
    fn numbers_are_written_as_numbers() {
        assert_eq!(bytes(&Exact("20.00".parse().unwrap())).unwrap(), b"20");
        assert_eq!(bytes(&vec![Exact("0.1648".parse().unwrap())]).unwrap(), b"[0.1648]");
        assert_eq!(bytes(&Exact(Decimal::ZERO)).unwrap(), b"0");
    }

    #[test]
    fn errors_name_the_field() {
        let body = Object::parse("x", br#"{"A":{"B":[{"C":1},{"C":"no"}]},"N":null}"#).unwrap();
        let second = &body.object("A").unwrap().objects("B").unwrap()[1];
        assert!(second.decimal("C").unwrap_err().message.contains("A.B[1].C"));
        assert_eq!(body.maybe::<String>("N").unwrap(), None);
        assert!(body.text("N").is_err());
        assert!(body.objects("Absent").unwrap().is_empty());
    }
}
