//! The guard at every route: who is it, may they, and did the request come from our own pages. Reads the
//! table in `access`; a route without a rule is refused.

use axum::extract::{FromRequestParts, MatchedPath, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};
use counterfoil_domain::id::Actor;
use counterfoil_domain::ports::User;

use crate::access::{Access, Role, rule_of};
use crate::auth::{same, sha256_hex, user_of_token};
use crate::pages::Trouble;
use crate::parts::App;
use crate::problem::{Code, PROBLEM_JSON, Problem};

/// Who is asking.
#[derive(Debug, Clone)]
pub(crate) struct Who {
    pub(crate) actor: Actor,
    pub(crate) role: Role,
    /// Of the browser session; none for a token.
    pub(crate) csrf: Option<String>,
}

impl<S: Send + Sync> FromRequestParts<S> for Who {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        parts.extensions.get::<Self>().cloned().ok_or_else(sign_in_needed)
    }
}

fn sign_in_needed() -> Problem {
    Problem::new(
        Code::SignInNeeded,
        "The request carries no valid token or session.",
        "Nothing was read or changed.",
        "Send \"Authorization: Bearer cf_…\", or sign in at /login.",
    )
}

pub(crate) fn session_cookie(https: bool) -> &'static str {
    if https { "__Host-counterfoil" } else { "counterfoil" }
}

pub(crate) fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(key, _)| *key == name)
        .map(|(_, value)| value)
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

fn who(user: &User, csrf: Option<String>) -> Option<Who> {
    let role = Role::parse(&user.role)?;
    Some(Who { actor: user.name.clone(), role, csrf })
}

/// A token is taken at its word: with a bad one, a good cookie beside it does not help.
pub(crate) async fn identify(app: &App, headers: &HeaderMap) -> Result<Option<Who>, Problem> {
    if headers.contains_key(header::AUTHORIZATION) {
        let Some(token) = bearer(headers) else { return Ok(None) };
        let users = app.store().users().await?;
        return Ok(user_of_token(&users, token).and_then(|user| who(user, None)));
    }
    let Some(token) = cookie(headers, session_cookie(app.parts.https)) else { return Ok(None) };
    let Some(session) = app.sessions().see(token, app.now()) else { return Ok(None) };
    let users = app.store().users().await?;
    let user = users.iter().find(|user| user.name == session.user);
    let user = user.filter(|user| same(&sha256_hex(user.password_hash.as_bytes()), &session.password_print));
    Ok(user.and_then(|user| who(user, Some(session.csrf))))
}

fn is_safe(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD)
}

/// A browser says where a request comes from; ours come from our own pages.
pub(crate) fn came_from_elsewhere(headers: &HeaderMap) -> bool {
    headers.get("sec-fetch-site").is_some_and(|site| site != "same-origin" && site != "none")
}

pub(crate) fn cross_site() -> Problem {
    Problem::new(
        Code::CrossSite,
        "The request did not carry this session's CSRF token, or came from another site.",
        "Nothing was changed.",
        "Reload the page and try again; programs use an API token instead of a session.",
    )
}

fn check_csrf(who: &Who, method: &Method, headers: &HeaderMap) -> Result<(), Problem> {
    let Some(expected) = &who.csrf else { return Ok(()) };
    if is_safe(method) {
        return Ok(());
    }
    let given = headers.get("x-csrf-token").and_then(|value| value.to_str().ok()).unwrap_or_default();
    if came_from_elsewhere(headers) || !same(given, expected) { Err(cross_site()) } else { Ok(()) }
}

/// Refused like everything else, and shown as a page where a browser asked for one.
pub(crate) async fn guard(State(app): State<App>, request: Request, next: Next) -> Result<Response, Problem> {
    let path = request.extensions().get::<MatchedPath>().map(|path| path.as_str().to_owned());
    let rule = path.and_then(|path| rule_of(request.method(), &path));
    let is_page = rule.is_some_and(|rule| matches!(rule.access, Access::Page(_) | Access::Form(_)));
    match guarded(app, request, next).await {
        Err(problem) if is_page => Ok(Trouble(problem).into_response()),
        Ok(answer) if is_page => Ok(as_page(answer).await),
        answer => answer,
    }
}

/// More than any problem has to say.
const MOST_OF_A_PROBLEM: usize = 64 * 1024;

/// What was refused before the page's own code saw it: an odd query, an id that cannot be read.
async fn as_page(answer: Response) -> Response {
    let is_problem = answer.headers().get(header::CONTENT_TYPE).is_some_and(|kind| kind == PROBLEM_JSON);
    if !is_problem {
        return answer;
    }
    let status = answer.status();
    let body = axum::body::to_bytes(answer.into_body(), MOST_OF_A_PROBLEM).await.unwrap_or_default();
    match serde_json::from_slice(&body) {
        Ok(body) => Trouble(Problem::of(body)).into_response(),
        Err(_) => (status, body).into_response(),
    }
}

async fn guarded(app: App, mut request: Request, next: Next) -> Result<Response, Problem> {
    // Without a matched path it is the fallback's 404, which tells nothing.
    let Some(path) = request.extensions().get::<MatchedPath>().map(|path| path.as_str().to_owned()) else {
        return Ok(next.run(request).await);
    };
    let Some(rule) = rule_of(request.method(), &path) else {
        return Err(method_not_allowed());
    };
    let (least, is_page) = match rule.access {
        Access::Open => return Ok(next.run(request).await),
        Access::Least(role) | Access::Form(role) => (role, false),
        Access::Page(role) => (role, true),
    };
    let Some(who) = identify(&app, request.headers()).await? else {
        return if is_page { Ok(Redirect::to("/login").into_response()) } else { Err(sign_in_needed()) };
    };
    if who.role < least {
        tracing::warn!(actor = %who.actor, role = who.role.name(), method = rule.method, path = rule.path, "refused by role");
        return Err(Problem::new(
            Code::NotAllowed,
            format!(
                "{} {} needs the role {}; {} is {}.",
                rule.method,
                rule.path,
                least.name(),
                who.actor,
                who.role.name()
            ),
            "Nothing was read or changed.",
            "Ask an administrator for the role, or somebody who has it to do this.",
        ));
    }
    if !matches!(rule.access, Access::Form(_)) {
        check_csrf(&who, request.method(), request.headers())?;
    }
    request.extensions_mut().insert(who);
    Ok(next.run(request).await)
}

pub(crate) fn method_not_allowed() -> Problem {
    Problem::new(
        Code::MethodNotAllowed,
        "This address does not take that method.",
        "Nothing was changed.",
        "See /v1/openapi.json for what it takes.",
    )
}
