//! `catalog preview`: what a synchronization would do, for each reseller it reaches.

use anyhow::Result;
use clap::Args;
use counterfoil_domain::catalog::SyncOption;
use serde_json::{Value, json};

use super::follow::{Whole, through};
use super::{chosen, report};
use crate::cli::args::Remote;
use crate::cli::client::Client;
use crate::exit::Exit;

#[derive(Debug, Clone, Args)]
pub struct PreviewArgs {
    /// Where the catalogs are: a marketplace of the kind catalog or catalog-files.
    pub marketplace: String,
    /// A reseller; give it several times for several.
    #[arg(
        long = "reseller",
        value_name = "RESELLER",
        required_unless_present = "template",
        conflicts_with = "template"
    )]
    pub resellers: Vec<String>,
    /// All resellers on this service template.
    #[arg(long)]
    pub template: Option<String>,
    /// Also the resellers below them.
    #[arg(long)]
    pub all_levels: bool,
    /// What is synchronized; give it several times. A group's name, or "all", stands for all of it.
    #[arg(long = "option", value_name = "OPTION", conflicts_with = "preset")]
    pub options: Vec<String>,
    /// Options that were saved under this name.
    #[arg(long)]
    pub preset: Option<String>,
    /// preserve or follow: whether Display Category in Customer Control Panel is sent. Without it the preset says, or the
    /// setup.
    #[arg(long)]
    pub display: Option<String>,
    #[command(flatten)]
    pub remote: Remote,
}

pub(super) async fn run(args: &PreviewArgs) -> Result<Exit> {
    let body = body(args)?;
    let client = Client::new(&args.remote)?;
    let whole = through(&client, "previews", &body).await?;
    whole.print(args.remote.json, &below(&whole))?;
    Ok(exit(&whole))
}

fn body(args: &PreviewArgs) -> Result<Value> {
    let scope = match (&args.template, args.resellers.as_slice()) {
        (Some(template), _) => json!({ "template": template }),
        (None, [one]) => json!({ "reseller": one }),
        (None, several) => json!({ "resellers": several }),
    };
    let levels = if args.all_levels { "all" } else { "one" };
    let mut body = json!({ "marketplace": args.marketplace, "scope": scope, "levels": levels });
    match &args.preset {
        Some(preset) => body["preset"] = json!(preset),
        None => {
            let options = chosen::options(&args.options)?;
            body["options"] = json!(options.iter().map(SyncOption::name).collect::<Vec<_>>());
        }
    }
    if let Some(display) = &args.display {
        body["display"] = json!(display);
    }
    Ok(body)
}

fn exit(whole: &Whole) -> Exit {
    match whole.run.state.as_str() {
        "done" if whole.count("compared") == 0 => Exit::Done,
        "done" | "incomplete" => Exit::NotAll,
        _ => Exit::Error,
    }
}

fn below(whole: &Whole) -> String {
    let id = &whole.run.id;
    if whole.run.state == "failed" {
        return format!("The preview did not work, after {}. Nothing was written · run {id}", whole.took());
    }
    let changes = report::counted(&report::sum(whole.resellers.iter().map(|one| &one.counts)));
    let changes = if changes.is_empty() { String::new() } else { format!(": {changes}") };
    let failed = match whole.count("failed") {
        0 => String::new(),
        some => format!(" · {} could not be compared", report::resellers(some)),
    };
    let next = if whole.count("compared") == 0 {
        String::new()
    } else {
        format!(
            "\nWrite it with `counterfoil catalog sync {id}`; one of them in full: `counterfoil catalog runs {id} RESELLER`"
        )
    };
    format!(
        "Compared {} in {}: {} would be changed{changes}{failed} · nothing was written · run {id}{next}",
        report::resellers(whole.resellers.len()),
        whole.took(),
        report::resellers(whole.count("compared")),
    )
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;
    use crate::cli::catalog::CatalogVerb;
    use crate::cli::{Cli, Command};

    #[test]
    fn a_preview_names_whom_and_what_in_one_way() {
        let fees = json!(["update-plan-fees"]);
        for (line, expected) in [
            (
                "plans --reseller a --option update-plan-fees",
                Some(json!({ "marketplace": "plans", "scope": { "reseller": "a" }, "levels": "one", "options": fees })),
            ),
            (
                "plans --reseller a --reseller b --all-levels --preset nightly --display follow",
                Some(json!({
                    "marketplace": "plans", "scope": { "resellers": ["a", "b"] }, "levels": "all",
                    "preset": "nightly", "display": "follow",
                })),
            ),
            (
                "plans --template gold",
                Some(
                    json!({ "marketplace": "plans", "scope": { "template": "gold" }, "levels": "one", "options": [] }),
                ),
            ),
            ("plans", None),
            ("plans --template gold --reseller a", None),
            ("plans --template gold --preset p --option all", None),
        ] {
            let words = ["counterfoil", "catalog", "preview"].into_iter().chain(line.split_whitespace());
            let said = Cli::try_parse_from(words).ok().map(|cli| {
                let Command::Catalog(CatalogVerb::Preview(args)) = cli.command else { panic!("another verb") };
                body(&args).unwrap()
            });
            assert_eq!(said, expected, "{line}");
        }
    }
}
