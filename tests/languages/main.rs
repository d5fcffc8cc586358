//! One small target in three languages, as `plugin new` writes it: its own tests, its component, and the same verdicts of the
//! same kit. Where a language's tools are not on the machine, it says so and goes on; in CI they must be there.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use counterfoil_domain::ports::WallClock;
use counterfoil_kit::{Description, Remotes, Report, run};
use counterfoil_runtime::build::{self, BuildError, Built, Options};
use counterfoil_runtime::component;
use counterfoil_runtime::sandbox::{Sandbox, Workshop};

const NAME: &str = "paper-ledger";

/// Targets of one name are built into one place, and compiling takes what the machine has: one test at a time.
static TURN: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

/// Beside the host's: made once for all tests that build plugins.
fn target_dir() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap().join("guests")
}

fn is_ci() -> bool {
    std::env::var_os("CI").is_some_and(|value| !value.is_empty())
}

/// What `plugin new` writes.
fn fresh(language: &str, place: &Path) -> PathBuf {
    let said = Command::new(env!("CARGO_BIN_EXE_counterfoil"))
        .args(["plugin", "new", NAME, "--lang", language, "--into"])
        .arg(place)
        .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")))
        .output()
        .unwrap();
    assert!(said.status.success(), "{}", String::from_utf8_lossy(&said.stderr));
    place.join(NAME)
}

async fn built(folder: &Path) -> Option<Built> {
    let options = Options { target_dir: Some(target_dir()), offline: false };
    match build::build(folder, &options).await {
        Ok(built) => Some(built),
        Err(error @ (BuildError::Absent { .. } | BuildError::Fetch { .. })) if !is_ci() => {
            println!("SKIPPED: {error}");
            None
        }
        Err(error) => panic!("{error}"),
    }
}

fn passes(folder: &Path, program: &str, arguments: &[&str]) {
    let said = Command::new(program).args(arguments).current_dir(folder).output().unwrap();
    let text = [&said.stdout, &said.stderr].map(|stream| String::from_utf8_lossy(stream).into_owned()).concat();
    assert!(said.status.success(), "{program} {arguments:?}: {text}");
    assert!(text.contains("OK") || text.contains("# fail 0"), "no test ran: {text}");
}

/// The language, and what runs its own tests.
type Tests<'a> = Option<(&'a str, &'a [&'a str])>;

async fn report(language: &str, own_tests: Tests<'_>) -> Option<Report> {
    let place = tempfile::tempdir().unwrap();
    let folder = fresh(language, place.path());
    let made = built(&folder).await?;
    if let Some((program, arguments)) = own_tests {
        passes(&folder, program, arguments);
    }
    // A second build of the same files makes nothing again.
    let begun = Instant::now();
    assert_eq!(built(&folder).await.unwrap().digest, made.digest);
    assert!(begun.elapsed() < Duration::from_secs(10), "{language}: {:?}", begun.elapsed());

    let package = component::read(&std::fs::read(&made.path).unwrap()).unwrap();
    assert_eq!(package.card.id.as_str(), NAME);
    let description = Description::load(&folder.join("conformance.toml")).unwrap();
    let remotes = Remotes::described(&description).unwrap();
    let begun = Instant::now();
    let report = run(&package.bytes, &description, remotes).await.unwrap();
    println!("{language}: {} KiB, {:?}, {:?}", made.size / 1024, report.score, begun.elapsed());
    println!("{}", report.to_text());
    Some(report)
}

/// What each check says, without its numbers and times.
fn verdicts(report: &Report) -> Vec<String> {
    report.checks.iter().map(|check| format!("{} {}", check.id, check.verdict.name())).collect()
}

/// One language must hold as much as another: what Rust's target passes, every target passes.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_target_holds_the_same_promises_in_every_language() {
    let _turn = TURN.lock().await;
    let rust = report("rust", None).await.unwrap();
    assert!(rust.passed(), "{}", rust.to_text());
    let python: &[&str] = &["-m", "unittest", "discover", "tests"];
    let node: &[&str] = &["--test", "tests/target.test.js"];
    for (language, own_tests) in [("python", ("python3", python)), ("javascript", ("node", node))] {
        let Some(report) = report(language, Some(own_tests)).await else { continue };
        assert!(report.passed(), "{language}: {}", report.to_text());
        assert_eq!(verdicts(&report), verdicts(&rust), "{language}");
        assert_eq!(report.proved, rust.proved, "{language}");
    }
}

/// The largest of them, as a service takes it: compiled in a process of its own under the limits, kept, and loaded at once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_interpreter_fits_into_the_limits_of_a_service() {
    let _turn = TURN.lock().await;
    let place = tempfile::tempdir().unwrap();
    let folder = fresh("python", place.path());
    let Some(made) = built(&folder).await else { return };
    let package = component::read(&std::fs::read(&made.path).unwrap()).unwrap();
    assert!(package.imports.iter().all(|name| name.starts_with("counterfoil:target/")), "{:?}", package.imports);
    let compiler = Some(env!("CARGO_BIN_EXE_counterfoil").into());
    let workshop = Workshop { folder: place.path().join("compiled"), compiler };
    for (compiled, limit) in [(1, Duration::from_secs(280)), (0, Duration::from_secs(5))] {
        let sandbox = Sandbox::with_workshop(16, Arc::new(WallClock), &workshop).unwrap();
        let begun = Instant::now();
        sandbox.load(&package).await.unwrap();
        println!("loaded in {:?}, {} compiled", begun.elapsed(), sandbox.compiled());
        assert_eq!(sandbox.compiled(), compiled);
        assert!(begun.elapsed() < limit, "{:?}", begun.elapsed());
    }
}

#[tokio::test]
async fn a_mistake_is_told_with_its_place() {
    for (language, file, wrong, says) in
        [("python", "books.py", "def (", "books.py"), ("javascript", "books.js", "export function (", "books.js")]
    {
        let place = tempfile::tempdir().unwrap();
        let folder = fresh(language, place.path());
        // Not in the way of the good one's place in the cache.
        let card = std::fs::read_to_string(folder.join("plugin.toml")).unwrap();
        std::fs::write(folder.join("plugin.toml"), card.replace(NAME, "paper-wrong")).unwrap();
        std::fs::write(folder.join(file), wrong).unwrap();
        let options = Options { target_dir: Some(target_dir()), offline: false };
        match build::build(&folder, &options).await.unwrap_err() {
            BuildError::Compile(said) => assert!(said.contains(says), "{language}: {said}"),
            error @ (BuildError::Absent { .. } | BuildError::Fetch { .. }) if !is_ci() => println!("SKIPPED: {error}"),
            error => panic!("{error}"),
        }
    }
}

/// Money goes through whole: what was never in a binary fraction cannot have been rounded by one.
#[test]
fn no_template_calculates_with_fractions() {
    let templates = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().join("sdk/templates");
    for (folder, ending, forbidden) in [
        ("python", "py", &["float(", "math.", "round("][..]),
        ("javascript", "js", &["parseFloat", "Math.", "toFixed", "JSON.stringify(invoice"]),
        ("rust/src", "rs", &["f64", "f32"]),
    ] {
        let mut seen = 0;
        for entry in std::fs::read_dir(templates.join(folder)).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|own| own == ending) {
                seen += 1;
                let text = std::fs::read_to_string(&path).unwrap();
                let found = forbidden.iter().find(|word| text.contains(**word));
                assert_eq!(found, None, "{}", path.display());
            }
        }
        assert!(seen >= 3, "{folder}");
    }
}
