//! Where a call of the host enters: convert in, call the target, convert out.
//!
//! Owns two rules that a plugin cannot break. A job or plan that does not convert fails alone. And a plugin that answers
//! the wrong number of results after writing leaves the outcome unknown, never "nothing happened".

use crate::bindings::counterfoil::target::types as raw_types;
use crate::bindings::exports::counterfoil::target::{
    connection as raw_connection, directory as raw_directory, documents as raw,
};
use crate::convert::{FromRaw, IntoRaw, list_into};
use crate::{Class, Draft, Failure, Job, Plan, Receipt, Remote, Target};

type Answer<T> = Result<T, raw_types::Failure>;

/// Answers `connection.probe`.
///
/// # Errors
/// What the target says.
pub fn probe(target: &impl Target, remote: &mut dyn Remote) -> Answer<raw_connection::Account> {
    target.probe(remote).and_then(IntoRaw::into_raw).map_err(Into::into)
}

/// Answers `directory.search`.
///
/// # Errors
/// What the target says.
pub fn search(
    target: &impl Target,
    remote: &mut dyn Remote,
    kind: &str,
    query: &str,
    cursor: Option<&str>,
) -> Answer<raw_directory::Page> {
    target.search(remote, kind, query, cursor).and_then(IntoRaw::into_raw).map_err(Into::into)
}

/// Answers `directory.get`.
///
/// # Errors
/// What the target says.
pub fn get(
    target: &impl Target,
    remote: &mut dyn Remote,
    kind: &str,
    ids: &[String],
) -> Answer<Vec<raw_directory::Entity>> {
    target.get(remote, kind, ids).and_then(list_into).map_err(Into::into)
}

/// Answers `directory.create`.
///
/// # Errors
/// What the target says. If the entity was made but cannot be told, the outcome is unknown.
pub fn create(
    target: &impl Target,
    remote: &mut dyn Remote,
    kind: &str,
    draft: raw_directory::Draft,
) -> Answer<raw_directory::Entity> {
    let draft = Draft::from_raw(draft)?;
    let entity = target.create(remote, kind, &draft)?;
    entity.into_raw().map_err(|failure| Failure { class: Class::UnknownOutcome, ..failure }.into())
}

/// Answers `directory.revise`.
///
/// # Errors
/// What the target says. If prices were set but the entity cannot be told, the outcome is unknown.
pub fn revise(
    target: &impl Target,
    remote: &mut dyn Remote,
    (kind, id): (&str, &str),
    draft: raw_directory::Draft,
) -> Answer<raw_directory::Entity> {
    let draft = Draft::from_raw(draft)?;
    let entity = target.revise(remote, kind, id, &draft)?;
    entity.into_raw().map_err(|failure| Failure { class: Class::UnknownOutcome, ..failure }.into())
}

/// Answers `documents.plan`.
pub fn plan(target: &impl Target, remote: &mut dyn Remote, jobs: Vec<raw::Job>) -> Vec<Answer<raw::Proposal>> {
    each(jobs, Class::Internal, |jobs: &[Job]| target.plan(remote, jobs))
}

/// Answers `documents.apply`.
pub fn apply(target: &impl Target, remote: &mut dyn Remote, plans: Vec<raw::Proposal>) -> Vec<Answer<raw::Receipt>> {
    each(plans, Class::UnknownOutcome, |plans: &[Plan]| target.apply(remote, plans))
}

/// Answers `documents.locate`.
///
/// # Errors
/// What the target says.
pub fn locate(
    target: &impl Target,
    remote: &mut dyn Remote,
    plan: raw::Proposal,
    change_key: &str,
) -> Answer<raw::Located> {
    let plan = Plan::from_raw(plan)?;
    target.locate(remote, &plan, change_key).and_then(IntoRaw::into_raw).map_err(Into::into)
}

/// Answers `documents.observe`.
pub fn observe(
    target: &impl Target,
    remote: &mut dyn Remote,
    receipts: Vec<raw::Receipt>,
) -> Vec<Answer<raw::Observation>> {
    each(receipts, Class::Internal, |receipts: &[Receipt]| target.observe(remote, receipts))
}

