//! Style is a test: floors between crates, lengths of files and functions, words that must not appear, and
//! documents that must name what exists.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clap::CommandFactory as _;

const FILE_LINES: usize = 500;
const FUNCTION_LINES: usize = 70;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("host/ has a parent").to_path_buf()
}

fn files(ending: &str) -> Vec<PathBuf> {
    fn walk(folder: &Path, ending: &str, found: &mut Vec<PathBuf>) {
        for entry in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            let name = entry.file_name().unwrap().to_string_lossy().into_owned();
            if entry.is_dir() {
                if !["target", ".git", "node_modules"].contains(&name.as_str()) {
                    walk(&entry, ending, found);
                }
            } else if name.ends_with(ending) {
                found.push(entry);
            }
        }
    }
    let mut found = Vec::new();
    walk(&root(), ending, &mut found);
    found.sort();
    found
}

fn shown(path: &Path) -> String {
    path.strip_prefix(root()).unwrap_or(path).display().to_string()
}

fn is_test(path: &Path) -> bool {
    let path = shown(path);
    path.starts_with("tests/") || path.contains("/tests/") || path.contains("/benches/") || path.ends_with("tests.rs")
}

/// The file without its `#[cfg(test)] mod`.
fn body(text: &str) -> Vec<&str> {
    let mut lines = Vec::new();
    let mut rest = text.lines().peekable();
    while let Some(line) = rest.next() {
        if line.trim() == "#[cfg(test)]"
            && rest.peek().is_some_and(|next| next.trim_start().starts_with("mod ") && next.contains('{'))
        {
            break;
        }
        lines.push(line);
    }
    lines
}

/// Which of our crates each crate may name. Arrows only downward; floor-1 crates do not see each other.
const FLOORS: &[(&str, &[&str])] = &[
    ("host/domain", &[]),
    ("host/store", &["domain"]),
    ("host/egress", &["domain"]),
    ("host/engine", &["domain"]),
    ("host/server", &["domain"]),
    ("host/market", &["domain", "egress"]),
    ("host/runtime", &["domain", "egress"]),
    ("host", &["domain", "store", "egress", "engine", "server", "market", "runtime", "sim", "kit"]),
    ("sdk", &[]),
    ("sdk/sim", &[]),
    ("sdk/kit", &["domain", "runtime", "egress"]),
    ("plugins/xero", &["sdk"]),
    ("plugins/connectwise", &["sdk"]),
    ("plugins/syncro", &["sdk"]),
];

#[test]
fn crates_depend_only_downward() {
    let mut checked = 0;
    for (folder, allowed) in FLOORS {
        let text = std::fs::read_to_string(root().join(folder).join("Cargo.toml")).unwrap();
        let manifest: toml::Table = text.parse().unwrap();
        let dependencies = manifest.get("dependencies").and_then(toml::Value::as_table).cloned().unwrap_or_default();
        for name in dependencies.keys().filter_map(|name| name.strip_prefix("counterfoil-")) {
            assert!(allowed.contains(&name), "{folder} may not depend on {name}: arrows go down only");
        }
        checked += 1;
    }
    let manifest: toml::Table = std::fs::read_to_string(root().join("Cargo.toml")).unwrap().parse().unwrap();
    let members = manifest["workspace"]["members"].as_array().unwrap().len();
    assert_eq!(checked, members, "every workspace member has its row in FLOORS");
}

#[test]
fn only_the_right_crate_names_the_big_libraries() {
    let owners: BTreeMap<&str, &[&str]> = BTreeMap::from([
        ("wasmtime", ["host/runtime"].as_slice()),
        ("rusqlite", ["host/store"].as_slice()),
        ("reqwest", ["host/egress", "host"].as_slice()),
    ]);
    for (folder, _) in FLOORS {
        let manifest: toml::Table =
            std::fs::read_to_string(root().join(folder).join("Cargo.toml")).unwrap().parse().unwrap();
        let dependencies = manifest.get("dependencies").and_then(toml::Value::as_table).cloned().unwrap_or_default();
        for (library, owners) in &owners {
            assert!(
                !dependencies.contains_key(*library) || owners.contains(folder),
                "{folder} may not use {library}; only {owners:?} do"
            );
        }
    }
}

#[test]
fn files_and_functions_are_short() {
    let mut long = Vec::new();
    for path in files(".rs").iter().filter(|path| !is_test(path)) {
        let text = std::fs::read_to_string(path).unwrap();
        let lines = body(&text);
        if lines.len() > FILE_LINES {
            long.push(format!("{}: {} lines ({FILE_LINES} at most)", shown(path), lines.len()));
        }
        let mut open: Option<(usize, usize)> = None;
        for (number, line) in lines.iter().enumerate() {
            let indent = line.len() - line.trim_start().len();
            if is_function(line) && open.is_none() {
                open = Some((number, indent));
            }
            if let Some((start, at)) = open {
                if *line == format!("{}}}", " ".repeat(at)) {
                    if number + 1 - start > FUNCTION_LINES {
                        long.push(format!("{}:{}: a function of {} lines", shown(path), start + 1, number + 1 - start));
                    }
                    open = None;
                } else if line.ends_with(';') && indent == at {
                    open = None;
                }
            }
        }
    }
    assert!(long.is_empty(), "too long:\n{}", long.join("\n"));
}

