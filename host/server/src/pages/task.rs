//! One task on one page: what the marketplace ordered, what the target has, what will be written, and whether anything
//! stands in the way. It shows what `/v1/tasks/{id}` answers and does what its commands do.

use askama::Template;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Redirect};
use serde::Deserialize;

use super::fields::Fields;
use super::filters;
use super::frame::{Frame, Shown, TASKS, html, segment};
use super::said::{Said, back};
use super::{tasks, words};
use crate::extract::{Body, Id, Params};
use crate::guard::Who;
use crate::parts::App;
use crate::problem::Problem;
use crate::routes::{self, ignoring, resolving, syncs};
use crate::wire::{
    FindingView, IgnoreBody, PlanView, ResolveBody, SyncBody, TaskDetail, TaskView, UntilBody, UntilChoice,
};

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct SaidQuery {
    pub(crate) said: Option<String>,
}

struct Need {
    text: String,
    href: Option<String>,
}

struct Check {
    class: &'static str,
    text: String,
}

/// What a click confirms.
struct Confirm {
    digest: String,
    short: String,
    words: String,
    blocked: bool,
    findings: Vec<FindingView>,
}

#[derive(Template)]
#[template(path = "task.html")]
struct Page<'a> {
    frame: Frame,
    id: String,
    task: &'a TaskView,
    detail: &'a TaskDetail,
    class: &'static str,
    state: String,
    amount: String,
    trouble: String,
    trouble_class: &'static str,
    party: &'static str,
    party_done: bool,
    products: String,
    products_done: bool,
    needs: Vec<Need>,
    plan_words: String,
    has_plan: bool,
    can_preview: bool,
    can_ignore: bool,
    is_ignored: bool,
    is_uncertain: bool,
    checks: Vec<Check>,
    confirm: Option<Confirm>,
    raw: String,
}

fn needs(task: &TaskView) -> Vec<Need> {
    let href = |kind: &str, source: &str| {
        let query = [("kind", kind), ("source", source), ("connection", task.connection.as_str())];
        format!("/links?{}", url::form_urlencoded::Serializer::new(String::new()).extend_pairs(query).finish())
    };
    let each = task.needs.iter().map(|need| Need {
        text: need.text.clone(),
        href: need.kind.as_deref().zip(need.source.as_deref()).map(|(kind, source)| href(kind, source)),
    });
    each.collect()
}

/// Everything that stands between the task and its being sent, each with a mark.
fn checks(task: &TaskView, plan: Option<&PlanView>) -> Vec<Check> {
    let mut all = Vec::new();
    let mut add = |good: bool, text: String| all.push(Check { class: if good { "yes" } else { "no" }, text });
    let links: Vec<&str> = task.needs.iter().map(|need| need.text.as_str()).collect();
    match links.as_slice() {
        [] => add(true, "everything is linked".to_owned()),
        missing => missing.iter().for_each(|need| add(false, (*need).to_owned())),
    }
    let Some(plan) = plan else {
        all.push(Check { class: "wait", text: "not previewed yet".to_owned() });
        return all;
    };
    add(plan.intact, "the plan is as it was made".to_owned());
    let equal = plan.totals.as_slice() == [plan.source_total.clone()];
    let total = format!("bills {}, the order says {}", words::moneys(&plan.totals), words::money(&plan.source_total));
    all.push(Check { class: if equal { "yes" } else { "wait" }, text: total });
    for finding in &plan.findings {
        let class = match finding.severity.as_str() {
            "blocks" => "no",
            "needs-person" => "wait",
            _ => "yes",
        };
        all.push(Check { class, text: finding.message.clone() });
    }
    if !plan.margins.is_empty() {
        all.push(Check { class: "yes", text: format!("margin {}", words::moneys(&plan.margins)) });
    }
    all
}

fn confirm(plan: &PlanView) -> Confirm {
    let lines: usize = plan.changes.iter().map(|change| change.lines.len()).sum();
    let of = |severity: &'static str| plan.findings.iter().filter(move |of| of.severity == severity).cloned();
    let lines = if lines == 1 { "1 line".to_owned() } else { format!("{lines} lines") };
    Confirm {
        digest: plan.digest.clone(),
        short: plan.digest.chars().take(12).collect(),
        words: format!("{lines}: {}", words::moneys(&plan.totals)),
        blocked: of("blocks").next().is_some(),
        findings: of("needs-person").collect(),
    }
}

fn trouble(task: &TaskView) -> (String, &'static str) {
    match task.state.as_str() {
        "parked" | "retrying" => (tasks::note(task), "bad"),
        "uncertain" => (tasks::note(task), "bad"),
        "ignored" => (tasks::note(task), "warn"),
        _ => (String::new(), ""),
    }
}

fn plan_words(task: &TaskView, plan: Option<&PlanView>) -> String {
    match plan {
        None => "no preview yet".to_owned(),
        Some(plan) => {
            let made = plan.made_at.0.format("%Y-%m-%d %H:%M UTC");
            format!("{} as of {made}, {}", words::moneys(&plan.totals), words::words(&task.state))
        }
    }
}

