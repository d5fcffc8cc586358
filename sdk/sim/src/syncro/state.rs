//! Owns what tests see of an account and put into it, beside the API: its people's own work, its runs, its switches, and
//! what was done to it that nobody wants done.

use chrono::{DateTime, NaiveDate, Utc};
use rust_decimal::Decimal;

use super::budget::RateWindow;
use super::config::{BillingRules, Switches, Token};
use super::customers::Customer;
use super::gate::{Shared, lock};
use super::invoices::{Invoice, InvoiceLine};
use super::lines::Line;
use super::products::Product;
use super::schedules::Schedule;
use super::tenant::{Kind, Maker};
use super::watch::{Violation, ViolationKind};

/// An invoice that reached a customer or his card without anybody looking at it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Danger {
    pub invoice: i64,
    pub schedule: i64,
    pub total_cents: i64,
    pub charged: bool,
    pub emailed: bool,
}

/// One account; clones share it.
#[derive(Debug, Clone)]
pub struct SyncroState(Shared);

impl SyncroState {
    pub(crate) fn new(tenant: Shared) -> Self {
        Self(tenant)
    }

    pub fn add_customer(&self, customer: Customer) -> i64 {
        lock(&self.0).add_customer(customer)
    }

    pub fn add_product(&self, product: Product) -> i64 {
        lock(&self.0).add_product(product)
    }

    pub fn add_schedule(&self, schedule: Schedule) -> i64 {
        lock(&self.0).add_schedule(schedule)
    }

    /// A line as it is said, its maker's: a person's unless told otherwise.
    pub fn add_line(&self, schedule: i64, line: Line) -> i64 {
        lock(&self.0).add_line(Line { schedule, ..line })
    }

    /// Somebody writes an invoice by hand.
    pub fn add_invoice(&self, customer: i64, number: &str, date: NaiveDate) -> i64 {
        let mut tenant = lock(&self.0);
        let invoice = tenant.blank_invoice(customer, number.to_owned(), date);
        let id = invoice.id;
        tenant.store(invoice);
        id
    }

    pub fn add_invoice_line(&self, invoice: i64, item: &str, quantity: Decimal, price: Decimal) -> Option<i64> {
        let mut tenant = lock(&self.0);
        let (id, now) = (tenant.give(Kind::InvoiceLine), tenant.now());
        tenant.invoices.get_mut(&invoice)?.lines.push(InvoiceLine {
            id,
            item: item.to_owned(),
            name: item.to_owned(),
            product: None,
            quantity,
            price,
            cost: Decimal::ZERO,
            taxable: true,
            discount_percent: None,
            position: 0,
            schedule_line: None,
            one_time_charge: false,
            maker: Maker::Person,
            created_at: now,
        });
        Some(id)
    }

    /// Somebody changes a customer by hand; false where there is none.
    pub fn edit_customer(&self, id: i64, change: impl FnOnce(&mut Customer)) -> bool {
        lock(&self.0).customers.get_mut(&id).map(change).is_some()
    }

    /// Somebody renames, prices or disables a product by hand.
    pub fn edit_product(&self, id: i64, change: impl FnOnce(&mut Product)) -> bool {
        lock(&self.0).products.get_mut(&id).map(change).is_some()
    }

    pub fn delete_product(&self, id: i64) -> bool {
        let mut tenant = lock(&self.0);
        tenant.gone.insert(id);
        tenant.products.remove(&id).is_some()
    }

    pub fn edit_schedule(&self, id: i64, change: impl FnOnce(&mut Schedule)) -> bool {
        lock(&self.0).schedules.get_mut(&id).map(change).is_some()
    }

    /// Somebody deletes it by hand, with its lines.
    pub fn delete_schedule(&self, id: i64) -> bool {
        let mut tenant = lock(&self.0);
        tenant.lines.retain(|_, line| line.schedule != id);
        tenant.schedules.remove(&id).is_some()
    }

    pub fn edit_line(&self, id: i64, change: impl FnOnce(&mut Line)) -> bool {
        lock(&self.0).lines.get_mut(&id).map(change).is_some()
    }

