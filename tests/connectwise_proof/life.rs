//! A marketplace's year that a seed decides: who bought what, when it was changed, and what each of that was charged. The
//! charges are whole cents by arithmetic of its own (price × days left / days of the period, rounded half away from zero), and
//! know nothing of products, plans or additions: they are the oracle of the proofs.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{Datelike, Days, Months, NaiveDate};
use counterfoil_domain::order::{BillingModel, Fee, OrderType};
use counterfoil_domain::period::Period;

use crate::dice::Dice;

/// Code, name, price of one in cents.
pub(crate) const PRODUCTS: [(&str, &str, i64); 6] = [
    ("SEAT-A", "Business seats", 3_307),
    ("BACKUP-B", "Backup", 1_999),
    ("MAIL-C", "Mailboxes", 475),
    ("PHONE-D", "Lines of telephony", 1_001),
    ("SUITE-E", "Suite", 12_345),
    ("TRAFFIC-F", "Traffic, per GB", 1),
];
/// The one that is paid by use.
pub(crate) const METERED: usize = 5;
const PREPAID: usize = 5;
pub(crate) const CUSTOMERS: usize = 30;
pub(crate) const SUBSCRIPTIONS: usize = 100;
const BY_USE: usize = 8;

/// Months of a period, counted from a day.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Periods {
    pub(crate) anchor: NaiveDate,
    pub(crate) months: u32,
}

impl Periods {
    /// The first day of the period that is so many after the anchor's.
    pub(crate) fn start(self, turn: u32) -> NaiveDate {
        self.anchor.checked_add_months(Months::new(turn * self.months)).unwrap()
    }

    /// First day, and the day after the last.
    pub(crate) fn of(self, day: NaiveDate) -> (NaiveDate, NaiveDate) {
        let turn = (1..).find(|turn| self.start(*turn) > day).unwrap();
        (self.start(turn - 1), self.start(turn))
    }

    /// What of a whole period's price is charged from this day on.
    pub(crate) fn share(self, cents: i64, day: NaiveDate) -> i64 {
        let (start, end) = self.of(day);
        halves_up(cents * (end - day).num_days(), (end - start).num_days())
    }
}

/// Away from zero.
pub(crate) fn halves_up(value: i64, by: i64) -> i64 {
    value.signum() * ((value.abs() * 2 + by) / (by * 2))
}

#[derive(Debug, Clone)]
pub(crate) struct Agreement {
    pub(crate) customer: usize,
    pub(crate) periods: Periods,
    pub(crate) prorates: bool,
    /// Days after a period's first one on which it is invoiced.
    pub(crate) lag: u64,
}

#[derive(Debug, Clone)]
pub(crate) struct Subscription {
    pub(crate) agreement: usize,
    pub(crate) by_use: bool,
    pub(crate) since: NaiveDate,
}

#[derive(Debug, Clone)]
pub(crate) struct Line {
    pub(crate) fee: Fee,
    pub(crate) product: Option<usize>,
    pub(crate) quantity: i64,
    pub(crate) unit: i64,
    pub(crate) amount: i64,
    pub(crate) period: Option<Period>,
}

#[derive(Debug, Clone)]
pub(crate) struct Event {
    pub(crate) number: String,
    pub(crate) kind: OrderType,
    pub(crate) model: BillingModel,
    pub(crate) subscription: usize,
    pub(crate) day: NaiveDate,
    pub(crate) lines: Vec<Line>,
    /// What a whole period costs more from the next one on.
    pub(crate) more: i64,
}

/// What an order charged.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Charge {
    pub(crate) subscription: usize,
    pub(crate) cents: i64,
}

#[derive(Debug)]
pub(crate) struct Life {
    pub(crate) agreements: Vec<Agreement>,
    pub(crate) subscriptions: Vec<Subscription>,
    /// By day.
    pub(crate) events: Vec<Event>,
    /// Of orders; what recurs without one is `renewals`.
    charges: Vec<Charge>,
    /// From this day on a whole period of a subscription costs so much.
    rates: BTreeMap<usize, Vec<(NaiveDate, i64)>>,
}

pub(crate) fn start() -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 1, 1).unwrap()
}

/// The first day that is not in the year.
pub(crate) fn end() -> NaiveDate {
    NaiveDate::from_ymd_opt(2027, 1, 1).unwrap()
}

/// This day of a month of the year, or its last one.
fn on(month: u32, day: u32) -> NaiveDate {
    (1..=day).rev().find_map(|day| NaiveDate::from_ymd_opt(2026, month, day)).unwrap()
}

impl Life {
    pub(crate) fn of(seed: u64) -> Self {
        let mut dice = Dice::new(seed);
        let mut life = Self {
            agreements: Vec::new(),
            subscriptions: Vec::new(),
            events: Vec::new(),
            charges: Vec::new(),
            rates: BTreeMap::new(),
        };
        for number in 0..SUBSCRIPTIONS {
            life.subscribe(number, &mut dice);
        }
        life.events.sort_by(|a, b| (a.day, &a.number).cmp(&(b.day, &b.number)));
        life
    }

