//! What a document changes: each object compared field by field with what is there. Pure.

use std::collections::BTreeMap;

use counterfoil_domain::connection::{Connection, ConnectionState, Exceptions, Marketplace, Reseller};
use counterfoil_domain::id::Actor;
use counterfoil_domain::job::JobKind;
use counterfoil_domain::link::{Link, LinkState};
use counterfoil_domain::ports::Write;
use counterfoil_domain::program::Program;
use counterfoil_domain::secret::{Secret, SecretScope};

use super::answer::{FieldDiff, ObjectDiff, SecretDiff};
use super::check::{Current, Desired};
use crate::auth::same;
use crate::programs::settings;
use crate::wire::rounding_name;

type Fields = BTreeMap<String, String>;

/// What is to be written, and how it reads.
#[derive(Debug, Default)]
pub(super) struct Changes {
    pub(super) writes: Vec<Write>,
    pub(super) secrets: Vec<(SecretScope, String, Secret)>,
    pub(super) objects: Vec<ObjectDiff>,
}

pub(super) fn diff(desired: Desired, current: &Current, actor: &Actor) -> Changes {
    let mut changes = Changes::default();
    for reseller in desired.resellers {
        let before = current.resellers.iter().find(|known| known.id == reseller.id).map(reseller_fields);
        let object = object("reseller", reseller.id.to_string(), before, reseller_fields(&reseller), Vec::new());
        changes.take(object, || Write::PutReseller(reseller));
    }
    for marketplace in desired.marketplaces {
        let before = current.marketplace(&marketplace.id).map(marketplace_fields);
        let scope = SecretScope::Marketplace(marketplace.id.clone());
        let secrets = changes.secrets(&desired.secrets, &scope, current);
        let after = marketplace_fields(&marketplace);
        let object = object("marketplace", marketplace.id.to_string(), before, after, secrets);
        changes.take(object, || Write::PutMarketplace(marketplace));
    }
    for mut connection in desired.connections {
        let before = current.connection(&connection.id).map(connection_fields);
        let scope = SecretScope::Connection(connection.id.clone());
        let secrets = changes.secrets(&desired.secrets, &scope, current);
        // New secrets are worth a new try.
        if connection.state == ConnectionState::NeedsSignIn && secrets.iter().any(|s| s.state != "unchanged") {
            connection.state = ConnectionState::Enabled;
            connection.state_reason = format!("secrets set by {actor}");
        }
        let after = connection_fields(&connection);
        let object = object("connection", connection.id.to_string(), before, after, secrets);
        changes.take(object, || Write::PutConnection(connection));
    }
    for mut link in desired.links {
        let known = current.links.get(&link.key.connection).and_then(|links| links.iter().find(|l| l.key == link.key));
        let id = format!("{}/{}/{}", link.key.connection, link.key.kind, link.key.source);
        let object = object("link", id, known.map(link_fields), link_fields(&link), Vec::new());
        link.why = format!("set by {actor} with a setup document");
        changes.take(object, || Write::PutLink(link));
    }
    for program in desired.programs {
        let known = |other: &&Program| other.connection == program.connection && other.name == program.name;
        let before = current.programs.iter().find(known).map(program_fields);
        let id = format!("{}/{}", program.connection, program.name);
        let object = object("program", id, before, program_fields(&program), Vec::new());
        changes.take(object, || Write::PutProgram(program));
    }
    changes
}

fn program_fields(program: &Program) -> Fields {
    settings::fields(program).into_iter().collect()
}

impl Changes {
    /// Nothing is written for what stays as it is.
    fn take(&mut self, object: ObjectDiff, write: impl FnOnce() -> Write) {
        if object.action == "create" || !object.fields.is_empty() {
            self.writes.push(write());
        }
        self.objects.push(object);
    }

    fn secrets(
        &mut self,
        given: &[(SecretScope, String, Secret)],
        scope: &SecretScope,
        current: &Current,
    ) -> Vec<SecretDiff> {
        let mut diffs = Vec::new();
        for (_, name, secret) in given.iter().filter(|(of, _, _)| of == scope) {
            let state = match current.secrets.get(&(scope.clone(), name.clone())) {
                None => "set",
                Some(stored) if same(stored.reveal(), secret.reveal()) => "unchanged",
                Some(_) => "changed",
            };
            if state != "unchanged" {
                self.secrets.push((scope.clone(), name.clone(), secret.clone()));
            }
            diffs.push(SecretDiff { name: name.clone(), state: state.to_owned() });
        }
        diffs
    }
}

