//! Every row of the ConnectWise scenario table as an order, and what ConnectWise must charge for it in the two months that
//! it concerns: written from the seeds and the reference by hand, with arithmetic of its own in whole coins. Shares nothing
//! with the card, the rules or the money of the host.

use counterfoil_domain::connection::PriceChoice;
use counterfoil_domain::order::{BillingModel, Fee, OrderType};

use crate::shelf::{Draft, costing, day, line, morning};

/// Code, name, price and cost in ConnectWise, pay-per-use.
pub(crate) const PRODUCTS: [(&str, &str, &str, &str, bool); 3] = [
    ("SEAT-STD", "Business seats", "31.40", "19.00", false),
    ("EGRESS-GB", "Outgoing traffic, per GB", "0.09", "0.05", true),
    ("AZURE-PLAN", "Azure plan", "1.00", "0.80", true),
];

/// What products cost in ConnectWise that stand for fees of the plan.
pub(crate) const FEE_ITEMS: [(Fee, &str); 4] = [
    (Fee::PlanSetup, "77.00"),
    (Fee::PlanRecurring, "55.50"),
    (Fee::PlanRecurringRefund, "55.50"),
    (Fee::CancellationFee, "33.00"),
];

/// Somebody agreed on it with the customer, in ConnectWise: what its addition of seats costs from then on.
pub(crate) const AGREED: &str = "30.00";

/// What becomes of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Takes {
    /// Charged once, at the order's amount whatever was chosen.
    Order,
    /// Charged once; the item's price where ConnectWise's prices were chosen.
    Catalogue,
    /// It goes on, and what is left of the month is charged now. The item's price where ConnectWise's were chosen.
    GoesOn,
    /// As many more of what goes on already, at the price that it has there.
    More,
    /// As many fewer, given back at the order's amount whatever was chosen.
    Fewer,
    /// Given back at the order's amount, for what ends.
    Back,
}
use Takes::{Back, Catalogue, Fewer, GoesOn, More, Order};

/// A line: fee, product, quantity, unit price, unit cost, and its amount where it is not the rest of a month.
pub(crate) type Row =
    (Fee, Option<usize>, &'static str, &'static str, Option<&'static str>, Option<&'static str>, Takes);

#[derive(Debug, Clone)]
pub(crate) struct Case {
    /// Of the golden file.
    pub(crate) name: String,
    prefix: &'static str,
    /// The table's row that the task must name.
    pub(crate) scenario: &'static str,
    pub(crate) kind: OrderType,
    pub(crate) model: BillingModel,
    /// The day of November 2026 on which it counts.
    pub(crate) on: u32,
    /// It is about a subscription that was sold on the first of October.
    pub(crate) follows: bool,
    /// Days of October that it bills, where it bills what was.
    pub(crate) bills: Option<(u32, u32)>,
    pub(crate) lines: &'static [Row],
}

const SEAT: Option<usize> = Some(0);
const GB: Option<usize> = Some(1);
const AZURE: Option<usize> = Some(2);
const PLAN: Option<usize> = None;