    fn subscribe(&mut self, number: usize, dice: &mut Dice) {
        let by_use = number >= SUBSCRIPTIONS - BY_USE;
        let sold = on(1 + u32::try_from(number % 3).unwrap(), 1 + u32::try_from(number % 31).unwrap());
        let agreement = match self.subscriptions.last() {
            // A neighbour in the same agreement.
            Some(last) if !by_use && dice.chance(150) => last.agreement,
            _ => self.agree(number, dice),
        };
        self.subscriptions.push(Subscription { agreement, by_use, since: sold });
        if by_use { self.uses(number, dice) } else { Walk::begin(self, number, sold, dice).live(dice) }
    }

    fn agree(&mut self, number: usize, dice: &mut Dice) -> usize {
        let months = if number < SUBSCRIPTIONS - BY_USE { [1, 1, 1, 1, 1, 1, 1, 1, 3, 12][number % 10] } else { 1 };
        let anchor = [(1, 1), (1, 1), (1, 1), (12, 15), (12, 31), (11, 30)][usize::try_from(dice.below(6)).unwrap()];
        let year = if anchor.0 == 1 { 2026 } else { 2025 };
        let anchor = NaiveDate::from_ymd_opt(year, anchor.0, anchor.1).unwrap();
        self.agreements.push(Agreement {
            customer: number % CUSTOMERS,
            periods: Periods { anchor, months },
            prorates: dice.chance(500),
            lag: [0, 0, 6, 20][usize::try_from(dice.below(4)).unwrap()],
        });
        self.agreements.len() - 1
    }

    /// A bill for each month, at its end.
    fn uses(&mut self, number: usize, dice: &mut Dice) {
        for month in 1..=11 {
            let (first, next) = (on(month, 1), on(month + 1, 1));
            let quantity = dice.within(1, 90_000);
            let period = Period::new(first, next).ok();
            let line =
                Line { fee: Fee::ResourceOveruse, product: Some(METERED), quantity, unit: 1, amount: quantity, period };
            let day = next + Days::new(u64::try_from(dice.below(3)).unwrap());
            let model = BillingModel::AfterBillingPeriod;
            self.order((OrderType::Billing, model), number, day, vec![line]);
        }
    }

    fn order(
        &mut self,
        (kind, model): (OrderType, BillingModel),
        subscription: usize,
        day: NaiveDate,
        lines: Vec<Line>,
    ) -> &mut Event {
        let number = format!("SO{:06}", self.events.len() + 1);
        let cents = lines.iter().map(|line| line.amount).sum();
        self.charges.push(Charge { subscription, cents });
        self.events.push(Event { number, kind, model, subscription, day, lines, more: 0 });
        self.events.last_mut().unwrap()
    }

    /// What the marketplace charged of a subscription: its orders up to the end of the year, and each period that began
    /// before `until`, in advance.
    pub(crate) fn charged(&self, subscription: usize, until: NaiveDate) -> i64 {
        let orders: i64 = self.charges.iter().filter(|one| one.subscription == subscription).map(|one| one.cents).sum();
        let periods = self.agreements[self.subscriptions[subscription].agreement].periods;
        let rates = self.rates.get(&subscription).map(Vec::as_slice).unwrap_or_default();
        let begins = (0..).map(|turn| periods.start(turn)).take_while(|day| *day < until);
        let recurring: i64 = begins.map(|begins| rate(rates, begins)).sum();
        orders + recurring
    }

    /// Days of a month on which something was changed.
    pub(crate) fn days_of_changes(&self) -> BTreeSet<u32> {
        self.events.iter().filter(|one| one.kind == OrderType::Change).map(|one| one.day.day()).collect()
    }
}

/// What a period that begins on this day costs, by what was ordered before it.
fn rate(rates: &[(NaiveDate, i64)], begins: NaiveDate) -> i64 {
    rates.iter().rev().find(|(from, _)| *from <= begins).map_or(0, |(_, cents)| *cents)
}

/// One subscription through the year.
struct Walk<'a> {
    life: &'a mut Life,
    number: usize,
    periods: Periods,
    /// Quantity and price by product.
    has: BTreeMap<usize, (i64, i64)>,
}

impl<'a> Walk<'a> {
    fn begin(life: &'a mut Life, number: usize, sold: NaiveDate, dice: &mut Dice) -> Self {
        let periods = life.agreements[life.subscriptions[number].agreement].periods;
        let mut walk = Self { life, number, periods, has: BTreeMap::new() };
        let mut lines = Vec::new();
        for _ in 0..dice.within(1, 4) {
            let product = usize::try_from(dice.below(i64::try_from(PREPAID).unwrap())).unwrap();
            let (quantity, unit) = (dice.within(1, 40), PRODUCTS[product].2 + dice.below(97));
            if walk.has.insert(product, (quantity, unit)).is_none() {
                if dice.chance(400) {
                    lines.push(setup(product, quantity));
                }
                lines.push(walk.recurs(product, quantity, sold));
            } else {
                // The first one stands.
                let first =
                    lines.iter().find(|line: &&Line| line.product == Some(product) && line.fee.recurs()).unwrap();
                walk.has.insert(product, (first.quantity, first.unit));
            }
        }
        let each = walk.has.values().map(|(quantity, unit)| quantity * unit).sum();
        walk.put(OrderType::Sales, sold, lines).more = each;
        walk
    }

