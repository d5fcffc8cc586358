//! Pages for people: rendered here, working without scripts, nothing loaded from elsewhere.

pub(crate) mod callback;
pub(crate) mod home;
pub(crate) mod login;

use axum::http::header;
use axum::response::{IntoResponse, Response};

use crate::html::Html;

const STYLE: &str = include_str!("style.css");

/// The pages' style.
#[utoipa::path(get, path = "/assets/style.css", tag = "pages", responses((status = 200, content_type = "text/css", body = String)))]
pub(crate) async fn style() -> Response {
    let headers = [(header::CONTENT_TYPE, "text/css; charset=utf-8"), (header::CACHE_CONTROL, "public, max-age=300")];
    (headers, STYLE).into_response()
}

fn begin(title: &str) -> Html {
    let mut html = Html::default();
    html.markup("<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n")
        .markup("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n")
        .cell("<title>", title, " · Counterfoil</title>\n")
        .markup("<link rel=\"stylesheet\" href=\"/assets/style.css\">\n</head>\n<body>\n");
    html
}

fn end(mut html: Html) -> Response {
    html.markup("</body>\n</html>\n");
    ([(header::CONTENT_TYPE, "text/html; charset=utf-8")], html.done()).into_response()
}
