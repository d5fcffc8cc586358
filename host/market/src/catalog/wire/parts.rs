//! What provider and resellers have alike: money, categories, schedules, templates. Owns how each value is spelled.

use std::collections::BTreeMap;

use counterfoil_domain::catalog::id::{NotificationTemplateId, ServicePlanId};
use counterfoil_domain::catalog::{
    FlowStep, Limits, NamedCategory, NotificationSchedule, OrderFlow, Role, SalesCategoryDetails, Schedule,
    ServiceTemplate, TermsSetting,
};
use counterfoil_domain::money::{Currency, Money};
use counterfoil_domain::order::OrderType;
use counterfoil_domain::period::Cycle;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::entries::{Entries, id};
use super::object::objects;
use super::place::{Place, Unreadable};

objects!(
    Amount,
    LimitsSheet,
    NamedSheet,
    SalesCategorySheet,
    StepSheet,
    ScheduleSheet,
    FlowStepSheet,
    RoleSheet,
    TermsSheet,
    TemplateSheet
);

/// More is no length of a subscription.
const MOST_DAYS: u32 = 36_600;
const STATEMENT_DAY: &str = "statement-day";

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, remote = "Self")]
pub(super) struct Amount {
    pub(super) amount: String,
    pub(super) currency: String,
    /// Of a reseller's price: it set it itself.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) own: bool,
}

impl Amount {
    pub(super) fn of(money: Money, own: bool) -> Self {
        Self { amount: money.plain(), currency: money.currency.code().to_owned(), own }
    }

    pub(super) fn money(&self, place: &Place<'_>) -> Result<Money, Unreadable> {
        let currency = currency(&self.currency, &place.at("currency"))?;
        Ok(Money::new(decimal(&self.amount, &place.at("amount"))?, currency))
    }
}

pub(super) fn currency(code: &str, place: &Place<'_>) -> Result<Currency, Unreadable> {
    Currency::parse(code).map_err(|error| place.refuse(error.to_string()))
}

/// Digits with a point, as text: never through a binary fraction. "1.50" and "1.5" are read as the same, so that a catalog
/// is known again however its owner spells it.
pub(super) fn decimal(text: &str, place: &Place<'_>) -> Result<Decimal, Unreadable> {
    let plain = !text.is_empty() && text.chars().all(|c| c.is_ascii_digit() || matches!(c, '.' | '-'));
    let number = plain.then(|| Decimal::from_str_exact(text).ok()).flatten();
    number
        .map(|number| number.normalize())
        .ok_or_else(|| place.refuse(format!("\"{text}\" is not a number like \"12.50\"")))
}

/// The JSON name of a member of one of the domain's lists.
pub(super) fn member<T>(
    text: &str,
    all: &[T],
    parse: impl Fn(&str) -> Option<T>,
    name: impl Fn(T) -> &'static str,
    place: &Place<'_>,
) -> Result<T, Unreadable>
where
    T: Copy,
{
    parse(text).ok_or_else(|| {
        let names: Vec<&str> = all.iter().map(|member| name(*member)).collect();
        place.refuse(format!("\"{text}\" is none of {}", names.join(", ")))
    })
}

pub(super) fn length(cycle: Cycle) -> String {
    if cycle == Cycle::StatementDay { STATEMENT_DAY.to_owned() } else { cycle.iso() }
}

/// "P1M", "P1Y", "P30D", or "statement-day".
pub(super) fn cycle(text: &str, place: &Place<'_>) -> Result<Cycle, Unreadable> {
    if text == STATEMENT_DAY {
        return Ok(Cycle::StatementDay);
    }
    let read = || {
        let (count, unit) = text.strip_prefix('P')?.split_at_checked(text.len().checked_sub(2)?)?;
        let digits = count.chars().all(|c| c.is_ascii_digit());
        let count: u32 = count.parse().ok().filter(|count| digits && (1..=MOST_DAYS).contains(count))?;
        match unit {
            "D" => Some(Cycle::Days(count)),
            "M" => Some(Cycle::Months(count)),
            "Y" => count.checked_mul(12).map(Cycle::Months),
            _ => None,
        }
    };
    read().ok_or_else(|| place.refuse(format!("\"{text}\" is not a length like \"P1M\", \"P1Y\" or \"P30D\"")))
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, remote = "Self")]
pub(super) struct LimitsSheet {
    included: String,
    minimum: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    maximum: Option<String>,
}

