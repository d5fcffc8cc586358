//! People's standing decisions to ignore: which orders fit one. Owns the criteria and their matching; where in the
//! judgement they count is `judge`'s business.

use std::fmt;

use chrono::{DateTime, NaiveDate, Utc};
use rust_decimal::Decimal;

use crate::digest::Digester;
use crate::id::{Actor, ConnectionId, CustomerId, RuleId, SubscriptionId, TaskId};
use crate::money::{Currency, Money};
use crate::order::{Order, OrderType, named};
use crate::print::{bills, print, worth};
use crate::task::{IgnoreReason, Ignored, Until};

/// Which amounts fit, without their sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Amounts {
    AtMost(Decimal),
    AtLeast(Decimal),
}

/// What an order must be to fit: all that are given. At least one is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Criteria {
    pub customer: Option<CustomerId>,
    /// Code of a product; any line of it makes the order fit, because an order is never billed in part.
    pub product: Option<String>,
    pub order_type: Option<OrderType>,
    /// In this currency; orders in another do not fit.
    pub amount: Option<(Amounts, Currency)>,
    pub subscription: Option<SubscriptionId>,
    /// What it bills must digest to this: ignored until the price or quantity changes.
    pub print: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IgnoreRule {
    pub id: RuleId,
    pub connection: ConnectionId,
    pub criteria: Criteria,
    /// Why, for whoever reads it later.
    pub text: String,
    pub by: Actor,
    pub at: DateTime<Utc>,
    /// It counts before this day; none: for good.
    pub until: Option<NaiveDate>,
}

impl IgnoreRule {
    /// "Until the price or quantity changes", said of a task: its rule is found again by the task's id. None: the order
    /// is of no subscription, so that nothing can be said of later ones.
    pub fn until_change(task: &TaskId, connection: &ConnectionId, order: &Order, said: Said) -> Option<Self> {
        let criteria = Criteria {
            subscription: Some(order.subscription.clone()?),
            print: Some(print(order)),
            ..Criteria::default()
        };
        let Said { text, by, at } = said;
        Some(Self { id: until_change_id(task), connection: connection.clone(), criteria, text, by, at, until: None })
    }

    /// It does not count any more on the day that it was made up to.
    pub fn counts_on(&self, day: NaiveDate) -> bool {
        self.until.is_none_or(|until| day < until)
    }
}

/// Why, who and when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    pub text: String,
    pub by: Actor,
    pub at: DateTime<Utc>,
}

/// The rule that "until the price or quantity changes" left for a task.
pub fn until_change_id(task: &TaskId) -> RuleId {
    let mut digest = Digester::new("rule-until-change");
    digest.text(task.as_str());
    RuleId::new(format!("rule_{}", digest.short()))
}

named! {
    /// One thing that a rule asks for, in the order in which reasons are told.
    Criterion {
        Customer = "customer",
        Product = "product",
        OrderType = "order type",
        Amount = "amount",
        Subscription = "subscription",
        Print = "what it bills",
    }
}

impl Criterion {
    /// The reason of what is ignored by it. A subscription or a print is never a rule that somebody wrote: a person ignored
    /// one order until its price or quantity changes.
    fn reason(self) -> IgnoreReason {
        match self {
            Self::Customer => IgnoreReason::ExcludedCustomer,
            Self::Product => IgnoreReason::ExcludedProduct,
            Self::OrderType => IgnoreReason::ExcludedOrderType,
            Self::Amount => IgnoreReason::ExcludedAmount,
            Self::Subscription | Self::Print => IgnoreReason::ByPerson,
        }
    }
}

/// An order as rules see it.
#[derive(Debug, Clone, Copy)]
pub struct Seen<'a> {
    pub order: &'a Order,
    /// An initial task's snapshot: of no order type, whatever it is kept as.
    pub is_snapshot: bool,
}

impl Criteria {
    /// What is given, first the one whose reason is told.
    pub fn given(&self) -> Vec<Criterion> {
        Criterion::ALL.iter().copied().filter(|criterion| self.is_given(*criterion)).collect()
    }

    /// The reason of what is ignored by it.
    pub fn reason(&self) -> Option<IgnoreReason> {
        self.given().first().map(|criterion| criterion.reason())
    }

    fn is_given(&self, criterion: Criterion) -> bool {
        match criterion {
            Criterion::Customer => self.customer.is_some(),
            Criterion::Product => self.product.is_some(),
            Criterion::OrderType => self.order_type.is_some(),
            Criterion::Amount => self.amount.is_some(),
            Criterion::Subscription => self.subscription.is_some(),
            Criterion::Print => self.print.is_some(),
        }
    }

