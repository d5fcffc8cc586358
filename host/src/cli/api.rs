//! `api`: any call of the API, its answer as it came.

use anyhow::{Context as _, Result, bail};
use clap::Args;
use reqwest::Method;
use serde_json::Value;

use super::args::Remote;
use super::client::{Client, conclude, refusal};
use super::show;
use crate::exit::Exit;

#[derive(Debug, Clone, Args)]
pub struct ApiArgs {
    /// GET, POST, PUT or DELETE.
    pub method: String,
    /// Path and query, from "/v1".
    pub path: String,
    /// JSON body, or @file.
    #[arg(long)]
    pub body: Option<String>,
    #[command(flatten)]
    pub remote: Remote,
}

pub(super) async fn run(args: &ApiArgs) -> Result<Exit> {
    conclude(call(args).await)
}

async fn call(args: &ApiArgs) -> Result<Exit> {
    let method = match args.method.to_ascii_uppercase().as_str() {
        "GET" => Method::GET,
        "POST" => Method::POST,
        "PUT" => Method::PUT,
        "DELETE" => Method::DELETE,
        other => bail!("\"{other}\" is not a method of the API. Nothing was asked. Use GET, POST, PUT or DELETE"),
    };
    let body = args.body.as_deref().map(body).transpose()?;
    let client = Client::new(&args.remote)?;
    let answer = client.exchange(method.clone(), client.typed_url(&args.path)?, body.as_ref(), None).await?;
    // A refusal is an answer too: its JSON goes where scripts read.
    match serde_json::from_str::<Value>(&answer.text) {
        Ok(value) => show::json(&value)?,
        Err(_) => {
            show::print(&answer.text)?;
        }
    }
    if (200..300).contains(&answer.status) {
        return Ok(Exit::Done);
    }
    Err(refusal(&answer, method == Method::GET).into())
}

fn body(given: &str) -> Result<Value> {
    let text = match given.strip_prefix('@') {
        Some(path) => std::fs::read_to_string(path)
            .with_context(|| format!("the file {path} cannot be read. Nothing was asked"))?,
        None => given.to_owned(),
    };
    serde_json::from_str(&text).context("the body is not JSON. Nothing was asked")
}
