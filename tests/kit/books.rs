//! The bundled simulators as the kit's billing systems: fresh books for each check, with what the descriptions name.

use chrono::{DateTime, Utc};
use counterfoil_domain::ports::Pending;
use counterfoil_kit::simulator::{HttpRemote, Needs, Place, Remote, RemoteError, Simulator};
use counterfoil_sim::SimClock;
use counterfoil_sim::connectwise::{AgreementSeed, CwConfig, CwSim, ItemSeed};
use counterfoil_sim::syncro::{Customer, Frequency, Product, Schedule, SyncroConfig, SyncroSim};
use counterfoil_sim::xero::{Limits, XeroConfig, XeroOrg, XeroSim};
use rust_decimal::Decimal;

/// Noon of the day that the descriptions name.
fn noon() -> DateTime<Utc> {
    "2026-11-01T12:00:00Z".parse().unwrap()
}

#[derive(Debug)]
pub(crate) struct Xero;

impl Simulator for Xero {
    fn open<'a>(&'a self, needs: Needs<'a>) -> Pending<'a, Result<Box<dyn Remote>, RemoteError>> {
        Box::pin(async move {
            let org = XeroOrg::new("5b1e7c1c-6f0b-4a3e-9d5c-2f4a8d1b7e60", "Demo Company", "NZ", "USD");
            let config = XeroConfig { orgs: vec![org], limits: Limits::generous(), ..XeroConfig::default() };
            let sim = XeroSim::new(config, SimClock::fixed(noon()));
            let books = sim.state();
            for name in ["Green Lane Dental", "O'Neill & Co", "Blue \"Harbour\""] {
                books.add_contact(name, None);
            }
            books.add_item("SEAT-STD", "Business seats", Decimal::new(3_140, 2), "200");
            books.add_item("CANCEL-FEE", "Cancellation fee", Decimal::new(3_300, 2), "200");
            books.add_item("BACKUP-B", "Backup", Decimal::new(900, 2), "200");
            let running = sim.start(None).await.map_err(|error| RemoteError(error.to_string()))?;
            let place = Place {
                base_url: running.base_url(),
                token_url: Some(running.token_url()),
                state_url: Some(format!("{}/_sim/state", running.root_url())),
            };
            Ok(Box::new(HttpRemote::new(place, needs, Box::new(running))?) as Box<dyn Remote>)
        })
    }
}

#[derive(Debug)]
pub(crate) struct ConnectWise;

impl Simulator for ConnectWise {
    fn open<'a>(&'a self, needs: Needs<'a>) -> Pending<'a, Result<Box<dyn Remote>, RemoteError>> {
        Box::pin(async move {
            let sim = CwSim::new(CwConfig::default(), SimClock::fixed(noon()));
            let books = sim.state();
            books.add_currency("USD");
            let company = books.add_company("GreenLane", "Green Lane Dental");
            books.add_company("ONeill", "O'Neill & Co");
            for (code, name) in [
                ("SEAT-STD", "Business seats"),
                ("PLAN-SETUP", "Plan setup"),
                ("PLAN-FEE", "Plan fee"),
                ("CANCEL-FEE", "Cancellation fee"),
            ] {
                books.add_item(&ItemSeed {
                    identifier: code.to_owned(),
                    description: name.to_owned(),
                    price: Decimal::new(3_140, 2),
                    cost: Decimal::new(1_900, 2),
                    class: "Agreement",
                    taxable: true,
                });
            }
            for number in 1..=3 {
                books.add_agreement(&AgreementSeed {
                    name: format!("Agreement {number}"),
                    company,
                    cycle: "Monthly",
                    currency: "USD",
                    prorate: false,
                    start: "2026-10-01".parse().unwrap(),
                });
            }
            let running = sim.start(None).await.map_err(|error| RemoteError(error.to_string()))?;
            let place = Place {
                base_url: running.base_url(),
                token_url: None,
                state_url: Some(format!("{}/_sim/state", running.root_url())),
            };
            Ok(Box::new(HttpRemote::new(place, needs, Box::new(running))?) as Box<dyn Remote>)
        })
    }
}

#[derive(Debug)]
pub(crate) struct Syncro;

impl Simulator for Syncro {
    fn open<'a>(&'a self, needs: Needs<'a>) -> Pending<'a, Result<Box<dyn Remote>, RemoteError>> {
        Box::pin(async move {
            let sim = SyncroSim::new(SyncroConfig::default(), SimClock::fixed(noon()));
            let books = sim.state();
            let customer = books.add_customer(Customer::business("Green Lane Dental"));
            books.add_customer(Customer::business("O'Neill & Co"));
            for (name, price, cost) in [
                ("Business seats", 3_140, 1_900),
                ("Plan setup", 9_900, 0),
                ("Plan fee", 1_999, 500),
                ("Cancellation fee", 7_500, 0),
            ] {
                let (price, cost) = (Decimal::new(price, 2), Decimal::new(cost, 2));
                books.add_product(Product::named(name, name, price, cost));
            }
            for number in 1..=3 {
                let next_run = "2026-12-01".parse().unwrap();
                let name = format!("Cloud {number}");
                books.add_schedule(Schedule::of(customer, &name, Frequency::Monthly, next_run));
            }
            let running = sim.start(None).await.map_err(|error| RemoteError(error.to_string()))?;
            let place = Place {
                base_url: running.base_url(),
                token_url: None,
                state_url: Some(format!("{}/_sim/state", running.root_url())),
            };
            Ok(Box::new(HttpRemote::new(place, needs, Box::new(running))?) as Box<dyn Remote>)
        })
    }
}

/// What signs in there.
pub(crate) fn connectwise_secrets() -> [(String, String); 2] {
    let config = CwConfig::default();
    let username = format!("{}+{}", config.company_id, config.public_key);
    [("username".to_owned(), username), ("password".to_owned(), config.private_key)]
}

pub(crate) fn connectwise_settings() -> [(String, String); 2] {
    let config = CwConfig::default();
    [("company".to_owned(), config.company_id), ("client_id".to_owned(), config.client_id)]
}
