//! A folder of exported orders instead of a marketplace: the same tasks, for the same money.

use serde_json::Value;

use crate::support::{Shop, Sims, amounts, plugin, text};

/// All that a task says, except where it came from.
fn substance(shop: &Shop) -> Vec<String> {
    let row = |task: &Value| {
        let names = ["number", "kind", "customer_name", "subscription", "amount", "scenario", "state"];
        let mut parts: Vec<String> = names.iter().map(|name| task[*name].to_string()).collect();
        parts.push(task["ignored"]["reason"].to_string());
        let needs = task["needs"].as_array().into_iter().flatten().map(|need| need["text"].to_string());
        parts.extend(needs);
        parts.join(" ")
    };
    let mut rows: Vec<String> = shop.tasks(None).iter().map(row).collect();
    rows.sort();
    rows
}

#[test]
fn a_folder_of_exported_orders_gives_the_same_tasks_as_the_marketplace() {
    let Some(plugin) = plugin() else { return };
    let (by_api, by_folder) = (Sims::start(), Sims::start());
    let api = Shop::of(plugin, &by_api);
    api.run(&["check"]).exits(0);

    let mut files = Shop::new(plugin);
    files.credentials();
    let printed = files.run(&["sim", "--export", "orders"]).exits(0).with(&["240 orders"]).out;
    assert!(printed.contains("kind = \"file\""), "{printed}");
    // What it printed is half of a setup; the connection is the other.
    let connection = by_folder.connection().replace("marketplace = \"sim\"", "marketplace = \"files\"");
    files.write("setup.toml", &format!("{printed}{connection}"));
    files.serve();
    files.run(&["apply", "-f", "setup.toml"]).exits(0);
    files.run(&["check"]).exits(0).with(&["240 orders", "cursor moved"]);

    let (from_files, from_api) = (substance(&files), substance(&api));
    assert!(from_api.len() > 50, "{from_api:?}");
    assert_eq!(from_files, from_api);
    assert_eq!(by_folder.cloudblue.log().entries().len(), 0, "a folder needs no marketplace");

    for (shop, sims) in [(&files, &by_folder), (&api, &by_api)] {
        shop.run(&["plan", "--brief"]).exits(2);
        shop.run(&["sync", "--all"]).exits(0);
        assert_eq!(sims.books(), amounts(&shop.tasks(Some("synced"))));
    }
    assert_eq!(by_folder.books(), by_api.books());

    // One order more is one file more.
    let number = by_api
        .cloudblue
        .with_world(|world| text(&world.order_json(world.newest_first().next().unwrap())["orderNumber"]));
    assert!(files.path(&format!("orders/orders/{number}.json")).is_file());
}
