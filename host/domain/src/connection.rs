//! Connections and configured marketplaces: one reseller's access to one target, and where orders come from.

use std::collections::BTreeMap;
use std::fmt;

use chrono::NaiveDate;
use rust_decimal::Decimal;

use crate::card::AuthScheme;
use crate::id::{ConnectionId, MarketplaceId, PluginId, ResellerId};
use crate::job::JobKind;
use crate::money::Rounding;
use crate::order::named;
use crate::proration::Method;

named! {
    MarketplaceKind {
        CloudBlue = "cloudblue",
        File = "file",
        /// Crayon Cloud-iQ: billing statements.
        CloudIq = "cloudiq",
        /// PRISM (rhipe): invoices.
        Prism = "prism",
        /// A provider's catalog and its resellers', over HTTP.
        Catalog = "catalog",
        /// The same in a folder.
        CatalogFiles = "catalog-files",
    }
}

impl MarketplaceKind {
    /// It holds catalogs, and no orders: no connection reads it.
    pub fn holds_catalogs(self) -> bool {
        match self {
            Self::Catalog | Self::CatalogFiles => true,
            Self::CloudBlue | Self::File | Self::CloudIq | Self::Prism => false,
        }
    }

    /// It shows statements instead of orders.
    pub fn holds_statements(self) -> bool {
        match self {
            Self::CloudIq | Self::Prism => true,
            Self::CloudBlue | Self::File | Self::Catalog | Self::CatalogFiles => false,
        }
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
    /// Base URL, or the folder for `file` and `catalog-files`.
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

impl Connection {
    /// Whose sign-in it uses: its own, or that of the connection it names.
    pub fn signs_in_as(&self) -> &ConnectionId {
        self.rules.sign_in.with.as_ref().unwrap_or(&self.id)
    }
}

named! {
    /// What a line of a document is called.
    DescriptionSource {
        /// As the order's line says.
        Order = "order",
        /// The name of the linked item.
        Catalogue = "catalogue",
        /// By the connection's template.
        Template = "template",
    }
}

/// How lines are described.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Descriptions {
    pub source: DescriptionSource,
    /// For `template`: "{product} {period}".
    pub template: String,
    /// Cut to the product's name, where the line names a product.
    pub trim: bool,
}

named! {
    /// What becomes of money that a downgrade or a cancellation gives back.
    Refunds {
        /// A document of its own, or a deduction, as the target does it.
        Bill = "bill",
        /// Only the quantity changes; the money is given back by hand, or not at all.
        QuantityOnly = "quantity-only",
    }
}

named! {
    /// How many products may be linked to one item.
    ManyToOne {
        One = "one",
        Many = "many",
        /// Several, as long as no container holds two of them: there nobody could tell them apart. Where lines go into no
        /// containers that is as many as you like.
        SeparateContainers = "separate-containers",
    }
}

named! {
    /// What people are told of.
    Notify {
        /// Errors, and what waits for somebody.
        Problems = "problems",
        All = "all",
    }
}

/// Which tasks are confirmed without a person. Off until the connection and the customer are both switched on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AutoSync {
    pub on: bool,
    /// Empty: every kind but the initial ones, which never go by themselves.
    pub kinds: Vec<JobKind>,
    /// Larger plans wait for a person; in the order's currency, whichever it is.
    pub most: Option<Decimal>,
}

/// How a person signs the connection in, where one must.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SignInRules {
    /// Another connection whose sign-in this one uses: its secrets, and one chain of refresh tokens for both.
    pub with: Option<ConnectionId>,
    /// None: the card's.
    pub authorize_url: Option<String>,
}

/// More lines than any order of ours has: a plan that large is a defect, not a bill.
pub const MOST_LINES: u32 = 1_000;

/// Minutes. What a source allows is spent on orders, not on asking.
pub const SHORTEST_CHECK: u32 = 5;

/// What the host does for this connection, whatever the target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostRules {
    pub price_source: PriceChoice,
    pub rounding: Rounding,
    /// Whether the row "recurring before period" is on: billing orders under before-billing-period.
    pub recurring_before_period: bool,
    /// Largest total a plan may have without a person's acceptance; none: no bound.
    pub most_per_plan: Option<Decimal>,
    /// Most lines of one plan.
    pub most_lines: u32,
    /// By how many percent a subscription's bill may exceed its last one of the same kind without a person's
    /// acceptance; none: no bound.
    pub most_change: Option<u32>,
    /// Orders before this day are outside the start window; none: one month before the first check.
    pub start_on: Option<NaiveDate>,
    pub proration: Method,
    pub descriptions: Descriptions,
    pub refunds: Refunds,
    pub many_to_one: ManyToOne,
    pub auto_sync: AutoSync,
    /// Minutes from one check to the next; none: only when somebody asks.
    pub check_every: Option<u32>,
    pub notify: Notify,
    pub sign_in: SignInRules,
    /// Where the target tells where it is; none: where the card says, unless the connection has a base URL of its own.
    pub discovery_url: Option<String>,
}

impl Default for HostRules {
    fn default() -> Self {
        Self {
            price_source: PriceChoice::Marketplace,
            rounding: Rounding::default(),
            recurring_before_period: false,
            most_per_plan: None,
            most_lines: MOST_LINES,
            most_change: Some(400),
            start_on: None,
            proration: Method::default(),
            descriptions: Descriptions { source: DescriptionSource::Order, template: String::new(), trim: false },
            refunds: Refunds::Bill,
            many_to_one: ManyToOne::SeparateContainers,
            auto_sync: AutoSync::default(),
            check_every: None,
            notify: Notify::Problems,
            sign_in: SignInRules::default(),
            discovery_url: None,
        }
    }
}
