//! Owns: which statements are listed when, and how the file of one is handed out.

use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Duration, Utc};

use super::answer::{self, Failure};
use super::file;
use super::show;
use super::state::Memory;
use crate::statements::door::{self, Asked, BadValue, Json};
use crate::statements::{Provision, Series, Statement};

pub(super) fn list(memory: &Memory, asked: &Asked, now: DateTime<Utc>, grouped: bool) -> Result<Json, Failure> {
    let (world, switches) = (&memory.world, &memory.switches);
    let organization = asked.number("OrganizationId")?.ok_or(Failure::Missing("OrganizationId"))?;
    let profile = asked.number("InvoiceProfileId")?;
    let kind = match asked.text("ProvisionType") {
        None | Some("0") => None,
        Some(text) => {
            let (name, value) = ("ProvisionType".to_owned(), text.to_owned());
            Some(Provision::parse(text).ok_or(Failure::Bad(BadValue { name, value }))?)
        }
    };
    let (from, to) = (asked.date("From")?, asked.date("To")?);
    let fits = |one: &&Statement| {
        one.listed_at(now)
            && one.organization == organization
            && profile.is_none_or(|profile| one.profile == Some(profile))
            && kind.is_none_or(|kind| one.series == Series::Provision(kind))
            && from.is_none_or(|from| one.month.first() >= from)
            && to.is_none_or(|to| one.month.last() <= to)
    };
    let mut found: Vec<&Statement> = world.statements().iter().filter(fits).collect();
    // The newest first.
    found.sort_by_key(|one| std::cmp::Reverse((one.month, one.id)));
    let shown = found.into_iter().map(|one| match grouped {
        true => show::grouped(world, switches, one),
        false => show::statement(world, switches, one),
    });
    answer::list(asked, switches, shown.collect())
}

pub(super) fn file(memory: &Memory, asked: &Asked, now: DateTime<Utc>, id: &str) -> Result<Response, Failure> {
    let (world, switches) = (&memory.world, &memory.switches);
    let missing = || Failure::NotFound(format!("BillingStatement {id}"));
    let statement = id.parse().ok().and_then(|id| world.listed(id, now)).ok_or_else(missing)?;
    let early = now < statement.issued + Duration::hours(switches.file_lag_hours);
    let shape = memory.shape();
    let download = match early {
        true if switches.early_file_is_empty => file::early(statement),
        true => return Err(missing()),
        false => match file::of(world, switches, shape, statement) {
            Ok(download) => download,
            Err(cause) => return Ok((StatusCode::INTERNAL_SERVER_ERROR, cause.to_string()).into_response()),
        },
    };
    if asked.header(header::ACCEPT).is_some_and(|accept| accept.contains("application/octet-stream")) {
        let name = format!("attachment; filename={}", download.name);
        let headers =
            [(header::CONTENT_TYPE, "application/octet-stream"), (header::CONTENT_DISPOSITION, name.as_str())];
        return Ok((headers, download.bytes).into_response());
    }
    let wrapped = shape.put(download.wrapped(world, switches, statement));
    Ok(door::json(StatusCode::OK, &wrapped))
}
