//! A reseller of Cloud-iQ with a Syncro account: six customers, each with a recurring invoice. Owns putting them up, connecting
//! them and the steps that people take; owns no expectation.

use chrono::{Datelike as _, Months, NaiveDate, Utc};
use counterfoil_server::wire::{MappingPage, ProductPage, ProductView, RunView, StatementDetail, StatementPage};
use counterfoil_sim::SimClock;
use counterfoil_sim::cloudiq::{CloudIqConfig, CloudIqHandle, CloudIqSim};
use counterfoil_sim::statements::{Grouping, StatementWorld};
use counterfoil_sim::syncro::{Customer, Frequency, Product, Schedule, SyncroConfig, SyncroHandle, SyncroSim, Token};
use serde_json::{Value, json};

use crate::house::House;

/// The connection.
pub(crate) const SYNCRO: &str = "syncro-main";
pub(crate) const PROGRAM: &str = "/v1/connections/syncro-main/programs/microsoft-csp";
pub(crate) const TOKEN: &str = "syncro-token-of-the-test";
pub(crate) const ALL_MOTIONS: [&str; 10] = [
    "monthly-monthly",
    "annual-monthly",
    "annual-upfront",
    "triennial-monthly",
    "triennial-upfront",
    "reservation",
    "savings-plan",
    "software-perpetual",
    "marketplace",
    "one-time",
];

#[derive(Debug, Clone)]
pub(crate) struct Client {
    /// Cloud-iQ's id.
    pub(crate) id: String,
    pub(crate) name: String,
    /// Syncro's ids.
    pub(crate) party: i64,
    pub(crate) schedule: i64,
}

#[derive(Debug)]
pub(crate) struct Scene {
    pub(crate) house: House,
    pub(crate) market: CloudIqHandle,
    pub(crate) syncro: SyncroHandle,
    pub(crate) clients: Vec<Client>,
}

pub(crate) async fn cloudiq(world: StatementWorld) -> CloudIqHandle {
    CloudIqSim::new(world, CloudIqConfig::default(), SimClock::wall()).start(None).await.unwrap()
}

pub(crate) async fn syncro() -> SyncroHandle {
    let config = SyncroConfig { tokens: vec![Token::full(TOKEN)], ..SyncroConfig::default() };
    SyncroSim::new(config, SimClock::wall()).start(None).await.unwrap()
}

pub(crate) fn today() -> NaiveDate {
    Utc::now().date_naive()
}

pub(crate) fn next_month() -> NaiveDate {
    today().with_day(1).unwrap().checked_add_months(Months::new(1)).unwrap()
}

/// In the marketplace's setup; its sign-in is written where secrets are resolved already.
pub(crate) fn cloudiq_setup(market: &CloudIqHandle) -> Value {
    let config = market.config();
    json!({
        "reseller": "demo", "kind": "cloudiq", "location": market.base_url(),
        "plain_http": true, "private_addresses": true,
        "secrets": {
            "client_id": config.client_id, "client_secret": config.client_secret,
            "username": config.username, "password": config.password,
        },
    })
}

impl Scene {
    /// A service, a distributor and an account; nothing is connected.
    pub(crate) async fn open() -> Self {
        let house = House::start(&["syncro"]).await;
        let market = cloudiq(StatementWorld::demo(today(), Grouping::Provisions)).await;
        let syncro = syncro().await;
        let tenants = market.with_world(|world| world.tenants().to_vec());
        let clients = tenants.iter().map(|tenant| client(&syncro, &tenant.guid, &tenant.name)).collect();
        Self { house, market, syncro, clients }
    }

    /// The connection, set up and found to work.
    pub(crate) fn connection(&self) -> Value {
        json!({
            "reseller": "demo", "plugin": "syncro", "marketplace": "cloudiq", "name": "Syncro",
            "base_url": self.syncro.base_url(), "plain_http": true, "private_addresses": true,
            "settings": { "subdomain": "acme", "currency": "USD" }, "secrets": { "token": TOKEN },
        })
    }

    pub(crate) async fn connect(&self) {
        self.house
            .setup(&json!({
                "reseller": { "demo": { "name": "Demo reseller" } },
                "marketplace": { "cloudiq": cloudiq_setup(&self.market) },
                "connection": { SYNCRO: self.connection() },
            }))
            .await;
    }

    /// Connected, the program set so, statements read.
    pub(crate) async fn with(program: &Value) -> Self {
        let scene = Self::open().await;
        scene.connect().await;
        scene.set(program).await;
        scene.house.check(SYNCRO).await;
        scene
    }

    pub(crate) async fn set(&self, program: &Value) -> Value {
        let (status, answer) = self.house.put(PROGRAM, program).await;
        assert_eq!(status, 200, "{answer}");
        answer
    }

    pub(crate) async fn customers(&self, query: &str) -> MappingPage {
        self.house.api.get(&format!("{PROGRAM}/customers?limit=200{query}")).await
    }

    /// Every motion that statements showed of these customers goes to their own recurring invoice.
    pub(crate) async fn map(&self, clients: &[Client]) {
        for row in self.customers("").await.customers {
            let Some(client) = clients.iter().find(|client| client.id == row.customer) else { continue };
            let (status, answer) = self.mapped(&row.customer, &row.motion, (client.party, Some(client.schedule))).await;
            assert_eq!(status, 200, "{answer}");
        }
    }

    pub(crate) async fn mapped(
        &self,
        customer: &str,
        motion: &str,
        (party, container): (i64, Option<i64>),
    ) -> (u16, Value) {
        let body = json!({ "party": party.to_string(), "container": container.map(|id| id.to_string()) });
        self.house.put(&format!("{PROGRAM}/customers/{customer}/{motion}"), &body).await
    }

    pub(crate) async fn sync_products(&self) -> RunView {
        let run = self.house.api.run(&format!("{PROGRAM}/products/sync"), &json!({})).await;
        assert_eq!(run.state, "done", "{run:#?}");
        run
    }

    pub(crate) async fn products(&self) -> Vec<ProductView> {
        let page: ProductPage = self.house.api.get(&format!("{PROGRAM}/products?limit=200")).await;
        assert!(!page.has_more);
        page.products
    }

    /// What was made in Syncro for the program, whatever people call it.
    pub(crate) fn items(&self) -> Vec<Product> {
        let mut all = self.syncro.state().products();
        all.retain(|product| product.upc_code.as_ref().is_some_and(|mark| mark.starts_with("PC_")));
        all
    }

    pub(crate) async fn statements(&self) -> Vec<StatementDetail> {
        let page: StatementPage = self.house.api.get("/v1/statements?limit=200").await;
        let mut all = Vec::new();
        for one in page.statements {
            let path = format!("/v1/statements/{}?marketplace=cloudiq&limit=200", one.id);
            let detail: StatementDetail = self.house.api.get(&path).await;
            assert!(!detail.has_more, "{} has more records than one page", one.id);
            all.push(detail);
        }
        all
    }

    pub(crate) async fn close(self) {
        assert_eq!(self.market.violations(), []);
        assert_eq!(self.syncro.state().violations(), [], "something was done to Syncro that nobody wants done");
        self.house.stop().await;
    }
}

fn client(syncro: &SyncroHandle, guid: &str, name: &str) -> Client {
    let books = syncro.state();
    let party = books.add_customer(Customer::business(name));
    let schedule = books.add_schedule(Schedule::of(party, "Cloud services", Frequency::Monthly, next_month()));
    Client { id: guid.to_lowercase(), name: name.to_owned(), party, schedule }
}
