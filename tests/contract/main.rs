//! The contract keeps its word: it grows only in ways that leave every built plugin as it is, and each function and field
//! of it is explained. `UPDATE_GOLDEN=1` writes the page anew; the baseline is replaced by hand, when a
//! version is released or as long as none was.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod compatible;
mod page;
mod shape;

use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_path_buf()
}

fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap()
}

#[test]
fn it_changed_only_compatibly_since_the_baseline() {
    let (old, new) = (shape::of(&read("wit/target/baseline/target.wit")), shape::of(&read("wit/target/target.wit")));
    let broken = compatible::breaks(&old, &new);
    assert!(
        broken.is_empty(),
        "plugins that are built already would stop working:\n  {}\nPut it another way (an attribute, an open code, a function of an imported interface, an interface of its own), or make another major version of the contract. Before the first release nobody has built one: then wit/target/baseline follows, and the change is told in CHANGELOG.md",
        broken.join("\n  ")
    );
}

#[test]
fn the_host_and_the_sdk_speak_the_version_of_the_file() {
    let version = shape::of(&read("wit/target/target.wit")).version;
    let line = compatible::line(&version);
    assert_eq!(counterfoil_runtime::manifest::CONTRACT, line);
    assert_eq!(std::str::from_utf8(&counterfoil_sdk::CONTRACT).unwrap(), version);
    for card in [
        "plugins/xero/plugin.toml",
        "plugins/connectwise/plugin.toml",
        "plugins/syncro/plugin.toml",
        "sdk/templates/rust/plugin.toml",
    ] {
        assert!(read(card).contains(&format!("contract = \"{line}\"")), "{card}");
    }
}

#[test]
fn every_function_and_field_is_explained_and_the_page_says_so() {
    let (made, bare) = page::of(&read("wit/target/target.wit"));
    assert!(bare.is_empty(), "without a word in wit/target/target.wit: {}", bare.join(", "));
    let path = root().join("sdk/CONTRACT.md");
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&path, &made).unwrap();
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(kept == made, "sdk/CONTRACT.md is not what wit/target/target.wit says. Run again with UPDATE_GOLDEN=1");
}
