//! One line of a job: its price and where it is from, what of it is left of the period, its days, its name, and who pays.
//! Owns the order in which these are decided; each decision is its own module's.

use chrono::NaiveDate;
use rust_decimal::Decimal;

use super::{Parts, job_link, linked};
use crate::adjust::LineSet;
use crate::connection::Refunds;
use crate::container::{self, Container};
use crate::description::{self, Facts};
use crate::id::{EntityId, LineId};
use crate::job::{AMOUNT_IF_BILLED, Billing, JobKind, JobLine, PriceSource, QuantityIs};
use crate::judge::{Billable, fee_link};
use crate::link::{Link, LinkKind};
use crate::money::Money;
use crate::order::{BillingModel, Fee, Order, OrderLine, OrderType};
use crate::period::{Cycle, Period};
use crate::pricing::{self, PriceError, Priced, SetBy, is_partial};
use crate::proration::{Method, Prorated, Terms, WholePeriod, Why, prorate};
use crate::scenario::PriceWhy;
use crate::service::{self, Anchor};

/// One line, and all that its parts are decided from.
struct Desk<'a> {
    /// The source's own order.
    order: &'a Order,
    billable: &'a Billable<'a>,
    parts: Parts<'a>,
    set: LineSet,
    is_added: bool,
    cycle: Option<Cycle>,
    container: Option<Container>,
}

/// A line's whole billing period, and whether it is the container's.
#[derive(Clone, Copy)]
struct Whole {
    period: Period,
    of_container: bool,
}

pub(super) fn line(order: &Order, billable: &Billable<'_>, parts: Parts<'_>) -> Result<JobLine, PriceError> {
    let line = billable.line;
    let adjustments = parts.adjustments;
    let desk = Desk {
        order,
        billable,
        parts,
        set: adjustments.and_then(|all| all.set(&line.id)).cloned().unwrap_or_default(),
        is_added: adjustments.is_some_and(|all| all.is_added(&line.id)),
        cycle: line.cycle.or_else(|| parts.subscription.and_then(|subscription| subscription.cycle)),
        container: container_of(order, parts),
    };
    desk.line()
}

fn container_of(order: &Order, parts: Parts<'_>) -> Option<Container> {
    let source = order.subscription.as_ref()?.to_string();
    let target = parts.links.get(LinkKind::Container, &source).and_then(Link::target)?;
    Some(Container::of_link(&job_link(LinkKind::Container, source, target, parts)))
}

/// A line's price, before it is asked who pays.
struct Price {
    priced: Priced,
    source: PriceSource,
    unit_cost: Option<Decimal>,
    cost: Option<Decimal>,
    proration: Option<(Prorated, Whole)>,
}

