//! A ledger as a target that is right in everything, or wrong in the one thing that the setting `defect` names: what the
//! conformance kit must find. Owns the exports; the defects stand where they happen.

mod charges;
mod directory;
mod errors;

use counterfoil_sdk::{
    Account, Attributes, Currency, Draft, Entity, EntityPage, Failure, Job, Located, Observation, Plan, Receipt,
    Remote, Request, Target, json, log,
};

use crate::errors::{Effect, accept};

#[derive(Debug, Default)]
pub struct Bad;

/// Who asks: the ledger's own description of itself, which carries the defect of exports that get no settings.
fn me(remote: &mut dyn Remote) -> Result<json::Object, Failure> {
    let answer = accept(remote.read(Request::get("me", "/me"))?, Effect::Read, "")?;
    json::Object::parse("me", &answer.body)
}

/// The defect, where no job tells it.
fn defect(remote: &mut dyn Remote) -> Result<String, Failure> {
    me(remote)?.text("defect")
}

impl Target for Bad {
    fn probe(&self, remote: &mut dyn Remote) -> Result<Account, Failure> {
        let me = me(remote)?;
        let defect = me.text("defect")?;
        if defect == "flood" {
            for line in 0..500 {
                log::info("still probing", &[("line", &line.to_string())]);
            }
        }
        let id = if defect == "nobody" { String::new() } else { me.text("id")? };
        Ok(Account {
            id,
            name: me.text("name")?,
            base_currency: Currency::parse(&me.text("currency")?)?,
            country: "IE".to_owned(),
            time_zone: "Europe/Dublin".to_owned(),
            locked_until: None,
            attributes: Attributes::new(),
        })
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
        charges::plan(remote, jobs)
    }

    fn apply(&self, remote: &mut dyn Remote, plans: &[Plan]) -> Vec<Result<Receipt, Failure>> {
        charges::apply(remote, plans)
    }

    fn locate(&self, remote: &mut dyn Remote, plan: &Plan, change_key: &str) -> Result<Located, Failure> {
        charges::locate(remote, plan, change_key)
    }

    fn observe(&self, remote: &mut dyn Remote, receipts: &[Receipt]) -> Vec<Result<Observation, Failure>> {
        charges::observe(remote, receipts)
    }
}

counterfoil_sdk::target!(Bad);
