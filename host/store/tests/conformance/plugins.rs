//! Versions of plugins and what is active: kept by digest and by plugin, and still there after a restart.

use counterfoil_domain::id::Actor;
use counterfoil_domain::ports::{PluginStore, Store, Write};
use counterfoil_domain::version::{Activation, InstalledVersion};
use counterfoil_store::SqliteStore;

use crate::samples;

fn version(n: u64) -> InstalledVersion {
    InstalledVersion {
        digest: format!("d{n}").as_str().into(),
        plugin: if n.is_multiple_of(2) { "tiny" } else { "books" }.into(),
        version: format!("0.{n}.0"),
        installed_at: samples::at(100 - n),
        installed_by: Actor::from("ann"),
    }
}

fn activation(n: u64, former: Option<u64>) -> Activation {
    let InstalledVersion { digest, plugin, installed_at, installed_by, .. } = version(n);
    let former = former.map(|former| version(former).digest);
    Activation { plugin, digest, former, at: installed_at, by: installed_by }
}

async fn versions_stand_by_plugin_in_the_order_they_came<S: Store + PluginStore>(store: &S) {
    assert_eq!(store.plugin_versions().await.unwrap(), []);
    let writes = [2, 4, 1, 3].map(|n| Write::PutPluginVersion(version(n)));
    store.commit(writes.to_vec()).await.unwrap();
    assert_eq!(store.plugin_versions().await.unwrap(), [3, 1, 4, 2].map(version));
    store.commit(vec![Write::PutPluginVersion(version(4))]).await.unwrap();
    assert_eq!(store.plugin_versions().await.unwrap().len(), 4, "a digest is one version");
}

async fn one_version_of_a_plugin_is_active<S: Store + PluginStore>(store: &S) {
    assert_eq!(store.activations().await.unwrap(), []);
    for active in [activation(2, None), activation(1, None), activation(4, Some(2))] {
        store.commit(vec![Write::PutActivation(active)]).await.unwrap();
    }
    assert_eq!(store.activations().await.unwrap(), [activation(1, None), activation(4, Some(2))]);
}

crate::both_stores!(versions_stand_by_plugin_in_the_order_they_came, one_version_of_a_plugin_is_active);

#[tokio::test]
async fn a_restart_forgets_no_version() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("counterfoil.db");
    let store = SqliteStore::open(&path).unwrap();
    store
        .commit(vec![Write::PutPluginVersion(version(2)), Write::PutActivation(activation(2, Some(4)))])
        .await
        .unwrap();
    drop(store);
    let store = SqliteStore::open(&path).unwrap();
    assert_eq!(store.plugin_versions().await.unwrap(), [version(2)]);
    assert_eq!(store.activations().await.unwrap(), [activation(2, Some(4))]);
    assert_eq!(store.integrity().await.unwrap().problems, Vec::<String>::new());
}
