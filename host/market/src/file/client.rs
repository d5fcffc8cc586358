//! The marketplace client over a folder.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use counterfoil_domain::connection::Marketplace;
use counterfoil_domain::id::{CustomerId, OrderId, SubscriptionId};
use counterfoil_domain::market::{
    Customer, OrderHead, Page, PageCursor, Product, Subscription, SubscriptionStatus, Unreadable,
};
use counterfoil_domain::order::Order;
use counterfoil_domain::ports::{DetailError, MarketplaceClient, OrderQuery, Pending, Records, SourceError};

use super::folder::{FileProblem, Folder};
use super::index::{Index, PAGE};
use crate::simple_api::{
    Origin, SetupProblem, currency_setting, decode_customer, decode_order, decode_product, decode_subscription,
    read_page,
};

#[derive(Debug)]
pub struct FileMarketplace {
    folder: Folder,
    origin: Origin,
    /// As it was when the last walk began.
    index: Mutex<Option<Arc<Index>>>,
    customers: Listing<Customer>,
    subscriptions: Listing<Subscription>,
    products: Listing<Product>,
}

impl FileMarketplace {
    pub fn new(marketplace: &Marketplace) -> Result<Self, SetupProblem> {
        Ok(Self {
            folder: Folder::new(PathBuf::from(marketplace.location.trim())),
            origin: Origin { marketplace: marketplace.id.clone(), currency: currency_setting(marketplace)? },
            index: Mutex::new(None),
            customers: Listing::new("customers.json"),
            subscriptions: Listing::new("subscriptions.json"),
            products: Listing::new("products.json"),
        })
    }

    async fn index(&self, anew: bool) -> Result<Arc<Index>, SourceError> {
        let known = self.index.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(known) = known.filter(|_| !anew) {
            return Ok(known);
        }
        let index = Arc::new(Index::read(&self.folder).await?);
        *self.index.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&index));
        Ok(index)
    }

    async fn order(&self, index: &Index, id: &OrderId) -> Result<Order, DetailError> {
        let Some(spot) = index.spot(id) else { return Err(DetailError::Gone) };
        let unreadable = |problem: String| {
            DetailError::Unreadable(Unreadable { id: Some(id.to_string()), place: spot.place.clone(), problem })
        };
        let text = match self.folder.part(&spot.file, &spot.bytes).await {
            Ok(Some(text)) => text,
            Ok(None) => return Err(DetailError::Gone),
            Err(problem @ FileProblem::NoFolder(..)) => {
                return Err(DetailError::Source(SourceError::Unreachable(problem.to_string())));
            }
            Err(problem) => return Err(unreadable(problem.to_string())),
        };
        let order = decode_order(&text, &spot.place, &self.origin).map_err(DetailError::Unreadable)?;
        if order.key.order != *id {
            return Err(unreadable("the file was changed while it was read; check again".to_owned()));
        }
        Ok(order)
    }
}

impl MarketplaceClient for FileMarketplace {
    fn orders(&self, query: OrderQuery) -> Pending<'_, Result<Page<OrderHead>, SourceError>> {
        Box::pin(async move { self.index(query.after.is_none()).await?.page(&query) })
    }

    fn details(&self, ids: Vec<OrderId>) -> Pending<'_, Vec<(OrderId, Result<Order, DetailError>)>> {
        Box::pin(async move {
            let index = match self.index(false).await {
                Ok(index) => index,
                Err(error) => return ids.into_iter().map(|id| (id, Err(DetailError::Source(error.clone())))).collect(),
            };
            let mut answers = Vec::with_capacity(ids.len());
            for id in ids {
                let answer = self.order(&index, &id).await;
                answers.push((id, answer));
            }
            answers
        })
    }

    fn customers(&self, after: Option<PageCursor>) -> Pending<'_, Result<Page<Customer>, SourceError>> {
        Box::pin(async move { self.customers.page(&self.folder, after, decode_customer).await })
    }

    fn subscriptions(&self, after: Option<PageCursor>) -> Pending<'_, Result<Page<Subscription>, SourceError>> {
        Box::pin(async move {
            let mut page = self.subscriptions.page(&self.folder, after, decode_subscription).await?;
            page.rows.retain(|one| matches!(one.status, SubscriptionStatus::Active | SubscriptionStatus::Unknown));
            Ok(page)
        })
    }

    /// The files are read whole; what is kept of them is what was asked for.
    fn records(
        &self,
        customers: Vec<CustomerId>,
        subscriptions: Vec<SubscriptionId>,
    ) -> Pending<'_, Result<Records, SourceError>> {
        Box::pin(async move {
            let mut found = Records::default();
            if !customers.is_empty() {
                let wanted = |row: &Customer| customers.contains(&row.id);
                let ids: Vec<&str> = customers.iter().map(CustomerId::as_str).collect();
                let picked = self.customers.pick(&self.folder, wanted, &ids, decode_customer).await?;
                (found.customers, found.unreadable) = picked;
            }
            if !subscriptions.is_empty() {
                let wanted = |row: &Subscription| subscriptions.contains(&row.id);
                let ids: Vec<&str> = subscriptions.iter().map(SubscriptionId::as_str).collect();
                let (rows, unreadable) =
                    self.subscriptions.pick(&self.folder, wanted, &ids, decode_subscription).await?;
                found.subscriptions = rows;
                found.unreadable.extend(unreadable);
            }
            Ok(found)
        })
    }

    fn products(&self, after: Option<PageCursor>) -> Pending<'_, Result<Page<Product>, SourceError>> {
        Box::pin(async move { self.products.page(&self.folder, after, decode_product).await })
    }
}

