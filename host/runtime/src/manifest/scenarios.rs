//! The scenario table: which orders become tasks and whose price counts.

use counterfoil_domain::card::{OrderPriceWhen, Scenario};
use counterfoil_domain::job::PriceSource;
use counterfoil_domain::order::{BillingModel, Fee, OrderType};

use super::reader::{At, Fields, Report, one_of};

const ORDERS: [OrderType; 5] =
    [OrderType::Sales, OrderType::Change, OrderType::Billing, OrderType::Cancellation, OrderType::Renewal];
const MODELS: [BillingModel; 4] = [
    BillingModel::BeforeBillingPeriod,
    BillingModel::AfterBillingPeriod,
    BillingModel::BeforeSubscriptionPeriod,
    BillingModel::ExternalRating,
];

pub(super) fn scenarios(root: &mut Fields<'_>) -> Vec<Scenario> {
    let report = root.report();
    let rows = root.tables("scenario");
    if rows.is_empty() {
        root.say("scenario", "at least one [[scenario]] is needed, else no order becomes a task");
    }
    let mut found: Vec<Scenario> = Vec::new();
    for row in rows {
        let spot = row.spot();
        let Some(row) = scenario(row) else { continue };
        for earlier in &found {
            if earlier.name == row.name {
                report.say(&spot, format!("the name \"{}\" is used twice", row.name));
            } else if let Some(both) = overlap(earlier, &row) {
                report.say(
                    &spot,
                    format!("{both} is in the scenario \"{}\" too; an order must fit one row only", earlier.name),
                );
            }
        }
        found.push(row);
    }
    found
}

fn scenario(mut fields: Fields<'_>) -> Option<Scenario> {
    let report = fields.report();
    let name = fields.text("name");
    let order = fields.text("order");
    let models = fields.some_texts("models");
    let usage = fields.flag("usage");
    let priced = fields.maybe_table("fees").map(|fees| self::fees(report, fees)).unwrap_or_default();
    if priced.is_empty() {
        fields.say("fees", "must take at least one fee, such as { plan-recurring = \"catalogue\" }");
    }
    let when =
        fields.maybe_table("order_price_when").map(|when| order_price_when(report, when, &priced)).unwrap_or_default();
    fields.finish();
    let order = one_of(report, &order?, &ORDERS, OrderType::parse, OrderType::name)?;
    let models = models
        .iter()
        .filter_map(|model| one_of(report, model, &MODELS, BillingModel::parse, BillingModel::name))
        .collect();
    Some(Scenario { name: name?.value, order, models, usage, fees: priced, order_price_when: when })
}

fn fee(report: &Report<'_>, given: &At<String>) -> Option<Fee> {
    one_of(report, given, Fee::ALL, Fee::parse, Fee::name)
}

fn fees(report: &Report<'_>, table: Fields<'_>) -> Vec<(Fee, PriceSource)> {
    let named = table.named_texts().into_iter().filter_map(|(name, price)| {
        let fee = fee(report, &name);
        let price = one_of(report, &price, PriceSource::ALL, PriceSource::parse, PriceSource::name);
        fee.zip(price)
    });
    named.collect()
}

fn order_price_when(
    report: &Report<'_>,
    table: Fields<'_>,
    priced: &[(Fee, PriceSource)],
) -> Vec<(OrderPriceWhen, Vec<Fee>)> {
    let spot = table.spot();
    let lists = table.named_lists();
    if lists.is_empty() {
        report.say(&spot, "names no circumstance; leave it out");
    }
    let mut found = Vec::new();
    for (name, list) in lists {
        let Some(when) = one_of(report, &name, OrderPriceWhen::ALL, OrderPriceWhen::parse, OrderPriceWhen::name) else {
            continue;
        };
        if list.is_empty() {
            report.say(&name.spot, "must name at least one fee");
        }
        let mut fees = Vec::new();
        for given in &list {
            let Some(fee) = fee(report, given) else { continue };
            match priced.iter().find(|(taken, _)| *taken == fee) {
                Some((_, PriceSource::Catalogue)) => fees.push(fee),
                Some((_, PriceSource::Order)) => {
                    report.say(&given.spot, format!("{fee} takes the order's price anyway; leave it out"))
                }
                None => report.say(&given.spot, format!("{fee} is not among the fees of this scenario")),
            }
        }
        found.push((when, fees));
    }
    found
}

/// What two rows would both take: order, model and fee, with usage lines apart where a row says so.
fn overlap(a: &Scenario, b: &Scenario) -> Option<String> {
    let apart = matches!((a.usage, b.usage), (Some(x), Some(y)) if x != y);
    if a.order != b.order || apart {
        return None;
    }
    let model = a.models.iter().find(|model| b.models.contains(model))?;
    let (fee, _) = a.fees.iter().find(|(fee, _)| b.fees.iter().any(|(other, _)| fee == other))?;
    Some(format!("{fee} of {} orders under {model}", a.order))
}
