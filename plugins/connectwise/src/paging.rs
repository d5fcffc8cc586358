//! Lists, read forward only and to their end.
//!
//! Owns pages. ConnectWise shows 25 rows unless told otherwise, and pages by number skip or repeat rows while others are
//! added; so every request names its size and goes on from the last id. The `Link` header tells where to go on; its address
//! is never followed, only the id is taken from it.

use std::collections::BTreeSet;

use counterfoil_sdk::serde::de::DeserializeOwned;
use counterfoil_sdk::{Failure, Remote, Response};

use crate::ask;
use crate::condition::Condition;
use crate::errors::{self, Effect};
use crate::wire::Id;

/// Rows of a page; older servers take a hundred at most.
const SIZE: usize = 1_000;
const OLD_SIZE: usize = 100;

/// A row of a list.
pub(crate) trait Row: DeserializeOwned {
    /// Its id, by which the list goes on.
    fn id(&self) -> Id;
}

/// Which list, and which of its rows and fields.
#[derive(Debug, Clone)]
pub(crate) struct Listing<'a> {
    /// Name of the request for the log.
    pub(crate) operation: &'a str,
    pub(crate) path: &'a str,
    /// None: all rows. It only narrows: whoever reads the rows compares them again.
    pub(crate) condition: Option<Condition>,
    /// Names of the fields, joined by commas; empty for all.
    pub(crate) fields: &'a str,
    /// For people: "the agreements".
    pub(crate) what: &'a str,
}

/// One page.
#[derive(Debug)]
pub(crate) struct Page<T> {
    pub(crate) rows: Vec<T>,
    /// Where to go on; none at the end.
    pub(crate) next: Option<String>,
}

/// Every row, once: a list that shows one twice has one of it.
pub(crate) fn all<T: Row>(remote: &mut dyn Remote, listing: &Listing<'_>) -> Result<Vec<T>, Failure> {
    let mut rows: Vec<T> = Vec::new();
    let mut seen = BTreeSet::new();
    let mut cursor = None;
    loop {
        let page = page(remote, listing, cursor.as_deref())?;
        rows.extend(page.rows.into_iter().filter(|row: &T| seen.insert(row.id())));
        match page.next {
            Some(next) => cursor = Some(next),
            None => return Ok(rows),
        }
    }
}

/// The rows whose ids are among these, however many they are.
pub(crate) fn by_ids<T: Row>(remote: &mut dyn Remote, listing: &Listing<'_>, ids: &[Id]) -> Result<Vec<T>, Failure> {
    let mut rows = Vec::new();
    for condition in Condition::any_of("id", ids) {
        let listing = Listing { condition: Some(condition), ..listing.clone() };
        rows.extend(all::<T>(remote, &listing)?.into_iter().filter(|row| ids.contains(&row.id())));
    }
    Ok(rows)
}

/// The page after `cursor`, which is what an earlier page called `next`.
pub(crate) fn page<T: Row>(
    remote: &mut dyn Remote,
    listing: &Listing<'_>,
    cursor: Option<&str>,
) -> Result<Page<T>, Failure> {
    let after = cursor.map(|text| Id::parse(text).ok_or_else(|| foreign_cursor(text))).transpose()?;
    let (response, size) = filtered(remote, listing, after)?;
    let rows: Vec<T> = ask::parse(&response, Effect::Read, listing.what)?;
    if rows.iter().any(|row| after.is_some_and(|after| row.id() <= after)) {
        return Err(unordered(listing.what));
    }
    let next = next(&response, &rows, size).map_err(|()| unordered(listing.what))?;
    // A list that would not move on would never end.
    if let (Some(next), Some(after)) = (next, after)
        && next <= after
    {
        return Err(unordered(listing.what));
    }
    Ok(Page { rows, next: next.map(|next| next.to_string()) })
}

/// The answer, and the size of page that was asked for. Some servers do not let every field stand in a filter: then all rows
/// are read, since every caller compares them anyway.
fn filtered(remote: &mut dyn Remote, listing: &Listing<'_>, after: Option<Id>) -> Result<(Response, usize), Failure> {
    match sized(remote, listing, after) {
        Err(failure) if failure.code == errors::CONDITION && listing.condition.is_some() => {
            sized(remote, &Listing { condition: None, ..listing.clone() }, after)
        }
        answer => answer,
    }
}

