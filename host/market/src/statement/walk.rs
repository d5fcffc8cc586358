//! A list, page by page, from a source that may cap the size of a page, ignore the number of it, or leave out how many rows
//! there are. Owns when a walk ends and when its end cannot be believed.

use counterfoil_domain::digest::Digester;
use counterfoil_domain::ports::SourceError;

use super::row::Row;
use super::table::listed;
use crate::ask::{Caretaker, Question, Reply};

/// A list that goes on longer goes round in circles.
const MOST_PAGES: u32 = 5_000;

#[derive(Debug, Clone)]
pub(crate) struct List {
    /// For messages: "statements of organization 7".
    pub(crate) name: String,
    pub(crate) operation: &'static str,
    pub(crate) path: String,
    pub(crate) filter: Vec<(String, String)>,
    /// What its pages are asked for by: their number and their size.
    pub(crate) paging: (&'static str, &'static str),
    pub(crate) size: u32,
    /// Nothing there at all is as good as an empty list.
    pub(crate) optional: bool,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Mark {
    /// How many were read.
    pub(crate) pages: u32,
    pub(crate) rows: u64,
    /// What the last page began with.
    pub(crate) first: String,
}

impl Mark {
    pub(crate) fn text(&self) -> String {
        format!("{}.{}.{}", self.pages, self.rows, self.first)
    }

    pub(crate) fn parse(text: &str) -> Option<Self> {
        let mut parts = text.splitn(3, '.');
        let pages = parts.next()?.parse().ok()?;
        let rows = parts.next()?.parse().ok()?;
        Some(Self { pages, rows, first: parts.next()?.to_owned() })
    }
}

/// What to do after a page.
#[derive(Debug, PartialEq, Eq)]
enum Turn {
    Use {
        next: Option<Mark>,
    },
    /// The page was read before: the list is over.
    Over,
    Wrong(String),
}

/// The end is where nothing more comes: a page that is not full is none, because the source may cap its size.
fn turn(mark: &Mark, ids: &[String], total: Option<u64>) -> Turn {
    let count = ids.len() as u64;
    // A total that is smaller than the page itself is no total.
    let total = total.filter(|total| *total >= count);
    let short = |reason: &str| match total {
        Some(total) if total > mark.rows => {
            Turn::Wrong(format!("the list says that it has {total} rows, {reason} after {}", mark.rows))
        }
        _ => Turn::Over,
    };
    let Some(first) = ids.first() else { return short("and shows none") };
    if mark.pages > 0 && ids.contains(&mark.first) {
        return short("and shows the same page again");
    }
    if mark.pages >= MOST_PAGES {
        return Turn::Wrong(format!("the list does not end after {MOST_PAGES} pages"));
    }
    let rows = mark.rows + count;
    // A total that is just this page's number of rows may be meant so.
    let is_last = total.is_some_and(|total| total > count && rows >= total);
    Turn::Use { next: (!is_last).then(|| Mark { pages: mark.pages + 1, rows, first: first.clone() }) }
}

/// A row's id, or what stands for it.
fn id_of(row: &str) -> String {
    let told = Row::json(row).ok();
    let told = told.as_ref().and_then(|row| row.text(&["Id", "InvoiceId", "TenantId", "UniqueId"]));
    told.map_or_else(
        || {
            let mut digest = Digester::new("row");
            digest.text(row);
            digest.short()
        },
        str::to_owned,
    )
}

/// Rows as they are written, and where the walk goes on.
#[derive(Debug)]
pub(crate) struct Leaf {
    pub(crate) place: String,
    pub(crate) rows: Vec<String>,
    pub(crate) next: Option<Mark>,
}

impl Caretaker {
    pub(crate) async fn leaf(&self, list: &List, mark: &Mark) -> Result<Leaf, SourceError> {
        let place = format!("{}, page {}", list.name, mark.pages + 1);
        let malformed = |problem| SourceError::Malformed { place: place.clone(), problem };
        let mut query = list.filter.clone();
        query.push((list.paging.0.to_owned(), (mark.pages + 1).to_string()));
        query.push((list.paging.1.to_owned(), list.size.to_string()));
        let question = Question { operation: list.operation, path: list.path.clone(), query, place: place.clone() };
        let body = match self.ask(&question).await? {
            Reply::Body(body) => body,
            // Some say so where there is nothing more.
            Reply::NotThere { .. } if mark.pages > 0 || list.optional => String::from("[]"),
            Reply::NotThere { message } => {
                return Err(malformed(format!("{message}; check the base URL of the marketplace")));
            }
        };
        let page = listed(&body).map_err(malformed)?;
        let ids: Vec<String> = page.rows.iter().map(|row| id_of(row)).collect();
        match turn(mark, &ids, page.total) {
            Turn::Wrong(problem) => Err(malformed(problem)),
            Turn::Over => Ok(Leaf { place, rows: Vec::new(), next: None }),
            Turn::Use { next } => {
                let rows = page.rows.into_iter().map(str::to_owned).collect();
                Ok(Leaf { place, rows, next })
            }
        }
    }

