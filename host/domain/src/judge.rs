//! Whether an order becomes a task, and what it still needs. Pure: everything it rests on is an argument.
//! Which row takes a line is `scenario`; what a line costs is `pricing`.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;

use crate::card::Scenario;
use crate::connection::HostRules;
use crate::id::Actor;
use crate::job::{JobKind, PriceSource};
use crate::link::{Link, LinkKind, LinkState};
use crate::market::{Subscription, SubscriptionLine};
use crate::money::{Currency, Money};
use crate::order::{BillingModel, Fee, LineKind, Order, OrderLine, OrderStatus, OrderType};
use crate::pricing::is_partial;
use crate::print::{bills, worth};
use crate::program::{self, Program};
use crate::reconcile;
use crate::rule::{IgnoreRule, Seen, first_fit};
use crate::scenario::{self, PriceWhy, Situation, Taken};
use crate::task::{IgnoreReason, Ignored, Need, Verdict};

/// Links of one connection, by kind and source.
#[derive(Debug, Clone, Default)]
pub struct LinkBook(BTreeMap<(LinkKind, String), Link>);

impl LinkBook {
    pub fn new(links: Vec<Link>) -> Self {
        Self(links.into_iter().map(|link| ((link.key.kind, link.key.source.clone()), link)).collect())
    }

    pub fn get(&self, kind: LinkKind, source: &str) -> Option<&Link> {
        self.0.get(&(kind, source.to_owned()))
    }

    pub fn insert(&mut self, link: Link) {
        self.0.insert((link.key.kind, link.key.source.clone()), link);
    }

    pub fn all(&self) -> impl Iterator<Item = &Link> {
        self.0.values()
    }
}

/// What an order is judged by.
#[derive(Debug, Clone, Copy)]
pub struct Law<'a> {
    pub scenarios: &'a [Scenario],
    pub rules: &'a HostRules,
    pub links: &'a LinkBook,
    /// Codes of products that are pay-per-use, in lower case: sources spell them as they like.
    pub metered: &'a BTreeSet<String>,
    pub standing: Standing<'a>,
    pub now: DateTime<Utc>,
}

/// What stands beside the table and holds for every order.
#[derive(Debug, Clone, Copy, Default)]
pub struct Standing<'a> {
    /// People's standing decisions to ignore, oldest first.
    pub rules: &'a [IgnoreRule],
    /// What the target can bill in; none: it was not asked or did not tell, so nothing is concluded.
    pub currencies: Option<&'a BTreeSet<Currency>>,
    /// The target puts lines into containers, so that a subscription needs one.
    pub containers: bool,
    /// What recurs stands in them until something else is said.
    pub recurring: bool,
    /// What of statements goes to the connection; none: nothing does.
    pub program: Option<&'a Program>,
}

/// A line that will be billed, and by which price.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Billable<'a> {
    pub line: &'a OrderLine,
    pub fee: Fee,
    pub row: String,
    pub price: PriceSource,
    pub why: PriceWhy,
    /// The host charges only what is left of the period: the row says so, and the price is the order's.
    pub prorate: bool,
}

/// The judgement of an order: what to bill and what it needs, or why it is ignored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judgement<'a> {
    pub verdict: Verdict,
    pub lines: Vec<Billable<'a>>,
    /// Lines that bill nothing, and why they were dropped.
    pub notes: Vec<String>,
    pub scenario: String,
}

impl Judgement<'_> {
    fn ignored(reason: IgnoreReason, text: impl Into<String>, now: DateTime<Utc>) -> Self {
        let by = Actor::new("rules");
        let ignored = Ignored { reason, text: text.into(), by, at: now, until: None };
        Self { verdict: Verdict::Ignored(ignored), lines: Vec::new(), notes: Vec::new(), scenario: String::new() }
    }
}

/// What a job of this order will be called.
pub fn job_kind(order: &Order) -> JobKind {
    if reconcile::is_reconcile(order) {
        return JobKind::Reconcile;
    }
    match order.kind() {
        OrderType::Sales | OrderType::Migration | OrderType::Unknown => JobKind::Sales,
        OrderType::Change => JobKind::Change,
        OrderType::Billing => JobKind::Billing,
        OrderType::Cancellation => JobKind::Cancellation,
        OrderType::Renewal => JobKind::Renewal,
    }
}

