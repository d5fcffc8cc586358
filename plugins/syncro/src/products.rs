//! Items: Syncro's products.
//!
//! Owns search, look-up, creation, and the change of a price. A product is known by its mark, which stands in `upc_code`
//! where nobody renames it; its name is a person's to change.

use std::collections::BTreeSet;

use counterfoil_sdk::directory::kind;
use counterfoil_sdk::json::Exact;
use counterfoil_sdk::text::{clip, single_spaced};
use counterfoil_sdk::{Attributes, Decimal, Draft, Entity, EntityPage, Failure, Remote, Request, decimal};

use crate::paging::{self, FULL, Listing, Place};
use crate::wire::{Body, Id, Product, Row};
use crate::{ask, errors};

const NAME_MOST: usize = 255;
const DESCRIPTION_MOST: usize = 2_000;
const MARK_MOST: usize = 128;
/// Where Syncro rounds a price, it does so to cents.
const ROUNDED: u32 = 2;
/// Members that move by themselves.
const MOVES: [&str; 3] = ["price_cost", "price_retail", "updated_at"];

fn listing(query: Vec<(&str, String)>) -> Listing<'_> {
    Listing { operation: "list-products", path: "/products", member: "products", query, what: "the products" }
}

/// One page. On the first, the product that carries the query as its mark stands before all others.
pub(crate) fn search(remote: &mut dyn Remote, query: &str, cursor: Option<&str>) -> Result<EntityPage, Failure> {
    let query = single_spaced(query);
    let place = Place::of(cursor)?;
    let marked = if place.is_first() && !query.is_empty() { by_mark(remote, &query)? } else { None };
    let asked = if query.is_empty() { Vec::new() } else { vec![("query", query)] };
    let page = paging::page(remote, &listing(asked), &place)?;
    let mut found: Vec<Product> = marked.into_iter().collect();
    for row in page.rows {
        let product = Product::understand(row)?;
        if found.iter().all(|known| known.id != product.id) {
            found.push(product);
        }
    }
    Ok(EntityPage { entities: found.iter().map(entity).collect(), next: page.next.map(|next| next.to_string()) })
}

/// The products with these ids, disabled ones too; ones that are gone are left out.
pub(crate) fn get(remote: &mut dyn Remote, ids: &[Id]) -> Result<Vec<Entity>, Failure> {
    Ok(read(remote, ids)?.iter().map(entity).collect())
}

/// The same as they are. A list is not trusted to show disabled ones: what it leaves out is read by its id.
pub(crate) fn read(remote: &mut dyn Remote, ids: &[Id]) -> Result<Vec<Product>, Failure> {
    let (mut found, mut seen) = (Vec::new(), BTreeSet::new());
    for chunk in ids.chunks(FULL).filter(|chunk| chunk.len() > 1) {
        let asked = chunk.iter().map(|id| ("id[]", id.to_string())).collect();
        for row in paging::page(remote, &listing(asked), &Place::first())?.rows {
            let product = Product::understand(row)?;
            if chunk.contains(&product.id) && seen.insert(product.id) {
                found.push(product);
            }
        }
    }
    for id in ids {
        if seen.insert(*id) {
            found.extend(one(remote, *id)?);
        }
    }
    Ok(found)
}

fn one(remote: &mut dyn Remote, id: Id) -> Result<Option<Product>, Failure> {
    let request = Request::get("get-product", format!("/products/{id}"));
    ask::maybe(remote, request, "product", &format!("product {id}"))?.map(Product::understand).transpose()
}

