//! What the billing system does not take: a currency, an account, a tax rate, a sign-in. It is found before anything is
//! written, and mended it goes through.

use chrono::Utc;
use counterfoil_sim::world::{Currency, World, WorldSpec};
use serde_json::Value;

use crate::support::{Said, Shop, Sims, amounts, plugin};

/// Planning comes to nothing: all that was ready is parked with its reason, and the books are as they were.
fn nothing_gets_through(shop: &Shop, sims: &Sims, says: &[&str]) {
    let ready = shop.tasks(Some("ready"));
    assert!(!ready.is_empty());
    shop.run(&["plan"]).exits(2).with(says).with(&["Planned 0 tasks"]);
    let parked = shop.tasks(Some("parked"));
    assert_eq!(amounts(&parked), amounts(&ready), "every task says that it waits, and for how much");
    let shown = shop.run(&["tasks", "show", parked[0]["id"].as_str().unwrap()]).exits(0);
    shown.with(&["parked"]).with(&says[..1]);
    shop.run(&["sync", "--all"]).exits(0).with(&["Nothing to sync"]);
    assert_eq!(sims.writes(), [], "something was written");
    assert_eq!(sims.books(), []);
}

/// A parked task is planned again by its name.
fn plan_again(shop: &Shop) -> Said {
    let parked = shop.tasks(Some("parked"));
    let ids = parked.iter().map(|task| task["id"].as_str().unwrap());
    let args: Vec<&str> = ["plan", "--brief"].into_iter().chain(ids).collect();
    shop.run(&args)
}

fn all_gets_through(shop: &Shop, sims: &Sims) {
    let parked = shop.tasks(Some("parked"));
    plan_again(shop).exits(2);
    shop.run(&["sync", "--all"]).exits(0);
    assert_eq!(sims.books(), amounts(&parked), "each once, and for its amount");
}

#[test]
fn orders_in_a_currency_that_the_books_do_not_have_are_ignored_until_they_have_it() {
    let Some(plugin) = plugin() else { return };
    let spec = WorldSpec { currency: Currency::of("EUR").unwrap(), ..WorldSpec::new(1, Utc::now().date_naive()) };
    let sims = Sims::of(World::generate(&spec), "USD", "200");
    let shop = Shop::of(plugin, &sims);
    shop.run(&["check"]).exits(0);
    let waiting = || -> Vec<Value> {
        let list =
            shop.run(&["tasks", "list", "--json", "--limit", "5000", "--reason", "currency-not-offered"]).exits(0);
        list.json()["tasks"].as_array().unwrap().clone()
    };
    let ignored = waiting();
    assert!(!ignored.is_empty() && ignored.iter().all(|task| task["amount"]["currency"] == "EUR"));
    let shown = shop.run(&["tasks", "show", ignored[0]["id"].as_str().unwrap()]).exits(0);
    shown.with(&["the target bills nothing in EUR", "Add the currency there"]);
    shop.run(&["plan"]).with(&["Planned 0 tasks"]);
    assert_eq!(sims.writes(), [], "something was written");
    sims.xero.state().enable_currency("EUR");
    shop.run(&["check"]).exits(0);
    assert!(waiting().is_empty(), "{:?}", waiting());
    let ready = shop.tasks(Some("ready"));
    shop.run(&["plan", "--brief"]).exits(2);
    shop.run(&["sync", "--all"]).exits(0);
    assert_eq!(sims.books(), amounts(&ready), "each once, and for its amount");
    assert!(sims.xero.state().documents().iter().all(|document| document.currency == "EUR"));
}

#[test]
fn an_account_or_a_tax_rate_that_is_not_there_is_found_before_anything_is_written() {
    let Some(plugin) = plugin() else { return };
    for (from, to, says) in [
        (
            "account_code = \"200\"",
            "account_code = \"999\"",
            &["The account 999 does not exist in Xero", "Choose an active revenue account"][..],
        ),
        (
            "tax_type = \"OUTPUT2\"",
            "tax_type = \"OUTPUT9\"",
            &["The tax rate OUTPUT9 does not exist in Xero", "Choose an active sales rate"],
        ),
    ] {
        // Items without an account of their own: the connection's settings decide.
        let sims = Sims::of(World::generate(&WorldSpec::new(1, Utc::now().date_naive())), "USD", "");
        let shop = Shop::of(plugin, &sims);
        shop.run(&["check"]).exits(0);
        shop.write("wrong.toml", &sims.setup().replace(from, to));
        shop.run(&["apply", "-f", "wrong.toml"]).exits(0).with(&["→"]);
        nothing_gets_through(&shop, &sims, says);
        shop.write("right.toml", &sims.setup());
        shop.run(&["apply", "-f", "right.toml"]).exits(0);
        all_gets_through(&shop, &sims);
    }
}

#[test]
fn a_plan_whose_ground_moved_is_refused() {
    let Some(plugin) = plugin() else { return };
    let sims = Sims::of(World::generate(&WorldSpec::new(1, Utc::now().date_naive())), "USD", "");
    let shop = Shop::of(plugin, &sims);
    shop.run(&["check"]).exits(0);
    shop.run(&["plan", "--brief"]).exits(2);
    let planned = shop.tasks(Some("planned"));
    // What was confirmed on paper is another account by now.
    shop.write("moved.toml", &sims.setup().replace("account_code = \"200\"", "account_code = \"260\""));
    shop.run(&["apply", "-f", "moved.toml"]).exits(0).with(&["260"]);
    let said = shop.run(&["sync", planned[0]["plan"].as_str().unwrap()]);
    assert_eq!(sims.writes(), [], "a plan was sent that is not what would be planned now. {said}");
    said.exits(5).with(&["plan-stale", "Nothing was written", "Plan again"]);
    shop.run(&["plan", "--brief"]).exits(2);
    shop.run(&["sync", "--all"]).exits(0);
    assert_eq!(sims.books(), amounts(&planned));
    assert!(
        sims.xero
            .state()
            .documents()
            .iter()
            .flat_map(|document| &document.lines)
            .all(|line| line.account_code.as_deref() == Some("260"))
    );
}

#[test]
fn a_refused_sign_in_at_xero_writes_nothing_and_goes_through_once_mended() {
    let Some(plugin) = plugin() else { return };
    let sims = Sims::start();
    let mut shop = Shop::new(plugin);
    shop.credentials();
    shop.set("XERO_CLIENT_SECRET", "not-the-secret");
    shop.serve();
    shop.write("setup.toml", &sims.setup());
    shop.run(&["apply", "-f", "setup.toml"]).exits(0);
    let said = shop.run(&["connections", "test"]);
    assert!(!said.err.contains("not-the-secret"), "{said}");
    said.exits(1).with(&["sign"]);
    // The marketplace is read all the same; links wait for Xero.
    shop.run(&["check"]);
    let checked = shop.tasks(None);
    assert!(!checked.is_empty());
    shop.run(&["plan"]);
    shop.run(&["sync", "--all"]);
    assert_eq!(sims.writes(), []);
    assert!(shop.tasks(Some("synced")).is_empty());

    shop.set("XERO_CLIENT_SECRET", "sim-secret");
    shop.run(&["apply", "-f", "setup.toml"]).exits(0).with(&["secret client_secret changed"]);
    shop.run(&["connections", "test"]).exits(0);
    shop.run(&["check"]).exits(0);
    shop.run(&["plan", "--brief"]).exits(2);
    shop.run(&["sync", "--all"]).exits(0);
    assert_eq!(sims.books(), amounts(&shop.tasks(Some("synced"))));
    assert!(!sims.books().is_empty());
}
