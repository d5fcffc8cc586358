//! Items: Xero's products and services.
//!
//! Owns search, look-up and creation. Items are created for sale only and never tracked as inventory: a stock count of
//! subscriptions would be wrong from the first day. Xero's prices have no currency; they apply to any document.

use counterfoil_sdk::directory::kind;
use counterfoil_sdk::json::Exact;
use counterfoil_sdk::{Attributes, Decimal, Draft, Entity, Failure, Remote, Request, decimal, json, text};

use crate::answers::{self, filled};
use crate::contacts::shortened;
use crate::errors::{self, Effect};
use crate::wire::{self, ZERO_ID};

/// Longest code that Xero takes, on an item and on a line.
pub(crate) const CODE_MAX: usize = 30;
const NAME_MAX: usize = 50;
const DESCRIPTION_MAX: usize = 4000;
/// Places of a unit price, when asked for with `unitdp=4`.
const PRICE_PLACES: u32 = 4;

/// The whole list: Xero has no pages for items.
pub(crate) fn read(remote: &mut dyn Remote) -> Result<Vec<wire::Item>, Failure> {
    answers::read::<wire::Items>(remote, Request::get("list-items", "/Items").query("unitdp", "4"), "the items")
        .map(|list| list.items)
}

/// Creates an item, or returns the one that an earlier try with this draft made.
pub(crate) fn create(remote: &mut dyn Remote, draft: &Draft) -> Result<Entity, Failure> {
    let item = wanted(draft)?;
    if let Some(known) = read(remote)?
        .into_iter()
        .find(|known| known.code.as_deref().is_some_and(|code| code.eq_ignore_ascii_case(&item.code)))
    {
        return adopt(known, &item);
    }
    let what = format!("the item \"{}\"", item.code);
    let request = Request::put("create-item", "/Items")
        .query("summarizeErrors", "false")
        .query("unitdp", "4")
        .json(&wire::NewItems { items: [item] })?;
    let response = errors::accept(remote.write(&draft.key, request)?, Effect::Write, &what)?;
    let list: wire::Items = json::parse("items", &response.body)
        .map_err(|failure| errors::unreadable(&response, Effect::Write, &what, &failure.message))?;
    let one = <[wire::Item; 1]>::try_from(list.items);
    let [saved] =
        one.map_err(|_| errors::unreadable(&response, Effect::Write, &what, "It does not hold exactly one item."))?;
    let complaints: Vec<String> =
        saved.validation_errors.iter().flatten().map(|complaint| complaint.message.clone()).collect();
    if !complaints.is_empty()
        || saved.status_attribute_string.as_deref() == Some("ERROR")
        || saved.id.as_deref() == Some(ZERO_ID)
    {
        return Err(errors::tagged(errors::complaint(&complaints, &what), &response));
    }
    entity(saved).ok_or_else(|| errors::unreadable(&response, Effect::Write, &what, "It names no id."))
}

/// As the directory shows it.
pub(crate) fn entity(item: wire::Item) -> Option<Entity> {
    let sold = item.is_sold.unwrap_or(true);
    let sales = item.sales_details.unwrap_or_default();
    let mut attributes = Attributes::new();
    attributes.set("sold", if sold { "true" } else { "false" });
    attributes.set_some("tracked", item.is_tracked_as_inventory.filter(|tracked| *tracked).map(|_| "true"));
    attributes.set_some("account-code", filled(sales.account_code.as_ref()));
    attributes.set_some("tax-type", filled(sales.tax_type.as_ref()));
    let code = item.code.unwrap_or_default();
    let name = filled(item.name.as_ref()).unwrap_or(&code).to_owned();
    Some(Entity {
        active: sold,
        price: sales.unit_price.map(|price| price.0),
        cost: item.purchase_details.and_then(|bought| bought.unit_price).map(|price| price.0),
        attributes,
        ..Entity::new(kind::ITEM, item.id?, code, name)
    })
}

fn adopt(known: wire::Item, item: &wire::NewItem) -> Result<Entity, Failure> {
    let name = known.name.clone().unwrap_or_default();
    if name.trim() != item.name {
        return Err(Failure::conflict(
            "xero-item-code-taken",
            format!(
                "Xero already has an item with the code {} and the name \"{name}\". Link the product to it, or give the new item another code.",
                item.code
            ),
        ));
    }
    entity(known)
        .ok_or_else(|| Failure::internal("xero-item-id", format!("Xero shows the item {} without an id.", item.code)))
}

fn wanted(draft: &Draft) -> Result<wire::NewItem, Failure> {
    let name = text::single_spaced(&draft.name);
    let description = if name.is_empty() { draft.code.trim().to_owned() } else { name.clone() };
    Ok(wire::NewItem {
        code: code(draft),
        name: text::clip(&description, NAME_MAX),
        description: text::clip(&description, DESCRIPTION_MAX),
        is_sold: true,
        is_purchased: false,
        sales_details: wire::Trade {
            unit_price: draft.price.map(price).transpose()?,
            account_code: draft.attributes.filled("account-code").map(str::to_owned),
            tax_type: draft.attributes.filled("tax-type").map(str::to_owned),
        },
    })
}

fn price(value: Decimal) -> Result<Exact, Failure> {
    decimal::exact_at(value, PRICE_PLACES).map(Exact).ok_or_else(|| {
        Failure::rejected(
            "xero-price-precision",
            format!(
                "The price {value} has more than four decimals, which Xero would round. Round it, then create the item."
            ),
        )
    })
}

/// The marketplace's code where Xero takes it, else a short form that is always the same. A slash is avoided because
/// Xero cannot show an item by a code that has one.
fn code(draft: &Draft) -> String {
    let wanted = draft.code.trim();
    let plain = wanted.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | ':' | ' '));
    match wanted {
        "" => shortened(&format!("{} {}", draft.name, draft.key), CODE_MAX),
        _ if plain && wanted.len() <= CODE_MAX => wanted.to_owned(),
        _ => shortened(wanted, CODE_MAX),
    }
}
