//! The Xero target: orders become sales invoices (ACCREC) and credit notes (ACCRECCREDIT).
//!
//! Owns the list of modules and the wiring. Three decisions run through all of them. Documents are created with PUT, because
//! POST would edit whatever has the same number; the only edit is adding lines to a draft of our own, by its id. Amounts are never sent as totals: each line is written so that
//! quantity × unit amount is the amount exactly, and what Xero answers is compared. And an answer that proves nothing is
//! an unknown outcome, because Xero forgets idempotency keys after six minutes and a second invoice is worse than a look.

mod accounts;
mod allot;
mod answers;
mod append;
mod apply;
mod compose;
mod contacts;
mod credit;
mod currencies;
mod dates;
mod directory;
mod document;
mod earlier;
mod errors;
mod ground;
mod items;
mod lines;
mod locate;
mod lookup;
mod months;
mod observe;
mod organisation;
mod outline;
mod pages;
mod plan;
mod presentation;
mod preview;
mod settings;
mod tag;
mod tax_rates;
mod wire;
mod words;

#[cfg(test)]
mod tests;

use counterfoil_sdk::{
    Account, Draft, Entity, EntityPage, Failure, Job, Located, Observation, Plan, Receipt, Remote, Target,
};

/// The target. It holds nothing: every call runs in a fresh instance.
#[derive(Debug, Clone, Copy, Default)]
pub struct Xero;

impl Target for Xero {
    fn probe(&self, remote: &mut dyn Remote) -> Result<Account, Failure> {
        organisation::read(remote)?.account()
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
        plan::plan(remote, jobs)
    }

    fn apply(&self, remote: &mut dyn Remote, plans: &[Plan]) -> Vec<Result<Receipt, Failure>> {
        apply::apply(remote, plans)
    }

    fn locate(&self, remote: &mut dyn Remote, plan: &Plan, change_key: &str) -> Result<Located, Failure> {
        locate::locate(remote, plan, change_key)
    }

    fn observe(&self, remote: &mut dyn Remote, receipts: &[Receipt]) -> Vec<Result<Observation, Failure>> {
        observe::observe(remote, receipts)
    }
}

counterfoil_sdk::target!(Xero);
