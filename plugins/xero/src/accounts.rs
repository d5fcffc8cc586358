//! The accounts that revenue can go to.

use counterfoil_sdk::directory::kind;
use counterfoil_sdk::{Attributes, Entity, Failure, Remote, Request};

use crate::{answers, wire};

/// Types of account that an invoice line may name here.
const REVENUE: [&str; 3] = ["REVENUE", "SALES", "OTHERINCOME"];

/// All accounts, in one call: archived ones too, so that a message can say "archived" rather than "unknown".
pub(crate) fn read(remote: &mut dyn Remote) -> Result<Vec<wire::Account>, Failure> {
    answers::read::<wire::Accounts>(remote, Request::get("accounts", "/Accounts"), "the accounts")
        .map(|list| list.accounts)
}

/// Why an account cannot be billed to; none when it can.
pub(crate) fn objection(account: &wire::Account) -> Option<String> {
    let status = account.status.as_deref().unwrap_or("ACTIVE");
    let kind = account.kind.as_deref().unwrap_or_default();
    match (status, REVENUE.contains(&kind)) {
        ("ACTIVE", true) => None,
        ("ACTIVE", false) => Some(format!("is of type {kind}, not revenue")),
        (status, _) => Some(format!("is {}", status.to_ascii_lowercase())),
    }
}

/// As the directory shows it.
pub(crate) fn entity(account: wire::Account) -> Option<Entity> {
    let active = objection(&account).is_none();
    let mut attributes = Attributes::new();
    attributes.set_some("type", account.kind);
    attributes.set_some("tax-type", account.tax_type);
    Some(Entity {
        active,
        attributes,
        ..Entity::new(kind::ACCOUNT, account.id?, account.code.unwrap_or_default(), account.name.unwrap_or_default())
    })
}
