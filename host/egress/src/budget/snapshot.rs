//! Budget state as a value that survives a restart. Numbers only: no names of customers, no secrets.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BudgetSnapshot {
    pub(crate) windows: Vec<SavedWindow>,
    pub(crate) closed: Vec<SavedClosure>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct SavedWindow {
    pub(crate) key: String,
    pub(crate) span_ms: i64,
    pub(crate) slots: Vec<(i64, u32)>,
    /// Calls that may have gone out after this was written.
    #[serde(default)]
    pub(crate) ahead: u32,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct SavedClosure {
    pub(crate) account: String,
    /// Milliseconds since 1970.
    pub(crate) until: i64,
    pub(crate) streak: u32,
}

type Keep = dyn Fn(&BudgetSnapshot) -> Result<(), String> + Send + Sync;

/// Where budgets are kept. What it is given must be on disk when it returns, or be an error for people.
#[derive(Clone)]
pub struct BudgetKeeper(Arc<Keep>);

impl BudgetKeeper {
    pub fn new(keep: impl Fn(&BudgetSnapshot) -> Result<(), String> + Send + Sync + 'static) -> Self {
        Self(Arc::new(keep))
    }

    pub(crate) fn keep(&self, snapshot: &BudgetSnapshot) -> Result<(), String> {
        (self.0)(snapshot)
    }
}

impl fmt::Debug for BudgetKeeper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BudgetKeeper")
    }
}

#[derive(Debug, thiserror::Error)]
#[error("the saved budgets cannot be read ({0}); counting starts anew, and the targets' own limits still hold")]
pub struct SnapshotError(#[from] serde_json::Error);

impl BudgetSnapshot {
    pub fn is_empty(&self) -> bool {
        self.windows.is_empty() && self.closed.is_empty()
    }

    pub fn to_json(&self) -> Result<String, SnapshotError> {
        Ok(serde_json::to_string(self)?)
    }

    pub fn from_json(text: &str) -> Result<Self, SnapshotError> {
        Ok(serde_json::from_str(text)?)
    }
}
