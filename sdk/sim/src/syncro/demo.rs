//! Owns a small account to begin with: six customers, eight recurring invoices, a few products, and what their people have
//! put there already. Does not own what a demonstration does with it.

use chrono::{Datelike as _, Months, NaiveDate};
use rust_decimal::Decimal;

use super::calendar::Frequency;
use super::customers::Customer;
use super::lines::Line;
use super::products::Product;
use super::schedules::Schedule;
use super::state::SyncroState;

/// What was put there, in the order of `SyncroState::customers` and `schedules`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Demo {
    pub customers: Vec<i64>,
    pub schedules: Vec<i64>,
    pub products: Vec<i64>,
}

const CUSTOMERS: [(&str, &str); 6] = [
    ("Alder & Sons", "office@alder.example"),
    ("Birch Dental", "billing@birch.example"),
    ("Cedar Logistics", "accounts@cedar.example"),
    ("Dogwood Design", "hello@dogwood.example"),
    ("Elm Street Bakery", "elm@bakery.example"),
    ("Fir Engineering", "finance@fir.example"),
];

/// Customer, name, how often, months until the next run.
const SCHEDULES: [(usize, &str, Frequency, u32); 8] = [
    (0, "Cloud monthly", Frequency::Monthly, 1),
    (0, "Cloud annual", Frequency::Annually, 4),
    (1, "Monthly services", Frequency::Monthly, 1),
    (2, "Managed services", Frequency::Monthly, 1),
    (2, "Cloud annual", Frequency::Annually, 7),
    (3, "Monthly", Frequency::Monthly, 1),
    (4, "Quarterly", Frequency::Quarterly, 2),
    (5, "Monthly", Frequency::Monthly, 1),
];

/// Fills an empty account. They run on the first of a month after `today`, the last one on the last of one;
/// Cedar's charges a card, Dogwood's is paused.
#[must_use]
pub fn demo(state: &SyncroState, today: NaiveDate) -> Demo {
    let customers: Vec<i64> = CUSTOMERS
        .iter()
        .map(|(name, email)| {
            state.add_customer(Customer { email: Some((*email).to_owned()), ..Customer::business(name) })
        })
        .collect();
    let products = vec![
        state.add_product(Product::named(
            "Managed workstation",
            "Monitoring",
            Decimal::new(45, 0),
            Decimal::new(12, 0),
        )),
        state.add_product(Product::named("Backup 100 GB", "Backup", Decimal::new(1990, 2), Decimal::new(775, 2))),
    ];
    let first = today.with_day(1).unwrap_or(today);
    let month = |count: u32| first.checked_add_months(Months::new(count)).unwrap_or(first);
    let mut schedules = Vec::new();
    for (index, (customer, name, frequency, months)) in SCHEDULES.iter().enumerate() {
        let mut next_run = month(*months);
        if index == SCHEDULES.len() - 1 {
            next_run = month(*months + 1).pred_opt().unwrap_or(next_run);
        }
        let mut schedule = Schedule::of(customers[*customer], name, *frequency, next_run);
        schedule.charge_mop = index == 3;
        schedule.paused = index == 5;
        schedules.push(state.add_schedule(schedule));
    }
    let workstation =
        Line { product: products.first().copied(), ..Line::named("Managed workstation", 12.into(), 4_500, 1_200) };
    let backup = Line { product: products.get(1).copied(), ..Line::named("Backup 100 GB", 3.into(), 1_990, 775) };
    for (schedule, line) in [(2, workstation.clone()), (3, workstation), (3, backup.clone()), (7, backup)] {
        state.add_line(schedules[schedule], line);
    }
    state.add_line(schedules[3], Line::asset_counter("Servers", &[11, 12, 13], 9_900));
    let visit = Line { one_time_charge: true, ..Line::named("Site visit", 1.into(), 12_000, 0) };
    state.add_line(schedules[6], visit);
    Demo { customers, schedules, products }
}
