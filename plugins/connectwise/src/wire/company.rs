//! Companies and contacts.

use counterfoil_sdk::serde::{Deserialize, Serialize};

use crate::paging::Row;
use crate::wire::{Currency, Id, IdOnly, Reference};

/// A company as it is shown.
#[derive(Debug, Clone, Deserialize)]
#[serde(crate = "counterfoil_sdk::serde", rename_all = "camelCase")]
pub(crate) struct Company {
    pub(crate) id: Id,
    pub(crate) identifier: Option<String>,
    pub(crate) name: Option<String>,
    pub(crate) status: Option<Reference>,
    pub(crate) account_number: Option<String>,
    pub(crate) tax_identifier: Option<String>,
    pub(crate) invoice_to_email_address: Option<String>,
    pub(crate) website: Option<String>,
    pub(crate) default_contact: Option<Reference>,
    pub(crate) deleted_flag: Option<bool>,
    pub(crate) currency: Option<Currency>,
}

impl Company {
    /// The members above, for `fields`.
    pub(crate) const FIELDS: &'static str = "id,identifier,name,status,accountNumber,taxIdentifier,invoiceToEmailAddress,website,defaultContact,deletedFlag,currency";
}

impl Row for Company {
    fn id(&self) -> Id {
        self.id
    }
}

/// A company to create: what ConnectWise demands beyond the schema's own required members is in it.
#[derive(Debug, Serialize)]
#[serde(crate = "counterfoil_sdk::serde", rename_all = "camelCase")]
pub(crate) struct NewCompany {
    pub(crate) identifier: String,
    pub(crate) name: String,
    pub(crate) status: IdOnly,
    pub(crate) types: Vec<IdOnly>,
    pub(crate) site: NewSite,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) address_line1: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) address_line2: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) city: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) state: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) zip: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) country: Option<IdOnly>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) phone_number: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) website: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) tax_identifier: Option<String>,
}

/// The first site of a new company.
#[derive(Debug, Serialize)]
#[serde(crate = "counterfoil_sdk::serde", rename_all = "camelCase")]
pub(crate) struct NewSite {
    pub(crate) name: &'static str,
}

/// A contact as it is shown.
#[derive(Debug, Clone, Deserialize)]
#[serde(crate = "counterfoil_sdk::serde", rename_all = "camelCase")]
pub(crate) struct Contact {
    pub(crate) id: Id,
    pub(crate) first_name: Option<String>,
    pub(crate) last_name: Option<String>,
    pub(crate) company: Option<Reference>,
    pub(crate) inactive_flag: Option<bool>,
    pub(crate) title: Option<String>,
}

impl Contact {
    /// The members above, for `fields`.
    pub(crate) const FIELDS: &'static str = "id,firstName,lastName,company,inactiveFlag,title";
}

impl Row for Contact {
    fn id(&self) -> Id {
        self.id
    }
}
