//! Jobs: orders, lines, links. They only come in.
//!
//! Owns what is checked of a job: numbers, currency, days, periods. One bad value makes the job a failure, which names the
//! value; the other jobs of the call go on. Numbers are converted before texts are moved, so that nothing is cloned.

use super::{FromRaw, list_from, option_from};
use crate::bindings::exports::counterfoil::target::documents as raw;
use crate::{Adjustment, Currency, Date, Failure, Job, Line, Link, Order};

impl FromRaw<raw::Line> for Line {
    fn from_raw(raw: raw::Line) -> Result<Self, Failure> {
        Ok(Self {
            quantity: FromRaw::from_raw(raw.quantity)?,
            unit_price: FromRaw::from_raw(raw.unit_price)?,
            unit_cost: option_from(raw.unit_cost)?,
            amount: FromRaw::from_raw(raw.amount)?,
            cost: option_from(raw.cost)?,
            service_period: option_from(raw.service_period)?,
            id: raw.id,
            fee: raw.fee,
            description: raw.description,
            product_code: raw.product_code,
            product_name: raw.product_name,
            price_source: raw.price_source,
            arithmetic: raw.arithmetic,
            item: raw.item,
            attributes: raw.attributes.into(),
        })
    }
}

// The currency is checked once, here: every amount of the order is in it.
impl FromRaw<raw::Order> for Order {
    fn from_raw(raw: raw::Order) -> Result<Self, Failure> {
        Ok(Self {
            currency: Currency::parse(&raw.currency)?,
            created_on: Date::parse(&raw.created_on)?,
            effective_on: Date::parse(&raw.effective_on)?,
            lines: list_from(raw.lines)?,
            total: FromRaw::from_raw(raw.total)?,
            id: raw.id,
            number: raw.number,
            kind: raw.kind,
            revision: raw.revision,
            billing_model: raw.billing_model,
            billing_cycle: raw.billing_cycle,
            customer_id: raw.customer_id,
            customer_name: raw.customer_name,
            subscription_id: raw.subscription_id,
            subscription_name: raw.subscription_name,
            attributes: raw.attributes.into(),
        })
    }
}

impl FromRaw<raw::Link> for Link {
    fn from_raw(raw: raw::Link) -> Result<Self, Failure> {
        Ok(Self {
            kind: raw.kind,
            source_id: raw.source_id,
            target_id: raw.target_id,
            target_code: raw.target_code,
            target_name: raw.target_name,
            attributes: raw.attributes.into(),
        })
    }
}

impl FromRaw<raw::Adjustment> for Adjustment {
    fn from_raw(raw: raw::Adjustment) -> Result<Self, Failure> {
        Ok(Self { line: raw.line, field: raw.field, value: raw.value })
    }
}

impl FromRaw<raw::Job> for Job {
    fn from_raw(raw: raw::Job) -> Result<Self, Failure> {
        Ok(Self {
            order: FromRaw::from_raw(raw.order)?,
            links: list_from(raw.links)?,
            adjustments: list_from(raw.adjustments)?,
            today: Date::parse(&raw.today)?,
            id: raw.id,
            settings: raw.settings.into(),
            marker: raw.marker,
            attributes: raw.attributes.into(),
        })
    }
}
