//! Statements written as tables, orders and job lines shown as text, and what was read of a stream so far.

use chrono::{NaiveDate, TimeZone as _, Utc};
use counterfoil_domain::id::MarketplaceId;
use counterfoil_domain::job::{Job, JobLine, RECURS_KEY};
use counterfoil_domain::money::Currency;
use counterfoil_domain::motion::Motion;
use counterfoil_domain::order::{Order, ProductRef};
use counterfoil_domain::period::{Cycle, Period};
use counterfoil_domain::statement::{self, Charge, Known, Record, Statement, StatementHead, Taken, What};
use rust_decimal::Decimal;

pub(crate) fn number(text: &str) -> Decimal {
    text.parse().unwrap_or_else(|_| panic!("no number: {text}"))
}

pub(crate) fn month(text: &str) -> Period {
    let start: NaiveDate = format!("{text}-01").parse().unwrap();
    Cycle::Months(1).period_from(start).unwrap()
}

pub(crate) fn market() -> MarketplaceId {
    MarketplaceId::new("crayon")
}

/// "1..11" of the month, both days included; empty: the record tells none.
fn days(text: &str, month: Period) -> Option<Period> {
    let (first, last) = text.split_once("..")?;
    let day = |text: &str| month.start() + chrono::Days::new(text.trim().parse::<u64>().unwrap() - 1);
    Some(Period::new(day(first), day(last).succ_opt().unwrap()).unwrap())
}

pub(crate) fn head(id: &str, stream: &str, period: Period, currency: &str) -> StatementHead {
    StatementHead {
        id: id.into(),
        stream: stream.into(),
        stream_name: format!("Acme MSP · {stream}"),
        period,
        currency: Currency::parse(currency).unwrap(),
        total: None,
        issued_at: Utc.from_utc_datetime(&period.end().and_hms_opt(3, 0, 0).unwrap()),
        fingerprint: "f".into(),
    }
}

/// First "id stream month currency [total]", then a record a row:
/// customer | subscription | sku | motion | charge | quantity | unit price | amount | days | [cost | [unit cost | currency]].
/// What the distributor takes is the amount unless it is told.
pub(crate) fn read(text: &str) -> Statement {
    let mut rows = text.lines().map(str::trim).filter(|row| !row.is_empty());
    let top: Vec<&str> = rows.next().unwrap().split_whitespace().collect();
    let mut head = head(top[0], top[1], month(top[2]), top[3]);
    head.total = top.get(4).map(|total| number(total));
    let records = rows.map(|row| {
        let cells: Vec<&str> = row.split('|').map(str::trim).collect();
        let told = |place: usize| cells.get(place).copied().filter(|cell| !cell.is_empty());
        Record {
            customer: cells[0].into(),
            customer_name: format!("{} Ltd", cells[0].to_uppercase()),
            subscription: cells[1].into(),
            subscription_name: String::new(),
            product: ProductRef { code: cells[2].into(), name: format!("Product {}", cells[2]) },
            motion: Motion::parse(cells[3]).unwrap_or_else(|| panic!("no motion {}", cells[3])),
            motion_told: "P5Y of Seat".into(),
            charge: Charge::parse(cells[4]).unwrap_or_else(|| panic!("no charge {}", cells[4])),
            charge_name: cells[4].to_uppercase(),
            quantity: number(cells[5]),
            unit_cost: number(told(10).unwrap_or(cells[6])),
            unit_price: number(cells[6]),
            cost: number(told(9).unwrap_or(cells[7])),
            amount: number(cells[7]),
            currency: told(11).map_or(head.currency, |code| Currency::parse(code).unwrap()),
            charge_period: told(8).and_then(|text| days(text, head.period)),
        }
    });
    let records = records.collect();
    Statement { head, records, unreadable: vec![] }
}

/// What was read so far, as a store keeps it.
#[derive(Debug, Default)]
pub(crate) struct History(pub(crate) Vec<(Statement, String, u32)>);

impl History {
    pub(crate) fn take(&mut self, statement: &Statement) -> Taken {
        let known: Vec<Known<'_>> = self
            .0
            .iter()
            .filter(|(of, ..)| of.head.stream == statement.head.stream)
            .map(|(statement, lineage, issue)| Known { statement, lineage, issue: *issue })
            .collect();
        let newer = known.iter().any(|of| of.statement.head.period.start() > statement.head.period.start());
        let taken = statement::take_in(&market(), statement, &known, newer);
        let is_there = self.0.iter().any(|(of, _, issue)| of.head.id == statement.head.id && *issue == taken.issue);
        if taken.what != What::Unreadable && !is_there {
            self.0.push((statement.clone(), taken.lineage.clone(), taken.issue));
        }
        taken
    }
}

/// A statement's orders, as text.
pub(crate) fn shown(orders: &[Order]) -> String {
    let mut out = Vec::new();
    for order in orders {
        let total: Decimal = order.lines.iter().map(|line| line.amount).sum();
        out.push(format!("{} \"{}\" {}", order.key.order, order.number, order.money(total)));
        for line in &order.lines {
            let closing = order.closing(&line.id).map_or_else(String::new, |closing| {
                format!(" → {} × {}", closing.quantity.normalize(), closing.unit_price.normalize())
            });
            out.push(format!(
                "  {} {} × {} = {}{closing} {}",
                line.kind.name(),
                line.quantity.normalize(),
                line.unit_price.normalize(),
                line.amount.normalize(),
                line.description
            ));
        }
    }
    out.join("\n")
}

/// The same, as it is written in a test.
pub(crate) fn lines(text: &str) -> String {
    let rows: Vec<&str> = text.lines().filter(|row| !row.trim().is_empty()).collect();
    let indent = rows.iter().map(|row| row.len() - row.trim_start().len()).min().unwrap_or(0);
    rows.iter().map(|row| row[indent..].trim_end()).collect::<Vec<_>>().join("\n")
}

pub(crate) fn job_lines(job: &Job) -> String {
    let one = |line: &JobLine| {
        let key = line.told(RECURS_KEY).map(|key| format!(" recurs {key}")).unwrap_or_default();
        let fee = line.fee;
        let (quantity, price) = (line.quantity.normalize(), line.unit_price.normalize());
        format!("{fee} {quantity} × {price} = {}{key}", line.amount.normalize())
    };
    job.order.lines.iter().map(one).collect::<Vec<_>>().join("\n")
}
