//! Order lines as lines of a Xero document, to the cent.
//!
//! Owns the exact representation and what each line is booked on. Xero multiplies quantity by unit amount itself and rounds
//! in ways it does not document, so the two must make the amount without rounding: as they are, else with a unit amount of
//! at most four places, else as one piece with the sum in the description. Line amounts, discounts and totals are never
//! sent, and no cent is ever left over.

use counterfoil_sdk::{Billing, Decimal, Failure, Job, Line, Link, PlanLine, decimal};

use crate::document::Kind;
use crate::items::CODE_MAX;
use crate::settings::Settings;
use crate::words::{self, name};

/// Places of quantities and unit amounts.
const UNIT_PLACES: u32 = 4;
/// Places of every total in Xero, whatever the currency.
const TOTAL_PLACES: u32 = 2;

/// Quantity and unit amount whose product is the amount.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Exactly {
    pub(crate) quantity: Decimal,
    /// Without a sign: which way it counts is the document's and the line's.
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
    /// The order's quantity at nothing.
    NoCharge,
}

/// A line of a document to be.
#[derive(Debug, Clone)]
pub(crate) struct DraftLine<'a> {
    /// The order line that its words come from.
    pub(crate) source: &'a Line,
    /// The job lines that it carries; usage below a cent is gathered.
    pub(crate) covers: Vec<&'a str>,
    /// What it adds to what the customer owes.
    pub(crate) bills: Decimal,
    pub(crate) exactly: Exactly,
    pub(crate) arithmetic: String,
    pub(crate) description: String,
    pub(crate) account_code: &'a str,
    pub(crate) tax_type: &'a str,
    pub(crate) item_code: Option<&'a str>,
}

/// What becomes of an order line.
#[derive(Debug)]
pub(crate) enum Fate<'a> {
    Billed(Box<DraftLine<'a>>),
    /// Less than the smallest coin, or a part of an amount that is rounded as a whole: it stands with others of its kind.
    Fine,
    LeftOut(String),
}

/// Writes a line, or says why it bills nothing. `token` is there where lines of several orders share an invoice.
pub(crate) fn write<'a>(
    job: &'a Job,
    line: &'a Line,
    settings: &Settings<'a>,
    token: Option<&str>,
) -> Result<Fate<'a>, Failure> {
    let currency = job.order.currency;
    let amount = line.amount.abs();
    match line.billing()? {
        Billing::Billable => {}
        Billing::DoNotBill => {
            let why = line.attributes.filled("billing-why").unwrap_or("somebody decided that it is not billed");
            return Ok(Fate::LeftOut(format!("It is not to be billed: {why}.")));
        }
        Billing::NoCharge => {
            let quantity = decimal::exact_at(line.quantity.abs(), UNIT_PLACES).filter(|quantity| !quantity.is_zero());
            let exactly =
                Exactly { quantity: quantity.unwrap_or(Decimal::ONE), unit: Decimal::ZERO, form: Form::NoCharge };
            return Written { line, covers: vec![&line.id], bills: line.amount, exactly }.draft(job, settings, token);
        }
    }
    // The host rounded it together with others: it stands with them, even where no coin fell on it.
    if line.attributes.filled("gather").is_some() || (!amount.is_zero() && amount < currency.minor_unit()) {
        return Ok(Fate::Fine);
    }
    if amount.is_zero() {
        return Ok(Fate::LeftOut("The line bills nothing.".to_owned()));
    }
    let exactly = represent(line.quantity, line.unit_price, amount);
    Written { line, covers: vec![&line.id], bills: line.amount, exactly }.draft(job, settings, token)
}

/// Writes lines of one resource and period, none of which comes to a coin, as one.
pub(crate) fn gathered<'a>(
    job: &'a Job,
    lines: &[&'a Line],
    bills: Decimal,
    settings: &Settings<'a>,
    token: Option<&str>,
) -> Result<Fate<'a>, Failure> {
    let Some(line) = lines.first() else { return Ok(Fate::LeftOut("The line bills nothing.".to_owned())) };
    let exactly = Exactly { quantity: Decimal::ONE, unit: bills.abs().normalize(), form: Form::OnePiece };
    let covers = lines.iter().map(|line| line.id.as_str()).collect();
    Written { line, covers, bills, exactly }.draft(job, settings, token)
}

