//! Owns: how bad habits show in answers that were right before.

use serde_json::{Value, json};

use super::config::Switches;
use super::query::Page;

/// A list as the tenant really gives it.
pub(super) fn list(switches: &Switches, page: Page, mut rows: Vec<Value>, total: usize) -> Value {
    if switches.empty_lists {
        return page.answer(Vec::new(), 0);
    }
    if switches.malformed_every > 0 {
        for (turn, row) in
            rows.iter_mut().skip(switches.malformed_every - 1).step_by(switches.malformed_every).enumerate()
        {
            spoil(row, turn);
        }
    }
    page.answer(rows, total)
}

/// Each spoiled row is wrong in another way.
fn spoil(row: &mut Value, turn: usize) {
    match turn % 4 {
        0 => {
            row.as_object_mut().map(|fields| fields.remove("id"));
        }
        1 => {
            row["total"] = json!({ "currency": "USD", "amount": "twelve" });
            row["creationDate"] = json!("yesterday");
        }
        2 => *row = Value::Null,
        _ => *row = json!("internal error"),
    }
}

/// Type, status, model and fees of a version that is not out yet, on every so many orders by their id.
pub(super) fn order(switches: &Switches, id: &str, order: &mut Value) {
    let every = switches.unknown_words_every;
    let hit = every > 0 && id.parse::<usize>().is_ok_and(|id| id.is_multiple_of(every));
    if !hit {
        return;
    }
    order["type"] = json!("transferOfOwnership");
    order["status"] = json!("awaitingApproval");
    order["statusCode"] = json!("ZZ");
    if order.get("billingModel").is_some() {
        order["billingModel"] = json!("chargeOnGoodDays");
    }
    for line in order.get_mut("details").and_then(Value::as_array_mut).into_iter().flatten() {
        line["type"] = json!("carbonOffset");
    }
}
