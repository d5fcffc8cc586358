//! What to do with an answer: hand it over, sign in anew, or follow. Pure.

use counterfoil_domain::ports::{Refusal, Route};
use reqwest::Method;
use reqwest::header::{HeaderMap, LOCATION, WWW_AUTHENTICATE};
use url::Url;

use crate::base::Base;
use crate::policy::{Outgoing, redirect_is_open, refuse};

const MOST_REDIRECTS: u32 = 3;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Step {
    HandOver,
    SignInAgain,
    Follow(Url),
    Refuse(Refusal),
}

/// What happened on the way to this answer.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Past {
    pub(crate) signed_in_again: bool,
    pub(crate) redirects: u32,
    /// The target was asked where it is because of an answer to this request.
    pub(crate) looked_again: bool,
}

pub(crate) fn next(
    route: &Route,
    base: &Base,
    outgoing: &Outgoing,
    can_renew: bool,
    past: Past,
    status: u16,
    headers: &HeaderMap,
) -> Step {
    match status {
        // The other side did not know us, so it did nothing: safe to repeat, even a write.
        401 if can_renew && !past.signed_in_again && !lacks_scope(headers) => Step::SignInAgain,
        301 | 302 | 303 | 307 | 308 if outgoing.is_read && [Method::GET, Method::HEAD].contains(&outgoing.method) => {
            follow(route, base, outgoing, past, headers)
        }
        _ => Step::HandOver,
    }
}

/// A token with too few scopes is a good token: a new one would be no better. Xero spells it both ways.
fn lacks_scope(headers: &HeaderMap) -> bool {
    headers.get_all(WWW_AUTHENTICATE).iter().any(|value| {
        let text = String::from_utf8_lossy(value.as_bytes()).to_ascii_lowercase();
        text.contains("insufficient_scope") || text.contains("insufficent_scope")
    })
}

fn follow(route: &Route, base: &Base, outgoing: &Outgoing, past: Past, headers: &HeaderMap) -> Step {
    let target =
        headers.get(LOCATION).and_then(|value| value.to_str().ok()).and_then(|text| outgoing.url.join(text).ok());
    let Some(mut target) = target else { return Step::HandOver };
    if past.redirects >= MOST_REDIRECTS {
        return Step::Refuse(refuse(
            "too-many-redirects",
            format!(
                "The answer redirects for more than {MOST_REDIRECTS} times; reading was given up and nothing was changed. Check the connection's base URL."
            ),
            None,
        ));
    }
    target.set_fragment(None);
    match redirect_is_open(route, base, &outgoing.method, &target) {
        Ok(()) => Step::Follow(target),
        Err(refusal) => Step::Refuse(refusal),
    }
}
