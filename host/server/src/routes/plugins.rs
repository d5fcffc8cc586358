//! Which plugins are installed, and what their cards say.

use axum::Json;
use axum::extract::State;

use crate::extract::Id;
use crate::parts::App;
use crate::problem::Problem;
use crate::wire::{PluginList, PluginView};

fn all(app: &App) -> Vec<PluginView> {
    let targets = &app.parts.targets;
    let mut plugins: Vec<PluginView> = targets
        .cards()
        .iter()
        .map(|(digest, card)| {
            let active = targets.active(&card.id).is_some_and(|target| target.digest() == digest);
            PluginView::of(card, digest, active)
        })
        .collect();
    // The active version of each first.
    plugins.sort_by(|a, b| (&a.id, !a.active, &a.version, &a.digest).cmp(&(&b.id, !b.active, &b.version, &b.digest)));
    plugins
}

/// Installed plugins, every version.
#[utoipa::path(get, path = "/v1/plugins", tag = "plugins", responses((status = 200, body = PluginList)))]
pub(crate) async fn list(State(app): State<App>) -> Json<PluginList> {
    Json(PluginList { plugins: all(&app) })
}

/// The active version of a plugin, else any.
#[utoipa::path(get, path = "/v1/plugins/{id}", tag = "plugins", params(("id" = String, Path)), responses((status = 200, body = PluginView)))]
pub(crate) async fn show(State(app): State<App>, Id(id): Id) -> Result<Json<PluginView>, Problem> {
    all(&app).into_iter().find(|plugin| plugin.id == id).map(Json).ok_or_else(|| Problem::not_found("plugin", &id))
}
