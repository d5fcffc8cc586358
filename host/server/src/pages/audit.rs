//! Who did what, when: the audit log, newest first. It shows what `/v1/audit` answers.

use askama::Template;
use axum::extract::State;
use serde::Deserialize;

use super::address::{self, given};
use super::frame::{AUDIT, Frame, Shown, html, segment};
use crate::extract::Params;
use crate::guard::Who;
use crate::parts::App;
use crate::problem::Problem;
use crate::routes::journal::{AuditQuery, audit};
use crate::wire::{AuditView, Day};

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct ListQuery {
    actor: Option<String>,
    action: Option<String>,
    text: Option<String>,
    from: Option<String>,
    to: Option<String>,
    after: Option<String>,
}

/// Kinds of records, by what their action begins with.
const KINDS: [(&str, &str); 12] = [
    ("task", "Tasks"),
    ("plan", "Confirmations"),
    ("run", "Runs"),
    ("link", "Links"),
    ("rule", "Rules"),
    ("connection", "Connections"),
    ("program", "Programs"),
    ("plugin", "Plugins"),
    ("catalog", "Catalog sync"),
    ("entity", "Made in the target"),
    ("user", "Users"),
    ("sign-in", "Sign-ins"),
];

struct Kind {
    name: &'static str,
    label: &'static str,
    here: bool,
}

struct Row {
    day: String,
    time: String,
    actor: String,
    action: String,
    subject: String,
    href: Option<String>,
    /// What it came from, where the record says so.
    before: Option<String>,
    detail: String,
}

#[derive(Template)]
#[template(path = "audit.html")]
struct Page {
    frame: Frame,
    actor: String,
    text: String,
    from: String,
    to: String,
    kinds: Vec<Kind>,
    /// An action that is none of the kinds, kept as it was asked for.
    other: Option<String>,
    filtered: bool,
    rows: Vec<Row>,
    next: Option<String>,
}

fn day(pointer: &str, written: Option<String>) -> Result<Option<Day>, Problem> {
    let parse = |written: String| {
        let day = written.parse().map(Day);
        day.map_err(|_| Problem::invalid(pointer, "bad-day", format!("\"{written}\" is not a day such as 2026-11-21")))
    };
    written.map(parse).transpose()
}

impl ListQuery {
    fn asked(&self) -> Result<AuditQuery, Problem> {
        Ok(AuditQuery {
            actor: given(&self.actor),
            action: given(&self.action),
            text: given(&self.text),
            from: day("/from", given(&self.from))?,
            to: day("/to", given(&self.to))?,
            limit: None,
            after: given(&self.after),
        })
    }

    fn is_filtered(&self) -> bool {
        [&self.actor, &self.action, &self.text, &self.from, &self.to].into_iter().any(|of| given(of).is_some())
    }

    fn href(&self, after: &str) -> String {
        let parts = [
            ("actor", self.actor.as_deref()),
            ("action", self.action.as_deref()),
            ("text", self.text.as_deref()),
            ("from", self.from.as_deref()),
            ("to", self.to.as_deref()),
            ("after", Some(after)),
        ];
        address::of("/audit", &parts)
    }
}

/// The page of what the record is about, where there is one.
fn subject_href(action: &str, subject: &str) -> Option<String> {
    let (kind, _) = action.split_once('.')?;
    match kind {
        _ if subject.starts_with("task_") => Some(format!("/tasks/{}", segment(subject))),
        "run" => Some(format!("/runs/{}", segment(subject))),
        "connection" | "entity" => Some(format!("/connections/{}", segment(subject))),
        "plugin" => Some(format!("/plugins/{}", segment(subject))),
        "rule" => Some("/ignored/rules".to_owned()),
        "link" => {
            let mut parts = subject.splitn(3, '/');
            let (connection, kind, source) = (parts.next()?, parts.next()?, parts.next()?);
            let query = [("connection", Some(connection)), ("kind", Some(kind)), ("source", Some(source))];
            Some(address::of("/links", &query))
        }
        _ => None,
    }
}

fn row(entry: AuditView) -> Row {
    // One change is told as before and after; several of one record stay as they were written.
    let parts: Vec<&str> = entry.detail.split(" → ").collect();
    let (before, detail) = match parts.as_slice() {
        [before, after] if !before.is_empty() && !after.contains("; ") => {
            (Some((*before).to_owned()), (*after).to_owned())
        }
        _ => (None, entry.detail.clone()),
    };
    Row {
        day: entry.at.0.format("%Y-%m-%d").to_string(),
        time: entry.at.0.format("%H:%M:%S").to_string(),
        href: subject_href(&entry.action, &entry.subject),
        actor: entry.actor,
        action: entry.action,
        subject: entry.subject,
        before,
        detail,
    }
}

/// The page.
#[utoipa::path(get, path = "/audit", tag = "pages", params(AuditQuery), responses((status = 200, content_type = "text/html", body = String)))]
pub(crate) async fn show(State(app): State<App>, who: Who, Params(query): Params<ListQuery>) -> Shown {
    let listed = audit(State(app.clone()), Params(query.asked()?)).await?.0;
    let action = given(&query.action);
    let kind =
        |(name, label): (&'static str, &'static str)| Kind { name, label, here: action.as_deref() == Some(name) };
    let page = Page {
        frame: Frame::new(&app, &who, AUDIT, "Audit").await?,
        actor: given(&query.actor).unwrap_or_default(),
        text: given(&query.text).unwrap_or_default(),
        from: given(&query.from).unwrap_or_default(),
        to: given(&query.to).unwrap_or_default(),
        kinds: KINDS.into_iter().map(kind).collect(),
        other: action.clone().filter(|action| !KINDS.iter().any(|(name, _)| name == action)),
        filtered: query.is_filtered(),
        rows: listed.entries.into_iter().map(row).collect(),
        next: listed.next.as_deref().map(|next| query.href(next)),
    };
    html(&page)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_leads_to_what_it_is_about() {
        for (action, subject, href) in [
            ("task.ignore", "task_1", Some("/tasks/task_1")),
            ("link.set", "xero/item/A/B", Some("/links?connection=xero&kind=item&source=A%2FB")),
            ("plan.confirm", "task_1", Some("/tasks/task_1")),
            ("link.set", "odd", None),
            ("plugin.install", "a/b", Some("/plugins/a%2Fb")),
            ("sign-in", "ann", None),
            ("something.else", "x", None),
        ] {
            assert_eq!(subject_href(action, subject).as_deref(), href, "{action} {subject}");
        }
    }
}
