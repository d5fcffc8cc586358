//! Links: listing, setting, clearing, and never synchronizing.

use axum::Json;
use axum::extract::State;
use counterfoil_domain::judge::LinkBook;
use counterfoil_domain::link::{Link, LinkKey, LinkKind, LinkState};
use counterfoil_domain::ports::Write;
use serde::Deserialize;
use utoipa::IntoParams;

use super::{audit, connection, page_size, slice};
use crate::extract::{Body, Params};
use crate::guard::Who;
use crate::linking::change::{self, Wrong};
use crate::linking::containing;
use crate::linking::touched::touched;
use crate::parts::App;
use crate::problem::Problem;
use crate::wire::{LinkAnswer, LinkBody, LinkPage, LinkView, PageEnd};

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct LinkQuery {
    pub(crate) connection: String,
    /// party · item · fee · container
    pub(crate) kind: Option<String>,
    /// linked · unlinked · never-sync
    pub(crate) state: Option<String>,
    /// In the id, code or name of either side.
    pub(crate) text: Option<String>,
    pub(crate) limit: Option<usize>,
    pub(crate) after: Option<String>,
}

/// Whether people would find the link by this.
fn holds(link: &Link, text: &str) -> bool {
    let target = link.target().map(|target| [target.id.as_str(), &target.code, &target.name]);
    let parts = [link.key.source.as_str(), &link.source_name].into_iter().chain(target.into_iter().flatten());
    parts.into_iter().any(|part| part.to_lowercase().contains(text))
}

pub(super) fn known_kind(written: &str) -> Result<LinkKind, Problem> {
    Ok(change::kind(written)?)
}

pub(super) fn known_state(written: &str) -> Result<&str, Problem> {
    if change::STATES.contains(&written) { Ok(written) } else { Err(change::unknown_state(written).into()) }
}

/// A connection's links, by kind and source.
#[utoipa::path(get, path = "/v1/links", tag = "links", params(LinkQuery), responses((status = 200, body = LinkPage)))]
pub(crate) async fn list(State(app): State<App>, Params(query): Params<LinkQuery>) -> Result<Json<LinkPage>, Problem> {
    let connection = connection(&app, &query.connection).await?;
    let kind = query.kind.as_deref().map(known_kind).transpose()?;
    let state = query.state.as_deref().map(known_state).transpose()?;
    let mut links = app.store().links(&connection.id, kind).await?;
    let text = query.text.map(|text| text.trim().to_lowercase()).filter(|text| !text.is_empty());
    links.retain(|link| {
        state.is_none_or(|state| link.state.name() == state) && text.as_deref().is_none_or(|text| holds(link, text))
    });
    let after = query.after.as_deref().map(|after| PageEnd::decode(after).ok_or_else(super::bad_cursor)).transpose()?;
    let after = after.map(|PageEnd(kind, source)| format!("{kind}\n{source}"));
    let key = |link: &Link| format!("{}\n{}", link.key.kind, link.key.source);
    let (page, next) = slice(links, after.as_deref(), page_size(query.limit)?, key);
    let next = next.and_then(|next| next.split_once('\n').map(|(k, s)| PageEnd(k.to_owned(), s.to_owned()).encode()));
    Ok(Json(LinkPage { links: page.iter().map(LinkView::from).collect(), has_more: next.is_some(), next }))
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct DryRun {
    /// True: answer what would change, write nothing.
    #[serde(default)]
    pub(crate) dry_run: bool,
}

fn state_of(body: &LinkBody) -> Result<LinkState, Wrong> {
    match (body.state.as_str(), &body.target) {
        ("linked", Some(target)) if !target.id.trim().is_empty() => Ok(LinkState::Linked(target.clone().into())),
        ("linked", _) => Err(Wrong::new("target", "required", "a link needs the target's id")),
        ("unlinked" | "never-sync", Some(_)) => {
            Err(Wrong::new("target", "not-here", "only the state linked has a target"))
        }
        ("unlinked", None) => Ok(LinkState::Unlinked),
        ("never-sync", None) => Ok(LinkState::NeverSync),
        (other, _) => Err(change::unknown_state(other)),
    }
}

impl From<Wrong> for Problem {
    fn from(wrong: Wrong) -> Self {
        Self::invalid(&wrong.pointer(), wrong.code, wrong.text)
    }
}

/// Set a link, clear it, or decide that it is never synchronized; the answer names the tasks that it touches.
#[utoipa::path(put, path = "/v1/links", tag = "links", params(DryRun), request_body = LinkBody, responses((status = 200, body = LinkAnswer)))]
pub(crate) async fn put(
    State(app): State<App>,
    who: Who,
    Params(query): Params<DryRun>,
    Body(body): Body<LinkBody>,
) -> Result<Json<LinkAnswer>, Problem> {
    let connection = connection(&app, &body.connection).await?;
    let kind = known_kind(&body.kind)?;
    change::source(kind, &body.source)?;
    let state = state_of(&body)?;
    let key = LinkKey { connection: connection.id.clone(), kind, source: body.source };
    let links = app.store().links(&connection.id, None).await?;
    let known = links.iter().find(|link| link.key == key);
    let source_name = body.source_name.or_else(|| known.map(|link| link.source_name.clone())).unwrap_or_default();
    let dry_run = query.dry_run;
    if let Some(known) = known.filter(|known| known.state == state && known.source_name == source_name) {
        return Ok(Json(LinkAnswer { link: known.into(), dry_run, changed: false, touches: Vec::new(), touched: 0 }));
    }
    let was = known.map_or_else(|| "none".to_owned(), |known| change::say(&known.state));
    let detail = format!("{was} → {}", change::say(&state));
    let link = Link { key, source_name, state, why: format!("set by {}", who.actor) };
    let book = LinkBook::new(links.clone());
    change::fits(&link, &book, connection.rules.many_to_one)?;
    if let Some((_, wrong)) = containing::wrongs(&app, &connection, &book, &[&link]).await?.pop_first() {
        return Err(wrong.into());
    }
    let touched = touched(&app, &connection, &links, &[&link]).await?;
    if !dry_run {
        let subject = format!("{}/{}/{}", link.key.connection, link.key.kind, link.key.source);
        let note = audit(&app, &who.actor, "link.set", subject, detail);
        app.store().commit(vec![Write::PutLink(link.clone()), note]).await?;
        app.wake();
    }
    let (touches, touched) = (touched.named, touched.count);
    Ok(Json(LinkAnswer { link: (&link).into(), dry_run, changed: true, touches, touched }))
}
