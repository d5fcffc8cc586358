//! A whole service on a fresh folder, between a simulated marketplace and a simulated ConnectWise, driven through its API.
//! Owns starting and asking; owns no expectation.

use std::path::Path;
use std::process::Command;

use chrono::{Duration, Utc};
use counterfoil::compose::Service;
use counterfoil_runtime::build;
use counterfoil_server::wire::{LinkView, RunView, SuggestedFor, SuggestionList, TaskDetail, TaskPage, TaskView};
use counterfoil_sim::SimClock;
use counterfoil_sim::cloudblue::{CloudBlueConfig, CloudBlueHandle, CloudBlueSim};
use counterfoil_sim::connectwise::{CwConfig, CwHandle, CwSim};
use counterfoil_sim::world::{Draft, Kind, NewSale, OrderStatus};
use reqwest::Method;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::bench::{self, Api, SEATS};
use crate::shop::nothing_sold;

pub(crate) const CW: &str = "cw-main";

#[derive(Debug)]
pub(crate) struct Office {
    pub(crate) market: CloudBlueHandle,
    pub(crate) books: CwHandle,
    pub(crate) api: Api,
    pub(crate) folder: TempDir,
    service: Service,
}

impl Office {
    /// Connected; nothing is sold and nothing linked.
    pub(crate) async fn open() -> Self {
        let books = CwSim::new(CwConfig::default(), SimClock::wall()).start(None).await.unwrap();
        let market =
            CloudBlueSim::new(nothing_sold(), CloudBlueConfig::default(), SimClock::wall()).start(None).await.unwrap();
        let folder = TempDir::new().unwrap();
        let made = Command::new(env!("CARGO_BIN_EXE_counterfoil"))
            .args(["init", "--json", "--allow-unsigned", "--listen", "127.0.0.1:0"])
            .arg(folder.path())
            .output()
            .unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        let built = build::build(&bench::root().join("plugins/connectwise"), &build::Options::default()).await;
        let plugin = built.unwrap_or_else(|error| panic!("the ConnectWise target cannot be built: {error}")).path;
        std::fs::copy(&plugin, folder.path().join("plugins").join(plugin.file_name().unwrap())).unwrap();
        let service = bench::serve(folder.path()).await;
        let office = Self { market, books, api: Api::new(&service, folder.path()), folder, service };
        office.connect().await;
        office.check().await;
        office
    }

    async fn connect(&self) {
        let (cloudblue, own) = (self.market.config(), CwConfig::default());
        let user = format!("{}+{}", own.company_id, own.public_key);
        let root = self.books.root_url();
        let setup = json!({
            "reseller": { "demo": { "name": "Demo reseller" } },
            "marketplace": { "market": {
                "reseller": "demo", "kind": "cloudblue", "location": self.market.base_url(),
                "plain_http": true, "private_addresses": true,
                "settings": { "sign_in": "token", "marketplace": cloudblue.marketplace },
                "secrets": {
                    "username": cloudblue.username, "password": cloudblue.password,
                    "subscription_key": cloudblue.subscription_key,
                },
            } },
            "connection": { CW: {
                "reseller": "demo", "plugin": "connectwise", "marketplace": "market", "name": "ConnectWise (simulated)",
                "base_url": format!("{root}/{{codebase}}/apis/3.0"),
                "discovery_url": format!("{root}/login/companyinfo/{{company}}"),
                "plain_http": true, "private_addresses": true,
                "settings": { "site": "api-na.myconnectwise.net", "company": own.company_id, "client_id": own.client_id },
                "secrets": { "username": user, "password": own.private_key },
            } },
        });
        self.api.post("/v1/setup?dry_run=false", &setup).await;
    }

    /// Check Changes, to its good end.
    pub(crate) async fn check(&self) -> RunView {
        let run = self.api.run(&format!("/v1/connections/{CW}/check"), &json!({})).await;
        assert_eq!(run.state, "done", "{run:#?}");
        run
    }

