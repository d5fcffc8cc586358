//! A marketplace that cannot be reached, that refuses the sign-in, or whose pages hold records that are none.

use counterfoil_sim::cloudblue::Switches;
use counterfoil_sim::world::{NewSale, OrderStatus};
use serde_json::Value;

use crate::support::{Shop, Sims, amounts, plugin, text};

fn sale(sims: &Sims) -> String {
    let sale =
        NewSale { customer_id: None, mpn: None, quantity: 1, at: chrono::Utc::now(), status: OrderStatus::Completed };
    sims.cloudblue.with_world(|world| world.new_sale(&sale)).unwrap()
}

#[test]
fn an_unreachable_marketplace_fails_the_check_and_loses_no_order() {
    let Some(plugin) = plugin() else { return };
    let mut sims = Sims::start();
    let shop = Shop::of(plugin, &sims);
    let meaning = &[
        "cannot be reached",
        "Nothing was written",
        "the cursor did not move",
        "No order is lost",
        "the next check reads",
    ];
    shop.run(&["check"]).exits(0).with(&["240 orders"]);
    let tasks = shop.tasks(None);
    // An order comes in, and the marketplace goes away before anybody looks.
    let number = sale(&sims);
    sims.without_marketplace(|| {
        shop.run(&["check"]).exits(1).with(meaning);
        assert_eq!(shop.tasks(None), tasks);
    });
    shop.run(&["check"]).exits(0).with(&["1 new task"]);
    assert_eq!(shop.task(&number)["kind"], "sales");
    assert_eq!(sims.writes(), []);
}

#[test]
fn a_refused_sign_in_is_named_without_the_secret() {
    let Some(plugin) = plugin() else { return };
    let sims = Sims::start();
    let mut shop = Shop::new(plugin);
    shop.credentials();
    shop.set("CB_PASSWORD", "not-the-password");
    shop.serve();
    shop.write("setup.toml", &sims.setup());
    shop.run(&["apply", "-f", "setup.toml"]).exits(0);
    let said = shop.run(&["check"]).exits(1).with(&["Nothing was written", "the cursor did not move"]);
    assert!(!said.err.contains("not-the-password"), "{said}");
    assert_eq!(shop.tasks(None), Vec::<Value>::new());
    shop.set("CB_PASSWORD", "sim-password");
    shop.run(&["apply", "-f", "setup.toml"]).exits(0).with(&["secret password changed"]);
    shop.run(&["check"]).exits(0).with(&["240 orders"]);
    assert_eq!(sims.writes(), []);
}

/// The subject of every problem of one code.
fn subjects(run: &Value, code: &str) -> Vec<String> {
    let problems = run["problems"].as_array().unwrap();
    problems.iter().filter(|problem| problem["code"] == code).map(|problem| text(&problem["subject"])).collect()
}

#[test]
fn malformed_orders_are_listed_the_good_ones_kept_and_none_is_passed_over() {
    let Some(plugin) = plugin() else { return };
    let sims = Sims::start();
    let shop = Shop::of(plugin, &sims);
    shop.run(&["check"]).exits(0);
    let known = shop.tasks(None).len();
    let orders: Vec<String> = (0..3).map(|_| sale(&sims)).collect();
    // Newest first, every third row is spoiled: the oldest of the three, without its id.
    sims.cloudblue.switch(|switches| switches.malformed_every = 3);
    let said = shop.run(&["check"]).exits(2);
    said.with(&[
        "record-unreadable",
        &orders[0],
        "this one bills nothing until it can be read",
        "cursor not moved",
        "the next check reads from the same place",
    ]);
    let tasks = shop.tasks(None);
    let there = |number: &String| tasks.iter().any(|task| task["number"] == number.as_str());
    assert_eq!(orders.iter().map(there).collect::<Vec<_>>(), [false, true, true], "the good ones beside it are kept");

    // It stays so as long as it cannot be read, however often somebody looks.
    let run = shop.run(&["check", "--json"]).exits(2).json();
    assert_eq!(run["state"], "incomplete");
    assert!(subjects(&run, "record-unreadable").contains(&orders[0]), "{run}");
    assert_eq!(subjects(&run, "cursor-not-moved"), ["xero-main"]);
    assert_eq!(shop.tasks(None).len(), known + 2);

    sims.cloudblue.switch(|switches| *switches = Switches::default());
    shop.run(&["check"]).exits(0).with(&["1 new task", "cursor moved"]);
    assert_eq!(shop.task(&orders[0])["state"], "ready");
    assert_eq!(sims.writes(), []);
    shop.run(&["plan", "--brief"]).exits(2);
    shop.run(&["sync", "--all"]).exits(0);
    let books = sims.books();
    assert_eq!(books, amounts(&shop.tasks(Some("synced"))));
    for number in &orders {
        assert_eq!(books.iter().filter(|(order, _)| order == number).count(), 1, "{number} in {books:?}");
    }
}

#[test]
fn a_first_check_with_malformed_pages_starts_no_window_until_all_is_read() {
    let Some(plugin) = plugin() else { return };
    let (whole, spoiled) = (Sims::start(), Sims::start());
    let (right, shop) = (Shop::of(plugin, &whole), Shop::of(plugin, &spoiled));
    right.run(&["check"]).exits(0);
    spoiled.cloudblue.switch(|switches| switches.malformed_every = 7);
    shop.run(&["check"]).exits(2).with(&["cursor not moved"]);
    assert!(shop.tasks(None).len() < right.tasks(None).len());
    spoiled.cloudblue.switch(|switches| *switches = Switches::default());
    shop.run(&["check"]).exits(0);
    let substance = |shop: &Shop| {
        let row = |task: &Value| format!("{} {} {} {}", task["number"], task["kind"], task["state"], task["amount"]);
        let mut rows: Vec<String> = shop.tasks(None).iter().map(row).collect();
        rows.sort();
        rows
    };
    assert_eq!(substance(&shop), substance(&right), "as if every page had been good from the start");
    assert_eq!(spoiled.writes(), []);
}
