//! Connecting a target that is installed: a form made from its card becomes the connection of a setup document.

use std::collections::BTreeMap;

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect};
use serde::Deserialize;

use super::address;
use super::card_form::{self, BY_A_PERSON, Input, inputs, needed_secrets};
use super::fields::Fields;
use super::frame::{CONNECTIONS, Frame, Shown, html, segment};
use crate::extract::{Id, Params};
use crate::guard::Who;
use crate::parts::App;
use crate::problem::Problem;
use crate::routes::plugins;
use crate::setup::{ConnectionSetup, SetupDocument, run};
use crate::wire::{PluginView, SecretView};

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct FormQuery {
    auth: Option<String>,
}

/// A way of signing in that the card offers.
struct Way {
    scheme: String,
    href: String,
    here: bool,
}

struct Source {
    id: String,
    kind: &'static str,
}

#[derive(Template)]
#[template(path = "target.html")]
struct Page {
    frame: Frame,
    id: String,
    plugin: PluginView,
    ways: Vec<Way>,
    scheme: String,
    by_a_person: bool,
    sources: Vec<Source>,
    inputs: Vec<Input>,
    secrets: Vec<SecretView>,
}

async fn active(app: &App, id: &str) -> Result<PluginView, Problem> {
    let listed = plugins::list(State(app.clone())).await?.0.plugins;
    let found = listed.into_iter().find(|plugin| plugin.active && plugin.id == id);
    found.ok_or_else(|| Problem::not_found("active plugin", id))
}

/// The form.
#[utoipa::path(get, path = "/targets/{id}", tag = "pages", params(("id" = String, Path), ("auth" = Option<String>, Query)), responses((status = 200, content_type = "text/html", body = String)))]
pub(crate) async fn show(State(app): State<App>, who: Who, Id(id): Id, Params(query): Params<FormQuery>) -> Shown {
    let plugin = active(&app, &id).await?;
    let wanted = address::given(&query.auth);
    let known = plugin.auth.iter().find(|auth| Some(&auth.scheme) == wanted.as_ref()).or(plugin.auth.first());
    let scheme = known.map(|auth| auth.scheme.clone()).unwrap_or_default();
    let here = format!("/targets/{}", segment(&id));
    let way = |auth: &crate::wire::AuthView| Way {
        href: address::of(&here, &[("auth", Some(&auth.scheme))]),
        here: auth.scheme == scheme,
        scheme: auth.scheme.clone(),
    };
    let mut sources: Vec<Source> = app
        .store()
        .marketplaces()
        .await?
        .into_iter()
        .filter(|one| !one.kind.holds_catalogs())
        .map(|one| Source { id: one.id.to_string(), kind: one.kind.name() })
        .collect();
    sources.sort_by(|a, b| a.id.cmp(&b.id));
    let page = Page {
        frame: Frame::new(&app, &who, CONNECTIONS, &format!("Connect {}", plugin.name)).await?,
        id: segment(&id),
        ways: plugin.auth.iter().map(way).collect(),
        by_a_person: scheme == BY_A_PERSON,
        sources,
        inputs: inputs(&plugin.settings, &BTreeMap::new()),
        secrets: needed_secrets(&plugin, &scheme),
        scheme,
        plugin,
    };
    html(&page)
}

/// Make the connection, and lead to it.
#[utoipa::path(post, path = "/targets/{id}", tag = "pages", params(("id" = String, Path)), responses((status = 303, description = "To the new connection.")))]
pub(crate) async fn connect(State(app): State<App>, who: Who, Id(plugin): Id, fields: Fields) -> Shown {
    let plugin = active(&app, &plugin).await?;
    let id = fields.text("id");
    if app.store().connections().await?.iter().any(|known| known.id.as_str() == id) {
        let text =
            format!("there is a connection \"{id}\" already; choose another id, or change its settings on its page");
        return Err(Problem::invalid("/id", "taken", text).into());
    }
    let marketplace = fields.text("marketplace");
    let source = app.store().marketplaces().await?.into_iter().find(|one| one.id.as_str() == marketplace);
    let Some(source) = source else {
        return Err(Problem::invalid("/marketplace", "unknown-marketplace", "choose where orders come from").into());
    };
    let setup = ConnectionSetup {
        reseller: source.reseller.to_string(),
        plugin: plugin.id,
        marketplace,
        name: fields.one("name").map(str::to_owned),
        base_url: fields.one("base_url").map(str::to_owned),
        token_url: fields.one("token_url").map(str::to_owned),
        auth: fields.one("auth").map(str::to_owned),
        plain_http: fields.is_on("plain_http"),
        private_addresses: fields.is_on("private_addresses"),
        settings: card_form::settings(&fields),
        secrets: card_form::secrets(&fields),
        ..ConnectionSetup::default()
    };
    let document = SetupDocument { connection: [(id.clone(), setup)].into(), ..SetupDocument::default() };
    run(&app, &document, false, &who.actor).await?;
    Ok(Redirect::to(&format!("/connections/{}?said=connected", segment(&id))).into_response())
}
