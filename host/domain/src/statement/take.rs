//! A statement that was read becomes orders: what it is beside the others, what its records come to, and what is noticed about
//! it. Pure; reading and storing are the engine's business.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};

use super::issue::{self, Known, What};
use super::orders::{self, Desk};
use super::{Statement, StatementHead, closing, control};
use crate::id::{CustomerId, MarketplaceId};
use crate::market::Subscription;
use crate::order::Order;

/// The records do not come to what the source says.
pub const CONTROL_TOTAL: &str = "control-total";
/// A price changed while a period was charged for.
pub const PRICE_CHANGE: &str = "price-change";
/// Records could not be read.
pub const UNREADABLE: &str = "statement-unreadable";

/// Something about a statement that people should know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    pub code: &'static str,
    /// The statement's id.
    pub subject: String,
    pub message: String,
}

/// What follows from a statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taken {
    pub what: What,
    /// The id of the statement that its issues began with.
    pub lineage: String,
    /// 1: the first.
    pub issue: u32,
    pub orders: Vec<Order>,
    /// Customer × motion: what containers are linked to. One for each that has an order.
    pub subscriptions: Vec<Subscription>,
    /// Everybody in the statement, by name.
    pub customers: Vec<(CustomerId, String)>,
    pub problems: Vec<Problem>,
}

/// `known`: of the same stream every issue of statements for the same days, of those for the newest days before, and of those
/// under the same id; others do no harm. `newer_known`: later days were read already, so what goes on is known better.
pub fn take_in(marketplace: &MarketplaceId, new: &Statement, known: &[Known<'_>], newer_known: bool) -> Taken {
    let found = issue::find(new, known);
    let mut taken = Taken {
        what: found.what,
        lineage: found.lineage,
        issue: found.issue,
        orders: Vec::new(),
        subscriptions: Vec::new(),
        customers: Vec::new(),
        problems: Vec::new(),
    };
    if !new.unreadable.is_empty() {
        taken.what = What::Unreadable;
        taken.problems.push(control::unreadable(new));
        return taken;
    }
    let desk = Desk { marketplace, statement: new, lineage: &taken.lineage, issue: taken.issue, goes_on: !newer_known };
    let mut ended = closing::State::new();
    taken.orders = match &taken.what {
        What::Same { .. } | What::Unreadable => return taken,
        What::First => {
            ended = closing::before(new, known);
            orders::whole(desk, &ended)
        }
        // Nothing of the others ends by it.
        What::Additional { .. } => orders::whole(desk, &ended),
        What::Reissue { .. } => match found.last {
            Some(last) => orders::difference(desk, last, &closing::beside(new, &taken.lineage, known)),
            None => Vec::new(),
        },
    };
    let named = new.records.iter().chain(ended.values().map(|goes_on| goes_on.record));
    let earlier = found.last.iter().flat_map(|last| &last.records);
    let names: BTreeMap<&CustomerId, &str> = earlier
        .chain(named)
        .filter(|record| !record.customer_name.trim().is_empty())
        .map(|record| (&record.customer, record.customer_name.as_str()))
        .collect();
    taken.customers = names.into_iter().map(|(id, name)| (id.clone(), name.to_owned())).collect();
    taken.subscriptions = taken.orders.iter().filter_map(orders::subscription).collect();
    taken.problems.extend(control::total(new));
    taken.problems.extend(control::price_changes(new));
    taken
}

/// What the first check reads: statements issued since then, and the newest of each stream, however old it is.
pub fn in_first_window(heads: &[StatementHead], start: DateTime<Utc>) -> Vec<&StatementHead> {
    let mut newest: BTreeMap<&str, NaiveDate> = BTreeMap::new();
    for head in heads {
        let end = newest.entry(&head.stream).or_insert_with(|| head.period.end());
        *end = head.period.end().max(*end);
    }
    let is_newest = |head: &StatementHead| newest.get(head.stream.as_str()) == Some(&head.period.end());
    heads.iter().filter(|head| head.issued_at >= start || is_newest(head)).collect()
}
