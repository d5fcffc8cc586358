//! `counterfoil sim cloudblue connectwise` of a test, and a service that is set up with what it printed. Owns how the
//! simulators are asked and steered from outside; owns no expectation.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::Duration;

use rust_decimal::Decimal;
use serde_json::{Value, json};

use crate::support::{Running, Shop, counterfoil, get, is_without_wasm, text, until};

const BEGIN: Duration = Duration::from_secs(60);

/// The component, built once a process. None where Rust cannot build for wasm; never in CI.
pub(crate) fn plugin() -> Option<&'static Path> {
    static BUILT: OnceLock<Option<PathBuf>> = OnceLock::new();
    let build = || {
        let said = counterfoil(&root(), &["plugin", "build", "plugins/connectwise", "--json"]);
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

/// An addition as ConnectWise has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Addition {
    pub(crate) id: u64,
    pub(crate) agreement: u64,
    pub(crate) quantity: Decimal,
    pub(crate) unit_price: Decimal,
    pub(crate) effective: String,
    /// Empty: it goes on.
    pub(crate) cancelled: String,
    pub(crate) marker: String,
    pub(crate) description: String,
}

pub(crate) struct Psa {
    pub(crate) shop: Shop,
    connectwise: String,
    market: String,
    _running: Running,
}

impl Psa {
    /// What was printed is saved as setup.toml, and what its comments say is exported; serving, nothing applied yet.
    pub(crate) fn start(plugin: &Path) -> Self {
        let mut shop = Shop::new(plugin);
        let args = ["sim", "cloudblue", "connectwise", "--cloudblue-port", "0", "--connectwise-port", "0"];
        let running = shop.start(&args);
        until("both simulators", BEGIN, || running.err().contains("Simulating until Ctrl-C"));
        let setup = running.out();
        shop.write("setup.toml", &setup);
        let exports = setup.lines().filter_map(|line| line.strip_prefix("#   export ")?.split_once('='));
        for (name, value) in exports {
            shop.set(name, value.trim_matches('\''));
        }
        let origin = |key: &str| {
            let line = setup.lines().find_map(|line| line.strip_prefix(key)).unwrap();
            let address = line.trim_start_matches("http://").split('/').next().unwrap();
            format!("http://{address}")
        };
        let (connectwise, market) = (origin("base_url = \""), origin("location = \""));
        shop.serve();
        Self { shop, connectwise, market, _running: running }
    }

    fn state(&self) -> Value {
        get(&format!("{}/_sim/state", self.connectwise))
    }

    pub(crate) fn additions(&self) -> Vec<Addition> {
        let read = |one: &Value| Addition {
            id: one["id"].as_u64().unwrap(),
            agreement: one["agreement"].as_u64().unwrap(),
            quantity: text(&one["quantity"]).parse().unwrap(),
            unit_price: text(&one["unit_price"]).parse().unwrap(),
            effective: one["effective"].as_str().unwrap_or_default().to_owned(),
            cancelled: one["cancelled"].as_str().unwrap_or_default().to_owned(),
            marker: text(&one["serial_number"]),
            description: text(&one["invoice_description"]),
        };
        self.state()["additions"].as_array().unwrap().iter().map(read).collect()
    }

    /// Number of calls that could change something there.
    pub(crate) fn writes(&self) -> usize {
        let log = get(&format!("{}/_sim/log", self.connectwise));
        let writes = log.as_array().unwrap().iter();
        writes.filter(|e| text(&e["path"]).contains("/apis/3.0/") && e["method"] != "GET").count()
    }

    pub(crate) fn switch(&self, switches: &Value) {
        post(&format!("{}/_sim/switches", self.connectwise), switches);
    }

    /// Every period that has begun by then is invoiced.
    pub(crate) fn invoice(&self, up_to: &str) {
        post(&format!("{}/_sim/invoice", self.connectwise), &json!({ "up_to": up_to }));
    }

    /// What an agreement was invoiced altogether.
    pub(crate) fn invoiced(&self, agreement: u64) -> Decimal {
        let state = self.state();
        let of = state["invoices"].as_array().unwrap().iter().filter(|one| one["agreement"] == agreement);
        of.map(|one| text(&one["total"]).parse::<Decimal>().unwrap()).sum()
    }

    /// Two more of what a subscription has. Gives the order's number.
    pub(crate) fn upgrade(&self, subscription: &str) -> String {
        let wish = json!({ "do": "add_order", "kind": "upgrade", "subscription_id": subscription, "delta": 2 });
        let made: Value = serde_json::from_str(&post(&format!("{}/_sim/orders", self.market), &wish)).unwrap();
        text(&made["orderNumber"])
    }
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
