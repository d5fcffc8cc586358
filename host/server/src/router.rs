//! Routes put together, with the layers around them, and the OpenAPI description that they give.

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::from_fn_with_state;
use tokio::sync::watch;
use tower_http::catch_panic::CatchPanicLayer;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{Content, InfoBuilder, OpenApi, OpenApiBuilder, Ref, RefOr, ResponseBuilder, Responses};
use utoipa::{PartialSchema as _, ToSchema as _};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::guard::{guard, method_not_allowed};
use crate::headers::{dress, of_panic};
use crate::pages::{self as page, callback, login};
use crate::parts::{App, ServerParts};
use crate::problem::{Code, Problem, ProblemBody};
use crate::routes::{
    adjusting, audit_log, authorize, auto_sync, catalog, commands, connections, events, follow_ups, ignoring, journal,
    link_suggestions, link_table, links, notices, plans, plugins, products, programs, reconciling, resolving, rules,
    runs, setup, statements, summary, syncs, system, tasks, users,
};

const BODY_LIMIT: usize = 2 * 1024 * 1024;

fn all() -> OpenApiRouter<App> {
    setup_pages(daily_pages(provided(api(OpenApiRouter::with_openapi(description())))))
}

fn api(router: OpenApiRouter<App>) -> OpenApiRouter<App> {
    router
        .routes(routes!(system::healthz))
        .routes(routes!(system::readyz))
        .routes(routes!(system::metrics))
        .routes(routes!(system::openapi))
        .routes(routes!(setup::apply))
        .routes(routes!(connections::list))
        .routes(routes!(connections::show))
        .routes(routes!(connections::set_state))
        .routes(routes!(auto_sync::list, auto_sync::switch))
        .routes(routes!(connections::test))
        .routes(routes!(authorize::show, authorize::begin, authorize::choose))
        .routes(routes!(authorize::answer))
        .routes(routes!(connections::search))
        .routes(routes!(connections::create))
        .routes(routes!(commands::check))
        .routes(routes!(reconciling::reconcile))
        .routes(routes!(commands::plan))
        .routes(routes!(plans::show))
        .routes(routes!(syncs::sync))
        .routes(routes!(tasks::list))
        .routes(routes!(ignoring::ignore_many))
        .routes(routes!(ignoring::unignore_many))
        .routes(routes!(tasks::show))
        .routes(routes!(ignoring::ignore))
        .routes(routes!(ignoring::unignore))
        .routes(routes!(adjusting::show, adjusting::put, adjusting::clear))
        .routes(routes!(adjusting::decide))
        .routes(routes!(auto_sync::goes))
        .routes(routes!(notices::list))
        .routes(routes!(follow_ups::list))
        .routes(routes!(resolving::show))
        .routes(routes!(resolving::resolve))
        .routes(routes!(rules::list, rules::add))
        .routes(routes!(rules::remove))
        .routes(routes!(links::list, links::put))
        .routes(routes!(link_suggestions::suggestions))
        .routes(routes!(link_table::export))
        .routes(routes!(link_table::import))
        .routes(routes!(runs::list))
        .routes(routes!(runs::show))
        .routes(routes!(events::events))
        .routes(routes!(journal::exchanges))
        .routes(routes!(journal::audit))
        .routes(routes!(audit_log::verify))
        .routes(routes!(audit_log::export))
        .routes(routes!(users::list, users::add))
        .routes(routes!(users::show, users::change, users::remove))
        .routes(routes!(users::make_token))
        .routes(routes!(users::remove_token))
        .routes(routes!(summary::summary))
}

/// What people work with day by day.
fn daily_pages(router: OpenApiRouter<App>) -> OpenApiRouter<App> {
    router
        .routes(routes!(page::tasks::show))
        .routes(routes!(page::tasks::export))
        .routes(routes!(page::tasks::preview_ready))
        .routes(routes!(page::tasks::chosen))
        .routes(routes!(page::task::show))
        .routes(routes!(page::task::preview))
        .routes(routes!(page::task::sync))
        .routes(routes!(page::task::ignore))
        .routes(routes!(page::task::unignore))
        .routes(routes!(page::task::resolve))
        .routes(routes!(page::ignored::show))
        .routes(routes!(page::ignored::export))
        .routes(routes!(page::ignored::chosen))
        .routes(routes!(page::ignored::all))
        .routes(routes!(page::rules::show, page::rules::add))
        .routes(routes!(page::rules::remove))
        .routes(routes!(page::links::show))
        .routes(routes!(page::link_change::preview))
        .routes(routes!(page::link_change::set))
        .routes(routes!(page::link_table::show, page::link_table::take))
        .routes(routes!(page::audit::show))
        .routes(routes!(page::check::check))
        .routes(routes!(page::preview::show))
        .routes(routes!(page::preview::sync))
        .routes(routes!(page::runs::show_all))
        .routes(routes!(page::runs::show))
        .routes(routes!(page::reconcile::show, page::reconcile::compare))
        .routes(routes!(page::reconciled::show))
}

