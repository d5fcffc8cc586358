//! Owns: which orders happen to whom and when: exactly as many as asked for, of every kind there is room for.
//! Does not own: what is on them (`compose`).

use std::collections::HashSet;

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};

use super::dates::{Interval, back, containing, forward};
use super::model::Subscription;
use super::prng::Prng;
use super::subscriptions::{Sale, Stretch};
use super::wire::{BillingModel, OrderStatus};

/// What an order is about; finer than the marketplace's own type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    Sale,
    Upgrade,
    Downgrade,
    /// A change that waits for the renewal; its quantity is the target total.
    ChangeOnRenewal,
    PlanSwitch,
    /// CL: the provider owes the customer.
    CancelRefund,
    /// CF: the customer owes the provider.
    CancelFee,
    Renewal,
    Migration,
    Billing,
    /// After a plan synchronization; provisions something, costs nothing.
    Resource,
    Payment,
}

impl Kind {
    /// The order number's prefix.
    #[must_use]
    pub fn prefix(self) -> &'static str {
        match self {
            Self::Sale => "SO",
            Self::Upgrade | Self::Downgrade | Self::ChangeOnRenewal | Self::PlanSwitch => "CH",
            Self::CancelRefund => "CL",
            Self::CancelFee => "CF",
            Self::Renewal => "RN",
            Self::Migration => "MG",
            Self::Billing => "BO",
            Self::Resource => "RO",
            Self::Payment => "PO",
        }
    }
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct Event {
    pub(crate) at: DateTime<Utc>,
    pub(crate) subscription: usize,
    pub(crate) kind: Kind,
    pub(crate) status: OrderStatus,
    /// The billing period meant, for orders that are about one.
    pub(crate) about: Option<Interval>,
    pub(crate) provisioned: Option<NaiveDate>,
    /// A cancellation of which the marketplace shows no details.
    pub(crate) bare: bool,
}

/// Shares of a hundred orders that are not sales; billing orders are the rest.
const SHARES: [(Kind, usize); 10] = [
    (Kind::CancelRefund, 7),
    (Kind::CancelFee, 4),
    (Kind::Upgrade, 17),
    (Kind::Downgrade, 8),
    (Kind::ChangeOnRenewal, 3),
    (Kind::PlanSwitch, 2),
    (Kind::Renewal, 16),
    (Kind::Migration, 3),
    (Kind::Resource, 2),
    (Kind::Payment, 1),
];

/// All orders, oldest first. Cancelled subscriptions get their end date here.
pub(crate) fn plan(
    rng: &mut Prng,
    stretch: Stretch,
    orders: usize,
    sales: &[Sale],
    subscriptions: &mut [Subscription],
) -> Vec<Event> {
    let events = Vec::with_capacity(orders);
    let mut planner =
        Planner { rng, stretch, billed: HashSet::new(), without_fee: Vec::new(), events, turn: 0, scheduled: 0 };
    for sale in sales.iter().take(orders) {
        planner.sale(sale, subscriptions);
    }
    for kind in queue(orders.saturating_sub(sales.len()), subscriptions.len()) {
        match kind {
            Kind::CancelRefund => planner.cancel(subscriptions),
            Kind::CancelFee => planner.cancellation_fee(subscriptions),
            _ => planner.other(kind, subscriptions),
        }
    }
    let mut events = planner.events;
    events.sort_by_key(|event| event.at);
    events
}

/// The kinds to place, cancellations first because they close subscriptions to the others.
fn queue(rest: usize, subscriptions: usize) -> Vec<Kind> {
    let mut kinds = Vec::with_capacity(rest);
    for (kind, share) in SHARES {
        let wanted = (rest * share / 100).max(1);
        let most = match kind {
            Kind::CancelRefund => subscriptions / 6,
            Kind::CancelFee => subscriptions / 12,
            _ => wanted,
        };
        let left = rest.saturating_sub(kinds.len());
        kinds.extend(std::iter::repeat_n(kind, wanted.min(most).min(left)));
    }
    let billing = rest.saturating_sub(kinds.len());
    kinds.extend(std::iter::repeat_n(Kind::Billing, billing));
    kinds
}

struct Planner<'a> {
    rng: &'a mut Prng,
    stretch: Stretch,
    /// No period of a subscription is billed or renewed twice.
    billed: HashSet<(usize, Kind, NaiveDate)>,
    /// Cancelled on that day, the fee for it not placed yet.
    without_fee: Vec<(usize, NaiveDate)>,
    events: Vec<Event>,
    turn: usize,
    scheduled: usize,
}

