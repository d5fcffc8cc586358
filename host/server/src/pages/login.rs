//! Signing in and out by browser. The form carries a token that must match a cookie of its own, so that no
//! other site can sign somebody in; the session's token is new at each sign-in.

use std::net::SocketAddr;

use axum::Form;
use axum::extract::rejection::FormRejection;
use axum::extract::{ConnectInfo, FromRequestParts, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use counterfoil_domain::ports::User;
use serde::Deserialize;
use utoipa::ToSchema;

use super::{begin, end};
use crate::auth::{same, verify_password};
use crate::guard::{Who, came_from_elsewhere, cookie, cross_site, session_cookie};
use crate::ids::random;
use crate::parts::App;
use crate::problem::{Code, Problem};
use crate::routes::audit;

/// Somebody nobody is: a wrong name takes as long as a wrong password.
const NOBODY: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// Where the request came from, as far as the listener tells.
pub(crate) struct Address(String);

impl<S: Send + Sync> FromRequestParts<S> for Address {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        let info = parts.extensions.get::<ConnectInfo<SocketAddr>>();
        Ok(Self(info.map_or_else(|| "unknown".to_owned(), |info| info.0.ip().to_string())))
    }
}

fn form_cookie(https: bool) -> &'static str {
    if https { "__Host-counterfoil-form" } else { "counterfoil-form" }
}

fn set_cookie(https: bool, name: &str, value: &str, lives: bool) -> Result<HeaderValue, Problem> {
    let secure = if https { "; Secure" } else { "" };
    let age = if lives { "" } else { "; Max-Age=0" };
    HeaderValue::from_str(&format!("{name}={value}; Path=/; HttpOnly; SameSite=Strict{secure}{age}"))
        .map_err(|_| Problem::internal("A cookie could not be made."))
}

fn form(app: &App, problem: Option<&str>, status: StatusCode) -> Result<Response, Problem> {
    let token = URL_SAFE_NO_PAD.encode(random::<32>()?);
    let mut html = begin("Sign in");
    html.markup("<main>\n<form class=\"sign-in\" method=\"post\" action=\"/login\">\n<h1>Counterfoil</h1>\n");
    if let Some(problem) = problem {
        html.cell("<p class=\"bad\" role=\"alert\">", problem, "</p>\n");
    }
    html.cell("<input type=\"hidden\" name=\"csrf\" value=\"", &token, "\">\n")
        .markup("<label for=\"name\">Name</label>\n<input id=\"name\" name=\"name\" autocomplete=\"username\" required>\n")
        .markup("<label for=\"password\">Password</label>\n<input id=\"password\" name=\"password\" type=\"password\" autocomplete=\"current-password\" required>\n")
        .markup("<button>Sign in</button>\n</form>\n</main>\n");
    let mut response = end(html);
    *response.status_mut() = status;
    let cookie = set_cookie(app.parts.https, form_cookie(app.parts.https), &token, true)?;
    response.headers_mut().append(header::SET_COOKIE, cookie);
    Ok(response)
}

/// The sign-in form.
#[utoipa::path(get, path = "/login", tag = "pages", responses((status = 200, content_type = "text/html", body = String)))]
pub(crate) async fn show(State(app): State<App>) -> Result<Response, Problem> {
    form(&app, None, StatusCode::OK)
}

#[derive(Deserialize, ToSchema)]
pub(crate) struct SignIn {
    name: String,
    password: String,
    csrf: String,
}

fn unreadable(rejection: &FormRejection) -> Problem {
    let text = rejection.body_text();
    Problem::new(
        Code::BadRequest,
        format!("{}.", text.trim_end_matches('.')),
        "Nothing was changed.",
        "Use the form at /login.",
    )
}

async fn check_password(app: &App, password: String, hash: String) -> Result<bool, Problem> {
    let permit = app.hashing.acquire().await.map_err(|_| Problem::internal("Password checks have stopped."))?;
    let checked = tokio::task::spawn_blocking(move || verify_password(&password, &hash)).await;
    drop(permit);
    checked.map_err(|_| Problem::internal("A password check stopped unexpectedly."))
}

