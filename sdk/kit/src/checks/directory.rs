//! Parties, items and containers: lists that end, ids that are found again, things that are made once, and names that are only
//! names.

use std::collections::BTreeMap;

use counterfoil_domain::directory::{Draft, Entity};
use counterfoil_domain::failure::{Failure, FailureClass};
use counterfoil_domain::id::EntityId;
use counterfoil_domain::money::Currency;

use rust_decimal::Decimal;

use super::connection::settled;
use super::{HOSTILE, TAG};
use crate::bench::{Bench, Miss, Told, failed, not_applicable};
use crate::description::Create;
use crate::exchange::Journal;
use crate::line::{Body, Fault, Rule, Side};
use crate::stage::Stage;

/// The kinds that the description links to; a party at least.
fn kinds(bench: &Bench) -> Vec<String> {
    let mut kinds: Vec<String> = bench.description.links.iter().map(|link| link.searched_in().to_owned()).collect();
    kinds.sort();
    kinds.dedup();
    if kinds.is_empty() { vec!["party".to_owned()] } else { kinds }
}

/// By id; an id that comes twice must be the same thing.
fn by_id(kind: &str, all: Vec<Entity>) -> Result<BTreeMap<EntityId, Entity>, Miss> {
    let mut found: BTreeMap<EntityId, Entity> = BTreeMap::new();
    for entity in all {
        if entity.id.as_str().trim().is_empty() {
            return failed(format!("a {kind} called \"{}\" has no id", entity.name));
        }
        if entity.kind != kind {
            return failed(format!("search of {kind} gives a {}: {}", entity.kind, entity.name));
        }
        if let Some(other) = found.get(&entity.id).filter(|other| **other != entity) {
            return failed(format!(
                "two different things have the id {}: {} and {}",
                entity.id, other.name, entity.name
            ));
        }
        found.insert(entity.id.clone(), entity);
    }
    Ok(found)
}

pub(super) async fn search(bench: &Bench) -> Told {
    let mut stage = bench.bare().await?;
    // That every link of the description is found is the first half.
    match stage.settle_in().await {
        Err(Miss::Failed(text)) if text.starts_with("probe") => return Err(Miss::Skipped(text)),
        settled => settled?,
    }
    let mut told = Vec::new();
    for kind in kinds(bench) {
        let found = by_id(&kind, stage.search(&kind, "").await?)?;
        told.push(format!("{} {kind}", found.len()));
    }
    let unknown = stage.pages("kind-of-the-kit", "").await?;
    match unknown {
        Ok(found) if found.is_empty() => {}
        Err(Failure { class: FailureClass::Unsupported | FailureClass::Rejected, .. }) => {}
        Ok(found) => return failed(format!("a kind that nobody knows has {} entities", found.len())),
        Err(other) => return failed(format!("a kind that nobody knows must be unsupported: {other}")),
    }
    Ok(told.join(", "))
}

pub(super) async fn endless(bench: &Bench) -> Told {
    let stage = bench.stage().await?;
    for kind in kinds(bench) {
        stage.line.put(Rule::always(Side::Reads, Fault::SamePage).of_lists());
        let answer = stage.pages(&kind, "").await;
        stage.line.mend();
        if let Some(path) = stage.line.endless() {
            return failed(format!("search of {kind} asks for {path} without end while each page is the same"));
        }
        match answer {
            // A cursor that comes again is seen by the host.
            Ok(_) => {}
            Err(Miss::Failed(text)) if text.contains("that it was given") => {}
            Err(other) => return Err(other),
        }
    }
    Ok("a list whose pages repeat ends".to_owned())
}

pub(super) async fn repeats(bench: &Bench) -> Told {
    let stage = bench.stage().await?;
    for kind in kinds(bench) {
        let before = by_id(&kind, stage.search(&kind, "").await?)?;
        stage.line.put(Rule::always(Side::Reads, Fault::Body(Body::Repeated)).of_lists());
        let after = by_id(&kind, stage.search(&kind, "").await?)?;
        stage.line.mend();
        if before != after {
            return failed(format!(
                "{kind}: {} are found, and {} when pages overlap and come in another order",
                before.len(),
                after.len()
            ));
        }
    }
    Ok("overlapping pages in another order give the same".to_owned())
}

