//! Owns: which subscriptions exist, since when, and which of them still have their sales order in the list.

use chrono::NaiveDate;

use super::catalog::{Plan, Product};
use super::dates::{Unit, back, forward, months_before};
use super::model::{Customer, SubscribedProduct, Subscription};
use super::prng::Prng;
use super::spec::WorldSpec;
use super::wire::{BillingModel, OrderStatus, SubscriptionStatus};

/// The stretches of time orders are spread over.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stretch {
    pub(crate) today: NaiveDate,
    pub(crate) month_ago: NaiveDate,
    pub(crate) first: NaiveDate,
}

impl Stretch {
    pub(crate) fn up_to(today: NaiveDate) -> Self {
        Self { today, month_ago: months_before(today, 1), first: months_before(today, 14) }
    }

    /// Within the last month, a day clear of its edge, so that no rounding of hours moves an order across.
    pub(crate) fn recent(self, rng: &mut Prng) -> NaiveDate {
        between(rng, forward(self.month_ago, 2), back(self.today, 1))
    }

    pub(crate) fn old(self, rng: &mut Prng) -> NaiveDate {
        between(rng, self.first, back(self.month_ago, 2))
    }

    /// Some days after the order, yet on its side of the month's edge.
    pub(crate) fn provisioned(self, rng: &mut Prng, ordered: NaiveDate) -> NaiveDate {
        let latest = if ordered < self.month_ago { back(self.month_ago, 2) } else { back(self.today, 1) };
        forward(ordered, rng.below(3)).min(latest.max(ordered))
    }

    /// Away from the month's edge.
    pub(crate) fn off_the_edge(self, date: NaiveDate) -> NaiveDate {
        let apart = date.signed_duration_since(self.month_ago).num_days();
        if apart.abs() <= 1 { forward(self.month_ago, 2) } else { date }
    }
}

fn between(rng: &mut Prng, low: NaiveDate, high: NaiveDate) -> NaiveDate {
    let days = high.signed_duration_since(low).num_days().max(0);
    forward(low, u64::try_from(rng.between(0, days)).unwrap_or(0))
}

/// The sales order that started a subscription.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sale {
    pub(crate) subscription: usize,
    pub(crate) ordered: NaiveDate,
    pub(crate) status: OrderStatus,
}

/// Subscriptions that began inside the stretch have a sale; the others are older than the list.
pub(crate) fn build(
    rng: &mut Prng,
    spec: &WorldSpec,
    stretch: Stretch,
    customers: &[Customer],
    shelf: (&[Product], &[Plan]),
) -> (Vec<Subscription>, Vec<Sale>) {
    let (products, plans) = shelf;
    let sold = (spec.subscriptions * 3 / 4).min(spec.orders * 35 / 100);
    let mut models = model_mix(spec.subscriptions);
    rng.shuffle(&mut models);
    let mut sold_so_far = [0_usize; BillingModel::ALL.len()];
    let mut subscriptions = Vec::with_capacity(spec.subscriptions);
    let mut sales = Vec::with_capacity(sold);
    for (index, model) in models.into_iter().enumerate() {
        let offered: Vec<usize> = (0..plans.len()).filter(|plan| plans[*plan].billing_model == model).collect();
        // In turn, so that no plan goes unsold in a world of any size.
        let plan = offered[sold_so_far[model as usize] % offered.len()];
        sold_so_far[model as usize] += 1;
        let owner = if index < customers.len() { index } else { rng.index(customers.len()) };
        let sale = (index < sold).then(|| sale(rng, stretch, index));
        let created = match sale {
            Some(sale) => stretch.provisioned(rng, sale.ordered),
            None => back(stretch.first, 1 + rng.below(700)),
        };
        let mut made = subscription(rng, index, &customers[owner].id, created, (plan, &plans[plan]), products);
        made.status = match sale.map(|sale| sale.status) {
            Some(OrderStatus::Cancelled) => SubscriptionStatus::Removed,
            Some(OrderStatus::Submitted | OrderStatus::Processing | OrderStatus::Error) => SubscriptionStatus::Pending,
            Some(OrderStatus::Completed) | None if index % 17 == 13 => SubscriptionStatus::Hold,
            Some(OrderStatus::Completed) | None => SubscriptionStatus::Active,
        };
        sales.extend(sale);
        subscriptions.push(made);
    }
    (subscriptions, sales)
}

/// Mostly the default model; at least one of each once there are ten.
fn model_mix(count: usize) -> Vec<BillingModel> {
    (0..count)
        .map(|index| match index % 10 {
            3 => BillingModel::AfterBillingPeriod,
            6 => BillingModel::ExternalRating,
            9 => BillingModel::BeforeSubscriptionPeriod,
            _ => BillingModel::BeforeBillingPeriod,
        })
        .collect()
}

fn sale(rng: &mut Prng, stretch: Stretch, index: usize) -> Sale {
    let ordered = if matches!(index % 5, 0 | 2) { stretch.recent(rng) } else { stretch.old(rng) };
    let status = match index % 30 {
        7 => OrderStatus::Processing,
        11 => OrderStatus::Error,
        20 => OrderStatus::Submitted,
        26 => OrderStatus::Cancelled,
        _ => OrderStatus::Completed,
    };
    Sale { subscription: index, ordered, status }
}

pub(crate) fn subscription(
    rng: &mut Prng,
    index: usize,
    customer_id: &str,
    created: NaiveDate,
    (plan_index, plan): (usize, &Plan),
    products: &[Product],
) -> Subscription {
    let aligned = plan.billing_period.unit == Unit::StatementDay;
    let held = |product: &usize| SubscribedProduct {
        product: *product,
        quantity: if products[*product].metered() { 1 } else { rng.between(1, 38) },
    };
    let subscribed = plan.products.iter().map(held).collect();
    Subscription {
        id: (1_200_501 + index).to_string(),
        name: plan.name.clone(),
        customer_id: customer_id.to_owned(),
        plan: plan_index,
        status: SubscriptionStatus::Active,
        billing_model: plan.billing_model,
        billing_period: plan.billing_period,
        subscription_period: plan.subscription_period,
        statement_day: aligned.then(|| u32::try_from(1 + rng.below(28)).unwrap_or(1)),
        created,
        last_modified: created,
        ended: None,
        auto_renew: !rng.chance(1, 6),
        vendor_subscription_id: format!("{:014}", rng.below(100_000_000_000_000)),
        products: subscribed,
    }
}
