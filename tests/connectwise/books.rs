//! ConnectWise as its people see it: companies, agreements, items, what stands on an agreement and what it was billed. Owns
//! the way from the simulator's records to what tests compare; owns no expectation. Shared with the proofs.

use chrono::NaiveDate;
use counterfoil_sim::connectwise::{Addition as Stored, AgreementSeed, CwHandle, Invoice, ItemSeed};
use rust_decimal::Decimal;

use crate::desk::Desk;

/// How an agreement bills.
#[derive(Debug, Clone)]
pub(crate) struct Terms {
    pub(crate) cycle: &'static str,
    pub(crate) currency: &'static str,
    pub(crate) prorates: bool,
    pub(crate) since: NaiveDate,
}

impl Terms {
    /// In US dollars, without proration.
    pub(crate) fn monthly(since: &str) -> Self {
        Self { cycle: "Monthly", currency: "USD", prorates: false, since: since.parse().unwrap() }
    }
}

/// One addition, with its product by identifier.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Addition {
    pub(crate) id: i64,
    pub(crate) item: String,
    pub(crate) quantity: Decimal,
    pub(crate) unit_price: Decimal,
    pub(crate) unit_cost: Option<Decimal>,
    /// Of a whole period, rounded to coins.
    pub(crate) extended: Decimal,
    pub(crate) bill: String,
    pub(crate) taxable: bool,
    pub(crate) effective: Option<NaiveDate>,
    pub(crate) cancelled: Option<NaiveDate>,
    pub(crate) text: String,
    pub(crate) marker: String,
}

impl Addition {
    /// "13 × 22.00 from 2026-12-01 to 2026-12-31, NoCharge"
    pub(crate) fn told(&self) -> String {
        let first = self.effective.map(|day| format!(" from {day}")).unwrap_or_default();
        let last = self.cancelled.map(|day| format!(" to {day}")).unwrap_or_default();
        let bill = if self.bill == "Billable" { String::new() } else { format!(", {}", self.bill) };
        format!("{} × {}{first}{last}{bill}", self.quantity.normalize(), money(self.unit_price))
    }
}

/// At least two places, and no more than it needs.
pub(crate) fn money(number: Decimal) -> String {
    let mut number = number.normalize();
    if number.scale() < 2 {
        number.rescale(2);
    }
    number.to_string()
}

/// One invoice of an agreement, for days from the first to the last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Bill {
    pub(crate) first: NaiveDate,
    pub(crate) last: NaiveDate,
    pub(crate) lines: Vec<BillLine>,
    pub(crate) total: Decimal,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct BillLine {
    pub(crate) addition: i64,
    pub(crate) text: String,
    pub(crate) amount: Decimal,
}

pub(crate) fn company(books: &CwHandle, name: &str) -> i64 {
    let plain: String = name.chars().filter(char::is_ascii_alphanumeric).take(20).collect();
    let identifier = format!("{plain}{}", books.state().companies().len());
    books.state().add_company(&identifier, name)
}

/// Price and cost.
pub(crate) fn item(books: &CwHandle, identifier: &str, name: &str, (price, cost): (Decimal, Decimal)) -> i64 {
    books.state().add_item(&ItemSeed {
        identifier: identifier.to_owned(),
        description: name.to_owned(),
        price,
        cost,
        class: "Agreement",
        taxable: true,
    })
}

pub(crate) fn agreement(books: &CwHandle, company: i64, name: &str, terms: Terms) -> i64 {
    books.state().add_agreement(&AgreementSeed {
        name: name.to_owned(),
        company,
        cycle: terms.cycle,
        currency: terms.currency,
        prorate: terms.prorates,
        start: terms.since,
    })
}

/// In the order in which they were made, ended ones too.
pub(crate) fn additions(books: &CwHandle, agreement: i64) -> Vec<Addition> {
    let items = books.state().items();
    let of = |one: Stored| {
        let item = items.iter().find(|(id, ..)| *id == one.product);
        let exact = one.quantity * one.unit_price;
        Addition {
            id: one.id,
            item: item.map(|(_, identifier, _)| identifier.clone()).unwrap_or_default(),
            quantity: one.quantity,
            unit_price: one.unit_price,
            unit_cost: Some(one.unit_cost).filter(|cost| !cost.is_zero()),
            extended: exact.round_dp_with_strategy(2, rust_decimal::RoundingStrategy::MidpointAwayFromZero),
            bill: one.bill_customer,
            taxable: one.taxable,
            effective: one.effective,
            cancelled: one.cancelled,
            text: one.invoice_description,
            marker: one.serial_number,
        }
    };
    books.state().additions(agreement).into_iter().map(of).collect()
}

fn bill(invoice: &Invoice) -> Bill {
    let line = |line: &counterfoil_sim::connectwise::InvoiceLine| BillLine {
        addition: line.addition,
        text: line.description.clone(),
        amount: line.amount,
    };
    Bill {
        first: invoice.period.0,
        last: invoice.period.1.pred_opt().unwrap(),
        lines: invoice.lines.iter().map(line).collect(),
        total: invoice.total(),
    }
}

/// The same, from a desk.
impl Desk {
    pub(crate) fn company(&self, name: &str) -> i64 {
        company(&self.books, name)
    }

    pub(crate) fn item(&self, identifier: &str, name: &str, of: (Decimal, Decimal)) -> i64 {
        item(&self.books, identifier, name, of)
    }

    pub(crate) fn agreement(&self, company: i64, name: &str, terms: Terms) -> i64 {
        agreement(&self.books, company, name, terms)
    }

    pub(crate) fn additions(&self, agreement: i64) -> Vec<Addition> {
        additions(&self.books, agreement)
    }

    /// Every period of the agreement that has begun by that day and is not invoiced yet.
    pub(crate) fn invoice(&self, agreement: i64, day: &str) {
        self.books.state().invoice_agreement(agreement, day.parse().unwrap());
    }

    /// All that the agreement was billed so far.
    pub(crate) fn all_bills(&self, agreement: i64) -> Vec<Bill> {
        self.books.state().invoices().iter().filter(|invoice| invoice.agreement == agreement).map(bill).collect()
    }

    /// Its invoices for the periods that begin on these days; each has to be there once.
    pub(crate) fn bills<'a>(&self, agreement: i64, firsts: impl IntoIterator<Item = &'a str>) -> Vec<Bill> {
        let all = self.all_bills(agreement);
        let of = |first: &str| {
            let first: NaiveDate = first.parse().unwrap();
            let mut of = all.iter().filter(|bill| bill.first == first).cloned();
            let one = of.next().unwrap_or_else(|| panic!("no invoice for {first}: {all:#?}"));
            assert!(of.next().is_none(), "{first} was invoiced twice");
            one
        };
        firsts.into_iter().map(of).collect()
    }
}