pub(super) async fn get(bench: &Bench) -> Told {
    let stage = bench.stage().await?;
    let mut count = 0;
    for kind in kinds(bench) {
        let known = by_id(&kind, stage.search(&kind, "").await?)?;
        let mut ids: Vec<EntityId> = known.keys().take(5).cloned().collect();
        let answer = settled("get", stage.get(&kind, ids.clone()).await)?;
        let found = match answer {
            Err(failure) if failure.class == FailureClass::Unsupported => continue,
            Err(failure) => return failed(format!("get of {kind}: {failure}")),
            Ok(found) => by_id(&kind, found)?,
        };
        if let Some(missing) = ids.iter().find(|id| !found.contains_key(id)) {
            return failed(format!("get does not find the {kind} {missing} that search gave"));
        }
        if let Some(more) = found.keys().find(|id| !ids.contains(id)) {
            return failed(format!("get gives the {kind} {more} that nobody asked for"));
        }
        if let Some(id) = ids.first().cloned() {
            ids = vec![id.clone(), missing_like(&id)];
            let found = settled("get", stage.get(&kind, ids).await)?;
            let found =
                found.map_err(|failure| Miss::Failed(format!("get of {kind}, one of two missing: {failure}")))?;
            if found.len() != 1 || found[0].id != id {
                return failed(format!("get of a {kind} and of one that is missing gives {} of them", found.len()));
            }
        }
        count += found.len();
    }
    Ok(format!("{count} found again, missing ones left out"))
}

/// An id of the same shape that nothing has.
fn missing_like(id: &EntityId) -> EntityId {
    let changed = id.as_str().chars().map(|c| if c.is_ascii_digit() { '9' } else { c });
    EntityId::new(changed.collect::<String>())
}

fn draft(wanted: &Create, key: &str) -> Result<Draft, Miss> {
    let bad = |what: &str| Miss::Skipped(format!("the description's {what} of {} cannot be read", wanted.name));
    Ok(Draft {
        key: key.to_owned(),
        code: wanted.code.clone(),
        name: wanted.name.clone(),
        currency: wanted.currency.as_deref().map(Currency::parse).transpose().map_err(|_| bad("currency"))?,
        price: wanted.price.as_deref().map(str::parse).transpose().map_err(|_| bad("price"))?,
        cost: None,
        attributes: wanted.attributes.clone().into_iter().collect(),
    })
}

fn creates(bench: &Bench) -> Vec<Create> {
    if !bench.description.creates.is_empty() {
        return bench.description.creates.clone();
    }
    let of = |kind: &str, code: &str, name: &str| Create {
        kind: kind.to_owned(),
        code: code.to_owned(),
        name: name.to_owned(),
        currency: None,
        price: None,
        attributes: BTreeMap::new(),
    };
    vec![of("party", "KIT-1", "Kit & Sons"), of("item", "KIT-ITEM", "Item of the kit")]
}

pub(super) async fn create(bench: &Bench) -> Told {
    let mut made = Vec::new();
    for wanted in creates(bench) {
        let stage = bench.stage().await?;
        let draft = draft(&wanted, &format!("kit-create-{}", wanted.kind))?;
        // Two calls of which the second knows nothing of the first's answer, as after a crash.
        let first = settled("create", stage.create(&Journal::new("create"), &wanted.kind, draft.clone()).await)?;
        let first = match first {
            Err(failure) if failure.class == FailureClass::Unsupported => continue,
            first => first.map_err(|failure| Miss::Failed(format!("create of {}: {failure}", wanted.kind)))?,
        };
        if first.name != wanted.name || first.kind != wanted.kind {
            return failed(format!(
                "create of {} \"{}\" gives {} \"{}\"",
                wanted.kind, wanted.name, first.kind, first.name
            ));
        }
        once(&stage, &wanted, &first, draft).await?;
        made.push(wanted.kind);
    }
    if made.is_empty() {
        not_applicable("this target creates nothing")
    } else {
        Ok(format!("{} made once", made.join(", ")))
    }
}

async fn once(stage: &Stage, wanted: &Create, first: &Entity, draft: Draft) -> Result<(), Miss> {
    let again = settled("create", stage.create(&Journal::new("create-again"), &wanted.kind, draft).await)?;
    match again {
        Ok(again) if again.id != first.id => {
            return failed(format!(
                "the same draft under the same key makes a second {}: {} and {}",
                wanted.kind, first.id, again.id
            ));
        }
        Ok(_) => {}
        // Refusing is no second one, as long as the first is found.
        Err(failure) if failure.class == FailureClass::Conflict => {}
        Err(failure) => return failed(format!("the same draft again: {failure}")),
    }
    let same = |entity: &&Entity| entity.name == wanted.name;
    let mut there: Vec<EntityId> =
        stage.search(&wanted.kind, &wanted.name).await?.iter().filter(same).map(|entity| entity.id.clone()).collect();
    there.sort();
    there.dedup();
    if there.len() == 1 {
        Ok(())
    } else {
        failed(format!("{} \"{}\" stands {} times in the books", wanted.kind, wanted.name, there.len()))
    }
}