/// Sign in.
#[utoipa::path(post, path = "/login", tag = "pages", request_body(content = SignIn, content_type = "application/x-www-form-urlencoded"), responses((status = 303, description = "Signed in."), (status = 401, content_type = "text/html", body = String)))]
pub(crate) async fn submit(
    State(app): State<App>,
    Address(address): Address,
    headers: HeaderMap,
    given: Result<Form<SignIn>, FormRejection>,
) -> Result<Response, Problem> {
    let Form(given) = given.map_err(|rejection| unreadable(&rejection))?;
    let https = app.parts.https;
    let expected = cookie(&headers, form_cookie(https)).unwrap_or_default();
    if expected.is_empty() || !same(expected, &given.csrf) || came_from_elsewhere(&headers) {
        return Err(cross_site());
    }
    // Counted before the check: attempts at the same moment do not slip through together.
    let wait = {
        let mut throttle = app.throttle();
        let wait = throttle.wait(&given.name, &address, app.now());
        if wait.is_none() {
            throttle.failed(&given.name, &address, app.now());
        }
        wait
    };
    if let Some(seconds) = wait {
        let problem =
            format!("There were too many attempts to sign in. Nothing was changed. Wait {seconds} s and try again.");
        let mut response = form(&app, Some(&problem), StatusCode::TOO_MANY_REQUESTS)?;
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        return Ok(response);
    }
    let users = app.store().users().await?;
    let user = users.into_iter().find(|user| user.name.as_str() == given.name);
    let hash = user.as_ref().map_or(NOBODY, |user| user.password_hash.as_str()).to_owned();
    let is_right = check_password(&app, given.password, hash).await?;
    match user.filter(|_| is_right) {
        Some(user) => signed_in(&app, &user, &address, &headers).await,
        None => {
            tracing::warn!(%address, "a sign-in was refused");
            let problem =
                "The name or the password is not right. Nothing was changed. Try again, or ask an administrator.";
            form(&app, Some(problem), StatusCode::UNAUTHORIZED)
        }
    }
}

async fn signed_in(app: &App, user: &User, address: &str, headers: &HeaderMap) -> Result<Response, Problem> {
    let https = app.parts.https;
    let note = audit(app, &user.name, "sign-in", &user.name, format!("from {address}"));
    app.store().commit(vec![note]).await?;
    app.throttle().succeeded(user.name.as_str(), address);
    let token = URL_SAFE_NO_PAD.encode(random::<32>()?);
    let csrf = URL_SAFE_NO_PAD.encode(random::<32>()?);
    {
        let mut sessions = app.sessions();
        // Whatever session the browser had is over: a token from before signing in is worth nothing.
        if let Some(old) = cookie(headers, session_cookie(https)) {
            sessions.end(old);
        }
        sessions.begin(&token, csrf, user.name.clone(), &user.password_hash, app.now());
    }
    let mut response = Redirect::to("/").into_response();
    response.headers_mut().append(header::SET_COOKIE, set_cookie(https, session_cookie(https), &token, true)?);
    response.headers_mut().append(header::SET_COOKIE, set_cookie(https, form_cookie(https), "", false)?);
    Ok(response)
}

#[derive(Deserialize, ToSchema)]
pub(crate) struct SignOut {
    csrf: String,
}

/// Sign out.
#[utoipa::path(post, path = "/logout", tag = "pages", request_body(content = SignOut, content_type = "application/x-www-form-urlencoded"), responses((status = 303, description = "Signed out.")))]
pub(crate) async fn leave(
    State(app): State<App>,
    who: Who,
    headers: HeaderMap,
    given: Result<Form<SignOut>, FormRejection>,
) -> Result<Response, Problem> {
    let Form(given) = given.map_err(|rejection| unreadable(&rejection))?;
    let expected = who.csrf.unwrap_or_default();
    if expected.is_empty() || !same(&expected, &given.csrf) || came_from_elsewhere(&headers) {
        return Err(cross_site());
    }
    let name = session_cookie(app.parts.https);
    if let Some(token) = cookie(&headers, name) {
        app.sessions().end(token);
    }
    let mut response = Redirect::to("/login").into_response();
    response.headers_mut().append(header::SET_COOKIE, set_cookie(app.parts.https, name, "", false)?);
    Ok(response)
}
