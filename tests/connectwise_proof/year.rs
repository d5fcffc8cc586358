//! Twelve months of a hundred subscriptions with changes on every day of a month, synchronized as they come, some of them
//! late, on agreements that prorate and that do not, of which some are invoiced with the first day of a period and some
//! weeks after it. What ConnectWise invoices each customer is what the marketplace charged that customer, to the cent.
//! `SEED=7` plays another year.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::{Days, Duration, NaiveDate};
use counterfoil_domain::connection::HostRules;
use counterfoil_domain::id::Actor;
use counterfoil_domain::link::LinkKind;
use counterfoil_domain::order::{BillingModel, Fee};
use counterfoil_domain::period::Cycle;
use counterfoil_domain::plan::Severity;
use counterfoil_domain::run::{RunKind, RunState};
use counterfoil_domain::task::Event as TaskEvent;
use rust_decimal::Decimal;

use crate::books::Terms;
use crate::desk::{Desk, Setup, moved};
use crate::dice::Dice;
use crate::life::{Agreement, CUSTOMERS, Event, Life, METERED, PRODUCTS, end, start};
use crate::shelf::{Draft, Shelf, amount, customer, line, morning, subscription};

const SEED: u64 = 5;

/// How the reseller works.
#[derive(Debug, Clone, Copy)]
struct Way {
    /// Days between two synchronizations.
    every: i64,
    /// So many plans of a thousand lie about for weeks before somebody confirms them.
    forgotten: i64,
    settings: &'static [(&'static str, &'static str)],
}

struct Office {
    life: Life,
    way: Way,
    desk: Desk,
    shelf: Arc<Shelf>,
    dice: Dice,
    /// Of the life's agreements, in ConnectWise.
    agreements: Vec<i64>,
    /// First day that is not invoiced.
    until: Vec<NaiveDate>,
    /// Nobody confirms them before that day.
    forgotten: BTreeMap<String, NaiveDate>,
    /// What was invoiced without a change that came too late, in cents, by subscription; and the orders it was said of.
    gaps: BTreeMap<usize, i64>,
    told: BTreeSet<String>,
    needed: BTreeMap<String, usize>,
}

fn cents(cents: i64) -> String {
    Decimal::new(cents, 2).to_string()
}

impl Office {
    async fn open(seed: u64, way: Way) -> Self {
        let life = Life::of(seed);
        let shelf = Arc::new(Shelf::default());
        let rules = HostRules { most_change: None, ..HostRules::default() };
        let before = morning(start()) - Duration::days(1);
        let setup = Setup { rules, settings: way.settings.to_vec(), ..Setup::at(before) };
        let mut desk = Desk::open(Arc::clone(&shelf) as Arc<_>, setup).await;
        let mut companies = Vec::new();
        for number in 0..CUSTOMERS {
            let name = format!("Customer {number}");
            shelf.put_customer(customer(&format!("c{number}"), &name));
            companies.push(desk.company(&name));
            desk.link(LinkKind::Party, &format!("c{number}"), (companies[number], &name)).await;
        }
        for (place, (code, name, unit)) in PRODUCTS.iter().enumerate() {
            shelf.put_product((code, name), place == METERED);
            let id = desk.item(code, name, (Decimal::new(*unit, 2), Decimal::ZERO));
            desk.link(LinkKind::Item, code, (id, name)).await;
        }
        let fee = Fee::CancellationFee.name();
        let id = desk.item(fee, fee, (Decimal::ONE, Decimal::ZERO));
        desk.link(LinkKind::Fee, fee, (id, fee)).await;
        // What is sold later is no part of the first snapshot.
        desk.check().await;
        let mut agreements = Vec::new();
        for (number, one) in life.agreements.iter().enumerate() {
            let anchor = one.periods.anchor.to_string();
            let terms = Terms { prorates: one.prorates, cycle: cycle_name(one), ..Terms::monthly(&anchor) };
            agreements.push(desk.agreement(companies[one.customer], &format!("Agreement {number}"), terms));
        }
        for (number, one) in life.subscriptions.iter().enumerate() {
            let agreement = &life.agreements[one.agreement];
            let (id, of) = (format!("sub-{number}"), format!("c{}", agreement.customer));
            let mut put = subscription(&id, &of, Cycle::Months(agreement.periods.months), one.since);
            if one.by_use {
                put.billing_model = BillingModel::AfterBillingPeriod;
            }
            shelf.put_subscription(put);
            desk.link(LinkKind::Container, &id, (agreements[one.agreement], "Agreement")).await;
        }
        let until = life.agreements.iter().map(|one| one.periods.anchor).collect();
        Self {
            life,
            way,
            desk,
            shelf,
            dice: Dice::new(seed ^ 0x0FF1CE),
            agreements,
            until,
            forgotten: BTreeMap::new(),
            gaps: BTreeMap::new(),
            told: BTreeSet::new(),
            needed: BTreeMap::new(),
        }
    }

