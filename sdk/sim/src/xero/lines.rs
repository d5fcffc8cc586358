//! Owns one document line: its arithmetic, tax and checks. Does not own totals or status.

use rust_decimal::{Decimal, RoundingStrategy};

use super::answer::Refusal;
use super::input::Input;
use super::json::Json;
use super::model::{DocumentKind, Line, Status, TaxMode};
use super::org::{Org, default_sales_tax};

const KNOWN: [&str; 20] = [
    "LineItemID",
    "Description",
    "Quantity",
    "UnitAmount",
    "ItemCode",
    "AccountCode",
    "AccountID",
    "TaxType",
    "TaxAmount",
    "Item",
    "LineAmount",
    "Tracking",
    "DiscountRate",
    "DiscountAmount",
    "RepeatingInvoiceID",
    "Taxability",
    "SalesTaxCodeId",
    "TaxBreakdown",
    "ValidationErrors",
    "Warnings",
];

#[derive(Debug, Clone)]
pub(crate) struct LineDraft {
    pub(crate) id: Option<String>,
    description: Option<String>,
    quantity: Option<Decimal>,
    unit_amount: Option<Decimal>,
    item_code: Option<String>,
    account_code: Option<String>,
    tax_type: Option<String>,
    tax_amount: Option<Decimal>,
    line_amount: Option<Decimal>,
    discount_rate: Option<Decimal>,
    discount_amount: Option<Decimal>,
    tracking: Option<Vec<(String, String)>>,
}

impl LineDraft {
    pub(crate) fn read(json: &Json) -> Result<Self, Refusal> {
        let input = Input::of(json, &KNOWN)?;
        let tracking = match input.list("Tracking")? {
            None => None,
            Some(list) => Some(list.iter().map(tracking).collect::<Result<Vec<_>, _>>()?),
        };
        Ok(Self {
            id: input.text("LineItemID")?,
            description: input.text("Description")?,
            quantity: input.decimal("Quantity")?,
            unit_amount: input.decimal("UnitAmount")?,
            item_code: input.text("ItemCode")?,
            account_code: input.text("AccountCode")?,
            tax_type: input.text("TaxType")?,
            tax_amount: input.decimal("TaxAmount")?,
            line_amount: input.decimal("LineAmount")?,
            discount_rate: input.decimal("DiscountRate")?,
            discount_amount: input.decimal("DiscountAmount")?,
            tracking,
        })
    }

    /// Whether only what a settled document still lets go is said.
    pub(crate) fn keeps_money_of(&self, line: &Line) -> bool {
        let same = |said: Option<Decimal>, kept: Option<Decimal>| said.is_none_or(|said| Some(said) == kept);
        same(self.quantity, line.quantity)
            && same(self.unit_amount, line.unit_amount)
            && same(self.tax_amount, Some(line.tax_amount))
            && same(self.line_amount, Some(line.line_amount))
            && same(self.discount_rate, line.discount_rate)
            && same(self.discount_amount, line.discount_amount)
            && self.tax_type.as_ref().is_none_or(|said| Some(said) == line.tax_type.as_ref())
            && self.item_code.as_ref().is_none_or(|said| Some(said) == line.item_code.as_ref())
    }
}

fn tracking(json: &Json) -> Result<(String, String), Refusal> {
    let input = Input::of(json, &["Name", "Option", "TrackingCategoryID", "TrackingOptionID", "Options"])?;
    let name = input.text("Name")?.or(input.text("TrackingCategoryID")?);
    let option = input.text("Option")?.or(input.text("TrackingOptionID")?);
    Ok((name.unwrap_or_default(), option.unwrap_or_default()))
}

/// What a line's document says about it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Around {
    pub(crate) kind: DocumentKind,
    pub(crate) sale: bool,
    pub(crate) status: Status,
    pub(crate) tax_mode: TaxMode,
    pub(crate) unit_places: u32,
}

pub(crate) fn cents(amount: Decimal) -> Decimal {
    let mut cents = amount.round_dp_with_strategy(2, RoundingStrategy::MidpointAwayFromZero);
    cents.rescale(2);
    cents
}

