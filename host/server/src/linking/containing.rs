//! Containers that subscriptions are to be linked to, as the target has them now: what bills in another currency, every
//! other month or somebody else is refused with its reason. Owns the asking; what fits is decided in the domain. Where the
//! target cannot be asked, the link is kept: each plan reads its container anew and is held against it.

use std::collections::BTreeMap;

use counterfoil_domain::connection::Connection;
use counterfoil_domain::container::{self, Container};
use counterfoil_domain::directory::Entity;
use counterfoil_domain::fitting::{Wanted, misfits};
use counterfoil_domain::id::{EntityId, SubscriptionId};
use counterfoil_domain::judge::LinkBook;
use counterfoil_domain::link::{Link, LinkKind, LinkTarget};
use counterfoil_domain::market::Subscription;

use super::change::Wrong;
use crate::parts::App;
use crate::problem::Problem;

/// So many are asked for at once.
const GET_CHUNK: usize = 40;

/// What is wrong with these links, by subscription. `book` holds the links as they would be.
pub(crate) async fn wrongs(
    app: &App,
    connection: &Connection,
    book: &LinkBook,
    links: &[&Link],
) -> Result<BTreeMap<String, Wrong>, Problem> {
    let containers: Vec<(&str, &LinkTarget)> = links
        .iter()
        .filter(|link| link.key.kind == LinkKind::Container)
        .filter_map(|link| Some((link.key.source.as_str(), link.target()?)))
        .collect();
    let mut wrongs = BTreeMap::new();
    if containers.is_empty() {
        return Ok(wrongs);
    }
    let ids = containers.iter().map(|(_, target)| target.id.clone()).collect();
    let Some(read) = read(app, connection, ids).await else { return Ok(wrongs) };
    let ids = containers.iter().map(|(source, _)| SubscriptionId::from(*source)).collect();
    let subscriptions = app.store().subscriptions(&connection.marketplace, Some(ids)).await?;
    for (source, target) in containers {
        let wrong = match read.get(&target.id) {
            None => {
                let text = format!("the target has no container with the id {}", target.id);
                Some(Wrong::new("target/id", "no-such-container", text))
            }
            Some(entity) => {
                let subscription = subscriptions.iter().find(|subscription| subscription.id.as_str() == source);
                misfit(entity, target, subscription, book)
            }
        };
        wrongs.extend(wrong.map(|wrong| (source.to_owned(), wrong)));
    }
    Ok(wrongs)
}

async fn read(app: &App, connection: &Connection, ids: Vec<EntityId>) -> Option<BTreeMap<EntityId, Entity>> {
    let mut read = BTreeMap::new();
    for chunk in ids.chunks(GET_CHUNK) {
        let asked = (app.parts.live.get)(connection.id.clone(), "container".to_owned(), chunk.to_vec());
        match asked.await {
            Ok(found) => read.extend(found.into_iter().map(|entity| (entity.id.clone(), entity))),
            Err(error) => {
                tracing::info!(connection = %connection.id, %error, "containers could not be read; the link is kept");
                return None;
            }
        }
    }
    Some(read)
}

/// The first reason for which a subscription cannot go there; of one that nobody knows, nothing but the container counts.
fn misfit(entity: &Entity, target: &LinkTarget, subscription: Option<&Subscription>, book: &LinkBook) -> Option<Wrong> {
    let container = Container::new(&entity.id, &entity.name, &container::attributes(target, entity));
    let party = subscription.and_then(|s| book.get(LinkKind::Party, s.customer.as_str())).and_then(Link::target);
    let wanted = Wanted {
        currency: subscription.and_then(|subscription| subscription.currency),
        cycle: subscription.and_then(|subscription| subscription.cycle),
        party: party.map(|party| &party.id),
    };
    let misfit = misfits(wanted, &container).into_iter().next()?;
    Some(Wrong::new("target/id", misfit.code(), misfit.to_string()))
}
