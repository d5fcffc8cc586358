//! Amounts finer than a coin: usage of one resource in one period is rounded once, as a whole, and not line by line, or a
//! hundred lines of 0.004 would come to nothing. Owns which lines belong together and how the coins fall on them.
//!
//! Each line still has an amount in whole coins, so that nobody downstream needs to know; that they belong together stands
//! in an attribute, for targets that would rather write one line.

use std::collections::BTreeMap;

use rust_decimal::Decimal;

use crate::digest::Digester;
use crate::job::{Billing, JobLine, PriceSource};
use crate::money::{Currency, Money, Rounding, allocate};
use crate::order::{Fee, OrderLine};
use crate::period::Period;
use crate::pricing::PriceError;

/// The attribute of lines that are rounded together: the same word on each of them.
pub const GATHER: &str = "gather";
/// The attribute that says what such a line comes to, to the last digit.
pub const EXACT: &str = "exact-amount";

/// What lines have in common that are rounded together; refunds are not set off against charges.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Kin {
    product: String,
    name: String,
    days: Option<(chrono::NaiveDate, chrono::NaiveDate)>,
    negative: bool,
}

/// `sources` are the order's lines, in the order of `lines`.
pub(super) fn gather(
    lines: &mut [JobLine],
    sources: &[&OrderLine],
    currency: Currency,
    rounding: Rounding,
) -> Result<(), PriceError> {
    let mut kins: BTreeMap<Kin, Vec<(usize, Decimal)>> = BTreeMap::new();
    for (place, (line, source)) in lines.iter().zip(sources).enumerate() {
        if let Some(exact) = exact(line, source)? {
            kins.entry(kin(line, exact)).or_default().push((place, exact));
        }
    }
    let digits = currency.minor_units();
    for (kin, members) in kins {
        let is_fine = members.iter().any(|(_, exact)| exact.normalize().scale() > digits);
        if members.len() > 1 && is_fine {
            round_together(lines, &kin, &members, currency, rounding)?;
        }
    }
    Ok(())
}

fn kin(line: &JobLine, exact: Decimal) -> Kin {
    Kin {
        product: line.product_code.clone(),
        // Without a code, lines are of one resource when they are called so.
        name: if line.product_code.is_empty() { line.description.clone() } else { String::new() },
        days: line.service_period.map(|period: Period| (period.start(), period.end())),
        negative: exact.is_sign_negative(),
    }
}

/// What a line of usage comes to, to the last digit; none where a person or a proration had a say.
fn exact(line: &JobLine, source: &OrderLine) -> Result<Option<Decimal>, PriceError> {
    let is_usage = line.fee == Fee::ResourceOveruse && line.billing == Billing::Billable && line.proration.is_none();
    match line.price_source {
        PriceSource::Order if is_usage => Ok(Some(source.amount)),
        PriceSource::Catalogue if is_usage => {
            line.quantity.checked_mul(line.unit_price).map(Some).ok_or(PriceError::Overflow)
        }
        PriceSource::Order | PriceSource::Catalogue | PriceSource::Person => Ok(None),
    }
}

fn round_together(
    lines: &mut [JobLine],
    kin: &Kin,
    members: &[(usize, Decimal)],
    currency: Currency,
    rounding: Rounding,
) -> Result<(), PriceError> {
    let sum = members.iter().try_fold(Decimal::ZERO, |sum, (_, exact)| sum.checked_add(*exact));
    let sum = sum.ok_or(PriceError::Overflow)?;
    let total = Money::new(sum, currency).rounded(rounding);
    let weights: Vec<Decimal> = members.iter().map(|(_, exact)| exact.abs()).collect();
    let shares = allocate(total, &weights).map_err(|_| PriceError::Overflow)?;
    let mut word = Digester::new("gather");
    word.text(&kin.product).text(&kin.name).text(&format!("{:?} {}", kin.days, kin.negative));
    let word = word.short();
    for ((place, exact), share) in members.iter().zip(shares) {
        let Some(line) = lines.get_mut(*place) else { continue };
        line.arithmetic = format!(
            "{} × {} is {} {currency}; {} such amounts of the same resource and period come to {}, rounded once to {total}, and {share} of it stands here",
            line.quantity.normalize(),
            line.unit_price.normalize(),
            exact.normalize(),
            members.len(),
            sum.normalize(),
        );
        line.amount = share.amount;
        line.attributes.push((GATHER.to_owned(), word.clone()));
        line.attributes.push((EXACT.to_owned(), exact.normalize().to_string()));
    }
    Ok(())
}
