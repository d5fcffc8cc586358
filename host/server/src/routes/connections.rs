//! Connections: what they are, whether they work, and live look-ups into their targets.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use counterfoil_domain::connection::{Connection, ConnectionState};
use counterfoil_domain::digest::Digester;
use counterfoil_domain::directory::Draft;
use counterfoil_domain::money::Currency;
use counterfoil_domain::ports::Write;
use counterfoil_domain::secret::{REFRESH_TOKEN_SINCE, SecretScope};
use rust_decimal::Decimal;
use serde::Deserialize;
use utoipa::IntoParams;

use super::authorize::sign_in_ends;
use super::{audit, connection, page_size, slice};
use crate::extract::{Body, Id, Params};
use crate::guard::Who;
use crate::parts::App;
use crate::problem::{OutcomeWord, Problem, of_read, of_write};
use crate::suggest::hint;
use crate::wire::{
    AccountView, ConnectionPage, ConnectionView, DraftBody, EntityList, EntityView, SecretView, StateChange,
};

async fn view(app: &App, connection: &Connection) -> Result<ConnectionView, Problem> {
    let active = app.parts.targets.active(&connection.plugin);
    let mut set = app.parts.vault.names(&SecretScope::Connection(connection.signs_in_as().clone())).await?;
    // A date, kept beside the token that it belongs to.
    set.retain(|name| name != REFRESH_TOKEN_SINCE);
    let required = active.as_ref().and_then(|target| {
        let auth = &target.card().auth;
        auth.iter().find(|a| connection.auth.is_none_or(|scheme| a.scheme == scheme)).map(|a| a.secrets.clone())
    });
    let required = required.unwrap_or_default();
    let names: std::collections::BTreeSet<&String> = set.iter().chain(&required).collect();
    let secrets = names
        .into_iter()
        .map(|name| SecretView { name: name.clone(), set: set.contains(name), required: required.contains(name) })
        .collect();
    let ends = sign_in_ends(app, connection).await?.map(Into::into);
    Ok(ConnectionView::of(connection, active.is_some(), secrets, ends))
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ConnectionQuery {
    pub(crate) limit: Option<usize>,
    pub(crate) after: Option<String>,
}

/// All connections, by id.
#[utoipa::path(get, path = "/v1/connections", tag = "connections", params(ConnectionQuery), responses((status = 200, body = ConnectionPage)))]
pub(crate) async fn list(
    State(app): State<App>,
    Params(query): Params<ConnectionQuery>,
) -> Result<Json<ConnectionPage>, Problem> {
    let all = app.store().connections().await?;
    let (page, next) = slice(all, query.after.as_deref(), page_size(query.limit)?, |c| c.id.to_string());
    let mut connections = Vec::with_capacity(page.len());
    for connection in &page {
        connections.push(view(&app, connection).await?);
    }
    Ok(Json(ConnectionPage { connections, has_more: next.is_some(), next }))
}

/// One connection. Secrets are names only.
#[utoipa::path(get, path = "/v1/connections/{id}", tag = "connections", params(("id" = String, Path)), responses((status = 200, body = ConnectionView)))]
pub(crate) async fn show(State(app): State<App>, Id(id): Id) -> Result<Json<ConnectionView>, Problem> {
    let connection = connection(&app, &id).await?;
    Ok(Json(view(&app, &connection).await?))
}

/// Pause or enable a connection.
#[utoipa::path(put, path = "/v1/connections/{id}/state", tag = "connections", params(("id" = String, Path)), request_body = StateChange, responses((status = 200, body = ConnectionView)))]
pub(crate) async fn set_state(
    State(app): State<App>,
    who: Who,
    Id(id): Id,
    Body(change): Body<StateChange>,
) -> Result<Json<ConnectionView>, Problem> {
    let mut connection = connection(&app, &id).await?;
    let state = match ConnectionState::parse(&change.state) {
        Some(state @ (ConnectionState::Enabled | ConnectionState::Paused)) => state,
        _ => {
            let help = hint(&change.state, ["enabled", "paused"]);
            return Err(Problem::invalid(
                "/state",
                "unknown-choice",
                format!("\"{}\" cannot be set; {help}", change.state),
            ));
        }
    };
    let changes = connection.state != state || connection.state_reason != change.reason;
    if changes {
        connection.state = state;
        connection.state_reason = change.reason;
        let note =
            audit(&app, &who.actor, &format!("connection.{state}"), &connection.id, connection.state_reason.clone());
        app.store().commit(vec![Write::PutConnection(connection.clone()), note]).await?;
        app.wake();
    }
    Ok(Json(view(&app, &connection).await?))
}

/// Ask the target who it is, with the connection's own credentials. One that waited for a sign-in works again.
#[utoipa::path(post, path = "/v1/connections/{id}/test", tag = "connections", params(("id" = String, Path)), responses((status = 200, body = AccountView)))]
pub(crate) async fn test(State(app): State<App>, who: Who, Id(id): Id) -> Result<Json<AccountView>, Problem> {
    let asked = connection(&app, &id).await?;
    let account = (app.parts.live.probe)(asked.id).await.map_err(of_read)?;
    // Read again: the target took its time, and somebody may have paused it meanwhile.
    let mut connection = connection(&app, &id).await?;
    if connection.state == ConnectionState::NeedsSignIn {
        connection.state = ConnectionState::Enabled;
        connection.state_reason = format!("its sign-in was tested by {}", who.actor);
        let note = audit(&app, &who.actor, "connection.enabled", &connection.id, connection.state_reason.clone());
        app.store().commit(vec![Write::PutConnection(connection), note]).await?;
        app.wake();
    }
    Ok(Json(account.into()))
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct SearchQuery {
    /// party · item · container · account · tax-rate · …
    pub(crate) kind: String,
    #[serde(default)]
    pub(crate) query: String,
    pub(crate) after: Option<String>,
}

/// Search the target.
#[utoipa::path(get, path = "/v1/connections/{id}/search", tag = "connections", params(("id" = String, Path), SearchQuery), responses((status = 200, body = EntityList)))]
pub(crate) async fn search(
    State(app): State<App>,
    Id(id): Id,
    Params(query): Params<SearchQuery>,
) -> Result<Json<EntityList>, Problem> {
    let connection = connection(&app, &id).await?;
    let page = (app.parts.live.search)(connection.id, query.kind, query.query, query.after).await.map_err(of_read)?;
    Ok(Json(page.into()))
}

fn decimal(pointer: &str, text: Option<&str>) -> Result<Option<Decimal>, Problem> {
    text.map(Decimal::from_str_exact)
        .transpose()
        .map_err(|_| Problem::invalid(pointer, "bad-amount", "this is not an amount such as \"22.00\""))
}

/// The same key asked for again creates nothing twice: the journal replays what was answered.
fn draft(connection: &Connection, body: DraftBody, headers: &HeaderMap) -> Result<(String, Draft), Problem> {
    if body.name.trim().is_empty() || body.kind.trim().is_empty() {
        return Err(Problem::invalid("/name", "required", "kind and name are needed"));
    }
    let currency = body
        .currency
        .as_deref()
        .map(Currency::parse)
        .transpose()
        .map_err(|error| Problem::invalid("/currency", "bad-currency", error.to_string()))?;
    let mut key = Digester::new("draft");
    key.text(connection.id.as_str()).text(&body.kind);
    match headers.get("idempotency-key").and_then(|value| value.to_str().ok()) {
        Some(given) => key.text("key").text(given),
        None => key.text("content").text(&body.code).text(&body.name),
    };
    let draft = Draft {
        key: format!("draft_{}", key.short()),
        price: decimal("/price", body.price.as_deref())?,
        cost: decimal("/cost", body.cost.as_deref())?,
        code: body.code,
        name: body.name,
        currency,
        attributes: body.attributes.into_iter().collect(),
    };
    Ok((body.kind, draft))
}

/// Create something in the target, from the link step.
#[utoipa::path(post, path = "/v1/connections/{id}/entities", tag = "connections", params(("id" = String, Path), ("Idempotency-Key" = Option<String>, Header)), request_body = DraftBody, responses((status = 201, body = EntityView)))]
pub(crate) async fn create(
    State(app): State<App>,
    who: Who,
    Id(id): Id,
    headers: HeaderMap,
    Body(body): Body<DraftBody>,
) -> Result<(StatusCode, Json<EntityView>), Problem> {
    let connection = connection(&app, &id).await?;
    super::commands::must_be_enabled(&connection)?;
    let (kind, draft) = draft(&connection, body, &headers)?;
    let what = format!("{kind} {} {}", draft.code, draft.name);
    let subject = connection.id.clone();
    let entity = (app.parts.live.create)(connection.id, kind, draft).await.map_err(of_write)?;
    let note = audit(&app, &who.actor, "entity.create", &subject, format!("{what} → {}", entity.id));
    app.store().commit(vec![note]).await.map_err(|error| Problem::from(error).outcome(OutcomeWord::Committed))?;
    Ok((StatusCode::CREATED, Json(entity.into())))
}
