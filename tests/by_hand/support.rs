//! What the tests through the binary share: the command as a child process, a folder with a service, and both
//! simulators in this process. Owns no figure of money: what must come out is said by the tests.

use std::fmt;
use std::fs::{self, File};
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use chrono::Utc;
use counterfoil_sim::cloudblue::{CloudBlueConfig, CloudBlueHandle, CloudBlueSim};
use counterfoil_sim::world::{World, WorldSpec};
use counterfoil_sim::xero::{XeroConfig, XeroHandle, XeroOrg, XeroSim};
use counterfoil_sim::{Exchange, SimClock};
use rust_decimal::Decimal;
use serde_json::Value;
use tempfile::TempDir;
use tokio::runtime::Runtime;

/// A command that says nothing for so long hangs; the first build of the plugin may take its time.
const PATIENCE: Duration = Duration::from_secs(240);
const BUILD_PATIENCE: Duration = Duration::from_secs(600);

/// A child process that does not outlive its test.
#[derive(Debug)]
pub(crate) struct Running {
    child: Child,
    what: String,
    folder: TempDir,
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Running {
    /// Its output goes to files: a pipe that nobody empties would hold it up.
    fn start(mut command: Command, what: String) -> Self {
        let folder = TempDir::new().unwrap();
        let file = |name: &str| Stdio::from(File::create(folder.path().join(name)).unwrap());
        let child = command.stdin(Stdio::null()).stdout(file("out")).stderr(file("err")).spawn().unwrap();
        Self { child, what, folder }
    }

    fn text(&self, name: &str) -> String {
        String::from_utf8(fs::read(self.folder.path().join(name)).unwrap()).unwrap()
    }

    pub(crate) fn out(&self) -> String {
        self.text("out")
    }

    pub(crate) fn err(&self) -> String {
        self.text("err")
    }

    /// The rest of the line of stderr on which these words stand, as soon as they do.
    fn after(&mut self, words: &str) -> String {
        let begun = Instant::now();
        loop {
            let err = self.err();
            // Whole lines only: what is written in pieces may be read in pieces.
            let whole = err.rfind('\n').map_or("", |end| &err[..end]);
            if let Some(line) = whole.lines().find(|line| line.contains(words)) {
                return line.split_once(words).unwrap().1.to_owned();
            }
            let ended = self.child.try_wait().unwrap();
            assert!(
                ended.is_none() && begun.elapsed() < PATIENCE,
                "{} did not say \"{words}\" ({ended:?}): {err}",
                self.what
            );
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    pub(crate) fn said(self) -> Said {
        self.said_within(PATIENCE, String::new)
    }

    /// What else is known is told when it hangs.
    fn said_within(mut self, patience: Duration, known: impl Fn() -> String) -> Said {
        let begun = Instant::now();
        let ended = loop {
            if let Some(ended) = self.child.try_wait().unwrap() {
                break ended;
            }
            let so_far = || format!("stdout: {}\nstderr: {}\n{}", self.out(), self.err(), known());
            assert!(begun.elapsed() < patience, "{} hangs\n{}", self.what, so_far());
            std::thread::sleep(Duration::from_millis(5));
        };
        Said { what: self.what.clone(), code: ended.code(), out: self.out(), err: self.err() }
    }

    fn signal(&self, name: &str) {
        let asked = Command::new("sh").arg("-c").arg(format!("kill -{name} {}", self.child.id())).status().unwrap();
        assert!(asked.success());
    }
}

/// What a command answered. No code: a signal ended it.
#[derive(Debug)]
pub(crate) struct Said {
    what: String,
    code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl fmt::Display for Said {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ended {:?}\nstdout: {}\nstderr: {}", self.what, self.code, self.out, self.err)
    }
}

impl Said {
    #[track_caller]
    pub(crate) fn exits(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "{self}");
        self
    }

    /// In any order, on either stream.
    #[track_caller]
    pub(crate) fn with(self, words: &[&str]) -> Self {
        for words in words {
            assert!(self.out.contains(words) || self.err.contains(words), "\"{words}\" is missing. {self}");
        }
        self
    }

    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}. {self}"))
    }
}

