//! Rules, adjustments, switches and claims: what people decided and what was confirmed, written and read.

use std::collections::{BTreeMap, BTreeSet};

use counterfoil_domain::adjust::Adjustments;
use counterfoil_domain::claim::Claim;
use counterfoil_domain::id::{ConnectionId, CustomerId, PlanDigest, RuleId, SubscriptionId, TaskId};
use counterfoil_domain::plan::SealedPlan;
use counterfoil_domain::ports::StoreError;
use counterfoil_domain::rule::IgnoreRule;
use rusqlite::{Connection, params};

use super::query::{big, record, records, rows, run};
use super::read_tasks;
use crate::claims::{counts, in_order};
use crate::record::{Sealed, decode, encode, time_text};

pub(super) fn put_rule(c: &Connection, rule: &IgnoreRule) -> Result<(), StoreError> {
    let sealed = encode(rule)?;
    let sql = "INSERT INTO rules (id, connection, made_at, body, seal) VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT (id) DO UPDATE SET connection = excluded.connection, made_at = excluded.made_at,
            body = excluded.body, seal = excluded.seal";
    let made_at = time_text(rule.at);
    run(c, sql, params![rule.id.as_str(), rule.connection.as_str(), made_at, sealed.body, sealed.seal]).map(|_| ())
}

pub(super) fn remove_rule(c: &Connection, id: &RuleId) -> Result<(), StoreError> {
    run(c, "DELETE FROM rules WHERE id = $1", params![id.as_str()]).map(|_| ())
}

pub(super) fn rules(c: &Connection, connection: &ConnectionId) -> Result<Vec<IgnoreRule>, StoreError> {
    let sql = "SELECT body, seal FROM rules WHERE connection = $1 ORDER BY made_at, id";
    records(c, sql, params![connection.as_str()])
}

pub(super) fn put_adjustments(c: &Connection, adjustments: &Adjustments) -> Result<(), StoreError> {
    let sealed = encode(adjustments)?;
    let sql = "INSERT INTO adjustments (task, body, seal) VALUES ($1, $2, $3)
        ON CONFLICT (task) DO UPDATE SET body = excluded.body, seal = excluded.seal";
    run(c, sql, params![adjustments.task.as_str(), sealed.body, sealed.seal]).map(|_| ())
}

pub(super) fn adjustments(c: &Connection, tasks: &[TaskId]) -> Result<Vec<Adjustments>, StoreError> {
    let sql = "SELECT body, seal FROM adjustments WHERE task = $1";
    tasks.iter().filter_map(|task| record(c, sql, params![task.as_str()]).transpose()).collect()
}

pub(super) fn put_switch(
    c: &Connection,
    connection: &ConnectionId,
    customer: &CustomerId,
    on: bool,
) -> Result<(), StoreError> {
    let sql = if on {
        "INSERT INTO switches (connection, customer) VALUES ($1, $2) ON CONFLICT (connection, customer) DO NOTHING"
    } else {
        "DELETE FROM switches WHERE connection = $1 AND customer = $2"
    };
    run(c, sql, params![connection.as_str(), customer.as_str()]).map(|_| ())
}

pub(super) fn switched_on(c: &Connection, connection: &ConnectionId) -> Result<BTreeSet<CustomerId>, StoreError> {
    let sql = "SELECT customer FROM switches WHERE connection = $1";
    let on = rows(c, sql, params![connection.as_str()], |r| r.get::<_, String>(0))?;
    Ok(on.into_iter().map(CustomerId::new).collect())
}

/// In place of those that the plan had before.
pub(super) fn put_claims(c: &Connection, plan: &SealedPlan) -> Result<(), StoreError> {
    let digest = plan.digest.as_str();
    run(c, "DELETE FROM claims WHERE plan = $1", params![digest])?;
    let sql = "INSERT INTO claims (plan, place, connection, subscription, task, body, seal)
        VALUES ($1, $2, $3, $4, $5, $6, $7)";
    let (connection, task) = (plan.connection.as_str(), plan.plan.task.as_str());
    for (place, claim) in plan.claims.iter().enumerate() {
        let sealed = encode(claim)?;
        let subscription = claim.subscription.as_str();
        run(c, sql, params![digest, big(place), connection, subscription, task, sealed.body, sealed.seal])?;
    }
    Ok(())
}

struct Kept {
    plan: PlanDigest,
    place: i64,
    task: TaskId,
    claim: Sealed,
}

fn kept(c: &Connection, connection: &ConnectionId, subscription: &SubscriptionId) -> Result<Vec<Kept>, StoreError> {
    let sql = "SELECT plan, place, task, body, seal FROM claims WHERE connection = $1 AND subscription = $2";
    rows(c, sql, params![connection.as_str(), subscription.as_str()], |r| {
        Ok(Kept {
            plan: PlanDigest::new(r.get::<_, String>(0)?),
            place: r.get(1)?,
            task: TaskId::new(r.get::<_, String>(2)?),
            claim: Sealed { body: r.get(3)?, seal: r.get(4)? },
        })
    })
}

pub(super) fn claims(
    c: &Connection,
    connection: &ConnectionId,
    subscriptions: Vec<SubscriptionId>,
) -> Result<Vec<Claim>, StoreError> {
    // The task itself says what its plan is: a column beside it could not be had for tasks of older versions.
    let mut tasks = BTreeMap::new();
    let mut found = Vec::new();
    for subscription in BTreeSet::from_iter(subscriptions) {
        for Kept { plan, place, task, claim } in kept(c, connection, &subscription)? {
            if !tasks.contains_key(&task) {
                tasks.insert(task.clone(), read_tasks::task(c, &task)?);
            }
            let confirmed = tasks.get(&task).and_then(Option::as_ref).is_some_and(|task| counts(&plan, &task.state));
            if confirmed {
                found.push((plan, place, decode(&claim)?));
            }
        }
    }
    Ok(in_order(found))
}
