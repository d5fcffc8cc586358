//! Receipts, look-ups and observations: what a target stored and what it shows.

use std::collections::BTreeSet;

use counterfoil_domain::failure::Failure;
use counterfoil_domain::id::{ChangeKey, EntityId, TaskId};
use counterfoil_domain::plan::{ChangeReceipt, Located, Observation, ObservedDocument, ObservedLine, Receipt};

use super::plan::{action, raw_action};
use super::raw;
use super::values::{Checked, Nonsense, attributes, decimal, id, list, long, maybe, money, raw_money, short};

/// The receipt for `task`, about changes of its plan and no others.
pub(crate) fn receipt(raw: raw::Receipt, task: &TaskId, planned: &[ChangeKey]) -> Checked<Receipt> {
    if raw.job != task.as_str() {
        return Err(Nonsense::new("job", format!("the receipt is for another job than the one in its place ({task})")));
    }
    let changes = list("changes", raw.changes, |one| {
        let receipt = change_receipt(one)?;
        if planned.contains(&receipt.key) {
            Ok(receipt)
        } else {
            Err(Nonsense::new("key", format!("{} is not a change of this plan", receipt.key)))
        }
    })?;
    let mut keys = BTreeSet::new();
    if let Some(twice) = changes.iter().find(|change| !keys.insert(&change.key)) {
        return Err(Nonsense::new("changes", format!("the change {} is told twice", twice.key)));
    }
    Ok(Receipt { task: task.clone(), changes, attributes: attributes("attributes", raw.attributes)? })
}

fn change_receipt(raw: raw::ChangeReceipt) -> Checked<ChangeReceipt> {
    Ok(ChangeReceipt {
        key: ChangeKey::new(id("key", raw.key)?),
        action: action(raw.action),
        document: id("document", raw.document)?,
        reference: EntityId::new(id("reference", raw.reference)?),
        number: short("number", raw.number)?,
        total: maybe(raw.total, |total| money("total", &total))?,
        attributes: attributes("attributes", raw.attributes)?,
    })
}

/// What a look-up for `key` found.
pub(crate) fn located(raw: raw::Located, key: &ChangeKey) -> Checked<Located> {
    let mine = |raw| {
        let receipt = change_receipt(raw)?;
        if receipt.key == *key {
            Ok(receipt)
        } else {
            Err(Nonsense::new("key", format!("{} was asked for, {} was answered", key, receipt.key)))
        }
    };
    match raw {
        raw::Located::Found(one) => mine(one).map(Located::Found).map_err(|nonsense| nonsense.under("found")),
        raw::Located::Absent => Ok(Located::Absent),
        raw::Located::Several(many) if many.len() < 2 => {
            Err(Nonsense::new("several", format!("{} is not several", many.len())))
        }
        raw::Located::Several(many) => list("several", many, mine).map(Located::Several),
    }
}

pub(crate) fn observation(raw: raw::Observation, task: &TaskId) -> Checked<Observation> {
    if raw.job != task.as_str() {
        return Err(Nonsense::new(
            "job",
            format!("the observation is for another job than the one in its place ({task})"),
        ));
    }
    let documents = list("documents", raw.documents, document)?;
    Ok(Observation { task: task.clone(), documents, attributes: attributes("attributes", raw.attributes)? })
}

fn document(raw: raw::ObservedDocument) -> Checked<ObservedDocument> {
    Ok(ObservedDocument {
        key: ChangeKey::new(id("key", raw.key)?),
        reference: EntityId::new(id("reference", raw.reference)?),
        number: short("number", raw.number)?,
        state: id("state", raw.state)?,
        total: money("total", &raw.total)?,
        lines: list("lines", raw.lines, line)?,
        attributes: attributes("attributes", raw.attributes)?,
    })
}

fn line(raw: raw::ObservedLine) -> Checked<ObservedLine> {
    Ok(ObservedLine {
        description: long("description", raw.description)?,
        quantity: decimal("quantity", raw.quantity)?,
        unit_price: decimal("unit-price", raw.unit_price)?,
        amount: decimal("amount", raw.amount)?,
    })
}

