//! A table of links against the links that are: what each row would change, and which rows are refused. Pure; reading the
//! table is `table`'s business, committing is the route's.

use std::collections::BTreeMap;

use counterfoil_domain::connection::{Connection, ManyToOne};
use counterfoil_domain::id::Actor;
use counterfoil_domain::judge::LinkBook;
use counterfoil_domain::link::{Link, LinkKey, LinkKind, LinkState, LinkTarget};

use super::change::{self, Wrong};
use super::table::Row;
use crate::wire::LinkRowView;

/// What a row comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Verdict {
    New(Link),
    Changed { from: LinkState, to: Link },
    Same,
    Refused(Wrong),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Judged {
    pub(crate) line: u64,
    kind: String,
    source: String,
    pub(crate) verdict: Verdict,
}

impl Judged {
    fn link(&self) -> Option<&Link> {
        match &self.verdict {
            Verdict::New(link) | Verdict::Changed { to: link, .. } => Some(link),
            Verdict::Same | Verdict::Refused(_) => None,
        }
    }

    pub(crate) fn view(&self) -> LinkRowView {
        let (what, column, text) = match &self.verdict {
            Verdict::New(link) => ("new", None, format!("none → {}", change::say(&link.state))),
            Verdict::Changed { from, to } => {
                ("changed", None, format!("{} → {}", change::say(from), change::say(&to.state)))
            }
            Verdict::Same => ("same", None, String::new()),
            Verdict::Refused(wrong) => ("refused", Some(column(wrong.part)), wrong.text.clone()),
        };
        LinkRowView {
            line: self.line,
            kind: self.kind.clone(),
            source: self.source.clone(),
            what: what.to_owned(),
            column,
            text,
        }
    }
}

/// The table's word for a part of a link.
pub(crate) fn column(part: &str) -> String {
    part.replace('/', "_")
}

/// The links that a judged table makes, in the order of its rows.
pub(crate) fn links(rows: &[Judged]) -> Vec<&Link> {
    rows.iter().filter_map(Judged::link).collect()
}

/// The links with what a judged table makes of them.
pub(crate) fn as_they_would_be(rows: &[Judged], known: &[Link]) -> LinkBook {
    let mut book = LinkBook::new(known.to_vec());
    links(rows).into_iter().cloned().for_each(|link| book.insert(link));
    book
}

/// Rows whose container the target says does not fit, by subscription.
pub(crate) fn refuse_containers(rows: &mut [Judged], wrongs: &BTreeMap<String, Wrong>) {
    for row in rows {
        let of = row.link().filter(|link| link.key.kind == LinkKind::Container).map(|link| link.key.source.clone());
        if let Some(wrong) = of.and_then(|source| wrongs.get(&source)) {
            row.verdict = Verdict::Refused(wrong.clone());
        }
    }
}

/// Judges every row. The table counts as a whole: an item that one row gives up is free for another.
pub(crate) fn judge(rows: &[Row], connection: &Connection, known: &[Link], actor: &Actor) -> Vec<Judged> {
    let by_key: BTreeMap<(LinkKind, &str), &Link> =
        known.iter().map(|link| ((link.key.kind, link.key.source.as_str()), link)).collect();
    let mut lines: BTreeMap<(LinkKind, String), u64> = BTreeMap::new();
    let mut judged = Vec::with_capacity(rows.len());
    for row in rows {
        let verdict = parse(row, connection, &by_key, actor).and_then(|link| {
            let twice = lines.insert((link.key.kind, link.key.source.clone()), row.line);
            match twice {
                Some(line) => Err(Wrong::new("source", "twice", format!("line {line} has the same source already"))),
                None => Ok(link),
            }
        });
        let verdict = match verdict {
            Err(wrong) => Verdict::Refused(wrong),
            Ok(link) => match by_key.get(&(link.key.kind, link.key.source.as_str())) {
                None => Verdict::New(link),
                Some(known) if known.state == link.state && known.source_name == link.source_name => Verdict::Same,
                Some(known) => Verdict::Changed { from: known.state.clone(), to: link },
            },
        };
        let (kind, source) = (row.text("kind").to_owned(), row.text("source").to_owned());
        judged.push(Judged { line: row.line, kind, source, verdict });
    }
    refuse_what_does_not_fit(&mut judged, known, connection.rules.many_to_one);
    judged
}

