//! One page of a list: asked for, walked safely, each row read by itself.

use counterfoil_domain::market::{PageCursor, Unreadable};
use counterfoil_domain::ports::SourceError;

use super::walk::{Mark, Step, step};
use crate::ask::{Caretaker, Question, Reply};
use crate::simple_api::{read_page, row_id};

#[derive(Debug, Clone, Copy)]
pub(super) struct List {
    pub(super) name: &'static str,
    pub(super) operation: &'static str,
    pub(super) path: &'static str,
    pub(super) limit: u64,
}

#[derive(Debug)]
pub(super) struct Sheet<T> {
    /// In the list's order.
    pub(super) rows: Vec<Result<T, Unreadable>>,
    pub(super) next: Option<PageCursor>,
}

impl Caretaker {
    pub(super) async fn sheet<T>(
        &self,
        list: List,
        filter: &[(&str, String)],
        after: Option<&PageCursor>,
        decode: impl Fn(&str, &str) -> Result<T, Unreadable>,
    ) -> Result<Sheet<T>, SourceError> {
        let List { name, limit, .. } = list;
        let malformed = |place: String, problem: &str| SourceError::Malformed { place, problem: problem.to_owned() };
        let mut mark = Mark::parse(after)
            .ok_or_else(|| malformed(format!("{name} list"), "the place to go on from is not one of ours"))?;
        loop {
            let place = format!("{name} page at offset {}", mark.offset);
            let body = self.page(list, filter, &mark, &place).await?;
            let page = read_page(&body, &place)?;
            let ids: Vec<Option<String>> = page.rows.iter().map(|row| row_id(row)).collect();
            match step(&mark, &ids, page.total, limit) {
                Step::Back(to) => mark = to,
                Step::Hollow => return Err(malformed(place, "the list says that there are more rows and shows none")),
                Step::Lost => return Err(malformed(place, "the list changes faster than it can be read")),
                Step::Use { fresh, next } => {
                    let read = |(index, row): (usize, &&str)| {
                        let result = decode(row, &format!("{place}, row {}", index + 1));
                        // A row that cannot be read was reported with the page before.
                        (result.is_ok() || index >= fresh).then_some(result)
                    };
                    let rows = page.rows.iter().enumerate().filter_map(read).collect();
                    return Ok(Sheet { rows, next: next.map(|mark| mark.cursor()) });
                }
            }
        }
    }

    async fn page(
        &self,
        list: List,
        filter: &[(&str, String)],
        mark: &Mark,
        place: &str,
    ) -> Result<String, SourceError> {
        let mut query: Vec<_> = filter.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
        query.push(("offset".to_owned(), mark.offset.to_string()));
        query.push(("limit".to_owned(), list.limit.to_string()));
        let question =
            Question { operation: list.operation, path: list.path.to_owned(), query, place: place.to_owned() };
        match self.ask(&question).await? {
            Reply::Body(body) => Ok(body),
            Reply::NotThere { message } => {
                let problem = format!("{message}; check the base URL of the marketplace");
                Err(SourceError::Malformed { place: place.to_owned(), problem })
            }
        }
    }
}
