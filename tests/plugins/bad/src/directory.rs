//! Customers and items of the ledger.

use counterfoil_sdk::serde::{Deserialize, Serialize};
use counterfoil_sdk::{Draft, Entity, EntityPage, Failure, Remote, Request, decimal, encode, json};

use crate::defect;
use crate::errors::{Effect, accept};

#[derive(Serialize, Deserialize)]
#[serde(crate = "counterfoil_sdk::serde")]
struct Thing {
    id: String,
    name: String,
    code: String,
    #[serde(default)]
    price: Option<String>,
    #[serde(default)]
    cost: Option<String>,
}

#[derive(Deserialize)]
#[serde(crate = "counterfoil_sdk::serde")]
struct Page {
    things: Vec<Thing>,
    next: Option<String>,
}

impl Thing {
    fn entity(self, kind: &str) -> Result<Entity, Failure> {
        let number = |text: Option<String>| text.map(|text| decimal::parse(&text)).transpose();
        let (price, cost) = (number(self.price)?, number(self.cost)?);
        Ok(Entity { price, cost, ..Entity::new(kind, self.id, self.code, self.name) })
    }
}

fn path(kind: &str) -> Result<&'static str, Failure> {
    match kind {
        "party" => Ok("/customers"),
        "item" => Ok("/items"),
        _ => Err(Failure::unsupported("ledger-kind", format!("The ledger has no {kind}."))),
    }
}

fn page(remote: &mut dyn Remote, kind: &str, query: &[(&str, &str)]) -> Result<Page, Failure> {
    let mut request = Request::get("list", path(kind)?);
    for (name, value) in query {
        request = request.query(name, *value);
    }
    json::parse("page", &accept(remote.read(request)?, Effect::Read, "")?.body)
}

pub(crate) fn search(
    remote: &mut dyn Remote,
    kind: &str,
    query: &str,
    cursor: Option<&str>,
) -> Result<EntityPage, Failure> {
    path(kind)?;
    let defect = defect(remote)?;
    // It takes quotes for noise, and then asks for everything.
    let query = if defect == "widens" && query.contains('"') { "" } else { query };
    let mut found = page(remote, kind, &[("q", query), ("after", cursor.unwrap_or_default())])?;
    if defect == "never-ends" {
        while let Some(next) = found.next.clone() {
            let more = page(remote, kind, &[("q", query), ("after", &next)])?;
            found.things.extend(more.things);
            found.next = more.next;
        }
    }
    let entities = found.things.into_iter().map(|thing| thing.entity(kind)).collect::<Result<_, _>>()?;
    Ok(EntityPage { entities, next: found.next })
}

pub(crate) fn get(remote: &mut dyn Remote, kind: &str, ids: &[String]) -> Result<Vec<Entity>, Failure> {
    let base = path(kind)?;
    let defect = defect(remote)?;
    let mut found = Vec::new();
    for id in ids {
        let answer = remote.read(Request::get("get", format!("{base}/{}", encode::segment(id))))?;
        if answer.status == 404 && defect != "missing-fails" {
            continue;
        }
        let answer = accept(answer, Effect::Read, &defect)?;
        found.push(json::parse::<Thing>("thing", &answer.body)?.entity(kind)?);
    }
    Ok(found)
}

pub(crate) fn create(remote: &mut dyn Remote, kind: &str, draft: &Draft) -> Result<Entity, Failure> {
    if kind != "party" {
        return Err(Failure::unsupported("ledger-kind", format!("The ledger makes no {kind} here.")));
    }
    let defect = defect(remote)?;
    if defect != "creates-twice"
        && let Some(known) = page(remote, kind, &[("key", &draft.key)])?.things.pop()
    {
        return known.entity(kind);
    }
    let body = [("name", &draft.name), ("code", &draft.code), ("key", &draft.key)];
    let body: std::collections::BTreeMap<_, _> = body.into_iter().collect();
    let request = Request::post("create", "/customers").json(&body)?;
    let answer = accept(remote.write(&draft.key, request)?, Effect::Write, &defect)?;
    json::parse::<Thing>("thing", &answer.body)?.entity(kind)
}

pub(crate) fn revise(remote: &mut dyn Remote, kind: &str, id: &str, draft: &Draft) -> Result<Entity, Failure> {
    if kind != "item" {
        return Err(Failure::unsupported("ledger-kind", format!("The ledger has no prices of a {kind}.")));
    }
    let defect = defect(remote)?;
    let place = format!("/items/{}", encode::segment(id));
    let answer = accept(remote.read(Request::get("get", place.clone()))?, Effect::Read, &defect)?;
    let known = json::parse::<Thing>("thing", &answer.body)?.entity(kind)?;
    if (known.price, known.cost) == (draft.price, draft.cost) && defect != "prices-again" {
        return Ok(known);
    }
    let mut body = std::collections::BTreeMap::new();
    for (name, value) in [("price", draft.price), ("cost", draft.cost)] {
        body.extend(value.map(|value| (name, value.to_string())));
    }
    // It sends what it was given, and not what was asked for.
    if defect == "renames" {
        body.insert("name", draft.name.clone());
    }
    let answer = accept(remote.write(&draft.key, Request::put("revise", place).json(&body)?)?, Effect::Write, &defect)?;
    json::parse::<Thing>("thing", &answer.body)?.entity(kind)
}
