//! One JSON object, read field by field, so that every complaint names its field. Numbers keep their digits.

use std::collections::BTreeMap;
use std::fmt;

use rust_decimal::Decimal;
use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, Visitor};
use serde_json::value::RawValue;

use counterfoil_domain::market::Unreadable;

use super::amount::exact;

/// A field and what is wrong with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Problem {
    pub(crate) field: String,
    pub(crate) what: String,
}

impl Problem {
    pub(crate) fn new(field: impl Into<String>, what: impl Into<String>) -> Self {
        Self { field: field.into(), what: what.into() }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.field.is_empty() { f.write_str(&self.what) } else { write!(f, "{}: {}", self.field, self.what) }
    }
}

/// The row as a complaint: with whatever it can still be recognized by.
pub(crate) fn unreadable(text: &str, place: &str, problem: &Problem) -> Unreadable {
    let name = |record: &Record<'_>| {
        ["id", "orderNumber", "mpn", "name"].iter().find_map(|field| record.text(field).ok().flatten())
    };
    let id = Record::read(text, "").ok().and_then(|record| name(&record));
    Unreadable { id, place: place.to_owned(), problem: problem.to_string() }
}

/// For messages: short, without line breaks.
pub(crate) fn clip(text: &str, most: usize) -> String {
    let plain = |c: char| if c.is_control() { ' ' } else { c };
    let mut short: String = text.chars().take(most).map(plain).collect();
    if text.chars().nth(most).is_some() {
        short.push('…');
    }
    short
}

pub(crate) struct Record<'a> {
    /// Where it stands inside its row: "details[2].unitPrice".
    path: String,
    fields: BTreeMap<String, &'a RawValue>,
}

impl fmt::Debug for Record<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Record({}, {} fields)", self.path, self.fields.len())
    }
}

impl<'a> Record<'a> {
    pub(crate) fn read(text: &'a str, path: &str) -> Result<Self, Problem> {
        if !text.trim_start().starts_with('{') {
            return Err(Problem::new(path, format!("an object is expected, found {}", shown(text))));
        }
        let Fields(fields) = serde_json::from_str(text).map_err(|error| Problem::new(path, error.to_string()))?;
        Ok(Self { path: path.to_owned(), fields })
    }

    pub(crate) fn at(&self, name: &str) -> String {
        if self.path.is_empty() { name.to_owned() } else { format!("{}.{name}", self.path) }
    }

    pub(crate) fn problem(&self, name: &str, what: impl Into<String>) -> Problem {
        Problem::new(self.at(name), what)
    }

    /// Null is the same as missing.
    pub(crate) fn raw(&self, name: &str) -> Option<&'a str> {
        self.fields.get(name).map(|raw| raw.get()).filter(|text| *text != "null")
    }

    pub(crate) fn raw_fields(&self) -> impl Iterator<Item = (&str, &'a str)> {
        self.fields.iter().map(|(name, raw)| (name.as_str(), raw.get()))
    }

    /// Text, or a number's digits; blank is the same as missing.
    pub(crate) fn text(&self, name: &str) -> Result<Option<String>, Problem> {
        let Some(raw) = self.raw(name) else { return Ok(None) };
        let text = match raw.as_bytes().first() {
            Some(b'"') => serde_json::from_str::<String>(raw).map_err(|error| self.problem(name, error.to_string()))?,
            Some(b'-' | b'0'..=b'9') => raw.to_owned(),
            _ => return Err(self.problem(name, format!("text is expected, found {}", shown(raw)))),
        };
        let text = text.trim();
        Ok((!text.is_empty()).then(|| text.to_owned()))
    }

    /// An identifier: text, or a whole number.
    pub(crate) fn id(&self, name: &str) -> Result<Option<String>, Problem> {
        let number = self.raw(name).filter(|raw| raw.starts_with(|c: char| c == '-' || c.is_ascii_digit()));
        if let Some(raw) = number.filter(|raw| raw.contains(['.', 'e', 'E', '-'])) {
            return Err(self.problem(name, format!("an identifier is expected, found {}", shown(raw))));
        }
        self.text(name)
    }

    pub(crate) fn required_id(&self, name: &str) -> Result<String, Problem> {
        self.id(name)?.ok_or_else(|| self.problem(name, "missing"))
    }

    /// A number, or text that is one.
    pub(crate) fn number(&self, name: &str) -> Result<Option<Decimal>, Problem> {
        self.text(name)?.map(|text| exact(&text).map_err(|what| self.problem(name, what))).transpose()
    }

    pub(crate) fn record(&self, name: &str) -> Result<Option<Record<'a>>, Problem> {
        self.raw(name).map(|raw| Record::read(raw, &self.at(name))).transpose()
    }

    /// The objects of a list; missing is empty.
    pub(crate) fn records(&self, name: &str) -> Result<Vec<Record<'a>>, Problem> {
        let Some(raw) = self.raw(name) else { return Ok(Vec::new()) };
        let rows: Vec<&'a RawValue> = serde_json::from_str(raw)
            .map_err(|_| self.problem(name, format!("a list is expected, found {}", shown(raw))))?;
        let at = self.at(name);
        rows.iter().enumerate().map(|(index, row)| Record::read(row.get(), &format!("{at}[{index}]"))).collect()
    }
}

fn shown(raw: &str) -> String {
    match raw.trim_start().as_bytes().first() {
        Some(b'{') => "an object".to_owned(),
        Some(b'[') => "a list".to_owned(),
        None => "nothing".to_owned(),
        _ => clip(raw, 40),
    }
}

/// A name that stands twice is refused: which of the two counts would be a guess.
struct Fields<'a>(BTreeMap<String, &'a RawValue>);

impl<'de: 'a, 'a> Deserialize<'de> for Fields<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;
        impl<'de> Visitor<'de> for Reader {
            type Value = BTreeMap<String, &'de RawValue>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Self::Value, A::Error> {
                let mut fields = BTreeMap::new();
                while let Some(name) = access.next_key::<String>()? {
                    let value = access.next_value::<&'de RawValue>()?;
                    if fields.contains_key(&name) {
                        return Err(A::Error::custom(format!("the field {} stands there twice", clip(&name, 40))));
                    }
                    fields.insert(name, value);
                }
                Ok(fields)
            }
        }
        deserializer.deserialize_map(Reader).map(Fields)
    }
}
