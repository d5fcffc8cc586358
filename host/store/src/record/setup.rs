//! Stored form of what an operator sets up: resellers, marketplaces, connections, users.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use counterfoil_domain::card::AuthScheme;
use counterfoil_domain::connection::{
    AutoSync, Connection, ConnectionState, DescriptionSource, Descriptions, Exceptions, HostRules, ManyToOne,
    Marketplace, MarketplaceKind, Notify, PriceChoice, Refunds, Reseller, SignInRules,
};
use counterfoil_domain::id::{Actor, ConnectionId, MarketplaceId, PluginId, ResellerId};
use counterfoil_domain::job::JobKind;
use counterfoil_domain::money::Rounding;
use counterfoil_domain::ports::User;
use counterfoil_domain::proration::Method;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::{Bad, Record, Stored, stored_struct};

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

/// Its word; records of versions that knew only two say whether several are allowed.
#[derive(Debug, Serialize, Deserialize)]
#[serde(untagged)]
pub(crate) enum ManyToOneRow {
    Word(String),
    Allowed(bool),
}

impl Stored for ManyToOne {
    type Row = ManyToOneRow;

    fn to_row(&self) -> ManyToOneRow {
        ManyToOneRow::Word(self.name().to_owned())
    }

    fn from_row(row: ManyToOneRow) -> Result<Self, Bad> {
        match row {
            ManyToOneRow::Word(word) => Self::parse(&word).ok_or_else(|| Bad::new(format!("no such choice: {word}"))),
            // No target of that time had containers.
            ManyToOneRow::Allowed(true) => Ok(Self::SeparateContainers),
            ManyToOneRow::Allowed(false) => Ok(Self::One),
        }
    }
}

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
    many_to_one: ManyToOne,
    auto_sync: AutoSync,
    check_every: Option<u32>,
    notify: Notify,
    sign_in: SignInRules,
    discovery_url: Option<String>,
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn how_many_products_an_item_may_have_is_read_as_it_was_kept_before() {
        let read = |text: &str| serde_json::from_str(text).ok().and_then(|row| ManyToOne::from_row(row).ok());
        assert_eq!(read("true"), Some(ManyToOne::SeparateContainers));
        assert_eq!(read("false"), Some(ManyToOne::One));
        for one in ManyToOne::ALL {
            let written = serde_json::to_string(&one.to_row()).ok();
            assert_eq!(written.as_deref().and_then(read), Some(*one));
        }
        assert_eq!(read("\"several\""), None);
    }
}
