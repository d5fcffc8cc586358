//! A record as it came: members with their text untouched.
//!
//! Owns reading members (numbers come as numbers and as texts) and echoing them. Nothing here goes through a binary
//! fraction.

use std::collections::BTreeMap;

use counterfoil_sdk::json::{self, Exact};
use counterfoil_sdk::serde::{Deserialize, Serialize};
use counterfoil_sdk::serde_json::value::RawValue;
use counterfoil_sdk::serde_json::{self, Value};
use counterfoil_sdk::{Decimal, Failure, text};

use super::Id;
use crate::errors::{self, Effect};

/// One record.
#[derive(Debug, Clone, Deserialize)]
#[serde(crate = "counterfoil_sdk::serde", transparent)]
pub(crate) struct Row(BTreeMap<String, Box<RawValue>>);

impl Row {
    pub(crate) fn new(members: BTreeMap<String, Box<RawValue>>) -> Self {
        Self(members)
    }

    /// The same without one member.
    pub(crate) fn without(&self, name: &str) -> Self {
        let mut rest = self.clone();
        rest.0.remove(name);
        rest
    }

    /// The member as it came; none where it is missing or null.
    pub(crate) fn raw(&self, name: &str) -> Option<&RawValue> {
        self.0.get(name).map(AsRef::as_ref).filter(|raw| raw.get() != "null")
    }

    /// Names of all members.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// A text; empty where there is none.
    pub(crate) fn text(&self, name: &str) -> String {
        self.raw(name).and_then(|raw| serde_json::from_str(raw.get()).ok()).unwrap_or_default()
    }

    /// A flag, where it is one.
    pub(crate) fn flag(&self, name: &str) -> Option<bool> {
        self.raw(name).and_then(|raw| raw.get().trim_matches('"').parse().ok())
    }

    /// An id, where it is one.
    pub(crate) fn id(&self, name: &str) -> Option<Id> {
        self.raw(name).and_then(|raw| Id::parse(raw.get().trim_matches('"')))
    }

    /// The record's own id.
    pub(crate) fn own_id(&self, what: &str) -> Result<Id, Failure> {
        // No record that somebody could correct: the answer is not as promised.
        let seen = || self.raw("id").map_or("nothing", RawValue::get);
        let detail = || format!("It has {} for an id.", text::clip(seen(), 40));
        self.id("id").ok_or_else(|| errors::unreadable(200, Effect::Read, what, &detail()))
    }

    /// A number, exactly; none where there is none. A member that is no number is a failure: money is not guessed.
    pub(crate) fn number(&self, what: &str, name: &str) -> Result<Option<Decimal>, Failure> {
        self.raw(name)
            .filter(|raw| raw.get() != "\"\"")
            .map(|raw| {
                json::parse::<Exact>(name, raw.get().as_bytes())
                    .map(|exact| exact.0.normalize())
                    .map_err(|_| unreadable(what, name, raw.get()))
            })
            .transpose()
    }

    /// Elements of a member that is a list.
    pub(crate) fn rows(&self, what: &str, name: &str) -> Result<Vec<Self>, Failure> {
        match self.raw(name) {
            None => Ok(Vec::new()),
            Some(raw) => {
                json::parse(what, raw.get().as_bytes()).map_err(|_| unreadable(what, name, "a list that is none"))
            }
        }
    }

    /// An object inside this one.
    pub(crate) fn inside(&self, name: &str) -> Option<Self> {
        self.raw(name).and_then(|raw| serde_json::from_str(raw.get()).ok())
    }

    /// Whether a member says the same in both: `7.8`, `7.80` and `"7.80"` do, and an empty text says as little as null.
    pub(crate) fn same(&self, other: &Self, name: &str) -> bool {
        match (self.raw(name).and_then(digits), other.raw(name).and_then(digits)) {
            (Some(one), Some(two)) => one == two,
            _ => self.value(name) == other.value(name),
        }
    }

