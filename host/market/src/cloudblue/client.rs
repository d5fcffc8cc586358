//! The marketplace client over the door.

use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, Duration, SecondsFormat, Utc};

use counterfoil_domain::connection::Marketplace;
use counterfoil_domain::id::{CustomerId, OrderId, SubscriptionId};
use counterfoil_domain::market::{
    Customer, OrderHead, Page, PageCursor, Product, Subscription, SubscriptionStatus, Unreadable,
};
use counterfoil_domain::order::Order;
use counterfoil_domain::ports::{
    Clock, DetailError, Door, MarketplaceClient, OrderQuery, Pending, Records, SourceError,
};

use super::list::{List, Sheet};
use crate::ask::{Caretaker, Pace, Question, Reply, gather, segment};
use crate::simple_api::{
    Origin, SetupProblem, currency_setting, decode_customer, decode_head, decode_order, decode_product,
    decode_subscription, decode_subscription_row,
};

const ORDERS: List = List { name: "orders", operation: "list-orders", path: "/orders", limit: 500 };
const CUSTOMERS: List = List { name: "customers", operation: "list-customers", path: "/customers", limit: 500 };
const PRODUCTS: List = List { name: "products", operation: "list-products", path: "/products", limit: 500 };
/// Smaller: each row costs a call of its own for its lines.
const SUBSCRIPTIONS: List =
    List { name: "subscriptions", operation: "list-subscriptions", path: "/subscriptions", limit: 100 };

#[derive(Debug)]
pub struct CloudBlueClient {
    api: Caretaker,
    origin: Origin,
}

impl CloudBlueClient {
    pub fn new(marketplace: &Marketplace, door: Arc<dyn Door>, clock: Arc<dyn Clock>) -> Result<Self, SetupProblem> {
        let pace = Pace::of(marketplace)?;
        let origin = Origin { marketplace: marketplace.id.clone(), currency: currency_setting(marketplace)? };
        Ok(Self { api: Caretaker { door, clock, marketplace: marketplace.id.clone(), pace }, origin })
    }

    /// The same client with other patience.
    #[must_use]
    pub fn with_pace(mut self, pace: Pace) -> Self {
        self.api.pace = pace;
        self
    }

    async fn order_page(&self, query: OrderQuery) -> Result<Page<OrderHead>, SourceError> {
        // Whole seconds, rounded down: what the filter is given is never later than what is wanted.
        let second = |at: DateTime<Utc>| at.to_rfc3339_opts(SecondsFormat::Secs, true);
        let from = query.created_from.map(|from| ("creationTimeFrom", second(from)));
        // Whether the end is included is nowhere said: one second more, and what is too new is left out here.
        let to = query.created_before.map(|before| ("creationTimeTo", second(before + Duration::seconds(1))));
        let filter: Vec<_> = from.into_iter().chain(to).collect();
        let sheet = self.api.sheet(ORDERS, &filter, query.after.as_ref(), decode_head).await?;
        Ok(cut(sheet, &query))
    }

    async fn detail<T>(
        &self,
        path: &str,
        operation: &'static str,
        what: &str,
        id: &str,
        decode: impl Fn(&str, &str) -> Result<(T, String), Unreadable>,
    ) -> Result<T, DetailError> {
        let place = format!("{what} {id}");
        let question =
            Question { operation, path: format!("{path}/{}", segment(id)), query: Vec::new(), place: place.clone() };
        let body = match self.api.ask(&question).await? {
            Reply::Body(body) => body,
            Reply::NotThere { .. } => return Err(DetailError::Gone),
        };
        let (value, told) = decode(&body, &place).map_err(|unread| {
            DetailError::Unreadable(Unreadable { id: unread.id.or_else(|| Some(id.to_owned())), ..unread })
        })?;
        if told != id {
            let problem = format!("id: {id} was asked for, {told} was answered");
            return Err(DetailError::Unreadable(Unreadable { id: Some(id.to_owned()), place, problem }));
        }
        Ok(value)
    }

