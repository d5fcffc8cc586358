//! Whether the connection works: the keys, the version, and every permission that the work needs.
//!
//! Owns the preflight. Only after it a 404 means that a record is missing. What the API member may not do is collected and
//! said at once, in ConnectWise's own words, so that its security role is corrected in one go.

use counterfoil_sdk::serde::Deserialize;
use counterfoil_sdk::{Account, Attributes, Class, Failure, Remote, Response};

use crate::errors::{self, Effect};
use crate::tables::Currencies;
use crate::wire::{Id, SystemInfo};
use crate::{ask, roles};

/// What is read once to see whether it is allowed.
const READS: [(&str, &str); 8] = [
    ("/company/companies", "the companies"),
    ("/company/contacts", "the contacts"),
    ("/company/companies/statuses", "the company statuses"),
    ("/company/companies/types", "the company types"),
    ("/procurement/catalog", "the catalogue"),
    ("/procurement/types", "the product types"),
    ("/procurement/subcategories", "the subcategories"),
    ("/finance/billingCycles", "the billing cycles"),
];

#[derive(Debug, Deserialize)]
#[serde(crate = "counterfoil_sdk::serde")]
struct Row {
    id: Id,
}

/// Looks whether everything works that a task will need.
pub(crate) fn probe(remote: &mut dyn Remote) -> Result<Account, Failure> {
    let (info, head) = system(remote)?;
    let mut missing = Missing::default();
    for (path, what) in READS {
        missing.ask(remote, path, what)?;
    }
    let agreement = missing.ask(remote, "/finance/agreements", "the agreements")?;
    if let Some(agreement) = agreement {
        missing.ask(remote, &format!("/finance/agreements/{agreement}/additions"), "the additions")?;
        missing.look(remote, &format!("/finance/agreementrecap/{agreement}"), "the invoices of agreements")?;
    }
    let currencies = match Currencies::read(remote) {
        Ok(currencies) => currencies,
        Err(failure) => {
            missing.take(failure, "/finance/currencies")?;
            Currencies::default()
        }
    };
    missing.settle()?;
    let base_currency = currencies.base().ok_or_else(|| {
        Failure::rejected(
            "connectwise-currency",
            "ConnectWise names no currency. Set one up there under System > Setup Tables > Currency, then test the connection again.",
        )
    })?;
    let mut attributes = Attributes::new();
    attributes.set_some("version", info.version.clone());
    attributes.set_some("region", info.cloud_region.clone());
    attributes.set_some("cloud", info.is_cloud.map(|cloud| cloud.to_string()));
    attributes.set_some(
        "currencies",
        Some(currencies.entities().len()).filter(|count| *count > 1).map(|count| count.to_string()),
    );
    let served = served(&head);
    attributes.set_some("api-version", served.map(|(year, release)| format!("{year}.{release}")));
    attributes.set_some("warning", info.version.as_deref().and_then(|version| aged(served?, version)));
    let place = info.cloud_region.as_deref().map(str::trim).filter(|region| !region.is_empty());
    Ok(Account {
        // The company's id is part of the user name, which is sealed in the host.
        id: "connectwise".to_owned(),
        name: place.map_or_else(|| "ConnectWise PSA".to_owned(), |place| format!("ConnectWise PSA ({place})")),
        base_currency,
        country: String::new(),
        time_zone: info.server_time_zone.unwrap_or_default(),
        locked_until: None,
        attributes,
    })
}

/// Everybody who is signed in gets an answer here, so a 404 is about the keys or the way.
fn system(remote: &mut dyn Remote) -> Result<(SystemInfo, Response), Failure> {
    let (request, what) = (ask::get("system-info", "/system/info"), "the system's information");
    let answer = ask::answer(remote, request, what).map_err(|failure| match failure.class {
        Class::NotFound | Class::Unsupported => errors::not_reached(),
        _ => failure,
    })?;
    Ok((ask::parse(&answer, Effect::Read, what)?, answer))
}

/// Permissions that the API member lacks.
#[derive(Debug, Default)]
struct Missing(Vec<String>);

