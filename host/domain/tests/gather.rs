//! Usage finer than a coin through whole jobs: rounded once for a resource and a period, each line in whole coins.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod shop;

use counterfoil_domain::job::JobLine;
use counterfoil_domain::order::{BillingModel, Fee, Order, OrderType};
use rust_decimal::Decimal;
use shop::Shop;

/// A billing order of usage: a line for each resource and amount, in one period.
fn usage_job(amounts: &[(&str, Decimal)]) -> Vec<JobLine> {
    let mut order = shop::order();
    order.order_type = OrderType::Billing;
    order.number = "BO1".into();
    order.billing_model = BillingModel::AfterBillingPeriod;
    let line = |(place, (code, amount)): (usize, &(&str, Decimal))| {
        let amount = amount.to_string();
        shop::line(&place.to_string(), Fee::ResourceOveruse, Some(code), "1", &amount, &amount)
    };
    order.lines = amounts.iter().enumerate().map(line).collect();
    let order = Order { total: None, ..order };
    let mut shop = Shop::new(order);
    for code in ["a", "b"] {
        shop.links.insert(shop::link(counterfoil_domain::link::LinkKind::Item, code, code));
    }
    shop.job(None).unwrap().order.lines
}

/// Amounts of the lines (resource:amount) -> what stands on them, and whether they were put together.
const ROWS: &str = "
a:0.004 a:0.004 a:0.004                 -> 0.01 0 0          together
a:0.004                                 -> 0                 alone
a:0.009 a:0.008                         -> 0.01 0.01         together
a:0.01 a:0.02                           -> 0.01 0.02         alone
a:0.004 b:0.004                         -> 0 0               alone
a:1.2345 a:2.3456 a:0.0001              -> 1.23 2.35 0       together
a:-0.006 a:-0.006                       -> -0.01 0           together
a:0.006 a:-0.006                        -> 0.01 -0.01        alone
a:0.0005 a:0.0005                       -> 0 0               together
";

#[test]
fn usage_below_a_coin_is_rounded_once_for_a_resource_and_a_period() {
    for row in ROWS.lines().filter(|row| !row.trim().is_empty()) {
        let (given, expected) = row.split_once("->").unwrap();
        let mut expected: Vec<&str> = expected.split_whitespace().collect();
        let together = expected.pop().unwrap() == "together";
        let given: Vec<(&str, Decimal)> = given
            .split_whitespace()
            .map(|text| text.split_once(':').map(|(name, amount)| (name, amount.parse().unwrap())).unwrap())
            .collect();
        let lines = usage_job(&given);
        let amounts: Vec<Decimal> = lines.iter().map(|line| line.amount).collect();
        let wanted: Vec<Decimal> = expected.iter().map(|text| text.parse().unwrap()).collect();
        assert_eq!(amounts, wanted, "{row}");
        let gathered = lines.iter().all(|line| line.attributes.iter().any(|(name, _)| name == "gather"));
        assert_eq!(gathered, together, "{row}");
    }
}
