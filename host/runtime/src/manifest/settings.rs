//! The settings that a connection fills in: the dashboard's form is made from them.

use counterfoil_domain::card::{Setting, SettingType};

use super::reader::{At, Fields, Report, allowed};
use super::rules::is_word;

const TYPES: [&str; 4] = ["string", "integer", "boolean", "choice"];

pub(super) fn settings(root: &mut Fields<'_>) -> Vec<Setting> {
    let Some(table) = root.maybe_table("settings") else { return Vec::new() };
    table.named_tables().into_iter().filter_map(|(name, fields)| setting(name, fields)).collect()
}

fn setting(name: At<String>, mut fields: Fields<'_>) -> Option<Setting> {
    let report = fields.report();
    if !is_word(&name.value) {
        report.say(&name.spot, "must be lower-case letters, digits and underscores, beginning with a letter");
    }
    let kind = fields.text("type");
    let label = fields.text("label").map(|label| label.value).unwrap_or_default();
    let help = fields.scalar("help").map(|help| help.value).unwrap_or_default();
    let choices: Vec<String> = fields.texts("choices").into_iter().map(|choice| choice.value).collect();
    let required = fields.flag("required").unwrap_or(false);
    let default = fields.scalar("default");
    let is_choice = kind.as_ref().is_some_and(|kind| kind.value == "choice");
    if is_choice && choices.is_empty() {
        fields.say("choices", "must list at least one for a choice");
    } else if kind.is_some() && !is_choice && !choices.is_empty() {
        fields.say("choices", "only a setting of type \"choice\" has choices");
    }
    fields.finish();
    let kind = self::kind(report, &kind?, choices)?;
    if let Some(default) = &default
        && let Some(problem) = bad_value(&kind, &default.value)
    {
        report.say(&default.spot, problem);
    }
    Some(Setting { name: name.value, label, help, kind, required, default: default.map(|default| default.value) })
}

fn kind(report: &Report<'_>, given: &At<String>, choices: Vec<String>) -> Option<SettingType> {
    match given.value.as_str() {
        "string" => Some(SettingType::Text),
        "integer" => Some(SettingType::Integer),
        "boolean" => Some(SettingType::Boolean),
        "choice" => Some(SettingType::Choice(choices)),
        other => {
            report.say(&given.spot, format!("\"{other}\" is not a type; {}", allowed(other, &TYPES)));
            None
        }
    }
}

fn bad_value(kind: &SettingType, value: &str) -> Option<String> {
    match kind {
        SettingType::Integer if value.parse::<i64>().is_err() => Some(format!("\"{value}\" is not a whole number")),
        SettingType::Boolean if !matches!(value, "true" | "false") => {
            Some(format!("\"{value}\" is neither \"true\" nor \"false\""))
        }
        SettingType::Choice(choices) if !choices.is_empty() && !choices.iter().any(|choice| choice == value) => {
            Some(format!("\"{value}\" is not one of the choices: {}", choices.join(", ")))
        }
        _ => None,
    }
}