    /// All its pages, each with its place.
    pub(crate) async fn leaves(&self, list: &List) -> Result<Vec<Leaf>, SourceError> {
        let mut leaves = Vec::new();
        let mut mark = Mark::default();
        loop {
            let mut leaf = self.leaf(list, &mark).await?;
            let next = leaf.next.take();
            leaves.push(leaf);
            match next {
                Some(next) => mark = next,
                None => return Ok(leaves),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A source with so many rows, pages capped at `cap`, that tells its total or not and listens to the number or not.
    fn walk(rows: usize, cap: usize, tells: bool, listens: bool) -> Result<(usize, u32), String> {
        let all: Vec<String> = (0..rows).map(|n| n.to_string()).collect();
        let (mut mark, mut seen, mut calls) = (Mark::default(), 0, 0);
        loop {
            calls += 1;
            let skip = if listens { cap * mark.pages as usize } else { 0 };
            let page: Vec<String> = all.iter().skip(skip).take(cap).cloned().collect();
            match turn(&mark, &page, tells.then_some(rows as u64)) {
                Turn::Wrong(problem) => return Err(problem),
                Turn::Over => return Ok((seen, calls)),
                Turn::Use { next } => {
                    seen += page.len();
                    match next {
                        Some(next) => mark = Mark::parse(&next.text()).unwrap(),
                        None => return Ok((seen, calls)),
                    }
                }
            }
        }
    }

    #[test]
    fn every_row_is_read_or_the_walk_says_so() {
        assert_eq!(walk(120, 50, true, true), Ok((120, 3)));
        assert_eq!(walk(120, 50, false, true), Ok((120, 4)), "only an empty page ends it");
        assert_eq!(walk(100, 50, true, true), Ok((100, 2)));
        assert_eq!(walk(30, 50, false, false), Ok((30, 2)), "the same page again ends it");
        assert_eq!(walk(30, 50, true, false), Ok((30, 2)));
        assert_eq!(walk(0, 50, true, true), Ok((0, 1)));
        assert_eq!(walk(0, 50, false, true), Ok((0, 1)));
        let problem = walk(120, 50, true, false).unwrap_err();
        assert_eq!(problem, "the list says that it has 120 rows, and shows the same page again after 50");
        assert_eq!(
            turn(&Mark::default(), &[], Some(7)),
            Turn::Wrong("the list says that it has 7 rows, and shows none after 0".to_owned())
        );
        // A total that is less than the page is not believed, and one that may be the page's ends nothing.
        assert!(matches!(turn(&Mark::default(), &["a".into(), "b".into()], Some(2)), Turn::Use { next: Some(_) }));
        assert!(matches!(turn(&Mark::default(), &["a".into(), "b".into()], Some(1)), Turn::Use { next: Some(_) }));
        assert_eq!(Mark::parse("x"), None);
    }
}
