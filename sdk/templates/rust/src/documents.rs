//! What an order becomes: one invoice, with a line for each line that bills something. Owns plan, apply, locate and
//! observe. Amounts come from the host and go through untouched.

use counterfoil_sdk::serde::{Deserialize, Serialize};
use counterfoil_sdk::{
    Action, Attributes, Change, ChangeReceipt, Class, Currency, Failure, Field, Job, Line, Located, Money, Observation,
    ObservedDocument, ObservedLine, Omission, Plan, PlanLine, Receipt, Remote, Request, encode, json, text,
};

use crate::books;

/// As long as a description may be there.
const LONGEST: usize = 500;

/// An invoice as the system takes it. It is the plan's payload, so that what was confirmed is what is sent.
#[derive(Debug, Serialize, Deserialize)]
#[serde(crate = "counterfoil_sdk::serde")]
struct Invoice {
    /// Of a stored one; the system gives the id, and the number that people see.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    id: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    number: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    state: String,
    customer: String,
    /// The host's marker: by it a lost document is found again.
    reference: String,
    currency: String,
    date: String,
    due_date: String,
    lines: Vec<InvoiceLine>,
    total: json::Exact,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(crate = "counterfoil_sdk::serde")]
struct InvoiceLine {
    #[serde(default)]
    product: Option<String>,
    description: String,
    quantity: json::Exact,
    unit_price: json::Exact,
    amount: json::Exact,
}

#[derive(Debug, Deserialize)]
#[serde(crate = "counterfoil_sdk::serde")]
struct Page {
    invoices: Vec<Invoice>,
    next: Option<String>,
}

pub fn plan(job: &Job) -> Result<Plan, Failure> {
    let order = &job.order;
    let party = job.party().ok_or_else(|| {
        Failure::rejected("acme-books-customer", format!("Link the customer {} first.", order.customer_name))
    })?;
    let (nothing, billed): (Vec<&Line>, Vec<&Line>) = order.lines.iter().partition(|line| line.amount.is_zero());
    let due = order.effective_on.plus_days(due_days(job)?).unwrap_or(order.effective_on);
    let invoice = Invoice {
        id: String::new(),
        number: String::new(),
        state: String::new(),
        customer: party.target_id.clone(),
        reference: job.marker.clone(),
        currency: order.currency.code().to_owned(),
        date: order.effective_on.to_string(),
        due_date: due.to_string(),
        lines: billed.iter().map(|line| invoice_line(line)).collect(),
        total: json::Exact(order.total),
    };
    let change = Change {
        // Of the order alone: the same job must give the same key for ever.
        key: format!("invoice:{}:{}", order.id, order.revision),
        action: Action::Create,
        document: "invoice".to_owned(),
        target: None,
        title: format!("Invoice for {} to {}", order.number, party.target_name),
        fields: fields(&invoice, &party.target_name),
        lines: billed.iter().map(|line| plan_line(line)).collect(),
        total: Money::new(order.total, order.currency),
        why: format!("From the order {} ({}).", order.number, order.kind),
        attributes: Attributes::new(),
    };
    let left_out = nothing
        .into_iter()
        .map(|line| Omission { line: line.id.clone(), why: "It bills nothing.".to_owned() })
        .collect();
    Ok(Plan {
        job: job.id.clone(),
        changes: vec![change],
        left_out,
        payload: json::bytes(&invoice)?,
        ..Plan::default()
    })
}

fn due_days(job: &Job) -> Result<i64, Failure> {
    let written = job.settings.filled("due_days").unwrap_or("14");
    written.parse::<i64>().ok().filter(|days| (0..=365).contains(days)).ok_or_else(|| {
        Failure::rejected("acme-books-due-days", format!("The setting due_days is \"{written}\"; give 0 to 365."))
    })
}

fn description(line: &Line) -> String {
    text::clip(&text::single_spaced(&line.description), LONGEST)
}

fn invoice_line(line: &Line) -> InvoiceLine {
    InvoiceLine {
        product: line.item.clone(),
        description: description(line),
        quantity: json::Exact(line.quantity),
        unit_price: json::Exact(line.unit_price),
        amount: json::Exact(line.amount),
    }
}

fn plan_line(line: &Line) -> PlanLine {
    PlanLine {
        covers: vec![line.id.clone()],
        description: description(line),
        quantity: line.quantity,
        unit_price: line.unit_price,
        unit_cost: line.unit_cost,
        amount: line.amount,
        bills: line.amount,
        why: line.arithmetic.clone(),
        attributes: Attributes::new(),
    }
}

