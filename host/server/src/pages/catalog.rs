//! Catalog sync: the options in their three groups, what is asked of a dry run, options under a name, and the runs so far.
//! It shows what `/v1/catalog` answers and does what its commands do; one run is `catalog_run`'s.

use askama::Template;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Redirect};
use counterfoil_domain::catalog::OptionGroup;
use serde::Deserialize;

use super::fields::Fields;
use super::frame::{CATALOG, Frame, Shown, html, segment};
use super::said::{Said, back};
use super::words;
use crate::extract::{Body, Id, Params};
use crate::guard::Who;
use crate::parts::App;
use crate::problem::Problem;
use crate::routes::catalog::{options, presets, preview, runs};
use crate::wire::{CatalogOptionView, CatalogPreviewBody, CatalogRunView, CatalogScope, PresetBody, PresetView};

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct CatalogQuery {
    /// A run whose wish stands in the form.
    from: Option<String>,
    /// A preset whose options stand in the form.
    preset: Option<String>,
    after: Option<String>,
    said: Option<String>,
}

struct Switch {
    option: CatalogOptionView,
    on: bool,
}

struct Tree {
    label: &'static str,
    switches: Vec<Switch>,
}

struct Choice {
    id: String,
    here: bool,
}

pub(super) struct Row {
    id: String,
    asked: String,
    kind: String,
    marketplace: String,
    whom: String,
    by: String,
    class: &'static str,
    state: String,
    done: String,
}

/// What the form begins with.
#[derive(Default)]
struct Wish {
    marketplace: String,
    resellers: String,
    template: String,
    all_levels: bool,
    display: String,
    options: Vec<String>,
}

#[derive(Template)]
#[template(path = "catalog.html")]
struct Page {
    frame: Frame,
    marketplaces: Vec<Choice>,
    tree: Vec<Tree>,
    wish: Wish,
    presets: Vec<PresetRow>,
    runs: Vec<Row>,
    next: Option<String>,
}

struct PresetRow {
    href: String,
    view: PresetView,
    options: String,
}

/// "3 resellers", "service template gold".
pub(super) fn whom(scope: &CatalogScope, levels: &str) -> String {
    let whom = match (&scope.reseller, &scope.resellers, &scope.template) {
        (Some(one), ..) => format!("reseller {one}"),
        (_, Some(many), _) => format!("{} resellers", many.len()),
        (.., Some(template)) => format!("service template {template}"),
        _ => "nobody".to_owned(),
    };
    if levels == "all" { format!("{whom} and all below") } else { whom }
}

fn row(run: &CatalogRunView) -> Row {
    Row {
        id: segment(&run.id),
        asked: run.asked_at.0.format("%Y-%m-%d %H:%M:%S").to_string(),
        kind: run.kind.clone(),
        marketplace: run.marketplace.clone(),
        whom: whom(&run.scope, &run.levels),
        by: run.asked_by.clone(),
        class: words::class(&run.state),
        state: words::words(&run.state),
        done: run.total.map_or_else(|| run.done.to_string(), |total| format!("{} of {total}", run.done)),
    }
}

async fn tree(chosen: &[String]) -> Vec<Tree> {
    let mut all = options::list().await.0.options;
    let of = |group: OptionGroup| {
        let ours = all.extract_if(.., |option| option.group == group.name());
        let switches = ours.map(|option| Switch { on: chosen.contains(&option.option), option }).collect();
        Tree { label: group.label(), switches }
    };
    OptionGroup::ALL.iter().copied().map(of).collect()
}

impl Wish {
    fn of_run(run: CatalogRunView) -> Self {
        let resellers = run.scope.reseller.into_iter().chain(run.scope.resellers.unwrap_or_default());
        Self {
            marketplace: run.marketplace,
            resellers: resellers.collect::<Vec<_>>().join("\n"),
            template: run.scope.template.unwrap_or_default(),
            all_levels: run.levels == "all",
            display: run.display,
            options: run.options,
        }
    }

    async fn of(app: &App, query: &CatalogQuery, presets: &[PresetView]) -> Result<Self, Problem> {
        if let Some(id) = &query.from {
            return Ok(Self::of_run(runs::show(State(app.clone()), Id(id.clone())).await?.0));
        }
        let Some(name) = &query.preset else { return Ok(Self::default()) };
        let preset = presets.iter().find(|preset| preset.name == *name);
        let preset = preset.ok_or_else(|| Problem::not_found("preset", name))?;
        Ok(Self { display: preset.display.clone(), options: preset.options.clone(), ..Self::default() })
    }
}

