//! Owns the contact rules: identity, uniqueness, create and update. Does not own documents that name a contact.

use super::answer::{self, Answer, Collection, Envelope, Outcome, Refusal};
use super::call::{Call, among};
use super::dates;
use super::filter::{Value, folded};
use super::input::{self, Input};
use super::json::Json;
use super::model::Contact;
use super::org::Org;

pub(crate) const COLLECTION: Collection = Collection { name: "Contacts", id: "ContactID", flag: "HasValidationErrors" };

const MUST_IDENTIFY: &str = "The Contact must contain at least 1 of the following elements to identify the contact: Name, ContactID, ContactNumber";
const ARCHIVED: &str = "The specified contact details matched an archived contact. Archived contacts cannot currently be edited via the API.";

/// Kept as posted: they have no rules here.
const KEPT: [&str; 19] = [
    "FirstName",
    "LastName",
    "CompanyNumber",
    "ContactPersons",
    "BankAccountDetails",
    "TaxNumber",
    "TaxNumberType",
    "AccountsReceivableTaxType",
    "AccountsPayableTaxType",
    "Addresses",
    "Phones",
    "SalesDefaultLineAmountType",
    "PurchasesDefaultLineAmountType",
    "SalesDefaultAccountCode",
    "PurchasesDefaultAccountCode",
    "TrackingCategoryName",
    "TrackingCategoryOption",
    "PaymentTerms",
    "XeroNetworkKey",
];
const READ: [&str; 7] =
    ["ContactID", "ContactNumber", "AccountNumber", "ContactStatus", "Name", "EmailAddress", "DefaultCurrency"];
const IGNORED: [&str; 18] = [
    "MergedToContactID",
    "IsSupplier",
    "IsCustomer",
    "SalesTrackingCategories",
    "PurchasesTrackingCategories",
    "UpdatedDateUTC",
    "ContactGroups",
    "Website",
    "BrandingTheme",
    "BatchPayments",
    "Discount",
    "Balances",
    "Attachments",
    "HasAttachments",
    "ValidationErrors",
    "HasValidationErrors",
    "StatusAttributeString",
    "Warnings",
];

#[derive(Debug, Clone)]
pub(crate) struct ContactDraft {
    id: Option<String>,
    number: Option<String>,
    account_number: Option<String>,
    status: Option<String>,
    name: Option<String>,
    email: Option<String>,
    currency: Option<String>,
    other: Vec<(String, Json)>,
    /// Whether it says more than who is meant.
    says_more: bool,
}

impl ContactDraft {
    pub(crate) fn read(json: &Json) -> Result<Self, Refusal> {
        let known: Vec<&str> = READ.iter().chain(&KEPT).chain(&IGNORED).copied().collect();
        let input = Input::of(json, &known)?;
        let kept = KEPT.iter().filter_map(|name| Some(((*name).to_owned(), input.raw(name)?)));
        Ok(Self {
            id: input.text("ContactID")?,
            number: input.text("ContactNumber")?,
            account_number: input.text("AccountNumber")?,
            status: input.text("ContactStatus")?,
            name: input.text("Name")?,
            email: input.text("EmailAddress")?,
            currency: input.text("DefaultCurrency")?,
            other: kept.collect(),
            says_more: input.has_other_than(&["ContactID"]),
        })
    }

    fn echo(&self) -> Json {
        Json::object([
            ("Name", self.name.as_ref().into()),
            ("ContactNumber", self.number.as_ref().into()),
            ("EmailAddress", self.email.as_ref().into()),
        ])
    }
}

/// What naming a contact in a document does to the contacts, once the document is accepted.
#[derive(Debug, Clone)]
pub(crate) enum Named {
    Existing(usize),
    Updated(usize, Contact),
    Created(Contact),
}

/// The contact a document names. More than an id updates it, an unknown name makes a new one.
pub(crate) fn named(org: &mut Org, call: &Call, draft: &ContactDraft) -> Result<Named, Vec<String>> {
    let found = match (&draft.id, &draft.number, &draft.name) {
        (Some(id), _, _) => {
            Some(org.contact(id).ok_or_else(|| vec![format!("The contact with ContactID {id} could not be found")])?)
        }
        (None, Some(number), name) => {
            org.contact_by_number(number).or_else(|| name.as_ref().and_then(|name| org.active_contact_by_name(name)))
        }
        (None, None, Some(name)) => org.active_contact_by_name(name),
        (None, None, None) => return Err(vec![MUST_IDENTIFY.to_owned()]),
    };
    match found {
        Some(at) if org.contacts[at].archived => Err(vec![
            "The contact with the specified contact details has been archived. The contact must be un-archived before \
             creating new invoices or credit notes."
                .to_owned(),
        ]),
        Some(at) if draft.id.is_some() && !draft.says_more => Ok(Named::Existing(at)),
        Some(at) => Ok(Named::Updated(at, changed(org, call, at, draft)?)),
        None => Ok(Named::Created(created(org, call, draft)?)),
    }
}