impl Missing {
    /// Reads one row of a list, for the permission and for its id.
    fn ask(&mut self, remote: &mut dyn Remote, path: &str, what: &str) -> Result<Option<Id>, Failure> {
        let request = ask::get("probe", path).query("pageSize", "1").query("fields", "id");
        match ask::read::<Vec<Row>>(remote, request, what) {
            Ok(rows) => Ok(rows.first().map(|row| row.id)),
            Err(failure) => self.take(failure, path).map(|()| None),
        }
    }

    /// Reads a record that is no list.
    fn look(&mut self, remote: &mut dyn Remote, path: &str, what: &str) -> Result<(), Failure> {
        match ask::answer(remote, ask::get("probe", path), what) {
            Ok(_) => Ok(()),
            Err(failure) => self.take(failure, path),
        }
    }

    /// A permission that is missing is noted; any other failure stands. Once the keys are known to be good, a 401 is about
    /// the role too.
    fn take(&mut self, failure: Failure, path: &str) -> Result<(), Failure> {
        let about_role = failure.class == Class::Forbidden || failure.code == "connectwise-sign-in";
        match roles::needed("GET", path).filter(|_| about_role) {
            Some(role) => {
                if !self.0.contains(&role) {
                    self.0.push(role);
                }
                Ok(())
            }
            None => Err(failure),
        }
    }

    fn settle(&self) -> Result<(), Failure> {
        if self.0.is_empty() {
            return Ok(());
        }
        let roles = self.0.join(", ");
        let text = format!(
            "The keys are good, but the security role of the API member lacks {roles}. Additions also need Finance > Agreements (Add, Edit); creating companies and products from here needs Companies > Company Maintenance (Add) and Procurement > Product Catalog (Add). Set them in ConnectWise under System > Security Roles, then test the connection again."
        );
        Err(Failure::forbidden("connectwise-role", text).with(roles::MISSING, roles))
    }
}

/// Year and number of a version: "2025.1" of "v2025.1.73021".
fn release(version: &str) -> Option<(u32, u32)> {
    let mut parts = version.trim().trim_start_matches(['v', 'V']).split('.');
    let (year, number) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
    (2_000..3_000).contains(&year).then_some((year, number))
}

/// The version that the answer is in: `application/vnd.connectwise.com+json; version=2025.1`.
fn served(head: &Response) -> Option<(u32, u32)> {
    let header = head.header("Content-Type")?;
    header.split(';').find_map(|part| release(part.trim().strip_prefix("version=")?.trim_matches('"')))
}

/// A warning when the version that is asked for may soon be served no more.
fn aged(served: (u32, u32), server: &str) -> Option<String> {
    let newest = release(server)?;
    let old = newest.0 > served.0 + 1 || (newest.0 == served.0 + 1 && newest.1 >= served.1);
    old.then(|| {
        format!(
            "The connection asks for version {}.{}, and the server is at {}.{}. Versions are served for a year after a newer one came: raise the setting api_version.",
            served.0, served.1, newest.0, newest.1
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_old_version_is_warned_of() {
        for (content_type, server, warned) in [
            ("application/vnd.connectwise.com+json; version=2025.1", "v2025.1.73021", false),
            ("application/vnd.connectwise.com+json;version=\"2025.16\"", "v2026.1.1", false),
            ("application/vnd.connectwise.com+json; version=2025.1", "v2026.1.1", true),
            ("application/vnd.connectwise.com+json; version=2024.8", "2026.3", true),
            ("application/json; charset=utf-8", "v2026.1.1", false),
            ("application/vnd.connectwise.com+json; version=x", "v2026.1.1", false),
            ("application/vnd.connectwise.com+json; version=2020.1", "v4.6.38842", false),
        ] {
            let head = Response::new(200, "").with_header("Content-Type", content_type);
            let warning = served(&head).and_then(|served| aged(served, server));
            assert_eq!(warning.is_some(), warned, "{content_type} {server}");
        }
    }
}
