//! Whether a connection of a document makes sense: its plugin, its settings against the card's schema,
//! its secrets, rules and links.

use std::collections::{BTreeMap, BTreeSet};

use counterfoil_domain::card::{Auth, AuthScheme, Card, SettingType};
use counterfoil_domain::connection::{Connection, ConnectionState, Exceptions, MarketplaceKind};
use counterfoil_domain::id::{ConnectionId, MarketplaceId};
use counterfoil_domain::link::{Link, LinkKey, LinkKind, LinkState, LinkTarget};
use counterfoil_domain::order::Fee;
use counterfoil_domain::secret::SecretScope;

use super::check::{Checker, texts};
use super::document::{ConnectionSetup, LinkSetup, SettingText};
use super::keys::escape;
use super::rules::rules;
use crate::suggest::hint;

pub(super) fn connection(checker: &mut Checker<'_>, id: &str, setup: &ConnectionSetup) {
    let at = format!("/connection/{}", escape(id));
    checker.id(&at, id);
    checker.reseller(&at, &setup.reseller);
    marketplace_of(checker, &at, setup);
    if setup.name.is_some() {
        checker.not_empty(&at, "name", setup.name.as_deref().unwrap_or_default());
    }
    let id = ConnectionId::from(id);
    let before = checker.current.connection(&id).cloned();
    if let Some(before) = &before {
        stays(checker, &at, before, setup);
    }
    let card = card_of(checker, &at, setup);
    urls(checker, &at, setup, card.as_ref());
    let mut rules = rules(checker, &at, setup);
    rules.sign_in.authorize_url.clone_from(&setup.authorize_url);
    rules.discovery_url.clone_from(&setup.discovery_url);
    rules.sign_in.with =
        setup.sign_in_with.as_deref().and_then(|with| sign_in_with(checker, &at, id.as_str(), setup, with));
    let mut values = texts(&setup.settings);
    let auth = setup.auth.as_deref().and_then(|written| scheme(checker, &at, written, card.as_ref()));
    if let Some(card) = &card {
        settings(checker, &at, card, &setup.settings);
        let chosen = card.auth.iter().find(|a| auth.is_none_or(|scheme| a.scheme == scheme));
        let moved = before.as_ref().is_some_and(|before| {
            let was = (&before.base_url, &before.token_url, &before.rules.discovery_url);
            was != (&setup.base_url, &setup.token_url, &setup.discovery_url)
                || address_settings(card, &before.settings) != address_settings(card, &texts(&setup.settings))
        });
        let needed =
            if setup.sign_in_with.is_some() { Vec::new() } else { chosen.map(needed_secrets).unwrap_or_default() };
        keep_tenant(chosen, before.as_ref(), &mut values);
        checker.secrets(&at, &SecretScope::Connection(id.clone()), &setup.secrets, &needed, moved);
    }
    links(checker, &at, &id, &setup.link);
    checker.desired.connections.push(Connection {
        name: setup.name.clone().unwrap_or_else(|| id.to_string()),
        reseller: setup.reseller.as_str().into(),
        plugin: setup.plugin.as_str().into(),
        marketplace: setup.marketplace.as_str().into(),
        state: before.as_ref().map_or(ConnectionState::Enabled, |before| before.state),
        state_reason: before.map(|before| before.state_reason).unwrap_or_default(),
        base_url: setup.base_url.clone(),
        token_url: setup.token_url.clone(),
        auth,
        exceptions: Exceptions { plain_http: setup.plain_http, private_addresses: setup.private_addresses },
        settings: values,
        rules,
        id,
    });
}

