//! Runs of catalog sync: what was asked, how far it is, and what became of each reseller. Owns what may follow what and
//! what a lost answer means; who reads and writes catalogs is the engine's business.

use std::fmt;

use chrono::{DateTime, Utc};

use super::apply::{Moved, MovedWhy, Stale, Undo, apply};
use super::change::{Change, ChangeKind, ChangeSet};
use super::delegated::ResellerCatalog;
use super::held::{HeldBack, Note};
use super::id::TemplateId;
use super::options::Options;
use super::provider::DisplayPolicy;
use super::scope::{Depth, Scope, Step, Upstream};
use crate::digest::Digester;
use crate::id::{Actor, CatalogVersion, MarketplaceId, ResellerId, RunId, StepKey};
use crate::order::named;
use crate::run::RunState;

named! {
    CatalogRunKind {
        /// Reads and compares; writes nothing outside.
        Preview = "preview",
        /// Writes what a preview showed.
        Sync = "sync",
        /// Takes a sync back.
        Undo = "undo",
    }
}

/// What is synchronized to whom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SyncOrder {
    pub scope: Scope,
    pub depth: Depth,
    pub options: Options,
    pub display: DisplayPolicy,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CatalogRun {
    pub id: RunId,
    /// Whose data it is.
    pub reseller: ResellerId,
    /// Where the catalogs are.
    pub marketplace: MarketplaceId,
    pub kind: CatalogRunKind,
    /// The preview that is synchronized, or the sync that is taken back.
    pub of: Option<RunId>,
    pub order: SyncOrder,
    pub state: RunState,
    pub asked_by: Actor,
    pub asked_at: DateTime<Utc>,
    pub started_at: Option<DateTime<Utc>>,
    pub finished_at: Option<DateTime<Utc>>,
    /// How many resellers it reaches, once that is known.
    pub total: Option<u64>,
    pub done: u64,
    /// What people should know of the run as a whole.
    pub notes: Vec<String>,
    /// Why it could not go on.
    pub problem: Option<String>,
}

/// How a reseller's turn stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StepState {
    /// Compared; nothing was written outside.
    Compared,
    /// About to be written, or written: nobody knows until it is looked up. `wanted` tells the written catalog again.
    Sending {
        read: CatalogVersion,
        wanted: String,
    },
    Written {
        read: CatalogVersion,
        written: CatalogVersion,
    },
    /// There was nothing to do.
    Nothing,
    /// Not what was looked at before: nothing was written.
    Refused {
        why: String,
    },
    Failed {
        why: String,
    },
    /// Taken back; what was changed since stays, by key.
    TakenBack {
        left: Vec<String>,
    },
}

impl StepState {
    pub fn name(&self) -> &'static str {
        match self {
            Self::Compared => "compared",
            Self::Sending { .. } => "sending",
            Self::Written { .. } => "written",
            Self::Nothing => "nothing",
            Self::Refused { .. } => "refused",
            Self::Failed { .. } => "failed",
            Self::TakenBack { .. } => "taken-back",
        }
    }

    /// It will not be taken up again by the same run.
    pub fn is_over(&self) -> bool {
        !matches!(self, Self::Sending { .. })
    }
}

/// One reseller's turn in a run, with all that a person wants to see of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CatalogStep {
    pub run: RunId,
    /// Counted from 0, in the order in which resellers have their turn.
    pub place: u64,
    pub reseller: ResellerId,
    pub upstream: Upstream,
    pub template: TemplateId,
    pub level: u64,
    pub state: StepState,
    /// What was compared, by `ChangeSet::digest`.
    pub digest: String,
    pub changes: Vec<Change>,
    pub held: Vec<HeldBack>,
    pub notes: Vec<Note>,
}

impl CatalogStep {
    pub fn new(run: &RunId, place: u64, step: &Step, state: StepState) -> Self {
        Self {
            run: run.clone(),
            place,
            reseller: step.reseller.clone(),
            upstream: step.upstream.clone(),
            template: step.template.clone(),
            level: step.level as u64,
            state,
            digest: String::new(),
            changes: Vec::new(),
            held: Vec::new(),
            notes: Vec::new(),
        }
    }