/// A line from what was posted; a known line keeps what was not said again.
pub(crate) fn line(
    org: &mut Org,
    draft: &LineDraft,
    former: Option<&Line>,
    around: Around,
) -> Result<Line, Vec<String>> {
    let mut line = former.cloned().unwrap_or_else(|| blank(org.ids.guid()));
    let mut errors = Vec::new();
    fill(&mut line, draft, around.unit_places);
    from_item(org, &mut line, around, &mut errors);
    if line.quantity.is_none() && line.unit_amount.is_some() {
        line.quantity = Some(Decimal::ONE);
    }
    let moneyed = line.unit_amount.is_some();
    match &line.description {
        Some(text) if text.chars().count() > 4_000 => {
            errors.push("The field Description must be a string with a maximum length of 4000.".to_owned());
        }
        Some(text) if !text.is_empty() => {}
        _ => errors.push("Description cannot be empty".to_owned()),
    }
    amount(&mut line, draft, around, &mut errors);
    if moneyed {
        accounts_and_tax(org, &mut line, around, &mut errors);
    }
    tax(org, &mut line, draft, around);
    check_tracking(org, &line, &mut errors);
    if errors.is_empty() { Ok(line) } else { Err(errors) }
}

pub(crate) fn blank(id: String) -> Line {
    Line {
        id,
        description: None,
        quantity: None,
        unit_amount: None,
        item_code: None,
        account_code: None,
        tax_type: None,
        tax_amount: Decimal::ZERO,
        line_amount: Decimal::ZERO,
        discount_rate: None,
        discount_amount: None,
        tracking: Vec::new(),
    }
}

fn fill(line: &mut Line, draft: &LineDraft, unit_places: u32) {
    let text = |said: &Option<String>, kept: &mut Option<String>| {
        if said.is_some() {
            kept.clone_from(said);
        }
    };
    text(&draft.description, &mut line.description);
    text(&draft.item_code, &mut line.item_code);
    text(&draft.account_code, &mut line.account_code);
    text(&draft.tax_type, &mut line.tax_type);
    let away = RoundingStrategy::MidpointAwayFromZero;
    if let Some(quantity) = draft.quantity {
        line.quantity = Some(quantity.round_dp_with_strategy(4, away));
    }
    if let Some(unit) = draft.unit_amount {
        // The rounding comes before the multiplication: 0.1648 × 100 is 16.00 without unitdp=4.
        line.unit_amount = Some(unit.round_dp_with_strategy(unit_places, away));
    }
    line.discount_rate = draft.discount_rate.or(line.discount_rate);
    line.discount_amount = draft.discount_amount.or(line.discount_amount);
    if let Some(tracking) = &draft.tracking {
        line.tracking.clone_from(tracking);
    }
}

fn from_item(org: &Org, line: &mut Line, around: Around, errors: &mut Vec<String>) {
    let Some(code) = &line.item_code else {
        return;
    };
    if code.chars().count() > 30 {
        errors.push("The field ItemCode must be a string with a maximum length of 30.".to_owned());
        return;
    }
    let Some(item) = org.item(code).map(|at| &org.items[at]) else {
        errors.push(format!("Item code '{code}' is not valid"));
        return;
    };
    let price = if around.sale { &item.sales } else { &item.purchase };
    if line.description.is_none() {
        line.description.clone_from(&item.description);
    }
    line.unit_amount = line.unit_amount.or(price.unit_price);
    if line.account_code.is_none() {
        line.account_code.clone_from(&price.account_code);
    }
    if line.tax_type.is_none() {
        line.tax_type.clone_from(&price.tax_type);
    }
}

