//! Owns the rules of invoices and credit notes: numbers, status, totals, create and update.
//!
//! Does not own line arithmetic (see `lines`) or reading (see `listing`).

use chrono::NaiveDate;
use rust_decimal::Decimal;

use super::answer::{self, Answer, Envelope, Outcome, Refusal};
use super::call::Call;
use super::contacts::{self, Named};
use super::draft::DocumentDraft;
use super::input;
use super::lines::{self, Around, cents};
use super::model::{Document, DocumentKind, HistoryRecord, Line, Status, TaxMode};
use super::org::Org;
use super::render::{self, Shown};

const SETTLED: &str = "This document cannot be edited as it has a payment or credit note allocated to it.";
const NEGATIVE: &str = "The Total for this document must be greater than or equal to zero.";

/// PUT creates only. POST edits the document whose id or number it finds, and creates otherwise.
pub(crate) fn write(
    org: &mut Org,
    call: &Call,
    envelope: &Envelope,
    kind: DocumentKind,
    addressed: Option<&str>,
) -> Result<Answer, Refusal> {
    let collection = render::collection(kind);
    let endpoint = match kind {
        DocumentKind::Invoice => "Invoice",
        DocumentKind::CreditNote => "CreditNote",
    };
    let body = call.json()?;
    let drafts = input::elements(&body, collection.name, endpoint)?
        .into_iter()
        .map(|json| DocumentDraft::read(json, kind))
        .collect::<Result<Vec<_>, _>>()?;
    let target = match addressed {
        Some(id) => Some(org.find_either(kind, id).ok_or(Refusal::NotFound)?),
        None => None,
    };
    let shown = Shown { lines: true, unit_places: call.unit_places() };
    let mut outcomes = Vec::with_capacity(drafts.len());
    for draft in &drafts {
        let outcome = match write_one(org, call, kind, draft, target) {
            Ok(document) => {
                let element = render::document(org, &document, shown);
                if call.tamper {
                    tamper(org, &document);
                }
                Outcome::Saved(element)
            }
            Err(errors) => Outcome::Failed { echo: draft.echo(kind), errors },
        };
        outcomes.push(outcome);
    }
    Ok(answer::batch(envelope, collection, outcomes, call.summarize_errors()))
}

fn write_one(
    org: &mut Org,
    call: &Call,
    kind: DocumentKind,
    draft: &DocumentDraft,
    target: Option<usize>,
) -> Result<Document, Vec<String>> {
    let known = match (target, call.method.as_str()) {
        (Some(at), _) => Some(at),
        (None, "POST") => match (&draft.id, &draft.number) {
            (Some(id), _) => {
                Some(org.find_id(kind, id).ok_or_else(|| vec![format!("The document {id} could not be found")])?)
            }
            (None, Some(number)) => org.find_number(kind, number),
            (None, None) => None,
        },
        (None, _) => None,
    };
    let at = match known {
        Some(at) => update(org, call, at, draft)?,
        None => create(org, call, kind, draft)?,
    };
    org.document(at).cloned().ok_or_else(|| vec!["The document was not stored".to_owned()])
}

fn create(org: &mut Org, call: &Call, kind: DocumentKind, draft: &DocumentDraft) -> Result<usize, Vec<String>> {
    let mut errors = Vec::new();
    let doc_type = read_type(kind, draft, &mut errors);
    let status = match draft.status.as_deref().map(Status::parse) {
        None => Status::Draft,
        Some(Some(status @ (Status::Draft | Status::Submitted | Status::Authorised))) => status,
        Some(_) => {
            return Err(vec!["The document status is not valid for a new document".to_owned()]);
        }
    };
    let tax_mode = read_tax_mode(draft, TaxMode::Exclusive)?;
    let sale = doc_type.starts_with("ACCREC");
    if let Some(number) = &draft.number {
        check_number(org, kind, sale, number, None, &mut errors);
    }
    let named = name_contact(org, call, draft, &mut errors);
    let around = Around { kind, sale, status, tax_mode, unit_places: call.unit_places() };
    let lines = price_lines(org, draft, &[], around, &mut errors);
    if lines.is_empty() && draft.lines.as_ref().is_none_or(Vec::is_empty) {
        errors.push("At least one line item is required".to_owned());
    }
    let document = Document {
        id: org.ids.guid(),
        kind,
        doc_type,
        number: String::new(),
        reference: draft.reference.clone(),
        contact_id: String::new(),
        date: draft.date.unwrap_or_else(|| call.now.date_naive()),
        due_date: draft.due_date,
        status,
        tax_mode,
        currency: currency(org, draft, &named, &mut errors),
        url: draft.url.clone(),
        branding_theme_id: draft.branding_theme_id.clone(),
        sent_to_contact: draft.sent_to_contact.unwrap_or(false),
        lines,
        sub_total: Decimal::ZERO,
        total_tax: Decimal::ZERO,
        total: Decimal::ZERO,
        paid: Decimal::ZERO,
        credited: Decimal::ZERO,
        allocations: Vec::new(),
        history: vec![record(call, "Created")],
        created: call.now,
        updated: call.now,
    };
    let mut document = totalled(document);
    check_document(org, &document, draft, draft.date.is_some(), &mut errors);
    let named = match (named, errors.is_empty()) {
        (Some(named), true) => named,
        _ => return Err(errors),
    };
    let contact = contacts::settle(org, named);
    document.contact_id = org.contacts[contact].id.clone();
    document.number = draft.number.clone().unwrap_or_else(|| org.auto_number(kind));
    Ok(org.add_document(document))
}

