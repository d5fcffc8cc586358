//! The client over the door.

use std::sync::Arc;

use chrono::{DateTime, Duration, Utc};
use tokio::sync::Mutex;

use counterfoil_domain::connection::Marketplace;
use counterfoil_domain::market::{Customer, Page, PageCursor};
use counterfoil_domain::money::Currency;
use counterfoil_domain::ports::{Clock, DetailError, Door, Pending, SourceError, StatementSource};
use counterfoil_domain::statement::{ListedProduct, Statement, StatementHead};

use super::decode::{self, Organization};
use super::route::{Settings, settings};
use crate::ask::{Caretaker, Pace, Question, Reply, segment};
use crate::simple_api::{Problem, SetupProblem, currency_setting};
use crate::statement::{self, Book, Ground, Leaf, List, Mark, Row, tenant, unreadable};

const PAGING: (&str, &str) = ("Page", "PageSize");
/// The most that is documented anywhere; a server that gives less says so by giving less.
const PAGE: u32 = 1_000;
/// What was read of tenants and subscriptions is good for the statements of one check.
const GOOD_FOR: Duration = Duration::minutes(15);

/// A list that there is one of for each organization.
#[derive(Debug, Clone, Copy)]
struct Kind {
    name: &'static str,
    operation: &'static str,
    path: &'static str,
}

const STATEMENTS: Kind = Kind { name: "statements", operation: "list-statements", path: "/billingstatements" };
const TENANTS: Kind = Kind { name: "tenants", operation: "list-tenants", path: "/customertenants" };
const SUBSCRIPTIONS: Kind = Kind { name: "subscriptions", operation: "list-subscriptions", path: "/subscriptions" };
const PRODUCTS: Kind = Kind { name: "products", operation: "list-products", path: "/agreementproducts" };

#[derive(Debug)]
struct Known<T> {
    at: DateTime<Utc>,
    value: Arc<T>,
}

#[derive(Debug)]
pub struct CloudIqClient {
    api: Caretaker,
    settings: Settings,
    currency: Option<Currency>,
    organizations: Mutex<Option<Known<Vec<Organization>>>>,
    book: Mutex<Option<Known<Book>>>,
}

impl CloudIqClient {
    /// The door must know the marketplace's route.
    pub fn new(marketplace: &Marketplace, door: Arc<dyn Door>, clock: Arc<dyn Clock>) -> Result<Self, SetupProblem> {
        let pace = Pace::of(marketplace)?;
        Ok(Self {
            api: Caretaker { door, clock, marketplace: marketplace.id.clone(), pace },
            settings: settings(marketplace)?,
            currency: currency_setting(marketplace)?,
            organizations: Mutex::default(),
            book: Mutex::default(),
        })
    }

    /// The same client with other patience.
    #[must_use]
    pub fn with_pace(mut self, pace: Pace) -> Self {
        self.api.pace = pace;
        self
    }

    /// Those that are set, with their names where the list tells them, or all.
    async fn organizations(&self, anew: bool) -> Result<Arc<Vec<Organization>>, SourceError> {
        let mut known = self.organizations.lock().await;
        let now = self.api.clock.now();
        if let Some(known) = known.as_ref().filter(|known| !anew && now - known.at < GOOD_FOR) {
            return Ok(Arc::clone(&known.value));
        }
        let list = List {
            name: "organizations".to_owned(),
            operation: "list-organizations",
            path: "/organizations".to_owned(),
            filter: Vec::new(),
            paging: PAGING,
            size: PAGE,
            optional: false,
        };
        let mut seen: Vec<Organization> = Vec::new();
        for leaf in self.api.leaves(&list).await? {
            for (at, row) in leaf.rows.iter().enumerate() {
                // A row that cannot be read hides statements: it is no row to step over.
                let one = Row::json(row).and_then(|row| decode::organization(&row)).map_err(|problem| {
                    let place = format!("{}, row {}", leaf.place, at + 1);
                    SourceError::Malformed { place, problem: problem.to_string() }
                })?;
                if !seen.iter().any(|known| known.id == one.id) {
                    seen.push(one);
                }
            }
        }
        let chosen = match &self.settings.organizations[..] {
            [] => seen,
            set => set
                .iter()
                .map(|id| {
                    let told = seen.iter().find(|one| one.id == *id).cloned();
                    told.unwrap_or_else(|| Organization { id: id.clone(), name: format!("Organization {id}") })
                })
                .collect(),
        };
        if chosen.is_empty() {
            let problem = "the API user sees no organization; give it access, or set organizations".to_owned();
            return Err(SourceError::Malformed { place: list.name, problem });
        }
        let value = Arc::new(chosen);
        *known = Some(Known { at: now, value: Arc::clone(&value) });
        Ok(value)
    }

    fn list(&self, kind: Kind, of: &Organization) -> List {
        let mut filter = vec![("OrganizationId".to_owned(), of.id.clone())];
        if kind.path == PRODUCTS.path {
            let types = self.settings.agreement_types.iter();
            filter.extend(types.map(|one| ("AgreementTypeIds".to_owned(), one.clone())));
        }
        List {
            name: format!("{} of organization {}", kind.name, of.id),
            operation: kind.operation,
            path: kind.path.to_owned(),
            filter,
            paging: PAGING,
            size: PAGE,
            optional: false,
        }
    }

