//! What stands around every page: the menu, who is signed in, what was just done. Owns which pages there are and how a
//! template becomes an answer.

use askama::Template;
use axum::http::header;
use axum::response::{Html, IntoResponse, Response};
use counterfoil_domain::connection::ConnectionState;

use super::asset;
use super::said::Said;
use super::trouble::Trouble;
use crate::access::Role;
use crate::guard::Who;
use crate::parts::App;
use crate::problem::Problem;

pub(crate) type Shown = Result<Response, Trouble>;

/// A page of the menu.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) href: &'static str,
    pub(crate) label: &'static str,
    least: Role,
}

const fn place(href: &'static str, label: &'static str, least: Role) -> Place {
    Place { href, label, least }
}

pub(crate) const TASKS: Place = place("/", "Tasks", Role::Viewer);
pub(crate) const IGNORED: Place = place("/ignored", "Ignored", Role::Viewer);
pub(crate) const RECONCILE: Place = place("/reconcile", "Reconcile", Role::Viewer);
pub(crate) const LINKS: Place = place("/links", "Links", Role::Viewer);
pub(crate) const RUNS: Place = place("/runs", "Runs", Role::Viewer);
pub(crate) const CONNECTIONS: Place = place("/connections", "Connections", Role::Viewer);
pub(crate) const PROGRAMS: Place = place("/programs", "Programs", Role::Viewer);
pub(crate) const PLUGINS: Place = place("/plugins", "Plugins", Role::Viewer);
pub(crate) const CATALOG: Place = place("/catalog", "Catalog sync", Role::Viewer);
pub(crate) const AUDIT: Place = place("/audit", "Audit", Role::Approver);
pub(crate) const USERS: Place = place("/users", "Users", Role::Admin);
/// In no menu: the name in the top bar leads to it.
pub(crate) const ACCOUNT: Place = place("/account", "Your account", Role::Viewer);

/// The groups of the menu, in their order.
const MENU: [(&str, &[Place]); 3] = [
    ("", &[TASKS, IGNORED, RECONCILE, LINKS, RUNS]),
    ("Configurations", &[CONNECTIONS, PROGRAMS, PLUGINS, CATALOG]),
    ("Records", &[AUDIT, USERS]),
];

#[derive(Debug)]
pub(crate) struct Item {
    pub(crate) href: String,
    pub(crate) label: String,
    pub(crate) here: bool,
    pub(crate) count: Option<u64>,
}

#[derive(Debug)]
pub(crate) struct Group {
    pub(crate) head: &'static str,
    pub(crate) items: Vec<Item>,
}

/// A connection that can be checked from here.
#[derive(Debug)]
pub(crate) struct Checkable {
    pub(crate) id: String,
    pub(crate) name: String,
}

/// More buttons than these do not fit; the connections' page has all.
const MOST_CHECKS: usize = 2;

#[derive(Debug)]
pub(crate) struct Frame {
    pub(crate) title: String,
    pub(crate) name: String,
    pub(crate) csrf: String,
    pub(crate) said: Option<Said>,
    pub(crate) demo: bool,
    pub(crate) style: String,
    pub(crate) script: String,
    pub(crate) icon: String,
    pub(crate) checks: Vec<Checkable>,
    role: Role,
    place: &'static str,
    open: u64,
    /// Configured programs: address and label.
    programs: Vec<(String, String)>,
}

impl Frame {
    pub(crate) async fn new(app: &App, who: &Who, place: Place, title: &str) -> Result<Self, Problem> {
        let store = app.store();
        let mut connections = store.connections().await?;
        connections.sort_by(|a, b| a.name.cmp(&b.name));
        let mut programs = Vec::new();
        for connection in &connections {
            for program in store.programs(&connection.id).await?.iter().filter(|program| program.enabled) {
                let href = format!("/programs/{}/{}", segment(connection.id.as_str()), program.name);
                programs.push((href, format!("{} · {}", program.name.text(), connection.name)));
            }
        }
        let totals = store.totals(None).await?;
        let is_open = |state: &str| matches!(state, "pending" | "ready" | "planned" | "uncertain" | "parked");
        let open = totals.iter().filter(|total| is_open(&total.state)).map(|total| total.count).sum();
        let enabled = connections.iter().filter(|connection| connection.state == ConnectionState::Enabled);
        let checks: Vec<Checkable> =
            enabled.map(|of| Checkable { id: of.id.to_string(), name: of.name.clone() }).collect();
        Ok(Self {
            title: title.to_owned(),
            name: who.actor.to_string(),
            csrf: who.csrf.clone().unwrap_or_default(),
            said: None,
            demo: app.parts.demo,
            style: asset::style(),
            script: asset::script(),
            icon: asset::icon(),
            checks: if checks.len() > MOST_CHECKS { Vec::new() } else { checks },
            role: who.role,
            place: place.href,
            open,
            programs,
        })
    }

    #[must_use]
    pub(crate) fn saying(mut self, said: Option<Said>) -> Self {
        self.said = said;
        self
    }

    pub(crate) fn role_name(&self) -> &'static str {
        self.role.name()
    }

    pub(crate) fn may(&self, least: Role) -> bool {
        self.role >= least
    }

    pub(crate) fn may_bill(&self) -> bool {
        self.may(Role::Biller)
    }

    pub(crate) fn may_approve(&self) -> bool {
        self.may(Role::Approver)
    }

    pub(crate) fn may_operate(&self) -> bool {
        self.may(Role::Operator)
    }

    pub(crate) fn menu(&self) -> Vec<Group> {
        let mut groups = Vec::new();
        for (head, places) in MENU {
            let mut items = Vec::new();
            for of in places.iter().filter(|of| self.may(of.least)) {
                items.push(Item {
                    href: of.href.to_owned(),
                    label: of.label.to_owned(),
                    here: of.href == self.place,
                    count: (of.href == TASKS.href).then_some(self.open),
                });
                if of.href == PROGRAMS.href {
                    items.extend(self.programs.iter().map(|(href, label)| Item {
                        href: href.clone(),
                        label: label.clone(),
                        here: *label == self.title,
                        count: None,
                    }));
                }
            }
            if !items.is_empty() {
                groups.push(Group { head, items });
            }
        }
        groups
    }
}

/// One segment of a path, percent-encoded.
pub(crate) fn segment(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>().replace('+', "%20")
}

/// The answer that a template makes.
pub(crate) fn html(template: &impl Template) -> Shown {
    let body = template.render().map_err(|error| {
        tracing::error!(%error, "a page could not be written");
        Problem::internal("A page could not be written.")
    })?;
    Ok(([(header::CACHE_CONTROL, "no-store")], Html(body)).into_response())
}
