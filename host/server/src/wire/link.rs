//! Links on the wire.

use std::collections::BTreeMap;

use counterfoil_domain::link::{Link, LinkState, LinkTarget};
use counterfoil_domain::reason::Reason;
use counterfoil_domain::suggest::Suggestion;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{EntityView, attributes};

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = LinkTarget)]
#[serde(deny_unknown_fields)]
pub struct LinkTargetView {
    pub id: String,
    #[serde(default)]
    pub code: String,
    #[serde(default)]
    pub name: String,
    #[serde(default)]
    pub attributes: BTreeMap<String, String>,
}

impl From<&LinkTarget> for LinkTargetView {
    fn from(target: &LinkTarget) -> Self {
        Self {
            id: target.id.to_string(),
            code: target.code.clone(),
            name: target.name.clone(),
            attributes: attributes(&target.attributes),
        }
    }
}

impl From<LinkTargetView> for LinkTarget {
    fn from(view: LinkTargetView) -> Self {
        Self {
            id: view.id.as_str().into(),
            code: view.code,
            name: view.name,
            attributes: view.attributes.into_iter().collect(),
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = Link)]
pub struct LinkView {
    pub connection: String,
    /// party · item · fee · container
    pub kind: String,
    pub source: String,
    pub source_name: String,
    /// linked · unlinked · never-sync
    pub state: String,
    pub target: Option<LinkTargetView>,
    pub why: String,
}

impl From<&Link> for LinkView {
    fn from(link: &Link) -> Self {
        let target = match &link.state {
            LinkState::Linked(target) => Some(target.into()),
            LinkState::Unlinked | LinkState::NeverSync => None,
        };
        Self {
            connection: link.key.connection.to_string(),
            kind: link.key.kind.name().to_owned(),
            source: link.key.source.clone(),
            source_name: link.source_name.clone(),
            state: link.state.name().to_owned(),
            target,
            why: link.why.clone(),
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LinkPage {
    pub links: Vec<LinkView>,
    pub has_more: bool,
    pub next: Option<String>,
}

/// Set, clear, or never synchronize.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LinkBody {
    pub connection: String,
    /// party · item · fee · container
    pub kind: String,
    /// Customer id, product code, fee name, subscription id.
    pub source: String,
    /// How people know the source; kept as it is when left out.
    #[serde(default)]
    pub source_name: Option<String>,
    /// linked · unlinked · never-sync
    pub state: String,
    /// With `linked` only.
    #[serde(default)]
    pub target: Option<LinkTargetView>,
}

/// A task that a change of links touches.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = Touched)]
pub struct TouchedView {
    pub id: String,
    pub number: String,
    pub customer_name: String,
    /// As it is now.
    pub state: String,
    /// becomes-ready · still-waits · waits-again · becomes-ignored · plans-with-it · plan-stale · can-be-planned-again ·
    /// can-return
    pub effect: String,
    /// The same as a sentence, with what it waits for.
    pub text: String,
}

/// A link as it is now, or would be, and what that does to tasks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = LinkAnswer)]
pub struct LinkAnswer {
    #[serde(flatten)]
    pub link: LinkView,
    /// True: nothing was changed, this is what would be.
    pub dry_run: bool,
    pub changed: bool,
    /// The first of them.
    pub touches: Vec<TouchedView>,
    /// All of them.
    pub touched: u64,
}

/// A table of links to take over. One bad row refuses all, unless bad rows are to be skipped.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LinkImport {
    pub connection: String,
    /// As the export gives it: kind, source, source_name, state, target_id, target_code, target_name, attributes.
    pub csv: String,
    /// Say what would change, and change nothing.
    #[serde(default)]
    pub dry_run: bool,
    /// Take over the good rows.
    #[serde(default)]
    pub skip_bad: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LinkRowView {
    /// In the file; the header is line 1.
    pub line: u64,
    pub kind: String,
    pub source: String,
    /// new · changed · same · refused
    pub what: String,
    /// The column that is wrong; of refused rows only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub column: Option<String>,
    /// Before and after, or why it is refused.
    pub text: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LinkImportAnswer {
    /// False: nothing was changed.
    pub applied: bool,
    pub new: u64,
    pub changed: u64,
    pub same: u64,
    pub refused: u64,
    pub rows: Vec<LinkRowView>,
    /// The first of them.
    pub touches: Vec<TouchedView>,
    /// All of them.
    pub touched: u64,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = Reason)]
pub struct ReasonView {
    pub code: String,
    pub text: String,
    /// It speaks against the link.
    pub against: bool,
}

/// A target thing that a source may be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = Suggestion)]
pub struct SuggestionView {
    pub target: EntityView,
    /// In percent; 0 for what does not fit.
    pub score: u8,
    /// False: shown to say why not.
    pub suggested: bool,
    /// An exact key that this one alone holds, and nothing speaks against it. Anything else is for a person, one by one.
    pub exact: bool,
    pub reasons: Vec<ReasonView>,
    pub taken_by: Option<String>,
}

impl From<Suggestion> for SuggestionView {
    fn from(suggestion: Suggestion) -> Self {
        let reason = |reason: &Reason| ReasonView {
            code: reason.code().to_owned(),
            text: reason.to_string(),
            against: reason.is_against(),
        };
        Self {
            score: suggestion.score,
            suggested: suggestion.is_suggested(),
            exact: suggestion.exact,
            reasons: suggestion.reasons.iter().map(reason).collect(),
            taken_by: suggestion.taken_by,
            target: suggestion.target.into(),
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SuggestedFor {
    pub source: String,
    pub source_name: String,
    /// Best first; taken ones last.
    pub suggestions: Vec<SuggestionView>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SuggestionList {
    pub connection: String,
    /// party · item · fee · container
    pub kind: String,
    pub sources: Vec<SuggestedFor>,
    /// Waiting sources that were left out: ask again when these are linked.
    pub left_out: u64,
    /// False: the target has more than was looked through, and names with no word in common were not seen.
    pub complete: bool,
}
