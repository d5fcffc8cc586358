//! A change as people see it before they confirm it: every field before and after, every line, and why.
//!
//! Owns the wording. What is sent is in the payload.

use counterfoil_sdk::{Action, Attributes, Change, Decimal, Failure, Field, Money, plan};

use crate::compose::Draft;
use crate::document::{ALLOCATION, Kind, When};
use crate::outline::Outline;
use crate::plan::Step;
use crate::settings::AUTHORISED;
use crate::wire;

/// The change for one document.
pub(crate) fn change(
    outline: &Outline<'_>,
    draft: &Draft<'_>,
    contact: &wire::Contact,
    step: &Step<'_>,
) -> Result<Change, Failure> {
    let order = &outline.job.order;
    let lines: Vec<_> = draft.lines.iter().map(|line| line.plan_line(draft.kind)).collect();
    let total = Money::new(plan::billed(&lines)?, order.currency);
    let word = draft.kind.word();
    let counts = format!("The order {} counts from {}.", order.number, order.effective_on);
    let numbered = |document: &wire::Document| document.number.clone().unwrap_or_default();
    let (action, document, title, why) = match step {
        Step::Create => (Action::Create, None, format!("New {word} for {}", order.number), counts),
        Step::Add(document) => (
            Action::Update,
            Some(*document),
            format!("Lines for {} on the {word} {}", order.number, numbered(document)),
            format!(
                "{counts} They join the customer's draft of that month; each line that is on it stays, whoever made it."
            ),
        ),
        Step::Keep(document) => (
            Action::None,
            Some(document.as_ref()),
            format!("The {word} for {} is there", order.number),
            format!("It is already there: {word} {}, same contact and same net amount.", numbered(document)),
        ),
    };
    let mut attributes = Attributes::new();
    attributes
        .set_some("number", document.and_then(|document| document.number.clone()).or_else(|| draft.number.clone()));
    let fields = match step {
        Step::Create => created(outline, draft, contact),
        Step::Add(document) => added(draft, document),
        Step::Keep(document) => kept(draft.kind, document),
    };
    Ok(Change {
        key: draft.key.clone(),
        action,
        document: draft.kind.name().to_owned(),
        target: document.and_then(|document| document.id.clone()),
        title,
        fields,
        lines,
        total,
        why,
        attributes,
    })
}

/// Credit on its way to an invoice, as it is shown.
#[derive(Debug)]
pub(crate) struct Giving<'a> {
    /// Numbers; none where Xero counts.
    pub(crate) invoice: Option<String>,
    pub(crate) invoice_owner: &'static str,
    pub(crate) credit: Option<String>,
    pub(crate) credit_owner: &'static str,
    /// Net.
    pub(crate) amount: Decimal,
    /// The earlier order whose invoice it is; none: the order's own.
    pub(crate) order: Option<&'a str>,
    /// None: it is done.
    pub(crate) when: Option<When>,
    /// The credit note that gave it already.
    pub(crate) note: Option<String>,
}

/// The change that gives an order's credit to an invoice.
pub(crate) fn allocation(outline: &Outline<'_>, key: String, giving: &Giving<'_>) -> Change {
    let order = &outline.job.order;
    let amount = Money::new(giving.amount, order.currency);
    let whose = match giving.order {
        None => "its invoice".to_owned(),
        Some(earlier) => format!("the invoice {} of {earlier}", giving.invoice.as_deref().unwrap_or_default()),
    };
    let named = |word: &str, number: &Option<String>| match number {
        Some(number) => format!("{word} {number}"),
        None => format!("the {word}"),
    };
    let both = format!("{} and {}", named("invoice", &giving.invoice), named("credit note", &giving.credit));
    let (action, title, why) = match giving.when {
        None => (
            Action::None,
            format!("The credit of {} is allocated to {whose}", order.number),
            "It was given in Xero already. It bills nothing by itself.".to_owned(),
        ),
        Some(When::Told) => (
            Action::Create,
            format!("Credit of {} allocated to {whose}", order.number),
            "Both are approved and of one order, so the credit lowers what is due. It bills nothing by itself."
                .to_owned(),
        ),
        Some(When::Look) => (
            Action::Create,
            format!("Credit of {} allocated to {whose}", order.number),
            format!(
                "{both} are for the same subscription, so the credit lowers what is due. It bills nothing by itself."
            ),
        ),
        Some(When::Approved) => (
            Action::Create,
            format!("Credit of {} allocated to {whose}, once both are approved", order.number),
            format!(
                "When {both} are approved in Xero, {amount} and its tax will be allocated, at most what is open on both by then. Until then this step waits; it bills nothing by itself."
            ),
        ),
    };
    let mut attributes = Attributes::new();
    if let Some(When::Look | When::Approved) = giving.when {
        attributes.set("follow-up", format!("{both} to be approved in Xero"));
        attributes.set("waits-while", "DRAFT SUBMITTED");
        attributes.set("goes-when", AUTHORISED);
    }
    let counted = |number: &Option<String>| number.clone().unwrap_or_else(|| "as Xero counts".to_owned());
    let field = |name: &str, after: String, owner: &str| Field {
        name: name.to_owned(),
        before: giving.when.is_none().then(|| after.clone()),
        after: Some(after),
        owner: owner.to_owned(),
    };
    Change {
        key,
        action,
        document: ALLOCATION.to_owned(),
        target: giving.note.clone(),
        title,
        fields: vec![
            field("CreditNote", counted(&giving.credit), giving.credit_owner),
            field("Invoice", counted(&giving.invoice), giving.invoice_owner),
            field("Amount", format!("{amount} and its tax, at most what is open on both"), "host"),
            field("Date", outline.date.to_string(), outline.date_owner),
        ],
        lines: Vec::new(),
        total: Money::zero(order.currency),
        why,
        attributes,
    }
}