/// What the subscription had before: a plan and ten seats.
pub(crate) const SOLD: &[Row] = &[
    (Fee::PlanRecurring, PLAN, "1", "19.99", Some("15.01"), None, GoesOn),
    (Fee::ResourceRecurring, SEAT, "10", "22.00", Some("18.00"), None, GoesOn),
];
const NEW_SALE: &[Row] = &[
    (Fee::PlanSetup, PLAN, "1", "99.00", None, Some("99.00"), Catalogue),
    (Fee::ResourceSetup, SEAT, "5", "12.50", Some("4.00"), Some("62.50"), Catalogue),
    (Fee::PlanRecurring, PLAN, "1", "19.99", Some("15.01"), None, GoesOn),
    (Fee::ResourceRecurring, SEAT, "5", "22.00", Some("18.00"), None, GoesOn),
];
const UPGRADE: &[Row] = &[
    (Fee::ResourceSetup, SEAT, "3", "12.50", Some("4.00"), Some("37.50"), Catalogue),
    (Fee::ResourceRecurring, SEAT, "3", "22.00", Some("18.00"), None, More),
];
const DOWNGRADE: &[Row] = &[(Fee::ResourceDowngrade, SEAT, "-2", "22.00", Some("18.00"), None, Fewer)];
const CANCELLATION: &[Row] = &[
    (Fee::CancellationFee, PLAN, "1", "75.00", None, Some("75.00"), Order),
    (Fee::ResourceOveruse, SEAT, "4", "3.085", None, Some("12.34"), Order),
    (Fee::ResourceRecurringRefund, SEAT, "-10", "22.00", Some("18.00"), None, Back),
    (Fee::PlanRecurringRefund, PLAN, "-1", "19.99", Some("15.01"), None, Back),
];
const MORE_OF_THE_PLAN: &[Row] = &[
    (Fee::PlanSetup, PLAN, "1", "99.00", None, Some("99.00"), Catalogue),
    (Fee::PlanRecurring, PLAN, "1", "19.99", Some("15.01"), None, More),
    (Fee::ResourceRecurring, SEAT, "4", "22.00", Some("18.00"), None, More),
    (Fee::ResourceDowngrade, SEAT, "-1", "22.00", Some("18.00"), None, Fewer),
];
/// Its last days are charged by the order that ends it.
const LAST_DAYS: &[Row] = &[
    (Fee::CancellationFee, PLAN, "1", "75.00", None, Some("75.00"), Order),
    (Fee::PlanRecurring, PLAN, "1", "19.99", Some("15.01"), Some("3.33"), Order),
    (Fee::ResourceRecurring, SEAT, "2", "22.00", Some("18.00"), Some("7.33"), Order),
];
const EXISTING: &[Row] = &[
    (Fee::PlanRecurring, PLAN, "1", "20.00", Some("15.00"), Some("20.00"), Catalogue),
    (Fee::ResourceRecurring, SEAT, "7", "22.00", Some("18.00"), Some("154.00"), Catalogue),
    (Fee::ResourceOveruse, SEAT, "2.5", "3.1415", Some("2.00"), Some("7.85"), Catalogue),
];
/// As a statement gives back in the order that it charges in.
const CREDITED: &[Row] = &[
    (Fee::ResourceRecurring, SEAT, "7", "22.00", Some("18.00"), Some("154.00"), Catalogue),
    (Fee::ResourceRecurringRefund, SEAT, "-2", "22.00", Some("18.00"), Some("-44.00"), Order),
];
/// 22 of 31 days, as the marketplace prorated it.
const PARTIAL: &[Row] = &[
    (Fee::PlanRecurring, PLAN, "1", "20.00", Some("15.00"), Some("14.19"), Order),
    (Fee::ResourceRecurring, SEAT, "7", "22.00", Some("18.00"), Some("109.29"), Order),
    (Fee::ResourceOveruse, SEAT, "2", "3.00", None, Some("6.00"), Catalogue),
];
const METERED: &[Row] = &[
    (Fee::ResourceOveruse, GB, "980.25", "0.0231", Some("0.0125"), Some("22.64"), Order),
    (Fee::ResourceRecurring, GB, "1", "4.99", None, Some("4.99"), Order),
];
const RATED: &[Row] = &[
    (Fee::ResourceOveruse, AZURE, "1", "1843.07", Some("1601.50"), Some("1843.07"), Order),
    (Fee::PlanRecurring, PLAN, "1", "19.99", None, Some("19.99"), Order),
];

/// All of the table: what is prorated on the first, in the middle and on the last day of a month.
pub(crate) fn cases() -> Vec<Case> {
    let before = BillingModel::BeforeBillingPeriod;
    let after = BillingModel::AfterBillingPeriod;
    let mut all = Vec::new();
    for on in [1, 16, 30] {
        let dated = |name: &str, prefix, scenario, kind, lines| Case {
            name: format!("{name}-on-{on:02}"),
            prefix,
            scenario,
            kind,
            model: before,
            on,
            follows: kind != OrderType::Sales,
            bills: None,
            lines,
        };
        let change = "upgrade or downgrade";
        all.push(dated("new-sale", "SO", "new sale", OrderType::Sales, NEW_SALE));
        all.push(dated("upgrade", "CU", change, OrderType::Change, UPGRADE));
        all.push(dated("downgrade", "CD", change, OrderType::Change, DOWNGRADE));
        all.push(dated("cancellation", "CL", "cancellation", OrderType::Cancellation, CANCELLATION));
    }
    for (name, prefix, scenario, kind, lines) in [
        ("upgrade-and-downgrade-at-once", "CB", "upgrade or downgrade", OrderType::Change, MORE_OF_THE_PLAN),
        ("cancellation-with-last-days", "CM", "cancellation", OrderType::Cancellation, LAST_DAYS),
    ] {
        let name = name.to_owned();
        all.push(Case { name, prefix, scenario, kind, model: before, on: 16, follows: true, bills: None, lines });
    }
    for (name, prefix, scenario, model, from, lines) in [
        ("existing-subscription", "BE", "existing subscription", after, 1, EXISTING),
        ("existing-subscription-with-a-credit", "BC", "existing subscription", after, 1, CREDITED),
        ("existing-subscription-part-of-a-month", "BP", "existing subscription", after, 10, PARTIAL),
        ("usage-metered", "BM", "resource usage", after, 1, METERED),
        ("usage-external-rating", "BR", "resource usage", BillingModel::ExternalRating, 1, RATED),
    ] {
        all.push(Case {
            name: name.to_owned(),
            prefix,
            scenario,
            kind: OrderType::Billing,
            model,
            on: 1,
            follows: false,
            bills: Some((from, 1)),
            lines,
        });
    }
    all
}

/// The agreement that it goes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Onto {
    pub(crate) prorates: bool,
    /// What the order's days are in was invoiced before it came.
    pub(crate) invoiced: bool,
}

