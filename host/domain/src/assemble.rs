//! Jobs: an order, judged, becomes what a target plans with, and what a plan of it is sealed on. What one line comes to
//! is decided in `line`, and nowhere else.

mod cents;
mod gather;
mod line;
mod recurring;

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use rust_decimal::Decimal;

use crate::adjust::Adjustments;
use crate::connection::{Connection, Descriptions, HostRules};
use crate::container;
use crate::digest::Digester;
use crate::directory::Entity;
use crate::id::{EntityId, TaskId};
use crate::job::{self, Billing, Job, JobKind, JobLine, JobLink, JobOrder, PriceSource};
use crate::judge::{Billable, LinkBook, link_of};
use crate::link::{Link, LinkKind, LinkState, LinkTarget};
use crate::market::{Customer, Subscription};
use crate::money::{Money, Rounding};
use crate::order::{Fee, LineKind, Order, OrderLine};
use crate::plan::{self, Plan};
use crate::pricing::PriceError;
use crate::reconcile;

pub use gather::{EXACT, GATHER};

/// What a job is made of, beside the order and its lines.
#[derive(Debug, Clone, Copy)]
pub struct Parts<'a> {
    pub task: &'a TaskId,
    pub kind: JobKind,
    pub connection: &'a Connection,
    pub customer: Option<&'a Customer>,
    pub subscription: Option<&'a Subscription>,
    pub links: &'a LinkBook,
    /// The target's items, as read for this plan.
    pub items: &'a BTreeMap<EntityId, Entity>,
    /// The target's containers, as read for this plan; empty where it has none.
    pub containers: &'a BTreeMap<EntityId, Entity>,
    /// The connection's settings with the card's defaults filled in.
    pub settings: &'a [(String, String)],
    /// What recurs stands in its container until something else is said.
    pub recurring: bool,
    /// What people set on the task.
    pub adjustments: Option<&'a Adjustments>,
    pub today: NaiveDate,
}

