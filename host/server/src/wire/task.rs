//! Tasks on the wire: the row of a list, the detail, and totals.

use counterfoil_domain::card::{AdjustType, Adjustable};
use counterfoil_domain::failure::Failure;
use counterfoil_domain::money::Money;
use counterfoil_domain::ports::TaskTotal;
use counterfoil_domain::rule::rule_of;
use counterfoil_domain::task::{Ignored, Need, Subject, Task, TaskState, Until};
use counterfoil_domain::turn::Waits;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::ToSchema;

use super::{
    Day, FollowUpView, MoneyView, OrderView, PlanView, StoredReceiptView, Time, attributes, totals_by_currency,
};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = Need)]
pub struct NeedView {
    /// "link" or "decision".
    #[serde(rename = "type")]
    pub what: String,
    pub text: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

impl From<&Need> for NeedView {
    fn from(need: &Need) -> Self {
        let text = need.to_string();
        match need {
            Need::Link { kind, source, name } => Self {
                what: "link".to_owned(),
                text,
                kind: Some(kind.name().to_owned()),
                source: Some(source.clone()),
                name: Some(name.clone()),
            },
            Need::Decision { .. } => Self { what: "decision".to_owned(), text, kind: None, source: None, name: None },
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = Ignored)]
pub struct IgnoredView {
    pub reason: String,
    pub text: String,
    pub by: String,
    pub at: Time,
    /// The day on which it comes back by itself.
    pub until: Option<Day>,
    /// How long it stays ignored, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until_text: Option<String>,
    /// The rule in whose name it is ignored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
}

impl From<&Ignored> for IgnoredView {
    fn from(ignored: &Ignored) -> Self {
        Self {
            reason: ignored.reason.name().to_owned(),
            text: ignored.text.clone(),
            by: ignored.by.to_string(),
            at: ignored.at.into(),
            until: ignored.until.as_ref().and_then(Until::day).map(Into::into),
            until_text: ignored.until.as_ref().map(ToString::to_string),
            rule: rule_of(ignored).map(|rule| rule.to_string()),
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = Failure)]
pub struct FailureView {
    pub class: String,
    pub code: String,
    pub message: String,
    pub attributes: BTreeMap<String, String>,
}

impl From<&Failure> for FailureView {
    fn from(failure: &Failure) -> Self {
        Self {
            class: failure.class.name().to_owned(),
            code: failure.code.clone(),
            message: failure.message.clone(),
            attributes: attributes(&failure.attributes),
        }
    }
}

/// A task as lists show it. Which of the optional members are there depends on the state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = Task)]
pub struct TaskView {
    pub id: String,
    pub reseller: String,
    pub connection: String,
    /// sales · change · billing · cancellation · renewal · initial · reconcile
    pub kind: String,
    /// What that stands for, in words.
    #[serde(default)]
    pub kind_text: String,
    pub number: String,
    pub customer: String,
    pub customer_name: String,
    pub subscription: Option<String>,
    /// The order's id; none for an initial task.
    pub order: Option<String>,
    pub revision: Option<String>,
    pub marketplace: String,
    pub amount: MoneyView,
    pub scenario: String,
    pub state: String,
    /// open · synced · ignored · parked · uncertain · superseded.
    pub account: String,
    pub created_at: Time,
    pub observed_at: Time,
    pub updated_at: Time,
    pub failures: u32,
    pub crashes: u32,
    pub version: u64,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub needs: Vec<NeedView>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plan: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub batch: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confirmed_by: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ignored: Option<IgnoredView>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<FailureView>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_at: Option<Time>,
    /// Why the outcome is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uncertain: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub superseded_by: Option<String>,
}

impl From<&Task> for TaskView {
    fn from(task: &Task) -> Self {
        let (order, revision, marketplace) = match &task.subject {
            Subject::Order { key, revision } => {
                (Some(key.order.to_string()), Some(revision.to_string()), key.marketplace.to_string())
            }
            Subject::Initial { marketplace, .. } => (None, None, marketplace.to_string()),
        };
        let mut view = Self {
            id: task.id.to_string(),
            reseller: task.reseller.to_string(),
            connection: task.connection.to_string(),
            kind: task.kind.name().to_owned(),
            kind_text: task.kind.text().to_owned(),
            number: task.number.clone(),
            customer: task.customer.to_string(),
            customer_name: task.customer_name.clone(),
            subscription: task.subscription.as_ref().map(ToString::to_string),
            order,
            revision,
            marketplace,
            amount: task.amount.into(),
            scenario: task.scenario.clone(),
            state: task.state.name().to_owned(),
            account: task.state.account().to_owned(),
            created_at: task.created_at.into(),
            observed_at: task.observed_at.into(),
            updated_at: task.updated_at.into(),
            failures: task.failures,
            crashes: task.crashes,
            version: task.version,
            needs: Vec::new(),
            plan: task.state.plan().map(ToString::to_string),
            batch: None,
            confirmed_by: None,
            ignored: None,
            failure: None,
            retry_at: None,
            uncertain: None,
            superseded_by: None,
        };
        view.fill(&task.state);
        view
    }
}

impl TaskView {
    fn fill(&mut self, state: &TaskState) {
        match state {
            TaskState::Pending(needs) => self.needs = needs.iter().map(Into::into).collect(),
            TaskState::Ready | TaskState::Planned(_) | TaskState::Synced { .. } => {}
            TaskState::Queued { by, .. } => self.confirmed_by = Some(by.to_string()),
            TaskState::Sending { batch, .. } => self.batch = Some(batch.to_string()),
            TaskState::Uncertain { batch, why, .. } => {
                self.batch = Some(batch.to_string());
                self.uncertain = Some(why.clone());
            }
            TaskState::Retrying { at, failure, .. } => {
                self.retry_at = Some((*at).into());
                self.failure = Some(failure.into());
            }
            TaskState::Parked { failure } => self.failure = Some(failure.into()),
            TaskState::Ignored(ignored) => self.ignored = Some(ignored.into()),
            TaskState::Superseded { by } => self.superseded_by = Some(by.to_string()),
        }
    }
}

/// How many tasks are in a state, and the money in them, a currency each.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct StateTotal {
    /// The state, or the reason.
    pub name: String,
    pub count: u64,
    pub money: Vec<MoneyView>,
}

fn grouped<'a>(rows: impl IntoIterator<Item = (String, &'a TaskTotal)>) -> Vec<StateTotal> {
    let mut groups: BTreeMap<String, (u64, Vec<Money>)> = BTreeMap::new();
    for (name, row) in rows {
        let group = groups.entry(name).or_default();
        group.0 += row.count;
        group.1.push(row.money);
    }
    groups
        .into_iter()
        .map(|(name, (count, money))| StateTotal { name, count, money: totals_by_currency(money) })
        .collect()
}

