//! What of a statement goes on, apart from what it billed: where lines stand in a container until something else is said, each
//! closing becomes a line of its own, of the whole quantity at the whole price, and the rest of what its record billed is charged
//! once beside it. Together they are the record, to the cent. Owns that split.

use rust_decimal::Decimal;

use crate::id::LineId;
use crate::job::{
    AMOUNT_IF_BILLED, Billing, JobLine, PriceSource, QuantityIs, RECURS, RECURS_ENDED, RECURS_KEY, RECURS_QUANTITY,
    RECURS_UNIT_PRICE,
};
use crate::money::{Currency, Money, Rounding};
use crate::order::{Fee, Order};
use crate::pricing::PriceError;
use crate::statement::Closing;

/// How often what recurs is billed.
const MONTHLY: &str = "monthly";
/// After the id of a line: what is charged once beside what goes on.
const REST: &str = "+rest";

/// Every line that says how something goes on, as two.
pub(super) fn split(order: &Order, lines: Vec<JobLine>, rounding: Rounding) -> Result<Vec<JobLine>, PriceError> {
    let Some(part) = &order.statement else { return Ok(lines) };
    let mut all = Vec::with_capacity(lines.len());
    for line in lines {
        let closing = part.lines.get(&line.id).and_then(|of| Some((of.key.as_str(), of.closing.as_ref()?)));
        let Some((key, closing)) = closing else {
            all.push(line);
            continue;
        };
        let natural = (line.amount, line.cost);
        let recurs = recurs(&line, key, closing, order.currency, rounding)?;
        let rest = rest(line, natural, &recurs, order.currency);
        all.push(recurs);
        all.extend(rest);
    }
    Ok(all)
}

fn recurs(
    line: &JobLine,
    key: &str,
    closing: &Closing,
    currency: Currency,
    rounding: Rounding,
) -> Result<JobLine, PriceError> {
    let digits = currency.minor_units();
    let sum = |price: Decimal| {
        let exact = closing.quantity.checked_mul(price).ok_or(PriceError::Overflow)?;
        Ok::<Decimal, PriceError>(rounding.apply(exact, digits))
    };
    let amount = sum(closing.unit_price)?;
    let cost = closing.unit_cost.map(sum).transpose()?;
    let mut attributes = kept(line);
    attributes.push((RECURS.to_owned(), MONTHLY.to_owned()));
    attributes.push((RECURS_KEY.to_owned(), key.to_owned()));
    let (quantity, unit_price, unit_cost) = if closing.unit_price.normalize().scale() > digits {
        attributes.push((RECURS_QUANTITY.to_owned(), closing.quantity.normalize().to_string()));
        attributes.push((RECURS_UNIT_PRICE.to_owned(), closing.unit_price.normalize().to_string()));
        let some = if closing.quantity.is_zero() { Decimal::ZERO } else { Decimal::ONE };
        (some, amount, cost)
    } else {
        (closing.quantity, closing.unit_price, closing.unit_cost)
    };
    let ended = closing.quantity.is_zero();
    if ended {
        attributes.push((RECURS_ENDED.to_owned(), "true".to_owned()));
    }
    let (count, each) = (closing.quantity.normalize(), closing.unit_price.normalize());
    let arithmetic = if ended {
        "it has ended, so nothing of it is billed any more".to_owned()
    } else {
        format!("{count} × {each} = {}, as it goes on at the end of the statement", Money::new(amount, currency))
    };
    Ok(JobLine {
        fee: Fee::ResourceRecurring,
        quantity,
        quantity_is: QuantityIs::Whole,
        unit_price,
        unit_cost,
        amount,
        cost,
        billing: Billing::Billable,
        price_source: PriceSource::Order,
        arithmetic,
        proration: None,
        attributes,
        ..line.clone()
    })
}

/// What the record billed more, or less, than what goes on comes to; none: it is the same.
fn rest(line: JobLine, natural: (Decimal, Option<Decimal>), recurs: &JobLine, currency: Currency) -> Option<JobLine> {
    let (amount, cost) = natural;
    let differs = amount - recurs.amount;
    if differs.is_zero() {
        return None;
    }
    let money = |amount| Money::new(amount, currency);
    let why = if amount.is_zero() { "not billed this month" } else { "part of a period" };
    let arithmetic = format!(
        "{} − {} = {}: {} less what goes on",
        money(amount),
        money(recurs.amount),
        money(differs),
        line.arithmetic
    );
    let cost = cost.zip(recurs.cost).map(|(all, recurs)| all - recurs);
    let attributes = kept(&line);
    Some(JobLine {
        id: LineId::new(format!("{}{REST}", line.id)),
        fee: if differs.is_sign_negative() { Fee::ResourceRecurringRefund } else { Fee::ResourceRecurring },
        description: format!(
            "{} ({why}: {} instead of {})",
            line.description,
            money(amount).plain(),
            money(recurs.amount).plain()
        ),
        quantity: Decimal::ONE,
        quantity_is: QuantityIs::Whole,
        unit_price: differs,
        unit_cost: cost,
        amount: differs,
        cost,
        billing: Billing::Billable,
        arithmetic,
        proration: None,
        attributes: charged_as_part(attributes),
        ..line
    })
}

/// What is said of the whole line holds for both; what it would have come to is in them.
fn kept(line: &JobLine) -> Vec<(String, String)> {
    line.attributes.iter().filter(|(name, _)| name != AMOUNT_IF_BILLED).cloned().collect()
}

fn charged_as_part(mut attributes: Vec<(String, String)>) -> Vec<(String, String)> {
    attributes.retain(|(name, _)| name != crate::job::CHARGE);
    attributes.push((crate::job::CHARGE.to_owned(), crate::statement::Charge::Proration.name().to_owned()));
    attributes
}