/// Items whose catalogue price will count.
pub fn items_needed(lines: &[Billable<'_>], links: &LinkBook) -> BTreeSet<EntityId> {
    lines
        .iter()
        .filter(|billable| billable.price == PriceSource::Catalogue)
        .filter_map(|billable| linked(billable, links).map(|target| target.id.clone()))
        .collect()
}

fn linked<'a>(billable: &Billable<'_>, links: &'a LinkBook) -> Option<&'a LinkTarget> {
    let (kind, source, _) = link_of(billable)?;
    match &links.get(kind, &source)?.state {
        LinkState::Linked(target) => Some(target),
        LinkState::Unlinked | LinkState::NeverSync => None,
    }
}

/// `order` is the source's own; `lines` are of it as people left it.
pub fn job(order: &Order, lines: &[Billable<'_>], parts: Parts<'_>) -> Result<Job, PriceError> {
    let mut priced = Vec::with_capacity(lines.len());
    for billable in lines {
        priced.push(line::line(order, billable, parts)?);
    }
    let sources: Vec<&OrderLine> = lines.iter().map(|billable| billable.line).collect();
    let rounding = parts.connection.rules.rounding;
    gather::gather(&mut priced, &sources, order.currency, rounding)?;
    if let Some(part) = &order.statement {
        cents::settle(&mut priced, &sources, part.before, order.currency, rounding);
        for line in &mut priced {
            let charge = part.lines.get(&line.id).map(|of| of.charge.name().to_owned());
            line.attributes.extend(charge.map(|charge| (job::CHARGE.to_owned(), charge)));
        }
    }
    if parts.recurring {
        priced = recurring::split(order, priced, rounding)?;
    }
    let total = priced.iter().map(|line| line.amount).sum();
    let cycle = parts.subscription.and_then(|s| s.cycle).or_else(|| lines.iter().find_map(|b| b.line.cycle));
    Ok(Job {
        task: parts.task.clone(),
        order: JobOrder {
            key: order.key.clone(),
            number: order.number.clone(),
            kind: parts.kind,
            revision: order.revision(),
            currency: order.currency,
            billing_model: order.billing_model,
            billing_cycle: cycle.map(|cycle| cycle.iso()).unwrap_or_default(),
            customer_id: order.customer.to_string(),
            customer_name: parts.customer.map_or_else(|| order.customer.to_string(), |c| c.name.clone()),
            subscription_id: order.subscription.as_ref().map(ToString::to_string).unwrap_or_default(),
            subscription_name: parts.subscription.map(|s| s.name.clone()).unwrap_or_default(),
            created_on: order.created_at.date_naive(),
            effective_on: order.effective_on(),
            lines: priced,
            total,
            attributes: attributes(order),
        },
        links: links(order, lines, parts),
        settings: parts.settings.to_vec(),
        adjustments: parts.adjustments.map(Adjustments::flat).unwrap_or_default(),
        marker: marker(order, parts.task),
        today: parts.today,
        attributes: Vec::new(),
    })
}

/// What the target and the checker have to know of the whole order.
fn attributes(order: &Order) -> Vec<(String, String)> {
    let Some(part) = &order.statement else { return reconcile::attributes(order) };
    let period = format!("{}/{}", part.period.start(), part.period.end());
    let all = [
        (job::STATEMENT, part.statement.clone()),
        (job::STATEMENT_PERIOD, period),
        (job::MOTION, part.motion.name().to_owned()),
        (job::ISSUE, part.issue.to_string()),
    ];
    all.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

/// Readable first, unique second: people see the order's number, `locate` finds exactly one document.
fn marker(order: &Order, task: &TaskId) -> String {
    let mut digest = Digester::new("marker");
    digest.text(task.as_str());
    let mut tail = digest.short();
    tail.truncate(8);
    format!("{} cf:{tail}", order.number)
}

/// The links that this job rests on, and no others: another customer's link is nobody's business here.
fn links(order: &Order, lines: &[Billable<'_>], parts: Parts<'_>) -> Vec<JobLink> {
    let mut wanted: BTreeSet<(LinkKind, String)> = BTreeSet::new();
    wanted.insert((LinkKind::Party, order.customer.to_string()));
    if let Some(subscription) = &order.subscription {
        wanted.insert((LinkKind::Container, subscription.to_string()));
    }
    for billable in lines {
        if let Some((kind, source, _)) = link_of(billable) {
            wanted.insert((kind, source));
        }
        wanted.insert((LinkKind::Fee, billable.fee.name().to_owned()));
    }
    wanted
        .into_iter()
        .filter_map(|(kind, source)| {
            let target = parts.links.get(kind, &source)?.target()?;
            Some(job_link(kind, source, target, parts))
        })
        .collect()
}

/// With what was read of a container for this plan: it counts, whatever the link was made with.
fn job_link(kind: LinkKind, source: String, target: &LinkTarget, parts: Parts<'_>) -> JobLink {
    let fresh = parts.containers.get(&target.id).filter(|_| kind == LinkKind::Container);
    JobLink {
        kind,
        source,
        target: target.id.clone(),
        target_code: fresh.map_or_else(|| target.code.clone(), |fresh| fresh.code.clone()),
        target_name: fresh.map_or_else(|| target.name.clone(), |fresh| fresh.name.clone()),
        attributes: fresh.map_or_else(|| target.attributes.clone(), |fresh| container::attributes(target, fresh)),
    }
}

/// Digests of what a job rests on, for the plan's ground. Of a container's link only what people keep with it: what the
/// target told is a record of the target's.
pub fn links_digest(job: &Job, book: &LinkBook) -> String {
    let mut digest = Digester::new("links");
    digest.count(job.links.len());
    for link in &job.links {
        let kept = book.get(link.kind, &link.source).and_then(Link::target);
        let (code, attributes) =
            kept.map_or((&link.target_code, &link.attributes), |kept| (&kept.code, &kept.attributes));
        digest.text(link.kind.name()).text(&link.source).text(link.target.as_str()).text(code).pairs(attributes);
    }
    digest.short()
}

pub fn settings_digest(settings: &[(String, String)], connection: &Connection) -> String {
    let mut digest = Digester::new("settings");
    // Every rule that changes a job is named: a new one does not compile before somebody decided whether it does.
    let HostRules {
        rounding,
        proration,
        descriptions: Descriptions { source, template, trim },
        refunds,
        // Seen in how the lines are judged.
        price_source: _,
        recurring_before_period: _,
        // Seen by the checker or by nobody who makes a job.
        most_per_plan: _,
        most_lines: _,
        most_change: _,
        start_on: _,
        many_to_one: _,
        auto_sync: _,
        check_every: _,
        notify: _,
        sign_in: _,
        discovery_url: _,
    } = &connection.rules;
    digest
        .pairs(settings)
        .text(&format!("{rounding:?}"))
        .text(proration.name())
        .text(source.name())
        .text(template)
        .text(if *trim { "trim" } else { "" })
        .text(refunds.name());
    digest.short()
}

pub fn adjustments_digest(job: &Job) -> String {
    let mut digest = Digester::new("adjustments");
    digest.count(job.adjustments.len());
    for adjustment in &job.adjustments {
        digest.text(adjustment.line.as_str()).text(&adjustment.field).text(&adjustment.value);
    }
    digest.short()
}

/// Prices and costs that came from the target, and the container that the lines go into: a changed item, an agreement that
/// was invoiced meanwhile, make the plan stale.
pub fn target_records_digest(
    job: &Job,
    items: &BTreeMap<EntityId, Entity>,
    containers: &BTreeMap<EntityId, Entity>,
) -> String {
    let mut digest = Digester::new("target-records");
    for line in job.order.lines.iter().filter(|line| line.price_source == PriceSource::Catalogue) {
        let item = line.item.as_ref().and_then(|id| items.get(id));
        let number = |n: Option<Decimal>| n.map(|n| n.normalize().to_string());
        digest
            .maybe(line.item.as_ref().map(EntityId::as_str))
            .maybe(item.and_then(|i| number(i.price)).as_deref())
            .maybe(item.and_then(|i| number(i.cost)).as_deref());
    }
    let read =
        job.links.iter().filter(|link| link.kind == LinkKind::Container && containers.contains_key(&link.target));
    for link in read {
        // Targets tell things in any order.
        let mut told = link.attributes.clone();
        told.sort();
        digest.text(link.target.as_str()).text(&link.target_code).text(&link.target_name).pairs(&told);
    }
    digest.short()
}

/// How each line was judged: row, price source and why; and which days and share of a period the subscription gives it.
/// Rules, and a subscription, that change it make the plan stale.
pub fn rules_digest(lines: &[Billable<'_>], job: &Job) -> String {
    let mut digest = Digester::new("rules");
    digest.count(lines.len());
    for billable in lines {
        digest
            .text(billable.line.id.as_str())
            .text(&billable.row)
            .text(billable.price.name())
            .text(billable.why.name())
            .text(if billable.prorate { "prorate" } else { "" });
    }
    for line in &job.order.lines {
        let share = line.proration.as_ref().map(|prorated| format!("{:?} {}", prorated.share, prorated.why));
        digest.maybe(line.service_period.map(|period| format!("{period:?}")).as_deref()).maybe(share.as_deref());
    }
    digest.short()
}

/// A line's product, for matching.
pub fn products(lines: &[OrderLine]) -> impl Iterator<Item = &crate::order::ProductRef> {
    lines
        .iter()
        .filter(|line| !matches!(line.kind, LineKind::NotBillable(_) | LineKind::Fee(Fee::CancellationFee)))
        .filter_map(|line| line.product.as_ref())
}

/// The job at the prices that the target charges already: a plan's line says which addition it took its price from, where
/// the target's prices count and the fee recurs. Whether the plan was allowed to is the checker's business.
#[must_use]
pub fn repriced(mut job: Job, plan: &Plan, rounding: Rounding) -> Job {
    let currency = job.order.currency;
    for line in &mut job.order.lines {
        if !may_take_price(line) {
            continue;
        }
        let Some((price, from)) = price_from(line, plan) else { continue };
        let unit_price = if line.unit_price.is_sign_negative() { -price } else { price };
        let Some(exact) = line.quantity.checked_mul(unit_price) else { continue };
        let amount = rounding.apply(exact, currency.minor_units());
        let sum =
            format!("{} × {} = {}", line.quantity.normalize(), unit_price.normalize(), Money::new(amount, currency));
        line.unit_price = unit_price;
        line.arithmetic = format!("{sum}, price from {from}, which recurs in the target already");
        if line.billing == Billing::Billable {
            line.amount = amount;
        }
    }
    job.order.total = job.order.lines.iter().map(|line| line.amount).sum();
    job
}

/// Only where the target's prices count, and only what recurs stands there already.
pub(crate) fn may_take_price(line: &JobLine) -> bool {
    line.price_source == PriceSource::Catalogue && line.fee.recurs()
}

/// The price that a plan took for a line from something in the target, without its sign, and from what.
fn price_from<'a>(line: &JobLine, plan: &'a Plan) -> Option<(Decimal, &'a str)> {
    let lines = plan.changes.iter().flat_map(|change| &change.lines);
    lines.filter(|of| of.carries(&line.id)).find_map(|of| {
        let from = of.told(plan::PRICE_FROM)?;
        let is_whole_price = of.told(plan::STANDING).is_some() || of.quantity.abs() == line.quantity.abs();
        is_whole_price.then(|| (of.unit_price.abs(), from))
    })
}

/// The plan with what each of its lines costs, so that a margin can be shown whatever the target's documents carry.
/// Only where every line of the order that it carries tells its cost.
#[must_use]
pub fn with_costs(mut plan: Plan, job: &Job) -> Plan {
    let costs: BTreeMap<_, _> = job.order.lines.iter().map(|line| (&line.id, line.cost)).collect();
    for line in plan.changes.iter_mut().flat_map(|change| &mut change.lines) {
        line.attributes.retain(|(name, _)| name != COST);
        let cost = line.covers.iter().map(|id| costs.get(id).copied().flatten()).sum::<Option<Decimal>>();
        if let Some(cost) = cost.filter(|_| !line.covers.is_empty()) {
            line.attributes.push((COST.to_owned(), cost.normalize().to_string()));
        }
    }
    plan
}

/// The host's own attribute on a plan's line.
pub const COST: &str = "host.cost";
