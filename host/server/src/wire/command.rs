//! What is asked of the API: bodies of commands. Unknown members are refused.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

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
