//! People and their API tokens. An administrator sees to everybody; whoever signed in sees to the own password, with the
//! old one, and the own tokens. There is always an administrator.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use counterfoil_domain::id::Actor;
use counterfoil_domain::ports::{User, Write};

use super::audit;
use crate::access::Role;
use crate::auth::{PasswordError, hash_password, new_token, verify_password};
use crate::extract::{Body, Id, Ids};
use crate::guard::Who;
use crate::ids::random;
use crate::parts::App;
use crate::problem::{Code, Problem};
use crate::suggest::hint;
use crate::wire::{TokenBody, TokenMade, UserBody, UserChange, UserList, UserRemoved, UserView};

const LONGEST_NAME: usize = 64;
const LONGEST_LABEL: usize = 64;
const MOST_TOKENS: usize = 50;

/// Names under which the program itself stands in the log.
const OURS: [&str; 12] = [
    "auto-sync",
    "follow-up",
    "init",
    "lookout",
    "observe",
    "plugins",
    "product-sync",
    "reconcile",
    "restore",
    "rules",
    "schedule",
    "upkeep",
];

/// Everybody who may sign in.
#[utoipa::path(get, path = "/v1/users", tag = "users", responses((status = 200, body = UserList)))]
pub(crate) async fn list(State(app): State<App>) -> Result<Json<UserList>, Problem> {
    let users = app.store().users().await?;
    Ok(Json(UserList { users: users.iter().map(UserView::from).collect() }))
}

/// One person: an administrator sees everybody, others themselves.
#[utoipa::path(get, path = "/v1/users/{name}", tag = "users", params(("name" = String, Path)), responses((status = 200, body = UserView)))]
pub(crate) async fn show(State(app): State<App>, who: Who, Id(name): Id) -> Result<Json<UserView>, Problem> {
    let users = app.store().users().await?;
    Ok(Json(find(&users, &who, &name)?.into()))
}

/// For others than administrators there is nobody but themselves.
fn find<'a>(users: &'a [User], who: &Who, name: &str) -> Result<&'a User, Problem> {
    let may_see = who.role == Role::Admin || who.actor.as_str() == name;
    let user = users.iter().find(|user| may_see && user.name.as_str() == name);
    user.ok_or_else(|| Problem::not_found("user", name))
}

fn role(written: &str) -> Result<Role, Problem> {
    Role::parse(written).ok_or_else(|| {
        let help = hint(written, Role::ALL.iter().map(|role| role.name()));
        Problem::invalid("/role", "unknown-role", format!("\"{written}\" is not a role; {help}"))
    })
}

fn name(written: &str) -> Result<Actor, Problem> {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-' | '@' | '+');
    if written.is_empty() || written.chars().count() > LONGEST_NAME || !written.chars().all(plain) {
        let text = format!("a name has 1 to {LONGEST_NAME} letters, digits or . _ - @ +");
        return Err(Problem::invalid("/name", "bad-name", text));
    }
    if OURS.contains(&written.to_ascii_lowercase().as_str()) {
        let text = format!("under \"{written}\" the program itself stands in the audit log; take another name");
        return Err(Problem::invalid("/name", "name-taken", text));
    }
    Ok(Actor::new(written))
}

/// Few at a time, and not on an async thread: it takes 19 MiB and tens of milliseconds.
async fn hashed(app: &App, password: String) -> Result<String, Problem> {
    let salt = random::<16>()?;
    let permit = app.hashing.acquire().await.map_err(|_| Problem::internal("Password checks have stopped."))?;
    let hashed = tokio::task::spawn_blocking(move || hash_password(&password, salt)).await;
    drop(permit);
    let hashed = hashed.map_err(|_| Problem::internal("A password could not be hashed."))?;
    hashed.map_err(|error| match error {
        PasswordError::TooShort => Problem::invalid("/password", "too-short", error.to_string()),
        PasswordError::TooLong => Problem::invalid("/password", "too-long", error.to_string()),
        PasswordError::Hash(why) => {
            tracing::error!(%why, "a password could not be hashed");
            Problem::internal("The password could not be hashed.")
        }
    })
}

