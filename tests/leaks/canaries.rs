//! The secrets, and how they are looked for. Owns no knowledge of where they could show.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE_NO_PAD};

pub(crate) const TOKEN: &str = "canary-bearer-/+=&%\"q-Wq7vT2";
pub(crate) const API_KEY: &str = "canary-header-~!*'();-Zk4mP9";
pub(crate) const PASSWORD: &str = "canary-password-\\ <&>-Lr8xD3";
pub(crate) const CLIENT_SECRET: &str = "canary-client-/+?#[]-Ns5bH6";
pub(crate) const ACCESS_TOKEN: &str = "canary-access-._~-/Vc1jK0";
pub(crate) const REFUSED_SECRET: &str = "canary-refused-{}|-Yt9gF4";
pub(crate) const MARKET_PASSWORD: &str = "canary-market-/\"+-Bh2sC8";
pub(crate) const MARKET_KEY: &str = "canary-subscription-%-Xe6nM1";
pub(crate) const MARKET_TOKEN: &str = "canary-market-token-Pd3wR5";

pub(crate) const ALL: &[&str] =
    &[TOKEN, API_KEY, PASSWORD, CLIENT_SECRET, ACCESS_TOKEN, REFUSED_SECRET, MARKET_PASSWORD, MARKET_KEY, MARKET_TOKEN];

pub(crate) fn percent(text: &str) -> String {
    text.bytes()
        .map(|byte| if byte.is_ascii_alphanumeric() { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}

/// As in a form, where the unreserved characters stay.
pub(crate) fn form(text: &str) -> String {
    let kept = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    text.bytes().map(|byte| if kept(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}

pub(crate) fn hex(text: &str) -> String {
    text.bytes().map(|byte| format!("{byte:02x}")).collect()
}

pub(crate) fn json(text: &str) -> String {
    serde_json::to_string(text).unwrap().trim_matches('"').to_owned()
}

/// Base64 of it as it looks inside something longer, whatever stands before it.
fn inside(text: &str) -> Vec<String> {
    let shifted = |shift: usize| {
        let whole = format!("{}{text}", "x".repeat(shift));
        let encoded = STANDARD_NO_PAD.encode(&whole);
        encoded[(shift * 8).div_ceil(6)..whole.len() * 8 / 6].to_owned()
    };
    (0..3).map(shifted).collect()
}

fn spellings(canary: &str) -> Vec<String> {
    let mut all = vec![
        canary.to_owned(),
        // The part that no encoding changes: half a secret is too much.
        canary[canary.len() - 6..].to_owned(),
        STANDARD.encode(canary),
        URL_SAFE_NO_PAD.encode(canary),
        percent(canary),
        percent(canary).to_ascii_lowercase(),
        form(canary),
        form(canary).replace("%20", "+"),
        json(canary),
        json(canary).replace('/', "\\/"),
        hex(canary),
        hex(canary).to_ascii_uppercase(),
    ];
    all.extend(inside(canary));
    all
}

/// The canaries that stand in these bytes, by number.
pub(crate) fn found(bytes: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(bytes);
    let mut found = Vec::new();
    for canary in ALL {
        for spelling in spellings(canary) {
            if text.contains(&spelling) {
                found.push(format!("{canary} as {spelling}"));
            }
        }
    }
    found
}

#[test]
fn the_search_finds_what_it_is_to_find() {
    assert_eq!(found(b"nothing of the kind"), Vec::<String>::new());
    for canary in ALL {
        for spelling in spellings(canary) {
            assert!(!found(format!("[{spelling}]").as_bytes()).is_empty(), "{spelling}");
        }
        for user in ["a", "ab", "abc"] {
            let inside = STANDARD.encode(format!("{user}:{canary}"));
            assert!(!found(inside.as_bytes()).is_empty(), "{user}: {canary}");
        }
    }
}
