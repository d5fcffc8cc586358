//! Who may sign in, for administrators; and the own account: password and API tokens. It does what `/v1/users` does.

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse as _, Redirect};
use serde::Deserialize;

use super::fields::Fields;
use super::frame::{ACCOUNT, Frame, Shown, USERS, html, segment};
use super::said::{Said, back};
use crate::access::Role;
use crate::auth::SHORTEST_PASSWORD;
use crate::extract::{Body, Id, Ids, Params};
use crate::guard::Who;
use crate::parts::App;
use crate::problem::Problem;
use crate::routes::users;
use crate::wire::{TokenBody, TokenMade, UserBody, UserChange, UserView};

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Query {
    said: Option<String>,
}

struct Choice {
    name: &'static str,
    here: bool,
}

struct Row {
    name: String,
    /// As a part of an address.
    part: String,
    roles: Vec<Choice>,
    tokens: Vec<String>,
    is_self: bool,
}

fn choices(role: &str) -> Vec<Choice> {
    Role::ALL.iter().map(|one| Choice { name: one.name(), here: one.name() == role }).collect()
}

fn row(user: UserView, who: &Who) -> Row {
    Row {
        part: segment(&user.name),
        roles: choices(&user.role),
        is_self: user.name == who.actor.as_str(),
        name: user.name,
        tokens: user.tokens,
    }
}

#[derive(Template)]
#[template(path = "users.html")]
struct Page {
    frame: Frame,
    rows: Vec<Row>,
    roles: Vec<Choice>,
    shortest: usize,
}

/// Everybody who may sign in.
#[utoipa::path(get, path = "/users", tag = "pages", responses((status = 200, content_type = "text/html", body = String)))]
pub(crate) async fn show(State(app): State<App>, who: Who, Params(query): Params<Query>) -> Shown {
    let listed = users::list(State(app.clone())).await?.0;
    let frame = Frame::new(&app, &who, USERS, "Users").await?.saying(Said::read(query.said.as_deref()));
    let rows = listed.users.into_iter().map(|user| row(user, &who)).collect();
    html(&Page { frame, rows, roles: choices(Role::Viewer.name()), shortest: SHORTEST_PASSWORD })
}

/// As it was typed: blanks at the ends belong to it.
fn secret(fields: &Fields, name: &str) -> Option<String> {
    fields.all(name).pop()
}

/// Typed twice, so that nobody is locked out by a slip.
fn new_password(fields: &Fields) -> Result<String, Problem> {
    let password = secret(fields, "password");
    if password.is_none() || password != secret(fields, "again") {
        return Err(Problem::invalid("/again", "not-the-same", "the new password must be typed twice, the same"));
    }
    Ok(password.unwrap_or_default())
}

/// Let somebody sign in.
#[utoipa::path(post, path = "/users", tag = "pages", responses((status = 303, description = "Back to the list.")))]
pub(crate) async fn add(State(app): State<App>, who: Who, fields: Fields) -> Shown {
    let password = new_password(&fields)?;
    let body = UserBody { name: fields.text("name"), role: fields.text("role"), password };
    let _done = users::add(State(app), who, Body(body)).await?;
    Ok(back("/users", "user-added", None))
}

/// Another role, a new password, a token or the person taken away: which of them, the pressed button says.
#[utoipa::path(post, path = "/users/{name}", tag = "pages", params(("name" = String, Path)), responses((status = 303, description = "Back to the list.")))]
pub(crate) async fn change(State(app): State<App>, who: Who, Id(name): Id, fields: Fields) -> Shown {
    match fields.one("do") {
        Some("remove") => {
            let _done = users::remove(State(app), who, Id(name)).await?;
            Ok(back("/users", "user-removed", None))
        }
        Some("token") => {
            let ids = Ids((name, fields.text("label")));
            let _done = users::remove_token(State(app), who, ids).await?;
            Ok(back("/users", "token-removed", None))
        }
        Some("password") => {
            let change = UserChange { password: Some(new_password(&fields)?), ..UserChange::default() };
            let _done = users::change(State(app), who, Id(name), Body(change)).await?;
            Ok(back("/users", "saved", None))
        }
        _ => {
            let change = UserChange { role: Some(fields.text("role")), ..UserChange::default() };
            let _done = users::change(State(app), who, Id(name), Body(change)).await?;
            Ok(back("/users", "saved", None))
        }
    }
}

#[derive(Template)]
#[template(path = "account.html")]
struct Account {
    frame: Frame,
    user: UserView,
    made: Option<TokenMade>,
    shortest: usize,
}

async fn own(app: App, who: Who, said: Option<&str>, made: Option<TokenMade>) -> Shown {
    let user = users::show(State(app.clone()), who.clone(), Id(who.actor.to_string())).await?.0;
    let frame = Frame::new(&app, &who, ACCOUNT, "Your account").await?.saying(Said::read(said));
    html(&Account { frame, user, made, shortest: SHORTEST_PASSWORD })
}

/// The own account.
#[utoipa::path(get, path = "/account", tag = "pages", responses((status = 200, content_type = "text/html", body = String)))]
pub(crate) async fn account(State(app): State<App>, who: Who, Params(query): Params<Query>) -> Shown {
    own(app, who, query.said.as_deref(), None).await
}

/// A new password; it ends every session, this one too.
#[utoipa::path(post, path = "/account/password", tag = "pages", responses((status = 303, description = "To the sign-in.")))]
pub(crate) async fn password(State(app): State<App>, who: Who, fields: Fields) -> Shown {
    let change = UserChange {
        role: None,
        password: Some(new_password(&fields)?),
        old_password: secret(&fields, "old_password"),
    };
    let name = who.actor.to_string();
    let _done = users::change(State(app), who, Id(name), Body(change)).await?;
    Ok(Redirect::to("/login").into_response())
}

/// A new API token, shown on the page that answers and never again.
#[utoipa::path(post, path = "/account/tokens", tag = "pages", responses((status = 200, content_type = "text/html", body = String)))]
pub(crate) async fn make_token(State(app): State<App>, who: Who, fields: Fields) -> Shown {
    let body = TokenBody { label: fields.text("label") };
    let name = who.actor.to_string();
    let (_, made) = users::make_token(State(app.clone()), who.clone(), Id(name), Body(body)).await?;
    own(app, who, None, Some(made.0)).await
}

/// From now on the token opens nothing.
#[utoipa::path(post, path = "/account/tokens/remove", tag = "pages", responses((status = 303, description = "Back to the account.")))]
pub(crate) async fn remove_token(State(app): State<App>, who: Who, fields: Fields) -> Shown {
    let ids = Ids((who.actor.to_string(), fields.text("label")));
    let _done = users::remove_token(State(app), who, ids).await?;
    Ok(back("/account", "token-removed", None))
}
