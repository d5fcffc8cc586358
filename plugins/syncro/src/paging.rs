//! Lists, page after page.
//!
//! Owns where a list ends. What Syncro tells about its pages is optional and not always true (a page size of 100 where 25
//! rows come), so a list ends where a page is empty, where the last page that is told is not a full one, or where a page that
//! is not full comes again.

use std::collections::BTreeSet;
use std::fmt;

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

/// Which page, from 1, and how the one before it looked: how often a list comes again is not to be told from its numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    number: u32,
    before: String,
}

impl Place {
    pub(crate) fn first() -> Self {
        Self { number: 1, before: String::new() }
    }

    pub(crate) fn is_first(&self) -> bool {
        self.number == 1
    }

    /// What a cursor stands for; it is the one that an earlier page called `next`.
    pub(crate) fn of(cursor: Option<&str>) -> Result<Self, Failure> {
        let Some(text) = cursor else { return Ok(Self::first()) };
        let (number, before) = text.split_once('.').unwrap_or((text, ""));
        let is_print = before.chars().all(|one| one.is_ascii_digit() || one == '-');
        match number.parse().ok().filter(|number| *number > 0 && is_print) {
            Some(number) => Ok(Self { number, before: before.to_owned() }),
            None => {
                let shown = counterfoil_sdk::text::clip(text, 40);
                let text = format!("The page to continue from, \"{shown}\", is none that this plugin gave.");
                Err(Failure::internal("syncro-cursor", text))
            }
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.number, self.before)
    }
}

/// One page.
#[derive(Debug)]
pub(crate) struct Page {
    pub(crate) rows: Vec<Row>,
    /// Where to go on; none at the end.
    pub(crate) next: Option<Place>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(crate = "counterfoil_sdk::serde")]
struct Meta {
    #[serde(default)]
    total_pages: Option<Exact>,
}

/// Every row, each once: rows move while others are added.
pub(crate) fn all(remote: &mut dyn Remote, listing: &Listing<'_>) -> Result<Vec<Row>, Failure> {
    let (mut rows, mut seen, mut next) = (Vec::new(), BTreeSet::<Id>::new(), Some(Place::first()));
    while let Some(place) = next {
        let page = page(remote, listing, &place)?;
        for row in page.rows {
            if seen.insert(row.own_id(listing.what)?) {
                rows.push(row);
            }
        }
        next = page.next;
    }
    Ok(rows)
}

/// The page at this place.
pub(crate) fn page(remote: &mut dyn Remote, listing: &Listing<'_>, place: &Place) -> Result<Page, Failure> {
    let number = place.number;
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
    let print = print(&rows);
    let is_again = !print.is_empty() && print == place.before;
    // A full page that comes again may hide the rest of the list: nothing may be called absent by it.
    if number >= MOST_PAGES || (is_again && rows.len() >= FULL) {
        return Err(Failure::internal("syncro-paging", format!("Syncro's list of {} does not end.", listing.what)));
    }
    let goes_on = !rows.is_empty() && !is_last && !is_again;
    Ok(Page { rows, next: goes_on.then_some(Place { number: number + 1, before: print }) })
}

/// How a page looks: its first row, its last, and how many there are. Nothing, where that cannot be told: whoever uses the rows
/// says what is wrong with them.
fn print(rows: &[Row]) -> String {
    let ends = rows.first().and_then(|row| row.id("id")).zip(rows.last().and_then(|row| row.id("id")));
    ends.map(|(first, last)| format!("{first}-{last}-{}", rows.len())).unwrap_or_default()
}