impl LimitsSheet {
    pub(super) fn of(limits: &Limits) -> Self {
        let text = |number: Decimal| number.normalize().to_string();
        Self { included: text(limits.included), minimum: text(limits.minimum), maximum: limits.maximum.map(text) }
    }

    pub(super) fn read(&self, place: &Place<'_>) -> Result<Limits, Unreadable> {
        let maximum = self.maximum.as_deref().map(|text| decimal(text, &place.at("maximum"))).transpose()?;
        Ok(Limits {
            included: decimal(&self.included, &place.at("included"))?,
            minimum: decimal(&self.minimum, &place.at("minimum"))?,
            maximum,
        })
    }
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, remote = "Self")]
pub(super) struct NamedSheet {
    name: String,
    #[serde(default)]
    description: String,
}

impl NamedSheet {
    pub(super) fn of(category: &NamedCategory) -> Self {
        Self { name: category.name.clone(), description: category.description.clone() }
    }

    pub(super) fn read(self) -> NamedCategory {
        NamedCategory { name: self.name, description: self.description }
    }
}

/// Of a sales category: what both sides have.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, remote = "Self")]
pub(super) struct SalesCategorySheet {
    name: String,
    #[serde(default)]
    description: String,
    #[serde(default)]
    position: u32,
    /// Display Category in Customer Control Panel.
    pub(super) display: bool,
    /// The reseller set the display itself.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) own_display: bool,
}

impl SalesCategorySheet {
    pub(super) fn of(details: &SalesCategoryDetails, display: bool, own_display: bool) -> Self {
        let SalesCategoryDetails { name, description, position } = details.clone();
        Self { name, description, position, display, own_display }
    }

    pub(super) fn details(self) -> SalesCategoryDetails {
        SalesCategoryDetails { name: self.name, description: self.description, position: self.position }
    }
}

/// Days from the event, negative before it, and what happens then.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, remote = "Self")]
struct StepSheet {
    day: i32,
    does: String,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, remote = "Self")]
pub(super) struct ScheduleSheet {
    name: String,
    #[serde(default)]
    steps: Vec<StepSheet>,
}

impl ScheduleSheet {
    fn made<T: ToString>(name: &str, steps: &[(i32, T)]) -> Self {
        let steps = steps.iter().map(|(day, does)| StepSheet { day: *day, does: does.to_string() }).collect();
        Self { name: name.to_owned(), steps }
    }

    pub(super) fn of(schedule: &Schedule) -> Self {
        Self::made(&schedule.name, &schedule.steps)
    }

    pub(super) fn of_notifications(schedule: &NotificationSchedule) -> Self {
        Self::made(&schedule.name, &schedule.steps)
    }

    pub(super) fn read(self) -> Schedule {
        Schedule { name: self.name, steps: self.steps.into_iter().map(|step| (step.day, step.does)).collect() }
    }

    /// What is done is a template that is sent.
    pub(super) fn read_notifications(self, place: &Place<'_>) -> Result<NotificationSchedule, Unreadable> {
        let steps = self.steps.into_iter();
        let steps = steps.map(|step| Ok((step.day, id::<NotificationTemplateId>(&step.does, &place.at("steps"))?)));
        Ok(NotificationSchedule { name: self.name, steps: steps.collect::<Result<_, Unreadable>>()? })
    }
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, remote = "Self")]
struct FlowStepSheet {
    name: String,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    manual: bool,
}

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct OrderFlowSheet(Entries<Vec<FlowStepSheet>>);

