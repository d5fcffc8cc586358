//! Several products on one item: in one container nobody could tell their lines apart, so each goes into one of its own
//! where the connection says so. Owns that rule at planning time; what may be linked is `relink`'s.

use super::{Against, Findings};
use crate::connection::ManyToOne;
use crate::container::Container;
use crate::id::EntityId;

/// What another subscription has in the same container.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Neighbour {
    /// As people know it.
    pub subscription: String,
    /// Code of the product.
    pub product: String,
    pub item: EntityId,
}

pub(super) fn check(against: Against<'_>, findings: &mut Findings) {
    if against.rules.many_to_one != ManyToOne::SeparateContainers {
        return;
    }
    // A statement's lines are never looked up by their item: what recurs is told apart by its key, all else is billed once.
    if against.job.order.statement_period().is_some() {
        return;
    }
    let Some(container) = Container::of(against.job) else { return };
    let called = container.called();
    let products: Vec<(&str, &EntityId)> = against
        .job
        .order
        .lines
        .iter()
        .filter(|line| !line.product_code.is_empty())
        .filter_map(|line| Some((line.product_code.as_str(), line.item.as_ref()?)))
        .collect();
    let mut told: Vec<(&str, &str)> = Vec::new();
    for (place, (product, item)) in products.iter().enumerate() {
        let same = products.iter().take(place).find(|(other, theirs)| theirs == item && !same_code(other, product));
        if let Some((other, _)) = same.filter(|(other, _)| !told.contains(&(other, product))) {
            told.push((other, product));
            let text = format!(
                "{other} and {product} of this subscription are both linked to item {item}: in {called} nobody could tell their lines apart, and a later change would end the wrong one. Link one of them to another item"
            );
            findings.block("items-share-container", text);
        }
    }
    for (product, item) in &products {
        let theirs =
            against.neighbours.iter().find(|theirs| theirs.item == **item && !same_code(&theirs.product, product));
        if let Some(theirs) = theirs.filter(|theirs| !told.contains(&(theirs.product.as_str(), product))) {
            told.push((theirs.product.as_str(), product));
            let Neighbour { subscription, product: other, .. } = theirs;
            let text = format!(
                "{product} is linked to item {item}, and so is {other} of subscription {subscription}, which is in {called} too: nobody could tell their lines apart there. Link this subscription to a container of its own, or {product} to another item"
            );
            findings.block("items-share-container", text);
        }
    }
}

/// Sources spell codes as they like.
fn same_code(ours: &str, theirs: &str) -> bool {
    ours.eq_ignore_ascii_case(theirs)
}
