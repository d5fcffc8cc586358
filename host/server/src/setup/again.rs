//! A connection that stands, as the document that would make it: what changes a part of it sends the rest back as it is.

use super::document::{AutoSyncSetup, ConnectionSetup, SettingText};
use crate::wire::ConnectionView;

/// Without secrets and links, which stay where a document does not name them.
pub(crate) fn again(view: &ConnectionView) -> ConnectionSetup {
    let rules = view.rules.clone();
    // A template counts, and may be told, only where descriptions come from it.
    let template = Some(rules.description_template).filter(|_| rules.description_source == "template");
    let percent = rules.most_change_percent;
    let auto = rules.auto_sync;
    ConnectionSetup {
        reseller: view.reseller.clone(),
        plugin: view.plugin.clone(),
        marketplace: view.marketplace.clone(),
        name: Some(view.name.clone()),
        base_url: view.base_url.clone(),
        token_url: view.token_url.clone(),
        authorize_url: view.authorize_url.clone(),
        discovery_url: view.discovery_url.clone(),
        auth: view.auth.clone(),
        sign_in_with: view.sign_in_with.clone(),
        plain_http: view.plain_http,
        private_addresses: view.private_addresses,
        price_source: Some(rules.price_source),
        rounding: Some(rules.rounding),
        recurring_before_period: rules.recurring_before_period,
        most_per_plan: rules.most_per_plan,
        most_lines: Some(rules.most_lines),
        most_change_percent: Some(percent.map_or_else(|| "none".into(), |most| SettingText::Integer(most.into()))),
        start_on: rules.start_on.map(|day| day.to_string()),
        proration: Some(rules.proration),
        refunds: Some(rules.refunds),
        many_to_one: Some(SettingText::Text(rules.many_to_one)),
        description_source: Some(rules.description_source),
        description_template: template,
        trim_description: rules.trim_description,
        check_every_minutes: rules.check_every_minutes,
        notify: Some(rules.notify),
        auto_sync: Some(AutoSyncSetup { on: auto.on, kinds: auto.kinds, most: auto.most }),
        settings: view.settings.iter().map(|(name, value)| (name.clone(), value.as_str().into())).collect(),
        secrets: Default::default(),
        link: Vec::new(),
    }
}
