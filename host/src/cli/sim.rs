//! `sim`: simulated marketplaces and billing systems over made-up worlds: one of orders, one of statements. Owns which world
//! they share and how their books begin; does not own how they behave (`counterfoil-sim`).

mod msp;
mod psa;
mod statements;

use std::fmt;
use std::io::Write as _;
use std::path::Path;

use anyhow::{Context as _, Result, bail};
use chrono::{DateTime, NaiveDate, Utc};
use counterfoil_sim::SimClock;
use counterfoil_sim::cloudblue::{CloudBlueConfig, CloudBlueHandle, CloudBlueSim};
use counterfoil_sim::cloudiq::CloudIqHandle;
use counterfoil_sim::prism::PrismHandle;
use counterfoil_sim::world::oracle::{FirstRun, first_run};
use counterfoil_sim::world::{World, WorldSpec};
use counterfoil_sim::xero::{XeroConfig, XeroHandle, XeroOrg, XeroSim};
use rust_decimal::Decimal;
use serde_json::{Value, json};

use self::msp::Msp;
use self::psa::Psa;
use self::statements::Client;
use super::args::SimArgs;
use crate::exit::Exit;

/// The account and tax rate that documents are written with.
pub(crate) const ACCOUNT_CODE: &str = "200";
pub(crate) const TAX_TYPE: &str = "OUTPUT2";

/// Where to listen; none takes a free port.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct SimPorts {
    pub(crate) cloudblue: Option<u16>,
    pub(crate) xero: Option<u16>,
}

/// What signs in at the simulators. Made up, but printed on request only, like real ones.
#[derive(Clone)]
pub(crate) struct SimCredentials {
    pub(crate) username: String,
    pub(crate) password: String,
    pub(crate) subscription_key: String,
    pub(crate) client_id: String,
    pub(crate) client_secret: String,
}

impl fmt::Debug for SimCredentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SimCredentials")
            .field("username", &self.username)
            .field("client_id", &self.client_id)
            .finish_non_exhaustive()
    }
}

/// Both simulators, served; dropping it stops them.
pub(crate) struct Simulated {
    pub(crate) cloudblue: CloudBlueHandle,
    pub(crate) xero: XeroHandle,
    pub(crate) credentials: SimCredentials,
    pub(crate) cloudblue_url: String,
    /// What the sign-in of the marketplace must name: the setting `marketplace`.
    pub(crate) cloudblue_marketplace: String,
    pub(crate) xero_url: String,
    pub(crate) xero_token_url: String,
    /// What a first Check Changes must come to.
    pub(crate) first_run: FirstRun,
}

/// Addresses only: the simulators hold a whole world, and credentials.
impl fmt::Debug for Simulated {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Simulated({}, {})", self.cloudblue_url, self.xero_url)
    }
}

/// Starts both over the same world as of `now`.
pub(crate) async fn start_world(seed: u64, now: DateTime<Utc>, ports: SimPorts) -> Result<Simulated> {
    let world = world(seed, now.date_naive());
    let first_run = first_run(&world, now);
    let xero = start_xero(&world, ports.xero).await?;
    let cloudblue = start_cloudblue(world, ports.cloudblue).await?;
    let (config, books) = (cloudblue.config().clone(), xero_config());
    Ok(Simulated {
        cloudblue_url: cloudblue.base_url(),
        cloudblue_marketplace: config.marketplace.clone(),
        xero_url: xero.base_url(),
        xero_token_url: xero.token_url(),
        credentials: SimCredentials {
            username: config.username,
            password: config.password,
            subscription_key: config.subscription_key,
            client_id: books.client_id,
            client_secret: books.client_secret,
        },
        cloudblue,
        xero,
        first_run,
    })
}

fn world(seed: u64, today: NaiveDate) -> World {
    World::generate(&WorldSpec::new(seed, today))
}

async fn start_cloudblue(world: World, port: Option<u16>) -> Result<CloudBlueHandle> {
    let sim = CloudBlueSim::new(world, CloudBlueConfig::default(), SimClock::wall());
    sim.start(port).await.with_context(|| taken("marketplace", port, "--cloudblue-port"))
}

