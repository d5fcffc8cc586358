//! A billing system in memory and its target in native code: one charge a task, and one refund where it gives money back.
//! What stands in the books is asked by the tally, past everything that the host keeps of it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use counterfoil_domain::card::{Budgets, Card, Delivery, Egress, Limits, Scenario};
use counterfoil_domain::directory::{Account, Draft, Entity, EntityPage};
use counterfoil_domain::failure::{Failure, FailureClass};
use counterfoil_domain::id::{ChangeKey, EffectKey, EntityId, PluginDigest, PluginId};
use counterfoil_domain::job::{Job, PriceSource};
use counterfoil_domain::money::{Currency, Money};
use counterfoil_domain::order::{BillingModel, Fee, OrderType};
use counterfoil_domain::plan::{
    Action, Change, ChangeReceipt, Located, Observation, ObservedDocument, Plan, PlanLine, Receipt,
};
use counterfoil_domain::ports::{Answer, Call, Door, Exchange, Pending, SendError, Sending, Target, Targets};
use counterfoil_domain::wire::{Request, Response};
use rust_decimal::Decimal;

use super::life::CUSTOMERS;

/// "charge:task" → order's number and amount, each as often as it was written.
type Pages = BTreeMap<String, Vec<(String, Money)>>;

#[derive(Debug, Clone, Default)]
pub(crate) struct Books(pub(crate) Arc<Mutex<Pages>>);

fn answer(body: String) -> Response {
    Response { status: 200, headers: vec![], body: body.into_bytes(), replayed: false }
}

impl Door for Books {
    fn send(&self, call: Call) -> Pending<'_, Result<Response, SendError>> {
        Box::pin(async move {
            let mut pages = self.0.lock().unwrap();
            if matches!(call.sending, Sending::Read) {
                let key = call.request.path.trim_start_matches('/');
                let found = pages.get(key).map(Vec::as_slice).unwrap_or_default();
                let lines: Vec<String> = found.iter().map(|(_, money)| written(*money)).collect();
                return Ok(answer(lines.join("\n")));
            }
            let body = String::from_utf8(call.request.body).unwrap();
            let mut parts = body.splitn(3, ' ');
            let (key, number, money) = (parts.next().unwrap(), parts.next().unwrap(), parts.next().unwrap());
            pages.entry(key.to_owned()).or_default().push((number.to_owned(), read(money)));
            Ok(answer(String::new()))
        })
    }
}

fn written(money: Money) -> String {
    format!("{} {}", money.amount, money.currency)
}

fn read(text: &str) -> Money {
    let (amount, currency) = text.split_once(' ').unwrap();
    Money::new(amount.parse().unwrap(), Currency::parse(currency).unwrap())
}

fn row(name: &str, order: OrderType, model: BillingModel) -> Scenario {
    let fees = [
        Fee::PlanSetup,
        Fee::ResourceSetup,
        Fee::ResourceRecurring,
        Fee::ResourceOveruse,
        Fee::ResourceDowngrade,
        Fee::ResourceRecurringRefund,
    ];
    Scenario {
        name: name.into(),
        order,
        models: vec![model],
        usage: None,
        fees: fees.iter().map(|fee| (*fee, PriceSource::Order)).collect(),
        order_price_when: vec![],
        prorate: vec![],
        refused_when: vec![],
    }
}

