//! A loaded version of a plugin as the domain's `Target`: converts in, calls, checks and converts out.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use counterfoil_domain::card::Card;
use counterfoil_domain::directory::{Account, Draft, Entity, EntityPage};
use counterfoil_domain::failure::{Failure, FailureClass};
use counterfoil_domain::id::{ChangeKey, EntityId, PluginDigest, TaskId};
use counterfoil_domain::job::Job;
use counterfoil_domain::plan::{ChangeReceipt, Located, Observation, Plan, Receipt};
use counterfoil_domain::ports::{Answer, CallError, Exchange, LogLevel, Pending, Target};
use counterfoil_domain::wire::{Request, Response};

use super::Sandbox;
use super::bindings::TargetPre;
use super::bindings::exports::counterfoil::target::documents::Job as RawJob;
use super::breaker::Breaker;
use super::report::CallReport;
use super::state::State;
use crate::convert::{self, Nonsense, same_length};

const REPORTS: usize = 16;

/// One version, compiled and proven to fit. Calls in flight keep it alive whatever is activated after it.
pub struct WasmTarget {
    pub(super) sandbox: Sandbox,
    pub(super) pre: TargetPre<State>,
    pub(super) card: Card,
    pub(super) digest: PluginDigest,
    pub(super) breaker: Breaker,
    reports: Mutex<VecDeque<CallReport>>,
}

impl fmt::Debug for WasmTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "WasmTarget({} {}, {})", self.card.id, self.card.version, self.digest)
    }
}

impl WasmTarget {
    pub(super) fn new(sandbox: Sandbox, pre: TargetPre<State>, card: Card, digest: PluginDigest) -> Self {
        let breaker = Breaker::new(Arc::clone(&sandbox.clock));
        Self { sandbox, pre, card, digest, breaker, reports: Mutex::default() }
    }

    /// The last calls, oldest first.
    pub fn recent_calls(&self) -> Vec<CallReport> {
        self.reports.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }

    /// Why it takes no calls for now, and until when.
    pub fn paused(&self) -> Option<String> {
        self.breaker.refusal(&self.card.name).map(|failure| failure.message)
    }

    /// Lets a paused version run again.
    pub fn resume(&self) {
        self.breaker.reset();
    }

    /// Plans recorded jobs as they were asked then.
    pub(crate) async fn plan_again(
        &self,
        exchange: Arc<dyn Exchange>,
        jobs: Vec<RawJob>,
    ) -> Result<Vec<Result<Plan, Failure>>, CallError> {
        let asked: Vec<TaskId> = jobs.iter().map(|job| TaskId::new(job.id.clone())).collect();
        self.planned(exchange, &asked, jobs).await
    }

    async fn planned(
        &self,
        exchange: Arc<dyn Exchange>,
        asked: &[TaskId],
        jobs: Vec<RawJob>,
    ) -> Result<Vec<Result<Plan, Failure>>, CallError> {
        let run = self.call("plan", self.card.limits.plan, exchange, move |guest, store| {
            Box::pin(async move { guest.counterfoil_target_documents().call_plan(store, &jobs).await })
        });
        let answered = run.await?;
        answers("plans", asked, answered, |plan, task| convert::plan(plan, task, &self.card.documents))
    }

    pub(super) fn remember(&self, report: CallReport) {
        let mut reports = self.reports.lock().unwrap_or_else(PoisonError::into_inner);
        if reports.len() == REPORTS {
            reports.pop_front();
        }
        reports.push_back(report);
    }
}

/// A guest that is only being started has nobody to talk to.
#[derive(Debug)]
pub(super) struct NoExchange;

impl NoExchange {
    fn refuse() -> Pending<'static, Result<Response, Failure>> {
        let refusal = Failure::new(
            FailureClass::Unsupported,
            "not-connected",
            "No request can be sent before a plugin is connected.",
        );
        Box::pin(async { Err(refusal) })
    }
}