fn command(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_counterfoil"));
    command.args(args);
    // What the shell of whoever runs the tests has set must not count.
    for name in ["COUNTERFOIL_SERVER", "COUNTERFOIL_TOKEN", "COUNTERFOIL_MASTER_KEY"] {
        command.env_remove(name);
    }
    command
}

fn what(args: &[&str]) -> String {
    format!("counterfoil {}", args.join(" "))
}

/// Runs a verb in a folder, without a service.
pub(crate) fn counterfoil(folder: &Path, args: &[&str]) -> Said {
    let mut command = command(args);
    command.current_dir(folder);
    Running::start(command, what(args)).said_within(BUILD_PATIENCE, String::new)
}

/// The Xero component, built once a process. None, with a word about it, where Rust cannot build for wasm; never in CI.
pub(crate) fn plugin() -> Option<&'static Path> {
    static BUILT: OnceLock<Option<PathBuf>> = OnceLock::new();
    let build = || {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        let said = counterfoil(root, &["plugin", "build", "plugins/xero", "--json"]);
        if is_without_wasm(&said) {
            return None;
        }
        Some(root.join(said.exits(0).json()["file"].as_str().unwrap()))
    };
    BUILT.get_or_init(build).as_deref()
}

/// True, said where the test harness does not swallow it, when this machine cannot build a plugin.
pub(crate) fn is_without_wasm(said: &Said) -> bool {
    let without = said.code != Some(0) && said.err.contains("Rust cannot build for wasm32-wasip2");
    if without {
        assert!(std::env::var("CI").as_deref() != Ok("true"), "{said}");
        let _ = writeln!(std::io::stderr(), "SKIPPED, because this machine cannot build plugins: {}", said.err);
    }
    without
}

/// A folder as `init` makes it, and the service that runs on it.
#[derive(Debug)]
pub(crate) struct Shop {
    folder: TempDir,
    env: Vec<(String, String)>,
    service: Option<Running>,
    pub(crate) server: String,
    /// Of the administrator.
    pub(crate) password: String,
}

impl Shop {
    /// `counterfoil init shop`, the plugin copied; not serving yet.
    pub(crate) fn new(plugin: &Path) -> Self {
        let folder = TempDir::new().unwrap();
        let said = counterfoil(folder.path(), &["init", "shop", "--listen", "127.0.0.1:0", "--json"]).exits(0);
        fs::copy(plugin, folder.path().join("shop/plugins/xero.wasm")).unwrap();
        let token = fs::read_to_string(folder.path().join("shop/admin.token")).unwrap();
        let env = vec![("COUNTERFOIL_TOKEN".to_owned(), token)];
        let password = text(&said.json()["password"]);
        Self { folder, env, service: None, server: String::new(), password }
    }

    /// Serving, with both simulators set up as one connection.
    pub(crate) fn of(plugin: &Path, sims: &Sims) -> Self {
        let mut shop = Self::new(plugin);
        shop.credentials();
        shop.serve();
        shop.write("setup.toml", &sims.setup());
        shop.run(&["apply", "-f", "setup.toml"]).exits(0);
        shop
    }

    /// Those of the simulators, under the names of the setup that `counterfoil sim` prints.
    pub(crate) fn credentials(&mut self) {
        let (marketplace, books) = (CloudBlueConfig::default(), XeroConfig::default());
        for (name, value) in [
            ("CB_USERNAME", marketplace.username),
            ("CB_PASSWORD", marketplace.password),
            ("CB_SUBSCRIPTION_KEY", marketplace.subscription_key),
            ("XERO_CLIENT_ID", books.client_id),
            ("XERO_CLIENT_SECRET", books.client_secret),
        ] {
            self.set(name, &value);
        }
    }

