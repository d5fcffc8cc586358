//! Contacts: Xero's customers.
//!
//! Owns search, look-up and creation of parties. A contact is recognized by its ContactNumber, which only the API sets, and
//! which this plugin writes once, when it creates the contact; names and e-mail addresses only suggest.

use counterfoil_sdk::directory::kind;
use counterfoil_sdk::encode::{self, quoted};
use counterfoil_sdk::{Attributes, Currency, Draft, Entity, EntityPage, Failure, Remote, Request, digest, json, text};

use crate::answers::{self, IDS_PER_CALL, filled, is_guid};
use crate::errors::{self, Effect};
use crate::pages::TOO_LARGE;
use crate::wire::{self, ZERO_ID};

const PAGE_SIZE: usize = 100;
/// Of contacts with all that they have, far below what the host takes in one answer.
const WIDE_PAGE: usize = 500;
const NUMBER_MAX: usize = 50;
const NAME_MAX: usize = 255;
const TAX_NUMBER_MAX: usize = 50;

/// One page of contacts whose name, number or e-mail contains the query.
pub(crate) fn search(remote: &mut dyn Remote, query: &str, cursor: Option<&str>) -> Result<EntityPage, Failure> {
    let page: u32 = match cursor {
        None => 1,
        Some(cursor) => cursor.parse().map_err(|_| {
            Failure::internal("xero-cursor", "The page to continue from is none that this plugin gave.")
        })?,
    };
    // Whoever asks for nothing in particular reads them all.
    let size = if query.trim().is_empty() { WIDE_PAGE } else { PAGE_SIZE };
    let mut request = all(page, size);
    if !query.trim().is_empty() {
        request = request.query("searchTerm", query.trim());
    }
    let list: wire::Contacts = answers::read(remote, request, "the contacts")?;
    let more = match list.pagination {
        Some(wire::Pagination { page: Some(page), page_count: Some(count) }) => page < count,
        // Without page numbers a full page is the only hint of another.
        _ => list.contacts.len() == size,
    };
    Ok(EntityPage {
        entities: list.contacts.into_iter().filter_map(entity).collect(),
        next: more.then(|| (page.saturating_add(1)).to_string()),
    })
}

/// The contacts with these ids; archived ones too, missing ones left out.
pub(crate) fn by_ids(remote: &mut dyn Remote, ids: &[&str]) -> Result<Vec<wire::Contact>, Failure> {
    let mut ids: Vec<String> = ids.iter().filter(|id| is_guid(id)).map(|id| id.to_ascii_lowercase()).collect();
    ids.sort_unstable();
    ids.dedup();
    let mut found = Vec::with_capacity(ids.len());
    if ids.len() > IDS_PER_CALL {
        found = among_all(remote, &mut ids)?;
    }
    for chunk in ids.chunks(IDS_PER_CALL) {
        let request =
            Request::get("get-contacts", "/Contacts").query("IDs", chunk.join(",")).query("includeArchived", "true");
        found.extend(answers::read::<wire::Contacts>(remote, request, "the contacts")?.contacts);
    }
    Ok(found)
}

/// Pages of all contacts, as long as that promises fewer calls than asking by id. What was found is taken out of `ids`; the
/// rest is asked for by id, because a list that moves while it is read does not show everything.
fn among_all(remote: &mut dyn Remote, ids: &mut Vec<String>) -> Result<Vec<wire::Contact>, Failure> {
    let mut found = Vec::new();
    for page in 1_u32.. {
        let list: wire::Contacts = match answers::read(remote, all(page, WIDE_PAGE), "the contacts") {
            Err(failure) if failure.code == TOO_LARGE => return Ok(found),
            list => list?,
        };
        for contact in list.contacts {
            let id = contact.id.as_deref().unwrap_or_default().to_ascii_lowercase();
            if let Ok(at) = ids.binary_search(&id) {
                ids.remove(at);
                found.push(contact);
            }
        }
        let pages = list.pagination.and_then(|pages| pages.page_count).unwrap_or(page);
        let by_id = ids.len().div_ceil(IDS_PER_CALL);
        let left = usize::try_from(pages.saturating_sub(page)).unwrap_or(usize::MAX);
        if left == 0 || left >= by_id {
            break;
        }
    }
    Ok(found)
}

fn all(page: u32, size: usize) -> Request {
    Request::get("list-contacts", "/Contacts")
        .query("page", page.to_string())
        .query("pageSize", size.to_string())
        .query("includeArchived", "true")
}

