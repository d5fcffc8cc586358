//! A source of statements in memory: statements appear, change, cannot be read, or are listed before their file is there.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use chrono::{DateTime, Utc};
use counterfoil_domain::id::CustomerId;
use counterfoil_domain::market::{Customer, Page, PageCursor, Unreadable};
use counterfoil_domain::money::Currency;
use counterfoil_domain::motion::Motion;
use counterfoil_domain::order::ProductRef;
use counterfoil_domain::period::Period;
use counterfoil_domain::ports::{DetailError, Pending, SourceError, StatementSource};
use counterfoil_domain::statement::{Charge, ListedProduct, Record, Statement, StatementHead};
use rust_decimal::Decimal;

pub(crate) fn at(text: &str) -> DateTime<Utc> {
    let text = if text.contains('T') { text.to_owned() } else { format!("{text}T00:00:00Z") };
    text.parse().unwrap()
}

pub(crate) fn amount(text: &str) -> Decimal {
    text.parse().unwrap()
}

fn usd() -> Currency {
    Currency::parse("USD").unwrap()
}

pub(crate) fn month(text: &str) -> Period {
    let start: chrono::NaiveDate = format!("{text}-01").parse().unwrap();
    Period::new(start, start.checked_add_months(chrono::Months::new(1)).unwrap()).unwrap()
}

/// "customer motion sku quantity price", e.g. "c1 monthly-monthly SKU 3 10.00"; the cost is half of the price.
pub(crate) fn record(text: &str, period: Period) -> Record {
    let words: Vec<&str> = text.split_whitespace().collect();
    let [customer, motion, sku, quantity, price] = words[..] else { panic!("{text}") };
    let (quantity, unit_price) = (amount(quantity), amount(price));
    let unit_cost = unit_price / Decimal::TWO;
    Record {
        customer: CustomerId::new(customer),
        customer_name: format!("Customer {customer}"),
        subscription: format!("sub-{customer}-{sku}"),
        subscription_name: sku.to_owned(),
        product: ProductRef { code: sku.to_owned(), name: format!("Product {sku}") },
        motion: Motion::parse(motion).unwrap(),
        motion_told: String::new(),
        charge: Charge::Recurring,
        charge_name: "cycleFee".to_owned(),
        quantity,
        unit_cost,
        unit_price,
        cost: quantity * unit_cost,
        amount: quantity * unit_price,
        currency: usd(),
        charge_period: Some(period),
    }
}

/// Of a stream's month, issued on the 5th of the next one, with records as `record` reads them.
pub(crate) fn statement(id: &str, stream: &str, of: &str, records: &[&str]) -> Statement {
    let period = month(of);
    let records: Vec<Record> = records.iter().map(|text| record(text, period)).collect();
    let head = StatementHead {
        id: id.to_owned(),
        stream: stream.to_owned(),
        stream_name: format!("Acme · {stream}"),
        period,
        currency: usd(),
        total: Some(records.iter().map(|record| record.cost).sum()),
        issued_at: period.end().and_hms_opt(0, 0, 0).unwrap().and_utc() + chrono::Duration::days(4),
        fingerprint: "1".to_owned(),
    };
    Statement { head, records, unreadable: Vec::new() }
}

#[derive(Debug, Default)]
pub(crate) struct State {
    pub(crate) statements: BTreeMap<String, Statement>,
    pub(crate) without_file: BTreeSet<String>,
    pub(crate) broken: BTreeSet<String>,
    pub(crate) away: bool,
    /// Statements read whole.
    pub(crate) read: Vec<String>,
}

#[derive(Debug, Clone, Default)]
pub(crate) struct Source(pub(crate) Arc<Mutex<State>>);

impl Source {
    pub(crate) fn put(&self, statement: Statement) {
        self.0.lock().unwrap().statements.insert(statement.head.id.clone(), statement);
    }

    /// With other records: the list shows it too.
    pub(crate) fn change(&self, id: &str, records: &[&str]) {
        let mut state = self.0.lock().unwrap();
        let known = state.statements.get_mut(id).unwrap();
        known.records = records.iter().map(|text| record(text, known.head.period)).collect();
        known.head.total = Some(known.records.iter().map(|record| record.cost).sum());
        known.head.fingerprint.push('+');
    }

    pub(crate) fn with(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.0.lock().unwrap());
    }

    pub(crate) fn read(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap().read)
    }
}

fn one<T>(rows: Vec<T>) -> Page<T> {
    Page { rows, unreadable: vec![], next: None }
}

impl StatementSource for Source {
    /// Two to a page, and the first of each page once more.
    fn statements(&self, after: Option<PageCursor>) -> Pending<'_, Result<Page<StatementHead>, SourceError>> {
        let state = self.0.lock().unwrap();
        if state.away {
            return Box::pin(async { Err(SourceError::Unreachable("no route".into())) });
        }
        let heads: Vec<StatementHead> = state.statements.values().map(|one| one.head.clone()).collect();
        let from: usize = after.map_or(0, |after| after.0.parse().unwrap());
        let next = (from + 2 < heads.len()).then(|| PageCursor((from + 2).to_string()));
        let rows = heads.into_iter().skip(from.saturating_sub(1)).take(2 + from.min(1)).collect();
        Box::pin(async move { Ok(Page { rows, unreadable: vec![], next }) })
    }

    fn statement(&self, head: StatementHead) -> Pending<'_, Result<Statement, DetailError>> {
        let mut state = self.0.lock().unwrap();
        state.read.push(head.id.clone());
        let unreadable = || Unreadable { id: None, place: "row 2".into(), problem: "no retail price".into() };
        let answer = match state.statements.get(&head.id) {
            _ if state.without_file.contains(&head.id) => Err(DetailError::Gone),
            None => Err(DetailError::Gone),
            Some(one) if state.broken.contains(&head.id) => {
                Ok(Statement { unreadable: vec![unreadable()], ..one.clone() })
            }
            Some(one) => Ok(one.clone()),
        };
        Box::pin(async move { answer })
    }

    fn customers(&self, _: Option<PageCursor>) -> Pending<'_, Result<Page<Customer>, SourceError>> {
        let named = |id: &str| Customer {
            id: CustomerId::new(id),
            name: format!("Listed {id}"),
            external_id: None,
            tax_number: None,
            email: None,
            active: true,
        };
        Box::pin(async move { Ok(one(vec![named("c1")])) })
    }

    fn products(&self, _: Option<PageCursor>) -> Pending<'_, Result<Page<ListedProduct>, SourceError>> {
        Box::pin(async { Ok(one(vec![])) })
    }
}
