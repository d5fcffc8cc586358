//! What people decided and what was confirmed, from memory.

use std::collections::BTreeSet;

use counterfoil_domain::claim::Claim;
use counterfoil_domain::id::{ConnectionId, CustomerId, PlanDigest, SubscriptionId};
use counterfoil_domain::rule::IgnoreRule;

use super::shelves::Shelves;
use crate::claims::{counts, in_order};

pub(super) fn rules(shelves: &Shelves, connection: &ConnectionId) -> Vec<IgnoreRule> {
    let mut rules: Vec<IgnoreRule> =
        shelves.rules.values().filter(|rule| rule.connection == *connection).cloned().collect();
    rules.sort_by(|a, b| (a.at, &a.id).cmp(&(b.at, &b.id)));
    rules
}

pub(super) fn switched_on(shelves: &Shelves, connection: &ConnectionId) -> BTreeSet<CustomerId> {
    let all = shelves.switches.range((connection.clone(), CustomerId::new(""))..);
    all.take_while(|((c, _), ())| c == connection).map(|((_, customer), ())| customer.clone()).collect()
}

pub(super) fn claims(shelves: &Shelves, connection: &ConnectionId, subscriptions: Vec<SubscriptionId>) -> Vec<Claim> {
    let mut found = Vec::new();
    for subscription in BTreeSet::from_iter(subscriptions) {
        let first = (connection.clone(), subscription.clone(), PlanDigest::new(""), 0);
        let ours = shelves.claims.range(first..);
        let ours = ours.take_while(|((c, s, _, _), ())| c == connection && *s == subscription);
        found.extend(ours.filter_map(|((_, _, plan, place), ())| {
            let sealed = shelves.plans.get(plan)?;
            let task = shelves.tasks.get(&sealed.plan.task)?;
            let claim = counts(plan, &task.state).then(|| sealed.claims.get(*place))??;
            Some((plan.clone(), i64::try_from(*place).unwrap_or(i64::MAX), claim.clone()))
        }));
    }
    in_order(found)
}
