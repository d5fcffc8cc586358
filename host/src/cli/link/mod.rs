//! `link`: which marketplace thing is which target thing. Tables in and out are in `table`, suggestions in `suggest`.

mod suggest;
mod table;

use anyhow::{Result, bail};
use counterfoil_server::wire::{LinkAnswer, LinkPage, LinkView, TouchedView};
use reqwest::Method;
use serde_json::{Map, Value, json};

use super::args::LinkVerb;
use super::client::{Client, conclude, refusal};
use super::show;
use crate::exit::Exit;

/// More tasks than this are counted, not listed.
const TOUCHED_SHOWN: usize = 20;

pub(super) async fn run(verb: LinkVerb) -> Result<Exit> {
    conclude(match verb {
        LinkVerb::List { connection, kind, remote } => {
            let client = Client::new(&remote)?;
            list(&client, connection.as_deref(), kind.as_deref(), remote.json).await
        }
        LinkVerb::Suggest { connection, kind, source, remote } => {
            let client = Client::new(&remote)?;
            suggest::run(&client, connection.as_deref(), (kind.as_deref(), source.as_deref()), remote.json).await
        }
        LinkVerb::Set { connection, kind, source, target, code, name, attribute, dry_run, remote } => {
            let attributes = attributes(&attribute)?;
            let client = Client::new(&remote)?;
            let target = json!({ "id": target, "code": code, "name": name, "attributes": attributes });
            let body = json!({ "kind": kind, "source": source, "state": "linked", "target": target });
            put(&client, connection.as_deref(), body, dry_run, remote.json).await
        }
        LinkVerb::Clear { connection, kind, source, never_sync, dry_run, remote } => {
            let client = Client::new(&remote)?;
            let state = if never_sync { "never-sync" } else { "unlinked" };
            let body = json!({ "kind": kind, "source": source, "state": state });
            put(&client, connection.as_deref(), body, dry_run, remote.json).await
        }
        LinkVerb::Import { file, connection, dry_run, skip_bad, remote } => {
            let text = table::read(&file)?;
            let client = Client::new(&remote)?;
            table::import(&client, connection.as_deref(), text, (dry_run, skip_bad), remote.json).await
        }
        LinkVerb::Export { file, connection, kind, remote } => {
            let client = Client::new(&remote)?;
            table::export(&client, connection.as_deref(), kind.as_deref(), file.as_deref(), remote.json).await
        }
    })
}

fn attributes(given: &[String]) -> Result<Map<String, Value>> {
    let mut attributes = Map::new();
    for pair in given {
        match pair.split_once('=') {
            Some((name, value)) if !name.is_empty() => attributes.insert(name.to_owned(), value.into()),
            _ => bail!("\"{pair}\" is not NAME=VALUE, such as account-code=201. Nothing was linked"),
        };
    }
    Ok(attributes)
}

async fn all(client: &Client, connection: &str, kind: Option<&str>) -> Result<Vec<LinkView>> {
    let mut links: Vec<LinkView> = Vec::new();
    let mut after: Option<String> = None;
    loop {
        let mut query = vec![("connection", connection), ("limit", "500")];
        query.extend(kind.map(|kind| ("kind", kind)));
        query.extend(after.as_deref().map(|after| ("after", after)));
        let page: LinkPage = client.get(&["links"], &query).await?;
        links.extend(page.links);
        after = page.next;
        if after.is_none() {
            return Ok(links);
        }
    }
}

async fn list(client: &Client, connection: Option<&str>, kind: Option<&str>, as_json: bool) -> Result<Exit> {
    let connection = client.connection(connection).await?;
    let links = all(client, &connection, kind).await?;
    if as_json {
        show::json(&json!({ "links": links }))?;
        return Ok(Exit::Done);
    }
    let mut table = show::Table::new(&["Kind", "Source", "Name", "State", "Target", "Code", "Target name", "Why"]);
    for link in &links {
        let target = link.target.as_ref();
        let of = |part: fn(&counterfoil_server::wire::LinkTargetView) -> &String| {
            target.map(part).cloned().unwrap_or_default()
        };
        table.row([
            link.kind.clone(),
            link.source.clone(),
            link.source_name.clone(),
            link.state.clone(),
            of(|target| &target.id),
            of(|target| &target.code),
            of(|target| &target.name),
            link.why.clone(),
        ]);
    }
    let linked = links.iter().filter(|link| link.state == "linked").count();
    table.print(&format!("{}, {linked} linked", show::count(show::number(links.len()), "link")))?;
    Ok(Exit::Done)
}

async fn put(client: &Client, connection: Option<&str>, mut body: Value, dry_run: bool, as_json: bool) -> Result<Exit> {
    body["connection"] = client.connection(connection).await?.into();
    let query: &[(&str, &str)] = if dry_run { &[("dry_run", "true")] } else { &[] };
    let answer = client.exchange(Method::PUT, client.url(&["links"], query)?, Some(&body), None).await?;
    if !(200..300).contains(&answer.status) {
        return Err(refusal(&answer, dry_run).into());
    }
    let answer: LinkAnswer = serde_json::from_str(&answer.text)?;
    if as_json {
        show::json(&answer)?;
    } else {
        show::print(&told(&answer))?;
    }
    Ok(Exit::Done)
}

fn told(answer: &LinkAnswer) -> String {
    let link = &answer.link;
    let target = link
        .target
        .as_ref()
        .map(|target| format!(" to {} {} {}", target.id, target.code, target.name))
        .unwrap_or_default();
    let name = if link.source_name.is_empty() { String::new() } else { format!(" ({})", link.source_name) };
    let is = match (answer.changed, answer.dry_run) {
        (true, true) => "would be",
        (false, _) => "is already",
        (true, false) => "is",
    };
    let text = format!("{} {}{name} {is} {}{}", link.kind, link.source, link.state, target.trim_end());
    format!("{}\n{}", show::clean(&text), touches(&answer.touches, answer.touched))
}

/// The tasks that a change touches, a line each.
fn touches(named: &[TouchedView], count: u64) -> String {
    let mut text = String::new();
    for task in named.iter().take(TOUCHED_SHOWN) {
        let line = format!("  {} {} ({}): {}", task.number, task.customer_name, task.state, task.text);
        text.push_str(&show::clean(&line));
        text.push('\n');
    }
    let more = count.saturating_sub(show::number(named.len().min(TOUCHED_SHOWN)));
    if more > 0 {
        text.push_str(&format!("  and {}\n", show::count(more, "more task")));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes_are_names_and_values() {
        let given = ["account-code=201".to_owned(), "note=a=b".to_owned(), "empty=".to_owned()];
        assert_eq!(
            Value::Object(attributes(&given).unwrap()),
            json!({ "account-code": "201", "note": "a=b", "empty": "" })
        );
        for bad in ["account-code", "=201", ""] {
            assert!(attributes(&[bad.to_owned()]).is_err(), "{bad}");
        }
    }

    #[test]
    fn touched_tasks_are_named_and_the_rest_is_counted() {
        let task = TouchedView {
            id: "task_1".into(),
            number: "SO1".into(),
            customer_name: "Green\nLane".into(),
            state: "pending".into(),
            effect: "becomes-ready".into(),
            text: "becomes ready".into(),
        };
        assert_eq!(touches(&[], 0), "");
        assert_eq!(touches(std::slice::from_ref(&task), 1), "  SO1 Green Lane (pending): becomes ready\n");
        let text = touches(&vec![task; 30], 31);
        assert_eq!((text.lines().count(), text.lines().last()), (21, Some("  and 11 more tasks")));
    }
}
