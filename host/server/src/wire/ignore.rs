//! Ignoring and taking back, on the wire: why, how long, and which tasks.

use std::fmt;

use serde::de::{MapAccess, Visitor, value::MapAccessDeserializer};
use serde::{Deserialize, Deserializer, Serialize, de};
use utoipa::ToSchema;

use super::{Day, MoneyView};

/// How long something stays ignored: `"2027-01-01"`, or one of the choices.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(untagged)]
#[schema(as = Until)]
pub enum UntilBody {
    Date(Day),
    Choice(UntilChoice),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum UntilChoice {
    /// It comes back on this day.
    Day(Day),
    /// It comes back with the next billing period. Always true.
    NextPeriod(bool),
    /// Later orders of the subscription that bill the same stay ignored. Always true.
    Change(bool),
}

struct UntilVisitor;

impl<'de> Visitor<'de> for UntilVisitor {
    type Value = UntilBody;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a day such as \"2027-01-01\", {\"day\": …}, {\"next_period\": true} or {\"change\": true}")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<UntilBody, E> {
        Day::deserialize(de::value::StrDeserializer::new(text)).map(UntilBody::Date)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<UntilBody, A::Error> {
        let choice = UntilChoice::deserialize(MapAccessDeserializer::new(map))?;
        match choice {
            UntilChoice::NextPeriod(false) | UntilChoice::Change(false) => {
                Err(de::Error::custom("false says nothing; leave \"until\" out to ignore for good"))
            }
            choice => Ok(UntilBody::Choice(choice)),
        }
    }
}

impl<'de> Deserialize<'de> for UntilBody {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(UntilVisitor)
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct IgnoreBody {
    /// Code of a reason; left out: by-person.
    #[serde(default)]
    pub reason: Option<String>,
    /// Why, for whoever reads it later.
    pub text: String,
    /// Left out: it never comes back by itself.
    #[serde(default)]
    pub until: Option<UntilBody>,
}

/// Which tasks to ignore, by id or by filter, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct IgnoreManyBody {
    /// All of them or none.
    #[serde(default)]
    pub tasks: Option<Vec<String>>,
    /// Of tasks that are pending, ready, planned or parked.
    #[serde(default)]
    pub filter: Option<TaskChoice>,
    #[serde(default)]
    pub reason: Option<String>,
    pub text: String,
    #[serde(default)]
    pub until: Option<UntilBody>,
}

/// Which ignored tasks to take back: by id, or by filter.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UnignoreBody {
    #[serde(default)]
    pub tasks: Option<Vec<String>>,
    #[serde(default)]
    pub filter: Option<TaskChoice>,
}

/// All of its members must fit; at least one must be there.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TaskChoice {
    #[serde(default)]
    pub connection: Option<String>,
    #[serde(default)]
    pub customer: Option<String>,
    #[serde(default)]
    pub text: Option<String>,
    /// Code of an ignore reason: for taking back.
    #[serde(default)]
    pub reason: Option<String>,
    /// pending · ready · planned · parked, several with commas between: for ignoring.
    #[serde(default)]
    pub state: Option<String>,
    /// initial · sales · change · billing · cancellation · renewal
    #[serde(default)]
    pub order_type: Option<String>,
    #[serde(default)]
    pub amount: Option<AmountRange>,
}

/// Without regard to the sign; at least one bound must be there. Tasks in another currency do not fit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AmountRange {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_least: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_most: Option<String>,
    pub currency: String,
}

/// A task that was left where it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SkippedView {
    pub id: String,
    pub number: String,
    pub why: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct IgnoreAnswer {
    pub ignored: u64,
    pub money: Vec<MoneyView>,
    /// Tasks of the filter that stay as they are.
    pub skipped: u64,
    /// The first of them, with why.
    pub skipped_tasks: Vec<SkippedView>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct UnignoreAnswer {
    /// Tasks that are pending again; the rules judge them at the next check or planning.
    pub unignored: u64,
    pub money: Vec<MoneyView>,
}
