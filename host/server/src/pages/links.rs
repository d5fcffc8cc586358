//! Which marketplace thing is which thing of the target: what tasks wait for first, then what is linked, and what is never
//! synchronized. It shows what `/v1/links` and `/v1/links/suggestions` answer.

use std::collections::BTreeMap;

use askama::Template;
use axum::extract::State;
use counterfoil_domain::connection::Connection;
use counterfoil_domain::link::LinkKind;
use serde::Deserialize;

use super::address::{self, given};
use super::candidate::Candidate;
use super::frame::{Frame, LINKS, Shown, html};
use super::link;
use super::link_row::{Row, link_row, waiting_row};
use super::said::Said;
use super::waiting::{Awaited, Waiting, waiting};
use crate::extract::Params;
use crate::guard::Who;
use crate::linking::change;
use crate::parts::App;
use crate::problem::Problem;
use crate::routes::link_suggestions::{SuggestionQuery, suggestions};
use crate::routes::links::{LinkQuery, list};
use crate::wire::{LinkView, SuggestionList};

/// Rows of a page of what tasks wait for.
const ROWS: usize = 50;

#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default)]
pub(crate) struct ListQuery {
    pub(super) connection: Option<String>,
    pub(super) kind: Option<String>,
    state: Option<String>,
    text: Option<String>,
    after: Option<String>,
    /// Set: ask the target what they may be.
    suggest: Option<String>,
    /// Set: the page of this one.
    pub(super) source: Option<String>,
    /// What the target is searched for on that page, and from where on.
    pub(super) q: Option<String>,
    said: Option<String>,
}

/// What people call a kind: many, and one.
pub(super) fn called(kind: LinkKind) -> (&'static str, &'static str) {
    match kind {
        LinkKind::Party => ("Customers", "customer"),
        LinkKind::Item => ("Products", "product"),
        LinkKind::Fee => ("Fees", "fee"),
        LinkKind::Container => ("Containers", "subscription"),
    }
}

struct Tab {
    href: String,
    label: &'static str,
    here: bool,
    waiting: usize,
}

struct Choice {
    value: &'static str,
    label: &'static str,
    here: bool,
}

struct Shop {
    id: String,
    name: String,
    here: bool,
}

#[derive(Template)]
#[template(path = "links.html")]
struct Page {
    frame: Frame,
    tabs: Vec<Tab>,
    connections: Vec<Shop>,
    states: Vec<Choice>,
    connection: String,
    kind: &'static str,
    one: &'static str,
    many: &'static str,
    text: String,
    filtered: bool,
    is_waiting: bool,
    complete: bool,
    rows: Vec<Row>,
    next: Option<String>,
    suggest: Option<String>,
    suggested: bool,
    trouble: Option<String>,
    left_out: u64,
    csv: String,
    import: String,
}

const STATES: [(&str, &str); 4] =
    [("unlinked", "Unlinked"), ("linked", "Linked"), ("never-sync", "Never synchronized"), ("all", "All")];

impl ListQuery {
    fn state(&self) -> &'static str {
        let asked = self.state.as_deref().unwrap_or_default();
        STATES.iter().find(|(name, _)| *name == asked).map_or("unlinked", |(name, _)| name)
    }

    fn href(&self, connection: &Connection, kind: LinkKind, more: &[(&str, Option<&str>)]) -> String {
        let mut parts = vec![
            ("connection", Some(connection.id.as_str())),
            ("kind", Some(kind.name())),
            ("state", Some(self.state())),
            ("text", self.text.as_deref()),
        ];
        parts.extend_from_slice(more);
        address::of("/links", &parts)
    }
}

/// The connection that is asked for, else the first by name; with all of them.
async fn connections(app: &App, asked: Option<&str>) -> Result<(Vec<Connection>, Option<Connection>), Problem> {
    let mut all = app.store().connections().await?;
    all.sort_by(|a, b| a.name.cmp(&b.name));
    let one = match asked {
        Some(id) => Some(crate::routes::connection(app, id).await?),
        None => all.first().cloned(),
    };
    Ok((all, one))
}

/// The best of each source that is asked about; taken ones are shown on its own page.
fn best(list: SuggestionList) -> BTreeMap<String, Candidate> {
    let best = |of: crate::wire::SuggestedFor| {
        let first = of.suggestions.into_iter().find(|one| one.suggested)?;
        Some((of.source, Candidate::suggested(first)))
    };
    list.sources.into_iter().filter_map(best).collect()
}

struct Listed {
    rows: Vec<Row>,
    next: Option<String>,
    left_out: u64,
    trouble: Option<String>,
}

