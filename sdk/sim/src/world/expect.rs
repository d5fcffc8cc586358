//! Owns: what the billing system should hold beforehand so that exact keys link most of this world, and not all.

use rust_decimal::Decimal;

use super::customers::{has_external_id, has_tax_number};
use super::model::{Customer, World};

/// By what a contact can be told to be the customer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ContactMatch {
    /// Contact number = external id = customer id.
    ExternalId,
    TaxNumber,
    /// Only the name, and that not letter by letter.
    SimilarName,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContactSeed {
    pub customer_id: String,
    pub by: ContactMatch,
    pub name: String,
    pub contact_number: Option<String>,
    pub tax_number: Option<String>,
    pub email: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ItemSeed {
    /// The part number, never longer than an item code may be.
    pub code: String,
    pub name: String,
    pub sale_price: Option<Decimal>,
    pub purchase_price: Option<Decimal>,
}

const CODE_LENGTH: usize = 30;
const NAME_LENGTH: usize = 50;

impl World {
    /// Contacts to seed. Customers of whom nothing matches are left out.
    #[must_use]
    pub fn expected_xero_contacts(&self) -> Vec<ContactSeed> {
        self.customers.iter().enumerate().filter_map(|(index, customer)| contact(index, customer)).collect()
    }

    /// Items to seed: every product whose part number fits, save one in nine.
    #[must_use]
    pub fn expected_xero_items(&self) -> Vec<ItemSeed> {
        let fits = self
            .products
            .iter()
            .enumerate()
            .filter(|(index, product)| product.mpn.chars().count() <= CODE_LENGTH && index % 9 != 7);
        fits.map(|(_, product)| {
            let price = product.recurring.or(product.overuse);
            ItemSeed {
                code: product.mpn.clone(),
                name: product.name.chars().take(NAME_LENGTH).collect(),
                sale_price: price.map(|price| price.price),
                purchase_price: price.map(|price| price.cost),
            }
        })
        .collect()
    }
}

fn contact(index: usize, customer: &Customer) -> Option<ContactSeed> {
    let by = if has_external_id(index) {
        ContactMatch::ExternalId
    } else if has_tax_number(index) {
        ContactMatch::TaxNumber
    } else if index % 20 == 8 {
        ContactMatch::SimilarName
    } else {
        return None;
    };
    let name = match by {
        ContactMatch::ExternalId | ContactMatch::TaxNumber => customer.name.clone(),
        ContactMatch::SimilarName => format!("{} (billing)", customer.name.replace(['\'', '’'], "")),
    };
    Some(ContactSeed {
        customer_id: customer.id.clone(),
        by,
        name,
        contact_number: customer.external_id.clone(),
        tax_number: customer.tax_reg_id.clone(),
        email: customer.person.email.clone(),
    })
}