    async fn live(&mut self) {
        let mut events = self.life.events.clone().into_iter().peekable();
        let last = end() + Days::new(50);
        let mut day = self.life.agreements.iter().map(|one| one.periods.anchor).min().unwrap();
        while day < last {
            self.invoice(day);
            while let Some(event) = events.next_if(|event| event.day == day) {
                self.put(event);
            }
            let every = (day - start()).num_days();
            if day >= start() && every % self.way.every == 0 {
                self.desk.until(day);
                self.work(day, events.peek().is_none()).await;
            }
            day = day + Days::new(1);
        }
        let open: Vec<String> = self
            .desk
            .tasks(&[])
            .await
            .into_iter()
            .filter(|task| task.state.name() != "synced")
            .map(|t| format!("{t:?}"))
            .collect();
        assert!(open.is_empty(), "{} are open: {:#?}", open.len(), open.first());
    }

    /// Everything that falls due on this day.
    fn invoice(&mut self, day: NaiveDate) {
        for (number, one) in self.life.agreements.iter().enumerate() {
            while self.until[number] + Days::new(one.lag) <= day {
                let (first, next) = one.periods.of(self.until[number]);
                self.desk.invoice(self.agreements[number], &first.to_string());
                self.until[number] = next;
            }
        }
    }

    fn put(&self, event: Event) {
        let lines = event.lines.iter().map(|one| {
            let product = one.product.map(|product| (PRODUCTS[product].0, PRODUCTS[product].1));
            let quantity = one.quantity.to_string();
            let mut line = line(one.fee, product, &quantity, &cents(one.unit), &cents(one.amount));
            line.service_period = one.period;
            line
        });
        let subscription = format!("sub-{}", event.subscription);
        let mut draft = Draft::new(&event.number, event.kind, &subscription, event.day, lines.collect());
        draft.model = event.model;
        self.shelf.put(draft);
    }

    /// Checks, plans, confirms and sends until nothing moves any more.
    async fn work(&mut self, day: NaiveDate, remembers: bool) {
        self.desk.check().await;
        for _ in 0..12 {
            let run = self.desk.plan().await;
            assert!(matches!(run.state, RunState::Done | RunState::Incomplete), "{day}: {:#?}", run.problems);
            let parked = self.desk.tasks(&["parked"]).await;
            assert!(parked.is_empty(), "{day}: {parked:#?}");
            let mut plans = Vec::new();
            let mut writes = Vec::new();
            for task in self.desk.tasks(&["planned"]).await {
                let chance = self.dice.chance(self.way.forgotten);
                let dice = &mut self.dice;
                let until = self.forgotten.entry(task.number.clone()).or_insert_with(|| {
                    if chance { day + Days::new(u64::try_from(dice.within(9, 45)).unwrap()) } else { day }
                });
                if *until > day && !remembers {
                    continue;
                }
                let sealed = self.desk.sealed(&task).await;
                assert_ne!(
                    sealed.worst(),
                    Some(Severity::Blocks),
                    "{}: {:#?}\n{:#?}",
                    task.number,
                    sealed.findings,
                    sealed.plan
                );
                for finding in sealed.findings.iter().filter(|finding| finding.severity == Severity::NeedsPerson) {
                    *self.needed.entry(finding.code.clone()).or_default() += 1;
                    if ["billing-gap", "charged-past-end"].contains(&finding.code.as_str()) {
                        self.told.insert(task.number.clone());
                    }
                }
                self.gap(&task.number);
                plans.push(sealed.digest.clone());
                writes.push(moved(task, TaskEvent::Confirmed { plan: sealed.digest, by: Actor::new("ann") }));
            }
            if plans.is_empty() {
                let waits = |code: &str| code == "waits-its-turn";
                assert!(run.problems.iter().all(|problem| waits(&problem.code)), "{day}: {:#?}", run.problems);
                return;
            }
            self.desk.store.commit(writes).await.unwrap();
            let run = self.desk.run(RunKind::Sync(plans)).await;
            assert_eq!(run.state, RunState::Done, "{day}: {:#?}", run.problems);
        }
    }

