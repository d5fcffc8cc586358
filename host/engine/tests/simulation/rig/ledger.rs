//! A billing system and its target in one process: what was asked for is what stands in it, faults included.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use chrono::{DateTime, Utc};
use counterfoil_domain::card::{Budgets, Card, Delivery, DeliveryClass, Egress, InOrder, Limits, Scenario};
use counterfoil_domain::directory::{Account, Draft, Entity, EntityPage};
use counterfoil_domain::failure::{Failure, FailureClass};
use counterfoil_domain::id::{ChangeKey, EffectKey, EntityId, PluginDigest, PluginId};
use counterfoil_domain::job::{Job, PriceSource};
use counterfoil_domain::money::{Currency, Money};
use counterfoil_domain::order::{BillingModel, Fee, OrderType};
use counterfoil_domain::plan::{
    Action, Change, ChangeReceipt, Located, Observation, ObservedDocument, Plan, PlanLine, Receipt,
};
use counterfoil_domain::ports::{
    Answer, Call, CallError, Clock as _, Door, Exchange, ManualClock, Pending, SendError, Sending, Store, Target,
    Targets, Write,
};
use counterfoil_domain::wire::{Request, Response};
use tokio::sync::Notify;

/// What happens to the next write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Nothing: the fault is a later write's.
    Fine,
    /// The request never arrives, and nobody can tell.
    LostBefore,
    /// It is carried out; the answer is lost.
    LostAfter,
    NoConnection,
    /// The credentials are refused before anything is sent.
    SignIn,
    TooMany,
    /// Carried out, and a 500 comes back.
    ErrorAfter,
    /// Not carried out, and a 500 comes back: under the same key it comes again.
    ErrorBefore,
    /// Taken in, and carried out so many seconds later; no answer.
    Late(u32),
    /// Overloaded: nothing was carried out, and it says when to come back, in seconds.
    Busy(u64),
}

impl Fault {
    /// Whether the target may have carried it out, as far as the sender can know.
    pub(crate) fn may_have_arrived(self) -> bool {
        !matches!(self, Self::NoConnection | Self::SignIn | Self::TooMany | Self::Busy(_))
    }

    /// Whether what came back said nothing about what became of it.
    pub(crate) fn loses_the_answer(self) -> bool {
        matches!(self, Self::LostBefore | Self::LostAfter | Self::ErrorAfter | Self::ErrorBefore | Self::Late(_))
    }
}

/// Taken in and not carried out yet.
#[derive(Debug)]
pub(crate) struct Delayed {
    due: DateTime<Utc>,
    body: String,
    key: Option<String>,
}

#[derive(Debug, Default)]
pub(crate) struct Books {
    /// By the change's key; more than one under a key is a duplicate.
    pub(crate) documents: BTreeMap<String, Vec<String>>,
    pub(crate) answers: BTreeMap<String, Response>,
    pub(crate) faults: VecDeque<Fault>,
    pub(crate) sends: BTreeMap<String, u32>,
    pub(crate) honours_keys: bool,
    /// Documents that are refused for what they say, while the others of the request are stored.
    pub(crate) refused: BTreeSet<String>,
    /// So many of the next reads get no connection.
    pub(crate) deaf: u32,
    /// So many of the next reads show nothing: the list lags behind the write.
    pub(crate) blind: u32,
    /// So many of the next calls of `apply` answer for one plan less than they were given.
    pub(crate) short: u32,
    /// So many of the next looks into the catalogue fail.
    pub(crate) no_catalogue: u32,
    /// Done by somebody else while the next plans are made.
    pub(crate) meanwhile: Option<(Arc<dyn Store>, Write)>,
    /// Every write is asked for in other words than before.
    pub(crate) garbled: bool,
    /// Stored with another amount than was asked for.
    pub(crate) misheard: BTreeSet<String>,
    /// What the card says: tasks of a batch (3), seconds until a look is sure (60).
    pub(crate) batch_tasks: Option<usize>,
    pub(crate) settle: Option<u64>,
    /// The card asks for tasks of a subscription one after the other.
    pub(crate) in_order: bool,
    /// Each document in a request of its own.
    pub(crate) singly: bool,
    pub(crate) clock: Option<Arc<ManualClock>>,
    pub(crate) delayed: Vec<Delayed>,
    /// A document is shown so many seconds after it was stored.
    pub(crate) lag: i64,
    pub(crate) born: BTreeMap<String, DateTime<Utc>>,
    /// Until then nobody gets a connection.
    pub(crate) down_until: Option<DateTime<Utc>>,
    /// Times at which a write was tried, and how many plans each call of `apply` was given.
    pub(crate) tried_at: Vec<DateTime<Utc>>,
    pub(crate) handed: Vec<usize>,
    /// Sends of each document that may have arrived, the first time, and how many answers were lost.
    pub(crate) arrived: BTreeMap<String, u32>,
    pub(crate) first_sent: BTreeMap<String, DateTime<Utc>>,
    pub(crate) lost: u64,
    /// The guest goes down when it is given one of these changes: before it writes, or after.
    pub(crate) trapped: BTreeSet<String>,
    pub(crate) trapped_after: BTreeSet<String>,
    /// A request that holds one of these is answered with a 500 as a whole, and not carried out.
    pub(crate) choked: BTreeSet<String>,
    /// Plans that hold one of these fail in passing, before anything is written, and all of their batch with them.
    pub(crate) soured: BTreeSet<String>,
    /// The whole process goes down when it is given one of these changes; whoever waits for that is told.
    pub(crate) fatal: BTreeSet<String>,
    pub(crate) died: Arc<Notify>,
}

