//! Plans side by side: new ones, removed and added back ones, and what differs in those both have.

use super::super::change::Reason;
use super::super::delegated::{DelegatedPeriod, DelegatedPlan, DelegatedRate, Local};
use super::super::edit::{Delta, Edit, Standing};
use super::super::held::{Cause, Note};
use super::super::id::{PlanPeriodId, ServicePlanId};
use super::super::merge::merge;
use super::super::model::{PeriodFee, PlanPeriod};
use super::super::options::{Options, SyncOption};
use super::super::provider::Offered;
use super::super::say::cycle;
use super::{Walk, need};
use crate::money::Money;

/// A plan that both have.
pub(super) struct Pair<'w> {
    pub(super) id: &'w ServicePlanId,
    pub(super) offered: Offered<'w>,
    pub(super) held: &'w DelegatedPlan,
    /// Why its prices do not reach the reseller, if they do not.
    pub(super) hold: Option<Cause>,
    /// By which options something without prices that count arrives in it.
    pub(super) unpriced: Options,
}

impl<'w> Walk<'w> {
    pub(super) fn plans(&mut self) {
        let offered = self.provider.plans.iter().map(|(id, offered)| (*id, *offered));
        for (id, offered, held) in merge(offered, &self.reseller.plans) {
            match (offered, held) {
                (Some(offered), None) => self.new_plan(id, offered),
                (None, Some(held)) => self.removed_plan(id, held),
                (Some(offered), Some(held)) => {
                    let hold = self.price_hold(offered.currency);
                    self.pair(Pair { id, offered, held, hold, unpriced: Options::NONE });
                }
                (None, None) => {}
            }
        }
    }

    fn new_plan(&mut self, id: &'w ServicePlanId, offered: Offered<'w>) {
        let (plan, by) = (offered.plan, SyncOption::CreatePlans);
        let hold = self.price_hold(offered.currency);
        need(&mut self.needs.sales_categories, &plan.sales_categories, by);
        need(&mut self.needs.plan_categories, &plan.plan_category, by);
        need(&mut self.needs.notification_schedules, &plan.notification_schedule, by);
        need(&mut self.needs.expiration_schedules, &plan.expiration_schedule, by);
        for period in plan.periods.values() {
            need(&mut self.needs.expiration_schedules, &period.expiration_schedule, by);
        }
        let rates = plan.rates.iter().filter(|(_, rate)| rate.for_sale);
        let rates = rates.map(|(resource, rate)| {
            let prices = self.arriving(&rate.prices, hold);
            (resource.clone(), DelegatedRate { prices, limits: rate.limits, for_sale: rate.for_sale })
        });
        let copy = DelegatedPlan {
            name: plan.name.clone(),
            published: plan.published,
            disabled_by_provider: false,
            confirmation_needed: false,
            plan_category: plan.plan_category.clone(),
            sales_categories: plan.sales_categories.clone(),
            expiration_schedule: plan.expiration_schedule.clone(),
            notification_schedule: plan.notification_schedule.clone(),
            usage_statistics: plan.usage_statistics.clone(),
            periods: plan.periods.iter().map(|(id, period)| (id.clone(), self.period(period, hold))).collect(),
            rates: rates.collect(),
        };
        // The currency is there where a price is: a plan without any needs no confirmation.
        let unpriced = hold.is_some() && offered.currency.is_some();
        let copy = DelegatedPlan { confirmation_needed: unpriced, ..copy };
        let reason = if unpriced { Reason::WithoutPrices } else { Reason::New };
        let edit = Edit::Plan { plan: id.clone(), to: Delta::new(None, Some(Box::new(copy))) };
        self.sink.put(edit, reason, plan.name.clone());
    }

    fn period(&self, period: &PlanPeriod, hold: Option<Cause>) -> DelegatedPeriod {
        DelegatedPeriod {
            length: period.length,
            fees: self.arriving(&period.fees, hold),
            expiration_schedule: period.expiration_schedule.clone(),
        }
    }

    fn removed_plan(&mut self, id: &'w ServicePlanId, held: &DelegatedPlan) {
        if held.disabled_by_provider {
            return;
        }
        let before = Standing { published: held.published, disabled_by_provider: false };
        let to = Delta::new(before, Standing { disabled_by_provider: true, ..before });
        self.sink.put(Edit::Standing { plan: id.clone(), to }, Reason::RemovedFromTemplate, held.name.clone());
    }

    fn pair(&mut self, mut pair: Pair<'w>) {
        self.standing(&pair);
        self.belonging(&pair);
        self.periods(&mut pair);
        self.rates(&mut pair);
        self.confirmation(&pair);
    }

    fn standing(&mut self, pair: &Pair<'w>) {
        let (plan, held) = (pair.offered.plan, pair.held);
        if held.disabled_by_provider {
            let before = Standing { published: held.published, disabled_by_provider: true };
            let to = Delta::new(before, Standing { published: true, disabled_by_provider: false });
            self.sink.put(Edit::Standing { plan: pair.id.clone(), to }, Reason::AddedBack, plan.name.clone());
        } else if plan.published != held.published {
            let (id, name) = (pair.id.clone(), plan.name.clone());
            self.sink.note(Note::PublishedDiffers { plan: id, name, provider: plan.published });
        }
        if plan.name != held.name {
            let (provider, reseller) = (plan.name.clone(), held.name.clone());
            self.sink.note(Note::PlanNameDiffers { plan: pair.id.clone(), provider, reseller });
        }
        if held.confirmation_needed {
            self.sink.note(Note::AwaitsConfirmation { plan: pair.id.clone(), name: plan.name.clone() });
        }
    }

