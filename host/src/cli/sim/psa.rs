//! The simulated ConnectWise of a world: companies, catalogue, agreements, and the setup that goes with them. Owns how its
//! books begin and which links an operator is given; does not own how it behaves (`counterfoil-sim`).

use std::collections::BTreeMap;
use std::fmt::Write as _;

use anyhow::{Context as _, Result};
use chrono::{Datelike as _, Months, NaiveDate};
use counterfoil_sim::SimClock;
use counterfoil_sim::connectwise::{AgreementSeed, CwConfig, CwHandle, CwSim, CwState, ItemSeed};
use counterfoil_sim::world::{ContactMatch, World};
use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::statements::Client;
use super::taken;

/// What no product stands for, by the marketplace's name: each needs an item of its own.
const FEES: [(&str, &str, &str); 4] = [
    ("cancellation-fee", "CANCEL-FEE", "Cancellation fee"),
    ("plan-setup", "PLAN-SETUP", "Plan setup"),
    ("plan-recurring", "PLAN-FEE", "Plan fee"),
    ("plan-recurring-refund", "PLAN-FEE", "Plan fee"),
];

/// A link that no key tells by itself, as the setup names it.
#[derive(Debug, Clone)]
pub(super) struct Given {
    kind: &'static str,
    source: String,
    target: i64,
    code: String,
    name: String,
}

/// Served; dropping it stops it.
pub(super) struct Psa {
    pub(super) handle: CwHandle,
    links: Vec<Given>,
}

/// Credentials are printed on request only, like real ones.
fn config() -> CwConfig {
    CwConfig { public_key: "sim-public".to_owned(), private_key: "sim-private-key".to_owned(), ..CwConfig::default() }
}

fn username(config: &CwConfig) -> String {
    format!("{}+{}", config.company_id, config.public_key)
}

pub(super) async fn start(world: &World, port: Option<u16>) -> Result<Psa> {
    let sim = CwSim::new(config(), SimClock::wall());
    let books = sim.state();
    let mut links = fees(&books, world);
    let companies = companies(&books, world, &mut links);
    agreements(&books, world, &companies, &mut links);
    let handle = sim.start(port).await.with_context(|| taken("ConnectWise", port, "--connectwise-port"))?;
    Ok(Psa { handle, links })
}

fn item(code: &str, name: &str, (price, cost): (Decimal, Decimal)) -> ItemSeed {
    ItemSeed {
        identifier: code.to_owned(),
        description: name.to_owned(),
        price,
        cost,
        class: "Agreement",
        taxable: true,
    }
}

/// The catalogue, and the links of fees.
fn fees(books: &CwState, world: &World) -> Vec<Given> {
    books.add_currency(world.currency().code());
    for seed in world.expected_connectwise_items() {
        let price = |price: Option<Decimal>| price.unwrap_or_default();
        books.add_item(&item(&seed.code, &seed.name, (price(seed.sale_price), price(seed.purchase_price))));
    }
    let mut made: BTreeMap<&str, i64> = BTreeMap::new();
    let link = |(fee, code, name): (&str, &'static str, &'static str)| {
        let target = *made.entry(code).or_insert_with(|| books.add_item(&item(code, name, Default::default())));
        Given { kind: "fee", source: fee.to_owned(), target, code: code.to_owned(), name: name.to_owned() }
    };
    FEES.into_iter().map(link).collect()
}

/// Ids by customer. ConnectWise keeps no external id: who is known by one is linked here.
fn companies(books: &CwState, world: &World, links: &mut Vec<Given>) -> BTreeMap<String, i64> {
    let mut ids = BTreeMap::new();
    for seed in world.expected_connectwise_companies() {
        let target = books.add_company(&seed.identifier, &seed.name);
        books.set_invoice_email(target, &seed.email);
        if let Some(number) = &seed.tax_number {
            books.set_tax_number(target, number);
        }
        if seed.by == ContactMatch::ExternalId {
            let (source, code) = (seed.customer_id.clone(), seed.identifier);
            links.push(Given { kind: "party", source, target, code, name: seed.name });
        }
        ids.insert(seed.customer_id, target);
    }
    ids
}

