//! What happens to 200 subscriptions in a year and the months before it, as the marketplace tells it. Money is whole
//! coins. Owns the source's truth; does not know what anybody makes of it.

use chrono::{DateTime, Datelike, Days, Duration, Months, NaiveDate, NaiveTime, Utc};
use counterfoil_domain::order::{BillingModel, Fee, OrderStatus, OrderType};

use super::dice::Dice;

pub(crate) const SUBSCRIPTIONS: usize = 200;
pub(crate) const CUSTOMERS: usize = 40;
pub(crate) const PRODUCTS: usize = 12;
/// Two, two, none and three decimals.
pub(crate) const CURRENCIES: [&str; 4] = ["USD", "EUR", "JPY", "KWD"];

pub(crate) fn start() -> DateTime<Utc> {
    "2026-01-01T06:00:00Z".parse().unwrap()
}

/// The first check looks back one calendar month.
pub(crate) fn window() -> DateTime<Utc> {
    "2025-12-01T06:00:00Z".parse().unwrap()
}

fn last_day() -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 12, 31).unwrap()
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cycle {
    Monthly,
    /// Billed on the 24th, the account's statement day.
    Statement,
    Annual,
}

#[derive(Debug, Clone)]
pub(crate) struct Subscription {
    pub(crate) customer: usize,
    pub(crate) product: usize,
    pub(crate) price: i64,
    pub(crate) model: BillingModel,
    pub(crate) cycle: Cycle,
    pub(crate) created: DateTime<Utc>,
    pub(crate) ended: Option<NaiveDate>,
    /// Seats when the year began.
    pub(crate) at_start: i64,
}

/// None is a payment: it moves money and bills nothing.
#[derive(Debug, Clone)]
pub(crate) struct Line {
    pub(crate) fee: Option<Fee>,
    pub(crate) quantity: i64,
    pub(crate) unit: i64,
    pub(crate) amount: i64,
    pub(crate) period: Option<(NaiveDate, NaiveDate)>,
}

/// What an order says from some moment on.
#[derive(Debug, Clone)]
pub(crate) struct Version {
    pub(crate) from: DateTime<Utc>,
    pub(crate) status: OrderStatus,
    pub(crate) lines: Vec<Line>,
    pub(crate) total: i64,
}

#[derive(Debug, Clone)]
pub(crate) struct Told {
    pub(crate) number: String,
    pub(crate) kind: OrderType,
    pub(crate) subscription: usize,
    pub(crate) created: DateTime<Utc>,
    pub(crate) visible: DateTime<Utc>,
    pub(crate) on_renewal: bool,
    pub(crate) versions: Vec<Version>,
}

impl Told {
    /// What the source says of it at this time; nothing before it shows.
    pub(crate) fn at(&self, now: DateTime<Utc>) -> Option<&Version> {
        if self.visible > now {
            return None;
        }
        self.versions.iter().rev().find(|version| version.from <= now)
    }
}

#[derive(Debug)]
pub(crate) struct Life {
    pub(crate) subscriptions: Vec<Subscription>,
    pub(crate) orders: Vec<Told>,
    dice: Dice,
}

impl Life {
    pub(crate) fn generate(seed: u64) -> Self {
        let mut life = Self { subscriptions: Vec::new(), orders: Vec::new(), dice: Dice::new(seed) };
        for number in 0..SUBSCRIPTIONS {
            life.subscribe(number);
        }
        life
    }

