//! The demo's `setup.toml`, written as an operator would write it: secrets in files of their own.

use std::path::Path;

use anyhow::Result;
use counterfoil_server::setup::SetupAnswer;

use super::CONNECTION;
use crate::cli::apply;
use crate::cli::client::Client;
use crate::cli::sim::{ACCOUNT_CODE, Simulated, TAX_TYPE};

pub(super) async fn apply(client: &Client, folder: &Path, sims: &Simulated) -> Result<()> {
    let secrets = folder.join("secrets");
    std::fs::create_dir_all(&secrets)?;
    let credentials = &sims.credentials;
    for (name, secret) in [
        ("username", &credentials.username),
        ("password", &credentials.password),
        ("subscription_key", &credentials.subscription_key),
        ("client_id", &credentials.client_id),
        ("client_secret", &credentials.client_secret),
    ] {
        std::fs::write(secrets.join(name), secret)?;
    }
    let path = folder.join("setup.toml");
    std::fs::write(&path, text(sims))?;
    let document = apply::read(&path)?;
    let _: SetupAnswer = client.post(&["setup"], &[("dry_run", "false")], &document).await?;
    Ok(())
}

fn text(sims: &Simulated) -> String {
    format!(
        r#"# Made by `counterfoil demo`. Loopback and plain http are an operator's exceptions, for simulators only.
[reseller.demo]
name = "Demo reseller"

[marketplace.simulated]
reseller = "demo"
kind = "cloudblue"
location = "{cloudblue}"
plain_http = true
private_addresses = true
settings = {{ sign_in = "token", marketplace = "{marketplace}" }}
secrets = {{ username = {{ file = "secrets/username" }}, password = {{ file = "secrets/password" }}, subscription_key = {{ file = "secrets/subscription_key" }} }}

[connection.{CONNECTION}]
reseller = "demo"
plugin = "xero"
marketplace = "simulated"
name = "Xero (simulated)"
base_url = "{xero}"
token_url = "{token}"
plain_http = true
private_addresses = true
settings = {{ account_code = "{ACCOUNT_CODE}", tax_type = "{TAX_TYPE}" }}
secrets = {{ client_id = {{ file = "secrets/client_id" }}, client_secret = {{ file = "secrets/client_secret" }} }}

# No product stands for a cancellation fee: it needs a link of its own, here to a revenue account.
[[connection.{CONNECTION}.link]]
kind = "fee"
source = "cancellation-fee"
target = "{ACCOUNT_CODE}"
name = "Cancellation fee"
attributes = {{ account-code = "{ACCOUNT_CODE}" }}
"#,
        cloudblue = sims.cloudblue_url,
        marketplace = sims.cloudblue_marketplace,
        xero = sims.xero_url,
        token = sims.xero_token_url,
    )
}
