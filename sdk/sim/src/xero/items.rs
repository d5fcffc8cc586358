//! Owns the item rules: codes, prices, create and update. Does not own what a document line takes from an item.

use rust_decimal::{Decimal, RoundingStrategy};

use super::answer::{self, Answer, Collection, Envelope, Outcome, Refusal};
use super::call::Call;
use super::dates;
use super::filter::Value;
use super::input::{self, Input};
use super::json::Json;
use super::model::{Item, Price};
use super::org::Org;

pub(crate) const COLLECTION: Collection = Collection { name: "Items", id: "ItemID", flag: "HasErrors" };

const KNOWN: [&str; 20] = [
    "ItemID",
    "Code",
    "Name",
    "Description",
    "PurchaseDescription",
    "IsSold",
    "IsPurchased",
    "SalesDetails",
    "PurchaseDetails",
    "InventoryAssetAccountCode",
    "IsTrackedAsInventory",
    "TotalCostPool",
    "QuantityOnHand",
    "QuantityAvailable",
    "QuantityOnBackOrder",
    "UpdatedDateUTC",
    "StatusAttributeString",
    "ValidationErrors",
    "Warnings",
    "HasErrors",
];

#[derive(Debug, Clone)]
struct ItemDraft {
    id: Option<String>,
    code: Option<String>,
    name: Option<String>,
    description: Option<String>,
    is_sold: Option<bool>,
    is_purchased: Option<bool>,
    sales: Option<Price>,
    purchase: Option<Price>,
    tracked: bool,
}

fn price(json: Option<&Json>, places: u32) -> Result<Option<Price>, Refusal> {
    let Some(json) = json else {
        return Ok(None);
    };
    let input = Input::of(json, &["UnitPrice", "AccountCode", "TaxType", "COGSAccountCode"])?;
    let round = |price: Decimal| price.round_dp_with_strategy(places, RoundingStrategy::MidpointAwayFromZero);
    Ok(Some(Price {
        unit_price: input.decimal("UnitPrice")?.map(round),
        account_code: input.text("AccountCode")?,
        tax_type: input.text("TaxType")?,
    }))
}

impl ItemDraft {
    fn read(json: &Json, places: u32) -> Result<Self, Refusal> {
        let input = Input::of(json, &KNOWN)?;
        Ok(Self {
            id: input.text("ItemID")?,
            code: input.text("Code")?,
            name: input.text("Name")?,
            description: input.text("Description")?,
            is_sold: input.boolean("IsSold")?,
            is_purchased: input.boolean("IsPurchased")?,
            sales: price(input.object("SalesDetails")?, places)?,
            purchase: price(input.object("PurchaseDetails")?, places)?,
            tracked: input.text("InventoryAssetAccountCode")?.is_some(),
        })
    }

    fn echo(&self) -> Json {
        Json::object([("Code", self.code.as_ref().into()), ("Name", self.name.as_ref().into())])
    }
}

/// PUT creates only; POST and POST by id create or update.
pub(crate) fn write(
    org: &mut Org,
    call: &Call,
    envelope: &Envelope,
    addressed: Option<&str>,
) -> Result<Answer, Refusal> {
    let body = call.json()?;
    let drafts = input::elements(&body, "Items", "Item")?
        .into_iter()
        .map(|json| ItemDraft::read(json, call.unit_places()))
        .collect::<Result<Vec<_>, _>>()?;
    let target = match addressed {
        Some(id) => Some(find(org, id).ok_or(Refusal::NotFound)?),
        None => None,
    };
    let outcomes = drafts.iter().map(|draft| match write_one(org, call, draft, target) {
        Ok(at) => Outcome::Saved(render(&org.items[at], call.unit_places())),
        Err(errors) => Outcome::Failed { echo: draft.echo(), errors },
    });
    let outcomes = outcomes.collect();
    Ok(answer::batch(envelope, COLLECTION, outcomes, call.summarize_errors()))
}

fn find(org: &Org, id_or_code: &str) -> Option<usize> {
    org.items.iter().position(|item| item.id.eq_ignore_ascii_case(id_or_code)).or_else(|| org.item(id_or_code))
}

fn write_one(org: &mut Org, call: &Call, draft: &ItemDraft, target: Option<usize>) -> Result<usize, Vec<String>> {
    let code = draft.code.clone().filter(|code| !code.is_empty());
    let code = code.ok_or_else(|| vec!["Price List Item Code must be supplied".to_owned()])?;
    let known = match (target, call.method.as_str()) {
        (Some(at), _) => Some(at),
        (None, "POST") => draft.id.as_deref().and_then(|id| find(org, id)).or_else(|| org.item(&code)),
        (None, _) => None,
    };
    check(org, draft, &code, known)?;
    let at = known.unwrap_or_else(|| {
        let id = org.ids.guid();
        org.items.push(Item {
            id,
            code: code.clone(),
            name: None,
            description: None,
            is_sold: true,
            is_purchased: true,
            sales: Price::default(),
            purchase: Price::default(),
            updated: call.now,
        });
        org.items.len() - 1
    });
    change(&mut org.items[at], draft, code);
    org.items[at].updated = call.now;
    Ok(at)
}

