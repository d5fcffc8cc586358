//! A set of changes, for people and for scripts: compared here, or read from the service. Owns its layout; every sentence is
//! the domain's.

use std::collections::BTreeMap;
use std::fmt::{Result, Write as _};

use counterfoil_domain::catalog::{ChangeKind, ChangeSet, SyncOption};
use counterfoil_server::wire::{CatalogChangeView, CatalogHeldView, CatalogNoteView};
use serde::Serialize;

use crate::cli::show::{clean, number};

/// What differs between a provider and one reseller.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Report {
    pub(super) reseller: String,
    pub(super) template: String,
    pub(super) options: Vec<String>,
    pub(super) digest: String,
    pub(super) changes: Vec<CatalogChangeView>,
    pub(super) held_back: Vec<CatalogHeldView>,
    pub(super) notes: Vec<CatalogNoteView>,
}

impl From<&ChangeSet> for Report {
    fn from(set: &ChangeSet) -> Self {
        Self {
            reseller: set.reseller.to_string(),
            template: set.template.to_string(),
            options: set.options.iter().map(|option| option.name().to_owned()).collect(),
            digest: set.digest(),
            changes: set.changes.iter().map(Into::into).collect(),
            held_back: set.held.iter().map(Into::into).collect(),
            notes: set.notes.iter().map(Into::into).collect(),
        }
    }
}

/// "1 new plan, 3 price changes", in the order of the kinds.
pub(super) fn counted(counts: &BTreeMap<String, u64>) -> String {
    let known = ChangeKind::ALL.iter().filter_map(|kind| {
        let count = *counts.get(kind.name())?;
        Some(kind.counted(usize::try_from(count).unwrap_or(usize::MAX)))
    });
    // A service of a later version may have more kinds.
    let others = counts.iter().filter(|(name, _)| ChangeKind::parse(name).is_none());
    let others = others.map(|(name, count)| format!("{count} {}", clean(name)));
    known.chain(others).collect::<Vec<_>>().join(", ")
}

/// Grouped by the option that sends it, in the order of the page.
pub(super) fn text(report: &Report) -> String {
    let mut out = String::new();
    let _never = head(&mut out, report).and_then(|()| body(&mut out, report)).and_then(|()| tail(&mut out, report));
    out
}

fn head(out: &mut String, report: &Report) -> Result {
    let mut counts: BTreeMap<String, u64> = BTreeMap::new();
    for change in &report.changes {
        *counts.entry(change.kind.clone()).or_default() += 1;
    }
    let what = if counts.is_empty() { "nothing to send".to_owned() } else { counted(&counts) };
    writeln!(out, "Reseller {}, service template {}: {what}", clean(&report.reseller), clean(&report.template))?;
    writeln!(out, "Options: {}", named(&report.options))
}

/// "none", "all", or their names.
pub(super) fn named(options: &[String]) -> String {
    match options.len() {
        0 => "none".to_owned(),
        many if many == SyncOption::ALL.len() => "all".to_owned(),
        _ => clean(&options.join(", ")),
    }
}

fn body(out: &mut String, report: &Report) -> Result {
    for option in SyncOption::ALL {
        section(out, option.label(), report.changes.iter().filter(|change| change.option == option.name()))?;
    }
    let others = report.changes.iter().filter(|change| SyncOption::parse(&change.option).is_none());
    section(out, "Other options", others)
}

fn section<'a>(out: &mut String, label: &str, sent: impl Iterator<Item = &'a CatalogChangeView>) -> Result {
    for (index, change) in sent.enumerate() {
        if index == 0 {
            writeln!(out, "\n{label}")?;
        }
        let kind = ChangeKind::parse(&change.kind).map_or(change.kind.as_str(), |kind| kind.words().0);
        writeln!(out, "  {} · {}", clean(kind), values(change))?;
        writeln!(out, "    {}", clean(&change.why))?;
    }
    Ok(())
}

fn values(change: &CatalogChangeView) -> String {
    format!("{}: {} → {}", clean(&change.subject), clean(&change.before), clean(&change.after))
}

fn tail(out: &mut String, report: &Report) -> Result {
    if !report.held_back.is_empty() {
        writeln!(out, "\nNot sent")?;
    }
    for held in &report.held_back {
        writeln!(out, "  {}", clean(&held.text))?;
        for change in &held.changes {
            writeln!(out, "    {}", values(change))?;
        }
    }
    if !report.notes.is_empty() {
        writeln!(out, "\nGood to know")?;
    }
    for note in &report.notes {
        writeln!(out, "  {}", clean(&note.text))?;
    }
    Ok(())
}

/// Of a run, the sum of its resellers.
pub(super) fn sum<'a>(all: impl Iterator<Item = &'a BTreeMap<String, u64>>) -> BTreeMap<String, u64> {
    let mut sum: BTreeMap<String, u64> = BTreeMap::new();
    for counts in all {
        for (kind, count) in counts {
            let entry = sum.entry(kind.clone()).or_default();
            *entry = entry.saturating_add(*count);
        }
    }
    sum
}

/// "1 reseller", "3 resellers".
pub(super) fn resellers(count: usize) -> String {
    crate::cli::show::count(number(count), "reseller")
}