fn card() -> Card {
    use BillingModel::{AfterBillingPeriod, BeforeBillingPeriod};
    Card {
        id: PluginId::new("books"),
        name: "Books".into(),
        version: "1".into(),
        publisher: "tests".into(),
        summary: String::new(),
        contract: "0.1".into(),
        documents: vec!["charge".into(), "refund".into()],
        egress: Egress {
            base_url: "https://books.example".into(),
            discovery: None,
            allow: vec![],
            request_headers: vec![],
            response_headers: vec![],
            max_response_bytes: 1 << 20,
            timeout: Duration::from_secs(30),
        },
        auth: vec![],
        static_headers: vec![],
        budgets: Budgets { concurrency: 5, limits: vec![], retry_after_header: String::new(), problem_header: None },
        delivery: Delivery {
            idempotency_header: None,
            idempotency_lifetime: Duration::ZERO,
            locate_is_reliable: true,
            settle: Duration::from_secs(60),
        },
        batch_tasks: 50,
        plan_tasks: 50,
        in_order: None,
        reconciles: false,
        containers: counterfoil_domain::card::Containers::No,
        recurring: false,
        adjust: vec![],
        limits: Limits { memory_mib: 64, plan: Duration::from_secs(10), apply: Duration::from_secs(60) },
        settings: vec![],
        scenarios: vec![
            row("new sale", OrderType::Sales, BeforeBillingPeriod),
            // A sale of setup alone, whose months are billed afterwards.
            row("new sale in arrears", OrderType::Sales, AfterBillingPeriod),
            row("change", OrderType::Change, BeforeBillingPeriod),
            row("existing subscription", OrderType::Billing, AfterBillingPeriod),
            row("cancellation", OrderType::Cancellation, BeforeBillingPeriod),
        ],
    }
}

#[derive(Debug)]
pub(crate) struct BooksTarget {
    card: Card,
    digest: PluginDigest,
}

impl BooksTarget {
    pub(crate) fn new() -> Self {
        Self { card: card(), digest: PluginDigest::new("books-1") }
    }
}

fn refused<T: Send + 'static>() -> Answer<'static, T> {
    Box::pin(async { Err(Failure::new(FailureClass::Unsupported, "no", "nothing asks for this here").into()) })
}

