//! A reseller whose customers are mapped, month after month: statements appear in the days after a month, are checked on the
//! 12th, and what Syncro's recurring invoices bill on the 15th must be what the statements say, customer by customer and
//! motion by motion. Owns the mapping, the steps of a month and the comparison with the simulator's oracle.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use counterfoil_domain::link::LinkKind;
use counterfoil_domain::motion::Motion;
use counterfoil_sim::statements::{Grouping, Month, Motion as Theirs, StatementSpec, StatementWorld, Tenant, oracle};
use counterfoil_sim::syncro::{Customer, Frequency, Line, Maker, Product, Schedule};
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive as _;

use crate::account::Setup;
use crate::desk::Desk;
use crate::invoiced::{Bills, Ledger};
use crate::market::Kind;

pub(crate) const CHECKED_ON: u32 = 12;
pub(crate) const RUNS_ON: u32 = 15;

/// Findings that a person may accept in a world in which nothing goes wrong: bills that grow are the point of some of it.
pub(crate) const USUAL: [&str; 1] = ["grew"];

/// Which recurring invoices a customer has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    /// One for all motions.
    One,
    /// One for each.
    Each,
    /// One for what recurs, one for the rest.
    Two,
}

impl Shape {
    fn of(place: usize) -> Self {
        [Self::One, Self::Each, Self::Two][place % 3]
    }
}

#[derive(Debug)]
pub(crate) struct Office {
    pub(crate) desk: Desk,
    pub(crate) first: Month,
    pub(crate) ledger: Ledger,
    /// Tenants whose money is to be on invoices, by their ids in small letters.
    pub(crate) mapped: BTreeSet<String>,
    /// The day on which recurring invoices run, or the last of a shorter month.
    pub(crate) runs_on: u32,
    /// People's own lines: what each bills with a run.
    people: BTreeMap<i64, i64>,
    /// What the statements said when they were last looked at.
    due: Bills,
    pub(crate) needed: BTreeMap<String, usize>,
    pub(crate) accepts: Vec<&'static str>,
}

pub(crate) fn spec(seed: u64, months: u32, tenants: usize) -> StatementSpec {
    StatementSpec { months, tenants, ..StatementSpec::new(seed, Month::new(2027, 1).unwrap()) }
}

/// What the simulator calls a motion, in our words.
pub(crate) fn ours(motion: Theirs) -> Motion {
    match motion {
        Theirs::MonthlyMonthly => Motion::MonthlyMonthly,
        Theirs::AnnualMonthly => Motion::AnnualMonthly,
        Theirs::AnnualUpfront => Motion::AnnualUpfront,
        Theirs::TriennialMonthly => Motion::TriennialMonthly,
        Theirs::TriennialUpfront => Motion::TriennialUpfront,
        Theirs::Usage => Motion::Usage,
        Theirs::Reservation => Motion::Reservation,
        Theirs::SavingsPlan => Motion::SavingsPlan,
        Theirs::SoftwarePerpetual => Motion::SoftwarePerpetual,
        Theirs::MarketplaceSaas => Motion::Marketplace,
        Theirs::OtherOneTime => Motion::OneTime,
        Theirs::Unknown => Motion::Unknown,
    }
}

pub(crate) fn cents(amount: Decimal) -> i64 {
    let rounded = amount.round_dp_with_strategy(2, rust_decimal::RoundingStrategy::MidpointAwayFromZero);
    (rounded * Decimal::ONE_HUNDRED).to_i64().unwrap()
}

pub(crate) fn at_noon(day: NaiveDate) -> chrono::DateTime<chrono::Utc> {
    day.and_hms_opt(12, 0, 0).unwrap().and_utc()
}

impl Office {
    /// On the first day of the world. Nobody is mapped.
    pub(crate) async fn empty(kind: Kind, world: StatementWorld, setup: Setup) -> Self {
        let first = world.first();
        let desk = Desk::open(at_noon(first.first()), kind, world, vec![setup]).await;
        Self {
            desk,
            first,
            ledger: Ledger::default(),
            mapped: BTreeSet::new(),
            runs_on: RUNS_ON,
            people: BTreeMap::new(),
            due: Bills::new(),
            needed: BTreeMap::new(),
            accepts: USUAL.to_vec(),
        }
    }

    /// Everyone who pays in dollars is mapped.
    pub(crate) async fn open(kind: Kind, spec: &StatementSpec, setup: Setup) -> Self {
        let grouping = if kind == Kind::Prism { Grouping::Invoices } else { Grouping::Provisions };
        Self::of(kind, StatementWorld::generate(spec, grouping), setup).await
    }

    pub(crate) async fn of(kind: Kind, world: StatementWorld, setup: Setup) -> Self {
        Self::running_on(RUNS_ON, kind, world, setup).await
    }