    fn live(mut self, dice: &mut Dice) {
        let mut day = self.life.subscriptions[self.number].since;
        let step = i64::try_from(self.number).unwrap();
        for turn in 0..dice.within(2, 6) {
            // On another day of the month each time, so that every day comes.
            let of_month = u32::try_from((step * 7 + turn * 5) % 31).unwrap() + 1;
            let month = day.month() + u32::try_from(dice.within(1, 3)).unwrap();
            if month > 12 {
                return;
            }
            day = on(month, of_month);
            if !self.happens(day, dice) {
                return;
            }
        }
    }

    /// False: it is over.
    fn happens(&mut self, day: NaiveDate, dice: &mut Dice) -> bool {
        let ongoing: Vec<usize> = self.has.iter().filter(|(_, has)| has.0 > 0).map(|(product, _)| *product).collect();
        let Some(product) = ongoing.get(usize::try_from(dice.below(9)).unwrap() % ongoing.len().max(1)) else {
            return false;
        };
        let (product, (quantity, unit)) = (*product, self.has[product]);
        match dice.below(100) {
            0..45 => {
                let more = dice.within(1, 12);
                let mut lines = vec![self.recurs(product, more, day)];
                if dice.chance(300) {
                    lines.insert(0, setup(product, more));
                }
                self.has.insert(product, (quantity + more, unit));
                self.put(OrderType::Change, day, lines).more = more * unit;
            }
            45..75 => {
                let less = dice.within(1, quantity + 1);
                let amount = self.periods.share(-less * unit, day);
                let fee = Fee::ResourceDowngrade;
                self.has.insert(product, (quantity - less, unit));
                let line = Line { fee, product: Some(product), quantity: -less, unit, amount, period: None };
                self.put(OrderType::Change, day, vec![line]).more = -less * unit;
            }
            75..90 => {
                // Both at once, for two products if there are two.
                let mut lines = Vec::new();
                let mut more = 0;
                for (place, product) in ongoing.into_iter().take(2).enumerate() {
                    let (quantity, unit) = self.has[&product];
                    let by = if place == 0 { 3 } else { -1 };
                    let fee = if by > 0 { Fee::ResourceRecurring } else { Fee::ResourceDowngrade };
                    let amount = self.periods.share(by * unit, day);
                    self.has.insert(product, (quantity + by, unit));
                    lines.push(Line { fee, product: Some(product), quantity: by, unit, amount, period: None });
                    more += by * unit;
                }
                self.put(OrderType::Change, day, lines).more = more;
            }
            _ => {
                self.cancel(day, dice);
                return false;
            }
        }
        true
    }

    fn cancel(&mut self, day: NaiveDate, dice: &mut Dice) {
        let fee = |fee, product, quantity, unit, amount| Line { fee, product, quantity, unit, amount, period: None };
        let mut lines = vec![fee(Fee::CancellationFee, None, 1, 7_550, 7_550)];
        let had: i64 = self.has.values().map(|(quantity, unit)| quantity * unit).sum();
        for (product, (quantity, unit)) in std::mem::take(&mut self.has) {
            let back = self.periods.share(-quantity * unit, day);
            if quantity > 0 && dice.chance(600) {
                lines.push(fee(Fee::ResourceRecurringRefund, Some(product), -quantity, unit, back));
            }
        }
        self.put(OrderType::Cancellation, day, lines).more = -had;
    }

    fn recurs(&self, product: usize, quantity: i64, day: NaiveDate) -> Line {
        let unit = self.has[&product].1;
        let amount = self.periods.share(quantity * unit, day);
        Line { fee: Fee::ResourceRecurring, product: Some(product), quantity, unit, amount, period: None }
    }

    fn put(&mut self, kind: OrderType, day: NaiveDate, lines: Vec<Line>) -> &mut Event {
        let each = self.has.values().map(|(quantity, unit)| quantity * unit).sum();
        // The period that it is ordered in is charged with the order.
        let from = self.periods.of(day).1;
        self.life.rates.entry(self.number).or_default().push((from, each));
        self.life.order((kind, BillingModel::BeforeBillingPeriod), self.number, day, lines)
    }
}

fn setup(product: usize, quantity: i64) -> Line {
    let amount = quantity * 250;
    Line { fee: Fee::ResourceSetup, product: Some(product), quantity, unit: 250, amount, period: None }
}
