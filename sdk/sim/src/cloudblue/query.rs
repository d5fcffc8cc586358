//! Owns: query parameters and paging.

use std::collections::HashMap;

use chrono::{DateTime, NaiveDate, Utc};
use serde_json::{Value, json};

use super::failure::Failure;

const LIMIT_DEFAULT: usize = 10;
/// What tenants were seen to honour at most.
const LIMIT_MOST: usize = 500;

#[derive(Debug, Clone, Default)]
pub(super) struct Params(pub(super) HashMap<String, String>);

impl Params {
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|text| !text.is_empty())
    }

    pub(super) fn page(&self) -> Result<Page, Failure> {
        let number = |name: &str, default: usize| match self.text(name) {
            None => Ok(default),
            Some(text) => text.parse().map_err(|_| Failure::BadRequest(format!("{name} must be a number"))),
        };
        let (offset, limit) = (number("offset", 0)?, number("limit", LIMIT_DEFAULT)?);
        if limit == 0 {
            return Err(Failure::BadRequest("limit must be at least 1".to_owned()));
        }
        Ok(Page { offset, limit: limit.min(LIMIT_MOST) })
    }

    /// One code word out of those known; several in a list are refused.
    pub(super) fn word<T>(&self, name: &str, parse: fn(&str) -> Option<T>) -> Result<Option<T>, Failure> {
        let read = |text: &str| {
            parse(text).ok_or_else(|| Failure::BadRequest(format!("{name} takes exactly one known value, not {text}")))
        };
        self.text(name).map(read).transpose()
    }

    pub(super) fn instant(&self, name: &str) -> Result<Option<DateTime<Utc>>, Failure> {
        let read = |text: &str| {
            DateTime::parse_from_rfc3339(text)
                .map(|at| at.with_timezone(&Utc))
                .map_err(|_| Failure::BadRequest(format!("{name} must be a date and time")))
        };
        self.text(name).map(read).transpose()
    }

    pub(super) fn date(&self, name: &str) -> Result<Option<NaiveDate>, Failure> {
        let read = |text: &str| text.parse().map_err(|_| Failure::BadRequest(format!("{name} must be a date")));
        self.text(name).map(read).transpose()
    }
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Page {
    offset: usize,
    limit: usize,
}

impl Page {
    /// The page's part of what matches, and how much that is in all.
    pub(super) fn cut<'a, T>(self, matching: impl Iterator<Item = &'a T>) -> (Vec<&'a T>, usize) {
        let mut rows = Vec::with_capacity(self.limit);
        let mut total = 0;
        for item in matching {
            if total >= self.offset && rows.len() < self.limit {
                rows.push(item);
            }
            total += 1;
        }
        (rows, total)
    }

    pub(super) fn answer(self, rows: Vec<Value>, total: usize) -> Value {
        json!({
            "data": rows,
            "pagination": { "offset": self.offset, "limit": self.limit, "total": total },
        })
    }
}
