//! A service over a folder of catalogs: previewed, synchronized, previewed again; what others changed meanwhile; taken back.

use std::fs;

use counterfoil_domain::catalog::Options;
use serde_json::{Value, json};

use crate::folder::{DISK, dearer, own};
use crate::house::House;

const ALL: &str = "--template resellers --option all";

/// Three resellers beside each other: one as the provider has it, one with a price of its own, one that sets its prices
/// itself.
fn house() -> House {
    let house = House::open();
    house.catalogs.put("acme", &[]);
    house.catalogs.put("beta", &[(DISK, own("2.75"))]);
    house.catalogs.put("closed", &[("price_synchronization", json!("disabled"))]);
    house.catalogs.served(&[("acme", None, "resellers"), ("beta", None, "resellers"), ("closed", None, "resellers")]);
    house
}

fn pairs(states: &[(&str, &str)]) -> Vec<(String, String)> {
    states.iter().map(|(reseller, state)| ((*reseller).to_owned(), (*state).to_owned())).collect()
}

#[test]
fn what_a_preview_shows_is_written_and_a_second_preview_says_nothing() {
    let house = house();
    house.catalogs.provider_with(&dearer());
    let before = house.catalogs.texts();
    let said = house.catalog(&format!("preview plans {ALL}")).exits(2);
    let run = said.err.split("· run ").nth(1).unwrap().split_whitespace().next().unwrap().to_owned();
    let said = said.with(&[
        "Compared 3 resellers in ",
        "2 resellers would be changed: 2 plan fee changes, 2 price changes",
        "nothing was written",
        "1 price change not sent: the reseller has price synchronization disabled and keeps its own prices",
    ]);
    assert_eq!(said.out.lines().count(), 4, "{}", said.out);
    assert_eq!(house.catalogs.texts(), before);
    assert_eq!(house.states(&run), pairs(&[("acme", "compared"), ("beta", "compared"), ("closed", "nothing")]));

    // In full it is what the comparison of the two files says, word for word.
    let shown = house.catalog(&format!("runs {run} beta")).exits(0).out;
    let (head, shown) = shown.split_once('\n').unwrap();
    assert_eq!(head, "preview · compared");
    assert!(
        shown.contains("price change · Gold · Disk · recurring: 2.75 USD (the reseller's own) → 2.40 USD"),
        "{shown}"
    );
    let (provider, reseller) = (house.catalogs.root().join("provider.json"), house.catalogs.file("beta"));
    let diff = ["catalog", "diff", provider.to_str().unwrap(), reseller.to_str().unwrap(), "--option", "all"];
    assert_eq!(shown, house.run(&diff).exits(2).out);

    let expected = ["acme", "beta"].map(|reseller| house.catalogs.expected(reseller, Options::all()));
    let sync =
        house.catalog(&format!("sync {run}")).exits(0).with(&["Wrote 2 resellers", "counterfoil catalog undo run_"]);
    assert!(!sync.err.contains("had no turn"), "{}", sync.err);
    assert_eq!(["acme", "beta"].map(|reseller| house.catalogs.text(reseller)), expected);
    assert_eq!(house.catalogs.text("closed"), before["closed.json"]);
    house
        .catalog(&format!("preview plans {ALL}"))
        .exits(0)
        .with(&["0 resellers would be changed · nothing was written"]);

    let again = house.catalog(&format!("sync {run}")).exits(5);
    again.with(&["catalog-state", "was synchronized before", "Nothing was written a second time"]);
    let list = house.catalog("runs --json").exits(0).json();
    let kinds: Vec<&Value> = list["runs"].as_array().unwrap().iter().map(|run| &run["kind"]).collect();
    assert_eq!(kinds, ["preview", "sync", "preview"]);
    house.catalog(&format!("runs {run} nobody")).exits(1).with(&["\"nobody\" has no turn"]);
    house.catalog("runs run_none").exits(1).with(&["no catalog run"]);
}

#[test]
fn whoever_changed_meanwhile_is_refused_alone() {
    let house = house();
    house.catalogs.provider_with(&dearer());
    house.catalogs.put("delta", &[]);
    let rows = ["acme", "beta", "closed", "delta"].map(|reseller| (reseller, None, "resellers"));
    house.catalogs.served(&rows);
    let run = house.preview(ALL);
    // Of what was shown, and of something else: only the first makes what was shown wrong.
    house.catalogs.change("beta", &[(DISK, own("2.80"))]);
    house.catalogs.change("delta", &[("plans/silver/published", json!(false))]);
    let before = house.catalogs.texts();
    let expected = ["acme", "delta"].map(|reseller| house.catalogs.expected(reseller, Options::all()));
    let said = house.catalog(&format!("sync {run}")).exits(2);
    said.with(&["Wrote 2 resellers", "1 reseller refused, nothing was written there", "was changed since the preview"]);
    assert_eq!(["acme", "delta"].map(|reseller| house.catalogs.text(reseller)), expected);
    assert_eq!(
        ["beta", "closed"].map(|reseller| house.catalogs.text(reseller)),
        ["beta.json", "closed.json"].map(|file| before[file].clone())
    );
    assert!(!house.catalogs.held("delta").plans[&"silver".into()].published);

    // What the provider changes meanwhile is no longer what was shown either.
    house.catalogs.provider_with(&[(&format!("{DISK}/amount"), json!("2.50"))]);
    let run = house.preview(ALL);
    house.catalogs.provider_with(&[(&format!("{DISK}/amount"), json!("2.60"))]);
    let before = house.catalogs.texts();
    house.catalog(&format!("sync {run}")).exits(2).with(&["3 resellers refused"]);
    assert_eq!(house.catalogs.texts(), before);
}

