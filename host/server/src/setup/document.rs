//! The setup document's shape. Owns no checks beyond types; unknown keys are found by `keys`.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::wire::ProgramBody;

/// A secret in plain text, on its way in. It is never printed and never answered.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(transparent)]
#[schema(value_type = String, format = Password)]
pub struct Plain(String);

impl Plain {
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Plain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Plain(…)")
    }
}

/// A setting as people write it: text, a whole number, or true and false.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(untagged)]
pub enum SettingText {
    Text(String),
    Integer(i64),
    Boolean(bool),
}

impl fmt::Display for SettingText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => f.write_str(text),
            Self::Integer(number) => write!(f, "{number}"),
            Self::Boolean(choice) => write!(f, "{choice}"),
        }
    }
}

impl From<&str> for SettingText {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SetupDocument {
    #[serde(default)]
    pub reseller: BTreeMap<String, ResellerSetup>,
    #[serde(default)]
    pub marketplace: BTreeMap<String, MarketplaceSetup>,
    #[serde(default)]
    pub connection: BTreeMap<String, ConnectionSetup>,
    #[serde(default)]
    pub programs: Vec<ProgramSetup>,
}

/// A program of a connection. What is left out stays as it is; of a new one it is off.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ProgramSetup {
    pub connection: String,
    /// microsoft-csp
    pub name: String,
    #[serde(default)]
    pub enabled: Option<bool>,
    #[serde(default)]
    pub emails: Option<Vec<String>>,
    #[serde(default)]
    pub billing: Option<bool>,
    #[serde(default)]
    pub motions: Option<Vec<String>>,
    #[serde(default)]
    pub products: Option<bool>,
    /// all · in-use
    #[serde(default)]
    pub product_mode: Option<String>,
    #[serde(default)]
    pub azure: Option<bool>,
    #[serde(default)]
    pub annual: Option<bool>,
    #[serde(default)]
    pub taxable: Option<bool>,
    /// "06:30", or "none".
    #[serde(default)]
    pub daily_at: Option<String>,
    #[serde(default)]
    pub time_zone: Option<String>,
}

impl ProgramSetup {
    pub(super) fn body(&self) -> ProgramBody {
        ProgramBody {
            enabled: self.enabled,
            emails: self.emails.clone(),
            billing: self.billing,
            motions: self.motions.clone(),
            products: self.products,
            product_mode: self.product_mode.clone(),
            azure: self.azure,
            annual: self.annual,
            taxable: self.taxable,
            daily_at: self.daily_at.clone(),
            time_zone: self.time_zone.clone(),
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ResellerSetup {
    pub name: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MarketplaceSetup {
    pub reseller: String,
    /// cloudblue · file · catalog · catalog-files
    pub kind: String,
    /// Base URL, or the folder for `file` and `catalog-files`.
    pub location: String,
    #[serde(default)]
    pub plain_http: bool,
    #[serde(default)]
    pub private_addresses: bool,
    #[serde(default)]
    pub settings: BTreeMap<String, SettingText>,
    #[serde(default)]
    pub secrets: BTreeMap<String, Plain>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ConnectionSetup {
    pub reseller: String,
    pub plugin: String,
    pub marketplace: String,
    #[serde(default)]
    pub name: Option<String>,
    #[serde(default)]
    pub base_url: Option<String>,
    #[serde(default)]
    pub token_url: Option<String>,
    /// Where a person is sent to sign in.
    #[serde(default)]
    pub authorize_url: Option<String>,
    /// Where the target tells where its requests go. With `base_url`, whose placeholders it then fills.
    #[serde(default)]
    pub discovery_url: Option<String>,
    #[serde(default)]
    pub auth: Option<String>,
    /// Another connection, whose sign-in this one uses.
    #[serde(default)]
    pub sign_in_with: Option<String>,
    #[serde(default)]
    pub plain_http: bool,
    #[serde(default)]
    pub private_addresses: bool,
    /// marketplace · target
    #[serde(default)]
    pub price_source: Option<String>,
    /// half-away-from-zero · half-even
    #[serde(default)]
    pub rounding: Option<String>,
    #[serde(default)]
    pub recurring_before_period: bool,
    /// Decimal in a string.
    #[serde(default)]
    pub most_per_plan: Option<String>,
    #[serde(default)]
    pub most_lines: Option<u32>,
    /// A whole number of percent, or "none".
    #[serde(default)]
    pub most_change_percent: Option<SettingText>,
    #[serde(default)]
    pub start_on: Option<String>,
    /// elapsed-days · day-number · target-native · none
    #[serde(default)]
    pub proration: Option<String>,
    /// bill · quantity-only
    #[serde(default)]
    pub refunds: Option<String>,
    /// one (or false) · many (or true) · separate-containers
    #[serde(default)]
    pub many_to_one: Option<SettingText>,
    /// order · catalogue · template
    #[serde(default)]
    pub description_source: Option<String>,
    #[serde(default)]
    pub description_template: Option<String>,
    #[serde(default)]
    pub trim_description: bool,
    #[serde(default)]
    pub check_every_minutes: Option<u32>,
    /// problems · all
    #[serde(default)]
    pub notify: Option<String>,
    #[serde(default)]
    pub auto_sync: Option<AutoSyncSetup>,
    #[serde(default)]
    pub settings: BTreeMap<String, SettingText>,
    #[serde(default)]
    pub secrets: BTreeMap<String, Plain>,
    #[serde(default)]
    pub link: Vec<LinkSetup>,
}

/// Which tasks go without a person, for customers that are switched on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AutoSyncSetup {
    pub on: bool,
    /// sales · change · billing · cancellation · renewal; none: all of them.
    #[serde(default)]
    pub kinds: Vec<String>,
    /// Decimal in a string: larger plans wait for a person.
    #[serde(default)]
    pub most: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LinkSetup {
    /// party · item · fee · container
    pub kind: String,
    pub source: String,
    #[serde(default)]
    pub source_name: Option<String>,
    /// Id in the target; not with `never_sync`.
    #[serde(default)]
    pub target: Option<String>,
    #[serde(default)]
    pub code: String,
    #[serde(default)]
    pub name: String,
    #[serde(default)]
    pub attributes: BTreeMap<String, String>,
    #[serde(default)]
    pub never_sync: bool,
}