    /// Categories, schedules and statistics that the plan refers to.
    fn belonging(&mut self, pair: &Pair<'w>) {
        let (id, plan, held) = (pair.id, pair.offered.plan, pair.held);
        need(&mut self.needs.sales_categories, &plan.sales_categories, SyncOption::UpdateCategories);
        need(&mut self.needs.plan_categories, &plan.plan_category, SyncOption::UpdateCategories);
        need(&mut self.needs.notification_schedules, &plan.notification_schedule, SyncOption::UpdateNotifications);
        need(&mut self.needs.expiration_schedules, &plan.expiration_schedule, SyncOption::UpdateFees);
        if plan.sales_categories != held.sales_categories {
            let to = Delta::new(held.sales_categories.clone(), plan.sales_categories.clone());
            let edit = Edit::PlanSalesCategories { plan: id.clone(), to };
            self.sink.put(edit, Reason::Differs, plan.name.clone());
        }
        if plan.plan_category != held.plan_category {
            let to = Delta::new(held.plan_category.clone(), plan.plan_category.clone());
            self.sink.put(Edit::PlanInCategory { plan: id.clone(), to }, Reason::Differs, plan.name.clone());
        }
        if plan.expiration_schedule != held.expiration_schedule {
            let to = Delta::new(held.expiration_schedule.clone(), plan.expiration_schedule.clone());
            self.sink.put(Edit::PlanExpiration { plan: id.clone(), to }, Reason::Differs, plan.name.clone());
        }
        if plan.notification_schedule != held.notification_schedule {
            let to = Delta::new(held.notification_schedule.clone(), plan.notification_schedule.clone());
            self.sink.put(Edit::PlanNotification { plan: id.clone(), to }, Reason::Differs, plan.name.clone());
        }
        if plan.usage_statistics != held.usage_statistics {
            let to = Delta::new(held.usage_statistics.clone(), plan.usage_statistics.clone());
            self.sink.put(Edit::UsageStatistics { plan: id.clone(), to }, Reason::Differs, plan.name.clone());
        }
    }

    fn periods(&mut self, pair: &mut Pair<'w>) {
        let plan = pair.offered.plan;
        for (id, offered, held) in merge(&plan.periods, &pair.held.periods) {
            match (offered, held) {
                (Some(offered), None) => self.new_period(pair, id, offered),
                (None, Some(_)) => {
                    let (name, period) = (plan.name.clone(), id.clone());
                    self.sink.note(Note::PeriodGone { plan: pair.id.clone(), name, period });
                }
                (Some(offered), Some(held)) => self.both_periods(pair, id, offered, held),
                (None, None) => {}
            }
        }
    }

    fn new_period(&mut self, pair: &mut Pair<'w>, id: &PlanPeriodId, offered: &'w PlanPeriod) {
        need(&mut self.needs.expiration_schedules, &offered.expiration_schedule, SyncOption::CreatePlans);
        if pair.hold.is_some() && !offered.fees.is_empty() {
            pair.unpriced = pair.unpriced.with(SyncOption::CreatePlans);
        }
        let to = Delta::new(None, Some(self.period(offered, pair.hold)));
        let edit = Edit::Period { plan: pair.id.clone(), period: id.clone(), to };
        self.sink.put(edit, Reason::New, of_period(pair, offered));
    }

    fn both_periods(&mut self, pair: &Pair<'w>, id: &PlanPeriodId, offered: &'w PlanPeriod, held: &'w DelegatedPeriod) {
        need(&mut self.needs.expiration_schedules, &offered.expiration_schedule, SyncOption::UpdateFees);
        for fee in PeriodFee::ALL {
            let (theirs, ours) = (offered.fees.get(fee).copied(), held.fees.get(fee).copied());
            if let Some((to, reason)) = price(theirs, ours) {
                let edit = Edit::PlanFee { plan: pair.id.clone(), period: id.clone(), fee: *fee, to };
                let subject = format!("{} · {fee}", of_period(pair, offered));
                self.sink.put_unless(edit, reason, subject, pair.hold);
            }
        }
        if offered.expiration_schedule != held.expiration_schedule {
            let to = Delta::new(held.expiration_schedule.clone(), offered.expiration_schedule.clone());
            let edit = Edit::PeriodExpiration { plan: pair.id.clone(), period: id.clone(), to };
            self.sink.put(edit, Reason::Differs, of_period(pair, offered));
        }
        if offered.length != held.length {
            let (plan, name) = (pair.id.clone(), pair.offered.plan.name.clone());
            self.sink.note(Note::PeriodLengthDiffers { plan, name, period: id.clone() });
        }
    }

    /// Follows from what was sent: never held back by itself.
    fn confirmation(&mut self, pair: &Pair<'w>) {
        let sent = pair.unpriced.iter().any(|option| self.sink.options.has(option));
        if sent && !pair.held.confirmation_needed {
            let edit = Edit::Confirmation { plan: pair.id.clone(), to: Delta::new(false, true) };
            self.sink.put_by(edit, Reason::WithoutPrices, pair.offered.plan.name.clone(), pair.unpriced, None);
        }
    }
}

fn of_period(pair: &Pair<'_>, period: &PlanPeriod) -> String {
    format!("{} · {}", pair.offered.plan.name, cycle(period.length))
}

/// What becomes of a price, and why; nothing where both say the same.
pub(super) fn price(
    provider: Option<Money>,
    reseller: Option<Local<Money>>,
) -> Option<(Delta<Option<Local<Money>>>, Reason)> {
    if provider == reseller.map(|local| local.value) {
        return None;
    }
    let reason = match (provider, reseller) {
        (_, Some(local)) if local.own => Reason::ReplacesOwn,
        (_, None) => Reason::New,
        (None, _) => Reason::Gone,
        (Some(_), Some(_)) => Reason::Differs,
    };
    Some((Delta::new(reseller, provider.map(Local::sent)), reason))
}
