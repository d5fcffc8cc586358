//! Secrets at rest. Sealed with XChaCha20-Poly1305 under a master key that is never in the database; bound
//! to their owner and name, so that none can be moved to another's place.

mod key;
mod memory;
mod sealed;
mod sqlite;

pub use key::{KeyError, MasterKey};
pub use memory::MemoryVault;
pub(crate) use sealed::SealedSecret;
pub use sqlite::SqliteVault;
