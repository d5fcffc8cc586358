//! What applying a document does, or would do, object by object and field by field.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FieldDiff {
    pub name: String,
    pub before: Option<String>,
    pub after: Option<String>,
}

/// Never a value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SecretDiff {
    pub name: String,
    /// set · changed · unchanged
    pub state: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ObjectDiff {
    /// reseller · marketplace · connection · link · program
    pub kind: String,
    /// Of a link: connection, kind and source, joined by "/"; of a program: connection and name.
    pub id: String,
    /// create · update · unchanged
    pub action: String,
    /// Only what differs.
    pub fields: Vec<FieldDiff>,
    pub secrets: Vec<SecretDiff>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SetupAnswer {
    /// True: nothing was written.
    pub dry_run: bool,
    pub create: u64,
    pub update: u64,
    pub unchanged: u64,
    pub objects: Vec<ObjectDiff>,
}

impl SetupAnswer {
    pub fn changes_something(&self) -> bool {
        self.create + self.update > 0
    }
}
