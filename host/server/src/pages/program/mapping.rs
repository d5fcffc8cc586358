//! Where one customer's billing motion goes: choose the customer of the target, then the recurring document, look at what
//! that changes, and map it. Each step is an address; only the last one writes.

use askama::Template;
use axum::extract::State;
use serde::Deserialize;

use super::super::fields::Fields;
use super::super::frame::{Frame, PROGRAMS, Shown, html, segment};
use super::super::said::{Said, back};
use super::super::{address, words};
use super::customers::{named, state};
use super::{Head, head, period};
use crate::extract::{Body, Id, Ids, Params, Two};
use crate::guard::Who;
use crate::parts::App;
use crate::problem::Problem;
use crate::routes::connections::{self, SearchQuery};
use crate::routes::programs::customers::{self, CustomerQuery};
use crate::routes::programs::mapping::{DryRun, put, remove};
use crate::wire::{EntityList, EntityView, MappingBody, MappingView, TouchedView};

type Place = (String, String, String, String);

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct StepQuery {
    /// What the target's customers are searched for.
    find: Option<String>,
    party: Option<String>,
    container: Option<String>,
    said: Option<String>,
}

/// Something of the target that can be chosen.
struct Choice {
    text: String,
    about: String,
    href: String,
    here: bool,
}

/// What a search found, or why nothing could be asked.
#[derive(Default)]
struct Found {
    choices: Vec<Choice>,
    more: bool,
    trouble: Option<String>,
}

/// What mapping it so would change.
enum Looked {
    Changes { touches: Vec<TouchedView>, touched: u64 },
    Same,
    Wrong(String),
}

#[derive(Template)]
#[template(path = "program_mapping.html")]
struct Page {
    frame: Frame,
    head: Head,
    here: String,
    view: MappingView,
    class: &'static str,
    state: &'static str,
    money: String,
    period: String,
    now_party: String,
    now_container: String,
    find: String,
    parties: Found,
    containers: Found,
    party: Option<String>,
    container: Option<String>,
    looked: Option<Looked>,
}

/// The row of this customer and motion.
async fn row(app: &App, (id, name, customer, motion): &Place) -> Result<MappingView, Problem> {
    let program = || Two(id.clone(), name.clone());
    let mut asked = CustomerQuery {
        search: Some(customer.clone()),
        motion: Some(motion.clone()),
        limit: Some(crate::routes::MOST),
        ..CustomerQuery::default()
    };
    loop {
        let listed = customers::list(State(app.clone()), program(), Params(asked)).await?.0;
        if let Some(found) = listed.customers.into_iter().find(|view| view.customer == *customer) {
            return Ok(found);
        }
        let Some(next) = listed.next else {
            let what = format!("{customer}/{motion}");
            return Err(Problem::not_found("customer with this billing motion in any statement", &what));
        };
        asked = CustomerQuery {
            search: Some(customer.clone()),
            motion: Some(motion.clone()),
            limit: Some(crate::routes::MOST),
            after: Some(next),
            ..CustomerQuery::default()
        };
    }
}

async fn search(app: &App, id: &str, kind: &str, query: String) -> Result<EntityList, Problem> {
    let asked = SearchQuery { kind: kind.to_owned(), query, after: None };
    Ok(connections::search(State(app.clone()), Id(id.to_owned()), Params(asked)).await?.0)
}

fn about(entity: &EntityView) -> String {
    let cycle = entity.cycle.as_deref().unwrap_or_default();
    let currency = entity.currency.as_deref().unwrap_or_default();
    let email = entity.attributes.get("email").map(String::as_str).unwrap_or_default();
    let state = if entity.active { "" } else { "not active: nothing that goes there is billed" };
    let parts = [entity.code.as_str(), email, cycle, currency, state];
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(", ")
}

fn found(
    answer: Result<EntityList, Problem>,
    chosen: Option<&str>,
    fits: impl Fn(&EntityView) -> bool,
    href: impl Fn(&str) -> String,
) -> Found {
    let listed = match answer {
        Ok(listed) => listed,
        Err(problem) => return Found { trouble: Some(problem.body().detail.clone()), ..Found::default() },
    };
    let choice = |entity: &EntityView| Choice {
        text: named(&entity.id, &entity.name),
        about: about(entity),
        href: href(&entity.id),
        here: chosen == Some(entity.id.as_str()),
    };
    Found {
        choices: listed.entities.iter().filter(|entity| fits(entity)).map(choice).collect(),
        more: listed.has_more,
        trouble: None,
    }
}

