//! Items: ConnectWise's catalogue.
//!
//! Owns search, look-up and creation. Bundles are shown and cannot be used: whether an addition may be one is not documented.
//! A new item never lets the catalogue's price flow into additions, so what was synced keeps its price.

use counterfoil_sdk::directory::kind;
use counterfoil_sdk::json::Exact;
use counterfoil_sdk::{Attributes, Decimal, Draft, Entity, EntityPage, Failure, Remote, decimal};

use crate::companies::chosen;
use crate::condition::{self, Condition};
use crate::paging::{self, Listing};
use crate::tables::Table;
use crate::wire::{CatalogItem, Id, IdOnly, NewCatalogItem};
use crate::{ask, errors, words};

/// 75 in newer versions; 60 fits all.
const IDENTIFIER_MOST: usize = 60;
const DESCRIPTION_MOST: usize = 60;
const LONG_DESCRIPTION_MOST: usize = 6_000;
const PART_NUMBER_MOST: usize = 50;
const XREF_MOST: usize = 50;
/// More places are rounded by the accounting batch without a word.
const PRICE_PLACES: u32 = 4;

/// Where the words of a search may stand.
const SEARCHED: [&str; 5] = ["identifier", "description", "manufacturerPartNumber", "vendorSku", "integrationXRef"];

fn listing(condition: Option<Condition>) -> Listing<'static> {
    Listing {
        operation: "list-items",
        path: "/procurement/catalog",
        condition,
        fields: CatalogItem::FIELDS,
        what: "the catalogue",
    }
}

/// One page of items that have the query in their identifier, description or numbers. `inactiveFlag` is not always
/// allowed in a filter, so inactive ones are shown as such.
pub(crate) fn search(remote: &mut dyn Remote, query: &str, cursor: Option<&str>) -> Result<EntityPage, Failure> {
    let query = words::clean(query);
    let id = Id::parse(&query);
    let condition = condition::longest_part(&query).and_then(|part| {
        let texts = SEARCHED.iter().filter_map(|field| Condition::contains(field, part));
        Condition::either(texts.chain(id.map(|id| Condition::id("id", id))))
    });
    let page = paging::page::<CatalogItem>(remote, &listing(condition), cursor)?;
    let fits = |item: &CatalogItem| {
        let texts = [
            &item.identifier,
            &item.description,
            &item.manufacturer_part_number,
            &item.vendor_sku,
            &item.integration_xref,
        ];
        query.is_empty() || Some(item.id) == id || texts.into_iter().flatten().any(|text| words::has(text, &query))
    };
    Ok(EntityPage { entities: page.rows.into_iter().filter(fits).map(entity).collect(), next: page.next })
}

/// The items with these ids, usable or not.
pub(crate) fn get(remote: &mut dyn Remote, ids: &[Id]) -> Result<Vec<Entity>, Failure> {
    Ok(paging::by_ids::<CatalogItem>(remote, &listing(None), ids)?.into_iter().map(entity).collect())
}

/// Why an item cannot be an addition; none when it can.
fn why_inactive(item: &CatalogItem) -> Option<&'static str> {
    let bundle = item.product_class.as_deref().is_some_and(|class| class.eq_ignore_ascii_case("Bundle"));
    match (item.inactive_flag, bundle) {
        (Some(true), _) => Some("is inactive"),
        (_, true) => Some("is a bundle, which cannot be an addition"),
        _ => None,
    }
}

/// As the directory shows it. Its price has no currency: it is the books' own.
fn entity(item: CatalogItem) -> Entity {
    let mut attributes = Attributes::new();
    let filled = |text: &Option<String>| text.as_deref().map(words::clean).filter(|text| !text.is_empty());
    let why = why_inactive(&item);
    attributes.set_some("external-id", filled(&item.integration_xref));
    attributes.set_some("mpn", filled(&item.manufacturer_part_number));
    attributes.set_some("sku", filled(&item.vendor_sku));
    attributes.set_some("class", filled(&item.product_class));
    attributes.set_some("type", item.kind.as_ref().and_then(|kind| filled(&kind.name)));
    attributes.set_some("subcategory", item.subcategory.as_ref().and_then(|category| filled(&category.name)));
    attributes.set_some("taxable", item.taxable_flag.map(|flag| flag.to_string()));
    attributes.set_some("why-inactive", why);
    let code = filled(&item.identifier).unwrap_or_default();
    Entity {
        active: why.is_none(),
        price: item.price.map(|price| price.0),
        cost: item.cost.map(|cost| cost.0),
        attributes,
        ..Entity::new(kind::ITEM, item.id.to_string(), code.clone(), filled(&item.description).unwrap_or(code))
    }
}

/// What tells a new item from all others, the same for every try.
#[derive(Debug)]
struct Keys {
    identifier: String,
    xref: String,
}

impl Keys {
    fn of(draft: &Draft, name: &str) -> Self {
        let code = draft.code.trim();
        let external = draft.attributes.filled("external-id").unwrap_or(code);
        let key = |text: &str, most: usize| match text {
            "" => words::identifier(name, &draft.key, most),
            _ if is_plain(text) && text.len() <= most => text.to_owned(),
            _ => words::identifier(text, text, most),
        };
        let (identifier, xref) = (key(code, IDENTIFIER_MOST), key(external, XREF_MOST));
        Self { identifier, xref }
    }
}

