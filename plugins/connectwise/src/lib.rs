//! The ConnectWise PSA target: orders become additions of agreements.
//!
//! Owns the list of modules and the wiring. Four decisions run through all of them. No text of a person ever reaches a
//! filter unless each of its characters is known to be harmless; what was found is compared again here, character by
//! character. Lists are always read to their end, forward only. A record is never replaced as a whole: PUT empties what
//! it does not name, so changes are PATCHes of bare field names, read back. And ConnectWise keeps no idempotency key:
//! an answer that proves nothing is an unknown outcome, and the marker of an addition is looked for in all of them.

mod agreements;
mod ask;
mod calendar;
mod companies;
mod complaint;
mod condition;
mod contacts;
mod cycles;
mod days;
mod directory;
mod documents;
mod errors;
mod items;
mod paging;
mod probe;
mod recap;
mod roles;
mod tables;
mod wire;
mod words;

#[cfg(test)]
mod tests;

use counterfoil_sdk::{
    Account, Draft, Entity, EntityPage, Failure, Job, Located, Observation, Plan, Receipt, Remote, Target,
};

/// The target. It holds nothing: every call runs in a fresh instance.
#[derive(Debug, Clone, Copy, Default)]
pub struct ConnectWise;

impl Target for ConnectWise {
    fn probe(&self, remote: &mut dyn Remote) -> Result<Account, Failure> {
        probe::probe(remote)
    }

    fn search(
        &self,
        remote: &mut dyn Remote,
        kind: &str,
        query: &str,
        cursor: Option<&str>,
    ) -> Result<EntityPage, Failure> {
        directory::search(remote, kind, query, cursor)
    }

    fn get(&self, remote: &mut dyn Remote, kind: &str, ids: &[String]) -> Result<Vec<Entity>, Failure> {
        directory::get(remote, kind, ids)
    }

    fn create(&self, remote: &mut dyn Remote, kind: &str, draft: &Draft) -> Result<Entity, Failure> {
        directory::create(remote, kind, draft)
    }

    fn plan(&self, remote: &mut dyn Remote, jobs: &[Job]) -> Vec<Result<Plan, Failure>> {
        documents::plan(remote, jobs)
    }

    fn apply(&self, remote: &mut dyn Remote, plans: &[Plan]) -> Vec<Result<Receipt, Failure>> {
        documents::apply(remote, plans)
    }

    fn locate(&self, remote: &mut dyn Remote, plan: &Plan, change_key: &str) -> Result<Located, Failure> {
        documents::locate(remote, plan, change_key)
    }

    fn observe(&self, remote: &mut dyn Remote, receipts: &[Receipt]) -> Vec<Result<Observation, Failure>> {
        documents::observe(remote, receipts)
    }
}

counterfoil_sdk::target!(ConnectWise);
