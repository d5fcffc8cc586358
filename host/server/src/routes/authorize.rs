//! Signing a connection in by a person: where to go, how it stands, what came back, and which account is meant. The
//! exchange of the code is egress's; which connections work again after it is decided here.

use axum::Json;
use axum::extract::State;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Days, NaiveDate, Utc};
use counterfoil_domain::card::Auth;
use counterfoil_domain::connection::{Connection, ConnectionState};
use counterfoil_domain::id::Actor;
use counterfoil_domain::ports::{CodeError, CodeGrant, SignInPage, SignedIn, Tenant, Write};
use counterfoil_domain::secret::{REFRESH_TOKEN_SINCE, Secret, SecretScope};
use sha2::{Digest as _, Sha256};
use url::Url;

use super::{audit, connection};
use crate::extract::{Body, Id};
use crate::guard::Who;
use crate::ids::random;
use crate::parts::App;
use crate::problem::{Code, Fault, Problem};
use crate::sign_ins::{Begun, NoState, Stage};
use crate::wire::{SignInAnswer, SignInBegun, SignInView, TenantChoice};

const NOTHING: &str = "Nothing was changed.";

/// The scheme that a connection signs in with, on its active card.
fn auth_of(app: &App, connection: &Connection) -> Option<Auth> {
    let target = app.parts.targets.active(&connection.plugin)?;
    let auth = &target.card().auth;
    auth.iter().find(|auth| connection.auth.is_none_or(|scheme| auth.scheme == scheme)).cloned()
}

/// The last day on which the refresh token works, if it is not used until then.
pub(crate) async fn sign_in_ends(app: &App, connection: &Connection) -> Result<Option<NaiveDate>, Problem> {
    let Some(days) = auth_of(app, connection).and_then(|auth| auth.refresh_days) else { return Ok(None) };
    let home = SecretScope::Connection(connection.signs_in_as().clone());
    let since = app.parts.vault.get(&home, REFRESH_TOKEN_SINCE).await?;
    let since = since.and_then(|since| DateTime::parse_from_rfc3339(since.reveal()).ok());
    Ok(since.and_then(|since| since.with_timezone(&Utc).date_naive().checked_add_days(Days::new(days.into()))))
}

/// What went wrong, as the API tells it. Nothing of it can have written anything in the target.
fn problem(error: &CodeError) -> Problem {
    let said = error.to_string();
    let said = format!("{}.", said.trim_end_matches('.'));
    let fault = vec![Fault::new("", error.code(), said.clone())];
    match error {
        CodeError::NotPossible(_) => Problem::new(Code::Invalid, said, NOTHING, advice(error)),
        CodeError::Later { .. } => Problem::new(Code::TargetThrottled, said, NOTHING, advice(error)).after(60),
        CodeError::Unreachable(_) | CodeError::Lost(_) => {
            Problem::new(Code::TargetUnavailable, said, NOTHING, advice(error))
        }
        CodeError::CodeRefused(_) | CodeError::AppRefused(_) | CodeError::NoRefreshToken | CodeError::NotKept(_) => {
            Problem::new(Code::TargetSignIn, said, NOTHING, advice(error))
        }
    }
    .with(fault)
}

fn advice(error: &CodeError) -> &'static str {
    match error {
        CodeError::NotPossible(_) => "Correct the connection's setup.",
        CodeError::CodeRefused(_) => "Begin the sign-in again and end it within a few minutes.",
        CodeError::AppRefused(_) => {
            "Check client_id and client_secret, and that the redirect address is registered with the app; then begin again."
        }
        CodeError::Later { .. } | CodeError::Unreachable(_) | CodeError::Lost(_) => {
            "Begin the sign-in again in a minute."
        }
        CodeError::NoRefreshToken => "Add offline_access to the scopes of the plugin's card, then begin again.",
        CodeError::NotKept(_) => "Make the database writable, then begin again.",
    }
}

/// A failed sign-in in a sentence for people.
fn failed(error: &CodeError) -> Stage {
    let said = error.to_string();
    let text = format!("{}. Nothing was changed. {}", said.trim_end_matches('.'), advice(error));
    Stage::Failed { code: error.code().to_owned(), text }
}

pub(crate) fn no_state(why: NoState) -> (&'static str, &'static str) {
    match why {
        NoState::Unknown => (
            "unknown-state",
            "This sign-in is not known here: it was begun elsewhere, or the service was restarted since. Nothing was changed. Begin it again.",
        ),
        NoState::Used => {
            ("state-used", "This sign-in was ended before. Nothing was changed now. Begin another one if you need it.")
        }
        NoState::Expired => {
            ("state-expired", "This sign-in took longer than ten minutes. Nothing was changed. Begin it again.")
        }
    }
}