/// Converts what can be converted, calls once with those, and puts results and failures back in order. `broken` is the
/// class when the plugin's answer cannot be told: unknown for what writes.
fn each<R, T, U, V>(raw: Vec<R>, broken: Class, call: impl FnOnce(&[T]) -> Vec<Result<U, Failure>>) -> Vec<Answer<V>>
where
    T: FromRaw<R>,
    U: IntoRaw<V>,
{
    // `good` keeps what converted; `doors` keeps a place for each, with the failure of those that did not.
    let mut good = Vec::with_capacity(raw.len());
    let doors: Vec<Result<(), Failure>> =
        raw.into_iter().map(|one| T::from_raw(one).map(|one| good.push(one))).collect();
    let results = if good.is_empty() { Vec::new() } else { call(&good) };
    let miscounted = results.len() != good.len();
    let mut results = results.into_iter();
    let mut next = || match results.next() {
        Some(result) if !miscounted => {
            result.and_then(|value| value.into_raw().map_err(|failure| Failure { class: broken, ..failure }))
        }
        _ => Err(Failure::new(
            broken,
            "sdk-result-count",
            "The plugin did not answer one result for each task. This is a defect of the plugin.",
        )),
    };
    doors.into_iter().map(|door| door.and_then(|()| next()).map_err(Into::into)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Scripted;
    use crate::{Account, Attributes, Entity, EntityPage, Located, Observation};

    /// Answers a plan or receipt for each job it is shown, one too few when `forgets`.
    #[derive(Debug, Default)]
    struct Echo {
        forgets: bool,
    }

    impl Target for Echo {
        fn probe(&self, _: &mut dyn Remote) -> Result<Account, Failure> {
            Err(Failure::auth("echo", "Sign in."))
        }
        fn search(&self, _: &mut dyn Remote, _: &str, _: &str, _: Option<&str>) -> Result<EntityPage, Failure> {
            // More digits than the contract carries.
            let dear = Entity { price: Some(crate::Decimal::MAX), ..Entity::new("item", "1", "", "Dear") };
            Ok(EntityPage { entities: vec![dear], next: None })
        }
        fn get(&self, _: &mut dyn Remote, _: &str, _: &[String]) -> Result<Vec<Entity>, Failure> {
            Ok(Vec::new())
        }
        fn create(&self, _: &mut dyn Remote, kind: &str, draft: &Draft) -> Result<Entity, Failure> {
            Ok(Entity { price: draft.price.map(|_| crate::Decimal::MAX), ..Entity::new(kind, "1", "", &draft.name) })
        }
        fn plan(&self, _: &mut dyn Remote, jobs: &[Job]) -> Vec<Result<Plan, Failure>> {
            let kept = jobs.len() - usize::from(self.forgets);
            jobs.iter().take(kept).map(|job| Ok(Plan { job: job.id.clone(), ..Plan::default() })).collect()
        }
        fn apply(&self, _: &mut dyn Remote, plans: &[Plan]) -> Vec<Result<Receipt, Failure>> {
            let kept = plans.len() - usize::from(self.forgets);
            plans.iter().take(kept).map(|plan| Ok(Receipt { job: plan.job.clone(), ..Receipt::default() })).collect()
        }
        fn locate(&self, _: &mut dyn Remote, _: &Plan, _: &str) -> Result<Located, Failure> {
            Ok(Located::Absent)
        }
        fn observe(&self, _: &mut dyn Remote, receipts: &[Receipt]) -> Vec<Result<Observation, Failure>> {
            receipts.iter().map(|_| Err(Failure::transient("echo", "Later."))).collect()
        }
    }

    fn remote() -> Scripted<'static> {
        Scripted::new(|_| Err(Failure::internal("none", "Nothing is sent here.")))
    }

    fn raw_job(id: &str, currency: &str) -> raw::Job {
        let zero = raw_types::Decimal { coefficient: 0, scale: 2 };
        let text = String::new;
        raw::Job {
            id: id.into(),
            order: raw::Order {
                id: text(),
                number: text(),
                kind: text(),
                revision: text(),
                currency: currency.into(),
                billing_model: text(),
                billing_cycle: text(),
                customer_id: text(),
                customer_name: text(),
                subscription_id: text(),
                subscription_name: text(),
                created_on: "2026-11-01".into(),
                effective_on: "2026-11-01".into(),
                lines: Vec::new(),
                total: zero,
                attributes: Vec::new(),
            },
            links: Vec::new(),
            settings: Vec::new(),
            adjustments: Vec::new(),
            marker: text(),
            today: "2026-11-21".into(),
            attributes: Vec::new(),
        }
    }

    fn raw_plan(id: &str) -> raw::Proposal {
        Plan { job: id.into(), ..Plan::default() }.into_raw().unwrap()
    }

    #[test]
    fn a_job_that_does_not_convert_fails_alone_and_in_its_place() {
        let jobs = vec![raw_job("a", "USD"), raw_job("b", "usd"), raw_job("c", "EUR")];
        let results = plan(&Echo::default(), &mut remote(), jobs);
        let shown: Vec<Result<&str, &str>> = results
            .iter()
            .map(|result| result.as_ref().map(|plan| plan.job.as_str()).map_err(|f| f.code.as_str()))
            .collect();
        assert_eq!(shown, [Ok("a"), Err("sdk-currency"), Ok("c")]);
    }

    #[test]
    fn a_miscounted_answer_is_internal_after_plan_and_unknown_after_apply() {
        let echo = Echo { forgets: true };
        // None of the results can be trusted: which one was forgotten is not known.
        for result in plan(&echo, &mut remote(), vec![raw_job("a", "USD"), raw_job("b", "USD")]) {
            assert_eq!(result.unwrap_err().class, raw_types::FailureClass::Internal);
        }
        for result in apply(&echo, &mut remote(), vec![raw_plan("a"), raw_plan("b")]) {
            assert_eq!(result.unwrap_err().class, raw_types::FailureClass::UnknownOutcome);
        }
    }

    #[test]
    fn what_the_contract_cannot_carry_is_a_failure() {
        let echo = Echo::default();
        assert_eq!(search(&echo, &mut remote(), "item", "", None).unwrap_err().code, "sdk-decimal-range");
        let draft = |price| raw_directory::Draft {
            key: "k".into(),
            code: String::new(),
            name: "N".into(),
            currency: None,
            price,
            cost: None,
            attributes: Attributes::new().into_pairs(),
        };
        assert_eq!(create(&echo, &mut remote(), "item", draft(None)).unwrap().name, "N");
        // It was made; only the telling failed.
        let one = raw_types::Decimal { coefficient: 1, scale: 0 };
        assert_eq!(
            create(&echo, &mut remote(), "item", draft(Some(one))).unwrap_err().class,
            raw_types::FailureClass::UnknownOutcome
        );
        let broken = raw_types::Decimal { coefficient: 1, scale: 40 };
        assert_eq!(create(&echo, &mut remote(), "item", draft(Some(broken))).unwrap_err().code, "sdk-decimal-scale");
        assert_eq!(probe(&echo, &mut remote()).unwrap_err().class, raw_types::FailureClass::Auth);
    }
}
