//! A year, by chance and for many seeds: what targets are told to bill is what the statements say, to the cent, for each customer,
//! billing motion and month; and a container that bills what stands in it with each run, however often it runs between two
//! statements, has invoiced just that in the end.

use std::collections::BTreeMap;

use counterfoil_domain::id::{CustomerId, SubscriptionId};
use counterfoil_domain::job::{Job, RECURS_KEY};
use counterfoil_domain::motion::Motion;
use counterfoil_domain::order::Order;
use counterfoil_domain::period::Period;
use counterfoil_domain::statement::Statement;
use rust_decimal::Decimal;

use super::desk::Desk;
use super::dice::{Town, cents, months};
use super::table::History;

const SEEDS: u64 = 40;

/// Customer, motion, the statement's days, and the statement that it began with: each is rounded by itself.
type Account = (CustomerId, Motion, Period, String);

/// What the last issue of each statement says.
fn truth(latest: &BTreeMap<String, Statement>) -> BTreeMap<Account, Decimal> {
    let mut sums: BTreeMap<Account, Decimal> = BTreeMap::new();
    for (lineage, statement) in latest {
        for record in &statement.records {
            let account = (record.customer.clone(), record.motion, statement.head.period, lineage.clone());
            *sums.entry(account).or_default() += record.amount;
        }
    }
    sums.retain(|_, sum| !cents(*sum).is_zero());
    sums.values_mut().for_each(|sum| *sum = cents(*sum));
    sums
}

/// What happens in a month: the statements in the order in which they are read.
fn read_in(town: &mut Town, past: &[Statement], period: Period, number: usize) -> Vec<Statement> {
    let first = town.statement(&format!("S{number}"), period);
    let mut read = vec![first.clone()];
    if town.dice.one_in(3) {
        let id = if town.dice.one_in(2) { format!("S{number}") } else { format!("S{number}b") };
        read.push(town.changed(&first, &id));
    }
    if town.dice.one_in(5) {
        let mut again = first.clone();
        again.head.id = format!("S{number}c");
        again.records.reverse();
        read.push(again);
    }
    if town.dice.one_in(5) {
        let mut beside = town.statement(&format!("S{number}d"), period);
        beside.records.iter_mut().for_each(|record| record.subscription.push_str("-more"));
        read.push(beside);
    }
    if let Some(old) = past.get(usize::try_from(town.dice.below(12)).unwrap()).filter(|_| town.dice.one_in(2)) {
        read.push(town.changed(old, &old.head.id));
    }
    read
}

/// A year's orders, month by month, and the last issue of each statement.
fn year(seed: u64) -> (Vec<Vec<Order>>, BTreeMap<String, Statement>) {
    let (mut town, mut history) = (Town::new(seed), History::default());
    let (mut past, mut latest, mut all) = (Vec::new(), BTreeMap::new(), Vec::new());
    for (number, period) in months().enumerate() {
        let mut orders = Vec::new();
        // The last month is only itself: nobody has to guess what comes after it.
        let mut read = read_in(&mut town, &past, period, number);
        if number == 11 {
            read.truncate(1);
        }
        for statement in &read {
            let taken = history.take(statement);
            if !matches!(taken.what, counterfoil_domain::statement::What::Same { .. }) {
                latest.insert(taken.lineage.clone(), statement.clone());
            }
            orders.extend(taken.orders);
        }
        past.push(read[0].clone());
        all.push(orders);
    }
    (all, latest)
}

fn lineage(order: &Order) -> String {
    order.key.order.as_str().split(':').next().unwrap().to_owned()
}

#[test]
fn bills_are_the_statements_for_each_customer_motion_and_month() {
    let mut issued_again = 0;
    for seed in 0..SEEDS {
        let (orders, latest) = year(seed);
        let truth = truth(&latest);
        for recurring in [true, false] {
            let desk = Desk::new(recurring);
            let mut billed: BTreeMap<Account, Decimal> = BTreeMap::new();
            for order in orders.iter().flatten() {
                let part = order.statement.as_ref().unwrap();
                issued_again += u32::from(part.issue > 1);
                let job = desk.job(order, None);
                let sum: Decimal = job.order.lines.iter().map(|line| line.amount).sum();
                assert_eq!(sum, job.order.total);
                *billed.entry((order.customer.clone(), part.motion, part.period, lineage(order))).or_default() += sum;
            }
            billed.retain(|_, sum| !sum.is_zero());
            assert_eq!(billed, truth, "seed {seed}, recurring: {recurring}");
        }
    }
    assert!(issued_again > 100, "{issued_again}: else it proves nothing of re-issues");
}