pub(crate) fn settle(org: &mut Org, named: Named) -> usize {
    let at = match named {
        Named::Existing(at) => at,
        Named::Updated(at, contact) => {
            org.contacts[at] = contact;
            at
        }
        Named::Created(contact) => org.add_contact(contact),
    };
    org.contacts[at].is_customer = true;
    at
}

fn created(org: &mut Org, call: &Call, draft: &ContactDraft) -> Result<Contact, Vec<String>> {
    let Some(name) = draft.name.clone() else {
        return Err(vec![MUST_IDENTIFY.to_owned()]);
    };
    let contact = Contact {
        id: org.ids.guid(),
        name,
        contact_number: draft.number.clone(),
        account_number: draft.account_number.clone(),
        email: draft.email.clone(),
        default_currency: draft.currency.clone(),
        archived: draft.status.as_deref() == Some("ARCHIVED"),
        is_customer: false,
        updated: call.now,
        other: draft.other.clone(),
    };
    checked(org, None, contact)
}

fn changed(org: &Org, call: &Call, at: usize, draft: &ContactDraft) -> Result<Contact, Vec<String>> {
    let mut contact = org.contacts[at].clone();
    if contact.archived && draft.status.as_deref() != Some("ACTIVE") {
        return Err(vec![ARCHIVED.to_owned()]);
    }
    let keep = |new: &Option<String>, old: &mut Option<String>| {
        if new.is_some() {
            old.clone_from(new);
        }
    };
    keep(&draft.number, &mut contact.contact_number);
    keep(&draft.account_number, &mut contact.account_number);
    keep(&draft.email, &mut contact.email);
    keep(&draft.currency, &mut contact.default_currency);
    if let Some(name) = &draft.name {
        contact.name.clone_from(name);
    }
    if let Some(status) = &draft.status {
        contact.archived = status == "ARCHIVED";
    }
    for (name, value) in &draft.other {
        contact.other.retain(|(known, _)| known != name);
        contact.other.push((name.clone(), value.clone()));
    }
    contact.updated = call.now;
    checked(org, Some(at), contact)
}

fn checked(org: &Org, own: Option<usize>, contact: Contact) -> Result<Contact, Vec<String>> {
    let mut errors = Vec::new();
    let name = &contact.name;
    let other = |same: &dyn Fn(&Contact) -> bool| {
        org.contacts.iter().enumerate().any(|(at, known)| Some(at) != own && same(known))
    };
    let long = |text: &Option<String>, cap: usize| text.as_ref().is_some_and(|text| text.chars().count() > cap);
    if name.trim().is_empty() || name.chars().count() > 255 {
        errors.push("The contact name must be between 1 and 255 characters.".to_owned());
    }
    if name.contains(['<', '>']) || name.trim() != name || name.contains("  ") {
        errors.push("The contact name contains characters that are not allowed.".to_owned());
    }
    if long(&contact.contact_number, 50) || long(&contact.account_number, 50) {
        errors.push("The field ContactNumber must be a string with a maximum length of 50.".to_owned());
    }
    if !contact.archived && other(&|known| !known.archived && folded(&known.name) == folded(name)) {
        errors.push(format!(
            "The contact name {name} is already assigned to another contact. The contact name must be unique across \
             all active contacts."
        ));
    }
    if let Some(number) = &contact.contact_number
        && other(&|known| known.contact_number.as_ref().is_some_and(|known| folded(known) == folded(number)))
    {
        errors.push(format!("The Contact Number {number} already exists"));
    }
    if let Some(number) = &contact.account_number
        && other(&|known| known.account_number.as_ref().is_some_and(|known| folded(known) == folded(number)))
    {
        errors.push("The Account Number already exists".to_owned());
    }
    if let Some(currency) = &contact.default_currency
        && !org.has_currency(currency)
    {
        errors.push(format!("Organisation is not subscribed to currency {currency}"));
    }
    if errors.is_empty() { Ok(contact) } else { Err(errors) }
}

