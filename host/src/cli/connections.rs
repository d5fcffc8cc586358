//! `connections`: what there is, whether it works, pausing it, and what its target holds.

use anyhow::Result;
use counterfoil_server::wire::{AccountView, ConnectionPage, ConnectionView, EntityList, EntityView, MoneyView};
use serde_json::json;

use super::args::ConnectionsVerb;
use super::client::{Client, conclude};
use super::show;
use crate::exit::Exit;

/// A search that finds more is too wide to be read.
const MOST_FOUND: usize = 500;

pub(super) async fn run(verb: ConnectionsVerb) -> Result<Exit> {
    conclude(match verb {
        ConnectionsVerb::List { remote } => {
            let client = Client::new(&remote)?;
            list(&client, remote.json).await
        }
        ConnectionsVerb::Test { connection, remote } => {
            let client = Client::new(&remote)?;
            test(&client, connection.as_deref(), remote.json).await
        }
        ConnectionsVerb::Authorize(args) => super::authorize::run(&args).await,
        ConnectionsVerb::Pause { connection, reason, remote } => {
            let client = Client::new(&remote)?;
            set(&client, &connection, ("paused", &reason), remote.json).await
        }
        ConnectionsVerb::Enable { connection, reason, remote } => {
            let client = Client::new(&remote)?;
            set(&client, &connection, ("enabled", &reason), remote.json).await
        }
        ConnectionsVerb::Search { kind, query, connection, remote } => {
            let client = Client::new(&remote)?;
            search(&client, connection.as_deref(), (&kind, &query), remote.json).await
        }
    })
}

async fn list(client: &Client, as_json: bool) -> Result<Exit> {
    let page: ConnectionPage = client.get(&["connections"], &[("limit", "500")]).await?;
    if as_json {
        show::json(&page)?;
        return Ok(Exit::Done);
    }
    let mut table = show::Table::new(&["Connection", "Name", "Plugin", "Marketplace", "State", "Missing"]);
    for one in &page.connections {
        let mut missing: Vec<String> = one
            .secrets
            .iter()
            .filter(|secret| secret.required && !secret.set)
            .map(|secret| format!("secret {}", secret.name))
            .collect();
        if !one.plugin_is_active {
            missing.push(format!("plugin {}", one.plugin));
        }
        let reason = if one.state_reason.is_empty() { String::new() } else { format!(": {}", one.state_reason) };
        table.row([
            one.id.clone(),
            one.name.clone(),
            one.plugin.clone(),
            one.marketplace.clone(),
            format!("{}{reason}", one.state),
            missing.join(", "),
        ]);
    }
    table.print(&show::count(show::number(page.connections.len()), "connection"))?;
    Ok(Exit::Done)
}

/// ISO 4217's code for none: the target shows a symbol that several currencies have.
const NO_CURRENCY: &str = "XXX";

async fn test(client: &Client, connection: Option<&str>, as_json: bool) -> Result<Exit> {
    let connection = client.connection(connection).await?;
    let account: AccountView = client.post(&["connections", &connection, "test"], &[], &json!({})).await?;
    if as_json {
        show::json(&account)?;
        return Ok(Exit::Done);
    }
    let locked = account.locked_until.map(|day| format!("locked until {day}")).unwrap_or_default();
    let told = [account.name, account.base_currency, account.country, account.time_zone, locked];
    let told: Vec<String> = told.into_iter().filter(|part| !part.trim().is_empty() && part != NO_CURRENCY).collect();
    let text = format!("{connection} works: {}", told.join(" · "));
    show::print(&format!("{}\n", show::clean(&text)))?;
    Ok(Exit::Done)
}

async fn set(client: &Client, connection: &str, (state, reason): (&str, &str), as_json: bool) -> Result<Exit> {
    let body = json!({ "state": state, "reason": reason });
    let now: ConnectionView = client.put(&["connections", connection, "state"], &body).await?;
    if as_json {
        show::json(&now)?;
        return Ok(Exit::Done);
    }
    let reason = if now.state_reason.is_empty() { String::new() } else { format!(": {}", now.state_reason) };
    let meaning = if now.state == "paused" {
        "Nothing is sent to it and nothing is lost: what is confirmed waits."
    } else {
        "What was confirmed and waits is sent now."
    };
    show::print(&format!("{}\n", show::clean(&format!("{connection} is {}{reason}. {meaning}", now.state))))?;
    Ok(Exit::Done)
}

async fn search(client: &Client, connection: Option<&str>, (kind, text): (&str, &str), as_json: bool) -> Result<Exit> {
    let connection = client.connection(connection).await?;
    let mut found: Vec<EntityView> = Vec::new();
    let mut after: Option<String> = None;
    loop {
        let mut query = vec![("kind", kind), ("query", text)];
        query.extend(after.as_deref().map(|after| ("after", after)));
        let page: EntityList = client.get(&["connections", &connection, "search"], &query).await?;
        found.extend(page.entities);
        after = page.next;
        if after.is_none() || found.len() >= MOST_FOUND {
            break;
        }
    }
    if as_json {
        show::json(&json!({ "entities": found, "has_more": after.is_some() }))?;
        return Ok(Exit::Done);
    }
    let mut table = show::Table::new(&["Id", "Code", "Name", "Price", "Active"]).right(&[3]);
    for entity in &found {
        let active = if entity.active { "yes" } else { "no" };
        table.row([entity.id.clone(), entity.code.clone(), entity.name.clone(), price(entity), active.to_owned()]);
    }
    let more = if after.is_some() { ", and there are more: search for less" } else { "" };
    table.print(&format!("{} found{more}", found.len()))?;
    Ok(Exit::Done)
}

/// A price without a currency is in the account's, which is not told here.
fn price(entity: &EntityView) -> String {
    match (&entity.price, &entity.currency) {
        (Some(amount), Some(currency)) => {
            show::money(&MoneyView { amount: amount.clone(), currency: currency.clone() })
        }
        (Some(amount), None) => format!("{amount} (account's currency)"),
        (None, _) => String::new(),
    }
}
