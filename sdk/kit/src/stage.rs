//! One set of fresh books with the component in front of it: finds the links, makes jobs as the host does, and calls the exports.
//! Owns no expectation; what must hold is each check's.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use chrono::NaiveDate;
use counterfoil_domain::assemble::{self, Parts};
use counterfoil_domain::card::{Card, Scenario};
use counterfoil_domain::connection::{Connection, ConnectionState, Exceptions, HostRules};
use counterfoil_domain::directory::{Account, Draft, Entity};
use counterfoil_domain::failure::Failure;
use counterfoil_domain::id::{ChangeKey, ConnectionId, EntityId, MarketplaceId, ResellerId, TaskId};
use counterfoil_domain::job::Job;
use counterfoil_domain::judge::{self, Law, LinkBook, Standing};
use counterfoil_domain::link::{Link, LinkKey, LinkKind, LinkState, LinkTarget};
use counterfoil_domain::money::Currency;
use counterfoil_domain::order::{Order, ProductRef};
use counterfoil_domain::plan::{ChangeReceipt, Located, Observation, Plan, Receipt};
use counterfoil_domain::ports::{CallError, Exchange, Target as _};
use counterfoil_domain::task::Verdict;

use crate::bench::{Bench, Measure, Miss, failed};
use crate::description::{Description, LinkTo};
use crate::exchange::{Guarded, Journal, May, Offences};
use crate::line::Line;
use crate::sample::{CUSTOMER, Ground, Sample};

/// No directory of a simulator is longer.
const MOST_PAGES: usize = 200;

#[derive(Debug)]
pub(crate) struct Stage {
    pub(crate) line: Arc<Line>,
    pub(crate) offences: Offences,
    pub(crate) card: Arc<Card>,
    pub(crate) today: NaiveDate,
    description: Arc<Description>,
    measure: Measure,
    connection: Connection,
    settings: Vec<(String, String)>,
    links: LinkBook,
    containers: Vec<LinkTarget>,
    currency: Option<Currency>,
    /// What was stored before, for jobs that give something back.
    pub(crate) history: Vec<(String, Receipt)>,
    turn: AtomicUsize,
}

/// A job, and the order that it came from.
#[derive(Debug, Clone)]
pub(crate) struct Made {
    pub(crate) job: Job,
    pub(crate) order: Order,
}

impl Stage {
    pub(crate) fn new(bench: &Bench, line: Arc<Line>) -> Self {
        let connection = Connection {
            id: ConnectionId::new("kit"),
            reseller: ResellerId::new("kit"),
            name: "Conformance kit".to_owned(),
            plugin: bench.card.id.clone(),
            marketplace: MarketplaceId::new("kit"),
            state: ConnectionState::Enabled,
            state_reason: String::new(),
            base_url: None,
            token_url: None,
            auth: None,
            exceptions: Exceptions::default(),
            settings: bench.settings.clone(),
            rules: HostRules::default(),
        };
        Self {
            line,
            offences: Offences::default(),
            card: Arc::clone(&bench.card),
            today: bench.today,
            description: Arc::clone(&bench.description),
            measure: bench.measure(),
            connection,
            settings: bench.settings.clone().into_iter().collect(),
            links: LinkBook::default(),
            containers: Vec::new(),
            currency: None,
            history: Vec::new(),
            turn: AtomicUsize::new(0),
        }
    }

    /// With another version of the component.
    pub(crate) fn run_by(&mut self, bench: &Bench, target: Arc<counterfoil_runtime::sandbox::WasmTarget>) {
        self.measure = bench.measure().of(target);
    }

    /// Probes, and finds every link of the description.
    pub(crate) async fn settle_in(&mut self) -> Result<(), Miss> {
        let account = self.probe().await.map_err(|error| Miss::Failed(format!("probe: {error}")))?;
        let wanted = self.description.currency.as_deref().map(Currency::parse).transpose();
        let wanted = wanted.map_err(|error| Miss::Skipped(format!("the description's currency: {error:?}")))?;
        self.currency = Some(wanted.unwrap_or(account.base_currency));
        for link in self.description.links.clone() {
            let found = self.find(&link).await?;
            let mut attributes: Vec<(String, String)> = link.attributes.clone().into_iter().collect();
            attributes.extend(found.attributes.into_iter().filter(|(name, _)| !link.attributes.contains_key(name)));
            let target = LinkTarget { id: found.id, code: found.code, name: found.name, attributes };
            match link.kind.as_str() {
                "container" => self.containers.push(target),
                "party" => self.link(LinkKind::Party, CUSTOMER.to_owned(), target),
                "fee" => self.link(LinkKind::Fee, link.source.clone(), target),
                _ => self.link(LinkKind::Item, link.source.clone(), target),
            }
        }
        Ok(())
    }

    fn link(&mut self, kind: LinkKind, source: String, target: LinkTarget) {
        self.links.insert(made_link(kind, source, target));
    }