/// PUT creates only; POST and POST by id create or update.
pub(crate) fn write(
    org: &mut Org,
    call: &Call,
    envelope: &Envelope,
    addressed: Option<&str>,
) -> Result<Answer, Refusal> {
    let body = call.json()?;
    let drafts = input::elements(&body, "Contacts", "Contact")?
        .into_iter()
        .map(ContactDraft::read)
        .collect::<Result<Vec<_>, _>>()?;
    let target = match addressed {
        Some(id) => Some(org.contact(id).or_else(|| org.contact_by_number(id)).ok_or(Refusal::NotFound)?),
        None => None,
    };
    let outcomes = drafts.iter().map(|draft| match write_one(org, call, draft, target) {
        Ok(at) => Outcome::Saved(render(&org.contacts[at])),
        Err(errors) => Outcome::Failed { echo: draft.echo(), errors },
    });
    let outcomes = outcomes.collect();
    Ok(answer::batch(envelope, COLLECTION, outcomes, call.summarize_errors()))
}

fn write_one(org: &mut Org, call: &Call, draft: &ContactDraft, target: Option<usize>) -> Result<usize, Vec<String>> {
    let known = match (target, call.method.as_str()) {
        (Some(at), _) => Some(at),
        (None, "POST") => match (&draft.id, &draft.number) {
            (Some(id), _) => {
                let missing = || vec![format!("The contact with ContactID {id} could not be found")];
                Some(org.contact(id).ok_or_else(missing)?)
            }
            (None, Some(number)) => org.contact_by_number(number),
            (None, None) => None,
        },
        (None, _) => None,
    };
    match known {
        Some(at) => {
            let contact = changed(org, call, at, draft)?;
            org.contacts[at] = contact;
            Ok(at)
        }
        None => {
            let contact = created(org, call, draft)?;
            Ok(org.add_contact(contact))
        }
    }
}

pub(crate) fn get(org: &Org, envelope: &Envelope, id: &str) -> Result<Answer, Refusal> {
    let at = org.contact(id).or_else(|| org.contact_by_number(id)).ok_or(Refusal::NotFound)?;
    Ok(envelope.list(COLLECTION.name, vec![render(&org.contacts[at])]))
}

pub(crate) fn list(org: &Org, call: &Call, envelope: &Envelope) -> Result<Answer, Refusal> {
    let filter = call.filter()?;
    let ids = call.list("IDs");
    let term = call.param("searchTerm").map(folded);
    let mut matching = Vec::new();
    for contact in &org.contacts {
        let wanted = match &filter {
            Some(filter) => filter.passes(&|name| field(contact, name))?,
            None => true,
        };
        let archived = contact.archived && !call.include_archived();
        if wanted
            && !archived
            && among(ids.as_deref(), &contact.id)
            && term.as_ref().is_none_or(|term| mentions(contact, term))
            && !call.unchanged(contact.updated)
        {
            matching.push(contact);
        }
    }
    Ok(envelope.page(COLLECTION.name, matching, call.page()?, render))
}

fn mentions(contact: &Contact, term: &str) -> bool {
    [Some(&contact.name), contact.contact_number.as_ref(), contact.email.as_ref(), contact.account_number.as_ref()]
        .into_iter()
        .flatten()
        .any(|text| folded(text).contains(term))
}

fn field(contact: &Contact, name: &str) -> Option<Value> {
    Some(match name {
        "ContactID" => contact.id.as_str().into(),
        "Name" => contact.name.as_str().into(),
        "ContactNumber" => contact.contact_number.as_ref().into(),
        "AccountNumber" => contact.account_number.as_ref().into(),
        "EmailAddress" => contact.email.as_ref().into(),
        "ContactStatus" => status(contact).into(),
        "IsCustomer" => Value::Flag(contact.is_customer),
        "UpdatedDateUTC" => Value::Day(contact.updated.date_naive()),
        _ => return None,
    })
}

fn status(contact: &Contact) -> &'static str {
    if contact.archived { "ARCHIVED" } else { "ACTIVE" }
}

pub(crate) fn render(contact: &Contact) -> Json {
    let mut shown = Json::object([
        ("ContactID", (&contact.id).into()),
        ("ContactNumber", contact.contact_number.as_ref().into()),
        ("AccountNumber", contact.account_number.as_ref().into()),
        ("ContactStatus", status(contact).into()),
        ("Name", (&contact.name).into()),
        ("EmailAddress", Json::text(contact.email.as_deref().unwrap_or_default())),
        ("Addresses", Json::List(Vec::new())),
        ("Phones", Json::List(Vec::new())),
        ("UpdatedDateUTC", dates::instant(contact.updated)),
        ("IsSupplier", false.into()),
        ("IsCustomer", contact.is_customer.into()),
        ("DefaultCurrency", contact.default_currency.as_ref().into()),
        ("ContactGroups", Json::List(Vec::new())),
        ("ContactPersons", Json::List(Vec::new())),
        ("HasAttachments", false.into()),
        ("HasValidationErrors", false.into()),
    ]);
    contact.other.iter().for_each(|(name, value)| shown.set(name, value.clone()));
    shown
}
