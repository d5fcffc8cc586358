//! What a caller may ask for: doors on its card, paths that mean what they say, headers on the list.
//! Pure: a call in, a request without credentials or a refusal out.

mod header;
mod path;

use counterfoil_domain::card::{Allowed, EffectKind};
use counterfoil_domain::ports::{Call, Refusal, Route, Sending};
use counterfoil_domain::wire::Request;
use reqwest::Method;
use reqwest::header::HeaderMap;
use url::Url;

use crate::base::Base;

pub(crate) use header::parse as parse_header;

/// A request that may go out once it is signed.
#[derive(Debug, Clone)]
pub(crate) struct Outgoing {
    pub(crate) method: Method,
    pub(crate) url: Url,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
    pub(crate) is_read: bool,
}

pub(crate) fn refuse(rule: &str, message: String, remedy: Option<String>) -> Refusal {
    Refusal { rule: rule.to_owned(), message, remedy }
}

/// `taken` names the headers that the host fills itself.
pub(crate) fn check(route: &Route, base: &Base, taken: &[String], call: &Call) -> Result<Outgoing, Refusal> {
    let request = &call.request;
    let method = method(&request.method)?;
    path::check(&request.path)?;
    let effect = match &call.sending {
        Sending::Read => EffectKind::Read,
        Sending::Write { .. } => EffectKind::Write,
    };
    check_door(&route.egress.allow, method.as_str(), &request.path, effect, &request.operation)?;
    let headers = header::check(route, taken, &request.headers, &call.sending)?;
    let url = address(base, request)?;
    Ok(Outgoing { method, url, headers, body: request.body.clone(), is_read: effect == EffectKind::Read })
}

/// Where a request that passed goes below this base.
pub(crate) fn address(base: &Base, request: &Request) -> Result<Url, Refusal> {
    base.join(&request.path, &request.query).ok_or_else(|| {
        refuse("path-not-plain", format!("The path of {} holds characters that must be percent-encoded, so nothing was sent. It is a defect of the plugin.", request.operation), None)
    })
}

fn method(text: &str) -> Result<Method, Refusal> {
    match text.to_ascii_uppercase().as_str() {
        "GET" => Ok(Method::GET),
        "HEAD" => Ok(Method::HEAD),
        "POST" => Ok(Method::POST),
        "PUT" => Ok(Method::PUT),
        "PATCH" => Ok(Method::PATCH),
        "DELETE" => Ok(Method::DELETE),
        _ => Err(refuse("method-not-known", "The method is none of GET, HEAD, POST, PUT, PATCH and DELETE, so nothing was sent. It is a defect of the plugin.".to_owned(), None)),
    }
}

fn check_door(allow: &[Allowed], method: &str, path: &str, effect: EffectKind, operation: &str) -> Result<(), Refusal> {
    let mut doors = allow.iter().filter(|door| door.matches(method, path)).peekable();
    let line = door_line(method, &path::pattern(path), effect);
    if doors.peek().is_none() {
        return Err(refuse(
            "path-not-on-card",
            format!(
                "{method} {path} ({operation}) is no door on the card, so nothing was sent. The publisher can add the line {line} under [egress] allow in plugin.toml."
            ),
            Some(line),
        ));
    }
    if doors.any(|door| door.effect == effect) {
        return Ok(());
    }
    let (rule, asked) = match effect {
        EffectKind::Read => ("read-on-write-door", "read"),
        EffectKind::Write => ("write-on-read-door", "write"),
    };
    Err(refuse(
        rule,
        format!(
            "{method} {path} ({operation}) was asked for as a {asked}, and the card has it as the other kind, so nothing was sent. If it truly is a {asked}, the publisher can add the line {line} under [egress] allow in plugin.toml."
        ),
        Some(line),
    ))
}

fn door_line(method: &str, path: &str, effect: EffectKind) -> String {
    format!("{{ method = \"{method}\", path = \"{path}\", effect = \"{effect}\" }},")
}

/// Whether a redirect's new address is one that the card opens for reading.
pub(crate) fn redirect_is_open(route: &Route, base: &Base, method: &Method, url: &Url) -> Result<(), Refusal> {
    let Some(below) = base.below(url) else {
        return Err(refuse(
            "redirect-elsewhere",
            format!(
                "The answer points to {}, away from the connection's base URL; it was not followed and no credential went there.",
                crate::base::shown(url)
            ),
            None,
        ));
    };
    path::check(below)?;
    check_door(&route.egress.allow, method.as_str(), below, EffectKind::Read, "redirect")
}

#[cfg(test)]
pub(crate) mod tests;
