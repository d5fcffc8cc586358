//! One row of a golden table: the inputs as text, and how the product and a reader get at them.

use chrono::NaiveDate;
use counterfoil_domain::job::PriceSource;
use counterfoil_domain::money::{Currency, Rounding};
use counterfoil_domain::period::Period;
use counterfoil_domain::proration::{Method, Terms, WholePeriod, prorate};

/// Inputs, in the columns' order.
pub(crate) const GIVEN: [&str; 12] = [
    "method",
    "price",
    "fee",
    "target",
    "rounding",
    "currency",
    "quantity",
    "unit price",
    "unit cost",
    "start",
    "end",
    "effective",
];
/// What comes out of them.
pub(crate) const EXPECTED: [&str; 6] = ["why", "share", "charged", "before", "cost", "cost before"];

#[derive(Debug, Clone)]
pub(crate) struct Row {
    pub(crate) method: String,
    pub(crate) source: String,
    pub(crate) fee: String,
    pub(crate) target: String,
    pub(crate) rounding: String,
    pub(crate) currency: String,
    pub(crate) quantity: String,
    pub(crate) unit_price: String,
    /// "-" where there is none.
    pub(crate) unit_cost: String,
    pub(crate) start: String,
    pub(crate) end: String,
    pub(crate) effective: String,
}

impl Default for Row {
    /// The example of the design page.
    fn default() -> Self {
        Self::from_cells([
            "elapsed-days",
            "order",
            "recurring",
            "charges",
            "half-up",
            "USD",
            "18",
            "33.00",
            "27.50",
            "2026-11-01",
            "2026-12-01",
            "2026-11-12",
        ])
    }
}

impl Row {
    pub(crate) fn from_cells(cells: [&str; 12]) -> Self {
        let [method, source, fee, target, rounding, currency, quantity, unit_price, unit_cost, start, end, effective] =
            cells.map(str::to_owned);
        Self { method, source, fee, target, rounding, currency, quantity, unit_price, unit_cost, start, end, effective }
    }

    pub(crate) fn cells(&self) -> [&str; 12] {
        [
            &self.method,
            &self.source,
            &self.fee,
            &self.target,
            &self.rounding,
            &self.currency,
            &self.quantity,
            &self.unit_price,
            &self.unit_cost,
            &self.start,
            &self.end,
            &self.effective,
        ]
        .map(String::as_str)
    }

    pub(crate) fn terms(&self) -> Terms {
        let day = |text: &str| text.parse::<NaiveDate>().unwrap();
        Terms {
            method: Method::parse(&self.method).unwrap(),
            billing_period: Period::new(day(&self.start), day(&self.end)).unwrap(),
            effective_on: day(&self.effective),
            currency: Currency::parse(&self.currency).unwrap(),
            rounding: match self.rounding.as_str() {
                "half-up" => Rounding::HalfAwayFromZero,
                "half-even" => Rounding::HalfEven,
                other => panic!("{other}"),
            },
            source: PriceSource::parse(&self.source).unwrap(),
            target_prorates: match self.target.as_str() {
                "prorates" => true,
                "charges" => false,
                other => panic!("{other}"),
            },
            recurs: match self.fee.as_str() {
                "recurring" => true,
                "setup" => false,
                other => panic!("{other}"),
            },
        }
    }

    pub(crate) fn whole(&self) -> WholePeriod {
        let cost = (self.unit_cost != "-").then(|| self.unit_cost.parse().unwrap());
        WholePeriod::new(self.quantity.parse().unwrap(), self.unit_price.parse().unwrap(), cost)
    }

    /// What the product makes of it, in the columns' order.
    pub(crate) fn product(&self) -> [String; 6] {
        let prorated = prorate(self.whole(), &self.terms()).unwrap();
        let price = prorated.price.amount.plain();
        let before = prorated.price.before().unwrap().plain();
        let cost = prorated.cost.as_ref();
        let none = || "-".to_owned();
        [
            prorated.why.name().to_owned(),
            format!("{}/{}", prorated.share.left, prorated.share.days),
            price,
            before,
            cost.map_or_else(none, |cost| cost.amount.plain()),
            cost.map_or_else(none, |cost| cost.before().unwrap().plain()),
        ]
    }
}
