//! Finding a document again: by its number, else by its reference.
//!
//! Owns the searches and what counts as ours. Xero compares texts without case and accents, so everything is compared again
//! here.

use counterfoil_sdk::encode::quoted;
use counterfoil_sdk::{Attributes, ChangeReceipt, Currency, Decimal, Failure, Money, Remote};

use crate::document::Kind;
use crate::pages::{self, COMMA, List, OR};
use crate::{tag, wire};

/// The document that is looked for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wanted<'a> {
    pub(crate) kind: Kind,
    pub(crate) number: Option<&'a str>,
    pub(crate) reference: &'a str,
    pub(crate) contact: &'a str,
    pub(crate) currency: Currency,
    /// Net, as the document shows it: positive.
    pub(crate) total: Decimal,
    /// Of the tag on its lines, where its invoice may carry other orders' lines too: then those lines are compared.
    pub(crate) token: Option<&'a str>,
}

/// What the look-up says.
#[derive(Debug)]
pub(crate) enum Verdict {
    /// Nothing has this number or reference, or only what was voided under a reference that may be used again.
    Free,
    /// One document is ours.
    Ours(Box<wire::Document>),
    /// More than one is ours.
    Several(Vec<wire::Document>),
    /// Something has our number or reference and is not the same; the text says how it differs.
    Differs(Vec<wire::Document>, String),
    /// Our number belongs to a voided document. Xero never frees a number.
    Spent(Box<wire::Document>),
}

impl Wanted<'_> {
    /// Xero finds many invoices by number at once; credit notes have no such list.
    fn by_number(&self) -> Option<&str> {
        self.number.filter(|_| self.kind == Kind::Invoice)
    }

    fn is_named(&self, document: &wire::Document) -> bool {
        let kind = document.kind.as_deref().is_none_or(|kind| kind == self.kind.code());
        let named = match self.by_number() {
            Some(number) => {
                document.number.as_deref().is_some_and(|theirs| theirs.trim().eq_ignore_ascii_case(number.trim()))
            }
            None => document.reference.as_deref().map(str::trim) == Some(self.reference),
        };
        // A document without an id can neither be adopted nor shown to anybody.
        kind && named && document.id.as_deref().is_some_and(|id| !id.is_empty())
    }

    fn tagged(&self, document: &wire::Document) -> Option<Decimal> {
        tag::sum(&tag::lines(document, self.token?)).ok().flatten()
    }

    /// What the document bills for the order: its lines with the order's tag, else all of it.
    fn net(&self, document: &wire::Document) -> Option<Decimal> {
        self.tagged(document).or_else(|| document.sub_total.map(|total| total.0))
    }

    /// How a document with our number or reference differs; none when it is the same.
    fn difference(&self, document: &wire::Document) -> Option<String> {
        let mut found = Vec::new();
        let contact = document.contact.as_ref();
        let id = contact.and_then(|contact| contact.id.as_deref()).unwrap_or_default();
        if !id.eq_ignore_ascii_case(self.contact) {
            found.push(format!(
                "it is for the contact \"{}\"",
                contact.and_then(|contact| contact.name.as_deref()).unwrap_or(id)
            ));
        }
        let currency = document.currency_code.as_deref().unwrap_or_default();
        if currency != self.currency.code() {
            found.push(format!("its currency is {currency}, not {}", self.currency));
        }
        match (self.net(document), self.tagged(document)) {
            (Some(total), _) if total == self.total => {}
            (Some(total), Some(_)) => {
                found.push(format!("its lines of this order come to {total}, not {}", self.total));
            }
            (Some(total), None) => found.push(format!("its net total is {total}, not {}", self.total)),
            (None, _) => found.push("Xero does not say its net total".to_owned()),
        }
        (!found.is_empty()).then(|| found.join(", "))
    }

    /// Judges what a search found.
    pub(crate) fn judge(&self, documents: &[wire::Document]) -> Verdict {
        let (dead, alive): (Vec<_>, Vec<_>) =
            documents.iter().filter(|document| self.is_named(document)).partition(|document| is_dead(document));
        let mut ours: Vec<wire::Document> = alive
            .iter()
            .filter(|document| self.difference(document).is_none())
            .map(|document| (*document).clone())
            .collect();
        match (ours.len(), alive.first(), dead.first()) {
            (1, ..) => Verdict::Ours(Box::new(ours.remove(0))),
            (0, Some(first), _) => {
                let difference = self.difference(first).unwrap_or_default();
                Verdict::Differs(alive.into_iter().cloned().collect(), difference)
            }
            (0, None, Some(dead)) if self.by_number().is_some() => Verdict::Spent(Box::new((*dead).clone())),
            (0, None, _) => Verdict::Free,
            _ => Verdict::Several(ours),
        }
    }

    /// Judges the living documents that carry the order's tag: a copy of one makes it a person's matter.
    pub(crate) fn judge_tagged(&self, mut documents: Vec<wire::Document>) -> Verdict {
        if documents.len() > 1 {
            return Verdict::Several(documents);
        }
        match documents.pop() {
            None => Verdict::Free,
            Some(document) => match self.difference(&document) {
                None => Verdict::Ours(Box::new(document)),
                Some(how) => Verdict::Differs(vec![document], how),
            },
        }
    }

    /// The receipt for a document that was found.
    pub(crate) fn receipt(&self, key: &str, document: &wire::Document) -> ChangeReceipt {
        ChangeReceipt {
            key: key.to_owned(),
            action: counterfoil_sdk::Action::Create,
            document: self.kind.name().to_owned(),
            reference: document.id.clone().unwrap_or_default(),
            number: document.number.clone().unwrap_or_default(),
            total: self.net(document).map(|total| Money::new(self.kind.signed(total), self.currency)),
            attributes: shown(document),
        }
    }
}

