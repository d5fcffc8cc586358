//! The words of a scripted simulator: routes, and what each does to stores of records. Owns the shape and its sense; what the
//! books then do is `scripted`'s.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Script {
    /// A request with a value of it that was seen before gets the first answer again. None: no key is honoured.
    #[serde(default)]
    pub idempotency_header: Option<String>,
    /// What stands in the books beforehand, by store.
    #[serde(default)]
    pub records: BTreeMap<String, Vec<Value>>,
    #[serde(default, rename = "route")]
    pub routes: Vec<Route>,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Route {
    pub method: String,
    /// `{name}` stands for one segment. For one, update and delete the last one is the record's id.
    pub path: String,
    #[serde(rename = "do", default)]
    pub does: Does,
    /// Whose records; not for `answer`.
    #[serde(default)]
    pub store: String,
    /// list: query parameter → field. "field=" must be equal, "field~" must hold it in any letter case. An empty or missing
    /// parameter asks for nothing.
    #[serde(default)]
    pub filter: BTreeMap<String, String>,
    #[serde(default)]
    pub paging: Option<Paging>,
    /// insert and update: fields that must be there and not be empty; else 422.
    #[serde(default)]
    pub required: Vec<String>,
    /// insert: no two records may have the same; else 409.
    #[serde(default)]
    pub unique: Vec<String>,
    /// insert: what generated ids begin with.
    #[serde(default)]
    pub prefix: String,
    #[serde(default)]
    pub answer: Option<Answer>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Does {
    /// Nothing but its answer.
    #[default]
    Answer,
    List,
    One,
    Insert,
    Update,
    Delete,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Paging {
    /// The query parameter that takes the cursor of the page before.
    pub cursor: String,
    pub size: usize,
}

/// A text "{record}", "{records}", "{next}", "{record.field}" or "{query.name}" in the body stands for that value.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Answer {
    #[serde(default)]
    pub status: Option<u16>,
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    #[serde(default)]
    pub body: Value,
}

impl Script {
    pub(crate) fn check(&self) -> Result<(), String> {
        for route in &self.routes {
            let called = format!("{} {}", route.method, route.path);
            if !route.path.starts_with('/') {
                return Err(format!("the path of the route {called} must begin with a slash"));
            }
            if route.does != Does::Answer && route.store.is_empty() {
                return Err(format!("the route {called} needs a store"));
            }
            if matches!(route.does, Does::One | Does::Update | Does::Delete) && !route.path.ends_with('}') {
                return Err(format!("the path of the route {called} must end with the id: {{id}}"));
            }
            if route.paging.as_ref().is_some_and(|paging| paging.size == 0) {
                return Err(format!("the pages of the route {called} have no room"));
            }
            if let Some(field) = route.filter.values().find(|field| !field.ends_with(['=', '~'])) {
                return Err(format!("the filter \"{field}\" of the route {called} must end with = or ~"));
            }
        }
        let mut ids = self.records.values().flatten().map(|record| record.get("id").and_then(Value::as_str));
        if ids.any(|id| id.is_none_or(str::is_empty)) {
            return Err("each record of the simulator needs an id, a text".to_owned());
        }
        Ok(())
    }
}