/// First what the order is: no rule changes that it is not final or bills nothing. Then people's rules, before the table:
/// whoever excluded a customer wants to read that, and not which fee some version of a plugin does not know; and only the
/// person's reason can be taken back by a person. Then, of a statement, what the program lets through. Then the table, and last
/// whether the target has the currency: for an order that no row takes, nobody has to add one.
pub fn judge<'a>(order: &'a Order, subscription: Option<&Subscription>, law: Law<'_>) -> Judgement<'a> {
    if reconcile::is_reconcile(order) {
        return reconcile::judge(order, law);
    }
    let only_alters = |reason: &IgnoreReason| *reason == IgnoreReason::ZeroAmount && alters(order, law);
    if let Some((reason, text)) = settled(order).filter(|(reason, _)| !only_alters(reason)) {
        let notes = order.lines.iter().filter_map(dropped).collect();
        return Judgement { notes, ..Judgement::ignored(reason, text, law.now) };
    }
    if let Some(excluded) = excluded(Seen { order, is_snapshot: false }, law) {
        return excluded;
    }
    if let Some(held_back) = held_back(order, law) {
        return held_back;
    }
    offered(order, by_table(order, subscription, law), law)
}

/// Why an order is not synchronized whatever the rules and the target are.
pub fn settled(order: &Order) -> Option<(IgnoreReason, String)> {
    let not_final = |text: String| Some((IgnoreReason::NotFinal, text));
    match order.status {
        OrderStatus::Completed => {}
        OrderStatus::Cancelled => {
            return not_final("the order was cancelled in the marketplace; it bills nothing".to_owned());
        }
        OrderStatus::Error => {
            return not_final(
                "the order is in error in the marketplace; it is read again until it completes".to_owned(),
            );
        }
        status => {
            let text = format!("the order is still {status} in the marketplace; it is read again until it completes");
            return not_final(text);
        }
    }
    if order.kind() == OrderType::Migration {
        let text = "the subscription was migrated; reconcile it once, later orders of it are ordinary";
        return Some((IgnoreReason::MigratedSubscription, text.to_owned()));
    }
    if !order.lines.is_empty() && !order.lines.iter().any(bills) {
        return Some((IgnoreReason::ZeroAmount, "no line of it bills anything".to_owned()));
    }
    None
}

/// Whether an order has something to do that comes to no money: what goes on recurring in a container does so until it is
/// ended there, or made less, also where nothing is given back for it.
fn alters(order: &Order, law: Law<'_>) -> bool {
    law.standing.containers
        && match order.kind() {
            OrderType::Cancellation => true,
            OrderType::Change => order.lines.iter().any(alters_quantity),
            OrderType::Billing => order.lines.iter().any(|line| goes_on(order, line, law)),
            _ => false,
        }
}

/// It says how something goes on that stands in its container until something else is said.
pub(crate) fn goes_on(order: &Order, line: &OrderLine, law: Law<'_>) -> bool {
    law.standing.recurring && order.closing(&line.id).is_some()
}

/// Of a line that comes to nothing. What has no price says nothing of what something costs that recurs.
fn alters_quantity(line: &OrderLine) -> bool {
    let LineKind::Fee(fee) = &line.kind else { return false };
    !line.quantity.is_zero() && (*fee == Fee::ResourceDowngrade || (fee.recurs() && !line.unit_price.is_zero()))
}

/// By a rule of a person.
pub(crate) fn excluded<'a>(seen: Seen<'_>, law: Law<'_>) -> Option<Judgement<'a>> {
    let fit = first_fit(law.standing.rules, seen, law.now.date_naive())?;
    let verdict = Verdict::Ignored(fit.ignored(law.now));
    Some(Judgement { verdict, lines: Vec::new(), notes: Vec::new(), scenario: String::new() })
}