impl Books {
    fn now(&self) -> DateTime<Utc> {
        self.clock.as_ref().map_or(DateTime::UNIX_EPOCH, |clock| clock.now())
    }

    /// What was taken in and is due by now.
    pub(crate) fn catch_up(&mut self) {
        let now = self.now();
        let (due, later) = std::mem::take(&mut self.delayed).into_iter().partition(|delayed| delayed.due <= now);
        self.delayed = later;
        for delayed in due {
            self.carry_out(&delayed.body, delayed.key);
        }
    }

    fn carry_out(&mut self, body: &str, key: Option<String>) -> Response {
        let mut ids = Vec::new();
        for line in body.lines() {
            let (document, amount) = line.split_once(' ').unwrap();
            if self.refused.contains(document) {
                ids.push(format!("{document} refused"));
                continue;
            }
            let amount = if self.misheard.contains(document) { "999.99" } else { amount };
            self.documents.entry(document.to_owned()).or_default().push(amount.to_owned());
            self.born.insert(document.to_owned(), self.now());
            ids.push(format!("{document} {amount}"));
        }
        let response = answer(200, &ids.join("\n"));
        if let Some(key) = key {
            self.answers.insert(key, response.clone());
        }
        response
    }

    fn read(&mut self, path: &str) -> Result<Response, SendError> {
        let key = path.trim_start_matches('/').to_owned();
        if self.deaf > 0 {
            self.deaf -= 1;
            return Err(SendError::NoConnection { message: "refused".into() });
        }
        if self.blind > 0 {
            self.blind -= 1;
            return Ok(answer(200, ""));
        }
        let lag = chrono::Duration::seconds(self.lag);
        let shown = self.lag == 0 || self.born.get(&key).is_none_or(|born| *born + lag <= self.now());
        let found = self.documents.get(&key).filter(|_| shown).cloned().unwrap_or_default();
        Ok(answer(200, &found.join("\n")))
    }