fn object(kind: &str, id: String, before: Option<Fields>, after: Fields, secrets: Vec<SecretDiff>) -> ObjectDiff {
    let is_new = before.is_none();
    let before = before.unwrap_or_default();
    let names: std::collections::BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    let fields: Vec<FieldDiff> = names
        .into_iter()
        .filter(|name| before.get(*name) != after.get(*name))
        .map(|name| FieldDiff {
            name: name.clone(),
            before: before.get(name).cloned(),
            after: after.get(name).cloned(),
        })
        .collect();
    let same = fields.is_empty() && secrets.iter().all(|secret| secret.state == "unchanged");
    let action = if is_new {
        "create"
    } else if same {
        "unchanged"
    } else {
        "update"
    };
    ObjectDiff { kind: kind.to_owned(), id, action: action.to_owned(), fields, secrets }
}

fn reseller_fields(reseller: &Reseller) -> Fields {
    Fields::from([("name".to_owned(), reseller.name.clone())])
}

fn put(fields: &mut Fields, name: &str, value: impl ToString) {
    fields.insert(name.to_owned(), value.to_string());
}

fn put_some(fields: &mut Fields, name: &str, value: Option<impl ToString>) {
    if let Some(value) = value {
        put(fields, name, value);
    }
}

fn put_all(fields: &mut Fields, under: &str, values: &BTreeMap<String, String>) {
    for (name, value) in values {
        put(fields, &format!("{under}.{name}"), value);
    }
}

fn put_exceptions(fields: &mut Fields, exceptions: &Exceptions) {
    put(fields, "plain_http", exceptions.plain_http);
    put(fields, "private_addresses", exceptions.private_addresses);
}

fn marketplace_fields(marketplace: &Marketplace) -> Fields {
    let mut fields = Fields::new();
    put(&mut fields, "reseller", &marketplace.reseller);
    put(&mut fields, "kind", marketplace.kind);
    put(&mut fields, "location", &marketplace.location);
    put_all(&mut fields, "settings", &marketplace.settings);
    put_exceptions(&mut fields, &marketplace.exceptions);
    fields
}

fn connection_fields(connection: &Connection) -> Fields {
    let mut fields = Fields::new();
    put(&mut fields, "reseller", &connection.reseller);
    put(&mut fields, "name", &connection.name);
    put(&mut fields, "plugin", &connection.plugin);
    put(&mut fields, "marketplace", &connection.marketplace);
    put(&mut fields, "state", connection.state);
    put_some(&mut fields, "base_url", connection.base_url.as_ref());
    put_some(&mut fields, "token_url", connection.token_url.as_ref());
    put_some(&mut fields, "authorize_url", connection.rules.sign_in.authorize_url.as_ref());
    put_some(&mut fields, "discovery_url", connection.rules.discovery_url.as_ref());
    put_some(&mut fields, "auth", connection.auth);
    put_some(&mut fields, "sign_in_with", connection.rules.sign_in.with.as_ref());
    put_exceptions(&mut fields, &connection.exceptions);
    put_all(&mut fields, "settings", &connection.settings);
    let rules = &connection.rules;
    put(&mut fields, "price_source", rules.price_source);
    put(&mut fields, "rounding", rounding_name(rules.rounding));
    put(&mut fields, "recurring_before_period", rules.recurring_before_period);
    put_some(&mut fields, "most_per_plan", rules.most_per_plan.map(|most| most.normalize()));
    put(&mut fields, "most_lines", rules.most_lines);
    put_some(&mut fields, "most_change_percent", rules.most_change);
    put_some(&mut fields, "start_on", rules.start_on);
    put(&mut fields, "proration", rules.proration);
    put(&mut fields, "refunds", rules.refunds);
    put(&mut fields, "many_to_one", rules.many_to_one);
    put(&mut fields, "description_source", rules.descriptions.source);
    put(&mut fields, "description_template", &rules.descriptions.template);
    put(&mut fields, "trim_description", rules.descriptions.trim);
    put_some(&mut fields, "check_every_minutes", rules.check_every);
    put(&mut fields, "notify", rules.notify);
    put(&mut fields, "auto_sync.on", rules.auto_sync.on);
    put(&mut fields, "auto_sync.kinds", names(&rules.auto_sync.kinds));
    put_some(&mut fields, "auto_sync.most", rules.auto_sync.most.map(|most| most.normalize()));
    fields
}

fn names(kinds: &[JobKind]) -> String {
    let names: Vec<&str> = kinds.iter().map(|kind| kind.name()).collect();
    names.join(", ")
}

fn link_fields(link: &Link) -> Fields {
    let mut fields = Fields::new();
    put(&mut fields, "state", link.state.name());
    put(&mut fields, "source_name", &link.source_name);
    if let LinkState::Linked(target) = &link.state {
        put(&mut fields, "target", &target.id);
        put(&mut fields, "code", &target.code);
        put(&mut fields, "name", &target.name);
        put_all(&mut fields, "attributes", &target.attributes.iter().cloned().collect());
    }
    fields
}