/// What tasks wait for, then what nobody waits for and is unlinked all the same.
async fn unlinked(
    app: &App,
    query: &ListQuery,
    (connection, kind): (&Connection, LinkKind),
    awaited: &Awaited,
    ask: bool,
) -> Result<Listed, Problem> {
    let mut listed = Listed { rows: Vec::new(), next: None, left_out: 0, trouble: None };
    let mut found = BTreeMap::new();
    if ask {
        let (id, kind) = (connection.id.to_string(), kind.name().to_owned());
        let asked = SuggestionQuery { connection: id, kind, source: None };
        match suggestions(State(app.clone()), Params(asked)).await {
            Ok(list) => {
                listed.left_out = list.0.left_out;
                found = best(list.0);
            }
            Err(problem) => listed.trouble = Some(problem.body().detail.clone()),
        }
    }
    let text = given(&query.text).map(|text| text.to_lowercase());
    let fits = |of: &&Waiting| {
        let has = |text: &String| of.name.to_lowercase().contains(text) || of.source.to_lowercase().contains(text);
        of.kind == kind && text.as_ref().is_none_or(has)
    };
    let id = connection.id.as_str();
    for of in awaited.all.iter().filter(fits) {
        listed.rows.push(waiting_row(of, id, found.remove(&of.source)));
    }
    let mut asked = stored(query, connection, kind);
    asked.limit = Some(500);
    let links = list(State(app.clone()), Params(asked)).await?.0;
    let is_new = |link: &LinkView| !awaited.all.iter().any(|of| of.kind == kind && of.source == link.source);
    listed.rows.extend(links.links.into_iter().filter(is_new).map(link_row));
    let start = given(&query.after).and_then(|after| after.parse::<usize>().ok()).unwrap_or_default();
    let end = start.saturating_add(ROWS);
    let has_more = listed.rows.len() > end;
    listed.rows = listed.rows.into_iter().skip(start).take(ROWS).collect();
    let asks = ask.then_some("1");
    let after = end.to_string();
    listed.next = has_more.then(|| query.href(connection, kind, &[("suggest", asks), ("after", Some(&after))]));
    Ok(listed)
}

fn stored(query: &ListQuery, connection: &Connection, kind: LinkKind) -> LinkQuery {
    LinkQuery {
        connection: connection.id.to_string(),
        kind: Some(kind.name().to_owned()),
        state: Some(query.state().to_owned()).filter(|state| state != "all"),
        text: given(&query.text),
        limit: None,
        after: None,
    }
}

async fn linked(app: &App, query: &ListQuery, connection: &Connection, kind: LinkKind) -> Result<Listed, Problem> {
    let asked = LinkQuery { after: given(&query.after), ..stored(query, connection, kind) };
    let page = list(State(app.clone()), Params(asked)).await?.0;
    let next = page.next.map(|next| query.href(connection, kind, &[("after", Some(&next))]));
    Ok(Listed { rows: page.links.into_iter().map(link_row).collect(), next, left_out: 0, trouble: None })
}

/// The list, or with a source the page of that one.
#[utoipa::path(get, path = "/links", tag = "pages", responses((status = 200, content_type = "text/html", body = String)))]
pub(crate) async fn show(State(app): State<App>, who: Who, Params(query): Params<ListQuery>) -> Shown {
    let kind = given(&query.kind).map_or(Ok(LinkKind::Party), |kind| change::kind(&kind))?;
    let (all, one) = connections(&app, given(&query.connection).as_deref()).await?;
    let frame = Frame::new(&app, &who, LINKS, "Links").await?.saying(Said::read(query.said.as_deref()));
    let Some(connection) = one else { return html(&NoConnection { frame }) };
    if let Some(source) = given(&query.source) {
        return link::show(app, frame, (connection, kind, source), given(&query.q)).await;
    }
    let awaited = waiting(&app, &connection.id).await?;
    let is_waiting = query.state() == "unlinked";
    let may_ask = is_waiting && frame.may_bill();
    let ask = may_ask && given(&query.suggest).is_some();
    let listed = match is_waiting {
        true => unlinked(&app, &query, (&connection, kind), &awaited, ask).await?,
        false => linked(&app, &query, &connection, kind).await?,
    };
    let id = connection.id.as_str();
    let clear = ListQuery { text: None, ..query.clone() };
    let tab = |of: &LinkKind| Tab {
        href: clear.href(&connection, *of, &[]),
        label: called(*of).0,
        here: *of == kind,
        waiting: awaited.all.iter().filter(|waiting| waiting.kind == *of).count(),
    };
    let csv = [("connection", Some(id)), ("kind", Some(kind.name()))];
    let has_waiting = listed.rows.iter().any(|row| !row.tasks.is_empty());
    let page = Page {
        tabs: LinkKind::ALL.iter().map(tab).collect(),
        states: STATES.map(|(value, label)| Choice { value, label, here: value == query.state() }).into(),
        kind: kind.name(),
        one: called(kind).1,
        many: called(kind).0,
        text: given(&query.text).unwrap_or_default(),
        filtered: given(&query.text).is_some(),
        is_waiting,
        complete: awaited.complete,
        next: listed.next,
        suggest: (may_ask && has_waiting && !ask).then(|| query.href(&connection, kind, &[("suggest", Some("1"))])),
        suggested: ask,
        trouble: listed.trouble,
        left_out: listed.left_out,
        csv: address::of("/v1/links.csv", &csv),
        import: address::of("/links/import", &csv[..1]),
        connections: all
            .iter()
            .map(|of| Shop { id: of.id.to_string(), name: of.name.clone(), here: of.id == connection.id })
            .collect(),
        connection: id.to_owned(),
        rows: listed.rows,
        frame,
    };
    html(&page)
}

#[derive(Template)]
#[template(path = "links_none.html")]
struct NoConnection {
    frame: Frame,
}