    pub(crate) async fn plan(&self) -> RunView {
        self.api.run("/v1/plans", &json!({ "connection": CW })).await
    }

    pub(crate) async fn sync(&self, plans: Vec<String>) -> RunView {
        self.api.run("/v1/syncs", &json!({ "connection": CW, "plans": plans })).await
    }

    /// Three seats for the first customer, now. Gives the order's number.
    pub(crate) fn sell(&self) -> String {
        let customer_id = Some(self.customer().0);
        self.market.with_world(|world| {
            let (mpn, at) = (Some(SEATS.to_owned()), Utc::now() - Duration::minutes(20));
            let status = OrderStatus::Completed;
            world.new_sale(&NewSale { customer_id, mpn, quantity: 3, at, status }).unwrap()
        })
    }

    /// Another order of what a sale began.
    pub(crate) fn order(&self, kind: Kind, sale: &str, delta: Option<i64>) -> String {
        let subscription_id = self.subscription(sale);
        self.market.with_world(|world| {
            let (at, status) = (Utc::now() - Duration::minutes(5), OrderStatus::Completed);
            world.add_order(&Draft { kind, subscription_id, at, status, delta }).unwrap()
        })
    }

    /// Id and name of the first customer.
    pub(crate) fn customer(&self) -> (String, String) {
        self.market.with_world(|world| {
            let first = &world.customers()[0];
            (first.id.clone(), first.name.clone())
        })
    }

    pub(crate) fn subscription(&self, sale: &str) -> String {
        self.market.with_world(|world| world.order_numbered(sale).unwrap().subscription_id.clone().unwrap())
    }

    pub(crate) async fn tasks(&self, query: &str) -> Vec<TaskView> {
        let page: TaskPage = self.api.get(&format!("/v1/tasks?connection={CW}&limit=200{query}")).await;
        page.tasks
    }

    /// The only task of an order.
    pub(crate) async fn task(&self, number: &str) -> TaskDetail {
        let mut of = self.tasks("").await;
        of.retain(|task| task.number == number && task.state != "superseded");
        assert_eq!(of.len(), 1, "{number}: {of:#?}");
        self.api.get(&format!("/v1/tasks/{}", of[0].id)).await
    }

    /// Answer of setting a link: status and body.
    pub(crate) async fn link(&self, kind: &str, source: &str, id: i64) -> (u16, Value) {
        let body = json!({
            "connection": CW, "kind": kind, "source": source, "state": "linked", "target": { "id": id.to_string() },
        });
        self.api.call(Method::PUT, "/v1/links", Some(&body)).await
    }

    pub(crate) async fn linked(&self, kind: &str, source: &str, id: i64) {
        let (status, answer) = self.link(kind, source, id).await;
        assert_eq!(status, 200, "{answer}");
    }

    pub(crate) async fn links(&self) -> Vec<LinkView> {
        let page: Value = self.api.get(&format!("/v1/links?connection={CW}&limit=200")).await;
        serde_json::from_value(page["links"].clone()).unwrap()
    }

    pub(crate) async fn suggested(&self, kind: &str, source: &str) -> SuggestedFor {
        let path = format!("/v1/links/suggestions?connection={CW}&kind={kind}&source={source}");
        let mut list: SuggestionList = self.api.get(&path).await;
        assert_eq!(list.sources.len(), 1, "{list:#?}");
        list.sources.remove(0)
    }

    /// Requests that would change something, as ConnectWise got them.
    pub(crate) fn writes(&self) -> usize {
        self.books.log().entries().iter().filter(|one| one.method != "GET").count()
    }

    pub(crate) fn base(&self) -> String {
        format!("http://{}", self.service.address)
    }

    pub(crate) fn token_file(&self) -> std::path::PathBuf {
        Path::new(self.folder.path()).join("admin.token")
    }

    pub(crate) async fn close(self) {
        self.service.stop().await.unwrap();
    }
}
