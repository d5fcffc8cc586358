//! What names, URLs, paths and headers of a card may look like.

use counterfoil_domain::card::{Auth, AuthScheme, Delivery, Setting};
use url::Url;

use super::reader::{At, Report, Spot, allowed};

/// Host maxima: no card can ask for more.
pub(crate) const MAX_MEMORY_MIB: u32 = 256;
pub(super) const MAX_CALL_MS: u64 = 600_000;

/// Headers that only the host may set: credentials, framing, routing.
const HOST_HEADERS: [&str; 14] = [
    "authorization",
    "connection",
    "content-length",
    "cookie",
    "expect",
    "forwarded",
    "host",
    "keep-alive",
    "proxy-authorization",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "x-forwarded-for",
];

pub(super) fn is_slug(text: &str) -> bool {
    let plain = text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
    plain && text.len() <= 40 && text.starts_with(|first: char| first.is_ascii_lowercase()) && !text.ends_with('-')
}

pub(super) fn is_word(text: &str) -> bool {
    let plain = text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_');
    plain && text.len() <= 64 && text.starts_with(|first: char| first.is_ascii_lowercase())
}

/// The name of a scenario row stands in tables, on tasks and in reasons.
pub(super) fn bad_row_name(name: &str, reserved: &[&str]) -> Option<String> {
    if reserved.iter().any(|word| word.eq_ignore_ascii_case(name.trim())) {
        return Some(format!("\"{name}\" is a scenario of the host's own; give this one another name"));
    }
    let plain = name.trim() == name && name.chars().count() <= 60 && !name.chars().any(|c| c.is_control() || c == '|');
    (!plain).then(|| "must be one line of at most 60 letters, without \"|\" and without blanks around it".to_owned())
}

pub(super) fn is_version(text: &str) -> bool {
    let parts: Vec<&str> = text.split('.').collect();
    parts.len() == 3 && parts.iter().all(|part| part.parse::<u32>().is_ok_and(|number| number.to_string() == **part))
}

pub(super) fn is_header_name(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    !name.is_empty() && name.len() <= 128 && name.bytes().all(plain)
}

pub(super) fn bad_request_header(name: &str) -> Option<String> {
    bad_static_header(name)
}

pub(super) fn bad_static_header(name: &str) -> Option<String> {
    if !is_header_name(name) {
        return Some(format!("\"{name}\" cannot be the name of a header"));
    }
    let lower = name.to_ascii_lowercase();
    HOST_HEADERS
        .contains(&lower.as_str())
        .then(|| format!("{name} is the host's: it sets credentials, cookies and framing itself"))
}

pub(super) fn bad_response_header(name: &str) -> Option<String> {
    if !is_header_name(name) {
        return Some(format!("\"{name}\" cannot be the name of a header"));
    }
    let lower = name.to_ascii_lowercase();
    matches!(lower.as_str(), "set-cookie" | "set-cookie2").then(|| format!("{name} never enters the sandbox"))
}

/// A request header that somebody else sets would be sent twice.
pub(super) fn headers_do_not_clash(
    report: &Report<'_>,
    root: &Spot,
    asked: &[At<String>],
    auth: &[Auth],
    fixed: &[(String, String)],
    delivery: Option<&Delivery>,
) {
    let signed = auth.iter().filter_map(|auth| auth.header.as_deref().map(|name| (name, "the credential")));
    let fixed = fixed.iter().map(|(name, _)| (name.as_str(), "a static header"));
    let keyed =
        delivery.and_then(|delivery| delivery.idempotency_header.as_deref()).map(|name| (name, "the idempotency key"));
    let taken: Vec<(&str, &str)> = signed.chain(fixed).chain(keyed).collect();
    for name in asked {
        if let Some((_, what)) = taken.iter().find(|(other, _)| other.eq_ignore_ascii_case(&name.value)) {
            report.say(&name.spot, format!("{} is {what}, so the host sets it; take it out", name.value));
        }
    }
    for (index, (name, what)) in taken.iter().enumerate() {
        if let Some((_, other)) = taken[..index].iter().find(|(earlier, _)| earlier.eq_ignore_ascii_case(name))
            && what != other
        {
            report.say(root, format!("the header {name} is both {other} and {what}"));
        }
    }
    let basic = auth.iter().any(|auth| auth.scheme != AuthScheme::Header);
    if basic && taken.iter().any(|(name, _)| name.eq_ignore_ascii_case("authorization")) {
        report.say(root, "the header Authorization is set by the scheme; it cannot be named again");
    }
}