    pub(crate) fn set(&mut self, name: &str, value: &str) {
        self.env.push((name.to_owned(), value.to_owned()));
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).unwrap();
    }

    /// Starts the service; a later start listens where the first did.
    pub(crate) fn serve(&mut self) {
        let mut service = self.start(&["serve", "--config", "shop/counterfoil.toml"]);
        let address = service.after("serves on http://");
        let address = address.split_whitespace().next().unwrap();
        let config = fs::read_to_string(self.path("shop/counterfoil.toml")).unwrap();
        self.write("shop/counterfoil.toml", &config.replace("127.0.0.1:0", address));
        self.server = format!("http://{address}");
        self.service = Some(service);
    }

    /// As an operator's service manager does it: SIGTERM, and it ends with 0.
    #[track_caller]
    pub(crate) fn stop(&mut self) {
        let service = self.service.take().unwrap();
        service.signal("TERM");
        service.said().exits(0);
    }

    /// kill -9: nothing of it gets to say goodbye.
    #[track_caller]
    pub(crate) fn kill(&mut self) {
        let service = self.service.take().unwrap();
        service.signal("KILL");
        let said = service.said();
        assert_eq!(said.code, None, "{said}");
    }

    /// What the service has logged so far.
    pub(crate) fn log(&self) -> String {
        self.service.as_ref().map(Running::err).unwrap_or_default()
    }

    pub(crate) fn start(&self, args: &[&str]) -> Running {
        let mut command = command(args);
        command.current_dir(self.folder.path());
        if !self.server.is_empty() {
            command.env("COUNTERFOIL_SERVER", &self.server);
        }
        command.envs(self.env.iter().map(|(name, value)| (name, value)));
        Running::start(command, what(args))
    }

    pub(crate) fn run(&self, args: &[&str]) -> Said {
        self.start(args).said_within(PATIENCE, || format!("the service: {}", self.log()))
    }

    /// Every task, or every task in a state.
    pub(crate) fn tasks(&self, state: Option<&str>) -> Vec<Value> {
        let mut args = vec!["tasks", "list", "--json", "--limit", "5000"];
        args.extend(state.iter().flat_map(|state| ["--state", state]));
        self.run(&args).exits(0).json()["tasks"].as_array().unwrap().clone()
    }

    pub(crate) fn task(&self, number: &str) -> Value {
        let all = self.tasks(None);
        let task = all.iter().find(|task| task["number"] == number);
        task.unwrap_or_else(|| panic!("no task of {number} among {} tasks", all.len())).clone()
    }
}

/// A marketplace and a Xero over one world, served by this process.
#[derive(Debug)]
pub(crate) struct Sims {
    pub(crate) cloudblue: CloudBlueHandle,
    pub(crate) xero: XeroHandle,
    runtime: Runtime,
}

impl Sims {
    /// The world of the demo as of today, and books in its currency.
    pub(crate) fn start() -> Self {
        Self::of(World::generate(&WorldSpec::new(1, Utc::now().date_naive())), "USD", "200")
    }