/// Bills and buckets: what a program keeps back is in the tasks' amounts to the last digit.
#[test]
fn every_task_shows_its_part_of_the_statement() {
    for seed in 0..SEEDS {
        let (orders, latest) = year(seed);
        let mut desk = Desk::new(true);
        desk.program.motions = [Motion::MonthlyMonthly].into();
        desk.program.azure = false;
        let (mut open, mut held) = (Decimal::ZERO, Decimal::ZERO);
        for order in orders.iter().flatten() {
            desk.judged(order, &Desk::links(order), None, |judged| {
                let amount = counterfoil_domain::judge::amount(order, &judged.lines);
                match judged.verdict {
                    counterfoil_domain::task::Verdict::Ignored(_) => held += amount,
                    _ => open += amount,
                }
            });
        }
        let statements: Decimal = latest.values().flat_map(|of| &of.records).map(|record| record.amount).sum();
        assert_eq!(open + held, statements, "seed {seed}");
        assert!(!held.is_zero() && !open.is_zero());
    }
}

/// A container in which lines stand: some billed with each run, some once. What a plugin has to do to it is written down here
/// once more, as plainly as can be.
#[derive(Debug, Default)]
struct Schedule {
    runs: u32,
    /// By key: what it comes to, and how many runs there were when it was written.
    standing: BTreeMap<String, (Decimal, u32)>,
    once: Vec<Decimal>,
    /// How often each case came up.
    kept: u32,
    given_back: u32,
}

impl Schedule {
    fn write(&mut self, job: &Job) {
        for line in &job.order.lines {
            let Some(key) = line.told(RECURS_KEY) else {
                self.once.push(line.amount);
                continue;
            };
            if let Some((was, written)) = self.standing.get(key) {
                match self.runs - written {
                    // Not billed yet: it is kept, and billed once.
                    0 => {
                        self.kept += 1;
                        self.once.push(*was);
                    }
                    1 => {}
                    // Billed without a statement: it is given back.
                    runs => {
                        self.given_back += 1;
                        self.once.push(-*was * Decimal::from(runs - 1));
                    }
                }
            }
            self.standing.insert(key.to_owned(), (line.amount, self.runs));
        }
    }

    fn run(&mut self) -> Decimal {
        self.runs += 1;
        self.standing.values().map(|(amount, _)| *amount).chain(self.once.drain(..)).sum()
    }
}

/// How often the containers run after a month's orders, and how many months' orders wait for the next month.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Runs {
    /// Once, after each month's orders: each invoice is that month.
    Monthly,
    /// None, one or two.
    ByChance,
    /// And orders are held back for some months.
    HeldBack,
}

#[test]
fn containers_that_run_once_twice_or_never_have_invoiced_the_statements_in_the_end() {
    for runs in [Runs::Monthly, Runs::ByChance, Runs::HeldBack] {
        let (mut kept, mut given_back) = (0, 0);
        for seed in 0..SEEDS {
            let (orders, latest) = year(seed);
            let invoiced = invoice_a_year(seed, runs, &orders);
            let mut due: BTreeMap<SubscriptionId, Decimal> = BTreeMap::new();
            for ((customer, motion, ..), sum) in truth(&latest) {
                *due.entry(counterfoil_domain::statement::subscription_id(&customer, motion)).or_default() += sum;
            }
            for (subscription, (schedule, invoiced)) in invoiced {
                let due = due.remove(&subscription).unwrap_or_default();
                assert_eq!(invoiced, due, "seed {seed}, {runs:?}, {subscription}");
                (kept, given_back) = (kept + schedule.kept, given_back + schedule.given_back);
            }
            due.retain(|_, sum| !sum.is_zero());
            assert!(due.is_empty(), "seed {seed}: {due:?} has no container");
        }
        // Corrections come before the month's run, so that even then something is kept.
        assert!(kept > 100, "{runs:?}: {kept}");
        assert_eq!(given_back > 100, runs != Runs::Monthly, "{runs:?}: {given_back}");
    }
}

fn invoice_a_year(seed: u64, runs: Runs, orders: &[Vec<Order>]) -> BTreeMap<SubscriptionId, (Schedule, Decimal)> {
    let desk = Desk::new(true);
    let mut dice = super::dice::Dice::new(seed + 1_000);
    let mut schedules: BTreeMap<SubscriptionId, (Schedule, Decimal)> = BTreeMap::new();
    let mut waiting: Vec<&Order> = Vec::new();
    for (number, month) in orders.iter().enumerate() {
        waiting.extend(month);
        let is_last = number + 1 == orders.len();
        if runs == Runs::HeldBack && !is_last && dice.one_in(2) {
            // The containers run all the same.
            schedules.values_mut().for_each(|(schedule, sum)| *sum += schedule.run());
            continue;
        }
        let mut written: BTreeMap<SubscriptionId, Decimal> = BTreeMap::new();
        for order in waiting.drain(..) {
            let job = desk.job(order, None);
            let id = order.subscription.clone().unwrap();
            schedules.entry(id.clone()).or_default().0.write(&job);
            *written.entry(id).or_default() += job.order.total;
        }
        let times = if runs == Runs::Monthly || is_last { 1 } else { dice.below(3) };
        for _ in 0..times {
            for (id, (schedule, sum)) in &mut schedules {
                let invoice = schedule.run();
                *sum += invoice;
                if runs == Runs::Monthly {
                    assert_eq!(
                        invoice,
                        written.get(id).copied().unwrap_or_default(),
                        "seed {seed}, month {number}, {id}"
                    );
                }
            }
        }
    }
    schedules
}