pub(crate) fn raw_receipt(receipt: Receipt) -> Result<raw::Receipt, Failure> {
    Ok(raw::Receipt {
        job: receipt.task.as_str().to_owned(),
        changes: receipt.changes.into_iter().map(raw_change_receipt).collect::<Result<_, _>>()?,
        attributes: receipt.attributes,
    })
}

pub(super) fn raw_change_receipt(receipt: ChangeReceipt) -> Result<raw::ChangeReceipt, Failure> {
    Ok(raw::ChangeReceipt {
        key: receipt.key.as_str().to_owned(),
        action: raw_action(receipt.action),
        document: receipt.document,
        reference: receipt.reference.as_str().to_owned(),
        number: receipt.number,
        total: receipt.total.map(|total| raw_money("total", total)).transpose()?,
        attributes: receipt.attributes,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::convert::{plan, raw_plan};
    use counterfoil_domain::id::LineId;
    use counterfoil_domain::money::{Currency, Money};
    use counterfoil_domain::plan::{Action, Change, Field, Omission, Plan, PlanLine};

    fn pairs() -> Vec<(String, String)> {
        vec![("account-code".to_owned(), "200".to_owned()), ("tax-type".to_owned(), String::new())]
    }

    fn usd(text: &str) -> Money {
        Money::new(text.parse().unwrap(), Currency::parse("USD").unwrap())
    }

    /// Every field has a value of its own, so that none can be mistaken for another.
    fn full(action: Action) -> Plan {
        let line = PlanLine {
            covers: vec![LineId::new("l1"), LineId::new("l2")],
            description: "Mailbox".to_owned(),
            quantity: "-3".parse().unwrap(),
            unit_price: "20.900000001".parse().unwrap(),
            unit_cost: Some("15.1".parse().unwrap()),
            amount: "62.70".parse().unwrap(),
            bills: "-62.70".parse().unwrap(),
            why: "3 × 20.90".to_owned(),
            attributes: pairs(),
        };
        let field = Field {
            name: "Reference".to_owned(),
            before: Some("a".to_owned()),
            after: None,
            owner: "person".to_owned(),
        };
        let change = Change {
            key: ChangeKey::new("k1"),
            action,
            document: "credit-note".to_owned(),
            target: Some(EntityId::new("t1")),
            title: "Credit note".to_owned(),
            fields: vec![field],
            lines: vec![line],
            total: usd("-62.70"),
            why: "A refund.".to_owned(),
            attributes: pairs(),
        };
        Plan {
            task: TaskId::new("task-1"),
            changes: vec![change],
            left_out: vec![Omission { line: LineId::new("l3"), why: "zero".to_owned() }],
            notes: vec!["a note".to_owned()],
            payload: vec![0, 1, 255],
            attributes: pairs(),
        }
    }

    #[test]
    fn a_plan_comes_back_as_it_went() {
        let documents = ["credit-note".to_owned()];
        for action in Action::ALL {
            let sent = full(*action);
            let back = plan(raw_plan(sent.clone(), Vec::new()).unwrap(), &sent.task, &documents).unwrap();
            assert_eq!(back, sent);
        }
    }

    #[test]
    fn a_receipt_comes_back_as_it_went_and_only_for_its_plan() {
        let change = ChangeReceipt {
            key: ChangeKey::new("k1"),
            action: Action::Update,
            document: "invoice".to_owned(),
            reference: EntityId::new("ref"),
            number: "INV-7".to_owned(),
            total: Some(usd("41.80")),
            attributes: pairs(),
        };
        let sent = Receipt { task: TaskId::new("task-1"), changes: vec![change], attributes: pairs() };
        let raw = || raw_receipt(sent.clone()).unwrap();
        assert_eq!(receipt(raw(), &sent.task, &[ChangeKey::new("k1")]).unwrap(), sent);
        assert!(receipt(raw(), &sent.task, &[ChangeKey::new("k2")]).is_err());
        assert!(receipt(raw(), &TaskId::new("task-2"), &[ChangeKey::new("k1")]).is_err());
        let mut twice = raw();
        twice.changes.extend(raw().changes);
        assert!(receipt(twice, &sent.task, &[ChangeKey::new("k1")]).is_err());
    }
}
