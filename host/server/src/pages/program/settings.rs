//! How a program is set: what goes, when, who is told, and what each switch does. It shows and sets what
//! `/v1/connections/{id}/programs/{name}` has.

use askama::Template;
use axum::extract::State;
use counterfoil_domain::daily;

use super::super::fields::Fields;
use super::super::frame::{Frame, PROGRAMS, Shown, html};
use super::super::said::{Said, back};
use super::super::task::SaidQuery;
use super::super::words;
use super::{Head, head, period};
use crate::extract::{Params, Two};
use crate::guard::Who;
use crate::parts::App;
use crate::problem::{Code, Problem};
use crate::routes::programs::customers::{self, CustomerQuery};
use crate::routes::programs::settings::{motions, set};
use crate::wire::{MotionView, ProgramBody, ProgramView};

/// How a motion is let through.
enum Switch {
    /// By its own box.
    Box,
    /// By "Sync Azure" alone.
    Azure,
    /// Nobody can say how it is to be billed.
    Never,
}

struct Motion {
    name: String,
    text: String,
    prefix: String,
    selected: bool,
    switch: Switch,
    money: String,
    period: String,
    held_back: Option<String>,
}

#[derive(Template)]
#[template(path = "program.html")]
struct Page {
    frame: Frame,
    head: Head,
    program: ProgramView,
    tag: String,
    emails: String,
    motions: Vec<Motion>,
    mapped: u64,
    unmapped: u64,
    /// On the clocks of its time zone, and in UTC.
    next_runs: Vec<(String, String)>,
    warnings: Vec<String>,
    faults: Vec<String>,
}

fn motion(view: &MotionView, selected: &[String]) -> Motion {
    let kind = counterfoil_domain::motion::Motion::parse(&view.motion);
    let switch = match kind {
        Some(kind) if kind.is_usage() => Switch::Azure,
        None | Some(counterfoil_domain::motion::Motion::Unknown) => Switch::Never,
        Some(_) => Switch::Box,
    };
    Motion {
        name: view.motion.clone(),
        text: view.text.clone(),
        prefix: view.prefix.clone(),
        selected: selected.contains(&view.motion),
        switch,
        money: words::moneys(&view.money),
        period: view.period.as_ref().map(period).unwrap_or_default(),
        held_back: view.held_back.clone(),
    }
}

fn next_runs(program: &ProgramView) -> Vec<(String, String)> {
    let zone = daily::zone(&program.time_zone).ok();
    let told = |at: &crate::wire::Time| {
        let there = zone.map(|zone| at.0.with_timezone(&zone).format("%a %Y-%m-%d %H:%M %Z").to_string());
        (there.unwrap_or_default(), at.0.format("%Y-%m-%d %H:%M UTC").to_string())
    };
    program.next_runs.iter().map(told).collect()
}

/// What was just done or refused.
#[derive(Default)]
struct Just {
    said: Option<Said>,
    warnings: Vec<String>,
    faults: Vec<String>,
    /// What was typed, where it was refused.
    typed: Option<(ProgramBody, String)>,
}

/// As it was typed, so that nothing is typed twice.
fn typed(program: ProgramView, body: ProgramBody) -> ProgramView {
    ProgramView {
        enabled: body.enabled.unwrap_or(program.enabled),
        emails: body.emails.unwrap_or(program.emails),
        billing: body.billing.unwrap_or(program.billing),
        motions: body.motions.unwrap_or(program.motions),
        products: body.products.unwrap_or(program.products),
        product_mode: body.product_mode.unwrap_or(program.product_mode),
        azure: body.azure.unwrap_or(program.azure),
        annual: body.annual.unwrap_or(program.annual),
        taxable: body.taxable.unwrap_or(program.taxable),
        daily_at: body.daily_at.filter(|at| at != "none"),
        time_zone: body.time_zone.unwrap_or(program.time_zone),
        ..program
    }
}

async fn page(app: App, who: Who, (id, name): (String, String), just: Just) -> Shown {
    let (head, mut program, mut tag) = head(&app, &id, &name, "").await?;
    if let Some((body, was)) = just.typed {
        program = typed(program, body);
        tag = was;
    }
    let known = motions(State(app.clone()), Two(id.clone(), name.clone())).await?.0.motions;
    let asked = CustomerQuery { limit: Some(1), ..CustomerQuery::default() };
    let people = customers::list(State(app.clone()), Two(id, name), Params(asked)).await?.0;
    let page = Page {
        frame: Frame::new(&app, &who, PROGRAMS, &head.title).await?.saying(just.said),
        emails: program.emails.join("\n"),
        motions: known.iter().map(|view| motion(view, &program.motions)).collect(),
        mapped: people.mapped,
        unmapped: people.unmapped,
        next_runs: next_runs(&program),
        warnings: just.warnings,
        faults: just.faults,
        head,
        program,
        tag,
    };
    html(&page)
}

/// The page.
#[utoipa::path(get, path = "/programs/{id}/{name}", tag = "pages", params(("id" = String, Path), ("name" = String, Path)), responses((status = 200, content_type = "text/html", body = String)))]
pub(crate) async fn show(
    State(app): State<App>,
    who: Who,
    Two(id, name): Two,
    Params(query): Params<SaidQuery>,
) -> Shown {
    page(app, who, (id, name), Just { said: Said::read(query.said.as_deref()), ..Just::default() }).await
}

fn body(fields: &Fields) -> ProgramBody {
    let on = |name| Some(fields.is_on(name));
    let emails = fields.text("emails");
    let emails = emails.split([',', ';', '\n']).map(str::trim).filter(|one| !one.is_empty()).map(str::to_owned);
    ProgramBody {
        enabled: on("enabled"),
        emails: Some(emails.collect()),
        billing: on("billing"),
        motions: Some(fields.all("motion")),
        products: on("products"),
        product_mode: fields.one("product_mode").map(str::to_owned),
        azure: on("azure"),
        annual: on("annual"),
        taxable: on("taxable"),
        daily_at: Some(fields.one("daily_at").unwrap_or("none").to_owned()),
        time_zone: Some(fields.one("time_zone").unwrap_or("UTC").to_owned()),
    }
}

fn faults(problem: &Problem) -> Vec<String> {
    problem.body().errors.iter().map(|fault| fault.detail.clone()).collect()
}

/// Set it as the form says. What that means for money that is under way is told at once.
#[utoipa::path(post, path = "/programs/{id}/{name}", tag = "pages", params(("id" = String, Path), ("name" = String, Path)), responses((status = 303, description = "Back to the program."), (status = 200, content_type = "text/html", body = String)))]
pub(crate) async fn save(State(app): State<App>, who: Who, Two(id, name): Two, fields: Fields) -> Shown {
    let body = body(&fields);
    let seen = fields.text("seen");
    match set(&app, &who, (&id, &name), Some(&seen), &body).await {
        Ok((answer, _)) if answer.warnings.is_empty() => Ok(back(&super::href(&id, &name), "saved", None)),
        Ok((answer, _)) => {
            let just = Just { said: Said::read(Some("saved")), warnings: answer.warnings, ..Just::default() };
            page(app, who, (id, name), just).await
        }
        Err(problem) if problem.body().code == Code::Invalid.name() && !faults(&problem).is_empty() => {
            let just = Just { faults: faults(&problem), typed: Some((body, seen)), ..Just::default() };
            let mut response = page(app, who, (id, name), just).await?;
            *response.status_mut() = problem.status();
            Ok(response)
        }
        Err(problem) => Err(problem.into()),
    }
}