fn is_function(line: &str) -> bool {
    let words = line.trim_start();
    let words = words
        .strip_prefix("pub(crate) ")
        .or(words.strip_prefix("pub(super) "))
        .or(words.strip_prefix("pub "))
        .unwrap_or(words);
    let words = words.strip_prefix("const ").unwrap_or(words);
    let words = words.strip_prefix("async ").unwrap_or(words);
    words.starts_with("fn ")
}

#[test]
fn words_that_must_not_stand_in_code() {
    let banned = [
        (".unwrap()", "say what happens when it is not there"),
        (".expect(", "say what happens when it is not there"),
        (concat!("to", "do!"), "build it or leave it out"),
        ("unimplemented!", "build it or leave it out"),
        ("dbg!(", "use tracing"),
        ("#[allow(", "#[expect(…, reason = …)] fails when it is no longer needed"),
        ("#![allow(", "#![expect(…, reason = …)] fails when it is no longer needed"),
    ];
    let mut found = Vec::new();
    for path in files(".rs").iter().filter(|path| !is_test(path) && !shown(path).contains("tests/plugins/")) {
        let text = std::fs::read_to_string(path).unwrap();
        for (number, line) in body(&text).iter().enumerate() {
            if line.trim_start().starts_with("//") {
                continue;
            }
            for (word, instead) in banned {
                if line.contains(word) {
                    found.push(format!("{}:{}: {word} ({instead})", shown(path), number + 1));
                }
            }
        }
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn no_float_comes_near_money() {
    let mut found = Vec::new();
    for path in files(".rs") {
        let name = shown(&path);
        if !["host/domain/", "plugins/", "sdk/src/", "host/market/src/"].iter().any(|place| name.starts_with(place)) {
            continue;
        }
        let text = std::fs::read_to_string(&path).unwrap();
        for (number, line) in body(&text).iter().enumerate() {
            let code = line.split("//").next().unwrap_or_default();
            let mut words = code.split(|c: char| !c.is_alphanumeric() && c != '_');
            if words.any(|word| word == "f32" || word == "f64") {
                found.push(format!("{name}:{}: {}", number + 1, line.trim()));
            }
        }
    }
    assert!(found.is_empty(), "floats near money:\n{}", found.join("\n"));
}

#[test]
fn sql_stands_only_in_the_store() {
    let mut found = Vec::new();
    for path in files(".rs").iter().filter(|path| !is_test(path)) {
        let name = shown(path);
        let text = std::fs::read_to_string(path).unwrap();
        let sql = ["SELECT ", "INSERT INTO", "DELETE FROM", "CREATE TABLE"];
        if !name.starts_with("host/store/") && body(&text).iter().any(|line| sql.iter().any(|word| line.contains(word)))
        {
            found.push(name);
        }
    }
    assert!(found.is_empty(), "SQL outside the store: {found:?}");
}

#[test]
fn every_file_says_what_it_owns() {
    let bare: Vec<String> = files(".rs")
        .iter()
        .filter(|path| !std::fs::read_to_string(path).unwrap().starts_with("//!"))
        .map(|path| shown(path))
        .collect();
    assert!(bare.is_empty(), "no //! at the top: {bare:?}");
}

#[test]
fn every_config_key_verb_and_exit_code_is_documented() {
    let readme = std::fs::read_to_string(root().join("README.md")).unwrap();
    for (key, _) in counterfoil::config::KEYS {
        assert!(readme.contains(&format!("`{key}`")), "README.md does not name the config key `{key}`");
    }
    let cli = counterfoil::cli::Cli::command();
    for verb in cli.get_subcommands() {
        let name = verb.get_name();
        assert!(readme.contains(&format!("`{name}")), "README.md does not name the verb `{name}`");
        for inner in verb.get_subcommands().filter(|inner| inner.get_name() != "help") {
            let whole = format!("{name} {}", inner.get_name());
            assert!(readme.contains(&whole), "README.md does not name the verb `{whole}`");
        }
    }
    for (code, meaning) in counterfoil::exit::MEANINGS {
        assert!(readme.contains(&format!("| {code} | {meaning} |")), "README.md does not explain exit code {code}");
    }
}

#[test]
fn every_dependency_has_its_reason() {
    let text = std::fs::read_to_string(root().join("Cargo.toml")).unwrap();
    let section = text.split("[workspace.dependencies]").nth(1).unwrap().split("\n[").next().unwrap();
    let mut reasoned = false;
    for line in section.lines() {
        if line.starts_with('#') {
            reasoned = true;
        } else if line.is_empty() {
            reasoned = false;
        } else {
            assert!(reasoned, "no reason above the dependency: {line}");
        }
    }
}
