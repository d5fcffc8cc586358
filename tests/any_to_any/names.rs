//! No crate of the host knows a target by its name: what is special about one stands on its card and in its component.

use std::path::{Path, PathBuf};

use crate::bench::root;

/// As they are written in code: letter by letter, because an `AutoSyncRow` is something else.
const TARGETS: [&str; 10] =
    ["syncro", "Syncro", "SYNCRO", "xero", "Xero", "XERO", "connectwise", "Connectwise", "ConnectWise", "CONNECTWISE"];
const CRATES: [&str; 6] = ["domain", "engine", "store", "egress", "server", "market"];

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        if path.is_dir() {
            if name != "tests" {
                sources(&path, found);
            }
        } else if name.ends_with(".rs") && !matches!(name, "tests.rs" | "test.rs") {
            found.push(path);
        }
    }
}

/// Code alone: without comments, attributes that describe examples, and what stands below the inline tests.
fn code(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let of_tests = |line: &str| line.trim_start().starts_with("#[cfg(test)]");
    let end = text.lines().position(of_tests).unwrap_or(usize::MAX);
    let code = text.lines().enumerate().take_while(move |(place, _)| *place < end);
    code.filter(|(_, line)| !line.trim_start().starts_with("//"))
        .filter(|(_, line)| !(line.trim_start().starts_with("#[") && line.contains("example")))
        .map(|(place, line)| (place + 1, line.split(" //").next().unwrap_or(line)))
}

#[test]
fn no_crate_of_the_host_names_a_target() {
    let mut named = Vec::new();
    let mut looked_at = 0;
    for host in CRATES {
        let mut files = Vec::new();
        sources(&root().join("host").join(host).join("src"), &mut files);
        looked_at += files.len();
        for file in files {
            let text = std::fs::read_to_string(&file).unwrap();
            for (place, line) in code(&text) {
                if TARGETS.iter().any(|target| line.contains(target)) {
                    named.push(format!("{}:{place}: {}", file.display(), line.trim()));
                }
            }
        }
    }
    assert!(looked_at > 200, "{looked_at} files are not the host");
    assert!(named.is_empty(), "{}", named.join("\n"));
}

#[test]
fn what_counts_as_code_is_code() {
    let text = "//! of xero\nlet a = 1; // as xero does\n    /// syncro\nlet b = \"xero\";\n#[cfg(test)]\nmod tests { xero }\n";
    let lines: Vec<(usize, &str)> = code(text).collect();
    assert_eq!(lines, [(2, "let a = 1;"), (4, "let b = \"xero\";")]);
}