async fn start_xero(world: &World, port: Option<u16>) -> Result<XeroHandle> {
    let sim = XeroSim::new(xero_config(), SimClock::wall());
    let books = sim.state();
    for seed in world.expected_xero_contacts() {
        let id = books.add_contact(&seed.name, seed.contact_number.as_deref());
        books.edit_contact(&id, |contact| {
            contact.email = Some(seed.email);
            if let Some(tax_number) = &seed.tax_number {
                contact.set("TaxNumber", tax_number);
            }
        });
    }
    for seed in world.expected_xero_items() {
        books.add_item(&seed.code, &seed.name, seed.sale_price.unwrap_or(Decimal::ZERO), ACCOUNT_CODE);
    }
    sim.start(port).await.with_context(|| taken("billing system", port, "--xero-port"))
}

/// New Zealand has the tax rate and the revenue account that the settings above name.
fn xero_config() -> XeroConfig {
    let org = XeroOrg::new("5b1e7c1c-6f0b-4a3e-9d5c-2f4a8d1b7e60", "Demo Company (simulated)", "NZ", "USD");
    XeroConfig { orgs: vec![org], ..XeroConfig::default() }
}

fn taken(what: &str, port: Option<u16>, option: &str) -> String {
    let port = port.map_or_else(|| "a free port".to_owned(), |port| format!("port {port}"));
    format!("the simulated {what} cannot listen on {port}; choose another with {option} (0 takes a free one)")
}

/// Which simulators are asked for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Which {
    cloudblue: bool,
    xero: bool,
    connectwise: bool,
    syncro: bool,
    cloudiq: bool,
    prism: bool,
}

impl Which {
    fn read(names: &[String]) -> Result<Self> {
        let mut which = Self::default();
        for name in names {
            match name.as_str() {
                "cloudblue" => which.cloudblue = true,
                "xero" => which.xero = true,
                "connectwise" => which.connectwise = true,
                "syncro" => which.syncro = true,
                "cloudiq" => which.cloudiq = true,
                "prism" => which.prism = true,
                "both" => (which.cloudblue, which.xero) = (true, true),
                other => bail!(
                    "\"{other}\" is not a simulator; choose cloudblue, cloudiq, prism, xero, connectwise, syncro, several of them, or both (cloudblue and xero)"
                ),
            }
        }
        Ok(which)
    }

    fn has_statements(self) -> bool {
        self.cloudiq || self.prism
    }
}

/// What is served; dropping it stops it.
#[derive(Default)]
struct Running {
    cloudblue: Option<CloudBlueHandle>,
    xero: Option<XeroHandle>,
    connectwise: Option<Psa>,
    syncro: Option<Msp>,
    cloudiq: Option<CloudIqHandle>,
    prism: Option<PrismHandle>,
}

impl Running {
    /// The marketplace that orders come from; a folder of them where none is simulated.
    fn of_orders(&self) -> &'static str {
        match (&self.cloudblue, self.of_statements()) {
            (Some(_), _) => "sim",
            (None, Some(statements)) => statements,
            (None, None) => "files",
        }
    }

    fn of_statements(&self) -> Option<&'static str> {
        let cloudiq = self.cloudiq.as_ref().map(|_| "cloudiq");
        cloudiq.or(self.prism.as_ref().map(|_| "prism"))
    }
}

pub(super) async fn run(args: &SimArgs) -> Result<Exit> {
    let now = Utc::now();
    if let Some(folder) = &args.export {
        return export(args, folder, now.date_naive());
    }
    let port = |port: u16| (port != 0).then_some(port);
    let which = Which::read(&args.which)?;
    let running = start(args, which, now.date_naive(), port).await?;

    let mut out = std::io::stdout().lock();
    if args.json {
        writeln!(out, "{:#}", as_json(&running))?;
    } else {
        out.write_all(as_setup(args.seed, &running).as_bytes())?;
    }
    out.flush()?;
    drop(out);
    eprintln!("Simulating until Ctrl-C; everything simulated is gone then.");
    tokio::signal::ctrl_c().await.context("waiting for Ctrl-C")?;
    Ok(Exit::Done)
}

