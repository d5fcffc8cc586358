//! `link suggest`: what unlinked things may be, best first, with the reasons.

use anyhow::{Result, bail};
use counterfoil_server::wire::{SuggestionList, SuggestionView};
use serde_json::json;

use super::super::client::Client;
use super::super::show;
use crate::exit::Exit;

const KINDS: [&str; 4] = ["party", "item", "fee", "container"];

pub(super) async fn run(
    client: &Client,
    connection: Option<&str>,
    (kind, source): (Option<&str>, Option<&str>),
    as_json: bool,
) -> Result<Exit> {
    if source.is_some() && kind.is_none() {
        bail!("a source needs its kind. Nothing was asked. Say, for example, `counterfoil link suggest party 1000017`");
    }
    let connection = client.connection(connection).await?;
    let mut lists: Vec<SuggestionList> = Vec::new();
    for asked in KINDS.into_iter().filter(|known| kind.is_none_or(|kind| kind == *known)).chain(unknown(kind)) {
        let mut query = vec![("connection", connection.as_str()), ("kind", asked)];
        query.extend(source.map(|source| ("source", source)));
        lists.push(client.get(&["links", "suggestions"], &query).await?);
    }
    if as_json {
        show::json(&json!({ "suggestions": lists }))?;
        return Ok(Exit::Done);
    }
    let mut table =
        show::Table::new(&["Kind", "Source", "Name", "Score", "Target", "Code", "Target name", "Reasons"]).right(&[3]);
    let (mut sources, mut without, mut left_out, mut complete) = (0, 0, 0, true);
    for list in &lists {
        (left_out, complete) = (left_out + list.left_out, complete && list.complete);
        for of in &list.sources {
            sources += 1;
            without += u64::from(!of.suggestions.iter().any(|one| one.suggested));
            for one in &of.suggestions {
                let [score, id, code, name, reasons] = cells(one);
                table.row([
                    list.kind.clone(),
                    of.source.clone(),
                    of.source_name.clone(),
                    score,
                    id,
                    code,
                    name,
                    reasons,
                ]);
            }
        }
    }
    let mut below = format!("{}, {without} without a suggestion", show::count(sources, "source"));
    if left_out > 0 {
        below.push_str(&format!("; {} wait too: link these first", show::count(left_out, "more source")));
    }
    if !complete {
        below
            .push_str("; the target has more than was looked through: `counterfoil connections search` finds the rest");
    }
    table.print(&below)?;
    Ok(Exit::Done)
}

/// A kind that the service does not know either: its answer says which ones there are.
fn unknown(kind: Option<&str>) -> Option<&str> {
    kind.filter(|kind| !KINDS.contains(kind))
}

fn cells(one: &SuggestionView) -> [String; 5] {
    let score = if one.suggested { format!("{} %", one.score) } else { "no".to_owned() };
    let reasons: Vec<&str> = one.reasons.iter().map(|reason| reason.text.as_str()).collect();
    [score, one.target.id.clone(), one.target.code.clone(), one.target.name.clone(), reasons.join("; ")]
}
