//! What is to be billed: a job with its order, links and settings.
//!
//! Owns what `plan` receives, and what its attributes mean. The host has priced every line; a plugin decides where the money goes, never how much.

use rust_decimal::Decimal;

use crate::{Attributes, Currency, Date, Failure, Period, decimal};

/// One line of an order. Quantity × unit price may differ from `amount` (discounts, proration): `amount` is what must be
/// billed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Stable within the job.
    pub id: String,
    /// "plan-setup", "resource-recurring", "cancellation-fee", "renewal", "discount", "one-time-item", …: only fees that
    /// the card's scenario rows name. New ones may come; refuse what you do not know.
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
    /// "order", "catalogue" or "person": where the price came from.
    pub price_source: String,
    /// The sum, spelled out for people.
    pub arithmetic: String,
    /// Target id of the linked item.
    pub item: Option<String>,
    /// Anything else.
    pub attributes: Attributes,
}

/// Whether the customer pays for a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Billing {
    /// They do.
    Billable,
    /// It is shown, at no price.
    NoCharge,
    /// Keep it where the system keeps such lines, else leave it out and say so.
    DoNotBill,
}

/// What a line's quantity means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum QuantityIs {
    /// How much there is of it.
    Whole,
    /// How much was added or taken away.
    Delta,
    /// What it will be from the renewal on.
    Total,
}

/// How the host charged the first, incomplete period of a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proration<'a> {
    /// What the whole period costs: quantity × unit price.
    pub full_price: Decimal,
    /// The same of the cost, where it is known.
    pub full_cost: Option<Decimal>,
    /// "elapsed-days", "day-number", "target-native" where the system itself is to prorate, "none" where nobody does.
    pub method: &'a str,
    /// Why: "prorated", "starts-with-period", "target-prorates", …
    pub why: &'a str,
    /// Days that are charged, and days of the whole period.
    pub days: (u32, u32),
    /// The whole period that the price is for.
    pub of: Option<Period>,
}

impl Proration<'_> {
    /// Whether the amount is prorated already: then the system must see nothing left to prorate.
    #[must_use]
    pub fn by_host(&self) -> bool {
        self.why == "prorated"
    }
}

impl Line {
    /// One piece at a price and nothing else, for tests of a plugin's own logic.
    #[must_use]
    pub fn piece(id: &str, fee: &str, amount: Decimal) -> Self {
        Self {
            id: id.to_owned(),
            fee: fee.to_owned(),
            description: String::new(),
            product_code: String::new(),
            product_name: String::new(),
            quantity: Decimal::ONE,
            unit_price: amount,
            unit_cost: None,
            amount,
            cost: None,
            service_period: None,
            price_source: "order".to_owned(),
            arithmetic: String::new(),
            item: None,
            attributes: Attributes::new(),
        }
    }

    /// Whether the customer pays for it. The amount is zero unless they do. A word of a newer host is a failure: a guess
    /// would bill somebody.
    ///
    /// ```
    /// # use counterfoil_sdk::*;
    /// # let mut line = counterfoil_sdk::Line::piece("1", "resource-recurring", counterfoil_sdk::Decimal::ONE);
    /// assert_eq!(line.billing()?, Billing::Billable);
    /// line.attributes.set("billing", "do-not-bill");
    /// assert_eq!(line.billing()?, Billing::DoNotBill);
    /// line.attributes.set("billing", "barter");
    /// assert_eq!(line.billing().unwrap_err().class, Class::Unsupported);
    /// # Ok::<(), Failure>(())
    /// ```
    pub fn billing(&self) -> Result<Billing, Failure> {
        match self.attributes.get("billing") {
            None | Some("billable") => Ok(Billing::Billable),
            Some("no-charge") => Ok(Billing::NoCharge),
            Some("do-not-bill") => Ok(Billing::DoNotBill),
            Some(word) => Err(self.unknown("billing", word)),
        }
    }