/// A file that is one list, read once a walk.
#[derive(Debug)]
struct Listing<T> {
    file: &'static str,
    /// A walk that goes on finds the rows as they were when the last walk began.
    read: Mutex<Option<Rows<T>>>,
}

type Rows<T> = Arc<Vec<Result<T, Unreadable>>>;

impl<T: Clone> Listing<T> {
    fn new(file: &'static str) -> Self {
        Self { file, read: Mutex::new(None) }
    }

    async fn page(
        &self,
        folder: &Folder,
        after: Option<PageCursor>,
        decode: impl Fn(&str, &str) -> Result<T, Unreadable>,
    ) -> Result<Page<T>, SourceError> {
        let malformed =
            |problem: &str| SourceError::Malformed { place: self.file.to_owned(), problem: problem.to_owned() };
        let start = match &after {
            None => 0,
            Some(PageCursor(text)) => {
                text.parse::<usize>().map_err(|_| malformed("the place to go on from is not one of ours"))?
            }
        };
        let known = self.read.lock().unwrap_or_else(PoisonError::into_inner).clone().filter(|_| after.is_some());
        let rows = match known {
            Some(rows) => rows,
            None => self.rows(folder, decode).await?,
        };
        let mut page = Page { rows: Vec::new(), unreadable: Vec::new(), next: None };
        for row in rows.iter().skip(start).take(PAGE) {
            match row {
                Ok(row) => page.rows.push(row.clone()),
                Err(unreadable) => page.unreadable.push(unreadable.clone()),
            }
        }
        page.next = (start + PAGE < rows.len()).then(|| PageCursor((start + PAGE).to_string()));
        Ok(page)
    }

    /// Rows that fit, and those of these ids that cannot be read.
    async fn pick(
        &self,
        folder: &Folder,
        wanted: impl Fn(&T) -> bool,
        ids: &[&str],
        decode: impl Fn(&str, &str) -> Result<T, Unreadable>,
    ) -> Result<(Vec<T>, Vec<Unreadable>), SourceError> {
        let (mut found, mut unreadable) = (Vec::new(), Vec::new());
        for row in self.rows(folder, decode).await?.iter() {
            match row {
                Ok(row) if wanted(row) => found.push(row.clone()),
                Err(bad) if bad.id.as_deref().is_some_and(|id| ids.contains(&id)) => unreadable.push(bad.clone()),
                Ok(_) | Err(_) => {}
            }
        }
        Ok((found, unreadable))
    }

    /// An export may leave a file out: then there are none of its kind.
    async fn rows(
        &self,
        folder: &Folder,
        decode: impl Fn(&str, &str) -> Result<T, Unreadable>,
    ) -> Result<Rows<T>, SourceError> {
        let text = folder.read(self.file).await.map_err(|problem| match problem {
            FileProblem::NoFolder(..) => SourceError::Unreachable(problem.to_string()),
            _ => SourceError::Malformed { place: self.file.to_owned(), problem: problem.to_string() },
        })?;
        let text = text.unwrap_or_else(|| "[]".to_owned());
        let page = read_page(text.trim_start_matches('\u{feff}'), self.file)?;
        let read = |(number, row): (usize, &&str)| decode(row, &format!("{}, row {}", self.file, number + 1));
        let rows = Arc::new(page.rows.iter().enumerate().map(read).collect());
        *self.read.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&rows));
        Ok(rows)
    }
}
