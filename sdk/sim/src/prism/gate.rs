//! Owns: the order in which a call is judged and what each path answers.

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Duration, NaiveDate, Utc};
use rust_decimal::Decimal;

use super::csv_file;
use super::show::{self, Failure};
use super::state::{Desk, Memory};
use crate::statements::door::{self, Asked, BadValue, Json, object};
use crate::statements::{Organization, Statement, Tenant, Violation};
use crate::world::Currency;

pub(super) async fn any(
    State(desk): State<Desk>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let asked = Asked::new(method, &uri, headers, body);
    let memory = &mut *desk.lock();
    let shape = memory.shape();
    judge(&desk, memory, &asked).unwrap_or_else(|failure| failure.answer(shape))
}

fn judge(desk: &Desk, memory: &mut Memory, asked: &Asked) -> Result<Response, Failure> {
    let now = desk.clock.now();
    if asked.path == "core/connect/token" && asked.method == Method::POST {
        return Ok(token(desk, memory, asked));
    }
    if asked.method != Method::GET {
        let (method, path) = (asked.method.to_string(), asked.path.clone());
        memory.violations.push(Violation { method, path });
        return Err(Failure::OnlyReading);
    }
    memory.sessions.spend(desk.config.budget, now).map_err(Failure::TooMany)?;
    let most = memory.switches.token_calls;
    if !memory.sessions.admits(asked.bearer(), now, most) {
        return Err(Failure::NotSignedIn);
    }
    let (memory, today) = (&*memory, now.date_naive());
    let shown = |value: Json| Ok(door::json(StatusCode::OK, &memory.shape().put(value)));
    match asked.path.split('/').collect::<Vec<_>>()[..] {
        ["api", "v1", "me"] => shown(show::me(&memory.world)),
        ["api", "v2", "microsoftcsp", "tenants"] => shown(tenants(memory, asked, today, None)?),
        ["api", "v2", "microsoftcsp", "tenants", id] => shown(tenant(memory, id, today)?),
        ["api", "v2", "microsoftcsp", "subscriptions", id] => shown(subscription(memory, id, today)?),
        ["api", "v2", "contractagreements", id, "tenants"] => {
            let organization = organization(memory, id)?;
            shown(tenants(memory, asked, today, Some(organization))?)
        }
        ["api", "v2", "invoices"] => shown(invoices(memory, asked, now)?),
        ["api", "v1", "me", "invoice", id, "csv"] => lines(memory, now, id),
        ["api", "v2", "me", "pricing", agreement, "pricelist", year, month, day] => {
            let organization = organization(memory, agreement)?;
            let text = format!("{year}-{month:0>2}-{day:0>2}");
            let bad = |_| Failure::Bad(BadValue { name: "date".to_owned(), value: text.clone() });
            let on: NaiveDate = text.parse().map_err(bad)?;
            shown(prices(memory, organization, on))
        }
        _ => Err(Failure::NotFound(asked.path.clone())),
    }
}

/// Client credentials in the form; the identity server answers in its own words.
fn token(desk: &Desk, memory: &mut Memory, asked: &Asked) -> Response {
    let form = asked.form();
    let given = |name: &str| form.get(name).map(String::as_str).unwrap_or_default();
    let refused = match () {
        () if given("grant_type") != "client_credentials" => Some("unsupported_grant_type"),
        () if given("client_id") != desk.config.client_id => Some("invalid_client"),
        () if given("client_secret") != desk.config.client_secret => Some("invalid_client"),
        () if given("scope") != "rhipeapi" => Some("invalid_scope"),
        () => None,
    };
    if let Some(error) = refused {
        return door::json(StatusCode::BAD_REQUEST, &object([("error", error.into())]));
    }
    let token = memory.sessions.issue("sim-prism", desk.clock.now(), desk.config.token_seconds);
    let answer = object([
        ("access_token", token.into()),
        ("expires_in", Json::whole(desk.config.token_seconds)),
        ("token_type", "Bearer".into()),
    ]);
    door::json(StatusCode::OK, &answer)
}

