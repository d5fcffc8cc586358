//! The simulated Syncro of a world: customers, recurring invoices, what their people put there, and the setup that goes with
//! them. Owns how the account begins and which links an operator is given; does not own how it behaves (`counterfoil-sim`).

use std::fmt::Write as _;

use anyhow::{Context as _, Result};
use chrono::{Datelike as _, Months, NaiveDate};
use counterfoil_sim::SimClock;
use counterfoil_sim::syncro::{
    Customer, Frequency, Line, Product, Schedule, SyncroConfig, SyncroHandle, SyncroSim, SyncroState, Token,
};
use counterfoil_sim::world::World;
use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::statements::{Client, program_setup};
use super::taken;

const TOKEN: &str = "sim-syncro-token";

/// A link that no key tells by itself, as the setup names it.
#[derive(Debug, Clone)]
struct Given {
    kind: &'static str,
    source: String,
    target: i64,
    name: String,
}

/// Served; dropping it stops it.
pub(super) struct Msp {
    pub(super) handle: SyncroHandle,
    links: Vec<Given>,
    /// Orders become invoices of their own; statements go into recurring ones.
    of_orders: bool,
}

async fn serve(sim: SyncroSim, port: Option<u16>) -> Result<SyncroHandle> {
    sim.start(port).await.with_context(|| taken("Syncro", port, "--syncro-port"))
}

fn sim() -> SyncroSim {
    let config = SyncroConfig { tokens: vec![Token::full(TOKEN)], ..SyncroConfig::default() };
    SyncroSim::new(config, SimClock::wall())
}

/// Beside statements: each customer has a recurring invoice that runs on the first of the month, all but the first are mapped.
pub(super) async fn of_statements(clients: &[Client], today: NaiveDate, port: Option<u16>) -> Result<Msp> {
    let sim = sim();
    let books = sim.state();
    let next_run = first_of_next_month(today);
    let mut links = Vec::new();
    for (place, client) in clients.iter().enumerate() {
        let party = customer(&books, &client.name, &client.email);
        let schedule = books.add_schedule(Schedule::of(party, "Cloud services", Frequency::Monthly, next_run));
        own_line(&books, schedule);
        // Somebody has to do it once by hand.
        if place > 0 {
            links.push(Given { kind: "party", source: client.id.clone(), target: party, name: client.name.clone() });
            links.extend(client.motions.iter().map(|motion| Given {
                kind: "container",
                source: format!("{}/{motion}", client.id),
                target: schedule,
                name: "Cloud services".to_owned(),
            }));
        }
    }
    Ok(Msp { handle: serve(sim, port).await?, links, of_orders: false })
}

/// Beside a marketplace of orders: customers and products, all linked, and no recurring invoice.
pub(super) async fn of_orders(world: &World, port: Option<u16>) -> Result<Msp> {
    let sim = sim();
    let books = sim.state();
    let mut links = Vec::new();
    for one in world.customers() {
        let target = customer(&books, &one.name, "billing@customer.example");
        links.push(Given { kind: "party", source: one.id.clone(), target, name: one.name.clone() });
    }
    for seed in world.expected_xero_items() {
        let price = |price: Option<Decimal>| price.unwrap_or_default();
        let product = Product::named(&seed.code, &seed.name, price(seed.sale_price), price(seed.purchase_price));
        let target = books.add_product(product);
        links.push(Given { kind: "item", source: seed.code, target, name: seed.name });
    }
    Ok(Msp { handle: serve(sim, port).await?, links, of_orders: true })
}

fn customer(books: &SyncroState, name: &str, email: &str) -> i64 {
    books.add_customer(Customer { email: Some(email.to_owned()), ..Customer::business(name) })
}

/// What its people bill there already: never touched.
fn own_line(books: &SyncroState, schedule: i64) {
    books.add_line(schedule, Line::named("Managed workstation", 5.into(), 4_500, 1_200));
}

fn first_of_next_month(today: NaiveDate) -> NaiveDate {
    today.with_day(1).and_then(|first| first.checked_add_months(Months::new(1))).unwrap_or(today)
}

impl Msp {
    pub(super) fn as_json(&self) -> Value {
        json!({ "base_url": self.handle.base_url(), "token": TOKEN })
    }

    /// What the shell that applies the setup needs.
    pub(super) fn export() -> String {
        format!("export SYNCRO_TOKEN='{TOKEN}'")
    }

    pub(super) fn setup(&self, marketplace: &str) -> String {
        let base_url = self.handle.base_url();
        let mode = if self.of_orders { "invoice" } else { "schedule" };
        let mut text = format!(
            r#"[connection.syncro-main]
reseller = "demo"
plugin = "syncro"
marketplace = "{marketplace}"
name = "Syncro (simulated)"
base_url = "{base_url}"
plain_http = true
private_addresses = true
settings = {{ subdomain = "acme", currency = "USD", mode = "{mode}" }}
secrets = {{ token = {{ env = "SYNCRO_TOKEN" }} }}

"#
        );
        text.push_str(if self.of_orders {
            "# Nothing in Syncro carries a key of the marketplace: customers and products are linked here.\n"
        } else {
            "# Where each customer's billing motions go: its party, and a recurring invoice of that party. One customer is left to\n# `counterfoil programs map`.\n"
        });
        text.push_str("link = [\n");
        for link in &self.links {
            let quoted = |text: &str| toml::Value::String(text.to_owned());
            let (kind, source, target) = (link.kind, quoted(&link.source), link.target);
            let name = quoted(&link.name);
            // Writing to a text cannot fail.
            let _ =
                writeln!(text, "  {{ kind = \"{kind}\", source = {source}, target = \"{target}\", name = {name} }},");
        }
        text.push_str("]\n");
        if !self.of_orders {
            text.push('\n');
            text.push_str(&program_setup("syncro-main", true));
        }
        text
    }
}
