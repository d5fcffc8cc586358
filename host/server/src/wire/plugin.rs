//! Plugins on the wire: what their cards promise and ask for.

use counterfoil_domain::card::{Card, DeliveryClass, Setting, SettingType};
use counterfoil_domain::id::PluginDigest;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = Setting)]
pub struct SettingView {
    pub name: String,
    pub label: String,
    pub help: String,
    /// text · integer · boolean · choice
    pub kind: String,
    pub choices: Vec<String>,
    pub required: bool,
    pub default: Option<String>,
}

impl From<&Setting> for SettingView {
    fn from(setting: &Setting) -> Self {
        let (kind, choices) = match &setting.kind {
            SettingType::Text => ("text", Vec::new()),
            SettingType::Integer => ("integer", Vec::new()),
            SettingType::Boolean => ("boolean", Vec::new()),
            SettingType::Choice(choices) => ("choice", choices.clone()),
        };
        Self {
            name: setting.name.clone(),
            label: setting.label.clone(),
            help: setting.help.clone(),
            kind: kind.to_owned(),
            choices,
            required: setting.required,
            default: setting.default.clone(),
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AuthView {
    pub scheme: String,
    /// Names only.
    pub secrets: Vec<String>,
    pub scopes: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AllowedView {
    pub method: String,
    pub path: String,
    /// read · write
    pub effect: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = Plugin)]
pub struct PluginView {
    pub id: String,
    pub name: String,
    pub version: String,
    pub publisher: String,
    pub summary: String,
    pub contract: String,
    pub digest: String,
    /// New work goes to this version.
    pub active: bool,
    pub documents: Vec<String>,
    pub base_url: String,
    pub allowed: Vec<AllowedView>,
    /// The first is the default.
    pub auth: Vec<AuthView>,
    /// What can be relied on when an answer is lost: A, B or C.
    pub delivery: String,
    pub settings: Vec<SettingView>,
    /// Names of the scenario rows.
    pub scenarios: Vec<String>,
    pub memory_mib: u32,
}

impl PluginView {
    pub(crate) fn of(card: &Card, digest: &PluginDigest, active: bool) -> Self {
        let delivery = match card.delivery.class() {
            DeliveryClass::A { .. } => "A",
            DeliveryClass::B => "B",
            DeliveryClass::C => "C",
        };
        let auth = card.auth.iter().map(|auth| AuthView {
            scheme: auth.scheme.name().to_owned(),
            secrets: auth.secrets.clone(),
            scopes: auth.scopes.clone(),
        });
        let allowed = card.egress.allow.iter().map(|allowed| AllowedView {
            method: allowed.method.clone(),
            path: allowed.path.clone(),
            effect: allowed.effect.name().to_owned(),
        });
        Self {
            id: card.id.to_string(),
            name: card.name.clone(),
            version: card.version.clone(),
            publisher: card.publisher.clone(),
            summary: card.summary.clone(),
            contract: card.contract.clone(),
            digest: digest.to_string(),
            active,
            documents: card.documents.clone(),
            base_url: card.egress.base_url.clone(),
            allowed: allowed.collect(),
            auth: auth.collect(),
            delivery: delivery.to_owned(),
            settings: card.settings.iter().map(Into::into).collect(),
            scenarios: card.scenarios.iter().map(|row| row.name.clone()).collect(),
            memory_mib: card.limits.memory_mib,
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PluginList {
    pub plugins: Vec<PluginView>,
}
