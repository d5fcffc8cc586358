//! A row of the list of links: something that tasks wait for, or a link that is kept.

use super::address;
use super::candidate::Candidate;
use super::waiting::Waiting;
use super::words;
use crate::wire::LinkView;

#[derive(Debug)]
pub(super) struct Row {
    pub(super) href: String,
    pub(super) source: String,
    pub(super) name: String,
    pub(super) tasks: String,
    pub(super) money: String,
    pub(super) class: &'static str,
    pub(super) state: String,
    pub(super) target: String,
    pub(super) why: String,
    pub(super) best: Option<Candidate>,
}

/// The address of one thing's page.
pub(super) fn href_of(connection: &str, kind: &str, source: &str) -> String {
    let parts = [("connection", Some(connection)), ("kind", Some(kind)), ("source", Some(source))];
    address::of("/links", &parts)
}

pub(super) fn waiting_row(of: &Waiting, connection: &str, best: Option<Candidate>) -> Row {
    Row {
        href: href_of(connection, of.kind.name(), &of.source),
        source: of.source.clone(),
        name: if of.name.is_empty() { of.source.clone() } else { of.name.clone() },
        tasks: of.tasks.to_string(),
        money: words::moneys(&of.money),
        class: "warn",
        state: "unlinked".to_owned(),
        target: String::new(),
        why: String::new(),
        best,
    }
}

pub(super) fn link_row(link: LinkView) -> Row {
    let target = link.target.map(|target| {
        let parts = [target.name, target.code, target.id];
        parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" · ")
    });
    let class = match link.state.as_str() {
        "linked" => "good",
        "never-sync" => "wait",
        _ => "warn",
    };
    Row {
        href: href_of(&link.connection, &link.kind, &link.source),
        name: if link.source_name.is_empty() { link.source.clone() } else { link.source_name },
        source: link.source,
        tasks: String::new(),
        money: String::new(),
        class,
        state: link.state.replace('-', " "),
        target: target.unwrap_or_default(),
        why: link.why,
        best: None,
    }
}
