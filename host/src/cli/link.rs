//! `link`: which marketplace thing is which target thing.

use anyhow::{Result, bail};
use counterfoil_server::wire::{LinkPage, LinkView};
use serde_json::{Map, Value, json};

use super::args::LinkVerb;
use super::client::{Client, conclude};
use super::show;
use crate::exit::Exit;

pub(super) async fn run(verb: LinkVerb) -> Result<Exit> {
    conclude(match verb {
        LinkVerb::List { connection, kind, remote } => {
            let client = Client::new(&remote)?;
            list(&client, connection.as_deref(), kind.as_deref(), remote.json).await
        }
        LinkVerb::Set { connection, kind, source, target, code, name, attribute, remote } => {
            let attributes = attributes(&attribute)?;
            let client = Client::new(&remote)?;
            let target = json!({ "id": target, "code": code, "name": name, "attributes": attributes });
            let body = json!({ "kind": kind, "source": source, "state": "linked", "target": target });
            put(&client, connection.as_deref(), body, remote.json).await
        }
        LinkVerb::Clear { connection, kind, source, never_sync, remote } => {
            let client = Client::new(&remote)?;
            let state = if never_sync { "never-sync" } else { "unlinked" };
            put(&client, connection.as_deref(), json!({ "kind": kind, "source": source, "state": state }), remote.json)
                .await
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

async fn list(client: &Client, connection: Option<&str>, kind: Option<&str>, as_json: bool) -> Result<Exit> {
    let connection = client.connection(connection).await?;
    let mut links: Vec<LinkView> = Vec::new();
    let mut after: Option<String> = None;
    loop {
        let mut query = vec![("connection", connection.as_str()), ("limit", "500")];
        query.extend(kind.map(|kind| ("kind", kind)));
        query.extend(after.as_deref().map(|after| ("after", after)));
        let page: LinkPage = client.get(&["links"], &query).await?;
        links.extend(page.links);
        after = page.next;
        if after.is_none() {
            break;
        }
    }
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

async fn put(client: &Client, connection: Option<&str>, mut body: Value, as_json: bool) -> Result<Exit> {
    body["connection"] = client.connection(connection).await?.into();
    let link: LinkView = client.put(&["links"], &body).await?;
    if as_json {
        show::json(&link)?;
    } else {
        let target = link
            .target
            .as_ref()
            .map(|target| format!(" to {} {} {}", target.id, target.code, target.name))
            .unwrap_or_default();
        let name = if link.source_name.is_empty() { String::new() } else { format!(" ({})", link.source_name) };
        let text = format!("{} {}{name} is {}{}", link.kind, link.source, link.state, target.trim_end());
        show::print(&format!("{}\n", show::clean(&text)))?;
    }
    Ok(Exit::Done)
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
}
