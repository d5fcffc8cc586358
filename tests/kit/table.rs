//! The verdicts: plugins by checks, and defects by the checks that they fail. Owns their file; a target that joins is one row of
//! `TARGETS`.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use counterfoil_kit::{Description, Remotes, Report, run};
use counterfoil_runtime::build::{self, Options};

use crate::books::{self, ConnectWise, Syncro, Xero};
use crate::defects;

pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_path_buf()
}

pub(crate) async fn built(folder: &str, options: &Options) -> Vec<u8> {
    let built = build::build(&root().join(folder), options).await;
    std::fs::read(built.unwrap_or_else(|error| panic!("{folder} cannot be built: {error}")).path).unwrap()
}

/// A column of the table: the plugin, its description, and the mode that one plugin has several of.
#[derive(Debug, Clone, Copy)]
struct Column {
    name: &'static str,
    plugin: &'static str,
    mode: Option<&'static str>,
}

const TARGETS: [Column; 4] = [
    Column { name: "xero", plugin: "xero", mode: None },
    Column { name: "connectwise", plugin: "connectwise", mode: None },
    Column { name: "syncro", plugin: "syncro", mode: Some("schedule") },
    Column { name: "syncro-invoice", plugin: "syncro", mode: Some("invoice") },
];

async fn report(column: Column) -> Report {
    let component = built(&format!("plugins/{}", column.plugin), &Options::default()).await;
    let described = root().join(format!("tests/kit/{}.toml", column.plugin));
    let mut description = Description::load(&described).unwrap();
    description.settings.extend(column.mode.map(|mode| ("mode".to_owned(), mode.to_owned())));
    let remote = match column.plugin {
        "xero" => Remotes::of(Xero),
        "syncro" => Remotes::of(Syncro),
        _ => {
            description.secrets.extend(books::connectwise_secrets());
            description.settings.extend(books::connectwise_settings());
            Remotes::of(ConnectWise)
        }
    };
    run(&component, &description, remote).await.unwrap()
}

/// What is known to fail, and why it is left so: a defect of the target that is somebody's to mend.
const KNOWN: &[(&str, &str)] = &[];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn verdicts_of_all_plugins() {
    let mut reports = vec![("ledger", defects::report("none").await)];
    for column in TARGETS {
        reports.push((column.name, report(column).await));
    }
    for (_, report) in reports.iter().filter(|(_, report)| !report.passed()) {
        println!("{}", report.to_text());
    }
    let defects = defects::all().await;
    held(&shown(&reports, &defects), "verdicts.txt");
    for (name, report) in &reports {
        for check in report.checks.iter().filter(|check| !matches!(check.verdict.name(), "pass" | "not-applicable")) {
            assert!(KNOWN.contains(&(*name, check.id.as_str())), "{name}: {}: {}", check.id, check.verdict.text());
        }
    }
}

/// Plugins by checks, what did not pass in words, and defects by the checks that they fail.
fn shown(reports: &[(&str, Report)], defects: &[(&str, Vec<String>)]) -> String {
    let mut ids: Vec<&str> = Vec::new();
    for check in reports.iter().flat_map(|(_, report)| &report.checks) {
        if !ids.contains(&check.id.as_str()) {
            ids.push(&check.id);
        }
    }
    let row = |first: &str, cells: Vec<String>| {
        let cells: String = cells.iter().map(|cell| format!("{cell:<16}")).collect();
        format!("{first:<32}{cells}").trim_end().to_owned() + "\n"
    };
    let each = |cell: &dyn Fn(&Report) -> String| reports.iter().map(|(_, report)| cell(report)).collect::<Vec<_>>();
    let mut text = row("check", reports.iter().map(|(name, _)| (*name).to_owned()).collect());
    for id in ids {
        let of = |report: &Report| {
            let check = report.checks.iter().find(|check| check.id == id);
            check.map_or("-", |check| check.verdict.name()).to_owned()
        };
        text.push_str(&row(id, each(&of)));
    }
    text.push_str(&row("passed, of applicable", each(&|report| format!("{} of {}", report.score.0, report.score.1))));
    text.push_str(&row(
        "promised, proved",
        each(&|report| {
            let delivery = &report.to_json()["delivery"];
            format!("{}, {}", delivery["claimed"].as_str().unwrap(), delivery["proved"].as_str().unwrap())
        }),
    ));
    text.push_str("\nNot passed:\n");
    for (name, report) in reports {
        for check in report.checks.iter().filter(|check| check.verdict.name() != "pass") {
            let _ = writeln!(text, "  {name}, {} ({}): {}", check.id, check.verdict.name(), check.verdict.text());
        }
    }
    text.push_str("\nDefects of the test plugin, and the checks that fail by them:\n");
    for (defect, failed) in defects {
        let _ = writeln!(text, "  {defect:<24}{}", failed.join(" "));
    }
    text
}

/// The file as it stands, or as it is from now on.
fn held(text: &str, file: &str) {
    let path = root().join("tests/kit").join(file);
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&path, text).unwrap();
    }
    println!("{text}");
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(kept == text, "{file} is another one; look at the difference, then UPDATE_GOLDEN=1\n{text}");
}