/// What is set up once, and who may come in.
fn setup_pages(router: OpenApiRouter<App>) -> OpenApiRouter<App> {
    router
        .routes(routes!(page::connections::show))
        .routes(routes!(page::connection::show))
        .routes(routes!(page::connection::test))
        .routes(routes!(page::connection::set_state))
        .routes(routes!(page::connection::begin))
        .routes(routes!(page::connection::choose))
        .routes(routes!(page::connection::settings::keep))
        .routes(routes!(page::target::show, page::target::connect))
        .routes(routes!(page::programs::show))
        .routes(routes!(page::programs::switch))
        .routes(routes!(page::program::settings::show, page::program::settings::save))
        .routes(routes!(page::program::customers::show))
        .routes(routes!(page::program::mapping::show, page::program::mapping::keep))
        .routes(routes!(page::program::products::show, page::program::products::start))
        .routes(routes!(page::program::money::show))
        .routes(routes!(page::program::statements::show_all))
        .routes(routes!(page::program::statements::show))
        .routes(routes!(page::plugins::show))
        .routes(routes!(page::plugin::show))
        .routes(routes!(page::plugin::activate))
        .routes(routes!(page::plugin::rollback))
        .routes(routes!(page::plugin::compare))
        .routes(routes!(page::catalog::show))
        .routes(routes!(page::catalog::ask))
        .routes(routes!(page::catalog::forget))
        .routes(routes!(page::catalog_run::show))
        .routes(routes!(page::catalog_run::write))
        .routes(routes!(page::catalog_run::take_back))
        .routes(routes!(page::catalog_run::reseller))
        .routes(routes!(page::users::show, page::users::add))
        .routes(routes!(page::users::change))
        .routes(routes!(page::users::account))
        .routes(routes!(page::users::password))
        .routes(routes!(page::users::make_token))
        .routes(routes!(page::users::remove_token))
        .routes(routes!(login::show, login::submit))
        .routes(routes!(login::leave))
        .routes(routes!(callback::arrive))
        .routes(routes!(callback::choose))
        .routes(routes!(page::asset::show))
}

/// What others bring: programs of distributors with their statements and products, catalogs of providers, plugins.
fn provided(router: OpenApiRouter<App>) -> OpenApiRouter<App> {
    router
        .routes(routes!(plugins::list, plugins::install))
        .routes(routes!(plugins::show))
        .routes(routes!(plugins::activate))
        .routes(routes!(plugins::rollback))
        .routes(routes!(plugins::shadow))
        .routes(routes!(programs::settings::list))
        .routes(routes!(programs::settings::show, programs::settings::put))
        .routes(routes!(programs::settings::motions))
        .routes(routes!(programs::customers::list))
        .routes(routes!(programs::mapping::put, programs::mapping::remove))
        .routes(routes!(programs::table::export))
        .routes(routes!(programs::table::import))
        .routes(routes!(programs::money::show))
        .routes(routes!(statements::list))
        .routes(routes!(statements::show))
        .routes(routes!(catalog::options::list))
        .routes(routes!(catalog::preview::preview))
        .routes(routes!(catalog::sync::sync))
        .routes(routes!(catalog::undo::undo))
        .routes(routes!(catalog::runs::list))
        .routes(routes!(catalog::runs::show))
        .routes(routes!(events::catalog_events))
        .routes(routes!(catalog::runs::resellers))
        .routes(routes!(catalog::runs::reseller))
        .routes(routes!(catalog::presets::list))
        .routes(routes!(catalog::presets::put, catalog::presets::remove))
        .routes(routes!(products::list))
        .routes(routes!(products::sync))
}

