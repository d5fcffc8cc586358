//! A problem as a page: the same words as the API's, for people.

use askama::Template;
use axum::http::header;
use axum::response::{Html, IntoResponse, Response};

use super::asset;
use crate::problem::Problem;

/// A problem that a page answers with.
#[derive(Debug)]
pub(crate) struct Trouble(pub(crate) Problem);

impl<E: Into<Problem>> From<E> for Trouble {
    fn from(error: E) -> Self {
        Self(error.into())
    }
}

#[derive(Template)]
#[template(path = "trouble.html")]
struct Page<'a> {
    title: &'a str,
    detail: &'a str,
    code: &'a str,
    request_id: &'a str,
    faults: Vec<String>,
    style: String,
    icon: String,
}

impl IntoResponse for Trouble {
    fn into_response(self) -> Response {
        let body = self.0.body();
        let faults = body.errors.iter().map(|fault| fault.detail.clone()).collect();
        let page = Page {
            title: &body.title,
            detail: &body.detail,
            code: &body.code,
            request_id: &body.request_id,
            faults,
            style: asset::style(),
            icon: asset::icon(),
        };
        let status = self.0.status();
        match page.render() {
            Ok(text) => (status, [(header::CACHE_CONTROL, "no-store")], Html(text)).into_response(),
            Err(_) => self.0.into_response(),
        }
    }
}
