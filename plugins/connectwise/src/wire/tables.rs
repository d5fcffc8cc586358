//! The system's own information and the rows of setup tables.

use counterfoil_sdk::serde::{Deserialize, Deserializer};
use counterfoil_sdk::serde_json::Value;

use crate::paging::Row;
use crate::wire::Id;

/// What the server says about itself.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(crate = "counterfoil_sdk::serde", rename_all = "camelCase")]
pub(crate) struct SystemInfo {
    pub(crate) version: Option<String>,
    #[serde(default, deserialize_with = "flag")]
    pub(crate) is_cloud: Option<bool>,
    pub(crate) server_time_zone: Option<String>,
    pub(crate) cloud_region: Option<String>,
}

/// A row of a table that has names: product types, subcategories, statuses and types of companies.
#[derive(Debug, Clone, Deserialize)]
#[serde(crate = "counterfoil_sdk::serde", rename_all = "camelCase")]
pub(crate) struct Entry {
    pub(crate) id: Id,
    pub(crate) name: Option<String>,
    pub(crate) default_flag: Option<bool>,
    pub(crate) inactive_flag: Option<bool>,
}

impl Row for Entry {
    fn id(&self) -> Id {
        self.id
    }
}

/// A country.
#[derive(Debug, Clone, Deserialize)]
#[serde(crate = "counterfoil_sdk::serde", rename_all = "camelCase")]
pub(crate) struct Country {
    pub(crate) id: Id,
    pub(crate) name: Option<String>,
    pub(crate) iso_code: Option<String>,
}

impl Row for Country {
    fn id(&self) -> Id {
        self.id
    }
}

/// A currency: a row of its table, or the reference that an agreement has.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(crate = "counterfoil_sdk::serde", rename_all = "camelCase")]
pub(crate) struct Currency {
    pub(crate) id: Option<i64>,
    /// A text in references; in some versions' tables a reference of its own.
    #[serde(default, deserialize_with = "word")]
    pub(crate) currency_code: Option<String>,
    #[serde(default, deserialize_with = "word")]
    pub(crate) currency_identifier: Option<String>,
    pub(crate) name: Option<String>,
}

/// "True" and true.
fn flag<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<bool>, D::Error> {
    Ok(match Option::<Value>::deserialize(deserializer)? {
        Some(Value::Bool(flag)) => Some(flag),
        Some(Value::String(text)) => text.to_ascii_lowercase().parse().ok(),
        _ => None,
    })
}

/// A text, or the text inside a reference.
fn word<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    Ok(match Option::<Value>::deserialize(deserializer)? {
        Some(Value::String(text)) => Some(text),
        Some(Value::Object(fields)) => ["currencyCode", "identifier", "name"]
            .iter()
            .find_map(|name| fields.get(*name).and_then(Value::as_str).map(str::to_owned)),
        _ => None,
    })
}