fn authorize_url(page: &SignInPage, redirect_uri: &str, state: &str, challenge: &str) -> Result<String, Problem> {
    let mut url = Url::parse(&page.authorize_url)
        .map_err(|error| problem(&CodeError::NotPossible(format!("authorize_url is not an absolute URL ({error})"))))?;
    url.query_pairs_mut().extend_pairs([
        ("response_type", "code"),
        ("client_id", &page.client_id),
        ("redirect_uri", redirect_uri),
        ("scope", &page.scopes.join(" ")),
        ("state", state),
        ("code_challenge", challenge),
        ("code_challenge_method", "S256"),
    ]);
    Ok(url.into())
}

/// Begin a sign-in. A former one that you began for this connection is forgotten.
#[utoipa::path(post, path = "/v1/connections/{id}/authorize", tag = "connections", params(("id" = String, Path)), responses((status = 200, body = SignInBegun)))]
pub(crate) async fn begin(State(app): State<App>, who: Who, Id(id): Id) -> Result<Json<SignInBegun>, Problem> {
    let connection = connection(&app, &id).await?;
    let page = (app.parts.sign_ins.page)(connection.id.clone()).await.map_err(|error| problem(&error))?;
    let state = URL_SAFE_NO_PAD.encode(random::<32>()?);
    let verifier = URL_SAFE_NO_PAD.encode(random::<32>()?);
    let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(&verifier));
    let redirect_uri = format!("{}/oauth/callback", app.parts.sign_ins.public_url);
    let authorize_url = authorize_url(&page, &redirect_uri, &state, &challenge)?;
    let begun = Begun {
        by_browser: who.csrf.is_some(),
        redirect_uri: redirect_uri.clone(),
        tenant_setting: page.tenant_setting,
        ..Begun::new(connection.id.clone(), who.actor.clone(), Secret::new(verifier), app.now())
    };
    let note = audit(&app, &who.actor, "connection.sign-in-begun", &connection.id, "");
    app.store().commit(vec![note]).await?;
    let expires_at = begun.ends().into();
    app.begun().begin(&state, begun);
    Ok(Json(SignInBegun { authorize_url, redirect_uri, expires_at }))
}

fn none_begun(id: &str) -> Problem {
    Problem::new(
        Code::NotFound,
        format!("You have begun no sign-in for \"{id}\", or the service was restarted since."),
        NOTHING,
        "Begin one with POST to this address, or with counterfoil connections authorize.",
    )
}

fn own(app: &App, who: &Who, connection: &Connection) -> Result<Begun, Problem> {
    app.begun().of(&connection.id, &who.actor).cloned().ok_or_else(|| none_begun(connection.id.as_str()))
}

/// How the last sign-in that you began for this connection stands.
#[utoipa::path(get, path = "/v1/connections/{id}/authorize", tag = "connections", params(("id" = String, Path)), responses((status = 200, body = SignInView)))]
pub(crate) async fn show(State(app): State<App>, who: Who, Id(id): Id) -> Result<Json<SignInView>, Problem> {
    let connection = connection(&app, &id).await?;
    Ok(Json(SignInView::of(&own(&app, &who, &connection)?, app.now())))
}

/// Choose the account that this connection uses.
#[utoipa::path(put, path = "/v1/connections/{id}/authorize", tag = "connections", params(("id" = String, Path)), request_body = TenantChoice, responses((status = 200, body = SignInView)))]
pub(crate) async fn choose(
    State(app): State<App>,
    who: Who,
    Id(id): Id,
    Body(body): Body<TenantChoice>,
) -> Result<Json<SignInView>, Problem> {
    let connection = connection(&app, &id).await?;
    let begun = own(&app, &who, &connection)?;
    take_tenant(&app, &begun, &body.tenant, &who.actor).await?;
    Ok(Json(SignInView::of(&own(&app, &who, &connection)?, app.now())))
}

/// End a sign-in with what the browser was sent back with, where the browser cannot reach this server.
#[utoipa::path(post, path = "/v1/connections/{id}/authorize/answer", tag = "connections", params(("id" = String, Path)), request_body = SignInAnswer, responses((status = 200, body = SignInView)))]
pub(crate) async fn answer(
    State(app): State<App>,
    who: Who,
    Id(id): Id,
    Body(body): Body<SignInAnswer>,
) -> Result<Json<SignInView>, Problem> {
    let connection = connection(&app, &id).await?;
    let came = Came::of(body.url.split_once('?').map_or(body.url.as_str(), |(_, query)| query).trim());
    let state = came.state.clone().unwrap_or_default();
    let refused = |why: NoState| {
        let (code, text) = no_state(why);
        Problem::invalid("/url", code, text)
    };
    let begun = app.begun().look(&state, app.now()).cloned().map_err(refused)?;
    if begun.actor != who.actor || begun.connection != connection.id {
        return Err(refused(NoState::Unknown));
    }
    end(&app, &state, &came).await?.map_err(refused)?;
    Ok(Json(SignInView::of(&own(&app, &who, &connection)?, app.now())))
}

