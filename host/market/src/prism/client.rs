//! The client over the door.

use std::collections::BTreeSet;
use std::sync::Arc;

use chrono::{DateTime, Datelike, Duration, Utc};
use tokio::sync::Mutex;

use counterfoil_domain::connection::Marketplace;
use counterfoil_domain::market::{Customer, Page, PageCursor};
use counterfoil_domain::money::Currency;
use counterfoil_domain::ports::{Clock, DetailError, Door, Pending, SourceError, StatementSource};
use counterfoil_domain::statement::{ListedProduct, Statement, StatementHead};

use super::decode::{self, AGREEMENT};
use super::route::{Settings, settings};
use crate::ask::{Caretaker, Pace, Question, Reply, segment};
use crate::simple_api::{Problem, SetupProblem, currency_setting};
use crate::statement::{self, Book, Ground, List, Mark, Row, tenant, unreadable};

const PAGING: (&str, &str) = ("page", "pageSize");
const PAGE: u32 = 100;
/// What was read of tenants and subscriptions is good for the invoices of one check.
const GOOD_FOR: Duration = Duration::minutes(15);

#[derive(Debug)]
struct Known {
    at: DateTime<Utc>,
    book: Arc<Book>,
    /// Of which the subscriptions stand in the book.
    agreements: BTreeSet<String>,
}

#[derive(Debug)]
pub struct PrismClient {
    api: Caretaker,
    settings: Settings,
    currency: Option<Currency>,
    known: Mutex<Option<Known>>,
}

fn list(name: impl Into<String>, operation: &'static str, path: String, optional: bool) -> List {
    List { name: name.into(), operation, path, filter: Vec::new(), paging: PAGING, size: PAGE, optional }
}

fn invoices() -> List {
    list("invoices", "list-invoices", "/api/v2/invoices".to_owned(), false)
}

fn tenants() -> List {
    list("tenants", "list-tenants", "/api/v2/microsoftcsp/tenants".to_owned(), false)
}

fn subscriptions(agreement: &str) -> List {
    let path = format!("/api/v2/contractagreements/{}/tenants", segment(agreement));
    list(format!("subscriptions of agreement {agreement}"), "list-subscriptions", path, true)
}

impl PrismClient {
    /// The door must know the marketplace's route.
    pub fn new(marketplace: &Marketplace, door: Arc<dyn Door>, clock: Arc<dyn Clock>) -> Result<Self, SetupProblem> {
        let pace = Pace::of(marketplace)?;
        Ok(Self {
            api: Caretaker { door, clock, marketplace: marketplace.id.clone(), pace },
            settings: settings(marketplace)?,
            currency: currency_setting(marketplace)?,
            known: Mutex::default(),
        })
    }

    /// The same client with other patience.
    #[must_use]
    pub fn with_pace(mut self, pace: Pace) -> Self {
        self.api.pace = pace;
        self
    }

    async fn page<T>(
        &self,
        list: &List,
        after: Option<&PageCursor>,
        decode: impl Fn(&Row) -> Result<Option<T>, Problem>,
    ) -> Result<Page<T>, SourceError> {
        let mark = match after {
            None => Mark::default(),
            Some(PageCursor(text)) => Mark::parse(text).ok_or_else(|| not_ours(&list.name))?,
        };
        let leaf = self.api.leaf(list, &mark).await?;
        let next = leaf.next.map(|mark| PageCursor(mark.text()));
        let mut page = Page { rows: Vec::new(), unreadable: Vec::new(), next };
        for (at, text) in leaf.rows.iter().enumerate() {
            let row = Row::json(text);
            match row.as_ref().map_err(Clone::clone).and_then(&decode) {
                Ok(found) => page.rows.extend(found),
                Err(problem) => {
                    let id = row.as_ref().ok().and_then(|row| row.text(&["InvoiceId", "Id", "ProductSku", "Name"]));
                    page.unreadable.push(unreadable(id, &format!("{}, row {}", leaf.place, at + 1), &problem));
                }
            }
        }
        Ok(page)
    }

    async fn heads(&self, after: Option<PageCursor>) -> Result<Page<StatementHead>, SourceError> {
        if after.is_none() {
            // A new check: what was known of tenants and subscriptions is of the last one.
            *self.known.lock().await = None;
        }
        let Settings { program, dates, .. } = &self.settings;
        self.page(&invoices(), after.as_ref(), |row| decode::invoice(row, program, self.currency, *dates)).await
    }

    /// All rows of a list that can be read; the others are shown where the list itself is.
    async fn rows(&self, list: &List) -> Result<Vec<Row>, SourceError> {
        let leaves = self.api.leaves(list).await?;
        Ok(leaves.into_iter().flat_map(|leaf| leaf.rows).filter_map(|row| Row::json(&row).ok()).collect())
    }

    /// The tenants and where their agreements are told.
    async fn tenants(&self, book: &mut Book) -> Result<BTreeSet<String>, SourceError> {
        let mut agreements: BTreeSet<String> = self.settings.agreements.iter().cloned().collect();
        for row in self.rows(&tenants()).await? {
            agreements.extend(row.text(AGREEMENT).map(str::to_owned));
            if let Ok(tenant) = tenant(&row) {
                book.tenants.add(tenant);
            }
        }
        Ok(agreements)
    }

