//! Pages for people: rendered here, working without scripts, nothing loaded from elsewhere. Each shows what the API answers
//! and does what its commands do.

mod address;
pub(crate) mod asset;
pub(crate) mod audit;
pub(crate) mod callback;
mod candidate;
mod card_form;
pub(crate) mod catalog;
pub(crate) mod catalog_run;
pub(crate) mod check;
pub(crate) mod connection;
pub(crate) mod connections;
mod fields;
mod filters;
mod frame;
pub(crate) mod ignored;
mod link;
pub(crate) mod link_change;
mod link_row;
pub(crate) mod link_table;
pub(crate) mod links;
pub(crate) mod login;
pub(crate) mod plugin;
pub(crate) mod plugins;
pub(crate) mod preview;
pub(crate) mod program;
pub(crate) mod programs;
pub(crate) mod reconcile;
pub(crate) mod reconciled;
pub(crate) mod rules;
pub(crate) mod runs;
mod said;
pub(crate) mod target;
pub(crate) mod task;
pub(crate) mod tasks;
mod trouble;
pub(crate) mod users;
mod waiting;
mod words;

pub(crate) use trouble::Trouble;

use axum::http::header;
use axum::response::{IntoResponse, Response};

use crate::html::Html;

fn begin(title: &str) -> Html {
    let mut html = Html::default();
    html.markup("<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n")
        .markup("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n")
        .cell("<title>", title, " · Counterfoil</title>\n")
        .cell("<link rel=\"stylesheet\" href=\"", &asset::style(), "\">\n")
        .cell("<link rel=\"icon\" href=\"", &asset::icon(), "\" type=\"image/svg+xml\">\n</head>\n<body>\n");
    html
}

fn end(mut html: Html) -> Response {
    html.markup("</body>\n</html>\n");
    ([(header::CONTENT_TYPE, "text/html; charset=utf-8")], html.done()).into_response()
}
