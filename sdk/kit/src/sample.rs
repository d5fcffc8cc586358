//! Sample orders, made from the rows of a card's scenario table: each fee of a row once, at prices of the kit's own, exact to the
//! coin of the currency. Owns their amounts and days; who takes them is decided by the host's own rules.

use chrono::{DateTime, NaiveDate, Utc};
use counterfoil_domain::card::Scenario;
use counterfoil_domain::id::{CustomerId, LineId, MarketplaceId, OrderId, SubscriptionId};
use counterfoil_domain::market::{Customer, Subscription, SubscriptionStatus};
use counterfoil_domain::money::Currency;
use counterfoil_domain::order::{
    BillingModel, Fee, LineKind, Order, OrderKey, OrderLine, OrderStatus, OrderType, ProductRef,
};
use counterfoil_domain::period::Cycle;
use rust_decimal::Decimal;

pub(crate) const CUSTOMER: &str = "kit-customer";

/// One order and the subscription that it is about.
#[derive(Debug, Clone)]
pub(crate) struct Sample {
    pub(crate) order: Order,
    pub(crate) subscription: Subscription,
    pub(crate) customer: Customer,
}

/// Where and when it is made.
#[derive(Debug, Clone)]
pub(crate) struct Ground {
    /// Which of the kit's subscriptions.
    pub(crate) subscription: usize,
    pub(crate) on: NaiveDate,
    /// When the subscription was sold.
    pub(crate) since: NaiveDate,
    pub(crate) currency: Currency,
    pub(crate) product: ProductRef,
}

/// Which lines of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    Charges,
    GivesBack,
}

impl Part {
    pub(crate) fn words(self) -> &'static str {
        match self {
            Self::Charges => "what it charges",
            Self::GivesBack => "what it gives back",
        }
    }
}

pub(crate) fn gives_back(fee: Fee) -> bool {
    matches!(
        fee,
        Fee::PlanSetupRefund
            | Fee::PlanRecurringRefund
            | Fee::ResourceSetupRefund
            | Fee::ResourceRecurringRefund
            | Fee::ResourceDowngrade
            | Fee::RenewalRefund
            | Fee::TransferRefund
            | Fee::Discount
            | Fee::Refund
            | Fee::RefundAdjustment
    )
}

/// Which fees are for a product; the others are the plan's own.
fn of_product(fee: Fee) -> bool {
    fee.name().starts_with("resource-") || fee == Fee::OneTimeItem
}

/// Quantity in tenths, and unit price in hundredths of the currency's main unit.
fn priced(fee: Fee) -> (i64, i64) {
    match fee {
        Fee::PlanSetup => (10, 9_900),
        Fee::PlanSetupRefund => (-10, 9_900),
        Fee::PlanRecurring => (10, 1_999),
        Fee::PlanRecurringRefund => (-10, 1_999),
        Fee::ResourceSetup => (50, 1_250),
        Fee::ResourceSetupRefund => (-10, 1_250),
        Fee::ResourceRecurring => (50, 2_200),
        Fee::ResourceRecurringRefund => (-100, 2_200),
        Fee::ResourceDowngrade => (-20, 2_200),
        Fee::ResourceOveruse => (25, 314),
        Fee::CancellationFee => (10, 7_500),
        fee if gives_back(fee) => (-10, 1_000),
        _ => (10, 1_000),
    }
}

/// A price that the currency has coins for: whole yen, thousandths of a dinar.
fn price(hundredths: i64, currency: Currency) -> Decimal {
    match currency.minor_units() {
        0 => Decimal::new(hundredths, 0),
        3 => Decimal::new(hundredths * 10 + 2, 3),
        _ => Decimal::new(hundredths, 2),
    }
}

pub(crate) fn line(fee: Fee, ground: &Ground) -> OrderLine {
    let (tenths, hundredths) = priced(fee);
    line_of(fee, Decimal::new(tenths, 1).normalize(), price(hundredths, ground.currency), ground)
}

