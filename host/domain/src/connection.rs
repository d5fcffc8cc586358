//! Connections and configured marketplaces: one reseller's access to one target, and where orders come from.

use std::collections::BTreeMap;
use std::fmt;

use chrono::NaiveDate;

use crate::card::AuthScheme;
use crate::id::{ConnectionId, MarketplaceId, PluginId, ResellerId};
use crate::money::Rounding;
use crate::order::named;

named! {
    MarketplaceKind {
        CloudBlue = "cloudblue",
        File = "file",
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reseller {
    pub id: ResellerId,
    pub name: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Marketplace {
    pub id: MarketplaceId,
    pub reseller: ResellerId,
    pub kind: MarketplaceKind,
    /// Base URL, or the folder for `file`.
    pub location: String,
    /// Kind-specific, by name: "sign_in", "marketplace", "username", "realm", …
    pub settings: BTreeMap<String, String>,
    pub exceptions: Exceptions,
}

/// What an operator allows beyond the safe default, for one caller.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Exceptions {
    /// Plain http for the base and token URL.
    pub plain_http: bool,
    /// Private, loopback and link-local addresses.
    pub private_addresses: bool,
}

named! {
    /// Whose price counts where the scenario table leaves a choice.
    PriceChoice {
        Marketplace = "marketplace",
        Target = "target",
    }
}

named! {
    ConnectionState {
        Enabled = "enabled",
        /// By a person, or by the host after repeated failures; the reason stands beside it.
        Paused = "paused",
        /// Its credentials do not work: somebody must sign in.
        NeedsSignIn = "needs-sign-in",
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Connection {
    pub id: ConnectionId,
    pub reseller: ResellerId,
    pub name: String,
    pub plugin: PluginId,
    pub marketplace: MarketplaceId,
    pub state: ConnectionState,
    pub state_reason: String,
    /// None: the card's.
    pub base_url: Option<String>,
    pub token_url: Option<String>,
    /// None: the card's first.
    pub auth: Option<AuthScheme>,
    pub exceptions: Exceptions,
    /// As the card's schema names them.
    pub settings: BTreeMap<String, String>,
    pub rules: HostRules,
}

/// What the host does for this connection, whatever the target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostRules {
    pub price_source: PriceChoice,
    pub rounding: Rounding,
    /// Whether the row "recurring before period" is on: billing orders under before-billing-period.
    pub recurring_before_period: bool,
    /// Largest total a plan may have without a person's acceptance; none: no bound.
    pub most_per_plan: Option<rust_decimal::Decimal>,
    /// Orders before this day are outside the start window; none: one month before the first check.
    pub start_on: Option<NaiveDate>,
}

impl Default for HostRules {
    fn default() -> Self {
        Self {
            price_source: PriceChoice::Marketplace,
            rounding: Rounding::default(),
            recurring_before_period: false,
            most_per_plan: None,
            start_on: None,
        }
    }
}
