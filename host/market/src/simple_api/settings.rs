//! Settings of a configured marketplace, read by name.

use counterfoil_domain::connection::Marketplace;
use counterfoil_domain::money::Currency;

/// A configured marketplace that cannot work as it is.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SetupProblem {
    #[error("the marketplace {marketplace} has no setting {name}; {help}")]
    Missing { marketplace: String, name: &'static str, help: &'static str },
    #[error("the setting {name} of the marketplace {marketplace} is \"{value}\"; {help}")]
    Wrong { marketplace: String, name: &'static str, value: String, help: &'static str },
}

pub(crate) fn currency_setting(marketplace: &Marketplace) -> Result<Option<Currency>, SetupProblem> {
    let Some(value) = setting(marketplace, "currency") else { return Ok(None) };
    let help = "a currency code such as USD is expected";
    Currency::parse(value).map(Some).map_err(|_| wrong(marketplace, "currency", value, help))
}

/// A whole number within bounds.
pub(crate) fn number_setting(
    marketplace: &Marketplace,
    name: &'static str,
    bounds: std::ops::RangeInclusive<u32>,
    help: &'static str,
) -> Result<Option<u32>, SetupProblem> {
    let Some(value) = setting(marketplace, name) else { return Ok(None) };
    match value.parse::<u32>() {
        Ok(number) if bounds.contains(&number) => Ok(Some(number)),
        _ => Err(wrong(marketplace, name, value, help)),
    }
}

/// Blank is the same as not set.
fn setting<'a>(marketplace: &'a Marketplace, name: &str) -> Option<&'a str> {
    marketplace.settings.get(name).map(|value| value.trim()).filter(|value| !value.is_empty())
}

fn wrong(marketplace: &Marketplace, name: &'static str, value: &str, help: &'static str) -> SetupProblem {
    SetupProblem::Wrong { marketplace: marketplace.id.to_string(), name, value: value.to_owned(), help }
}
