//! Sending one request and reading its answer.
//!
//! Owns that step for the whole plugin: what a refusal means, an answer that cannot be read, an address that is too long,
//! and the proof that a record is absent. The version that is asked for, the keys and the client id are the host's.

use counterfoil_sdk::serde::Serialize;
use counterfoil_sdk::serde::de::DeserializeOwned;
use counterfoil_sdk::{Class, Failure, Remote, Request, Response, encode, json};

use crate::errors::{self, Effect};
use crate::roles;
use crate::wire::Op;

/// ConnectWise takes addresses of 2,000 characters; the host's name and the code base stand before ours.
const URL_MOST: usize = 1_800;

/// A GET. The version header is the host's, so the kit's own `Accept` is taken out.
pub(crate) fn get(operation: &str, path: impl Into<String>) -> Request {
    bare(Request::get(operation, path))
}

fn bare(mut request: Request) -> Request {
    request.headers.retain(|(name, _)| !name.eq_ignore_ascii_case("accept"));
    request
}

/// Reads and parses. `what` names the thing for people: "the agreements".
pub(crate) fn read<T: DeserializeOwned>(remote: &mut dyn Remote, request: Request, what: &str) -> Result<T, Failure> {
    let response = answer(remote, request, what)?;
    parse(&response, Effect::Read, what)
}

/// Reads, and leaves the parsing to the caller, who wants the answer's head too.
pub(crate) fn answer(remote: &mut dyn Remote, request: Request, what: &str) -> Result<Response, Failure> {
    fits(&request)?;
    let (method, path) = (request.method.clone(), request.path.clone());
    accept(remote.read(request)?, (&method, &path), Effect::Read, what)
}

/// Reads a record that may be gone. Its absence is believed only when the keys are known to be good: in the cloud, wrong
/// keys are answered with 404 too.
pub(crate) fn maybe<T: DeserializeOwned>(
    remote: &mut dyn Remote,
    request: Request,
    what: &str,
) -> Result<Option<T>, Failure> {
    match read(remote, request, what) {
        Ok(found) => Ok(Some(found)),
        Err(failure) if failure.class == Class::NotFound => signed_in(remote).map(|()| None),
        Err(failure) => Err(failure),
    }
}

/// Fails unless the keys are good. `/system/info` is there for everybody who is signed in, so any 404 is about the keys.
pub(crate) fn signed_in(remote: &mut dyn Remote) -> Result<(), Failure> {
    answer(remote, get("system-info", "/system/info"), "the system's information")
        .map(|_| ())
        .map_err(|failure| if failure.class == Class::NotFound { errors::not_reached() } else { failure })
}

/// Creates. The answer is the record as it was stored.
pub(crate) fn post<B: Serialize, T: DeserializeOwned>(
    remote: &mut dyn Remote,
    key: &str,
    (operation, path): (&str, &str),
    body: &B,
    what: &str,
) -> Result<T, Failure> {
    let request = bare(Request::post(operation, path)).json(body)?;
    write(remote, key, request, what)
}

/// Changes the named fields and nothing else. Compare what comes back, or read the record again: ConnectWise can answer
/// 200 and change nothing.
pub(crate) fn patch<T: DeserializeOwned>(
    remote: &mut dyn Remote,
    key: &str,
    (operation, path): (&str, &str),
    ops: &[Op],
    what: &str,
) -> Result<T, Failure> {
    let request = bare(Request::patch(operation, path)).json(&ops)?;
    write(remote, key, request, what)
}

fn write<T: DeserializeOwned>(remote: &mut dyn Remote, key: &str, request: Request, what: &str) -> Result<T, Failure> {
    fits(&request)?;
    let (method, path) = (request.method.clone(), request.path.clone());
    let response = accept(remote.write(key, request)?, (&method, &path), Effect::Write, what)?;
    parse(&response, Effect::Write, what)
}

fn accept(response: Response, (method, path): (&str, &str), effect: Effect, what: &str) -> Result<Response, Failure> {
    errors::accept(response, effect, what).map_err(|failure| match failure.class {
        Class::Forbidden => roles::named(failure, method, path),
        _ => failure,
    })
}

/// The answer's body; one that cannot be read proves nothing after a write.
pub(crate) fn parse<T: DeserializeOwned>(response: &Response, effect: Effect, what: &str) -> Result<T, Failure> {
    json::parse(what, without_mark(&response.body))
        .map_err(|failure| errors::unreadable(response, effect, what, &failure.message))
}

/// A byte order mark before the text is none of it.
fn without_mark(body: &[u8]) -> &[u8] {
    body.strip_prefix("\u{feff}".as_bytes()).unwrap_or(body)
}

fn fits(request: &Request) -> Result<(), Failure> {
    let query: usize =
        request.query.iter().map(|(name, value)| encode::query(name).len() + encode::query(value).len() + 2).sum();
    if request.path.len() + query <= URL_MOST {
        return Ok(());
    }
    Err(Failure::internal(
        "connectwise-address",
        format!(
            "A request for {} would have a longer address than ConnectWise takes, so nothing was sent. This is a defect of the plugin.",
            request.path
        ),
    ))
}
