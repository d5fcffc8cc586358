//! The simulated distributors: Cloud-iQ and PRISM over one world of statements, and the setup that goes with them. Owns which
//! customers and motions that world has, for the billing systems beside them; does not own how they behave
//! (`counterfoil-sim`).

use std::collections::BTreeSet;

use anyhow::{Context as _, Result};
use chrono::NaiveDate;
use counterfoil_sim::SimClock;
use counterfoil_sim::cloudiq::{CloudIqConfig, CloudIqHandle, CloudIqSim};
use counterfoil_sim::prism::{PrismConfig, PrismHandle, PrismSim};
use counterfoil_sim::statements::{Grouping, Motion, StatementWorld, oracle};
use serde_json::{Value, json};

use super::taken;

/// Four months of six customers, up to the month before.
pub(super) fn world(today: NaiveDate) -> StatementWorld {
    StatementWorld::demo(today, Grouping::Provisions)
}

/// A customer as billing systems are to know it, and the billing motions that statements show of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Client {
    /// The marketplace's id.
    pub(super) id: String,
    pub(super) name: String,
    pub(super) email: String,
    pub(super) motions: BTreeSet<&'static str>,
}

/// Everyone in the world, in its order.
pub(super) fn clients(world: &StatementWorld) -> Vec<Client> {
    let expected = oracle::expected(world);
    let motions = |tenant: u32| {
        let of = expected.cells.keys().filter(|cell| cell.tenant == Some(tenant));
        of.filter_map(|cell| motion(cell.motion)).collect()
    };
    let client = |tenant: &counterfoil_sim::statements::Tenant| Client {
        id: tenant.guid.to_lowercase(),
        name: tenant.name.clone(),
        email: format!("billing@{}", tenant.domain),
        motions: motions(tenant.id),
    };
    world.tenants().iter().map(client).collect()
}

/// As the product names it; none: nobody can say how it is billed.
fn motion(theirs: Motion) -> Option<&'static str> {
    Some(match theirs {
        Motion::MonthlyMonthly => "monthly-monthly",
        Motion::AnnualMonthly => "annual-monthly",
        Motion::AnnualUpfront => "annual-upfront",
        Motion::TriennialMonthly => "triennial-monthly",
        Motion::TriennialUpfront => "triennial-upfront",
        Motion::Usage => "usage",
        Motion::Reservation => "reservation",
        Motion::SavingsPlan => "savings-plan",
        Motion::SoftwarePerpetual => "software-perpetual",
        Motion::MarketplaceSaas => "marketplace",
        Motion::OtherOneTime => "one-time",
        Motion::Unknown => return None,
    })
}

pub(super) async fn start_cloudiq(world: StatementWorld, port: Option<u16>) -> Result<CloudIqHandle> {
    let sim = CloudIqSim::new(world, CloudIqConfig::default(), SimClock::wall());
    sim.start(port).await.with_context(|| taken("Cloud-iQ", port, "--cloudiq-port"))
}

pub(super) async fn start_prism(world: StatementWorld, port: Option<u16>) -> Result<PrismHandle> {
    let sim = PrismSim::new(world, PrismConfig::default(), SimClock::wall());
    sim.start(port).await.with_context(|| taken("PRISM", port, "--prism-port"))
}

pub(super) fn cloudiq_json(sim: &CloudIqHandle) -> Value {
    let config = sim.config();
    json!({
        "base_url": sim.base_url(), "client_id": config.client_id, "client_secret": config.client_secret,
        "username": config.username, "password": config.password,
    })
}

pub(super) fn prism_json(sim: &PrismHandle) -> Value {
    let config = sim.config();
    json!({
        "base_url": sim.base_url(), "token_url": sim.token_url(),
        "client_id": config.client_id, "client_secret": config.client_secret,
    })
}

/// What the shell that applies the setup needs.
pub(super) fn cloudiq_exports(sim: &CloudIqHandle) -> [String; 4] {
    let config = sim.config();
    [
        format!("export CLOUDIQ_CLIENT_ID='{}'", config.client_id),
        format!("export CLOUDIQ_CLIENT_SECRET='{}'", config.client_secret),
        format!("export CLOUDIQ_USERNAME='{}'", config.username),
        format!("export CLOUDIQ_PASSWORD='{}'", config.password),
    ]
}

pub(super) fn prism_exports(sim: &PrismHandle) -> [String; 2] {
    let config = sim.config();
    [
        format!("export PRISM_CLIENT_ID='{}'", config.client_id),
        format!("export PRISM_CLIENT_SECRET='{}'", config.client_secret),
    ]
}

pub(super) fn cloudiq_setup(base_url: &str) -> String {
    format!(
        r#"[marketplace.cloudiq]
reseller = "demo"
kind = "cloudiq"
location = "{base_url}"
plain_http = true
private_addresses = true
secrets = {{ client_id = {{ env = "CLOUDIQ_CLIENT_ID" }}, client_secret = {{ env = "CLOUDIQ_CLIENT_SECRET" }}, username = {{ env = "CLOUDIQ_USERNAME" }}, password = {{ env = "CLOUDIQ_PASSWORD" }} }}
"#
    )
}

pub(super) fn prism_setup(base_url: &str, token_url: &str) -> String {
    format!(
        r#"[marketplace.prism]
reseller = "demo"
kind = "prism"
location = "{base_url}"
plain_http = true
private_addresses = true
settings = {{ token_url = "{token_url}" }}
secrets = {{ client_id = {{ env = "PRISM_CLIENT_ID" }}, client_secret = {{ env = "PRISM_CLIENT_SECRET" }} }}
"#
    )
}

/// What of the statements goes to a connection.
pub(super) fn program_setup(connection: &str, products: bool) -> String {
    format!(
        r#"[[programs]]
connection = "{connection}"
name = "microsoft-csp"
enabled = true
billing = true
motions = ["monthly-monthly", "annual-monthly"]
products = {products}
product_mode = "in-use"
"#
    )
}