    async fn order(&self, id: &OrderId, stop: &Stop) -> Result<Order, DetailError> {
        stop.check()?;
        let decode = |body: &str, place: &str| {
            let order = decode_order(body, place, &self.origin)?;
            let told = order.key.order.to_string();
            Ok((order, told))
        };
        stop.note(self.detail("/orders", "get-order", "order", id.as_str(), decode).await)
    }

    async fn customer(&self, id: &CustomerId, stop: &Stop) -> Result<Customer, DetailError> {
        stop.check()?;
        let decode = |body: &str, place: &str| {
            let customer = decode_customer(body, place)?;
            let told = customer.id.to_string();
            Ok((customer, told))
        };
        stop.note(self.detail("/customers", "get-customer", "customer", id.as_str(), decode).await)
    }

    async fn subscription(&self, id: &SubscriptionId, stop: &Stop) -> Result<Subscription, DetailError> {
        stop.check()?;
        let decode = |body: &str, place: &str| {
            let subscription = decode_subscription(body, place)?;
            let told = subscription.id.to_string();
            Ok((subscription, told))
        };
        stop.note(self.detail("/subscriptions", "get-subscription", "subscription", id.as_str(), decode).await)
    }

    async fn subscription_page(&self, after: Option<PageCursor>) -> Result<Page<Subscription>, SourceError> {
        // One status at a time: a list of them is refused.
        let filter = [("status", "active".to_owned())];
        let decode = |row: &str, place: &str| {
            let seen = decode_subscription_row(row, place)?;
            let whole = (seen.has_lines && counts(seen.status)).then(|| decode_subscription(row, place)).transpose()?;
            Ok((seen, whole))
        };
        let sheet = self.api.sheet(SUBSCRIPTIONS, &filter, after.as_ref(), decode).await?;
        let stop = Stop::default();
        let asked = gather(sheet.rows, self.api.pace.at_once, |row| -> Pending<'_, _> {
            let stop = &stop;
            Box::pin(async move {
                match row {
                    Err(unreadable) => Err(DetailError::Unreadable(unreadable)),
                    Ok((row, _)) if !counts(row.status) => Err(DetailError::Gone),
                    Ok((_, Some(whole))) => Ok(whole),
                    Ok((row, None)) => self.subscription(&row.id, stop).await,
                }
            })
        })
        .await;
        let mut page = Page { rows: Vec::new(), unreadable: Vec::new(), next: sheet.next };
        sort(asked, &mut page.rows, &mut page.unreadable)?;
        // Ended between list and record.
        page.rows.retain(|subscription: &Subscription| counts(subscription.status));
        Ok(page)
    }
}

impl CloudBlueClient {
    async fn found(
        &self,
        customers: Vec<CustomerId>,
        subscriptions: Vec<SubscriptionId>,
    ) -> Result<Records, SourceError> {
        let stop = Stop::default();
        let mut records = Records::default();
        let asked = gather(customers, self.api.pace.at_once, |id| -> Pending<'_, _> {
            let stop = &stop;
            Box::pin(async move { self.customer(&id, stop).await })
        });
        sort(asked.await, &mut records.customers, &mut records.unreadable)?;
        let asked = gather(subscriptions, self.api.pace.at_once, |id| -> Pending<'_, _> {
            let stop = &stop;
            Box::pin(async move { self.subscription(&id, stop).await })
        });
        sort(asked.await, &mut records.subscriptions, &mut records.unreadable)?;
        Ok(records)
    }
}

/// The good ones and the unreadable ones; who is not there is left out.
fn sort<T>(
    asked: Vec<Result<T, DetailError>>,
    rows: &mut Vec<T>,
    unreadable: &mut Vec<Unreadable>,
) -> Result<(), SourceError> {
    for answer in asked {
        match answer {
            Ok(row) => rows.push(row),
            Err(DetailError::Gone) => {}
            Err(DetailError::Unreadable(bad)) => unreadable.push(bad),
            // One record that makes no sense says nothing of the others.
            Err(DetailError::Source(SourceError::Malformed { place, problem })) => {
                unreadable.push(Unreadable { id: None, place, problem });
            }
            Err(DetailError::Source(error)) => return Err(error),
        }
    }
    Ok(())
}

