//! What targets have, on the wire: the account, entities, and drafts of new ones.

use std::collections::BTreeMap;

use counterfoil_domain::directory::{Account, Entity, EntityPage};
use counterfoil_domain::money::Money;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Day, attributes};

/// Whose books these are, as the target says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = Account)]
pub struct AccountView {
    pub id: String,
    pub name: String,
    pub base_currency: String,
    pub country: String,
    pub time_zone: String,
    pub locked_until: Option<Day>,
    pub attributes: BTreeMap<String, String>,
}

impl From<Account> for AccountView {
    fn from(account: Account) -> Self {
        Self {
            id: account.id,
            name: account.name,
            base_currency: account.base_currency.code().to_owned(),
            country: account.country,
            time_zone: account.time_zone,
            locked_until: account.locked_until.map(Into::into),
            attributes: attributes(&account.attributes),
        }
    }
}

/// A party, item, container, account, tax rate, …
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = Entity)]
pub struct EntityView {
    pub kind: String,
    pub id: String,
    pub code: String,
    pub name: String,
    pub currency: Option<String>,
    pub cycle: Option<String>,
    pub active: bool,
    /// Decimal, in the entity's currency, else the account's.
    pub price: Option<String>,
    pub cost: Option<String>,
    pub attributes: BTreeMap<String, String>,
}

impl From<Entity> for EntityView {
    fn from(entity: Entity) -> Self {
        let plain = |amount: rust_decimal::Decimal| match entity.currency {
            Some(currency) => Money::new(amount, currency).plain(),
            None => amount.normalize().to_string(),
        };
        Self {
            price: entity.price.map(plain),
            cost: entity.cost.map(plain),
            kind: entity.kind,
            id: entity.id.to_string(),
            code: entity.code,
            name: entity.name,
            currency: entity.currency.map(|currency| currency.code().to_owned()),
            cycle: entity.cycle,
            active: entity.active,
            attributes: attributes(&entity.attributes),
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct EntityList {
    pub entities: Vec<EntityView>,
    pub has_more: bool,
    pub next: Option<String>,
}

impl From<EntityPage> for EntityList {
    fn from(page: EntityPage) -> Self {
        Self {
            entities: page.entities.into_iter().map(Into::into).collect(),
            has_more: page.next.is_some(),
            next: page.next,
        }
    }
}

/// What to create in the target, from the link step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DraftBody {
    /// party · item · container · …
    pub kind: String,
    pub name: String,
    #[serde(default)]
    pub code: String,
    #[serde(default)]
    pub currency: Option<String>,
    /// Decimal.
    #[serde(default)]
    pub price: Option<String>,
    /// Decimal.
    #[serde(default)]
    pub cost: Option<String>,
    #[serde(default)]
    pub attributes: BTreeMap<String, String>,
}
