//! What is to be billed: a job with its order, links and settings.
//!
//! Owns what `plan` receives. The host has priced every line; a plugin decides where the money goes, never how much.

use rust_decimal::Decimal;

use crate::{Attributes, Currency, Date, Period};

/// One line of an order. Quantity × unit price may differ from `amount` (discounts, proration): `amount` is what must be
/// billed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Stable within the job.
    pub id: String,
    /// "plan-setup", "resource-recurring", "cancellation-fee", …
    pub fee: String,
    /// The marketplace's text.
    pub description: String,
    /// The marketplace's product: MPN. Empty for a fee of the plan itself.
    pub product_code: String,
    /// The marketplace's product: name.
    pub product_name: String,
    /// Signed: a change order may take seats away.
    pub quantity: Decimal,
    /// Price of one, net, major units of the order's currency.
    pub unit_price: Decimal,
    /// Cost of one.
    pub unit_cost: Option<Decimal>,
    /// Net of tax, rounded to the currency's minor unit, signed: a refund is negative.
    pub amount: Decimal,
    /// Cost of the line.
    pub cost: Option<Decimal>,
    /// The days it pays for.
    pub service_period: Option<Period>,
    /// "order" or "catalogue": where the price came from.
    pub price_source: String,
    /// The sum, spelled out for people.
    pub arithmetic: String,
    /// Target id of the linked item.
    pub item: Option<String>,
    /// Anything else.
    pub attributes: Attributes,
}

/// One revision of an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    /// The marketplace's id.
    pub id: String,
    /// "SO000123".
    pub number: String,
    /// "sales", "change", "billing", "cancellation", "initial", …
    pub kind: String,
    /// Which revision of the order this is.
    pub revision: String,
    /// Currency of every amount.
    pub currency: Currency,
    /// "before-billing-period", "after-billing-period", …
    pub billing_model: String,
    /// ISO 8601 duration ("P1M"), empty where the source has none.
    pub billing_cycle: String,
    /// The marketplace's customer.
    pub customer_id: String,
    /// Their name.
    pub customer_name: String,
    /// The marketplace's subscription.
    pub subscription_id: String,
    /// Its name.
    pub subscription_name: String,
    /// Day the order was placed, in the source's calendar (UTC).
    pub created_on: Date,
    /// Day from which it counts: provisioning, else creation.
    pub effective_on: Date,
    /// What is billed.
    pub lines: Vec<Line>,
    /// The sum of the lines.
    pub total: Decimal,
    /// Anything else.
    pub attributes: Attributes,
}

/// A marketplace thing tied to a target thing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// "party", "item", "fee", "container".
    pub kind: String,
    /// The marketplace's id.
    pub source_id: String,
    /// The target's id.
    pub target_id: String,
    /// The target's code, as last seen.
    pub target_code: String,
    /// The target's name, as last seen.
    pub target_name: String,
    /// Anything else: "account-code", "tax-type", …
    pub attributes: Attributes,
}

/// One value that a person set before confirming.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Adjustment {
    /// Id of the job line, or empty for the document.
    pub line: String,
    /// Which field.
    pub field: String,
    /// The value instead.
    pub value: String,
}

/// One task's work for `plan`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Job {
    /// The task's id; plans and receipts answer to it.
    pub id: String,
    /// What is to be billed.
    pub order: Order,
    /// What its customer, products and fees are in the target.
    pub links: Vec<Link>,
    /// The connection's settings, as the card's schema names them.
    pub settings: Attributes,
    /// What a person changed.
    pub adjustments: Vec<Adjustment>,
    /// Text to leave in the document so that `locate` finds it again.
    pub marker: String,
    /// The host's day.
    pub today: Date,
    /// Anything else.
    pub attributes: Attributes,
}

impl Job {
    /// The first link of a kind for a marketplace id.
    #[must_use]
    pub fn link(&self, kind: &str, source_id: &str) -> Option<&Link> {
        self.links.iter().find(|link| link.kind == kind && link.source_id == source_id)
    }

    /// The customer's party: the link for the order's customer, else the only party link there is.
    #[must_use]
    pub fn party(&self) -> Option<&Link> {
        self.link("party", &self.order.customer_id).or_else(|| {
            let mut parties = self.links.iter().filter(|link| link.kind == "party");
            parties.next().filter(|_| parties.next().is_none())
        })
    }

    /// What a person set for a field of a line; the empty line id means the document. The last word counts.
    #[must_use]
    pub fn adjusted(&self, line: &str, field: &str) -> Option<&str> {
        self.adjustments.iter().rev().find(|set| set.line == line && set.field == field).map(|set| set.value.as_str())
    }
}