    pub(crate) fn currency(&self, subscription: usize) -> &'static str {
        CURRENCIES[self.subscriptions[subscription].customer % CURRENCIES.len()]
    }

    fn moment(&mut self, day: NaiveDate) -> DateTime<Utc> {
        day.and_time(NaiveTime::MIN).and_utc() + Duration::minutes(self.dice.below(24 * 60))
    }

    fn subscribe(&mut self, number: usize) {
        let dice = &mut self.dice;
        let old = number < 120;
        let first = if old { NaiveDate::from_ymd_opt(2025, 9, 1).unwrap() } else { start().date_naive() };
        let day = first + Days::new(u64::try_from(dice.below(if old { 120 } else { 330 })).unwrap());
        let cycle = [Cycle::Monthly, Cycle::Monthly, Cycle::Statement, Cycle::Annual][number % 4];
        let after = cycle == Cycle::Monthly && dice.chance(300);
        let model = if after { BillingModel::AfterBillingPeriod } else { BillingModel::BeforeBillingPeriod };
        let (price, mut seats) = (dice.within(101, 9_999), dice.within(1, 60));
        let created = self.moment(day);
        self.subscriptions.push(Subscription {
            customer: number % CUSTOMERS,
            product: number % PRODUCTS,
            price,
            model,
            cycle,
            created,
            ended: None,
            at_start: 0,
        });
        self.sale(number, created, seats);
        let mut today = day;
        while today < last_day() {
            today = today + Days::new(1);
            if today == start().date_naive() {
                self.subscriptions[number].at_start = seats;
            }
            if !self.live(number, today, &mut seats) {
                self.subscriptions[number].ended = Some(today);
                return;
            }
        }
    }

    /// One day of a subscription. False: it ended.
    fn live(&mut self, number: usize, today: NaiveDate, seats: &mut i64) -> bool {
        let one = self.subscriptions[number].clone();
        if is_anchor(&one, today) {
            match one.cycle {
                Cycle::Annual => self.renewal(number, today, *seats),
                _ => self.monthly(number, today, *seats),
            }
        }
        let (left, days) = left_of(&one, today);
        let part = |seats: i64| share(seats * one.price, left, days);
        let period = Some((today, today + Days::new(u64::try_from(left).unwrap())));
        let at = self.moment(today);
        if self.dice.chance(6) {
            let more = self.dice.within(1, 9);
            *seats += more;
            if one.cycle == Cycle::Annual {
                // Waits for the renewal, months from now, and then says what it will be in total.
                let lines = vec![line(Fee::ResourceRecurring, *seats, one.price, *seats * one.price, None)];
                let done = next_anniversary(&one, today);
                self.waits(number, at, lines, done);
            } else {
                let mut lines = vec![line(Fee::ResourceRecurring, more, one.price, part(more), period)];
                if self.dice.chance(300) {
                    lines.push(line(Fee::ResourceSetup, 1, 250, 250, None));
                }
                self.order(OrderType::Change, number, at, lines);
            }
        }
        if self.dice.chance(3) && *seats > 2 && one.cycle != Cycle::Annual {
            *seats -= 1;
            let lines = vec![line(Fee::ResourceDowngrade, -1, one.price, -part(1), period)];
            self.order(OrderType::Change, number, at, lines);
        }
        if self.dice.chance(1) && self.dice.chance(400) {
            // The number's prefix says nothing of it; the type does.
            self.order(OrderType::Migration, number, at, vec![line(Fee::PlanSetup, 1, 100, 100, None)]);
        }
        if self.dice.chance(1) {
            self.cancellation(number, at, part(*seats), *seats);
            return false;
        }
        true
    }

    fn sale(&mut self, number: usize, at: DateTime<Utc>, seats: i64) {
        let one = self.subscriptions[number].clone();
        let today = at.date_naive();
        let (left, days) = left_of(&one, today);
        let mut lines = Vec::new();
        if one.model == BillingModel::BeforeBillingPeriod {
            let period = Some((today, today + Days::new(u64::try_from(left).unwrap())));
            let amount = share(seats * one.price, left, days);
            lines.push(line(Fee::ResourceRecurring, seats, one.price, amount, period));
        }
        let setup = self.dice.within(1, 5_000);
        lines.push(line(Fee::ResourceSetup, 1, setup, setup, None));
        if self.dice.chance(100) {
            lines.push(Line { fee: None, quantity: 1, unit: -500, amount: -500, period: None });
        }
        self.order(OrderType::Sales, number, at, lines);
    }

    fn monthly(&mut self, number: usize, today: NaiveDate, seats: i64) {
        let one = self.subscriptions[number].clone();
        let at = self.moment(today);
        let before = one.model == BillingModel::BeforeBillingPeriod;
        let month = if before { (today, today + Months::new(1)) } else { (today - Months::new(1), today) };
        let mut lines = vec![line(Fee::ResourceRecurring, seats, one.price, seats * one.price, Some(month))];
        if self.dice.chance(400) {
            let used = self.dice.below(40);
            lines.push(line(Fee::ResourceOveruse, used, 37, used * 37, None));
        }
        if self.dice.chance(20) {
            // Nothing of it bills anything.
            lines = vec![line(Fee::ResourceRecurring, 0, one.price, 0, None)];
        }
        self.order(OrderType::Billing, number, at, lines);
    }

    fn renewal(&mut self, number: usize, today: NaiveDate, seats: i64) {
        let at = self.moment(today);
        let price = self.subscriptions[number].price;
        if self.dice.chance(500) {
            self.bare(OrderType::Renewal, number, at, seats * price);
        } else {
            let lines = vec![line(Fee::ResourceRecurring, seats, price, seats * price, None)];
            self.order(OrderType::Renewal, number, at, lines);
        }
    }

    fn cancellation(&mut self, number: usize, at: DateTime<Utc>, back: i64, seats: i64) {
        if self.dice.chance(600) {
            return self.bare(OrderType::Cancellation, number, at, -back);
        }
        let price = self.subscriptions[number].price;
        let mut lines = vec![line(Fee::ResourceRecurringRefund, -seats, price, -back, None)];
        if self.dice.chance(500) {
            lines.push(line(Fee::CancellationFee, 1, 1_500, 1_500, None));
        }
        self.order(OrderType::Cancellation, number, at, lines);
    }

    fn tell(&mut self, kind: OrderType, subscription: usize, created: DateTime<Utc>, versions: Vec<Version>) {
        let late = if self.dice.chance(500) { self.dice.below(47 * 60) } else { 0 };
        let prefix = match kind {
            OrderType::Sales => "SO",
            OrderType::Change => "CH",
            OrderType::Billing => "BO",
            OrderType::Cancellation => "CL",
            OrderType::Renewal => "RN",
            OrderType::Migration | OrderType::Unknown => "XX",
        };
        let number = format!("{prefix}{:06}", self.orders.len());
        let visible = created + Duration::minutes(late);
        self.orders.push(Told { number, kind, subscription, created, visible, on_renewal: false, versions });
    }

    /// An order of which the source tells the total only.
    fn bare(&mut self, kind: OrderType, subscription: usize, at: DateTime<Utc>, total: i64) {
        let version = Version { from: at, status: OrderStatus::Completed, lines: Vec::new(), total };
        self.tell(kind, subscription, at, vec![version]);
    }

    fn waits(&mut self, subscription: usize, at: DateTime<Utc>, lines: Vec<Line>, done: DateTime<Utc>) {
        let total = total(&lines);
        let waiting = Version { from: at, status: OrderStatus::Processing, lines, total };
        let done = Version { from: done, status: OrderStatus::Completed, ..waiting.clone() };
        self.tell(OrderType::Change, subscription, at, vec![waiting, done]);
        if let Some(last) = self.orders.last_mut() {
            last.on_renewal = true;
        }
    }

    /// An order with its fate: done at once or after days, in error for a while, cancelled, revised later, and back.
    fn order(&mut self, kind: OrderType, subscription: usize, at: DateTime<Utc>, lines: Vec<Line>) {
        let total = total(&lines);
        let mut versions = vec![Version { from: at, status: OrderStatus::Completed, lines, total }];
        let fate = self.dice.below(100);
        let until = at + Duration::minutes(self.dice.within(60, 6 * 24 * 60));
        if fate < 20 {
            let first = &mut versions[0];
            first.status = if fate < 4 { OrderStatus::Error } else { OrderStatus::Processing };
            let end = if fate >= 18 { OrderStatus::Cancelled } else { OrderStatus::Completed };
            let last = Version { from: until, status: end, ..first.clone() };
            versions.push(last);
        }
        let completed = versions.last().cloned().filter(|last| last.status == OrderStatus::Completed);
        if let Some(before) = completed.filter(|last| last.total != 0 && self.dice.chance(60)) {
            let mut revised = before.clone();
            revised.from = before.from + Duration::minutes(self.dice.within(60, 14 * 24 * 60));
            let first = &mut revised.lines[0];
            first.unit += 7;
            first.amount += 7 * first.quantity.signum();
            revised.total = self::total(&revised.lines);
            let back = revised.from + Duration::minutes(self.dice.within(60, 4 * 24 * 60));
            versions.push(revised);
            if self.dice.chance(300) {
                versions.push(Version { from: back, ..before });
            }
        }
        self.tell(kind, subscription, at, versions);
    }
}