fn sized(remote: &mut dyn Remote, listing: &Listing<'_>, after: Option<Id>) -> Result<(Response, usize), Failure> {
    match one(remote, listing, after, SIZE) {
        Err(failure) if failure.code == errors::PAGE_SIZE => Ok((one(remote, listing, after, OLD_SIZE)?, OLD_SIZE)),
        answer => Ok((answer?, SIZE)),
    }
}

fn one(remote: &mut dyn Remote, listing: &Listing<'_>, after: Option<Id>, size: usize) -> Result<Response, Failure> {
    let mut request = ask::get(listing.operation, listing.path)
        .header("pagination-type", "forward-only")
        .query("pageSize", size.to_string());
    if let Some(condition) = &listing.condition {
        request = request.query("conditions", condition.to_string());
    }
    if !listing.fields.is_empty() {
        request = request.query("fields", listing.fields);
    }
    if let Some(after) = after {
        request = request.query("pageId", after.to_string());
    }
    ask::answer(remote, request, listing.what)
}

/// Where the list goes on: where the head says, else after the last row of a full page. A server that caps its pages
/// without a word still writes the head.
fn next<T: Row>(response: &Response, rows: &[T], size: usize) -> Result<Option<Id>, ()> {
    let Some(last) = rows.iter().map(Row::id).max() else { return Ok(None) };
    let ascending = rows.windows(2).all(|pair| pair[0].id() < pair[1].id());
    match response.header("Link").map(following) {
        Some(Following::At(id)) => Ok(Some(id)),
        Some(Following::Nowhere) => Ok(None),
        None if rows.len() < size => Ok(None),
        // No id to go on from: from ordered rows one can.
        Some(Following::Elsewhere) | None if ascending => Ok(Some(last)),
        Some(Following::Elsewhere) | None => Err(()),
    }
}

/// What a `Link` header says about the next page.
#[derive(Debug, PartialEq, Eq)]
enum Following {
    At(Id),
    Elsewhere,
    Nowhere,
}

fn following(link: &str) -> Following {
    let mut rest = link;
    // An address may have commas in it, so the brackets are looked for, not the commas.
    while let Some((_, after)) = rest.split_once('<') {
        let Some((address, after)) = after.split_once('>') else { break };
        let parameters = after.split('<').next().unwrap_or_default();
        if parameters.to_ascii_lowercase().replace(['"', '\'', ' '], "").contains("rel=next") {
            let query = address.split_once('?').map(|(_, query)| query).unwrap_or_default();
            let id = query.split('&').find_map(|pair| {
                let (name, value) = pair.split_once('=')?;
                name.eq_ignore_ascii_case("pageId").then(|| Id::parse(value)).flatten()
            });
            return id.map_or(Following::Elsewhere, Following::At);
        }
        rest = after;
    }
    Following::Nowhere
}

fn unordered(what: &str) -> Failure {
    Failure::internal(
        "connectwise-paging",
        format!(
            "ConnectWise showed {what} in pages that do not go forward, so rows could be missing. Nothing was decided on them."
        ),
    )
}

fn foreign_cursor(text: &str) -> Failure {
    let shown = counterfoil_sdk::text::clip(text, 40);
    Failure::internal(
        "connectwise-cursor",
        format!("The page to continue from, \"{shown}\", is none that this plugin gave."),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_head_tells_where_to_go_on() {
        let at = |id: &str| Following::At(Id::parse(id).unwrap());
        let base = "https://na.myconnectwise.net/v4_6_release/apis/3.0/x";
        for (link, want) in [
            (format!("<{base}?pageSize=2&pageId=17>; rel=\"next\""), at("17")),
            (format!("<{base}?conditions=id in (1,2)&PageID=9>; rel=next, <{base}?page=1>; rel=\"first\""), at("9")),
            (format!("<{base}?page=1>; rel=\"first\", <{base}?pageId=5>; rel=\"next\""), at("5")),
            (format!("<{base}?page=2>; rel=\"next\""), Following::Elsewhere),
            (format!("<{base}?pageId=x>; rel=\"next\""), Following::Elsewhere),
            (format!("<{base}?page=1>; rel=\"prev\""), Following::Nowhere),
            (String::new(), Following::Nowhere),
            ("<broken".to_owned(), Following::Nowhere),
        ] {
            assert_eq!(following(&link), want, "{link}");
        }
    }
}
