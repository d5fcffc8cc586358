//! Which orders a folder holds and where each stands; the orders themselves stay on disk.

use std::collections::HashMap;
use std::ops::Range;

use chrono::{DateTime, Utc};

use counterfoil_domain::id::OrderId;
use counterfoil_domain::market::{OrderHead, Page, PageCursor, Unreadable};
use counterfoil_domain::ports::{OrderQuery, SourceError};

use super::folder::{FileProblem, Folder};
use crate::simple_api::{decode_head, instant, read_page, single_row};

const ONE_FILE: &str = "orders.json";
const MANY_FILES: &str = "orders";
pub(super) const PAGE: usize = 500;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Spot {
    pub(super) file: String,
    pub(super) bytes: Range<u64>,
    /// For people: "orders/SO17.json", "orders.json, row 7".
    pub(super) place: String,
}

#[derive(Debug, Default)]
pub(super) struct Index {
    /// Newest first; the same moment by id.
    heads: Vec<OrderHead>,
    spots: HashMap<OrderId, Spot>,
    unreadable: Vec<Unreadable>,
}

impl Index {
    pub(super) async fn read(folder: &Folder) -> Result<Self, SourceError> {
        let mut index = Self::default();
        let malformed = |place: &str, problem: &FileProblem| match problem {
            FileProblem::NoFolder(..) => SourceError::Unreachable(problem.to_string()),
            _ => SourceError::Malformed { place: place.to_owned(), problem: problem.to_string() },
        };
        let one = folder.read(ONE_FILE).await.map_err(|problem| malformed(ONE_FILE, &problem))?;
        let many = folder.list(MANY_FILES).await.map_err(|problem| malformed(MANY_FILES, &problem))?;
        if one.is_none() && many.is_none() {
            let problem = "it holds neither orders.json nor a folder orders".to_owned();
            return Err(SourceError::Malformed { place: folder.name(), problem });
        }
        if let Some(text) = one {
            index.list(ONE_FILE, &text)?;
        }
        for name in many.unwrap_or_default() {
            index.file(folder, &format!("{MANY_FILES}/{name}")).await?;
        }
        index.heads.sort_by(|a, b| b.created_at.cmp(&a.created_at).then_with(|| a.id.cmp(&b.id)));
        Ok(index)
    }

    /// A file that cannot be read is listed by its name; the others are kept.
    async fn file(&mut self, folder: &Folder, name: &str) -> Result<(), SourceError> {
        let refused = |problem: String| Unreadable { id: None, place: name.to_owned(), problem };
        match folder.read(name).await {
            Ok(Some(text)) => self.records(name, &text),
            // Gone since it was listed, or a link to nothing.
            Ok(None) => self.unreadable.push(refused("it is not there".to_owned())),
            Err(problem @ FileProblem::NoFolder(..)) => return Err(SourceError::Unreachable(problem.to_string())),
            Err(problem) => self.unreadable.push(refused(problem.to_string())),
        }
        Ok(())
    }

    fn records(&mut self, name: &str, text: &str) {
        let body = text.trim_start_matches('\u{feff}');
        let single = single_row(body);
        let starts_list = body.trim_start().starts_with('[');
        let is_page = starts_list || (single.len() == body.len() && read_page(body, name).is_ok());
        if !is_page {
            self.row(name, text, single, name.to_owned());
        } else if let Err(SourceError::Malformed { problem, .. }) = self.list(name, text) {
            self.unreadable.push(Unreadable { id: None, place: name.to_owned(), problem });
        }
    }

    fn list(&mut self, name: &str, text: &str) -> Result<(), SourceError> {
        let page = read_page(text.trim_start_matches('\u{feff}'), name)?;
        for (number, row) in page.rows.into_iter().enumerate() {
            self.row(name, text, row, format!("{name}, row {}", number + 1));
        }
        Ok(())
    }

    /// `row` is a stretch of `text`.
    fn row(&mut self, file: &str, text: &str, row: &str, place: String) {
        let start = (row.as_ptr() as usize).saturating_sub(text.as_ptr() as usize) as u64;
        let head = match decode_head(row, &place) {
            Ok(head) => head,
            Err(unreadable) => return self.unreadable.push(unreadable),
        };
        if let Some(first) = self.spots.get(&head.id) {
            let problem = format!("the order is in {} too; leave one of them", first.place);
            return self.unreadable.push(Unreadable { id: Some(head.id.to_string()), place, problem });
        }
        let spot = Spot { file: file.to_owned(), bytes: start..start + row.len() as u64, place };
        self.spots.insert(head.id.clone(), spot);
        self.heads.push(head);
    }

    pub(super) fn spot(&self, id: &OrderId) -> Option<&Spot> {
        self.spots.get(id)
    }

    /// What cannot be read has no place in time: it is told with the first page.
    pub(super) fn page(&self, query: &OrderQuery) -> Result<Page<OrderHead>, SourceError> {
        let start = match &query.after {
            None => 0,
            Some(cursor) => {
                let (at, id) = place_after(cursor)?;
                self.heads.partition_point(|head| head.created_at > at || (head.created_at == at && head.id <= id))
            }
        };
        let newer = |head: &OrderHead| query.created_before.is_some_and(|before| head.created_at >= before);
        let start = start.max(self.heads.partition_point(newer));
        let wanted = |head: &&OrderHead| query.created_from.is_none_or(|from| head.created_at >= from);
        let rest = self.heads.get(start..).unwrap_or_default();
        let rows: Vec<OrderHead> = rest.iter().take_while(wanted).take(PAGE).cloned().collect();
        let more = rest.get(rows.len()).is_some_and(|head| wanted(&head));
        let next = rows.last().filter(|_| more).map(|head| {
            PageCursor(format!("{} {}", head.created_at.to_rfc3339_opts(chrono::SecondsFormat::Nanos, true), head.id))
        });
        let unreadable = if query.after.is_none() { self.unreadable.clone() } else { Vec::new() };
        Ok(Page { rows, unreadable, next })
    }
}

/// The last order that was read, not a count: orders that arrive meanwhile shift nothing.
fn place_after(cursor: &PageCursor) -> Result<(DateTime<Utc>, OrderId), SourceError> {
    let read = cursor.0.split_once(' ').and_then(|(at, id)| Some((instant(at)?, OrderId::from(id))));
    read.ok_or_else(|| SourceError::Malformed {
        place: "orders list".to_owned(),
        problem: "the place to go on from is not one of ours".to_owned(),
    })
}
