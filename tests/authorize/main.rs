//! Signing in through the binary, the service and a simulated Xero: consent, callback, one of several organisations, two
//! connections on one sign-in, and what it looks like when scope, organisation or consent is missing.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "../by_hand/support.rs"]
#[expect(dead_code, reason = "the other tests need the rest")]
mod support;

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use chrono::{Duration as Span, Utc};
use counterfoil_sim::SimClock;
use counterfoil_sim::xero::{AppMode, XeroConfig, XeroHandle, XeroOrg, XeroSim};
use support::{RESELLER, Running, Said, Shop, marketplace, plugin, until};
use tempfile::TempDir;
use tokio::runtime::Runtime;

const NZ: &str = "7a6b0f5e-2d5c-4e0b-9f57-0c1a1f3d9b01";
const US: &str = "7a6b0f5e-2d5c-4e0b-9f57-0c1a1f3d9b02";
const TENANTS: &str = r#"refresh_days = 60, tenants = { path = "/connections", id = "tenantId", name = "tenantName", only = { field = "tenantType", value = "ORGANISATION" }, setting = "tenant_id" }, "#;

/// The component with a card that says where the organisations are listed, as long as the plugin's own does not.
fn with_tenants(plugin: &Path) -> (TempDir, PathBuf) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let mut card = std::fs::read_to_string(root.join("plugins/xero/plugin.toml")).unwrap();
    if !card.contains("tenants = {") {
        let offer = r#"{ scheme = "oauth2-authorization-code", "#;
        assert!(card.contains(offer));
        card = card.replace(offer, &format!("{offer}{TENANTS}"));
    }
    let wasm = counterfoil_runtime::component::embed(&std::fs::read(plugin).unwrap(), &card).unwrap();
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("xero.wasm");
    std::fs::write(&file, wasm).unwrap();
    (folder, file)
}

/// Books of two organisations, for an app that people sign in to.
fn books(runtime: &Runtime, clock: SimClock) -> XeroHandle {
    let scopes = ["offline_access", "accounting.contacts", "accounting.invoices", "accounting.settings"];
    let config = XeroConfig {
        mode: AppMode::AuthorizationCode { codes: Vec::new() },
        scopes: scopes.map(str::to_owned).to_vec(),
        orgs: vec![XeroOrg::new(NZ, "Kiwi Ltd", "NZ", "NZD"), XeroOrg::new(US, "Yank Inc", "US", "USD")],
        ..XeroConfig::default()
    };
    runtime.block_on(XeroSim::new(config, clock).start(None)).unwrap()
}

fn connection(id: &str, xero: &XeroHandle, more: &str) -> String {
    format!(
        r#"
[connection.{id}]
reseller = "demo"
plugin = "xero"
marketplace = "sim"
auth = "oauth2-authorization-code"
base_url = "{}"
token_url = "{}"
authorize_url = "{}"
plain_http = true
private_addresses = true
{more}
"#,
        xero.base_url(),
        xero.token_url(),
        xero.authorize_url()
    )
}

