//! Jobs, on their way in.

use counterfoil_domain::failure::Failure;
use counterfoil_domain::job::{Adjustment, Job, JobLine, JobLink, JobOrder};
use counterfoil_domain::money::Money;
use counterfoil_domain::period::Period;

use super::raw;
use super::values::raw_decimal;

pub(crate) fn raw_job(job: Job) -> Result<raw::Job, Failure> {
    Ok(raw::Job {
        id: job.task.as_str().to_owned(),
        order: order(job.order)?,
        links: job.links.into_iter().map(link).collect(),
        settings: job.settings,
        adjustments: job.adjustments.into_iter().map(adjustment).collect(),
        marker: job.marker,
        today: job.today.to_string(),
        attributes: job.attributes,
    })
}

fn order(order: JobOrder) -> Result<raw::Order, Failure> {
    Ok(raw::Order {
        id: order.key.order.as_str().to_owned(),
        number: order.number,
        kind: order.kind.name().to_owned(),
        revision: order.revision.as_str().to_owned(),
        currency: order.currency.code().to_owned(),
        billing_model: order.billing_model.name().to_owned(),
        billing_cycle: order.billing_cycle,
        customer_id: order.customer_id,
        customer_name: order.customer_name,
        subscription_id: order.subscription_id,
        subscription_name: order.subscription_name,
        created_on: order.created_on.to_string(),
        effective_on: order.effective_on.to_string(),
        lines: order.lines.into_iter().map(line).collect::<Result<_, _>>()?,
        total: raw_decimal("order's total", order.total)?,
        attributes: order.attributes,
    })
}

fn line(line: JobLine) -> Result<raw::Line, Failure> {
    let attributes = attributes(&line);
    Ok(raw::Line {
        id: line.id.as_str().to_owned(),
        fee: line.fee.name().to_owned(),
        description: line.description,
        product_code: line.product_code,
        product_name: line.product_name,
        quantity: raw_decimal("quantity", line.quantity)?,
        unit_price: raw_decimal("unit price", line.unit_price)?,
        unit_cost: line.unit_cost.map(|cost| raw_decimal("unit cost", cost)).transpose()?,
        amount: raw_decimal("amount", line.amount)?,
        cost: line.cost.map(|cost| raw_decimal("cost", cost)).transpose()?,
        service_period: line.service_period.map(period),
        price_source: line.price_source.name().to_owned(),
        arithmetic: line.arithmetic,
        item: line.item.map(|item| item.as_str().to_owned()),
        attributes,
    })
}

/// What the contract has no members for goes by name.
fn attributes(line: &JobLine) -> Vec<(String, String)> {
    let mut all = vec![
        ("billing".to_owned(), line.billing.name().to_owned()),
        ("quantity-is".to_owned(), line.quantity_is.name().to_owned()),
    ];
    all.extend(line.taxable.map(|taxable| ("taxable".to_owned(), taxable.to_string())));
    if let Some(prorated) = &line.proration {
        let number = |money: Money| money.amount.normalize().to_string();
        all.push(("full-price".to_owned(), number(prorated.price.full)));
        all.extend(prorated.cost.as_ref().map(|cost| ("full-cost".to_owned(), number(cost.full))));
        all.push(("proration-method".to_owned(), prorated.method.name().to_owned()));
        all.push(("proration-days".to_owned(), format!("{}/{}", prorated.share.left, prorated.share.days)));
        all.push(("proration-why".to_owned(), prorated.why.name().to_owned()));
    }
    all.extend(line.attributes.iter().cloned());
    all
}

fn period(period: Period) -> raw::Period {
    raw::Period { start: period.start().to_string(), end: period.end().to_string() }
}

fn link(link: JobLink) -> raw::Link {
    raw::Link {
        kind: link.kind.name().to_owned(),
        source_id: link.source,
        target_id: link.target.as_str().to_owned(),
        target_code: link.target_code,
        target_name: link.target_name,
        attributes: link.attributes,
    }
}

fn adjustment(adjustment: Adjustment) -> raw::Adjustment {
    raw::Adjustment { line: adjustment.line.as_str().to_owned(), field: adjustment.field, value: adjustment.value }
}
