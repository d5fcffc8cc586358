//! The whole service on a fresh folder, with a simulated marketplace and tiny books, restarted at will.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use chrono::Utc;
use counterfoil::compose::{self, Service};
use counterfoil::config::Config;
use counterfoil_runtime::component::Package;
use counterfoil_server::wire::{PluginList, PluginView, RunView, TaskPage, TaskView};
use counterfoil_sim::cloudblue::{CloudBlueConfig, CloudBlueHandle, CloudBlueSim};
use counterfoil_sim::world::{NewSale, OrderStatus, World, WorldSpec};
use counterfoil_sim::{Running, SimClock};
use reqwest::Method;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::bench::{Api, SEATS, ago, customer};
use crate::books::{Books, TOKEN};

pub(crate) const TINY: &str = "tiny-books";
/// The folder is looked at every second, twice; a probe and a commit come on top.
const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) struct Shop {
    pub(crate) api: Api,
    pub(crate) books: Books,
    /// Named in no test: it answers as long as it is held.
    address: Running,
    market: CloudBlueHandle,
    folder: TempDir,
    service: Service,
}

async fn serve(folder: &Path, compiler: Option<&str>) -> Service {
    let mut config = Config::load(&folder.join("counterfoil.toml")).unwrap();
    config.compiler = compiler.map(PathBuf::from);
    compose::start(&config).await.unwrap()
}

impl Shop {
    /// With these files in its plugins folder.
    pub(crate) async fn start(files: &[(&str, &Package)]) -> Self {
        let spec =
            WorldSpec { customers: 3, subscriptions: 0, orders: 0, ..WorldSpec::new(4, Utc::now().date_naive()) };
        let market = CloudBlueSim::new(World::generate(&spec), CloudBlueConfig::default(), SimClock::wall());
        let (market, folder, books) = (market.start(None).await.unwrap(), TempDir::new().unwrap(), Books::default());
        let made = Command::new(env!("CARGO_BIN_EXE_counterfoil"))
            .args(["init", "--json", "--allow-unsigned", "--listen", "127.0.0.1:0"])
            .arg(folder.path())
            .output()
            .unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        for (name, package) in files {
            std::fs::write(folder.path().join("plugins").join(name), &package.bytes).unwrap();
        }
        let service = serve(folder.path(), None).await;
        let address = books.serve().await;
        Self { api: Api::new(&service, folder.path()), books, address, market, folder, service }
    }

    pub(crate) fn path(&self, below: &str) -> PathBuf {
        self.folder.path().join(below)
    }

    /// Stopped in good order, changed, and started again.
    pub(crate) async fn restart(self, compiler: Option<&str>, change: impl FnOnce(&Path)) -> Self {
        self.service.stop().await.unwrap();
        change(self.folder.path());
        let service = serve(self.folder.path(), compiler).await;
        Self { api: Api::new(&service, self.folder.path()), service, ..self }
    }

    pub(crate) async fn stop(self) {
        self.service.stop().await.unwrap();
    }

    pub(crate) async fn connect(&self) {
        self.connect_with(TOKEN).await;
    }

    pub(crate) async fn connect_with(&self, token: &str) {
        let cloudblue = self.market.config();
        let (who, name) = self.market.with_world(|world| (customer(world), world.customers()[0].name.clone()));
        let document = json!({
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
            "connection": { TINY: {
                "reseller": "demo", "plugin": "tiny", "marketplace": "market", "base_url": self.address.base_url,
                "plain_http": true, "private_addresses": true, "secrets": { "token": token },
                "link": [
                    { "kind": "party", "source": who, "target": "c-1", "name": name },
                    { "kind": "item", "source": SEATS, "target": "any", "name": "Seats" },
                ],
            } },
        });
        self.api.post("/v1/setup?dry_run=false", &document).await;
    }

    pub(crate) fn sell(&self, quantity: i64) -> String {
        self.market.with_world(|world| {
            let sale = NewSale {
                customer_id: Some(customer(world)),
                mpn: Some(SEATS.to_owned()),
                quantity,
                at: ago(60 - quantity.min(50)),
                status: OrderStatus::Completed,
            };
            world.new_sale(&sale).unwrap()
        })
    }

