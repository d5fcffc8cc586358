//! The Syncro target: statements and orders become lines of recurring invoices, or invoices.
//!
//! Owns the list of modules and the wiring. Four decisions run through all of them. Nothing is deleted and no recurring
//! invoice is changed: only lines that were made from here are, found by their mark or by a receipt. A PUT resets what it
//! does not name, so everything goes back as it came and is read again. Syncro keeps no idempotency key: what an answer does
//! not prove is an unknown outcome. And what recurs is billed by Syncro itself, so every plan counts the runs since the
//! statement before.

mod account;
mod ask;
mod cents;
mod complaint;
mod containers;
mod currencies;
mod customers;
mod directory;
mod documents;
mod errors;
mod frequency;
mod invoices;
mod paging;
mod products;
mod settings;
mod wire;

#[cfg(test)]
mod tests;

use counterfoil_sdk::{
    Account, Draft, Entity, EntityPage, Failure, Job, Located, Observation, Plan, Receipt, Remote, Target,
};

/// The target. It holds nothing: every call runs in a fresh instance.
#[derive(Debug, Clone, Copy, Default)]
pub struct Syncro;

impl Target for Syncro {
    fn probe(&self, remote: &mut dyn Remote) -> Result<Account, Failure> {
        account::probe(remote)
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

    fn revise(&self, remote: &mut dyn Remote, kind: &str, id: &str, draft: &Draft) -> Result<Entity, Failure> {
        directory::revise(remote, kind, id, draft)
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

counterfoil_sdk::target!(Syncro);