pub(crate) fn line_of(fee: Fee, quantity: Decimal, unit_price: Decimal, ground: &Ground) -> OrderLine {
    let product = of_product(fee).then(|| ground.product.clone());
    let called = product.as_ref().map_or("Plan", |of| of.name.as_str());
    OrderLine {
        id: LineId::new(""),
        kind: LineKind::Fee(fee),
        description: format!("{called}, {}", fee.name().replace('-', " ")),
        product,
        quantity,
        unit_price,
        unit_cost: None,
        amount: (quantity * unit_price).round_dp_with_strategy(
            ground.currency.minor_units(),
            rust_decimal::RoundingStrategy::MidpointAwayFromZero,
        ),
        service_period: None,
        cycle: None,
    }
}

/// The lines of one part of a row; none: it has no such fee.
pub(crate) fn lines(row: &Scenario, part: Part, ground: &Ground) -> Vec<OrderLine> {
    let of_part = |fee: &Fee| gives_back(*fee) == (part == Part::GivesBack);
    row.fees.iter().map(|(fee, _)| *fee).filter(of_part).map(|fee| line(fee, ground)).collect()
}

/// What a subscription had before something about it changed.
pub(crate) fn prelude(row: &Scenario, ground: &Ground) -> Vec<OrderLine> {
    let taken = |fee: Fee| row.fees.iter().any(|(of, _)| *of == fee);
    let mut lines = Vec::new();
    if taken(Fee::PlanRecurring) {
        lines.push(line(Fee::PlanRecurring, ground));
    }
    if taken(Fee::ResourceRecurring) {
        lines.push(line_of(Fee::ResourceRecurring, Decimal::TEN, price(2_200, ground.currency), ground));
    }
    if lines.is_empty() { lines_or_all(row, ground) } else { lines }
}

fn lines_or_all(row: &Scenario, ground: &Ground) -> Vec<OrderLine> {
    lines(row, Part::Charges, ground)
}

fn prefix(kind: OrderType) -> &'static str {
    match kind {
        OrderType::Change => "CH",
        OrderType::Billing => "BO",
        OrderType::Cancellation => "CL",
        OrderType::Renewal => "RN",
        OrderType::Sales | OrderType::Migration | OrderType::Unknown => "SO",
    }
}

fn morning(of: NaiveDate) -> DateTime<Utc> {
    of.and_time(chrono::NaiveTime::MIN).and_utc() + chrono::Duration::hours(9)
}

/// The order of one row. `turn` makes its number.
pub(crate) fn sample(row: &Scenario, lines: Vec<OrderLine>, ground: &Ground, turn: usize) -> Sample {
    let model = row.models.first().copied().unwrap_or(BillingModel::BeforeBillingPeriod);
    let cycle = Cycle::Months(1);
    // What is billed afterwards is for the month that ended.
    let before = cycle.period_to(ground.on).filter(|_| row.order == OrderType::Billing);
    let numbered = |(place, line): (usize, OrderLine)| OrderLine {
        id: LineId::new((place + 1).to_string()),
        service_period: line.service_period.or(before),
        ..line
    };
    let lines: Vec<OrderLine> = lines.into_iter().enumerate().map(numbered).collect();
    let number = format!("{}{:06}", prefix(row.order), 900_000 + turn);
    let id = format!("kit-sub-{}", ground.subscription);
    let customer = Customer {
        id: CustomerId::new(CUSTOMER),
        name: "Kit customer".to_owned(),
        external_id: None,
        tax_number: None,
        email: None,
        active: true,
    };
    Sample {
        subscription: Subscription {
            id: SubscriptionId::new(id.clone()),
            name: format!("Subscription {}", ground.subscription + 1),
            customer: customer.id.clone(),
            status: SubscriptionStatus::Active,
            billing_model: model,
            cycle: Some(cycle),
            currency: Some(ground.currency),
            created_at: Some(morning(ground.since)),
            renews_on: None,
            lines: Vec::new(),
        },
        order: Order {
            key: OrderKey { marketplace: MarketplaceId::new("kit"), order: OrderId::new(number.clone()) },
            number,
            order_type: row.order,
            status: OrderStatus::Completed,
            customer: customer.id.clone(),
            subscription: Some(SubscriptionId::new(id)),
            created_at: morning(ground.on),
            provisioned_at: Some(morning(ground.on)),
            billing_model: model,
            currency: ground.currency,
            total: Some(lines.iter().map(|line| line.amount).sum()),
            lines,
            on_renewal: false,
            vendor_rated: row.usage == Some(true),
            statement: None,
        },
        customer,
    }
}