    /// Whether an order meets one criterion; one that is not given it does not meet.
    pub fn meets(&self, criterion: Criterion, seen: Seen<'_>) -> bool {
        let order = seen.order;
        match criterion {
            Criterion::Customer => self.customer.as_ref() == Some(&order.customer),
            Criterion::Product => self.product.as_deref().is_some_and(|code| has_product(order, code)),
            Criterion::OrderType => !seen.is_snapshot && self.order_type == Some(order.kind()),
            Criterion::Amount => self.amount.is_some_and(|(amounts, currency)| {
                currency == order.currency && worth(order).is_some_and(|worth| amounts.hold(worth.abs()))
            }),
            Criterion::Subscription => self.subscription.is_some() && self.subscription == order.subscription,
            Criterion::Print => self.print.as_deref().is_some_and(|kept| kept == print(order)),
        }
    }
}

impl Amounts {
    fn hold(self, amount: Decimal) -> bool {
        match self {
            Self::AtMost(most) => amount <= most.abs(),
            Self::AtLeast(least) => amount >= least.abs(),
        }
    }
}

/// Sources spell codes as they like. A line that bills nothing makes no order fit: nothing of the product is charged.
fn has_product(order: &Order, code: &str) -> bool {
    let named = |written: &str| written.trim().eq_ignore_ascii_case(code.trim());
    order.lines.iter().filter(|line| bills(line)).any(|line| line.product.as_ref().is_some_and(|p| named(&p.code)))
}

/// A rule that an order fits.
#[derive(Debug, Clone, Copy)]
pub struct Fit<'a> {
    pub rule: &'a IgnoreRule,
    /// Of several, the one whose reason is told.
    pub by: Criterion,
}

/// An order fits a rule when it meets every criterion that is given. A rule without any fits nothing: it would ignore
/// everything.
pub fn fits<'a>(rule: &'a IgnoreRule, seen: Seen<'_>) -> Option<Fit<'a>> {
    let given = rule.criteria.given();
    let by = *given.first()?;
    given.iter().all(|criterion| rule.criteria.meets(*criterion, seen)).then_some(Fit { rule, by })
}

/// The first rule that counts today and that the order fits.
pub fn first_fit<'a>(rules: &'a [IgnoreRule], seen: Seen<'_>, today: NaiveDate) -> Option<Fit<'a>> {
    rules.iter().filter(|rule| rule.counts_on(today)).find_map(|rule| fits(rule, seen))
}

/// Before the id of the rule in whose name something is ignored. No person is called so.
const BY_RULE: &str = "rule:";

impl Fit<'_> {
    pub fn ignored(&self, now: DateTime<Utc>) -> Ignored {
        let IgnoreRule { id, criteria, text, by, until, .. } = self.rule;
        let text = match &criteria.print {
            Some(_) => {
                format!("it bills what {by} ignored until the price or quantity changes: \"{text}\" (rule {id})")
            }
            None => format!("{criteria}: excluded by {by}: \"{text}\" (rule {id})"),
        };
        let until = match &criteria.print {
            Some(print) => Some(Until::Change { print: print.clone() }),
            None => until.map(Until::Day),
        };
        Ignored { reason: self.by.reason(), text, by: Actor::new(format!("{BY_RULE}{id}")), at: now, until }
    }
}

/// The rule in whose name something is ignored.
pub fn rule_of(ignored: &Ignored) -> Option<RuleId> {
    ignored.by.as_str().strip_prefix(BY_RULE).map(RuleId::from)
}

/// For people: "customer 1000017, billing orders, at most 5.00 USD".
impl fmt::Display for Criteria {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let amount = self.amount.map(|(amounts, currency)| match amounts {
            Amounts::AtMost(most) => format!("at most {}", Money::new(most, currency)),
            Amounts::AtLeast(least) => format!("at least {}", Money::new(least, currency)),
        });
        let all = [
            self.customer.as_ref().map(|customer| format!("customer {customer}")),
            self.product.as_ref().map(|code| format!("product {code}")),
            self.order_type.map(|order_type| format!("{order_type} orders")),
            amount,
            self.subscription.as_ref().map(|subscription| format!("subscription {subscription}")),
            self.print.as_ref().map(|_| "until the price or quantity changes".to_owned()),
        ];
        f.write_str(&all.into_iter().flatten().collect::<Vec<_>>().join(", "))
    }
}