fn organization<'a>(memory: &'a Memory, agreement: &str) -> Result<&'a Organization, Failure> {
    let found = memory.world.organizations().iter().find(|one| one.agreement.to_string() == agreement);
    found.ok_or_else(|| Failure::NotFound(format!("Contract agreement {agreement}")))
}

/// With their subscriptions where an agreement was asked for.
fn tenants(memory: &Memory, asked: &Asked, today: NaiveDate, of: Option<&Organization>) -> Result<Json, Failure> {
    let world = &memory.world;
    let found = world.tenants().iter().filter(|one| of.is_none_or(|of| one.organization == of.id));
    let shown = found.map(|one| show::tenant(world, one, today, of.is_some()));
    show::list(asked, &memory.switches, shown.collect())
}

fn tenant(memory: &Memory, id: &str, today: NaiveDate) -> Result<Json, Failure> {
    let wanted = |one: &&Tenant| one.guid.eq_ignore_ascii_case(id);
    let found = memory.world.tenants().iter().find(wanted);
    let one = found.ok_or_else(|| Failure::NotFound(format!("Tenant {id}")))?;
    Ok(show::tenant(&memory.world, one, today, true))
}

fn subscription(memory: &Memory, id: &str, today: NaiveDate) -> Result<Json, Failure> {
    let found = memory.world.subscriptions().iter().find(|one| one.guid == id && one.start <= today);
    let life = found.ok_or_else(|| Failure::NotFound(format!("Subscription {id}")))?;
    Ok(show::subscription(&memory.world, life, today))
}

fn invoices(memory: &Memory, asked: &Asked, now: DateTime<Utc>) -> Result<Json, Failure> {
    let world = &memory.world;
    let mut found: Vec<&Statement> = world.statements().iter().filter(|one| one.listed_at(now)).collect();
    // The newest first.
    found.sort_by_key(|one| std::cmp::Reverse((one.month, one.id)));
    let mut rows: Vec<Json> = found.into_iter().map(|one| show::invoice(world, &memory.switches, one)).collect();
    if memory.switches.other_programs {
        let ended = |index: &u32| world.first().plus(*index).end() < now.date_naive();
        rows.extend((0..world.months()).filter(ended).map(|index| show::foreign(world, index)));
    }
    show::list(asked, &memory.switches, rows)
}

fn lines(memory: &Memory, now: DateTime<Utc>, id: &str) -> Result<Response, Failure> {
    let missing = || Failure::NotFound(format!("Invoice {id}"));
    let number: u32 = id.parse().map_err(|_| missing())?;
    if memory.switches.other_programs && number >= show::OTHER_FIRST {
        return Ok(file(id, csv_file::foreign(Decimal::new(4_599, 2))));
    }
    let invoice = memory.world.listed(number, now).ok_or_else(missing)?;
    if now < invoice.issued + Duration::hours(memory.switches.file_lag_hours) {
        return Err(missing());
    }
    match csv_file::of(&memory.world, &memory.switches, invoice) {
        Ok(bytes) => Ok(file(id, bytes)),
        Err(cause) => Ok((StatusCode::INTERNAL_SERVER_ERROR, cause.to_string()).into_response()),
    }
}

fn file(id: &str, bytes: Vec<u8>) -> Response {
    let name = format!("attachment; filename=invoice-{id}.csv");
    ([(header::CONTENT_TYPE, "text/csv; charset=utf-8"), (header::CONTENT_DISPOSITION, name.as_str())], bytes)
        .into_response()
}

/// All at once: the price list has no pages. In every currency that the agreement's tenants have.
fn prices(memory: &Memory, organization: &Organization, on: NaiveDate) -> Json {
    let world = &memory.world;
    let mut currencies: Vec<Currency> = Vec::new();
    for one in world.tenants().iter().filter(|one| one.organization == organization.id) {
        if !currencies.contains(&one.currency) {
            currencies.push(one.currency);
        }
    }
    let offers = currencies.into_iter().flat_map(|currency| world.price_list(currency, on));
    let rows: Vec<Json> = offers.map(|one| show::price(&one)).collect();
    if memory.switches.bare_arrays { Json::List(rows) } else { object([("Records", Json::List(rows))]) }
}