fn plan_of(job: &Job) -> Plan {
    let line = |line: &counterfoil_domain::job::JobLine| {
        // What a document shows is quantity × price: a share of a month has no price of its own.
        let exact = line.quantity * line.unit_price == line.amount;
        let (quantity, unit_price) = if exact { (line.quantity, line.unit_price) } else { (Decimal::ONE, line.amount) };
        PlanLine {
            covers: vec![line.id.clone()],
            description: line.description.clone(),
            quantity,
            unit_price,
            unit_cost: None,
            amount: line.amount,
            bills: line.amount,
            why: line.arithmetic.clone(),
            attributes: vec![],
        }
    };
    let change = |document: &str, gives_back: bool| {
        let of = job.order.lines.iter().filter(|line| line.amount.is_sign_negative() == gives_back);
        let lines: Vec<PlanLine> = of.map(line).collect();
        let total = lines.iter().map(|line| line.bills).sum();
        (!lines.is_empty()).then(|| Change {
            key: ChangeKey::new(format!("{document}:{}", job.task)),
            action: Action::Create,
            document: document.to_owned(),
            target: None,
            title: job.order.number.clone(),
            fields: vec![],
            lines,
            total: Money::new(total, job.order.currency),
            why: "by the order".into(),
            attributes: vec![],
        })
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

fn request(method: &str, path: String, body: String) -> Request {
    Request {
        operation: method.to_lowercase(),
        method: method.into(),
        path,
        query: vec![],
        headers: vec![],
        body: body.into_bytes(),
    }
}

fn receipt_of(key: &ChangeKey, document: &str, total: Money) -> ChangeReceipt {
    ChangeReceipt {
        key: key.clone(),
        action: Action::Create,
        document: document.to_owned(),
        reference: EntityId::new(key.as_str()),
        number: String::new(),
        total: Some(total),
        attributes: vec![],
    }
}

async fn look(exchange: &Arc<dyn Exchange>, key: &ChangeKey) -> Result<Vec<Money>, Failure> {
    let response = exchange.read(request("GET", format!("/{key}"), String::new())).await?;
    Ok(String::from_utf8(response.body).unwrap().lines().map(read).collect())
}

async fn write(exchange: &Arc<dyn Exchange>, plan: &Plan, adopted: &[ChangeReceipt]) -> Result<Receipt, Failure> {
    let mut changes = adopted.to_vec();
    for change in &plan.changes {
        if adopted.iter().any(|known| known.key == change.key) {
            continue;
        }
        let body = format!("{} {} {}", change.key, change.title, written(change.total));
        exchange.write(EffectKey::new(change.key.as_str()), request("PUT", "/documents".into(), body)).await?;
        changes.push(receipt_of(&change.key, &change.document, change.total));
    }
    Ok(Receipt { task: plan.task.clone(), changes, attributes: vec![] })
}

impl Target for BooksTarget {
    fn card(&self) -> &Card {
        &self.card
    }

    fn digest(&self) -> &PluginDigest {
        &self.digest
    }

    fn probe(&self, _: Arc<dyn Exchange>) -> Answer<'_, Account> {
        refused()
    }

    /// Customers with an external id are parties under it; items a person must choose.
    fn search(&self, _: Arc<dyn Exchange>, kind: String, _: String, _: Option<String>) -> Answer<'_, EntityPage> {
        let party = |number: usize| Entity {
            kind: "party".into(),
            id: EntityId::new(format!("party-{number}")),
            code: String::new(),
            name: format!("Customer {number}"),
            currency: None,
            cycle: None,
            active: true,
            price: None,
            cost: None,
            attributes: vec![("external-id".into(), format!("X{number}"))],
        };
        let parties = (0..CUSTOMERS).filter(|number| kind == "party" && number.is_multiple_of(2));
        let entities = parties.map(party).collect();
        Box::pin(async move { Ok(EntityPage { entities, next: None }) })
    }

    fn get(&self, _: Arc<dyn Exchange>, _: String, _: Vec<EntityId>) -> Answer<'_, Vec<Entity>> {
        Box::pin(async { Ok(vec![]) })
    }

    fn create(&self, _: Arc<dyn Exchange>, _: String, _: Draft) -> Answer<'_, Entity> {
        refused()
    }

    fn plan(&self, _: Arc<dyn Exchange>, jobs: Vec<Job>) -> Answer<'_, Vec<Result<Plan, Failure>>> {
        Box::pin(async move { Ok(jobs.iter().map(|job| Ok(plan_of(job))).collect()) })
    }

    fn apply(
        &self,
        exchange: Arc<dyn Exchange>,
        plans: Vec<(Plan, Vec<ChangeReceipt>)>,
    ) -> Answer<'_, Vec<Result<Receipt, Failure>>> {
        Box::pin(async move {
            let mut receipts = Vec::new();
            for (plan, adopted) in &plans {
                receipts.push(write(&exchange, plan, adopted).await);
            }
            Ok(receipts)
        })
    }

    fn locate(&self, exchange: Arc<dyn Exchange>, plan: Plan, key: ChangeKey) -> Answer<'_, Located> {
        Box::pin(async move {
            let document = plan.changes.iter().find(|change| change.key == key).unwrap().document.clone();
            let found = look(&exchange, &key).await?;
            let mut found: Vec<_> = found.into_iter().map(|money| receipt_of(&key, &document, money)).collect();
            Ok(match found.len() {
                0 => Located::Absent,
                1 => Located::Found(found.remove(0)),
                _ => Located::Several(found),
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
                    documents.extend(look(&exchange, &change.key).await?.into_iter().map(|total| ObservedDocument {
                        key: change.key.clone(),
                        reference: change.reference.clone(),
                        number: String::new(),
                        state: "open".into(),
                        total,
                        lines: vec![],
                        attributes: vec![],
                    }));
                }
                seen.push(Ok(Observation { task: receipt.task, documents, attributes: vec![] }));
            }
            Ok(seen)
        })
    }
}

#[derive(Debug, Clone)]
pub(crate) struct Only(pub(crate) Arc<BooksTarget>);

impl Targets for Only {
    fn active(&self, _: &PluginId) -> Option<Arc<dyn Target>> {
        Some(Arc::clone(&self.0) as Arc<dyn Target>)
    }

    fn by_digest(&self, _: &PluginDigest) -> Option<Arc<dyn Target>> {
        Some(Arc::clone(&self.0) as Arc<dyn Target>)
    }

    fn cards(&self) -> Vec<(PluginDigest, Card)> {
        vec![(self.0.digest.clone(), self.0.card.clone())]
    }
}