impl Exchange for NoExchange {
    fn read(&self, _: Request) -> Pending<'_, Result<Response, Failure>> {
        Self::refuse()
    }

    fn write(&self, _: counterfoil_domain::id::EffectKey, _: Request) -> Pending<'_, Result<Response, Failure>> {
        Self::refuse()
    }

    fn log(&self, level: LogLevel, message: &str, _: &[(String, String)]) {
        tracing::debug!(%level, message, "plugin said at start");
    }
}

/// Checks the answers of a batch one by one, each under its index.
fn answers<A, R, T>(
    what: &str,
    asked: &[A],
    answered: Vec<Result<R, crate::sandbox::bindings::counterfoil::target::types::Failure>>,
    check: impl Fn(R, &A) -> Result<T, Nonsense>,
) -> Result<Vec<Result<T, Failure>>, CallError> {
    same_length(what, asked.len(), answered.len())?;
    let pairs = answered.into_iter().zip(asked).enumerate();
    let checked = pairs.map(|(index, (answer, asked))| match answer {
        Ok(value) => check(value, asked).map(Ok).map_err(|nonsense| nonsense.under(&format!("{what}[{index}]"))),
        Err(failure) => Ok(Err(convert::failure(failure))),
    });
    Ok(checked.collect::<Result<_, _>>()?)
}

impl Target for WasmTarget {
    fn card(&self) -> &Card {
        &self.card
    }

    fn digest(&self) -> &PluginDigest {
        &self.digest
    }

