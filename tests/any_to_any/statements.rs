//! Statements of Cloud-iQ into Xero and into ConnectWise: the same setup but for the target's own settings and links.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{Datelike as _, Months};
use counterfoil_server::wire::{StatementDetail, StatementPage};
use counterfoil_sim::SimClock;
use counterfoil_sim::cloudiq::CloudIqHandle;
use counterfoil_sim::connectwise::{AgreementSeed, CwConfig, CwSim, ItemSeed};
use counterfoil_sim::statements::{Grouping, StatementSpec, StatementWorld};
use counterfoil_sim::xero::{DocumentKind, Limits, XeroConfig, XeroOrg, XeroSim};
use rust_decimal::{Decimal, RoundingStrategy};
use serde_json::{Value, json};

use crate::house::{House, amount};
use crate::scene::{ALL_MOTIONS, cloudiq, cloudiq_setup, today};

const TO: &str = "books";

/// A connection that reads statements, with everything switched on.
struct Statements {
    house: House,
    market: CloudIqHandle,
    connection: Value,
}

/// A customer's billing motion, as the source names it.
type Stream = (String, String);

fn cents(amount: Decimal) -> Decimal {
    amount.round_dp_with_strategy(2, RoundingStrategy::MidpointAwayFromZero)
}

impl Statements {
    async fn read(plugin: &str, own: Value) -> Self {
        let house = House::start(&[plugin]).await;
        let market = cloudiq(with_credits()).await;
        let mut connection = json!({
            "reseller": "demo", "plugin": plugin, "marketplace": "cloudiq", "name": "Books",
            "plain_http": true, "private_addresses": true,
        });
        connection.as_object_mut().unwrap().extend(own.as_object().unwrap().clone());
        house
            .setup(&json!({
                "reseller": { "demo": { "name": "Demo reseller" } },
                "marketplace": { "cloudiq": cloudiq_setup(&market) },
                "connection": { TO: connection },
                "programs": [{
                    "connection": TO, "name": "microsoft-csp", "enabled": true, "billing": true, "motions": ALL_MOTIONS,
                    "azure": true, "annual": true,
                }],
            }))
            .await;
        house.check(TO).await;
        Self { house, market, connection }
    }

    /// Id and name of every customer.
    fn customers(&self) -> Vec<(String, String)> {
        let named = |world: &mut StatementWorld| {
            world.tenants().iter().map(|one| (one.guid.to_lowercase(), one.name.clone())).collect()
        };
        self.market.with_world(named)
    }

    async fn kept(&self) -> Vec<StatementDetail> {
        let page: StatementPage = self.house.api.get("/v1/statements?limit=200").await;
        let mut all = Vec::new();
        for one in page.statements {
            all.push(self.house.api.get(&format!("/v1/statements/{}?marketplace=cloudiq&limit=200", one.id)).await);
        }
        all
    }

    /// Code and name of every product that was billed to somebody.
    async fn products(&self) -> BTreeMap<String, String> {
        let of = self.kept().await.into_iter().flat_map(|statement| statement.records);
        of.map(|record| (record.product, record.product_name)).collect()
    }

    /// Every motion of every customer that statements show.
    async fn streams(&self) -> BTreeSet<Stream> {
        let of = self.kept().await.into_iter().flat_map(|statement| statement.records);
        of.map(|record| (record.customer, record.motion)).collect()
    }

    /// All at once, as an operator keeps them in a file.
    async fn link(&self, links: Vec<Value>) {
        let mut connection = self.connection.clone();
        connection["link"] = links.into();
        self.house.setup(&json!({ "connection": { TO: connection } })).await;
    }