fn amount(line: &mut Line, draft: &LineDraft, around: Around, errors: &mut Vec<String>) {
    let gross = match (line.quantity, line.unit_amount) {
        (Some(quantity), Some(unit)) => quantity.checked_mul(unit),
        _ => Some(Decimal::ZERO),
    };
    let Some(gross) = gross.filter(|gross| gross.abs() < Decimal::from(1_000_000_000_000_i64)) else {
        errors.push("The line amount is too large.".to_owned());
        return;
    };
    let discount = match (line.discount_rate, line.discount_amount) {
        (None, None) => Decimal::ZERO,
        _ if around.kind == DocumentKind::CreditNote || !around.sale => {
            errors.push("Discounts can only be applied to sales invoices and quotes".to_owned());
            return;
        }
        (_, Some(amount)) if amount > gross => {
            errors.push("Discount must not be greater than the line total".to_owned());
            return;
        }
        (_, Some(amount)) => amount,
        (Some(rate), None) => gross * rate / Decimal::ONE_HUNDRED,
    };
    // What a discount leaves is cut off, not rounded: 1908.396 becomes 1908.39.
    line.line_amount = if discount.is_zero() {
        cents(gross)
    } else {
        let mut cut = (gross - discount).round_dp_with_strategy(2, RoundingStrategy::ToZero);
        cut.rescale(2);
        cut
    };
    if line.line_amount.is_zero() && !gross.is_zero() && discount.is_zero() {
        // Misleading, and word for word what the vendor says to a line below half a cent.
        errors.push("Account must be valid.".to_owned());
        errors.push("Tax rate must be valid.".to_owned());
    }
    if let Some(said) = draft.line_amount
        && said != line.line_amount
    {
        let expected = line.line_amount.normalize();
        errors.push(format!("The line total {} does not match the expected line total {expected}", said.normalize()));
    }
}

fn accounts_and_tax(org: &Org, line: &mut Line, around: Around, errors: &mut Vec<String>) {
    let approved = !matches!(around.status, Status::Draft);
    let account = match &line.account_code {
        None => {
            if approved {
                errors.push("Account code must be specified".to_owned());
            }
            None
        }
        Some(code) => {
            let account = org.account(code).filter(|account| !account.archived && account.account_type != "BANK");
            if account.is_none() {
                errors.push(format!("Account code '{code}' is not a valid code for this document."));
            }
            account
        }
    };
    if around.tax_mode == TaxMode::NoTax {
        line.tax_type = Some("NONE".to_owned());
        return;
    }
    if line.tax_type.is_none() {
        let fallback = default_sales_tax(&org.config.country);
        line.tax_type = Some(account.map_or(fallback, |account| account.tax_type.as_str()).to_owned());
    }
    let tax_type = line.tax_type.as_deref().unwrap_or_default();
    match org.tax_rate(tax_type) {
        None => errors.push(format!("The TaxType code '{tax_type}' does not exist")),
        Some(rate) => {
            let refused = account.is_some_and(|account| match account.class.as_str() {
                "REVENUE" => !rate.can_apply_to_revenue,
                "EXPENSE" => !rate.can_apply_to_expenses,
                _ => false,
            });
            if refused {
                let code = line.account_code.as_deref().unwrap_or_default();
                errors.push(format!("The TaxType code '{tax_type}' cannot be used with account code '{code}'."));
            }
        }
    }
}

/// Tax is rounded on each line, and only then summed.
fn tax(org: &Org, line: &mut Line, draft: &LineDraft, around: Around) {
    let rate =
        line.tax_type.as_deref().and_then(|tax_type| org.tax_rate(tax_type)).map_or(Decimal::ZERO, |rate| rate.rate);
    let due = match around.tax_mode {
        TaxMode::NoTax => Decimal::ZERO,
        TaxMode::Exclusive => line.line_amount * rate / Decimal::ONE_HUNDRED,
        TaxMode::Inclusive => line.line_amount * rate / (Decimal::ONE_HUNDRED + rate),
    };
    let override_taken = around.tax_mode != TaxMode::NoTax;
    line.tax_amount = cents(draft.tax_amount.filter(|_| override_taken).unwrap_or(due));
}

fn check_tracking(org: &Org, line: &Line, errors: &mut Vec<String>) {
    if line.tracking.len() > 2 {
        errors.push("A line item can have at most two tracking categories".to_owned());
    }
    for (name, option) in &line.tracking {
        let category = org.tracking.iter().find(|category| category.name == *name || category.id == *name);
        let known =
            category.is_some_and(|category| category.options.iter().any(|(id, known)| known == option || id == option));
        if !known {
            errors.push(format!("The Tracking option '{option}' of category '{name}' is not valid"));
        }
    }
}
