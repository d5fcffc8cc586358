//! A target of native code that plans, writes and shows at once: what is left is the host's own cost. One document a task,
//! the whole batch in one request, under the card of the real target.

use std::sync::Arc;

use counterfoil_domain::card::Card;
use counterfoil_domain::directory::{Account, Draft, Entity, EntityPage};
use counterfoil_domain::failure::{Failure, FailureClass};
use counterfoil_domain::id::{ChangeKey, EffectKey, EntityId, PluginDigest, PluginId};
use counterfoil_domain::job::Job;
use counterfoil_domain::money::Money;
use counterfoil_domain::plan::{
    Action, Change, ChangeReceipt, Located, Observation, ObservedDocument, Plan, PlanLine, Receipt,
};
use counterfoil_domain::ports::{Answer, Exchange, Target, Targets};
use counterfoil_domain::wire::Request;

#[derive(Debug)]
pub(crate) struct Instant {
    card: Card,
    digest: PluginDigest,
}

impl Instant {
    pub(crate) fn new(card: Card) -> Self {
        Self { card, digest: PluginDigest::new("instant-1") }
    }
}

fn plan_of(job: &Job) -> Plan {
    let line = |line: &counterfoil_domain::job::JobLine| PlanLine {
        covers: vec![line.id.clone()],
        description: line.description.clone(),
        quantity: line.quantity,
        unit_price: line.unit_price,
        unit_cost: None,
        amount: line.amount,
        bills: line.amount,
        why: line.arithmetic.clone(),
        attributes: vec![],
    };
    let change = Change {
        key: ChangeKey::new(format!("invoice:{}", job.order.number)),
        action: Action::Create,
        document: "invoice".into(),
        target: None,
        title: job.order.number.clone(),
        fields: vec![],
        lines: job.order.lines.iter().map(line).collect(),
        total: Money::new(job.order.total, job.order.currency),
        why: "new sale".into(),
        attributes: vec![],
    };
    Plan {
        task: job.task.clone(),
        changes: vec![change],
        left_out: vec![],
        notes: vec![],
        payload: vec![],
        attributes: vec![],
    }
}

fn receipt_of(plan: &Plan) -> Receipt {
    let change = |change: &Change| ChangeReceipt {
        key: change.key.clone(),
        action: change.action,
        document: change.document.clone(),
        reference: EntityId::new(change.key.as_str()),
        number: change.title.clone(),
        total: Some(change.total),
        attributes: vec![],
    };
    Receipt { task: plan.task.clone(), changes: plan.changes.iter().map(change).collect(), attributes: vec![] }
}

fn shown(receipt: Receipt) -> Observation {
    let document = |change: ChangeReceipt| ObservedDocument {
        key: change.key,
        reference: change.reference,
        number: change.number,
        state: "draft".into(),
        total: change.total.unwrap(),
        lines: vec![],
        attributes: vec![],
    };
    Observation {
        task: receipt.task,
        documents: receipt.changes.into_iter().map(document).collect(),
        attributes: vec![],
    }
}

fn unsupported<T: Send + 'static>() -> Answer<'static, T> {
    Box::pin(async { Err(Failure::new(FailureClass::Unsupported, "no", "nothing asks for this here").into()) })
}

impl Target for Instant {
    fn card(&self) -> &Card {
        &self.card
    }

    fn digest(&self) -> &PluginDigest {
        &self.digest
    }

    fn probe(&self, _: Arc<dyn Exchange>) -> Answer<'_, Account> {
        unsupported()
    }

    fn search(&self, _: Arc<dyn Exchange>, _: String, _: String, _: Option<String>) -> Answer<'_, EntityPage> {
        unsupported()
    }

    fn get(&self, _: Arc<dyn Exchange>, _: String, _: Vec<EntityId>) -> Answer<'_, Vec<Entity>> {
        unsupported()
    }

    fn create(&self, _: Arc<dyn Exchange>, _: String, _: Draft) -> Answer<'_, Entity> {
        unsupported()
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
            let lines: Vec<String> = plans
                .iter()
                .map(|(plan, _)| format!("{} {}", plan.changes[0].key, plan.changes[0].total.amount))
                .collect();
            let request = Request {
                operation: "charge".into(),
                method: "PUT".into(),
                path: "/charges".into(),
                query: vec![],
                headers: vec![],
                body: lines.join("\n").into_bytes(),
            };
            exchange.write(EffectKey::new("charges"), request).await?;
            Ok(plans.iter().map(|(plan, _)| Ok(receipt_of(plan))).collect())
        })
    }

    fn locate(&self, _: Arc<dyn Exchange>, _: Plan, _: ChangeKey) -> Answer<'_, Located> {
        unsupported()
    }

    fn observe(&self, _: Arc<dyn Exchange>, receipts: Vec<Receipt>) -> Answer<'_, Vec<Result<Observation, Failure>>> {
        Box::pin(async move { Ok(receipts.into_iter().map(|receipt| Ok(shown(receipt))).collect()) })
    }
}

/// The only version there is.
#[derive(Debug, Clone)]
pub(crate) struct Only(pub(crate) Arc<dyn Target>);

impl Targets for Only {
    fn active(&self, _: &PluginId) -> Option<Arc<dyn Target>> {
        Some(Arc::clone(&self.0))
    }

    fn by_digest(&self, _: &PluginDigest) -> Option<Arc<dyn Target>> {
        Some(Arc::clone(&self.0))
    }

    fn cards(&self) -> Vec<(PluginDigest, Card)> {
        vec![(self.0.digest().clone(), self.0.card().clone())]
    }
}
