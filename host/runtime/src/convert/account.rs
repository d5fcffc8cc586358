//! Accounts, as a probe answers them.

use counterfoil_domain::directory::Account;

use super::raw;
use super::values::{Checked, attributes, currency, date, id, maybe, short};

pub(crate) fn account(raw: raw::Account) -> Checked<Account> {
    Ok(Account {
        id: id("id", raw.id)?,
        name: short("name", raw.name)?,
        base_currency: currency("base-currency", &raw.base_currency)?,
        country: short("country", raw.country)?,
        time_zone: short("time-zone", raw.time_zone)?,
        locked_until: maybe(raw.locked_until, |day| date("locked-until", &day))?,
        attributes: attributes("attributes", raw.attributes)?,
    })
}