fn update(org: &mut Org, call: &Call, at: usize, draft: &DocumentDraft) -> Result<usize, Vec<String>> {
    let Some(former) = org.document(at).cloned() else {
        return Err(vec!["The document was not stored".to_owned()]);
    };
    let mut errors = Vec::new();
    let status = next_status(&former, draft)?;
    let settled = former.has_settlement() || former.status == Status::Paid;
    if settled && !draft.spares_money(&former) {
        return Err(vec![SETTLED.to_owned()]);
    }
    let sale = former.is_sale();
    if let Some(number) = &draft.number {
        check_number(org, former.kind, sale, number, Some(at), &mut errors);
    }
    if draft.currency.as_ref().is_some_and(|currency| *currency != former.currency) {
        errors.push("The currency of a document cannot be changed".to_owned());
    }
    let tax_mode = read_tax_mode(draft, former.tax_mode)?;
    let named = match &draft.contact {
        Some(_) => name_contact(org, call, draft, &mut errors),
        None => org.contact(&former.contact_id).map(Named::Existing),
    };
    let around = Around { kind: former.kind, sale, status, tax_mode, unit_places: call.unit_places() };
    let mut document = former.clone();
    if draft.lines.is_some() && status.counts() {
        document.lines = price_lines(org, draft, &former.lines, around, &mut errors);
    }
    document.status = status;
    document.tax_mode = tax_mode;
    document.date = draft.date.unwrap_or(document.date);
    document.due_date = draft.due_date.or(document.due_date);
    document.reference = draft.reference.clone().or(document.reference);
    document.url = draft.url.clone().or(document.url);
    document.branding_theme_id = draft.branding_theme_id.clone().or(document.branding_theme_id);
    document.sent_to_contact = draft.sent_to_contact.unwrap_or(document.sent_to_contact);
    document.number = draft.number.clone().unwrap_or(document.number);
    document.updated = call.now;
    document.history.push(record(call, "Edited"));
    let mut document = totalled(document);
    if status.counts() {
        check_document(org, &document, draft, true, &mut errors);
    }
    let named = match (named, errors.is_empty()) {
        (Some(named), true) => named,
        _ => return Err(errors),
    };
    let contact = contacts::settle(org, named);
    document.contact_id = org.contacts[contact].id.clone();
    org.replace_document(at, document);
    Ok(at)
}

fn record(call: &Call, changes: &str) -> HistoryRecord {
    HistoryRecord { changes: changes.to_owned(), details: "Through the API".to_owned(), at: call.now }
}

fn read_type(kind: DocumentKind, draft: &DocumentDraft, errors: &mut Vec<String>) -> String {
    let allowed: [&str; 2] = match kind {
        DocumentKind::Invoice => ["ACCREC", "ACCPAY"],
        DocumentKind::CreditNote => ["ACCRECCREDIT", "ACCPAYCREDIT"],
    };
    match &draft.doc_type {
        Some(said) if allowed.contains(&said.as_str()) => said.clone(),
        _ => {
            errors.push("The document Type is missing or not valid".to_owned());
            allowed[0].to_owned()
        }
    }
}

fn read_tax_mode(draft: &DocumentDraft, fallback: TaxMode) -> Result<TaxMode, Vec<String>> {
    match draft.tax_mode.as_deref() {
        None => Ok(fallback),
        Some(said) => TaxMode::parse(said).ok_or_else(|| vec![format!("LineAmountTypes '{said}' is not valid")]),
    }
}

fn check_number(org: &Org, kind: DocumentKind, sale: bool, number: &str, own: Option<usize>, errors: &mut Vec<String>) {
    let what = match kind {
        DocumentKind::Invoice => "Invoice",
        DocumentKind::CreditNote => "Credit note",
    };
    if sale && org.find_number(kind, number).is_some_and(|at| Some(at) != own) {
        errors.push(format!("{what} # must be unique."));
    }
    if number.chars().count() > 255 {
        errors.push(format!("{what} # must be at most 255 characters."));
    }
}

fn name_contact(org: &mut Org, call: &Call, draft: &DocumentDraft, errors: &mut Vec<String>) -> Option<Named> {
    let Some(contact) = &draft.contact else {
        errors.push("A Contact must be specified for this type of document".to_owned());
        return None;
    };
    contacts::named(org, call, contact).map_err(|found| errors.extend(found)).ok()
}