/// Until nothing is refused any more: a refused row leaves its source as it was, which may be in another's way.
fn refuse_what_does_not_fit(judged: &mut [Judged], known: &[Link], many_to_one: ManyToOne) {
    loop {
        let mut book = LinkBook::new(known.to_vec());
        let good: Vec<Link> = judged.iter().filter_map(Judged::link).cloned().collect();
        good.into_iter().for_each(|link| book.insert(link));
        let mut refused = Vec::new();
        for (place, row) in judged.iter().enumerate().rev() {
            let Some(link) = row.link() else { continue };
            if let Err(wrong) = change::fits(link, &book, many_to_one) {
                // Of two rows that want one item, the later one is refused.
                let before = known.iter().find(|before| before.key == link.key).cloned();
                book.insert(before.unwrap_or_else(|| Link { state: LinkState::Unlinked, ..link.clone() }));
                refused.push((place, wrong));
            }
        }
        if refused.is_empty() {
            return;
        }
        for (place, wrong) in refused {
            if let Some(row) = judged.get_mut(place) {
                row.verdict = Verdict::Refused(wrong);
            }
        }
    }
}

fn parse(
    row: &Row,
    connection: &Connection,
    known: &BTreeMap<(LinkKind, &str), &Link>,
    actor: &Actor,
) -> Result<Link, Wrong> {
    if let Some(broken) = &row.broken {
        return Err(Wrong::new("csv", "cells", broken.clone()));
    }
    let kind = change::kind(row.text("kind").trim())?;
    let source = row.text("source");
    change::source(kind, source)?;
    let known = known.get(&(kind, source)).copied();
    let state = state(row, known.and_then(Link::target))?;
    let kept = || known.map(|known| known.source_name.clone()).unwrap_or_default();
    let source_name = row.cell("source_name").filter(|name| !name.is_empty()).map_or_else(kept, str::to_owned);
    Ok(Link {
        key: LinkKey { connection: connection.id.clone(), kind, source: source.to_owned() },
        source_name,
        state,
        why: format!("imported by {actor}"),
    })
}

/// A row with a target and without a state links.
fn state(row: &Row, known: Option<&LinkTarget>) -> Result<LinkState, Wrong> {
    let id = row.text("target_id");
    let written = match row.text("state").trim() {
        "" if id.trim().is_empty() => {
            return Err(Wrong::new("state", "required", "say the state, or the target's id"));
        }
        "" => "linked",
        written => written,
    };
    match (written, id.trim().is_empty()) {
        ("linked", false) => Ok(LinkState::Linked(target(row, id, known)?)),
        ("linked", true) => Err(Wrong::new("target/id", "required", "a link needs the target's id")),
        ("unlinked" | "never-sync", false) => {
            Err(Wrong::new("target/id", "not-here", "only the state linked has a target"))
        }
        ("unlinked", true) => Ok(LinkState::Unlinked),
        ("never-sync", true) => Ok(LinkState::NeverSync),
        (other, _) => Err(change::unknown_state(other)),
    }
}

/// Columns that the table leaves out stay as they are, as long as it is the same target.
fn target(row: &Row, id: &str, known: Option<&LinkTarget>) -> Result<LinkTarget, Wrong> {
    let known = known.filter(|known| known.id.as_str() == id);
    let text = |column: &str, kept: fn(&LinkTarget) -> &String| match row.cell(column) {
        Some(cell) => cell.to_owned(),
        None => known.map(kept).cloned().unwrap_or_default(),
    };
    let attributes = match row.cell("attributes") {
        None => known.map(|known| known.attributes.clone()).unwrap_or_default(),
        Some(cell) if cell.trim().is_empty() => Vec::new(),
        Some(cell) => {
            let read: BTreeMap<String, String> = serde_json::from_str(cell).map_err(|error| {
                let text = format!("this is not a JSON object of texts such as {{\"account-code\":\"201\"}} ({error})");
                Wrong::new("attributes", "not-json", text)
            })?;
            as_known(read, known)
        }
    };
    Ok(LinkTarget {
        id: id.into(),
        code: text("target_code", |target| &target.code),
        name: text("target_name", |target| &target.name),
        attributes,
    })
}

/// Written in another order they are the same attributes.
fn as_known(read: BTreeMap<String, String>, known: Option<&LinkTarget>) -> Vec<(String, String)> {
    let same = known.filter(|known| {
        known.attributes.len() == read.len()
            && known.attributes.iter().all(|(name, value)| read.get(name) == Some(value))
    });
    same.map_or_else(|| read.into_iter().collect(), |known| known.attributes.clone())
}
