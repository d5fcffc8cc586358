//! A backup, work that goes on, and a folder made of the backup: what was sent since the backup is found, and nothing
//! is sent twice against the same books.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "../by_hand/support.rs"]
#[expect(dead_code, reason = "made for the tests by hand, which use all of it")]
mod support;

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::time::Duration;

use serde_json::Value;

use support::{Shop, Sims, amounts, plugin, text, until};

/// Two looks, a settling time apart each.
const LOOKED: Duration = Duration::from_secs(240);

fn ids(tasks: &[Value]) -> Vec<String> {
    tasks.iter().map(|task| text(&task["id"])).collect()
}

/// The folder of before goes away, as after the loss of a disk.
fn swap(shop: &mut Shop) -> Value {
    shop.kill();
    fs::rename(shop.path("shop"), shop.path("lost")).unwrap();
    let key = shop.path("lost/master.key");
    let args = ["restore", "backup.cfb", "--into", "shop", "--json", "--master-key", key.to_str().unwrap()];
    let made = shop.run(&args).exits(0).json();
    shop.serve();
    made
}

#[test]
fn what_was_sent_since_the_backup_is_found_and_nothing_is_sent_twice() {
    let Some(plugin) = plugin() else { return };
    let sims = Sims::start();
    let mut shop = Shop::of(plugin, &sims);
    shop.run(&["check"]).exits(0);
    shop.run(&["plan", "--brief"]).exits(2);
    let planned = shop.tasks(Some("planned"));
    assert!(planned.len() > 7, "{}", planned.len());
    shop.run(&["backup", "backup.cfb", "--config", "shop/counterfoil.toml"])
        .exits(0)
        .with(&["master key is not in it"]);
    let mode = fs::metadata(shop.path("backup.cfb")).unwrap().permissions().mode();
    assert_eq!(mode & 0o077, 0, "it holds the hashes of passwords");
    shop.run(&["backup", "backup.cfb", "--config", "shop/counterfoil.toml"]).exits(1).with(&["is there already"]);

    let mut sync = vec!["sync".to_owned()];
    sync.extend(ids(&planned[..5]));
    shop.run(&sync.iter().map(String::as_str).collect::<Vec<_>>()).exits(0);
    let sent = sims.books();
    assert_eq!(sent, amounts(&planned[..5]));

    let made = swap(&mut shop);
    assert_eq!((&made["connections"], &made["missing"]), (&1.into(), &Value::Array(Vec::new())));
    assert_eq!(shop.tasks(Some("synced")), Vec::<Value>::new(), "the backup knows of nothing sent");
    // Paused: it says why, and sends nothing.
    let connections = shop.run(&["connections", "list", "--json"]).exits(0).json();
    let reason = text(&connections["connections"][0]["state_reason"]);
    assert!(reason.contains("restored from the backup of") && reason.contains("until you enable it"), "{reason}");
    shop.run(&["sync", "--all"]).exits(5);
    assert_eq!(sims.books(), sent);

    shop.run(&["connections", "enable", "xero-main", "--reason", "the former host is gone"]).exits(0);
    shop.run(&["check"]).exits(0);
    shop.run(&["sync", "--all"]).exits(4).with(&["restored from a backup"]);
    let synced = |shop: &Shop| shop.tasks(Some("synced")).len();
    until("every task synchronized", LOOKED, || synced(&shop) == planned.len());
    assert_eq!(sims.books(), amounts(&planned), "each order once, and for its amount");

    // Once more, and nothing comes of it; and what was restored can be backed up and is whole.
    let writes = sims.writes().len();
    shop.run(&["check"]).exits(0);
    shop.run(&["plan", "--brief"]).exits(0);
    shop.run(&["sync", "--all"]).exits(0);
    assert_eq!(sims.writes().len(), writes);
    shop.run(&["audit", "verify"]).exits(0).with(&["each as it was written"]);
    let lines = shop.run(&["audit", "export"]).exits(0).out;
    let lines: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(lines.iter().any(|line| line["action"] == "store.restored" && line["actor"] == "restore"));
    assert!(lines.iter().enumerate().all(|(index, line)| line["place"] == index + 1));
    shop.stop();
    shop.run(&["doctor", "--config", "shop/counterfoil.toml"]).with(&["all as they were written", "chain whole"]);
}

