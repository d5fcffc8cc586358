//! Catalogs of service plans: where a provider's and its resellers' are read and written. Owns their shape outside and
//! how a set of changes lands; what differs, and what is sent, is decided in the domain.

mod files;
mod http;
mod tree;
pub mod wire;

pub use files::FileCatalogs;
pub use http::{FILE_SETTINGS, HttpCatalogs, SETTINGS, check_settings, route};
