//! The first page: figures by state, connections, and the list of tasks. Everything on it is read only.

use axum::extract::State;
use axum::response::Response;
use counterfoil_domain::connection::{Connection, ConnectionState};

use super::{begin, end};
use crate::extract::Params;
use crate::guard::Who;
use crate::html::Html;
use crate::parts::App;
use crate::problem::Problem;
use crate::routes::tasks::{TaskQuery, page};
use crate::wire::{MoneyView, StateTotal, TaskPage, TaskView};

/// What each state is to people.
fn words(state: &str) -> &str {
    match state {
        "pending" => "needs you",
        "ready" => "ready to plan",
        "planned" => "ready to confirm",
        "queued" => "confirmed",
        "uncertain" => "uncertain",
        other => other,
    }
}

fn sum(money: &[MoneyView]) -> String {
    let sums: Vec<String> = money.iter().map(|money| format!("{} {}", money.amount, money.currency)).collect();
    sums.join(" · ")
}

fn figures(html: &mut Html, totals: &[StateTotal], query: &TaskQuery) {
    html.markup("<ul class=\"figures\">\n");
    for total in totals {
        html.markup("<li><a href=\"/?state=").query(&total.name).markup("\"");
        if query.state.as_deref() == Some(&total.name) {
            html.markup(" aria-current=\"true\"");
        }
        html.cell("><b>", &total.count.to_string(), "</b> ").text(words(&total.name)).cell(
            "<span class=\"money\">",
            &sum(&total.money),
            "</span></a></li>\n",
        );
    }
    html.markup("</ul>\n");
    if query.state.is_some() || query.text.is_some() || query.connection.is_some() {
        html.markup("<p><a href=\"/\">Show all tasks</a></p>\n");
    }
}

fn connections(html: &mut Html, connections: &[Connection]) {
    html.markup("<h2>Connections</h2>\n");
    if connections.is_empty() {
        html.markup("<p>There is none yet. Write a setup document and run <code>counterfoil apply -f setup.toml</code>, or look at <code>counterfoil demo</code>.</p>\n");
        return;
    }
    html.markup("<div class=\"wide\" tabindex=\"0\" role=\"region\" aria-label=\"Connections\"><table>\n<tr><th scope=\"col\">Connection</th><th scope=\"col\">Target</th><th scope=\"col\">Marketplace</th><th scope=\"col\">State</th></tr>\n");
    for connection in connections {
        html.cell("<tr><td>", &connection.name, "</td>").cell("<td>", connection.plugin.as_str(), "</td>").cell(
            "<td>",
            connection.marketplace.as_str(),
            "</td>",
        );
        let is_well = connection.state == ConnectionState::Enabled;
        html.markup(if is_well { "<td>" } else { "<td class=\"bad\">" }).text(connection.state.name()).cell(
            " <span class=\"dim\">",
            &connection.state_reason,
            "</span></td></tr>\n",
        );
    }
    html.markup("</table></div>\n");
}

/// What to know about the task beside its state.
fn note(task: &TaskView) -> String {
    if let Some(ignored) = &task.ignored {
        return format!("{}: {}", ignored.reason, ignored.text);
    }
    if let Some(why) = &task.uncertain {
        return format!("It may or may not be there: {why}");
    }
    if let Some(failure) = &task.failure {
        return format!("{}: {}", failure.code, failure.message);
    }
    task.needs.iter().map(|need| need.text.clone()).collect::<Vec<_>>().join("; ")
}

fn tasks(html: &mut Html, page: &TaskPage, query: &TaskQuery) {
    html.markup("<h2>Tasks</h2>\n");
    if page.tasks.is_empty() {
        html.markup("<p>No task here. Check Changes looks for new orders: <code>counterfoil check</code>.</p>\n");
        return;
    }
    html.markup("<div class=\"wide\" tabindex=\"0\" role=\"region\" aria-label=\"Tasks\"><table>\n<caption>Oldest first</caption>\n<tr><th scope=\"col\">Customer</th><th scope=\"col\">Order</th><th scope=\"col\">Kind</th><th scope=\"col\" class=\"money\">Amount</th><th scope=\"col\">State</th><th scope=\"col\">Note</th><th scope=\"col\">Created (UTC)</th></tr>\n");
    for task in &page.tasks {
        html.cell("<tr><td>", &task.customer_name, "</td>")
            .cell("<td title=\"", &task.id, "\">")
            .cell("", &task.number, "</td>")
            .cell("<td>", &task.kind, "</td>")
            .cell("<td class=\"money\">", &format!("{} {}", task.amount.amount, task.amount.currency), "</td>");
        let needs_eyes = matches!(task.state.as_str(), "uncertain" | "parked");
        html.markup(if needs_eyes { "<td class=\"bad\">" } else { "<td>" })
            .cell("", words(&task.state), "</td>")
            .cell("<td class=\"dim\">", &note(task), "</td>")
            .cell("<td>", &task.created_at.0.format("%Y-%m-%d %H:%M").to_string(), "</td></tr>\n");
    }
    html.markup("</table></div>\n");
    if let Some(next) = &page.next {
        html.markup("<p><a href=\"/?after=").query(next);
        for (name, value) in
            [("&amp;state=", &query.state), ("&amp;connection=", &query.connection), ("&amp;text=", &query.text)]
        {
            if let Some(value) = value {
                html.markup(name).query(value);
            }
        }
        html.markup("\">Next page</a></p>\n");
    }
}

/// The page.
#[utoipa::path(get, path = "/", tag = "pages", params(TaskQuery), responses((status = 200, content_type = "text/html", body = String), (status = 303, description = "Sign in first.")))]
pub(crate) async fn show(
    State(app): State<App>,
    who: Who,
    Params(query): Params<TaskQuery>,
) -> Result<Response, Problem> {
    let listed = page(&app, &query).await?;
    let mut known = app.store().connections().await?;
    known.sort_by(|a, b| a.id.cmp(&b.id));
    let mut html = begin("Tasks");
    html.markup("<header><strong>Counterfoil</strong> ").cell("<span>", who.actor.as_str(), "").cell(
        " <span class=\"dim\">(",
        who.role.name(),
        ")</span></span>",
    );
    if let Some(csrf) = &who.csrf {
        html.cell(
            "<form method=\"post\" action=\"/logout\"><input type=\"hidden\" name=\"csrf\" value=\"",
            csrf,
            "\">",
        )
        .markup("<button>Sign out</button></form>");
    }
    html.markup("</header>\n<main>\n<h1>Tasks</h1>\n");
    figures(&mut html, &listed.totals, &query);
    tasks(&mut html, &listed, &query);
    connections(&mut html, &known);
    html.markup("</main>\n");
    Ok(end(html))
}