#[test]
fn what_was_on_its_way_at_the_backup_is_looked_for_and_not_sent_again() {
    let Some(plugin) = plugin() else { return };
    let sims = Sims::start();
    let mut shop = Shop::of(plugin, &sims);
    shop.run(&["check"]).exits(0);
    shop.run(&["plan", "--brief"]).exits(2);
    let planned = shop.tasks(Some("planned"));
    // Xero commits at once and answers late: the backup is taken in between.
    sims.xero.faults().inject(counterfoil_sim::Fault {
        method: Some("PUT".to_owned()),
        path_contains: "/Invoices".to_owned(),
        skip: 0,
        times: 1,
        kind: counterfoil_sim::FaultKind::Slow(Duration::from_secs(20)),
    });
    let sync = shop.start(&["sync", "--all"]);
    until("the invoices in Xero", LOOKED, || !sims.books().is_empty());
    shop.run(&["backup", "backup.cfb", "--config", "shop/counterfoil.toml", "--with-master-key"])
        .exits(0)
        .with(&["master key is in it"]);
    until("every task synchronized", LOOKED, || shop.tasks(Some("synced")).len() == planned.len());
    sync.said();
    let books = sims.books();
    assert_eq!(books, amounts(&planned));

    shop.kill();
    fs::rename(shop.path("shop"), shop.path("lost")).unwrap();
    let made = shop.run(&["restore", "backup.cfb", "--into", "shop", "--json"]).exits(0).json();
    assert!(made["uncertain"].as_u64().unwrap() + made["unconfirmed"].as_u64().unwrap() > 0, "{made}");
    shop.serve();
    shop.run(&["connections", "enable", "xero-main", "--reason", "go on"]).exits(0);
    // Those on the way are found by themselves; the others wait for a new yes, and are then found too.
    until("nothing on the way", LOOKED, || shop.tasks(Some("uncertain")).is_empty());
    shop.run(&["plan", "--brief"]);
    shop.run(&["sync", "--all"]);
    until("every task synchronized", LOOKED, || shop.tasks(Some("synced")).len() == planned.len());
    assert_eq!(sims.books(), books, "nothing was sent twice");
}

#[test]
fn nothing_is_made_of_what_is_no_backup_or_where_something_is() {
    let folder = tempfile::tempdir().unwrap();
    let run = |args: &[&str]| support::counterfoil(folder.path(), args);
    run(&["init", "shop", "--listen", "127.0.0.1:0"]).exits(0);
    run(&["backup", "b", "--config", "shop/counterfoil.toml", "--json"]).exits(0);
    run(&["restore", "b", "--into", "shop"]).exits(1).with(&["is there already", "Nothing was restored"]);
    run(&["restore", "shop/counterfoil.toml", "--into", "new"])
        .exits(1)
        .with(&["is no backup", "Nothing was restored"]);
    run(&["restore", "b", "--into", "new"]).exits(0).with(&["put your copy of the master key at new/master.key"]);
    let key = fs::read(folder.path().join("shop/master.key")).unwrap();
    assert!(!fs::read(folder.path().join("b")).unwrap().windows(key.len()).any(|bytes| bytes == key));
    for private in ["new/data", "new/counterfoil.toml", "new/data/counterfoil.db"] {
        let mode = fs::metadata(folder.path().join(private)).unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "{private} is {mode:o}");
    }
    fs::write(folder.path().join("no.key"), "hello").unwrap();
    run(&["restore", "b", "--into", "other", "--master-key", "no.key"]).exits(1).with(&["no master key"]);
    assert!(!folder.path().join("other/counterfoil.toml").exists(), "nobody can start what is not whole");
}