/// Creates a contact, or returns the one that has this number already.
pub(crate) fn create(remote: &mut dyn Remote, draft: &Draft) -> Result<Entity, Failure> {
    let number = number(draft);
    if let Some(known) = with_number(remote, &number)? {
        return adopt(known, &number);
    }
    let contact = wire::NewContact {
        name: name(&draft.name)?,
        contact_number: number,
        email_address: draft.attributes.filled("email").filter(|email| email.len() <= NAME_MAX),
        tax_number: draft.attributes.filled("tax-number").filter(|tax| tax.chars().count() <= TAX_NUMBER_MAX),
        default_currency: draft.currency.map(|currency| currency.to_string()),
    };
    let what = format!("the contact \"{}\"", contact.name);
    let request = Request::put("create-contact", "/Contacts")
        .query("summarizeErrors", "false")
        .json(&wire::NewContacts { contacts: [contact] })?;
    let response = errors::accept(remote.write(&draft.key, request)?, Effect::Write, &what)?;
    let list: wire::Contacts = json::parse("contacts", &response.body)
        .map_err(|failure| errors::unreadable(&response, Effect::Write, &what, &failure.message))?;
    let one = <[wire::Contact; 1]>::try_from(list.contacts);
    let [saved] =
        one.map_err(|_| errors::unreadable(&response, Effect::Write, &what, "It does not hold exactly one contact."))?;
    let complaints: Vec<String> =
        saved.validation_errors.iter().flatten().map(|complaint| complaint.message.clone()).collect();
    let refused = saved.has_validation_errors == Some(true)
        || saved.status_attribute_string.as_deref() == Some("ERROR")
        || saved.id.as_deref() == Some(ZERO_ID);
    if refused || !complaints.is_empty() {
        return Err(errors::tagged(errors::complaint(&complaints, &what), &response));
    }
    entity(saved).ok_or_else(|| errors::unreadable(&response, Effect::Write, &what, "It names no id."))
}

/// As the directory shows it.
pub(crate) fn entity(contact: wire::Contact) -> Option<Entity> {
    let mut attributes = Attributes::new();
    attributes.set_some("external-id", filled(contact.contact_number.as_ref()));
    attributes.set_some("tax-number", filled(contact.tax_number.as_ref()));
    attributes.set_some("email", filled(contact.email_address.as_ref()));
    attributes.set_some("status", filled(contact.contact_status.as_ref()));
    let code = filled(contact.account_number.as_ref()).unwrap_or_default().to_owned();
    Some(Entity {
        active: is_active(&contact),
        currency: filled(contact.default_currency.as_ref()).and_then(|code| Currency::parse(code).ok()),
        attributes,
        ..Entity::new(kind::PARTY, contact.id?, code, contact.name.unwrap_or_default())
    })
}

/// Archived and erased contacts can be seen and cannot be billed.
pub(crate) fn is_active(contact: &wire::Contact) -> bool {
    contact.contact_status.as_deref().is_none_or(|status| status == "ACTIVE")
}

fn adopt(known: wire::Contact, number: &str) -> Result<Entity, Failure> {
    if !is_active(&known) {
        let name = known.name.unwrap_or_default();
        return Err(Failure::conflict(
            "xero-contact-archived",
            format!(
                "The contact \"{name}\" with the number {number} is archived in Xero. Restore it there and link it, or link the customer to another contact."
            ),
        ));
    }
    entity(known).ok_or_else(|| {
        Failure::internal("xero-contact-id", format!("Xero shows a contact with the number {number} without an id."))
    })
}

fn with_number(remote: &mut dyn Remote, number: &str) -> Result<Option<wire::Contact>, Failure> {
    let filter = format!("ContactNumber=={}", quoted(number)?);
    let request = Request::get("find-contact", "/Contacts").query("where", filter).query("includeArchived", "true");
    let list: wire::Contacts = answers::read(remote, request, "the contacts")?;
    // Xero compares without case and accents; only the very same number is ours.
    Ok(list.contacts.into_iter().find(|contact| contact.contact_number.as_deref() == Some(number)))
}

/// The customer's own id where it fits, else a short form of it that is always the same.
fn number(draft: &Draft) -> String {
    let wanted =
        draft.attributes.filled("external-id").or_else(|| Some(draft.code.trim()).filter(|code| !code.is_empty()));
    let wanted = wanted.unwrap_or(&draft.key);
    let fits = wanted.chars().count() <= NUMBER_MAX && encode::quoted(wanted).is_ok() && !wanted.contains(['<', '>']);
    if fits { wanted.to_owned() } else { shortened(wanted, NUMBER_MAX) }
}

/// Letters and digits of a text, with ten digits of its hash: at most `most` characters, different for different texts.
pub(crate) fn shortened(wanted: &str, most: usize) -> String {
    let mut slug = String::new();
    for c in wanted.chars() {
        if c.is_ascii_alphanumeric() {
            slug.push(c);
        } else if !slug.ends_with('-') && !slug.is_empty() {
            slug.push('-');
        }
    }
    slug.truncate(most.saturating_sub(11));
    let slug = slug.trim_end_matches('-');
    let hash = digest::short(wanted, 10);
    if slug.is_empty() { hash } else { format!("{slug}-{hash}") }
}

/// Xero's rules for names: single spaces, no angle brackets, at most 255 characters.
fn name(wanted: &str) -> Result<String, Failure> {
    let clean = text::clip(&text::single_spaced(&wanted.replace(['<', '>'], " ")), NAME_MAX);
    if clean.is_empty() {
        return Err(Failure::rejected(
            "xero-contact-name",
            "The customer has no name that Xero could show. Give the customer a name, then create the contact.",
        ));
    }
    Ok(clean)
}
