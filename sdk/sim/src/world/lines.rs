//! Owns: order lines: how one is priced, prorated, discounted and described.

use chrono::NaiveDate;
use rust_decimal::Decimal;

use super::catalog::{Plan, Product};
use super::dates::{Interval, Span};
use super::model::{Discount, Line, Subscription};
use super::money::Currency;
use super::prng::Prng;
use super::wire::FeeKind;

/// The stretch of time a line pays for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Slice {
    pub(crate) period: Option<Interval>,
    pub(crate) whole: Option<Interval>,
    pub(crate) times: u32,
}

impl Slice {
    /// Once, for no time in particular.
    pub(crate) const ONCE: Self = Self { period: None, whole: None, times: 1 };

    pub(crate) fn all_of(period: Interval) -> Self {
        Self { period: Some(period), whole: None, times: 1 }
    }

    /// From that day to the end of its billing period.
    pub(crate) fn rest_of(whole: Interval, from: NaiveDate) -> Self {
        let start = from.clamp(whole.start, whole.end);
        Self { period: Some(Interval { start, end: whole.end }), whole: Some(whole), times: 1 }
    }
}

/// The lines of one order in the making.
#[derive(Debug)]
pub(crate) struct Bill<'a> {
    pub(crate) currency: Currency,
    pub(crate) products: &'a [Product],
    pub(crate) plan: &'a Plan,
    pub(crate) subscription: &'a Subscription,
    pub(crate) rng: &'a mut Prng,
    pub(crate) lines: Vec<Line>,
}

impl Bill<'_> {
    pub(crate) fn add(&mut self, fee: FeeKind, product: Option<usize>, quantity: Decimal, unit: Decimal, slice: Slice) {
        let name = product.map_or(&self.plan.name, |index| &self.products[index].name).clone();
        let mut line = Line {
            fee,
            product,
            duration: self.subscription.billing_period,
            description: String::new(),
            quantity,
            unit_price: unit,
            extended: Decimal::ZERO,
            discount: None,
            tax: Decimal::ZERO,
            period: slice.period,
            whole: slice.whole,
            times: slice.times,
            name,
        };
        price(&mut line, self.currency);
        self.lines.push(line);
    }

    pub(crate) fn plan_fee(&mut self, fee: FeeKind, unit: Option<Decimal>, slice: Slice) {
        if let Some(unit) = unit {
            self.add(fee, None, Decimal::ONE, unit, slice);
        }
    }

    pub(crate) fn setups(&mut self) {
        self.plan_fee(FeeKind::Setup, self.plan.setup, Slice::ONCE);
        for held in &self.subscription.products {
            if let Some(setup) = self.products[held.product].setup {
                self.add(FeeKind::Setup, Some(held.product), held.quantity.into(), setup.price, Slice::ONCE);
            }
        }
    }

    /// Plan and resources at their recurring prices, or at those negated for a refund.
    pub(crate) fn recurring(&mut self, fee: FeeKind, slice: Slice) {
        let sign = if fee == FeeKind::RecurringRefund { Decimal::NEGATIVE_ONE } else { Decimal::ONE };
        self.plan_fee(fee, self.plan.recurring.map(|unit| unit * sign), slice);
        for held in &self.subscription.products {
            if let Some(recurring) = self.products[held.product].recurring {
                let unit = recurring.price * sign;
                self.add(fee, Some(held.product), held.quantity.into(), unit, slice);
            }
        }
    }

    /// What was measured in that period, in hundredths of a unit.
    pub(crate) fn overuse(&mut self, period: Interval) {
        for held in &self.subscription.products {
            if let Some(overuse) = self.products[held.product].overuse {
                let used = Decimal::new(self.rng.between(1, 250_000), 2);
                self.add(FeeKind::Overuse, Some(held.product), used, overuse.price, Slice::all_of(period));
            }
        }
    }

    /// The marketplace never shows a free order without a line.
    pub(crate) fn free_line_if_empty(&mut self) {
        if self.lines.is_empty() {
            let first = self.subscription.products.first().map(|held| held.product);
            self.add(FeeKind::Recurring, first, Decimal::ONE, Decimal::ZERO, Slice::ONCE);
        }
    }

    /// Now and then a customer has bargained.
    pub(crate) fn haggle(&mut self) {
        for line in &mut self.lines {
            if line.fee == FeeKind::Recurring && line.product.is_some() && self.rng.chance(1, 8) {
                let percent = [Decimal::from(5), Decimal::from(10), Decimal::new(125, 1)][self.rng.index(3)];
                line.discount = Some(Discount { percent, amount: Decimal::ZERO });
                price(line, self.currency);
            }
        }
    }
}

/// Quantity × unit price × periods × part of the period, less the discount; each rounded once.
pub(crate) fn price(line: &mut Line, currency: Currency) {
    let full = line.quantity * line.unit_price * Decimal::from(line.times);
    let gross = match (line.period, line.whole) {
        (Some(part), Some(whole)) if part != whole && whole.days() > 0 => {
            full * Decimal::from(part.days()) / Decimal::from(whole.days())
        }
        _ => full,
    };
    let gross = currency.round(gross);
    if let Some(discount) = &mut line.discount {
        discount.amount = currency.round(gross * discount.percent / Decimal::ONE_HUNDRED);
    }
    line.extended = gross - line.discount.as_ref().map_or(Decimal::ZERO, |discount| discount.amount);
    line.tax = currency.round(line.extended * Decimal::new(15, 2));
    line.description = describe(line);
}

fn describe(line: &Line) -> String {
    let what = format!("{} {}", line.name, line.fee.label());
    match line.period {
        Some(period) => {
            let Span { unit, count } = line.duration;
            let count = count.saturating_mul(line.times);
            let term = format!("({count} {} term)", unit.label());
            format!("{what} {term} from {} through {}", period.start, period.through())
        }
        None => what,
    }
}

pub(crate) fn total(lines: &[Line]) -> Decimal {
    lines.iter().map(|line| line.extended).sum()
}
