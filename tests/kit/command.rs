//! A simulator that is a program of its own: the bundled one, started by its command as an author would.

use counterfoil_kit::{Description, Remotes, run};
use counterfoil_runtime::build::Options;

use crate::table::built;

/// The world of seed 7 is another one every day, its settings are not: probe and directory are enough to see that it is
/// reached, signed in at and stopped.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_program_is_started_for_each_check() {
    let text = format!(
        r#"
[settings]
account_code = "200"
tax_type = "OUTPUT2"
[secrets]
client_id = "sim-client"
client_secret = "sim-secret"
[account]
currency = "USD"
[[link]]
kind = "item"
source = "NOBODY"
query = "there is no such item"
[simulator]
kind = "command"
command = ["{}", "sim", "xero", "--xero-port", "{{port}}"]
base_url = "http://127.0.0.1:{{port}}/api.xro/2.0"
token_url = "http://127.0.0.1:{{port}}/connect/token"
state_url = "http://127.0.0.1:{{port}}/_sim/state"
"#,
        env!("CARGO_BIN_EXE_counterfoil")
    );
    let description = Description::parse(&text).unwrap();
    let component = built("plugins/xero", &Options::default()).await;
    let report = run(&component, &description, Remotes::described(&description).unwrap()).await.unwrap();
    let of = |id: &str| report.checks.iter().find(|check| check.id == id).unwrap();
    assert_eq!(of("connection.probe").verdict.name(), "pass", "{}", report.to_text());
    // What a link names must be there; all that needs it says so instead of failing for another reason.
    let search = of("directory.search");
    assert!(
        search.verdict.is_fail() && search.verdict.text().contains("there is no such item"),
        "{}",
        report.to_text()
    );
    assert_eq!(of("apply.exact").verdict.name(), "skipped");
    assert_eq!(report.failures().len(), 1, "{}", report.to_text());
}