impl OrderFlowSheet {
    pub(super) fn of(flow: &OrderFlow) -> Self {
        let step = |step: &FlowStep| FlowStepSheet { name: step.name.clone(), manual: step.manual };
        Self(Entries::of(flow, |steps| steps.iter().map(step).collect()))
    }

    pub(super) fn read(self, place: &Place<'_>) -> Result<OrderFlow, Unreadable> {
        let order_type =
            |name: &str, place: &Place<'_>| member(name, OrderType::ALL, OrderType::parse, OrderType::name, place);
        let step = |step: FlowStepSheet| FlowStep { name: step.name, manual: step.manual };
        self.0.read(place, order_type, |steps, _| Ok(steps.into_iter().map(step).collect()))
    }
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, remote = "Self")]
pub(super) struct RoleSheet {
    name: String,
    #[serde(default)]
    privileges: Vec<String>,
}

impl RoleSheet {
    pub(super) fn of(role: &Role) -> Self {
        Self { name: role.name.clone(), privileges: role.privileges.iter().cloned().collect() }
    }

    pub(super) fn read(self) -> Role {
        Role { name: self.name, privileges: self.privileges.into_iter().collect() }
    }
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, remote = "Self")]
pub(super) struct TermsSheet {
    name: String,
    text: String,
    required: bool,
}

impl TermsSheet {
    pub(super) fn of(terms: &TermsSetting) -> Self {
        Self { name: terms.name.clone(), text: terms.text.clone(), required: terms.required }
    }

    pub(super) fn read(self) -> TermsSetting {
        TermsSetting { name: self.name, text: self.text, required: self.required }
    }
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, remote = "Self")]
pub(super) struct TemplateSheet {
    name: String,
    /// The Delegated Plans tab.
    #[serde(default)]
    delegated_plans: Vec<String>,
    #[serde(default)]
    order_flow: OrderFlowSheet,
    #[serde(default, skip_serializing_if = "Entries::is_empty")]
    roles: Entries<RoleSheet>,
    #[serde(default, skip_serializing_if = "Entries::is_empty")]
    terms: Entries<TermsSheet>,
}

impl TemplateSheet {
    pub(super) fn of(template: &ServiceTemplate) -> Self {
        Self {
            name: template.name.clone(),
            delegated_plans: template.delegated_plans.iter().map(ToString::to_string).collect(),
            order_flow: OrderFlowSheet::of(&template.order_flow),
            roles: Entries::of(&template.roles, RoleSheet::of),
            terms: Entries::of(&template.terms, TermsSheet::of),
        }
    }

    pub(super) fn read(self, place: &Place<'_>) -> Result<ServiceTemplate, Unreadable> {
        let delegated = place.at("delegated_plans");
        let plans = self.delegated_plans.iter().map(|plan| id::<ServicePlanId>(plan, &delegated));
        Ok(ServiceTemplate {
            name: self.name,
            delegated_plans: plans.collect::<Result<_, _>>()?,
            order_flow: self.order_flow.read(&place.at("order_flow"))?,
            roles: self.roles.read(&place.at("roles"), id, |role, _| Ok(role.read()))?,
            terms: self.terms.read(&place.at("terms"), id, |terms, _| Ok(terms.read()))?,
        })
    }
}

/// An id that may be missing.
pub(super) fn maybe<K: for<'a> From<&'a str>>(
    text: Option<&String>,
    place: &Place<'_>,
) -> Result<Option<K>, Unreadable> {
    text.map(|text| id(text, place)).transpose()
}

/// Prices by the fee's name.
pub(super) fn prices<K: Ord, D>(
    sheet: Entries<Amount>,
    fee: impl Fn(&str, &Place<'_>) -> Result<K, Unreadable>,
    price: impl Fn(Money, bool) -> D,
    place: &Place<'_>,
) -> Result<BTreeMap<K, D>, Unreadable> {
    sheet.read(place, fee, |amount, place| Ok(price(amount.money(place)?, amount.own)))
}