/// A line whose numbers are known.
struct Written<'a> {
    line: &'a Line,
    covers: Vec<&'a str>,
    bills: Decimal,
    exactly: Exactly,
}

impl<'a> Written<'a> {
    fn draft(self, job: &'a Job, settings: &Settings<'a>, token: Option<&str>) -> Result<Fate<'a>, Failure> {
        let Self { line, covers, bills, exactly } = self;
        let currency = job.order.currency;
        let free = exactly.form == Form::NoCharge;
        if decimal::exact_at(bills, currency.minor_units().min(TOTAL_PLACES)).is_none() || free != bills.is_zero() {
            return Err(Failure::rejected(
                "xero-amount-precision",
                format!(
                    "The line \"{}\" bills {bills} {currency}, which Xero cannot keep: two decimals at most, and nothing on a line without charge. Adjust the amount, or bill this order elsewhere.",
                    name(job, line)
                ),
            ));
        }
        let link = link(job, line);
        let set = |field: &str| job.adjusted(&line.id, field).map(str::trim).filter(|value| !value.is_empty());
        let linked = |field: &str| link.and_then(|link| link.attributes.filled(field));
        let unmapped = |code: &str, what: &str| {
            Failure::rejected(
                code,
                format!(
                    "The line \"{}\" has no {what}. Set one in the product's link or in the connection's settings.",
                    name(job, line)
                ),
            )
        };
        let tax_type = match (set("tax-type"), line.taxable()) {
            (Some(set), _) => set,
            (None, Some(false)) => settings.tax_type_untaxed.ok_or_else(|| {
                Failure::rejected(
                    "xero-untaxed-unmapped",
                    format!("The line \"{}\" is not to be taxed, and the connection does not say which of Xero's rates that is. Set the tax rate for untaxed lines in its settings.", name(job, line)),
                )
            })?,
            (None, _) => linked("tax-type")
                .or(settings.tax_type)
                .ok_or_else(|| unmapped("xero-tax-unmapped", "tax rate"))?,
        };
        let sum = if covers.len() > 1 {
            format!("{} amounts of usage", covers.len())
        } else {
            format!("{} × {}", line.quantity.abs().normalize(), line.unit_price.abs().normalize())
        };
        let arithmetic = if covers.len() > 1 {
            format!("{sum} of the same resource and period come to {bills} {currency}")
        } else {
            line.arithmetic.clone()
        };
        Ok(Fate::Billed(Box::new(DraftLine {
            source: line,
            covers,
            bills,
            exactly,
            arithmetic,
            description: words::description(job, line, &sum, exactly.form, token),
            account_code: set("account-code")
                .or_else(|| linked("account-code"))
                .or(settings.account_code)
                .ok_or_else(|| unmapped("xero-account-unmapped", "revenue account"))?,
            tax_type,
            item_code: item_code(link)?,
        })))
    }
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
    /// The unit amount as a document of this kind shows it: negative where the line counts against the document.
    pub(crate) fn unit_on(&self, kind: Kind) -> Decimal {
        let against = kind.signed(self.bills).is_sign_negative() && !self.bills.is_zero();
        if against { -self.exactly.unit } else { self.exactly.unit }
    }

    /// The line as the preview of a document of this kind shows it.
    pub(crate) fn plan_line(&self, kind: Kind) -> PlanLine {
        let quantity = self.exactly.quantity;
        let unit = self.unit_on(kind);
        let how = match self.exactly.form {
            Form::AsOrdered | Form::NoCharge => String::new(),
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
            covers: self.covers.iter().map(|id| (*id).to_owned()).collect(),
            description: self.description.clone(),
            quantity,
            unit_price: unit,
            unit_cost: None,
            amount: kind.signed(self.bills),
            bills: self.bills,
            why: format!("{}{how}", self.arithmetic).trim().to_owned(),
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