async fn start(args: &SimArgs, which: Which, today: NaiveDate, port: impl Fn(u16) -> Option<u16>) -> Result<Running> {
    let world = world(args.seed, today);
    let mut running = Running::default();
    let billed = statements::world(today);
    let clients = if which.has_statements() { statements::clients(&billed) } else { Vec::new() };
    if which.xero {
        let xero = start_xero(&world, port(args.xero_port)).await?;
        know(&xero, &clients);
        running.xero = Some(xero);
    }
    if which.connectwise {
        let psa = psa::start(&world, port(args.connectwise_port)).await?;
        psa.know(&clients, today);
        running.connectwise = Some(psa);
    }
    if which.syncro {
        let port = port(args.syncro_port);
        let msp = match which.has_statements() {
            true => msp::of_statements(&clients, today, port).await?,
            false => msp::of_orders(&world, port).await?,
        };
        running.syncro = Some(msp);
    }
    if which.cloudblue {
        running.cloudblue = Some(start_cloudblue(world, port(args.cloudblue_port)).await?);
    }
    if which.cloudiq {
        running.cloudiq = Some(statements::start_cloudiq(billed.clone(), port(args.cloudiq_port)).await?);
    }
    if which.prism {
        running.prism = Some(statements::start_prism(billed, port(args.prism_port)).await?);
    }
    Ok(running)
}

/// Those whom statements name are contacts too.
fn know(xero: &XeroHandle, clients: &[Client]) {
    let books = xero.state();
    for client in clients {
        let id = books.add_contact(&client.name, None);
        books.edit_contact(&id, |contact| contact.email = Some(client.email.clone()));
    }
}

fn export(args: &SimArgs, folder: &Path, today: NaiveDate) -> Result<Exit> {
    let world = world(args.seed, today);
    world
        .to_files(folder)
        .with_context(|| format!("{} cannot be written; choose a folder that you may write to", folder.display()))?;
    // The service may run elsewhere than this command: the place in the setup has to be absolute.
    let place = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
    let (orders, customers) = (world.orders().len(), world.customers().len());
    let subscriptions = world.subscriptions().len();
    if args.json {
        let counts =
            json!({ "folder": place, "orders": orders, "customers": customers, "subscriptions": subscriptions });
        println!("{counts:#}");
    } else {
        print!("{}", file_setup(&place, args.seed));
        eprintln!(
            "Exported {orders} orders, {subscriptions} subscriptions and {customers} customers to {}",
            place.display()
        );
    }
    Ok(Exit::Done)
}

fn as_json(running: &Running) -> Value {
    let books = xero_config();
    json!({
        "cloudblue": running.cloudblue.as_ref().map(|sim| {
            let config = sim.config();
            json!({
                "base_url": sim.base_url(), "marketplace": config.marketplace, "username": config.username,
                "password": config.password, "subscription_key": config.subscription_key,
            })
        }),
        "xero": running.xero.as_ref().map(|sim| json!({
            "base_url": sim.base_url(), "token_url": sim.token_url(),
            "client_id": books.client_id, "client_secret": books.client_secret,
        })),
        "connectwise": running.connectwise.as_ref().map(Psa::as_json),
        "syncro": running.syncro.as_ref().map(Msp::as_json),
        "cloudiq": running.cloudiq.as_ref().map(statements::cloudiq_json),
        "prism": running.prism.as_ref().map(statements::prism_json),
    })
}

