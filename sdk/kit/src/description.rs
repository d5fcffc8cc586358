//! The conformance description, `conformance.toml`: what an author says beside the component. Settings, dummy secrets, what to
//! link to, and the simulator to talk to. Owns the file's shape; what is made of it is each part's own business.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use chrono::NaiveDate;
use serde::Deserialize;

use crate::simulator::{CommandWords, Script};

#[derive(Debug, thiserror::Error)]
pub enum DescriptionError {
    #[error("{} cannot be read: {error}. Nothing was tested; write a conformance.toml beside the plugin", path.display())]
    File { path: PathBuf, error: std::io::Error },
    #[error("the conformance description cannot be understood: {0}Nothing was tested")]
    Shape(toml::de::Error),
    #[error("the conformance description cannot be used: {0}. Nothing was tested")]
    Sense(String),
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Description {
    /// The day on which orders are made; none: the machine's.
    #[serde(default, deserialize_with = "day")]
    pub today: Option<NaiveDate>,
    /// Of the orders; none: the account's own.
    #[serde(default)]
    pub currency: Option<String>,
    /// As the card's schema names them.
    #[serde(default)]
    pub settings: BTreeMap<String, String>,
    /// Made up, and only for the simulator.
    #[serde(default)]
    pub secrets: BTreeMap<String, String>,
    /// What `probe` must say.
    #[serde(default)]
    pub account: AccountWords,
    #[serde(default, rename = "link")]
    pub links: Vec<LinkTo>,
    /// Things that `create` must be able to make; none: it is tried with a party and an item.
    #[serde(default, rename = "create")]
    pub creates: Vec<Create>,
    /// How this billing system words its refusals, by the kit's name of each: "unauthorized", "forbidden", "throttled",
    /// "rejected", "broken", "not-found".
    #[serde(default)]
    pub answers: BTreeMap<String, VendorAnswer>,
    /// None: the caller brings one.
    #[serde(default)]
    pub simulator: Option<SimulatorWords>,
    /// Where the file stands: a simulator's command is started there.
    #[serde(skip)]
    pub folder: PathBuf,
}

/// What is not said is not held against the answer.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AccountWords {
    #[serde(default)]
    pub id: Option<String>,
    #[serde(default)]
    pub name: Option<String>,
    #[serde(default)]
    pub currency: Option<String>,
    #[serde(default)]
    pub country: Option<String>,
}

/// A marketplace thing of the kit's, and what it is linked to: an id, or what a search finds by exactly this code or name.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LinkTo {
    /// "party", "item", "fee" or "container".
    pub kind: String,
    /// Product code, or the fee's name. A party is always the customer's, a container one subscription's.
    #[serde(default)]
    pub source: String,
    /// The product's name.
    #[serde(default)]
    pub name: String,
    /// The directory's kind to search; none: the link's own, and "item" for a fee.
    #[serde(default, rename = "in")]
    pub directory: Option<String>,
    #[serde(default)]
    pub id: Option<String>,
    #[serde(default)]
    pub query: Option<String>,
    #[serde(default)]
    pub attributes: BTreeMap<String, String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Create {
    pub kind: String,
    #[serde(default)]
    pub code: String,
    pub name: String,
    #[serde(default)]
    pub currency: Option<String>,
    /// "12.50".
    #[serde(default)]
    pub price: Option<String>,
    #[serde(default)]
    pub attributes: BTreeMap<String, String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VendorAnswer {
    pub status: u16,
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    #[serde(default)]
    pub body: String,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum SimulatorWords {
    /// Routes and records in the file itself.
    Scripted(Script),
    /// A program that is started for each check and answers on loopback.
    Command(CommandWords),
}

/// "2026-11-01".
fn day<'de, D: serde::Deserializer<'de>>(given: D) -> Result<Option<NaiveDate>, D::Error> {
    let text = String::deserialize(given)?;
    text.parse().map(Some).map_err(|_| serde::de::Error::custom(format!("\"{text}\" is no day such as 2026-11-01")))
}

const KINDS: [&str; 4] = ["party", "item", "fee", "container"];
const ANSWERS: [&str; 6] = ["unauthorized", "forbidden", "throttled", "rejected", "broken", "not-found"];

impl Description {
    /// # Errors
    /// When the file cannot be read, has a key that is not known, or makes no sense; the message says which.
    pub fn load(path: &Path) -> Result<Self, DescriptionError> {
        let text =
            std::fs::read_to_string(path).map_err(|error| DescriptionError::File { path: path.to_owned(), error })?;
        let mut read = Self::parse(&text)?;
        read.folder = path.parent().map(Path::to_owned).unwrap_or_default();
        Ok(read)
    }

    /// # Errors
    /// As for [`Description::load`].
    pub fn parse(text: &str) -> Result<Self, DescriptionError> {
        let read: Self = toml::from_str(text).map_err(DescriptionError::Shape)?;
        let sense = |text: String| Err(DescriptionError::Sense(text));
        for link in &read.links {
            if !KINDS.contains(&link.kind.as_str()) {
                return sense(format!("a link of kind \"{}\"; allowed are {}", link.kind, KINDS.join(", ")));
            }
            if link.id.is_some() == link.query.is_some() {
                return sense(format!("the {} link \"{}\" needs either id or query", link.kind, link.source));
            }
            if matches!(link.kind.as_str(), "item" | "fee") && link.source.is_empty() {
                return sense(format!("a link of kind {} needs a source", link.kind));
            }
        }
        if let Some(name) = read.answers.keys().find(|name| !ANSWERS.contains(&name.as_str())) {
            return sense(format!("answers.{name} is not known; allowed are {}", ANSWERS.join(", ")));
        }
        if let Some(SimulatorWords::Scripted(script)) = &read.simulator {
            script.check().map_err(DescriptionError::Sense)?;
        }
        Ok(read)
    }

    pub(crate) fn links_of<'a>(&'a self, kind: &'a str) -> impl Iterator<Item = &'a LinkTo> {
        self.links.iter().filter(move |link| link.kind == kind)
    }
}

impl LinkTo {
    pub(crate) fn searched_in(&self) -> &str {
        let own = if self.kind == "fee" { "item" } else { self.kind.as_str() };
        self.directory.as_deref().unwrap_or(own)
    }
}
