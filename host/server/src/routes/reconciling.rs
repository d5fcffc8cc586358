//! Reconciling as a command: which subscriptions are meant, and whether the target can be held against them at all.

use std::collections::BTreeSet;

use axum::extract::State;
use axum::http::HeaderMap;
use counterfoil_domain::connection::Connection;
use counterfoil_domain::id::SubscriptionId;
use counterfoil_domain::link::{Link, LinkKind, LinkState};
use counterfoil_domain::period::Period;
use counterfoil_domain::reconcile::parse_period;
use counterfoil_domain::run::RunKind;

use super::commands::{Started, keyed, start};
use super::{MOST, connection};
use crate::extract::{Body, Id};
use crate::guard::Who;
use crate::parts::App;
use crate::problem::{Code, Fault, Problem};
use crate::wire::{ReconcileBody, RunView};

/// Longer than any billing period.
const MOST_DAYS: i64 = 3 * 366;

/// Hold what the marketplace has of subscriptions now against what the target has: a task each, planned at once. Nothing
/// is written before somebody confirms it.
#[utoipa::path(post, path = "/v1/connections/{id}/reconcile", tag = "runs", params(("id" = String, Path), ("Idempotency-Key" = Option<String>, Header)), request_body = ReconcileBody, responses((status = 202, body = RunView, headers(("location" = String))), (status = 200, body = RunView, description = "That is under way already.")))]
pub(crate) async fn reconcile(
    State(app): State<App>,
    who: Who,
    Id(id): Id,
    headers: HeaderMap,
    Body(body): Body<ReconcileBody>,
) -> Result<Started, Problem> {
    let connection = connection(&app, &id).await?;
    supported(&app, &connection)?;
    let period = period(&body.period)?;
    let links = app.store().links(&connection.id, Some(LinkKind::Container)).await?;
    let subscriptions = meant(&body, &links)?;
    let key = keyed(&who, "reconcile", &headers)?;
    start(&app, &who, key, &connection, RunKind::Reconcile { subscriptions, period }).await
}

fn supported(app: &App, connection: &Connection) -> Result<(), Problem> {
    let active = app.parts.targets.active(&connection.plugin);
    let Some(target) = active else {
        let happened = format!("No version of the plugin {} is active.", connection.plugin);
        return Err(Problem::new(Code::NotFound, happened, "Nothing was compared.", "Activate one first."));
    };
    if target.card().reconciles {
        return Ok(());
    }
    let happened = format!(
        "Reconciling is unsupported by {}: it has no agreement or other container in which something recurs.",
        target.card().name
    );
    let act = "What it was sent is compared by reading it back; see the tasks that drifted.";
    Err(Problem::new(Code::Unsupported, happened, "Nothing was compared and nothing was written.", act))
}

fn period(written: &str) -> Result<Period, Problem> {
    let wrong = |detail: String| Problem::invalid("/period", "bad-period", detail);
    let period = parse_period(written).ok_or_else(|| {
        wrong(format!("\"{written}\" is not a period such as 2026-11-01/2026-12-01; the end is the first day after it"))
    })?;
    if period.days() > MOST_DAYS {
        return Err(wrong(format!("{period} is longer than {MOST_DAYS} days")));
    }
    Ok(period)
}

/// The subscriptions that were named, and those that are linked to the container that was.
fn meant(body: &ReconcileBody, links: &[Link]) -> Result<Vec<SubscriptionId>, Problem> {
    let target = |link: &Link| match &link.state {
        LinkState::Linked(target) => Some(target.id.clone()),
        LinkState::Unlinked | LinkState::NeverSync => None,
    };
    let mut all: BTreeSet<SubscriptionId> = BTreeSet::new();
    if let Some(container) = &body.container {
        let of = links.iter().filter(|link| target(link).is_some_and(|id| id.as_str() == container));
        all.extend(of.map(|link| SubscriptionId::new(link.key.source.clone())));
        if all.is_empty() {
            let detail = format!("no subscription is linked to {container}; link one first, or name subscriptions");
            return Err(Problem::invalid("/container", "nothing-linked", detail));
        }
    }
    let mut faults = Vec::new();
    for (index, named) in body.subscriptions.iter().enumerate() {
        if links.iter().any(|link| link.key.source == *named && target(link).is_some()) {
            all.insert(SubscriptionId::new(named.clone()));
        } else {
            let detail = format!("subscription {named} is linked to no agreement; link it first");
            faults.push(Fault::new(format!("/subscriptions/{index}"), "not-linked", detail));
        }
    }
    if !faults.is_empty() {
        let happened = format!("{} of the subscriptions cannot be reconciled.", faults.len());
        let act = "Correct the list; errors says which.";
        return Err(Problem::new(Code::Invalid, happened, "Nothing was compared.", act).with(faults));
    }
    if all.is_empty() || all.len() > MOST {
        let detail = format!("name a container, or 1 to {MOST} subscriptions; these are {}", all.len());
        return Err(Problem::invalid("/subscriptions", "out-of-range", detail));
    }
    Ok(all.into_iter().collect())
}
