//! The customers of a program, by billing motion, and where each goes.

use axum::Json;
use axum::extract::State;
use counterfoil_domain::connection::Connection;
use counterfoil_domain::directory::Entity;
use serde::Deserialize;
use utoipa::IntoParams;

use super::{book, lately, motion, program};
use crate::extract::{Params, Two};
use crate::parts::App;
use crate::problem::{Problem, of_read};
use crate::programs::mapping::{Stream, same_name};
use crate::routes::{page_size, slice};
use crate::suggest::hint;
use crate::wire::{LinkTargetView, MappingPage, PageEnd};

/// Searches in the target for one answer: each costs a call there.
const MOST_SEARCHES: usize = 10;
const MOST_SUGGESTIONS: usize = 5;
const STATES: [&str; 3] = ["mapped", "unmapped", "never-sync"];

#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct CustomerQuery {
    /// In the customer's name or id.
    pub(crate) search: Option<String>,
    pub(crate) motion: Option<String>,
    /// mapped · unmapped · never-sync
    pub(crate) state: Option<String>,
    /// True: the target is searched for parties of exactly the same name or e-mail domain, for the first that are unmapped.
    #[serde(default)]
    pub(crate) suggest: bool,
    pub(crate) limit: Option<usize>,
    pub(crate) after: Option<String>,
}

/// Customers × billing motions that statements showed, by name, with what each is mapped to and its newest money.
#[utoipa::path(get, path = "/v1/connections/{id}/programs/{name}/customers", tag = "programs", params(("id" = String, Path), ("name" = String, Path), CustomerQuery), responses((status = 200, body = MappingPage)))]
pub(crate) async fn list(
    State(app): State<App>,
    Two(id, name): Two,
    Params(query): Params<CustomerQuery>,
) -> Result<Json<MappingPage>, Problem> {
    let (connection, _) = program(&app, &id, &name).await?;
    let wanted_motion = query.motion.as_deref().map(motion).transpose()?;
    if let Some(state) = query.state.as_deref().filter(|state| !STATES.contains(state)) {
        let text = format!("\"{state}\" is not a state of a mapping; {}", hint(state, STATES));
        return Err(Problem::invalid("/state", "unknown-state", text));
    }
    let rows = lately(&app, &connection).await?;
    let book = book(&app, &connection, &rows).await?;
    let needle = query.search.as_deref().map(|text| text.trim().to_lowercase()).filter(|text| !text.is_empty());
    let is_found = |stream: &&Stream| {
        let text = || format!("{}\u{1f}{}", stream.name(), stream.customer).to_lowercase();
        wanted_motion.is_none_or(|motion| motion == stream.motion)
            && query.state.as_deref().is_none_or(|state| book.state(stream) == state)
            && needle.as_deref().is_none_or(|needle| text().contains(needle))
    };
    let found: Vec<&Stream> = book.streams.iter().filter(is_found).collect();
    let after = query.after.as_deref().map(|after| PageEnd::decode(after).ok_or_else(crate::routes::bad_cursor));
    let after = after.transpose()?.map(|PageEnd(name, rest)| format!("{name}\n{rest}"));
    let key =
        |stream: &&Stream| format!("{}\n{}/{}", stream.name().to_lowercase(), stream.customer, stream.motion.name());
    let (page, next) = slice(found, after.as_deref(), page_size(query.limit)?, key);
    let next = next.and_then(|next| next.split_once('\n').map(|(a, b)| PageEnd(a.to_owned(), b.to_owned()).encode()));
    let mut customers = Vec::with_capacity(page.len());
    let mut searches = if query.suggest { MOST_SEARCHES } else { 0 };
    for stream in page {
        let mut view = book.view(stream);
        if view.party.is_none() && view.state == "unmapped" && searches > 0 {
            searches -= 1;
            view.suggestions = suggested(&app, &connection, stream).await?;
        }
        customers.push(view);
    }
    let (mapped, unmapped) = book.counts();
    Ok(Json(MappingPage { customers, mapped, unmapped, has_more: next.is_some(), next }))
}

async fn suggested(app: &App, connection: &Connection, stream: &Stream) -> Result<Vec<LinkTargetView>, Problem> {
    let search = (app.parts.live.search)(connection.id.clone(), "party".to_owned(), stream.name().to_owned(), None);
    let found = search.await.map_err(of_read)?;
    let domain = |entity: &Entity| {
        let email = entity.attribute("email").and_then(|email| email.rsplit_once('@'));
        email.map(|(_, domain)| domain.to_lowercase())
    };
    let is_same = |entity: &&Entity| {
        let same_domain = stream.email_domain().is_some_and(|ours| domain(entity).as_deref() == Some(ours));
        entity.active && (same_name(&entity.name, stream.name()) || same_domain)
    };
    let view = |entity: &Entity| LinkTargetView {
        id: entity.id.to_string(),
        code: entity.code.clone(),
        name: entity.name.clone(),
        attributes: Default::default(),
    };
    Ok(found.entities.iter().filter(is_same).take(MOST_SUGGESTIONS).map(view).collect())
}
