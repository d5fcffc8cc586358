//! Entities of the directory, pages of them, and drafts.

use counterfoil_domain::directory::{Draft, Entity, EntityPage};
use counterfoil_domain::failure::Failure;
use counterfoil_domain::id::EntityId;

use super::raw;
use super::values::{Checked, attributes, currency, decimal, id, list, long, maybe, raw_decimal, short};

pub(crate) fn entity(raw: raw::Entity) -> Checked<Entity> {
    Ok(Entity {
        kind: id("kind", raw.kind)?,
        id: EntityId::new(id("id", raw.id)?),
        code: short("code", raw.code)?,
        name: short("name", raw.name)?,
        currency: maybe(raw.currency, |code| currency("currency", &code))?,
        cycle: maybe(raw.cycle, |cycle| short("cycle", cycle))?,
        active: raw.active,
        price: maybe(raw.price, |price| decimal("price", price))?,
        cost: maybe(raw.cost, |cost| decimal("cost", cost))?,
        attributes: attributes("attributes", raw.attributes)?,
    })
}

pub(crate) fn entities(raw: Vec<raw::Entity>) -> Checked<Vec<Entity>> {
    list("entities", raw, entity)
}

pub(crate) fn page(raw: raw::Page) -> Checked<EntityPage> {
    // A cursor may be a whole query of the target's.
    Ok(EntityPage { entities: entities(raw.entities)?, next: maybe(raw.next, |cursor| long("next", cursor))? })
}

pub(crate) fn draft(draft: Draft) -> Result<raw::Draft, Failure> {
    Ok(raw::Draft {
        key: draft.key,
        code: draft.code,
        name: draft.name,
        currency: draft.currency.map(|currency| currency.code().to_owned()),
        price: draft.price.map(|price| raw_decimal("price", price)).transpose()?,
        cost: draft.cost.map(|cost| raw_decimal("cost", cost)).transpose()?,
        attributes: draft.attributes,
    })
}
