//! A reseller with one marketplace and a ledger of each kind, served by a process that may die at any time: what people
//! do with it, and what it has promised them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::time::Duration;

use chrono::Utc;
use counterfoil_sim::SimClock;
use counterfoil_sim::cloudblue::{CloudBlueConfig, CloudBlueHandle, CloudBlueSim};
use counterfoil_sim::world::{NewSale, Order, OrderStatus, World, WorldSpec};
use reqwest::Method;
use serde_json::{Value, json};

use crate::bench::{SEATS, ago, customer};
use crate::house::{Gone, House};
use crate::kinds::Kind;
use crate::ledger::Ledger;

const TOKEN: &str = "ledger-token";

/// What the API has said yes to.
#[derive(Debug, Default, Clone)]
pub(crate) struct Promises {
    pub(crate) runs: BTreeSet<String>,
    /// Connection and source.
    pub(crate) links: BTreeSet<(String, String)>,
    pub(crate) ignored: BTreeSet<String>,
    /// Tasks whose plans were confirmed.
    pub(crate) confirmed: BTreeSet<String>,
}

impl Promises {
    pub(crate) fn count(&self) -> usize {
        self.runs.len() + self.links.len() + self.ignored.len() + self.confirmed.len()
    }

    pub(crate) fn add_all(&mut self, other: Self) {
        self.runs.extend(other.runs);
        self.links.extend(other.links);
        self.ignored.extend(other.ignored);
        self.confirmed.extend(other.confirmed);
    }
}

#[derive(Debug)]
pub(crate) struct Shop {
    pub(crate) house: House,
    pub(crate) market: CloudBlueHandle,
    pub(crate) ledgers: BTreeMap<Kind, Ledger>,
    pub(crate) timeout: Duration,
    /// Of the life that runs, and of all before it.
    pub(crate) fresh: Mutex<Promises>,
    pub(crate) promises: Promises,
    /// Asked for, whether or not an answer came.
    pub(crate) may_be_ignored: Mutex<BTreeSet<String>>,
}

/// The tiny plugin bills quantity × unit price and nothing else.
fn undiscounted(order: &mut Order) {
    for line in &mut order.lines {
        if let Some(discount) = line.discount.take() {
            line.extended += discount.amount;
            order.total += discount.amount;
        }
    }
}

impl Shop {
    /// Set up, and serving.
    pub(crate) async fn open(kinds: &[Kind], timeout: Duration) -> Self {
        let spec =
            WorldSpec { customers: 3, subscriptions: 0, orders: 0, ..WorldSpec::new(4, Utc::now().date_naive()) };
        let market = CloudBlueSim::new(World::generate(&spec), CloudBlueConfig::default(), SimClock::wall());
        let market = market.start(None).await.unwrap();
        let mut packages = Vec::new();
        for kind in kinds {
            packages.push(kind.package(timeout).await);
        }
        let house = House::new(&packages);
        let ledger = |kind: &Kind| (*kind, Ledger::start(house.victim.clone(), kind.keeps_keys()));
        let ledgers = kinds.iter().map(ledger).collect();
        let shop = Self {
            house,
            market,
            ledgers,
            timeout,
            fresh: Mutex::default(),
            promises: Promises::default(),
            may_be_ignored: Mutex::default(),
        };
        shop.house.begin().await;
        shop.house.send(Method::POST, "/v1/setup?dry_run=false", &shop.setup()).await.unwrap();
        shop
    }

    fn setup(&self) -> Value {
        let cloudblue = self.market.config();
        let (who, name) = self.market.with_world(|world| (customer(world), world.customers()[0].name.clone()));
        let connection = |(kind, ledger): (&Kind, &Ledger)| {
            let value = json!({
                "reseller": "demo", "plugin": kind.plugin(), "marketplace": "market", "base_url": ledger.url(),
                "plain_http": true, "private_addresses": true, "secrets": { "token": TOKEN },
                "link": [
                    { "kind": "party", "source": who, "target": "c-1", "name": name },
                    { "kind": "item", "source": SEATS, "target": "any", "name": "Seats" },
                ],
            });
            (kind.connection(), value)
        };
        let connections: serde_json::Map<String, Value> = self.ledgers.iter().map(connection).collect();
        json!({
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
            "connection": connections,
        })
    }

    /// Orders as they come in.
    pub(crate) fn sell(&self, orders: usize) -> Vec<String> {
        self.market.with_world(|world| {
            let first = world.orders().len();
            let sell = |n: usize| {
                let sale = NewSale {
                    customer_id: Some(customer(world)),
                    mpn: Some(SEATS.to_owned()),
                    quantity: i64::try_from(1 + n % 9).unwrap(),
                    at: ago(1),
                    status: OrderStatus::Completed,
                };
                let number = world.new_sale(&sale).unwrap();
                world.revise_order(&number, undiscounted).unwrap();
                number
            };
            (first..first + orders).map(sell).collect()
        })
    }

    fn promised(&self, keep: impl FnOnce(&mut Promises)) {
        keep(&mut self.fresh.lock().unwrap());
    }

