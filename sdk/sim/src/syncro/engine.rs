//! Owns the runs of recurring invoices: which are due, what they bill, what becomes of one-time lines, when they run next.
//! In exact cents; tickets' charges are none. What public material leaves open is in `BillingRules`.

use chrono::NaiveDate;

use super::config::{DeadProducts, OneTime};
use super::invoices::{Invoice, InvoiceLine};
use super::lines::Line;
use super::money::units;
use super::tenant::{Kind, Maker, Tenant};

impl Tenant {
    /// Every run that is due by that day, as they fall due. Missed ones are made up for, each by itself.
    pub(crate) fn run_schedules(&mut self, up_to: NaiveDate) -> Vec<Invoice> {
        let mut made = Vec::new();
        while let Some(schedule) = self.due(up_to) {
            made.extend(self.run(schedule));
        }
        made
    }

    fn due(&self, up_to: NaiveDate) -> Option<i64> {
        let due = self.schedules.values().filter(|one| !one.paused && one.next_run <= up_to);
        due.min_by_key(|one| (one.next_run, one.id)).map(|one| one.id)
    }

    fn is_billed(&self, line: &Line) -> bool {
        let dead = || line.product.is_some_and(|id| self.products.get(&id).is_none_or(|product| product.disabled));
        let skipped = self.config.rules.dead_products == DeadProducts::Skipped && dead();
        !line.billed && !skipped
    }

    fn run(&mut self, id: i64) -> Option<Invoice> {
        let rules = self.config.rules;
        let schedule = self.schedules.get(&id)?.clone();
        let lines: Vec<Line> = self.lines_of(id).into_iter().filter(|line| self.is_billed(line)).cloned().collect();
        let invoice = (!lines.is_empty() || rules.blank_invoices).then(|| self.invoice_of(id, &lines)).flatten();
        for line in lines.iter().filter(|line| line.one_time_charge) {
            self.retire(line.id, rules.one_time);
        }
        let next = schedule.frequency.after(schedule.next_run, schedule.anchor, rules.month_end);
        let schedule = self.schedules.get_mut(&id)?;
        match next {
            Some(next) => schedule.next_run = next,
            // There is no day after it.
            None => schedule.paused = true,
        }
        if let Some(invoice) = &invoice {
            schedule.last_invoice_paid = Some(invoice.is_paid);
        }
        invoice
    }

    fn retire(&mut self, line: i64, rule: OneTime) {
        if rule == OneTime::Removed {
            self.lines.remove(&line);
            return;
        }
        let Some(line) = self.lines.get_mut(&line) else { return };
        match rule {
            OneTime::KeptAtZero => line.quantity = rust_decimal::Decimal::ZERO,
            OneTime::KeptBilled | OneTime::Removed => line.billed = true,
        }
    }

    fn number(&mut self) -> String {
        loop {
            let number = self.next_number.to_string();
            self.next_number += 1;
            if self.invoices.values().all(|invoice| invoice.number != number) {
                return number;
            }
        }
    }

    fn invoice_of(&mut self, schedule: i64, lines: &[Line]) -> Option<Invoice> {
        let schedule = self.schedules.get(&schedule)?.clone();
        let number = self.number();
        let at = self.six_in_the_morning(schedule.next_run);
        let mut invoice = self.blank_invoice(schedule.customer, number, schedule.next_run);
        (invoice.created_at, invoice.updated_at) = (at, at);
        (invoice.schedule, invoice.maker) = (Some(schedule.id), Maker::Engine);
        // A card that is charged has paid.
        (invoice.charged, invoice.is_paid) = (schedule.charge_mop, schedule.charge_mop);
        invoice.emailed = schedule.email_customer;
        for line in lines {
            let id = self.give(Kind::InvoiceLine);
            invoice.lines.push(InvoiceLine {
                id,
                item: line.name.clone(),
                name: line.description.clone(),
                product: line.product,
                quantity: line.billed_quantity(),
                price: units(line.retail_cents),
                cost: units(line.cost_cents),
                taxable: line.taxable,
                discount_percent: None,
                position: line.position,
                schedule_line: Some(line.id),
                one_time_charge: line.one_time_charge,
                maker: Maker::Engine,
                created_at: at,
            });
        }
        self.invoices.insert(invoice.id, invoice.clone());
        Some(invoice)
    }
}
