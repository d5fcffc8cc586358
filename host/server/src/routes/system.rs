//! Is it alive, is it ready, how is it doing, and what does the API look like.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use axum::Json;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::parts::App;
use crate::problem::Problem;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub(crate) struct Health {
    status: String,
}

/// The process answers.
#[utoipa::path(get, path = "/healthz", tag = "system", responses((status = 200, body = Health)))]
pub(crate) async fn healthz() -> Json<Health> {
    Json(Health { status: "alive".to_owned() })
}

/// The store answers, so requests can be served.
#[utoipa::path(get, path = "/readyz", tag = "system", responses((status = 200, body = Health)))]
pub(crate) async fn readyz(State(app): State<App>) -> Result<Json<Health>, Problem> {
    app.store().resellers().await?;
    Ok(Json(Health { status: "ready".to_owned() }))
}

/// This description.
#[utoipa::path(get, path = "/v1/openapi.json", tag = "system", responses((status = 200, content_type = "application/json", body = Object)))]
pub(crate) async fn openapi(State(app): State<App>) -> Response {
    ([(header::CONTENT_TYPE, "application/json")], app.openapi.to_string()).into_response()
}

/// A label's value in Prometheus' text form.
fn label(value: &str) -> String {
    value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

struct Metrics(String);

impl Metrics {
    fn family(&mut self, name: &str, kind: &str, help: &str) {
        // Writing to a string cannot fail.
        let _ = writeln!(self.0, "# HELP {name} {help}\n# TYPE {name} {kind}");
    }

    fn sample(&mut self, name: &str, labels: &[(&str, &str)], value: impl std::fmt::Display) {
        let labels: Vec<String> = labels.iter().map(|(n, v)| format!("{n}=\"{}\"", label(v))).collect();
        let _ = writeln!(self.0, "{name}{{{}}} {value}", labels.join(","));
    }
}

/// Figures in Prometheus' text form.
#[utoipa::path(get, path = "/metrics", tag = "system", responses((status = 200, content_type = "text/plain", body = String)))]
pub(crate) async fn metrics(State(app): State<App>) -> Result<Response, Problem> {
    let store = app.store();
    let totals = store.totals(None).await?;
    let unfinished = store.unfinished_runs().await?;
    let exchanges = store.exchange_counts().await?;

    let mut out = Metrics(String::new());
    let mut tasks: BTreeMap<&str, u64> = BTreeMap::new();
    let mut money: BTreeMap<(&str, String), rust_decimal::Decimal> = BTreeMap::new();
    for total in &totals {
        *tasks.entry(&total.state).or_default() += total.count;
        let sum = money.entry((&total.state, total.money.currency.code().to_owned())).or_default();
        *sum = sum.saturating_add(total.money.amount);
    }
    out.family("counterfoil_tasks", "gauge", "Tasks by state.");
    for state in counterfoil_domain::task::TaskState::NAMES {
        out.sample("counterfoil_tasks", &[("state", state)], tasks.get(state).copied().unwrap_or_default());
    }
    out.family("counterfoil_tasks_money", "gauge", "Money in tasks by state and currency.");
    for ((state, currency), sum) in &money {
        out.sample("counterfoil_tasks_money", &[("state", state), ("currency", currency)], sum.normalize());
    }
    out.family("counterfoil_runs_unfinished", "gauge", "Runs that are queued or running.");
    let mut runs: BTreeMap<(&str, &str), u64> = BTreeMap::new();
    for run in &unfinished {
        *runs.entry((run.kind.name(), run.state.name())).or_default() += 1;
    }
    for kind in ["check", "plan", "sync"] {
        for state in ["queued", "running"] {
            let count = runs.get(&(kind, state)).copied().unwrap_or_default();
            out.sample("counterfoil_runs_unfinished", &[("kind", kind), ("state", state)], count);
        }
    }
    out.family("counterfoil_exchanges_total", "counter", "Calls put on the wire, by caller.");
    for (caller, count) in &exchanges {
        out.sample("counterfoil_exchanges_total", &[("caller", caller)], count);
    }
    Ok(([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], out.0).into_response())
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_label_cannot_break_out() {
        assert_eq!(super::label("a\"} 1\nb\\"), "a\\\"} 1\\nb\\\\");
    }
}
