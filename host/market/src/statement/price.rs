//! Both prices of a record, for a piece and in all: what the distributor takes, and what the reseller's customer is to pay. The
//! latter is never guessed: without a price and without a markup the record cannot be read.

use rust_decimal::{Decimal, RoundingStrategy};

use counterfoil_domain::money::Currency;

use super::row::Row;
use crate::simple_api::Problem;

const UNIT_COST: &[&str] = &["UnitPrice", "UnitCost", "CostUnitPrice", "BuyUnitPrice"];
const COST: &[&str] = &["Amount", "SummedAmount", "SubTotal", "CostTotal", "TotalCost", "TotalPrice", "ResellerPrice"];
const UNIT_PRICE: &[&str] = &["ResellerSalesUnitPrice", "UnitPriceRrp", "RetailUnitPrice"];
const AMOUNT: &[&str] = &["ResellerSalesPriceTotal", "SubTotalRrp", "RetailTotal"];
const MARKUP: &[&str] = &["ResellerMarkupProcent", "ResellerMarkupPercent", "MarkupPercent"];
pub(crate) const QUANTITY: &[&str] = &["Quantity", "ConsumedQuantity", "Qty"];
const RATIO: &[&str] = &["BillableRatio"];

/// Prices that had to be worked out are held to this many digits.
const DIGITS: u32 = 8;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Priced {
    pub(crate) quantity: Decimal,
    pub(crate) unit_cost: Decimal,
    pub(crate) unit_price: Decimal,
    pub(crate) cost: Decimal,
    pub(crate) amount: Decimal,
    /// For a part of a period.
    pub(crate) is_part: bool,
}

pub(crate) fn priced(row: &Row, currency: Currency) -> Result<Priced, Problem> {
    let told_quantity = row.number(QUANTITY)?;
    let (told_unit_cost, told_cost) = (row.number(UNIT_COST)?, row.number(COST)?);
    let (told_unit_price, told_amount) = (row.number(UNIT_PRICE)?, row.number(AMOUNT)?);
    let (markup, ratio) = (row.number(MARKUP)?, row.number(RATIO)?);
    let vast = || row.problem(COST, "the numbers are too large to be worked with");
    let quantity = match (told_quantity, told_cost.or(told_amount)) {
        (Some(quantity), _) => quantity,
        // An amount alone is charged once.
        (None, Some(_)) => Decimal::ONE,
        (None, None) => return Err(row.problem(QUANTITY, "missing")),
    };
    let rounded =
        |exact: Decimal| exact.round_dp_with_strategy(currency.minor_units(), RoundingStrategy::MidpointAwayFromZero);
    let part_of = |unit: Decimal| -> Option<Decimal> {
        let whole = unit.checked_mul(quantity)?;
        match ratio {
            Some(ratio) if ratio != Decimal::ONE => Some(rounded(whole.checked_mul(ratio)?)),
            _ => Some(whole.normalize()),
        }
    };
    let cost = match (told_cost, told_unit_cost) {
        (Some(cost), _) => cost,
        (None, Some(unit)) => part_of(unit).ok_or_else(vast)?,
        (None, None) => return Err(row.problem(COST, "missing")),
    };
    let unit_cost = match told_unit_cost {
        Some(unit) => unit,
        None => share(cost, quantity).unwrap_or(cost),
    };
    let whole = unit_cost.checked_mul(quantity).ok_or_else(vast)?;
    let is_whole = whole == cost || rounded(whole) == rounded(cost);
    let marked_up = |price: Decimal| -> Option<Decimal> {
        let factor = markup?.checked_add(Decimal::ONE_HUNDRED)?;
        price.checked_mul(factor)?.checked_div(Decimal::ONE_HUNDRED).map(|price| price.normalize())
    };
    let amount = match (told_amount, told_unit_price) {
        (Some(amount), _) => Some(amount),
        (None, Some(unit)) if ratio.is_some() || is_whole => part_of(unit),
        (None, Some(unit)) => unit.checked_mul(cost).and_then(|all| all.checked_div(unit_cost)).map(rounded),
        (None, None) => marked_up(cost).map(rounded),
    };
    let amount = amount.ok_or_else(|| {
        row.problem(AMOUNT, "missing, and there is no unit price and no markup to work it out from; set the reseller's price in the marketplace")
    })?;
    let unit_price = told_unit_price.or_else(|| marked_up(unit_cost)).or_else(|| {
        // As far above the cost as the whole record is.
        let by_cost = unit_cost.checked_mul(amount).and_then(|all| share(all, cost));
        by_cost.or_else(|| share(amount, quantity))
    });
    let is_part = ratio.map_or(!is_whole, |ratio| ratio != Decimal::ONE);
    Ok(Priced { quantity, unit_cost, unit_price: unit_price.unwrap_or(amount), cost, amount, is_part })
}

