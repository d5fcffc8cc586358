//! Links on the wire.

use std::collections::BTreeMap;

use counterfoil_domain::link::{Link, LinkState, LinkTarget};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::attributes;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
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
