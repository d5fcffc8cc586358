//! The demo's `setup.toml`, written as an operator would write it: secrets in files of their own.

use std::path::Path;

use anyhow::Result;
use counterfoil_server::setup::SetupAnswer;

use crate::cli::apply;
use crate::cli::client::Client;
use crate::cli::sim::{RESELLER, Simulated, cloudblue_setup, xero_setup};

pub(super) async fn apply(client: &Client, folder: &Path, sims: &Simulated) -> Result<()> {
    let secrets = folder.join("secrets");
    std::fs::create_dir_all(&secrets)?;
    let credentials = &sims.credentials;
    let mut text = [
        "# Made by `counterfoil demo`. Loopback and plain http are an operator's exceptions, for simulators only.",
        RESELLER,
        &cloudblue_setup(&sims.cloudblue_url, &sims.cloudblue_marketplace),
        &xero_setup(&sims.xero_url, &sims.xero_token_url, "sim"),
    ]
    .join("\n");
    for (name, secret) in [
        ("CB_USERNAME", &credentials.username),
        ("CB_PASSWORD", &credentials.password),
        ("CB_SUBSCRIPTION_KEY", &credentials.subscription_key),
        ("XERO_CLIENT_ID", &credentials.client_id),
        ("XERO_CLIENT_SECRET", &credentials.client_secret),
    ] {
        std::fs::write(secrets.join(name), secret)?;
        text = text.replace(&format!("{{ env = \"{name}\" }}"), &format!("{{ file = \"secrets/{name}\" }}"));
    }
    let path = folder.join("setup.toml");
    std::fs::write(&path, text)?;
    let document = apply::read(&path)?;
    let _: SetupAnswer = client.post(&["setup"], &[("dry_run", "false")], &document).await?;
    Ok(())
}
