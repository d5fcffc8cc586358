//! Versions beside each other: install, activate, roll back, keep, and the code that was compiled of them.

use std::sync::Arc;
use std::time::Duration;

use crate::common::{Scripted, json};
use counterfoil_domain::id::{PluginDigest, PluginId};
use counterfoil_domain::ports::{CallError, Targets};
use counterfoil_runtime::component::{self, Package};
use counterfoil_runtime::registry::{ActivateError, InstallError, Kept, KeptError, Registry};
use counterfoil_runtime::sandbox::{Sandbox, Workshop};

/// The same code with another version on its card: another digest.
fn other_version(package: &Package, folder: &str, version: &str) -> Vec<u8> {
    let card = std::fs::read_to_string(crate::common::guest_folder(folder).join("plugin.toml")).unwrap();
    component::embed(&package.bytes, &card.replace("version = \"0.1.0\"", &format!("version = \"{version}\""))).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn activation_swaps_and_rolls_back() {
    let Some(first) = crate::common::package("tiny").await else { return };
    let second = component::read(&other_version(&first, "tiny", "0.2.0")).unwrap();
    assert_ne!(first.digest, second.digest);
    let registry = Registry::new(crate::common::sandbox());
    let tiny = PluginId::new("tiny");
    let active = || registry.active(&tiny).map(|target| target.card().version.clone());

    let loaded = registry.install(&first).await.unwrap();
    assert!(Arc::ptr_eq(&loaded, &registry.install(&first).await.unwrap()));
    assert_eq!(active(), None, "installing activates nothing");
    assert_eq!(registry.activate(&tiny, &first.digest).unwrap(), None);
    assert_eq!(active().as_deref(), Some("0.1.0"));

    registry.install(&second).await.unwrap();
    assert_eq!(registry.activate(&tiny, &second.digest).unwrap(), Some(first.digest.clone()));
    assert_eq!(active().as_deref(), Some("0.2.0"));
    assert_eq!(registry.by_digest(&first.digest).unwrap().card().version, "0.1.0", "a batch can end on it");
    assert_eq!(registry.cards().len(), 1);
    registry.activate(&tiny, &first.digest).unwrap();
    assert_eq!(active().as_deref(), Some("0.1.0"));

    let unknown = PluginDigest::new("00");
    assert_eq!(registry.activate(&tiny, &unknown).unwrap_err(), ActivateError::NotInstalled { digest: unknown });
    let other = registry.activate(&PluginId::new("xero"), &first.digest).unwrap_err();
    assert!(matches!(other, ActivateError::OtherPlugin { .. }), "{other}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_in_flight_ends_on_the_version_that_it_began_with() {
    let Some(first) = crate::common::package("hostile").await else { return };
    let second = component::read(&other_version(&first, "hostile", "0.2.0")).unwrap();
    let registry = Registry::new(crate::common::sandbox());
    let id = PluginId::new("hostile");
    registry.install(&first).await.unwrap();
    registry.activate(&id, &first.digest).unwrap();
    let before = registry.active(&id).unwrap();
    let exchange = Scripted::new(&first.card, |_| json(200, "{}"));
    let call = tokio::spawn(async move { before.search(exchange, "loop".to_owned(), String::new(), None).await });
    tokio::time::sleep(Duration::from_millis(50)).await;
    registry.install(&second).await.unwrap();
    registry.activate(&id, &second.digest).unwrap();
    assert!(matches!(call.await.unwrap(), Err(CallError::Timeout { .. })));
    assert_eq!(registry.version(&first.digest).unwrap().recent_calls().last().unwrap().call, "search");
    assert!(registry.version(&second.digest).unwrap().recent_calls().is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_kept_is_what_was_installed_or_nothing() {
    let Some(first) = crate::common::package("tiny").await else { return };
    let folder = tempfile::tempdir().unwrap();
    let kept = Kept::open(&folder.path().join("versions")).unwrap();
    let registry = Registry::new(crate::common::sandbox());
    let digest = &first.digest;
    assert_eq!(kept.get(digest).unwrap_err(), KeptError::Gone(digest.clone()));
    kept.put(&first).unwrap();
    kept.put(&first).unwrap();
    assert_eq!(kept.get(digest).unwrap().card, first.card);
    let loaded = registry.install_kept(&kept, digest).await.unwrap();
    assert!(Arc::ptr_eq(&loaded, &registry.install_bytes(first.bytes.to_vec()).await.map(|_| loaded.clone()).unwrap()));

    let path = folder.path().join(format!("versions/{digest}.wasm"));
    assert!(std::fs::metadata(&path).unwrap().permissions().readonly());
    std::fs::remove_file(&path).unwrap();
    std::fs::write(&path, other_version(&first, "tiny", "0.2.0")).unwrap();
    let fresh = Registry::new(crate::common::sandbox());
    let altered = fresh.install_kept(&kept, digest).await.unwrap_err();
    assert_eq!(altered, InstallError::Kept(KeptError::Package(component::PackageError::Altered)));
    // Installed again, it is mended.
    kept.put(&first).unwrap();
    fresh.install_kept(&kept, digest).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bad_bytes_install_nothing() {
    let registry = Registry::new(crate::common::sandbox());
    let broken = registry.install_bytes(b"\0asm\x0d\0\x01\0\x07".to_vec()).await.unwrap_err();
    assert!(matches!(broken, InstallError::Package(component::PackageError::Malformed(_))), "{broken}");
    let module = registry.install_bytes(b"\0asm\x01\0\0\0".to_vec()).await.unwrap_err();
    assert!(matches!(module, InstallError::Package(component::PackageError::NotAComponent { .. })), "{module}");
    assert!(registry.cards().is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_start_compiles_nothing() {
    let Some(first) = crate::common::package("tiny").await else { return };
    let folder = tempfile::tempdir().unwrap();
    let workshop = Workshop { folder: folder.path().join("compiled"), compiler: None };
    let start = || Registry::new(Sandbox::with_workshop(2, crate::common::clock(), &workshop).unwrap());
    for (compiled, what) in [(1, "a cold start"), (0, "a warm start")] {
        let registry = start();
        registry.install(&first).await.unwrap();
        assert_eq!(registry.compiled(), compiled, "{what}");
        registry.activate(&first.card.id, &first.digest).unwrap();
        let exchange = Scripted::new(&first.card, |_| json(200, r#"{"id":"1","name":"L","currency":"EUR"}"#));
        let account = registry.active(&first.card.id).unwrap().probe(exchange).await.unwrap();
        assert_eq!(account.name, "L", "{what}");
    }
    // Altered code is not run.
    for entry in std::fs::read_dir(&workshop.folder).unwrap().flatten() {
        if entry.path().extension().is_some_and(|extension| extension == "code") {
            std::fs::write(entry.path(), b"\x7fELF").unwrap();
        }
    }
    let registry = start();
    registry.install(&first).await.unwrap();
    assert_eq!(registry.compiled(), 1);
}
