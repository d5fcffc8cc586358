//! The guide for authors of targets, followed literally: its shell blocks, in their order, in one shell and an empty folder. Owns
//! what must have come of it; what is typed is the guide's.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

/// With a first build of the target, on a machine that has other things to do.
const PATIENCE: Duration = Duration::from_secs(900);

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_path_buf()
}

/// The blocks that say `sh`, each told when it begins.
fn script(guide: &str) -> String {
    let mut script = String::from("set -euo pipefail\n");
    let (mut inside, mut count) = (false, 0);
    for (number, line) in guide.lines().enumerate() {
        match line {
            "```sh" => {
                inside = true;
                count += 1;
                script += &format!("echo '== line {}' >&2\n", number + 2);
            }
            "```" => inside = false,
            _ if inside => {
                script += line;
                script.push('\n');
            }
            _ => {}
        }
    }
    assert!(!inside && count >= 8, "{count} blocks");
    // What runs in the background ends with the guide's reader.
    script + "kill $(jobs -p)\nwait || true\n"
}

fn free_port() -> String {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port().to_string()
}

/// Everything that the shell started, whatever became of it.
struct Shell(std::process::Child);

impl Drop for Shell {
    fn drop(&mut self) {
        let group = format!("-{}", self.0.id());
        let _ = Command::new("kill").args(["-KILL", "--", &group]).stderr(Stdio::null()).status();
        let _ = self.0.wait();
    }
}

fn follow(folder: &Path, said: &Path) -> String {
    let binary = Path::new(env!("CARGO_BIN_EXE_counterfoil")).parent().unwrap().to_path_buf();
    let path =
        std::env::join_paths(std::iter::once(binary).chain(std::env::split_paths(&std::env::var_os("PATH").unwrap())));
    let guide = fs::read_to_string(root().join("sdk/GUIDE.md")).unwrap();
    let out = fs::File::create(said).unwrap();
    let mut shell = Command::new("bash");
    shell.arg("-c").arg(script(&guide)).current_dir(folder).process_group(0);
    shell.env("PATH", path.unwrap()).env("CHECKOUT", root());
    shell.env("SIM_PORT", free_port()).env("HOST_PORT", free_port());
    // Beside the host's own: what the SDK needs is compiled once for all tests that build plugins.
    shell.env("CARGO_TARGET_DIR", Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap().join("guests"));
    for name in ["COUNTERFOIL_SERVER", "COUNTERFOIL_TOKEN", "COUNTERFOIL_MASTER_KEY", "RUSTFLAGS", "CARGO_INCREMENTAL"]
    {
        shell.env_remove(name);
    }
    let streams = (Stdio::from(out.try_clone().unwrap()), Stdio::from(out));
    let mut shell = Shell(shell.stdin(Stdio::null()).stdout(streams.0).stderr(streams.1).spawn().unwrap());
    let begun = Instant::now();
    let status = loop {
        if let Some(status) = shell.0.try_wait().unwrap() {
            break status;
        }
        assert!(begun.elapsed() < PATIENCE, "the guide hangs: {}", fs::read_to_string(said).unwrap());
        std::thread::sleep(Duration::from_millis(100));
    };
    let text = String::from_utf8_lossy(&fs::read(said).unwrap()).into_owned();
    let log = |name: &str| fs::read_to_string(folder.join(name)).unwrap_or_default();
    assert!(
        status.success(),
        "the guide stopped\n{text}\nservice: {}\nsimulator: {}",
        log("serve.log"),
        log("simulator.log")
    );
    text
}

#[test]
fn the_guide_leads_from_an_empty_folder_to_an_invoice_by_a_new_target() {
    let place = tempfile::tempdir().unwrap();
    let folder = place.path().join("a folder");
    fs::create_dir(&folder).unwrap();
    let begun = Instant::now();
    let said = follow(&folder, &place.path().join("said"));
    println!("followed in {:?}", begun.elapsed());

    // One invoice for each order, for its money: the second by the second version.
    let books: Value = serde_json::from_str(&fs::read_to_string(folder.join("books.json")).unwrap()).unwrap();
    let invoices = books["invoices"].as_array().unwrap();
    let references: Vec<_> = invoices.iter().map(|invoice| invoice["reference"].as_str().unwrap()).collect();
    assert_eq!(references.len(), 2, "{books}");
    assert!(references[0].starts_with("SO000001") && references[1].starts_with("SO000002"), "{references:?}");
    for invoice in invoices {
        assert_eq!((invoice["total"].to_string(), &invoice["customer"]), ("752.4".to_owned(), &Value::from("c-1")));
        assert_eq!(invoice["lines"][0]["quantity"].to_string(), "18");
    }
    assert!(said.contains("synced") && said.contains("752.40"), "{said}");

    // Recorded, and the same when it is played back; the changed target says more.
    let recordings = fs::read_dir(folder.join("shop/data/recordings")).unwrap();
    let mut recordings: Vec<PathBuf> = recordings.map(|one| one.unwrap().path()).collect();
    recordings.sort();
    let texts: Vec<String> = recordings.iter().map(|path| fs::read_to_string(path).unwrap()).collect();
    assert!(texts[0].contains("SO000001") && !texts[0].contains("/account"), "{}", texts[0]);
    assert!(texts.last().unwrap().contains("\"/account\""), "the second version asks: {texts:?}");
    for (text, path) in texts.iter().zip(&recordings) {
        assert!(!text.contains("only-for-the-simulator"), "a secret is on file: {text}");
        assert_eq!(fs::metadata(path).unwrap().permissions().mode() & 0o077, 0, "{}", path.display());
    }
    assert_eq!(said.matches("played back to the same component").count(), 2, "{said}");
    assert!(said.contains("1 jobs, 1 calls"), "what it asked is on file: {said}");
    let replayed = fs::read_to_string(folder.join("replayed.txt")).unwrap();
    let told = [
        "log info: planning order=SO000001",
        "played back to another component",
        "asked, and not in the recording: GET /account",
        "752.40 USD",
        "  the same as then",
    ];
    for words in told {
        assert!(replayed.contains(words), "\"{words}\" is missing: {replayed}");
    }
}

/// The verbs and files that the guide names are there.
#[test]
fn the_guide_names_nothing_that_is_not_there() {
    let guide = fs::read_to_string(root().join("sdk/GUIDE.md")).unwrap();
    let help = Command::new(env!("CARGO_BIN_EXE_counterfoil")).args(["plugin", "--help"]).output().unwrap();
    let help = String::from_utf8(help.stdout).unwrap();
    let named = guide.split("counterfoil plugin ").skip(1).filter_map(|rest| rest.split([' ', '`', '\n']).next());
    let mut seen = 0;
    for verb in named {
        assert!(help.lines().any(|line| line.trim_start().starts_with(verb)), "{verb} is not in: {help}");
        seen += 1;
    }
    assert!(seen >= 10, "{seen}");
    for line in guide.lines().filter(|line| !line.starts_with("```")) {
        assert!(line.chars().count() <= 150, "{line}");
    }
}