    /// What the source says, customer by customer, of the statements that were read: each motion of each to the cent.
    async fn due(&self) -> BTreeMap<String, Decimal> {
        let read: BTreeSet<String> = self.kept().await.into_iter().map(|one| one.statement.id).collect();
        let mut cells: BTreeMap<(String, u32, String), Decimal> = BTreeMap::new();
        self.market.with_world(|world| {
            for statement in world.statements().iter().filter(|one| read.contains(&one.id.to_string())) {
                for record in &statement.records {
                    let Some(tenant) = record.tenant.and_then(|id| world.tenant(id)) else { continue };
                    // Nobody can say how it is billed: its money is in a bucket of its own.
                    if record.motion.name() == "unknown" {
                        continue;
                    }
                    let cell = (tenant.name.clone(), statement.id, record.motion.name().to_owned());
                    *cells.entry(cell).or_default() += record.retail;
                }
            }
        });
        let mut due: BTreeMap<String, Decimal> = BTreeMap::new();
        for ((name, ..), sum) in cells {
            *due.entry(name).or_default() += cents(sum);
        }
        due
    }

    /// Planned, confirmed, sent; every task is as much as its statement says, and the account adds up.
    async fn billed(&self) -> BTreeMap<String, Decimal> {
        let synced = self.house.bill(TO, &["grew"]).await;
        assert!(synced.len() > 5, "{synced:#?}");
        let left = self.house.tasks(TO, "").await;
        for task in left.iter().filter(|task| task.state != "synced") {
            let reason = task.ignored.as_ref().map(|ignored| ignored.reason.as_str());
            assert!(
                is_nobodys(&task.customer) || matches!(reason, Some("unknown-motion" | "zero-amount")),
                "{} is {}: {task:#?}",
                task.number,
                task.state
            );
        }
        let money: Value = self.house.api.get(&format!("/v1/connections/{TO}/programs/microsoft-csp/money")).await;
        assert_eq!(money["agrees"], true, "{money:#}");
        let mut of: BTreeMap<String, Decimal> = BTreeMap::new();
        for task in &synced {
            *of.entry(task.customer_name.clone()).or_default() += cents(amount(task));
        }
        assert_eq!(of, self.due().await, "tasks against statements");
        of
    }
}

/// Six customers of whom somebody is given money back in the newest month.
fn with_credits() -> StatementWorld {
    let worlds = (17..200).map(|seed| {
        let spec = StatementSpec { seed, ..StatementSpec::demo(today()) };
        StatementWorld::generate(&spec, Grouping::Provisions)
    });
    let gives_back = |world: &StatementWorld| {
        let newest = world.first().plus(world.months() - 1);
        let of = world.statements().iter().filter(|one| one.month == newest).flat_map(|one| &one.records);
        of.filter(|record| record.tenant.is_some() && record.retail.is_sign_negative()).count() > 1
    };
    worlds.into_iter().find(gives_back).unwrap()
}

/// What the distributor bills the reseller for itself.
fn is_nobodys(customer: &str) -> bool {
    customer.starts_with("organization:")
}

