//! Where a provider's catalog and its resellers' are kept: the marketplace's catalog API, or a folder of files. A catalog is
//! replaced as a whole, and only where nobody changed it since it was read.

use std::fmt;

use chrono::{DateTime, Utc};

use super::Pending;
use crate::catalog::{Node, ProviderCatalog, ResellerCatalog};
use crate::id::{CatalogVersion, ResellerId, StepKey};

/// What was read, and what it was when it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Versioned<T> {
    pub value: T,
    pub version: CatalogVersion,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CatalogError {
    #[error("the catalogs cannot be reached: {0}")]
    Unreachable(String),
    #[error("the catalogs' owner did not accept the sign-in: {0}")]
    SignIn(String),
    #[error("the catalogs' owner allows no more calls before {until}")]
    Throttled { until: DateTime<Utc> },
    #[error("{place} cannot be read: {problem}")]
    Malformed { place: String, problem: String },
    #[error("there is no catalog of reseller \"{0}\"")]
    NoReseller(ResellerId),
    #[error("the catalogs' owner refused: {0}")]
    Refused(String),
}

impl CatalogError {
    pub fn is_retriable(&self) -> bool {
        matches!(self, Self::Unreachable(_) | Self::Throttled { .. })
    }
}

/// Why a catalog was not surely replaced.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReplaceError {
    /// Somebody changed it since it was read. Nothing was written.
    #[error("the catalog was changed by somebody else meanwhile; nothing was written")]
    Moved,
    /// Nothing was written.
    #[error(transparent)]
    NotWritten(CatalogError),
    /// It may be written or not: look before anything else is done.
    #[error("the answer was lost: {0}")]
    Uncertain(String),
}

pub trait CatalogSource: Send + Sync + fmt::Debug {
    fn provider(&self) -> Pending<'_, Result<Versioned<ProviderCatalog>, CatalogError>>;

    /// Who is served by whom, on which service template.
    fn resellers(&self) -> Pending<'_, Result<Vec<Node>, CatalogError>>;

    fn reseller<'a>(&'a self, id: &'a ResellerId) -> Pending<'a, Result<Versioned<ResellerCatalog>, CatalogError>>;

    /// In place of the version that was read. `key` is the same for every try of one step of one run.
    fn replace<'a>(
        &'a self,
        catalog: &'a ResellerCatalog,
        read: &'a CatalogVersion,
        key: &'a StepKey,
    ) -> Pending<'a, Result<CatalogVersion, ReplaceError>>;
}
