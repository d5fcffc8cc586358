//! Lists of a source of statements, walked to their ends.

use counterfoil_domain::market::{Page, PageCursor, Unreadable};
use counterfoil_domain::ports::{Pending, SourceError};
use counterfoil_domain::statement::StatementHead;

use super::Desk;
use crate::check::lists::unreadable_row;
use crate::engine::EngineError;
use crate::progress::Progress;

/// The statements that the source shows, each once, and whether every row could be read.
pub(super) async fn walk(desk: &Desk<'_>, progress: &mut Progress) -> Result<(Vec<StatementHead>, bool), EngineError> {
    let (mut heads, bad) = pages(|after| desk.source.statements(after)).await?;
    for row in &bad {
        unreadable_row(row, progress);
    }
    // What is issued while the list is walked pushes rows to the next page: they come twice.
    let mut seen = std::collections::BTreeSet::new();
    heads.retain(|head| seen.insert(head.id.clone()));
    Ok((heads, bad.is_empty()))
}

/// Nothing is concluded from a part of a list: a page that cannot be read ends the check.
pub(super) async fn pages<'a, T>(
    fetch: impl Fn(Option<PageCursor>) -> Pending<'a, Result<Page<T>, SourceError>>,
) -> Result<(Vec<T>, Vec<Unreadable>), SourceError> {
    let mut bad = Vec::new();
    let rows = crate::check::lists::pages(fetch, &mut bad).await?;
    Ok((rows, bad))
}
