//! One job before anything is read from Xero: which documents it needs, with which lines.
//!
//! Owns the split: charges go to one invoice, refunds to one credit note with positive amounts. Xero refuses documents below
//! zero, and a credit note keeps the tax trail even if the first invoice is paid or locked.

use counterfoil_sdk::{Date, Decimal, Failure, Job, Link, Omission, decimal, text};

use crate::document::Kind;
use crate::lines::{self, DraftLine, Fate};
use crate::settings::{NumberSource, Settings};

const NUMBER_MAX: usize = 255;
const REFERENCE_MAX: usize = 255;

/// Adjustments that this target knows; `line` says which of them belong to a line.
const LINE_FIELDS: [&str; 3] = ["account-code", "tax-type", "description"];
const DOCUMENT_FIELDS: [&str; 4] = ["date", "due-date", "invoice-number", "credit-note-number"];

/// A document to be.
#[derive(Debug)]
pub(crate) struct Draft<'a> {
    pub(crate) kind: Kind,
    /// Stable: from the order and its revision alone.
    pub(crate) key: String,
    /// None when Xero counts.
    pub(crate) number: Option<String>,
    pub(crate) number_owner: &'static str,
    pub(crate) lines: Vec<DraftLine<'a>>,
    /// Net, as the document shows it: positive.
    pub(crate) total: Decimal,
}

/// A job, checked as far as it can be without Xero.
#[derive(Debug)]
pub(crate) struct Outline<'a> {
    pub(crate) job: &'a Job,
    pub(crate) settings: Settings<'a>,
    pub(crate) party: &'a Link,
    pub(crate) date: Date,
    pub(crate) date_owner: &'static str,
    pub(crate) due: Date,
    pub(crate) due_owner: &'static str,
    pub(crate) reference: String,
    pub(crate) documents: Vec<Draft<'a>>,
    pub(crate) left_out: Vec<Omission>,
    pub(crate) notes: Vec<String>,
}

impl<'a> Outline<'a> {
    /// Outlines a job.
    pub(crate) fn of(job: &'a Job) -> Result<Self, Failure> {
        let settings = Settings::read(&job.settings)?;
        let party = job.party().filter(|party| !party.target_id.trim().is_empty()).ok_or_else(|| {
            Failure::rejected(
                "xero-contact-unmapped",
                format!(
                    "The customer \"{}\" is not linked to a contact. Link the customer first.",
                    job.order.customer_name
                ),
            )
        })?;
        let (mut written, mut left_out) = (Vec::new(), Vec::new());
        for line in &job.order.lines {
            match lines::write(job, line, &settings)? {
                Fate::Billed(line) => written.push(*line),
                Fate::LeftOut(why) => left_out.push(Omission { line: line.id.clone(), why }),
            }
        }
        let mut documents = Vec::new();
        for kind in Kind::ALL {
            let lines: Vec<DraftLine<'a>> = written.iter().filter(|line| line.kind == kind).cloned().collect();
            if !lines.is_empty() {
                documents.push(draft(job, &settings, kind, lines)?);
            }
        }
        if documents.is_empty() {
            return Err(Failure::rejected(
                "xero-nothing-to-bill",
                format!("The order {} has no line that bills anything. Ignore the task.", job.order.number),
            ));
        }
        let (date, date_owner) =
            day(job, "date")?.map_or((job.order.effective_on, "marketplace"), |date| (date, "person"));
        let (due, due_owner) = match day(job, "due-date")? {
            Some(due) => (due, "person"),
            None => (date.plus_days(settings.due_days).unwrap_or(date), "host"),
        };
        if due < date {
            return Err(Failure::rejected(
                "xero-due-date",
                format!("The due date {due} is before the document's date {date}. Set a later one."),
            ));
        }
        Ok(Self {
            job,
            settings,
            party,
            date,
            date_owner,
            due,
            due_owner,
            reference: reference(job)?,
            documents,
            left_out,
            notes: notes(job),
        })
    }
}

fn draft<'a>(job: &Job, settings: &Settings<'_>, kind: Kind, lines: Vec<DraftLine<'a>>) -> Result<Draft<'a>, Failure> {
    let total = decimal::sum(lines.iter().map(DraftLine::amount))
        .ok_or_else(|| Failure::rejected("xero-total", "The lines' sum is too large to be billed."))?;
    let (number, number_owner) = number(job, settings, kind)?;
    Ok(Draft {
        kind,
        key: format!("{}:{}:{}", kind.name(), job.order.id, job.order.revision),
        number,
        number_owner,
        lines,
        total,
    })
}

/// The number has no revision in it: a later revision of an order that was billed meets the first one's number, and a person
/// decides. A silent "-2" would bill twice.
fn number(job: &Job, settings: &Settings<'_>, kind: Kind) -> Result<(Option<String>, &'static str), Failure> {
    let field = format!("{}-number", kind.name());
    let set = job.adjusted("", &field).map(str::trim).filter(|number| !number.is_empty());
    let (number, owner) = match (set, settings.number_source) {
        (Some(number), _) => (number.to_owned(), "person"),
        (None, NumberSource::Target) => return Ok((None, "target")),
        (None, NumberSource::Marketplace) => {
            let infix = if kind == Kind::CreditNote { "CN-" } else { "" };
            (format!("{}{infix}{}", settings.number_prefix, job.order.number.trim()), "marketplace")
        }
    };
    // A comma would split the list of numbers in the look-up; the rest cannot be searched for at all.
    let plain = !number.contains([',', '"', '\\', '<', '>']) && !number.chars().any(char::is_control);
    if number.is_empty() || !plain || number.chars().count() > NUMBER_MAX {
        return Err(Failure::rejected(
            "xero-number-invalid",
            format!(
                "\"{}\" cannot be a number in Xero: at most 255 characters, no comma, quotes or brackets. Set another on the task.",
                text::clip(&number, 60)
            ),
        ));
    }
    Ok((Some(number), owner))
}

/// The marker, with the order's number in it: customers see the reference, and `locate` looks for it.
fn reference(job: &Job) -> Result<String, Failure> {
    let (marker, number) = (text::single_spaced(&job.marker), job.order.number.trim());
    let reference = if marker.contains(number) { marker } else { format!("{number} {marker}").trim().to_owned() };
    let plain = counterfoil_sdk::encode::quoted(&reference).is_ok();
    if reference.is_empty() || !plain || reference.chars().count() > REFERENCE_MAX {
        return Err(Failure::rejected(
            "xero-reference-invalid",
            format!(
                "\"{}\" cannot be a reference in Xero, so a lost document could not be found again.",
                text::clip(&reference, 60)
            ),
        ));
    }
    Ok(reference)
}

fn day(job: &Job, field: &str) -> Result<Option<Date>, Failure> {
    job.adjusted("", field).map(Date::parse).transpose()
}

/// Adjustments that Xero has no use for are said, not swallowed.
fn notes(job: &Job) -> Vec<String> {
    let unknown = job.adjustments.iter().filter(|set| {
        let known: &[&str] = if set.line.is_empty() { &DOCUMENT_FIELDS } else { &LINE_FIELDS };
        !known.contains(&set.field.as_str())
    });
    unknown
        .map(|set| {
            format!(
                "The adjustment of \"{}\" has no field of its own in Xero; it counts as far as it is in the amounts.",
                set.field
            )
        })
        .collect()
}
