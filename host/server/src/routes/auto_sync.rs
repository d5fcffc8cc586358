//! Who may go without a person: the switches of customers, and what keeps a task. The connection's own switch is part
//! of its setup.

use std::collections::BTreeSet;

use axum::Json;
use axum::extract::State;
use counterfoil_domain::auto::{self, Standing, Why};
use counterfoil_domain::id::CustomerId;
use counterfoil_domain::ports::{PageRequest, TaskFilter, Write};
use counterfoil_domain::task::{Task, TaskState};
use serde::Deserialize;
use utoipa::IntoParams;

use super::{audit, connection, page_size, slice};
use crate::extract::{Body, Id, Params};
use crate::guard::Who;
use crate::parts::App;
use crate::problem::Problem;
use crate::wire::{GoesView, SwitchBody, SwitchPage, SwitchView};

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct SwitchQuery {
    /// In the customer's name or id.
    text: Option<String>,
    /// Only those that are on, or off.
    on: Option<bool>,
    limit: Option<usize>,
    after: Option<String>,
}

/// Customers with their switches, by id.
#[utoipa::path(get, path = "/v1/connections/{id}/auto-sync", tag = "connections", params(("id" = String, Path), SwitchQuery), responses((status = 200, body = SwitchPage)))]
pub(crate) async fn list(
    State(app): State<App>,
    Id(id): Id,
    Params(query): Params<SwitchQuery>,
) -> Result<Json<SwitchPage>, Problem> {
    let limit = page_size(query.limit)?;
    let connection = connection(&app, &id).await?;
    let on = app.store().switched_on(&connection.id).await?;
    let needle = query.text.unwrap_or_default().to_lowercase();
    let mut customers = app.store().customers(&connection.marketplace, None).await?;
    customers.retain(|customer| {
        let named = customer.name.to_lowercase().contains(&needle) || customer.id.as_str().contains(&needle);
        named && query.on.is_none_or(|asked| asked == on.contains(&customer.id))
    });
    let (page, next) = slice(customers, query.after.as_deref(), limit, |customer| customer.id.to_string());
    let customers = page.iter().map(|customer| SwitchView::of(customer, on.contains(&customer.id))).collect();
    Ok(Json(SwitchPage::of(&connection, customers, next)))
}

/// Switch a customer on or off. What was confirmed already goes on.
#[utoipa::path(put, path = "/v1/connections/{id}/auto-sync", tag = "connections", params(("id" = String, Path)), request_body = SwitchBody, responses((status = 200, body = SwitchView)))]
pub(crate) async fn switch(
    State(app): State<App>,
    who: Who,
    Id(id): Id,
    Body(body): Body<SwitchBody>,
) -> Result<Json<SwitchView>, Problem> {
    let connection = connection(&app, &id).await?;
    let id = CustomerId::new(body.customer);
    let found = app.store().customers(&connection.marketplace, Some(vec![id.clone()])).await?;
    let Some(customer) = found.into_iter().find(|customer| customer.id == id) else {
        let detail = format!(
            "there is no customer {id} in the marketplace {}; check the connection first, or look at GET /v1/connections/{}/auto-sync",
            connection.marketplace, connection.id
        );
        return Err(Problem::invalid("/customer", "unknown-customer", detail));
    };
    let was_on = app.store().switched_on(&connection.id).await?.contains(&id);
    if was_on != body.on {
        let action = if body.on { "auto-sync.on" } else { "auto-sync.off" };
        let note = audit(&app, &who.actor, action, format!("{}/{id}", connection.id), customer.name.clone());
        let switch = Write::PutSwitch { connection: connection.id.clone(), customer: id, on: body.on };
        app.store().commit(vec![switch, note]).await?;
    }
    Ok(Json(SwitchView::of(&customer, body.on)))
}

/// Whether a task goes by itself after the next check, and if not, why.
#[utoipa::path(get, path = "/v1/tasks/{id}/auto-sync", tag = "tasks", params(("id" = String, Path)), responses((status = 200, body = GoesView)))]
pub(crate) async fn goes(State(app): State<App>, Id(id): Id) -> Result<Json<GoesView>, Problem> {
    let task = super::tasks::task(&app, &id).await?;
    Ok(Json(verdict(&app, &task).await?.into()))
}

async fn verdict(app: &App, task: &Task) -> Result<Result<(), Why>, Problem> {
    let store = app.store();
    let connection = connection(app, task.connection.as_str()).await?;
    let lost = TaskFilter {
        connection: Some(task.connection.clone()),
        states: BTreeSet::from(["uncertain".to_owned()]),
        customer: Some(task.customer.clone()),
        ..TaskFilter::default()
    };
    let lost = store.tasks(lost, PageRequest { after: None, limit: 1 }).await?;
    let adjustments = store.adjustments(vec![task.id.clone()]).await?;
    let standing = Standing {
        connection: &connection,
        switched_on: store.switched_on(&connection.id).await?.contains(&task.customer),
        adjustments: adjustments.first(),
        uncertain: !lost.is_empty(),
    };
    Ok(match &task.state {
        TaskState::Ready => auto::may_plan(task, standing),
        TaskState::Planned(digest) => match store.plan(digest).await? {
            Some(sealed) => auto::allowed(task, &sealed, standing),
            None => Err(Why::NotPlanned),
        },
        _ => auto::may_plan(task, standing).and(Err(Why::NotPlanned)),
    })
}
