//! The way out: requests, and answers that are read or refused.
//!
//! Owns the wrappers of records. They differ from one kind to the next and are missing where they please, so a record is
//! taken with its wrapper and without; `null` is a record that is gone.

use std::collections::BTreeMap;

use counterfoil_sdk::serde_json::value::RawValue;
use counterfoil_sdk::{Class, Failure, Remote, Request, Response, json};

use crate::complaint::Complaint;
use crate::errors::{self, Effect};
use crate::wire::Row;

/// The members of an answer.
pub(crate) type Members = BTreeMap<String, Box<RawValue>>;

/// A list's answer, whole.
pub(crate) fn members(remote: &mut dyn Remote, request: Request, what: &str) -> Result<Members, Failure> {
    let response = errors::accept(remote.read(request)?, Effect::Read, what)?;
    json::parse(what, body(&response))
        .map_err(|failure| errors::unreadable(response.status, Effect::Read, what, &failure.message))
}

/// One record; none when it is gone.
pub(crate) fn maybe(
    remote: &mut dyn Remote,
    request: Request,
    wrapper: &str,
    what: &str,
) -> Result<Option<Row>, Failure> {
    let response = remote.read(request)?;
    match errors::accept(response, Effect::Read, what) {
        Ok(response) => record(&response, wrapper, Effect::Read, what),
        Err(failure) if failure.class == Class::NotFound => Ok(None),
        Err(failure) => Err(failure),
    }
}

/// A write whose answer holds the record.
pub(crate) fn write(
    remote: &mut dyn Remote,
    key: &str,
    request: Request,
    wrapper: &str,
    what: &str,
) -> Result<Row, Failure> {
    let response = errors::accept(remote.write(key, request)?, Effect::Write, what)?;
    record(&response, wrapper, Effect::Write, what)?
        .ok_or_else(|| errors::unreadable(response.status, Effect::Write, what, &format!("It holds no {wrapper}.")))
}

/// A write whose answer holds nothing of use: what became of it is read back.
pub(crate) fn send(remote: &mut dyn Remote, key: &str, request: Request, what: &str) -> Result<(), Failure> {
    errors::accept(remote.write(key, request)?, Effect::Write, what).map(|_| ())
}

fn record(response: &Response, wrapper: &str, effect: Effect, what: &str) -> Result<Option<Row>, Failure> {
    let unreadable = |detail: &str| errors::unreadable(response.status, effect, what, detail);
    let members: Option<Members> = json::parse(what, body(response)).map_err(|failure| unreadable(&failure.message))?;
    let Some(members) = members else { return Ok(None) };
    match members.get(wrapper) {
        Some(inside) if inside.get() == "null" => Ok(None),
        Some(inside) => {
            json::parse(what, inside.get().as_bytes()).map(Some).map_err(|failure| unreadable(&failure.message))
        }
        None if members.contains_key("id") => Ok(Some(Row::new(members))),
        None => {
            let said = Complaint::read(&response.text()).said();
            Err(unreadable(&format!("It holds no {wrapper}; it says: {said}")))
        }
    }
}

/// A byte order mark before the text is none of it.
fn body(response: &Response) -> &[u8] {
    response.body.strip_prefix("\u{feff}".as_bytes()).unwrap_or(&response.body)
}