fn urls(checker: &mut Checker<'_>, at: &str, setup: &ConnectionSetup, card: Option<&Card>) {
    for (field, url) in [
        ("base_url", &setup.base_url),
        ("token_url", &setup.token_url),
        ("authorize_url", &setup.authorize_url),
        ("discovery_url", &setup.discovery_url),
    ] {
        if let Some(url) = url {
            checker.url(at, field, url, setup.plain_http);
        }
    }
    if setup.discovery_url.is_some()
        && let Some(card) = card.filter(|card| card.egress.discovery.is_none())
    {
        let why = format!("{} does not tell where it is; leave discovery_url out", card.name);
        checker.fault(at, "discovery_url", "no-discovery", why);
    }
}

/// A refresh token comes by signing in, not by the document.
fn needed_secrets(auth: &Auth) -> Vec<String> {
    let signs_in = auth.scheme == AuthScheme::AuthorizationCode;
    auth.secrets.iter().filter(|name| !(signs_in && *name == "refresh_token")).cloned().collect()
}

/// The account that was chosen when somebody signed in stays, unless the document names one.
fn keep_tenant(auth: Option<&Auth>, before: Option<&Connection>, values: &mut BTreeMap<String, String>) {
    let Some(list) = auth.and_then(|auth| auth.tenants.as_ref()) else { return };
    if let Some(chosen) = before.and_then(|before| before.settings.get(&list.setting))
        && !values.contains_key(&list.setting)
    {
        values.insert(list.setting.clone(), chosen.clone());
    }
}

/// What must be the same, or the other's tokens would be worth nothing here, or go where they were not given for.
type SignIn = (String, String, Option<String>, Option<String>);

/// The connection whose sign-in is used: of the same reseller and plugin, signed in the same way at the same place, and
/// with a sign-in of its own.
fn sign_in_with(
    checker: &mut Checker<'_>,
    at: &str,
    id: &str,
    setup: &ConnectionSetup,
    with: &str,
) -> Option<ConnectionId> {
    let own: SignIn = (setup.reseller.clone(), setup.plugin.clone(), setup.auth.clone(), setup.token_url.clone());
    let other = ConnectionId::from(with);
    let documented = checker.document.connection.get(with).map(|o| {
        ((o.reseller.clone(), o.plugin.clone(), o.auth.clone(), o.token_url.clone()), o.sign_in_with.is_some())
    });
    let stored = checker.current.connection(&other).map(|o| {
        let auth = o.auth.map(|scheme| scheme.name().to_owned());
        let sign_in: SignIn = (o.reseller.to_string(), o.plugin.to_string(), auth, o.token_url.clone());
        (sign_in, o.rules.sign_in.with.is_some())
    });
    let why = match documented.or(stored) {
        _ if with == id => "a connection without the key signs in by itself; leave it out".to_owned(),
        None => {
            let known = checker.current.connections.iter().map(|known| known.id.to_string());
            let known: BTreeSet<String> = known.chain(checker.document.connection.keys().cloned()).collect();
            format!("there is no connection \"{with}\"; {}", hint(with, known.iter().map(String::as_str)))
        }
        Some((_, true)) => format!("\"{with}\" uses another one's sign-in itself; name that one"),
        Some((other, false)) if other != own => format!(
            "\"{with}\" must have the same reseller, plugin, auth and token_url, because one sign-in serves both"
        ),
        Some(_) if !setup.secrets.is_empty() => {
            format!("its secrets are those of \"{with}\"; leave secrets out here")
        }
        Some(_) => return Some(other),
    };
    checker.fault(at, "sign_in_with", "bad-sign-in", why);
    None
}

/// What was written through a connection is found again through it: these never change.
fn stays(checker: &mut Checker<'_>, at: &str, before: &Connection, setup: &ConnectionSetup) {
    let pairs = [
        ("reseller", before.reseller.as_str(), &setup.reseller),
        ("plugin", before.plugin.as_str(), &setup.plugin),
        ("marketplace", before.marketplace.as_str(), &setup.marketplace),
    ];
    for (field, was, is) in pairs {
        if was != is {
            checker.fault(
                at,
                field,
                "fixed",
                format!("it is \"{was}\" and stays so, because tasks and receipts rest on it; make another connection"),
            );
        }
    }
}