    pub fn delete_line(&self, id: i64) -> bool {
        lock(&self.0).lines.remove(&id).is_some()
    }

    /// A person's line becomes one that the API may write: somebody linked it.
    pub fn hand_over(&self, line: i64) -> bool {
        self.edit_line(line, |line| line.maker = Maker::Api)
    }

    pub fn pay(&self, invoice: i64) -> bool {
        lock(&self.0).invoices.get_mut(&invoice).map(|invoice| invoice.is_paid = true).is_some()
    }

    #[must_use]
    pub fn customers(&self) -> Vec<Customer> {
        lock(&self.0).customers.values().cloned().collect()
    }

    #[must_use]
    pub fn products(&self) -> Vec<Product> {
        lock(&self.0).products.values().cloned().collect()
    }

    #[must_use]
    pub fn product(&self, id: i64) -> Option<Product> {
        lock(&self.0).products.get(&id).cloned()
    }

    #[must_use]
    pub fn schedules(&self) -> Vec<Schedule> {
        lock(&self.0).schedules.values().cloned().collect()
    }

    #[must_use]
    pub fn schedule(&self, id: i64) -> Option<Schedule> {
        lock(&self.0).schedules.get(&id).cloned()
    }

    /// As they stand on it: by position, then by id.
    #[must_use]
    pub fn lines(&self, schedule: i64) -> Vec<Line> {
        lock(&self.0).lines_of(schedule).into_iter().cloned().collect()
    }

    /// Of every recurring invoice, by id.
    #[must_use]
    pub fn all_lines(&self) -> Vec<Line> {
        lock(&self.0).lines.values().cloned().collect()
    }

    #[must_use]
    pub fn invoices(&self) -> Vec<Invoice> {
        lock(&self.0).invoices.values().cloned().collect()
    }

    /// Makes every invoice that is due by that day, as the nights up to it would.
    pub fn run_schedules(&self, up_to: NaiveDate) -> Vec<Invoice> {
        lock(&self.0).run_schedules(up_to)
    }

    /// Makes those whose 06:00 has come by the clock.
    pub fn run_due(&self) -> Vec<Invoice> {
        let mut tenant = lock(&self.0);
        let day = tenant.ran_until();
        tenant.run_schedules(day)
    }

    /// Invoices that were charged or mailed by themselves.
    #[must_use]
    pub fn dangers(&self) -> Vec<Danger> {
        let danger = |invoice: &Invoice| {
            let schedule = invoice.schedule.filter(|_| invoice.charged || invoice.emailed)?;
            Some(Danger {
                invoice: invoice.id,
                schedule,
                total_cents: invoice.total_cents(),
                charged: invoice.charged,
                emailed: invoice.emailed,
            })
        };
        lock(&self.0).invoices.values().filter_map(danger).collect()
    }

    #[must_use]
    pub fn violations(&self) -> Vec<Violation> {
        lock(&self.0).violations.clone()
    }

    #[must_use]
    pub fn violations_of(&self, kind: ViolationKind) -> Vec<Violation> {
        lock(&self.0).violations.iter().filter(|one| one.kind == kind).cloned().collect()
    }

    pub fn switch(&self, change: impl FnOnce(&mut Switches)) {
        change(&mut lock(&self.0).config.switches);
    }

    pub fn set_rules(&self, rules: BillingRules) {
        lock(&self.0).config.rules = rules;
    }

    /// The tokens from now on; one that is left out is revoked.
    pub fn set_tokens(&self, tokens: Vec<Token>) {
        lock(&self.0).config.tokens = tokens;
    }

    pub fn set_budget(&self, budget: Option<RateWindow>) {
        lock(&self.0).config.budget = budget;
    }

    pub fn set_currency_symbol(&self, symbol: &str) {
        symbol.clone_into(&mut lock(&self.0).config.currency_symbol);
    }

    #[must_use]
    pub fn now(&self) -> DateTime<Utc> {
        lock(&self.0).now()
    }

    /// Puts the clock to an instant, forwards or back.
    pub fn set_clock(&self, instant: DateTime<Utc>) {
        let tenant = lock(&self.0);
        tenant.clock.advance(instant - tenant.clock.now());
    }
}
