//! One connection: how it stands, whether its target answers, pausing and enabling it, signing it in, and its settings. It
//! shows what `/v1/connections/{id}` answers and does what its commands do.

pub(crate) mod settings;
mod told;

use askama::Template;
use axum::extract::State;

use super::card_form::{BY_A_PERSON, Input, inputs, typed_secrets};
use super::connections::{Check, Mark, check, is_check, sign_in};
use super::fields::Fields;
use super::frame::{CONNECTIONS, Frame, Shown, html, segment};
use super::said::{Said, back};
use super::task::SaidQuery;
use super::words;
use crate::access::Role;
use crate::extract::{Body, Id, Params};
use crate::guard::Who;
use crate::parts::App;
use crate::problem::{Code, Problem};
use crate::routes::runs::RunQuery;
use crate::routes::{authorize, connections, plugins, runs};
use crate::wire::{
    AccountView, ConnectionView, PluginView, SecretView, SignInBegun, SignInView, StateChange, TenantChoice,
};

/// So many of its last runs are looked through for checks.
const RUNS: usize = 100;
const CHECKS: usize = 5;

/// What the target answered just now.
enum Tested {
    Works(AccountView),
    /// What happened, what it means for the money, what to do.
    Fails(String),
}

/// What was done just before the page is shown.
#[derive(Default)]
struct Just {
    said: Option<Said>,
    tested: Option<Tested>,
    begun: Option<SignInBegun>,
}

#[derive(Template)]
#[template(path = "connection.html")]
struct Page {
    frame: Frame,
    id: String,
    view: ConnectionView,
    target: Option<PluginView>,
    state: Mark,
    sign_in: Option<Mark>,
    checks: Vec<Check>,
    tested: Option<Tested>,
    /// A person signs it in on the target's own page.
    by_a_person: bool,
    begun: Option<SignInBegun>,
    last_sign_in: Option<SignInView>,
    inputs: Vec<Input>,
    secrets: Vec<SecretView>,
    facts: Vec<(&'static str, String)>,
}

/// Whether a person signs it in, on its own and not with another's sign-in.
fn signs_in_by_a_person(view: &ConnectionView, target: Option<&PluginView>) -> bool {
    let first = target.and_then(|target| target.auth.first()).map(|auth| auth.scheme.as_str());
    view.sign_in_with.is_none() && view.auth.as_deref().or(first) == Some(BY_A_PERSON)
}

/// Where the last sign-in that you began stands; none was begun: none.
async fn last_sign_in(app: &App, who: &Who, id: &str) -> Result<Option<SignInView>, Problem> {
    match authorize::show(State(app.clone()), who.clone(), Id(id.to_owned())).await {
        Ok(view) => Ok(Some(view.0)),
        Err(problem) if problem.body().code == Code::NotFound.name() => Ok(None),
        Err(problem) => Err(problem),
    }
}

async fn page(app: App, who: Who, id: String, just: Just) -> Shown {
    let view = connections::show(State(app.clone()), Id(id.clone())).await?.0;
    let target = plugins::list(State(app.clone())).await?.0.plugins;
    let target = target.into_iter().find(|plugin| plugin.active && plugin.id == view.plugin);
    let asked = RunQuery { connection: Some(id.clone()), limit: Some(RUNS), ..RunQuery::default() };
    let runs = runs::list(State(app.clone()), Params(asked)).await?.0.runs;
    let frame = Frame::new(&app, &who, CONNECTIONS, &view.name).await?.saying(just.said);
    let by_a_person = signs_in_by_a_person(&view, target.as_ref());
    let looks = by_a_person && just.begun.is_none() && frame.may(Role::Operator);
    let page = Page {
        id: segment(&id),
        state: Mark { class: words::class(&view.state), text: words::words(&view.state) },
        sign_in: sign_in(&view, app.now().date_naive()),
        checks: runs.iter().filter(|run| is_check(run)).take(CHECKS).map(check).collect(),
        tested: just.tested,
        last_sign_in: if looks { last_sign_in(&app, &who, &id).await? } else { None },
        by_a_person,
        begun: just.begun,
        inputs: target.as_ref().map(|target| inputs(&target.settings, &view.settings)).unwrap_or_default(),
        secrets: typed_secrets(&view.secrets),
        facts: told::facts(&view),
        target,
        view,
        frame,
    };
    html(&page)
}

/// The page.
#[utoipa::path(get, path = "/connections/{id}", tag = "pages", params(("id" = String, Path)), responses((status = 200, content_type = "text/html", body = String)))]
pub(crate) async fn show(State(app): State<App>, who: Who, Id(id): Id, Params(query): Params<SaidQuery>) -> Shown {
    page(app, who, id, Just { said: Said::read(query.said.as_deref()), ..Just::default() }).await
}

/// Ask the target who it is, and show what it says.
#[utoipa::path(post, path = "/connections/{id}/test", tag = "pages", params(("id" = String, Path)), responses((status = 200, content_type = "text/html", body = String)))]
pub(crate) async fn test(State(app): State<App>, who: Who, Id(id): Id, _: Fields) -> Shown {
    crate::routes::connection(&app, &id).await?;
    let tested = match connections::test(State(app.clone()), who.clone(), Id(id.clone())).await {
        Ok(account) => Tested::Works(account.0),
        Err(problem) => Tested::Fails(problem.body().detail.clone()),
    };
    page(app, who, id, Just { tested: Some(tested), ..Just::default() }).await
}

/// Pause it with a reason, or enable it.
#[utoipa::path(post, path = "/connections/{id}/state", tag = "pages", params(("id" = String, Path)), responses((status = 303, description = "Back to the connection.")))]
pub(crate) async fn set_state(State(app): State<App>, who: Who, Id(id): Id, fields: Fields) -> Shown {
    let here = format!("/connections/{}", segment(&id));
    let change = StateChange { state: fields.text("state"), reason: fields.text("reason") };
    let now = connections::set_state(State(app), who, Id(id), Body(change)).await?.0;
    Ok(back(&here, &now.state, None))
}

/// Begin a sign-in: the page then leads to the target's own.
#[utoipa::path(post, path = "/connections/{id}/authorize", tag = "pages", params(("id" = String, Path)), responses((status = 200, content_type = "text/html", body = String)))]
pub(crate) async fn begin(State(app): State<App>, who: Who, Id(id): Id, _: Fields) -> Shown {
    let begun = authorize::begin(State(app.clone()), who.clone(), Id(id.clone())).await?.0;
    page(app, who, id, Just { begun: Some(begun), ..Just::default() }).await
}

/// Choose the account that a sign-in opened.
#[utoipa::path(post, path = "/connections/{id}/tenant", tag = "pages", params(("id" = String, Path)), responses((status = 303, description = "Back to the connection.")))]
pub(crate) async fn choose(State(app): State<App>, who: Who, Id(id): Id, fields: Fields) -> Shown {
    let here = format!("/connections/{}", segment(&id));
    let choice = TenantChoice { tenant: fields.text("tenant") };
    let _shown_next = authorize::choose(State(app), who, Id(id), Body(choice)).await?;
    Ok(back(&here, "saved", None))
}