/// What a browser gets, without going on by itself: status, where to, text.
fn browse(url: &str) -> (u16, Option<String>, String) {
    let (host, path) = url.strip_prefix("http://").unwrap().split_once('/').unwrap();
    let mut line = TcpStream::connect(host).unwrap();
    write!(line, "GET /{path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    line.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let location = head.lines().find_map(|line| line.strip_prefix("location: ")).map(str::to_owned);
    (head.split(' ').nth(1).unwrap().parse().unwrap(), location, body.to_owned())
}

/// Consents at the target, and gives the address that the browser is sent back to.
fn consented(authorize_url: &str) -> String {
    let (status, back, text) = browse(authorize_url);
    assert_eq!(status, 302, "{text}");
    back.unwrap()
}

/// `connections authorize`, with a person at the browser: what the callback page says, and what the command said.
fn authorize(shop: &Shop, connection: &str) -> (u16, String, Said) {
    let running: Running = shop.start(&["connections", "authorize", connection]);
    let url = || running.err().lines().map(str::trim).find(|line| line.starts_with("http://")).map(str::to_owned);
    until("the address", Duration::from_secs(60), || url().is_some());
    let (status, _, page) = browse(&consented(&url().unwrap()));
    (status, page, running.said())
}

fn token_calls(xero: &XeroHandle) -> usize {
    xero.log().entries().into_iter().filter(|entry| entry.path.contains("/connect/token")).count()
}

#[test]
fn a_person_signs_in_and_two_connections_work_on_it() {
    let Some(plugin) = plugin() else { return };
    let (_folder, component) = with_tenants(plugin);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let clock = SimClock::fixed(Utc::now());
    let xero = books(&runtime, clock.clone());
    let mut shop = Shop::new(&component);
    shop.credentials();
    shop.serve();
    let own = r#"settings = { account_code = "200", tax_type = "OUTPUT2" }
secrets = { client_id = { env = "XERO_CLIENT_ID" }, client_secret = { env = "XERO_CLIENT_SECRET" } }"#;
    let shared = format!(
        "sign_in_with = \"xero-main\"\nsettings = {{ account_code = \"200\", tax_type = \"OUTPUT2\", tenant_id = \"{NZ}\" }}"
    );
    let setup = format!(
        "{RESELLER}{}{}{}",
        marketplace("http://127.0.0.1:9/api"),
        connection("xero-main", &xero, own),
        connection("xero-nz", &xero, &shared)
    );
    shop.write("setup.toml", &setup);
    shop.run(&["apply", "-f", "setup.toml"]).exits(0);
    let before = shop.run(&["connections", "test", "xero-main"]);
    before.exits(1).with(&["refresh_token", "is not set"]);

    // Denied at the target's page.
    xero.state().deny_consent(true);
    let (status, page, said) = authorize(&shop, "xero-main");
    assert!(status == 400 && page.contains("access_denied"), "{page}");
    said.exits(5).with(&["access-denied", "Nothing was changed"]);
    xero.state().deny_consent(false);

    // Consented: two organisations, and nothing is sent until one is chosen.
    let (status, page, said) = authorize(&shop, "xero-main");
    assert!(status == 200 && page.contains("Kiwi Ltd") && page.contains("Yank Inc"), "{page}");
    said.exits(2).with(&[NZ, US, "Choose one"]);
    let chosen = shop.run(&["connections", "authorize", "xero-main", "--tenant", US]);
    chosen.exits(0).with(&["Yank Inc (used by this connection)"]);
    assert_eq!(token_calls(&xero), 1, "one exchange, and its token is used");
    shop.run(&["connections", "test", "xero-main"]).exits(0).with(&["Yank Inc"]);
    shop.run(&["connections", "test", "xero-nz"]).exits(0).with(&["Kiwi Ltd"]);
    assert_eq!(token_calls(&xero), 1, "both work on one token");
    shop.run(&["apply", "-f", "setup.toml", "--dry-run"]).exits(0).with(&["unchanged"]);
    let view = shop.run(&["api", "GET", "/v1/connections/xero-nz"]).exits(0).json();
    let sixty = (Utc::now() + Span::days(60)).date_naive();
    assert_eq!(view["sign_in_expires_on"], sixty.to_string());

    // The token runs out: refreshing through one does not kill the other's copy, also after the target's grace.
    for (name, id) in [("Kiwi Ltd", "xero-nz"), ("Yank Inc", "xero-main"), ("Kiwi Ltd", "xero-nz")] {
        clock.advance(Span::minutes(61));
        let calls = token_calls(&xero);
        shop.run(&["connections", "test", id]).exits(0).with(&[name]);
        let other = if id == "xero-nz" { "xero-main" } else { "xero-nz" };
        shop.run(&["connections", "test", other]).exits(0);
        assert_eq!(token_calls(&xero), calls + 1, "one refresh for both");
    }
    // And across a restart, from what was kept.
    shop.stop();
    shop.serve();
    shop.run(&["connections", "test", "xero-main"]).exits(0).with(&["Yank Inc"]);

    missing(&shop, &xero, &clock);
    let log = shop.log();
    for secret in ["code-", "access-", "refresh-", &XeroConfig::default().client_secret] {
        assert!(!log.contains(secret), "{secret} is in the log: {log}");
    }
}

/// Told apart: an organisation that was disconnected, a scope that is missing, a refresh token that is worth nothing.
fn missing(shop: &Shop, xero: &XeroHandle, clock: &SimClock) {
    let us = xero.state().tenant(US).unwrap();
    us.set_connected(false);
    let gone = shop.run(&["connections", "test", "xero-main"]);
    assert!(gone.err.contains("disconnected"), "{gone}");
    shop.run(&["connections", "test", "xero-nz"]).exits(0);
    us.set_connected(true);

    let calls = token_calls(xero);
    xero.state().drop_scope("accounting.settings");
    let scope = shop.run(&["connections", "test", "xero-main"]);
    assert!(scope.err.contains("accounting.settings"), "{scope}");
    assert_eq!(token_calls(xero), calls, "a good token is not renewed for want of a scope");

    clock.advance(Span::days(61));
    let ended = shop.run(&["connections", "test", "xero-main"]).exits(1);
    ended.with(&["target-sign-in", "invalid_grant", "sign in to the target again"]);

    // Signing in again mends both; here through what the browser came back with, pasted.
    let at = "/v1/connections/xero-main/authorize";
    let begun = shop.run(&["api", "POST", at]).exits(0).json();
    let back = consented(begun["authorize_url"].as_str().unwrap());
    let body = serde_json::json!({ "url": back }).to_string();
    let answered = shop.run(&["api", "POST", &format!("{at}/answer"), "--body", &body]).exits(0).json();
    assert_eq!((answered["state"].as_str(), answered["tenant"].as_str()), (Some("signed-in"), Some(US)));
    shop.run(&["connections", "test", "xero-main"]).exits(0).with(&["Yank Inc"]);
    shop.run(&["connections", "test", "xero-nz"]).exits(0).with(&["Kiwi Ltd"]);
    let (status, _, page) = browse(&back);
    assert!(status == 400 && page.contains("was ended before"), "{page}");
}
