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

/// What to reconcile: an agreement or other container, or subscriptions, or both.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReconcileBody {
    /// Its id in the target: every subscription that is linked to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub container: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub subscriptions: Vec<String>,
    /// "2026-11-01/2026-12-01": the end is the first day after it.
    #[schema(example = "2026-11-01/2026-12-01")]
    pub period: String,
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
