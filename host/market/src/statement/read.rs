//! From a download to a statement: unpacked, row by row, each record by itself. What cannot be read is named with its file and
//! row; the good ones beside it are kept, and whoever bills them knows that some are missing.

use counterfoil_domain::market::Unreadable;
use counterfoil_domain::ports::DetailError;
use counterfoil_domain::statement::{Statement, StatementHead};

use super::date::DateOrder;
use super::record::{DATES, Ground, record};
use super::row::unreadable;
use super::table::{Placed, rows};
use super::unpack::{Bounds, unpack};

/// More are as good as all: the statement is not billed with one.
const MOST_UNREADABLE: usize = 100;

pub(crate) fn statement(head: StatementHead, body: &[u8], ground: &Ground<'_>) -> Result<Statement, DetailError> {
    let place = format!("statement {}", head.id);
    let whole = |place: String, problem: String| {
        DetailError::Unreadable(Unreadable { id: Some(head.id.clone()), place, problem })
    };
    let parts = unpack(body, Bounds::default()).map_err(|problem| whole(place.clone(), problem))?;
    if parts.is_empty() {
        return Err(DetailError::Gone);
    }
    let mut files: Vec<(String, Vec<Placed>)> = Vec::new();
    for part in &parts {
        let place = part.name.as_ref().map_or_else(|| place.clone(), |name| format!("{place}, {name}"));
        let rows = rows(&part.text).map_err(|problem| whole(place.clone(), problem))?;
        files.push((place, rows));
    }
    let dates = ground.dates.or_else(|| told_order(&files));
    let ground = Ground { dates, ..*ground };
    let (mut records, mut bad) = (Vec::new(), Vec::new());
    for (file, rows) in &files {
        for (at, row) in rows {
            let read = row.as_ref().map_err(Clone::clone).and_then(|row| record(row, &ground));
            match read {
                Ok(record) => records.push(record),
                Err(problem) if bad.len() < MOST_UNREADABLE => {
                    let id = row.as_ref().ok().and_then(|row| row.text(&["SubscriptionId", "ProductId", "OfferName"]));
                    bad.push(unreadable(id, &format!("{file}, {at}"), &problem));
                }
                Err(_) => {}
            }
        }
    }
    // A list that is still empty while there is something to pay for.
    if records.is_empty() && bad.is_empty() && head.total.is_some_and(|total| !total.is_zero()) {
        return Err(DetailError::Gone);
    }
    Ok(Statement { head, records, unreadable: bad })
}

fn told_order(files: &[(String, Vec<Placed>)]) -> Option<DateOrder> {
    let rows = || files.iter().flat_map(|(_, rows)| rows).filter_map(|(_, row)| row.as_ref().ok());
    DateOrder::told_by(rows().flat_map(|row| DATES.iter().filter_map(|names| row.text(names))))
}
