//! The account: what `/settings` tells of it.
//!
//! Owns the probe, and the comparison of the account's symbol with the currency that the operator set.

use counterfoil_sdk::directory::kind;
use counterfoil_sdk::{Account, Attributes, Class, Currency, Entity, EntityPage, Failure, Remote, Request};

use crate::errors::{self, Effect};
use crate::paging::{self, Listing, Place};
use crate::{ask, currencies};

/// What is read once to see whether it is allowed.
const READS: [(&str, &str, &str, &str); 4] = [
    ("/customers", "customers", "the customers", "Customers - List/Search"),
    ("/products", "products", "the products", "Products - List/Search"),
    ("/schedules", "schedules", "the recurring invoices", "Recurring Invoices - List"),
    ("/invoices", "invoices", "the invoices", "Invoices - List/Search"),
];

/// No currency at all, in ISO 4217: the symbol does not tell which.
const NONE: &str = "XXX";

/// What the account says of itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Locale {
    pub(crate) symbol: String,
    pub(crate) zone: String,
}

impl Locale {
    pub(crate) fn read(remote: &mut dyn Remote) -> Result<Self, Failure> {
        let what = "the account's settings";
        let members = ask::members(remote, Request::get("settings", "/settings"), what)?;
        let locale = members
            .get("locale")
            .and_then(|raw| counterfoil_sdk::json::parse::<crate::wire::Row>("locale", raw.get().as_bytes()).ok());
        let locale = locale.ok_or_else(|| errors::unreadable(200, Effect::Read, what, "They have no locale."))?;
        Ok(Self { symbol: locale.text("currency_symbol").trim().to_owned(), zone: locale.text("time_zone") })
    }

    /// Refuses a currency that the symbol cannot mean.
    pub(crate) fn allows(&self, currency: Currency) -> Result<(), Failure> {
        if !currencies::contradicts(&self.symbol, currency) {
            return Ok(());
        }
        Err(Failure::rejected(
            "syncro-currency",
            format!(
                "The connection says that the account bills in {currency}, and Syncro shows its amounts with \"{}\". Nothing was written. Correct the setting currency, or the account.",
                counterfoil_sdk::text::clip(&self.symbol, 8)
            ),
        ))
    }
}

/// Looks whether everything can be read that a task will need.
pub(crate) fn probe(remote: &mut dyn Remote) -> Result<Account, Failure> {
    let locale = Locale::read(remote)?;
    let mut missing = Vec::new();
    for (path, member, what, permission) in READS {
        let listing = Listing { operation: "probe", path, member, query: Vec::new(), what };
        match paging::page(remote, &listing, &Place::first()) {
            Ok(page) => page.rows.iter().try_for_each(|row| row.own_id(what).map(drop))?,
            Err(failure) if failure.class == Class::Forbidden => missing.push(permission),
            Err(failure) => return Err(failure),
        }
    }
    if !missing.is_empty() {
        return Err(Failure::forbidden(
            "syncro-permission",
            format!(
                "The token may not read everything that is needed. Nothing was written. Give it these permissions, and its technician too: {}.",
                missing.join(", ")
            ),
        ));
    }
    let told = currencies::only(&locale.symbol);
    let mut attributes = Attributes::new().with("currency-symbol", &locale.symbol);
    if told.is_none() {
        attributes.set("currency-source", "setting");
    }
    Ok(Account {
        id: "syncro".to_owned(),
        name: "Syncro".to_owned(),
        base_currency: told.map_or_else(|| Currency::parse(NONE), Ok)?,
        country: String::new(),
        time_zone: locale.zone,
        locked_until: None,
        attributes,
    })
}

/// The account's one currency; an empty list where the symbol leaves it open.
pub(crate) fn currencies(remote: &mut dyn Remote) -> Result<EntityPage, Failure> {
    let told = currencies::only(&Locale::read(remote)?.symbol);
    let entity = told.map(|currency| Entity::new(kind::CURRENCY, currency.code(), currency.code(), currency.code()));
    Ok(EntityPage { entities: entity.into_iter().collect(), next: None })
}