/// Where a customer has only one of a cycle the link is left to `link suggest`.
fn agreements(books: &CwState, world: &World, companies: &BTreeMap<String, i64>, links: &mut Vec<Given>) {
    for seed in world.expected_connectwise_agreements() {
        let Some(company) = companies.get(&seed.customer_id).copied() else { continue };
        let target = books.add_agreement(&AgreementSeed {
            name: seed.name.clone(),
            company,
            cycle: seed.cycle,
            currency: seed.currency,
            prorate: seed.prorate,
            start: seed.start,
        });
        if let Some(until) = seed.invoiced_until {
            books.mark_invoiced(target, until);
        }
        if !seed.alone {
            let source = seed.subscription_id;
            links.push(Given { kind: "container", source, target, code: String::new(), name: seed.name });
        }
    }
}

impl Psa {
    /// Those whom statements name are companies too, each with an agreement that began long ago. People link them.
    pub(super) fn know(&self, clients: &[Client], today: NaiveDate) {
        let books = self.handle.state();
        let start = today.with_day(1).and_then(|first| first.checked_sub_months(Months::new(12))).unwrap_or(today);
        for client in clients {
            let identifier: String = client.name.chars().filter(char::is_ascii_alphanumeric).take(25).collect();
            let company = books.add_company(&identifier, &client.name);
            books.set_invoice_email(company, &client.email);
            let name = "Cloud services".to_owned();
            books.add_agreement(&AgreementSeed {
                name,
                company,
                cycle: "Monthly",
                currency: "USD",
                prorate: false,
                start,
            });
        }
    }

    pub(super) fn as_json(&self) -> Value {
        let config = config();
        json!({
            "base_url": self.base_url(), "discovery_url": self.discovery_url(), "company": config.company_id,
            "client_id": config.client_id, "username": username(&config), "password": config.private_key,
        })
    }

    /// What the shell that applies the setup needs.
    pub(super) fn exports(&self) -> [String; 2] {
        let config = config();
        [format!("export CW_USERNAME='{}'", username(&config)), format!("export CW_PASSWORD='{}'", config.private_key)]
    }

    /// The code base is asked for, as with a real one.
    fn base_url(&self) -> String {
        format!("{}/{{codebase}}/apis/3.0", self.handle.root_url())
    }

    fn discovery_url(&self) -> String {
        format!("{}/login/companyinfo/{{company}}", self.handle.root_url())
    }

    pub(super) fn setup(&self, marketplace: &str) -> String {
        let (base_url, discovery_url) = (self.base_url(), self.discovery_url());
        let CwConfig { company_id, client_id, .. } = config();
        let mut text = format!(
            r#"[connection.psa]
reseller = "demo"
plugin = "connectwise"
marketplace = "{marketplace}"
name = "ConnectWise PSA (simulated)"
base_url = "{base_url}"
discovery_url = "{discovery_url}"
plain_http = true
private_addresses = true
settings = {{ site = "localhost", company = "{company_id}", client_id = "{client_id}" }}
secrets = {{ username = {{ env = "CW_USERNAME" }}, password = {{ env = "CW_PASSWORD" }} }}

# What no key tells: fees that no product stands for, companies (ConnectWise keeps no external id), and the agreement of
# each subscription. Where a customer has only one agreement that fits, `counterfoil link suggest` finds it.
link = [
"#
        );
        for link in &self.links {
            let quoted = |text: &str| toml::Value::String(text.to_owned());
            let (kind, source, target) = (link.kind, quoted(&link.source), link.target);
            let code = if link.code.is_empty() { String::new() } else { format!(", code = {}", quoted(&link.code)) };
            // Writing to a text cannot fail.
            let _ = writeln!(
                text,
                "  {{ kind = \"{kind}\", source = {source}, target = \"{target}\"{code}, name = {} }},",
                quoted(&link.name)
            );
        }
        text.push_str("]\n");
        text
    }
}
