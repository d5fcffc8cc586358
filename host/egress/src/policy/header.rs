//! Request headers: those on the card's list, never one that signs, routes, frames or impersonates.

use counterfoil_domain::ports::{Refusal, Route, Sending};
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};

use super::refuse;

/// Whole names that no card can open.
const NEVER: &[&str] = &[
    "authorization",
    "connection",
    "content-length",
    "cookie",
    "cookie2",
    "expect",
    "forwarded",
    "host",
    "http2-settings",
    "keep-alive",
    "origin",
    "referer",
    "set-cookie",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "via",
    "x-http-method",
    "x-http-method-override",
    "x-method-override",
    "x-original-url",
    "x-rewrite-url",
    "x-api-key",
    "api-key",
];
const NEVER_BEGINS: &[&str] = &["proxy-", "sec-", "x-forwarded-", ":"];
const NEVER_ENDS: &[&str] = &["-tenant-id", "-subscription-key"];

pub(super) fn check(
    route: &Route,
    taken: &[String],
    asked: &[(String, String)],
    sending: &Sending,
) -> Result<HeaderMap, Refusal> {
    let idempotency = match sending {
        Sending::Write { idempotency } => idempotency.as_ref(),
        Sending::Read => None,
    };
    let mut headers = HeaderMap::new();
    for (name, value) in asked {
        let lower = name.to_ascii_lowercase();
        let filled_by_host = taken.iter().any(|own| own.eq_ignore_ascii_case(name))
            || idempotency.is_some_and(|(own, _)| own.eq_ignore_ascii_case(name));
        if filled_by_host || is_never(&lower) {
            return Err(refuse(
                "header-forbidden",
                format!(
                    "The header {} is filled by the host alone, so nothing was sent. It is a defect of the plugin.",
                    printable(name)
                ),
                None,
            ));
        }
        if !route.egress.request_headers.iter().any(|listed| listed.eq_ignore_ascii_case(name)) {
            let line = list_line(&route.egress.request_headers, &printable(name));
            return Err(refuse(
                "header-not-allowed",
                format!(
                    "The header {} is not on the card, so nothing was sent. The publisher can write {line} under [egress] in plugin.toml.",
                    printable(name)
                ),
                Some(line),
            ));
        }
        let (name, value) = parse(name, value)?;
        headers.append(name, value);
    }
    for (name, value) in route.static_headers.iter().map(|(n, v)| (n, v)).chain(idempotency.map(|(n, v)| (n, v))) {
        let (name, value) = parse(name, value)?;
        headers.insert(name, value);
    }
    Ok(headers)
}

/// A header that cannot break out of its line.
pub(crate) fn parse(name: &str, value: &str) -> Result<(HeaderName, HeaderValue), Refusal> {
    let broken = || {
        refuse(
            "header-malformed",
            format!(
                "The header {} has a name or value that cannot stand in a header line, so nothing was sent. It is a defect of the plugin or the setup.",
                printable(name)
            ),
            None,
        )
    };
    let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| broken())?;
    if value.chars().any(char::is_control) {
        return Err(broken());
    }
    let value = HeaderValue::from_bytes(value.as_bytes()).map_err(|_| broken())?;
    Ok((name, value))
}

fn is_never(lower: &str) -> bool {
    NEVER.contains(&lower)
        || NEVER_BEGINS.iter().any(|begin| lower.starts_with(begin))
        || NEVER_ENDS.iter().any(|end| lower.ends_with(end))
}

fn list_line(listed: &[String], name: &str) -> String {
    let all: Vec<String> = listed.iter().map(String::as_str).chain([name]).map(|name| format!("\"{name}\"")).collect();
    format!("request_headers = [{}]", all.join(", "))
}

/// A guest's word in a message: no line breaks, no novels.
fn printable(name: &str) -> String {
    name.chars().filter(|c| c.is_ascii_graphic() && *c != '"' && *c != '\\').take(60).collect()
}
