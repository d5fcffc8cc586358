//! Budget state as a value that survives a restart. Numbers only: no names of customers, no secrets.

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
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct SavedClosure {
    pub(crate) account: String,
    /// Milliseconds since 1970.
    pub(crate) until: i64,
    pub(crate) streak: u32,
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
