//! Style, script and icon: embedded, addressed by their content so that browsers may keep them for good.

use std::sync::LazyLock;

use axum::http::header;
use axum::response::{IntoResponse, Response};

use crate::auth::sha256_hex;
use crate::extract::Id;
use crate::problem::Problem;

struct Asset {
    /// "app.0123456789abcdef.js"
    name: String,
    kind: &'static str,
    body: &'static str,
}

const ICON: &str = "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 22 22\"><rect width=\"22\" height=\"22\" rx=\"4\" fill=\"#0a5399\"/><path d=\"M4 5h14v12H4zM9 5v12\" fill=\"none\" stroke=\"#fff\" stroke-width=\"1.8\"/></svg>";

fn asset(stem: &str, ending: &str, kind: &'static str, body: &'static str) -> Asset {
    let print: String = sha256_hex(body.as_bytes()).chars().take(16).collect();
    Asset { name: format!("{stem}.{print}.{ending}"), kind, body }
}

static ALL: LazyLock<[Asset; 3]> = LazyLock::new(|| {
    [
        asset("style", "css", "text/css; charset=utf-8", include_str!("style.css")),
        asset("app", "js", "text/javascript; charset=utf-8", include_str!("app.js")),
        asset("icon", "svg", "image/svg+xml", ICON),
    ]
});

fn href(of: usize) -> String {
    ALL.get(of).map(|asset| format!("/assets/{}", asset.name)).unwrap_or_default()
}

pub(crate) fn style() -> String {
    href(0)
}

pub(crate) fn script() -> String {
    href(1)
}

pub(crate) fn icon() -> String {
    href(2)
}

/// A style, script or icon of the pages.
#[utoipa::path(get, path = "/assets/{name}", tag = "pages", params(("name" = String, Path)), responses((status = 200, content_type = "text/css", body = String)))]
pub(crate) async fn show(Id(name): Id) -> Result<Response, Problem> {
    let found = ALL.iter().find(|asset| asset.name == name);
    let asset = found.ok_or_else(|| Problem::not_found("asset", &name))?;
    let headers = [(header::CONTENT_TYPE, asset.kind), (header::CACHE_CONTROL, "public, max-age=31536000, immutable")];
    Ok((headers, asset.body).into_response())
}
