//! Secrets: both vaults, and what is on the disk.

use counterfoil_domain::ports::{Vault, VaultError};
use counterfoil_domain::secret::{Secret, SecretScope};
use counterfoil_store::{KeyError, MasterKey, MemoryVault, SqliteStore, SqliteVault};

const PLAIN: &str = "plain-refresh-token-0123456789-äöü";

fn key(byte: u8) -> MasterKey {
    MasterKey::generate(&mut [byte; 32])
}

fn scopes() -> [SecretScope; 3] {
    [
        SecretScope::Connection("xero".into()),
        SecretScope::Connection("xero/other".into()),
        SecretScope::Marketplace("xero".into()),
    ]
}

async fn keeps_secrets_apart<V: Vault>(vault: &V) {
    let scopes = scopes();
    assert_eq!(vault.get(&scopes[0], "token").await, Ok(None));
    assert_eq!(vault.names(&scopes[0]).await, Ok(vec![]));
    for (n, scope) in scopes.iter().enumerate() {
        for name in ["token", "id", "", "other/token"] {
            vault.put(scope, name, Secret::new(format!("{PLAIN}{n}{name}"))).await.unwrap();
        }
    }
    for (n, scope) in scopes.iter().enumerate() {
        for name in ["token", "id", "", "other/token"] {
            assert_eq!(vault.get(scope, name).await, Ok(Some(Secret::new(format!("{PLAIN}{n}{name}")))));
        }
        let names = ["", "id", "other/token", "token"].map(str::to_owned).to_vec();
        assert_eq!(vault.names(scope).await, Ok(names));
    }
    vault.put(&scopes[0], "token", Secret::new("rotated")).await.unwrap();
    assert_eq!(vault.get(&scopes[0], "token").await, Ok(Some(Secret::new("rotated"))));
    let printed = format!("{vault:?}");
    assert!(!printed.contains("rotated") && !printed.contains(PLAIN), "{printed}");
}

#[tokio::test]
async fn memory_vault_keeps_secrets_apart() {
    keeps_secrets_apart(&MemoryVault::new()).await;
}

#[tokio::test]
async fn sqlite_vault_keeps_secrets_apart() {
    keeps_secrets_apart(&SqliteVault::new(crate::in_file().store, key(7))).await;
}

#[tokio::test]
async fn no_file_of_the_store_holds_the_plain_text() {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(folder.path().join("store.db")).unwrap();
    let vault = SqliteVault::new(store.clone(), key(7));
    let scope = SecretScope::Connection("xero".into());
    vault.put(&scope, "token", Secret::new(PLAIN)).await.unwrap();
    store.backup_to(folder.path().join("copy.db")).await.unwrap();
    let holds = |needle: &[u8]| {
        let mut files = 0;
        let mut found = 0;
        for entry in std::fs::read_dir(folder.path()).unwrap() {
            let bytes = std::fs::read(entry.unwrap().path()).unwrap();
            files += 1;
            found += usize::from(bytes.windows(needle.len()).any(|window| window == needle));
        }
        (files, found)
    };
    let encoded = base64::Engine::encode(&base64::prelude::BASE64_STANDARD, PLAIN);
    let (files, found) = holds(PLAIN.as_bytes());
    assert!(files >= 3, "the database, its log and the copy are looked through, not {files}");
    assert_eq!(found, 0);
    assert_eq!(holds(encoded.as_bytes()).1, 0);
    assert!(holds(b"connection/xero").1 > 0, "the row is there, so the search can find something");
    drop((vault, store));
    assert_eq!(holds(PLAIN.as_bytes()).1, 0);
}

#[tokio::test]
async fn another_key_opens_nothing_and_says_so() {
    let store = crate::in_file();
    let scope = SecretScope::Connection("xero".into());
    let right = SqliteVault::new(store.store.clone(), key(1));
    right.put(&scope, "token", Secret::new(PLAIN)).await.unwrap();
    let wrong = SqliteVault::new(store.store.clone(), key(2));
    let error = VaultError::WrongKey { scope: "connection/xero".to_owned(), name: "token".to_owned() };
    assert_eq!(wrong.get(&scope, "token").await, Err(error));
    assert_eq!(wrong.names(&scope).await, Ok(vec!["token".to_owned()]));
    assert_eq!(right.get(&scope, "token").await, Ok(Some(Secret::new(PLAIN))));
}

#[tokio::test]
async fn a_secret_cannot_be_moved_to_another_place() {
    let moves = [
        ("scope = 'marketplace/xero'", SecretScope::Marketplace("xero".into()), "token"),
        ("scope = 'connection/zero'", SecretScope::Connection("zero".into()), "token"),
        ("name = 'taken'", SecretScope::Connection("xero".into()), "taken"),
    ];
    for (set, scope, name) in moves {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store.db");
        let vault = SqliteVault::new(SqliteStore::open(&path).unwrap(), key(1));
        vault.put(&SecretScope::Connection("xero".into()), "token", Secret::new(PLAIN)).await.unwrap();
        let raw = rusqlite::Connection::open(&path).unwrap();
        assert_eq!(raw.execute(&format!("UPDATE secrets SET {set}"), []).unwrap(), 1);
        let opened = vault.get(&scope, name).await;
        assert!(matches!(opened, Err(VaultError::WrongKey { .. })), "{set}: {opened:?}");
    }
}

#[test]
fn a_key_travels_through_a_file_only_its_owner_reads() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("master.key");
    let mut random = [9_u8; 32];
    let key = MasterKey::generate(&mut random);
    assert_eq!(random, [0; 32], "the caller's copy is wiped");
    key.write_new(&path).unwrap();
    assert!(MasterKey::from_file(&path).unwrap() == key);
    assert!(matches!(key.write_new(&path), Err(KeyError::NotWritten { .. })), "never replaced");
    assert_eq!(format!("{key:?}"), "MasterKey(…)");

    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        for (mode, fine) in [(0o600, true), (0o400, true), (0o640, false), (0o604, false), (0o622, false)] {
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
            let read = MasterKey::from_file(&path);
            match read {
                Ok(_) => assert!(fine, "{mode:o}"),
                Err(KeyError::TooOpen { mode: told, .. }) => assert!(!fine && told == mode, "{mode:o}"),
                Err(other) => panic!("{other}"),
            }
        }
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
    }
    for text in ["", "not base64!", "c2hvcnQ="] {
        std::fs::write(&path, text).unwrap();
        assert!(matches!(MasterKey::from_file(&path), Err(KeyError::Malformed { .. })), "{text:?}");
    }
    assert!(matches!(MasterKey::from_file(folder.path().join("none")), Err(KeyError::Unreadable { .. })));
    assert!(matches!(MasterKey::from_env("COUNTERFOIL_NO_SUCH_KEY"), Err(KeyError::NotSet(_))));
}
