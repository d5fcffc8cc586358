//! Owns: what ConnectWise should hold beforehand so that this world can be worked with: most customers as companies, most
//! products in the catalogue, an agreement for each subscription that can be billed there. No additions yet.

use chrono::NaiveDate;

use super::customers::{has_external_id, has_tax_number};
use super::dates::months_before;
use super::expect::{ContactMatch, ItemSeed};
use super::model::{Customer, Subscription, World};
use super::wire::SubscriptionStatus;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CompanySeed {
    pub customer_id: String,
    /// ConnectWise has no field for an external id: who is known by one is linked by somebody.
    pub by: ContactMatch,
    /// Unique, and not longer than it may be.
    pub identifier: String,
    pub name: String,
    pub tax_number: Option<String>,
    pub email: String,
}

/// An agreement for one subscription, its periods the subscription's own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PsaAgreementSeed {
    pub subscription_id: String,
    pub customer_id: String,
    pub name: String,
    /// As `billingOptions` says it.
    pub cycle: &'static str,
    pub currency: &'static str,
    pub prorate: bool,
    pub start: NaiveDate,
    /// The first day that is not invoiced; none: nothing is.
    pub invoiced_until: Option<NaiveDate>,
    /// The only one of its customer with that cycle: it can be told which subscription it is for.
    pub alone: bool,
}

const IDENTIFIER_LENGTH: usize = 25;
const NAME_LENGTH: usize = 50;
const CODE_LENGTH: usize = 60;
const DESCRIPTION_LENGTH: usize = 60;

fn cut(text: &str, most: usize) -> String {
    text.chars().take(most).collect::<String>().trim_end().to_owned()
}

impl World {
    /// Companies to seed. Customers of whom nothing matches are left out.
    #[must_use]
    pub fn expected_connectwise_companies(&self) -> Vec<CompanySeed> {
        self.customers.iter().enumerate().filter_map(|(index, customer)| company(index, customer)).collect()
    }

    /// Catalogue items to seed: every product save one in nine.
    #[must_use]
    pub fn expected_connectwise_items(&self) -> Vec<ItemSeed> {
        let fits = |(index, code): (usize, &str)| code.chars().count() <= CODE_LENGTH && index % 9 != 7;
        let kept = self.products.iter().enumerate().filter(|(index, product)| fits((*index, product.mpn.as_str())));
        kept.map(|(_, product)| {
            let price = product.recurring.or(product.overuse);
            ItemSeed {
                code: product.mpn.clone(),
                name: cut(&product.name, DESCRIPTION_LENGTH),
                sale_price: price.map(|price| price.price),
                purchase_price: price.map(|price| price.cost),
            }
        })
        .collect()
    }

    /// Agreements to seed, one for each subscription of a customer with a company.
    #[must_use]
    pub fn expected_connectwise_agreements(&self) -> Vec<PsaAgreementSeed> {
        let companies = self.expected_connectwise_companies();
        let known = |customer: &str| companies.iter().any(|company| company.customer_id == customer);
        let billed = self
            .subscriptions
            .iter()
            .filter(|one| known(&one.customer_id) && one.status != SubscriptionStatus::Removed);
        let mut seeds: Vec<PsaAgreementSeed> =
            billed.enumerate().map(|(index, one)| self.agreement(index, one)).collect();
        let all: Vec<(String, &str)> = seeds.iter().map(|seed| (seed.customer_id.clone(), seed.cycle)).collect();
        for seed in &mut seeds {
            seed.alone =
                all.iter().filter(|(customer, cycle)| (customer, *cycle) == (&seed.customer_id, seed.cycle)).count()
                    == 1;
        }
        seeds
    }

    fn agreement(&self, index: usize, subscription: &Subscription) -> PsaAgreementSeed {
        let current = subscription.billing_interval(self.today);
        PsaAgreementSeed {
            subscription_id: subscription.id.clone(),
            customer_id: subscription.customer_id.clone(),
            name: cut(&format!("{} {}", subscription.name, subscription.id), NAME_LENGTH),
            cycle: cycle(subscription),
            currency: self.currency.code(),
            prorate: index % 3 == 1,
            // Where billing is aligned with a statement day, the agreement's periods are too.
            start: if subscription.statement_day.is_some() { current.start } else { subscription.created },
            // In advance, each month: the last month's sales are not invoiced yet.
            invoiced_until: (subscription.created < months_before(self.today, 1)).then_some(current.end),
            alone: false,
        }
    }
}

fn cycle(subscription: &Subscription) -> &'static str {
    if subscription.billing_period.months() == 12 { "Yearly" } else { "Monthly" }
}

fn company(index: usize, customer: &Customer) -> Option<CompanySeed> {
    let by = if has_tax_number(index) {
        ContactMatch::TaxNumber
    } else if has_external_id(index) {
        ContactMatch::ExternalId
    } else if index % 20 == 8 {
        ContactMatch::SimilarName
    } else {
        return None;
    };
    let name = match by {
        ContactMatch::SimilarName => format!("{} (billing)", customer.name.replace(['\'', '’'], "")),
        ContactMatch::ExternalId | ContactMatch::TaxNumber => customer.name.clone(),
    };
    let letters: String = name.chars().filter(char::is_ascii_alphanumeric).collect();
    Some(CompanySeed {
        customer_id: customer.id.clone(),
        by,
        identifier: cut(&format!("{}{letters}", 1 + index), IDENTIFIER_LENGTH),
        name: cut(&name, NAME_LENGTH),
        tax_number: customer.tax_reg_id.clone(),
        email: customer.person.email.clone(),
    })
}
