//! Rows of plugin versions and of what is active.

use counterfoil_domain::ports::StoreError;
use counterfoil_domain::version::{Activation, InstalledVersion};
use rusqlite::{Connection, params};

use super::query::{records, run};
use crate::record::{encode, time_text};

pub(super) fn versions(c: &Connection) -> Result<Vec<InstalledVersion>, StoreError> {
    records(c, "SELECT body, seal FROM plugin_versions ORDER BY plugin, installed_at, digest", [])
}

pub(super) fn activations(c: &Connection) -> Result<Vec<Activation>, StoreError> {
    records(c, "SELECT body, seal FROM plugin_activations ORDER BY plugin", [])
}

pub(super) fn put_version(c: &Connection, version: &InstalledVersion) -> Result<(), StoreError> {
    let sealed = encode(version)?;
    let sql = "INSERT INTO plugin_versions (digest, plugin, installed_at, body, seal) VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT (digest) DO UPDATE SET plugin = excluded.plugin, installed_at = excluded.installed_at,
        body = excluded.body, seal = excluded.seal";
    let (digest, plugin) = (version.digest.as_str(), version.plugin.as_str());
    run(c, sql, params![digest, plugin, time_text(version.installed_at), sealed.body, sealed.seal]).map(|_| ())
}

pub(super) fn put_activation(c: &Connection, activation: &Activation) -> Result<(), StoreError> {
    let sealed = encode(activation)?;
    let sql = "INSERT INTO plugin_activations (plugin, body, seal) VALUES ($1, $2, $3)
        ON CONFLICT (plugin) DO UPDATE SET body = excluded.body, seal = excluded.seal";
    run(c, sql, params![activation.plugin.as_str(), sealed.body, sealed.seal]).map(|_| ())
}