    fn value(&self, name: &str) -> Value {
        let value = self.raw(name).and_then(|raw| serde_json::from_str(raw.get()).ok()).unwrap_or(Value::Null);
        if value.as_str() == Some("") { Value::Null } else { value }
    }

    /// The member for people.
    pub(crate) fn shown(&self, name: &str) -> String {
        text::clip(self.raw(name).map_or("nothing", RawValue::get), 60)
    }
}

/// The number that a member is, as a number or as a text.
fn digits(raw: &RawValue) -> Option<Decimal> {
    counterfoil_sdk::decimal::parse(raw.get().trim_matches('"')).ok().map(|number| number.normalize())
}

fn unreadable(what: &str, name: &str, raw: &str) -> Failure {
    Failure::rejected(
        "syncro-stored-data",
        format!(
            "Syncro shows {what} with {name} = {}, which cannot be read. Nothing was written. Correct the record in Syncro, then try again.",
            text::clip(raw, 40)
        ),
    )
}

/// What is sent: members in the order of their names.
#[derive(Debug, Clone, Default, Serialize)]
#[serde(crate = "counterfoil_sdk::serde", transparent)]
pub(crate) struct Body(BTreeMap<&'static str, Box<RawValue>>);

impl Body {
    /// Sets a member, over what was echoed.
    pub(crate) fn set<T: Serialize>(&mut self, name: &'static str, value: &T) -> Result<(), Failure> {
        let raw = serde_json::value::to_raw_value(value)
            .map_err(|error| Failure::internal("syncro-body", format!("{name} cannot be sent: {error}.")))?;
        self.0.insert(name, raw);
        Ok(())
    }

    /// The members of a record with these names, as they came.
    pub(crate) fn echo(row: &Row, names: &[&'static str]) -> Self {
        Self(names.iter().filter_map(|name| Some((*name, row.raw(name)?.to_owned()))).collect())
    }

    /// As it is sealed and sent.
    pub(crate) fn raw(&self) -> Result<Box<RawValue>, Failure> {
        serde_json::value::to_raw_value(self)
            .map_err(|error| Failure::internal("syncro-body", format!("A request cannot be made: {error}.")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(text: &str) -> Row {
        json::parse("row", text.as_bytes()).unwrap()
    }

    #[test]
    fn numbers_are_exact_in_either_form() {
        let row = row(r#"{"a":7.80,"b":"12.0","c":null,"d":"","e":"x","f":1e2,"id":"42"}"#);
        let read = |name: &str| row.number("the row", name).map(|number| number.map(|number| number.to_string()));
        for (name, want) in
            [("a", Some("7.8")), ("b", Some("12")), ("c", None), ("d", None), ("f", Some("100")), ("z", None)]
        {
            assert_eq!(read(name).unwrap().as_deref(), want, "{name}");
        }
        assert!(read("e").unwrap_err().message.contains("e = \"x\""));
        assert_eq!(row.own_id("the row").unwrap().to_string(), "42");
    }

    #[test]
    fn an_echo_keeps_every_digit() {
        let row = row(r#"{"price":12345678901234567.125,"name":"é \" \\ 😀","none":null,"other":1}"#);
        let mut body = Body::echo(&row, &["price", "name", "none"]);
        body.set("flag", &true).unwrap();
        assert_eq!(body.raw().unwrap().get(), r#"{"flag":true,"name":"é \" \\ 😀","price":12345678901234567.125}"#);
    }

    #[test]
    fn the_same_is_the_same_in_other_words() {
        let one = row(r#"{"a":7.80,"b":"7.8","c":null,"d":"x","e":[1]}"#);
        let two = row(r#"{"a":"7.8","b":7.8,"c":"","d":"y","e":[1]}"#);
        let same: Vec<bool> = ["a", "b", "c", "d", "e", "f"].iter().map(|name| one.same(&two, name)).collect();
        assert_eq!(same, [true, true, true, false, true, true]);
    }
}