/// What the target sent the browser back with.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Came {
    pub(crate) state: Option<String>,
    pub(crate) code: Option<Secret>,
    /// The target's word, such as "access_denied"; its sentence could be anybody's.
    pub(crate) error: Option<String>,
}

impl Came {
    pub(crate) fn of(query: &str) -> Self {
        let mut came = Self::default();
        for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
            match &*name {
                "state" => came.state = Some(value.into_owned()),
                "code" => came.code = Some(Secret::new(value)),
                "error" => {
                    let plain = value.chars().filter(|c| c.is_ascii_alphanumeric() || "_-".contains(*c));
                    came.error = Some(plain.take(40).collect());
                }
                _ => {}
            }
        }
        came
    }
}

/// The first who brings the state ends the sign-in. Gives the word that opens the choice of an account.
pub(crate) async fn end(app: &App, state: &str, came: &Came) -> Result<Result<(Begun, String), NoState>, Problem> {
    let handle = URL_SAFE_NO_PAD.encode(random::<32>()?);
    let begun = match app.begun().take(state, app.now()) {
        Ok(begun) => begun,
        Err(why) => return Ok(Err(why)),
    };
    // Not cut off when the browser goes away: the code is spent, and what it gave is kept already.
    let (task_app, task_begun, task_came) = (app.clone(), begun.clone(), came.clone());
    let ended = tokio::spawn(async move { redeem(&task_app, &task_begun, &task_came).await });
    let stage = match ended.await {
        Ok(Ok(stage)) => stage,
        Ok(Err(problem)) => {
            app.begun().end(state, failed(&CodeError::NotKept("the store refused".to_owned())), &handle);
            return Err(problem);
        }
        Err(_) => failed(&CodeError::Lost("a part of the server stopped".to_owned())),
    };
    app.begun().end(state, stage.clone(), &handle);
    Ok(Ok((Begun { stage, ..begun }, handle)))
}

async fn redeem(app: &App, begun: &Begun, came: &Came) -> Result<Stage, Problem> {
    let outcome = match (&came.code, &came.error) {
        (_, Some(error)) => {
            let text = format!(
                "The target's page answered \"{error}\". Nothing was changed. {}",
                if error == "access_denied" {
                    "Somebody refused there; begin again if that was a mistake."
                } else {
                    "Check the app's scopes and redirect address in the target, then begin again."
                }
            );
            Err(Stage::Failed { code: error.replace('_', "-"), text })
        }
        (None, None) => Err(failed(&CodeError::CodeRefused("no code came back".to_owned()))),
        (Some(code), None) => {
            let grant = CodeGrant {
                code: code.clone(),
                verifier: begun.verifier.clone(),
                redirect_uri: begun.redirect_uri.clone(),
            };
            (app.parts.sign_ins.redeem)(begun.connection.clone(), grant).await.map_err(|error| failed(&error))
        }
    };
    match outcome {
        Ok(signed_in) => settle(app, begun, signed_in).await,
        Err(stage) => {
            let code = match &stage {
                Stage::Failed { code, .. } => code.clone(),
                _ => String::new(),
            };
            let note = audit(app, &begun.actor, "connection.sign-in-failed", &begun.connection, code);
            app.store().commit(vec![note]).await?;
            Ok(stage)
        }
    }
}

fn many(tenants: &[Tenant]) -> String {
    if tenants.len() == 1 { "one account".to_owned() } else { format!("{} accounts", tenants.len()) }
}

