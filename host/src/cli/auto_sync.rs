//! `auto-sync`: customers whose tasks go without a person. The connection's own switch and bounds are in its setup.

use anyhow::Result;
use clap::Subcommand;
use counterfoil_server::wire::{AutoSyncView, SwitchPage, SwitchView};
use serde_json::json;

use super::args::Remote;
use super::client::{Client, conclude};
use super::show;
use crate::exit::Exit;

#[derive(Debug, Subcommand)]
pub enum AutoSyncVerb {
    /// Customers with their switches, and whether the connection's own is on.
    List {
        #[arg(long)]
        connection: Option<String>,
        /// In the customer's name or id.
        #[arg(long)]
        text: Option<String>,
        /// Only customers that are switched on.
        #[arg(long)]
        on: bool,
        #[command(flatten)]
        remote: Remote,
    },
    /// Let a customer's tasks go without a person, within the connection's bounds.
    On {
        /// The marketplace's id of the customer.
        customer: String,
        #[arg(long)]
        connection: Option<String>,
        #[command(flatten)]
        remote: Remote,
    },
    /// A person confirms every task of the customer again.
    Off {
        /// The marketplace's id of the customer.
        customer: String,
        #[arg(long)]
        connection: Option<String>,
        #[command(flatten)]
        remote: Remote,
    },
}

pub(super) async fn run(verb: AutoSyncVerb) -> Result<Exit> {
    conclude(match verb {
        AutoSyncVerb::List { connection, text, on, remote } => {
            let client = Client::new(&remote)?;
            list(&client, connection.as_deref(), (text.as_deref(), on), remote.json).await
        }
        AutoSyncVerb::On { customer, connection, remote } => {
            let client = Client::new(&remote)?;
            switch(&client, connection.as_deref(), (&customer, true), remote.json).await
        }
        AutoSyncVerb::Off { customer, connection, remote } => {
            let client = Client::new(&remote)?;
            switch(&client, connection.as_deref(), (&customer, false), remote.json).await
        }
    })
}

async fn list(
    client: &Client,
    connection: Option<&str>,
    (text, only_on): (Option<&str>, bool),
    as_json: bool,
) -> Result<Exit> {
    let connection = client.connection(connection).await?;
    let mut found: Option<SwitchPage> = None;
    loop {
        let mut query = vec![("limit", "500")];
        query.extend(text.map(|text| ("text", text)));
        query.extend(only_on.then_some(("on", "true")));
        let after = found.as_ref().and_then(|page| page.next.clone());
        query.extend(after.as_deref().map(|after| ("after", after)));
        let mut page: SwitchPage = client.get(&["connections", &connection, "auto-sync"], &query).await?;
        if let Some(before) = found {
            page.customers.splice(0..0, before.customers);
        }
        let ended = page.next.is_none();
        found = Some(page);
        if ended {
            break;
        }
    }
    let Some(page) = found else { return Ok(Exit::Done) };
    if as_json {
        show::json(&page)?;
        return Ok(Exit::Done);
    }
    let mut table = show::Table::new(&["Customer", "Name", "Auto-sync"]);
    for one in &page.customers {
        let on = if one.on { "on" } else { "off" };
        table.row([one.customer.clone(), one.name.clone(), on.to_owned()]);
    }
    let count = show::count(show::number(page.customers.len()), "customer");
    table.print(&format!("{count}\n{connection}: {}", bounds(&page.connection)))?;
    Ok(Exit::Done)
}

/// What the connection itself says.
fn bounds(connection: &AutoSyncView) -> String {
    if !connection.on {
        return "auto-sync is off for the connection: nothing goes by itself, whatever customers say".to_owned();
    }
    let kinds = if connection.kinds.is_empty() {
        "all order types but initial tasks".to_owned()
    } else {
        connection.kinds.join(", ")
    };
    let most = connection.most.as_ref().map(|most| format!(", up to {most} a plan")).unwrap_or_default();
    format!("auto-sync is on: {kinds}{most}, for customers that are on")
}

async fn switch(
    client: &Client,
    connection: Option<&str>,
    (customer, on): (&str, bool),
    as_json: bool,
) -> Result<Exit> {
    let connection = client.connection(connection).await?;
    let body = json!({ "customer": customer, "on": on });
    let now: SwitchView = client.put(&["connections", &connection, "auto-sync"], &body).await?;
    if as_json {
        show::json(&now)?;
        return Ok(Exit::Done);
    }
    let meaning = if now.on {
        "After each check, its tasks go by themselves where the connection's auto-sync is on and nothing speaks for a person."
    } else {
        "A person confirms its tasks. What was confirmed before goes on."
    };
    let state = if now.on { "on" } else { "off" };
    let text = format!("auto-sync is {state} for {} ({}) on {connection}. {meaning}", now.name, now.customer);
    show::print(&format!("{}\n", show::clean(&text)))?;
    Ok(Exit::Done)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_connections_own_switch_is_said_with_its_bounds() {
        let view = |on, kinds: &[&str], most: Option<&str>| AutoSyncView {
            on,
            kinds: kinds.iter().map(|kind| (*kind).to_owned()).collect(),
            most: most.map(str::to_owned),
        };
        for (connection, text) in [
            (view(false, &["sales"], Some("5")), "is off for the connection"),
            (view(true, &[], None), "is on: all order types but initial tasks, for customers"),
            (view(true, &["sales", "change"], Some("500")), "is on: sales, change, up to 500 a plan, for customers"),
        ] {
            assert!(bounds(&connection).contains(text), "{}", bounds(&connection));
        }
    }
}
