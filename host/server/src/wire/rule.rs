//! Rules to ignore by, on the wire, with the preview of what they do.

use counterfoil_domain::rule::{Amounts, IgnoreRule};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::ignore::AmountRange;
use super::{Day, MoneyView, StateTotal, TaskView, Time};

/// A rule to ignore by: an order fits when it meets all that is given. At least one of customer, product, order type and
/// amount.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RuleBody {
    pub connection: String,
    /// The marketplace's id.
    #[serde(default)]
    pub customer: Option<String>,
    /// The product's code. Any line of it makes the whole order fit.
    #[serde(default)]
    pub product: Option<String>,
    /// sales · change · billing · cancellation · renewal
    #[serde(default)]
    pub order_type: Option<String>,
    /// at_most or at_least, and the currency.
    #[serde(default)]
    pub amount: Option<AmountRange>,
    /// Why, for whoever reads it later.
    pub text: String,
    /// The first day on which it does not count any more; left out: for good.
    #[serde(default)]
    pub until: Option<Day>,
    /// True: answer what it would do, write nothing.
    #[serde(default)]
    pub dry_run: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = IgnoreRule)]
pub struct RuleView {
    pub id: String,
    pub connection: String,
    /// What it asks for, in words.
    pub criteria: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub customer: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub product: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order_type: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub amount: Option<AmountRange>,
    /// Of a task that was ignored until its price or quantity changes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subscription: Option<String>,
    /// True: it holds until the price or quantity changes.
    pub until_change: bool,
    pub text: String,
    pub by: String,
    pub at: Time,
    pub until: Option<Day>,
    /// False: its day has come, and it ignores nothing any more.
    pub counts: bool,
}

impl RuleView {
    pub fn new(rule: &IgnoreRule, today: chrono::NaiveDate) -> Self {
        let criteria = &rule.criteria;
        let amount = criteria.amount.map(|(amounts, currency)| {
            let (at_least, at_most) = match amounts {
                Amounts::AtLeast(least) => (Some(least.to_string()), None),
                Amounts::AtMost(most) => (None, Some(most.to_string())),
            };
            AmountRange { at_least, at_most, currency: currency.code().to_owned() }
        });
        Self {
            id: rule.id.to_string(),
            connection: rule.connection.to_string(),
            criteria: criteria.to_string(),
            customer: criteria.customer.as_ref().map(ToString::to_string),
            product: criteria.product.clone(),
            order_type: criteria.order_type.map(|order_type| order_type.name().to_owned()),
            amount,
            subscription: criteria.subscription.as_ref().map(ToString::to_string),
            until_change: criteria.print.is_some(),
            text: rule.text.clone(),
            by: rule.by.to_string(),
            at: rule.at.into(),
            until: rule.until.map(Into::into),
            counts: rule.counts_on(today),
        }
    }
}

/// What the rule would have ignored of what was seen lately.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RulePreview {
    /// The first day of it.
    pub from: Day,
    /// How many tasks were looked at.
    pub looked_at: u64,
    /// False: there were more than are looked at.
    pub complete: bool,
    pub count: u64,
    pub money: Vec<MoneyView>,
    /// By the state that they are in. Only what is pending, ready or planned is ignored when the rule is made.
    pub states: Vec<StateTotal>,
    /// The first by their number.
    pub tasks: Vec<TaskView>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RuleAnswer {
    /// In a dry run its id is empty.
    pub rule: RuleView,
    pub dry_run: bool,
    pub preview: RulePreview,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RuleList {
    pub rules: Vec<RuleView>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RuleRemoved {
    pub rule: RuleView,
    /// Tasks that it ignored, and their money.
    pub tasks: u64,
    pub money: Vec<MoneyView>,
    /// True: they stay ignored. False: they come back and are judged anew.
    pub kept: bool,
}
