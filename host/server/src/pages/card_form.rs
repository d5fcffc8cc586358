//! Forms made from a plugin's card: an input for each setting, and one for each secret that signing in takes. What is typed
//! is held against the card by the setup document's checks.

use std::collections::BTreeMap;

use super::fields::Fields;
use crate::setup::{Plain, SettingText};
use crate::wire::{PluginView, SecretView, SettingView};

/// Whose refresh token comes by signing in, not by a form.
pub(super) const BY_A_PERSON: &str = "oauth2-authorization-code";
const REFRESH_TOKEN: &str = "refresh_token";

pub(super) struct Choice {
    pub(super) value: String,
    pub(super) text: String,
    pub(super) here: bool,
}

pub(super) struct Input {
    pub(super) name: String,
    pub(super) label: String,
    pub(super) help: String,
    pub(super) value: String,
    pub(super) default: String,
    pub(super) required: bool,
    pub(super) is_number: bool,
    /// Empty: it is typed.
    pub(super) choices: Vec<Choice>,
}

fn input(setting: &SettingView, set: &BTreeMap<String, String>) -> Input {
    let value = set.get(&setting.name).cloned().unwrap_or_default();
    let default = setting.default.clone().unwrap_or_default();
    let choices = match setting.kind.as_str() {
        "boolean" => vec![("true".to_owned(), "yes".to_owned()), ("false".to_owned(), "no".to_owned())],
        _ => setting.choices.iter().map(|choice| (choice.clone(), choice.clone())).collect(),
    };
    let choice = |(known, text): (String, String)| Choice { here: known == value, value: known, text };
    let choices = choices.into_iter().map(choice).collect();
    Input {
        name: setting.name.clone(),
        label: setting.label.clone(),
        help: setting.help.clone(),
        required: setting.required && setting.default.is_none(),
        is_number: setting.kind == "integer",
        choices,
        value,
        default,
    }
}

pub(super) fn inputs(settings: &[SettingView], set: &BTreeMap<String, String>) -> Vec<Input> {
    settings.iter().map(|setting| input(setting, set)).collect()
}

/// Secrets that a new connection needs, in the way of signing in that was chosen.
pub(super) fn needed_secrets(plugin: &PluginView, scheme: &str) -> Vec<SecretView> {
    let auth = plugin.auth.iter().find(|auth| auth.scheme == scheme);
    let names = auth.map(|auth| auth.secrets.clone()).unwrap_or_default();
    let typed = names.into_iter().filter(|name| !(scheme == BY_A_PERSON && name == REFRESH_TOKEN));
    typed.map(|name| SecretView { name, set: false, required: true }).collect()
}

/// Those that a form may set: what a sign-in gives is not typed.
pub(super) fn typed_secrets(secrets: &[SecretView]) -> Vec<SecretView> {
    secrets.iter().filter(|secret| secret.name != REFRESH_TOKEN).cloned().collect()
}

/// What was typed for settings; what is left empty is not set.
pub(super) fn settings(fields: &Fields) -> BTreeMap<String, SettingText> {
    let typed = fields.below("setting.").map(|(name, value)| (name, value.trim()));
    typed.filter(|(_, value)| !value.is_empty()).map(|(name, value)| (name.to_owned(), value.into())).collect()
}

/// What was typed for secrets; what is left empty stays as it is.
pub(super) fn secrets(fields: &Fields) -> BTreeMap<String, Plain> {
    let typed = fields.below("secret.").map(|(name, value)| (name, value.trim()));
    typed.filter(|(_, value)| !value.is_empty()).map(|(name, value)| (name.to_owned(), Plain::new(value))).collect()
}
