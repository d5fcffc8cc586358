//! `counterfoil sim cloudiq syncro` of a test, and a service that is set up with what it printed. Owns how the simulators are
//! asked from outside; owns no expectation.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::Duration;

use chrono::Datelike as _;
use rust_decimal::Decimal;
use serde_json::{Value, json};

use crate::support::{Running, Shop, counterfoil, get, is_without_wasm, text, until};

const BEGIN: Duration = Duration::from_secs(60);

/// The component, built once a process. None where Rust cannot build for wasm; never in CI.
pub(crate) fn plugin() -> Option<&'static Path> {
    static BUILT: OnceLock<Option<PathBuf>> = OnceLock::new();
    let build = || {
        let said = counterfoil(&root(), &["plugin", "build", "plugins/syncro", "--json"]);
        if is_without_wasm(&said) {
            return None;
        }
        Some(root().join(said.exits(0).json()["file"].as_str().unwrap()))
    };
    BUILT.get_or_init(build).as_deref()
}

pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_path_buf()
}

pub(crate) struct Msp {
    pub(crate) shop: Shop,
    market: String,
    syncro: String,
    _running: Running,
}

impl Msp {
    /// What was printed is saved as setup.toml, and what its comments say is exported; serving, nothing applied yet.
    pub(crate) fn start(plugin: &Path, market: &str) -> Self {
        let mut shop = Shop::new(plugin);
        let port = format!("--{market}-port");
        let running = shop.start(&["sim", market, "syncro", &port, "0", "--syncro-port", "0"]);
        until("both simulators", BEGIN, || running.err().contains("Simulating until Ctrl-C"));
        let setup = running.out();
        shop.write("setup.toml", &setup);
        let exports = setup.lines().filter_map(|line| line.strip_prefix("#   export ")?.split_once('='));
        for (name, value) in exports {
            shop.set(name, value.trim_matches('\''));
        }
        let origin = |key: &str| {
            let line = setup.lines().find_map(|line| line.strip_prefix(key)).unwrap();
            let address = line.trim_start_matches("http://").split(['/', '"']).next().unwrap();
            format!("http://{address}")
        };
        let (syncro, market) = (origin("base_url = \""), origin("location = \""));
        shop.serve();
        Self { shop, market, syncro, _running: running }
    }

    /// What each customer's motion comes to in the newest month, as the distributor's records say.
    pub(crate) fn expected(&self) -> Vec<(String, String, Decimal)> {
        let oracle = get(&format!("{}/_sim/oracle", self.market));
        let cells = oracle["cells"].as_array().unwrap();
        let newest = cells.iter().map(|cell| text(&cell["month"])).max().unwrap();
        let of = cells.iter().filter(|cell| cell["month"] == newest.as_str() && cell["tenant"].is_string());
        of.map(|cell| (text(&cell["tenant"]).to_lowercase(), text(&cell["motion"]), amount(&cell["retail"]))).collect()
    }

    /// Number of calls that could change something in Syncro.
    pub(crate) fn writes(&self) -> usize {
        let log = get(&format!("{}/_sim/log", self.syncro));
        log.as_array().unwrap().iter().filter(|one| one["method"] != "GET").count()
    }

    pub(crate) fn violations(&self) -> Value {
        get(&format!("{}/_sim/violations", self.syncro))
    }

    /// Syncro makes the invoices of the first of the next month; what they come to without people's own lines.
    pub(crate) fn invoiced(&self) -> Decimal {
        let first = chrono::Utc::now().date_naive().with_day(1).unwrap();
        let day = first + chrono::Months::new(1);
        let made = post(&format!("{}/_sim/run", self.syncro), &json!({ "up_to": day.to_string() }));
        assert!(made.contains("made"), "{made}");
        let state = get(&format!("{}/_sim/state", self.syncro));
        let invoices = state["invoices"].as_array().unwrap_or_else(|| panic!("{state}"));
        let lines = invoices.iter().flat_map(|invoice| invoice["lines"].as_array().unwrap());
        let is_own = |line: &Value| ["name", "item"].iter().any(|part| line[*part] == "Managed workstation");
        let ours = lines.filter(|line| !is_own(line));
        ours.map(|line| Decimal::new(line["amount_cents"].as_i64().unwrap_or_else(|| panic!("{line}")), 2)).sum()
    }
}

pub(crate) fn amount(value: &Value) -> Decimal {
    text(value).parse().unwrap()
}

fn post(url: &str, body: &Value) -> String {
    let (host, path) = url.strip_prefix("http://").unwrap().split_once('/').unwrap();
    let body = body.to_string();
    let mut line = TcpStream::connect(host).unwrap();
    let head = "Content-Type: application/json\r\nConnection: close";
    write!(line, "POST /{path} HTTP/1.1\r\nHost: {host}\r\n{head}\r\nContent-Length: {}\r\n\r\n{body}", body.len())
        .unwrap();
    let mut answer = String::new();
    line.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 20"), "{head}\n{body}");
    body.to_owned()
}
