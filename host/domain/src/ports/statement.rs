//! Where statements come from: Cloud-iQ and PRISM.

use std::fmt;

use super::Pending;
use super::marketplace::{DetailError, SourceError};
use crate::market::{Customer, Page, PageCursor};
use crate::statement::{ListedProduct, Statement, StatementHead};

pub trait StatementSource: Send + Sync + fmt::Debug {
    /// In any order; every statement that the source still shows.
    fn statements(&self, after: Option<PageCursor>) -> Pending<'_, Result<Page<StatementHead>, SourceError>>;

    /// With all its records. `Gone`: it is listed, and its records are not there (yet).
    fn statement(&self, head: StatementHead) -> Pending<'_, Result<Statement, DetailError>>;

    fn customers(&self, after: Option<PageCursor>) -> Pending<'_, Result<Page<Customer>, SourceError>>;

    /// The price list.
    fn products(&self, after: Option<PageCursor>) -> Pending<'_, Result<Page<ListedProduct>, SourceError>>;
}