/// Items are what has prices.
const PRICED: &str = "item";

pub(super) async fn revise(bench: &Bench) -> Told {
    if !kinds(bench).iter().any(|kind| kind == PRICED) {
        return not_applicable("the description links to no item");
    }
    let stage = bench.stage().await?;
    let known = by_id(PRICED, stage.search(PRICED, "").await?)?;
    let Some(before) = known.into_values().find(|item| item.active) else {
        return not_applicable("there is no item");
    };
    // Another name too: only the prices may be taken from it.
    let draft = Draft {
        key: "kit-revise".to_owned(),
        code: before.code.clone(),
        name: format!("{} of the kit", before.name),
        currency: before.currency,
        price: Some(before.price.unwrap_or(Decimal::TEN) + Decimal::new(125, 2)),
        cost: Some(before.cost.unwrap_or(Decimal::TEN) + Decimal::new(75, 2)),
        attributes: Vec::new(),
    };
    let journal = Journal::new("revise");
    let after = settled("revise", stage.revise(&journal, PRICED, before.id.clone(), draft.clone()).await)?;
    let after = match after {
        Err(failure) if failure.class == FailureClass::Unsupported && journal.keys().is_empty() => {
            return not_applicable("this target sets no prices");
        }
        after => after.map_err(|failure| Miss::Failed(format!("revise of {}: {failure}", before.name)))?,
    };
    priced_alone(&stage, &before, &after, &draft).await?;
    let again = Journal::new("revise-again");
    let same = settled("revise", stage.revise(&again, PRICED, before.id.clone(), draft).await)?;
    let same = same.map_err(|failure| Miss::Failed(format!("the same prices again: {failure}")))?;
    if (same.price, same.cost) != (after.price, after.cost) || !again.keys().is_empty() {
        return failed(format!("the same prices of {} again are written once more", before.name));
    }
    Ok(format!("price and cost of {} set, and nothing else", before.name))
}

/// What is stored has the draft's prices, and all else as it was.
async fn priced_alone(stage: &Stage, before: &Entity, after: &Entity, draft: &Draft) -> Result<(), Miss> {
    let found = settled("get", stage.get(PRICED, vec![before.id.clone()]).await)?;
    let found = found.map_err(|failure| Miss::Failed(format!("get of the item {}: {failure}", before.id)))?;
    let stored = found.first().map(|item| (item.price, item.cost));
    for (whose, is) in [("revise gives", Some((after.price, after.cost))), ("get shows", stored)] {
        if is != Some((draft.price, draft.cost)) {
            return failed(format!(
                "{whose} price and cost {is:?} of {}, and not {:?} and {:?}",
                before.name, draft.price, draft.cost
            ));
        }
    }
    let others = |item: &Entity| (item.code.clone(), item.name.clone(), item.active, item.currency);
    match found.first() {
        Some(stored) if others(stored) != others(before) => {
            failed(format!("{} became \"{}\": only price and cost may change", before.name, stored.name))
        }
        _ => Ok(()),
    }
}

pub(super) async fn hostile(bench: &Bench) -> Told {
    let stage = bench.stage().await?;
    for kind in kinds(bench).iter().filter(|kind| ["party", "item", "container"].contains(&kind.as_str())) {
        for text in HOSTILE {
            match stage.pages(kind, text).await? {
                Ok(found) => {
                    let named = |entity: &&Entity| !format!("{entity:?}").to_lowercase().contains(TAG);
                    if let Some(other) = found.iter().find(named) {
                        return failed(format!(
                            "search of {kind} for {text:?} finds \"{}\": the text widens what is asked for",
                            other.name
                        ));
                    }
                }
                Err(Failure { class: FailureClass::Rejected | FailureClass::Unsupported, .. }) => {}
                Err(failure) => return failed(format!("search of {kind} for {text:?} breaks the request: {failure}")),
            }
        }
        let long = format!("{TAG}{}", "x".repeat(10_000));
        if let Ok(found) = stage.pages(kind, &long).await?
            && !found.is_empty()
        {
            return failed(format!("search of {kind} for a text of 10,000 letters finds {}", found.len()));
        }
    }
    Ok(format!("{} texts find nothing that does not hold them", HOSTILE.len() + 1))
}