    /// Read once for all who wait; an agreement that nobody told of is read when an invoice names it.
    async fn book(&self, agreement: &str) -> Result<Arc<Book>, SourceError> {
        let mut known = self.known.lock().await;
        let now = self.api.clock.now();
        let fresh = known.as_ref().filter(|known| now - known.at < GOOD_FOR);
        if let Some(known) = fresh.filter(|known| agreement.is_empty() || known.agreements.contains(agreement)) {
            return Ok(Arc::clone(&known.book));
        }
        let (mut book, at, mut done, mut wanted) = match fresh {
            Some(known) => (Book::clone(&known.book), known.at, known.agreements.clone(), BTreeSet::new()),
            None => {
                let mut book = Book::default();
                let agreements = self.tenants(&mut book).await?;
                (book, now, BTreeSet::new(), agreements)
            }
        };
        wanted.extend((!agreement.is_empty()).then(|| agreement.to_owned()));
        for agreement in wanted {
            for row in self.rows(&subscriptions(&agreement)).await? {
                let Ok(owner) = tenant(&row) else { continue };
                for held in row.rows(&["Subscriptions"]).unwrap_or_default() {
                    book.subscribe(&held, Some(owner.id.as_str()));
                }
                book.tenants.add(owner);
            }
            done.insert(agreement);
        }
        let book = Arc::new(book);
        *known = Some(Known { at, book: Arc::clone(&book), agreements: done });
        Ok(book)
    }

    async fn whole(&self, head: StatementHead) -> Result<Statement, DetailError> {
        let question = Question {
            operation: "get-invoice-lines",
            path: format!("/api/v1/me/invoice/{}/csv", segment(&head.id)),
            query: Vec::new(),
            place: format!("invoice {}", head.id),
        };
        let body = match self.api.ask_bytes(&question).await? {
            Reply::Body(body) => body,
            Reply::NotThere { .. } => return Err(DetailError::Gone),
        };
        let held = head.clone();
        let agreement = decode::agreement_of(&held);
        let book = self.book(agreement).await?;
        let name = format!("Agreement {agreement}");
        let ground = Ground {
            head: &held,
            provision: None,
            book: &book,
            reseller: (agreement, &name),
            dates: self.settings.dates,
            prefixed: true,
        };
        statement::statement(head, &body, &ground)
    }

    /// One agreement's price list of today to a page: the list itself has none.
    async fn prices(&self, after: Option<PageCursor>) -> Result<Page<ListedProduct>, SourceError> {
        let agreements: Vec<String> = self.tenants(&mut Book::default()).await?.into_iter().collect();
        let at = match &after {
            None => 0,
            Some(PageCursor(id)) => {
                agreements.iter().position(|known| known == id).ok_or_else(|| not_ours("price lists"))?
            }
        };
        let Some(agreement) = agreements.get(at) else {
            return Ok(Page { rows: Vec::new(), unreadable: Vec::new(), next: None });
        };
        let today = self.api.clock.now().date_naive();
        let (year, month, day) = (today.year(), today.month(), today.day());
        let path = format!("/api/v2/me/pricing/{}/pricelist/{year}/{month}/{day}/", segment(agreement));
        let mut list = list(format!("prices of agreement {agreement}"), "list-prices", path, false);
        list.filter.push(("excludeTieredProducts".to_owned(), "true".to_owned()));
        let mut whole = Page { rows: Vec::new(), unreadable: Vec::new(), next: None };
        let mut mark = None;
        loop {
            let page = self.page(&list, mark.as_ref(), |row| decode::product(row, self.currency).map(Some)).await?;
            whole.rows.extend(page.rows);
            whole.unreadable.extend(page.unreadable);
            match page.next {
                Some(next) => mark = Some(next),
                None => break,
            }
        }
        whole.next = agreements.get(at + 1).map(|id| PageCursor(id.clone()));
        Ok(whole)
    }
}

fn not_ours(what: &str) -> SourceError {
    let problem = "the place to go on from is not one of ours".to_owned();
    SourceError::Malformed { place: format!("list of {what}"), problem }
}

impl StatementSource for PrismClient {
    fn statements(&self, after: Option<PageCursor>) -> Pending<'_, Result<Page<StatementHead>, SourceError>> {
        Box::pin(self.heads(after))
    }

    fn statement(&self, head: StatementHead) -> Pending<'_, Result<Statement, DetailError>> {
        Box::pin(self.whole(head))
    }

    fn customers(&self, after: Option<PageCursor>) -> Pending<'_, Result<Page<Customer>, SourceError>> {
        Box::pin(async move {
            self.page(&tenants(), after.as_ref(), |row| tenant(row).map(|one| Some(one.customer()))).await
        })
    }

    fn products(&self, after: Option<PageCursor>) -> Pending<'_, Result<Page<ListedProduct>, SourceError>> {
        Box::pin(self.prices(after))
    }
}