fn number_field(kind: Kind) -> &'static str {
    match kind {
        Kind::Invoice => "InvoiceNumber",
        Kind::CreditNote => "CreditNoteNumber",
    }
}

fn field(name: &str, before: Option<String>, after: Option<String>, owner: &str) -> Field {
    Field { name: name.to_owned(), before, after, owner: owner.to_owned() }
}

fn created(outline: &Outline<'_>, draft: &Draft<'_>, contact: &wire::Contact) -> Vec<Field> {
    let new = |name: &str, after: Option<String>, owner: &str| field(name, None, after, owner);
    let name = contact.name.clone().unwrap_or_else(|| outline.party.target_id.clone());
    let mut fields = vec![
        new("Type", Some(draft.kind.code().to_owned()), "host"),
        new("Contact", Some(name), "host"),
        new(number_field(draft.kind), draft.number.clone(), draft.number_owner),
        new("Reference", Some(outline.reference.clone()), "host"),
        new("Date", Some(outline.date.to_string()), outline.date_owner),
    ];
    if draft.kind == Kind::Invoice {
        fields.push(new("DueDate", Some(outline.due.to_string()), outline.due_owner));
    }
    fields.extend([
        new("CurrencyCode", Some(outline.job.order.currency.to_string()), "marketplace"),
        new("LineAmountTypes", Some("Exclusive".to_owned()), "host"),
        new("Status", Some(outline.settings.status.to_owned()), "host"),
        new("SubTotal", Some(draft.total.to_string()), "target"),
    ]);
    if let Some(tracking) = outline.settings.tracking {
        fields.push(new("Tracking", Some(format!("{}: {}", tracking.name, tracking.option)), "host"));
    }
    if let Some(theme) = outline.settings.branding_theme {
        fields.push(new("BrandingThemeID", Some(theme.to_owned()), "host"));
    }
    fields
}

/// What a document has, by name.
fn shown(kind: Kind, document: &wire::Document) -> Vec<(&'static str, Option<String>)> {
    let mut fields = vec![
        ("Type", document.kind.clone()),
        ("Contact", document.contact.as_ref().and_then(|contact| contact.name.clone())),
        (number_field(kind), document.number.clone()),
        ("Reference", document.reference.clone()),
        ("Date", document.day.clone()),
    ];
    if kind == Kind::Invoice {
        fields.push(("DueDate", document.due.clone()));
    }
    fields.extend([
        ("CurrencyCode", document.currency_code.clone()),
        ("LineAmountTypes", document.line_amount_types.clone()),
        ("Status", document.status.clone()),
    ]);
    fields
}

/// For a document that is there already, what it has is what it keeps.
fn kept(kind: Kind, document: &wire::Document) -> Vec<Field> {
    let total = document.sub_total.map(|total| total.0.to_string());
    let fields = shown(kind, document).into_iter().chain([("SubTotal", total)]);
    fields.map(|(name, has)| field(name, has.clone(), has, "target")).collect()
}

/// Only the lines and what follows from them change; the number, the days and the status stay.
fn added(draft: &Draft<'_>, document: &wire::Document) -> Vec<Field> {
    let mut fields: Vec<Field> =
        shown(draft.kind, document).into_iter().map(|(name, has)| field(name, has.clone(), has, "target")).collect();
    let lines = document.line_items.as_ref().map_or(0, Vec::len);
    fields.push(field(
        "LineItems",
        Some(lines.to_string()),
        Some((lines + draft.lines.len()).to_string()),
        "marketplace",
    ));
    let before = document.sub_total.map(|total| total.0);
    let after = before.and_then(|before| before.checked_add(draft.total));
    let text = |total: Option<counterfoil_sdk::Decimal>| total.map(|total| total.to_string());
    fields.push(field("SubTotal", text(before), text(after), "target"));
    fields
}
