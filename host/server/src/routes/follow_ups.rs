//! Reading the steps that wait in targets.

use std::collections::BTreeSet;

use axum::Json;
use axum::extract::State;
use counterfoil_domain::follow_up::{FollowUp, FollowUpState};
use serde::Deserialize;
use utoipa::IntoParams;

use super::{connection, page_size};
use crate::extract::Params;
use crate::parts::App;
use crate::problem::Problem;
use crate::suggest::hint;
use crate::wire::{FollowUpList, FollowUpView};

/// Those of which something may still come.
pub(crate) const OPEN: [&str; 3] = ["waiting", "sending", "person"];

#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct FollowUpQuery {
    pub(crate) connection: Option<String>,
    /// waiting · sending · done · left · person, or several with commas between; left out: what is open.
    pub(crate) state: Option<String>,
    pub(crate) limit: Option<usize>,
}

fn states(written: Option<&str>) -> Result<BTreeSet<String>, Problem> {
    let named = written.into_iter().flat_map(|list| list.split(',')).map(str::trim).filter(|state| !state.is_empty());
    let mut states = BTreeSet::new();
    for state in named {
        if !FollowUpState::NAMES.contains(&state) {
            let help = hint(state, FollowUpState::NAMES);
            return Err(Problem::invalid("/state", "unknown-state", format!("\"{state}\" is not a state; {help}")));
        }
        states.insert(state.to_owned());
    }
    if states.is_empty() {
        states.extend(OPEN.map(str::to_owned));
    }
    Ok(states)
}

/// With the number and customer of their tasks.
pub(crate) async fn views(app: &App, all: &[FollowUp]) -> Result<Vec<FollowUpView>, Problem> {
    let mut views = Vec::with_capacity(all.len());
    for one in all {
        let Some(task) = app.store().task(&one.task).await? else { continue };
        views.push(FollowUpView::new(one, &task));
    }
    Ok(views)
}

/// Steps of synchronized tasks that wait until somebody did something in the target, oldest first.
#[utoipa::path(get, path = "/v1/follow-ups", tag = "tasks", params(FollowUpQuery), responses((status = 200, body = FollowUpList)))]
pub(crate) async fn list(
    State(app): State<App>,
    Params(query): Params<FollowUpQuery>,
) -> Result<Json<FollowUpList>, Problem> {
    let limit = page_size(query.limit)?;
    let states = states(query.state.as_deref())?;
    let connections = match &query.connection {
        Some(id) => vec![connection(&app, id).await?],
        None => app.store().connections().await?,
    };
    let mut found = Vec::new();
    for connection in connections {
        found.extend(app.store().follow_ups(&connection.id, states.clone(), limit + 1).await?);
    }
    found.sort_by(|a, b| (a.begun_at, &a.plan).cmp(&(b.begun_at, &b.plan)));
    let has_more = found.len() > limit;
    found.truncate(limit);
    Ok(Json(FollowUpList { follow_ups: views(&app, &found).await?, has_more }))
}