impl Planner<'_> {
    fn sale(&mut self, sale: &Sale, subscriptions: &[Subscription]) {
        let completed = sale.status == OrderStatus::Completed;
        let created = subscriptions[sale.subscription].created;
        let event = Event {
            at: self.moment(sale.ordered),
            subscription: sale.subscription,
            kind: Kind::Sale,
            status: sale.status,
            about: None,
            provisioned: completed.then_some(created),
            bare: false,
        };
        self.events.push(event);
    }

    fn cancel(&mut self, subscriptions: &mut [Subscription]) {
        let date = self.date();
        // Mostly the default model: under the others there is little to give back.
        let any = self.without_fee.len() % 4 == 3;
        let found = self.find(subscriptions, date, |subscription| {
            subscription.ended.is_none() && (any || subscription.billing_model == BillingModel::BeforeBillingPeriod)
        });
        let Some(index) = found else {
            return self.other(Kind::Billing, subscriptions);
        };
        subscriptions[index].ended = Some(date);
        self.without_fee.push((index, date));
        self.push(index, Kind::CancelRefund, date, OrderStatus::Completed, None);
    }

    /// On the day of a cancellation that has no fee yet.
    fn cancellation_fee(&mut self, subscriptions: &[Subscription]) {
        match self.without_fee.pop() {
            Some((index, end)) => self.push(index, Kind::CancelFee, end, OrderStatus::Completed, None),
            None => self.other(Kind::Billing, subscriptions),
        }
    }

    fn other(&mut self, kind: Kind, subscriptions: &[Subscription]) {
        for _ in 0..16 {
            let date = self.date();
            let usage = !self.turn.is_multiple_of(5);
            let fits = |subscription: &Subscription| suits(kind, subscription, usage);
            let Some(index) = self.find(subscriptions, date, fits) else { continue };
            let Some(about) = self.period(kind, index, &subscriptions[index], date) else { continue };
            let date = match about {
                Some(period) => self.stretch.off_the_edge(period.start.max(self.stretch.first)),
                None => date,
            };
            if !alive(&subscriptions[index], date) || date >= self.stretch.today {
                continue;
            }
            if let Some(period) = about {
                self.billed.insert((index, kind, period.start));
            }
            self.scheduled += usize::from(kind == Kind::ChangeOnRenewal);
            let status = self.status(kind);
            return self.push(index, kind, date, status, about);
        }
        self.fallback(subscriptions);
    }

    /// Always possible: an upgrade on the last day of whoever is there.
    fn fallback(&mut self, subscriptions: &[Subscription]) {
        let date = back(self.stretch.today, 1);
        let index = self.find(subscriptions, date, |_| true).unwrap_or(0);
        self.push(index, Kind::Upgrade, date, OrderStatus::Completed, None);
    }

    fn push(&mut self, subscription: usize, kind: Kind, date: NaiveDate, status: OrderStatus, about: Option<Interval>) {
        let settled = match kind {
            Kind::Upgrade | Kind::Downgrade | Kind::PlanSwitch => self.stretch.provisioned(self.rng, date),
            _ => date,
        };
        let at = self.moment(date);
        let provisioned = (status == OrderStatus::Completed).then_some(settled);
        // The first is bare, and every third after it.
        let bare = kind == Kind::CancelRefund && self.without_fee.len() % 3 == 1;
        self.events.push(Event { at, subscription, kind, status, about, provisioned, bare });
    }

    /// The period an order of this kind is about: `None` if there is no free one, `Some(None)` if it needs none.
    fn period(&self, kind: Kind, index: usize, of: &Subscription, date: NaiveDate) -> Option<Option<Interval>> {
        let period = match kind {
            Kind::Billing => of.billing_interval(date),
            Kind::Renewal => containing(of.created, of.subscription_period, date),
            Kind::ChangeOnRenewal => {
                // Two of three still wait for theirs.
                let waits = of.subscription_interval(date).end >= self.stretch.today;
                return (waits == (self.scheduled % 3 != 2)).then_some(None);
            }
            _ => return Some(None),
        };
        let free = period.start > of.created && !self.billed.contains(&(index, kind, period.start));
        let listed = period.start >= self.stretch.first;
        (free && listed).then_some(Some(period))
    }

    /// Every fourth order is of the last month.
    fn date(&mut self) -> NaiveDate {
        self.turn += 1;
        if self.turn.is_multiple_of(4) { self.stretch.recent(self.rng) } else { self.stretch.old(self.rng) }
    }

    fn status(&mut self, kind: Kind) -> OrderStatus {
        match (kind, self.events.len() % 20) {
            // Those wait for months; the ones whose renewal is past are completed when they are composed.
            (Kind::ChangeOnRenewal, _) => OrderStatus::Processing,
            (_, 3) => OrderStatus::Processing,
            (_, 9) => OrderStatus::Cancelled,
            (_, 13) => OrderStatus::Error,
            (_, 17) if self.rng.chance(1, 2) => OrderStatus::Submitted,
            _ => OrderStatus::Completed,
        }
    }

    fn find(
        &mut self,
        subscriptions: &[Subscription],
        date: NaiveDate,
        fits: impl Fn(&Subscription) -> bool,
    ) -> Option<usize> {
        let fitting = |index: &usize| alive(&subscriptions[*index], date) && fits(&subscriptions[*index]);
        let guess = (0..24).map(|_| self.rng.index(subscriptions.len())).find(|index| fitting(index));
        guess.or_else(|| (0..subscriptions.len()).find(fitting))
    }

    fn moment(&mut self, date: NaiveDate) -> DateTime<Utc> {
        let second = u32::try_from(7 * 3_600 + self.rng.below(12 * 3_600)).unwrap_or(0);
        let time = NaiveTime::from_num_seconds_from_midnight_opt(second, 0).unwrap_or(NaiveTime::MIN);
        date.and_time(time).and_utc()
    }
}

/// In service on that day, and for a few days before it.
fn alive(subscription: &Subscription, date: NaiveDate) -> bool {
    use super::wire::SubscriptionStatus::{Active, Hold};
    matches!(subscription.status, Active | Hold)
        && forward(subscription.created, 3) < date
        && subscription.ended.is_none_or(|end| date < end)
}

fn suits(kind: Kind, subscription: &Subscription, usage: bool) -> bool {
    let default_model = subscription.billing_model == BillingModel::BeforeBillingPeriod;
    match kind {
        Kind::Upgrade | Kind::Downgrade => default_model == usage,
        Kind::PlanSwitch => default_model,
        Kind::ChangeOnRenewal => default_model && subscription.subscription_period.months() >= 12,
        Kind::Renewal => subscription.auto_renew,
        // Metered and arrears models are few; without a preference their orders would be too.
        Kind::Billing => default_model != usage,
        _ => true,
    }
}
