//! The state of things, in figures.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::StateTotal;

/// Every order seen is in one of these figures.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Summary {
    /// Orders seen, by marketplace.
    pub orders_seen: BTreeMap<String, u64>,
    pub tasks: Vec<StateTotal>,
    pub ignored: Vec<StateTotal>,
    /// Calls put on the wire, by caller.
    pub exchanges: BTreeMap<String, u64>,
    pub unfinished_runs: u64,
}
