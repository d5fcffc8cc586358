//! Mapping a customer's billing motion to a party and a container of the target, and taking it back.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use counterfoil_domain::connection::Connection;
use counterfoil_domain::directory::Entity;
use counterfoil_domain::failure::FailureClass;
use counterfoil_domain::id::EntityId;
use counterfoil_domain::link::{Link, LinkTarget};
use counterfoil_domain::ports::{CallError, Write};
use serde::Deserialize;
use utoipa::IntoParams;

use super::{book, lately, motion, program};
use crate::extract::{Body, Ids, Params};
use crate::guard::Who;
use crate::linking::change::{self, Wrong};
use crate::linking::containing;
use crate::linking::touched::touched;
use crate::parts::App;
use crate::problem::{Problem, of_read};
use crate::programs::mapping::{Book, Stream};
use crate::routes::audit;
use crate::wire::{MappingAnswer, MappingBody};

type Place = (String, String, String, String);

/// Asked for in one call.
const GET_CHUNK: usize = 40;

fn not_seen(customer: &str, motion: &str) -> Problem {
    Problem::not_found("customer with this billing motion in any statement", &format!("{customer}/{motion}"))
}

/// What the target has under these ids. None: it cannot be asked for them by id.
pub(super) async fn entities(
    app: &App,
    connection: &Connection,
    kind: &str,
    ids: &[EntityId],
) -> Result<Option<BTreeMap<EntityId, Entity>>, Problem> {
    let mut found = BTreeMap::new();
    for chunk in ids.chunks(GET_CHUNK) {
        match (app.parts.live.get)(connection.id.clone(), kind.to_owned(), chunk.to_vec()).await {
            Ok(entities) => found.extend(entities.into_iter().map(|entity| (entity.id.clone(), entity))),
            Err(CallError::Failed(failure)) if failure.class == FailureClass::Unsupported => return Ok(None),
            Err(error) => return Err(of_read(error)),
        }
    }
    Ok(Some(found))
}

/// The target's thing of this id, as a link keeps it.
pub(super) fn target(
    id: &str,
    known: Option<&BTreeMap<EntityId, Entity>>,
    what: &'static str,
) -> Result<LinkTarget, Wrong> {
    let plain = LinkTarget { id: EntityId::from(id), code: String::new(), name: String::new(), attributes: vec![] };
    let Some(known) = known else { return Ok(plain) };
    let Some(entity) = known.get(&plain.id) else {
        return Err(Wrong::new(what, "not-in-target", format!("the target has no {what} with the id {id}")));
    };
    if !entity.active {
        let text = format!("{} is not active in the target: nothing that goes there is billed", entity.name);
        return Err(Wrong::new(what, "not-active", text));
    }
    Ok(LinkTarget {
        code: entity.code.clone(),
        name: entity.name.clone(),
        attributes: entity.attributes.clone(),
        ..plain
    })
}