    fn write(&mut self, body: String, key: Option<String>) -> Result<Response, SendError> {
        let fault = self.faults.pop_front().unwrap_or(Fault::Fine);
        let now = self.now();
        self.tried_at.push(now);
        self.lost += u64::from(fault.loses_the_answer());
        for document in body.lines().map(|line| line.split(' ').next().unwrap().to_owned()) {
            *self.sends.entry(document.clone()).or_default() += 1;
            self.first_sent.entry(document.clone()).or_insert(now);
            *self.arrived.entry(document).or_default() += u32::from(fault.may_have_arrived());
        }
        let key = key.filter(|_| self.honours_keys);
        let lost = || Err(SendError::AnswerLost { message: "lost".into() });
        match fault {
            Fault::LostBefore => return lost(),
            Fault::NoConnection => return Err(SendError::NoConnection { message: "refused".into() }),
            Fault::SignIn => return Err(SendError::SignIn { message: "refused".into(), needs_person: true }),
            Fault::TooMany => return Ok(answer(429, "")),
            Fault::Busy(seconds) => return Ok(answer(503, &seconds.to_string())),
            _ => {}
        }
        if let Some(known) = key.as_ref().and_then(|key| self.answers.get(key)) {
            return Ok(known.clone());
        }
        // Under the same key it is the same request: it is waited for.
        self.delayed.retain(|delayed| key.is_none() || delayed.key != key);
        if let Fault::Late(seconds) = fault {
            let due = now + chrono::Duration::seconds(i64::from(seconds));
            self.delayed.push(Delayed { due, body, key });
            return lost();
        }
        let chokes = body.lines().any(|line| self.choked.iter().any(|choked| line.starts_with(choked.as_str())));
        if fault == Fault::ErrorBefore || chokes {
            if let Some(key) = key {
                self.answers.insert(key, answer(500, ""));
            }
            return Ok(answer(500, ""));
        }
        let response = self.carry_out(&body, key.clone());
        match fault {
            Fault::LostAfter => lost(),
            Fault::ErrorAfter => {
                if let Some(key) = key {
                    self.answers.insert(key, answer(500, ""));
                }
                Ok(answer(500, ""))
            }
            _ => Ok(response),
        }
    }
}

/// The wire to the books.
#[derive(Debug, Clone)]
pub(crate) struct Ledger(pub(crate) Arc<Mutex<Books>>);

fn answer(status: u16, body: &str) -> Response {
    Response { status, headers: vec![], body: body.as_bytes().to_vec(), replayed: false }
}

impl Door for Ledger {
    fn send(&self, call: Call) -> Pending<'_, Result<Response, SendError>> {
        Box::pin(async move {
            let mut books = self.0.lock().unwrap();
            books.catch_up();
            if books.down_until.is_some_and(|until| books.now() < until) {
                let now = books.now();
                if matches!(call.sending, Sending::Write { .. }) {
                    books.tried_at.push(now);
                }
                return Err(SendError::NoConnection { message: "down".into() });
            }
            match call.sending {
                Sending::Write { idempotency } => {
                    let body = String::from_utf8(call.request.body).unwrap();
                    books.write(body, idempotency.map(|(_, key)| key))
                }
                Sending::Read => books.read(&call.request.path),
            }
        })
    }
}

/// A target that writes a charge and, where the order gives money back, a refund: all charges of a batch in one
/// request, then all refunds in another.
#[derive(Debug)]
pub(crate) struct LedgerTarget {
    card: Card,
    digest: PluginDigest,
    books: Arc<Mutex<Books>>,
}

impl LedgerTarget {
    pub(crate) fn new(class: DeliveryClass, books: Arc<Mutex<Books>>) -> Self {
        let (batch_tasks, settle, in_order) = {
            let books = books.lock().unwrap();
            let in_order = books.in_order.then_some(InOrder::Subscription);
            (books.batch_tasks.unwrap_or(3), Duration::from_secs(books.settle.unwrap_or(60)), in_order)
        };
        let (header, lifetime, locate) = match class {
            DeliveryClass::A { lifetime } => (Some("Idempotency-Key".to_owned()), lifetime, true),
            DeliveryClass::B => (None, Duration::ZERO, true),
            DeliveryClass::C => (None, Duration::ZERO, false),
        };
        let card = Card {
            id: PluginId::new("ledger"),
            name: "Ledger".into(),
            version: "1".into(),
            publisher: "tests".into(),
            summary: String::new(),
            contract: "0.1".into(),
            documents: vec!["charge".into(), "refund".into()],
            egress: Egress {
                base_url: "https://ledger.example".into(),
                discovery: None,
                allow: vec![],
                request_headers: vec![],
                response_headers: vec![],
                max_response_bytes: 1 << 20,
                timeout: Duration::from_secs(30),
            },
            auth: vec![],
            static_headers: vec![],
            budgets: Budgets {
                concurrency: 5,
                limits: vec![],
                retry_after_header: "Retry-After".into(),
                problem_header: None,
            },
            delivery: Delivery {
                idempotency_header: header,
                idempotency_lifetime: lifetime,
                locate_is_reliable: locate,
                settle,
            },
            batch_tasks,
            // Read back after two batches at the earliest.
            plan_tasks: batch_tasks * 2,
            in_order,
            reconciles: false,
            containers: counterfoil_domain::card::Containers::No,
            recurring: false,
            adjust: vec![],
            limits: Limits { memory_mib: 64, plan: Duration::from_secs(10), apply: Duration::from_secs(60) },
            settings: vec![],
            scenarios: vec![Scenario {
                name: "new sale".into(),
                order: OrderType::Sales,
                models: vec![BillingModel::BeforeBillingPeriod],
                usage: None,
                fees: vec![
                    (Fee::PlanRecurring, PriceSource::Order),
                    (Fee::PlanSetup, PriceSource::Catalogue),
                    (Fee::PlanRecurringRefund, PriceSource::Order),
                ],
                order_price_when: vec![],
                refused_when: vec![],
                prorate: vec![],
            }],
        };
        Self { card, digest: PluginDigest::new("ledger-1"), books }
    }
}

