//! Records become orders: one for each customer, billing motion and currency of a statement, or of the difference that a
//! re-issue makes. Owns the lines' words and fees; which price counts and what a container holds is decided where every other
//! order's is.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveTime;
use rust_decimal::Decimal;

use super::closing::{GoesOn, Group, State, key, state};
use super::issue::{Row, rows};
use super::{Charge, Closing, OfStatement, Record, Statement, StatementPart};
use crate::digest::Digester;
use crate::id::{CustomerId, LineId, MarketplaceId, OrderId, SubscriptionId};
use crate::market::{Subscription, SubscriptionStatus};
use crate::money::Money;
use crate::motion::Motion;
use crate::order::{BillingModel, Fee, LineKind, Order, OrderKey, OrderLine, OrderStatus, OrderType, ProductRef};
use crate::period::Period;

/// What the orders of a statement are made of.
#[derive(Debug, Clone, Copy)]
pub(super) struct Desk<'a> {
    pub(super) marketplace: &'a MarketplaceId,
    pub(super) statement: &'a Statement,
    pub(super) lineage: &'a str,
    pub(super) issue: u32,
    /// What it says last of what recurs is what goes on: nothing later is known.
    pub(super) goes_on: bool,
}

/// A line, and what is known of it beside what orders have.
#[derive(Debug, Clone)]
struct Draft {
    line: OrderLine,
    of: OfStatement,
}

type Drafts = BTreeMap<Group, Vec<Draft>>;

/// What was billed of each so far.
type Billed = BTreeMap<Group, Decimal>;

/// A statement that takes the place of none. `before`: what goes on by the one before it, and ends where it is not here.
pub(super) fn whole(desk: Desk<'_>, before: &State<'_>) -> Vec<Order> {
    let mut drafts = Drafts::new();
    let now = if desk.goes_on { state(desk.statement) } else { State::new() };
    for (place, row) in rows(desk.statement).iter().enumerate() {
        let group = Group::of(row.record);
        let goes_on = now.get(&(group.clone(), key(row.record))).filter(|goes_on| goes_on.place == place);
        let draft = desk.record(row, goes_on.map(GoesOn::closing));
        drafts.entry(group).or_default().push(draft);
    }
    if desk.goes_on {
        desk.end(before, &now, &State::new(), &mut drafts);
    }
    desk.orders(drafts, &Billed::new())
}

/// What a re-issue says otherwise than `last`, the issue before it. `beside`: what goes on by other statements for these days.
/// An order that corrects anything says of all that recurs how it goes on, so that the last order of a customer and motion is
/// always the one that its container stands by.
pub(super) fn difference(desk: Desk<'_>, last: &Statement, beside: &State<'_>) -> Vec<Order> {
    let mut drafts = Drafts::new();
    let (was, is) = (rows(last), rows(desk.statement));
    let (old, new) = (by_id(&was), by_id(&is));
    let ids: BTreeSet<&str> = old.keys().chain(new.keys()).copied().collect();
    for id in ids {
        let (old, new) = (old.get(id).copied(), new.get(id).copied());
        let Some(record) = new.or(old) else { continue };
        if let Some(draft) = desk.correction(id, record, old, new) {
            drafts.entry(Group::of(record)).or_default().push(draft);
        }
    }
    if desk.goes_on {
        let (before, now) = (state(last), state(desk.statement));
        let mut changed: BTreeSet<Group> = drafts.keys().cloned().collect();
        changed.extend(moved(&before, &now));
        for ((group, _), goes_on) in now.iter().filter(|((group, _), _)| changed.contains(group)) {
            let Some(row) = is.get(goes_on.place) else { continue };
            let id = format!("{}~{}c", row.id, desk.issue);
            let draft = desk.closing_only(id, goes_on.record, goes_on.closing());
            drafts.entry(group.clone()).or_default().push(draft);
        }
        desk.end(&before, &now, beside, &mut drafts);
    }
    let mut billed = Billed::new();
    for record in &last.records {
        *billed.entry(Group::of(record)).or_default() += record.amount;
    }
    desk.orders(drafts, &billed)
}

fn by_id<'r, 'a>(rows: &'r [Row<'a>]) -> BTreeMap<&'r str, &'a Record> {
    rows.iter().map(|row| (row.id.as_str(), row.record)).collect()
}

