//! Catalog sync on the wire: what is asked, how far a run is, and what becomes of each reseller. Sentences are the domain's.

use std::collections::BTreeMap;

use counterfoil_domain::catalog::{
    CatalogRun, CatalogStep, Change, Depth, HeldBack, Note, Preset, Scope, StepState, SyncOption, Upstream,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Time;

/// Whose catalogs: exactly one of the members.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CatalogScope {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reseller: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resellers: Option<Vec<String>>,
    /// All resellers on a service template of the provider.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub template: Option<String>,
}

impl From<&Scope> for CatalogScope {
    fn from(scope: &Scope) -> Self {
        let none = Self::default();
        match scope {
            Scope::One(id) => Self { reseller: Some(id.to_string()), ..none },
            Scope::Selection(ids) => Self { resellers: Some(ids.iter().map(ToString::to_string).collect()), ..none },
            Scope::Template(id) => Self { template: Some(id.to_string()), ..none },
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CatalogPreviewBody {
    /// A marketplace of the kind catalog or catalog-files.
    pub marketplace: String,
    pub scope: CatalogScope,
    /// one (the default) · all: also the resellers below those of the scope
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub levels: Option<String>,
    /// Names of options; either these or a preset.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub options: Option<Vec<String>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub preset: Option<String>,
    /// preserve · follow; left out: the preset's, or the marketplace's
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub display: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CatalogSyncBody {
    /// The preview's run.
    pub preview: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CatalogUndoBody {
    /// The run of the sync.
    pub sync: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = CatalogRun)]
pub struct CatalogRunView {
    pub id: String,
    pub reseller: String,
    pub marketplace: String,
    /// preview · sync · undo
    pub kind: String,
    /// The preview that is synchronized, or the sync that is taken back.
    pub of: Option<String>,
    pub scope: CatalogScope,
    /// one · all
    pub levels: String,
    pub options: Vec<String>,
    /// preserve · follow
    pub display: String,
    /// queued · running · done · incomplete · failed
    pub state: String,
    /// Nothing more will happen in it.
    pub is_over: bool,
    pub asked_by: String,
    pub asked_at: Time,
    pub started_at: Option<Time>,
    pub finished_at: Option<Time>,
    /// How many resellers it reaches, once that is known.
    pub total: Option<u64>,
    pub done: u64,
    /// What people should know of the run as a whole.
    pub notes: Vec<String>,
    /// Why it could not go on.
    pub problem: Option<String>,
}

pub(crate) fn levels_name(depth: Depth) -> &'static str {
    match depth {
        Depth::OneLevel => "one",
        Depth::AllLevels => "all",
    }
}

impl From<&CatalogRun> for CatalogRunView {
    fn from(run: &CatalogRun) -> Self {
        Self {
            id: run.id.to_string(),
            reseller: run.reseller.to_string(),
            marketplace: run.marketplace.to_string(),
            kind: run.kind.name().to_owned(),
            of: run.of.as_ref().map(ToString::to_string),
            scope: (&run.order.scope).into(),
            levels: levels_name(run.order.depth).to_owned(),
            options: run.order.options.iter().map(|option| option.name().to_owned()).collect(),
            display: run.order.display.name().to_owned(),
            state: run.state.name().to_owned(),
            is_over: run.state.is_over(),
            asked_by: run.asked_by.to_string(),
            asked_at: run.asked_at.into(),
            started_at: run.started_at.map(Into::into),
            finished_at: run.finished_at.map(Into::into),
            total: run.total,
            done: run.done,
            notes: run.notes.clone(),
            problem: run.problem.clone(),
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CatalogRunPage {
    /// Newest first.
    pub runs: Vec<CatalogRunView>,
    pub has_more: bool,
    pub next: Option<String>,
}

/// One reseller's turn in a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = CatalogReseller)]
pub struct CatalogResellerView {
    /// Counted from 0, in the order in which resellers have their turn.
    pub place: u64,
    pub reseller: String,
    /// The reseller it is served by; none: the provider itself.
    pub upstream: Option<String>,
    pub template: String,
    pub level: u64,
    /// compared · sending · written · nothing · refused · failed · taken-back
    pub state: String,
    /// Of one that was refused or failed.
    pub why: Option<String>,
    /// How many changes of each kind.
    pub counts: BTreeMap<String, u64>,
    /// What was not sent: "3 price changes not sent: Update Resource Prices is off".
    pub held: Vec<String>,
    /// Changes that were not taken back, because somebody changed the same since.
    pub left: Vec<String>,
    /// Of what was compared: what is written is what was shown.
    pub digest: String,
}

impl From<&CatalogStep> for CatalogResellerView {
    fn from(step: &CatalogStep) -> Self {
        let (why, left) = match &step.state {
            StepState::Refused { why } | StepState::Failed { why } => (Some(why.clone()), Vec::new()),
            StepState::TakenBack { left } => (None, left.clone()),
            StepState::Compared | StepState::Sending { .. } | StepState::Written { .. } | StepState::Nothing => {
                (None, Vec::new())
            }
        };
        let counts = step.counts().into_iter().map(|(kind, count)| (kind.name().to_owned(), count as u64));
        Self {
            place: step.place,
            reseller: step.reseller.to_string(),
            upstream: match &step.upstream {
                Upstream::Provider => None,
                Upstream::Reseller(above) => Some(above.to_string()),
            },
            template: step.template.to_string(),
            level: step.level,
            state: step.state.name().to_owned(),
            why,
            counts: counts.collect(),
            held: step.held.iter().map(HeldBack::sentence).collect(),
            left,
            digest: step.digest.clone(),
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CatalogResellerPage {
    /// In the order of their turns.
    pub resellers: Vec<CatalogResellerView>,
    pub has_more: bool,
    /// The place to go on after.
    pub next: Option<u64>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = CatalogChange)]
pub struct CatalogChangeView {
    /// The same for the same cell, whatever it holds.
    pub key: String,
    /// new-plan · plan-fee · resource-price · …
    pub kind: String,
    pub subject: String,
    pub before: String,
    pub after: String,
    /// The option that sends it.
    pub option: String,
    /// new · differs · replaces-own · …
    pub reason: String,
    pub why: String,
}

impl From<&Change> for CatalogChangeView {
    fn from(change: &Change) -> Self {
        let (before, after) = change.values();
        Self {
            key: change.key().to_string(),
            kind: change.kind().name().to_owned(),
            subject: change.subject.clone(),
            before,
            after,
            option: change.option.name().to_owned(),
            reason: change.reason.name().to_owned(),
            why: change.reason.sentence().to_owned(),
        }
    }
}

/// Changes of one kind that stayed behind for one cause.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = CatalogHeldBack)]
pub struct CatalogHeldView {
    pub kind: String,
    pub count: u64,
    /// option-off · price-synchronization-disabled · other-currency · display-kept
    pub cause: String,
    /// Any one of these options sends them, where the cause is that they are off.
    pub sent_by: Vec<String>,
    pub text: String,
    pub changes: Vec<CatalogChangeView>,
}

impl From<&HeldBack> for CatalogHeldView {
    fn from(held: &HeldBack) -> Self {
        Self {
            kind: held.kind.name().to_owned(),
            count: held.count() as u64,
            cause: held.cause.name().to_owned(),
            sent_by: held.options.iter().map(|option| option.name().to_owned()).collect(),
            text: held.sentence(),
            changes: held.changes.iter().map(Into::into).collect(),
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = CatalogNote)]
pub struct CatalogNoteView {
    /// hidden-template · published-differs · …
    pub note: String,
    pub text: String,
}

impl From<&Note> for CatalogNoteView {
    fn from(note: &Note) -> Self {
        Self { note: note.name().to_owned(), text: note.sentence() }
    }
}

/// One reseller's turn with everything in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = CatalogTurn)]
pub struct CatalogTurnView {
    pub run: String,
    #[serde(flatten)]
    pub turn: CatalogResellerView,
    pub changes: Vec<CatalogChangeView>,
    pub held_back: Vec<CatalogHeldView>,
    pub notes: Vec<CatalogNoteView>,
}

impl From<&CatalogStep> for CatalogTurnView {
    fn from(step: &CatalogStep) -> Self {
        Self {
            run: step.run.to_string(),
            turn: step.into(),
            changes: step.changes.iter().map(Into::into).collect(),
            held_back: step.held.iter().map(Into::into).collect(),
            notes: step.notes.iter().map(Into::into).collect(),
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = CatalogOption)]
pub struct CatalogOptionView {
    pub option: String,
    pub group: String,
    pub label: String,
    pub sends: String,
}

impl From<SyncOption> for CatalogOptionView {
    fn from(option: SyncOption) -> Self {
        Self {
            option: option.name().to_owned(),
            group: option.group().name().to_owned(),
            label: option.label().to_owned(),
            sends: option.sends().to_owned(),
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CatalogOptionList {
    /// In the order of the marketplace's page.
    pub options: Vec<CatalogOptionView>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = CatalogPresetBody)]
pub struct PresetBody {
    /// Whose it is; needed where there are several resellers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reseller: Option<String>,
    pub options: Vec<String>,
    /// preserve (the default) · follow
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub display: Option<String>,
}

/// Options under a name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = CatalogPreset)]
pub struct PresetView {
    pub reseller: String,
    pub name: String,
    pub options: Vec<String>,
    pub display: String,
    pub by: String,
    pub at: Time,
}

impl From<&Preset> for PresetView {
    fn from(preset: &Preset) -> Self {
        Self {
            reseller: preset.reseller.to_string(),
            name: preset.name.clone(),
            options: preset.options.iter().map(|option| option.name().to_owned()).collect(),
            display: preset.display.name().to_owned(),
            by: preset.by.to_string(),
            at: preset.at.into(),
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = CatalogPresetList)]
pub struct PresetList {
    /// In the order of their names.
    pub presets: Vec<PresetView>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = CatalogPresetRemoved)]
pub struct PresetRemoved {
    pub removed: PresetView,
}
