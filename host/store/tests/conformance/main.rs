//! One suite for every store, and what only the SQLite file promises.
#![expect(clippy::unwrap_used, reason = "a test ends where something it relies on fails")]

mod catalog;
mod decisions;
mod differential;
mod follow_ups;
mod former;
mod journal;
mod mails;
mod market;
mod plugins;
mod product_rows;
mod samples;
mod scale;
mod setup;
mod sqlite_file;
mod statements;
mod tasks;
mod vault;

use counterfoil_store::SqliteStore;
use tempfile::TempDir;

/// A store in a file of its own; the folder goes when the test does.
struct InFile {
    store: SqliteStore,
    _folder: TempDir,
}

fn in_file() -> InFile {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(folder.path().join("store.db")).unwrap();
    InFile { store, _folder: folder }
}

/// Each named function runs over both stores.
macro_rules! both_stores {
    ($($name:ident),+ $(,)?) => {
        mod memory_store {
            $(
                #[tokio::test]
                async fn $name() {
                    super::$name(&counterfoil_store::MemoryStore::new()).await;
                }
            )+
        }

        mod sqlite_store {
            $(
                #[tokio::test]
                async fn $name() {
                    super::$name(&$crate::in_file().store).await;
                }
            )+
        }
    };
}
use both_stores;