fn receipt_of(line: &str) -> ChangeReceipt {
    let (key, amount) = line.split_once(' ').unwrap();
    ChangeReceipt {
        key: ChangeKey::new(key),
        action: Action::Create,
        document: key.split(':').next().unwrap().into(),
        reference: EntityId::new(key),
        number: String::new(),
        total: Some(usd(amount)),
        attributes: vec![],
    }
}

fn item(id: EntityId, price: &str) -> Entity {
    Entity {
        kind: "item".into(),
        code: id.to_string(),
        name: id.to_string(),
        id,
        currency: None,
        cycle: None,
        active: true,
        price: Some(price.parse().unwrap()),
        cost: None,
        attributes: vec![],
    }
}

fn usd(amount: &str) -> Money {
    Money::new(amount.parse().unwrap(), Currency::parse("USD").unwrap())
}

async fn look(exchange: &Arc<dyn Exchange>, key: &str) -> Result<Vec<String>, Failure> {
    let request = Request {
        operation: "find".into(),
        method: "GET".into(),
        path: format!("/{key}"),
        query: vec![],
        headers: vec![],
        body: vec![],
    };
    let response = exchange.read(request).await?;
    Ok(String::from_utf8(response.body).unwrap().lines().map(str::to_owned).collect())
}

fn plan_of(job: &Job) -> Plan {
    let change = |document: &str, refunds: bool| {
        let lines: Vec<PlanLine> = job
            .order
            .lines
            .iter()
            .filter(|line| line.amount.is_sign_negative() == refunds)
            .map(|line| PlanLine {
                covers: vec![line.id.clone()],
                description: line.description.clone(),
                quantity: line.quantity,
                unit_price: line.unit_price,
                unit_cost: None,
                amount: line.amount,
                bills: line.amount,
                why: line.arithmetic.clone(),
                attributes: vec![],
            })
            .collect();
        let total = lines.iter().map(|line| line.bills).sum();
        let change = Change {
            key: ChangeKey::new(format!("{document}:{}", job.order.number)),
            action: Action::Create,
            document: document.to_owned(),
            target: None,
            title: job.order.number.clone(),
            fields: vec![],
            lines,
            total: Money::new(total, job.order.currency),
            why: "new sale".into(),
            attributes: vec![],
        };
        (!change.lines.is_empty()).then_some(change)
    };
    Plan {
        task: job.task.clone(),
        changes: change("charge", false).into_iter().chain(change("refund", true)).collect(),
        left_out: vec![],
        notes: vec![],
        payload: vec![],
        attributes: vec![],
    }
}

type Answers = Vec<Result<Vec<ChangeReceipt>, Failure>>;

/// How `apply` goes about it, as the books say.
#[derive(Clone, Copy)]
struct Manner {
    garbled: bool,
    singly: bool,
}

