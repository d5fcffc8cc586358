//! The README, command by command. Owns that the second time changes nothing, restart included.

use std::fs;

use rust_decimal::Decimal;
use serde_json::Value;

use crate::printed;
use crate::support::{Running, Said, Shop, amounts, get, plugin, simulators, text};

/// `counterfoil sim` of this test: what it printed, and where it listens.
struct Simulated {
    running: Running,
    xero: String,
}

impl Simulated {
    /// Saves what was printed as setup.toml and sets what its comments say to export.
    fn new(shop: &mut Shop) -> Self {
        let running = simulators(&shop.path("."));
        let setup = running.out();
        shop.write("setup.toml", &setup);
        let exports = setup.lines().filter_map(|line| line.strip_prefix("#   export ")?.split_once('='));
        for (name, value) in exports {
            shop.set(name, value.trim_matches('\''));
        }
        let base = setup.lines().find_map(|line| line.strip_prefix("base_url = \"")).unwrap();
        let xero = base.trim_end_matches('"').trim_end_matches("/api.xro/2.0").to_owned();
        Self { running, xero }
    }

    fn writes(&self) -> Vec<Value> {
        let log = get(&format!("{}/_sim/log", self.xero));
        let is_write = |e: &&Value| text(&e["path"]).contains("/api.xro/") && e["method"] != "GET";
        log.as_array().unwrap().iter().filter(is_write).cloned().collect()
    }

    /// Order and amount of every document.
    fn books(&self) -> Vec<(String, Decimal)> {
        let state = get(&format!("{}/_sim/state", self.xero));
        let row = |document: &Value| {
            let order = text(&document["reference"]).split_whitespace().next().unwrap().to_owned();
            let amount: Decimal = text(&document["sub_total"]).parse().unwrap();
            let credit = text(&document["type"]).contains("CREDIT");
            (order, if credit { -amount } else { amount })
        };
        let mut books: Vec<_> = state[0]["documents"].as_array().unwrap().iter().map(row).collect();
        books.sort();
        books
    }
}

/// State, number and money of every task.
fn picture(shop: &Shop) -> Vec<String> {
    let row = |task: &Value| format!("{} {} {} {}", task["id"], task["number"], task["state"], task["amount"]);
    let mut rows: Vec<String> = shop.tasks(None).iter().map(row).collect();
    rows.sort();
    rows
}

fn no_secret(said: &Said) {
    for secret in ["sim-password", "sim-subscription-key", "sim-secret"] {
        assert!(!said.out.contains(secret) && !said.err.contains(secret), "{said}");
    }
}

#[test]
fn from_an_empty_folder_to_documents_in_xero_and_nothing_twice() {
    let Some(plugin) = plugin() else { return };
    let mut shop = Shop::new(plugin);
    let sims = Simulated::new(&mut shop);
    shop.serve();
    set_up(&shop);
    check(&shop);
    let planned = plan(&shop, &sims);
    sync(&shop, &sims, &planned);
    nothing_is_left_to_do(&shop, &sims);

    let (before, writes) = (picture(&shop), sims.writes());
    let plans = shop.tasks(Some("synced")).iter().map(|task| task["plan"].clone()).collect::<Vec<_>>();
    shop.stop();
    shop.serve();
    assert_eq!(picture(&shop), before, "a restart changed the tasks");
    let after = shop.tasks(Some("synced")).iter().map(|task| task["plan"].clone()).collect::<Vec<_>>();
    assert_eq!(after, plans);
    nothing_is_left_to_do(&shop, &sims);
    assert_eq!(picture(&shop), before);
    assert_eq!(sims.writes(), writes, "a restart wrote again");
    no_secret_in_the_logs(&shop);
    shop.stop();
    drop(sims.running);
}

fn set_up(shop: &Shop) {
    let first = shop.run(&["apply", "-f", "setup.toml"]).exits(0);
    no_secret(&first);
    first.with(&[
        "+ create reseller demo",
        "+ create marketplace sim",
        "+ create connection xero-main",
        "secret client_secret set",
    ]);
    let again = shop.run(&["apply", "-f", "setup.toml"]).exits(0).with(&["Nothing to do", "unchanged"]);
    assert_eq!(again.out, "", "applied twice: {again}");

    let doctor = shop.run(&["doctor", "--config", "shop/counterfoil.toml", "--json"]).exits(0).json();
    assert_eq!(doctor["broken"], 0);
    let health = |what: &str| {
        doctor["findings"].as_array().unwrap().iter().find(|f| f["what"] == what).unwrap()["health"].clone()
    };
    for what in ["config", "data folder", "master key", "plugin", "service"] {
        assert_eq!(health(what), "good", "{what} in {doctor}");
    }

    let listed = shop.run(&["connections", "list", "--json"]).exits(0);
    no_secret(&listed);
    let connection = listed.json()["connections"][0].clone();
    assert_eq!((text(&connection["id"]).as_str(), text(&connection["state"]).as_str()), ("xero-main", "enabled"));
    let account = shop.run(&["connections", "test", "--json"]).exits(0).json();
    assert_eq!(
        (text(&account["name"]).as_str(), text(&account["base_currency"]).as_str()),
        ("Demo Company (simulated)", "USD")
    );
    shop.run(&["connections", "search", "account"]).exits(0).with(&["200", "Sales"]);
    shop.run(&["connections", "search", "party", "Zoë"]).exits(0).with(&["Zoë's Flower Shop"]);
}

