//! Whether a document makes sense: what it names exists, what it says is possible. Turns it into domain
//! values; all problems are collected. Connections have a file of their own.

use std::collections::{BTreeMap, BTreeSet};

use counterfoil_domain::card::Card;
use counterfoil_domain::connection::{Connection, Exceptions, Marketplace, MarketplaceKind, Reseller};
use counterfoil_domain::id::{ConnectionId, MarketplaceId};
use counterfoil_domain::link::Link;
use counterfoil_domain::program::Program;
use counterfoil_domain::secret::{Secret, SecretScope};
use url::Url;

use super::connection::connection;
use super::document::{MarketplaceSetup, Plain, SettingText, SetupDocument};
use super::keys::escape;
use super::programs::program;
use crate::parts::InspectMarketplace;
use crate::problem::Fault;
use crate::suggest::hint;

/// What is there now, as far as the document touches it.
#[derive(Debug)]
pub(super) struct Current {
    pub(super) resellers: Vec<Reseller>,
    pub(super) marketplaces: Vec<Marketplace>,
    pub(super) connections: Vec<Connection>,
    pub(super) links: BTreeMap<ConnectionId, Vec<Link>>,
    /// Names of the secrets that are set.
    pub(super) names: BTreeMap<SecretScope, BTreeSet<String>>,
    /// Those that the document names, to tell whether they change.
    pub(super) secrets: BTreeMap<(SecretScope, String), Secret>,
    /// Of the connections that the document names programs of.
    pub(super) programs: Vec<Program>,
    /// Active versions only.
    pub(super) cards: Vec<Card>,
    pub(super) inspect: InspectMarketplace,
}

impl Current {
    pub(super) fn marketplace(&self, id: &MarketplaceId) -> Option<&Marketplace> {
        self.marketplaces.iter().find(|known| known.id == *id)
    }

    pub(super) fn connection(&self, id: &ConnectionId) -> Option<&Connection> {
        self.connections.iter().find(|known| known.id == *id)
    }

    fn has_secret(&self, scope: &SecretScope, name: &str) -> bool {
        self.names.get(scope).is_some_and(|names| names.contains(name))
    }
}

/// What the document asks for, as the domain has it.
#[derive(Debug, Default)]
pub(super) struct Desired {
    pub(super) resellers: Vec<Reseller>,
    pub(super) marketplaces: Vec<Marketplace>,
    pub(super) connections: Vec<Connection>,
    pub(super) links: Vec<Link>,
    pub(super) programs: Vec<Program>,
    pub(super) secrets: Vec<(SecretScope, String, Secret)>,
}

/// Collects what is wrong.
#[derive(Debug)]
pub(super) struct Checker<'a> {
    pub(super) document: &'a SetupDocument,
    pub(super) current: &'a Current,
    pub(super) faults: Vec<Fault>,
    pub(super) desired: Desired,
}

pub(super) fn check(document: &SetupDocument, current: &Current) -> Result<Desired, Vec<Fault>> {
    let mut checker = Checker { document, current, faults: Vec::new(), desired: Desired::default() };
    for (id, setup) in &document.reseller {
        let at = format!("/reseller/{}", escape(id));
        checker.id(&at, id);
        checker.not_empty(&at, "name", &setup.name);
        checker.desired.resellers.push(Reseller { id: id.as_str().into(), name: setup.name.clone() });
    }
    for (id, setup) in &document.marketplace {
        marketplace(&mut checker, id, setup);
    }
    for (id, setup) in &document.connection {
        connection(&mut checker, id, setup);
    }
    for (place, setup) in document.programs.iter().enumerate() {
        program(&mut checker, place, setup);
    }
    if checker.faults.is_empty() { Ok(checker.desired) } else { Err(checker.faults) }
}

