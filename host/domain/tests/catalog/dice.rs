//! Pairs of catalogs made from a seed: a provider, a reseller that got an earlier state of it, and changes of every kind on
//! both sides since.

use std::collections::BTreeSet;

use counterfoil_domain::catalog::{
    FlowStep, Local, PeriodFee, ProviderCatalog, RateFee, ResellerCatalog, Role, ServicePlan, TermsSetting,
};
use counterfoil_domain::money::Money;
use counterfoil_domain::order::OrderType;

use super::world::{
    currency, delegate, named_category, notifications, period, plan, provider, rate, reseller_of, sales_category,
    schedule, template_of,
};

#[derive(Debug)]
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) % bound
    }

    fn chance(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    fn money(&mut self) -> Money {
        Money::new(rust_decimal::Decimal::new(i64::try_from(self.below(5000)).unwrap(), 2), currency("USD"))
    }

    fn one<'a>(&mut self, of: &[&'a str]) -> &'a str {
        of[usize::try_from(self.below(of.len() as u64)).unwrap()]
    }
}

const SALES: &[&str] = &["cloud", "backup", "mail", "late-a", "late-b"];
const RESOURCES: &[&str] = &["disk", "mailbox", "domain", "late-cpu"];

/// More of everything than `provider`, so that the changes have something to be about.
fn wide(dice: &mut Dice) -> ProviderCatalog {
    let mut wide = provider();
    for id in SALES {
        wide.sales_categories.insert((*id).into(), sales_category(id));
    }
    for id in ["late-kind", "extra"] {
        wide.plan_categories.insert(id.into(), named_category(id));
        wide.resource_categories.insert(id.into(), named_category(id));
        wide.expiration_schedules.insert(id.into(), schedule(id));
        wide.notification_schedules.insert(id.into(), notifications(id, "secret"));
    }
    let mut cpu = wide.resources[&"disk".into()].clone();
    cpu.category = Some("late-kind".into());
    wide.resources.insert("late-cpu".into(), cpu);
    for number in 0..4 {
        let id = format!("plan-{number}");
        let mut made = plan(&id, dice.one(&SALES[..3]));
        shuffle(&mut made, dice);
        delegate(&mut wide, &id, made);
    }
    wide
}

fn shuffle(plan: &mut ServicePlan, dice: &mut Dice) {
    for resource in RESOURCES {
        if dice.chance(50) {
            let mut made = rate("1");
            made.for_sale = dice.chance(80);
            plan.rates.insert((*resource).into(), made);
        }
    }
}

/// A provider and a reseller that differ in many ways.
pub(crate) fn changed(dice: &mut Dice) -> (ProviderCatalog, ResellerCatalog) {
    let mut theirs = wide(dice);
    let mut ours = reseller_of(&theirs);
    for plan in theirs.plans.values_mut() {
        change_plan(plan, dice);
    }
    for number in 4..6 {
        let id = format!("plan-{number}");
        let mut made = plan(&id, dice.one(SALES));
        made.expiration_schedule = dice.chance(50).then(|| dice.one(&["late-kind", "standard"]).into());
        made.notification_schedule = dice.chance(50).then(|| dice.one(&["late-kind", "reminders"]).into());
        made.plan_category = Some(dice.one(&["late-kind", "hosting"]).into());
        shuffle(&mut made, dice);
        delegate(&mut theirs, &id, made);
    }
    let removed = dice.one(&["plan-0", "plan-1", "gold"]);
    template_of(&mut theirs).delegated_plans.remove(&removed.into());
    // Removed before, and back on the template now.
    ours.plans.get_mut(&dice.one(&["plan-2", "plan-3", "silver"]).into()).unwrap().disabled_by_provider = true;
    change_shared(&mut theirs, dice);
    change_settings(&mut theirs, dice);
    change_own(&mut ours, dice);
    (theirs, ours)
}

