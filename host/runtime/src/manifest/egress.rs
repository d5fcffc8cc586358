//! Where a plugin may go: base URL, doors and headers.

use std::time::Duration;

use counterfoil_domain::card::{Allowed, EffectKind, Egress, Setting};

use super::reader::{At, Fields, one_of};
use super::rules::{MAX_CALL_MS, bad_base_url, bad_path, bad_placeholders, bad_request_header, bad_response_header};

const METHODS: [&str; 6] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"];
const MAX_RESPONSE_BYTES: u64 = 16 * 1024 * 1024;

/// The doors, and the request headers with their places: whether those clash is seen when all is read.
pub(super) fn egress(mut fields: Fields<'_>, settings: &[Setting]) -> (Egress, Vec<At<String>>) {
    let report = fields.report();
    let base_url = fields.text("base_url");
    if let Some(url) = &base_url
        && let Some(problem) = bad_placeholders(&url.value, settings).or_else(|| bad_base_url(&url.value))
    {
        report.say(&url.spot, problem);
    }
    let open = base_url.as_ref().map(|url| url.value.clone()).unwrap_or_default();
    let discovery =
        fields.maybe_table("discovery").and_then(|fields| super::discovery::discovery(fields, &open, settings));
    let doors = fields.tables("allow");
    if doors.is_empty() {
        fields.say(
            "allow",
            "must list at least one request, such as { method = \"GET\", path = \"/Invoices\", effect = \"read\" }",
        );
    }
    let mut allow: Vec<Allowed> = Vec::new();
    for door in doors {
        let (spot, found) = (door.spot(), self::door(door));
        let Some(found) = found else { continue };
        if allow.iter().any(|earlier| earlier.method == found.method && earlier.path == found.path) {
            report.say(&spot, format!("{} {} is listed twice; one request has one effect", found.method, found.path));
        } else {
            allow.push(found);
        }
    }
    let mut headers = |key, check: fn(&str) -> Option<String>| {
        let names = fields.texts(key);
        for name in &names {
            if let Some(problem) = check(&name.value) {
                report.say(&name.spot, problem);
            }
        }
        names
    };
    let plain = |names: &[At<String>]| names.iter().map(|name| name.value.clone()).collect();
    let request_headers = headers("request_headers", bad_request_header);
    let response_headers = headers("response_headers", bad_response_header);
    let bytes = fields.number_or("max_response_bytes", 1024..=MAX_RESPONSE_BYTES, 4 * 1024 * 1024);
    let timeout = Duration::from_millis(fields.number_or("timeout_ms", 100..=MAX_CALL_MS, 100_000));
    fields.finish();
    let egress = Egress {
        base_url: base_url.map(|url| url.value).unwrap_or_default(),
        discovery,
        allow,
        request_headers: plain(&request_headers),
        response_headers: plain(&response_headers),
        max_response_bytes: usize::try_from(bytes).unwrap_or(usize::MAX),
        timeout,
    };
    (egress, request_headers)
}

fn door(mut fields: Fields<'_>) -> Option<Allowed> {
    let report = fields.report();
    let method = fields.text("method");
    let path = fields.text("path");
    let effect = fields.text("effect");
    fields.finish();
    let (method, path, effect) = (method?, path?, effect?);
    if !METHODS.contains(&method.value.as_str()) {
        report.say(
            &method.spot,
            format!("\"{}\" is not a method; {}", method.value, super::reader::allowed(&method.value, &METHODS)),
        );
    }
    if let Some(problem) = bad_path(&path.value) {
        report.say(&path.spot, problem);
    }
    let kind = one_of(report, &effect, EffectKind::ALL, EffectKind::parse, EffectKind::name)?;
    match (kind, method.value.as_str()) {
        (EffectKind::Write, "GET" | "HEAD") => {
            report.say(&effect.spot, format!("{} changes nothing, so it must be \"read\"", method.value))
        }
        (EffectKind::Read, "PUT" | "PATCH" | "DELETE") => {
            report.say(
                &effect.spot,
                format!("{} changes something, so it must be \"write\": only writes are journaled", method.value),
            );
        }
        _ => {}
    }
    Some(Allowed { method: method.value, path: path.value, effect: kind })
}
