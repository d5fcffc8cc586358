//! Owns one record: its members as values, read from JSON and shown as JSON. Does not own which members there are.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};
use rust_decimal::Decimal;

use super::answer::{Nested, Refusal};
use super::config::CaptionOnly;
use super::json::Json;
use super::shape::Kind;
use super::tables::Table;
use super::tenant::Tenant;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Value {
    Int(i64),
    Number(Decimal),
    Text(String),
    Flag(bool),
    Day(NaiveDate),
    Ref(i64),
    Refs(Vec<i64>),
    Loose(Json),
    Custom(Vec<(i64, Json)>),
}

#[derive(Debug, Clone)]
pub(crate) struct Record {
    pub(crate) id: i64,
    /// The agreement of an addition.
    pub(crate) parent: Option<i64>,
    pub(crate) members: BTreeMap<&'static str, Value>,
    pub(crate) made_at: DateTime<Utc>,
    pub(crate) changed_at: DateTime<Utc>,
}

impl Record {
    pub(crate) fn text(&self, name: &str) -> &str {
        match self.members.get(name) {
            Some(Value::Text(text)) => text,
            _ => "",
        }
    }

    pub(crate) fn number(&self, name: &str) -> Decimal {
        match self.members.get(name) {
            Some(Value::Number(number)) => *number,
            _ => Decimal::ZERO,
        }
    }

    pub(crate) fn flag(&self, name: &str) -> bool {
        self.members.get(name) == Some(&Value::Flag(true))
    }

    pub(crate) fn day(&self, name: &str) -> Option<NaiveDate> {
        match self.members.get(name) {
            Some(Value::Day(day)) => Some(*day),
            _ => None,
        }
    }

    pub(crate) fn reference(&self, name: &str) -> Option<i64> {
        match self.members.get(name) {
            Some(Value::Ref(id)) => Some(*id),
            _ => None,
        }
    }
}

/// Why a value cannot be taken: one of several things wrong with the record, or the end of the request.
pub(crate) enum Unfit {
    Nested(Nested),
    Refused(Refusal),
}

fn convert(name: &str, kind: &str, json: &Json) -> Unfit {
    Unfit::Refused(Refusal::Convert(format!(
        "Error converting value {} to type '{kind}'. Path '{name}'.",
        json.print()
    )))
}

/// None: the member is emptied.
pub(crate) fn read(table: Table, name: &str, kind: Kind, json: &Json, tenant: &Tenant) -> Result<Option<Value>, Unfit> {
    let convert = || convert(name, kind.noun(), json);
    if *json == Json::Null {
        return Ok(None);
    }
    Ok(Some(match kind {
        Kind::Int => Value::Int(whole(json).ok_or_else(convert)?),
        Kind::Number => Value::Number(match json {
            Json::Number(number) => *number,
            Json::Text(text) => text.parse().map_err(|_| convert())?,
            _ => return Err(convert()),
        }),
        Kind::Text(most) => return text(name, most, json).map(Some),
        Kind::Flag => Value::Flag(match json {
            Json::Bool(flag) => *flag,
            Json::Text(text) if text.eq_ignore_ascii_case("true") => true,
            Json::Text(text) if text.eq_ignore_ascii_case("false") => false,
            _ => {
                let told = "String was not recognized as a valid Boolean.".to_owned();
                return Err(Unfit::Refused(Refusal::Convert(told)));
            }
        }),
        Kind::Day => match json {
            Json::Text(text) if text.is_empty() => return Ok(None),
            Json::Text(text) => Value::Day(day(text).ok_or_else(convert)?),
            _ => return Err(convert()),
        },
        Kind::Enum(members) => match json {
            Json::Text(text) if members.contains(&text.as_str()) => Value::Text(text.clone()),
            _ => return Err(convert()),
        },
        Kind::Ref(of) => Value::Ref(reference(name, of, json, tenant)?),
        Kind::Refs(of) => {
            let Json::List(list) = json else { return Err(convert()) };
            Value::Refs(list.iter().map(|one| reference(name, of, one, tenant)).collect::<Result<_, _>>()?)
        }
        Kind::Loose => {
            only(json, &["id", "name", "identifier"], "Reference")
                .map_err(|refused| refused.unwrap_or_else(convert))?;
            Value::Loose(json.clone())
        }
        Kind::Tags => Value::Loose(json.clone()),
        Kind::Custom => {
            let Json::List(list) = json else { return Err(convert()) };
            let mut fields = Vec::new();
            for one in list {
                fields.extend(custom(table, one, tenant)?);
            }
            Value::Custom(fields)
        }
    }))
}

