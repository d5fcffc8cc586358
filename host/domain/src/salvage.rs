//! What earlier plans of a task stored before their rest was refused. Owns how a failure names it and what a later plan
//! makes of it: what is there is never written a second time, whatever its plan is called.

use crate::failure::Failure;
use crate::id::EntityId;
use crate::plan::{Action, Change, ChangeReceipt, Plan};

/// Before the key of a stored change, in the attributes of a failure.
const SAVED: &str = "saved.";

/// Before the key of a stored change, a dot and the name of what its receipt would say of it: what reading it back needs.
const SAVED_AS: &str = "saved-as.";

/// Whether anything of the failed plan is stored.
pub fn is_partly_stored(failure: &Failure) -> bool {
    failure.attributes.iter().any(|(name, _)| name.starts_with(SAVED))
}

/// The changes of the plan that failed which are stored, as the failure names them.
pub fn saved(plan: &Plan, failure: &Failure) -> Vec<ChangeReceipt> {
    let named = |change: &Change| {
        let name = format!("{SAVED}{}", change.key);
        let (_, reference) = failure.attributes.iter().find(|(attribute, _)| *attribute == name)?;
        let told = format!("{SAVED_AS}{}.", change.key);
        let told = |(name, value): &(String, String)| Some((name.strip_prefix(&told)?.to_owned(), value.clone()));
        let attributes: Vec<(String, String)> = failure.attributes.iter().filter_map(told).collect();
        Some(ChangeReceipt {
            key: change.key.clone(),
            action: change.action,
            document: change.document.clone(),
            reference: EntityId::new(reference.clone()),
            number: String::new(),
            // Whoever tells nothing of it is asked for nothing but whether it is there.
            total: (!attributes.is_empty()).then_some(change.total),
            attributes,
        })
    };
    plan.changes.iter().filter_map(named).collect()
}

/// A change of an earlier plan of the same task, and what the target said it stored for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    pub change: Change,
    pub receipt: ChangeReceipt,
}

/// Why a plan cannot go out beside what is stored: it could bill twice.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unaccounted {
    #[error("\"{title}\" is stored as {reference} by an earlier plan, and this plan does not know it")]
    Unknown { title: String, reference: EntityId },
    #[error(
        "\"{title}\" is stored as {reference} by an earlier plan, and this plan would bill something else in its place"
    )]
    Differs { title: String, reference: EntityId },
}

/// What of a plan is stored already. A change that the plan keeps as it is was found by the plugin itself.
pub fn adopted(plan: &Plan, kept: &[Kept]) -> Result<Vec<ChangeReceipt>, Unaccounted> {
    let mut adopted: Vec<ChangeReceipt> = Vec::with_capacity(kept.len());
    for Kept { change, receipt } in kept {
        let (title, reference) = (change.title.clone(), receipt.reference.clone());
        let Some(now) = plan.changes.iter().find(|now| now.key == change.key) else {
            return Err(Unaccounted::Unknown { title, reference });
        };
        if now.action == Action::Keep {
            continue;
        }
        let bills = |change: &Change| change.lines.iter().map(|line| line.bills).collect::<Vec<_>>();
        if (now.document != change.document) || now.total != change.total || bills(now) != bills(change) {
            return Err(Unaccounted::Differs { title, reference });
        }
        if !adopted.iter().any(|known| known.key == receipt.key) {
            adopted.push(receipt.clone());
        }
    }
    Ok(adopted)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::failure::FailureClass;
    use crate::id::ChangeKey;
    use crate::money::{Currency, Money};

    fn change(key: &str, action: Action, amount: i64) -> Change {
        let usd = Currency::parse("USD").unwrap_or_else(|bad| panic!("{bad}"));
        Change {
            key: ChangeKey::new(key),
            action,
            document: "invoice".into(),
            target: None,
            title: key.into(),
            fields: vec![],
            lines: vec![],
            total: Money::new(amount.into(), usd),
            why: String::new(),
            attributes: vec![],
        }
    }

    fn plan(changes: Vec<Change>) -> Plan {
        Plan { task: "t".into(), changes, left_out: vec![], notes: vec![], payload: vec![], attributes: vec![] }
    }

    #[test]
    fn what_is_there_is_known_whatever_the_plan_is_called() {
        let create = |key: &str, amount| change(key, Action::Create, amount);
        let earlier = plan(vec![create("a", 1), create("b", 2)]);
        // What the earlier plan stored, the plan of now; what is adopted, or what nothing is known of.
        let table = [
            ("", vec![create("a", 1), create("b", 2)], Ok("")),
            ("a", vec![create("a", 1), create("b", 2)], Ok("a")),
            ("a b", vec![create("a", 1), create("b", 2)], Ok("a b")),
            ("a", vec![change("a", Action::Keep, 1), create("b", 2)], Ok("")),
            ("a", vec![change("a", Action::Keep, 9), create("b", 2)], Ok("")),
            ("a", vec![create("a", 1), create("b", 7)], Ok("a")),
            ("a", vec![create("a", 7), create("b", 2)], Err("something else")),
            ("a", vec![create("c", 1), create("b", 2)], Err("does not know")),
        ];
        for (stored, now, expected) in table {
            let keys = stored.split_whitespace();
            let attributes: Vec<_> = keys.map(|key| (format!("saved.{key}"), format!("ref-{key}"))).collect();
            let failure = Failure { attributes, ..Failure::new(FailureClass::Rejected, "x", "x") };
            assert_eq!(is_partly_stored(&failure), !stored.is_empty());
            let receipts = saved(&earlier, &failure).into_iter();
            let kept: Vec<Kept> = receipts
                .filter_map(|receipt| {
                    let change = earlier.changes.iter().find(|change| change.key == receipt.key)?.clone();
                    Some(Kept { change, receipt })
                })
                .collect();
            match (adopted(&plan(now), &kept), expected) {
                (Ok(adopted), Ok(keys)) => {
                    let adopted: Vec<&str> = adopted.iter().map(|receipt| receipt.key.as_str()).collect();
                    assert_eq!(adopted.join(" "), keys);
                }
                (Err(error), Err(text)) => assert!(error.to_string().contains(text), "{error}"),
                other => panic!("{stored}: {other:?}"),
            }
        }
    }

    #[test]
    fn what_is_told_of_a_stored_change_goes_with_its_receipt() {
        let earlier = plan(vec![change("a", Action::Create, 1), change("a.b", Action::Create, 2)]);
        let told = [("saved.a", "7"), ("saved.a.b", "8"), ("saved-as.a.b.quantity", "3"), ("saved-as.c.quantity", "9")];
        let attributes = told.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
        let failure = Failure { attributes, ..Failure::new(FailureClass::Rejected, "x", "x") };
        let receipts = saved(&earlier, &failure);
        assert_eq!((receipts[0].reference.as_str(), receipts[1].reference.as_str()), ("7", "8"));
        assert_eq!(receipts[1].attributes, [("quantity".to_owned(), "3".to_owned())]);
        assert_eq!(receipts[1].total, Some(earlier.changes[1].total));
    }
}
