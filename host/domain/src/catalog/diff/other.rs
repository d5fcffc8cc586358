//! Settings that come with being a reseller on the template: order flow, roles and privileges, terms and conditions.

use std::collections::BTreeMap;

use super::super::change::Reason;
use super::super::edit::{Delta, Edit};
use super::super::merge::merge;
use super::Walk;

impl Walk<'_> {
    pub(super) fn order_flow(&mut self) {
        for (order_type, to, reason) in differing(&self.provider.template.order_flow, &self.reseller.order_flow) {
            let edit = Edit::OrderFlow { order_type: *order_type, to };
            self.sink.put(edit, reason, format!("{order_type} orders"));
        }
    }

    pub(super) fn roles(&mut self) {
        for (role, to, reason) in differing(&self.provider.template.roles, &self.reseller.roles) {
            let name = named(&to, |role| &role.name);
            self.sink.put(Edit::Role { role: role.clone(), to }, reason, name);
        }
    }

    pub(super) fn terms(&mut self) {
        for (terms, to, reason) in differing(&self.provider.template.terms, &self.reseller.terms) {
            let name = named(&to, |terms| &terms.name);
            self.sink.put(Edit::Terms { terms: terms.clone(), to }, reason, name);
        }
    }
}

/// Of what both hold under the same keys, what is not the same.
fn differing<'w, K: Ord, V: Clone + PartialEq>(
    provider: &'w BTreeMap<K, V>,
    reseller: &'w BTreeMap<K, V>,
) -> impl Iterator<Item = (&'w K, Delta<Option<V>>, Reason)> {
    merge(provider, reseller).filter(|(_, theirs, ours)| theirs != ours).map(|(key, theirs, ours)| {
        let reason = match (theirs, ours) {
            (_, None) => Reason::New,
            (None, _) => Reason::Gone,
            (Some(_), Some(_)) => Reason::Differs,
        };
        (key, Delta::new(ours.cloned(), theirs.cloned()), reason)
    })
}

fn named<V>(to: &Delta<Option<V>>, name: impl Fn(&V) -> &String) -> String {
    to.after.as_ref().or(to.before.as_ref()).map(|value| name(value).clone()).unwrap_or_default()
}
