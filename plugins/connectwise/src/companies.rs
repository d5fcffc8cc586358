//! Companies: ConnectWise's customers.
//!
//! Owns search, look-up and creation of parties. Names are not unique, and a company in the recycle bin is still listed; the
//! identifier is what ConnectWise keeps apart, so a new company's identifier is derived from what makes the customer
//! unique and is the same for every try.

use counterfoil_sdk::directory::kind;
use counterfoil_sdk::{Attributes, Draft, Entity, EntityPage, Failure, Remote};

use crate::condition::{self, Condition};
use crate::paging::{self, Listing};
use crate::tables::{self, Table};
use crate::wire::{Company, Id, IdOnly, NewCompany, NewSite};
use crate::{ask, errors, words};

/// 30 in newer versions; 25 fits all.
const IDENTIFIER_MOST: usize = 25;
const NAME_MOST: usize = 50;
const TAX_MOST: usize = 20;

/// Where the words of a search may stand.
const SEARCHED: [&str; 6] =
    ["name", "identifier", "accountNumber", "taxIdentifier", "website", "invoiceToEmailAddress"];

fn listing(condition: Option<Condition>) -> Listing<'static> {
    Listing {
        operation: "list-companies",
        path: "/company/companies",
        condition,
        fields: Company::FIELDS,
        what: "the companies",
    }
}

/// One page of companies that have the query in their name or numbers. Deleted ones are hidden.
pub(crate) fn search(remote: &mut dyn Remote, query: &str, cursor: Option<&str>) -> Result<EntityPage, Failure> {
    let query = words::clean(query);
    let id = Id::parse(&query);
    let mut condition = Condition::flag("deletedFlag", false);
    if let Some(part) = condition::longest_part(&query) {
        let texts = SEARCHED.iter().filter_map(|field| Condition::contains(field, part));
        if let Some(found) = Condition::either(texts.chain(id.map(|id| Condition::id("id", id)))) {
            condition = condition.and(found);
        }
    }
    let page = paging::page::<Company>(remote, &listing(Some(condition)), cursor)?;
    let fits =
        |company: &Company| company.deleted_flag != Some(true) && (Some(company.id) == id || has(company, &query));
    Ok(EntityPage { entities: page.rows.into_iter().filter(fits).map(entity).collect(), next: page.next })
}

fn has(company: &Company, query: &str) -> bool {
    let texts = [
        &company.name,
        &company.identifier,
        &company.account_number,
        &company.tax_identifier,
        &company.website,
        &company.invoice_to_email_address,
    ];
    query.is_empty() || texts.into_iter().flatten().any(|text| words::has(text, query))
}

/// The companies with these ids; deleted ones too, missing ones left out.
pub(crate) fn get(remote: &mut dyn Remote, ids: &[Id]) -> Result<Vec<Entity>, Failure> {
    Ok(paging::by_ids::<Company>(remote, &listing(None), ids)?.into_iter().map(entity).collect())
}

/// As the directory shows it.
fn entity(company: Company) -> Entity {
    let deleted = company.deleted_flag == Some(true);
    let mut attributes = Attributes::new();
    let filled = |text: &Option<String>| text.as_deref().map(words::clean).filter(|text| !text.is_empty());
    attributes.set_some("tax-number", filled(&company.tax_identifier));
    attributes.set_some("email", filled(&company.invoice_to_email_address));
    attributes.set_some("account-number", filled(&company.account_number));
    attributes.set_some("website", filled(&company.website));
    attributes.set_some("status", company.status.as_ref().and_then(|status| filled(&status.name)));
    let contact = company.default_contact.as_ref().and_then(|contact| contact.id());
    attributes.set_some("default-contact", contact.map(|id| id.to_string()));
    attributes.set_some("why-inactive", deleted.then_some("is deleted"));
    Entity {
        active: !deleted,
        currency: company.currency.as_ref().and_then(tables::code),
        attributes,
        ..Entity::new(
            kind::PARTY,
            company.id.to_string(),
            filled(&company.identifier).unwrap_or_default(),
            filled(&company.name).unwrap_or_default(),
        )
    }
}

/// The identifier of a new company, and whether it tells that a company which has it was made for this very customer.
#[derive(Debug, PartialEq, Eq)]
struct Identifier {
    text: String,
    is_ours: bool,
}

impl Identifier {
    fn of(draft: &Draft, name: &str) -> Self {
        let code = draft.code.trim();
        let plain = code.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'));
        if !code.is_empty() && plain && code.len() <= IDENTIFIER_MOST {
            return Self { text: code.to_owned(), is_ours: false };
        }
        let unique = draft.attributes.filled("external-id").unwrap_or(&draft.key);
        Self { text: words::identifier(name, unique, IDENTIFIER_MOST), is_ours: true }
    }
}

