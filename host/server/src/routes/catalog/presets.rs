//! Options under a name, so that the same synchronization is asked for each time.

use axum::Json;
use axum::extract::State;
use counterfoil_domain::catalog::{DisplayPolicy, Preset};
use counterfoil_domain::id::ResellerId;
use counterfoil_domain::ports::Write;
use serde::Deserialize;
use utoipa::IntoParams;

use super::super::audit;
use super::{display, options};
use crate::extract::{Body, Id, Params};
use crate::guard::Who;
use crate::parts::App;
use crate::problem::Problem;
use crate::suggest::hint;
use crate::wire::{PresetBody, PresetList, PresetRemoved, PresetView};

const LONGEST_NAME: usize = 64;

#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct PresetQuery {
    /// Whose; needed where there are several resellers.
    pub(crate) reseller: Option<String>,
}

/// The named reseller, or the only one.
async fn owner(app: &App, given: Option<&str>) -> Result<ResellerId, Problem> {
    let all = app.store().resellers().await?;
    let known = || all.iter().map(|reseller| reseller.id.as_str());
    match (given, all.as_slice()) {
        (Some(id), _) => {
            all.iter().find(|reseller| reseller.id.as_str() == id).map(|one| one.id.clone()).ok_or_else(|| {
                let text = format!("there is no reseller \"{id}\"; {}", hint(id, known()));
                Problem::invalid("/reseller", "unknown-reseller", text)
            })
        }
        (None, [only]) => Ok(only.id.clone()),
        (None, _) => {
            let ids: Vec<&str> = known().collect();
            let text = format!("say whose preset it is: {}", ids.join(", "));
            Err(Problem::invalid("/reseller", "which-reseller", text))
        }
    }
}

/// Options that are saved under a name.
#[utoipa::path(get, path = "/v1/catalog/presets", tag = "catalog", params(PresetQuery), responses((status = 200, body = PresetList)))]
pub(crate) async fn list(
    State(app): State<App>,
    Params(query): Params<PresetQuery>,
) -> Result<Json<PresetList>, Problem> {
    let resellers = match &query.reseller {
        Some(id) => vec![owner(&app, Some(id)).await?],
        None => app.store().resellers().await?.into_iter().map(|reseller| reseller.id).collect(),
    };
    let mut presets = Vec::new();
    for reseller in resellers {
        presets.extend(app.store().presets(&reseller).await?.iter().map(PresetView::from));
    }
    Ok(Json(PresetList { presets }))
}

/// Save options under a name, in place of what the name stood for.
#[utoipa::path(put, path = "/v1/catalog/presets/{name}", tag = "catalog", params(("name" = String, Path)), request_body = PresetBody, responses((status = 200, body = PresetView)))]
pub(crate) async fn put(
    State(app): State<App>,
    who: Who,
    Id(name): Id,
    Body(body): Body<PresetBody>,
) -> Result<Json<PresetView>, Problem> {
    if name.trim() != name
        || name.is_empty()
        || name.chars().count() > LONGEST_NAME
        || name.chars().any(char::is_control)
    {
        let text = format!("a name has 1 to {LONGEST_NAME} characters, and no blank at its ends");
        return Err(Problem::invalid("/name", "bad-name", text));
    }
    let preset = Preset {
        reseller: owner(&app, body.reseller.as_deref()).await?,
        name,
        options: options(&body.options)?,
        display: body.display.as_deref().map_or(Ok(DisplayPolicy::Preserve), display)?,
        by: who.actor.clone(),
        at: app.now(),
    };
    let view = PresetView::from(&preset);
    let subject = format!("{}/{}", preset.reseller, preset.name);
    let note = audit(&app, &who.actor, "catalog.preset", subject, view.options.join(", "));
    app.store().commit(vec![Write::PutPreset(preset), note]).await?;
    Ok(Json(view))
}

/// Remove a preset. Runs that were made with it keep their options.
#[utoipa::path(delete, path = "/v1/catalog/presets/{name}", tag = "catalog", params(("name" = String, Path), PresetQuery), responses((status = 200, body = PresetRemoved)))]
pub(crate) async fn remove(
    State(app): State<App>,
    who: Who,
    Id(name): Id,
    Params(query): Params<PresetQuery>,
) -> Result<Json<PresetRemoved>, Problem> {
    let reseller = owner(&app, query.reseller.as_deref()).await?;
    let all = app.store().presets(&reseller).await?;
    let preset = all.iter().find(|preset| preset.name == name).ok_or_else(|| Problem::not_found("preset", &name))?;
    let subject = format!("{}/{}", preset.reseller, preset.name);
    let note = audit(&app, &who.actor, "catalog.preset-removed", subject, "");
    app.store().commit(vec![Write::RemovePreset(reseller, name), note]).await?;
    Ok(Json(PresetRemoved { removed: preset.into() }))
}