fn check(shop: &Shop) {
    let said = shop.run(&["check"]).exits(0);
    said.with(&["240 orders", "cursor moved"]);
    let tasks = shop.tasks(None);
    let states: Vec<String> = tasks.iter().map(|task| text(&task["state"])).collect();
    for state in ["ready", "pending", "ignored"] {
        assert!(states.iter().any(|s| s == state), "no task is {state}: {states:?}");
    }
    // Whatever is not ready says why.
    for task in tasks.iter().filter(|task| task["state"] != "ready") {
        assert!(
            task["needs"].as_array().is_some_and(|needs| !needs.is_empty()) || task["ignored"].is_object(),
            "{task}"
        );
    }
    let ready = tasks.iter().find(|task| task["state"] == "ready" && task["kind"] != "initial").unwrap();
    let shown = shop.run(&["tasks", "show", ready["id"].as_str().unwrap()]).exits(0);
    shown.with(&[
        ready["number"].as_str().unwrap(),
        ready["customer_name"].as_str().unwrap(),
        "amount",
        "Order as the marketplace has it",
    ]);
    shop.run(&["tasks", "list", "--state", "ignored", "--limit", "500"]).exits(0).with(&["not-final"]);
}

/// The plans as printed, each worked out again.
fn plan(shop: &Shop, sims: &Simulated) -> Vec<printed::Plan> {
    let ready = shop.tasks(Some("ready"));
    let said = shop.run(&["plan"]).exits(2);
    let plans = printed::plans(&said.out);
    let mut totals: Vec<(String, Decimal)> = plans.iter().map(|plan| (plan.number.clone(), plan.total)).collect();
    totals.sort();
    assert_eq!(totals, amounts(&ready), "what is planned is what was ready, for its amount");
    for plan in &plans {
        plan.agrees();
    }
    assert_eq!(sims.writes(), Vec::<Value>::new(), "a plan wrote");
    assert_eq!(sims.books(), []);
    plans
}

fn sync(shop: &Shop, sims: &Simulated, planned: &[printed::Plan]) {
    shop.run(&["sync", "--all"]).exits(0).with(&["Synced", "0 uncertain"]);
    let synced = shop.tasks(Some("synced"));
    assert_eq!(synced.len(), planned.len());
    assert_eq!(sims.books(), amounts(&synced), "each order once, and for its amount");
    // What was sent is what was shown.
    let state = get(&format!("{}/_sim/state", sims.xero));
    for document in state[0]["documents"].as_array().unwrap() {
        let reference = text(&document["reference"]);
        let plan = planned.iter().find(|plan| reference.starts_with(&format!("{} ", plan.number))).unwrap();
        assert_eq!(plan.field("Reference"), reference);
        assert_eq!(plan.field("Date"), text(&document["date"]));
        assert_eq!(plan.field("Status"), text(&document["status"]));
        let sent: Vec<String> =
            document["lines"].as_array().unwrap().iter().map(|line| text(&line["description"])).collect();
        let shown: Vec<String> = plan.lines.iter().map(|line| line.description.clone()).collect();
        assert_eq!(shown, sent, "{reference}");
    }
    let receipt = shop.run(&["tasks", "show", synced[0]["id"].as_str().unwrap()]).exits(0);
    receipt.with(&["Stored", "Read back"]);
}

fn nothing_is_left_to_do(shop: &Shop, sims: &Simulated) {
    let (before, writes) = (picture(shop), sims.writes());
    let run = shop.run(&["check", "--json"]).exits(0).json();
    assert!(run["counts"]["tasks-new"].as_u64().unwrap_or_default() == 0, "{run}");
    shop.run(&["plan"]).exits(0);
    shop.run(&["sync", "--all"]).exits(0).with(&["Nothing to sync"]);
    assert_eq!(picture(shop), before);
    assert_eq!(sims.writes(), writes, "the second round wrote");
}

fn no_secret_in_the_logs(shop: &Shop) {
    let log = shop.log();
    let token = fs::read_to_string(shop.path("shop/admin.token")).unwrap();
    for secret in ["sim-password", "sim-subscription-key", "sim-secret", "sim-token-", token.trim()] {
        assert!(!log.contains(secret), "the service logged a secret: {log}");
    }
}
