//! Where orders come from: the Simple API client and the folder of exported files.

use std::fmt;

use chrono::{DateTime, Utc};

use super::Pending;
use crate::id::{CustomerId, OrderId, SubscriptionId};
use crate::market::{Customer, OrderHead, Page, PageCursor, Product, Subscription, Unreadable};
use crate::order::Order;

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OrderQuery {
    /// Only orders created at or after this; sources that ignore it are walked newest first and cut.
    pub created_from: Option<DateTime<Utc>>,
    /// Only orders created before this.
    pub created_before: Option<DateTime<Utc>>,
    pub after: Option<PageCursor>,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SourceError {
    #[error("the marketplace cannot be reached: {0}")]
    Unreachable(String),
    #[error("the marketplace did not accept the sign-in: {0}")]
    SignIn(String),
    #[error("the marketplace allows no more calls before {until}")]
    Throttled { until: DateTime<Utc> },
    /// The page as a whole makes no sense: no cursor may move past it.
    #[error("{place} cannot be read: {problem}")]
    Malformed { place: String, problem: String },
}

impl SourceError {
    pub fn is_retriable(&self) -> bool {
        matches!(self, Self::Unreachable(_) | Self::Throttled { .. })
    }
}

/// Why one order's details are missing, while the others are there.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DetailError {
    #[error("{} cannot be read: {}", .0.place, .0.problem)]
    Unreadable(Unreadable),
    #[error("it is no longer in the marketplace")]
    Gone,
    #[error(transparent)]
    Source(#[from] SourceError),
}

/// Customers and subscriptions that were asked for by id.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Records {
    pub customers: Vec<Customer>,
    /// Whatever their status.
    pub subscriptions: Vec<Subscription>,
    pub unreadable: Vec<Unreadable>,
}

pub trait MarketplaceClient: Send + Sync + fmt::Debug {
    /// Newest first by creation.
    fn orders(&self, query: OrderQuery) -> Pending<'_, Result<Page<OrderHead>, SourceError>>;

    /// Whole orders, each by itself, with bounded concurrency; in the order asked for.
    fn details(&self, ids: Vec<OrderId>) -> Pending<'_, Vec<(OrderId, Result<Order, DetailError>)>>;

    fn customers(&self, after: Option<PageCursor>) -> Pending<'_, Result<Page<Customer>, SourceError>>;

    /// Active ones with their lines.
    fn subscriptions(&self, after: Option<PageCursor>) -> Pending<'_, Result<Page<Subscription>, SourceError>>;

    /// Those of these ids as they stand now, with bounded concurrency; what is not there is left out.
    fn records(
        &self,
        customers: Vec<CustomerId>,
        subscriptions: Vec<SubscriptionId>,
    ) -> Pending<'_, Result<Records, SourceError>>;

    fn products(&self, after: Option<PageCursor>) -> Pending<'_, Result<Page<Product>, SourceError>>;
}
