//! Plans, in both directions: proposed by a guest, handed back to it at apply.

use std::collections::BTreeSet;

use counterfoil_domain::failure::Failure;
use counterfoil_domain::id::{ChangeKey, EntityId, LineId, TaskId};
use counterfoil_domain::plan::{Action, Change, ChangeReceipt, Field, Omission, Plan, PlanLine};

use super::raw;
use super::receipt::raw_change_receipt;
use super::values::{
    Checked, Nonsense, attributes, decimal, id, list, long, maybe, money, raw_decimal, raw_money, short,
};

/// What a plugin keeps for itself between plan and apply. A whole batch must fit through the door at once.
const MAX_PAYLOAD: usize = 2 * 1024 * 1024;
const OWNERS: [&str; 4] = ["marketplace", "target", "host", "person"];

/// The plan for `task`, writing only `documents` that the card names.
pub(crate) fn plan(raw: raw::Plan, task: &TaskId, documents: &[String]) -> Checked<Plan> {
    if raw.job != task.as_str() {
        return Err(Nonsense::new("job", format!("the plan is for another job than the one in its place ({task})")));
    }
    if raw.payload.len() > MAX_PAYLOAD {
        return Err(Nonsense::new(
            "payload",
            format!("{} bytes; at most {MAX_PAYLOAD} are allowed", raw.payload.len()),
        ));
    }
    if !raw.adopted.is_empty() {
        return Err(Nonsense::new("adopted", "only the host fills this, at apply"));
    }
    let changes = list("changes", raw.changes, |one| change(one, documents))?;
    let mut keys = BTreeSet::new();
    if let Some(twice) = changes.iter().find(|change| !keys.insert(&change.key)) {
        return Err(Nonsense::new("changes", format!("the key {} is used twice", twice.key)));
    }
    Ok(Plan {
        task: task.clone(),
        left_out: list("left-out", raw.left_out, omission)?,
        notes: list("notes", raw.notes, |note| long("", note))?,
        payload: raw.payload,
        attributes: attributes("attributes", raw.attributes)?,
        changes,
    })
}

fn change(raw: raw::Change, documents: &[String]) -> Checked<Change> {
    if !documents.contains(&raw.document) {
        let known = documents.join(", ");
        return Err(Nonsense::new(
            "document",
            format!("\"{}\" is not on the card, which names: {known}", super::values::clip(&raw.document, 40)),
        ));
    }
    let action = action(raw.action);
    if (action == Action::Update || action == Action::Cancel) && raw.target.is_none() {
        return Err(Nonsense::new("target", format!("is missing; a change that is \"{action}\" names its document")));
    }
    Ok(Change {
        key: ChangeKey::new(id("key", raw.key)?),
        action,
        document: raw.document,
        target: maybe(raw.target, |target| id("target", target))?.map(EntityId::new),
        title: short("title", raw.title)?,
        fields: list("fields", raw.fields, field)?,
        lines: list("lines", raw.lines, line)?,
        total: money("total", &raw.total)?,
        why: long("why", raw.why)?,
        attributes: attributes("attributes", raw.attributes)?,
    })
}

fn field(raw: raw::Field) -> Checked<Field> {
    if !OWNERS.contains(&raw.owner.as_str()) {
        return Err(Nonsense::new(
            "owner",
            format!("\"{}\" is not one of: {}", super::values::clip(&raw.owner, 40), OWNERS.join(", ")),
        ));
    }
    Ok(Field {
        name: id("name", raw.name)?,
        before: maybe(raw.before, |before| long("before", before))?,
        after: maybe(raw.after, |after| long("after", after))?,
        owner: raw.owner,
    })
}

fn line(raw: raw::PlanLine) -> Checked<PlanLine> {
    Ok(PlanLine {
        covers: list("covers", raw.covers, |line| id("", line).map(LineId::new))?,
        description: long("description", raw.description)?,
        quantity: decimal("quantity", raw.quantity)?,
        unit_price: decimal("unit-price", raw.unit_price)?,
        unit_cost: maybe(raw.unit_cost, |cost| decimal("unit-cost", cost))?,
        amount: decimal("amount", raw.amount)?,
        bills: decimal("bills", raw.bills)?,
        why: long("why", raw.why)?,
        attributes: attributes("attributes", raw.attributes)?,
    })
}

fn omission(raw: raw::Omission) -> Checked<Omission> {
    Ok(Omission { line: LineId::new(id("line", raw.line)?), why: long("why", raw.why)? })
}

pub(super) fn action(raw: raw::Action) -> Action {
    match raw {
        raw::Action::Create => Action::Create,
        raw::Action::Update => Action::Update,
        raw::Action::Cancel => Action::Cancel,
        raw::Action::None => Action::Keep,
    }
}

pub(super) fn raw_action(action: Action) -> raw::Action {
    match action {
        Action::Create => raw::Action::Create,
        Action::Update => raw::Action::Update,
        Action::Cancel => raw::Action::Cancel,
        Action::Keep => raw::Action::None,
    }
}

pub(crate) fn raw_plan(plan: Plan, adopted: Vec<ChangeReceipt>) -> Result<raw::Plan, Failure> {
    Ok(raw::Plan {
        job: plan.task.as_str().to_owned(),
        changes: plan.changes.into_iter().map(raw_change).collect::<Result<_, _>>()?,
        left_out: plan
            .left_out
            .into_iter()
            .map(|one| raw::Omission { line: one.line.as_str().to_owned(), why: one.why })
            .collect(),
        notes: plan.notes,
        payload: plan.payload,
        adopted: adopted.into_iter().map(raw_change_receipt).collect::<Result<_, _>>()?,
        attributes: plan.attributes,
    })
}

fn raw_change(change: Change) -> Result<raw::Change, Failure> {
    let field =
        |field: Field| raw::Field { name: field.name, before: field.before, after: field.after, owner: field.owner };
    Ok(raw::Change {
        key: change.key.as_str().to_owned(),
        action: raw_action(change.action),
        document: change.document,
        target: change.target.map(|target| target.as_str().to_owned()),
        title: change.title,
        fields: change.fields.into_iter().map(field).collect(),
        lines: change.lines.into_iter().map(raw_line).collect::<Result<_, _>>()?,
        total: raw_money("total", change.total)?,
        why: change.why,
        attributes: change.attributes,
    })
}

fn raw_line(line: PlanLine) -> Result<raw::PlanLine, Failure> {
    Ok(raw::PlanLine {
        covers: line.covers.into_iter().map(|id| id.as_str().to_owned()).collect(),
        description: line.description,
        quantity: raw_decimal("quantity", line.quantity)?,
        unit_price: raw_decimal("unit price", line.unit_price)?,
        unit_cost: line.unit_cost.map(|cost| raw_decimal("unit cost", cost)).transpose()?,
        amount: raw_decimal("amount", line.amount)?,
        bills: raw_decimal("billed amount", line.bills)?,
        why: line.why,
        attributes: line.attributes,
    })
}