/// What the program does not let through.
fn held_back<'a>(order: &Order, law: Law<'_>) -> Option<Judgement<'a>> {
    let part = order.statement.as_ref()?;
    let (reason, text) = program::refusal(law.standing.program, part.motion)?;
    Some(Judgement::ignored(reason, text, law.now))
}

/// The judgement, unless the target has no such currency.
pub(crate) fn offered<'a>(order: &Order, judgement: Judgement<'a>, law: Law<'_>) -> Judgement<'a> {
    let Some(currencies) = law.standing.currencies.filter(|all| !all.contains(&order.currency)) else {
        return judgement;
    };
    if matches!(judgement.verdict, Verdict::Ignored(_)) {
        return judgement;
    }
    let offers: Vec<&str> = currencies.iter().map(Currency::code).collect();
    let text = format!(
        "the target bills nothing in {}; it offers {}. Add the currency there: the next check takes the order up again",
        order.currency,
        offers.join(", ")
    );
    Judgement { notes: judgement.notes, ..Judgement::ignored(IgnoreReason::CurrencyNotOffered, text, law.now) }
}

/// What is said of a line that bills nothing.
fn dropped(line: &OrderLine) -> Option<String> {
    match &line.kind {
        LineKind::NotBillable(kind) => Some(format!("line {}: {kind} moves money but bills nothing", line.id)),
        _ if line.amount.is_zero() => Some(format!("line {}: {} comes to zero", line.id, line.kind.name())),
        _ => None,
    }
}

fn by_table<'a>(order: &'a Order, subscription: Option<&Subscription>, law: Law<'_>) -> Judgement<'a> {
    let table = table(law);
    if order.lines.is_empty() {
        return without_lines(order, subscription, &table, law);
    }
    let mut lines = Vec::new();
    let mut notes = Vec::new();
    let is_change = law.standing.containers && order.kind() == OrderType::Change;
    for line in &order.lines {
        let alters = (is_change && alters_quantity(line)) || goes_on(order, line, law);
        if let Some(note) = dropped(line).filter(|_| !alters) {
            notes.push(note);
            continue;
        }
        let at = situation(order, line, subscription, law.metered);
        match scenario::take(&table, at, &line.kind, law.rules.price_source) {
            Taken::Yes { row, price, why } => {
                let LineKind::Fee(fee) = line.kind else { continue };
                // What the order gives for nothing is not charged from its unit price.
                // And a statement's records are prorated already.
                let prorate =
                    scenario::prorates(&table, &row, fee, price) && !line.amount.is_zero() && order.statement.is_none();
                lines.push(Billable { line, fee, row, price, why, prorate });
            }
            Taken::No { reason, text } => {
                let text = format!("line {} ({}): {text}", line.id, line.description);
                return Judgement::ignored(reason, text, law.now);
            }
        }
    }
    if lines.is_empty() && alters(order, law) {
        return Judgement { notes, ..without_money(order, subscription, &table, law) };
    }
    let scenario = lines.first().map(|line| line.row.clone()).unwrap_or_default();
    let verdict = links(order, &lines, law);
    Judgement { verdict, lines, notes, scenario }
}

/// The card's rows, and the one that the connection may switch on.
fn table(law: Law<'_>) -> Vec<Scenario> {
    let mut table = law.scenarios.to_vec();
    if law.rules.recurring_before_period {
        table.push(scenario::recurring_before_period());
    }
    table
}

fn situation(
    order: &Order,
    line: &OrderLine,
    subscription: Option<&Subscription>,
    metered: &BTreeSet<String>,
) -> Situation {
    let is_metered = |code: &str| metered.contains(code) || metered.contains(&code.to_lowercase());
    let product_metered = line.product.as_ref().is_some_and(|product| is_metered(&product.code));
    let cycle = line.cycle.or_else(|| subscription.and_then(|s| s.cycle));
    // A line can say that it is aligned; one that names a month does not deny it, so the subscription counts then.
    let aligned = line.cycle == Some(crate::period::Cycle::StatementDay)
        || subscription.is_some_and(Subscription::aligned_with_statement_day);
    Situation {
        order: order.kind(),
        model: order.billing_model,
        usage: product_metered || order.vendor_rated || order.billing_model == BillingModel::ExternalRating,
        aligned_with_statement_day: aligned,
        partial_period: is_partial(line.service_period, cycle),
    }
}