#[test]
fn the_last_sync_is_taken_back_to_the_byte() {
    let house = house();
    let before = house.catalogs.texts();
    house.catalogs.provider_with(&dearer());
    let first = house.sync(ALL);
    house.catalogs.provider_with(&[(DISK, json!({ "amount": "3.00", "currency": "USD" }))]);
    let between = house.catalogs.texts();
    let second = house.sync(ALL);
    house.catalog(&format!("undo {first}")).exits(5).with(&["catalog-stale", "Only the last sync"]);
    assert_ne!(house.catalogs.texts(), between);
    house.catalog(&format!("undo {second}")).exits(0).with(&["Took back 2 resellers"]);
    assert_eq!(house.catalogs.texts(), between);
    house.catalog(&format!("undo {second}")).exits(5).with(&["was taken back before"]);
    assert_ne!(between, before);
}

#[test]
fn what_a_reseller_changed_since_stays_and_is_named() {
    let house = house();
    let before = house.catalogs.texts();
    house.catalogs.provider_with(&dearer());
    let sync = house.sync(ALL);
    house.catalogs.change("beta", &[(DISK, own("9.00"))]);
    house.catalogs.change("acme", &[("terms/house", json!({ "name": "House", "text": "mine", "required": false }))]);
    let said = house.catalog(&format!("undo {sync}")).exits(2);
    said.with(&[
        "Took back 2 resellers",
        "at 1 reseller something stays as it is",
        "stays, because it was changed since: plan/gold/rate/disk/price/recurring",
    ]);
    let mut expected: Value = serde_json::from_slice(&before["beta.json"]).unwrap();
    crate::script::set(&mut expected, DISK, own("9.00"));
    let now: Value = serde_json::from_slice(&house.catalogs.text("beta")).unwrap();
    assert_eq!(now, expected, "the fee is as it was, the price as the reseller set it since");
    assert_eq!(house.catalogs.held("acme").terms.len(), 2);
    let disk = &house.catalogs.held("acme").plans[&"gold".into()].rates[&"disk".into()];
    assert!(disk.prices.values().any(|price| price.value.to_string() == "2.00 USD"));
}

#[test]
fn a_preset_says_what_is_sent_and_the_setup_whether_display_category_follows() {
    let house = House::open_with("settings = { display_category = \"follow\" }");
    let hidden =
        [("sales_categories/cloud/display", json!(false)), ("sales_categories/cloud/own_display", json!(true))];
    house.catalogs.put("acme", &hidden);
    house.catalogs.served(&[("acme", None, "resellers")]);
    house.catalogs.provider_with(&dearer());
    let counts = |line: &str| {
        let run = house.catalog(&format!("preview plans --reseller acme {line} --json"));
        run.json()["resellers"][0]["counts"].clone()
    };
    assert_eq!(counts("--option update-categories"), json!({ "display-category": 1 }));
    assert_eq!(counts("--option update-categories --display preserve"), json!({}));
    house
        .catalog("presets save nightly --option synchronize-plan-resources --option update-plan-fees")
        .exits(0)
        .with(&["5 options"]);
    house.catalog("presets list").exits(0).with(&["nightly\tdemo\tupdate-plan-fees, create-new-resources", "preserve"]);
    assert_eq!(counts("--preset nightly"), json!({ "plan-fee": 1, "resource-price": 1 }));
    house.catalog("preview plans --reseller acme --preset nightli").exits(1).with(&["did you mean \"nightly\"?"]);
    house.catalog("presets delete nightly").exits(0);
    house.catalog("presets delete nightly").exits(1).with(&["no preset"]);
    house.catalog("preview plan --reseller acme --option all").exits(1).with(&["did you mean \"plans\"?"]);
    house.catalog("preview plans --reseller nobody --option all").exits(1).with(&["there is no reseller \"nobody\""]);
    house.catalog("preview plans --option all").exits(64);
}

#[test]
fn a_catalog_that_cannot_be_read_is_named_and_holds_up_nobody_else() {
    let house = house();
    house.catalogs.provider_with(&dearer());
    let text = String::from_utf8(house.catalogs.text("beta")).unwrap();
    fs::write(house.catalogs.file("beta"), text.replacen("\"2.75\"", "\"2,75\"", 1)).unwrap();
    let said = house.catalog(&format!("preview plans {ALL}")).exits(2);
    let place = "beta.json cannot be read: plans/gold/rates/disk/prices/recurring/amount: \"2,75\" is not a number";
    let said = said.with(&[place, "1 reseller would be changed", "1 reseller could not be compared"]);
    let run = said.err.split("· run ").nth(1).unwrap().split_whitespace().next().unwrap();
    let sync = house.catalog(&format!("sync {run}")).exits(2);
    sync.with(&["Wrote 1 reseller in", "1 reseller failed", place]);

    let provider = fs::read_to_string(house.catalogs.root().join("provider.json")).unwrap();
    fs::write(house.catalogs.root().join("provider.json"), provider.replacen("\"for_sale\"", "\"forsale\"", 1))
        .unwrap();
    let said = house.catalog(&format!("preview plans {ALL}")).exits(1);
    said.with(&["The preview did not work", "provider.json cannot be read", "unknown field `forsale`"]);
    fs::remove_file(house.catalogs.root().join("provider.json")).unwrap();
    house.catalog(&format!("preview plans {ALL}")).exits(1).with(&["provider.json: there is no such file"]);
}
