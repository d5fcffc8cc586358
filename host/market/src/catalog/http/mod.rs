//! Catalogs over HTTP: a documented JSON API that a marketplace, or a small adapter in front of one, offers.
//!
//! | call | answer |
//! |---|---|
//! | `GET /catalog/provider` | the provider's catalog, with an `ETag` |
//! | `GET /catalog/resellers?limit=200&after=…` | who is served by whom, a page at a time: `{"resellers": […], "next": …}` |
//! | `GET /catalog/resellers/{id}` | what one reseller holds, with an `ETag` |
//! | `PUT /catalog/resellers/{id}` | replaces it where `If-Match` still fits (else 412); honours `Idempotency-Key` |
//!
//! Owns what each answer means. Reads are asked again here; a write never is: whether it landed is looked up first.

mod answer;
mod route;

use std::sync::Arc;
use std::time::Duration;

use counterfoil_domain::catalog::{Node, ProviderCatalog, ResellerCatalog};
use counterfoil_domain::connection::Marketplace;
use counterfoil_domain::id::{CatalogVersion, MarketplaceId, ResellerId, StepKey};
use counterfoil_domain::ports::{
    Call, Caller, CatalogError, CatalogSource, Clock, Door, Pending, ReplaceError, Sending, Versioned,
};
use counterfoil_domain::wire::{Request, Response};

use super::{tree, wire};
use answer::segment;

pub use route::{FILE_SETTINGS, SETTINGS, check_settings, route};

const LIST: &str = "/catalog/resellers";
const PAGE: usize = 200;
/// A list that goes on longer goes round in circles.
const MOST_PAGES: usize = 10_000;
const TRIES: u32 = 4;
const FIRST_WAIT: Duration = Duration::from_millis(500);
/// A longer one is given back, so that the run can be put off.
const LONGEST_WAIT: Duration = Duration::from_secs(30);
const TIMEOUT: Duration = Duration::from_secs(60);