/// Every such text may also stand in a filter, so that it is found again.
fn is_plain(text: &str) -> bool {
    text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | ':' | ' ' | '/'))
}

/// Creates an item, or returns the one that an earlier try with this draft made.
pub(crate) fn create(remote: &mut dyn Remote, draft: &Draft) -> Result<Entity, Failure> {
    let name = words::clean(&draft.name);
    let name = if name.is_empty() { words::clean(&draft.code) } else { name };
    if name.is_empty() {
        return Err(Failure::rejected(
            "connectwise-item-name",
            "The product has neither a name nor a code. Nothing was created. Give it a name, then create the item.",
        ));
    }
    let keys = Keys::of(draft, &name);
    if let Some(known) = known(remote, &keys)? {
        return adopt(known, &keys, &name);
    }
    let item = wanted(remote, draft, &keys, &name)?;
    let what = format!("the catalogue item \"{}\"", keys.identifier);
    let path = ("create-item", "/procurement/catalog");
    match ask::post::<_, CatalogItem>(remote, &draft.key, path, &item, &what) {
        Ok(saved) => Ok(entity(saved)),
        Err(failure) if failure.code == errors::EXISTS => match known(remote, &keys)? {
            Some(known) => adopt(known, &keys, &name),
            None => Err(failure),
        },
        Err(failure) => Err(failure),
    }
}

/// The item with our reference, else the one with our identifier.
fn known(remote: &mut dyn Remote, keys: &Keys) -> Result<Option<CatalogItem>, Failure> {
    let wanted = [("integrationXRef", &keys.xref), ("identifier", &keys.identifier)];
    let condition = Condition::either(wanted.iter().filter_map(|(field, text)| Condition::equals(field, text)));
    let rows = paging::all::<CatalogItem>(remote, &listing(condition))?;
    let is = |text: &Option<String>, key: &str| text.as_deref().is_some_and(|text| words::same(text, key));
    let ours = rows.iter().find(|row| is(&row.integration_xref, &keys.xref));
    Ok(ours.or_else(|| rows.iter().find(|row| is(&row.identifier, &keys.identifier))).cloned())
}

fn adopt(known: CatalogItem, keys: &Keys, name: &str) -> Result<Entity, Failure> {
    let theirs = words::clean(known.description.as_deref().unwrap_or_default());
    if let Some(why) = why_inactive(&known) {
        return Err(Failure::conflict(
            "connectwise-item-inactive",
            format!(
                "ConnectWise already has the item {} (\"{theirs}\"), which {why}. Nothing was created. Make it usable there and link it, or link the product to another item.",
                keys.identifier
            ),
        ));
    }
    let ours = known.integration_xref.as_deref().is_some_and(|xref| words::same(xref, &keys.xref));
    if !ours && !words::same(&theirs, &words::cut(name, DESCRIPTION_MOST)) {
        return Err(Failure::conflict(
            "connectwise-item-taken",
            format!(
                "ConnectWise already has an item with the identifier {}: \"{theirs}\". Nothing was created. Link the product to it, or choose another code.",
                keys.identifier
            ),
        ));
    }
    Ok(entity(known))
}

fn wanted(remote: &mut dyn Remote, draft: &Draft, keys: &Keys, name: &str) -> Result<NewCatalogItem, Failure> {
    let taxable = match draft.attributes.filled("taxable") {
        None | Some("true") => true,
        Some("false") => false,
        Some(other) => {
            return Err(Failure::rejected(
                "connectwise-item-taxable",
                format!("taxable is \"{other}\"; it takes true or false. Nothing was created."),
            ));
        }
    };
    let price = draft.price.map(|value| exact("price", value)).transpose()?;
    let cost = draft.cost.map(|value| exact("cost", value)).transpose()?;
    let kind = Table::ItemTypes.choose(remote, chosen(draft, Table::ItemTypes))?;
    let subcategory = Table::ItemSubcategories.choose(remote, chosen(draft, Table::ItemSubcategories))?;
    let part = draft.attributes.filled("mpn").or(Some(draft.code.trim()).filter(|code| !code.is_empty()));
    let long = draft.attributes.filled("description").map_or_else(|| name.to_owned(), words::clean);
    Ok(NewCatalogItem {
        identifier: keys.identifier.clone(),
        description: words::cut(name, DESCRIPTION_MOST),
        customer_description: words::cut(&long, LONG_DESCRIPTION_MOST),
        subcategory: IdOnly { id: subcategory },
        kind: IdOnly { id: kind },
        product_class: "Agreement",
        price,
        cost,
        taxable_flag: taxable,
        manufacturer_part_number: part.filter(|part| words::fits(part, PART_NUMBER_MOST)).map(str::to_owned),
        integration_xref: keys.xref.clone(),
    })
}

fn exact(what: &str, value: Decimal) -> Result<Exact, Failure> {
    decimal::exact_at(value, PRICE_PLACES).map(Exact).ok_or_else(|| {
        Failure::rejected(
            "connectwise-price-precision",
            format!(
                "The {what} {value} has more than four decimals, which ConnectWise would round. Nothing was created. Round it, then create the item."
            ),
        )
    })
}
