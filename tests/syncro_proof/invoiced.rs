//! What Syncro's own engine has put onto invoices, by customer and billing motion. Owns telling our lines from people's, by
//! the receipts of what was sent; owns no expectation of an amount.

use std::collections::{BTreeMap, BTreeSet};

use counterfoil_domain::id::TaskId;
use counterfoil_sim::syncro::{Invoice, InvoiceLine, Maker};

use crate::desk::Desk;

/// "customer/motion", and what it comes to in cents.
pub(crate) type Bills = BTreeMap<String, i64>;

#[derive(Debug, Default)]
pub(crate) struct Ledger {
    /// Whose a line of a recurring invoice is.
    owners: BTreeMap<i64, String>,
    /// Lines of invoices, where those are made from here.
    items: BTreeMap<i64, String>,
    read: BTreeSet<TaskId>,
    counted: usize,
    /// All that our lines came to so far.
    pub(crate) billed: Bills,
    /// What people's own lines came to, line by line.
    pub(crate) people: BTreeMap<i64, i64>,
    pub(crate) lines: usize,
}

impl Ledger {
    /// Learns which lines the tasks that are synchronized by now have made.
    pub(crate) async fn learn(&mut self, desk: &Desk) {
        for task in desk.tasks(&["synced"]).await {
            if !self.read.insert(task.id.clone()) {
                continue;
            }
            let owner = task.subscription.clone().unwrap().to_string();
            for stored in desk.store.receipts_of(&task.id).await.unwrap() {
                for change in stored.receipt.changes {
                    let Ok(line) = change.reference.as_str().parse::<i64>() else { continue };
                    let known = match change.document.as_str() {
                        "recurring-line" | "one-time-line" => self.owners.insert(line, owner.clone()),
                        "invoice-line" => self.items.insert(line, owner.clone()),
                        _ => None,
                    };
                    assert!(known.is_none_or(|known| known == owner), "line {line} is of two");
                }
            }
        }
    }

    /// Counts invoices that were made since the last time.
    pub(crate) async fn count(&mut self, desk: &Desk) {
        self.learn(desk).await;
        let invoices = desk.books().invoices();
        for invoice in &invoices[self.counted..] {
            self.invoice(invoice);
        }
        self.counted = invoices.len();
    }

    /// Whose a line of a recurring invoice is.
    pub(crate) fn owner(&self, line: i64) -> Option<&str> {
        self.owners.get(&line).map(String::as_str)
    }

    /// Whether a line of an invoice bills this customer and motion.
    pub(crate) fn is_of(&self, line: &InvoiceLine, subscription: &str) -> bool {
        let owner = match line.schedule_line {
            Some(of) => self.owners.get(&of),
            None => self.items.get(&line.id),
        };
        owner.is_some_and(|owner| owner == subscription)
    }

    fn invoice(&mut self, invoice: &Invoice) {
        for line in &invoice.lines {
            let ours = match line.schedule_line {
                Some(of) => self.owners.get(&of),
                None => self.items.get(&line.id),
            };
            let amount = line.amount_cents();
            match (ours, line.schedule_line) {
                (Some(owner), _) => {
                    *self.billed.entry(owner.clone()).or_default() += amount;
                    self.lines += 1;
                }
                (None, Some(of)) => *self.people.entry(of).or_default() += amount,
                (None, None) => panic!("line {line:?} of invoice {} is nobody's", invoice.number),
            }
        }
    }

    /// Lines that the API made and no receipt names.
    pub(crate) fn stray(&self, desk: &Desk) -> Vec<String> {
        let all = desk.books().all_lines();
        let stray = all.iter().filter(|line| line.maker == Maker::Api && !self.owners.contains_key(&line.id));
        stray.map(|line| format!("{line:?}")).collect()
    }
}
