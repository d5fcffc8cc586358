//! Lists, page after page.
//!
//! Owns where a list ends. What Syncro tells about its pages is optional and not always true (a page size of 100 where 25
//! rows come), so a list ends where a page is empty, or where the last page that is told is not a full one.

use std::collections::BTreeSet;

use counterfoil_sdk::json::Exact;
use counterfoil_sdk::serde::Deserialize;
use counterfoil_sdk::{Failure, Remote, Request, json};

use crate::ask;
use crate::errors::{self, Effect};
use crate::wire::{Id, Row};

/// Rows of a full page, as documented.
pub(crate) const FULL: usize = 25;
/// A list that goes on longer than this does not end.
const MOST_PAGES: u32 = 4_000;

/// Which list, and which of its rows.
#[derive(Debug, Clone)]
pub(crate) struct Listing<'a> {
    /// Name of the request for the log.
    pub(crate) operation: &'a str,
    pub(crate) path: &'a str,
    /// The member that holds the rows.
    pub(crate) member: &'a str,
    pub(crate) query: Vec<(&'a str, String)>,
    /// For people: "the products".
    pub(crate) what: &'a str,
}

/// One page.
#[derive(Debug)]
pub(crate) struct Page {
    pub(crate) rows: Vec<Row>,
    /// Where to go on; none at the end.
    pub(crate) next: Option<u32>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(crate = "counterfoil_sdk::serde")]
struct Meta {
    #[serde(default)]
    total_pages: Option<Exact>,
}

/// Every row, each once: rows move while others are added.
pub(crate) fn all(remote: &mut dyn Remote, listing: &Listing<'_>) -> Result<Vec<Row>, Failure> {
    let (mut rows, mut seen, mut next) = (Vec::new(), BTreeSet::<Id>::new(), Some(1));
    while let Some(number) = next {
        let page = page(remote, listing, number)?;
        for row in page.rows {
            if seen.insert(row.own_id(listing.what)?) {
                rows.push(row);
            }
        }
        next = page.next;
    }
    Ok(rows)
}

/// The page with this number, from 1.
pub(crate) fn page(remote: &mut dyn Remote, listing: &Listing<'_>, number: u32) -> Result<Page, Failure> {
    let mut request = Request::get(listing.operation, listing.path);
    for (name, value) in &listing.query {
        request = request.query(name, value.clone());
    }
    let members = ask::members(remote, request.query("page", number.to_string()), listing.what)?;
    let unreadable = |detail: &str| errors::unreadable(200, Effect::Read, listing.what, detail);
    let rows: Vec<Row> = match members.get(listing.member) {
        Some(rows) => json::parse::<Option<Vec<Row>>>(listing.what, rows.get().as_bytes())
            .map_err(|failure| unreadable(&failure.message))?
            .unwrap_or_default(),
        None => return Err(unreadable(&format!("It has no {}.", listing.member))),
    };
    // What cannot be read of it tells nothing.
    let meta: Option<Meta> = members.get("meta").and_then(|meta| json::parse("meta", meta.get().as_bytes()).ok());
    let told = meta.unwrap_or_default().total_pages.map(|total| total.0);
    let is_last = told.is_some_and(|total| total <= number.into()) && rows.len() < FULL;
    let next = number.checked_add(1).filter(|_| !rows.is_empty() && !is_last);
    if next.is_some_and(|next| next > MOST_PAGES) {
        return Err(Failure::internal("syncro-paging", format!("Syncro's list of {} does not end.", listing.what)));
    }
    Ok(Page { rows, next })
}

/// The number that a cursor is; it is the one that an earlier page called `next`.
pub(crate) fn number(cursor: Option<&str>) -> Result<u32, Failure> {
    match cursor {
        None => Ok(1),
        Some(text) => text.parse().ok().filter(|number| *number > 0).ok_or_else(|| {
            let shown = counterfoil_sdk::text::clip(text, 40);
            let text = format!("The page to continue from, \"{shown}\", is none that this plugin gave.");
            Failure::internal("syncro-cursor", text)
        }),
    }
}