    /// What its quantity means.
    ///
    /// ```
    /// # use counterfoil_sdk::*;
    /// # let mut line = counterfoil_sdk::Line::piece("1", "resource-recurring", counterfoil_sdk::Decimal::ONE);
    /// line.attributes.set("quantity-is", "delta");
    /// assert_eq!(line.quantity_is()?, QuantityIs::Delta);
    /// # Ok::<(), Failure>(())
    /// ```
    pub fn quantity_is(&self) -> Result<QuantityIs, Failure> {
        match self.attributes.get("quantity-is") {
            None | Some("whole") => Ok(QuantityIs::Whole),
            Some("delta") => Ok(QuantityIs::Delta),
            Some("total") => Ok(QuantityIs::Total),
            Some(word) => Err(self.unknown("quantity-is", word)),
        }
    }

    /// Whether it is taxed; none: as the system has it for the item.
    ///
    /// ```
    /// # let mut line = counterfoil_sdk::Line::piece("1", "resource-recurring", counterfoil_sdk::Decimal::ONE);
    /// assert_eq!(line.taxable(), None);
    /// line.attributes.set("taxable", "false");
    /// assert_eq!(line.taxable(), Some(false));
    /// ```
    #[must_use]
    pub fn taxable(&self) -> Option<bool> {
        self.attributes.get("taxable").and_then(|value| value.parse().ok())
    }

    /// Its text, where somebody chose it: a person, or the connection's rule for descriptions. None: the marketplace's
    /// text, which a system may put in its own words.
    ///
    /// ```
    /// # let mut line = counterfoil_sdk::Line::piece("1", "resource-recurring", counterfoil_sdk::Decimal::ONE);
    /// line.description = "Seats for November".into();
    /// assert_eq!(line.chosen_description(), None);
    /// line.attributes.set("description-source", "person");
    /// assert_eq!(line.chosen_description(), Some("Seats for November"));
    /// ```
    #[must_use]
    pub fn chosen_description(&self) -> Option<&str> {
        let source = self.attributes.get("description-source");
        source.filter(|source| *source != "order").map(|_| self.description.as_str())
    }

    /// Who told the days that it pays for: "line", "subscription", "person" or "none".
    #[must_use]
    pub fn period_source(&self) -> &str {
        self.attributes.get("period-source").unwrap_or("line")
    }

    /// How its first, incomplete period was charged; none: nobody was asked to prorate it.
    ///
    /// ```
    /// # use counterfoil_sdk::*;
    /// # let mut line = counterfoil_sdk::Line::piece("1", "resource-recurring", counterfoil_sdk::Decimal::ONE);
    /// assert_eq!(line.proration()?, None);
    /// for (name, value) in [
    ///     ("full-price", "594"),
    ///     ("proration-method", "elapsed-days"),
    ///     ("proration-why", "prorated"),
    ///     ("proration-days", "19/30"),
    ///     ("proration-of", "2026-11-01/2026-12-01"),
    /// ] {
    ///     line.attributes.set(name, value);
    /// }
    /// let proration = line.proration()?.unwrap();
    /// assert!(proration.by_host());
    /// assert_eq!((proration.full_price, proration.days), (decimal::parse("594")?, (19, 30)));
    /// assert_eq!(proration.of.unwrap().start(), Date::parse("2026-11-01")?);
    /// # Ok::<(), Failure>(())
    /// ```
    pub fn proration(&self) -> Result<Option<Proration<'_>>, Failure> {
        let Some(full_price) = self.attributes.get("full-price") else { return Ok(None) };
        let days = self.attributes.get("proration-days").unwrap_or_default();
        let (left, all) = days.split_once('/').unwrap_or_default();
        let (Ok(left), Ok(all)) = (left.parse(), all.parse()) else {
            return Err(self.unknown("proration-days", days));
        };
        let of = self.attributes.get("proration-of").and_then(|text| text.split_once('/'));
        let of = of.map(|(start, end)| Period::new(Date::parse(start)?, Date::parse(end)?)).transpose()?;
        Ok(Some(Proration {
            full_price: decimal::parse(full_price)?,
            full_cost: self.attributes.get("full-cost").map(decimal::parse).transpose()?,
            method: self.attributes.get("proration-method").unwrap_or("none"),
            why: self.attributes.get("proration-why").unwrap_or_default(),
            days: (left, all),
            of,
        }))
    }

    fn unknown(&self, name: &str, word: &str) -> Failure {
        Failure::unsupported(
            "line-attribute",
            format!(
                "Line {} says {name} \"{word}\", which this version does not know. Nothing was billed. Update the plugin.",
                self.id
            ),
        )
    }
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