fn marketplace_of(checker: &mut Checker<'_>, at: &str, setup: &ConnectionSetup) {
    let written = &setup.marketplace;
    let documented = checker.document.marketplace.get(written).map(|m| (m.reseller.clone(), m.kind.clone()));
    let known = checker.current.marketplace(&MarketplaceId::from(written.as_str()));
    match documented.or(known.map(|m| (m.reseller.to_string(), m.kind.name().to_owned()))) {
        Some((_, kind)) if MarketplaceKind::parse(&kind).is_some_and(MarketplaceKind::holds_catalogs) => {
            let text = format!(
                "the marketplace \"{written}\" holds catalogs and no orders: `counterfoil catalog` works with it; name one that orders come from"
            );
            checker.fault(at, "marketplace", "holds-catalogs", text);
        }
        Some((reseller, _)) if reseller == setup.reseller => {}
        Some((reseller, _)) => {
            checker.fault(
                at,
                "marketplace",
                "other-reseller",
                format!("the marketplace \"{written}\" belongs to reseller \"{reseller}\""),
            );
        }
        None => {
            let ids: BTreeSet<String> = checker
                .document
                .marketplace
                .keys()
                .cloned()
                .chain(checker.current.marketplaces.iter().map(|m| m.id.to_string()))
                .collect();
            let help = hint(written, ids.iter().map(String::as_str));
            checker.fault(
                at,
                "marketplace",
                "unknown-marketplace",
                format!("there is no marketplace \"{written}\"; {help}"),
            );
        }
    }
}

fn card_of(checker: &mut Checker<'_>, at: &str, setup: &ConnectionSetup) -> Option<Card> {
    let card = checker.current.cards.iter().find(|card| card.id.as_str() == setup.plugin).cloned();
    if card.is_none() {
        let installed: Vec<String> = checker.current.cards.iter().map(|card| card.id.to_string()).collect();
        let list = if installed.is_empty() { "none".to_owned() } else { installed.join(", ") };
        let near = crate::suggest::nearest(&setup.plugin, installed.iter().map(String::as_str));
        let near = near.map(|near| format!("; did you mean \"{near}\"?")).unwrap_or_default();
        checker.fault(
            at,
            "plugin",
            "unknown-plugin",
            format!("the plugin \"{}\" is not installed; installed are: {list}{near}", setup.plugin),
        );
    }
    card
}

fn scheme(checker: &mut Checker<'_>, at: &str, written: &str, card: Option<&Card>) -> Option<AuthScheme> {
    let known: Vec<(&str, AuthScheme)> = match card {
        Some(card) => card.auth.iter().map(|auth| (auth.scheme.name(), auth.scheme)).collect(),
        None => AuthScheme::ALL.iter().map(|scheme| (scheme.name(), *scheme)).collect(),
    };
    checker.word(at, "auth", written, &known)
}

