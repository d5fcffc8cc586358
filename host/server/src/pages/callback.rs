//! Where a target sends the browser back to after a sign-in, and the choice of an account there. Plain pages: what they
//! say is decided in `routes::authorize`.
//!
//! The session's cookie does not come along when another site sends the browser here. A sign-in that was begun in a
//! session therefore asks the browser to come once more, by itself, from this page.

use axum::Form;
use axum::extract::rejection::FormRejection;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::Response;
use serde::Deserialize;
use utoipa::ToSchema;

use super::{begin, end};
use crate::access::Role;
use crate::guard::{came_from_elsewhere, identify};
use crate::html::Html;
use crate::parts::App;
use crate::problem::Problem;
use crate::routes::authorize::{Came, end as end_sign_in, no_state, take_tenant};
use crate::sign_ins::{Begun, NoState, Stage};

const AGAIN: &str = "again";

fn page(title: &str, status: StatusCode, fill: impl FnOnce(&mut Html)) -> Response {
    let mut html = begin(title);
    html.markup("<main>\n").cell("<h1>", title, "</h1>\n");
    fill(&mut html);
    html.markup("<p><a href=\"/\">To the tasks</a></p>\n</main>\n");
    let mut response = end(html);
    *response.status_mut() = status;
    response
}

fn refused(status: StatusCode, text: &str) -> Response {
    page("Not signed in", status, |html| {
        html.cell("<p class=\"bad\" role=\"alert\">", text, "</p>\n");
    })
}

/// Whether this browser may end the sign-in: none, or what it is told instead.
async fn stranger(app: &App, headers: &HeaderMap, begun: &Begun) -> Result<Option<&'static str>, Problem> {
    let users = app.store().users().await?;
    let role = users.iter().find(|user| user.name == begun.actor).and_then(|user| Role::parse(&user.role));
    if role.is_none_or(|role| role < Role::Operator) {
        return Ok(Some(
            "Whoever began this sign-in may not sign connections in any more. Nothing was changed. Ask an operator to begin it again.",
        ));
    }
    if !begun.by_browser {
        return Ok(None);
    }
    Ok(match identify(app, headers).await? {
        Some(who) if who.actor == begun.actor => None,
        Some(_) => Some("This sign-in was begun by another user of Counterfoil. Nothing was changed. Begin your own."),
        None => Some(
            "This sign-in was begun in a session that this browser does not have. Nothing was changed. Sign in to Counterfoil here, then begin it again.",
        ),
    })
}

/// The same address once more, from here.
fn bounce(query: &str) -> Response {
    let address = format!("/oauth/callback?{query}&{AGAIN}=1");
    let mut response = page("One moment", StatusCode::OK, |html| {
        html.cell("<p><a href=\"", &address, "\">Continue</a></p>\n");
    });
    // Nothing that could end a header gets through a request line.
    if let Ok(value) = HeaderValue::from_str(&format!("0; url={address}")) {
        response.headers_mut().insert(HeaderName::from_static("refresh"), value);
    }
    response
}

fn told(begun: &Begun, handle: &str) -> Response {
    match &begun.stage {
        Stage::Done { tenants, tenant, note } => page("Signed in", StatusCode::OK, |html| {
            html.cell("<p>", note, "</p>\n").cell("<p>Connection: ", begun.connection.as_str(), "</p>\n<ul>\n");
            for one in tenants {
                let uses = if tenant.as_ref() == Some(&one.id) { " (used by this connection)" } else { "" };
                html.cell("<li>", &one.name, "").cell("", uses, "</li>\n");
            }
            html.markup("</ul>\n");
        }),
        Stage::Choosing { tenants } if tenants.is_empty() => refused(
            StatusCode::OK,
            "The sign-in worked and opens no account. Nothing is sent. Sign in again and allow at least one there.",
        ),
        Stage::Choosing { tenants } => page("Signed in", StatusCode::OK, |html| {
            let count = tenants.len().to_string();
            html.cell("<p>The sign-in opens ", &count, " accounts. Nothing is sent until you choose the one that ")
                .cell("", begun.connection.as_str(), " writes to.</p>\n")
                .markup("<form method=\"post\" action=\"/oauth/tenant\">\n")
                .cell("<input type=\"hidden\" name=\"handle\" value=\"", handle, "\">\n<ul>\n");
            for one in tenants {
                html.cell("<li><button name=\"tenant\" value=\"", &one.id, "\">")
                    .cell("", &one.name, "</button> <span class=\"dim\">")
                    .cell("", &one.id, "</span></li>\n");
            }
            html.markup("</ul>\n</form>\n");
        }),
        Stage::Failed { text, .. } => refused(StatusCode::BAD_REQUEST, text),
        Stage::Waiting | Stage::Exchanging => refused(
            StatusCode::BAD_REQUEST,
            "This sign-in is still under way. Nothing was changed here. Look at the connection in a minute.",
        ),
    }
}

fn without(why: NoState) -> Response {
    refused(StatusCode::BAD_REQUEST, no_state(why).1)
}

/// Back from the target's sign-in page.
#[utoipa::path(get, path = "/oauth/callback", tag = "pages", params(("state" = Option<String>, Query), ("code" = Option<String>, Query), ("error" = Option<String>, Query)), responses((status = 200, content_type = "text/html", body = String), (status = 400, content_type = "text/html", body = String)))]
pub(crate) async fn arrive(
    State(app): State<App>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let query = query.unwrap_or_default();
    let came = Came::of(&query);
    let state = came.state.clone().unwrap_or_default();
    let begun = app.begun().look(&state, app.now()).cloned();
    let begun = match begun {
        Ok(begun) => begun,
        Err(why) => return Ok(without(why)),
    };
    if let Some(text) = stranger(&app, &headers, &begun).await? {
        let came_again = url::form_urlencoded::parse(query.as_bytes()).any(|(name, _)| name == AGAIN);
        if begun.by_browser && !came_again {
            return Ok(bounce(&query));
        }
        return Ok(refused(StatusCode::FORBIDDEN, text));
    }
    Ok(match end_sign_in(&app, &state, &came).await? {
        Ok((begun, handle)) => told(&begun, &handle),
        Err(why) => without(why),
    })
}

#[derive(Deserialize, ToSchema)]
pub(crate) struct Choice {
    /// What the page was given: whoever has it may choose.
    handle: String,
    tenant: String,
}

/// Choose the account, on the page that the sign-in ended with.
#[utoipa::path(post, path = "/oauth/tenant", tag = "pages", request_body(content = Choice, content_type = "application/x-www-form-urlencoded"), responses((status = 200, content_type = "text/html", body = String), (status = 400, content_type = "text/html", body = String)))]
pub(crate) async fn choose(
    State(app): State<App>,
    headers: HeaderMap,
    given: Result<Form<Choice>, FormRejection>,
) -> Result<Response, Problem> {
    let Ok(Form(given)) = given else { return Ok(without(NoState::Unknown)) };
    let begun = app.begun().of_handle(&given.handle, app.now()).cloned();
    let Some(begun) = begun.filter(|_| !came_from_elsewhere(&headers)) else {
        return Ok(without(NoState::Unknown));
    };
    if let Some(text) = stranger(&app, &headers, &begun).await? {
        return Ok(refused(StatusCode::FORBIDDEN, text));
    }
    let actor = begun.actor.clone();
    take_tenant(&app, &begun, &given.tenant, &actor).await?;
    let now = app.begun().of_handle(&given.handle, app.now()).cloned();
    Ok(told(&now.unwrap_or(begun), &given.handle))
}