impl MarketplaceClient for CloudBlueClient {
    fn orders(&self, query: OrderQuery) -> Pending<'_, Result<Page<OrderHead>, SourceError>> {
        Box::pin(self.order_page(query))
    }

    fn details(&self, ids: Vec<OrderId>) -> Pending<'_, Vec<(OrderId, Result<Order, DetailError>)>> {
        Box::pin(async move {
            let stop = Stop::default();
            gather(ids, self.api.pace.at_once, |id| -> Pending<'_, _> {
                let stop = &stop;
                Box::pin(async move {
                    let result = self.order(&id, stop).await;
                    (id, result)
                })
            })
            .await
        })
    }

    fn customers(&self, after: Option<PageCursor>) -> Pending<'_, Result<Page<Customer>, SourceError>> {
        Box::pin(async move { Ok(page(self.api.sheet(CUSTOMERS, &[], after.as_ref(), decode_customer).await?)) })
    }

    fn subscriptions(&self, after: Option<PageCursor>) -> Pending<'_, Result<Page<Subscription>, SourceError>> {
        Box::pin(self.subscription_page(after))
    }

    fn records(
        &self,
        customers: Vec<CustomerId>,
        subscriptions: Vec<SubscriptionId>,
    ) -> Pending<'_, Result<Records, SourceError>> {
        Box::pin(self.found(customers, subscriptions))
    }

    fn products(&self, after: Option<PageCursor>) -> Pending<'_, Result<Page<Product>, SourceError>> {
        Box::pin(async move { Ok(page(self.api.sheet(PRODUCTS, &[], after.as_ref(), decode_product).await?)) })
    }
}

/// Once the source as a whole refuses, the questions not yet sent share its answer: asking on would only use up
/// the budget, or lock the user out.
#[derive(Debug, Default)]
struct Stop(Mutex<Option<SourceError>>);

impl Stop {
    fn check(&self) -> Result<(), SourceError> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.clone().map_or(Ok(()), Err)
    }

    fn note<T>(&self, result: Result<T, DetailError>) -> Result<T, DetailError> {
        if let Err(DetailError::Source(error)) = &result
            && !matches!(error, SourceError::Malformed { .. })
        {
            *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(error.clone());
        }
        result
    }
}

/// A status that we do not know is nobody's reason to drop a subscription.
fn counts(status: SubscriptionStatus) -> bool {
    matches!(status, SubscriptionStatus::Active | SubscriptionStatus::Unknown)
}

fn page<T>(sheet: Sheet<T>) -> Page<T> {
    let mut page = Page { rows: Vec::new(), unreadable: Vec::new(), next: sheet.next };
    for row in sheet.rows {
        match row {
            Ok(row) => page.rows.push(row),
            Err(unreadable) => page.unreadable.push(unreadable),
        }
    }
    page
}

/// Leaves out what is older or newer than asked for, in case the source ignored the filter. The walk ends there only if
/// the page really is newest first; otherwise newer orders may still follow.
fn cut(sheet: Sheet<OrderHead>, query: &OrderQuery) -> Page<OrderHead> {
    let holds = |row: &Result<OrderHead, Unreadable>, test: &dyn Fn(DateTime<Utc>) -> bool| {
        row.as_ref().is_ok_and(|head| test(head.created_at))
    };
    let is_old = |row: &_| holds(row, &|at| query.created_from.is_some_and(|from| at < from));
    let is_new = |row: &_| holds(row, &|at| query.created_before.is_some_and(|before| at >= before));
    let dates: Vec<_> = sheet.rows.iter().flatten().map(|head| head.created_at).collect();
    let newest_first = dates.is_sorted_by(|a, b| a >= b);
    let first_old = sheet.rows.iter().position(is_old).filter(|_| newest_first);
    let next = sheet.next.filter(|_| first_old.is_none());
    let kept = first_old.unwrap_or(sheet.rows.len());
    let rows = sheet.rows.into_iter().take(kept).filter(|row| !is_old(row) && !is_new(row)).collect();
    let mut page = page(Sheet { rows, next });
    page.rows.sort_by_key(|head| std::cmp::Reverse(head.created_at));
    page
}
