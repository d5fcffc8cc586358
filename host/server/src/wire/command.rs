//! What is asked of the API: bodies of commands. Unknown members are refused.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Day;

/// Which tasks to plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PlanBody {
    pub connection: String,
    /// Left out: all that are ready.
    #[serde(default)]
    pub tasks: Option<Vec<String>>,
}

/// Plans to confirm.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SyncBody {
    pub connection: String,
    /// Digests, as they were shown.
    pub plans: Vec<String>,
    /// Codes of findings that need a person and that this person accepts. Takes the role approver.
    #[serde(default)]
    pub accept: BTreeSet<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct IgnoreBody {
    /// Code of a reason; left out: by-person.
    #[serde(default)]
    pub reason: Option<String>,
    /// Why, for whoever reads it later.
    pub text: String,
    /// The day on which it comes back; left out: never by itself.
    #[serde(default)]
    pub until: Option<Day>,
}

/// Which ignored tasks to take back: by id, or by filter.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UnignoreBody {
    #[serde(default)]
    pub tasks: Option<Vec<String>>,
    #[serde(default)]
    pub filter: Option<UnignoreFilter>,
}

/// All of its members must fit; at least one must be there.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UnignoreFilter {
    #[serde(default)]
    pub connection: Option<String>,
    #[serde(default)]
    pub customer: Option<String>,
    #[serde(default)]
    pub text: Option<String>,
    #[serde(default)]
    pub reason: Option<String>,
}
