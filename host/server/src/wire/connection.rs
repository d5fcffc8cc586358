//! Connections on the wire. Secrets are names only: no value ever leaves by this door.

use counterfoil_domain::connection::{AutoSync, Connection, HostRules};
use counterfoil_domain::money::Rounding;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::ToSchema;

use super::Day;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = Rules)]
pub struct RulesView {
    pub price_source: String,
    pub rounding: String,
    pub recurring_before_period: bool,
    /// Decimal.
    pub most_per_plan: Option<String>,
    pub most_lines: u32,
    /// Growth of a subscription's bill, in percent, that needs no person.
    pub most_change_percent: Option<u32>,
    pub start_on: Option<Day>,
    /// elapsed-days · day-number · target-native · none
    pub proration: String,
    /// bill · quantity-only
    pub refunds: String,
    /// one · many · separate-containers
    pub many_to_one: String,
    /// order · catalogue · template
    pub description_source: String,
    pub description_template: String,
    pub trim_description: bool,
    pub check_every_minutes: Option<u32>,
    /// problems · all
    pub notify: String,
    pub auto_sync: AutoSyncView,
}

/// Which tasks go without a person, for customers that are switched on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = AutoSync)]
pub struct AutoSyncView {
    pub on: bool,
    /// Empty: all but the initial ones.
    pub kinds: Vec<String>,
    /// Decimal.
    pub most: Option<String>,
}

impl From<&AutoSync> for AutoSyncView {
    fn from(auto: &AutoSync) -> Self {
        Self {
            on: auto.on,
            kinds: auto.kinds.iter().map(|kind| kind.name().to_owned()).collect(),
            most: auto.most.map(|most| most.normalize().to_string()),
        }
    }
}

pub(crate) const ROUNDINGS: [(&str, Rounding); 2] =
    [("half-away-from-zero", Rounding::HalfAwayFromZero), ("half-even", Rounding::HalfEven)];

pub(crate) fn rounding_name(rounding: Rounding) -> &'static str {
    ROUNDINGS.iter().find(|(_, known)| *known == rounding).map_or("unknown", |(name, _)| name)
}

impl From<&HostRules> for RulesView {
    fn from(rules: &HostRules) -> Self {
        Self {
            price_source: rules.price_source.name().to_owned(),
            rounding: rounding_name(rules.rounding).to_owned(),
            recurring_before_period: rules.recurring_before_period,
            most_per_plan: rules.most_per_plan.map(|most| most.normalize().to_string()),
            most_lines: rules.most_lines,
            most_change_percent: rules.most_change,
            start_on: rules.start_on.map(Into::into),
            proration: rules.proration.name().to_owned(),
            refunds: rules.refunds.name().to_owned(),
            many_to_one: rules.many_to_one.name().to_owned(),
            description_source: rules.descriptions.source.name().to_owned(),
            description_template: rules.descriptions.template.clone(),
            trim_description: rules.descriptions.trim,
            check_every_minutes: rules.check_every,
            notify: rules.notify.name().to_owned(),
            auto_sync: (&rules.auto_sync).into(),
        }
    }
}

/// A secret: whether it is there, never what it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = Secret)]
pub struct SecretView {
    pub name: String,
    pub set: bool,
    /// The authentication scheme in use asks for it.
    pub required: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = Connection)]
pub struct ConnectionView {
    pub id: String,
    pub reseller: String,
    pub name: String,
    pub plugin: String,
    /// Whether a version of the plugin is active.
    pub plugin_is_active: bool,
    pub marketplace: String,
    /// enabled · paused · needs-sign-in
    pub state: String,
    pub state_reason: String,
    pub base_url: Option<String>,
    pub token_url: Option<String>,
    pub authorize_url: Option<String>,
    #[serde(default)]
    pub discovery_url: Option<String>,
    pub auth: Option<String>,
    /// The connection whose sign-in it uses.
    pub sign_in_with: Option<String>,
    /// Where a person signed in: the last day on which its refresh token can still be used.
    pub sign_in_expires_on: Option<Day>,
    pub plain_http: bool,
    pub private_addresses: bool,
    pub settings: BTreeMap<String, String>,
    pub rules: RulesView,
    pub secrets: Vec<SecretView>,
}

impl ConnectionView {
    pub(crate) fn of(
        connection: &Connection,
        plugin_is_active: bool,
        secrets: Vec<SecretView>,
        sign_in_expires_on: Option<Day>,
    ) -> Self {
        Self {
            id: connection.id.to_string(),
            reseller: connection.reseller.to_string(),
            name: connection.name.clone(),
            plugin: connection.plugin.to_string(),
            plugin_is_active,
            marketplace: connection.marketplace.to_string(),
            state: connection.state.name().to_owned(),
            state_reason: connection.state_reason.clone(),
            base_url: connection.base_url.clone(),
            token_url: connection.token_url.clone(),
            authorize_url: connection.rules.sign_in.authorize_url.clone(),
            discovery_url: connection.rules.discovery_url.clone(),
            auth: connection.auth.map(|scheme| scheme.name().to_owned()),
            sign_in_with: connection.rules.sign_in.with.as_ref().map(ToString::to_string),
            sign_in_expires_on,
            plain_http: connection.exceptions.plain_http,
            private_addresses: connection.exceptions.private_addresses,
            settings: connection.settings.clone(),
            rules: (&connection.rules).into(),
            secrets,
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ConnectionPage {
    pub connections: Vec<ConnectionView>,
    pub has_more: bool,
    pub next: Option<String>,
}

/// Pause or enable.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct StateChange {
    /// enabled · paused
    pub state: String,
    #[serde(default)]
    pub reason: String,
}
