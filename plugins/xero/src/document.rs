//! The two kinds of document, and the payload that carries them from plan to apply.
//!
//! Owns where each kind lives in Xero, its sign, and the sealed form. A payload holds each document as the exact bytes
//! that will be sent: `apply` joins them and decides nothing.

use counterfoil_sdk::serde::{Deserialize, Serialize};
use counterfoil_sdk::serde_json::value::RawValue;
use counterfoil_sdk::{Decimal, Failure, Plan, json};

use crate::wire;

/// An invoice or a credit note.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(crate = "counterfoil_sdk::serde", rename_all = "kebab-case")]
pub(crate) enum Kind {
    Invoice,
    CreditNote,
}

impl Kind {
    /// Both, in the order in which they are written: what is owed before what is given back.
    pub(crate) const ALL: [Self; 2] = [Self::Invoice, Self::CreditNote];

    /// The card's word.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Invoice => "invoice",
            Self::CreditNote => "credit-note",
        }
    }

    /// The word for people.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Invoice => "invoice",
            Self::CreditNote => "credit note",
        }
    }

    /// Xero's `Type` of a document that we make.
    pub(crate) fn code(self) -> &'static str {
        match self {
            Self::Invoice => "ACCREC",
            Self::CreditNote => "ACCRECCREDIT",
        }
    }

    /// Name of the list in JSON; the path is the same with a slash.
    pub(crate) fn list(self) -> &'static str {
        match self {
            Self::Invoice => "Invoices",
            Self::CreditNote => "CreditNotes",
        }
    }

    /// The path of the list.
    pub(crate) fn path(self) -> &'static str {
        match self {
            Self::Invoice => "/Invoices",
            Self::CreditNote => "/CreditNotes",
        }
    }

    /// The kind by the card's word.
    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// An amount as the document shows it, turned to what the customer owes: a credit note's is negative. Its own inverse.
    pub(crate) fn signed(self, amount: Decimal) -> Decimal {
        match self {
            Self::Invoice => amount,
            Self::CreditNote => -amount,
        }
    }
}

/// One document of a payload.
#[derive(Debug, Serialize, Deserialize)]
#[serde(crate = "counterfoil_sdk::serde")]
pub(crate) struct Sealed {
    /// The change that it is for.
    pub(crate) key: String,
    pub(crate) kind: Kind,
    /// Exactly what will be sent.
    pub(crate) body: Box<RawValue>,
    /// Of the tag on its lines, where other orders may join it later.
    pub(crate) token: Option<String>,
}

/// Lines to add to an invoice, and the invoice as it was when they were confirmed.
#[derive(Debug, Serialize, Deserialize)]
#[serde(crate = "counterfoil_sdk::serde")]
pub(crate) struct Addition {
    /// The change that it is for.
    pub(crate) key: String,
    /// Of the tag on each added line.
    pub(crate) token: String,
    /// The invoice's id.
    pub(crate) invoice: String,
    pub(crate) number: String,
    pub(crate) contact: String,
    pub(crate) currency: String,
    pub(crate) day: Option<String>,
    /// Each line that was there: all of them are kept.
    pub(crate) kept: Vec<wire::LineItem>,
    /// Exactly what will be added.
    pub(crate) lines: Vec<Box<RawValue>>,
}

/// When credit is given to an invoice.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(crate = "counterfoil_sdk::serde", rename_all = "kebab-case")]
pub(crate) enum When {
    /// With the documents, by what Xero tells when it makes them.
    #[default]
    Told,
    /// With the documents, after a look at what is open by then. What is in the way is waited for.
    Look,
    /// Once both are approved.
    Approved,
}

/// Credit to give to an invoice, once both are there.
#[derive(Debug, Serialize, Deserialize)]
#[serde(crate = "counterfoil_sdk::serde")]
pub(crate) struct Allotment {
    /// The change that it is for.
    pub(crate) key: String,
    pub(crate) invoice: End,
    pub(crate) credit: End,
    pub(crate) date: String,
    #[serde(default)]
    pub(crate) when: When,
}

/// A document that credit is taken from or given to.
#[derive(Debug, Serialize, Deserialize)]
#[serde(crate = "counterfoil_sdk::serde")]
pub(crate) struct End {
    /// The change that makes it.
    pub(crate) key: String,
    /// Its id and what of it is open, where it was there when the plan was made.
    pub(crate) known: Option<(String, json::Exact)>,
}

/// The card's word for credit given to an invoice.
pub(crate) const ALLOCATION: &str = "allocation";

impl Sealed {
    /// Seals a document.
    pub(crate) fn new(
        key: String,
        kind: Kind,
        document: &wire::NewDocument<'_>,
        token: Option<String>,
    ) -> Result<Self, Failure> {
        Ok(Self { key, kind, body: raw(document)?, token })
    }

    /// The document's own fields, read back from the sealed bytes.
    pub(crate) fn read(&self) -> Result<wire::Document, Failure> {
        json::parse("the sealed document", self.body.get().as_bytes())
    }
}

/// A value as the exact bytes that will be sent.
pub(crate) fn raw<T: Serialize>(value: &T) -> Result<Box<RawValue>, Failure> {
    counterfoil_sdk::serde_json::value::to_raw_value(value).map_err(|error| {
        Failure::internal("xero-payload", format!("A document could not be written as JSON: {error}."))
    })
}

/// Everything that a plan will send.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(crate = "counterfoil_sdk::serde")]
pub(crate) struct Payload {
    pub(crate) documents: Vec<Sealed>,
    pub(crate) additions: Vec<Addition>,
    pub(crate) allotments: Vec<Allotment>,
}

impl Payload {
    /// The payload of a plan that this plugin made.
    pub(crate) fn of(plan: &Plan) -> Result<Self, Failure> {
        json::parse("the plan", &plan.payload).map_err(|failure| {
            Failure::internal(
                "xero-payload",
                format!(
                    "The plan was not made by this plugin or was altered. Plan the task again. {}",
                    failure.message
                ),
            )
        })
    }

    /// The document for a change.
    pub(crate) fn document(&self, key: &str) -> Option<&Sealed> {
        self.documents.iter().find(|sealed| sealed.key == key)
    }

    /// The lines for a change.
    pub(crate) fn addition(&self, key: &str) -> Option<&Addition> {
        self.additions.iter().find(|addition| addition.key == key)
    }

    /// The credit for a change.
    pub(crate) fn allotment(&self, key: &str) -> Option<&Allotment> {
        self.allotments.iter().find(|allotment| allotment.key == key)
    }
}