    #[must_use]
    pub fn showing(mut self, set: ChangeSet) -> Self {
        self.digest = set.digest();
        (self.changes, self.held, self.notes) = (set.changes, set.held, set.notes);
        self
    }

    /// The same for every try of this turn.
    pub fn key(&self) -> StepKey {
        let mut digester = Digester::new("catalog-step");
        digester.text(self.run.as_str()).text(self.reseller.as_str());
        StepKey::new(digester.hex())
    }

    pub fn counts(&self) -> Vec<(ChangeKind, usize)> {
        let mut counts = std::collections::BTreeMap::new();
        for change in &self.changes {
            *counts.entry(change.kind()).or_insert(0usize) += 1;
        }
        counts.into_iter().collect()
    }

    /// Makes the same changes again, of a catalog that is as it was.
    pub fn redo(&self, catalog: &mut ResellerCatalog) -> Result<(), Stale> {
        let set = ChangeSet {
            reseller: self.reseller.clone(),
            template: self.template.clone(),
            options: Options::NONE,
            changes: self.changes.clone(),
            held: Vec::new(),
            notes: Vec::new(),
        };
        apply(catalog, &set).map(|_| ())
    }

    /// Whether these changes are in a catalog, whatever else is: every cell as it was to be, or every cell as it was.
    pub fn stands_in(&self, catalog: &ResellerCatalog) -> Landed {
        if self.redo(&mut catalog.clone()).is_ok() {
            return Landed::No;
        }
        let back = self.undo().apply_where_unchanged(&mut catalog.clone());
        let all = back.is_ok_and(|back| back.left.iter().all(|moved| moved.why == MovedWhy::InUse));
        if all { Landed::Yes } else { Landed::Unknown }
    }

    /// Of what was taken back: which cells are not as they were before the changes.
    pub fn left_in(&self, catalog: &ResellerCatalog) -> Vec<Moved> {
        let edits = self.changes.iter().map(|change| change.edit.clone()).collect();
        let again = Undo { reseller: self.reseller.clone(), edits }.apply_where_unchanged(&mut catalog.clone());
        let left = again.map(|again| again.left).unwrap_or_default();
        left.into_iter().filter(|moved| moved.why == MovedWhy::Changed).collect()
    }

    /// What takes these changes back.
    pub fn undo(&self) -> Undo {
        let edits = self.changes.iter().rev().map(|change| change.edit.clone().inverse()).collect();
        Undo { reseller: self.reseller.clone(), edits }
    }
}

/// A catalog as it is to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    pub catalog: ResellerCatalog,
    pub print: String,
}

/// The catalog with the changes made, all or none.
pub fn wanted(mut catalog: ResellerCatalog, set: &ChangeSet) -> Result<Wanted, Stale> {
    apply(&mut catalog, set)?;
    let print = print(&catalog);
    Ok(Wanted { catalog, print })
}

/// Tells a catalog from every other.
pub fn print(catalog: &ResellerCatalog) -> String {
    let mut digester = Digester::new("reseller-catalog");
    // Derived `Debug` shows every field, and maps in the order of their keys. A later version that shows them otherwise
    // finds a print that fits nothing: then it is not known whether a catalog landed, and nothing is sent.
    digester.text(&format!("{catalog:?}"));
    digester.hex()
}

/// What became of a catalog whose answer was lost, by what is there now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Landed {
    /// What was to be written is there.
    Yes,
    /// What was read is there still: it may be sent again, under the same key and the same condition.
    No,
    /// Neither: somebody changed it meanwhile, before or after.
    Unknown,
}

pub fn landed(read: &CatalogVersion, wanted: &str, now: &CatalogVersion, catalog: &ResellerCatalog) -> Landed {
    if print(catalog) == wanted {
        Landed::Yes
    } else if now == read {
        Landed::No
    } else {
        Landed::Unknown
    }
}

/// For a step that is in the way of another: why it is refused.
pub fn moved_since_preview(reseller: &ResellerId) -> String {
    format!(
        "the catalog of reseller \"{reseller}\", or what the provider has for it, was changed since the preview. Nothing \
         was written there; make a new preview and look at what is different"
    )
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Preset {
    pub reseller: ResellerId,
    pub name: String,
    pub options: Options,
    pub display: DisplayPolicy,
    pub by: Actor,
    pub at: DateTime<Utc>,
}
