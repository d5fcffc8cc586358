//! Links: listing, setting, clearing, and never synchronizing.

use axum::Json;
use axum::extract::State;
use counterfoil_domain::link::{Link, LinkKey, LinkKind, LinkState};
use counterfoil_domain::ports::Write;
use serde::Deserialize;
use utoipa::IntoParams;

use super::{audit, connection, page_size, slice};
use crate::extract::{Body, Params};
use crate::guard::Who;
use crate::parts::App;
use crate::problem::Problem;
use crate::suggest::hint;
use crate::wire::{LinkBody, LinkPage, LinkView, PageEnd};

const STATES: [&str; 3] = ["linked", "unlinked", "never-sync"];

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct LinkQuery {
    connection: String,
    /// party · item · fee · container
    kind: Option<String>,
    /// linked · unlinked · never-sync
    state: Option<String>,
    limit: Option<usize>,
    after: Option<String>,
}

fn known_kind(written: &str) -> Result<LinkKind, Problem> {
    LinkKind::parse(written).ok_or_else(|| {
        let help = hint(written, LinkKind::ALL.iter().map(|kind| kind.name()));
        Problem::invalid("/kind", "unknown-kind", format!("\"{written}\" is not a kind of link; {help}"))
    })
}

fn unknown_state(written: &str) -> Problem {
    Problem::invalid(
        "/state",
        "unknown-state",
        format!("\"{written}\" is not a state of a link; {}", hint(written, STATES)),
    )
}

/// A connection's links, by kind and source.
#[utoipa::path(get, path = "/v1/links", tag = "links", params(LinkQuery), responses((status = 200, body = LinkPage)))]
pub(crate) async fn list(State(app): State<App>, Params(query): Params<LinkQuery>) -> Result<Json<LinkPage>, Problem> {
    let connection = connection(&app, &query.connection).await?;
    let kind = query.kind.as_deref().map(known_kind).transpose()?;
    if let Some(state) = query.state.as_deref().filter(|state| !STATES.contains(state)) {
        return Err(unknown_state(state));
    }
    let mut links = app.store().links(&connection.id, kind).await?;
    links.retain(|link| query.state.as_deref().is_none_or(|state| link.state.name() == state));
    let after = query.after.as_deref().map(|after| PageEnd::decode(after).ok_or_else(super::bad_cursor)).transpose()?;
    let after = after.map(|PageEnd(kind, source)| format!("{kind}\n{source}"));
    let key = |link: &Link| format!("{}\n{}", link.key.kind, link.key.source);
    let (page, next) = slice(links, after.as_deref(), page_size(query.limit)?, key);
    let next = next.and_then(|next| next.split_once('\n').map(|(k, s)| PageEnd(k.to_owned(), s.to_owned()).encode()));
    Ok(Json(LinkPage { links: page.iter().map(LinkView::from).collect(), has_more: next.is_some(), next }))
}

fn state_of(body: &LinkBody) -> Result<LinkState, Problem> {
    match (body.state.as_str(), &body.target) {
        ("linked", Some(target)) if !target.id.trim().is_empty() => Ok(LinkState::Linked(target.clone().into())),
        ("linked", _) => Err(Problem::invalid("/target", "required", "a link needs the target's id")),
        ("unlinked" | "never-sync", Some(_)) => {
            Err(Problem::invalid("/target", "not-here", "only the state linked has a target"))
        }
        ("unlinked", None) => Ok(LinkState::Unlinked),
        ("never-sync", None) => Ok(LinkState::NeverSync),
        (other, _) => Err(unknown_state(other)),
    }
}

fn say(state: &LinkState) -> String {
    match state {
        LinkState::Linked(target) => format!("linked to {} {}", target.id, target.name),
        LinkState::Unlinked | LinkState::NeverSync => state.name().to_owned(),
    }
}

/// Set a link, clear it, or decide that it is never synchronized.
#[utoipa::path(put, path = "/v1/links", tag = "links", request_body = LinkBody, responses((status = 200, body = LinkView)))]
pub(crate) async fn put(
    State(app): State<App>,
    who: Who,
    Body(body): Body<LinkBody>,
) -> Result<Json<LinkView>, Problem> {
    let connection = connection(&app, &body.connection).await?;
    let kind = known_kind(&body.kind)?;
    if body.source.trim().is_empty() {
        return Err(Problem::invalid("/source", "required", "say what is linked"));
    }
    let state = state_of(&body)?;
    let key = LinkKey { connection: connection.id.clone(), kind, source: body.source };
    let known = app.store().links(&connection.id, Some(kind)).await?.into_iter().find(|link| link.key == key);
    let source_name =
        body.source_name.or_else(|| known.as_ref().map(|link| link.source_name.clone())).unwrap_or_default();
    if let Some(known) = known.as_ref().filter(|known| known.state == state && known.source_name == source_name) {
        return Ok(Json(known.into()));
    }
    let was = known.as_ref().map_or_else(|| "none".to_owned(), |known| say(&known.state));
    let detail = format!("{was} → {}", say(&state));
    let link = Link { key, source_name, state, why: format!("set by {}", who.actor) };
    let subject = format!("{}/{}/{}", link.key.connection, link.key.kind, link.key.source);
    let note = audit(&app, &who.actor, "link.set", subject, detail);
    app.store().commit(vec![Write::PutLink(link.clone()), note]).await?;
    app.wake();
    Ok(Json((&link).into()))
}