fn currency(org: &Org, draft: &DocumentDraft, named: &Option<Named>, errors: &mut Vec<String>) -> String {
    let of_contact = match named {
        Some(Named::Existing(at)) => org.contacts[*at].default_currency.clone(),
        Some(Named::Updated(_, contact) | Named::Created(contact)) => contact.default_currency.clone(),
        None => None,
    };
    let code = draft.currency.clone().or(of_contact).unwrap_or_else(|| org.config.base_currency.clone());
    if !org.has_currency(&code) {
        errors.push(format!("Organisation is not subscribed to currency {code}"));
    }
    code
}

/// The new line set. A known line that is not sent again is gone; a foreign id is an error.
fn price_lines(
    org: &mut Org,
    draft: &DocumentDraft,
    former: &[Line],
    around: Around,
    errors: &mut Vec<String>,
) -> Vec<Line> {
    let mut priced = Vec::new();
    for line in draft.lines.iter().flatten() {
        let kept = match &line.id {
            None => None,
            Some(id) => match former.iter().find(|kept| kept.id.eq_ignore_ascii_case(id)) {
                Some(kept) => Some(kept),
                None => {
                    errors.push(format!("Could not find line item(s) with the following id(s) {id}"));
                    continue;
                }
            },
        };
        match lines::line(org, line, kept, around) {
            Ok(line) => priced.push(line),
            Err(found) => errors.extend(found),
        }
    }
    priced
}

pub(crate) fn totalled(mut document: Document) -> Document {
    let amounts: Decimal = document.lines.iter().map(|line| line.line_amount).sum();
    let tax: Decimal = document.lines.iter().map(|line| line.tax_amount).sum();
    document.total_tax = cents(tax);
    (document.sub_total, document.total) = match document.tax_mode {
        TaxMode::Inclusive => (cents(amounts - tax), cents(amounts)),
        TaxMode::Exclusive | TaxMode::NoTax => (cents(amounts), cents(amounts + tax)),
    };
    document
}

fn check_document(org: &Org, document: &Document, draft: &DocumentDraft, dated: bool, errors: &mut Vec<String>) {
    if document.total.is_sign_negative() && !document.total.is_zero() {
        errors.push(NEGATIVE.to_owned());
    }
    let said =
        [(draft.sub_total, document.sub_total), (draft.total_tax, document.total_tax), (draft.total, document.total)];
    for (said, computed) in said {
        if let Some(said) = said.filter(|said| *said != computed) {
            errors.push(format!("The document total {said} does not match the expected total {computed}"));
        }
    }
    if !matches!(document.status, Status::Draft) {
        if !dated {
            errors.push("Date cannot be empty".to_owned());
        }
        if document.kind == DocumentKind::Invoice && document.due_date.is_none() {
            errors.push("DueDate cannot be empty".to_owned());
        }
    }
    if let Some(theme) = &draft.branding_theme_id
        && !org.branding.iter().any(|(id, _)| id.eq_ignore_ascii_case(theme))
    {
        errors.push(format!("The BrandingThemeID '{theme}' is not valid"));
    }
    if document.url.as_ref().is_some_and(|url| !url.starts_with("http") || url.contains("xero")) {
        errors.push("The Url is not valid".to_owned());
    }
    for (lock, name) in [(org.config.end_of_year_lock_date, "end of year"), (org.config.period_lock_date, "period")] {
        errors.extend(lock.filter(|lock| document.date <= *lock).map(|lock| locked(name, lock)));
    }
}

fn locked(name: &str, lock: NaiveDate) -> String {
    let shown = lock.format("%d-%b-%Y");
    format!("The document date cannot be before the {name} lock date, currently set at {shown}")
}

/// DRAFT → SUBMITTED → AUTHORISED; drafts can be deleted, approved ones voided while nothing is settled.
fn next_status(former: &Document, draft: &DocumentDraft) -> Result<Status, Vec<String>> {
    let what = match former.kind {
        DocumentKind::Invoice => "Invoice",
        DocumentKind::CreditNote => "Credit note",
    };
    let invalid = || vec![format!("{what} not of valid status for modification")];
    if matches!(former.status, Status::Voided | Status::Deleted) {
        return Err(invalid());
    }
    let Some(said) = draft.status.as_deref() else {
        return Ok(former.status);
    };
    match (former.status, Status::parse(said)) {
        (now, Some(next)) if now == next => Ok(next),
        (Status::Draft, Some(next @ (Status::Submitted | Status::Authorised | Status::Deleted)))
        | (Status::Submitted, Some(next @ (Status::Authorised | Status::Deleted))) => Ok(next),
        (Status::Authorised, Some(Status::Voided)) if !former.has_settlement() => Ok(Status::Voided),
        (Status::Authorised | Status::Paid, Some(Status::Voided)) => Err(vec![SETTLED.to_owned()]),
        _ => Err(invalid()),
    }
}

/// The lie of `Lie::StoresOtherAmount`: the books say a cent more than the answer.
fn tamper(org: &mut Org, answered: &Document) {
    let Some(at) = org.find_id(answered.kind, &answered.id) else {
        return;
    };
    let mut document = answered.clone();
    if let Some(line) = document.lines.first_mut() {
        line.line_amount += Decimal::new(1, 2);
        line.unit_amount = line.unit_amount.map(|unit| unit + Decimal::new(1, 2));
    }
    org.replace_document(at, totalled(document));
}