fn mapping(party: &str, container: Option<&str>, dry_run: bool) -> MappingBody {
    MappingBody { party: party.to_owned(), container: container.map(str::to_owned), dry_run }
}

/// What it would change, held against the target.
async fn look(app: &App, who: &Who, place: &Place, body: MappingBody) -> Looked {
    match put(State(app.clone()), who.clone(), Ids(place.clone()), Body(body)).await {
        Ok(answer) if !answer.changed => Looked::Same,
        Ok(answer) => Looked::Changes { touches: answer.0.touches, touched: answer.0.touched },
        Err(problem) => {
            let faults: Vec<&str> = problem.body().errors.iter().map(|fault| fault.detail.as_str()).collect();
            Looked::Wrong(if faults.is_empty() { problem.body().detail.clone() } else { faults.join("; ") })
        }
    }
}

/// The page.
#[utoipa::path(get, path = "/programs/{id}/{name}/billing/{customer}/{motion}", tag = "pages", params(("id" = String, Path), ("name" = String, Path), ("customer" = String, Path), ("motion" = String, Path), ("find" = Option<String>, Query), ("party" = Option<String>, Query), ("container" = Option<String>, Query)), responses((status = 200, content_type = "text/html", body = String)))]
pub(crate) async fn show(
    State(app): State<App>,
    who: Who,
    Ids(place): Ids<Place>,
    Params(query): Params<StepQuery>,
) -> Shown {
    let (head, ..) = head(&app, &place.0, &place.1, "/billing").await?;
    let view = row(&app, &place).await?;
    let here = format!("{}/billing/{}/{}", head.href, segment(&place.2), segment(&place.3));
    let title = format!("{} · {}", view.customer_name, view.motion_text);
    let frame = Frame::new(&app, &who, PROGRAMS, &title).await?.saying(Said::read(query.said.as_deref()));
    let find = address::given(&query.find).unwrap_or_else(|| view.customer_name.clone());
    let party = address::given(&query.party);
    let container = address::given(&query.container).filter(|_| view.needs_container);
    let (mut parties, mut containers, mut looked) = (Found::default(), Found::default(), None);
    if frame.may_bill() {
        let step = |party: &str, container: Option<&str>| {
            address::of(&here, &[("find", Some(&find)), ("party", Some(party)), ("container", container)])
        };
        let answer = search(&app, &place.0, "party", find.clone()).await;
        parties = found(answer, party.as_deref(), |_| true, |id| step(id, None));
        if let Some(party) = party.as_deref() {
            if view.needs_container {
                let answer = search(&app, &place.0, "container", format!("party:{party}")).await;
                let is_of = |entity: &EntityView| entity.attributes.get("party").is_none_or(|of| of == party);
                containers = found(answer, container.as_deref(), is_of, |id| step(party, Some(id)));
            }
            if container.is_some() || !view.needs_container {
                looked = Some(look(&app, &who, &place, mapping(party, container.as_deref(), true)).await);
            }
        }
    }
    let text = |of: &Option<crate::wire::LinkTargetView>| of.as_ref().map(|one| named(&one.id, &one.name));
    let (state, class) = state(&view.state);
    let page = Page {
        class,
        state,
        money: words::moneys(&view.money),
        period: view.period.as_ref().map(period).unwrap_or_default(),
        now_party: text(&view.party).unwrap_or_default(),
        now_container: text(&view.container).unwrap_or_default(),
        frame,
        head,
        here,
        view,
        find,
        parties,
        containers,
        party,
        container,
        looked,
    };
    html(&page)
}

/// Map it, or take the mapping back.
#[utoipa::path(post, path = "/programs/{id}/{name}/billing/{customer}/{motion}", tag = "pages", params(("id" = String, Path), ("name" = String, Path), ("customer" = String, Path), ("motion" = String, Path)), responses((status = 303, description = "Back to the customer.")))]
pub(crate) async fn keep(State(app): State<App>, who: Who, Ids(place): Ids<Place>, fields: Fields) -> Shown {
    let here = super::href(&place.0, &place.1);
    let here = format!("{here}/billing/{}/{}", segment(&place.2), segment(&place.3));
    if fields.one("act") == Some("unmap") {
        let _shown_next = remove(State(app), who, Ids(place), Params(DryRun { dry_run: false })).await?;
        return Ok(back(&here, "unmapped", None));
    }
    let body = mapping(&fields.text("party"), fields.one("container"), false);
    let _shown_next = put(State(app), who, Ids(place), Body(body)).await?;
    Ok(back(&here, "mapped", None))
}
