//! What a person decides about tasks: to ignore one, to take it back, to link what the rules could not link.

use rust_decimal::Decimal;
use serde_json::Value;

use crate::support::{Shop, Sims, amounts, plugin, text};

fn id(task: &Value) -> String {
    text(&task["id"])
}

#[test]
fn an_ignored_task_is_not_sent_and_comes_back() {
    let Some(plugin) = plugin() else { return };
    let sims = Sims::start();
    let shop = Shop::of(plugin, &sims);
    shop.run(&["check"]).exits(0);
    let ready = shop.tasks(Some("ready"));
    let (one, others) = ready.split_first().unwrap();

    let said = shop.run(&["ignore", &id(one), "--reason", "billed by hand in May"]).exits(0);
    said.with(&["Ignored 1 task", "USD"]);
    let shown = shop.run(&["tasks", "list", "--state", "ignored", "--text", one["number"].as_str().unwrap()]).exits(0);
    shown.with(&["billed by hand in May", "admin"]);
    shop.run(&["plan", "--brief"]).exits(2);
    shop.run(&["sync", "--all"]).exits(0);
    assert_eq!(sims.books(), amounts(others), "all but the ignored one");
    shop.run(&["plan"]).exits(0);
    assert_eq!(shop.task(one["number"].as_str().unwrap())["state"], "ignored");

    // Sent is sent: it cannot be ignored away.
    let refused = shop.run(&["ignore", &id(&others[0]), "--reason", "too late"]);
    refused.exits(5).with(&[&id(&others[0])]);
    assert_eq!(shop.task(others[0]["number"].as_str().unwrap())["state"], "synced");

    shop.run(&["unignore", &id(one)]).exits(0).with(&["1 task"]);
    assert_ne!(shop.task(one["number"].as_str().unwrap())["state"], "ignored");
    // The next plan judges it by the rules again.
    shop.run(&["plan", "--brief"]).exits(2).with(&[one["number"].as_str().unwrap()]);
    assert_eq!(shop.task(one["number"].as_str().unwrap())["state"], "planned");
    shop.run(&["sync", "--all"]).exits(0);
    assert_eq!(sims.books(), amounts(&ready), "each once");
}

#[test]
fn what_is_linked_by_hand_is_ready_with_the_next_plan_and_goes_where_the_link_says() {
    let Some(plugin) = plugin() else { return };
    let sims = Sims::start();
    let item = sims.xero.state().add_item("ARCHIVE", "Mail archive, ours", Decimal::ONE, "200");
    let shop = Shop::of(plugin, &sims);
    shop.run(&["check"]).exits(0);
    let needs =
        |task: &Value| task["needs"].as_array().unwrap().iter().map(|need| text(&need["text"])).collect::<Vec<_>>();
    let pending = shop.tasks(Some("pending"));
    let waiting: Vec<&Value> =
        pending.iter().filter(|task| matches!(needs(task).as_slice(), [one] if one.contains("MAIL-ARCH-50"))).collect();
    assert!(!waiting.is_empty(), "{pending:?}");
    shop.run(&["plan", waiting[0]["id"].as_str().unwrap()]).exits(2).with(&["MAIL-ARCH-50", "cannot be planned"]);

    shop.run(&["link", "set", "item", "MAIL-ARCH-50", &item, "--code", "ARCHIVE", "--name", "Mail archive, ours"])
        .exits(0);
    shop.run(&["link", "list", "--kind", "item"]).exits(0).with(&["MAIL-ARCH-50", "ARCHIVE"]);
    shop.run(&["plan", "--brief"]).exits(2);
    for task in &waiting {
        assert_eq!(shop.task(task["number"].as_str().unwrap())["state"], "planned", "{task}");
    }
    assert_eq!(sims.writes(), [], "a link and a plan write nothing");
    let names: Vec<String> = waiting.iter().map(|task| id(task)).collect();
    let confirmed: Vec<&str> = std::iter::once("sync").chain(names.iter().map(String::as_str)).collect();
    shop.run(&confirmed).exits(0);
    let waiting: Vec<Value> = waiting.into_iter().cloned().collect();
    assert_eq!(sims.books(), amounts(&waiting), "those that were named, and no others");
    let codes = |document: &counterfoil_sim::xero::Document| {
        document.lines.iter().any(|line| line.item_code.as_deref() == Some("ARCHIVE"))
    };
    assert!(sims.xero.state().documents().iter().all(codes));

    // Without the link the rest waits again, and what was written stays.
    shop.run(&["link", "clear", "item", "MAIL-ARCH-50"]).exits(0);
    assert_eq!(sims.books(), amounts(&waiting));
}
