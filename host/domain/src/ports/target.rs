//! A loaded version of a target: the component in its sandbox, or native code in tests and benchmarks.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::{Exchange, Pending};
use crate::card::Card;
use crate::directory::{Account, Draft, Entity, EntityPage};
use crate::failure::{Failure, FailureClass};
use crate::id::{ChangeKey, EntityId, PluginDigest, PluginId};
use crate::job::Job;
use crate::plan::{ChangeReceipt, Located, Observation, Plan, Receipt};

/// The call as a whole did not give an answer. What its writes did is in the journal.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    #[error("the plugin stopped with a trap: {message}{}", tail(.stderr))]
    Trap { message: String, stderr: String },
    #[error("the plugin was stopped after {limit:?}{}", tail(.stderr))]
    Timeout { limit: Duration, stderr: String },
    #[error("the plugin was stopped at its memory limit of {limit_mib} MiB{}", tail(.stderr))]
    Memory { limit_mib: u32, stderr: String },
    /// It answered, but not what the contract allows.
    #[error("the plugin gave an answer that the contract does not allow: {0}")]
    Nonsense(String),
    #[error("{0}")]
    Failed(#[from] Failure),
}

fn tail(stderr: &str) -> String {
    if stderr.is_empty() { String::new() } else { format!("; it said: {stderr}") }
}

pub type Answer<'a, T> = Pending<'a, Result<T, CallError>>;

pub trait Target: Send + Sync + fmt::Debug {
    fn card(&self) -> &Card;
    fn digest(&self) -> &PluginDigest;

    fn probe(&self, exchange: Arc<dyn Exchange>) -> Answer<'_, Account>;
    fn search(
        &self,
        exchange: Arc<dyn Exchange>,
        kind: String,
        query: String,
        cursor: Option<String>,
    ) -> Answer<'_, EntityPage>;
    fn get(&self, exchange: Arc<dyn Exchange>, kind: String, ids: Vec<EntityId>) -> Answer<'_, Vec<Entity>>;
    fn create(&self, exchange: Arc<dyn Exchange>, kind: String, draft: Draft) -> Answer<'_, Entity>;
    /// Sets the price and the cost of one thing, and nothing else of it. Targets without a catalogue of their own cannot.
    fn revise(&self, exchange: Arc<dyn Exchange>, kind: String, id: EntityId, draft: Draft) -> Answer<'_, Entity> {
        let _ = (exchange, draft);
        let text = format!("this target does not change {kind} {id}");
        Box::pin(async move { Err(Failure::new(FailureClass::Unsupported, "revise-unsupported", text).into()) })
    }
    fn plan(&self, exchange: Arc<dyn Exchange>, jobs: Vec<Job>) -> Answer<'_, Vec<Result<Plan, Failure>>>;
    /// Each plan with the changes that are known to exist already.
    fn apply(
        &self,
        exchange: Arc<dyn Exchange>,
        plans: Vec<(Plan, Vec<ChangeReceipt>)>,
    ) -> Answer<'_, Vec<Result<Receipt, Failure>>>;
    fn locate(&self, exchange: Arc<dyn Exchange>, plan: Plan, key: ChangeKey) -> Answer<'_, Located>;
    fn observe(
        &self,
        exchange: Arc<dyn Exchange>,
        receipts: Vec<Receipt>,
    ) -> Answer<'_, Vec<Result<Observation, Failure>>>;
}

/// Which versions are there. A batch asks for the digest that it began with.
pub trait Targets: Send + Sync + fmt::Debug {
    fn active(&self, plugin: &PluginId) -> Option<Arc<dyn Target>>;
    fn by_digest(&self, digest: &PluginDigest) -> Option<Arc<dyn Target>>;
    fn cards(&self) -> Vec<(PluginDigest, Card)>;
}
