//! Links between marketplace things and target things. Owns the words and the state; which exact keys
//! link by themselves is decided in `matching`.

use std::fmt;

use crate::id::{ConnectionId, EntityId};
use crate::order::named;

named! {
    LinkKind {
        /// Customer ↔ party.
        Party = "party",
        /// Product ↔ item.
        Item = "item",
        /// Fee kind ↔ item (cancellation fee).
        Fee = "fee",
        /// Subscription, or customer × billing motion ↔ container.
        Container = "container",
    }
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LinkKey {
    pub connection: ConnectionId,
    pub kind: LinkKind,
    /// Customer id, product code, fee name, subscription id.
    pub source: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkTarget {
    pub id: EntityId,
    pub code: String,
    pub name: String,
    /// Mapping details: "account-code", "tax-type", …
    pub attributes: Vec<(String, String)>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LinkState {
    Linked(LinkTarget),
    Unlinked,
    /// A person decided that this is never synchronized.
    NeverSync,
}

impl LinkState {
    pub fn name(&self) -> &'static str {
        match self {
            Self::Linked(_) => "linked",
            Self::Unlinked => "unlinked",
            Self::NeverSync => "never-sync",
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    pub key: LinkKey,
    pub source_name: String,
    pub state: LinkState,
    /// Why it is so: "external id 1000017 is the contact number", "set by ann@example.com".
    pub why: String,
}

impl Link {
    /// The source as people know it: "Green Lane (1000017)".
    pub fn called(&self) -> String {
        let source = &self.key.source;
        match self.source_name.trim() {
            "" => source.clone(),
            name if name == source => source.clone(),
            name => format!("{name} ({source})"),
        }
    }

    pub fn target(&self) -> Option<&LinkTarget> {
        match &self.state {
            LinkState::Linked(target) => Some(target),
            LinkState::Unlinked | LinkState::NeverSync => None,
        }
    }
}
