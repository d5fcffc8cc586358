//! Who a plugin is and which contract it speaks.

use counterfoil_domain::id::PluginId;

use super::CONTRACT;
use super::contract::other_contract_remedy;
use super::reader::Fields;
use super::rules::{is_slug, is_version};

#[derive(Debug)]
pub(super) struct Identity {
    pub(super) id: PluginId,
    pub(super) name: String,
    pub(super) version: String,
    pub(super) publisher: String,
    pub(super) summary: String,
    pub(super) documents: Vec<String>,
}

pub(super) fn contract(root: &mut Fields<'_>) {
    let report = root.report();
    if let Some(contract) = root.text("contract").filter(|contract| contract.value != CONTRACT) {
        let found = &contract.value;
        let message =
            format!("\"{found}\" is not served; this host serves \"{CONTRACT}\". {}", other_contract_remedy(found));
        report.say(&contract.spot, message);
    }
}

pub(super) fn plugin(mut fields: Fields<'_>) -> Identity {
    let report = fields.report();
    let id = fields.text("id");
    if let Some(id) = id.as_ref().filter(|id| !is_slug(&id.value)) {
        report.say(
            &id.spot,
            format!(
                "\"{}\" must be a lower-case word of letters, digits and dashes, at most 40, such as \"xero\"",
                id.value
            ),
        );
    }
    let version = fields.text("version");
    if let Some(version) = version.as_ref().filter(|version| !is_version(&version.value)) {
        report.say(&version.spot, format!("\"{}\" must be three numbers, such as \"1.4.0\"", version.value));
    }
    let documents = fields.some_texts("documents");
    for document in documents.iter().filter(|document| !is_slug(&document.value)) {
        report
            .say(&document.spot, format!("\"{}\" must be a lower-case word, such as \"credit-note\"", document.value));
    }
    let mut words = |key| fields.text(key).map(|text| text.value).unwrap_or_default();
    let identity = Identity {
        id: PluginId::new(id.map(|id| id.value).unwrap_or_default()),
        name: words("name"),
        version: version.map(|version| version.value).unwrap_or_default(),
        publisher: words("publisher"),
        summary: words("summary"),
        documents: documents.into_iter().map(|document| document.value).collect(),
    };
    fields.finish();
    identity
}
