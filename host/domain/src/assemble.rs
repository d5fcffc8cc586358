//! Jobs: an order, judged, becomes what a target plans with. Prices are decided here and nowhere else.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use rust_decimal::Decimal;

use crate::connection::Connection;
use crate::digest::Digester;
use crate::directory::Entity;
use crate::id::{EntityId, TaskId};
use crate::job::{Job, JobKind, JobLine, JobLink, JobOrder, PriceSource};
use crate::judge::{Billable, LinkBook, link_of};
use crate::link::{LinkKind, LinkState, LinkTarget};
use crate::market::{Customer, Subscription};
use crate::order::{Fee, LineKind, Order, OrderLine};
use crate::pricing::{self, PriceError};

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
    /// The connection's settings with the card's defaults filled in.
    pub settings: &'a [(String, String)],
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

pub fn job(order: &Order, lines: &[Billable<'_>], parts: Parts<'_>) -> Result<Job, PriceError> {
    let mut priced = Vec::with_capacity(lines.len());
    for billable in lines {
        priced.push(line(order, billable, parts)?);
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
            attributes: Vec::new(),
        },
        links: links(order, lines, parts.links),
        settings: parts.settings.to_vec(),
        adjustments: Vec::new(),
        marker: marker(order, parts.task),
        today: parts.today,
        attributes: Vec::new(),
    })
}

/// Readable first, unique second: people see the order's number, `locate` finds exactly one document.
fn marker(order: &Order, task: &TaskId) -> String {
    let mut digest = Digester::new("marker");
    digest.text(task.as_str());
    let mut tail = digest.short();
    tail.truncate(8);
    format!("{} cf:{tail}", order.number)
}

fn line(order: &Order, billable: &Billable<'_>, parts: Parts<'_>) -> Result<JobLine, PriceError> {
    let target = linked(billable, parts.links);
    let item = target.and_then(|target| parts.items.get(&target.id));
    let catalogue = match (billable.price, target) {
        (PriceSource::Catalogue, None) => {
            return Err(PriceError::NoItem { product: billable.line.description.clone() });
        }
        _ => item.and_then(|item| item.price),
    };
    let rounding = parts.connection.rules.rounding;
    let priced = pricing::price(billable.line, billable.price, billable.why, catalogue, order.currency, rounding)?;
    let product = billable.line.product.as_ref();
    let unit_cost = billable.line.unit_cost.or_else(|| item.and_then(|item| item.cost));
    let cost = unit_cost
        .and_then(|cost| cost.checked_mul(billable.line.quantity))
        .map(|cost| rounding.apply(cost, order.currency.minor_units()));
    Ok(JobLine {
        id: billable.line.id.clone(),
        fee: billable.fee,
        description: billable.line.description.clone(),
        product_code: product.map(|p| p.code.clone()).unwrap_or_default(),
        product_name: product.map(|p| p.name.clone()).unwrap_or_default(),
        quantity: billable.line.quantity,
        unit_price: priced.unit_price,
        unit_cost,
        amount: priced.amount,
        cost,
        service_period: billable.line.service_period,
        price_source: billable.price,
        arithmetic: priced.arithmetic,
        item: target.map(|target| target.id.clone()),
        attributes: Vec::new(),
    })
}

/// The links that this job rests on, and no others: another customer's link is nobody's business here.
fn links(order: &Order, lines: &[Billable<'_>], book: &LinkBook) -> Vec<JobLink> {
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
            let LinkState::Linked(target) = &book.get(kind, &source)?.state else { return None };
            Some(JobLink {
                kind,
                source,
                target: target.id.clone(),
                target_code: target.code.clone(),
                target_name: target.name.clone(),
                attributes: target.attributes.clone(),
            })
        })
        .collect()
}

/// Digests of what a job rests on, for the plan's ground.
pub fn links_digest(job: &Job) -> String {
    let mut digest = Digester::new("links");
    digest.count(job.links.len());
    for link in &job.links {
        digest
            .text(link.kind.name())
            .text(&link.source)
            .text(link.target.as_str())
            .text(&link.target_code)
            .pairs(&link.attributes);
    }
    digest.short()
}

pub fn settings_digest(settings: &[(String, String)], connection: &Connection) -> String {
    let mut digest = Digester::new("settings");
    digest.pairs(settings).text(&format!("{:?}", connection.rules.rounding));
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

/// Prices and costs that came from the target: a changed item makes the plan stale.
pub fn target_records_digest(job: &Job, items: &BTreeMap<EntityId, Entity>) -> String {
    let mut digest = Digester::new("target-records");
    for line in job.order.lines.iter().filter(|line| line.price_source == PriceSource::Catalogue) {
        let item = line.item.as_ref().and_then(|id| items.get(id));
        let number = |n: Option<Decimal>| n.map(|n| n.normalize().to_string());
        digest
            .maybe(line.item.as_ref().map(EntityId::as_str))
            .maybe(item.and_then(|i| number(i.price)).as_deref())
            .maybe(item.and_then(|i| number(i.cost)).as_deref());
    }
    digest.short()
}

/// How each line was judged: row, price source and why. Rules that change it make the plan stale.
pub fn rules_digest(lines: &[Billable<'_>]) -> String {
    let mut digest = Digester::new("rules");
    digest.count(lines.len());
    for billable in lines {
        digest
            .text(billable.line.id.as_str())
            .text(&billable.row)
            .text(billable.price.name())
            .text(billable.why.name());
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
