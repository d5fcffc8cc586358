//! A product.
//!
//! Owns its echo: a PUT that leaves a flag out resets it, so an inactive product would come back.

use counterfoil_sdk::{Decimal, Failure};

use super::{Body, Id, Row};

/// Everything that may be sent of a product and that Syncro shows.
const FIELDS: [&str; 22] = [
    "condition",
    "description",
    "desired_stock_level",
    "discount_percent",
    "name",
    "notes",
    "physical_location",
    "price_cost",
    "price_retail",
    "price_wholesale",
    "product_category",
    "qb_item_id",
    "quantity",
    "reorder_at",
    "sort_order",
    "tax_rate_id",
    "upc_code",
    "vendor_ids",
    "warranty",
    "warranty_template_id",
    "category_ids",
    "sku",
];
/// Always sent, whether Syncro showed them or not.
const FLAGS: [&str; 4] = ["disabled", "maintain_stock", "serialized", "taxable"];

/// A product, understood.
#[derive(Debug, Clone)]
pub(crate) struct Product {
    pub(crate) id: Id,
    pub(crate) name: String,
    pub(crate) upc: String,
    pub(crate) is_disabled: bool,
    pub(crate) taxable: Option<bool>,
    pub(crate) retail: Option<Decimal>,
    pub(crate) cost: Option<Decimal>,
    pub(crate) row: Row,
}

impl Product {
    pub(crate) fn understand(row: Row) -> Result<Self, Failure> {
        let id = row.own_id("a product")?;
        let what = format!("product {id}");
        Ok(Self {
            id,
            name: counterfoil_sdk::text::single_spaced(&row.text("name")),
            upc: row.text("upc_code").trim().to_owned(),
            is_disabled: row.flag("disabled") == Some(true),
            taxable: row.flag("taxable"),
            retail: row.number(&what, "price_retail")?,
            cost: row.number(&what, "price_cost")?,
            row,
        })
    }

    /// All of it, as it stands, for a PUT. A flag that Syncro does not show is sent as what Syncro would make of it, except
    /// that nothing becomes active by being left out.
    pub(crate) fn echo(&self) -> Result<Body, Failure> {
        let mut body = Body::echo(&self.row, &FIELDS);
        for flag in FLAGS {
            let default = flag == "taxable";
            body.set(flag, &self.row.flag(flag).unwrap_or(default))?;
        }
        Ok(body)
    }
}