/// Name of the attribute of a receipt that says what of the document is not settled yet, tax included.
pub(crate) const OPEN: &str = "open-amount";

/// What a receipt tells of a document beside its total.
pub(crate) fn shown(document: &wire::Document) -> Attributes {
    let mut attributes = Attributes::new();
    attributes.set_some("state", document.status.clone());
    attributes.set_some(OPEN, open(document).map(|open| open.to_string()));
    attributes
}

/// What of the document is not settled yet, tax included.
pub(crate) fn open(document: &wire::Document) -> Option<Decimal> {
    document.amount_due.or(document.remaining_credit).or(document.total).map(|open| open.0)
}

/// Voided and deleted documents bill nothing any more.
pub(crate) fn is_dead(document: &wire::Document) -> bool {
    matches!(document.status.as_deref(), Some("VOIDED" | "DELETED"))
}

/// What Xero has for each wanted document, judged, in order. Numbers and references go as many to a call as fit into its
/// address.
pub(crate) fn find(remote: &mut dyn Remote, wanted: &[Wanted<'_>]) -> Result<Vec<Verdict>, Failure> {
    let numbered = numbered(remote, wanted)?;
    let invoices = referenced(remote, wanted, Kind::Invoice)?;
    let credit_notes = referenced(remote, wanted, Kind::CreditNote)?;
    let among = |one: &Wanted<'_>| match (one.by_number(), one.kind) {
        (Some(_), _) => &numbered,
        (None, Kind::Invoice) => &invoices,
        (None, Kind::CreditNote) => &credit_notes,
    };
    Ok(wanted.iter().map(|one| one.judge(among(one))).collect())
}

fn distinct<'a>(texts: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let mut texts: Vec<&str> = texts.collect();
    texts.sort_unstable();
    texts.dedup();
    texts
}

fn numbered(remote: &mut dyn Remote, wanted: &[Wanted<'_>]) -> Result<Vec<wire::Document>, Failure> {
    let numbers = distinct(wanted.iter().filter_map(Wanted::by_number));
    // A comma would end the number in a list of them.
    let (several, plain): (Vec<&str>, Vec<&str>) = numbers.into_iter().partition(|number| number.contains(','));
    let mut found = Vec::new();
    for chunk in pages::chunks(&plain, COMMA) {
        found.extend(listed(Kind::Invoice, &[("InvoiceNumbers", &pages::joined(chunk, COMMA))]).read(remote)?);
    }
    for number in several {
        found.extend(matching(remote, Kind::Invoice, &format!("InvoiceNumber=={}", quoted(number)?))?);
    }
    Ok(found)
}

/// Documents under the references of those that no number finds.
fn referenced(remote: &mut dyn Remote, wanted: &[Wanted<'_>], kind: Kind) -> Result<Vec<wire::Document>, Failure> {
    let unnumbered = wanted.iter().filter(|one| one.kind == kind && one.by_number().is_none());
    let references = distinct(unnumbered.map(|one| one.reference));
    let terms = references.into_iter().map(|reference| Ok(format!("Reference=={}", quoted(reference)?)));
    any_of(remote, kind, &terms.collect::<Result<Vec<_>, Failure>>()?)
}

/// Documents that one of the terms is true of. Xero refuses joined filters once an organisation has very many documents:
/// then each term goes by itself.
pub(crate) fn any_of(remote: &mut dyn Remote, kind: Kind, terms: &[String]) -> Result<Vec<wire::Document>, Failure> {
    let mut found = Vec::new();
    let mut singly = false;
    for chunk in pages::chunks(terms, OR) {
        if !singly {
            match matching(remote, kind, &pages::joined(chunk, OR)) {
                Err(failure) if chunk.len() > 1 && failure.attributes.get("status") == Some("400") => singly = true,
                done => {
                    found.extend(done?);
                    continue;
                }
            }
        }
        for term in chunk {
            found.extend(matching(remote, kind, term)?);
        }
    }
    Ok(found)
}

fn matching(remote: &mut dyn Remote, kind: Kind, terms: &str) -> Result<Vec<wire::Document>, Failure> {
    // Bills are invoices too in Xero; credit notes of both kinds are few, and told apart below.
    let filter = match (kind, terms.contains(OR)) {
        (Kind::CreditNote, _) => terms.to_owned(),
        (Kind::Invoice, false) => format!("Type=={} AND {terms}", quoted(kind.code())?),
        (Kind::Invoice, true) => format!("Type=={} AND ({terms})", quoted(kind.code())?),
    };
    listed(kind, &[("where", &filter)]).read(remote)
}

/// A list of documents that are looked for.
pub(crate) fn listed<'a>(kind: Kind, filters: &'a [(&'a str, &'a str)]) -> List<'a> {
    let (operation, what) = match kind {
        Kind::Invoice => ("find-invoices", "the invoices"),
        Kind::CreditNote => ("find-credit-notes", "the credit notes"),
    };
    List { kind, operation, what, filters }
}
