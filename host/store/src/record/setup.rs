//! Stored form of what an operator sets up: resellers, marketplaces, connections, users.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use counterfoil_domain::card::AuthScheme;
use counterfoil_domain::connection::{
    Connection, ConnectionState, Exceptions, HostRules, Marketplace, MarketplaceKind, PriceChoice, Reseller,
};
use counterfoil_domain::id::{Actor, ConnectionId, MarketplaceId, PluginId, ResellerId};
use counterfoil_domain::money::Rounding;
use counterfoil_domain::ports::User;
use rust_decimal::Decimal;

use super::{Record, stored_struct};

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

stored_struct!(HostRules as HostRulesRow {
    price_source: PriceChoice,
    rounding: Rounding,
    recurring_before_period: bool,
    most_per_plan: Option<Decimal>,
    start_on: Option<NaiveDate>,
});

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