fn settings(checker: &mut Checker<'_>, at: &str, card: &Card, given: &BTreeMap<String, SettingText>) {
    for (name, value) in given {
        let field = format!("settings/{}", escape(name));
        let Some(setting) = card.setting(name) else {
            let help = hint(name, card.settings.iter().map(|setting| setting.name.as_str()));
            checker.fault(at, &field, "unknown-setting", format!("{} has no setting \"{name}\"; {help}", card.name));
            continue;
        };
        let text = value.to_string();
        let is_plain = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte));
        match &setting.kind {
            SettingType::Text if is_in_address(card, name) && !is_plain => {
                let why = format!(
                    "\"{text}\" is put into the address and may hold letters, digits, \"-\", \".\", \"_\" and \"~\" only; base_url takes a whole address"
                );
                checker.fault(at, &field, "not-part-of-url", why);
            }
            SettingType::Text => {}
            SettingType::Integer if text.parse::<i64>().is_ok() => {}
            SettingType::Integer => {
                checker.fault(at, &field, "not-integer", format!("\"{text}\" is not a whole number"))
            }
            SettingType::Boolean if text == "true" || text == "false" => {}
            SettingType::Boolean => {
                checker.fault(at, &field, "not-boolean", format!("\"{text}\" is neither true nor false"))
            }
            SettingType::Choice(choices) if choices.contains(&text) => {}
            SettingType::Choice(choices) => {
                let help = hint(&text, choices.iter().map(String::as_str));
                checker.fault(at, &field, "unknown-choice", format!("\"{text}\" is not one of the choices; {help}"));
            }
        }
    }
    for setting in card.settings.iter().filter(|setting| setting.required) {
        let value = given.get(&setting.name).map(ToString::to_string).or_else(|| setting.default.clone());
        if value.is_none_or(|value| value.trim().is_empty()) {
            let field = format!("settings/{}", escape(&setting.name));
            checker.fault(
                at,
                &field,
                "required",
                format!("{} ({}) is needed. {}", setting.name, setting.label, setting.help),
            );
        }
    }
}

/// Whether the card puts the setting into a URL that requests or secrets go to.
fn is_in_address(card: &Card, name: &str) -> bool {
    let token_urls = card.auth.iter().filter_map(|auth| auth.token_url.as_ref());
    let discovery = card.egress.discovery.iter().map(|discovery| &discovery.url);
    let placeholder = format!("{{{name}}}");
    std::iter::once(&card.egress.base_url).chain(token_urls).chain(discovery).any(|url| url.contains(&placeholder))
}

/// The settings that decide where requests go, with their values.
fn address_settings(card: &Card, values: &BTreeMap<String, String>) -> BTreeMap<String, Option<String>> {
    let among = card.settings.iter().filter(|setting| is_in_address(card, &setting.name));
    among
        .map(|setting| (setting.name.clone(), values.get(&setting.name).or(setting.default.as_ref()).cloned()))
        .collect()
}

fn links(checker: &mut Checker<'_>, at: &str, connection: &ConnectionId, given: &[LinkSetup]) {
    let kinds: Vec<(&str, LinkKind)> = LinkKind::ALL.iter().map(|kind| (kind.name(), *kind)).collect();
    let mut seen = BTreeSet::new();
    for (index, link) in given.iter().enumerate() {
        let at = format!("{at}/link/{index}");
        checker.not_empty(&at, "source", &link.source);
        let Some(kind) = checker.word(&at, "kind", &link.kind, &kinds) else { continue };
        if kind == LinkKind::Fee && Fee::parse(&link.source).is_none() {
            let help = hint(&link.source, Fee::ALL.iter().map(|fee| fee.name()));
            checker.fault(&at, "source", "unknown-fee", format!("\"{}\" is not a fee; {help}", link.source));
        }
        if !seen.insert((kind, &link.source)) {
            checker.fault(&at, "source", "twice", "this source is linked twice in the document");
        }
        let state = match (&link.target, link.never_sync) {
            (Some(target), false) if !target.trim().is_empty() => LinkState::Linked(LinkTarget {
                id: target.as_str().into(),
                code: link.code.clone(),
                name: link.name.clone(),
                attributes: link.attributes.clone().into_iter().collect(),
            }),
            (None, true) => LinkState::NeverSync,
            _ => {
                checker.fault(&at, "target", "target-or-never", "give either target or never_sync = true");
                continue;
            }
        };
        let key = LinkKey { connection: connection.clone(), kind, source: link.source.clone() };
        let known = checker.current.links.get(connection).and_then(|links| links.iter().find(|l| l.key == key));
        let source_name = link.source_name.clone().or_else(|| known.map(|known| known.source_name.clone()));
        checker.desired.links.push(Link {
            key,
            source_name: source_name.unwrap_or_default(),
            state,
            why: String::new(),
        });
    }
}