/// A setup file whose comments are the shell lines that go with it: what is printed can be saved as it is.
fn as_setup(seed: u64, running: &Running) -> String {
    let mut lines = vec![
        format!("# A simulated world, seed {seed}. Save this as setup.toml. In the shell that applies it:"),
        "#".to_owned(),
    ];
    if let Some(sim) = &running.cloudblue {
        let config = sim.config();
        lines.push(format!("#   export CB_USERNAME='{}'", config.username));
        lines.push(format!("#   export CB_PASSWORD='{}'", config.password));
        lines.push(format!("#   export CB_SUBSCRIPTION_KEY='{}'", config.subscription_key));
    }
    if running.xero.is_some() {
        let books = xero_config();
        lines.push(format!("#   export XERO_CLIENT_ID='{}'", books.client_id));
        lines.push(format!("#   export XERO_CLIENT_SECRET='{}'", books.client_secret));
    }
    if let Some(psa) = &running.connectwise {
        lines.extend(psa.exports().map(|export| format!("#   {export}")));
    }
    lines.extend(running.syncro.as_ref().map(|_| format!("#   {}", Msp::export())));
    let cloudiq = running.cloudiq.iter().flat_map(statements::cloudiq_exports);
    let prism = running.prism.iter().flat_map(statements::prism_exports);
    lines.extend(cloudiq.chain(prism).map(|export| format!("#   {export}")));
    lines.extend(["#   counterfoil apply -f setup.toml".to_owned(), String::new(), RESELLER.to_owned()]);
    if let Some(sim) = &running.cloudblue {
        lines.push(cloudblue_setup(&sim.base_url(), &sim.config().marketplace));
    }
    lines.extend(running.cloudiq.as_ref().map(|sim| statements::cloudiq_setup(&sim.base_url())));
    lines.extend(running.prism.as_ref().map(|sim| statements::prism_setup(&sim.base_url(), &sim.token_url())));
    let marketplace = running.of_orders();
    // Without orders the others bill statements too.
    let statements = running.of_statements().filter(|id| *id == marketplace);
    if let Some(sim) = &running.xero {
        lines.push(xero_setup(&sim.base_url(), &sim.token_url(), marketplace));
        lines.extend(statements.map(|_| statements::program_setup("xero-main", false)));
    }
    if let Some(psa) = &running.connectwise {
        lines.push(psa.setup(marketplace));
        lines.extend(statements.map(|_| statements::program_setup("psa", false)));
    }
    let syncro = running.syncro.as_ref();
    lines.extend(syncro.map(|msp| msp.setup(running.of_statements().unwrap_or(marketplace))));
    lines.join("\n")
}

pub(crate) const RESELLER: &str = "[reseller.demo]\nname = \"Demo reseller\"\n";

/// A setup can name a simulator only with the operator's exceptions: it has no https and a loopback address.
pub(crate) fn cloudblue_setup(base_url: &str, marketplace: &str) -> String {
    format!(
        r#"[marketplace.sim]
reseller = "demo"
kind = "cloudblue"
location = "{base_url}"
plain_http = true
private_addresses = true
settings = {{ sign_in = "token", marketplace = "{marketplace}" }}
secrets = {{ username = {{ env = "CB_USERNAME" }}, password = {{ env = "CB_PASSWORD" }}, subscription_key = {{ env = "CB_SUBSCRIPTION_KEY" }} }}
"#
    )
}

pub(crate) fn xero_setup(base_url: &str, token_url: &str, marketplace: &str) -> String {
    format!(
        r#"[connection.xero-main]
reseller = "demo"
plugin = "xero"
marketplace = "{marketplace}"
name = "Xero (simulated)"
base_url = "{base_url}"
token_url = "{token_url}"
auth = "oauth2-client-credentials"
plain_http = true
private_addresses = true
settings = {{ account_code = "{ACCOUNT_CODE}", tax_type = "{TAX_TYPE}" }}
secrets = {{ client_id = {{ env = "XERO_CLIENT_ID" }}, client_secret = {{ env = "XERO_CLIENT_SECRET" }} }}

# No product stands for a cancellation fee: it needs a link of its own, here to a revenue account.
[[connection.xero-main.link]]
kind = "fee"
source = "cancellation-fee"
target = "{ACCOUNT_CODE}"
name = "Cancellation fee"
attributes = {{ account-code = "{ACCOUNT_CODE}" }}
"#
    )
}

