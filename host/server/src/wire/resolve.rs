//! The uncertain desk on the wire: what was sent and never answered, and what a person decides about it.

use std::collections::BTreeMap;

use counterfoil_domain::journal::{Effect, EffectState, Look, Sighting};
use counterfoil_domain::plan::Change;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{MoneyView, Time};

/// A decision about a task whose outcome is not known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ResolveBody {
    /// adopt: it is there · resend: it is not there, send it again (takes the role approver) · leave: do
    /// nothing before somebody decides otherwise.
    pub decision: String,
    /// Why, for whoever reads it later.
    pub reason: String,
    /// For adopt, where one change writes: the target's id of the document.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// For adopt with `reference`: what people see ("INV-0042").
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<String>,
    /// For adopt: the target's id of the document of each change, by the change's key. For resend of a plan with several
    /// documents: those that are there and are not sent again; empty: looked for, and not there.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub references: BTreeMap<String, String>,
    /// The batch that was looked at; the decision is refused if another is uncertain by now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub batch: Option<String>,
}

/// A change whose document may or may not be there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = UncertainChange)]
pub struct UncertainChangeView {
    pub key: String,
    pub action: String,
    pub document: String,
    pub title: String,
    /// The existing document that it was to change.
    pub target: Option<String>,
    pub total: MoneyView,
}

impl From<&Change> for UncertainChangeView {
    fn from(change: &Change) -> Self {
        Self {
            key: change.key.to_string(),
            action: change.action.name().to_owned(),
            document: change.document.clone(),
            title: change.title.clone(),
            target: change.target.as_ref().map(ToString::to_string),
            total: change.total.into(),
        }
    }
}

/// One request of the batch, without credentials: those are put in last and kept nowhere.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = SentRequest)]
pub struct SentView {
    pub key: String,
    pub operation: String,
    pub method: String,
    pub path: String,
    /// intent: sent, and no answer known · answered · not-sent: surely never sent
    pub state: String,
    pub attempts: u32,
    /// What the target was given where it honours one.
    pub idempotency_key: String,
    pub first_sent_at: Time,
    /// When the last attempt was given up, if it was not answered.
    pub given_up_at: Option<Time>,
    pub answered_at: Option<Time>,
    /// HTTP status of the answer.
    pub status: Option<u16>,
    /// Why it was surely not sent.
    pub note: String,
    pub body_bytes: u64,
    /// From the role biller up, where it is text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<String>,
}

impl SentView {
    pub(crate) fn of(effect: &Effect, with_body: bool) -> Self {
        let request = &effect.request;
        let (status, note) = match &effect.state {
            EffectState::Intent => (None, String::new()),
            EffectState::Answered(response) => (Some(response.status), String::new()),
            EffectState::NotSent { why } => (None, why.clone()),
        };
        let body = Some(request.body.clone()).filter(|_| with_body).and_then(|body| String::from_utf8(body).ok());
        Self {
            key: effect.key.to_string(),
            operation: request.operation.clone(),
            method: request.method.clone(),
            path: request.path.clone(),
            state: effect.state.name().to_owned(),
            attempts: effect.attempt,
            idempotency_key: effect.idempotency_key.clone(),
            first_sent_at: effect.first_sent_at.into(),
            given_up_at: (effect.state == EffectState::Intent).then(|| effect.deadline.into()),
            answered_at: effect.answered_at.map(Into::into),
            status,
            note,
            body_bytes: request.body.len() as u64,
            body: body.filter(|body| !body.is_empty()),
        }
    }
}

/// One look into the target for a lost document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = UncertainLook)]
pub struct LookView {
    pub at: Time,
    /// Of the change that was looked for.
    pub key: String,
    /// found · absent · several: more than one that it could be · no-answer: it could not be looked for
    pub found: String,
    /// The target's ids of what was found.
    pub references: Vec<String>,
    /// Why it could not be looked for.
    pub note: String,
}

impl From<&Look> for LookView {
    fn from(look: &Look) -> Self {
        let (references, note) = match &look.sighting {
            Sighting::Found(reference) => (vec![reference.to_string()], String::new()),
            Sighting::Absent => (Vec::new(), String::new()),
            Sighting::Several(candidates) => (candidates.iter().map(ToString::to_string).collect(), String::new()),
            Sighting::NoAnswer(why) => (Vec::new(), why.clone()),
        };
        let found = look.sighting.name().to_owned();
        Self { at: look.at.into(), key: look.change.to_string(), found, references, note }
    }
}

/// What is known of a task whose answer was lost.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = Uncertain)]
pub struct UncertainView {
    pub task: String,
    pub number: String,
    pub customer_name: String,
    pub amount: MoneyView,
    pub plan: String,
    pub batch: String,
    /// What the last look found, or what whoever left it said.
    pub why: String,
    /// Somebody decided to leave it: it is not sent again by itself.
    pub left: bool,
    /// When that was written down.
    pub since: Time,
    /// When the last answer that never came was given up; none: every request was answered.
    #[serde(default)]
    pub answer_lost_at: Option<Time>,
    /// Documents that may or may not be there; adopting names one for each.
    pub changes: Vec<UncertainChangeView>,
    /// Everything that the batch sent; other tasks of it may share a request.
    pub sent: Vec<SentView>,
    /// How often the target was asked for it.
    pub probes: u32,
    /// The last of those looks, and what each found; oldest first.
    #[serde(default)]
    pub looks: Vec<LookView>,
    /// When it is looked at next; none: at once, or never by itself.
    pub next_probe_at: Option<Time>,
    /// Before this, sending again is refused: it may still appear.
    pub resend_from: Option<Time>,
}
