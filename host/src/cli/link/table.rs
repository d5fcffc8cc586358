//! `link export` and `link import`: the table of links in a file, and what taking one over would change.

use std::path::Path;

use anyhow::{Context as _, Result, anyhow};
use counterfoil_server::wire::LinkImportAnswer;
use reqwest::Method;
use serde_json::json;

use super::super::client::{Client, refusal};
use super::super::show;
use super::{all, touches};
use crate::exit::Exit;

/// The file as text; spreadsheets of old save other encodings.
pub(super) fn read(file: &Path) -> Result<String> {
    let bytes = std::fs::read(file)
        .with_context(|| format!("the file {} cannot be read. Nothing was asked", file.display()))?;
    String::from_utf8(bytes)
        .map_err(|_| anyhow!("{} is not UTF-8 text. Nothing was asked. Save it as \"CSV UTF-8\"", file.display()))
}

pub(super) async fn import(
    client: &Client,
    connection: Option<&str>,
    csv: String,
    (dry_run, skip_bad): (bool, bool),
    as_json: bool,
) -> Result<Exit> {
    let connection = client.connection(connection).await?;
    let body = json!({ "connection": connection, "csv": csv, "dry_run": dry_run, "skip_bad": skip_bad });
    let answer: LinkImportAnswer = client.post(&["links", "import"], &[], &body).await?;
    if as_json {
        show::json(&answer)?;
    } else {
        told(&answer)?;
    }
    Ok(exit(&answer))
}

/// Refused rows are work that is left.
fn exit(answer: &LinkImportAnswer) -> Exit {
    match (answer.refused, answer.applied, answer.new + answer.changed) {
        (0, true, _) | (0, false, 0) => Exit::Done,
        _ => Exit::NotAll,
    }
}

fn told(answer: &LinkImportAnswer) -> Result<()> {
    let mut table = show::Table::new(&["Line", "Kind", "Source", "What", "Column", "Text"]).right(&[0]);
    for row in answer.rows.iter().filter(|row| row.what != "same") {
        table.row([
            row.line.to_string(),
            row.kind.clone(),
            row.source.clone(),
            row.what.clone(),
            row.column.clone().unwrap_or_default(),
            row.text.clone(),
        ]);
    }
    let done = if answer.applied { "" } else { "; nothing was changed" };
    let below = format!(
        "{}{} new, {} changed, {} same, {} refused{done}",
        touches(&answer.touches, answer.touched),
        answer.new,
        answer.changed,
        answer.same,
        answer.refused
    );
    table.print(&below)
}

pub(super) async fn export(
    client: &Client,
    connection: Option<&str>,
    kind: Option<&str>,
    file: Option<&Path>,
    as_json: bool,
) -> Result<Exit> {
    let connection = client.connection(connection).await?;
    let text = if as_json {
        let links = all(client, &connection, kind).await?;
        format!("{}\n", serde_json::to_string_pretty(&json!({ "links": links }))?)
    } else {
        let mut query = vec![("connection", connection.as_str())];
        query.extend(kind.map(|kind| ("kind", kind)));
        let answer = client.exchange(Method::GET, client.url(&["links.csv"], &query)?, None, None).await?;
        if !(200..300).contains(&answer.status) {
            return Err(refusal(&answer, true).into());
        }
        answer.text
    };
    match file {
        None => {
            show::print(&text)?;
        }
        Some(file) => {
            std::fs::write(file, text).with_context(|| format!("the file {} cannot be written", file.display()))?;
            eprintln!("links of {connection} are in {}", file.display());
        }
    }
    Ok(Exit::Done)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_exit_code_says_whether_work_is_left() {
        let answer = |applied, new, refused| LinkImportAnswer {
            applied,
            new,
            changed: 0,
            same: 3,
            refused,
            rows: vec![],
            touches: vec![],
            touched: 0,
        };
        for (answer, expected) in [
            (answer(true, 2, 0), Exit::Done),
            (answer(true, 2, 1), Exit::NotAll),
            (answer(false, 0, 0), Exit::Done),
            (answer(false, 2, 0), Exit::NotAll),
            (answer(false, 0, 1), Exit::NotAll),
        ] {
            assert_eq!(exit(&answer), expected, "{answer:?}");
        }
    }

    #[test]
    fn a_file_in_another_encoding_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("links.csv");
        std::fs::write(&file, b"kind,source\nitem,M\xfcller\n").unwrap();
        assert!(read(&file).unwrap_err().to_string().contains("CSV UTF-8"));
        assert!(read(&folder.path().join("none.csv")).is_err());
    }
}
