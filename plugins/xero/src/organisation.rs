//! Whose books these are, and up to which day they are closed.

use counterfoil_sdk::{Account, Attributes, Currency, Date, Failure, Remote, Request};

use crate::answers::{self, filled};
use crate::{dates, wire};

/// The organisation behind the connection.
#[derive(Debug, Clone)]
pub(crate) struct Organisation(wire::Organisation);

/// Reads it. Xero does not count this call.
pub(crate) fn read(remote: &mut dyn Remote) -> Result<Organisation, Failure> {
    let list: wire::Organisations =
        answers::read(remote, Request::get("organisation", "/Organisation"), "the organisation")?;
    list.organisations.into_iter().next().map(Organisation).ok_or_else(|| {
        Failure::forbidden(
            "xero-organisation-refused",
            "Xero shows no organisation for this connection. Reconnect it or correct the tenant id.",
        )
    })
}

impl Organisation {
    /// The currency the books are kept in; it can always be billed.
    pub(crate) fn base_currency(&self) -> Result<Currency, Failure> {
        let code = filled(self.0.base_currency.as_ref()).unwrap_or_default();
        Currency::parse(code).map_err(|_| {
            Failure::internal(
                "xero-base-currency",
                format!("Xero names \"{code}\" as base currency, which is no ISO code."),
            )
        })
    }

    /// The later of the two lock dates: nothing may be dated on or before it.
    pub(crate) fn locked_until(&self) -> Result<Option<Date>, Failure> {
        let day = |text: &Option<String>| filled(text.as_ref()).map(dates::day).transpose();
        Ok(day(&self.0.period_lock_date)?.max(day(&self.0.end_of_year_lock_date)?))
    }

    /// What the host shows about the connection.
    pub(crate) fn account(&self) -> Result<Account, Failure> {
        let owned = |text: &Option<String>| filled(text.as_ref()).unwrap_or_default().to_owned();
        let id = filled(self.0.id.as_ref()).or_else(|| filled(self.0.short_code.as_ref()));
        let mut attributes = Attributes::new();
        attributes.set_some("short-code", filled(self.0.short_code.as_ref()));
        attributes.set_some("class", filled(self.0.class.as_ref()));
        attributes.set_some("default-sales-tax", filled(self.0.default_sales_tax.as_ref()));
        attributes.set_some("demo", self.0.is_demo_company.filter(|demo| *demo).map(|_| "true"));
        Ok(Account {
            id: id
                .ok_or_else(|| Failure::internal("xero-organisation-id", "Xero names no id for the organisation."))?
                .to_owned(),
            name: owned(&self.0.name),
            base_currency: self.base_currency()?,
            country: owned(&self.0.country_code),
            time_zone: owned(&self.0.timezone),
            locked_until: self.locked_until()?,
            attributes,
        })
    }
}
