//! One order line as one line of a Xero document, to the cent.
//!
//! Owns the exact representation. Xero multiplies quantity by unit amount itself and rounds in ways it does not document, so
//! the two must make the amount without rounding: as they are, else with a unit amount of at most four places, else as one
//! piece with the sum in the description. Line amounts, discounts and totals are never sent.

use counterfoil_sdk::{Decimal, Failure, Job, Line, Link, PlanLine, decimal, text};

use crate::document::Kind;
use crate::items::CODE_MAX;
use crate::settings::Settings;

/// Places of quantities and unit amounts.
const UNIT_PLACES: u32 = 4;
/// Places of every total in Xero, whatever the currency.
const TOTAL_PLACES: u32 = 2;
const DESCRIPTION_MAX: usize = 4000;

/// Quantity and unit amount whose product is the amount.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Exactly {
    pub(crate) quantity: Decimal,
    pub(crate) unit: Decimal,
    pub(crate) form: Form,
}

/// How a line came to its quantity and unit amount.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// The order's own.
    AsOrdered,
    /// The order's quantity, and the unit amount that makes the amount.
    UnitFromAmount,
    /// One piece at the whole amount.
    OnePiece,
}

/// A line of a document to be.
#[derive(Debug, Clone)]
pub(crate) struct DraftLine<'a> {
    pub(crate) source: &'a Line,
    pub(crate) kind: Kind,
    pub(crate) exactly: Exactly,
    pub(crate) description: String,
    pub(crate) account_code: &'a str,
    pub(crate) tax_type: &'a str,
    pub(crate) item_code: Option<&'a str>,
}

/// What becomes of an order line.
#[derive(Debug)]
pub(crate) enum Fate<'a> {
    Billed(Box<DraftLine<'a>>),
    LeftOut(String),
}

/// Writes a line, or says why it bills nothing.
pub(crate) fn write<'a>(job: &'a Job, line: &'a Line, settings: &Settings<'a>) -> Result<Fate<'a>, Failure> {
    let currency = job.order.currency;
    let amount = line.amount.abs();
    if amount < currency.minor_unit() {
        let why = if amount.is_zero() {
            "The line bills nothing.".to_owned()
        } else {
            format!("{amount} {currency} is less than the smallest coin and rounds to nothing.")
        };
        return Ok(Fate::LeftOut(why));
    }
    if decimal::exact_at(amount, currency.minor_units().min(TOTAL_PLACES)).is_none() {
        return Err(Failure::rejected(
            "xero-amount-precision",
            format!(
                "The line \"{}\" bills {amount} {currency}; Xero keeps two decimals at most. Adjust the amount, or bill this order elsewhere.",
                name(job, line)
            ),
        ));
    }
    let exactly = represent(line.quantity, line.unit_price, amount);
    let link = link(job, line);
    let mapped = |field: &str| {
        job.adjusted(&line.id, field)
            .map(str::trim)
            .filter(|value| !value.is_empty())
            .or_else(|| link.and_then(|link| link.attributes.filled(field)))
    };
    let unmapped = |code: &str, what: &str| {
        Failure::rejected(
            code,
            format!(
                "The line \"{}\" has no {what}. Set one in the product's link or in the connection's settings.",
                name(job, line)
            ),
        )
    };
    Ok(Fate::Billed(Box::new(DraftLine {
        source: line,
        kind: if line.amount.is_sign_negative() { Kind::CreditNote } else { Kind::Invoice },
        exactly,
        description: description(job, line, exactly.form),
        account_code: mapped("account-code")
            .or(settings.account_code)
            .ok_or_else(|| unmapped("xero-account-unmapped", "revenue account"))?,
        tax_type: mapped("tax-type").or(settings.tax_type).ok_or_else(|| unmapped("xero-tax-unmapped", "tax rate"))?,
        item_code: item_code(link)?,
    })))
}

