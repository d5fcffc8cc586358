//! A folder of catalogs: writing them the way the service does, changing them behind its back, and what they should hold.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use counterfoil_domain::catalog::{DisplayPolicy, Options, Provider, ProviderCatalog, ResellerCatalog, apply, diff};
use counterfoil_market::catalog::wire;
use serde_json::{Value, json};

use crate::script::{base, set};

#[derive(Debug)]
pub(crate) struct Folder {
    root: PathBuf,
}

/// What tells a file that was replaced from one that was left alone.
pub(crate) type Mark = (u64, i64, i64);

impl Folder {
    pub(crate) fn new(root: PathBuf) -> Self {
        fs::create_dir_all(root.join("resellers")).unwrap();
        let folder = Self { root };
        folder.put_provider(&base("provider"));
        folder
    }

    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    pub(crate) fn file(&self, reseller: &str) -> PathBuf {
        self.root.join(format!("resellers/{reseller}.json"))
    }

    pub(crate) fn put_provider(&self, catalog: &Value) {
        fs::write(self.root.join("provider.json"), serde_json::to_vec_pretty(catalog).unwrap()).unwrap();
    }

    /// Changes of the provider's base catalog.
    pub(crate) fn provider_with(&self, changes: &[(&str, Value)]) {
        let mut catalog = base("provider");
        changes.iter().for_each(|(path, value)| set(&mut catalog, path, value.clone()));
        self.put_provider(&catalog);
    }

    pub(crate) fn provider(&self) -> ProviderCatalog {
        wire::read_provider(&fs::read(self.root.join("provider.json")).unwrap()).unwrap()
    }

    /// The base reseller under another name.
    pub(crate) fn put(&self, reseller: &str, changes: &[(&str, Value)]) {
        let mut catalog = base("reseller");
        catalog["reseller"] = json!(reseller);
        changes.iter().for_each(|(path, value)| set(&mut catalog, path, value.clone()));
        self.put_catalog(&wire::read_reseller(&serde_json::to_vec(&catalog).unwrap()).unwrap());
    }

    pub(crate) fn put_catalog(&self, catalog: &ResellerCatalog) {
        fs::write(self.file(catalog.reseller.as_str()), wire::write_reseller(catalog)).unwrap();
    }

    /// Somebody changes what is there now.
    pub(crate) fn change(&self, reseller: &str, changes: &[(&str, Value)]) {
        let mut catalog: Value = serde_json::from_slice(&self.text(reseller)).unwrap();
        changes.iter().for_each(|(path, value)| set(&mut catalog, path, value.clone()));
        self.put_catalog(&wire::read_reseller(&serde_json::to_vec(&catalog).unwrap()).unwrap());
    }

    /// Who is served by whom: reseller, the one above it (or none), service template.
    pub(crate) fn served(&self, rows: &[(&str, Option<&str>, &str)]) {
        let row = |(reseller, upstream, template): &(&str, Option<&str>, &str)| match upstream {
            None => json!({ "reseller": reseller, "template": template }),
            Some(above) => json!({ "reseller": reseller, "upstream": above, "template": template }),
        };
        let rows: Vec<Value> = rows.iter().map(row).collect();
        fs::write(self.root.join("resellers.json"), serde_json::to_vec_pretty(&rows).unwrap()).unwrap();
    }

    pub(crate) fn text(&self, reseller: &str) -> Vec<u8> {
        fs::read(self.file(reseller)).unwrap()
    }

    pub(crate) fn held(&self, reseller: &str) -> ResellerCatalog {
        wire::read_reseller(&self.text(reseller)).unwrap()
    }

    /// Every file of a reseller, and none that a writer left behind.
    pub(crate) fn texts(&self) -> BTreeMap<String, Vec<u8>> {
        let files = fs::read_dir(self.root.join("resellers")).unwrap().map(|entry| entry.unwrap().path());
        files.map(|path| (path.file_name().unwrap().to_string_lossy().into_owned(), fs::read(&path).unwrap())).collect()
    }

    pub(crate) fn mark(&self, reseller: &str) -> Mark {
        let about = fs::metadata(self.file(reseller)).unwrap();
        (about.ino(), about.mtime(), about.mtime_nsec())
    }

    /// What the file of a reseller of the provider must hold once it is synchronized.
    pub(crate) fn expected(&self, reseller: &str, options: Options) -> Vec<u8> {
        let (provider, mut held) = (self.provider(), self.held(reseller));
        let prepared = Provider::prepare(&provider, &"resellers".into(), DisplayPolicy::Preserve).unwrap();
        let set = diff(&prepared, &held, options);
        assert!(!set.is_empty(), "{reseller} has nothing to get");
        apply(&mut held, &set).unwrap();
        wire::write_reseller(&held)
    }
}

/// New prices of Gold: a fee, and a resource of it.
pub(crate) fn dearer() -> Vec<(&'static str, Value)> {
    vec![
        ("plans/gold/periods/monthly/fees/recurring/amount", json!("12.00")),
        ("plans/gold/rates/disk/prices/recurring/amount", json!("2.40")),
    ]
}

pub(crate) const DISK: &str = "plans/gold/rates/disk/prices/recurring";

pub(crate) fn own(amount: &str) -> Value {
    json!({ "amount": amount, "currency": "USD", "own": true })
}
