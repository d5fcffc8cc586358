//! `products`: where the products of a program stand in a target, and synchronizing them. Owns how that looks as text.

use anyhow::Result;
use clap::Subcommand;
use counterfoil_server::wire::{ProductPage, ProductSyncBody, RunView};
use serde_json::to_value;

use super::args::Remote;
use super::client::{Client, conclude};
use super::show;
use crate::exit::Exit;

#[derive(Debug, Subcommand)]
pub enum ProductsVerb {
    /// Products with their items, prices and what is wrong.
    List {
        #[arg(long)]
        connection: Option<String>,
        #[arg(long, default_value = "microsoft-csp")]
        program: String,
        /// waiting, writing, synced, inactive, orphaned, conflict, skipped or failed.
        #[arg(long)]
        state: Option<String>,
        /// In the code or the title.
        #[arg(long)]
        text: Option<String>,
        #[command(flatten)]
        remote: Remote,
    },
    /// Make items of the program's products, and bring price and cost of the others up to date.
    Sync {
        #[arg(long)]
        connection: Option<String>,
        #[arg(long, default_value = "microsoft-csp")]
        program: String,
        /// Only this one, by its code; several with commas between, or the option again.
        #[arg(long, value_name = "CODE", value_delimiter = ',')]
        product: Vec<String>,
        #[command(flatten)]
        remote: Remote,
    },
}

pub(super) async fn run(verb: ProductsVerb) -> Result<Exit> {
    conclude(match verb {
        ProductsVerb::List { connection, program, state, text, remote } => {
            let client = Client::new(&remote)?;
            let connection = client.connection(connection.as_deref()).await?;
            list(&client, (&connection, &program), (state.as_deref(), text.as_deref()), remote.json).await
        }
        ProductsVerb::Sync { connection, program, product, remote } => {
            let client = Client::new(&remote)?;
            let connection = client.connection(connection.as_deref()).await?;
            sync(&client, (&connection, &program), product, remote.json).await
        }
    })
}

async fn list(
    client: &Client,
    (connection, program): (&str, &str),
    (state, text): (Option<&str>, Option<&str>),
    as_json: bool,
) -> Result<Exit> {
    let parts = ["connections", connection, "programs", program, "products"];
    let mut query = vec![("limit", "500")];
    query.extend(state.map(|state| ("state", state)));
    query.extend(text.map(|text| ("search", text)));
    let page: ProductPage = client.get(&parts, &query).await?;
    if as_json {
        show::json(&page)?;
        return Ok(Exit::Done);
    }
    let mut table =
        show::Table::new(&["Product", "Title", "State", "Item", "Price", "Cost", "About it"]).right(&[4, 5]);
    for of in &page.products {
        let text = |value: &Option<String>| value.clone().unwrap_or_default();
        table.row([
            of.code.clone(),
            of.title.clone(),
            of.state.clone(),
            text(&of.item),
            text(&of.price),
            text(&of.cost),
            of.note.clone(),
        ]);
    }
    let states: Vec<String> = page.by_state.iter().map(|(state, count)| format!("{count} {state}")).collect();
    let more = if page.has_more { "; there are more: narrow it with --text or --state" } else { "" };
    table.print(&format!(
        "{}{more}",
        if states.is_empty() { "no products yet".to_owned() } else { states.join(", ") }
    ))?;
    Ok(Exit::Done)
}

async fn sync(
    client: &Client,
    (connection, program): (&str, &str),
    products: Vec<String>,
    as_json: bool,
) -> Result<Exit> {
    let body = ProductSyncBody { products: Some(products).filter(|products| !products.is_empty()) };
    let parts = ["connections", connection, "programs", program, "products", "sync"];
    let run: RunView = client.wait(client.start(&parts, Some(&to_value(body)?)).await?).await?;
    if as_json {
        show::json(&run)?;
    } else {
        for problem in &run.problems {
            eprintln!("! {}", show::clean(&problem.message));
        }
        eprintln!("{}", summary(&run));
    }
    Ok(if run.state == "done" { Exit::Done } else { Exit::NotAll })
}

fn summary(run: &RunView) -> String {
    let count = |name: &str| run.counts.get(name).copied().unwrap_or_default();
    let figures = [
        ("products-created", "created"),
        ("products-created-again", "created again"),
        ("products-linked", "linked"),
        ("products-updated", "updated"),
        ("products-unchanged", "unchanged"),
        ("products-skipped", "skipped"),
        ("products-in-conflict", "in conflict"),
        ("products-failed", "failed"),
        ("products-orphaned", "no longer in the source"),
    ];
    let told: Vec<String> = figures
        .iter()
        .filter(|(name, _)| count(name) > 0)
        .map(|(name, words)| format!("{} {words}", count(name)))
        .collect();
    let told = if told.is_empty() { "nothing to do".to_owned() } else { told.join(", ") };
    format!("{} of {} products looked at in {}: {told}", run.done, run.total.unwrap_or(run.done), show::took(run))
}