/// What a read is of.
#[derive(Debug, Clone, Copy)]
enum Asked<'a> {
    Whole,
    Page(&'a [(String, String)]),
    Of(&'a ResellerId),
}

#[derive(Debug)]
pub struct HttpCatalogs {
    door: Arc<dyn Door>,
    clock: Arc<dyn Clock>,
    marketplace: MarketplaceId,
}

impl HttpCatalogs {
    /// The door must know the marketplace's route.
    pub fn new(marketplace: &Marketplace, door: Arc<dyn Door>, clock: Arc<dyn Clock>) -> Self {
        Self { door, clock, marketplace: marketplace.id.clone() }
    }

    async fn read(&self, operation: &'static str, path: &str, asked: Asked<'_>) -> Result<Response, CatalogError> {
        let mut wait = FIRST_WAIT;
        for _ in 1..TRIES {
            match self.asked(operation, path, asked).await {
                Err(CatalogError::Unreachable(_)) => tokio::time::sleep(wait).await,
                Err(CatalogError::Throttled { until }) => {
                    let told = (until - self.clock.now()).to_std().unwrap_or_default();
                    if told > LONGEST_WAIT {
                        return Err(CatalogError::Throttled { until });
                    }
                    tokio::time::sleep(told.max(wait)).await;
                }
                done => return done,
            }
            wait *= 2;
        }
        self.asked(operation, path, asked).await
    }

    async fn asked(&self, operation: &'static str, path: &str, asked: Asked<'_>) -> Result<Response, CatalogError> {
        let query = match asked {
            Asked::Page(query) => query.to_vec(),
            Asked::Whole | Asked::Of(_) => Vec::new(),
        };
        let request = self.request(operation, "GET", path, query);
        let sent = self.door.send(self.call(Sending::Read, request)).await;
        match asked {
            Asked::Of(reseller) => answer::of_reseller(sent, reseller, path, self.clock.now()),
            Asked::Whole | Asked::Page(_) => answer::read(sent, path, self.clock.now()),
        }
    }

    fn request(&self, operation: &'static str, method: &str, path: &str, query: Vec<(String, String)>) -> Request {
        Request {
            operation: operation.to_owned(),
            method: method.to_owned(),
            path: path.to_owned(),
            query,
            headers: Vec::new(),
            body: Vec::new(),
        }
    }

    fn call(&self, sending: Sending, request: Request) -> Call {
        Call { caller: Caller::Marketplace(self.marketplace.clone()), sending, request, timeout: TIMEOUT }
    }

    async fn tree(&self) -> Result<Vec<Node>, CatalogError> {
        let mut nodes = Vec::new();
        let mut after: Option<String> = None;
        for _ in 0..MOST_PAGES {
            let mut query = vec![("limit".to_owned(), PAGE.to_string())];
            query.extend(after.clone().map(|after| ("after".to_owned(), after)));
            let response = self.read("list-resellers", LIST, Asked::Page(&query)).await?;
            let page = tree::page(&response.body).map_err(|error| malformed(LIST, error))?;
            nodes.extend(page.nodes);
            if page.next.is_none() {
                return Ok(nodes);
            }
            if page.next == after {
                return Err(malformed(LIST, "the next page is the same page again"));
            }
            after = page.next;
        }
        Err(malformed(LIST, format!("it does not end after {MOST_PAGES} pages")))
    }

    async fn held(&self, id: &ResellerId) -> Result<Versioned<ResellerCatalog>, CatalogError> {
        let path = format!("/catalog/resellers/{}", segment(id.as_str()));
        let response = self.read("get-reseller-catalog", &path, Asked::Of(id)).await?;
        let value = wire::read_reseller(&response.body).map_err(|error| malformed(&path, error))?;
        if value.reseller != *id {
            return Err(malformed(&path, format!("it is the catalog of \"{}\"", value.reseller)));
        }
        Ok(Versioned { value, version: answer::version(&response, &path)? })
    }

    async fn put(
        &self,
        catalog: &ResellerCatalog,
        read: &CatalogVersion,
        key: &StepKey,
    ) -> Result<CatalogVersion, ReplaceError> {
        let path = format!("/catalog/resellers/{}", segment(catalog.reseller.as_str()));
        let mut request = self.request("put-reseller-catalog", "PUT", &path, Vec::new());
        request.headers = vec![
            ("Content-Type".to_owned(), "application/json".to_owned()),
            ("If-Match".to_owned(), read.as_str().to_owned()),
        ];
        request.body = wire::write_reseller(catalog);
        let idempotency = Some(("Idempotency-Key".to_owned(), key.as_str().to_owned()));
        let sent = self.door.send(self.call(Sending::Write { idempotency }, request)).await;
        answer::replaced(sent, &catalog.reseller, &path, self.clock.now())
    }
}

impl CatalogSource for HttpCatalogs {
    fn provider(&self) -> Pending<'_, Result<Versioned<ProviderCatalog>, CatalogError>> {
        Box::pin(async move {
            let path = "/catalog/provider";
            let response = self.read("get-provider-catalog", path, Asked::Whole).await?;
            let value = wire::read_provider(&response.body).map_err(|error| malformed(path, error))?;
            Ok(Versioned { value, version: answer::version(&response, path)? })
        })
    }

    fn resellers(&self) -> Pending<'_, Result<Vec<Node>, CatalogError>> {
        Box::pin(self.tree())
    }

    fn reseller<'a>(&'a self, id: &'a ResellerId) -> Pending<'a, Result<Versioned<ResellerCatalog>, CatalogError>> {
        Box::pin(self.held(id))
    }

    fn replace<'a>(
        &'a self,
        catalog: &'a ResellerCatalog,
        read: &'a CatalogVersion,
        key: &'a StepKey,
    ) -> Pending<'a, Result<CatalogVersion, ReplaceError>> {
        Box::pin(self.put(catalog, read, key))
    }
}

fn malformed(place: &str, problem: impl ToString) -> CatalogError {
    CatalogError::Malformed { place: place.to_owned(), problem: problem.to_string() }
}