    fn probe(&self, exchange: Arc<dyn Exchange>) -> Answer<'_, Account> {
        Box::pin(async move {
            let run = self.call("probe", self.card.limits.plan, exchange, |guest, store| {
                Box::pin(guest.counterfoil_target_connection().call_probe(store))
            });
            let account = run.await?.map_err(convert::failure)?;
            Ok(convert::account(account).map_err(|nonsense| nonsense.under("account"))?)
        })
    }

    fn search(
        &self,
        exchange: Arc<dyn Exchange>,
        kind: String,
        query: String,
        cursor: Option<String>,
    ) -> Answer<'_, EntityPage> {
        Box::pin(async move {
            let run = self.call("search", self.card.limits.plan, exchange, move |guest, store| {
                Box::pin(async move {
                    guest.counterfoil_target_directory().call_search(store, &kind, &query, cursor.as_deref()).await
                })
            });
            let page = run.await?.map_err(convert::failure)?;
            Ok(convert::page(page).map_err(|nonsense| nonsense.under("page"))?)
        })
    }

    fn get(&self, exchange: Arc<dyn Exchange>, kind: String, ids: Vec<EntityId>) -> Answer<'_, Vec<Entity>> {
        Box::pin(async move {
            let texts: Vec<String> = ids.iter().map(|id| id.as_str().to_owned()).collect();
            let run = self.call("get", self.card.limits.plan, exchange, move |guest, store| {
                Box::pin(async move { guest.counterfoil_target_directory().call_get(store, &kind, &texts).await })
            });
            let entities = convert::entities(run.await?.map_err(convert::failure)?)?;
            match entities.iter().find(|entity| !ids.contains(&entity.id)) {
                Some(stranger) => Err(CallError::Nonsense(format!("entities: {} was not asked for", stranger.id))),
                None => Ok(entities),
            }
        })
    }

    fn create(&self, exchange: Arc<dyn Exchange>, kind: String, draft: Draft) -> Answer<'_, Entity> {
        Box::pin(async move {
            let draft = convert::draft(draft)?;
            let run = self.call("create", self.card.limits.apply, exchange, move |guest, store| {
                Box::pin(async move { guest.counterfoil_target_directory().call_create(store, &kind, &draft).await })
            });
            let entity = run.await?.map_err(convert::failure)?;
            Ok(convert::entity(entity).map_err(|nonsense| nonsense.under("entity"))?)
        })
    }

    /// What comes back must be what was named: the price of another thing proves nothing.
    fn revise(&self, exchange: Arc<dyn Exchange>, kind: String, id: EntityId, draft: Draft) -> Answer<'_, Entity> {
        Box::pin(async move {
            let draft = convert::draft(draft)?;
            let named = id.as_str().to_owned();
            let run = self.call("revise", self.card.limits.apply, exchange, move |guest, store| {
                Box::pin(
                    async move { guest.counterfoil_target_directory().call_revise(store, &kind, &named, &draft).await },
                )
            });
            let entity = run.await?.map_err(convert::failure)?;
            let entity = convert::entity(entity).map_err(|nonsense| nonsense.under("entity"))?;
            if entity.id != id {
                return Err(CallError::Nonsense(format!("entity: {} was revised, {id} was named", entity.id)));
            }
            Ok(entity)
        })
    }

    /// A job that the contract cannot carry fails alone.
    fn plan(&self, exchange: Arc<dyn Exchange>, jobs: Vec<Job>) -> Answer<'_, Vec<Result<Plan, Failure>>> {
        Box::pin(async move {
            let mut asked: Vec<TaskId> = Vec::new();
            let mut raw = Vec::new();
            let mut refused: Vec<Option<Failure>> = Vec::new();
            for job in jobs {
                let task = job.task.clone();
                match convert::raw_job(job) {
                    Ok(job) => {
                        asked.push(task);
                        raw.push(job);
                        refused.push(None);
                    }
                    Err(failure) => refused.push(Some(failure)),
                }
            }
            if raw.is_empty() {
                return Ok(refused.into_iter().flatten().map(Err).collect());
            }
            let plans = self.planned(exchange, &asked, raw).await?;
            let mut plans = plans.into_iter();
            Ok(refused.into_iter().filter_map(|failure| failure.map(Err).or_else(|| plans.next())).collect())
        })
    }

    fn apply(
        &self,
        exchange: Arc<dyn Exchange>,
        plans: Vec<(Plan, Vec<ChangeReceipt>)>,
    ) -> Answer<'_, Vec<Result<Receipt, Failure>>> {
        Box::pin(async move {
            let asked: Vec<(TaskId, Vec<ChangeKey>)> = plans
                .iter()
                .map(|(plan, adopted)| {
                    let keys =
                        plan.changes.iter().map(|change| &change.key).chain(adopted.iter().map(|receipt| &receipt.key));
                    (plan.task.clone(), keys.cloned().collect())
                })
                .collect();
            let raw = plans
                .into_iter()
                .map(|(plan, adopted)| convert::raw_plan(plan, adopted))
                .collect::<Result<Vec<_>, _>>()?;
            let run = self.call("apply", self.card.limits.apply, exchange, move |guest, store| {
                Box::pin(async move { guest.counterfoil_target_documents().call_apply(store, &raw).await })
            });
            let answered = run.await?;
            answers("receipts", &asked, answered, |receipt, (task, keys)| convert::receipt(receipt, task, keys))
        })
    }

    fn locate(&self, exchange: Arc<dyn Exchange>, plan: Plan, key: ChangeKey) -> Answer<'_, Located> {
        Box::pin(async move {
            let plan = convert::raw_plan(plan, Vec::new())?;
            let wanted = key.as_str().to_owned();
            let run = self.call("locate", self.card.limits.plan, exchange, move |guest, store| {
                Box::pin(async move { guest.counterfoil_target_documents().call_locate(store, &plan, &wanted).await })
            });
            let located = run.await?.map_err(convert::failure)?;
            Ok(convert::located(located, &key).map_err(|nonsense| nonsense.under("located"))?)
        })
    }

    fn observe(
        &self,
        exchange: Arc<dyn Exchange>,
        receipts: Vec<Receipt>,
    ) -> Answer<'_, Vec<Result<Observation, Failure>>> {
        Box::pin(async move {
            let asked: Vec<TaskId> = receipts.iter().map(|receipt| receipt.task.clone()).collect();
            let raw = receipts.into_iter().map(convert::raw_receipt).collect::<Result<Vec<_>, _>>()?;
            let run = self.call("observe", self.card.limits.plan, exchange, move |guest, store| {
                Box::pin(async move { guest.counterfoil_target_documents().call_observe(store, &raw).await })
            });
            let answered = run.await?;
            answers("observations", &asked, answered, convert::observation)
        })
    }
}
