//! The table prints itself: `SCENARIOS.md` beside each card, and what `counterfoil plugin inspect` says.
//! After a wanted change: `UPDATE_GOLDEN=1 cargo test -p counterfoil --test scenarios`.

use std::process::Command;

use counterfoil_domain::scenario::Table;
use counterfoil_runtime::manifest::scenario_document;

use crate::every::{Target, root};

#[test]
fn the_scenarios_beside_each_card_are_what_the_card_says() {
    for target in Target::ALL {
        let path = root().join("plugins").join(target.id()).join("SCENARIOS.md");
        let made = scenario_document(target.card());
        if std::env::var_os("UPDATE_GOLDEN").is_some() {
            std::fs::write(&path, &made).unwrap();
        }
        let kept = std::fs::read_to_string(&path).unwrap();
        assert!(
            kept == made,
            "plugins/{}/SCENARIOS.md is not what plugin.toml says; UPDATE_GOLDEN=1 rewrites it",
            target.id()
        );
    }
}

fn inspect(file: &std::path::Path, flags: &[&str]) -> (Option<i32>, String, String) {
    let command = ["plugin", "inspect", file.to_str().unwrap()];
    let out = Command::new(env!("CARGO_BIN_EXE_counterfoil")).args(command).args(flags).output().unwrap();
    (out.status.code(), String::from_utf8(out.stdout).unwrap(), String::from_utf8(out.stderr).unwrap())
}

#[test]
fn inspect_shows_a_card_without_a_component() {
    for target in Target::ALL {
        let card = root().join("plugins").join(target.id()).join("plugin.toml");
        assert_eq!(inspect(&card, &["--markdown"]), (Some(0), scenario_document(target.card()), String::new()));
        let (code, text, _) = inspect(&card, &[]);
        assert!(code == Some(0) && text.contains(&target.card().egress.base_url), "{text}");
        let (code, text, _) = inspect(&card, &["--json"]);
        let object: serde_json::Value = serde_json::from_str(&text).unwrap();
        let rows = object["scenario_table"].as_array().unwrap().len();
        assert_eq!((code, rows), (Some(0), Table::of(&target.card().scenarios).rows().len()));
    }
}

#[test]
fn a_card_with_mistakes_is_refused_with_all_of_them() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("plugin.toml");
    let text = Target::ConnectWise.text();
    let wrong = text.replacen("aligned-with-statement-day", "aligned", 1).replacen(
        "prorate = [\"plan-",
        "prorate = [\"pan-",
        1,
    );
    std::fs::write(&file, wrong).unwrap();
    let (code, shown, told) = inspect(&file, &["--markdown"]);
    assert_eq!((code, shown.as_str()), (Some(1), ""), "{told}");
    for words in ["2 mistakes", "Did you mean \"aligned-with-statement-day\"?", "Did you mean \"plan-recurring\"?"] {
        assert!(told.contains(words), "{words}: {told}");
    }
}
