//! Reading lists of documents whole.
//!
//! Owns how many values one address holds, going from page to page, and smaller pages where an answer would be larger than
//! the host takes. Xero leaves the lines out of a list without a page, and rounds prices without four decimals.

use counterfoil_sdk::{Failure, Remote, Request, encode};

use crate::answers;
use crate::document::Kind;
use crate::wire;

/// Characters of one filter in an address, as they are sent. Xero's door breaks near fifty ids, whose commas are sent
/// encoded: forty are safe, and many more of what is shorter than an id.
const FILTER_MAX: usize = 1_560;
/// Documents of a page: the size of their lines decides whether that many fit into one answer, so it is only where it begins.
const PAGE: u32 = 200;
/// More pages than any of the lists here has; beyond it something goes in circles.
const MOST_PAGES: u32 = 200;
/// What the host says about an answer that is larger than the card allows.
pub(crate) const TOO_LARGE: &str = "answer-too-large";

/// Between the values of a list.
pub(crate) const COMMA: &str = ",";
/// Between the terms of a filter.
pub(crate) const OR: &str = " OR ";

/// Values by addresses, in order: as many to each as fit, one at least.
pub(crate) fn chunks<'t, T: AsRef<str>>(values: &'t [T], joint: &str) -> Vec<&'t [T]> {
    let joint = encode::query(joint).len();
    let mut chunks = Vec::new();
    let (mut from, mut length) = (0, 0);
    for (at, value) in values.iter().enumerate() {
        let cost = encode::query(value.as_ref()).len() + joint;
        if at > from && length + cost > FILTER_MAX {
            chunks.extend(values.get(from..at));
            (from, length) = (at, 0);
        }
        length += cost;
    }
    chunks.extend(values.get(from..).filter(|rest| !rest.is_empty()));
    chunks
}

/// The texts of a chunk in one.
pub(crate) fn joined<T: AsRef<str>>(chunk: &[T], joint: &str) -> String {
    chunk.iter().map(AsRef::as_ref).collect::<Vec<_>>().join(joint)
}

/// A list that is asked for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct List<'a> {
    pub(crate) kind: Kind,
    pub(crate) operation: &'a str,
    /// For people: "the invoices".
    pub(crate) what: &'a str,
    pub(crate) filters: &'a [(&'a str, &'a str)],
}

impl List<'_> {
    /// Every document of the list with its lines, each once.
    pub(crate) fn read(self, remote: &mut dyn Remote) -> Result<Vec<wire::Document>, Failure> {
        let mut size = PAGE;
        loop {
            match self.in_pages(remote, size) {
                Err(failure) if failure.code == TOO_LARGE && size > 1 => size = (size / 4).max(1),
                done => return done,
            }
        }
    }

    fn in_pages(self, remote: &mut dyn Remote, size: u32) -> Result<Vec<wire::Document>, Failure> {
        let mut documents: Vec<wire::Document> = Vec::new();
        for page in 1..=MOST_PAGES {
            let list: wire::Documents = answers::read(remote, self.page(page, size), self.what)?;
            let more = match list.pagination.and_then(|pages| pages.page_count) {
                Some(pages) => pages > page,
                // Without page numbers a full page is the only hint of another.
                None => list.documents.len() >= usize::try_from(size).unwrap_or(usize::MAX),
            };
            documents.extend(list.documents);
            if !more {
                // What is changed while it is listed may move to a later page and come twice.
                documents.sort_by(|a, b| a.id.cmp(&b.id));
                documents.dedup_by(|a, b| a.id.is_some() && a.id == b.id);
                return Ok(documents);
            }
        }
        Err(Failure::internal("xero-pages", format!("Xero shows {} without an end.", self.what)))
    }

    fn page(self, page: u32, size: u32) -> Request {
        let request = Request::get(self.operation, self.kind.path());
        let request = self.filters.iter().fold(request, |request, (name, value)| request.query(name, *value));
        request.query("page", page.to_string()).query("pageSize", size.to_string()).query("unitdp", "4")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_holds_forty_ids_and_many_more_numbers() {
        let counts = |value: &str, joint: &str| {
            let values = vec![value; 1_000];
            let all = chunks(&values, joint);
            assert_eq!(all.concat(), values);
            for chunk in &all {
                assert!(encode::query(&joined(chunk, joint)).len() <= FILTER_MAX || chunk.len() == 1);
            }
            (all[0].len(), all.len())
        };
        assert_eq!(counts("430fa14a-f945-44d3-9f97-5df5e28441b8", COMMA), (40, 25));
        assert_eq!(counts("CB-SO000123", COMMA), (111, 10));
        assert_eq!(counts("SO1", COMMA), (260, 4));
        // Encoded, each letter counts three times.
        assert_eq!(counts("ööö", COMMA), (74, 14));
        assert_eq!(counts("Reference==\"SO000123\"", OR), (42, 24));
        assert_eq!(counts(&"x".repeat(2_000), COMMA), (1, 1_000));
        assert!(chunks::<&str>(&[], COMMA).is_empty());
    }
}
