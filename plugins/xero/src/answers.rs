//! Sending a read and reading its answer.
//!
//! Owns that one step for the whole plugin, and nothing about what is read.

use counterfoil_sdk::serde::de::DeserializeOwned;
use counterfoil_sdk::{Failure, Remote, Request, json};

use crate::errors::{self, Effect};

/// Most ids in one address: Xero's door breaks near fifty.
pub(crate) const IDS_PER_CALL: usize = 40;

/// Reads and parses. `what` names the thing for people: "the accounts".
pub(crate) fn read<T: DeserializeOwned>(remote: &mut dyn Remote, request: Request, what: &str) -> Result<T, Failure> {
    let response = errors::accept(remote.read(request)?, Effect::Read, what)?;
    json::parse(what, &response.body)
        .map_err(|failure| errors::unreadable(&response, Effect::Read, what, &failure.message))
}

/// A text that is there and not blank.
pub(crate) fn filled(text: Option<&String>) -> Option<&str> {
    text.map(|text| text.trim()).filter(|text| !text.is_empty())
}

/// True for the form of Xero's ids. Anything else would make Xero refuse the whole list of ids.
pub(crate) fn is_guid(text: &str) -> bool {
    text.len() == 36
        && text
            .bytes()
            .enumerate()
            .all(|(at, byte)| if matches!(at, 8 | 13 | 18 | 23) { byte == b'-' } else { byte.is_ascii_hexdigit() })
}