fn change(item: &mut Item, draft: &ItemDraft, code: String) {
    item.code = code;
    if draft.name.is_some() {
        item.name.clone_from(&draft.name);
    }
    if draft.description.is_some() {
        item.description.clone_from(&draft.description);
    }
    if let Some(sales) = &draft.sales {
        item.sales = sales.clone();
    }
    if let Some(purchase) = &draft.purchase {
        item.purchase = purchase.clone();
    }
    item.is_sold = draft.is_sold.unwrap_or(item.is_sold);
    item.is_purchased = draft.is_purchased.unwrap_or(item.is_purchased);
    if !item.is_purchased {
        item.purchase = Price::default();
    }
}

fn check(org: &Org, draft: &ItemDraft, code: &str, own: Option<usize>) -> Result<(), Vec<String>> {
    let mut errors = Vec::new();
    let long = |text: Option<&String>, cap: usize| text.is_some_and(|text| text.chars().count() > cap);
    if code.chars().count() > 30 {
        errors.push("Price List Item Code must be 30 characters or less".to_owned());
    }
    if org.item(code).is_some_and(|at| Some(at) != own) {
        errors.push(format!("Price List Item with Code '{code}' already exists"));
    }
    if long(draft.name.as_ref(), 50) {
        errors.push("Price List Item Name must be 50 characters or less".to_owned());
    }
    if long(draft.description.as_ref(), 4_000) {
        errors.push("Price List Item Description must be 4000 characters or less".to_owned());
    }
    if draft.tracked {
        errors.push("Tracked inventory items cannot be created by this simulator".to_owned());
    }
    for price in [&draft.sales, &draft.purchase].into_iter().flatten() {
        if let Some(account) = &price.account_code
            && org.account(account).is_none_or(|account| account.archived)
        {
            errors.push(format!("Account code '{account}' is not a valid code for this document."));
        }
        if let Some(tax_type) = &price.tax_type
            && org.tax_rate(tax_type).is_none()
        {
            errors.push(format!("The TaxType code '{tax_type}' does not exist"));
        }
    }
    if errors.is_empty() { Ok(()) } else { Err(errors) }
}

pub(crate) fn get(org: &Org, call: &Call, envelope: &Envelope, id: &str) -> Result<Answer, Refusal> {
    let at = find(org, id).ok_or(Refusal::NotFound)?;
    Ok(envelope.list(COLLECTION.name, vec![render(&org.items[at], call.unit_places())]))
}

/// The whole list in one answer: this endpoint has no paging, and says nothing when asked for a page.
pub(crate) fn list(org: &Org, call: &Call, envelope: &Envelope) -> Result<Answer, Refusal> {
    let filter = call.filter()?;
    let mut shown = Vec::new();
    for item in &org.items {
        let wanted = match &filter {
            Some(filter) => filter.passes(&|name| field(item, name))?,
            None => true,
        };
        if wanted && !call.unchanged(item.updated) {
            shown.push(render(item, call.unit_places()));
        }
    }
    Ok(envelope.list(COLLECTION.name, shown))
}

pub(crate) fn delete(org: &mut Org, id: &str) -> Result<Answer, Refusal> {
    let at = find(org, id).ok_or(Refusal::NotFound)?;
    org.items.remove(at);
    Ok(Answer::text(204, ""))
}

fn field(item: &Item, name: &str) -> Option<Value> {
    Some(match name {
        "ItemID" => item.id.as_str().into(),
        "Code" => item.code.as_str().into(),
        "Name" => item.name.as_ref().into(),
        "Description" => item.description.as_ref().into(),
        "IsSold" => Value::Flag(item.is_sold),
        "IsPurchased" => Value::Flag(item.is_purchased),
        _ => return None,
    })
}

fn render(item: &Item, places: u32) -> Json {
    let price = |price: &Price| {
        let round = |unit: Decimal| unit.round_dp_with_strategy(places, RoundingStrategy::MidpointAwayFromZero);
        Json::object([
            ("UnitPrice", price.unit_price.map(round).into()),
            ("AccountCode", price.account_code.as_ref().into()),
            ("TaxType", price.tax_type.as_ref().into()),
        ])
    };
    Json::object([
        ("ItemID", (&item.id).into()),
        ("Code", (&item.code).into()),
        ("Name", item.name.as_ref().into()),
        ("Description", item.description.as_ref().into()),
        ("UpdatedDateUTC", dates::instant(item.updated)),
        ("PurchaseDetails", price(&item.purchase)),
        ("SalesDetails", price(&item.sales)),
        ("IsTrackedAsInventory", false.into()),
        ("IsSold", item.is_sold.into()),
        ("IsPurchased", item.is_purchased.into()),
    ])
}