    pub(crate) async fn check(&self) {
        let run = self.api.run(&format!("/v1/connections/{TINY}/check"), &json!({})).await;
        assert_eq!(run.state, "done", "{run:#?}");
    }

    pub(crate) async fn plan(&self) -> RunView {
        self.api.run("/v1/plans", &json!({ "connection": TINY })).await
    }

    /// Confirms what is planned and waits for the end of the run, whatever it is.
    pub(crate) async fn sync(&self) -> RunView {
        let plans: Vec<String> = self.tasks("planned").await.into_iter().filter_map(|task| task.plan).collect();
        self.api.run("/v1/syncs", &json!({ "connection": TINY, "plans": plans })).await
    }

    pub(crate) async fn tasks(&self, state: &str) -> Vec<TaskView> {
        let page: TaskPage = self.api.get(&format!("/v1/tasks?connection={TINY}&state={state}&limit=200")).await;
        page.tasks
    }

    pub(crate) async fn list(&self) -> PluginList {
        self.api.get("/v1/plugins").await
    }

    /// The version as the list shows it.
    pub(crate) async fn shown(&self, package: &Package) -> Option<PluginView> {
        self.list().await.plugins.into_iter().find(|one| one.digest == package.digest.as_str())
    }

    /// The version that new work goes to.
    pub(crate) async fn active(&self) -> String {
        let list = self.list().await.plugins;
        let mut active = list.into_iter().filter(|one| one.active);
        let one = active.next().map(|one| one.version).unwrap_or_default();
        assert_eq!(active.next(), None, "one version is active");
        one
    }

    pub(crate) async fn until<T, F: Future<Output = Option<T>>>(&self, what: &str, look: impl Fn() -> F) -> T {
        let begun = Instant::now();
        loop {
            if let Some(found) = look().await {
                return found;
            }
            assert!(begun.elapsed() < PATIENCE, "{what} does not come: {:#?}", self.list().await);
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Bytes as they are, as `plugin install` sends them.
    pub(crate) async fn install(&self, bytes: &[u8]) -> (u16, Value) {
        let token = std::fs::read_to_string(self.path("admin.token")).unwrap();
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let request = client.post(format!("http://{}/v1/plugins", self.service.address)).bearer_auth(token.trim());
        let answer = request.header("content-type", "application/wasm").body(bytes.to_vec()).send().await.unwrap();
        let (status, text) = (answer.status().as_u16(), answer.text().await.unwrap());
        (status, serde_json::from_str(&text).unwrap())
    }

    pub(crate) async fn command(&self, command: &str, body: &Value) -> (u16, Value) {
        self.api.call(Method::POST, &format!("/v1/plugins/tiny/{command}"), Some(body)).await
    }

    pub(crate) async fn activate(&self, package: &Package, accept_wider: bool) -> (u16, Value) {
        let body = json!({ "digest": package.digest.as_str(), "accept_wider": accept_wider });
        self.command("activate", &body).await
    }

    /// A verb of the command line against this service: exit code and what it printed.
    pub(crate) fn cli(&self, arguments: &[&str]) -> (i32, String) {
        let ended = Command::new(env!("CARGO_BIN_EXE_counterfoil"))
            .args(arguments)
            .args(["--server", &format!("http://{}", self.service.address), "--token-file"])
            .arg(self.path("admin.token"))
            .output()
            .unwrap();
        let printed = [ended.stdout, ended.stderr].concat();
        (ended.status.code().unwrap(), String::from_utf8(printed).unwrap())
    }

    pub(crate) async fn audited(&self) -> Vec<String> {
        let audit: Value = self.api.get("/v1/audit?limit=200").await;
        let entries = audit["entries"].as_array().unwrap();
        let text =
            |entry: &Value| format!("{} by {}", entry["action"].as_str().unwrap(), entry["actor"].as_str().unwrap());
        entries.iter().rev().map(text).filter(|line| line.starts_with("plugin.")).collect()
    }
}