fn file_setup(folder: &Path, seed: u64) -> String {
    let location = toml::Value::String(folder.display().to_string());
    format!(
        "# A simulated world, seed {seed}, as exported files.\n\n{RESELLER}\n[marketplace.files]\nreseller = \"demo\"\nkind = \"file\"\nlocation = {location}\n"
    )
}

#[cfg(test)]
mod tests {
    use counterfoil_server::setup;

    use super::*;

    fn at() -> DateTime<Utc> {
        "2026-11-15T12:00:00Z".parse().unwrap()
    }

    async fn all() -> Running {
        let world = world(7, at().date_naive());
        let billed = statements::world(at().date_naive());
        Running {
            xero: Some(start_xero(&world, None).await.unwrap()),
            connectwise: Some(psa::start(&world, None).await.unwrap()),
            syncro: Some(msp::of_statements(&statements::clients(&billed), at().date_naive(), None).await.unwrap()),
            cloudiq: Some(statements::start_cloudiq(billed.clone(), None).await.unwrap()),
            prism: Some(statements::start_prism(billed, None).await.unwrap()),
            cloudblue: Some(start_cloudblue(world, None).await.unwrap()),
        }
    }

    /// The printed setup is a setup: it parses, and the server's reader knows every key of it.
    #[tokio::test]
    async fn what_is_printed_is_a_setup_of_all_simulators() {
        let running = all().await;
        let text = as_setup(7, &running);
        let mut value = serde_json::to_value(text.parse::<toml::Table>().unwrap()).unwrap();
        for section in ["marketplace", "connection"] {
            for (_, object) in value[section].as_object_mut().unwrap() {
                for (_, secret) in object["secrets"].as_object_mut().unwrap() {
                    let name = secret["env"].as_str().unwrap();
                    assert!(text.contains(&format!("export {name}=")), "{name} has no export line");
                    *secret = "resolved".into();
                }
            }
        }
        let document = setup::parse(&value).unwrap();
        assert_eq!(document.marketplace["sim"].location, running.cloudblue.unwrap().base_url());
        let token_url = running.xero.unwrap().token_url();
        assert_eq!(document.connection["xero-main"].token_url.as_deref(), Some(token_url.as_str()));
        assert!(document.connection["psa"].base_url.as_deref().unwrap().contains("{codebase}"));
        assert_eq!(document.connection["syncro-main"].marketplace, "cloudiq");
        assert_eq!(document.marketplace["prism"].location, running.prism.unwrap().base_url());
        // Orders of the one marketplace, statements of the other.
        let programs: Vec<&str> = document.programs.iter().map(|one| one.connection.as_str()).collect();
        assert_eq!(programs, ["syncro-main"]);
    }

    /// What is named in the setup is there, and something is left for keys and for `link suggest`.
    #[tokio::test]
    async fn the_links_of_the_setup_are_of_companies_items_and_agreements_that_stand() {
        let running = all().await;
        let psa = running.connectwise.as_ref().unwrap();
        let table: toml::Table = psa.setup("sim").parse().unwrap();
        let links = table["connection"]["psa"]["link"].as_array().unwrap();
        let of = |kind: &str| -> Vec<String> {
            let of = links.iter().filter(|link| link["kind"].as_str() == Some(kind));
            of.map(|link| link["target"].as_str().unwrap().to_owned()).collect()
        };
        let books = psa.handle.state();
        let named =
            |all: Vec<(i64, String, String)>| all.into_iter().map(|(id, ..)| id.to_string()).collect::<Vec<_>>();
        let (companies, items) = (named(books.companies()), named(books.items()));
        assert!(of("party").iter().all(|id| companies.contains(id)) && of("fee").iter().all(|id| items.contains(id)));
        let agreements =
            running.cloudblue.as_ref().unwrap().with_world(|world| world.expected_connectwise_agreements());
        let left = agreements.iter().filter(|agreement| agreement.alone).count();
        assert_eq!(of("container").len() + left, agreements.len());
        assert!(left > 0 && of("container").len() > 5 && of("party").len() > 5 && companies.len() > of("party").len());
        assert!(books.all_additions().is_empty());
    }

