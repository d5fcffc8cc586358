//! Stored form of what an operator sets up: resellers, marketplaces, connections, users.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use counterfoil_domain::card::AuthScheme;
use counterfoil_domain::connection::{
    AutoSync, Connection, ConnectionState, DescriptionSource, Descriptions, Exceptions, HostRules, Marketplace,
    MarketplaceKind, Notify, PriceChoice, Refunds, Reseller, SignInRules,
};
use counterfoil_domain::id::{Actor, ConnectionId, MarketplaceId, PluginId, ResellerId};
use counterfoil_domain::job::JobKind;
use counterfoil_domain::money::Rounding;
use counterfoil_domain::ports::User;
use counterfoil_domain::proration::Method;
use rust_decimal::Decimal;

use super::{Record, Stored as _, stored_struct};

stored_struct!(Reseller as ResellerRow { id: ResellerId, name: String });

impl Record for Reseller {
    const WHAT: &'static str = "reseller";
}

stored_struct!(Exceptions as ExceptionsRow { plain_http: bool, private_addresses: bool });

stored_struct!(Marketplace as MarketplaceRow {
    id: MarketplaceId,
    reseller: ResellerId,
    kind: MarketplaceKind,
    location: String,
    settings: BTreeMap<String, String>,
    exceptions: Exceptions,
});

impl Record for Marketplace {
    const WHAT: &'static str = "marketplace";
}

stored_struct!(Descriptions as DescriptionsRow { source: DescriptionSource, template: String, trim: bool });

stored_struct!(AutoSync as AutoSyncRow { on: bool, kinds: Vec<JobKind>, most: Option<Decimal> });

stored_struct!(SignInRules as SignInRulesRow { with: Option<ConnectionId>, authorize_url: Option<String> });

stored_struct!(#[serde(default)] HostRules as HostRulesRow {
    price_source: PriceChoice,
    rounding: Rounding,
    recurring_before_period: bool,
    most_per_plan: Option<Decimal>,
    most_lines: u32,
    most_change: Option<u32>,
    start_on: Option<NaiveDate>,
    proration: Method,
    descriptions: Descriptions,
    refunds: Refunds,
    many_to_one: bool,
    auto_sync: AutoSync,
    check_every: Option<u32>,
    notify: Notify,
    sign_in: SignInRules,
});

/// Rules that came with a later version are as on a new connection.
impl Default for HostRulesRow {
    fn default() -> Self {
        HostRules::default().to_row()
    }
}

stored_struct!(Connection as ConnectionRow {
    id: ConnectionId,
    reseller: ResellerId,
    name: String,
    plugin: PluginId,
    marketplace: MarketplaceId,
    state: ConnectionState,
    state_reason: String,
    base_url: Option<String>,
    token_url: Option<String>,
    auth: Option<AuthScheme>,
    exceptions: Exceptions,
    settings: BTreeMap<String, String>,
    rules: HostRules,
});

impl Record for Connection {
    const WHAT: &'static str = "connection";
}

stored_struct!(User as UserRow {
    name: Actor,
    role: String,
    password_hash: String,
    tokens: Vec<(String, String)>,
});

impl Record for User {
    const WHAT: &'static str = "user";
}