/// One request for all changes of a kind, or one for each. A plan that failed before gets nothing more written.
async fn write_all(
    exchange: &Arc<dyn Exchange>,
    kind: &str,
    plans: &[(Plan, Vec<ChangeReceipt>)],
    answers: &mut Answers,
    manner: Manner,
) {
    let due: Vec<(usize, &Change)> = plans
        .iter()
        .enumerate()
        .filter(|(index, _)| answers[*index].is_ok())
        .flat_map(|(index, (plan, adopted))| {
            let due = |c: &&Change| c.document == kind && !adopted.iter().any(|known| known.key == c.key);
            plan.changes.iter().filter(due).map(move |change| (index, change))
        })
        .collect();
    if manner.singly {
        for one in due {
            let key = one.1.key.to_string();
            write_some(exchange, kind, &key, &[one], answers, manner).await;
        }
    } else if !due.is_empty() {
        write_some(exchange, kind, &format!("{kind}s"), &due, answers, manner).await;
    }
}

async fn write_some(
    exchange: &Arc<dyn Exchange>,
    kind: &str,
    key: &str,
    due: &[(usize, &Change)],
    answers: &mut Answers,
    manner: Manner,
) {
    let lines: Vec<String> = due.iter().map(|(_, change)| format!("{} {}", change.key, change.total.amount)).collect();
    let request = Request {
        operation: kind.into(),
        method: "PUT".into(),
        path: format!("/{kind}s"),
        query: vec![],
        headers: if manner.garbled { vec![("Accept".into(), "other".into())] } else { vec![] },
        body: lines.join("\n").into_bytes(),
    };
    let failure = match exchange.write(EffectKey::new(key), request).await {
        Ok(response) if response.status == 200 => {
            let text = String::from_utf8(response.body).unwrap();
            for ((index, change), line) in due.iter().zip(text.lines()) {
                if line.ends_with(" refused") {
                    let mut failure = Failure::new(FailureClass::Rejected, "refused", change.key.as_str());
                    for saved in answers[*index].iter().flatten() {
                        failure.attributes.push((format!("saved.{}", saved.key), saved.reference.to_string()));
                    }
                    answers[*index] = Err(failure);
                } else if let Ok(receipts) = &mut answers[*index] {
                    receipts.push(receipt_of(line));
                }
            }
            return;
        }
        Ok(response) if response.status == 429 => Failure::new(FailureClass::Throttled, "too-many", "too many calls"),
        Ok(response) if response.status == 503 => {
            let told = String::from_utf8(response.body).unwrap().parse().ok().map(Duration::from_secs);
            Failure { retry_after: told, ..Failure::new(FailureClass::Transient, "busy", "the ledger is overloaded") }
        }
        Ok(_) => Failure::new(FailureClass::UnknownOutcome, "error", "the ledger failed inside"),
        Err(failure) => failure,
    };
    for (index, _) in due {
        answers[*index] = Err(failure.clone());
    }
}

fn holds(plans: &[(Plan, Vec<ChangeReceipt>)], keys: &BTreeSet<String>) -> bool {
    plans.iter().flat_map(|(plan, _)| &plan.changes).any(|change| keys.contains(change.key.as_str()))
}

fn trap() -> CallError {
    CallError::Trap { message: "unreachable".into(), stderr: String::new() }
}

impl Target for LedgerTarget {
    fn card(&self) -> &Card {
        &self.card
    }

    fn digest(&self) -> &PluginDigest {
        &self.digest
    }

