//! Every row of the Xero scenario table as an order, and what must come of it: written from the seed's table by hand, with
//! arithmetic of its own in whole coins. Shares nothing with the card, the rules or the money of the host.

use chrono::NaiveDate;
use counterfoil_domain::connection::PriceChoice;
use counterfoil_domain::order::{BillingModel, Fee, LineKind, OrderType};
use counterfoil_domain::period::{Cycle, Period};

use crate::desk::opening;
use crate::shelf::{Draft, PRODUCTS, line};

/// Whose price the seed's table gives a line where the target's prices were chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Takes {
    Order,
    Catalogue,
    /// It bills nothing and is on no document.
    Nothing,
}
use Takes::{Catalogue, Nothing, Order};

/// A line: fee, product, quantity, unit price and amount in the order, and whose price counts.
pub(crate) type Row = (Fee, Option<usize>, &'static str, &'static str, &'static str, Takes);

#[derive(Debug, Clone)]
pub(crate) struct Case {
    /// Of the golden file.
    pub(crate) name: &'static str,
    pub(crate) number: &'static str,
    /// The table's row that the task must name.
    pub(crate) scenario: &'static str,
    pub(crate) kind: OrderType,
    pub(crate) model: BillingModel,
    pub(crate) cycle: Cycle,
    /// First day, and the day after the last.
    pub(crate) period: Option<((u32, u32), (u32, u32))>,
    pub(crate) lines: &'static [Row],
}

/// What items cost in Xero that stand for fees of the plan.
pub(crate) const FEE_ITEMS: [(Fee, &str); 3] =
    [(Fee::PlanSetup, "77.00"), (Fee::PlanRecurring, "55.50"), (Fee::CancellationFee, "33.00")];

const SEAT: Option<usize> = Some(0);
const GB: Option<usize> = Some(1);
const AZURE: Option<usize> = Some(2);
const PLAN: Option<usize> = None;

const NEW_SALE: &[Row] = &[
    (Fee::PlanSetup, PLAN, "1", "99.00", "99.00", Catalogue),
    (Fee::ResourceSetup, SEAT, "5", "12.50", "62.50", Catalogue),
    // 19 of 31 days, as the marketplace prorated it.
    (Fee::PlanRecurring, PLAN, "1", "20.00", "12.26", Catalogue),
    (Fee::ResourceRecurring, SEAT, "5", "22.00", "67.42", Catalogue),
    (Fee::ResourceSetup, SEAT, "5", "0.00", "0.00", Nothing),
];
const ALIGNED: &[Row] = &[
    (Fee::PlanSetup, PLAN, "1", "99.00", "99.00", Catalogue),
    (Fee::ResourceSetup, SEAT, "3", "12.50", "37.50", Catalogue),
    (Fee::PlanRecurring, PLAN, "1", "20.00", "7.10", Order),
    (Fee::ResourceRecurring, SEAT, "3", "22.00", "23.43", Order),
];
const UPGRADE: &[Row] = &[
    (Fee::ResourceSetup, SEAT, "3", "12.50", "37.50", Catalogue),
    (Fee::ResourceRecurring, SEAT, "3", "22.00", "40.45", Catalogue),
];
const DOWNGRADE: &[Row] = &[(Fee::ResourceDowngrade, SEAT, "-2", "22.00", "-26.97", Order)];
const EXISTING: &[Row] = &[
    (Fee::PlanRecurring, PLAN, "1", "20.00", "20.00", Catalogue),
    (Fee::ResourceRecurring, SEAT, "7", "22.00", "154.00", Catalogue),
    (Fee::ResourceOveruse, SEAT, "2.5", "3.1415", "7.85", Catalogue),
    (Fee::ResourceRecurringRefund, SEAT, "-1", "22.00", "-22.00", Catalogue),
    // Pay-per-use: usage, whatever stands beside it.
    (Fee::ResourceOveruse, GB, "1234.5678", "0.0231", "28.52", Order),
];
const PARTIAL: &[Row] = &[
    (Fee::PlanRecurring, PLAN, "1", "20.00", "13.57", Order),
    (Fee::ResourceRecurring, SEAT, "7", "22.00", "104.50", Order),
    (Fee::ResourceRecurringRefund, SEAT, "-1", "22.00", "-14.93", Order),
    (Fee::ResourceOveruse, SEAT, "2", "3.00", "6.00", Catalogue),
];
const CANCELLATION: &[Row] = &[
    (Fee::CancellationFee, PLAN, "1", "75.00", "75.00", Order),
    (Fee::ResourceOveruse, SEAT, "4", "3.085", "12.34", Order),
    (Fee::ResourceRecurringRefund, SEAT, "-4", "22.00", "-53.94", Order),
    (Fee::ResourceSetupRefund, SEAT, "-1", "15.00", "-15.00", Order),
    (Fee::PlanRecurringRefund, PLAN, "-1", "20.00", "-12.26", Order),
    (Fee::PlanSetupRefund, PLAN, "-1", "99.00", "-99.00", Order),
];
const METERED: &[Row] = &[
    (Fee::ResourceOveruse, GB, "980.25", "0.0231", "22.64", Order),
    (Fee::ResourceRecurring, GB, "1", "4.99", "4.99", Order),
];
const RATED: &[Row] = &[
    (Fee::ResourceOveruse, AZURE, "1", "1843.07", "1843.07", Order),
    (Fee::ResourceRecurring, AZURE, "1", "19.99", "19.99", Order),
];

/// All of the table, with its two circumstances.
pub(crate) fn cases() -> Vec<Case> {
    let before = BillingModel::BeforeBillingPeriod;
    let after = BillingModel::AfterBillingPeriod;
    let month = Cycle::Months(1);
    let rest = Some(((3, 13), (4, 1)));
    let february = Some(((2, 1), (3, 1)));
    let case = |name, number, scenario, (kind, model, cycle), period, lines| Case {
        name,
        number,
        scenario,
        kind,
        model,
        cycle,
        period,
        lines,
    };
    let existing = "existing subscription";
    let change = "upgrade or downgrade";
    vec![
        case("new-sale", "SO000101", "new sale", (OrderType::Sales, before, month), rest, NEW_SALE),
        case(
            "new-sale-on-statement-day",
            "SO000102",
            "new sale",
            (OrderType::Sales, before, Cycle::StatementDay),
            Some(((3, 13), (3, 24))),
            ALIGNED,
        ),
        case("upgrade", "CH000103", change, (OrderType::Change, before, month), rest, UPGRADE),
        case("downgrade", "CH000104", change, (OrderType::Change, before, month), rest, DOWNGRADE),
        case("existing-subscription", "BO000105", existing, (OrderType::Billing, after, month), february, EXISTING),
        case(
            "existing-subscription-part-of-a-month",
            "BO000106",
            existing,
            (OrderType::Billing, after, month),
            Some(((2, 10), (3, 1))),
            PARTIAL,
        ),
        case("cancellation", "CL000107", "cancellation", (OrderType::Cancellation, before, month), rest, CANCELLATION),
        case("usage-metered", "BO000108", "resource usage", (OrderType::Billing, after, month), february, METERED),
        case(
            "usage-external-rating",
            "BO000109",
            "resource usage",
            (OrderType::Billing, BillingModel::ExternalRating, month),
            february,
            RATED,
        ),
    ]
}

impl Case {
    pub(crate) fn draft(&self) -> Draft {
        let day = |(month, day)| NaiveDate::from_ymd_opt(2026, month, day).unwrap();
        let mut lines: Vec<_> = self
            .lines
            .iter()
            .map(|(fee, of, quantity, unit, comes_to, _)| line(*fee, *of, quantity, unit, comes_to))
            .collect();
        if self.name == "new-sale" {
            let mut payment = line(Fee::PlanSetup, None, "1", "-50.00", "-50.00");
            (payment.kind, payment.description) = (LineKind::NotBillable("payment".to_owned()), "Paid by card".into());
            lines.push(payment);
        }
        Draft {
            number: self.number.to_owned(),
            kind: self.kind,
            model: self.model,
            customer: 0,
            at: opening() - chrono::Duration::minutes(5),
            cycle: self.cycle,
            period: self.period.map(|(from, to)| Period::new(day(from), day(to)).unwrap()),
            lines,
        }
    }

    /// The two documents that must come of it, in coins: charges and refunds. None: no such document.
    pub(crate) fn expected(&self, choice: PriceChoice) -> [Option<Sums>; 2] {
        let coins: Vec<i128> = self.lines.iter().filter_map(|row| coins(row, choice)).collect();
        let of = |sign: i128| {
            let mut lines: Vec<i128> = coins.iter().map(|coins| coins * sign).filter(|coins| *coins > 0).collect();
            lines.sort_unstable();
            (!lines.is_empty()).then(|| Sums {
                net: lines.iter().sum(),
                // Line by line, 15 %, halves up; then added.
                tax: lines.iter().map(|coins| (coins * 15 + 50) / 100).sum(),
                lines,
            })
        };
        [of(1), of(-1)]
    }
}

/// What a document must come to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Sums {
    /// Smallest first.
    pub(crate) lines: Vec<i128>,
    pub(crate) net: i128,
    pub(crate) tax: i128,
}

fn coins((fee, of, quantity, _, comes_to, takes): &Row, choice: PriceChoice) -> Option<i128> {
    let by_order = (*takes == Order || choice == PriceChoice::Marketplace).then(|| scaled(comes_to, 2));
    match (takes, by_order) {
        (Nothing, _) => None,
        (_, Some(coins)) => Some(coins),
        (_, None) => {
            let price = match of {
                Some(of) => PRODUCTS[*of].2,
                None => FEE_ITEMS.iter().find(|(of, _)| of == fee).unwrap().1,
            };
            // Eight places down to two, halves away from zero.
            let exact = scaled(quantity, 4) * scaled(price, 4);
            Some(exact.signum() * ((exact.abs() + 500_000) / 1_000_000))
        }
    }
}

/// "12.5" at four places is 125,000.
fn scaled(text: &str, places: usize) -> i128 {
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    assert!(part.len() <= places, "{text}");
    format!("{whole}{part:0<places$}").parse().unwrap()
}