/// The second list is of ignored tasks, by reason.
pub fn totals_by_state(totals: &[TaskTotal]) -> (Vec<StateTotal>, Vec<StateTotal>) {
    let mut states = grouped(totals.iter().map(|row| (row.state.clone(), row)));
    let place = |name: &str| TaskState::NAMES.iter().position(|known| *known == name);
    states.sort_by_key(|total| place(&total.name));
    let reasons = grouped(totals.iter().filter_map(|row| row.reason.clone().map(|reason| (reason, row))));
    (states, reasons)
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TaskPage {
    pub tasks: Vec<TaskView>,
    /// Of the connection asked for, or of all; other filters do not narrow them.
    pub totals: Vec<StateTotal>,
    pub has_more: bool,
    pub next: Option<String>,
}

/// What comes first for the same subscription.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = WaitsFor)]
pub struct WaitsForView {
    pub task: String,
    pub number: String,
    pub text: String,
}

impl From<&Waits> for WaitsForView {
    fn from(waits: &Waits) -> Self {
        Self { task: waits.task.to_string(), number: waits.number.clone(), text: waits.text.clone() }
    }
}

/// A value of a task as a whole, as the target's card offers it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = DocumentValue)]
pub struct DocumentValueView {
    pub name: String,
    pub label: String,
    pub help: String,
    /// string · date · boolean · choice
    #[serde(rename = "type")]
    pub kind: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub choices: Vec<String>,
    /// What somebody set.
    pub value: Option<String>,
}

impl DocumentValueView {
    /// What the card offers, with what is set; and what was set under a name that it offers no more.
    pub(crate) fn all(card: &[Adjustable], set: &BTreeMap<String, String>) -> Vec<Self> {
        let offered = card.iter().map(|one| {
            let (kind, choices) = match &one.kind {
                AdjustType::Text => ("string", Vec::new()),
                AdjustType::Date => ("date", Vec::new()),
                AdjustType::Boolean => ("boolean", Vec::new()),
                AdjustType::Choice(choices) => ("choice", choices.clone()),
            };
            Self {
                name: one.name.clone(),
                label: one.label.clone(),
                help: one.help.clone(),
                kind: kind.to_owned(),
                choices,
                value: set.get(&one.name).cloned(),
            }
        });
        let gone = set.iter().filter(|(name, _)| !card.iter().any(|one| one.name == **name));
        let gone = gone.map(|(name, value)| Self {
            name: name.clone(),
            label: name.clone(),
            help: "The plugin's active version does not take it any more.".to_owned(),
            kind: "string".to_owned(),
            choices: Vec::new(),
            value: Some(value.clone()),
        });
        offered.chain(gone).collect()
    }
}

/// A task with all that is known about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TaskDetail {
    pub task: TaskView,
    /// The latest revision of its order; see `order_is_current`.
    pub order: Option<OrderView>,
    /// False: the order was revised after this task was made.
    pub order_is_current: bool,
    pub plan: Option<PlanView>,
    pub receipt: Option<StoredReceiptView>,
    /// Steps of it that wait, waited or were left.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub follow_ups: Vec<FollowUpView>,
    /// What must be synchronized or ignored before it can be planned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waits_for: Option<WaitsForView>,
    /// What people set on it as a whole.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub document: Vec<DocumentValueView>,
}