/// A session that somebody left open is not enough to take the account over.
async fn must_know_old(app: &App, user: &User, old: Option<String>) -> Result<(), Problem> {
    let Some(old) = old.filter(|old| !old.is_empty()) else {
        return Err(Problem::invalid("/old_password", "required", "the own password is changed with the old one"));
    };
    let (account, place) = (user.name.as_str(), format!("own:{}", user.name));
    let wait = {
        let mut throttle = app.throttle();
        let wait = throttle.wait(account, &place, app.now());
        if wait.is_none() {
            throttle.failed(account, &place, app.now());
        }
        wait
    };
    if let Some(seconds) = wait {
        let text = format!("there were too many attempts; wait {seconds} s");
        return Err(Problem::invalid("/old_password", "too-many-attempts", text).after(seconds));
    }
    let hash = user.password_hash.clone();
    let permit = app.hashing.acquire().await.map_err(|_| Problem::internal("Password checks have stopped."))?;
    let right = tokio::task::spawn_blocking(move || verify_password(&old, &hash)).await;
    drop(permit);
    if !right.map_err(|_| Problem::internal("A password check stopped unexpectedly."))? {
        return Err(Problem::invalid("/old_password", "wrong-password", "this is not the password until now"));
    }
    app.throttle().succeeded(account, &place);
    Ok(())
}

/// Let somebody sign in.
#[utoipa::path(post, path = "/v1/users", tag = "users", request_body = UserBody, responses((status = 201, body = UserView)))]
pub(crate) async fn add(
    State(app): State<App>,
    who: Who,
    Body(body): Body<UserBody>,
) -> Result<(StatusCode, Json<UserView>), Problem> {
    let (name, role) = (name(&body.name)?, role(&body.role)?);
    let password_hash = hashed(&app, body.password).await?;
    let _turn = app.people.lock().await;
    let users = app.store().users().await?;
    // In capitals it would be another person who looks like this one.
    if users.iter().any(|user| user.name.as_str().eq_ignore_ascii_case(name.as_str())) {
        return Err(Problem::invalid("/name", "user-exists", format!("there is a user {name} already")));
    }
    let user = User { name, role: role.name().to_owned(), password_hash, tokens: Vec::new() };
    let note = audit(&app, &who.actor, "user.add", &user.name, user.role.clone());
    let view = UserView::from(&user);
    app.store().commit(vec![Write::PutUser(user), note]).await?;
    Ok((StatusCode::CREATED, Json(view)))
}

fn is_last_admin(users: &[User], user: &User) -> bool {
    let is_admin = |user: &&User| user.role == Role::Admin.name();
    is_admin(&user) && users.iter().filter(is_admin).count() == 1
}

fn last_admin(user: &User, what: &str) -> Problem {
    Problem::new(
        Code::LastAdmin,
        format!("{} is the last administrator and cannot be {what}.", user.name),
        "Nothing was changed.",
        "Make somebody else an administrator first.",
    )
}

/// Change a role, or a password: the own one with the old one. A new password ends the person's sessions.
#[utoipa::path(put, path = "/v1/users/{name}", tag = "users", params(("name" = String, Path)), request_body = UserChange, responses((status = 200, body = UserView)))]
pub(crate) async fn change(
    State(app): State<App>,
    who: Who,
    Id(name): Id,
    Body(change): Body<UserChange>,
) -> Result<Json<UserView>, Problem> {
    let wanted = change.role.as_deref().map(role).transpose()?;
    let before = find(&app.store().users().await?, &who, &name)?.clone();
    if wanted.is_some_and(|role| role.name() != before.role) && who.role != Role::Admin {
        return Err(Problem::new(
            Code::NotAllowed,
            format!("Only an administrator changes a role; {} is {}.", who.actor, who.role.name()),
            "Nothing was changed.",
            "Ask an administrator.",
        ));
    }
    let password_hash = match change.password {
        Some(password) => {
            if who.actor == before.name {
                must_know_old(&app, &before, change.old_password).await?;
            }
            Some(hashed(&app, password).await?)
        }
        None => None,
    };
    let _turn = app.people.lock().await;
    let users = app.store().users().await?;
    let mut user = find(&users, &who, &name)?.clone();
    let mut writes = Vec::new();
    if let Some(role) = wanted.filter(|role| role.name() != user.role) {
        if is_last_admin(&users, &user) {
            return Err(last_admin(&user, "given another role"));
        }
        let detail = format!("{} → {}", user.role, role.name());
        writes.push(audit(&app, &who.actor, "user.role", &user.name, detail));
        role.name().clone_into(&mut user.role);
    }
    if let Some(hash) = password_hash {
        writes.push(audit(&app, &who.actor, "user.password", &user.name, ""));
        user.password_hash = hash;
    }
    let view = UserView::from(&user);
    if !writes.is_empty() {
        writes.push(Write::PutUser(user));
        app.store().commit(writes).await?;
    }
    Ok(Json(view))
}