fn line(fee: Fee, quantity: i64, unit: i64, amount: i64, period: Option<(NaiveDate, NaiveDate)>) -> Line {
    Line { fee: Some(fee), quantity, unit, amount, period: period.filter(|(start, end)| start < end) }
}

fn total(lines: &[Line]) -> i64 {
    lines.iter().filter(|line| line.fee.is_some()).map(|line| line.amount).sum()
}

/// `full × part / whole`, to the nearest coin, halves away from zero.
fn share(full: i64, part: i64, whole: i64) -> i64 {
    (2 * full * part + whole) / (2 * whole)
}

fn is_anchor(one: &Subscription, today: NaiveDate) -> bool {
    match one.cycle {
        Cycle::Statement => today.day() == 24,
        Cycle::Monthly => today.day() == one.created.day().min(28),
        Cycle::Annual => today.day() == one.created.day().min(28) && today.month() == one.created.month(),
    }
}

fn next_anniversary(one: &Subscription, today: NaiveDate) -> DateTime<Utc> {
    let mut day = today + Days::new(1);
    while !is_anchor(one, day) {
        day = day + Days::new(1);
    }
    day.and_time(NaiveTime::MIN).and_utc() + Duration::hours(3)
}

/// Days from today to the next billing day, and of the whole period that ends then.
fn left_of(one: &Subscription, today: NaiveDate) -> (i64, i64) {
    let mut end = today + Days::new(1);
    while !is_anchor(one, end) {
        end = end + Days::new(1);
    }
    let begins = end - Months::new(if one.cycle == Cycle::Annual { 12 } else { 1 });
    ((end - today).num_days(), (end - begins).num_days().max((end - today).num_days()))
}
