//! The README's commands, one by one: what each says, and what stands in Syncro afterwards.

use std::collections::BTreeMap;
use std::fs;

use rust_decimal::{Decimal, RoundingStrategy};

use crate::msp::{Msp, amount, plugin, root};
use crate::support::{Shop, text};

fn cents(amount: Decimal) -> Decimal {
    amount.round_dp_with_strategy(2, RoundingStrategy::MidpointAwayFromZero)
}

#[test]
fn from_an_empty_folder_to_lines_of_recurring_invoices_and_nothing_twice() {
    let Some(plugin) = plugin() else { return };
    let mut msp = Msp::start(plugin, "cloudiq");
    set_up(&msp.shop);
    check(&msp.shop);
    map(&msp.shop);
    products(&msp);
    let billed = bill(&msp);
    money(&msp, billed);
    nothing_is_left_to_do(&msp);
    let writes = msp.writes();
    msp.shop.stop();
    msp.shop.serve();
    nothing_is_left_to_do(&msp);
    assert_eq!(msp.writes(), writes, "a restart wrote");
    let log = msp.shop.log();
    assert!(!log.contains("sim-syncro-token") && !log.contains("sim-password"), "the service logged a secret: {log}");
    assert_eq!(msp.invoiced(), billed, "what Syncro's next run bills is what was planned");
    assert_eq!(msp.violations(), serde_json::json!([]));
    msp.shop.stop();
}

fn set_up(shop: &Shop) {
    let first = shop.run(&["apply", "-f", "setup.toml"]).exits(0);
    assert!(!first.out.contains("sim-syncro-token") && !first.out.contains("sim-client-secret"), "{first}");
    first.with(&["+ create marketplace cloudiq", "+ create connection syncro-main", "secret token set"]);
    let again = shop.run(&["apply", "-f", "setup.toml"]).exits(0).with(&["Nothing to do", "unchanged"]);
    assert_eq!(again.out, "", "applied twice: {again}");
    shop.run(&["connections", "test"]).exits(0).with(&["syncro-main works: Syncro"]);
    shop.run(&["programs", "show"]).exits(0).with(&["monthly-monthly, annual-monthly", "on, in-use"]);
}

fn check(shop: &Shop) {
    shop.run(&["check"]).exits(0).with(&["statements", "cursor moved"]);
    shop.run(&["programs", "statements"]).exits(0).with(&["first", "USD"]);
    shop.run(&["programs", "list"]).exits(0).with(&["Microsoft CSP", "syncro-main"]);
    shop.run(&["programs", "money"]).exits(0).with(&["unmapped", "bills and buckets are the statements"]);
}

/// Contoso is left to a person: found by its name, mapped to the recurring invoice that it has.
fn map(shop: &Shop) {
    let search = ["programs", "customers", "contoso", "--state", "unmapped", "--suggest", "--json"];
    let found = shop.run(&search).exits(0).json();
    let rows = found["customers"].as_array().unwrap();
    assert!(!rows.is_empty() && rows.iter().all(|row| row["customer_name"] == "Contoso Ltd"), "{found}");
    let party = text(&rows[0]["suggestions"][0]["id"]);
    let of_party = format!("party:{party}");
    let containers = shop.run(&["connections", "search", "container", &of_party, "--json"]).exits(0).json();
    let [container] = containers["entities"].as_array().map(Vec::as_slice).unwrap() else { panic!("{containers}") };
    assert_eq!(container["name"], "Cloud services");
    let container = text(&container["id"]);
    for row in rows {
        let (customer, motion) = (text(&row["customer"]), text(&row["motion"]));
        let map = ["programs", "map", &customer, &motion, "--party", &party, "--container", &container];
        shop.run(&map).exits(0).with(&["mapped", "Contoso Ltd", "Cloud services"]);
    }
    let left = shop.run(&["programs", "customers", "contoso", "--state", "unmapped"]).exits(0);
    left.with(&["0 shown"]);
}

fn products(msp: &Msp) {
    let said = msp.shop.run(&["products", "sync"]).exits(0).with(&["created"]);
    assert!(!said.err.contains("failed"), "{said}");
    msp.shop.run(&["products", "list"]).exits(0).with(&["synced", "P1Y:M:"]);
    let writes = msp.writes();
    assert!(writes > 0);
    msp.shop.run(&["products", "sync"]).exits(0).with(&["unchanged"]);
    assert_eq!(msp.writes(), writes, "the second time wrote");
}

