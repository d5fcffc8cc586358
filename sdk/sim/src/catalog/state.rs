//! Owns: the catalogs that are held, the version of each, and which keys were answered already.

use std::collections::BTreeMap;

use serde_json::Value;
use sha2::{Digest, Sha256};

/// A reseller in the tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Served {
    pub reseller: String,
    /// The provider itself where there is none.
    pub upstream: Option<String>,
    pub template: String,
}

/// A catalog that was replaced over the API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Commit {
    pub reseller: String,
    pub key: Option<String>,
    pub version: String,
}

#[derive(Debug, Clone)]
pub(super) struct Held {
    pub(super) catalog: Value,
    pub(super) version: String,
}

/// What a key was first used for, and what it was answered.
#[derive(Debug, Clone)]
struct Answered {
    reseller: String,
    body: Vec<u8>,
    version: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Refused {
    Unknown,
    Moved,
    KeyOfAnother,
}

/// All that one owner of catalogs holds.
#[derive(Debug)]
pub struct CatalogShop {
    token: String,
    provider: Held,
    tree: Vec<Served>,
    catalogs: BTreeMap<String, Held>,
    answered: BTreeMap<String, Answered>,
    commits: Vec<Commit>,
    versions: u64,
}

impl CatalogShop {
    #[must_use]
    pub fn new(token: &str, provider: Value) -> Self {
        let provider = Held { catalog: provider, version: "\"p0\"".to_owned() };
        Self {
            token: token.to_owned(),
            provider,
            tree: Vec::new(),
            catalogs: BTreeMap::new(),
            answered: BTreeMap::new(),
            commits: Vec::new(),
            versions: 0,
        }
    }

    /// Adds a reseller with what it holds.
    #[must_use]
    pub fn with(mut self, served: Served, catalog: Value) -> Self {
        self.set(&served.reseller.clone(), catalog);
        self.tree.push(served);
        self
    }

    /// Somebody changes a reseller's catalog beside the API.
    pub fn set(&mut self, reseller: &str, catalog: Value) {
        let version = self.next();
        self.catalogs.insert(reseller.to_owned(), Held { catalog, version });
    }

    pub fn set_provider(&mut self, catalog: Value) {
        self.provider = Held { catalog, version: self.next() };
    }

    #[must_use]
    pub fn catalog(&self, reseller: &str) -> Option<&Value> {
        self.catalogs.get(reseller).map(|held| &held.catalog)
    }

    #[must_use]
    pub fn served(&self) -> &[Served] {
        &self.tree
    }

    /// What was replaced over the API, in order; a repeated request is not in it.
    #[must_use]
    pub fn commits(&self) -> &[Commit] {
        &self.commits
    }

    pub(super) fn admits(&self, token: Option<&str>) -> bool {
        token == Some(self.token.as_str())
    }

    pub(super) fn provider(&self) -> &Held {
        &self.provider
    }

    pub(super) fn held(&self, reseller: &str) -> Option<&Held> {
        self.catalogs.get(reseller)
    }

    /// What was answered to this key, if it was: only what was done is remembered, never a refusal.
    pub(super) fn repeated(&self, reseller: &str, key: &str, body: &[u8]) -> Option<Result<String, Refused>> {
        let known = self.answered.get(key)?;
        let same = known.reseller == reseller && known.body == digest(body);
        Some(if same { Ok(known.version.clone()) } else { Err(Refused::KeyOfAnother) })
    }

    pub(super) fn replace(
        &mut self,
        reseller: &str,
        condition: &str,
        key: Option<&str>,
        (catalog, body): (Value, &[u8]),
    ) -> Result<String, Refused> {
        let held = self.catalogs.get(reseller).ok_or(Refused::Unknown)?;
        if held.version != condition {
            return Err(Refused::Moved);
        }
        self.set(reseller, catalog);
        let version = self.held(reseller).map(|held| held.version.clone()).unwrap_or_default();
        if let Some(key) = key {
            let answered = Answered { reseller: reseller.to_owned(), body: digest(body), version: version.clone() };
            self.answered.insert(key.to_owned(), answered);
        }
        let commit = Commit { reseller: reseller.to_owned(), key: key.map(str::to_owned), version: version.clone() };
        self.commits.push(commit);
        Ok(version)
    }

    /// Never the same again, not even for the same content.
    fn next(&mut self) -> String {
        self.versions += 1;
        format!("\"v{}\"", self.versions)
    }
}

fn digest(body: &[u8]) -> Vec<u8> {
    Sha256::digest(body).to_vec()
}
