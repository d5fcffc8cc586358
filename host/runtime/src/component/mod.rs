//! A plugin as a file: one component that carries its card. Owns reading and refusing; runs nothing.

mod offered;
mod read;
mod section;
pub mod signature;
mod strip;

pub use offered::RefusedImport;
pub use read::{PackageError, digest, manifest_text, read, reopen};
pub use section::{EmbedError, embed};
pub use strip::strip;

use std::sync::Arc;

use counterfoil_domain::card::Card;
use counterfoil_domain::id::PluginDigest;

/// The custom section that holds the card.
pub const MANIFEST_SECTION: &str = "counterfoil:manifest";

/// The SDK's stamp: which contract the code was compiled against. Beside what the card says, because a card can be
/// written by hand.
pub const CONTRACT_SECTION: &str = "counterfoil:contract";

/// No card is larger: four times the longest one known.
pub const MAX_MANIFEST_BYTES: usize = 64 * 1024;

/// No component is larger: twice what a Python plugin needs.
pub const MAX_BYTES: usize = 32 * 1024 * 1024;

/// A component that was read, whole, and may be loaded.
#[derive(Clone)]
pub struct Package {
    /// SHA-256 of the bytes: names the version for ever.
    pub digest: PluginDigest,
    pub bytes: Arc<[u8]>,
    pub card: Card,
    /// What it imports, all of it offered.
    pub imports: Vec<String>,
}

impl Package {
    pub fn size(&self) -> usize {
        self.bytes.len()
    }
}

impl std::fmt::Debug for Package {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {} ({} bytes, {})", self.card.id, self.card.version, self.size(), self.digest)
    }
}
