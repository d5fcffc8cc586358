//! Steps that wait, on the wire.

use counterfoil_domain::follow_up::{FollowUp, FollowUpState};
use counterfoil_domain::task::Task;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Time;

/// A document that is waited for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = Awaited)]
pub struct AwaitedView {
    pub document: String,
    /// The target's id of it.
    pub reference: String,
}

/// A step of a confirmed plan that waits until somebody did something in the target. Its task is synchronized.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = FollowUp)]
pub struct FollowUpView {
    pub connection: String,
    pub task: String,
    pub number: String,
    pub customer_name: String,
    pub plan: String,
    pub change: String,
    /// As the plan calls it.
    pub title: String,
    /// waiting · sending · done · left · person
    pub state: String,
    pub waits_for: String,
    pub documents: Vec<AwaitedView>,
    /// Why it was left, or waits for a person's decision.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    pub begun_at: Time,
    pub looked_at: Option<Time>,
    /// None: nothing more happens by itself.
    pub next_look: Option<Time>,
    pub looks: u32,
    pub failures: u32,
}

impl FollowUpView {
    pub(crate) fn new(one: &FollowUp, task: &Task) -> Self {
        let why = match &one.state {
            FollowUpState::Left { why, .. } | FollowUpState::Person { why, .. } => Some(why.clone()),
            FollowUpState::Waiting { .. } | FollowUpState::Sending { .. } | FollowUpState::Done { .. } => None,
        };
        let awaited = one.documents.iter().map(|awaited| AwaitedView {
            document: awaited.document.clone(),
            reference: awaited.reference.to_string(),
        });
        Self {
            connection: one.connection.to_string(),
            task: one.task.to_string(),
            number: task.number.clone(),
            customer_name: task.customer_name.clone(),
            plan: one.plan.to_string(),
            change: one.change.to_string(),
            title: one.title.clone(),
            state: one.state.name().to_owned(),
            waits_for: one.waits_for.clone(),
            documents: awaited.collect(),
            why,
            begun_at: one.begun_at.into(),
            looked_at: one.looked_at.map(Into::into),
            next_look: one.state.due().map(Into::into),
            looks: one.looks,
            failures: one.failures,
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FollowUpList {
    /// Oldest first.
    pub follow_ups: Vec<FollowUpView>,
    pub has_more: bool,
}
