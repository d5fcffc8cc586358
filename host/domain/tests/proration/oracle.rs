//! The same answers by another way: fractions of whole numbers instead of decimals, days counted from the calendar's
//! own rule, and the full price less the elapsed part instead of price × days left. Shares no code with the product.

use super::row::Row;

/// A fraction in lowest terms, the denominator above zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Ratio {
    top: i128,
    bottom: i128,
}

impl Ratio {
    pub(crate) fn new(top: i128, bottom: i128) -> Self {
        let (mut a, mut b) = (top.abs(), bottom);
        while b != 0 {
            (a, b) = (b, a % b);
        }
        let common = a.max(1);
        Self { top: top / common, bottom: bottom / common }
    }

    fn parse(text: &str) -> Self {
        let (whole, rest) = text.split_once('.').unwrap_or((text, ""));
        let top: i128 = format!("{whole}{rest}").parse().unwrap();
        Self::new(top, 10i128.pow(rest.len() as u32))
    }

    fn times(self, other: Self) -> Self {
        // Reduced crosswise first, so that the products stay small.
        let left = Self::new(self.top, other.bottom);
        let right = Self::new(other.top, self.bottom);
        Self { top: left.top * right.top, bottom: left.bottom * right.bottom }
    }

    fn less(self, other: Self) -> Self {
        let common = Self::new(self.bottom, other.bottom);
        let bottom = self.bottom * common.bottom;
        Self::new(self.top * common.bottom - other.top * (bottom / other.bottom), bottom)
    }

    /// The nearer whole number; of two equally near, the one farther from zero or the even one.
    fn nearest(self, even: bool) -> i128 {
        let size = self.top.abs();
        let lower = size / self.bottom;
        let (below, above) = (size - lower * self.bottom, (lower + 1) * self.bottom - size);
        let nearest = match below.cmp(&above) {
            std::cmp::Ordering::Less => lower,
            std::cmp::Ordering::Greater => lower + 1,
            std::cmp::Ordering::Equal if even && lower % 2 == 0 => lower,
            std::cmp::Ordering::Equal => lower + 1,
        };
        nearest * self.top.signum()
    }
}

/// Days since the first of March of year zero, by the Gregorian rule.
fn day_number(date: &str) -> i128 {
    let cells: Vec<i128> = date.split('-').map(|cell| cell.parse().unwrap()).collect();
    let (mut year, mut month) = (cells[0], cells[1]);
    if month < 3 {
        year -= 1;
        month += 12;
    }
    365 * year + year / 4 - year / 100 + year / 400 + (153 * (month - 3) + 2) / 5 + cells[2]
}

fn digits(currency: &str) -> u32 {
    match currency {
        "JPY" => 0,
        "USD" | "EUR" | "AUD" => 2,
        "KWD" => 3,
        "CLF" => 4,
        other => panic!("the oracle does not know {other}"),
    }
}

fn shown(coins: i128, digits: u32) -> String {
    let sign = if coins < 0 { "-" } else { "" };
    let unit = 10i128.pow(digits);
    let (whole, rest) = (coins.abs() / unit, coins.abs() % unit);
    if digits == 0 {
        format!("{sign}{whole}")
    } else {
        format!("{sign}{whole}.{rest:0width$}", width = digits as usize)
    }
}

/// The reason, and the days of the period that are not charged.
fn decide(row: &Row) -> (&'static str, i128) {
    let start = day_number(&row.start);
    let days = day_number(&row.end) - start;
    let elapsed = day_number(&row.effective) - start;
    if row.fee == "setup" {
        return ("not-recurring", 0);
    }
    match row.source.as_str() {
        "catalogue" => return ("catalogue-price", 0),
        "person" => return ("persons-price", 0),
        _ => {}
    }
    if elapsed < 0 {
        return ("before-period", 0);
    }
    if elapsed >= days {
        return ("after-period", days);
    }
    match (elapsed, row.target.as_str(), row.method.as_str()) {
        (0, ..) => ("starts-with-period", 0),
        (_, "prorates", _) => ("target-prorates", 0),
        (_, _, "elapsed-days") => ("prorated", elapsed),
        (_, _, "day-number") => ("prorated", elapsed + 1),
        (_, _, "target-native") => ("nobody-prorates", 0),
        (_, _, "none") => ("method-none", 0),
        other => panic!("{other:?}"),
    }
}

/// In the columns' order.
pub(crate) fn expected(row: &Row) -> [String; 6] {
    let (why, free) = decide(row);
    let days = day_number(&row.end) - day_number(&row.start);
    let digits = digits(&row.currency);
    let even = row.rounding == "half-even";
    let both = |unit: &str| {
        if unit == "-" {
            return ["-".to_owned(), "-".to_owned()];
        }
        let coins = Ratio::new(10i128.pow(digits), 1);
        let full = Ratio::parse(&row.quantity).times(Ratio::parse(unit)).times(coins);
        let charged = full.less(full.times(Ratio::new(free, days))).nearest(even);
        let before = full.nearest(even) - charged;
        [shown(charged, digits), shown(before, digits)]
    };
    let [price, before] = both(&row.unit_price);
    let [cost, cost_before] = both(&row.unit_cost);
    [why.to_owned(), format!("{}/{days}", days - free), price, before, cost, cost_before]
}