/// The product whose upc_code is exactly this.
fn by_mark(remote: &mut dyn Remote, mark: &str) -> Result<Option<Product>, Failure> {
    let request = Request::get("product-by-barcode", "/products/barcode").query("barcode", mark);
    let found = ask::maybe(remote, request, "product", "a product by its barcode")?;
    let found = found.map(Product::understand).transpose()?;
    match found {
        None => Ok(None),
        Some(product) if product.upc == mark => Ok(Some(product)),
        // Something like it: whether there is the very one, the list tells.
        Some(_) => {
            let rows = paging::all(remote, &listing(vec![("upc_code", mark.to_owned())]))?;
            let products = rows.into_iter().map(Product::understand).collect::<Result<Vec<_>, _>>()?;
            Ok(products.into_iter().find(|product| product.upc == mark))
        }
    }
}

/// As the directory shows it. Its price has no currency: it is the account's.
fn entity(product: &Product) -> Entity {
    let mut attributes = Attributes::new();
    attributes.set_some("mark", Some(&product.upc).filter(|mark| !mark.is_empty()));
    attributes.set_some("external-id", Some(&product.upc).filter(|mark| !mark.is_empty()));
    attributes.set_some("taxable", product.taxable.map(|flag| flag.to_string()));
    let category = single_spaced(&product.row.text("product_category"));
    attributes.set_some("category", Some(category).filter(|text| !text.is_empty()));
    attributes.set_some("why-inactive", product.is_disabled.then_some("is disabled"));
    Entity {
        active: !product.is_disabled,
        price: product.retail,
        cost: product.cost,
        attributes,
        ..Entity::new(kind::ITEM, product.id.to_string(), product.upc.clone(), product.name.clone())
    }
}

/// Creates a product, or returns the one that an earlier try made: by its mark.
pub(crate) fn create(remote: &mut dyn Remote, draft: &Draft) -> Result<Entity, Failure> {
    let name = clip(&single_spaced(&draft.name), NAME_MOST);
    let name = if name.is_empty() { clip(&single_spaced(&draft.code), NAME_MOST) } else { name };
    if name.is_empty() {
        return Err(Failure::rejected(
            "syncro-item-name",
            "The product has neither a name nor a code. Nothing was created. Give it a name, then create it.",
        ));
    }
    let mark = single_spaced(draft.attributes.filled("mark").unwrap_or(draft.code.as_str()));
    if mark.chars().count() > MARK_MOST {
        return Err(Failure::rejected(
            "syncro-item-mark",
            format!(
                "The mark of \"{name}\" has more than {MARK_MOST} characters. Nothing was created. Shorten its code."
            ),
        ));
    }
    // Whoever has just read the whole catalogue and never tried this need not ask again.
    let is_listed = draft.attributes.filled("listed") == Some("true");
    if !mark.is_empty()
        && !is_listed
        && let Some(known) = by_mark(remote, &mark)?
    {
        return Ok(entity(&known));
    }
    let body = new(draft, &name, &mark)?;
    let request = Request::post("create-product", "/products").json(&body)?;
    let row = ask::write(remote, &draft.key, request, "product", &format!("the product \"{name}\""))?;
    Ok(entity(&Product::understand(row).map_err(unsure)?))
}

/// An answer that cannot be understood proves nothing after a write.
fn unsure(failure: Failure) -> Failure {
    errors::unconfirmed("the product", &format!("its answer cannot be read ({})", failure.message))
}

fn new(draft: &Draft, name: &str, mark: &str) -> Result<Body, Failure> {
    let description = draft.attributes.filled("description").map(|text| clip(&single_spaced(text), DESCRIPTION_MOST));
    let taxable = match draft.attributes.filled("taxable") {
        Some("false") => false,
        // The setting's word for "as the product is" says nothing of a product that is new.
        None | Some("true" | "product") => true,
        Some(other) => {
            let text = format!("taxable is \"{}\"; it takes true or false. Nothing was created.", clip(other, 20));
            return Err(Failure::rejected("syncro-item-taxable", text));
        }
    };
    let mut body = Body::default();
    body.set("name", &name)?;
    body.set("description", &description.as_deref().unwrap_or(name))?;
    for (member, value) in [("price_retail", draft.price), ("price_cost", draft.cost)] {
        if let Some(value) = value {
            body.set(member, &Exact(value))?;
        }
    }
    for (flag, value) in [("disabled", false), ("maintain_stock", false), ("serialized", false), ("taxable", taxable)] {
        body.set(flag, &value)?;
    }
    if !mark.is_empty() {
        body.set("upc_code", &mark)?;
    }
    Ok(body)
}