impl Onto {
    pub(crate) fn words(self) -> &'static str {
        match (self.prorates, self.invoiced) {
            (false, false) => "an agreement that does not prorate",
            (true, false) => "an agreement that prorates",
            (false, true) => "an agreement that does not prorate, its period invoiced already",
            (true, true) => "an agreement that prorates, its period invoiced already",
        }
    }
}

impl Case {
    /// Nothing can be late where it begins with the period that is invoiced next.
    pub(crate) fn onto(&self) -> Vec<Onto> {
        let of = |prorates, invoiced| Onto { prorates, invoiced };
        let mut all = vec![of(false, false), of(true, false)];
        if self.on == 16 || self.bills.is_some() {
            all.extend([of(false, true), of(true, true)]);
        }
        all
    }

    /// Unique on a desk.
    pub(crate) fn number(&self, onto: Onto) -> String {
        let place = u32::from(onto.prorates) + 2 * u32::from(onto.invoiced);
        format!("{}00{:02}{place}", self.prefix, self.on)
    }

    /// The month in which its money belongs, and the next one.
    pub(crate) fn months(&self) -> [&'static str; 2] {
        if self.bills.is_some() { ["2026-10-01", "2026-11-01"] } else { ["2026-11-01", "2026-12-01"] }
    }

    fn left(&self) -> i128 {
        31 - i128::from(self.on)
    }

    pub(crate) fn draft(&self, number: &str, subscription: &str) -> Draft {
        let on = day(&format!("2026-11-{:02}", self.on));
        let lines = self.lines.iter().map(|row| {
            let (fee, of, quantity, unit, cost, comes_to, _) = *row;
            let comes_to = comes_to.map_or_else(|| shown(self.rest(row)), str::to_owned);
            let line = line(fee, of.map(|of| (PRODUCTS[of].0, PRODUCTS[of].1)), quantity, unit, &comes_to);
            cost.map_or_else(|| line.clone(), |cost| costing(line.clone(), cost))
        });
        let mut draft = Draft::new(number, self.kind, subscription, on, lines.collect());
        draft.model = self.model;
        draft.period = Some(match self.bills {
            Some((from, _)) => crate::shelf::period(&format!("2026-10-{from:02}"), "2026-11-01"),
            None => crate::shelf::period(&on.to_string(), "2026-12-01"),
        });
        assert!(morning(on) < morning(day("2026-12-01")));
        draft
    }

    /// What is left of November of a line that recurs, at the order's price.
    fn rest(&self, (_, _, quantity, unit, ..): &Row) -> i128 {
        halves_up(scaled(quantity) * scaled(unit) * self.left(), 30 * 1_000_000)
    }

    /// In coins: what ConnectWise must charge in the case's two months.
    pub(crate) fn expected(&self, choice: PriceChoice, onto: Onto) -> [i128; 2] {
        let target = choice == PriceChoice::Target;
        let mut goes_on: i128 = if self.follows { SOLD.iter().map(|row| whole(row, target, true)).sum() } else { 0 };
        let first = goes_on;
        let mut now = 0;
        for row in self.lines {
            let (.., comes_to, takes) = row;
            let ordered = comes_to.map_or_else(|| self.rest(row), |comes_to| halves_up(scaled(comes_to), 100));
            let at_catalogue = whole(row, true, false);
            match takes {
                Order => now += ordered,
                Catalogue => now += if target { at_catalogue } else { ordered },
                // Only the marketplace's prices are prorated.
                GoesOn => {
                    now += if target { at_catalogue } else { ordered };
                    goes_on += whole(row, target, false);
                }
                More => {
                    now += if target { whole(row, true, true) } else { ordered };
                    goes_on += whole(row, target, true);
                }
                Fewer => {
                    now += ordered;
                    goes_on += whole(row, target, true);
                }
                Back => now += ordered,
            }
        }
        if self.kind == OrderType::Cancellation {
            goes_on = 0;
        }
        if onto.invoiced { [first, goes_on + now] } else { [first + now, goes_on] }
    }
}

/// A whole month of a row: at the order's price, at the item's, or at what its addition costs by then.
fn whole((fee, of, quantity, unit, ..): &Row, target: bool, stands: bool) -> i128 {
    let price = match (target, of) {
        (false, _) => *unit,
        (true, Some(0)) if stands => AGREED,
        (true, Some(of)) => PRODUCTS[*of].2,
        (true, None) => FEE_ITEMS.iter().find(|(of, _)| of == fee).unwrap().1,
    };
    halves_up(scaled(quantity) * scaled(price), 1_000_000)
}

/// Away from zero.
fn halves_up(value: i128, by: i128) -> i128 {
    value.signum() * ((value.abs() * 2 + by) / (by * 2))
}

pub(crate) fn shown(coins: i128) -> String {
    let sign = if coins < 0 { "-" } else { "" };
    format!("{sign}{}.{:02}", coins.abs() / 100, coins.abs() % 100)
}

/// At four places: "12.5" is 125,000.
fn scaled(text: &str) -> i128 {
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    assert!(part.len() <= 4, "{text}");
    format!("{whole}{part:0<4}").parse().unwrap()
}