fn link(kind: &str, source: &str, (id, name): (&str, &str)) -> Value {
    json!({ "kind": kind, "source": source, "target": id, "name": name })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn statements_of_cloudiq_become_invoices_in_xero_to_the_cent() {
    let org = XeroOrg::new("5b1e7c1c-6f0b-4a3e-9d5c-2f4a8d1b7e60", "Books", "NZ", "USD");
    let config = XeroConfig { orgs: vec![org], limits: Limits::generous(), ..XeroConfig::default() };
    let books = XeroSim::new(config, SimClock::wall()).start(None).await.unwrap();
    let statements = Statements::read(
        "xero",
        json!({
            "base_url": books.base_url(), "token_url": books.token_url(),
            "settings": { "account_code": "200", "tax_type": "OUTPUT2" },
            "secrets": { "client_id": "sim-client", "client_secret": "sim-secret" },
        }),
    )
    .await;
    let mut links = Vec::new();
    let mut contacts = BTreeMap::new();
    for (id, name) in statements.customers() {
        let contact = books.state().add_contact(&name, None);
        links.push(link("party", &id, (&contact, &name)));
        contacts.insert(contact, name);
    }
    for (place, (code, name)) in statements.products().await.into_iter().enumerate() {
        let short: String = name.chars().take(50).collect();
        let own = format!("CLOUD-{place}");
        let item = books.state().add_item(&own, &short, Decimal::ONE, "200");
        links.push(json!({ "kind": "item", "source": code, "target": item, "code": own, "name": short }));
    }
    statements.link(links).await;
    let billed = statements.billed().await;
    let mut stands: BTreeMap<String, Decimal> = BTreeMap::new();
    for document in books.state().documents() {
        let sign = if document.kind == DocumentKind::CreditNote { Decimal::NEGATIVE_ONE } else { Decimal::ONE };
        *stands.entry(contacts[&document.contact_id].clone()).or_default() += sign * document.sub_total;
    }
    assert_eq!(stands, billed);
    assert_eq!(statements.market.violations(), []);
    statements.house.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn statements_of_cloudiq_become_additions_in_connectwise_and_its_invoices_agree_to_the_cent() {
    let books = CwSim::new(CwConfig::default(), SimClock::wall()).start(None).await.unwrap();
    let (own, root) = (CwConfig::default(), books.root_url());
    let statements = Statements::read(
        "connectwise",
        json!({
            "base_url": format!("{root}/{{codebase}}/apis/3.0"),
            "discovery_url": format!("{root}/login/companyinfo/{{company}}"),
            "settings": { "site": "api-na.myconnectwise.net", "company": own.company_id, "client_id": own.client_id },
            "secrets": {
                "username": format!("{}+{}", own.company_id, own.public_key), "password": own.private_key,
            },
        }),
    )
    .await;
    let state = books.state();
    let start = today().with_day(1).unwrap().checked_sub_months(Months::new(6)).unwrap();
    let mut links = Vec::new();
    let mut agreements = BTreeMap::new();
    let streams = statements.streams().await;
    for (place, (id, name)) in statements.customers().into_iter().enumerate() {
        let company = state.add_company(&format!("Client{place}"), &name);
        links.push(link("party", &id, (&company.to_string(), &name)));
        let seed = AgreementSeed {
            name: "Cloud services".to_owned(),
            company,
            cycle: "Monthly",
            currency: "USD",
            prorate: false,
            start,
        };
        let agreement = state.add_agreement(&seed);
        for (_, motion) in streams.iter().filter(|(of, _)| *of == id) {
            let source = format!("{id}/{motion}");
            links.push(link("container", &source, (&agreement.to_string(), "Cloud services")));
        }
        agreements.insert(agreement, name);
    }
    for (place, (code, name)) in statements.products().await.into_iter().enumerate() {
        let identifier = format!("CLOUD-{place}");
        let item = state.add_item(&ItemSeed {
            identifier: identifier.clone(),
            description: name.clone(),
            price: Decimal::ONE,
            cost: Decimal::ZERO,
            class: "Agreement",
            taxable: true,
        });
        links.push(
            json!({ "kind": "item", "source": code, "target": item.to_string(), "code": identifier, "name": name }),
        );
    }
    statements.link(links).await;
    let credits = statements.kept().await.into_iter().flat_map(|one| one.records);
    assert!(
        credits.filter(|one| one.amount.amount.starts_with('-')).count() > 0,
        "nothing is given back in this world"
    );
    let billed = statements.billed().await;
    let mut invoiced: BTreeMap<String, Decimal> = BTreeMap::new();
    for invoice in state.invoice_up_to(today()) {
        *invoiced.entry(agreements[&invoice.agreement].clone()).or_default() += invoice.total();
    }
    invoiced.retain(|_, total| !total.is_zero());
    assert_eq!(invoiced, billed);
    // What was billed once is not billed again.
    let later = today().checked_add_months(Months::new(3)).unwrap();
    let again: Decimal = state.invoice_up_to(later).iter().map(|invoice| invoice.total()).sum();
    assert_eq!(again, Decimal::ZERO);
    statements.house.stop().await;
}
