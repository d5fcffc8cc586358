//! Subscriptions with their lines. List rows leave the lines out; records have them.

use chrono::{DateTime, NaiveDate, Utc};
use rust_decimal::Decimal;

use counterfoil_domain::id::{CustomerId, SubscriptionId};
use counterfoil_domain::market::{Subscription, SubscriptionLine, SubscriptionStatus, Unreadable};
use counterfoil_domain::order::{BillingModel, ProductRef};

use super::currency::{OneCurrency, Priced};
use super::page::single_row;
use super::record::{Problem, Record, unreadable};
use super::{date, words};

/// What a list row tells: whether it counts, and whether its lines must be asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SubscriptionRow {
    pub(crate) id: SubscriptionId,
    pub(crate) status: SubscriptionStatus,
    pub(crate) has_lines: bool,
}

pub fn decode_subscription(json: &str, place: &str) -> Result<Subscription, Unreadable> {
    let text = single_row(json);
    Record::read(text, "").and_then(|record| subscription(&record)).map_err(|problem| unreadable(text, place, &problem))
}

pub(crate) fn decode_subscription_row(json: &str, place: &str) -> Result<SubscriptionRow, Unreadable> {
    let row = |record: Record<'_>| {
        Ok(SubscriptionRow {
            id: SubscriptionId::new(record.required_id("id")?),
            status: words::subscription_status(record.text("status")?.as_deref()),
            has_lines: record.raw("products").is_some(),
        })
    };
    Record::read(json, "").and_then(row).map_err(|problem| unreadable(json, place, &problem))
}

fn subscription(record: &Record<'_>) -> Result<Subscription, Problem> {
    let id = record.required_id("id")?;
    let customer = CustomerId::new(record.required_id("customerId")?);
    let billing_model = words::billing_model(record.text("billingModel")?.as_deref());
    let period = record.record("billingPeriod")?;
    let cycle = match &period {
        Some(period) => words::cycle(period.text("type")?.as_deref(), period.number("duration")?),
        None => None,
    };
    let mut currency = OneCurrency::default();
    currency.see(Priced::field(record, "totalPrice")?.currency, record.at("totalPrice"))?;
    let products = record.records("products")?;
    let lines = products.iter().map(|product| line(product, billing_model, &mut currency));
    let lines = lines.collect::<Result<Vec<_>, _>>()?;
    Ok(Subscription {
        name: record.text("name")?.unwrap_or_else(|| id.clone()),
        customer,
        status: words::subscription_status(record.text("status")?.as_deref()),
        billing_model,
        cycle,
        currency: currency.get(),
        created_at: moment(record, "creationDate")?,
        renews_on: calendar_day(record, "renewalDate")?,
        lines,
        id: SubscriptionId::new(id),
    })
}

fn line(product: &Record<'_>, model: BillingModel, currency: &mut OneCurrency) -> Result<SubscriptionLine, Problem> {
    let code = match product.id("mpn")? {
        Some(mpn) => mpn,
        None => product.id("id")?.ok_or_else(|| product.problem("mpn", "missing, and so is id"))?,
    };
    let quantity = product.number("quantity")?.ok_or_else(|| product.problem("quantity", "missing"))?;
    let amount = currency.price(product, "extendedPrice")?;
    let unit_price = match (currency.price(product, "unitPrice")?, amount) {
        (Some(price), _) => price,
        // Rated outside: there is no price until usage is rated.
        (None, None) if model == BillingModel::ExternalRating => Decimal::ZERO,
        (None, Some(amount)) => super::line::per_unit(amount, quantity)
            .ok_or_else(|| product.problem("unitPrice", "missing, and the extended price cannot be divided exactly"))?,
        (None, None) => return Err(product.problem("unitPrice", "missing")),
    };
    let cost = Priced::field(product, "unitCost")?;
    // The reseller may buy in another currency than it sells in: such a cost cannot stand beside the price.
    let comparable = cost.currency.is_none() || cost.currency == currency.get();
    Ok(SubscriptionLine {
        product: ProductRef { name: product.text("name")?.unwrap_or_else(|| code.clone()), code },
        quantity,
        unit_price,
        unit_cost: cost.amount.filter(|_| comparable),
        amount,
    })
}

pub(super) fn moment(record: &Record<'_>, name: &str) -> Result<Option<DateTime<Utc>>, Problem> {
    let Some(text) = record.text(name)? else { return Ok(None) };
    date::instant(&text).map(Some).ok_or_else(|| not_a_date(record, name, &text))
}

fn calendar_day(record: &Record<'_>, name: &str) -> Result<Option<NaiveDate>, Problem> {
    let Some(text) = record.text(name)? else { return Ok(None) };
    date::day(&text).map(Some).ok_or_else(|| not_a_date(record, name, &text))
}

fn not_a_date(record: &Record<'_>, name: &str, text: &str) -> Problem {
    record.problem(name, format!("\"{}\" is not a date; 2026-09-18T10:00:00Z is expected", super::clip(text, 40)))
}