impl Checker<'_> {
    pub(super) fn fault(&mut self, at: &str, field: &str, code: &str, detail: impl Into<String>) {
        let pointer = if field.is_empty() { at.to_owned() } else { format!("{at}/{field}") };
        self.faults.push(Fault::new(pointer, code, detail));
    }

    /// Ids stand in paths, file names and logs.
    pub(super) fn id(&mut self, at: &str, id: &str) {
        let plain = id.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'_');
        if id.is_empty() || id.len() > 64 || !plain {
            self.fault(at, "", "bad-id", "an id is 1 to 64 of a-z, 0-9, - and _");
        }
    }

    pub(super) fn not_empty(&mut self, at: &str, field: &str, value: &str) {
        if value.trim().is_empty() {
            self.fault(at, field, "required", "this must not be empty");
        }
    }

    /// One of these words.
    pub(super) fn word<T: Copy>(&mut self, at: &str, field: &str, written: &str, known: &[(&str, T)]) -> Option<T> {
        let found = known.iter().find(|(name, _)| *name == written).map(|(_, value)| *value);
        if found.is_none() {
            let help = hint(written, known.iter().map(|(name, _)| *name));
            self.fault(at, field, "unknown-choice", format!("\"{written}\" is not one of the choices; {help}"));
        }
        found
    }

    pub(super) fn reseller(&mut self, at: &str, written: &str) {
        let known: BTreeSet<String> = self
            .document
            .reseller
            .keys()
            .cloned()
            .chain(self.current.resellers.iter().map(|reseller| reseller.id.to_string()))
            .collect();
        if !known.contains(written) {
            let help = hint(written, known.iter().map(String::as_str));
            self.fault(at, "reseller", "unknown-reseller", format!("there is no reseller \"{written}\"; {help}"));
        }
    }

    pub(super) fn url(&mut self, at: &str, field: &str, written: &str, plain_http: bool) {
        // Settings fill the braces later; any word does for the check.
        let filled = written.replace(['{', '}'], "x");
        let Ok(url) = Url::parse(&filled) else {
            self.fault(at, field, "bad-url", format!("\"{written}\" is not an absolute URL"));
            return;
        };
        let scheme_is_good = url.scheme() == "https" || (url.scheme() == "http" && plain_http);
        if !scheme_is_good {
            self.fault(
                at,
                field,
                "not-https",
                "the URL must begin with https://; plain_http = true allows http:// for it",
            );
        } else if !url.username().is_empty() || url.password().is_some() {
            self.fault(
                at,
                field,
                "secret-in-url",
                "the URL must not hold a user name or password; put them under secrets",
            );
        } else if url.host_str().is_none() || url.query().is_some() || url.fragment().is_some() {
            self.fault(at, field, "bad-url", "a base URL has a host and neither query nor fragment");
        }
    }

    /// Takes the document's secrets, and asks for those that are needed. Where the address changes they
    /// must be given again: a stored secret never goes to a host that it was not given for.
    pub(super) fn secrets(
        &mut self,
        at: &str,
        scope: &SecretScope,
        given: &BTreeMap<String, Plain>,
        needed: &[String],
        address_changes: bool,
    ) {
        for (name, plain) in given {
            if plain.reveal().is_empty() {
                self.fault(at, &format!("secrets/{}", escape(name)), "required", "the secret is empty");
            }
            self.desired.secrets.push((scope.clone(), name.clone(), Secret::new(plain.reveal())));
        }
        for name in needed.iter().filter(|name| !given.contains_key(*name)) {
            let field = format!("secrets/{}", escape(name));
            if !self.current.has_secret(scope, name) {
                let near = hint(name, given.keys().map(String::as_str));
                let near = if near.starts_with("did you") { format!("; {near}") } else { String::new() };
                self.fault(
                    at,
                    &field,
                    "secret-missing",
                    format!("the secret {name} is needed to sign in and is not set{near}"),
                );
            } else if address_changes {
                self.fault(at, &field, "secret-needed-again", "the address changes: give the secret again, so that no stored secret goes to another host by mistake");
            }
        }
    }
}

pub(super) fn texts(settings: &BTreeMap<String, SettingText>) -> BTreeMap<String, String> {
    settings.iter().map(|(name, value)| (name.clone(), value.to_string())).collect()
}

fn addresses(marketplace: &Marketplace) -> Vec<&String> {
    let among = marketplace.settings.iter().filter(|(name, _)| name.ends_with("_url")).map(|(_, url)| url);
    std::iter::once(&marketplace.location).chain(among).collect()
}

/// Its location is an address, and no folder.
fn is_called(kind: MarketplaceKind) -> bool {
    match kind {
        MarketplaceKind::CloudBlue | MarketplaceKind::CloudIq | MarketplaceKind::Prism | MarketplaceKind::Catalog => {
            true
        }
        MarketplaceKind::File | MarketplaceKind::CatalogFiles => false,
    }
}

fn marketplace(checker: &mut Checker<'_>, id: &str, setup: &MarketplaceSetup) {
    let at = format!("/marketplace/{}", escape(id));
    checker.id(&at, id);
    checker.reseller(&at, &setup.reseller);
    checker.not_empty(&at, "location", &setup.location);
    let id = MarketplaceId::from(id);
    let before = checker.current.marketplace(&id);
    if before.is_some_and(|before| before.reseller.as_str() != setup.reseller) {
        checker.fault(&at, "reseller", "fixed", "a marketplace stays with its reseller; use another id");
    }
    let kinds: Vec<(&str, MarketplaceKind)> = MarketplaceKind::ALL.iter().map(|kind| (kind.name(), *kind)).collect();
    let Some(kind) = checker.word(&at, "kind", &setup.kind, &kinds) else { return };
    if before.is_some_and(|before| before.kind.holds_catalogs() != kind.holds_catalogs()) {
        checker.fault(
            &at,
            "kind",
            "fixed",
            "where orders come from holds no catalogs, and the reverse; use another id",
        );
    }
    if before.is_some_and(|before| before.kind.holds_statements() != kind.holds_statements()) {
        checker.fault(
            &at,
            "kind",
            "fixed",
            "where orders come from shows no statements, and the reverse; use another id",
        );
    }
    if is_called(kind) {
        checker.url(&at, "location", &setup.location, setup.plain_http);
    }
    for (name, url) in setup.settings.iter().filter(|(name, _)| name.ends_with("_url")) {
        checker.url(&at, &format!("settings/{}", escape(name)), &url.to_string(), setup.plain_http);
    }
    let scope = SecretScope::Marketplace(id.clone());
    let marketplace = Marketplace {
        id,
        reseller: setup.reseller.as_str().into(),
        kind,
        location: setup.location.clone(),
        settings: texts(&setup.settings),
        exceptions: Exceptions { plain_http: setup.plain_http, private_addresses: setup.private_addresses },
    };
    let report = (checker.current.inspect.0)(&marketplace);
    for name in marketplace.settings.keys().filter(|name| !report.settings.contains(name)) {
        let help = hint(name, report.settings.iter().map(String::as_str));
        let detail = format!("a marketplace of the kind {kind} has no setting \"{name}\"; {help}");
        checker.fault(&at, &format!("settings/{}", escape(name)), "unknown-setting", detail);
    }
    if let Some(problem) = report.problem {
        checker.fault(&at, "settings", "bad-setting", problem);
    }
    // Every address that secrets go to: the location, and those among the settings.
    let moved = before.is_some_and(|before| addresses(before) != addresses(&marketplace));
    checker.secrets(&at, &scope, &setup.secrets, &report.secrets, moved);
    checker.desired.marketplaces.push(marketplace);
}
