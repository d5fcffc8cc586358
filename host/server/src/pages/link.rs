//! One thing's link: what it is now, what the target suggests, a search, and the change, shown with the tasks that it touches
//! before it is made. It shows what `/v1/links/suggestions` and the search answer and does what `PUT /v1/links` does.

use std::collections::BTreeMap;

use askama::Template;
use axum::extract::State;
use counterfoil_domain::connection::Connection;
use counterfoil_domain::link::LinkKind;

use super::address;
use super::fields::Fields;
use super::frame::{Frame, LINKS, Shown, html, segment};
use super::links::{called, href_of};
use super::said::back;
use super::words;
use crate::extract::{Body, Id, Params};
use crate::guard::Who;
use crate::linking::change;
use crate::parts::App;
use crate::problem::Problem;
use crate::routes::connections::{SearchQuery, search};
use crate::routes::link_suggestions::{SuggestionQuery, suggestions};
use crate::routes::links::{DryRun, put};
use crate::wire::{
    EntityView, LinkAnswer, LinkBody, LinkTargetView, LinkView, ReasonView, SuggestionView, TouchedView,
};

/// Attributes of a target thing that stay with its link, where a person can change them.
const KEPT: [&str; 3] = ["account-code", "sold", "tax-type"];

/// A target thing that can be chosen.
pub(super) struct Candidate {
    pub(super) id: String,
    pub(super) code: String,
    pub(super) name: String,
    /// What tells it from others: currency, cycle, price.
    facts: String,
    pub(super) score: u8,
    pub(super) reasons: Vec<ReasonView>,
    taken_by: Option<String>,
    fits: bool,
    /// Mapping details, one "name=value" a line.
    pub(super) details: String,
}

fn facts(entity: &EntityView) -> String {
    let price = entity.price.as_deref().map(|price| format!("price {}", words::grouped(price)));
    let inactive = (!entity.active).then(|| "not active".to_owned());
    let cycle = entity.cycle.as_deref().map(|cycle| format!("every {cycle}"));
    let all = [inactive, price, entity.currency.clone(), cycle];
    all.into_iter().flatten().collect::<Vec<_>>().join(" · ")
}

fn lines(attributes: &BTreeMap<String, String>) -> String {
    attributes.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("\n")
}

impl Candidate {
    fn found(entity: EntityView) -> Self {
        let kept = entity.attributes.iter().filter(|(name, _)| KEPT.contains(&name.as_str()));
        let kept: BTreeMap<String, String> = kept.map(|(name, value)| (name.clone(), value.clone())).collect();
        Self {
            facts: facts(&entity),
            details: lines(&kept),
            id: entity.id,
            code: entity.code,
            name: entity.name,
            score: 0,
            reasons: Vec::new(),
            taken_by: None,
            fits: true,
        }
    }

    pub(super) fn suggested(one: SuggestionView) -> Self {
        Self {
            score: one.score,
            reasons: one.reasons,
            taken_by: one.taken_by,
            fits: one.suggested,
            ..Self::found(one.target)
        }
    }
}

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

