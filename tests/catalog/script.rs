//! The script of rows: reading it, running a row through the binary, and rewriting what is printed.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;

use serde_json::Value;
use tempfile::TempDir;

pub(crate) fn data(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().join("tests/catalog").join(name)
}

pub(crate) fn base(name: &str) -> Value {
    serde_json::from_slice(&fs::read(data(&format!("data/{name}.json"))).unwrap()).unwrap()
}

/// A line of a row, with what must be printed below it.
#[derive(Debug)]
enum Line {
    Edit { catalog: String, path: String, change: Change },
    Diff { words: Vec<String> },
}

#[derive(Debug)]
enum Change {
    Set(Value),
    Add(Value),
    Remove,
}

fn line(text: &str) -> Option<Line> {
    if let Some(words) = text.strip_prefix("diff ") {
        return Some(Line::Diff { words: words.split_whitespace().map(str::to_owned).collect() });
    }
    let (catalog, rest) = text.split_once(' ')?;
    assert!(["provider", "reseller"].contains(&catalog), "{text}");
    let (path, change) = rest.split_once(' ').unwrap();
    let change = match change.split_once(' ') {
        Some(("=", json)) => Change::Set(serde_json::from_str(json).unwrap()),
        Some(("+", json)) => Change::Add(serde_json::from_str(json).unwrap()),
        None if change == "-" => Change::Remove,
        _ => panic!("{text}"),
    };
    Some(Line::Edit { catalog: catalog.to_owned(), path: path.to_owned(), change })
}

pub(crate) fn set(catalog: &mut Value, path: &str, value: Value) {
    let (above, name) = path.rsplit_once('/').map_or((None, path), |(above, name)| (Some(above), name));
    let place = match above {
        None => Some(catalog),
        Some(above) => at(catalog, above),
    };
    place.unwrap_or_else(|| panic!("no {path}"))[name] = value;
}

fn at<'v>(catalog: &'v mut Value, path: &str) -> Option<&'v mut Value> {
    catalog.pointer_mut(&format!("/{path}"))
}

fn edit(catalog: &mut Value, path: &str, change: Change) {
    match change {
        Change::Set(value) => set(catalog, path, value),
        Change::Add(value) => at(catalog, path).unwrap().as_array_mut().unwrap().push(value),
        Change::Remove => {
            let (above, name) = path.rsplit_once('/').unwrap();
            at(catalog, above).unwrap().as_object_mut().unwrap().remove(name).unwrap();
        }
    }
}

/// `catalog diff` of two files in a folder: what it prints, and its exit code behind it.
fn printed(folder: &Path, words: &[String]) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_counterfoil"));
    command.current_dir(folder).args(["catalog", "diff", "provider.json", "reseller.json"]);
    for word in words.iter().filter(|word| *word != "none") {
        if word.starts_with("--") {
            command.arg(word);
        } else {
            command.args(["--option", word]);
        }
    }
    let said = command.output().unwrap();
    let (out, err) = (String::from_utf8(said.stdout).unwrap(), String::from_utf8(said.stderr).unwrap());
    assert_eq!(err, "", "{words:?}");
    let lines: Vec<String> = out.lines().map(|line| format!("| {line}").trim_end().to_owned()).collect();
    format!("{}\nexits {}\n", lines.join("\n"), said.status.code().unwrap())
}

/// One row as it is written, and as it comes out.
fn played(row: &str) -> String {
    let folder = TempDir::new().unwrap();
    let (mut provider, mut reseller) = (base("provider"), base("reseller"));
    let mut out = String::new();
    let mut compared = 0;
    for text in row.lines().filter(|text| !text.starts_with('|') && !text.starts_with("exits ")) {
        out.push_str(text);
        out.push('\n');
        if text.is_empty() || text.starts_with(['#', ';']) {
            continue;
        }
        match line(text).unwrap_or_else(|| panic!("not a line of a row: {text}")) {
            Line::Edit { catalog, path, change } => {
                edit(if catalog == "provider" { &mut provider } else { &mut reseller }, &path, change);
            }
            Line::Diff { words } => {
                for (name, catalog) in [("provider.json", &provider), ("reseller.json", &reseller)] {
                    fs::write(folder.path().join(name), serde_json::to_vec_pretty(catalog).unwrap()).unwrap();
                }
                out.push_str(&printed(folder.path(), &words));
                compared += 1;
            }
        }
    }
    assert!(compared > 0, "nothing is compared: {row}");
    out
}

/// The rows of the script, each from its "#" line to the next; what stands before the first is no row.
pub(crate) fn rows() -> Vec<String> {
    let text = fs::read_to_string(data("rows.txt")).unwrap();
    let mut rows: Vec<String> = Vec::new();
    for line in text.lines() {
        if line.starts_with("# ") {
            rows.push(String::new());
        }
        if let Some(row) = rows.last_mut() {
            row.push_str(line);
            row.push('\n');
        }
    }
    rows
}

/// Plays every row that begins with this name.
pub(crate) fn play(name: &str) {
    static REWRITING: Mutex<()> = Mutex::new(());
    let mut found = 0;
    for row in rows() {
        if row.split_whitespace().nth(1) != Some(name) {
            continue;
        }
        found += 1;
        let now = played(&row);
        if std::env::var_os("UPDATE_GOLDEN").is_some() {
            let _one_at_a_time = REWRITING.lock().unwrap();
            let text = fs::read_to_string(data("rows.txt")).unwrap();
            fs::write(data("rows.txt"), text.replacen(&row, &now, 1)).unwrap();
        } else {
            assert_eq!(row, now, "tests/catalog/rows.txt. If the change is wanted, run with UPDATE_GOLDEN=1");
        }
    }
    assert!(found > 0, "no row {name}");
}
