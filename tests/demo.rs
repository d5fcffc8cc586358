//! `counterfoil demo`, as somebody runs it who has just cloned the repository: every figure agrees, and no secret is
//! left where it does not belong.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::path::{Path, PathBuf};

use counterfoil_sim::cloudblue::CloudBlueConfig;
use counterfoil_sim::xero::XeroConfig;
use serde_json::Value;
use tempfile::TempDir;

#[path = "by_hand/support.rs"]
#[expect(dead_code, reason = "this test needs a part of it")]
mod support;

use support::{Said, counterfoil, is_without_wasm};

/// Runs the demo in a folder of its own; none where no plugin can be built.
fn demo(more: &[&str]) -> Option<(TempDir, Said)> {
    let place = TempDir::new().unwrap();
    let folder = place.path().join("demo").display().to_string();
    let args = [&["demo", "--exit", "--folder", &folder], more].concat();
    let said = counterfoil(place.path(), &args);
    (!is_without_wasm(&said)).then(|| (place, said.exits(0)))
}

/// Every file below a folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found
}

fn holds(haystack: &[u8], needle: &str) -> bool {
    haystack.windows(needle.len()).any(|window| window == needle.as_bytes())
}

#[test]
fn the_figures_agree_and_no_secret_is_left_lying() {
    let Some((place, said)) = demo(&["--json"]) else { return };
    let figures = said.json();
    let number = |name: &str| figures[name].as_u64().unwrap_or_else(|| panic!("{name} is no number in {figures}"));

    assert_eq!(number("orders"), 240);
    assert_eq!((number("uncertain"), number("parked"), number("mismatches")), (0, 0, 0), "{figures}");
    assert!(number("synced") > 0 && number("remote_calls") > 0, "{figures}");
    // Every order of the simulated month makes one document, unless it holds charges and refunds.
    assert!(number("documents") >= number("synced"), "{figures}");
    let sum =
        |name: &str| figures[name].as_object().unwrap().values().map(|count| count.as_u64().unwrap()).sum::<u64>();
    assert_eq!(sum("states"), number("tasks"), "{figures}");
    assert_eq!(sum("ignored"), figures["states"]["ignored"].as_u64().unwrap(), "{figures}");
    let money = |name: &str| figures[name].as_str().unwrap().parse::<rust_decimal::Decimal>().unwrap();
    assert_eq!(money("total_source"), money("total_target"));
    assert!(money("total_target") > rust_decimal::Decimal::ZERO);
    assert_eq!(figures["mismatch_list"], Value::Array(Vec::new()));

    no_secret_is_left(&place.path().join("demo"), &said);
}

fn no_secret_is_left(folder: &Path, said: &Said) {
    let read = |name: &str| fs::read_to_string(folder.join(name)).unwrap().trim().to_owned();
    let (marketplace, books) = (CloudBlueConfig::default(), XeroConfig::default());
    // Each with the folder or file that may hold it. The last is how the tokens begin that the marketplace hands out.
    let secrets = [
        (marketplace.password, "secrets"),
        (marketplace.subscription_key, "secrets"),
        (books.client_secret, "secrets"),
        (read("master.key"), "master.key"),
        (read("admin.token"), "admin.token"),
        ("sim-token-".to_owned(), "nowhere"),
    ];
    assert!(secrets.iter().all(|(secret, _)| secret.len() >= 8));
    let database = fs::read(folder.join("data/counterfoil.db")).unwrap();
    // It is the right file, and it holds what was done: the administrator and the tasks.
    assert!(holds(&database, "SQLite format 3") && holds(&database, "admin") && holds(&database, "task_"));
    for (secret, home) in &secrets {
        assert!(!said.out.contains(secret) && !said.err.contains(secret), "what belongs in {home} was printed");
        for file in files(folder).iter().filter(|file| !file.starts_with(folder.join(home))) {
            assert!(!holds(&fs::read(file).unwrap(), secret), "what belongs in {home} is in {}", file.display());
        }
    }
}

#[test]
fn a_person_sees_a_table_without_a_difference() {
    let Some((_place, said)) = demo(&[]) else { return };
    let cells = |name: &str| {
        let row = said.out.lines().find(|line| line.trim_start().starts_with(name));
        row.unwrap_or_else(|| panic!("there is no row \"{name}\". {said}"))
            .split_whitespace()
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    assert_eq!(cells("orders seen").last().unwrap(), "240");
    assert_eq!(cells("difference"), ["difference", "0.00", "USD"]);
    let amount = |name: &str| cells(name).iter().rev().nth(1).unwrap().clone();
    assert_eq!(amount("synchronized, as the marketplace has it"), amount("in Xero"));
    assert_ne!(amount("in Xero"), "0.00");
    for name in ["tasks", "synced", "ignored", "documents in Xero", "calls on the wire"] {
        assert!(cells(name).last().unwrap().parse::<u64>().unwrap() > 0, "{name}. {said}");
    }
    assert!(!said.out.contains('✘') && said.out.contains("Every figure agrees"), "{said}");
}

#[test]
fn a_folder_with_something_in_it_is_left_alone() {
    let place = TempDir::new().unwrap();
    fs::write(place.path().join("mine.txt"), "mine").unwrap();
    let said = counterfoil(place.path(), &["demo", "--exit", "--folder", "."]).exits(1);
    said.with(&["not empty", "touches nobody's data"]);
    assert_eq!(files(place.path()), [place.path().join("mine.txt")]);
}
