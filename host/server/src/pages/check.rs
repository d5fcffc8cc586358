//! Check Changes as a form of the top bar.

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Redirect};

use super::fields::Fields;
use super::frame::{Shown, segment};
use crate::extract::Id;
use crate::guard::Who;
use crate::parts::App;
use crate::routes::commands;

/// Check Changes of a connection; a second click follows the run that is under way.
#[utoipa::path(post, path = "/connections/{id}/check", tag = "pages", params(("id" = String, Path)), responses((status = 303, description = "To the run.")))]
pub(crate) async fn check(State(app): State<App>, who: Who, Id(id): Id, _: Fields) -> Shown {
    let started = commands::check(State(app), who, Id(id), HeaderMap::new(), None).await?;
    Ok(Redirect::to(&format!("/runs/{}", segment(started.run().id.as_str()))).into_response())
}