async fn found(app: &App, connection: &str, kind: LinkKind, q: &str) -> Result<Offer, Problem> {
    let asked = SearchQuery { kind: searched(kind).to_owned(), query: q.to_owned(), after: None };
    let list = search(State(app.clone()), Id(connection.to_owned()), Params(asked)).await?.0;
    let note = list.has_more.then(|| "There are more: search for a longer part of the name.".to_owned());
    Ok(Offer {
        id: "found",
        title: format!("Found for \"{q}\""),
        rows: list.entities.into_iter().map(Candidate::found).collect(),
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
    let known = app.store().links(&connection.id, Some(kind)).await?;
    let known = known.iter().find(|link| link.key.source == source).map(LinkView::from);
    let id = connection.id.to_string();
    let mut name = known.as_ref().map(|link| link.source_name.clone()).unwrap_or_default();
    let (mut offers, mut trouble) = (Vec::new(), None);
    if frame.may_bill() {
        let mut all = Vec::new();
        if let Some(q) = &q {
            all.push(found(&app, &id, kind, q).await.map(|offer| (offer, String::new())));
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

#[derive(Template)]
#[template(path = "link_change.html")]
struct Confirm {
    frame: Frame,
    link: LinkView,
    one: &'static str,
    list: String,
    here: String,
    details: String,
    changed: bool,
    touches: Vec<TouchedView>,
    touched: u64,
    unnamed: u64,
    button: String,
}

/// "account-code=201", a line each.
fn details(written: &str) -> Result<BTreeMap<String, String>, Problem> {
    let mut all = BTreeMap::new();
    for line in written.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let Some((name, value)) = line.split_once('=').filter(|(name, _)| !name.trim().is_empty()) else {
            let text = format!("\"{line}\" is not a detail such as account-code=201");
            return Err(Problem::invalid("/target/attributes", "not-a-detail", text));
        };
        all.insert(name.trim().to_owned(), value.trim().to_owned());
    }
    Ok(all)
}

fn wanted(fields: &Fields) -> Result<LinkBody, Problem> {
    let state = fields.text("state");
    let target = LinkTargetView {
        id: fields.text("target_id"),
        code: fields.text("target_code"),
        name: fields.text("target_name"),
        attributes: details(&fields.text("details"))?,
    };
    Ok(LinkBody {
        connection: fields.text("connection"),
        kind: fields.text("kind"),
        source: fields.text("source"),
        source_name: fields.one("source_name").map(str::to_owned),
        target: (state == "linked").then_some(target),
        state,
    })
}

fn button(link: &LinkView) -> String {
    let name = if link.source_name.is_empty() { &link.source } else { &link.source_name };
    match (&link.target, link.state.as_str()) {
        (Some(target), _) => {
            let to = if target.name.is_empty() { &target.id } else { &target.name };
            format!("Link {name} to {to}")
        }
        (None, "never-sync") => format!("Never synchronize {name}"),
        (None, _) => format!("Clear the link of {name}"),
    }
}

/// What the change would do.
#[utoipa::path(post, path = "/links/preview", tag = "pages", responses((status = 200, content_type = "text/html", body = String)))]
pub(crate) async fn preview(State(app): State<App>, who: Who, fields: Fields) -> Shown {
    let body = wanted(&fields)?;
    let kind = change::kind(&body.kind)?;
    let dry = Params(DryRun { dry_run: true });
    let LinkAnswer { link, changed, touches, touched, .. } =
        put(State(app.clone()), who.clone(), dry, Body(body)).await?.0;
    let page = Confirm {
        frame: Frame::new(&app, &who, LINKS, "Change a link").await?,
        one: called(kind).1,
        list: address::of("/links", &[("connection", Some(&link.connection)), ("kind", Some(&link.kind))]),
        here: href_of(&link.connection, &link.kind, &link.source),
        details: link.target.as_ref().map(|target| lines(&target.attributes)).unwrap_or_default(),
        button: button(&link),
        unnamed: touched.saturating_sub(touches.len() as u64),
        link,
        changed,
        touches: touches.into_iter().map(|touch| TouchedView { id: segment(&touch.id), ..touch }).collect(),
        touched,
    };
    html(&page)
}

/// Make the change.
#[utoipa::path(post, path = "/links/set", tag = "pages", responses((status = 303, description = "Back to the list.")))]
pub(crate) async fn set(State(app): State<App>, who: Who, fields: Fields) -> Shown {
    let body = wanted(&fields)?;
    let list = address::of("/links", &[("connection", Some(&body.connection)), ("kind", Some(&body.kind))]);
    let answer = put(State(app), who, Params(DryRun { dry_run: false }), Body(body)).await?.0;
    let word = match (answer.changed, answer.link.state.as_str()) {
        (false, _) => "link-same",
        (true, "linked") => "linked",
        (true, "never-sync") => "never",
        (true, _) => "unlinked",
    };
    Ok(back(&list, word, None))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn details_are_lines_of_a_name_and_a_value() {
        let read = details("account-code=201\r\n\n note = a=b \nempty=").unwrap();
        let read: Vec<_> = read.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        assert_eq!(read, [("account-code", "201"), ("empty", ""), ("note", "a=b")]);
        for bad in ["account-code", "=201"] {
            assert!(details(bad).is_err(), "{bad}");
        }
    }
}