/// An object of these members and no others; None where it is no object.
fn only(json: &Json, known: &[&str], type_name: &'static str) -> Result<(), Option<Unfit>> {
    let Json::Object(fields) = json else { return Err(None) };
    let stranger = |name: &str| name != "_info" && !known.iter().any(|known| known.eq_ignore_ascii_case(name));
    match fields.iter().find(|(name, _)| stranger(name)) {
        Some((name, _)) => Err(Some(Unfit::Refused(Refusal::Member { member: name.clone(), type_name }))),
        None => Ok(()),
    }
}

/// One custom field with its value; none where it is dropped.
fn custom(table: Table, json: &Json, tenant: &Tenant) -> Result<Option<(i64, Json)>, Unfit> {
    const MEMBERS: [&str; 7] = ["id", "caption", "type", "entryMethod", "numberOfDecimals", "value", "connectWiseId"];
    only(json, &MEMBERS, "CustomFieldValue")
        .map_err(|refused| refused.unwrap_or_else(|| convert("customFields", "CustomFieldValue", json)))?;
    let fields = tenant.custom_fields(table);
    let value = json.get("value").cloned().unwrap_or(Json::Null);
    if let Some(id) = json.get("id").and_then(whole) {
        let known = fields.iter().any(|field| field.id == id);
        return if known {
            Ok(Some((id, value)))
        } else {
            Err(Unfit::Nested(Nested::unknown("customFields", &id.to_string())))
        };
    }
    let caption = match json.get("caption") {
        Some(Json::Text(caption)) => caption.as_str(),
        _ => "",
    };
    let known = fields.iter().find(|field| field.caption == caption);
    match (tenant.config.switches.caption_only, known) {
        (CaptionOnly::Accepted, Some(field)) => Ok(Some((field.id, value))),
        (CaptionOnly::Dropped, _) => Ok(None),
        (CaptionOnly::Refused | CaptionOnly::Accepted, _) => Err(Unfit::Nested(Nested::required("customFields/id"))),
    }
}

pub(crate) fn whole(json: &Json) -> Option<i64> {
    match json {
        Json::Number(number) if number.fract().is_zero() => i64::try_from(number.trunc()).ok(),
        Json::Text(text) => text.parse().ok(),
        _ => None,
    }
}

fn text(name: &str, most: usize, json: &Json) -> Result<Value, Unfit> {
    let text = match json {
        Json::Text(text) => text.clone(),
        Json::Number(number) => number.to_string(),
        other => return Err(convert(name, "System.String", other)),
    };
    // Line ends collapse to a space.
    let text = text.replace("\r\n", " ").replace(['\r', '\n'], " ");
    if text.chars().count() > most {
        let told = format!("The field {name} must be a string with a maximum length of {most}.");
        return Err(Unfit::Nested(Nested::new("MaxLengthField", name, told)));
    }
    Ok(Value::Text(text))
}

fn reference(name: &str, of: Table, json: &Json, tenant: &Tenant) -> Result<i64, Unfit> {
    only(json, of.reference_members(), "Reference")
        .map_err(|refused| refused.unwrap_or_else(|| convert(name, "Reference", json)))?;
    let unknown = |shown: &str| Unfit::Nested(Nested::unknown(name, shown));
    if let Some(id) = json.get("id").and_then(whole) {
        return if tenant.record(of, id).is_some() { Ok(id) } else { Err(unknown(&id.to_string())) };
    }
    match json.get("identifier") {
        Some(Json::Text(identifier)) => tenant.by_identifier(of, identifier).ok_or_else(|| unknown(identifier)),
        _ => Err(Unfit::Nested(Nested::required(&format!("{name}/id")))),
    }
}

/// The UTC day of a moment, or a plain day.
pub(crate) fn day(text: &str) -> Option<NaiveDate> {
    if let Ok(moment) = DateTime::parse_from_rfc3339(text) {
        return Some(moment.with_timezone(&Utc).date_naive());
    }
    NaiveDate::parse_from_str(text.get(..10)?, "%Y-%m-%d").ok().filter(|_| text.len() == 10)
}

pub(crate) fn midnight(day: NaiveDate) -> String {
    format!("{day}T00:00:00Z")
}
