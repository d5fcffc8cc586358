//! The tax rates that revenue can carry.
//!
//! Owns the list as the organisation has it. The codes differ by region and users add their own, so none is known here.

use counterfoil_sdk::directory::kind;
use counterfoil_sdk::{Attributes, Entity, Failure, Remote, Request};

use crate::{answers, wire};

/// All rates, in one call.
pub(crate) fn read(remote: &mut dyn Remote) -> Result<Vec<wire::TaxRate>, Failure> {
    answers::read::<wire::TaxRates>(remote, Request::get("tax-rates", "/TaxRates"), "the tax rates")
        .map(|list| list.tax_rates)
}

/// Why a rate cannot be used on a sale; none when it can.
pub(crate) fn objection(rate: &wire::TaxRate) -> Option<String> {
    let status = rate.status.as_deref().unwrap_or("ACTIVE");
    match (status, rate.can_apply_to_revenue.unwrap_or(false)) {
        ("ACTIVE", true) => None,
        ("ACTIVE", false) => Some("cannot be applied to revenue".to_owned()),
        (status, _) => Some(format!("is {}", status.to_ascii_lowercase())),
    }
}

/// As the directory shows it.
pub(crate) fn entity(rate: wire::TaxRate) -> Option<Entity> {
    let active = objection(&rate).is_none();
    let code = rate.tax_type?;
    let mut attributes = Attributes::new();
    attributes.set_some("rate", rate.effective_rate.map(|rate| rate.0.normalize().to_string()));
    Some(Entity {
        active,
        attributes,
        ..Entity::new(kind::TAX_RATE, code.clone(), code.clone(), rate.name.unwrap_or(code))
    })
}
