//! An invoice with its lines.

use counterfoil_sdk::{Decimal, Failure};

use super::{Id, Row};

/// An invoice, understood.
#[derive(Debug, Clone)]
pub(crate) struct Invoice {
    pub(crate) id: Id,
    pub(crate) number: String,
    pub(crate) customer: Option<Id>,
    pub(crate) is_paid: bool,
    pub(crate) lines: Vec<InvoiceLine>,
}

/// One of its lines.
#[derive(Debug, Clone)]
pub(crate) struct InvoiceLine {
    pub(crate) id: Id,
    pub(crate) product: Option<Id>,
    /// The text under the product's name; the API calls it `name`.
    pub(crate) text: String,
    pub(crate) quantity: Decimal,
    pub(crate) price: Decimal,
    pub(crate) taxable: Option<bool>,
}

impl Invoice {
    pub(crate) fn understand(row: &Row) -> Result<Self, Failure> {
        let id = row.own_id("an invoice")?;
        let what = format!("invoice {id}");
        let customer = row.id("customer_id").or_else(|| row.inside("customer").and_then(|inside| inside.id("id")));
        let lines = row.rows(&what, "line_items")?;
        Ok(Self {
            id,
            number: row.text("number"),
            customer,
            is_paid: row.flag("is_paid") == Some(true),
            lines: lines.iter().map(|line| InvoiceLine::understand(line, &what)).collect::<Result<_, _>>()?,
        })
    }
}

impl InvoiceLine {
    fn understand(row: &Row, of: &str) -> Result<Self, Failure> {
        let id = row.own_id(&format!("a line of {of}"))?;
        let what = format!("line {id} of {of}");
        Ok(Self {
            id,
            product: row.id("product_id"),
            text: row.text("name"),
            quantity: row.number(&what, "quantity")?.unwrap_or_default(),
            price: row.number(&what, "price")?.unwrap_or_default(),
            taxable: row.flag("taxable"),
        })
    }
}