/// A billable type without lines is never dropped: a person says what to bill.
fn without_lines<'a>(
    order: &Order,
    subscription: Option<&Subscription>,
    table: &[Scenario],
    law: Law<'_>,
) -> Judgement<'a> {
    // A marketplace gives no details of most cancellations.
    if alters(order, law) && order.total.is_none_or(|total| total.is_zero()) {
        return without_money(order, subscription, table, law);
    }
    let row = match row_of(order, subscription, table) {
        Ok(row) => row,
        Err((reason, text)) => return Judgement::ignored(reason, text, law.now),
    };
    let total = order.money(order.total.unwrap_or(Decimal::ZERO));
    let proposed = subscription.map(|subscription| proposed(order, subscription)).unwrap_or_default();
    let why = format!("the marketplace gives no lines for this {} order of {total}{proposed}", order.kind());
    Judgement {
        verdict: Verdict::Pending(vec![Need::Decision { why }]),
        lines: Vec::new(),
        notes: Vec::new(),
        scenario: row.name.clone(),
    }
}

/// An order that bills nothing and still ends or lessens what recurs.
fn without_money<'a>(
    order: &Order,
    subscription: Option<&Subscription>,
    table: &[Scenario],
    law: Law<'_>,
) -> Judgement<'a> {
    match row_of(order, subscription, table) {
        Ok(row) => Judgement {
            verdict: links(order, &[], law),
            lines: Vec::new(),
            notes: Vec::new(),
            scenario: row.name.clone(),
        },
        Err((reason, text)) => Judgement::ignored(reason, text, law.now),
    }
}

/// The row that could take an order of which no line is known; else why there is none.
fn row_of<'t>(
    order: &Order,
    subscription: Option<&Subscription>,
    table: &'t [Scenario],
) -> Result<&'t Scenario, (IgnoreReason, String)> {
    let mut of_order = table.iter().filter(|row| row.order == order.kind()).peekable();
    if of_order.peek().is_none() {
        let text = format!("no scenario of this target takes {} orders", order.kind());
        return Err((IgnoreReason::UnsupportedOrderType, text));
    }
    let of_model: Vec<&Scenario> = of_order.filter(|row| row.models.contains(&order.billing_model)).collect();
    let Some(first) = of_model.first() else {
        let text = format!("no scenario of this target takes {} orders billed {}", order.kind(), order.billing_model);
        return Err((IgnoreReason::UnsupportedBillingModel, text));
    };
    // What no row could bill is not worth a person's decision.
    let at = Situation {
        order: order.kind(),
        model: order.billing_model,
        usage: order.vendor_rated || order.billing_model == BillingModel::ExternalRating,
        aligned_with_statement_day: subscription.is_some_and(Subscription::aligned_with_statement_day),
        partial_period: false,
    };
    of_model
        .iter()
        .find(|row| scenario::refusal(row, at).is_none())
        .copied()
        .ok_or_else(|| (IgnoreReason::UnsupportedBillingModel, scenario::refusal(first, at).unwrap_or_default()))
}

/// What the subscription holds, for the person who decides.
fn proposed(order: &Order, subscription: &Subscription) -> String {
    let price = |unit: Decimal| Money::new(unit, subscription.currency.unwrap_or(order.currency));
    let line = |line: &SubscriptionLine| {
        format!("{} × {} at {}", line.quantity.normalize(), line.product.name, price(line.unit_price))
    };
    let mut lines: Vec<String> = subscription.lines.iter().take(MOST_PROPOSED).map(line).collect();
    if lines.is_empty() {
        return String::new();
    }
    let more = subscription.lines.len() - lines.len();
    if more > 0 {
        lines.push(format!("{more} more"));
    }
    format!("; subscription {} holds {}", subscription.name, lines.join(", "))
}

