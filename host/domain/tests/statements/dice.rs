//! Statements by chance, the same for the same seed: a year of customers who grow, shrink, leave and come back, are billed in
//! parts of months, and statements that are issued again.

use counterfoil_domain::money::Currency;
use counterfoil_domain::motion::Motion;
use counterfoil_domain::order::ProductRef;
use counterfoil_domain::period::Period;
use counterfoil_domain::statement::{Charge, Record, Statement};
use rust_decimal::{Decimal, RoundingStrategy};

use super::table::{head, month};

/// A small generator of our own: a seed that fails can be written into a test.
#[derive(Debug)]
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ 0xD1B5_4A32_D192_ED03)
    }

    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % bound
    }

    pub(crate) fn one_in(&mut self, of: u64) -> bool {
        self.below(of) == 0
    }
}

pub(crate) fn months() -> impl Iterator<Item = Period> {
    (1..=12).map(|number| month(&format!("2026-{number:02}")))
}

pub(crate) fn cents(amount: Decimal) -> Decimal {
    amount.round_dp_with_strategy(2, RoundingStrategy::MidpointAwayFromZero)
}

/// What a customer has.
#[derive(Debug, Clone)]
struct Seat {
    customer: String,
    subscription: String,
    product: String,
    motion: Motion,
    price: Decimal,
    quantity: u64,
}

#[derive(Debug)]
pub(crate) struct Town {
    pub(crate) dice: Dice,
    seats: Vec<Seat>,
    made: u64,
}

impl Town {
    pub(crate) fn new(seed: u64) -> Self {
        let mut town = Self { dice: Dice::new(seed), seats: Vec::new(), made: 0 };
        for _ in 0..8 {
            town.settle();
        }
        town
    }

    fn settle(&mut self) {
        self.made += 1;
        let motions = [Motion::MonthlyMonthly, Motion::MonthlyMonthly, Motion::AnnualMonthly, Motion::AnnualUpfront];
        let motion = motions[usize::try_from(self.dice.below(4)).unwrap()];
        // One in four has a price finer than a coin.
        let scale = if self.dice.one_in(4) { 4 } else { 2 };
        self.seats.push(Seat {
            customer: format!("c{}", self.dice.below(3)),
            subscription: format!("s{}", self.made),
            product: format!("P{}", self.dice.below(4)),
            motion,
            price: Decimal::new(i64::try_from(100 + self.dice.below(90_000)).unwrap(), scale),
            quantity: 1 + self.dice.below(20),
        });
    }

    /// A month goes by.
    pub(crate) fn statement(&mut self, id: &str, period: Period) -> Statement {
        let mut records = Vec::new();
        let mut seats = std::mem::take(&mut self.seats);
        for seat in &mut seats {
            self.month_of(seat, period, &mut records);
        }
        seats.retain(|_| !self.dice.one_in(9));
        self.seats = seats;
        while self.dice.one_in(2) {
            self.settle();
        }
        for number in 0..self.dice.below(6) {
            let amount = Decimal::new(i64::try_from(self.dice.below(500_000)).unwrap(), 5);
            let seat = Seat {
                customer: format!("c{}", self.dice.below(3)),
                subscription: "az".into(),
                product: format!("AZ{}", number % 3),
                motion: Motion::Usage,
                price: amount,
                quantity: 1,
            };
            records.push(record(&seat, Charge::Usage, 1, amount, None));
        }
        Statement { head: head(id, "seat", period, "USD"), records, unreadable: vec![] }
    }

    fn month_of(&mut self, seat: &mut Seat, period: Period, records: &mut Vec<Record>) {
        let whole = |quantity: u64| seat.price * Decimal::from(quantity);
        let days = Decimal::from(period.days());
        match self.dice.below(8) {
            // The quantity changes on the way.
            0 => {
                let first = 1 + self.dice.below(26);
                let turn = period.start() + chrono::Days::new(first);
                let after = 1 + self.dice.below(25);
                let share = |quantity: u64, part: u64| cents(whole(quantity) * Decimal::from(part) / days);
                let rest = u64::try_from(period.days()).unwrap() - first;
                let (before, then) = (Period::new(period.start(), turn), Period::new(turn, period.end()));
                records.push(record(seat, Charge::Recurring, seat.quantity, share(seat.quantity, first), before.ok()));
                records.push(record(seat, Charge::Recurring, after, share(after, rest), then.ok()));
                seat.quantity = after;
            }
            // The whole month, and a part of one beside it.
            1 => {
                records.push(record(seat, Charge::Recurring, seat.quantity, cents(whole(seat.quantity)), Some(period)));
                let part = cents(whole(1) / Decimal::TWO);
                records.push(record(seat, Charge::Proration, seat.quantity + 1, part, Some(period)));
                seat.quantity += 1;
            }
            // Something is given back.
            2 => {
                records.push(record(seat, Charge::Recurring, seat.quantity, cents(whole(seat.quantity)), None));
                records.push(record(seat, Charge::Credit, 1, -cents(seat.price), None));
            }
            // A month for nothing.
            3 if self.dice.one_in(2) => {
                records.push(record(seat, Charge::Recurring, seat.quantity, Decimal::ZERO, None));
            }
            // Only something that is paid once.
            4 if self.dice.one_in(3) => records.push(record(seat, Charge::OneTime, 1, cents(seat.price), None)),
            _ => records.push(record(seat, Charge::Recurring, seat.quantity, whole(seat.quantity), None)),
        }
    }

    /// The same statement, with something else in it.
    pub(crate) fn changed(&mut self, of: &Statement, id: &str) -> Statement {
        let mut statement = of.clone();
        statement.head.id = id.into();
        for _ in 0..=self.dice.below(2) {
            let count = statement.records.len();
            if count == 0 {
                break;
            }
            let place = usize::try_from(self.dice.below(count as u64)).unwrap();
            match self.dice.below(4) {
                0 => _ = statement.records.remove(place),
                1 => {
                    let record = &mut statement.records[place];
                    record.quantity += Decimal::ONE;
                    record.amount += record.unit_price;
                }
                2 => {
                    let mut more = statement.records[place].clone();
                    more.subscription = format!("late{}", self.dice.below(1_000));
                    statement.records.push(more);
                }
                _ => statement.records[place].amount += Decimal::new(12_345, 4),
            }
        }
        statement
    }
}

fn record(seat: &Seat, charge: Charge, quantity: u64, amount: Decimal, days: Option<Period>) -> Record {
    Record {
        customer: seat.customer.as_str().into(),
        customer_name: seat.customer.to_uppercase(),
        subscription: seat.subscription.clone(),
        subscription_name: String::new(),
        product: ProductRef { code: seat.product.clone(), name: seat.product.clone() },
        motion: seat.motion,
        motion_told: String::new(),
        charge,
        charge_name: String::new(),
        quantity: Decimal::from(quantity),
        unit_cost: seat.price,
        unit_price: seat.price,
        cost: amount,
        amount,
        currency: Currency::parse("USD").unwrap(),
        charge_period: days,
    }
}