    async fn run(&self, path: &str, body: &Value) -> Result<Value, Gone> {
        let run = self.house.send(Method::POST, path, body).await?;
        let id = run["id"].as_str().unwrap().to_owned();
        self.promised(|promises| promises.runs.extend([id.clone()]));
        self.house.over(&id).await
    }

    pub(crate) async fn check(&self, kind: Kind) -> Result<Value, Gone> {
        self.run(&format!("/v1/connections/{}/check", kind.connection()), &json!({})).await
    }

    /// What is ready; these tasks, where some are named.
    pub(crate) async fn plan(&self, kind: Kind, tasks: Option<Vec<String>>) -> Result<Value, Gone> {
        self.run("/v1/plans", &json!({ "connection": kind.connection(), "tasks": tasks })).await
    }

    /// Confirms whatever is planned. The run, which goes on; none: nothing is.
    pub(crate) async fn confirm(&self, kind: Kind) -> Result<Option<String>, Gone> {
        let planned = self.house.tasks(&kind.connection(), "planned").await?;
        if planned.is_empty() {
            return Ok(None);
        }
        let text = |task: &Value, name: &str| task[name].as_str().unwrap().to_owned();
        let plans: Vec<String> = planned.iter().map(|task| text(task, "plan")).collect();
        let body = json!({ "connection": kind.connection(), "plans": plans });
        let run = text(&self.house.send(Method::POST, "/v1/syncs", &body).await?, "id");
        self.promised(|promises| {
            promises.runs.insert(run.clone());
            promises.confirmed.extend(planned.iter().map(|task| text(task, "id")));
        });
        Ok(Some(run))
    }

    /// Confirms whatever is planned, and waits for the end.
    pub(crate) async fn sync(&self, kind: Kind) -> Result<(), Gone> {
        if let Some(run) = self.confirm(kind).await? {
            self.house.over(&run).await?;
        }
        Ok(())
    }

    /// A decision that has nothing to do with any order.
    pub(crate) async fn link(&self, kind: Kind, source: String) -> Result<(), Gone> {
        let body = json!({
            "connection": kind.connection(), "kind": "item", "source": source, "state": "never-sync",
        });
        self.house.send(Method::PUT, "/v1/links", &body).await?;
        self.promised(|promises| promises.links.extend([(kind.connection(), source)]));
        Ok(())
    }

    /// The first that is planned is taken out by a person.
    pub(crate) async fn ignore_one(&self, kind: Kind) -> Result<(), Gone> {
        let planned = self.house.tasks(&kind.connection(), "planned").await?;
        let Some(task) = planned.first().map(|task| task["id"].as_str().unwrap().to_owned()) else { return Ok(()) };
        self.may_be_ignored.lock().unwrap().insert(task.clone());
        self.house.send(Method::POST, &format!("/v1/tasks/{task}/ignore"), &json!({ "text": "not ours" })).await?;
        self.promised(|promises| promises.ignored.extend([task]));
        Ok(())
    }

    /// Orders through check and plan, in every connection.
    pub(crate) async fn prepare(&self, orders: usize) -> Vec<String> {
        let numbers = self.sell(orders);
        for kind in self.ledgers.keys() {
            let checked = self.check(*kind).await.unwrap();
            assert_eq!(checked["state"], "done", "{checked}");
            self.plan(*kind, None).await.unwrap();
        }
        numbers
    }

    /// What the life before this one has promised is there.
    pub(crate) async fn keeps_its_word(&mut self) -> Result<(), Gone> {
        let fresh = std::mem::take(&mut *self.fresh.lock().unwrap());
        let kept = self.holds(&fresh).await;
        self.promises.add_all(fresh);
        kept
    }

    pub(crate) async fn holds(&self, promises: &Promises) -> Result<(), Gone> {
        for run in &promises.runs {
            self.house.get(&format!("/v1/runs/{run}")).await?;
        }
        for connection in promises.links.iter().map(|(connection, _)| connection).collect::<BTreeSet<_>>() {
            let links = self.house.get(&format!("/v1/links?connection={connection}&kind=item")).await?;
            let said = links.to_string();
            for (_, source) in promises.links.iter().filter(|(of, _)| of == connection) {
                assert!(said.contains(&format!("\"{source}\"")), "the link of {source} was promised: {said}");
            }
        }
        for task in &promises.ignored {
            let state = self.state(task).await?;
            assert_eq!(state, "ignored", "{task} was taken out, and the answer was yes");
        }
        for task in &promises.confirmed {
            let state = self.state(task).await?;
            let known = ["queued", "sending", "synced", "uncertain", "retrying", "parked"].contains(&state.as_str());
            assert!(known, "{task} was confirmed, and the answer was yes; it is {state}");
        }
        Ok(())
    }

    async fn state(&self, task: &str) -> Result<String, Gone> {
        let detail = self.house.get(&format!("/v1/tasks/{task}")).await?;
        Ok(detail["task"]["state"].as_str().or(detail["state"].as_str()).unwrap().to_owned())
    }
}
