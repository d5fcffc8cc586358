//! Acme Books as a target. Owns which call goes where; the system's words are in `books`, what an order becomes in
//! `documents`.

mod books;
mod documents;
#[cfg(test)]
mod tests;

use counterfoil_sdk::{
    Account, Attributes, Currency, Draft, Entity, EntityPage, Failure, Job, Located, Observation, Plan, Receipt,
    Remote, Request, Target, json,
};

use books::Kind;

#[derive(Debug, Default)]
pub struct AcmeBooks;

impl Target for AcmeBooks {
    fn probe(&self, remote: &mut dyn Remote) -> Result<Account, Failure> {
        let answer = books::read(remote, Request::get("account", "/account"))?;
        let account = json::Object::parse("account", &answer.body)?;
        Ok(Account {
            id: account.text("id")?,
            name: account.text("name")?,
            base_currency: Currency::parse(&account.text("currency")?)?,
            country: account.maybe("country")?.unwrap_or_default(),
            time_zone: account.maybe("time_zone")?.unwrap_or_else(|| "UTC".to_owned()),
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
        books::search(remote, Kind::of(kind)?, query, cursor)
    }

    fn get(&self, remote: &mut dyn Remote, kind: &str, ids: &[String]) -> Result<Vec<Entity>, Failure> {
        let kind = Kind::of(kind)?;
        let found = ids.iter().map(|id| books::one(remote, kind, id));
        found.filter_map(Result::transpose).collect()
    }

    fn create(&self, remote: &mut dyn Remote, kind: &str, draft: &Draft) -> Result<Entity, Failure> {
        books::create(remote, Kind::of(kind)?, draft)
    }

    fn plan(&self, _: &mut dyn Remote, jobs: &[Job]) -> Vec<Result<Plan, Failure>> {
        jobs.iter().map(documents::plan).collect()
    }

    fn apply(&self, remote: &mut dyn Remote, plans: &[Plan]) -> Vec<Result<Receipt, Failure>> {
        plans.iter().map(|plan| documents::apply(remote, plan)).collect()
    }

    fn locate(&self, remote: &mut dyn Remote, plan: &Plan, change_key: &str) -> Result<Located, Failure> {
        documents::locate(remote, plan, change_key)
    }

    fn observe(&self, remote: &mut dyn Remote, receipts: &[Receipt]) -> Vec<Result<Observation, Failure>> {
        receipts.iter().map(|receipt| documents::observe(remote, receipt)).collect()
    }
}

counterfoil_sdk::target!(AcmeBooks);
