//! A row of a list of statements. Owns what of it makes the stream, and when it is taken to be issued where that is not told.

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};

use counterfoil_domain::digest::Digester;
use counterfoil_domain::money::Currency;
use counterfoil_domain::period::{Cycle, Period};
use counterfoil_domain::statement::StatementHead;
use rust_decimal::Decimal;

use super::date::{DateOrder, through};
use super::row::Row;
use crate::simple_api::{Problem, instant};

/// The columns of one source.
#[derive(Debug, Clone, Copy)]
pub(crate) struct HeadNames {
    pub(crate) id: &'static [&'static str],
    pub(crate) start: &'static [&'static str],
    pub(crate) end: &'static [&'static str],
    pub(crate) issued: &'static [&'static str],
    pub(crate) currency: &'static [&'static str],
    pub(crate) total: &'static [&'static str],
}

/// What a stream is made of: (number or word, what people call it).
pub(crate) type Strand = (String, String);

pub(crate) fn head(
    row: &Row,
    names: &HeadNames,
    strands: &[Strand],
    fallback: Option<Currency>,
    dates: Option<DateOrder>,
) -> Result<StatementHead, Problem> {
    let id = row.required(names.id)?.to_owned();
    let first = row.day(names.start, dates)?.ok_or_else(|| row.problem(names.start, "missing"))?;
    let period = match row.day(names.end, dates)? {
        Some(last) => through(first, last).map_err(|what| row.problem(names.end, what))?,
        None => month_of(first).ok_or_else(|| row.problem(names.start, "is not a day that a month begins on"))?,
    };
    let currency = row
        .currency(names.currency)?
        .or(fallback)
        .ok_or_else(|| row.problem(names.currency, "missing; set currency to that of the statements"))?;
    let total = row.number(names.total)?;
    let issued_at = row.text(names.issued).and_then(instant).unwrap_or_else(|| midnight(period.end()));
    let numbers = strands.iter().map(|(number, _)| number.replace('/', "-"));
    let stream = numbers.chain([currency.code().to_owned()]).collect::<Vec<_>>().join("/");
    let shown = strands.iter().map(|(_, name)| name.clone()).filter(|name| !name.is_empty());
    let stream_name = shown.chain([currency.code().to_owned()]).collect::<Vec<_>>().join(" · ");
    let fingerprint = fingerprint(row, (&id, &stream), period, total, issued_at);
    Ok(StatementHead { id, stream, stream_name, period, currency, total, issued_at, fingerprint })
}

fn month_of(first: NaiveDate) -> Option<Period> {
    Cycle::Months(1).period_from(first)
}

fn midnight(day: NaiveDate) -> DateTime<Utc> {
    day.and_time(NaiveTime::MIN).and_utc()
}

/// Over what the list shows of it, and nothing of how it is written.
fn fingerprint(
    row: &Row,
    (id, stream): (&str, &str),
    period: Period,
    total: Option<Decimal>,
    issued_at: DateTime<Utc>,
) -> String {
    let mut digest = Digester::new("statement-head");
    digest.text(id).text(stream).text(&format!("{period:?}")).text(&issued_at.to_rfc3339());
    digest.maybe(total.map(|total| total.normalize().to_string()).as_deref());
    digest.maybe(row.text(&["OrderId"])).maybe(row.text(&["InvoiceNumber"])).maybe(row.text(&["Status"]));
    digest.short()
}
