//! Catalogs as JSON: the same text over HTTP and in files. Owns its shape, and what is said about one that does not fit;
//! what the values mean is the domain's. What is not known is refused, and so is a name that stands twice: of a price that
//! is overlooked somebody would pay the difference.

mod entries;
mod object;
mod parts;
mod place;
mod provider;
mod reseller;

pub use place::Unreadable;

use counterfoil_domain::catalog::{ProviderCatalog, ResellerCatalog};
use counterfoil_domain::digest::Digester;
use counterfoil_domain::id::CatalogVersion;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

pub(super) use entries::id;
pub(super) use place::Place;

/// The shape that this version reads and writes.
const FORMAT: &str = "counterfoil-catalog/1";

pub fn read_provider(text: &[u8]) -> Result<ProviderCatalog, Unreadable> {
    provider::domain(sheet::<provider::Catalog>(text)?, &Place::top())
}

pub fn read_reseller(text: &[u8]) -> Result<ResellerCatalog, Unreadable> {
    reseller::domain(sheet::<reseller::Catalog>(text)?, &Place::top())
}

/// Pretty and in the order of the ids: two versions can be compared line by line.
pub fn write_provider(catalog: &ProviderCatalog) -> Vec<u8> {
    let mut sheet = provider::wire(catalog);
    sheet.format = FORMAT.to_owned();
    written(sheet)
}

pub fn write_reseller(catalog: &ResellerCatalog) -> Vec<u8> {
    written(reseller::wire(catalog))
}

/// What a text is, as long as nobody changes it.
pub fn version(text: &[u8]) -> CatalogVersion {
    let mut digest = Digester::new("catalog");
    digest.bytes(text);
    CatalogVersion::new(digest.hex())
}

/// The format is looked at first: another one has other members, and would be refused for the wrong reason.
fn sheet<T: DeserializeOwned>(text: &[u8]) -> Result<T, Unreadable> {
    #[derive(Deserialize)]
    struct Head {
        format: Option<String>,
    }
    let head: Head = serde_json::from_slice(text).map_err(Unreadable::json)?;
    match head.format.as_deref() {
        Some(FORMAT) => {}
        Some(other) => return Err(Unreadable::Format(other.to_owned())),
        None => return Err(Unreadable::Format(String::new())),
    }
    serde_json::from_slice(text).map_err(Unreadable::json)
}

fn written<T: Serialize>(catalog: T) -> Vec<u8> {
    // Maps with text keys and text values: there is nothing that JSON cannot say.
    let mut text = serde_json::to_vec_pretty(&catalog).unwrap_or_default();
    text.push(b'\n');
    text
}