/// Set where a customer's billing motion goes: the party, and a container of that party where the target has containers. Both
/// are looked up in the target first.
#[utoipa::path(put, path = "/v1/connections/{id}/programs/{name}/customers/{customer}/{motion}", tag = "programs", params(("id" = String, Path), ("name" = String, Path), ("customer" = String, Path), ("motion" = String, Path)), request_body = MappingBody, responses((status = 200, body = MappingAnswer)))]
pub(crate) async fn put(
    State(app): State<App>,
    who: Who,
    Ids((id, name, customer, written)): Ids<Place>,
    Body(body): Body<MappingBody>,
) -> Result<Json<MappingAnswer>, Problem> {
    let (connection, _) = program(&app, &id, &name).await?;
    let motion = motion(&written)?;
    let rows = lately(&app, &connection).await?;
    let book = book(&app, &connection, &rows).await?;
    let stream = book.find(&customer, motion).ok_or_else(|| not_seen(&customer, &written))?;
    if body.party.trim().is_empty() {
        return Err(Wrong::new("party", "required", "say which party of the target is the customer").into());
    }
    let container = body.container.as_deref().map(str::trim).filter(|id| !id.is_empty());
    let (needed, given) = (book.needs_container(), container.is_some());
    if needed != given {
        let (code, text) = if needed {
            ("required", "say which container of the party the lines go into")
        } else {
            ("not-here", "as this connection is set, its lines go into no container")
        };
        return Err(Wrong::new("container", code, text).into());
    }
    let ids = |id: &str| vec![EntityId::from(id)];
    let party = body.party.trim();
    let known = entities(&app, &connection, "party", &ids(party)).await?;
    let party = target(party, known.as_ref(), "party")?;
    let container = match container {
        Some(id) => {
            let known = entities(&app, &connection, "container", &ids(id)).await?;
            Some(target(id, known.as_ref(), "container")?)
        }
        None => None,
    };
    let links = book.mapped(&connection, stream, party, container, &format!("set by {}", who.actor));
    change(&app, &who, &connection, (&book, stream), links, body.dry_run).await
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct DryRun {
    /// True: answer what would change, write nothing.
    #[serde(default)]
    pub(crate) dry_run: bool,
}

/// Take a mapping back: the statements of this customer and motion wait for another one. What was billed stays.
#[utoipa::path(delete, path = "/v1/connections/{id}/programs/{name}/customers/{customer}/{motion}", tag = "programs", params(("id" = String, Path), ("name" = String, Path), ("customer" = String, Path), ("motion" = String, Path), DryRun), responses((status = 200, body = MappingAnswer)))]
pub(crate) async fn remove(
    State(app): State<App>,
    who: Who,
    Ids((id, name, customer, written)): Ids<Place>,
    Params(query): Params<DryRun>,
) -> Result<Json<MappingAnswer>, Problem> {
    let (connection, _) = program(&app, &id, &name).await?;
    let motion = motion(&written)?;
    let rows = lately(&app, &connection).await?;
    let book = book(&app, &connection, &rows).await?;
    let stream = book.find(&customer, motion).ok_or_else(|| not_seen(&customer, &written))?;
    let links = book.unmapped(stream, &format!("let go by {}", who.actor));
    change(&app, &who, &connection, (&book, stream), links, query.dry_run).await
}

/// Both links in one commit, held against the target as one.
async fn change(
    app: &App,
    who: &Who,
    connection: &Connection,
    (book, stream): (&Book, &Stream),
    links: Vec<Link>,
    dry_run: bool,
) -> Result<Json<MappingAnswer>, Problem> {
    let after = book.with(&links);
    let changed: Vec<&Link> = links.iter().collect();
    // A container that stays is held against a party that does not.
    let standing = book.link(counterfoil_domain::link::LinkKind::Container, &stream.subscription());
    let mut held = changed.clone();
    held.extend(standing.filter(|link| !links.iter().any(|other| other.key == link.key)));
    if let Some((_, wrong)) = containing::wrongs(app, connection, &after, &held).await?.pop_first() {
        return Err(Wrong { part: "container", ..wrong }.into());
    }
    let touched = touched(app, connection, &book.links, &changed).await?;
    if !dry_run && !links.is_empty() {
        app.store().commit(writes(app, who, "link.set", &links)).await?;
        app.wake();
    }
    let rows = lately(app, connection).await?;
    let now = super::book(app, connection, &rows).await?;
    Ok(Json(MappingAnswer {
        customer: now
            .find(stream.customer.as_str(), stream.motion)
            .map_or_else(|| book.view(stream), |one| now.view(one)),
        changed: !links.is_empty(),
        dry_run,
        touches: touched.named,
        touched: touched.count,
    }))
}

pub(super) fn writes(app: &App, who: &Who, action: &str, links: &[Link]) -> Vec<Write> {
    let one = |link: &Link| {
        let subject = format!("{}/{}/{}", link.key.connection, link.key.kind, link.key.source);
        [Write::PutLink(link.clone()), audit(app, &who.actor, action, subject, change::say(&link.state))]
    };
    links.iter().flat_map(one).collect()
}
