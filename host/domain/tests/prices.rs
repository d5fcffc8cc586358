//! Prices and partial periods at their edges: signs under the catalogue's price, months of unequal length.

use counterfoil_domain::id::LineId;
use counterfoil_domain::money::{Currency, Rounding};
use counterfoil_domain::order::{Fee, LineKind, OrderLine};
use counterfoil_domain::period::{Cycle, Period};
use counterfoil_domain::pricing::{from_catalogue, is_partial};
use rust_decimal::Decimal;

/// quantity, amount in the order, catalogue price -> unit price, amount
const SIGNS: &str = "
 5   40  10 ->  10   50
-5  -40  10 ->  10  -50
 5  -40  10 -> -10  -50
-5   40  10 -> -10   50
 5  -40   0 ->   0    0
";

#[test]
fn quantity_times_the_catalogue_price_is_the_amount_whatever_the_order_refunds() {
    for row in SIGNS.lines().filter(|row| !row.is_empty()) {
        let (given, expected) = row.split_once("->").unwrap();
        let numbers = |text: &str| text.split_whitespace().map(|n| n.parse::<Decimal>().unwrap()).collect::<Vec<_>>();
        let (given, expected) = (numbers(given), numbers(expected));
        let line = OrderLine {
            id: LineId::new("1"),
            kind: LineKind::Fee(Fee::ResourceRecurringRefund),
            product: None,
            description: "seat".into(),
            quantity: given[0],
            unit_price: given[1],
            unit_cost: None,
            amount: given[1],
            service_period: None,
            cycle: None,
        };
        let usd = Currency::parse("USD").unwrap();
        let priced = from_catalogue(&line, Some(given[2]), usd, Rounding::default()).unwrap();
        assert_eq!(vec![priced.unit_price, priced.amount], expected, "{row}");
        assert_eq!(priced.unit_price * line.quantity, priced.amount, "{row}");
    }
}

/// start, end (the first day after), months of the cycle -> partial?
const PERIODS: &str = "
2026-11-01 2026-12-01 1  -> false
2026-01-31 2026-02-28 1  -> false
2026-02-28 2026-03-31 1  -> false
2026-02-28 2026-03-30 1  -> false
2026-04-30 2026-05-31 1  -> false
2027-02-28 2028-02-29 12 -> false
2026-11-10 2026-12-01 1  -> true
2026-11-01 2026-12-02 1  -> true
2026-02-10 2026-03-31 1  -> true
2026-01-31 2026-02-27 1  -> true
";

#[test]
fn a_whole_period_of_a_month_that_is_too_short_is_whole() {
    for row in PERIODS.lines().filter(|row| !row.is_empty()) {
        let (given, expected) = row.split_once("->").unwrap();
        let cells: Vec<&str> = given.split_whitespace().collect();
        let period = Period::new(cells[0].parse().unwrap(), cells[1].parse().unwrap()).unwrap();
        let cycle = Cycle::Months(cells[2].parse().unwrap());
        assert_eq!(is_partial(Some(period), Some(cycle)).to_string(), expected.trim(), "{row}");
    }
}