/// Where something goes on otherwise than it did.
fn moved(before: &State<'_>, now: &State<'_>) -> BTreeSet<Group> {
    let says = |of: Option<&GoesOn<'_>>| of.map(|of| (of.record.quantity, of.record.unit_price));
    let keys = before.keys().chain(now.keys());
    keys.filter(|key| says(before.get(*key)) != says(now.get(*key))).map(|(group, _)| group.clone()).collect()
}

impl Desk<'_> {
    fn record(&self, row: &Row<'_>, closing: Option<Closing>) -> Draft {
        let record = row.record;
        let period = record.charge_period.unwrap_or(self.statement.head.period);
        let line = OrderLine {
            id: LineId::new(row.id.clone()),
            kind: LineKind::Fee(fee(record.charge, record.amount)),
            product: Some(product(record)),
            description: described(record, period),
            quantity: record.quantity,
            unit_price: record.unit_price,
            unit_cost: Some(record.unit_cost),
            amount: record.amount,
            service_period: Some(period),
            cycle: record.motion.cycle().filter(|_| charges_for_time(record.charge)),
        };
        Draft { line, of: of(record, record.charge, record.charge_name.clone(), closing) }
    }

    /// A record whose money changed: the difference, once.
    fn correction(&self, id: &str, record: &Record, old: Option<&Record>, new: Option<&Record>) -> Option<Draft> {
        let amount = |of: Option<&Record>| of.map_or(Decimal::ZERO, |record| record.amount);
        let cost = |of: Option<&Record>| of.map_or(Decimal::ZERO, |record| record.cost);
        let (was, is) = (amount(old), amount(new));
        let more = is - was;
        if more.is_zero() {
            return None;
        }
        let period = record.charge_period.unwrap_or(self.statement.head.period);
        let money = |amount| Money::new(amount, record.currency);
        let line = OrderLine {
            id: LineId::new(format!("{id}~{}", self.issue)),
            kind: LineKind::Fee(fee(Charge::Adjustment, more)),
            product: Some(product(record)),
            description: format!("corrects {}: was {}, is {}", described(record, period), money(was), money(is)),
            quantity: Decimal::ONE,
            unit_price: more,
            unit_cost: Some(cost(new) - cost(old)),
            amount: more,
            service_period: Some(period),
            cycle: None,
        };
        Some(Draft { line, of: of(record, Charge::Adjustment, record.charge_name.clone(), None) })
    }

    /// How something goes on that is billed elsewhere, or not any more.
    fn closing_only(&self, id: String, record: &Record, closing: Closing) -> Draft {
        let period = self.statement.head.period;
        let line = OrderLine {
            id: LineId::new(id),
            kind: LineKind::Fee(Fee::ResourceRecurring),
            product: Some(product(record)),
            description: described(record, period),
            quantity: closing.quantity,
            unit_price: closing.unit_price,
            unit_cost: closing.unit_cost,
            amount: Decimal::ZERO,
            service_period: Some(period),
            cycle: record.motion.cycle(),
        };
        Draft { line, of: of(record, Charge::Recurring, String::new(), Some(closing)) }
    }

    /// What went on and is here no more, nor beside this statement.
    fn end(&self, before: &State<'_>, now: &State<'_>, beside: &State<'_>, drafts: &mut Drafts) {
        let gone = before.iter().filter(|(key, _)| !now.contains_key(*key) && !beside.contains_key(*key));
        for ((group, key), goes_on) in gone {
            let mut digest = Digester::new("statement-ended");
            digest.text(key).text(group.currency.code()).count(self.issue as usize);
            let mut id = digest.short();
            id.truncate(16);
            let mut draft = self.closing_only(id, goes_on.record, goes_on.ended());
            draft.line.description = format!("{} has ended", draft.line.description);
            drafts.entry(group.clone()).or_default().push(draft);
        }
    }

    fn orders(&self, drafts: Drafts, billed: &Billed) -> Vec<Order> {
        let order = |(group, drafts): (Group, Vec<Draft>)| {
            let before = billed.get(&group).copied().unwrap_or_default();
            self.order(group, drafts, before)
        };
        drafts.into_iter().map(order).collect()
    }

    fn order(&self, group: Group, drafts: Vec<Draft>, before: Decimal) -> Order {
        let Group { customer, motion, currency } = group;
        let head = &self.statement.head;
        let mut key = format!("{}:{customer}:{motion}", self.lineage);
        // Targets take it for a document's number: two customers of one statement must not have the same.
        let mut number = format!("{} {motion} {}", head.id, short(&customer));
        if currency != head.currency {
            key = format!("{key}:{currency}");
            number = format!("{number} {currency}");
        }
        if self.issue > 1 {
            key = format!("{key}:{}", self.issue);
            number = format!("{number} correction {}", self.issue);
        }
        let of = drafts.iter().map(|draft| (draft.line.id.clone(), draft.of.clone())).collect();
        let part = StatementPart {
            statement: head.id.clone(),
            stream: head.stream.clone(),
            period: head.period,
            motion,
            issue: self.issue,
            before,
            lines: of,
        };
        Order {
            key: OrderKey { marketplace: self.marketplace.clone(), order: OrderId::new(key) },
            number,
            order_type: OrderType::Billing,
            status: OrderStatus::Completed,
            subscription: Some(subscription_id(&customer, motion)),
            customer,
            created_at: head.issued_at,
            // Billed in arrears: it counts from the first day after what it is for.
            provisioned_at: Some(head.period.end().and_time(NaiveTime::MIN).and_utc()),
            billing_model: BillingModel::AfterBillingPeriod,
            currency,
            total: None,
            lines: drafts.into_iter().map(|draft| draft.line).collect(),
            on_renewal: false,
            vendor_rated: false,
            statement: Some(Box::new(part)),
        }
    }
}

