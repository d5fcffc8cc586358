//! Links through the binary, the API, the sandbox and a simulated Xero: suggested with reasons, cleared with the tasks that
//! this touches, exported, and taken over again from the file.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "../by_hand/support.rs"]
#[expect(dead_code, reason = "the other tests need the rest")]
mod support;

use serde_json::Value;
use support::{Shop, Sims, plugin};

fn links(shop: &Shop) -> Vec<Value> {
    shop.run(&["link", "list", "--json"]).exits(0).json()["links"].as_array().unwrap().clone()
}

/// A linked customer that the task of an order waits for nothing else but.
fn linked_customer(shop: &Shop) -> (String, Value) {
    let ready = shop.tasks(Some("ready"));
    let all = links(shop);
    let party =
        |task: &Value| all.iter().find(|link| link["kind"] == "party" && link["source"] == task["customer"]).cloned();
    ready.iter().find_map(|task| Some((task["number"].as_str()?.to_owned(), party(task)?))).unwrap()
}

#[test]
fn a_link_is_cleared_suggested_and_taken_over_again_from_a_file() {
    let Some(plugin) = plugin() else { return };
    let sims = Sims::start();
    let shop = Shop::of(plugin, &sims);
    shop.run(&["check"]).exits(0);
    let before = links(&shop);
    let (number, link) = linked_customer(&shop);
    let (source, target) = (link["source"].as_str().unwrap(), link["target"]["id"].as_str().unwrap());
    shop.run(&["link", "export", "links.csv"]).exits(0);

    let dry = shop.run(&["link", "clear", "party", source, "--dry-run"]).exits(0).with(&["would be unlinked", &number]);
    assert!(dry.out.contains("waits for a link again: link the customer"), "{dry}");
    assert_eq!(links(&shop), before, "a dry run changes nothing");
    shop.run(&["link", "clear", "party", source]).exits(0).with(&["is unlinked", &number]);

    // A key would link it, but only a check does that; a suggestion links nothing.
    let list = shop.run(&["link", "suggest", "party", source, "--json"]).exits(0).json();
    let found = list["suggestions"][0]["sources"][0]["suggestions"].clone();
    assert_eq!(found[0]["target"]["id"], target, "{found}");
    assert!(found[0]["suggested"] == true && !found[0]["reasons"].as_array().unwrap().is_empty(), "{found}");
    let cleared = links(&shop).into_iter().find(|one| one["source"] == source).unwrap();
    assert_eq!(cleared["state"], "unlinked");

    let dry = shop.run(&["link", "import", "links.csv", "--dry-run"]).exits(2);
    dry.with(&["0 new, 1 changed", "nothing was changed", &format!("unlinked → linked to {target}")]);
    shop.run(&["link", "import", "links.csv"]).exits(0).with(&["1 changed", "0 refused"]);
    shop.run(&["link", "import", "links.csv"]).exits(0).with(&["0 new, 0 changed"]);
    let essence = |links: Vec<Value>| -> Vec<(Value, Value, Value)> {
        links.into_iter().map(|mut one| (one["source"].take(), one["state"].take(), one["target"].take())).collect()
    };
    assert_eq!(essence(links(&shop)), essence(before));

    shop.write("bad.csv", "kind,source,state,target_id\nitem,NEW,linked,i-1\nitm,X,linked,i-1\n");
    shop.run(&["link", "import", "bad.csv"]).exits(1).with(&["line 3, kind", "No link was changed"]);
    assert!(links(&shop).iter().all(|one| one["source"] != "NEW"));
    shop.run(&["link", "import", "bad.csv", "--skip-bad"]).exits(2).with(&["1 new", "1 refused"]);
    assert!(links(&shop).iter().any(|one| one["source"] == "NEW"));
    shop.run(&["link", "suggest"]).exits(0).with(&["without a suggestion"]);
}
