//! One job before anything is read from Xero: its lines, its days, its reference.
//!
//! Owns what does not depend on what Xero has. Which documents the lines become is `compose`'s business.

use std::collections::BTreeMap;

use counterfoil_sdk::{Date, Decimal, Failure, Job, Line, Link, Omission, Period, decimal, text};

use crate::lines::{self, DraftLine, Fate};
use crate::settings::{Documents, Settings};
use crate::tag;

const REFERENCE_MAX: usize = 255;

/// Adjustments that this target knows; `line` says which of them belong to a line. Those of a document stand on the card.
const LINE_FIELDS: [&str; 3] = ["account-code", "tax-type", "description"];
const DOCUMENT_FIELDS: [&str; 5] = ["date", "due_date", "reference", "invoice_number", "credit_note_number"];
/// Set by a person, it gives the order an invoice of its own.
pub(crate) const INVOICE_NUMBER: &str = "invoice_number";

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
    /// Of the tag on each line, where its invoice may carry other orders' lines too.
    pub(crate) token: Option<String>,
    pub(crate) lines: Vec<DraftLine<'a>>,
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
        if job.order.lines.is_empty() {
            return Err(Failure::rejected(
                "xero-nothing-to-bill",
                format!("The order {} has no line that bills anything. Ignore the task.", job.order.number),
            ));
        }
        let own_number = job.adjusted("", INVOICE_NUMBER).is_some_and(|number| !number.trim().is_empty());
        let shares = settings.documents == Documents::Append && !own_number;
        let token = shares.then(|| tag::token(&job.order.id));
        let (lines, left_out) = written(job, &settings, token.as_deref())?;
        let (date, date_owner) =
            day(job, "date")?.map_or((job.order.effective_on, "marketplace"), |date| (date, "person"));
        let (due, due_owner) = match day(job, "due_date")? {
            Some(due) => (due, "person"),
            None => (settings.due_on(date), "host"),
        };
        if due < date {
            return Err(Failure::rejected(
                "xero-due-date",
                format!("The due date {due} is before the document's date {date}. Set a later one."),
            ));
        }
        let notes = notes(job);
        let reference = reference(job)?;
        Ok(Self { job, settings, party, date, date_owner, due, due_owner, reference, token, lines, left_out, notes })
    }

    /// The customer, currency and month whose invoice it may share.
    pub(crate) fn shelf(&self) -> Shelf {
        let (year, month, _) = self.date.parts();
        let contact = self.party.target_id.to_ascii_lowercase();
        Shelf { contact, currency: self.job.order.currency.code().to_owned(), year, month }
    }
}

/// Where orders meet on one invoice: the same contact, currency and calendar month of the document's date.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Shelf {
    /// In lower case.
    pub(crate) contact: String,
    pub(crate) currency: String,
    pub(crate) year: u16,
    pub(crate) month: u8,
}

type Written<'a> = (Vec<DraftLine<'a>>, Vec<Omission>);

/// Same product, fee, days and direction, or what the host put together: it is gathered.
type Kin<'a> = (&'a str, &'a str, Option<(Date, Date)>, bool);

fn written<'a>(job: &'a Job, settings: &Settings<'a>, token: Option<&str>) -> Result<Written<'a>, Failure> {
    let (mut written, mut left_out) = (Vec::new(), Vec::new());
    let mut fine: BTreeMap<Kin<'a>, Vec<&'a Line>> = BTreeMap::new();
    for line in &job.order.lines {
        match lines::write(job, line, settings, token)? {
            Fate::Billed(draft) => written.push(*draft),
            Fate::LeftOut(why) => left_out.push(Omission { line: line.id.clone(), why }),
            Fate::Fine => {
                let days = line.service_period.map(|period: Period| (period.start(), period.end()));
                let kin = match line.attributes.filled("gather") {
                    Some(word) => (word, "", None, false),
                    None => (line.product_code.as_str(), line.fee.as_str(), days, line.amount.is_sign_negative()),
                };
                fine.entry(kin).or_default().push(line);
            }
        }
    }
    let currency = job.order.currency;
    for lines in fine.into_values() {
        let bills = decimal::sum(lines.iter().map(|line| line.amount)).unwrap_or(Decimal::ZERO);
        let fate = match bills.abs() < currency.minor_unit() {
            true => Fate::LeftOut(format!("{bills} {currency} is less than the smallest coin and rounds to nothing.")),
            false => lines::gathered(job, &lines, bills, settings, token)?,
        };
        match fate {
            Fate::Billed(draft) => written.push(*draft),
            Fate::LeftOut(why) => {
                left_out.extend(lines.iter().map(|line| Omission { line: line.id.clone(), why: why.clone() }));
            }
            Fate::Fine => return Err(Failure::internal("xero-fine", "Gathered usage is still below a coin.")),
        }
    }
    Ok((written, left_out))
}

/// The marker, with the order's number in it: customers see the reference, and `locate` looks for it. What a person set
/// stands before it and not in its place: a purchase number may be another document's too.
fn reference(job: &Job) -> Result<String, Failure> {
    let (marker, number) = (text::single_spaced(&job.marker), job.order.number.trim());
    let own = if marker.contains(number) { marker } else { format!("{number} {marker}").trim().to_owned() };
    let set = text::single_spaced(job.adjusted("", "reference").unwrap_or_default());
    let reference = format!("{set} {own}").trim().to_owned();
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