/// The page.
#[utoipa::path(get, path = "/catalog", tag = "pages", params(("from" = Option<String>, Query), ("preset" = Option<String>, Query), ("after" = Option<String>, Query)), responses((status = 200, content_type = "text/html", body = String)))]
pub(crate) async fn show(State(app): State<App>, who: Who, Params(query): Params<CatalogQuery>) -> Shown {
    let presets = presets::list(State(app.clone()), Params(presets::PresetQuery::default())).await?.0.presets;
    let wish = Wish::of(&app, &query, &presets).await?;
    let asked = runs::CatalogRunQuery { after: query.after, ..runs::CatalogRunQuery::default() };
    let listed = runs::list(State(app.clone()), Params(asked)).await?.0;
    let all = app.store().marketplaces().await?;
    let holding = all.into_iter().filter(|one| one.kind.holds_catalogs());
    let choice = |id: String| Choice { here: id == wish.marketplace, id };
    let preset = |view: PresetView| PresetRow {
        href: format!("/catalog?preset={}", segment(&view.name)),
        options: if view.options.is_empty() { "no option".to_owned() } else { view.options.join(", ") },
        view,
    };
    html(&Page {
        frame: Frame::new(&app, &who, CATALOG, "Catalog sync").await?.saying(Said::read(query.said.as_deref())),
        marketplaces: holding.map(|one| choice(one.id.to_string())).collect(),
        tree: tree(&wish.options).await,
        presets: presets.into_iter().map(preset).collect(),
        runs: listed.runs.iter().map(row).collect(),
        next: listed.next.map(|next| format!("/catalog?after={}", segment(&next))),
        wish,
    })
}

/// Names one a line, or with commas between.
fn names(written: &str) -> Vec<String> {
    let names = written.split(['\n', ',']).map(str::trim).filter(|name| !name.is_empty());
    names.map(str::to_owned).collect()
}

fn scope(fields: &Fields) -> CatalogScope {
    let mut resellers = names(&fields.text("resellers"));
    let reseller = if resellers.len() == 1 { resellers.pop() } else { None };
    CatalogScope {
        reseller,
        resellers: Some(resellers).filter(|some| !some.is_empty()),
        template: fields.one("template").map(str::to_owned),
    }
}

/// A dry run, or the options kept under a name: what the button says.
#[utoipa::path(post, path = "/catalog/previews", tag = "pages", responses((status = 303, description = "To the run, or back to the page.")))]
pub(crate) async fn ask(State(app): State<App>, who: Who, fields: Fields) -> Shown {
    let display = fields.one("display").map(str::to_owned);
    if fields.one("act") == Some("save") {
        let name = fields.text("name");
        let options = fields.all("option");
        let marketplace = fields.text("marketplace");
        let all = app.store().marketplaces().await?;
        let owner = all.iter().find(|one| one.id.as_str() == marketplace).map(|one| one.reseller.to_string());
        let body = PresetBody { reseller: owner, options, display };
        let saved = presets::put(State(app), who, Id(name), Body(body)).await?.0;
        return Ok(back(&format!("/catalog?preset={}", segment(&saved.name)), "preset", None));
    }
    let body = CatalogPreviewBody {
        marketplace: fields.text("marketplace"),
        scope: scope(&fields),
        levels: fields.one("levels").map(str::to_owned),
        options: Some(fields.all("option")),
        preset: None,
        display,
    };
    let started = preview::preview(State(app), who, HeaderMap::new(), Body(body)).await?;
    Ok(Redirect::to(&format!("/catalog/runs/{}", segment(started.run().id.as_str()))).into_response())
}

/// Forget a preset.
#[utoipa::path(post, path = "/catalog/presets/remove", tag = "pages", responses((status = 303, description = "Back to the page.")))]
pub(crate) async fn forget(State(app): State<App>, who: Who, fields: Fields) -> Shown {
    let query = presets::PresetQuery { reseller: fields.one("reseller").map(str::to_owned) };
    let _said_next = presets::remove(State(app), who, Id(fields.text("name")), Params(query)).await?;
    Ok(back("/catalog", "removed", None))
}

#[cfg(test)]
mod tests {
    use counterfoil_domain::catalog::DisplayPolicy;

    use super::*;

    #[test]
    fn names_are_read_as_people_write_them() {
        for (written, read) in [("", vec![]), ("a", vec!["a"]), ("a, b\r\n\r\nc ,", vec!["a", "b", "c"])] {
            assert_eq!(names(written), read);
        }
    }

    #[test]
    fn every_display_choice_stands_in_the_form() {
        let form = include_str!("../../templates/catalog.html");
        for policy in DisplayPolicy::ALL {
            assert!(form.contains(&format!("value=\"{}\"", policy.name())), "{policy:?}");
        }
    }
}