    fn probe(&self, _: Arc<dyn Exchange>) -> Answer<'_, Account> {
        Box::pin(async { Err(Failure::new(FailureClass::Unsupported, "no", "no").into()) })
    }

    fn search(&self, _: Arc<dyn Exchange>, _: String, _: String, _: Option<String>) -> Answer<'_, EntityPage> {
        Box::pin(async { Ok(EntityPage { entities: vec![], next: None }) })
    }

    fn get(&self, _: Arc<dyn Exchange>, _: String, ids: Vec<EntityId>) -> Answer<'_, Vec<Entity>> {
        Box::pin(async move {
            let mut books = self.books.lock().unwrap();
            if books.no_catalogue > 0 {
                books.no_catalogue -= 1;
                return Err(Failure::new(FailureClass::Throttled, "too-many", "too many calls").into());
            }
            Ok(ids.into_iter().map(|id| item(id, "7.50")).collect())
        })
    }

    fn create(&self, _: Arc<dyn Exchange>, _: String, _: Draft) -> Answer<'_, Entity> {
        Box::pin(async { Err(Failure::new(FailureClass::Unsupported, "no", "no").into()) })
    }

    fn plan(&self, _: Arc<dyn Exchange>, jobs: Vec<Job>) -> Answer<'_, Vec<Result<Plan, Failure>>> {
        Box::pin(async move {
            let meanwhile = self.books.lock().unwrap().meanwhile.take();
            if let Some((store, write)) = meanwhile {
                store.commit(vec![write]).await.unwrap();
            }
            Ok(jobs.iter().map(|job| Ok(plan_of(job))).collect())
        })
    }

    fn apply(
        &self,
        exchange: Arc<dyn Exchange>,
        plans: Vec<(Plan, Vec<ChangeReceipt>)>,
    ) -> Answer<'_, Vec<Result<Receipt, Failure>>> {
        Box::pin(async move {
            let mut answers: Answers = plans.iter().map(|(_, adopted)| Ok(adopted.clone())).collect();
            let fatal = {
                let books = self.books.lock().unwrap();
                holds(&plans, &books.fatal).then(|| Arc::clone(&books.died))
            };
            if let Some(died) = fatal {
                died.notify_one();
                std::future::pending::<()>().await;
            }
            let (manner, trapped_after) = {
                let mut books = self.books.lock().unwrap();
                books.handed.push(plans.len());
                if holds(&plans, &books.trapped) {
                    return Err(trap());
                }
                if holds(&plans, &books.soured) {
                    let failure = Failure::new(FailureClass::Transient, "sour", "a list could not be read");
                    return Ok(vec![Err(failure); plans.len()]);
                }
                (Manner { garbled: books.garbled, singly: books.singly }, holds(&plans, &books.trapped_after))
            };
            for kind in ["charge", "refund"] {
                write_all(&exchange, kind, &plans, &mut answers, manner).await;
            }
            if trapped_after {
                return Err(trap());
            }
            let mut results: Vec<_> = plans
                .iter()
                .zip(answers)
                .map(|((plan, _), changes)| {
                    Ok(Receipt { task: plan.task.clone(), changes: changes?, attributes: vec![] })
                })
                .collect();
            let mut books = self.books.lock().unwrap();
            if books.short > 0 {
                books.short -= 1;
                results.pop();
            }
            Ok(results)
        })
    }

    fn locate(&self, exchange: Arc<dyn Exchange>, _: Plan, key: ChangeKey) -> Answer<'_, Located> {
        Box::pin(async move {
            let found = look(&exchange, key.as_str()).await?;
            let mut receipts: Vec<ChangeReceipt> =
                found.iter().map(|amount| receipt_of(&format!("{key} {amount}"))).collect();
            Ok(match receipts.len() {
                0 => Located::Absent,
                1 => Located::Found(receipts.remove(0)),
                _ => Located::Several(receipts),
            })
        })
    }

    fn observe(
        &self,
        exchange: Arc<dyn Exchange>,
        receipts: Vec<Receipt>,
    ) -> Answer<'_, Vec<Result<Observation, Failure>>> {
        Box::pin(async move {
            let mut seen = Vec::new();
            for receipt in receipts {
                let mut documents = Vec::new();
                for change in &receipt.changes {
                    for amount in look(&exchange, change.key.as_str()).await? {
                        documents.push(ObservedDocument {
                            key: change.key.clone(),
                            reference: change.reference.clone(),
                            number: String::new(),
                            state: "open".into(),
                            total: usd(&amount),
                            lines: vec![],
                            attributes: vec![],
                        });
                    }
                }
                seen.push(Ok(Observation { task: receipt.task, documents, attributes: vec![] }));
            }
            Ok(seen)
        })
    }
}

#[derive(Debug)]
pub(crate) struct OneTarget(pub(crate) Arc<LedgerTarget>);

impl Targets for OneTarget {
    fn active(&self, id: &PluginId) -> Option<Arc<dyn Target>> {
        (*id == self.0.card.id).then(|| Arc::clone(&self.0) as Arc<dyn Target>)
    }

    fn by_digest(&self, _: &PluginDigest) -> Option<Arc<dyn Target>> {
        Some(Arc::clone(&self.0) as Arc<dyn Target>)
    }

    fn cards(&self) -> Vec<(PluginDigest, Card)> {
        vec![(self.0.digest.clone(), self.0.card.clone())]
    }
}
