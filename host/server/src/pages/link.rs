//! One thing's link: what it is now, what the target suggests, and a search of it. It shows what `/v1/links/suggestions` and
//! the search answer; changes are made in `link_change`.

use askama::Template;
use axum::extract::State;
use counterfoil_domain::connection::Connection;
use counterfoil_domain::link::{Link, LinkKind};

use super::address;
use super::candidate::{Candidate, lines};
use super::frame::{Frame, Shown, html};
use super::links::called;
use crate::extract::{Id, Params};
use crate::linking::change;
use crate::parts::App;
use crate::problem::Problem;
use crate::routes::connections::{SearchQuery, search};
use crate::routes::link_suggestions::{SuggestionQuery, suggestions};
use crate::wire::{LinkTargetView, LinkView};

/// A table of candidates.
struct Offer {
    id: &'static str,
    title: String,
    rows: Vec<Candidate>,
    has_scores: bool,
    note: Option<String>,
}

#[derive(Template)]
#[template(path = "link.html")]
struct Page {
    frame: Frame,
    connection: String,
    connection_name: String,
    kind: &'static str,
    one: &'static str,
    many: &'static str,
    source: String,
    name: String,
    list: String,
    state: &'static str,
    class: &'static str,
    target: Option<LinkTargetView>,
    details: String,
    why: String,
    q: String,
    offers: Vec<Offer>,
    trouble: Option<String>,
}

/// Fees are items of the target too.
fn searched(kind: LinkKind) -> &'static str {
    match kind {
        LinkKind::Party => "party",
        LinkKind::Item | LinkKind::Fee => "item",
        LinkKind::Container => "container",
    }
}

async fn suggested(app: &App, connection: &str, kind: LinkKind, source: &str) -> Result<(Offer, String), Problem> {
    let (kind, source) = (kind.name().to_owned(), Some(source.to_owned()));
    let asked = SuggestionQuery { connection: connection.to_owned(), kind, source };
    let list = suggestions(State(app.clone()), Params(asked)).await?.0;
    let Some(one) = list.sources.into_iter().next() else { return Err(Problem::not_found("source", "")) };
    let note = "The target has more than was looked through. Search for what is missing.";
    let offer = Offer {
        id: "suggested",
        title: "Suggested".to_owned(),
        rows: one.suggestions.into_iter().map(Candidate::suggested).collect(),
        has_scores: true,
        note: (!list.complete).then(|| note.to_owned()),
    };
    Ok((offer, one.source_name))
}

async fn found(app: &App, connection: &str, kind: LinkKind, q: &str, links: &[Link]) -> Result<Offer, Problem> {
    let asked = SearchQuery { kind: searched(kind).to_owned(), query: q.to_owned(), after: None };
    let list = search(State(app.clone()), Id(connection.to_owned()), Params(asked)).await?.0;
    let held = |one: Candidate| {
        let holds = |link: &&Link| link.target().is_some_and(|target| target.id.as_str() == one.id);
        Candidate { held_by: links.iter().find(holds).map(Link::called), ..one }
    };
    let note = list.has_more.then(|| "There are more: search for a longer part of the name.".to_owned());
    Ok(Offer {
        id: "found",
        title: format!("Found for \"{q}\""),
        rows: list.entities.into_iter().map(Candidate::found).map(held).collect(),
        has_scores: false,
        note,
    })
}

/// The page of one source. The target is asked only for those who may.
pub(super) async fn show(
    app: App,
    frame: Frame,
    (connection, kind, source): (Connection, LinkKind, String),
    q: Option<String>,
) -> Shown {
    change::source(kind, &source)?;
    let links = app.store().links(&connection.id, Some(kind)).await?;
    let known = links.iter().find(|link| link.key.source == source).map(LinkView::from);
    let id = connection.id.to_string();
    let mut name = known.as_ref().map(|link| link.source_name.clone()).unwrap_or_default();
    let (mut offers, mut trouble) = (Vec::new(), None);
    if frame.may_bill() {
        let mut all = Vec::new();
        if let Some(q) = &q {
            all.push(found(&app, &id, kind, q, &links).await.map(|offer| (offer, String::new())));
        }
        all.push(suggested(&app, &id, kind, &source).await);
        for answer in all {
            match answer {
                Ok((offer, called)) => {
                    name = if name.is_empty() { called } else { name };
                    offers.push(offer);
                }
                Err(problem) => trouble = Some(problem.body().detail.clone()),
            }
        }
    }
    let (state, class) = match known.as_ref().map(|link| link.state.as_str()) {
        Some("linked") => ("linked", "good"),
        Some("never-sync") => ("never synchronized", "wait"),
        _ => ("unlinked", "warn"),
    };
    let target = known.as_ref().and_then(|link| link.target.clone());
    let page = Page {
        list: address::of("/links", &[("connection", Some(&id)), ("kind", Some(kind.name()))]),
        connection_name: connection.name,
        kind: kind.name(),
        one: called(kind).1,
        many: called(kind).0,
        name: if name.is_empty() { source.clone() } else { name },
        details: target.as_ref().map(|target| lines(&target.attributes)).unwrap_or_default(),
        why: known.map(|link| link.why).unwrap_or_default(),
        q: q.unwrap_or_default(),
        connection: id,
        frame,
        source,
        state,
        class,
        target,
        offers,
        trouble,
    };
    html(&page)
}
