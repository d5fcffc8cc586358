//! The currencies that the organisation may bill in.

use counterfoil_sdk::directory::kind;
use counterfoil_sdk::{Entity, Failure, Remote, Request};

use crate::{answers, wire};

/// All of them, in one call.
pub(crate) fn read(remote: &mut dyn Remote) -> Result<Vec<wire::Currency>, Failure> {
    answers::read::<wire::Currencies>(remote, Request::get("currencies", "/Currencies"), "the currencies")
        .map(|list| list.currencies)
}

/// As the directory shows it.
pub(crate) fn entity(currency: wire::Currency) -> Option<Entity> {
    let code = currency.code?;
    Some(Entity::new(kind::CURRENCY, code.clone(), code.clone(), currency.description.unwrap_or(code)))
}
