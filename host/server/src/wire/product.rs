//! Products of programs on the wire.

use std::collections::BTreeMap;

use counterfoil_domain::product_sync::{PREFIX, ProductRow};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Time;

/// Where a product of a program stands with a connection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = Product)]
pub struct ProductView {
    /// The SKU with the prefix of its billing motion.
    pub code: String,
    /// What its item is called on the first sync; people may rename it.
    pub first_name: String,
    pub title: String,
    /// waiting · writing · synced · inactive · orphaned · conflict · skipped · failed
    pub state: String,
    /// Somebody should look.
    pub is_problem: bool,
    /// The target's id of its item.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub item: Option<String>,
    /// Unit price and unit cost as they were sent last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub price: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost: Option<String>,
    /// Why it stands so; empty where there is nothing to say.
    pub note: String,
    pub updated_at: Time,
}

impl From<&ProductRow> for ProductView {
    fn from(row: &ProductRow) -> Self {
        Self {
            code: row.code.clone(),
            first_name: format!("{PREFIX}{}", row.code),
            title: row.title.clone(),
            state: row.state.name().to_owned(),
            is_problem: row.state.is_problem(),
            item: row.item.as_ref().map(ToString::to_string),
            price: row.price.map(|price| price.normalize().to_string()),
            cost: row.cost.map(|cost| cost.normalize().to_string()),
            note: row.note.clone(),
            updated_at: row.updated_at.into(),
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ProductPage {
    /// By code.
    pub products: Vec<ProductView>,
    /// How many there are of each state, whatever is asked for.
    pub by_state: BTreeMap<String, u64>,
    pub has_more: bool,
    pub next: Option<String>,
}

/// Which products to synchronize.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ProductSyncBody {
    /// By their codes; left out: all of the program.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub products: Option<Vec<String>>,
}