    pub(crate) async fn running_on(day: u32, kind: Kind, world: StatementWorld, setup: Setup) -> Self {
        let mut office = Self::empty(kind, world, setup).await;
        office.runs_on = day;
        for (place, tenant) in office.tenants().into_iter().enumerate() {
            office.map(&tenant, Shape::of(place)).await;
        }
        office
    }

    /// Those who pay in dollars.
    pub(crate) fn tenants(&self) -> Vec<Tenant> {
        let all = self.desk.market.world(|world| world.tenants().to_vec());
        all.into_iter().filter(|tenant| tenant.currency.code() == "USD").collect()
    }

    /// A customer with its recurring invoices, and what people keep on them. Gives the recurring invoices.
    pub(crate) async fn map(&mut self, tenant: &Tenant, shape: Shape) -> Vec<i64> {
        let customer = self.desk.books().add_customer(Customer::business(&tenant.name));
        let guid = tenant.guid.to_lowercase();
        let mut links = vec![self.desk.link(LinkKind::Party, &guid, (customer, &tenant.name))];
        let mut made: BTreeMap<String, i64> = BTreeMap::new();
        let next_run = self.next_run();
        for motion in Motion::ALL.iter().copied().filter(|motion| *motion != Motion::Unknown) {
            let name = match shape {
                Shape::One => "Cloud".to_owned(),
                Shape::Each => motion.text().to_owned(),
                Shape::Two => if motion.recurs() { "Cloud monthly" } else { "Cloud, the rest" }.to_owned(),
            };
            let schedule = *made.entry(name.clone()).or_insert_with(|| {
                let schedule = Schedule::of(customer, &name, Frequency::Monthly, next_run);
                self.desk.books().add_schedule(schedule)
            });
            links.push(self.desk.link(LinkKind::Container, &format!("{guid}/{motion}"), (schedule, &name)));
        }
        self.desk.commit(links).await;
        self.mapped.insert(guid);
        let schedules: Vec<i64> = made.into_values().collect();
        self.own_lines(schedules[0]);
        schedules
    }

    /// The first 15th after today.
    fn next_run(&self) -> NaiveDate {
        let today = self.desk.now().date_naive();
        let this = Month::of(today).day(self.runs_on);
        // The first statements appear in the month after the world begins.
        let first = self.first.plus(1).day(self.runs_on);
        if this > today { this.max(first) } else { Month::of(today).plus(1).day(self.runs_on).max(first) }
    }

    /// What people keep on a recurring invoice: something that recurs, something counted, something once.
    fn own_lines(&mut self, schedule: i64) {
        let books = self.desk.books();
        let product = books.add_product(Product::named("Monitoring", "Monitoring", Decimal::new(45, 0), Decimal::ONE));
        let line = Line { product: Some(product), ..Line::named("Monitoring", 2.into(), 4_500, 100) };
        let visit = Line { one_time_charge: true, ..Line::named("Site visit", 1.into(), 12_000, 0) };
        for line in [line, Line::asset_counter("Servers", &[11, 12, 13], 9_900), visit] {
            let amount = line.amount_cents();
            let once = line.one_time_charge;
            let id = books.add_line(schedule, line);
            if !once {
                self.people.insert(id, amount);
            }
        }
    }

    /// Until the 12th of the month after; check, products, plans, and all of them sent.
    pub(crate) async fn bill(&mut self, month: Month) {
        self.desk.until(month.plus(1).day(CHECKED_ON));
        self.bill_now(month).await;
    }

    /// What the statements say now is what is to be on the next invoices.
    pub(crate) fn looked_at(&mut self, month: Month) {
        self.due = self.due(month);
    }

    /// With the statements of months up to this one.
    pub(crate) async fn bill_now(&mut self, month: Month) {
        self.looked_at(month);
        let needed = self.desk.bill(&self.accepts).await;
        for (code, count) in needed {
            *self.needed.entry(code).or_default() += count;
        }
    }

    /// Syncro makes the invoices of the 15th of the month after.
    pub(crate) async fn run(&mut self, month: Month) {
        self.ledger.learn(&self.desk).await;
        let day = month.plus(1).day(self.runs_on);
        self.desk.until(day);
        self.desk.books().run_schedules(day);
        self.ledger.count(&self.desk).await;
    }

    /// Statements, invoices, and both are the same.
    pub(crate) async fn month(&mut self, month: Month) {
        self.bill(month).await;
        self.run(month).await;
        self.agrees(&month.to_string()).await;
    }

    /// Lines that were made from here and stand on recurring invoices, by what they recur by; what bills once is left out.
    pub(crate) fn standing(&self) -> Vec<Line> {
        let mut all = self.desk.books().all_lines();
        all.retain(|line| line.maker == Maker::Api && !line.one_time_charge);
        all
    }

