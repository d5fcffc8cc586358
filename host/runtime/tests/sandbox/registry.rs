//! Versions beside each other: install, activate, roll back, load a folder.

use std::sync::Arc;
use std::time::Duration;

use crate::common::{Scripted, json};
use counterfoil_domain::id::{PluginDigest, PluginId};
use counterfoil_domain::ports::{CallError, Targets};
use counterfoil_runtime::component::{self, Package};
use counterfoil_runtime::registry::{ActivateError, InstallError, Registry};

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
async fn a_folder_loads_what_it_can() {
    let (Some(tiny), Some(hostile)) = (crate::common::package("tiny").await, crate::common::package("hostile").await)
    else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let put = |name: &str, bytes: &[u8]| std::fs::write(folder.path().join(name), bytes).unwrap();
    put("a-tiny-10.wasm", &other_version(&tiny, "tiny", "0.10.0"));
    put("b-tiny-9.wasm", &other_version(&tiny, "tiny", "0.9.0"));
    put("c-hostile.wasm", &hostile.bytes);
    put("d-broken.wasm", b"\0asm\x0d\0\x01\0\x07");
    put("e-module.wasm", b"\0asm\x01\0\0\0");
    put("f-notes.txt", b"not a plugin");
    let registry = Registry::new(crate::common::sandbox());
    let files = registry.load_folder(folder.path()).await.unwrap();
    let told: Vec<_> = files
        .iter()
        .map(|file| (file.path.file_stem().unwrap().to_str().unwrap(), file.result.is_ok(), file.active))
        .collect();
    assert_eq!(
        told,
        [
            ("a-tiny-10", true, true),
            ("b-tiny-9", true, false),
            ("c-hostile", true, true),
            ("d-broken", false, false),
            ("e-module", false, false)
        ]
    );
    assert!(matches!(files[4].result, Err(InstallError::Package(component::PackageError::NotAComponent { .. }))));
    assert_eq!(registry.active(&PluginId::new("tiny")).unwrap().card().version, "0.10.0");
    assert!(registry.load_folder(&folder.path().join("nowhere")).await.is_err());
}
