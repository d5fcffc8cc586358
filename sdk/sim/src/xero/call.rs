//! Owns one admitted call as the resources see it: decoded query, body, time. Does not own tokens, limits or routing.

use chrono::{DateTime, Duration, Utc};

use super::answer::{Page, Refusal};
use super::filter::Filter;
use super::json::Json;

/// Above this many characters of path and query the request line breaks: with about fifty ids, many more short numbers.
const ADDRESS_CAP: usize = 1_900;
const PAGE_SIZE: usize = 100;
const PAGE_SIZE_CAP: usize = 1_000;

/// Whether an address is one that Xero's door takes.
pub(crate) fn fits(path_and_query: &str) -> bool {
    path_and_query.len() <= ADDRESS_CAP
}

#[derive(Debug, Clone)]
pub(crate) struct Call {
    pub(crate) method: String,
    /// Decoded path segments after the API base.
    pub(crate) path: Vec<String>,
    pub(crate) query: Vec<(String, String)>,
    pub(crate) body: String,
    pub(crate) modified_since: Option<DateTime<Utc>>,
    pub(crate) now: DateTime<Utc>,
    pub(crate) list_lag: Option<Duration>,
    /// Store a line one cent dearer than answered.
    pub(crate) tamper: bool,
}

impl Call {
    pub(crate) fn param(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    fn flag(&self, name: &str) -> bool {
        self.param(name).is_some_and(|value| value.eq_ignore_ascii_case("true"))
    }

    pub(crate) fn include_archived(&self) -> bool {
        self.flag("includeArchived")
    }

    pub(crate) fn summary_only(&self) -> bool {
        self.flag("summaryOnly")
    }

    /// Decimal places of unit prices: two, unless four are asked for.
    pub(crate) fn unit_places(&self) -> u32 {
        if self.param("unitdp") == Some("4") { 4 } else { 2 }
    }

    /// The real default, whatever the vendor's schema says.
    pub(crate) fn summarize_errors(&self) -> bool {
        !self.param("summarizeErrors").is_some_and(|value| value.eq_ignore_ascii_case("false"))
    }

    pub(crate) fn filter(&self) -> Result<Option<Filter>, Refusal> {
        self.param("where").filter(|text| !text.trim().is_empty()).map(Filter::parse).transpose()
    }

    pub(crate) fn page(&self) -> Result<Option<Page>, Refusal> {
        let read = |name: &str| match self.param(name) {
            None => Ok(None),
            Some(text) => match text.parse::<usize>() {
                Ok(number) if number > 0 => Ok(Some(number)),
                _ => Err(Refusal::Query(format!("{name} must be a whole number above zero"))),
            },
        };
        let size = read("pageSize")?;
        let number = read("page")?;
        Ok(number.map(|number| Page { number, size: size.unwrap_or(PAGE_SIZE).min(PAGE_SIZE_CAP) }))
    }

    /// A comma-separated filter.
    pub(crate) fn list(&self, name: &str) -> Option<Vec<&str>> {
        Some(self.param(name)?.split(',').map(str::trim).filter(|value| !value.is_empty()).collect())
    }

    pub(crate) fn json(&self) -> Result<Json, Refusal> {
        Json::parse(&self.body).map_err(|_| Refusal::PostData("Invalid Json data".to_owned()))
    }

    pub(crate) fn unchanged(&self, updated: DateTime<Utc>) -> bool {
        self.modified_since.is_some_and(|since| updated < since)
    }
}

/// Whether an optional comma-separated filter lets a value through.
pub(crate) fn among(values: Option<&[&str]>, value: &str) -> bool {
    values.is_none_or(|values| values.iter().any(|wanted| wanted.eq_ignore_ascii_case(value)))
}