fn change_plan(plan: &mut ServicePlan, dice: &mut Dice) {
    if dice.chance(50) {
        plan.sales_categories = BTreeSet::from([dice.one(SALES).into(), dice.one(SALES).into()]);
    }
    if dice.chance(30) {
        plan.plan_category = Some(dice.one(&["late-kind", "extra"]).into());
        plan.notification_schedule = Some(dice.one(&["late-kind", "extra"]).into());
    }
    if dice.chance(40) {
        plan.expiration_schedule = dice.chance(70).then(|| dice.one(&["late-kind", "extra"]).into());
        plan.usage_statistics = Some("traffic".into());
        plan.published = false;
    }
    if dice.chance(40) {
        let mut made = period("99");
        made.expiration_schedule = dice.chance(70).then(|| dice.one(&["late-kind", "extra"]).into());
        plan.periods.insert(dice.one(&["yearly", "weekly"]).into(), made);
    }
    for period in plan.periods.values_mut() {
        if dice.chance(40) {
            period.fees.insert(PeriodFee::Recurring, dice.money());
            period.fees.remove(&PeriodFee::Setup);
            period.expiration_schedule = dice.chance(50).then(|| dice.one(&["late-kind", "standard"]).into());
        }
    }
    for resource in RESOURCES {
        match dice.below(6) {
            0 => drop(plan.rates.remove(&(*resource).into())),
            1 => drop(plan.rates.insert((*resource).into(), rate("4"))),
            _ => {}
        }
    }
    for rate in plan.rates.values_mut() {
        match dice.below(5) {
            0 => drop(rate.prices.insert(RateFee::Setup, dice.money())),
            1 => drop(rate.prices.remove(&RateFee::Overuse)),
            2 => rate.limits.included += rust_decimal::Decimal::ONE,
            3 => rate.for_sale = !rate.for_sale,
            _ => {}
        }
    }
}

fn change_shared(theirs: &mut ProviderCatalog, dice: &mut Dice) {
    for category in theirs.sales_categories.values_mut() {
        if dice.chance(50) {
            category.details.name.push_str(" renamed");
            category.display = !category.display;
        }
    }
    for category in theirs.plan_categories.values_mut().chain(theirs.resource_categories.values_mut()) {
        if dice.chance(50) {
            category.description.push_str("described");
        }
    }
    for resource in theirs.resources.values_mut() {
        if dice.chance(50) {
            resource.category = dice.chance(70).then(|| dice.one(&["extra", "late-kind"]).into());
        }
    }
    for schedule in theirs.notification_schedules.values_mut() {
        if dice.chance(50) {
            schedule.steps.push((3, "soon".into()));
        }
    }
    theirs.expiration_schedules.get_mut(&"standard".into()).unwrap().steps.pop();
}

fn change_settings(theirs: &mut ProviderCatalog, dice: &mut Dice) {
    let template = template_of(theirs);
    let step = FlowStep { name: "approval".into(), manual: true };
    template.order_flow.insert(dice_order(dice), vec![step]);
    template.roles.insert("clerk".into(), Role { name: "Clerk".into(), privileges: BTreeSet::new() });
    if dice.chance(50) {
        template.roles.remove(&"staff".into());
    }
    let terms = TermsSetting { name: "General".into(), text: "edition 2".into(), required: dice.chance(50) };
    template.terms.insert("general".into(), terms);
}

fn dice_order(dice: &mut Dice) -> OrderType {
    if dice.chance(50) { OrderType::Sales } else { OrderType::Change }
}

/// What resellers do to their copies.
fn change_own(ours: &mut ResellerCatalog, dice: &mut Dice) {
    for plan in ours.plans.values_mut() {
        if dice.chance(30) {
            plan.published = false;
            plan.name.push_str(" by Acme");
        }
        let fees = plan.periods.values_mut().flat_map(|period| period.fees.values_mut());
        for price in fees.chain(plan.rates.values_mut().flat_map(|rate| rate.prices.values_mut())) {
            if dice.chance(20) {
                *price = Local::own(dice.money());
            }
        }
    }
    for category in ours.sales_categories.values_mut() {
        if dice.chance(40) {
            category.display = Local::own(false);
        }
    }
}