/// Plans and writes; gives what came of it.
fn bill(msp: &Msp) -> Decimal {
    let writes = msp.writes();
    let said = msp.shop.run(&["plan"]).exits(2);
    assert_eq!(msp.writes(), writes, "a plan wrote");
    said.with(&["monthly-monthly", "billed by each run", "Contoso Ltd"]);
    msp.shop.run(&["sync", "--all", "--accept", "grew"]).exits(0).with(&["Synced", "0 uncertain"]);
    let synced = msp.shop.tasks(Some("synced"));
    // What the motions that were selected come to, as the distributor has it.
    let expected: BTreeMap<String, Decimal> = msp
        .expected()
        .into_iter()
        .filter_map(|(customer, motion, retail)| {
            let motion = match motion.as_str() {
                "monthly_monthly" => "monthly-monthly",
                "annual_monthly" => "annual-monthly",
                _ => return None,
            };
            Some((format!("{customer}/{motion}"), cents(retail)))
        })
        .collect();
    let billed: BTreeMap<String, Decimal> =
        synced.iter().map(|task| (text(&task["subscription"]), amount(&task["amount"]["amount"]))).collect();
    assert_eq!(billed.len(), synced.len());
    assert_eq!(billed, expected);
    assert!(billed.len() > 4 && billed.keys().any(|of| of.ends_with("/annual-monthly")), "{billed:#?}");
    billed.values().sum()
}

fn money(msp: &Msp, billed: Decimal) {
    let shown = msp.shop.run(&["programs", "money"]).exits(0);
    shown.with(&["billed", "bills and buckets are the statements"]);
    let account = msp.shop.run(&["programs", "money", "--json"]).exits(0).json();
    let of = |bucket: &str| -> Decimal {
        let motions = account["periods"].as_array().unwrap().iter().flat_map(|one| one["motions"].as_array().unwrap());
        let buckets = motions.flat_map(|one| one["buckets"].as_array().unwrap());
        buckets.filter(|one| one["bucket"] == bucket).map(|one| amount(&one["money"]["amount"])).sum()
    };
    assert_eq!(of("billed"), billed);
    assert_eq!(of("open"), Decimal::ZERO);
    // What the program keeps back comes back when it is set otherwise, and waits then for whoever maps it.
    assert!(of("azure-off") > Decimal::ZERO, "{account}");
}

fn nothing_is_left_to_do(msp: &Msp) {
    let writes = msp.writes();
    msp.shop.run(&["check"]).exits(0).with(&["0 new tasks"]);
    assert_eq!(msp.shop.run(&["plan"]).out.trim(), "");
    msp.shop.run(&["sync", "--all"]).exits(0).with(&["Nothing to sync"]);
    assert_eq!(msp.writes(), writes, "the second round wrote");
}

/// The other distributor, with the same account.
#[test]
fn invoices_of_prism_come_to_the_same_lines() {
    let Some(plugin) = plugin() else { return };
    let msp = Msp::start(plugin, "prism");
    msp.shop.run(&["apply", "-f", "setup.toml"]).exits(0).with(&["+ create marketplace prism"]);
    msp.shop.run(&["check"]).exits(0).with(&["statements", "cursor moved"]);
    map(&msp.shop);
    msp.shop.run(&["products", "sync"]).exits(0).with(&["created"]);
    let billed = bill(&msp);
    assert_eq!(msp.invoiced(), billed);
    assert_eq!(msp.violations(), serde_json::json!([]));
}

/// The commands of the README are the ones above.
#[test]
fn the_readme_says_what_is_done_here() {
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    let section = readme.split("## Statements\n").nth(1).unwrap().split("\n## ").next().unwrap();
    let commands: Vec<&str> = section.lines().filter_map(|line| line.strip_prefix("counterfoil ")).collect();
    let said = [
        "plugin build plugins/syncro",
        "sim cloudiq syncro > setup.toml",
        "apply -f setup.toml",
        "check",
        "programs customers --state unmapped --suggest",
        "connections search container party:ID",
        "programs map CUSTOMER MOTION --party ID --container ID",
        "products sync",
        "plan",
        "sync --all",
        "programs money",
    ];
    let bare = |line: &&str| line.split('#').next().unwrap().trim().to_owned();
    assert_eq!(commands.iter().map(bare).collect::<Vec<_>>(), said);
    // Its setup is one: it parses, and each program names a connection of it.
    let setup = section.split("```toml\n").nth(1).unwrap().split("```").next().unwrap();
    let setup: toml::Table = setup.parse().unwrap();
    let of = setup["programs"][0]["connection"].as_str().unwrap();
    let connection = setup["connection"].get(of).unwrap();
    assert!(setup["marketplace"].get(connection["marketplace"].as_str().unwrap()).is_some());
}
