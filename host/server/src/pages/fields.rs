//! What a form sends: fields by name, several of one name kept, and the token that says that it came from our own page.

use axum::extract::{FromRequest, Request};
use axum::http::header;
use axum::response::{IntoResponse, Response};

use super::trouble::Trouble;
use crate::auth::same;
use crate::guard::{Who, came_from_elsewhere, cross_site};
use crate::problem::{Code, Problem};

/// Forms are small: a page has 500 rows at most.
const LIMIT: usize = 1024 * 1024;

#[derive(Debug, Default)]
pub(crate) struct Fields(Vec<(String, String)>);

impl Fields {
    fn parse(body: &[u8]) -> Self {
        Self(url::form_urlencoded::parse(body).into_owned().collect())
    }

    /// The first of this name, without blanks around it; none where it is empty.
    pub(crate) fn one(&self, name: &str) -> Option<&str> {
        let (_, value) = self.0.iter().find(|(known, _)| known == name)?;
        Some(value.trim()).filter(|value| !value.is_empty())
    }

    /// As it was typed, empty where it is not there.
    pub(crate) fn text(&self, name: &str) -> String {
        self.one(name).unwrap_or_default().to_owned()
    }

    pub(crate) fn all(&self, name: &str) -> Vec<String> {
        let ours = self.0.iter().filter(|(known, value)| known == name && !value.is_empty());
        ours.map(|(_, value)| value.clone()).collect()
    }

    /// A box that is ticked.
    pub(crate) fn is_on(&self, name: &str) -> bool {
        self.0.iter().any(|(known, _)| known == name)
    }

    /// What follows a prefix, with its value: "setting.mode".
    pub(crate) fn below<'a>(&'a self, prefix: &'a str) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.0.iter().filter_map(move |(name, value)| Some((name.strip_prefix(prefix)?, value.as_str())))
    }
}

impl<S: Send + Sync> FromRequest<S> for Fields {
    type Rejection = Response;

    async fn from_request(request: Request, _: &S) -> Result<Self, Response> {
        let refused = |problem: Problem| Trouble(problem).into_response();
        let kind = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
        if !kind.unwrap_or_default().starts_with("application/x-www-form-urlencoded") {
            let happened = "The form was not sent as one.";
            return Err(refused(Problem::new(Code::BadRequest, happened, "Nothing was changed.", "Use the page.")));
        }
        let csrf = request.extensions().get::<Who>().and_then(|who| who.csrf.clone()).unwrap_or_default();
        let elsewhere = came_from_elsewhere(request.headers());
        let body = axum::body::to_bytes(request.into_body(), LIMIT).await.map_err(|_| {
            refused(Problem::new(
                Code::TooLarge,
                "The form is too large.",
                "Nothing was changed.",
                "Choose fewer rows.",
            ))
        })?;
        let fields = Self::parse(&body);
        if elsewhere || csrf.is_empty() || !same(fields.one("csrf").unwrap_or_default(), &csrf) {
            return Err(refused(cross_site()));
        }
        Ok(fields)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_read_as_browsers_write_them() {
        let fields = Fields::parse(b"task=a&task=b&task=&text=+caf%C3%A9+&on=&setting.mode=schedule");
        assert_eq!(fields.all("task"), ["a", "b"]);
        assert_eq!(fields.one("text"), Some("café"));
        assert_eq!((fields.one("on"), fields.is_on("on"), fields.is_on("off")), (None, true, false));
        assert_eq!(fields.below("setting.").collect::<Vec<_>>(), [("mode", "schedule")]);
    }
}