/// Nobody of that name signs in any more; sessions and tokens end at once. What they did stays in the audit log.
#[utoipa::path(delete, path = "/v1/users/{name}", tag = "users", params(("name" = String, Path)), responses((status = 200, body = UserRemoved)))]
pub(crate) async fn remove(State(app): State<App>, who: Who, Id(name): Id) -> Result<Json<UserRemoved>, Problem> {
    let _turn = app.people.lock().await;
    let users = app.store().users().await?;
    let user = find(&users, &who, &name)?;
    if is_last_admin(&users, user) {
        return Err(last_admin(user, "removed"));
    }
    let note = audit(&app, &who.actor, "user.remove", &user.name, user.role.clone());
    app.store().commit(vec![Write::RemoveUser(user.name.clone()), note]).await?;
    Ok(Json(UserRemoved { removed: user.into() }))
}

/// Make an API token. It may what its person may; it is shown this once.
#[utoipa::path(post, path = "/v1/users/{name}/tokens", tag = "users", params(("name" = String, Path)), request_body = TokenBody, responses((status = 201, body = TokenMade)))]
pub(crate) async fn make_token(
    State(app): State<App>,
    who: Who,
    Id(name): Id,
    Body(body): Body<TokenBody>,
) -> Result<(StatusCode, Json<TokenMade>), Problem> {
    let label = body.label.trim().to_owned();
    if label.is_empty() || label.chars().count() > LONGEST_LABEL || label.chars().any(char::is_control) {
        let text = format!("a label has 1 to {LONGEST_LABEL} characters and says what the token is for");
        return Err(Problem::invalid("/label", "bad-label", text));
    }
    let _turn = app.people.lock().await;
    let users = app.store().users().await?;
    let mut user = find(&users, &who, &name)?.clone();
    if user.tokens.iter().any(|(_, known)| *known == label) {
        let text = format!("{} has a token \"{label}\" already; remove it or take another label", user.name);
        return Err(Problem::invalid("/label", "token-exists", text));
    }
    if user.tokens.len() >= MOST_TOKENS {
        let text = format!("{} has {MOST_TOKENS} tokens; remove those that nobody uses", user.name);
        return Err(Problem::invalid("/label", "too-many-tokens", text));
    }
    let (token, hash) = new_token(random()?);
    user.tokens.push((hash, label.clone()));
    let note = audit(&app, &who.actor, "user.token", &user.name, label.clone());
    app.store().commit(vec![Write::PutUser(user), note]).await?;
    Ok((StatusCode::CREATED, Json(TokenMade { user: name, label, token })))
}

/// From now on the token opens nothing.
#[utoipa::path(delete, path = "/v1/users/{name}/tokens/{label}", tag = "users", params(("name" = String, Path), ("label" = String, Path)), responses((status = 200, body = UserView)))]
pub(crate) async fn remove_token(
    State(app): State<App>,
    who: Who,
    Ids((name, label)): Ids<(String, String)>,
) -> Result<Json<UserView>, Problem> {
    let _turn = app.people.lock().await;
    let users = app.store().users().await?;
    let mut user = find(&users, &who, &name)?.clone();
    let before = user.tokens.len();
    user.tokens.retain(|(_, known)| *known != label);
    if user.tokens.len() == before {
        return Err(Problem::not_found("token", &label));
    }
    let view = UserView::from(&user);
    let note = audit(&app, &who.actor, "user.token-remove", &user.name, label);
    app.store().commit(vec![Write::PutUser(user), note]).await?;
    Ok(Json(view))
}
