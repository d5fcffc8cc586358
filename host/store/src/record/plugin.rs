//! Stored form of plugin versions and their activation.

use chrono::{DateTime, Utc};
use counterfoil_domain::id::{Actor, PluginDigest, PluginId};
use counterfoil_domain::version::{Activation, InstalledVersion};

use super::{Record, stored_struct};

stored_struct!(InstalledVersion as InstalledVersionRow {
    digest: PluginDigest,
    plugin: PluginId,
    version: String,
    installed_at: DateTime<Utc>,
    installed_by: Actor,
});

impl Record for InstalledVersion {
    const WHAT: &'static str = "plugin version";
}

stored_struct!(Activation as ActivationRow {
    plugin: PluginId,
    digest: PluginDigest,
    former: Option<PluginDigest>,
    at: DateTime<Utc>,
    by: Actor,
});

impl Record for Activation {
    const WHAT: &'static str = "activation of a plugin";
}