    /// One page of one organization's list; after its last page comes the next organization's first.
    async fn page<T>(
        &self,
        kind: Kind,
        after: Option<PageCursor>,
        decode: impl Fn(&Row, &Organization) -> Result<Vec<T>, Problem>,
    ) -> Result<Page<T>, SourceError> {
        let lost = || SourceError::Malformed {
            place: format!("list of {}", kind.name),
            problem: "the place to go on from is not one of ours".to_owned(),
        };
        let organizations = self.organizations(after.is_none()).await?;
        let (at, mark) = match &after {
            None => (0, Mark::default()),
            Some(PageCursor(text)) => {
                let (id, mark) = text.split_once('|').ok_or_else(lost)?;
                let at = organizations.iter().position(|one| one.id == id).ok_or_else(lost)?;
                (at, Mark::parse(mark).ok_or_else(lost)?)
            }
        };
        let of = organizations.get(at).ok_or_else(lost)?;
        let leaf = self.api.leaf(&self.list(kind, of), &mark).await?;
        let next = match (&leaf.next, organizations.get(at + 1)) {
            (Some(mark), _) => Some((&of.id, mark.clone())),
            (None, Some(following)) => Some((&following.id, Mark::default())),
            (None, None) => None,
        };
        let next = next.map(|(id, mark)| PageCursor(format!("{id}|{}", mark.text())));
        let mut page = Page { rows: Vec::new(), unreadable: Vec::new(), next };
        for (at, text) in leaf.rows.iter().enumerate() {
            let row = Row::json(text);
            match row.as_ref().map_err(Clone::clone).and_then(|row| decode(row, of)) {
                Ok(rows) => page.rows.extend(rows),
                Err(problem) => {
                    let id = row.as_ref().ok().and_then(|row| row.text(&["Id", "Name"]));
                    page.unreadable.push(unreadable(id, &format!("{}, row {}", leaf.place, at + 1), &problem));
                }
            }
        }
        Ok(page)
    }

    async fn heads(&self, after: Option<PageCursor>) -> Result<Page<StatementHead>, SourceError> {
        if after.is_none() {
            // A new check: what was known of tenants and subscriptions is of the last one.
            *self.book.lock().await = None;
        }
        let decode = |row: &Row, of: &Organization| {
            decode::statement(row, of, self.currency, self.settings.dates).map(|head| vec![head])
        };
        self.page(STATEMENTS, after, decode).await
    }

    /// Read once for all who wait.
    async fn book(&self) -> Result<Arc<Book>, SourceError> {
        let mut known = self.book.lock().await;
        let now = self.api.clock.now();
        if let Some(known) = known.as_ref().filter(|known| now - known.at < GOOD_FOR) {
            return Ok(Arc::clone(&known.value));
        }
        let mut book = Book::default();
        let readable =
            |leaves: Vec<Leaf>| leaves.into_iter().flat_map(|leaf| leaf.rows).filter_map(|row| Row::json(&row).ok());
        for of in self.organizations(false).await?.iter() {
            let leaves = self.api.leaves(&self.list(TENANTS, of)).await?;
            // One that cannot be read is shown with the customers.
            readable(leaves).filter_map(|row| tenant(&row).ok()).for_each(|tenant| book.tenants.add(tenant));
            let leaves = self.api.leaves(&self.list(SUBSCRIPTIONS, of)).await?;
            readable(leaves).for_each(|row| book.subscribe(&row, None));
        }
        let value = Arc::new(book);
        *known = Some(Known { at: now, value: Arc::clone(&value) });
        Ok(value)
    }

    async fn whole(&self, head: StatementHead) -> Result<Statement, DetailError> {
        let question = Question {
            operation: "get-statement-records",
            path: format!("/billingstatements/{}/billingrecordsfile", segment(&head.id)),
            query: Vec::new(),
            place: format!("statement {}", head.id),
        };
        let body = match self.api.ask_bytes(&question).await? {
            Reply::Body(body) => body,
            Reply::NotThere { .. } => return Err(DetailError::Gone),
        };
        let book = self.book().await?;
        let (of, provision) = decode::of_stream(&head);
        let held = head.clone();
        let ground = Ground {
            head: &held,
            provision,
            book: &book,
            reseller: (&of.id, &of.name),
            dates: self.settings.dates,
            prefixed: false,
        };
        statement::statement(head, &body, &ground)
    }
}

impl StatementSource for CloudIqClient {
    fn statements(&self, after: Option<PageCursor>) -> Pending<'_, Result<Page<StatementHead>, SourceError>> {
        Box::pin(self.heads(after))
    }

    fn statement(&self, head: StatementHead) -> Pending<'_, Result<Statement, DetailError>> {
        Box::pin(self.whole(head))
    }

    fn customers(&self, after: Option<PageCursor>) -> Pending<'_, Result<Page<Customer>, SourceError>> {
        Box::pin(self.page(TENANTS, after, |row, _| tenant(row).map(|tenant| vec![tenant.customer()])))
    }

    fn products(&self, after: Option<PageCursor>) -> Pending<'_, Result<Page<ListedProduct>, SourceError>> {
        Box::pin(self.page(PRODUCTS, after, |row, _| decode::products(row)))
    }
}
