//! `connections authorize`: a person signs in at the target's page; this prints the address and waits until it is done.

use std::io::BufRead as _;
use std::time::Duration;

use anyhow::{Context as _, Result};
use clap::Args;
use counterfoil_server::wire::{SignInBegun, SignInView};
use serde_json::json;

use super::args::Remote;
use super::client::{Client, conclude};
use super::show;
use crate::exit::Exit;

const POLL: Duration = Duration::from_secs(1);

#[derive(Debug, Clone, Args)]
pub struct AuthorizeArgs {
    /// The connection; needed when there is more than one.
    pub connection: Option<String>,
    /// Open the address in this machine's browser.
    #[arg(long)]
    pub open: bool,
    /// Read the address that the browser was sent back to from stdin, when the browser cannot reach the service.
    #[arg(long, conflicts_with = "open")]
    pub paste: bool,
    /// The account to use, by its id, when the sign-in opens several; or another one than before.
    #[arg(long)]
    pub tenant: Option<String>,
    #[command(flatten)]
    pub remote: Remote,
}

pub(super) async fn run(args: &AuthorizeArgs) -> Result<Exit> {
    conclude(authorize(args).await)
}

async fn authorize(args: &AuthorizeArgs) -> Result<Exit> {
    let client = Client::new(&args.remote)?;
    let connection = client.connection(args.connection.as_deref()).await?;
    let place = ["connections", connection.as_str(), "authorize"];
    // A sign-in that waits for its account goes on; everything else begins anew.
    let standing = match &args.tenant {
        Some(_) => client.get::<SignInView>(&place, &[]).await.ok().filter(is_signed_in),
        None => None,
    };
    let mut now = match standing {
        Some(standing) => standing,
        None => sign_in(args, &client, &connection).await?,
    };
    if let Some(tenant) = args.tenant.as_ref().filter(|id| is_signed_in(&now) && now.tenant.as_ref() != Some(*id)) {
        now = client.put(&place, &json!({ "tenant": tenant })).await?;
    }
    tell(args, &connection, &now)
}

fn is_signed_in(view: &SignInView) -> bool {
    matches!(view.state.as_str(), "choosing" | "signed-in")
}

async fn sign_in(args: &AuthorizeArgs, client: &Client, connection: &str) -> Result<SignInView> {
    let begun: SignInBegun = client.post(&["connections", connection, "authorize"], &[], &json!({})).await?;
    eprintln!("Sign in here, until {}:", begun.expires_at);
    eprintln!("  {}", show::clean(&begun.authorize_url));
    eprintln!("The target must know {} as an address to come back to.", show::clean(&begun.redirect_uri));
    if args.paste {
        eprintln!("Paste the whole address that the browser was sent back to:");
        let url = pasted()?;
        return client.post(&["connections", connection, "authorize", "answer"], &[], &json!({ "url": url })).await;
    }
    if args.open && !opened(&begun.authorize_url) {
        eprintln!("No browser could be opened here: open the address yourself.");
    }
    loop {
        let now: SignInView = client.get(&["connections", connection, "authorize"], &[]).await?;
        if now.state != "waiting" {
            return Ok(now);
        }
        tokio::time::sleep(POLL).await;
    }
}

fn pasted() -> Result<String> {
    let mut line = String::new();
    std::io::stdin().lock().read_line(&mut line).context("nothing could be read from stdin. Nothing was changed")?;
    Ok(line.trim().to_owned())
}

/// No shell in between: the address holds characters that mean something to one.
fn opened(url: &str) -> bool {
    let program = if cfg!(target_os = "macos") { "open" } else { "xdg-open" };
    std::process::Command::new(program)
        .arg(url)
        .stdin(std::process::Stdio::null())
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .spawn()
        .is_ok()
}

fn tell(args: &AuthorizeArgs, connection: &str, now: &SignInView) -> Result<Exit> {
    let exit = match now.state.as_str() {
        "signed-in" => Exit::Done,
        // It is not all done: somebody must choose.
        "choosing" => Exit::NotAll,
        _ => Exit::Refused,
    };
    if args.remote.json {
        show::json(now)?;
        return Ok(exit);
    }
    if exit == Exit::Refused {
        let code = now.code.as_deref().unwrap_or(&now.state);
        eprintln!("counterfoil: {}", show::clean(&format!("{code} {}", now.message)));
        return Ok(exit);
    }
    let mut text = format!("{connection}: {}\n", now.message);
    for tenant in &now.tenants {
        let uses = if now.tenant.as_ref() == Some(&tenant.id) { " (used by this connection)" } else { "" };
        text.push_str(&format!("  {} {}{uses}\n", tenant.id, tenant.name));
    }
    let lines: Vec<String> = text.lines().map(show::clean).collect();
    show::print(&format!("{}\n", lines.join("\n")))?;
    if exit == Exit::NotAll {
        eprintln!("Choose one: counterfoil connections authorize {connection} --tenant ID");
    }
    Ok(exit)
}