/// A customer's id, of a GUID its last part: enough to tell the customers of a statement apart.
fn short(customer: &CustomerId) -> &str {
    let id = customer.as_str();
    let is_guid = id.len() == 36 && id.split('-').map(str::len).eq([8, 4, 4, 4, 12]);
    id.rsplit_once('-').filter(|_| is_guid).map_or(id, |(_, last)| last)
}

/// Customer × motion: what a container is linked to.
pub fn subscription_id(customer: &CustomerId, motion: Motion) -> SubscriptionId {
    SubscriptionId::new(format!("{customer}/{motion}"))
}

/// None: it is no customer × motion.
pub fn of_subscription(id: &SubscriptionId) -> Option<(CustomerId, Motion)> {
    let (customer, motion) = id.as_str().rsplit_once('/')?;
    Some((CustomerId::new(customer), Motion::parse(motion)?))
}

/// As if the marketplace had told of it.
pub(super) fn subscription(order: &Order) -> Option<Subscription> {
    let motion = order.statement.as_ref()?.motion;
    Some(Subscription {
        id: order.subscription.clone()?,
        name: motion.text().to_owned(),
        customer: order.customer.clone(),
        status: SubscriptionStatus::Active,
        billing_model: BillingModel::AfterBillingPeriod,
        cycle: motion.cycle(),
        currency: Some(order.currency),
        created_at: None,
        renews_on: None,
        lines: Vec::new(),
    })
}

fn product(record: &Record) -> ProductRef {
    ProductRef { code: record.motion.code(&record.product.code), name: record.product.name.clone() }
}

fn of(record: &Record, charge: Charge, charge_name: String, closing: Option<Closing>) -> OfStatement {
    OfStatement { charge, charge_name, subscription: record.subscription.clone(), key: key(record), closing }
}

fn charges_for_time(charge: Charge) -> bool {
    matches!(charge, Charge::Recurring | Charge::Proration)
}

/// In the words of the scenario table, so that every target's rows take it.
fn fee(charge: Charge, amount: Decimal) -> Fee {
    match charge {
        _ if amount.is_sign_negative() && !amount.is_zero() => Fee::ResourceRecurringRefund,
        Charge::Recurring | Charge::Proration => Fee::ResourceRecurring,
        Charge::Usage | Charge::OneTime | Charge::Credit | Charge::Adjustment | Charge::Other => Fee::ResourceOveruse,
    }
}

/// "Microsoft 365 Business Premium (proration), 2026-01-12 to 2026-01-31".
fn described(record: &Record, period: Period) -> String {
    let name = [record.product.name.trim(), record.product.code.as_str()].into_iter().find(|name| !name.is_empty());
    let name = name.unwrap_or("product without a name");
    let gives_back = record.amount.is_sign_negative() && !record.amount.is_zero();
    let word = match record.charge {
        Charge::Recurring if gives_back => " (credit)".to_owned(),
        Charge::Recurring => String::new(),
        Charge::Other if !record.charge_name.trim().is_empty() => format!(" ({})", record.charge_name.trim()),
        charge => format!(" ({charge})"),
    };
    // Whoever bills it by hand wants to know what it is.
    let told = Some(record.motion_told.trim()).filter(|told| record.motion == Motion::Unknown && !told.is_empty());
    let sold_as = told.map(|told| format!(", sold as \"{told}\"")).unwrap_or_default();
    format!("{name}{word}, {period}{sold_as}")
}
