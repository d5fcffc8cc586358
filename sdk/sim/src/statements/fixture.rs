//! Owns: the small world whose every cent was worked out by hand, and the names of the demo's customers.

use chrono::NaiveDate;
use rust_decimal::Decimal;

use super::azure;
use super::catalog;
use super::life::{Ending, Extra, Meter, Step, Subscription};
use super::model::{InvoiceProfile, Organization, Parts, StatementWorld, Tenant};
use super::month::Month;
use super::motion::Motion;
use super::record::Charge;
use super::statement::Grouping;
use crate::world::Currency;

/// The customers that the other simulators' demos have too.
pub const DEMO_NAMES: [&str; 6] =
    ["Contoso Ltd", "Fabrikam Inc", "Northwind Traders", "Adventure Works", "Tailspin Toys", "Wide World Importers"];

pub(super) fn organization() -> Organization {
    Organization {
        id: 4_001,
        name: "Harbour Cloud Services".to_owned(),
        parent: None,
        account: "AC-4001".to_owned(),
        agreement: 5_001,
    }
}

pub(super) fn profile() -> InvoiceProfile {
    InvoiceProfile { id: 6_001, organization: 4_001, name: "Default".to_owned() }
}

fn tenant(id: u32, name: &str, domain: &str, markup: u32) -> Tenant {
    Tenant {
        id,
        guid: format!("0f9c2a10-0000-4000-8000-0000000{id}"),
        name: name.to_owned(),
        domain: domain.to_owned(),
        reference: String::new(),
        organization: 4_001,
        profile: 6_001,
        currency: Currency::USD,
        markup,
    }
}

fn day(month: u32, day: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, month, day).unwrap_or_default()
}

/// From a day on so many at these hundredths.
fn step(on: NaiveDate, quantity: i64, cost: i64, retail: i64) -> Step {
    Step { on, quantity, unit_cost: Decimal::new(cost, 2), unit_retail: Decimal::new(retail, 2) }
}

fn life(id: u32, tenant: u32, product: usize, motion: Motion, steps: Vec<Step>) -> Subscription {
    let guid = format!("5ab50000-0000-4000-8000-0000000{id}");
    let start = steps.first().map_or_else(|| day(1, 1), |step| step.on);
    Subscription { id, guid, tenant: Some(tenant), product, motion, start, steps, ending: None, extras: Vec::new() }
}

fn metered(id: &str, unit: Decimal, quantity: Decimal) -> Extra {
    let month = Month::of(day(2, 1));
    Extra {
        billed: month,
        charge: Charge::Usage,
        title: None,
        start: month.first(),
        end: month.last(),
        quantity,
        unit_cost: unit,
        unit_retail: azure::marked_up(unit, 20),
        meter: Some(Meter {
            id: id.to_owned(),
            name: id.to_owned(),
            category: "Storage".to_owned(),
            subcategory: "Tables".to_owned(),
            unit: "10K".to_owned(),
        }),
    }
}

impl StatementWorld {
    /// Two tenants (Contoso with 20 percent on top, Fabrikam with 25), January to March 2026, US dollars.
    ///
    /// | subscription | life |
    /// |---|---|
    /// | 30001 Contoso, Business Premium, monthly–monthly, 26.40 / 31.68 | 10 from 1 January, 12 from 15 February; in March a credit of 2 for January |
    /// | 30002 Fabrikam, Business Standard, `P1Y:M`, 12.50 / 15.63 | 5 from 17 January |
    /// | 30003 Fabrikam, Exchange, `P1Y:A`, 48.00 / 60.00 | 3 from 1 February, 4 from 1 March |
    /// | 30004 Contoso, Azure | in February 1,000.5 × 0.00012345 and 31 × 0.5 |
    /// | 30005 Contoso, Visio, monthly–monthly, 18.00 / 21.60 | 2 from 10 March, cancelled on the 13th inside the window |
    ///
    /// | month | line | cost | retail |
    /// |---|---|---|---|
    /// | January | 30001 10 × 26.40 | 264.00 | 316.80 |
    /// | | 30002 5 × 12.50 × 15/31 | 30.24 | 37.81 |
    /// | February | 30001 10 × 26.40 × 14/28 | 132.00 | 158.40 |
    /// | | 30001 12 × 26.40 × 14/28 | 158.40 | 190.08 |
    /// | | 30002 5 × 12.50 | 62.50 | 78.15 |
    /// | | 30003 3 × 48.00 | 144.00 | 180.00 |
    /// | | 30004 1,000.5 × 0.00012345 | 0.12351173 | 0.14821407 |
    /// | | 30004 31 × 0.5 | 15.5 | 18.6 |
    /// | March | 30001 12 × 26.40 | 316.80 | 380.16 |
    /// | | 30001 −2 × 26.40, for January | −52.80 | −63.36 |
    /// | | 30002 5 × 12.50 | 62.50 | 78.15 |
    /// | | 30003 1 × 48.00 × 337/365 | 44.32 | 55.40 |
    /// | | 30005 2 × 18.00 × 22/31 | 25.55 | 30.66 |
    /// | | 30005 −2 × 18.00 × 19/31 | −22.06 | −26.48 |
    ///
    /// Seat statements: 294.24, 496.90, 374.31; usage in February 15.62.
    #[must_use]
    pub fn fixture(grouping: Grouping) -> Self {
        let first = Month::of(day(1, 1));
        let mut premium = life(
            30_001,
            21_001,
            2,
            Motion::MonthlyMonthly,
            vec![step(day(1, 1), 10, 2_640, 3_168), step(day(2, 15), 12, 2_640, 3_168)],
        );
        premium.extras.push(Extra {
            billed: first.plus(2),
            charge: Charge::CustomerCredit,
            title: None,
            start: day(1, 1),
            end: day(1, 31),
            quantity: Decimal::from(-2),
            unit_cost: Decimal::new(2_640, 2),
            unit_retail: Decimal::new(3_168, 2),
            meter: None,
        });
        let standard = life(30_002, 21_002, 1, Motion::AnnualMonthly, vec![step(day(1, 17), 5, 1_250, 1_563)]);
        let exchange = life(
            30_003,
            21_002,
            3,
            Motion::AnnualUpfront,
            vec![step(day(2, 1), 3, 4_800, 6_000), step(day(3, 1), 4, 4_800, 6_000)],
        );
        let mut azure = life(30_004, 21_001, catalog::AZURE, Motion::Usage, vec![step(day(2, 1), 1, 0, 0)]);
        azure.extras = vec![
            metered("Batch Write Operations", Decimal::new(12_345, 8), Decimal::new(10_005, 1)),
            metered("Data Stored", Decimal::new(5, 1), Decimal::from(31)),
        ];
        // The lives above keep their prices, so the list does too.
        let mut products = catalog::products(first, 3, 0);
        products.iter_mut().for_each(|product| product.changes.clear());
        let mut visio = life(30_005, 21_001, 4, Motion::MonthlyMonthly, vec![step(day(3, 10), 2, 1_800, 2_160)]);
        visio.ending = Some(Ending { on: day(3, 13), in_window: true });
        Self::assemble(Parts {
            first,
            months: 3,
            grouping,
            organizations: vec![organization()],
            profiles: vec![profile()],
            tenants: vec![
                tenant(21_001, DEMO_NAMES[0], "contoso.example", 20),
                tenant(21_002, DEMO_NAMES[1], "fabrikam.example", 25),
            ],
            products,
            subscriptions: vec![premium, standard, exchange, azure, visio],
        })
    }
}