fn description() -> OpenApi {
    OpenApiBuilder::new()
        .info(
            InfoBuilder::new()
                .title("Counterfoil")
                .version(env!("CARGO_PKG_VERSION"))
                .description(Some("Synchronizes marketplace orders to billing systems: plan, confirm, apply, check. Money is a decimal in a string with its currency; times are RFC 3339 in UTC; enums are open.")),
        )
        .build()
}

/// Named by what it is asked: "post_tasks_by_id_ignore".
fn operation_id(method: &str, path: &str) -> String {
    let path = if path == "/" { "/home" } else { path };
    // Pages may stand under the names of what they show.
    let known = ["/home", "/login", "/logout", "/oauth", "/assets", "/healthz", "/readyz", "/metrics", "/v1/"];
    let is_page = !known.iter().any(|known| path.starts_with(known));
    let method = if is_page { format!("page_{method}") } else { method.to_owned() };
    let segments = path.split('/').filter(|segment| !segment.is_empty() && *segment != "v1");
    segments.fold(method.to_lowercase(), |id, segment| {
        let by = if segment.starts_with('{') { "by_" } else { "" };
        let plain = segment.trim_matches(['{', '}']).replace('.', "_");
        format!("{id}_{by}{plain}")
    })
}

/// The standard wants a description of each answer, however plain.
fn describe(responses: &mut Responses) {
    for (status, response) in &mut responses.responses {
        if let RefOr::T(response) = response
            && response.description.is_empty()
        {
            let words = match status.as_str() {
                "200" => "It is so.",
                "201" => "It was created.",
                "202" => "A run was started; follow it.",
                _ => "See the body.",
            };
            words.clone_into(&mut response.description);
        }
    }
}

/// What every operation may answer, said once, and how to sign in.
fn finish(mut api: OpenApi) -> OpenApi {
    let components = api.components.get_or_insert_default();
    let mut schemas = Vec::new();
    ProblemBody::schemas(&mut schemas);
    schemas.push((ProblemBody::name().into_owned(), ProblemBody::schema()));
    components.schemas.extend(schemas);
    components.add_security_scheme(
        "token",
        SecurityScheme::Http(HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format("cf_…").build()),
    );
    let problem = ResponseBuilder::new()
        .description("A problem (RFC 9457).")
        .content("application/problem+json", Content::new(Some(Ref::from_schema_name("Problem"))))
        .build();
    for (path, item) in &mut api.paths.paths {
        let open = |method: &str| {
            crate::ROUTES
                .iter()
                .any(|rule| rule.path == path && rule.method == method && rule.access == crate::Access::Open)
        };
        for (method, operation) in
            [("GET", &mut item.get), ("PUT", &mut item.put), ("POST", &mut item.post), ("DELETE", &mut item.delete)]
        {
            let Some(operation) = operation else { continue };
            operation.operation_id = Some(operation_id(method, path));
            describe(&mut operation.responses);
            operation.responses.responses.insert("default".to_owned(), RefOr::T(problem.clone()));
            if !open(method) {
                let none: [&str; 0] = [];
                operation.security = Some(vec![utoipa::openapi::SecurityRequirement::new("token", none)]);
            }
        }
    }
    api
}

/// The OpenAPI 3.1 description, as JSON.
pub fn openapi() -> String {
    let (_, api) = all().split_for_parts();
    finish(api).to_pretty_json().unwrap_or_default()
}

async fn nowhere() -> Problem {
    Problem::new(
        Code::NotFound,
        "There is no page and no API route at this address.",
        "Nothing was changed.",
        "See /v1/openapi.json for the routes that exist.",
    )
}

async fn wrong_method() -> Problem {
    method_not_allowed()
}

pub(crate) fn build(parts: ServerParts, closing: watch::Receiver<bool>) -> Router {
    let app = App::new(parts, openapi(), closing);
    let (routes, _) = all().split_for_parts();
    routes
        .fallback(nowhere)
        .method_not_allowed_fallback(wrong_method)
        .layer(DefaultBodyLimit::max(BODY_LIMIT))
        .layer(from_fn_with_state(app.clone(), guard))
        .layer(CatchPanicLayer::custom(of_panic))
        .layer(from_fn_with_state(app.clone(), dress))
        .with_state(app)
}

/// The whole server as a router, for `serve` and for tests.
pub fn router(parts: ServerParts) -> Router {
    let (_, closing) = watch::channel(false);
    build(parts, closing)
}
