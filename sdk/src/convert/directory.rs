//! Accounts, entities, pages and drafts.
//!
//! Owns the directory's records. What a target says about itself goes out as it was said; only drafts come in, with their
//! currency and prices checked.

use super::{FromRaw, IntoRaw, list_into, option_from, option_into};
use crate::bindings::exports::counterfoil::target::{connection as raw_connection, directory as raw};
use crate::{Account, Draft, Entity, EntityPage, Failure};

impl IntoRaw<raw_connection::Account> for Account {
    fn into_raw(self) -> Result<raw_connection::Account, Failure> {
        Ok(raw_connection::Account {
            id: self.id,
            name: self.name,
            base_currency: self.base_currency.to_string(),
            country: self.country,
            time_zone: self.time_zone,
            locked_until: self.locked_until.map(|day| day.to_string()),
            attributes: self.attributes.into_pairs(),
        })
    }
}

impl IntoRaw<raw::Entity> for Entity {
    fn into_raw(self) -> Result<raw::Entity, Failure> {
        Ok(raw::Entity {
            kind: self.kind,
            id: self.id,
            code: self.code,
            name: self.name,
            currency: self.currency.map(|currency| currency.to_string()),
            cycle: self.cycle,
            active: self.active,
            price: option_into(self.price)?,
            cost: option_into(self.cost)?,
            attributes: self.attributes.into_pairs(),
        })
    }
}

impl IntoRaw<raw::Page> for EntityPage {
    fn into_raw(self) -> Result<raw::Page, Failure> {
        Ok(raw::Page { entities: list_into(self.entities)?, next: self.next })
    }
}

impl FromRaw<raw::Draft> for Draft {
    fn from_raw(raw: raw::Draft) -> Result<Self, Failure> {
        Ok(Self {
            key: raw.key,
            code: raw.code,
            name: raw.name,
            currency: option_from(raw.currency)?,
            price: option_from(raw.price)?,
            cost: option_from(raw.cost)?,
            attributes: raw.attributes.into(),
        })
    }
}
