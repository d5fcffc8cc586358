//! Billing of a program: customers by billing motion, and where the statements of each go.

use askama::Template;
use axum::extract::State;
use counterfoil_domain::motion;
use serde::Deserialize;

use super::super::frame::{Frame, PROGRAMS, Shown, html, segment};
use super::super::said::Said;
use super::super::{address, words};
use super::{Head, head};
use crate::extract::{Params, Two};
use crate::guard::Who;
use crate::parts::App;
use crate::routes::programs::customers::{CustomerQuery, list};
use crate::wire::MappingView;

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct ListQuery {
    search: Option<String>,
    motion: Option<String>,
    state: Option<String>,
    after: Option<String>,
    said: Option<String>,
}

impl ListQuery {
    fn href(&self, here: &str, state: Option<&str>, after: Option<&str>) -> String {
        let (search, motion) = (address::given(&self.search), address::given(&self.motion));
        let parts = [("search", search.as_deref()), ("motion", motion.as_deref()), ("state", state), ("after", after)];
        address::of(here, &parts)
    }
}

struct Row {
    href: String,
    customer: String,
    id: String,
    motion: String,
    class: &'static str,
    state: &'static str,
    party: String,
    container: String,
    money: String,
    period: String,
    is_mapped: bool,
}

struct Choice {
    value: &'static str,
    text: &'static str,
    here: bool,
}

#[derive(Template)]
#[template(path = "program_billing.html")]
struct Page {
    frame: Frame,
    head: Head,
    rows: Vec<Row>,
    mapped: u64,
    unmapped: u64,
    all_href: String,
    mapped_href: String,
    unmapped_href: String,
    search: String,
    motions: Vec<Choice>,
    states: Vec<Choice>,
    filtered: bool,
    billing: bool,
    export: String,
    next: Option<String>,
}

/// What the state of a mapping is to people, and how it is marked.
pub(super) fn state(name: &str) -> (&'static str, &'static str) {
    match name {
        "mapped" => ("mapped", "good"),
        "never-sync" => ("never synchronized", "wait"),
        _ => ("not mapped", "warn"),
    }
}

/// "Fabrikam Ltd (1204)"; an id alone where the target told no name.
pub(super) fn named(id: &str, name: &str) -> String {
    if name.is_empty() { id.to_owned() } else { format!("{name} ({id})") }
}

fn row(view: &MappingView, here: &str) -> Row {
    let (state, class) = state(&view.state);
    let text = |of: &Option<crate::wire::LinkTargetView>| {
        of.as_ref().map(|target| named(&target.id, &target.name)).unwrap_or_default()
    };
    Row {
        href: format!("{here}/{}/{}", segment(&view.customer), segment(&view.motion)),
        customer: view.customer_name.clone(),
        id: view.customer.clone(),
        motion: view.motion_text.clone(),
        class,
        state,
        party: text(&view.party),
        container: text(&view.container),
        money: words::moneys(&view.money),
        period: view.period.as_ref().map(super::period).unwrap_or_default(),
        is_mapped: view.state == "mapped",
    }
}

/// The page.
#[utoipa::path(get, path = "/programs/{id}/{name}/billing", tag = "pages", params(("id" = String, Path), ("name" = String, Path), ("search" = Option<String>, Query), ("motion" = Option<String>, Query), ("state" = Option<String>, Query), ("after" = Option<String>, Query)), responses((status = 200, content_type = "text/html", body = String)))]
pub(crate) async fn show(
    State(app): State<App>,
    who: Who,
    Two(id, name): Two,
    Params(query): Params<ListQuery>,
) -> Shown {
    let (head, program, _) = head(&app, &id, &name, "/billing").await?;
    // Nothing is suggested here, so the target is not asked.
    let asked = CustomerQuery {
        search: address::given(&query.search),
        motion: address::given(&query.motion),
        state: address::given(&query.state),
        after: address::given(&query.after),
        ..CustomerQuery::default()
    };
    let (wanted_motion, wanted_state) = (asked.motion.clone(), asked.state.clone());
    let filtered = asked.search.is_some() || wanted_motion.is_some() || wanted_state.is_some();
    let listed = list(State(app.clone()), Two(id.clone(), name.clone()), Params(asked)).await?.0;
    let here = format!("{}/billing", head.href);
    let motion = |of: &motion::Motion| Choice {
        value: of.name(),
        text: of.text(),
        here: wanted_motion.as_deref() == Some(of.name()),
    };
    let choice =
        |value: &'static str| Choice { value, text: state(value).0, here: wanted_state.as_deref() == Some(value) };
    let page = Page {
        frame: Frame::new(&app, &who, PROGRAMS, &head.title).await?.saying(Said::read(query.said.as_deref())),
        rows: listed.customers.iter().map(|view| row(view, &here)).collect(),
        mapped: listed.mapped,
        unmapped: listed.unmapped,
        all_href: here.clone(),
        mapped_href: address::of(&here, &[("state", Some("mapped"))]),
        unmapped_href: address::of(&here, &[("state", Some("unmapped"))]),
        search: address::given(&query.search).unwrap_or_default(),
        motions: motion::Motion::ALL.iter().map(motion).collect(),
        states: ["mapped", "unmapped", "never-sync"].map(choice).into(),
        filtered,
        billing: program.enabled && program.billing,
        export: format!("/v1/connections/{}/programs/{}/customers.csv", segment(&id), segment(&name)),
        next: listed.next.as_deref().map(|next| query.href(&here, wanted_state.as_deref(), Some(next))),
        head,
    };
    html(&page)
}