    /// Whole periods that were invoiced between an order and its synchronization.
    fn gap(&mut self, number: &str) {
        let event = self.life.events.iter().find(|event| event.number == number).unwrap();
        let at = self.life.subscriptions[event.subscription].agreement;
        let agreement = &self.life.agreements[at];
        let mut periods = 0;
        let mut begins = agreement.periods.of(event.day).1;
        while begins < self.until[at] {
            periods += 1;
            begins = agreement.periods.of(begins).1;
        }
        if periods > 0 && event.more != 0 {
            *self.gaps.entry(event.subscription).or_default() += periods * event.more;
            assert!(self.told.contains(number), "{number} came {periods} periods too late, and nobody is told");
        }
    }

    /// What a customer ordered and what stands for it, for whoever has to find the cent.
    fn tell(&self, customer: usize) {
        let of = |agreement: usize| self.life.agreements[agreement].customer == customer;
        for event in self.life.events.iter().filter(|event| of(self.life.subscriptions[event.subscription].agreement)) {
            println!("{} {} sub-{} {:?}", event.day, event.number, event.subscription, event.lines);
        }
        for (number, one) in self.life.agreements.iter().enumerate().filter(|(number, _)| of(*number)) {
            println!("{one:?}");
            let additions = self.desk.additions(self.agreements[number]);
            additions.iter().for_each(|one| println!("  {} {} {} {}", one.id, one.item, one.told(), one.text));
            for bill in self.desk.all_bills(self.agreements[number]) {
                let lines: Vec<String> =
                    bill.lines.iter().map(|line| format!("{}: {}", line.addition, line.amount)).collect();
                println!("  {} {} {lines:?}", bill.first, bill.total);
            }
        }
    }

    /// Both books at the end, customer by customer.
    async fn balance(&mut self) {
        let far = end() + Days::new(60);
        let mut charged = vec![0; CUSTOMERS];
        for (number, one) in self.life.agreements.clone().iter().enumerate() {
            // One more: what came after an invoice is on the next one, which may be a year later.
            let last = one.periods.of(one.periods.of(far).1).1;
            while self.until[number] < last {
                let (first, next) = one.periods.of(self.until[number]);
                self.desk.invoice(self.agreements[number], &first.to_string());
                self.until[number] = next;
            }
        }
        for (number, one) in self.life.subscriptions.iter().enumerate() {
            let owner = self.life.agreements[one.agreement].customer;
            charged[owner] +=
                self.life.charged(number, self.until[one.agreement]) - self.gaps.get(&number).unwrap_or(&0);
        }
        let mut billed = vec![Decimal::ZERO; CUSTOMERS];
        for (number, one) in self.life.agreements.iter().enumerate() {
            billed[one.customer] +=
                self.desk.all_bills(self.agreements[number]).iter().map(|bill| bill.total).sum::<Decimal>();
        }
        let wrong: Vec<String> = (0..CUSTOMERS)
            .filter(|number| billed[*number] != Decimal::new(charged[*number], 2))
            .map(|number| format!("customer {number}: {} invoiced, {} charged", billed[number], cents(charged[number])))
            .collect();
        println!(
            "{} orders, {} additions, {} invoiced; needed a person: {:?}; gaps {:?}",
            self.life.events.len(),
            self.agreements.iter().map(|id| self.desk.additions(*id).len()).sum::<usize>(),
            billed.iter().sum::<Decimal>(),
            self.needed,
            self.gaps
        );
        for number in (0..CUSTOMERS).filter(|number| billed[*number] != Decimal::new(charged[*number], 2)) {
            self.tell(number);
        }
        assert!(wrong.is_empty(), "{wrong:#?}");
        let total: Decimal = billed.iter().sum();
        assert!(total > amount("100000"), "{total}: a year that bills nothing proves nothing");
    }
}

fn cycle_name(agreement: &Agreement) -> &'static str {
    match agreement.periods.months {
        1 => "Monthly",
        3 => "Quarterly",
        _ => "Yearly",
    }
}

fn play(way: Way) {
    let seed = std::env::var("SEED").map_or(SEED, |seed| seed.parse().unwrap());
    println!("SEED={seed} {way:?}");
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let mut office = Office::open(seed, way).await;
        assert_eq!(office.life.days_of_changes().len(), 31, "a day of the month without a change");
        office.live().await;
        office.balance().await;
    });
}

#[test]
fn year_synchronized_every_day_is_invoiced_to_the_cent() {
    play(Way { every: 1, forgotten: 0, settings: &[] });
}

#[test]
fn year_synchronized_weekly_and_late_is_invoiced_to_the_cent() {
    play(Way { every: 7, forgotten: 60, settings: &[("changes", "quantity")] });
}