    /// Books whose items name this account.
    pub(crate) fn of(world: World, base_currency: &str, account: &str) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let org = XeroOrg::new("5b1e7c1c-6f0b-4a3e-9d5c-2f4a8d1b7e60", "Test Company", "NZ", base_currency);
        let xero = XeroSim::new(XeroConfig { orgs: vec![org], ..XeroConfig::default() }, SimClock::wall());
        let books = xero.state();
        for seed in world.expected_xero_contacts() {
            let id = books.add_contact(&seed.name, seed.contact_number.as_deref());
            books.edit_contact(&id, |contact| contact.email = Some(seed.email));
        }
        for seed in world.expected_xero_items() {
            books.add_item(&seed.code, &seed.name, seed.sale_price.unwrap_or(Decimal::ZERO), account);
        }
        let xero = runtime.block_on(xero.start(None)).unwrap();
        let cloudblue = CloudBlueSim::new(world, CloudBlueConfig::default(), SimClock::wall());
        let cloudblue = runtime.block_on(cloudblue.start(None)).unwrap();
        Self { cloudblue, xero, runtime }
    }

    /// The marketplace goes away, and comes back at the same address with the same world.
    pub(crate) fn without_marketplace(&mut self, work: impl FnOnce()) {
        let world = self.cloudblue.with_world(|world| world.clone());
        let port = self.cloudblue.origin().rsplit_once(':').unwrap().1.parse().unwrap();
        let restart = |world, port| CloudBlueSim::new(world, CloudBlueConfig::default(), SimClock::wall()).start(port);
        let aside = self.runtime.block_on(restart(world.clone(), None)).unwrap();
        self.runtime.block_on(std::mem::replace(&mut self.cloudblue, aside).stop());
        work();
        self.cloudblue = self.runtime.block_on(restart(world, Some(port))).unwrap();
    }

    pub(crate) fn setup(&self) -> String {
        format!("{}{}{}", RESELLER, marketplace(&self.cloudblue.base_url()), self.connection())
    }

    pub(crate) fn connection(&self) -> String {
        format!(
            r#"
[connection.xero-main]
reseller = "demo"
plugin = "xero"
marketplace = "sim"
base_url = "{}"
token_url = "{}"
plain_http = true
private_addresses = true
settings = {{ account_code = "200", tax_type = "OUTPUT2" }}
secrets = {{ client_id = {{ env = "XERO_CLIENT_ID" }}, client_secret = {{ env = "XERO_CLIENT_SECRET" }} }}
"#,
            self.xero.base_url(),
            self.xero.token_url()
        )
    }

    /// Every call that Xero took to change its books.
    pub(crate) fn writes(&self) -> Vec<Exchange> {
        self.xero.log().entries().into_iter().filter(|e| e.path.contains("/api.xro/") && e.method != "GET").collect()
    }

    /// The books as the simulator has them: the order of each document, and what it adds to the customer's debt.
    pub(crate) fn books(&self) -> Vec<(String, Decimal)> {
        use counterfoil_sim::xero::DocumentKind;
        let state = self.xero.state();
        let row = |document: &counterfoil_sim::xero::Document| {
            let order = document.reference.clone().unwrap_or_default();
            let order = order.split_whitespace().next().unwrap_or_default().to_owned();
            let sign = if document.kind == DocumentKind::CreditNote { Decimal::NEGATIVE_ONE } else { Decimal::ONE };
            (order, sign * document.sub_total)
        };
        let mut books: Vec<_> = state.documents().iter().map(row).collect();
        books.sort();
        books
    }
}

pub(crate) const RESELLER: &str = "[reseller.demo]\nname = \"Demo reseller\"\n";

pub(crate) fn marketplace(location: &str) -> String {
    format!(
        r#"
[marketplace.sim]
reseller = "demo"
kind = "cloudblue"
location = "{location}"
plain_http = true
private_addresses = true
settings = {{ sign_in = "token", marketplace = "us" }}
secrets = {{ username = {{ env = "CB_USERNAME" }}, password = {{ env = "CB_PASSWORD" }}, subscription_key = {{ env = "CB_SUBSCRIPTION_KEY" }} }}
"#
    )
}

/// Order and amount of tasks, to be held against the books.
pub(crate) fn amounts(tasks: &[Value]) -> Vec<(String, Decimal)> {
    let amount = |task: &Value| (text(&task["number"]), text(&task["amount"]["amount"]).parse().unwrap());
    let mut amounts: Vec<_> = tasks.iter().map(amount).collect();
    amounts.sort();
    amounts
}

pub(crate) fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("{value} is no text")).to_owned()
}

/// A port that was free a moment ago, and where nobody listens.
pub(crate) fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// What a simulator in another process shows of itself.
pub(crate) fn get(url: &str) -> Value {
    let (host, path) = url.strip_prefix("http://").unwrap().split_once('/').unwrap();
    let mut line = TcpStream::connect(host).unwrap();
    write!(line, "GET /{path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    line.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 200"), "{head}");
    serde_json::from_str(body).unwrap()
}

/// Tries until it holds; a service that never gets there is a failure with these words.
pub(crate) fn until(what: &str, patience: Duration, holds: impl Fn() -> bool) {
    let begun = Instant::now();
    while !holds() {
        assert!(begun.elapsed() < patience, "{what} did not come about within {patience:?}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// `counterfoil sim`, from its first word to Ctrl-C.
pub(crate) fn simulators(folder: &Path) -> Running {
    let args = ["sim", "--cloudblue-port", "0", "--xero-port", "0"];
    let mut command = command(&args);
    command.current_dir(folder);
    let mut running = Running::start(command, what(&args));
    running.after("Simulating until Ctrl-C");
    running
}