/// Sets price and cost and nothing else: all of the product goes back as it came, and is compared afterwards.
pub(crate) fn revise(remote: &mut dyn Remote, id: Id, draft: &Draft) -> Result<Entity, Failure> {
    let before = one(remote, id)?.ok_or_else(|| gone(id))?;
    let is = |wanted: Option<Decimal>, stored: Option<Decimal>| {
        wanted.is_none_or(|wanted| stored == Some(wanted.normalize()))
    };
    if is(draft.price, before.retail) && is(draft.cost, before.cost) {
        return Ok(entity(&before));
    }
    let mut body = before.echo()?;
    for (member, value) in [("price_retail", draft.price), ("price_cost", draft.cost)] {
        if let Some(value) = value {
            body.set(member, &Exact(value))?;
        }
    }
    let sealed = body.raw()?;
    // The product may have been renamed since an earlier try: another body is another write.
    let key = format!("{}:{}", draft.key, counterfoil_sdk::digest::short(sealed.get(), 12));
    let what = format!("the prices of \"{}\" ({id})", before.name);
    let request = Request::put("update-product", format!("/products/{id}")).json(&body)?;
    ask::send(remote, &key, request, &what)?;
    let after = one(remote, id).map_err(|failure| errors::unconfirmed(&what, &failure.message))?;
    let after = after.ok_or_else(|| errors::unconfirmed(&what, "does not show the product any more"))?;
    untouched(&before.row, &after)?;
    let mut rounded = false;
    for (name, wanted, stored) in [("price_retail", draft.price, after.retail), ("price_cost", draft.cost, after.cost)]
    {
        let Some(wanted) = wanted.filter(|wanted| !is(Some(*wanted), stored)) else { continue };
        if stored != Some(decimal::round(wanted, ROUNDED).normalize()) {
            return Err(not_set(&after, (name, wanted, stored)));
        }
        rounded = true;
    }
    let mut shown = entity(&after);
    if rounded {
        shown.attributes.set("rounded", "true");
    }
    Ok(shown)
}

fn gone(id: Id) -> Failure {
    Failure::not_found(
        errors::GONE,
        format!("Product {id} is not in Syncro any more. Nothing was written. It can be made anew."),
    )
}

fn untouched(before: &Row, after: &Product) -> Result<(), Failure> {
    let names: BTreeSet<&str> = before.names().chain(after.row.names()).filter(|name| !MOVES.contains(name)).collect();
    let changed: Vec<String> = names
        .into_iter()
        .filter(|name| !before.same(&after.row, name))
        .map(|name| format!("{name} from {} to {}", before.shown(name), after.row.shown(name)))
        .collect();
    if changed.is_empty() {
        return Ok(());
    }
    Err(Failure::conflict(
        "syncro-item-changed",
        format!(
            "The prices of \"{}\" ({}) were sent to Syncro, and more than they changed: {}. It came with our write or a person did it at the same moment. Correct the product there.",
            after.name,
            after.id,
            changed.join(", ")
        ),
    ))
}

fn not_set(product: &Product, (name, wanted, stored): (&str, Decimal, Option<Decimal>)) -> Failure {
    let stored = stored.map_or_else(|| "nothing".to_owned(), |stored| stored.to_string());
    Failure::rejected(
        "syncro-item-not-changed",
        format!(
            "Syncro took the prices of \"{}\" ({}) and shows {name} = {stored} instead of {}. Set it there by hand; where it has a markup in percent, take that off first.",
            product.name,
            product.id,
            wanted.normalize()
        ),
    )
}