/// Quantity and unit amount, in this order of preference. `amount` is positive and exact at two places; signs of quantity
/// and price do not matter, for the amount has the last word.
pub(crate) fn represent(quantity: Decimal, unit_price: Decimal, amount: Decimal) -> Exactly {
    let pieces = Exactly { quantity: Decimal::ONE, unit: amount.normalize(), form: Form::OnePiece };
    let Some(quantity) = decimal::exact_at(quantity.abs(), UNIT_PLACES).filter(|quantity| !quantity.is_zero()) else {
        return pieces;
    };
    if let Some(unit) = decimal::exact_at(unit_price.abs(), UNIT_PLACES)
        .filter(|unit| decimal::product(quantity, *unit) == Some(amount.normalize()))
    {
        return Exactly { quantity, unit, form: Form::AsOrdered };
    }
    match decimal::quotient(amount, quantity, UNIT_PLACES) {
        Some(unit) => Exactly { quantity, unit, form: Form::UnitFromAmount },
        None => pieces,
    }
}

impl DraftLine<'_> {
    /// The amount as the document shows it.
    pub(crate) fn amount(&self) -> Decimal {
        self.source.amount.abs()
    }

    /// The line as the preview shows it.
    pub(crate) fn plan_line(&self) -> PlanLine {
        let Exactly { quantity, unit, form } = self.exactly;
        let how = match form {
            Form::AsOrdered => String::new(),
            Form::UnitFromAmount => format!(". Written as {quantity} × {unit}, which makes the amount exactly"),
            Form::OnePiece => {
                ". Written as one piece, because no unit amount of four decimals makes the amount exactly".to_owned()
            }
        };
        let mut attributes =
            counterfoil_sdk::Attributes::new().with("account-code", self.account_code).with("tax-type", self.tax_type);
        attributes.set_some("item-code", self.item_code);
        attributes.set("fee", self.source.fee.clone());
        PlanLine {
            covers: vec![self.source.id.clone()],
            description: self.description.clone(),
            quantity,
            unit_price: unit,
            unit_cost: None,
            amount: self.amount(),
            bills: self.source.amount,
            why: format!("{}{how}", self.source.arithmetic).trim().to_owned(),
            attributes,
        }
    }
}

/// The link that says how a line is booked: the product's, else the fee's, else whichever leads to the line's item.
fn link<'a>(job: &'a Job, line: &Line) -> Option<&'a Link> {
    let fits = |link: &&Link| line.item.as_deref().is_none_or(|item| item == link.target_id);
    let product =
        Some(line.product_code.as_str()).filter(|code| !code.is_empty()).and_then(|code| job.link("item", code));
    product.filter(fits).or_else(|| job.link("fee", &line.fee).filter(fits)).or_else(|| {
        let item = line.item.as_deref()?;
        job.links.iter().find(|link| matches!(link.kind.as_str(), "item" | "fee") && link.target_id == item)
    })
}

fn item_code(link: Option<&Link>) -> Result<Option<&str>, Failure> {
    let sold = link.filter(|link| link.attributes.get("sold") != Some("false"));
    let Some(code) = sold.map(|link| link.target_code.trim()).filter(|code| !code.is_empty()) else {
        return Ok(None);
    };
    if code.chars().count() > CODE_MAX {
        return Err(Failure::rejected(
            "xero-item-unknown",
            format!("The item code {code} is longer than Xero allows, so the link is wrong. Link the product again."),
        ));
    }
    Ok(Some(code))
}

fn name<'a>(job: &'a Job, line: &'a Line) -> &'a str {
    [&line.product_name, &line.description, &job.order.subscription_name]
        .into_iter()
        .map(|name| name.trim())
        .find(|name| !name.is_empty())
        .unwrap_or("Subscription")
}

/// What the customer reads: product, fee, period, and the sum where the line is one piece.
fn description(job: &Job, line: &Line, form: Form) -> String {
    if let Some(words) =
        job.adjusted(&line.id, "description").map(text::single_spaced).filter(|words| !words.is_empty())
    {
        return text::clip(&words, DESCRIPTION_MAX);
    }
    let mut words = format!("{}, {}", text::single_spaced(name(job, line)), line.fee.replace('-', " "));
    if let Some(period) = line.service_period {
        words.push_str(&format!(", {} to {}", period.start(), period.last_day()));
    }
    if form == Form::OnePiece {
        words.push_str(&format!(" ({} × {})", line.quantity.abs().normalize(), line.unit_price.abs().normalize()));
    }
    text::clip(&words, DESCRIPTION_MAX)
}