impl Desk<'_> {
    fn line(&self) -> Result<JobLine, PriceError> {
        let line = self.billable.line;
        let mut price = self.price()?;
        let (service_period, period_source) = self.service_period();
        let mut attributes = vec![("period-source".to_owned(), period_source.to_owned())];
        let (description, description_source) = self.description(service_period);
        attributes.push(("description-source".to_owned(), description_source.to_owned()));
        attributes.extend(price.proration.as_ref().into_iter().flat_map(|(_, whole)| self.of_whole(*whole)));
        attributes.extend(self.own_cycle());
        let (billing, why) = self.billing();
        if billing != Billing::Billable {
            let zero = Money::zero(self.order.currency);
            attributes.push((AMOUNT_IF_BILLED.to_owned(), price.priced.amount.normalize().to_string()));
            attributes.push(("billing-why".to_owned(), why.clone()));
            price.priced.arithmetic = format!("{}; {billing}, so {zero} is billed: {why}", price.priced.arithmetic);
            price.priced.amount = Decimal::ZERO;
            price.cost = price.cost.filter(|_| billing == Billing::NoCharge);
        }
        let product = line.product.as_ref();
        Ok(JobLine {
            id: line.id.clone(),
            fee: self.billable.fee,
            description,
            product_code: product.map(|p| p.code.clone()).unwrap_or_default(),
            product_name: product.map(|p| p.name.clone()).unwrap_or_default(),
            quantity: line.quantity,
            quantity_is: self.quantity_is(),
            unit_price: price.priced.unit_price,
            unit_cost: price.unit_cost,
            amount: price.priced.amount,
            cost: price.cost,
            service_period,
            billing,
            taxable: self.taxable(),
            price_source: price.source,
            arithmetic: price.priced.arithmetic,
            proration: price.proration.map(|(prorated, _)| prorated),
            item: self.item(),
            attributes,
        })
    }

    /// What it is in the target. In a container everything is an item, a fee of the plan too.
    fn item(&self) -> Option<EntityId> {
        let (kind, source, _) = fee_link(self.billable.fee);
        let goes_into = self.container.as_ref().filter(|_| self.billable.line.product.is_none());
        let of_fee = || goes_into.and_then(|_| self.parts.links.get(kind, &source)?.target());
        linked(self.billable, self.parts.links).or_else(of_fee).map(|target| target.id.clone())
    }

    /// A change order's quantities are what was added or taken away, except those scheduled on renewal.
    fn quantity_is(&self) -> QuantityIs {
        match self.order.kind() {
            _ if self.is_added => QuantityIs::Whole,
            OrderType::Change if self.order.on_renewal => QuantityIs::Total,
            OrderType::Change => QuantityIs::Delta,
            _ => QuantityIs::Whole,
        }
    }

    fn taxable(&self) -> Option<bool> {
        let added = self.parts.adjustments.and_then(|all| all.added.iter().find(|one| one.id == self.billable.line.id));
        self.set.taxable.or(added.and_then(|added| added.taxable))
    }

    fn price(&self) -> Result<Price, PriceError> {
        let line = self.billable.line;
        let rounding = self.parts.connection.rules.rounding;
        let currency = self.order.currency;
        let target = linked(self.billable, self.parts.links);
        let item = target.and_then(|target| self.parts.items.get(&target.id));
        let unit_cost = line.unit_cost.or_else(|| item.and_then(|item| item.cost));
        let (source, why) = match (self.billable.price, self.quantity_is()) {
            // The catalogue has a price for one, and nobody knows how many of the total were added.
            (PriceSource::Catalogue, QuantityIs::Total) => (PriceSource::Order, PriceWhy::RenewalTotal),
            (source, _) => (source, self.billable.why),
        };
        let whole = |priced: Priced, source: PriceSource| {
            let cost = unit_cost.and_then(|cost| cost.checked_mul(line.quantity)).map(|cost| {
                let cost = if source == PriceSource::Order { self.as_partial(cost) } else { cost };
                let cost = rounding.apply(cost, currency.minor_units());
                let turned = !priced.amount.is_zero() && priced.amount.is_sign_negative() != cost.is_sign_negative();
                if turned { -cost } else { cost }
            });
            Price { priced, source, unit_cost, cost, proration: None }
        };
        match (source, self.prorated(source, unit_cost)?) {
            (PriceSource::Catalogue, _) => {
                if target.is_none() {
                    return Err(PriceError::NoItem { product: line.description.clone() });
                }
                let price = item.and_then(|item| item.price);
                Ok(whole(pricing::from_catalogue(line, price, currency, rounding)?, source))
            }
            (_, Some((prorated, whole))) => Ok(self.part(prorated, whole, unit_cost)),
            (_, None) => match self.set_by() {
                Some(set) => {
                    let priced = pricing::from_person(line, set, currency, rounding)?;
                    Ok(whole(priced, PriceSource::Person))
                }
                None => Ok(whole(pricing::from_order(line, currency, rounding, why), source)),
            },
        }
    }

    /// The cost of a whole period, cut down like the price: the order's amount is for a part of one.
    fn as_partial(&self, cost: Decimal) -> Decimal {
        let line = self.billable.line;
        let whole = line.quantity.checked_mul(line.unit_price).unwrap_or_default();
        let fee = self.billable.fee;
        let goes_on = fee.recurs()
            || matches!(fee, Fee::ResourceDowngrade | Fee::PlanRecurringRefund | Fee::ResourceRecurringRefund);
        if !goes_on || !is_partial(line.service_period, self.cycle) || line.amount.abs() >= whole.abs() {
            return cost;
        }
        let part = cost.checked_mul(line.amount.abs()).and_then(|part| part.checked_div(whole.abs()));
        part.unwrap_or(cost)
    }

    /// Whose quantity or price it is, where it is not the order's.
    fn set_by(&self) -> Option<SetBy<'_>> {
        let all = self.parts.adjustments?;
        let what = match (self.is_added, self.set.quantity, self.set.unit_price) {
            (true, ..) => "line",
            (false, Some(_), Some(_)) => "quantity and price",
            (false, Some(_), None) => "quantity",
            (false, None, Some(_)) => "price",
            (false, None, None) => return None,
        };
        Some(SetBy { what, by: &all.by, instead_of: self.own(&self.billable.line.id).map(|own| own.amount) })
    }

    fn own(&self, id: &LineId) -> Option<&OrderLine> {
        self.order.lines.iter().find(|line| line.id == *id)
    }

    /// The day from which it counts: the order's, or the first one that a person gave it.
    fn effective_on(&self) -> NaiveDate {
        self.set.period.map_or_else(|| self.order.effective_on(), |period| period.start())
    }

    /// What is left of the first period, for a line that the host prorates at the order's price. None: the order's own
    /// amount counts, or somebody else's price.
    fn prorated(
        &self,
        source: PriceSource,
        unit_cost: Option<Decimal>,
    ) -> Result<Option<(Prorated, Whole)>, PriceError> {
        let line = self.billable.line;
        let by_target = self.container_prorates();
        // A snapshot is prorated by nobody but a container that does so by itself.
        let asked = self.billable.prorate || (by_target && self.parts.kind == JobKind::Initial);
        if !asked || source != PriceSource::Order || self.is_added {
            return Ok(None);
        }
        let Some(billing) = self.billing_period() else { return Ok(None) };
        let rules = &self.parts.connection.rules;
        let terms = Terms {
            method: self.method(by_target),
            billing_period: billing.period,
            effective_on: self.effective_on(),
            currency: self.order.currency,
            rounding: rules.rounding,
            source,
            target_prorates: by_target,
            recurs: self.billable.fee.recurs(),
        };
        let whole = WholePeriod::new(line.quantity, line.unit_price, unit_cost).signed_like(line.amount);
        let prorated = prorate(whole, &terms)?;
        // Not cut short by anybody: the order's own amount also knows of discounts.
        let is_whole = matches!(prorated.why, Why::StartsWithPeriod | Why::BeforePeriod | Why::NotRecurring)
            && !is_partial(line.service_period, self.cycle)
            && !self.set.reprices();
        let unasked = !self.billable.prorate
            && (prorated.why != Why::TargetProrates || prorated.price.full.amount != line.amount);
        Ok((!is_whole && !unasked).then_some((prorated, billing)))
    }

    /// The connection's, except that a target which prorates what is new, and cannot prorate this, leaves it to the host.
    fn method(&self, by_target: bool) -> Method {
        let method = self.parts.connection.rules.proration;
        let container_does = self.container.as_ref().is_some_and(|container| container.prorate);
        if method == Method::TargetNative && container_does && !by_target { Method::ElapsedDays } else { method }
    }

    /// The whole period that the price is for: the container's where it tells one, because it is what will be billed;
    /// else the one that the line's own days end with, else the subscription's.
    fn billing_period(&self) -> Option<Whole> {
        let day = self.effective_on();
        let container = self.container.as_ref();
        let fits = |container: &&Container| {
            let both = container.cycle.zip(self.cycle);
            both.is_none_or(|(theirs, ours)| theirs.is_as_long_as(ours))
        };
        if let Some(period) = container.filter(fits).and_then(|container| container.period_containing(day)) {
            return Some(Whole { period, of_container: true });
        }
        self.own_billing_period(day).map(|period| Whole { period, of_container: false })
    }

    fn own_billing_period(&self, day: NaiveDate) -> Option<Period> {
        let cycle = self.cycle?;
        let own = self.own(&self.billable.line.id).and_then(|line| line.service_period);
        let of_line = own.and_then(|own| cycle.period_to(own.end())).filter(|period| period.contains(day));
        of_line.or_else(|| service::billing_period(cycle, self.anchor(), day))
    }

    fn anchor(&self) -> Anchor {
        self.parts.subscription.map_or_else(Anchor::default, |subscription| Anchor {
            started_on: subscription.created_at.map(|at| at.date_naive()),
            renews_on: subscription.renews_on,
        })
    }

    /// Then it gets the full price and the true date.
    fn container_prorates(&self) -> bool {
        self.container.as_ref().is_some_and(|container| container.prorates(self.parts.kind, self.effective_on()))
    }

    /// What the target and the checker have to know of the period that a price is a part of.
    fn of_whole(&self, whole: Whole) -> Vec<(String, String)> {
        let Whole { period, of_container } = whole;
        let of = (container::PRORATION_OF.to_owned(), format!("{}/{}", period.start(), period.end()));
        if !of_container {
            return vec![of];
        }
        vec![
            of,
            (container::PERIOD_OF.to_owned(), LinkKind::Container.name().to_owned()),
            (container::EFFECTIVE_ON.to_owned(), self.effective_on().to_string()),
        ]
    }

    /// A cycle of its own, beside the subscription's: only a container that bills as often takes it.
    fn own_cycle(&self) -> Option<(String, String)> {
        let own = self.billable.line.cycle.filter(|_| self.billable.fee.recurs())?;
        let common = self.parts.subscription.and_then(|subscription| subscription.cycle)?;
        (!own.is_as_long_as(common)).then(|| (container::LINE_CYCLE.to_owned(), own.iso()))
    }

    fn part(&self, prorated: Prorated, whole: Whole, unit_cost: Option<Decimal>) -> Price {
        let line = self.billable.line;
        let set = self.set_by();
        let by = set.map(|set| format!(", {}", set.told(self.order.currency))).unwrap_or_default();
        let arithmetic = format!("{}{by}. {}", prorated.price.arithmetic, prorated.why.sentence());
        let turned = prorated.price.full.amount.is_sign_negative()
            != (line.quantity.is_sign_negative() != line.unit_price.is_sign_negative());
        let turned = turned && !prorated.price.full.is_zero();
        Price {
            priced: Priced {
                unit_price: if turned { -line.unit_price } else { line.unit_price },
                amount: prorated.price.amount.amount,
                arithmetic,
            },
            source: if set.is_some() { PriceSource::Person } else { PriceSource::Order },
            unit_cost,
            cost: prorated.cost.as_ref().map(|cost| cost.amount.amount),
            proration: Some((prorated, whole)),
        }
    }

    /// The days that it pays for, and who told them.
    fn service_period(&self) -> (Option<Period>, &'static str) {
        let told = self.billable.line.service_period;
        if self.set.period.is_some() || (self.is_added && told.is_some()) {
            return (told, "person");
        }
        // The subscription's period is what a recurring fee pays for, and nothing else.
        let cycle = self.cycle.filter(|_| self.billable.fee.recurs());
        let in_arrears =
            self.order.kind() == OrderType::Billing && self.order.billing_model == BillingModel::AfterBillingPeriod;
        let day = self.order.effective_on();
        let day = if in_arrears { day.pred_opt().unwrap_or(day) } else { day };
        let (period, source) = service::service_period(told, cycle, self.anchor(), day);
        (period, source.name())
    }

    fn description(&self, period: Option<Period>) -> (String, &'static str) {
        let line = self.billable.line;
        if self.is_added || self.set.description.is_some() {
            return (line.description.clone(), "person");
        }
        let rule = &self.parts.connection.rules.descriptions;
        let target = linked(self.billable, self.parts.links);
        let item = target.map(|target| self.parts.items.get(&target.id).map_or(&target.name, |item| &item.name));
        let customer = self.parts.customer.map_or_else(|| self.order.customer.to_string(), |c| c.name.clone());
        let facts = Facts {
            product: line.product.as_ref().map_or("", |product| product.name.as_str()),
            description: &line.description,
            item: item.map(String::as_str),
            period,
            order: &self.order.number,
            subscription: self.parts.subscription.map_or("", |subscription| subscription.name.as_str()),
            customer: &customer,
            quantity: line.quantity,
            fee: self.billable.fee,
        };
        (description::line(rule, &facts), rule.source.name())
    }

    /// Who pays, and why not the customer.
    fn billing(&self) -> (Billing, String) {
        if let Some(billing) = self.set.billing {
            let by = self.parts.adjustments.map(|all| all.by.to_string()).unwrap_or_default();
            return (billing, format!("set by {by}"));
        }
        let gives_back = matches!(
            self.billable.fee,
            Fee::ResourceDowngrade
                | Fee::PlanSetupRefund
                | Fee::PlanRecurringRefund
                | Fee::ResourceSetupRefund
                | Fee::ResourceRecurringRefund
        );
        let quantity_only = self.parts.connection.rules.refunds == Refunds::QuantityOnly;
        if quantity_only && gives_back && self.order.kind() == OrderType::Change && !self.is_added {
            let why = "this connection changes only the quantity of a downgrade and gives no money back";
            return (Billing::DoNotBill, why.to_owned());
        }
        (Billing::Billable, String::new())
    }
}
