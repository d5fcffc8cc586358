//! The dashboard in a real browser: every page of the demo against the accessibility rules, in light and dark, wide and
//! narrow; and the way from the first sign-in to a synced task by mouse, by keyboard alone and with scripts off. The
//! scripts beside this file look and press; what must have happened outside the browser is asked here.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod catalogs;
mod demo;
#[path = "../by_hand/support.rs"]
#[expect(dead_code, reason = "the other tests need the rest")]
mod support;
mod tools;

use demo::Demo;
use support::{Shop, Sims, amounts, plugin};
use tools::{Site, Tools};

#[test]
fn every_page_keeps_the_rules_and_asks_no_other_host() {
    let Some(tools) = Tools::found() else { return };
    let Some(demo) = Demo::start() else { return };
    let said = tools.run("pages.mjs", &[], &demo.site());
    assert!(said.contains("nothing found"), "{said}");
}

/// What the demo has nothing of: catalogs, their runs, and a preview that waits for its confirmation.
#[test]
fn pages_of_catalogs_and_of_plans_keep_the_rules_too() {
    let Some(tools) = Tools::found() else { return };
    let Some(plugin) = plugin() else { return };
    let sims = Sims::start();
    let shop = Shop::of(plugin, &sims);
    catalogs::connect(&shop);
    let run = catalogs::preview(&shop);
    shop.run(&["check"]).exits(0);
    shop.run(&["plan"]).exits(2);
    let runs = shop.run(&["runs", "--json"]).exits(0).json();
    let plan = runs["runs"].as_array().unwrap().iter().find(|run| run["kind"] == "plan").unwrap();
    let addresses = [
        "/catalog".to_owned(),
        format!("/catalog?from={run}"),
        format!("/catalog/runs/{run}"),
        format!("/catalog/runs/{run}/0"),
        format!("/preview/{}", plan["id"].as_str().unwrap()),
    ];
    let addresses: Vec<&str> = addresses.iter().map(String::as_str).collect();
    let said = tools.run("pages.mjs", &addresses, &site(&shop));
    assert!(said.contains("nothing found"), "{said}");
}

fn site(shop: &Shop) -> Site {
    Site { base: shop.server.clone(), name: "admin".to_owned(), password: shop.password.clone() }
}

/// The first run on an empty service, and one document in the books.
fn first_synced_task(mode: &str) {
    let Some(tools) = Tools::found() else { return };
    let Some(plugin) = plugin() else { return };
    let sims = Sims::start();
    let shop = Shop::of(plugin, &sims);
    let said = tools.run("journey.mjs", &[mode], &site(&shop));
    let number = said.split("synced ").nth(1).and_then(|rest| rest.split_whitespace().next()).unwrap();
    let synced = shop.tasks(Some("synced"));
    assert_eq!(amounts(&synced), sims.books(), "what was confirmed is what the books have");
    assert_eq!(synced.len(), 1, "{said}");
    assert_eq!(synced[0]["number"], number, "{said}");
}

#[test]
fn from_nothing_to_a_synced_task_by_mouse() {
    first_synced_task("mouse");
}

#[test]
fn from_nothing_to_a_synced_task_by_keyboard_alone() {
    first_synced_task("keyboard");
}

#[test]
fn from_nothing_to_a_synced_task_with_scripts_off() {
    first_synced_task("plain");
}