    /// Where only statements are simulated, every billing system bills them, and knows whom they name.
    #[tokio::test]
    async fn without_orders_every_billing_system_is_set_up_to_bill_statements() {
        let today = at().date_naive();
        let args = SimArgs {
            which: Vec::new(),
            cloudblue_port: 0,
            xero_port: 0,
            connectwise_port: 0,
            cloudiq_port: 0,
            prism_port: 0,
            syncro_port: 0,
            seed: 7,
            export: None,
            json: false,
        };
        let which = Which { prism: true, xero: true, connectwise: true, syncro: true, ..Which::default() };
        let running = start(&args, which, today, |_| None).await.unwrap();
        let table: toml::Table = as_setup(7, &running).parse().unwrap();
        let connections = table["connection"].as_table().unwrap();
        assert!(connections.values().all(|one| one["marketplace"].as_str() == Some("prism")), "{connections:?}");
        assert_eq!((connections.len(), table["programs"].as_array().unwrap().len()), (3, 3));
        let clients = statements::clients(&statements::world(today));
        assert_eq!(clients.len(), 6);
        let contacts = running.xero.unwrap().state().contacts();
        let companies = running.connectwise.unwrap().handle.state().companies();
        let customers = running.syncro.unwrap().handle.state().customers();
        for client in &clients {
            assert!(contacts.iter().any(|contact| contact.name == client.name), "{client:?}");
            assert!(companies.iter().any(|(.., name)| *name == client.name), "{client:?}");
            assert!(customers.iter().any(|one| one.business_name.as_ref() == Some(&client.name)), "{client:?}");
        }
    }

    #[test]
    fn simulators_are_named_one_or_several() {
        let read = |names: &[&str]| Which::read(&names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>());
        let (cloudblue, xero, connectwise) = (true, true, true);
        assert_eq!(read(&["both"]).unwrap(), Which { cloudblue, xero, ..Which::default() });
        assert_eq!(read(&["cloudblue", "connectwise"]).unwrap(), Which { cloudblue, connectwise, ..Which::default() });
        assert_eq!(read(&["both", "connectwise"]).unwrap(), Which { cloudblue, xero, connectwise, ..Which::default() });
        let (cloudiq, prism, syncro) = (true, true, true);
        assert_eq!(
            read(&["cloudiq", "prism", "syncro"]).unwrap(),
            Which { cloudiq, prism, syncro, ..Which::default() }
        );
        let refused = read(&["quickbooks"]).unwrap_err().to_string();
        assert!(["connectwise", "syncro", "cloudiq", "prism"].iter().all(|name| refused.contains(name)), "{refused}");
    }

    #[tokio::test]
    async fn the_books_begin_with_most_customers_and_items_of_the_world() {
        let now = "2026-11-15T12:00:00Z".parse().unwrap();
        let simulated = start_world(1, now, SimPorts::default()).await.unwrap();
        let (contacts, items) = simulated
            .cloudblue
            .with_world(|world| (world.expected_xero_contacts().len(), world.expected_xero_items().len()));
        assert_eq!(simulated.xero.state().contacts().len(), contacts);
        assert_eq!(simulated.xero.state().items().len(), items);
        assert!(contacts > 0 && items > 0 && !simulated.first_run.sales.is_empty());
        assert!(!format!("{simulated:?}").contains(&simulated.credentials.client_secret));
    }

    #[test]
    fn an_exported_folder_with_a_quote_in_its_name_stays_toml() {
        let text = file_setup(Path::new("/tmp/it's \"here\""), 1);
        let table: toml::Table = text.parse().unwrap();
        assert_eq!(table["marketplace"]["files"]["location"].as_str(), Some("/tmp/it's \"here\""));
    }
}
