//! The invoices of a month that several orders may share, and which of them an order goes to.
//!
//! Owns what is sure to be ours: a draft with a line that carries our tag, under the number that its order gave it, whose
//! tags stand on no other living invoice. A copy that somebody made in Xero has our tags too, so neither it nor its
//! original is added to. Everything that is not sure is left alone, and a new invoice begins.

use std::collections::{BTreeMap, BTreeSet};

use counterfoil_sdk::encode::quoted;
use counterfoil_sdk::{Date, Failure, Remote};

use crate::document::Kind;
use crate::lookup::is_dead;
use crate::outline::{Outline, Shelf};
use crate::pages::{self, COMMA, List};
use crate::settings::{NumberSource, month_after};
use crate::{dates, tag, wire};

/// Living invoices by contact, in lower case, and month.
#[derive(Debug, Default)]
pub(crate) struct Months(BTreeMap<(String, u16, u8), Vec<wire::Document>>);

/// Where an order's charges go.
#[derive(Debug, Clone)]
pub(crate) enum Place<'m> {
    /// They stand there already: more than one is a matter for a person.
    There(Vec<&'m wire::Document>),
    /// This draft is added to.
    Draft(&'m wire::Document),
    /// An invoice begins with them.
    Nothing,
}

impl Months {
    /// A page at least for every forty customers of each month; nothing where no order shares an invoice.
    pub(crate) fn read(remote: &mut dyn Remote, outlines: &[&Outline<'_>]) -> Result<Self, Failure> {
        let mut wanted: BTreeMap<(u16, u8), BTreeSet<String>> = BTreeMap::new();
        for outline in outlines.iter().filter(|outline| outline.token.is_some()) {
            let Shelf { contact, year, month, .. } = outline.shelf();
            wanted.entry((year, month)).or_default().insert(contact);
        }
        let mut months = Self::default();
        for ((year, month), contacts) in wanted {
            let contacts: Vec<String> = contacts.into_iter().collect();
            for chunk in pages::chunks(&contacts, COMMA) {
                for document in of_month(remote, chunk, (year, month))? {
                    let contact = document.contact.as_ref().and_then(|contact| contact.id.clone()).unwrap_or_default();
                    months.0.entry((contact.to_ascii_lowercase(), year, month)).or_default().push(document);
                }
            }
        }
        Ok(months)
    }

    /// Where this order's charges go. Nothing dated on or before the lock date can be added to.
    pub(crate) fn place(&self, outline: &Outline<'_>, locked_until: Option<Date>) -> Place<'_> {
        let Some(token) = outline.token.as_deref() else { return Place::Nothing };
        let shelf = outline.shelf();
        let Some(all) = self.0.get(&(shelf.contact.clone(), shelf.year, shelf.month)) else { return Place::Nothing };
        let there: Vec<&wire::Document> =
            all.iter().filter(|document| !tag::lines(document, token).is_empty()).collect();
        if !there.is_empty() {
            return Place::There(there);
        }
        let mut standing: BTreeMap<&str, usize> = BTreeMap::new();
        for document in all {
            let tokens: BTreeSet<&str> = tags(document).map(|tag| tag.token).collect();
            tokens.into_iter().for_each(|token| *standing.entry(token).or_default() += 1);
        }
        let own = all.iter().filter(|document| is_own(document, outline, &shelf, &standing));
        let open = own.filter_map(|document| Some((day(document)?, document)));
        let latest = open
            .filter(|(day, _)| locked_until.is_none_or(|locked| *day > locked))
            .max_by_key(|(day, document)| (*day, document.updated.clone(), document.id.clone()));
        latest.map_or(Place::Nothing, |(_, document)| Place::Draft(document))
    }
}

fn tags(document: &wire::Document) -> impl Iterator<Item = tag::Tag<'_>> {
    document.line_items.iter().flatten().filter_map(tag::tag_of)
}

fn day(document: &wire::Document) -> Option<Date> {
    document.day.as_deref().and_then(|day| dates::day(day).ok())
}

fn is_own(document: &wire::Document, outline: &Outline<'_>, shelf: &Shelf, standing: &BTreeMap<&str, usize>) -> bool {
    let in_month = day(document).is_some_and(|day| {
        let (year, month, _) = day.parts();
        (year, month) == (shelf.year, shelf.month)
    });
    let number = document.number.as_deref().unwrap_or_default().trim();
    let numbered = |tag: tag::Tag<'_>| {
        let prefix = outline.settings.number_prefix;
        number.strip_prefix(prefix).is_some_and(|rest| rest.trim() == tag.number)
    };
    let mut tokens = tags(document).peekable();
    document.status.as_deref() == Some("DRAFT")
        && document.kind.as_deref() == Some(Kind::Invoice.code())
        && document.line_amount_types.as_deref() == Some("Exclusive")
        && document.currency_code.as_deref() == Some(shelf.currency.as_str())
        && in_month
        && tokens.peek().is_some()
        && tokens.all(|tag| standing.get(tag.token) == Some(&1))
        && (outline.settings.number_source == NumberSource::Target || tags(document).any(numbered))
        // A line without an id could not be kept.
        && document.line_items.iter().flatten().all(|line| line.id.is_some())
}

fn of_month(
    remote: &mut dyn Remote,
    contacts: &[String],
    (year, month): (u16, u8),
) -> Result<Vec<wire::Document>, Failure> {
    let (next_year, next_month) = Date::new(year, month, 1).map_or((year, month), month_after);
    let filter = format!(
        "Type=={} AND Date>=DateTime({year},{month:02},01) AND Date<DateTime({next_year},{next_month:02},01)",
        quoted(Kind::Invoice.code())?
    );
    let contacts = pages::joined(contacts, COMMA);
    let filters = [
        ("ContactIDs", contacts.as_str()),
        ("Statuses", "DRAFT,SUBMITTED,AUTHORISED,PAID"),
        ("where", filter.as_str()),
    ];
    let list =
        List { kind: Kind::Invoice, operation: "month-invoices", what: "the invoices of the month", filters: &filters };
    let mut documents = list.read(remote)?;
    documents.retain(|document| !is_dead(document));
    Ok(documents)
}