/// The names between braces, or nothing when braces do not pair.
pub(super) fn placeholders(text: &str) -> Option<Vec<&str>> {
    let mut names = Vec::new();
    let mut rest = text;
    while let Some(open) = rest.find(['{', '}']) {
        let after = rest.get(open..)?.strip_prefix('{')?;
        let close = after.find(['{', '}'])?;
        rest = after.get(close..)?.strip_prefix('}')?;
        names.push(after.get(..close)?);
    }
    Some(names)
}

pub(super) fn bad_placeholders(text: &str, settings: &[Setting]) -> Option<String> {
    let Some(names) = placeholders(text) else {
        return Some(format!("the braces in \"{text}\" do not pair; a placeholder is {{setting}}"));
    };
    let known: Vec<&str> = settings.iter().map(|setting| setting.name.as_str()).collect();
    let unknown = names.into_iter().find(|name| !known.contains(name))?;
    let advice = if known.is_empty() { "the card has no settings".to_owned() } else { allowed(unknown, &known) };
    Some(format!("{{{unknown}}} is not a setting of this card; {advice}"))
}

/// Placeholders stand for one plain word each.
fn filled(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut inside = false;
    for letter in text.chars() {
        match letter {
            '{' => {
                inside = true;
                out.push('x');
            }
            '}' => inside = false,
            _ if inside => {}
            _ => out.push(letter),
        }
    }
    out
}

pub(super) fn bad_base_url(text: &str) -> Option<String> {
    bad_open_url(text)
        .or_else(|| text.ends_with('/').then(|| format!("\"{text}\" must not end with \"/\": paths begin with one")))
}

/// A URL that may hold placeholders.
pub(super) fn bad_open_url(text: &str) -> Option<String> {
    bad_https_url(&filled(text))
}

fn bad_https_url(text: &str) -> Option<String> {
    let Ok(url) = Url::parse(text) else {
        return Some(format!("\"{text}\" is not a URL, such as https://api.example.com/v1"));
    };
    if url.scheme() != "https" {
        return Some(format!(
            "\"{text}\" must begin with https://; a simulator's address belongs into the connection, not on the card"
        ));
    }
    let extra =
        url.query().is_some() || url.fragment().is_some() || !url.username().is_empty() || url.password().is_some();
    // Not shown again: it may hold a password.
    (url.host_str().is_none() || extra)
        .then(|| "must be scheme, host and path only: no user, no password, no query, no fragment".to_owned())
}

pub(super) fn bad_path(path: &str) -> Option<String> {
    let Some(below) = path.strip_prefix('/') else {
        return Some(format!("\"{path}\" must begin with \"/\": it stands below the base URL"));
    };
    for segment in below.split('/') {
        let open = segment.strip_prefix('{').and_then(|rest| rest.strip_suffix('}'));
        let good = match open {
            Some(name) => {
                !name.is_empty()
                    && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-')
            }
            None => {
                !matches!(segment, "" | "." | "..")
                    && segment.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~!$&'()+,;=:@".contains(&byte))
            }
        };
        if !good {
            let hint =
                "each part between slashes is plain text or exactly one {name}; no \"*\", no query, no empty part";
            return Some(format!("\"{path}\" is not a path pattern: {hint}"));
        }
    }
    None
}