/// A sentence, not a list of hundreds.
const MOST_PROPOSED: usize = 12;

pub(crate) fn links(order: &Order, lines: &[Billable<'_>], law: Law<'_>) -> Verdict {
    let mut needs = BTreeSet::new();
    let ignored = |reason, text: String| {
        Verdict::Ignored(Ignored { reason, text, by: Actor::new("rules"), at: law.now, until: None })
    };
    let customer = order.customer.as_str();
    match law.links.get(LinkKind::Party, customer).map(|link| &link.state) {
        Some(LinkState::Linked(_)) => {}
        Some(LinkState::NeverSync) => {
            return ignored(IgnoreReason::ExcludedCustomer, format!("customer {customer} is never synchronized"));
        }
        Some(LinkState::Unlinked) | None => {
            needs.insert(Need::Link { kind: LinkKind::Party, source: customer.to_owned(), name: customer.to_owned() });
        }
    }
    let never = |kind: LinkKind, source: &str| {
        law.links.get(kind, source).is_some_and(|link| link.state == LinkState::NeverSync)
    };
    if let Some(subscription) = order.subscription.as_ref().filter(|id| never(LinkKind::Container, id.as_str())) {
        return ignored(IgnoreReason::ExcludedProduct, format!("subscription {subscription} is never synchronized"));
    }
    if let Some(fee) = lines.iter().map(|line| line.fee.name()).find(|fee| never(LinkKind::Fee, fee)) {
        return ignored(IgnoreReason::ExcludedProduct, format!("fee {fee} is never synchronized"));
    }
    for billable in lines {
        let of_fee = || law.standing.containers.then(|| fee_link(billable.fee));
        let Some((kind, source, name)) = link_of(billable).or_else(of_fee) else { continue };
        match law.links.get(kind, &source).map(|link| &link.state) {
            Some(LinkState::Linked(_)) => {}
            Some(LinkState::NeverSync) => {
                return ignored(IgnoreReason::ExcludedProduct, format!("{kind} {source} is never synchronized"));
            }
            Some(LinkState::Unlinked) | None => {
                needs.insert(Need::Link { kind, source, name });
            }
        }
    }
    if let Some(subscription) = order.subscription.as_ref().map(|id| id.as_str()).filter(|_| law.standing.containers) {
        let link = law.links.get(LinkKind::Container, subscription);
        if link.and_then(Link::target).is_none() {
            let called = order.statement.as_ref().map_or(subscription, |part| part.motion.text());
            let name = link.map(|link| link.source_name.trim()).filter(|name| !name.is_empty()).unwrap_or(called);
            let (kind, name) = (LinkKind::Container, name.to_owned());
            needs.insert(Need::Link { kind, source: subscription.to_owned(), name });
        }
    }
    if needs.is_empty() { Verdict::Ready } else { Verdict::Pending(needs.into_iter().collect()) }
}

/// The link of a fee that names no product.
pub fn fee_link(fee: Fee) -> (LinkKind, String, String) {
    let name = fee.name().to_owned();
    (LinkKind::Fee, name.clone(), name)
}

/// Which link a line needs. A fee of the plan itself names no product: at the order's price it may go without an
/// item (except into a container, which holds nothing but items), at the catalogue's it takes the item that the fee is
/// linked to.
pub fn link_of(billable: &Billable<'_>) -> Option<(LinkKind, String, String)> {
    let fee = fee_link(billable.fee);
    match &billable.line.product {
        _ if billable.fee == Fee::CancellationFee => Some(fee),
        Some(product) => Some((LinkKind::Item, product.code.clone(), product.name.clone())),
        None if billable.price == PriceSource::Catalogue => Some(fee),
        None => None,
    }
}

/// The order's money: the sum of what it bills; of one that is not billed, what it says of itself, else its lines: what is
/// ignored shows its money.
pub fn amount(order: &Order, lines: &[Billable<'_>]) -> Decimal {
    if lines.is_empty() {
        return order.total.or_else(|| worth(order)).unwrap_or(Decimal::ZERO);
    }
    lines.iter().map(|billable| billable.line.amount).sum()
}