/// The sign-in stands: the connection works again where it is clear which account is meant, and so do others that share
/// the sign-in. A pause by a person stays.
async fn settle(app: &App, begun: &Begun, signed_in: SignedIn) -> Result<Stage, Problem> {
    let all = app.store().connections().await?;
    let Some(mut own) = all.iter().find(|known| known.id == begun.connection).cloned() else {
        return Ok(failed(&CodeError::NotPossible("the connection is gone".to_owned())));
    };
    let chosen = begun.tenant_setting.as_ref().and_then(|name| own.settings.get(name)).filter(|id| !id.is_empty());
    let chosen = chosen.cloned();
    let (tenants, tenant, note) = match signed_in.tenants {
        None => (Vec::new(), None, "Signed in.".to_owned()),
        Some(Err(why)) => {
            let setting = begun.tenant_setting.clone().unwrap_or_default();
            (
                Vec::new(),
                chosen,
                format!(
                    "Signed in; which accounts that opens could not be read ({why}). Set {setting} in the setup where it is not right."
                ),
            )
        }
        Some(Ok(tenants)) => {
            let is_there = |id: &String| tenants.iter().any(|tenant| tenant.id == *id);
            match (chosen.filter(is_there), tenants.as_slice()) {
                (Some(id), _) => (tenants.clone(), Some(id), format!("Signed in: {}.", many(&tenants))),
                (None, [only]) => (tenants.clone(), Some(only.id.clone()), "Signed in: one account.".to_owned()),
                (None, _) => {
                    ask_for_choice(app, begun, &mut own, &tenants).await?;
                    revive(app, begun, &all, &own, &tenants).await?;
                    return Ok(Stage::Choosing { tenants });
                }
            }
        }
    };
    if let (Some(setting), Some(id)) = (&begun.tenant_setting, &tenant) {
        own.settings.insert(setting.clone(), id.clone());
    }
    let detail = tenant.as_ref().map(|id| format!("{note} It uses {id}.")).unwrap_or_else(|| note.clone());
    enable(&mut own, &begun.actor);
    let entry = audit(app, &begun.actor, "connection.signed-in", &own.id, detail);
    app.store().commit(vec![Write::PutConnection(own.clone()), entry]).await?;
    revive(app, begun, &all, &own, &tenants).await?;
    app.wake();
    Ok(Stage::Done { tenants, tenant, note })
}

fn enable(connection: &mut Connection, actor: &Actor) {
    if connection.state != ConnectionState::Paused {
        connection.state = ConnectionState::Enabled;
        connection.state_reason = format!("signed in by {actor}");
    }
}

/// Until somebody chooses, nothing may be sent to whichever account comes first.
async fn ask_for_choice(app: &App, begun: &Begun, own: &mut Connection, tenants: &[Tenant]) -> Result<(), Problem> {
    if own.state != ConnectionState::Paused {
        own.state = ConnectionState::NeedsSignIn;
        own.state_reason = if tenants.is_empty() {
            "signed in, but the sign-in opens no account; sign in again and allow one".to_owned()
        } else {
            format!("signed in; choose one of {} accounts", tenants.len())
        };
    }
    let detail = format!("{}; none is chosen yet", many(tenants));
    let entry = audit(app, &begun.actor, "connection.signed-in", &own.id, detail);
    app.store().commit(vec![Write::PutConnection(own.clone()), entry]).await?;
    Ok(())
}

/// Other connections with the same sign-in that stood still for want of it.
async fn revive(
    app: &App,
    begun: &Begun,
    all: &[Connection],
    own: &Connection,
    tenants: &[Tenant],
) -> Result<(), Problem> {
    let opens = |other: &Connection| {
        let asked = begun.tenant_setting.as_ref().and_then(|name| other.settings.get(name));
        tenants.is_empty() || asked.is_some_and(|id| tenants.iter().any(|tenant| tenant.id == *id))
    };
    let mut writes = Vec::new();
    let others = all.iter().filter(|other| other.id != own.id && other.signs_in_as() == own.signs_in_as());
    for other in others.filter(|other| other.state == ConnectionState::NeedsSignIn && opens(other)) {
        let mut other = other.clone();
        enable(&mut other, &begun.actor);
        let detail = format!("by the sign-in that it has in common with {}", own.id);
        writes.push(audit(app, &begun.actor, "connection.signed-in", &other.id, detail));
        writes.push(Write::PutConnection(other));
    }
    if !writes.is_empty() {
        app.store().commit(writes).await?;
        app.wake();
    }
    Ok(())
}

/// One of the accounts that the sign-in opened becomes the connection's.
pub(crate) async fn take_tenant(app: &App, begun: &Begun, id: &str, actor: &Actor) -> Result<(), Problem> {
    let tenants = match &begun.stage {
        Stage::Choosing { tenants } | Stage::Done { tenants, .. } => tenants.clone(),
        Stage::Waiting | Stage::Exchanging | Stage::Failed { .. } => Vec::new(),
    };
    let (Some(tenant), Some(setting)) = (tenants.iter().find(|tenant| tenant.id == id), &begun.tenant_setting) else {
        let text = "it is none of the accounts that this sign-in opened; GET this address lists them";
        return Err(Problem::invalid("/tenant", "unknown-tenant", text));
    };
    let mut own = connection(app, begun.connection.as_str()).await?;
    own.settings.insert(setting.clone(), tenant.id.clone());
    enable(&mut own, actor);
    let entry = audit(app, actor, "connection.account-chosen", &own.id, tenant.to_string());
    app.store().commit(vec![Write::PutConnection(own), entry]).await?;
    let note = format!("Signed in: {}. It uses {}.", many(&tenants), tenant.name);
    let stage = Stage::Done { tenants: tenants.clone(), tenant: Some(tenant.id.clone()), note };
    app.begun().chosen(&begun.connection, &begun.actor, stage);
    app.wake();
    Ok(())
}
