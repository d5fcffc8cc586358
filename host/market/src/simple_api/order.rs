//! Orders: rows of the list, and whole ones.

use counterfoil_domain::digest::Digester;
use counterfoil_domain::id::{CustomerId, MarketplaceId, OrderId, SubscriptionId};
use counterfoil_domain::market::{OrderHead, Unreadable};
use counterfoil_domain::money::Currency;
use counterfoil_domain::order::{Order, OrderKey};

use super::currency::OneCurrency;
use super::line::{Lines, Ordered};
use super::page::single_row;
use super::record::{Problem, Record, unreadable};
use super::subscription::moment;
use super::words;

/// Where orders come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    pub marketplace: MarketplaceId,
    /// The currency of an order that names none (a renewal without total and details).
    pub currency: Option<Currency>,
}

/// A whole order as `/orders/{id}` shows it.
pub fn decode_order(json: &str, place: &str, origin: &Origin) -> Result<Order, Unreadable> {
    let text = single_row(json);
    let read = Record::read(text, "").and_then(|record| order(&record, origin));
    read.map_err(|problem| unreadable(text, place, &problem))
}

/// A row of the list.
pub fn decode_head(json: &str, place: &str) -> Result<OrderHead, Unreadable> {
    let text = single_row(json);
    Record::read(text, "").and_then(|record| head(&record)).map_err(|problem| unreadable(text, place, &problem))
}

fn head(record: &Record<'_>) -> Result<OrderHead, Problem> {
    let id = record.required_id("id")?;
    Ok(OrderHead {
        number: record.text("orderNumber")?.unwrap_or_else(|| id.clone()),
        status: words::order_status(record.text("status")?.as_deref()),
        created_at: moment(record, "creationDate")?.ok_or_else(|| record.problem("creationDate", "missing"))?,
        fingerprint: fingerprint(record),
        id: OrderId::new(id),
    })
}

/// Everything the row shows, whatever the order of its fields and the space between them.
fn fingerprint(record: &Record<'_>) -> String {
    let mut digest = Digester::new("order-head");
    for (name, raw) in record.raw_fields() {
        digest.text(name).text(&squeezed(raw));
    }
    digest.short()
}

fn squeezed(raw: &str) -> String {
    let mut inside = false;
    let mut escaped = false;
    let mut out = String::with_capacity(raw.len());
    for c in raw.chars() {
        if inside || !c.is_ascii_whitespace() {
            out.push(c);
        }
        match c {
            '"' if !escaped => inside = !inside,
            _ => {}
        }
        escaped = inside && c == '\\' && !escaped;
    }
    out
}

fn order(record: &Record<'_>, origin: &Origin) -> Result<Order, Problem> {
    let id = record.required_id("id")?;
    let customer = CustomerId::new(record.required_id("customerId")?);
    let mut currency = OneCurrency::default();
    let total = currency.price(record, "total")?;
    let ordered = record.records("products")?.iter().map(Ordered::read).collect::<Result<Vec<_>, _>>()?;
    let mut reader = Lines { ordered, currency, fallback: origin.currency, seen: Vec::new() };
    let details = record.records("details")?;
    let lines = details.iter().map(|detail| reader.read(detail)).collect::<Result<Vec<_>, _>>()?;
    let currency = reader.currency.get().or(origin.currency);
    Ok(Order {
        number: record.text("orderNumber")?.unwrap_or_else(|| id.clone()),
        order_type: words::order_type(record.text("type")?.as_deref()),
        status: words::order_status(record.text("status")?.as_deref()),
        customer,
        subscription: subscription(record, &reader.ordered)?,
        created_at: moment(record, "creationDate")?.ok_or_else(|| record.problem("creationDate", "missing"))?,
        provisioned_at: moment(record, "provisioningDate")?,
        billing_model: words::billing_model(record.text("billingModel")?.as_deref()),
        currency: currency.ok_or_else(|| record.problem("total.currency", "missing, and no line names a currency"))?,
        total,
        lines,
        on_renewal: record.text("scheduledOn")?.is_some_and(|when| when.eq_ignore_ascii_case("renewal")),
        vendor_rated: reader.ordered.iter().any(|product| product.vendor_rated),
        statement: None,
        key: OrderKey { marketplace: origin.marketplace.clone(), order: OrderId::new(id) },
    })
}

/// The order's own, else the one that all its products name.
fn subscription(record: &Record<'_>, ordered: &[Ordered]) -> Result<Option<SubscriptionId>, Problem> {
    if let Some(id) = record.id("subscriptionId")? {
        return Ok(Some(SubscriptionId::new(id)));
    }
    let mut named = ordered.iter().filter_map(|product| product.subscription.as_ref());
    let first = named.next();
    let one = first.filter(|first| named.all(|other| other == *first));
    Ok(one.map(|id| SubscriptionId::new(id.clone())))
}