    /// What the statements of these months say that the mapped customers are to pay, by customer and motion.
    pub(crate) fn due(&self, until: Month) -> Bills {
        self.desk.market.world(|world| due(world, until, &self.mapped))
    }

    /// All that was invoiced so far is all that the statements said when they were last looked at.
    pub(crate) async fn agrees(&self, what: &str) {
        let (mut due, mut billed) = (self.due.clone(), self.ledger.billed.clone());
        due.retain(|_, cents| *cents != 0);
        billed.retain(|_, cents| *cents != 0);
        if due == billed {
            return;
        }
        let names = self.names();
        let keys: BTreeSet<&String> = due.keys().chain(billed.keys()).collect();
        let mut wrong = Vec::new();
        for key in keys.into_iter().filter(|key| due.get(*key) != billed.get(*key)) {
            let of = |of: &Bills| Decimal::new(of.get(key).copied().unwrap_or_default(), 2);
            let name = key.split_once('/').and_then(|(guid, _)| names.get(guid)).cloned().unwrap_or_default();
            wrong.push(format!("{name} {key}: statements {}, invoices {}", of(&due), of(&billed)));
            self.tell(key).await;
        }
        panic!("{what}: {wrong:#?}");
    }

    fn names(&self) -> BTreeMap<String, String> {
        let tenants = self.tenants();
        tenants.into_iter().map(|tenant| (tenant.guid.to_lowercase(), tenant.name)).collect()
    }

    /// Every statement's money is on a task or in a bucket: period by period, motion by motion, currency by currency.
    pub(crate) async fn nothing_is_lost(&self, until: Month) {
        let days = (self.first.first(), until.end());
        let rows = self.desk.store.statement_money(&self.desk.x(), days.0, days.1).await.unwrap();
        let mut kept: BTreeMap<(NaiveDate, Motion, String), i64> = BTreeMap::new();
        for row in &rows {
            let key = (row.period.start(), row.motion, row.money.currency.to_string());
            *kept.entry(key).or_default() += cents(row.money.amount);
        }
        let mut told: BTreeMap<(NaiveDate, Motion, String), i64> = BTreeMap::new();
        let expected = self.desk.market.world(|world| oracle::expected(world));
        for (cell, sums) in expected.cells.iter().filter(|(cell, _)| cell.month <= until) {
            let key = (cell.month.first(), ours(cell.motion), cell.currency.to_owned());
            *told.entry(key).or_default() += cents(sums.retail);
        }
        kept.retain(|_, cents| *cents != 0);
        told.retain(|_, cents| *cents != 0);
        assert_eq!(kept, told, "bills and buckets are not the statements");
    }

    /// Nobody's lines were touched, and nothing was done that nobody wants done.
    pub(crate) async fn is_clean(&mut self, runs: i64) {
        assert_eq!(self.desk.market.misdeeds(), Vec::<String>::new());
        assert_eq!(self.desk.accounts[0].misdeeds(), Vec::<String>::new());
        self.ledger.learn(&self.desk).await;
        assert_eq!(self.ledger.stray(&self.desk), Vec::<String>::new());
        for (line, amount) in &self.people {
            assert_eq!(self.ledger.people.get(line), Some(&(amount * runs)), "a person's line {line}");
        }
    }

    /// What a customer and motion was billed, for whoever has to find the cent.
    pub(crate) async fn tell(&self, subscription: &str) {
        let is_its = |task: &counterfoil_domain::task::Task| {
            task.subscription.as_ref().is_some_and(|id| id.as_str() == subscription)
        };
        for task in self.desk.tasks(&[]).await.into_iter().filter(is_its) {
            println!("{} {}: {:?}", task.number, task.amount, task.state);
            let Some(plan) = task.state.plan() else { continue };
            let sealed = self.desk.store.plan(plan).await.unwrap().unwrap();
            for change in &sealed.plan.changes {
                println!("    {:?} {} | {} | {:?}", change.action, change.title, change.why, change.attributes);
            }
        }
        for invoice in self.desk.books().invoices() {
            for line in invoice.lines.iter().filter(|line| self.ledger.is_of(line, subscription)) {
                println!(
                    "  {} {:?} {} × {}: {}",
                    invoice.date, line.schedule_line, line.quantity, line.price, line.name
                );
            }
        }
    }
}

fn due(world: &StatementWorld, until: Month, mapped: &BTreeSet<String>) -> Bills {
    let mut all = Bills::new();
    for (cell, sums) in oracle::expected(world).cells {
        let Some(tenant) = cell.tenant.and_then(|id| world.tenant(id)) else { continue };
        let guid = tenant.guid.to_lowercase();
        let motion = ours(cell.motion);
        if cell.month > until || motion == Motion::Unknown || cell.currency != "USD" || !mapped.contains(&guid) {
            continue;
        }
        *all.entry(format!("{guid}/{motion}")).or_default() += cents(sums.retail);
    }
    all
}