/// What people see beside the lines.
fn fields(invoice: &Invoice, customer: &str) -> Vec<Field> {
    let field = |name: &str, after: &str, owner: &str| Field {
        name: name.to_owned(),
        before: None,
        after: Some(after.to_owned()),
        owner: owner.to_owned(),
    };
    vec![
        field("customer", customer, "target"),
        field("date", &invoice.date, "marketplace"),
        field("due date", &invoice.due_date, "host"),
        field("reference", &invoice.reference, "host"),
    ]
}

/// Sends the payload as it is. No decision is made here.
pub fn apply(remote: &mut dyn Remote, plan: &Plan) -> Result<Receipt, Failure> {
    let mut changes = plan.adopted.clone();
    for change in plan.changes.iter().filter(|change| plan.adopted(&change.key).is_none()) {
        let request = Request::post("create-invoice", "/invoices").json_bytes(plan.payload.clone());
        let answer = books::write(remote, &change.key, request)?;
        let unknown = |failure: Failure| Failure { class: Class::UnknownOutcome, ..failure };
        changes.push(receipt(&change.key, books::stored("invoice", &answer)?).map_err(unknown)?);
    }
    Ok(Receipt { job: plan.job.clone(), changes, attributes: Attributes::new() })
}

/// What was stored, as the system says; never as it was meant.
fn receipt(key: &str, stored: Invoice) -> Result<ChangeReceipt, Failure> {
    let currency = Currency::parse(&stored.currency)?;
    if stored.id.is_empty() {
        return Err(Failure::internal("acme-books-id", "Acme Books showed an invoice without an id."));
    }
    Ok(ChangeReceipt {
        key: key.to_owned(),
        action: Action::Create,
        document: "invoice".to_owned(),
        reference: stored.id,
        number: stored.number,
        total: Some(Money::new(stored.total.0, currency)),
        attributes: Attributes::new(),
    })
}

/// By the marker, which the payload holds. Every page is read, and what is found is compared again here.
pub fn locate(remote: &mut dyn Remote, plan: &Plan, change_key: &str) -> Result<Located, Failure> {
    let sent: Invoice = json::parse("payload", &plan.payload)?;
    let request = Request::get("find-invoice", "/invoices").query("reference", &sent.reference);
    let found = books::pages(remote, &request, |answer| {
        let page: Page = json::parse("invoices", &answer.body)?;
        Ok((page.invoices, page.next))
    })?;
    let mut same: Vec<ChangeReceipt> = Vec::new();
    for stored in found.into_iter().filter(|stored| stored.reference == sent.reference) {
        // A list that moves while it is read shows a document twice.
        if !same.iter().any(|known| known.reference == stored.id) {
            same.push(receipt(change_key, stored)?);
        }
    }
    Ok(match (same.pop(), same.is_empty()) {
        (None, _) => Located::Absent,
        (Some(only), true) => Located::Found(only),
        (Some(last), false) => {
            same.push(last);
            Located::Several(same)
        }
    })
}

pub fn observe(remote: &mut dyn Remote, receipt: &Receipt) -> Result<Observation, Failure> {
    let mut documents = Vec::with_capacity(receipt.changes.len());
    for change in &receipt.changes {
        let path = format!("/invoices/{}", encode::segment(&change.reference));
        let stored: Invoice = json::parse("invoice", &books::read(remote, Request::get("get-invoice", path))?.body)?;
        let currency = Currency::parse(&stored.currency)?;
        documents.push(ObservedDocument {
            key: change.key.clone(),
            reference: stored.id,
            number: stored.number,
            // The system's own word; one that has none says at least that it is there.
            state: if stored.state.is_empty() { "stored".to_owned() } else { stored.state },
            total: Money::new(stored.total.0, currency),
            lines: stored.lines.into_iter().map(observed).collect(),
            attributes: Attributes::new(),
        });
    }
    Ok(Observation { job: receipt.job.clone(), documents, attributes: Attributes::new() })
}

fn observed(line: InvoiceLine) -> ObservedLine {
    ObservedLine {
        description: line.description,
        quantity: line.quantity.0,
        unit_price: line.unit_price.0,
        amount: line.amount.0,
    }
}
