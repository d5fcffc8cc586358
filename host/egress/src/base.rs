//! Base and token URLs: parsed once, held to https, and joined with paths that policy has passed.
//! Owns that the host of a request is always the base URL's.

use counterfoil_domain::connection::Exceptions;
use counterfoil_domain::ports::Refusal;
use url::{Host, Url};

use crate::policy::refuse;

/// A base URL that can be joined: http or https, a host, no user, query or fragment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Base(Url);

impl Base {
    pub(crate) fn parse(text: &str, exceptions: &Exceptions) -> Result<Self, Refusal> {
        let url = endpoint(text, "base URL", exceptions)?;
        if url.query().is_some() {
            return Err(refuse(
                "url-not-plain",
                format!("The base URL {} carries a query, so nothing was sent. Give it without.", shown(&url)),
                None,
            ));
        }
        Ok(Self(url))
    }

    /// `path` begins with "/" and has passed policy. None when the parser would read it differently than it is written.
    pub(crate) fn join(&self, path: &str, query: &[(String, String)]) -> Option<Url> {
        let written = format!("{}{path}", self.0.path().trim_end_matches('/'));
        let mut url = self.0.clone();
        url.set_path(&written);
        if url.path() != written || !same_origin(&url, &self.0) {
            return None;
        }
        if !query.is_empty() {
            let pairs: Vec<String> =
                query.iter().map(|(name, value)| format!("{}={}", percent(name), percent(value))).collect();
            url.set_query(Some(&pairs.join("&")));
        }
        Some(url)
    }

    /// The part of a path that lies below the base, where it does.
    pub(crate) fn below<'a>(&self, url: &'a Url) -> Option<&'a str> {
        if !same_origin(url, &self.0) {
            return None;
        }
        url.path().strip_prefix(self.0.path().trim_end_matches('/')).filter(|rest| rest.starts_with('/'))
    }

    pub(crate) fn url(&self) -> &Url {
        &self.0
    }

    pub(crate) fn is_plain(&self) -> bool {
        self.0.scheme() == "http"
    }
}

pub(crate) fn same_origin(a: &Url, b: &Url) -> bool {
    a.scheme() == b.scheme()
        && a.host() == b.host()
        && a.port_or_known_default() == b.port_or_known_default()
        && a.username().is_empty()
        && a.password().is_none()
}

/// A URL that the host may call: https, or plain http where the operator allows it.
pub(crate) fn endpoint(text: &str, what: &str, exceptions: &Exceptions) -> Result<Url, Refusal> {
    let broken = |why: &str| {
        refuse("url-not-plain", format!("The {what} {why}, so nothing was sent. Correct it in the setup."), None)
    };
    if text.chars().any(|c| c.is_control() || c.is_whitespace() || c == '\\') {
        return Err(broken("holds a blank, a backslash or a control character"));
    }
    let url = Url::parse(text).map_err(|error| broken(&format!("is not a URL ({error})")))?;
    match url.scheme() {
        "https" => {}
        "http" if exceptions.plain_http => {}
        "http" => {
            return Err(refuse(
                "plain-http",
                format!(
                    "The {what} {} is plain http: credentials and invoices could be read on the way, so nothing was sent. Use https, or allow plain http for it.",
                    shown(&url)
                ),
                Some("exceptions = { plain_http = true }".to_owned()),
            ));
        }
        other => return Err(broken(&format!("has the scheme {other}; only https is known"))),
    }
    let named = match url.host() {
        Some(Host::Domain(name)) => !name.trim_end_matches('.').is_empty(),
        Some(_) => true,
        None => false,
    };
    if !named {
        return Err(broken("names no host"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(broken("holds a user name or password before the host"));
    }
    if url.fragment().is_some() {
        return Err(broken("holds a fragment"));
    }
    Ok(url)
}

/// Scheme, host and port: enough for a message, and never a secret.
pub(crate) fn shown(url: &Url) -> String {
    let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
    format!("{}://{}{port}", url.scheme(), url.host_str().unwrap_or_default())
}

/// Everything but unreserved characters, so that no server reads a value as structure.
pub(crate) fn percent(text: &str) -> String {
    use std::fmt::Write as _;
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            // Writing to a string cannot fail.
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}
