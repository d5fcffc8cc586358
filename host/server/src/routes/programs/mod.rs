//! Programs: what of a distributor's statements goes to a connection, who is mapped where, and where the money is.

pub(crate) mod customers;
pub(crate) mod mapping;
pub(crate) mod money;
pub(crate) mod settings;
pub(crate) mod table;

use chrono::{Days, NaiveDate};
use counterfoil_domain::connection::Connection;
use counterfoil_domain::motion::Motion;
use counterfoil_domain::ports::MoneyRow;
use counterfoil_domain::program::{Program, ProgramName};

use super::connection;
use crate::parts::App;
use crate::problem::Problem;
use crate::programs::mapping::Book;
use crate::programs::settings as set;
use crate::suggest::hint;

/// How far back the newest statement of anybody is looked for.
const LATELY: u64 = 100;
/// Periods begin at most so far ahead.
const AHEAD: u64 = 40;

fn name(written: &str) -> Result<ProgramName, Problem> {
    set::name(written).map_err(|text| Problem::invalid("/name", "unknown-program", text))
}

/// A connection whose marketplace shows statements, and one of its programs.
async fn program(app: &App, id: &str, written: &str) -> Result<(Connection, Program), Problem> {
    let connection = connection(app, id).await?;
    let name = name(written)?;
    holds_statements(app, &connection).await?;
    let programs = app.store().programs(&connection.id).await?;
    let program = set::of(&programs, &connection.id, name);
    Ok((connection, program))
}

async fn holds_statements(app: &App, connection: &Connection) -> Result<(), Problem> {
    let marketplaces = app.store().marketplaces().await?;
    let kind = marketplaces.iter().find(|one| one.id == connection.marketplace).map(|one| one.kind);
    if kind.is_some_and(|kind| kind.holds_statements()) {
        return Ok(());
    }
    let text = format!(
        "connection {} reads orders from {}, and programs are of statements; use a connection on a marketplace of the kind cloudiq or prism",
        connection.id, connection.marketplace
    );
    Err(Problem::invalid("/id", "no-statements", text))
}

fn motion(written: &str) -> Result<Motion, Problem> {
    Motion::parse(written).ok_or_else(|| {
        let help = hint(written, Motion::ALL.iter().map(|motion| motion.name()));
        Problem::invalid("/motion", "unknown-motion", format!("\"{written}\" is not a billing motion; {help}"))
    })
}

fn days(app: &App, back: u64) -> (NaiveDate, NaiveDate) {
    let today = app.now().date_naive();
    (
        today.checked_sub_days(Days::new(back)).unwrap_or(today),
        today.checked_add_days(Days::new(AHEAD)).unwrap_or(today),
    )
}

/// The money of the last statements.
async fn lately(app: &App, connection: &Connection) -> Result<Vec<MoneyRow>, Problem> {
    let (from, before) = days(app, LATELY);
    Ok(app.store().statement_money(&connection.id, from, before).await?)
}

async fn book(app: &App, connection: &Connection, rows: &[MoneyRow]) -> Result<Book, Problem> {
    let store = app.store();
    let customers = store.customers(&connection.marketplace, None).await?;
    let subscriptions = store.subscriptions(&connection.marketplace, None).await?;
    let links = store.links(&connection.id, None).await?;
    let target = app.parts.targets.active(&connection.plugin);
    let needs_container = target.is_some_and(|target| {
        let card = target.card();
        card.puts_into_containers(&card.filled(&connection.settings))
    });
    Ok(Book::new(&customers, &subscriptions, links, needs_container, rows))
}
