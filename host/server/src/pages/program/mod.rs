//! One program of one connection: its pages, and what stands on top of each.

pub(crate) mod customers;
pub(crate) mod mapping;
pub(crate) mod money;
pub(crate) mod products;
pub(crate) mod settings;
pub(crate) mod statements;

use super::address;
use super::frame::segment;
use super::programs::href;
use crate::parts::App;
use crate::problem::Problem;
use crate::routes::programs::settings::read;
use crate::wire::{Day, PeriodView, ProgramView};

struct Tab {
    href: String,
    label: &'static str,
    here: bool,
}

/// Its name, its connection, and the way to its other pages.
struct Head {
    href: String,
    title: String,
    connection: String,
    connection_href: String,
    enabled: bool,
    tabs: Vec<Tab>,
}

const TABS: [(&str, &str); 5] = [
    ("", "Settings"),
    ("/billing", "Billing"),
    ("/products", "Products"),
    ("/money", "Money"),
    ("/statements", "Statements"),
];

/// The head of the page at `place`, with the program and its tag.
async fn head(app: &App, id: &str, name: &str, place: &str) -> Result<(Head, ProgramView, String), Problem> {
    let (program, tag) = read(app, id, name).await?;
    let connection = crate::routes::connection(app, id).await?;
    let href = href(id, name);
    let tab = |(path, label): (&str, &'static str)| Tab { href: format!("{href}{path}"), label, here: path == place };
    let head = Head {
        tabs: TABS.into_iter().map(tab).collect(),
        title: format!("{} for {}", program.text, connection.name),
        connection: connection.name,
        connection_href: format!("/connections/{}", segment(id)),
        enabled: program.enabled,
        href,
    };
    Ok((head, program, tag))
}

/// "2026-10-01 to 2026-10-31": people name the last day.
fn period(period: &PeriodView) -> String {
    let last = period.end.0.pred_opt().unwrap_or(period.end.0);
    format!("{} to {last}", period.start)
}

/// A day that a form may have left empty.
fn day(pointer: &str, written: &Option<String>) -> Result<Option<Day>, Problem> {
    let Some(written) = address::given(written) else { return Ok(None) };
    let day = written.parse().map_err(|_| {
        Problem::invalid(pointer, "bad-date", format!("\"{written}\" is not a day such as \"2026-10-01\""))
    })?;
    Ok(Some(Day(day)))
}
