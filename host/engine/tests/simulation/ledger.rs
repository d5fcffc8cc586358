//! A billing system and its target in one process: what was asked for is what stands in it, faults included.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use counterfoil_domain::card::{Budgets, Card, Delivery, DeliveryClass, Egress, Limits, Scenario};
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
    Answer, Call, Door, Exchange, Pending, SendError, Sending, Store, Target, Targets, Write,
};
use counterfoil_domain::wire::{Request, Response};

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
            let Sending::Write { idempotency } = call.sending else {
                let key = call.request.path.trim_start_matches('/').to_owned();
                if books.deaf > 0 {
                    books.deaf -= 1;
                    return Err(SendError::NoConnection { message: "refused".into() });
                }
                if books.blind > 0 {
                    books.blind -= 1;
                    return Ok(answer(200, ""));
                }
                let found = books.documents.get(&key).cloned().unwrap_or_default();
                return Ok(answer(200, &found.join("\n")));
            };
            let body = String::from_utf8(call.request.body).unwrap();
            for line in body.lines() {
                *books.sends.entry(line.split(' ').next().unwrap().to_owned()).or_default() += 1;
            }
            let fault = books.faults.pop_front();
            let idempotency = idempotency.filter(|_| books.honours_keys).map(|(_, key)| key);
            match fault {
                Some(Fault::LostBefore) => return Err(SendError::AnswerLost { message: "lost".into() }),
                Some(Fault::NoConnection) => return Err(SendError::NoConnection { message: "refused".into() }),
                Some(Fault::SignIn) => {
                    return Err(SendError::SignIn { message: "refused".into(), needs_person: true });
                }
                Some(Fault::TooMany) => return Ok(answer(429, "")),
                _ => {}
            }
            if let Some(known) = idempotency.as_ref().and_then(|key| books.answers.get(key)) {
                return Ok(known.clone());
            }
            let response = if fault == Some(Fault::ErrorBefore) {
                answer(500, "")
            } else {
                let mut ids = Vec::new();
                for line in body.lines() {
                    let (key, amount) = line.split_once(' ').unwrap();
                    if books.refused.contains(key) {
                        ids.push(format!("{key} refused"));
                        continue;
                    }
                    let amount = if books.misheard.contains(key) { "999.99" } else { amount };
                    let shelf = books.documents.entry(key.to_owned()).or_default();
                    shelf.push(amount.to_owned());
                    ids.push(format!("{key} {amount}"));
                }
                if fault == Some(Fault::ErrorAfter) { answer(500, "") } else { answer(200, &ids.join("\n")) }
            };
            if let Some(key) = idempotency {
                books.answers.insert(key, response.clone());
            }
            if fault == Some(Fault::LostAfter) {
                Err(SendError::AnswerLost { message: "lost".into() })
            } else {
                Ok(response)
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
                settle: Duration::from_secs(60),
            },
            batch_tasks: 3,
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

/// One request for all changes of a kind. A plan that failed before gets nothing more written.
async fn write_all(
    exchange: &Arc<dyn Exchange>,
    kind: &str,
    plans: &[(Plan, Vec<ChangeReceipt>)],
    answers: &mut Answers,
    garbled: bool,
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
    if due.is_empty() {
        return;
    }
    let lines: Vec<String> = due.iter().map(|(_, change)| format!("{} {}", change.key, change.total.amount)).collect();
    let request = Request {
        operation: kind.into(),
        method: "PUT".into(),
        path: format!("/{kind}s"),
        query: vec![],
        headers: if garbled { vec![("Accept".into(), "other".into())] } else { vec![] },
        body: lines.join("\n").into_bytes(),
    };
    let failure = match exchange.write(EffectKey::new(format!("{kind}s")), request).await {
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
        Ok(_) => Failure::new(FailureClass::UnknownOutcome, "error", "the ledger failed inside"),
        Err(failure) => failure,
    };
    for (index, _) in due {
        answers[index] = Err(failure.clone());
    }
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
            let garbled = self.books.lock().unwrap().garbled;
            for kind in ["charge", "refund"] {
                write_all(&exchange, kind, &plans, &mut answers, garbled).await;
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