    async fn find(&self, link: &LinkTo) -> Result<Entity, Miss> {
        let kind = link.searched_in();
        if let Some(id) = &link.id {
            let found = self.get(kind, vec![EntityId::new(id.clone())]).await;
            let found = found.map_err(|error| Miss::Failed(format!("get of {kind} {id}: {error}")))?;
            return found.into_iter().next().map_or_else(|| failed(format!("get finds no {kind} {id}")), Ok);
        }
        let query = link.query.as_deref().unwrap_or_default();
        let found = self.search(kind, query).await?;
        let exact =
            |entity: &&Entity| entity.code.eq_ignore_ascii_case(query) || entity.name.eq_ignore_ascii_case(query);
        found.iter().find(exact).cloned().map_or_else(|| failed(format!("search finds no {kind} \"{query}\"")), Ok)
    }

    pub(crate) fn currency(&self) -> Result<Currency, Miss> {
        self.currency.ok_or_else(|| Miss::Skipped("the currency of the account is not known".to_owned()))
    }

    /// On this day, about a subscription sold on that one.
    pub(crate) fn ground(&self, subscription: usize, on: NaiveDate, since: NaiveDate) -> Result<Ground, Miss> {
        let item = self.description.links_of("item").next();
        let (code, name) = item.map_or(("KIT-SEAT", ""), |item| (item.source.as_str(), item.name.as_str()));
        let name = if name.is_empty() { "Seats of the kit" } else { name };
        let product = ProductRef { code: code.to_owned(), name: name.to_owned() };
        Ok(Ground { subscription, on, since, currency: self.currency()?, product })
    }

    pub(crate) fn turn(&self) -> usize {
        self.turn.fetch_add(1, Ordering::SeqCst) + 1
    }

    /// The job of an order, as a host makes it. A row that does not take it is no defect of the plugin's code.
    pub(crate) async fn job(&self, sample: &Sample, row: &Scenario) -> Result<Made, Miss> {
        let links = self.links_for(sample);
        let containers = self.read_containers(&links, sample).await?;
        let (metered, rules) = (BTreeSet::new(), HostRules::default());
        let law = Law {
            scenarios: &self.card.scenarios,
            rules: &rules,
            links: &links,
            metered: &metered,
            standing: Standing {
                containers: self.card.puts_into_containers(&self.settings),
                recurring: self.card.recurs(&self.settings),
                ..Standing::default()
            },
            now: sample.order.created_at,
        };
        let judged = judge::judge(&sample.order, Some(&sample.subscription), law);
        match &judged.verdict {
            Verdict::Ignored(ignored) => {
                let text = format!("an order made for the row \"{}\" is ignored: {}", row.name, ignored.text);
                return Err(Miss::Skipped(text));
            }
            Verdict::Pending(needs) if needs.iter().any(|_| judged.lines.is_empty()) => {
                return Err(Miss::Skipped(format!(
                    "an order made for the row \"{}\" is not taken: {needs:?}",
                    row.name
                )));
            }
            Verdict::Pending(_) | Verdict::Ready => {}
        }
        let task = TaskId::new(format!("kit-{}", sample.order.number));
        let parts = Parts {
            task: &task,
            kind: judge::job_kind(&sample.order),
            connection: &self.connection,
            customer: Some(&sample.customer),
            subscription: Some(&sample.subscription),
            links: &links,
            items: &BTreeMap::new(),
            containers: &containers,
            settings: &self.settings,
            recurring: self.card.recurs(&self.settings),
            adjustments: None,
            today: self.today,
        };
        let job = assemble::job(&sample.order, &judged.lines, parts);
        let mut job = job.map_err(|error| Miss::Skipped(format!("the kit cannot price its order: {error}")))?;
        self.name_earlier(&mut job);
        Ok(Made { job, order: sample.order.clone() })
    }

    fn links_for(&self, sample: &Sample) -> LinkBook {
        let mut links = self.links.clone();
        let subscription = sample.subscription.id.as_str();
        let place: usize = subscription.rsplit('-').next().and_then(|n| n.parse().ok()).unwrap_or(0);
        if let Some(target) = self.containers.get(place % self.containers.len().max(1)) {
            links.insert(made_link(LinkKind::Container, subscription.to_owned(), target.clone()));
        }
        links
    }

    async fn read_containers(&self, links: &LinkBook, of: &Sample) -> Result<BTreeMap<EntityId, Entity>, Miss> {
        let linked = links.get(LinkKind::Container, of.subscription.id.as_str()).and_then(Link::target);
        let Some(target) = linked else { return Ok(BTreeMap::new()) };
        let found = self.get("container", vec![target.id.clone()]).await;
        let found = found.map_err(|error| Miss::Failed(format!("get of container {}: {error}", target.id)))?;
        Ok(found.into_iter().map(|container| (container.id.clone(), container)).collect())
    }

