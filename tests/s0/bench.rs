//! A whole service on a fresh folder, between a simulated marketplace and a simulated Xero, driven through its API.
//! Owns starting and asking; owns no expectation. Shared by the whole-system tests.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use chrono::Utc;
use counterfoil::compose::{self, Service};
use counterfoil::config::Config;
use counterfoil_runtime::build;
use counterfoil_server::wire::{RunView, TaskDetail, TaskPage, TaskView};
use counterfoil_sim::SimClock;
use counterfoil_sim::cloudblue::{CloudBlueConfig, CloudBlueHandle, CloudBlueSim};
use counterfoil_sim::world::World;
use counterfoil_sim::xero::{Limits, XeroConfig, XeroHandle, XeroOrg, XeroSim};
use reqwest::Method;
use rust_decimal::Decimal;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::sync::OnceCell;

/// A run that takes longer hangs.
const PATIENCE: Duration = Duration::from_secs(60);
/// How much dearer each item is in Xero than in the marketplace: no price can be taken for the other.
pub(crate) const DEARER: Decimal = Decimal::ONE_HUNDRED;
/// The connection that `connect` sets up.
pub(crate) const XERO: &str = "xero-main";

pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

/// The Xero target, built from its source once a process.
pub(crate) async fn xero_plugin() -> &'static Path {
    static BUILT: OnceCell<PathBuf> = OnceCell::const_new();
    let build = || async {
        let built = build::build(&root().join("plugins/xero"), &build::Options::default()).await;
        built.unwrap_or_else(|error| panic!("the Xero target cannot be built: {error}")).path
    };
    BUILT.get_or_init(build).await
}

/// The service's API, as an administrator.
#[derive(Debug, Clone)]
pub(crate) struct Api {
    http: reqwest::Client,
    base: String,
    token: String,
}

impl Api {
    pub(crate) fn new(service: &Service, folder: &Path) -> Self {
        // Only the first call installs it; the others find it there.
        let _installed = rustls::crypto::ring::default_provider().install_default();
        Self {
            http: reqwest::Client::builder().no_proxy().build().unwrap(),
            base: format!("http://{}", service.address),
            token: std::fs::read_to_string(folder.join("admin.token")).unwrap().trim().to_owned(),
        }
    }

    pub(crate) async fn call(&self, method: Method, path: &str, body: Option<&Value>) -> (u16, Value) {
        let mut request = self.http.request(method, format!("{}{path}", self.base)).bearer_auth(&self.token);
        if let Some(body) = body {
            request = request.header("content-type", "application/json").body(body.to_string());
        }
        let answer = request.send().await.unwrap();
        let (status, text) = (answer.status().as_u16(), answer.text().await.unwrap());
        (status, serde_json::from_str(&text).unwrap_or(Value::String(text)))
    }

    pub(crate) async fn get<T: DeserializeOwned>(&self, path: &str) -> T {
        let (status, value) = self.call(Method::GET, path, None).await;
        assert_eq!(status, 200, "GET {path}: {value}");
        serde_json::from_value(value).unwrap()
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Value {
        let (status, value) = self.call(Method::POST, path, Some(body)).await;
        assert!((200..300).contains(&status), "POST {path}: {status} {value}");
        value
    }

    /// Starts a run and waits for its end, whatever it is.
    pub(crate) async fn run(&self, path: &str, body: &Value) -> RunView {
        let mut run: RunView = serde_json::from_value(self.post(path, body).await).unwrap();
        let begun = Instant::now();
        while !run.is_over {
            assert!(begun.elapsed() < PATIENCE, "the run does not end: {run:?}");
            tokio::time::sleep(Duration::from_millis(25)).await;
            run = self.get(&format!("/v1/runs/{}", run.id)).await;
        }
        run
    }
}

#[derive(Debug)]
pub(crate) struct Bench {
    pub(crate) market: CloudBlueHandle,
    pub(crate) books: XeroHandle,
    pub(crate) api: Api,
    folder: TempDir,
    service: Service,
}

impl Bench {
    /// Nothing is connected yet.
    pub(crate) async fn start(world: World, plugins: &[&Path]) -> Self {
        let books = books(&world).start(None).await.unwrap();
        let market = CloudBlueSim::new(world, CloudBlueConfig::default(), SimClock::wall()).start(None).await.unwrap();
        let folder = TempDir::new().unwrap();
        let made = Command::new(env!("CARGO_BIN_EXE_counterfoil"))
            .args(["init", "--json", "--allow-unsigned", "--listen", "127.0.0.1:0"])
            .arg(folder.path())
            .output()
            .unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        for plugin in plugins {
            std::fs::copy(plugin, folder.path().join("plugins").join(plugin.file_name().unwrap())).unwrap();
        }
        let service = serve(folder.path()).await;
        Self { market, books, api: Api::new(&service, folder.path()), folder, service }
    }