fn share(of: Decimal, by: Decimal) -> Option<Decimal> {
    let exact = of.checked_div(by)?;
    Some(exact.round_dp_with_strategy(DIGITS, RoundingStrategy::MidpointAwayFromZero).normalize())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The record, then quantity, unit cost, unit price, cost, amount, and whether it is for a part; or the problem.
    #[test]
    fn prices() {
        let table: &[(&str, &str)] = &[
            (
                r#"{"UnitPrice":10,"Quantity":5,"Amount":50.00,"ResellerSalesUnitPrice":"12.50","ResellerSalesPriceTotal":62.50}"#,
                "5 10 12.5 50 62.5 whole",
            ),
            (
                r#"{"UnitPrice":10,"Quantity":5,"Amount":16.13,"ResellerSalesUnitPrice":12.5,"ResellerSalesPriceTotal":20.16}"#,
                "5 10 12.5 16.13 20.16 part",
            ),
            // PRISM: unit prices are a whole period's; the amounts are as they are given.
            (
                r#"{"UnitPrice":10,"UnitPriceRrp":12.5,"Quantity":5,"BillableRatio":0.3226,"SubTotal":16.13,"SubTotalRrp":20.16}"#,
                "5 10 12.5 16.13 20.16 part",
            ),
            (
                r#"{"UnitPrice":10,"UnitPriceRrp":12.5,"Quantity":5,"BillableRatio":"1.0","SubTotal":50}"#,
                "5 10 12.5 50 62.5 whole",
            ),
            (
                r#"{"UnitPrice":10,"UnitPriceRrp":12.5,"Quantity":5,"BillableRatio":0.5,"SubTotal":25}"#,
                "5 10 12.5 25 31.25 part",
            ),
            // No ratio and no total: as much of the price as of the cost.
            (
                r#"{"UnitPrice":10,"ResellerSalesUnitPrice":12.5,"Quantity":5,"Amount":16.13}"#,
                "5 10 12.5 16.13 20.16 part",
            ),
            // A markup and nothing else.
            (
                r#"{"UnitPrice":10.01,"Quantity":3,"Amount":30.03,"ResellerMarkupProcent":"12.5"}"#,
                "3 10.01 11.26125 30.03 33.78 whole",
            ),
            (r#"{"UnitPrice":10,"Quantity":-2,"Amount":-20,"ResellerMarkupProcent":0}"#, "-2 10 10 -20 -20 whole"),
            // Usage, far below a cent.
            (
                r#"{"UnitPrice":0.0000432,"Quantity":"1234.5678","SummedAmount":0.05333333,"ResellerSalesUnitPrice":0.00005,"ResellerSalesPriceTotal":0.06172839}"#,
                "1234.5678 0.0000432 0.00005 0.05333333 0.06172839 whole",
            ),
            // The unit price is not told: as far above the cost as the whole.
            (
                r#"{"UnitPrice":10,"Quantity":5,"Amount":16.13,"ResellerSalesPriceTotal":20.1625}"#,
                "5 10 12.5 16.13 20.1625 part",
            ),
            // An adjustment is an amount alone.
            (r#"{"Amount":-7.5,"ResellerSalesPriceTotal":-9}"#, "1 -7.5 -9 -7.5 -9 whole"),
            (
                r#"{"UnitPrice":10,"Quantity":0,"Amount":0,"ResellerSalesPriceTotal":0,"ResellerSalesUnitPrice":12}"#,
                "0 10 12 0 0 whole",
            ),
            (
                r#"{"UnitPrice":10,"Quantity":5,"Amount":50}"#,
                "ResellerSalesPriceTotal: missing, and there is no unit price and no markup to work it out from; set the reseller's price in the marketplace",
            ),
            (r#"{"Quantity":5,"ResellerSalesPriceTotal":50}"#, "Amount: missing"),
            (r#"{"UnitPrice":5,"ResellerSalesUnitPrice":50}"#, "Quantity: missing"),
            (
                r#"{"UnitPrice":10,"Quantity":"five","Amount":50}"#,
                "Quantity: \"five\" is not an amount; digits with a point are expected",
            ),
            (
                r#"{"UnitPrice":79228162514264337593543950335,"Quantity":5,"Amount":50,"ResellerSalesPriceTotal":1}"#,
                "Amount: the numbers are too large to be worked with",
            ),
        ];
        for (text, expected) in table {
            assert_eq!(shown(text), *expected, "{text}");
        }
    }

    fn shown(text: &str) -> String {
        match priced(&Row::json(text).unwrap(), Currency::parse("EUR").unwrap()) {
            Err(problem) => problem.to_string(),
            Ok(p) => {
                let part = if p.is_part { "part" } else { "whole" };
                let numbers = [p.quantity, p.unit_cost, p.unit_price, p.cost, p.amount];
                let numbers = numbers.map(|number| number.normalize().to_string()).join(" ");
                format!("{numbers} {part}")
            }
        }
    }
}
