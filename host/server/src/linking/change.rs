//! What makes a link right or wrong, whichever way it comes in: one by one or as a table. Owns the refusals' words.

use counterfoil_domain::connection::ManyToOne;
use counterfoil_domain::judge::LinkBook;
use counterfoil_domain::link::{Link, LinkKind, LinkState};
use counterfoil_domain::order::Fee;
use counterfoil_domain::relink;

use crate::suggest::hint;

/// Longer than anything that a marketplace or a target calls a thing.
const MOST_CHARS: usize = 500;

pub(crate) const STATES: [&str; 3] = ["linked", "unlinked", "never-sync"];

/// What is wrong with one part of a link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Wrong {
    /// As the link's JSON names it: "source", "target/id".
    pub(crate) part: &'static str,
    pub(crate) code: &'static str,
    pub(crate) text: String,
}

impl Wrong {
    pub(crate) fn new(part: &'static str, code: &'static str, text: impl Into<String>) -> Self {
        Self { part, code, text: text.into() }
    }

    pub(crate) fn pointer(&self) -> String {
        format!("/{}", self.part)
    }
}

pub(crate) fn kind(written: &str) -> Result<LinkKind, Wrong> {
    LinkKind::parse(written).ok_or_else(|| {
        let help = hint(written, LinkKind::ALL.iter().map(|kind| kind.name()));
        Wrong::new("kind", "unknown-kind", format!("\"{written}\" is not a kind of link; {help}"))
    })
}

pub(crate) fn unknown_state(written: &str) -> Wrong {
    let help = hint(written, STATES);
    Wrong::new("state", "unknown-state", format!("\"{written}\" is not a state of a link; {help}"))
}

/// The source is there, is not endless, and is a fee where the link is a fee's.
pub(crate) fn source(kind: LinkKind, source: &str) -> Result<(), Wrong> {
    if source.trim().is_empty() {
        return Err(Wrong::new("source", "required", "say what is linked"));
    }
    short("source", source)?;
    if kind == LinkKind::Fee && Fee::parse(source).is_none() {
        let help = hint(source, Fee::ALL.iter().map(|fee| fee.name()));
        return Err(Wrong::new("source", "unknown-fee", format!("\"{source}\" is not a fee; {help}")));
    }
    Ok(())
}

pub(crate) fn short(part: &'static str, text: &str) -> Result<(), Wrong> {
    let long = text.chars().count();
    if long <= MOST_CHARS {
        return Ok(());
    }
    Err(Wrong::new(part, "too-long", format!("{long} characters are more than a link keeps ({MOST_CHARS})")))
}

/// The whole link against the others: its target's texts, and whether another product holds the item.
pub(crate) fn fits(link: &Link, others: &LinkBook, many_to_one: ManyToOne) -> Result<(), Wrong> {
    short("source_name", &link.source_name)?;
    if let Some(target) = link.target() {
        short("target/id", target.id.as_str())?;
        short("target/code", &target.code)?;
        short("target/name", &target.name)?;
    }
    if many_to_one != ManyToOne::One {
        return Ok(());
    }
    relink::held_by_another(link, others).map_err(|held| Wrong::new("target/id", "taken", held.to_string()))
}

pub(crate) fn say(state: &LinkState) -> String {
    match state {
        LinkState::Linked(target) => format!("linked to {} {}", target.id, target.name),
        LinkState::Unlinked | LinkState::NeverSync => state.name().to_owned(),
    }
}