/// The page.
#[utoipa::path(get, path = "/tasks/{id}", tag = "pages", params(("id" = String, Path)), responses((status = 200, content_type = "text/html", body = String)))]
pub(crate) async fn show(State(app): State<App>, who: Who, Id(id): Id, Params(query): Params<SaidQuery>) -> Shown {
    let detail = routes::tasks::show(State(app.clone()), Id(id)).await?.0;
    let task = &detail.task;
    let title = format!("{} of {}", task.number, task.customer_name);
    let frame = Frame::new(&app, &who, TASKS, &title).await?.saying(Said::read(query.said.as_deref()));
    let plan = detail.plan.as_ref();
    let (trouble, trouble_class) = trouble(task);
    let party_done = !task.needs.iter().any(|need| need.kind.as_deref() == Some("party"));
    let missing = task.needs.len();
    let raw = serde_json::to_string_pretty(&detail).map_err(|_| Problem::internal("The task could not be written."))?;
    let page = Page {
        id: segment(&task.id),
        class: words::class(&task.state),
        state: words::words(&task.state),
        amount: words::money(&task.amount),
        trouble,
        trouble_class,
        party: if party_done { "linked" } else { "not linked" },
        party_done,
        products: if missing == 0 { "nothing is missing".to_owned() } else { format!("{missing} to do") },
        products_done: missing == 0,
        needs: needs(task),
        plan_words: plan_words(task, plan),
        has_plan: plan.is_some(),
        can_preview: matches!(task.state.as_str(), "pending" | "ready" | "planned" | "parked"),
        can_ignore: matches!(task.state.as_str(), "pending" | "ready" | "planned" | "parked"),
        is_ignored: task.state == "ignored",
        is_uncertain: task.state == "uncertain",
        checks: checks(task, plan),
        confirm: plan.filter(|_| task.state == "planned").map(confirm),
        raw,
        frame,
        task,
        detail: &detail,
    };
    html(&page)
}

/// Plan it, or plan it again.
#[utoipa::path(post, path = "/tasks/{id}/preview", tag = "pages", params(("id" = String, Path)), responses((status = 303, description = "To the preview.")))]
pub(crate) async fn preview(State(app): State<App>, who: Who, Id(id): Id, _: Fields) -> Shown {
    let connection = routes::tasks::task(&app, &id).await?.connection.to_string();
    tasks::preview(app, who, connection, Some(vec![id])).await
}

/// Confirm the plan that was shown.
#[utoipa::path(post, path = "/tasks/{id}/sync", tag = "pages", params(("id" = String, Path)), responses((status = 303, description = "To the run.")))]
pub(crate) async fn sync(State(app): State<App>, who: Who, Id(id): Id, fields: Fields) -> Shown {
    routes::tasks::task(&app, &id).await?;
    confirmed(app, who, &fields).await
}

/// Confirms the plans that a form names.
pub(super) async fn confirmed(app: App, who: Who, fields: &Fields) -> Shown {
    let body = SyncBody {
        connection: fields.text("connection"),
        plans: fields.all("plan"),
        accept: fields.all("accept").into_iter().collect(),
    };
    let started = syncs::sync(State(app), who, HeaderMap::new(), Body(body)).await?;
    Ok(Redirect::to(&format!("/runs/{}", segment(started.run().id.as_str()))).into_response())
}

fn until(written: Option<&str>) -> Option<UntilBody> {
    match written {
        Some("next-period") => Some(UntilBody::Choice(UntilChoice::NextPeriod(true))),
        Some("change") => Some(UntilBody::Choice(UntilChoice::Change(true))),
        _ => None,
    }
}

/// Ignore it, with a reason.
#[utoipa::path(post, path = "/tasks/{id}/ignore", tag = "pages", params(("id" = String, Path)), responses((status = 303, description = "Back to the task.")))]
pub(crate) async fn ignore(State(app): State<App>, who: Who, Id(id): Id, fields: Fields) -> Shown {
    let here = format!("/tasks/{}", segment(&id));
    let body = IgnoreBody { reason: None, text: fields.text("why"), until: until(fields.one("until")) };
    let _shown_next = ignoring::ignore(State(app), who, Id(id), Body(body)).await?;
    Ok(back(&here, "ignored", Some(1)))
}

/// Take it back.
#[utoipa::path(post, path = "/tasks/{id}/unignore", tag = "pages", params(("id" = String, Path)), responses((status = 303, description = "Back to the task.")))]
pub(crate) async fn unignore(State(app): State<App>, who: Who, Id(id): Id, _: Fields) -> Shown {
    let here = format!("/tasks/{}", segment(&id));
    let _shown_next = ignoring::unignore(State(app), who, Id(id)).await?;
    Ok(back(&here, "taken-back", Some(1)))
}

/// Decide what became of something that was sent and never answered.
#[utoipa::path(post, path = "/tasks/{id}/resolve", tag = "pages", params(("id" = String, Path)), responses((status = 303, description = "Back to the task.")))]
pub(crate) async fn resolve(State(app): State<App>, who: Who, Id(id): Id, fields: Fields) -> Shown {
    let here = format!("/tasks/{}", segment(&id));
    let body = ResolveBody {
        decision: fields.text("act"),
        reason: fields.text("reason"),
        reference: fields.one("adopt").filter(|_| fields.one("act") == Some("adopt")).map(str::to_owned),
        number: None,
        references: std::collections::BTreeMap::new(),
        batch: None,
    };
    let _shown_next = resolving::resolve(State(app), who, Id(id), Body(body)).await?;
    Ok(back(&here, "resolved", None))
}