    /// As the host names what earlier tasks of the subscription stored.
    fn name_earlier(&self, job: &mut Job) {
        if job.order.lines.iter().all(|line| !line.amount.is_sign_negative() || line.amount.is_zero()) {
            return;
        }
        let changes =
            self.history.iter().rev().flat_map(|(number, receipt)| receipt.changes.iter().map(move |c| (number, c)));
        for (place, (number, change)) in changes.enumerate() {
            let mut put =
                |field: &str, value: String| job.attributes.push((format!("earlier.{}.{field}", place + 1), value));
            put("document", change.document.clone());
            put("reference", change.reference.to_string());
            put("number", change.number.clone());
            put("order", number.clone());
        }
    }

    fn exchange(&self, may: May) -> Arc<dyn Exchange> {
        let (line, card) = (Arc::clone(&self.line), Arc::clone(&self.card));
        Arc::new(Guarded { line, card, may, offences: self.offences.clone() })
    }

    fn reading(&self) -> Arc<dyn Exchange> {
        self.exchange(May::Read)
    }

    pub(crate) async fn probe(&self) -> Result<Account, CallError> {
        self.measure.call(self.measure.target.probe(self.reading())).await
    }

    /// All pages, each entity as often as it was given.
    pub(crate) async fn search(&self, kind: &str, query: &str) -> Result<Vec<Entity>, Miss> {
        let answer = self.pages(kind, query).await?;
        answer.map_err(|failure| Miss::Failed(format!("search of {kind} \"{query}\": {failure}")))
    }

    /// The same, with the failure that the plugin gave.
    pub(crate) async fn pages(&self, kind: &str, query: &str) -> Result<Result<Vec<Entity>, Failure>, Miss> {
        let mut all = Vec::new();
        let mut cursor: Option<String> = None;
        for _ in 0..MOST_PAGES {
            let asked = cursor.clone();
            let target = &self.measure.target;
            let call = target.search(self.reading(), kind.to_owned(), query.to_owned(), asked.clone());
            let page = match self.measure.call(call).await {
                Ok(page) => page,
                Err(CallError::Failed(failure)) => return Ok(Err(failure)),
                Err(error) => return failed(format!("search of {kind} \"{query}\": {error}")),
            };
            all.extend(page.entities);
            match page.next {
                None => return Ok(Ok(all)),
                Some(next) if Some(&next) == asked.as_ref() => {
                    return failed(format!(
                        "search of {kind} gives the cursor \"{next}\" again that it was given: it never ends"
                    ));
                }
                Some(next) => cursor = Some(next),
            }
        }
        failed(format!("search of {kind} has no end after {MOST_PAGES} pages"))
    }

    pub(crate) async fn get(&self, kind: &str, ids: Vec<EntityId>) -> Result<Vec<Entity>, CallError> {
        self.measure.call(self.measure.target.get(self.reading(), kind.to_owned(), ids)).await
    }

    pub(crate) async fn create(&self, journal: &Arc<Journal>, kind: &str, draft: Draft) -> Result<Entity, CallError> {
        let may = self.exchange(May::Write(Arc::clone(journal)));
        self.measure.call(self.measure.target.create(may, kind.to_owned(), draft)).await
    }

    pub(crate) async fn revise(
        &self,
        journal: &Arc<Journal>,
        kind: &str,
        id: EntityId,
        draft: Draft,
    ) -> Result<Entity, CallError> {
        let may = self.exchange(May::Write(Arc::clone(journal)));
        self.measure.call(self.measure.target.revise(may, kind.to_owned(), id, draft)).await
    }

    pub(crate) async fn plan(&self, jobs: Vec<Job>) -> Result<Vec<Result<Plan, Failure>>, CallError> {
        self.measure.call(self.measure.target.plan(self.reading(), jobs)).await
    }

    pub(crate) async fn apply(
        &self,
        journal: &Arc<Journal>,
        plans: Vec<(Plan, Vec<ChangeReceipt>)>,
    ) -> Result<Vec<Result<Receipt, Failure>>, CallError> {
        let may = self.exchange(May::Write(Arc::clone(journal)));
        self.measure.call(self.measure.target.apply(may, plans)).await
    }

    pub(crate) async fn locate(&self, plan: &Plan, key: &ChangeKey) -> Result<Located, CallError> {
        self.measure.call(self.measure.target.locate(self.reading(), plan.clone(), key.clone())).await
    }

    pub(crate) async fn observe(&self, receipts: Vec<Receipt>) -> Result<Vec<Result<Observation, Failure>>, CallError> {
        self.measure.call(self.measure.target.observe(self.reading(), receipts)).await
    }
}

fn made_link(kind: LinkKind, source: String, target: LinkTarget) -> Link {
    Link {
        key: LinkKey { connection: ConnectionId::new("kit"), kind, source },
        source_name: String::new(),
        state: LinkState::Linked(target),
        why: "the conformance description".to_owned(),
    }
}
