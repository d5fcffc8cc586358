//! What a billing system says when it refuses, in its own words where the description has them. Owns the defaults.

use counterfoil_domain::wire::Response;

use crate::description::Description;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusal {
    Unauthorized,
    Forbidden,
    Throttled,
    Rejected,
    Broken,
    NotFound,
}

impl Refusal {
    fn name(self) -> &'static str {
        match self {
            Self::Unauthorized => "unauthorized",
            Self::Forbidden => "forbidden",
            Self::Throttled => "throttled",
            Self::Rejected => "rejected",
            Self::Broken => "broken",
            Self::NotFound => "not-found",
        }
    }

    fn status(self) -> u16 {
        match self {
            Self::Unauthorized => 401,
            Self::Forbidden => 403,
            Self::Throttled => 429,
            Self::Rejected => 400,
            Self::Broken => 500,
            Self::NotFound => 404,
        }
    }

    /// As this billing system would answer.
    pub(crate) fn answer(self, description: &Description) -> Response {
        let own = description.answers.get(self.name());
        let status = own.map_or(self.status(), |own| own.status);
        let plain = || format!("{{\"error\":\"{}\",\"message\":\"made up by the conformance kit\"}}", self.name());
        let mut headers: Vec<(String, String)> =
            own.map(|own| own.headers.clone().into_iter().collect()).unwrap_or_default();
        if !headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("content-type")) {
            headers.push(("Content-Type".to_owned(), "application/json".to_owned()));
        }
        let body = own.map_or_else(plain, |own| own.body.clone()).into_bytes();
        Response { status, headers, body, replayed: false }
    }
}
