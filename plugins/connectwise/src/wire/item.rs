//! Items of the catalogue.

use counterfoil_sdk::json::Exact;
use counterfoil_sdk::serde::{Deserialize, Serialize};

use crate::paging::Row;
use crate::wire::{Id, IdOnly, Reference};

/// An item as it is shown.
#[derive(Debug, Clone, Deserialize)]
#[serde(crate = "counterfoil_sdk::serde", rename_all = "camelCase")]
pub(crate) struct CatalogItem {
    pub(crate) id: Id,
    pub(crate) identifier: Option<String>,
    pub(crate) description: Option<String>,
    pub(crate) inactive_flag: Option<bool>,
    pub(crate) subcategory: Option<Reference>,
    #[serde(rename = "type")]
    pub(crate) kind: Option<Reference>,
    pub(crate) product_class: Option<String>,
    pub(crate) price: Option<Exact>,
    pub(crate) cost: Option<Exact>,
    pub(crate) taxable_flag: Option<bool>,
    pub(crate) manufacturer_part_number: Option<String>,
    pub(crate) vendor_sku: Option<String>,
    #[serde(rename = "integrationXRef")]
    pub(crate) integration_xref: Option<String>,
}

impl CatalogItem {
    /// The members above, for `fields`.
    pub(crate) const FIELDS: &'static str = "id,identifier,description,inactiveFlag,subcategory,type,productClass,price,cost,taxableFlag,manufacturerPartNumber,vendorSku,integrationXRef";
}

impl Row for CatalogItem {
    fn id(&self) -> Id {
        self.id
    }
}

/// An item to create.
#[derive(Debug, Serialize)]
#[serde(crate = "counterfoil_sdk::serde", rename_all = "camelCase")]
pub(crate) struct NewCatalogItem {
    pub(crate) identifier: String,
    pub(crate) description: String,
    pub(crate) customer_description: String,
    pub(crate) subcategory: IdOnly,
    #[serde(rename = "type")]
    pub(crate) kind: IdOnly,
    pub(crate) product_class: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) price: Option<Exact>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) cost: Option<Exact>,
    pub(crate) taxable_flag: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) manufacturer_part_number: Option<String>,
    #[serde(rename = "integrationXRef")]
    pub(crate) integration_xref: String,
}