    /// Reseller and marketplace, and the Xero connection with what else it is to have.
    pub(crate) async fn connect(&self, more: Value) {
        let cloudblue = self.market.config();
        let mut connection = json!({
            "reseller": "demo", "plugin": "xero", "marketplace": "market", "name": "Xero (simulated)",
            "base_url": self.books.base_url(), "token_url": self.books.token_url(),
            "plain_http": true, "private_addresses": true,
            "settings": { "account_code": "200", "tax_type": "OUTPUT2" },
            "secrets": { "client_id": "sim-client", "client_secret": "sim-secret" },
        });
        for (name, value) in more.as_object().unwrap() {
            connection[name] = value.clone();
        }
        self.setup(&json!({
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
            "connection": { XERO: connection },
        }))
        .await;
    }

    pub(crate) async fn setup(&self, document: &Value) {
        self.api.post("/v1/setup?dry_run=false", document).await;
    }

    /// Check Changes, to its good end.
    pub(crate) async fn check(&self, connection: &str) -> RunView {
        let run = self.api.run(&format!("/v1/connections/{connection}/check"), &json!({})).await;
        assert_eq!(run.state, "done", "{run:#?}");
        run
    }

    /// Plans everything that is ready.
    pub(crate) async fn plan(&self, connection: &str) -> RunView {
        self.api.run("/v1/plans", &json!({ "connection": connection })).await
    }

    /// Confirms every plan there is, and waits until all is written and read back.
    pub(crate) async fn sync(&self, connection: &str) -> RunView {
        let planned = self.tasks(connection, "planned").await;
        let plans: Vec<String> = planned.into_iter().filter_map(|task| task.plan).collect();
        assert!(!plans.is_empty(), "nothing is planned");
        let run = self.api.run("/v1/syncs", &json!({ "connection": connection, "plans": plans })).await;
        assert_eq!(run.state, "done", "{run:#?}");
        run
    }

    /// All tasks, or those in a state.
    pub(crate) async fn tasks(&self, connection: &str, state: &str) -> Vec<TaskView> {
        let mut all = Vec::new();
        let mut after = String::new();
        loop {
            let path = format!("/v1/tasks?connection={connection}&state={state}&limit=200{after}");
            let page: TaskPage = self.api.get(&path).await;
            all.extend(page.tasks);
            match page.next {
                Some(next) => after = format!("&after={next}"),
                None => return all,
            }
        }
    }

    /// The one task of an order that was not superseded.
    pub(crate) async fn task(&self, connection: &str, number: &str) -> TaskDetail {
        let all = self.tasks(connection, "").await;
        let of: Vec<_> = all.iter().filter(|task| task.number == number && task.state != "superseded").collect();
        assert_eq!(of.len(), 1, "{number}: {of:#?}");
        self.api.get(&format!("/v1/tasks/{}", of[0].id)).await
    }

    /// Stops the service in good order; folder and simulators stay.
    pub(crate) async fn stop(self) -> (TempDir, CloudBlueHandle, XeroHandle) {
        self.service.stop().await.unwrap();
        (self.folder, self.market, self.books)
    }
}

pub(crate) async fn serve(folder: &Path) -> Service {
    compose::start(&Config::load(&folder.join("counterfoil.toml")).unwrap()).await.unwrap()
}

/// Every customer that has an external id is a contact, and every product an item, dearer than in the marketplace.
fn books(world: &World) -> XeroSim {
    let org = XeroOrg::new("5b1e7c1c-6f0b-4a3e-9d5c-2f4a8d1b7e60", "Books", "NZ", "USD");
    let config = XeroConfig { orgs: vec![org], limits: Limits::generous(), ..XeroConfig::default() };
    let sim = XeroSim::new(config, SimClock::wall());
    let books = sim.state();
    for customer in world.customers().iter().filter(|customer| customer.external_id.is_some()) {
        books.add_contact(&customer.name, customer.external_id.as_deref());
    }
    for product in world.products().iter().filter(|product| product.mpn.len() <= 30) {
        let price = product.recurring.or(product.overuse).map_or(Decimal::ZERO, |price| price.price);
        let name: String = product.name.chars().take(50).collect();
        books.add_item(&product.mpn, &name, price + DEARER, "200");
    }
    sim
}

/// The first customer: linked by its external id, whatever else happens.
pub(crate) fn customer(world: &World) -> String {
    world.customers()[0].id.clone()
}

/// A part number whose plan bills each month's seats in advance, and nothing else.
pub(crate) const SEATS: &str = "CFQ7TTC0LCHC:0002-P1M";

/// So many minutes ago.
pub(crate) fn ago(minutes: i64) -> chrono::DateTime<Utc> {
    Utc::now() - chrono::Duration::minutes(minutes)
}