/// Creates a company, or returns the one that an earlier try with this draft made.
pub(crate) fn create(remote: &mut dyn Remote, draft: &Draft) -> Result<Entity, Failure> {
    let name = words::cut(&words::clean(&draft.name), NAME_MOST);
    if name.is_empty() {
        return Err(Failure::rejected(
            "connectwise-company-name",
            "The customer has no name that ConnectWise could show. Nothing was created. Give the customer a name, then create the company.",
        ));
    }
    let identifier = Identifier::of(draft, &name);
    if let Some(known) = with_identifier(remote, &identifier.text)? {
        return adopt(known, &identifier, &name);
    }
    let company = wanted(remote, draft, &identifier.text, name.clone())?;
    let what = format!("the company \"{name}\"");
    let path = ("create-company", "/company/companies");
    match ask::post::<_, Company>(remote, &draft.key, path, &company, &what) {
        Ok(saved) => Ok(entity(saved)),
        // Somebody was quicker, or an earlier try of ours arrived late.
        Err(failure) if failure.code == errors::EXISTS => match with_identifier(remote, &identifier.text)? {
            Some(known) => adopt(known, &identifier, &name),
            None => Err(failure),
        },
        Err(failure) => Err(failure),
    }
}

fn with_identifier(remote: &mut dyn Remote, identifier: &str) -> Result<Option<Company>, Failure> {
    let condition = Condition::equals("identifier", identifier);
    let rows = paging::all::<Company>(remote, &listing(condition))?;
    let mut same: Vec<Company> = rows
        .into_iter()
        .filter(|row| row.identifier.as_deref().is_some_and(|text| words::same(text, identifier)))
        .collect();
    // A living one before a deleted one.
    same.sort_by_key(|row| row.deleted_flag == Some(true));
    Ok(same.into_iter().next())
}

fn adopt(known: Company, identifier: &Identifier, name: &str) -> Result<Entity, Failure> {
    let theirs = words::clean(known.name.as_deref().unwrap_or_default());
    let text = &identifier.text;
    if known.deleted_flag == Some(true) {
        return Err(Failure::conflict(
            "connectwise-company-deleted",
            format!(
                "The company \"{theirs}\" with the identifier {text} is in ConnectWise's recycle bin. Nothing was created. Restore it there and link it, or link the customer to another company."
            ),
        ));
    }
    if !identifier.is_ours && !words::same(&theirs, name) {
        return Err(Failure::conflict(
            "connectwise-company-taken",
            format!(
                "ConnectWise already has a company with the identifier {text}: \"{theirs}\". Nothing was created. Link the customer to it, or choose another identifier."
            ),
        ));
    }
    Ok(entity(known))
}

fn wanted(remote: &mut dyn Remote, draft: &Draft, identifier: &str, name: String) -> Result<NewCompany, Failure> {
    let text = |attribute: &str, most: usize| match draft.attributes.filled(attribute).map(words::clean) {
        Some(text) if !words::fits(&text, most) => Err(Failure::rejected(
            "connectwise-field-length",
            format!(
                "The {attribute} \"{text}\" is longer than the {most} characters that ConnectWise takes. Nothing was created. Shorten it."
            ),
        )),
        text => Ok(text.filter(|text| !text.is_empty())),
    };
    let (address_line1, address_line2) = (text("address", 50)?, text("address-2", 50)?);
    let (city, state, zip) = (text("city", 50)?, text("state", 50)?, text("zip", 12)?);
    let country = draft.attributes.filled("country");
    let told = [&address_line1, &address_line2, &city, &state, &zip].into_iter().any(Option::is_some);
    if !told && country.is_none() {
        return Err(Failure::rejected(
            "connectwise-company-address",
            "ConnectWise creates no company without an address. Nothing was created. Give at least one of address, address-2, city, state, zip and country.",
        ));
    }
    let (phone_number, website) = (text("phone", 30)?, text("website", 255)?);
    let country = country.map(|country| tables::country(remote, country)).transpose()?;
    let status = Table::CompanyStatuses.choose(remote, chosen(draft, Table::CompanyStatuses))?;
    let kind = Table::CompanyTypes.choose(remote, chosen(draft, Table::CompanyTypes))?;
    Ok(NewCompany {
        identifier: identifier.to_owned(),
        name,
        status: IdOnly { id: status },
        types: vec![IdOnly { id: kind }],
        site: NewSite { name: "Main" },
        address_line1,
        address_line2,
        city,
        state,
        zip,
        country: country.map(|id| IdOnly { id }),
        phone_number,
        website,
        tax_identifier: draft
            .attributes
            .filled("tax-number")
            .filter(|tax| words::fits(tax, TAX_MOST))
            .map(str::to_owned),
    })
}

/// What the draft says for a table: under the setting's name, as the host hands settings over, or with dashes.
pub(crate) fn chosen(draft: &Draft, table: Table) -> Option<&str> {
    let dashed = table.setting().replace('_', "-");
    draft.attributes.filled(&dashed).or_else(|| draft.attributes.filled(table.setting()))
}
