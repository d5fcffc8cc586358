//! Owns what an `Idempotency-Key` remembers; does not own the requests it saves.
//!
//! Keys belong to the app, not to an organisation: the same key for two organisations replays the first one's answer.

use std::collections::HashMap;

use chrono::{DateTime, Duration, Utc};

use super::answer::Answer;

const KEY_CAP: usize = 128;

/// What makes two requests the same. The organisation is not part of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fingerprint {
    pub(crate) method: String,
    pub(crate) target: String,
    pub(crate) body: Vec<u8>,
}

#[derive(Debug)]
struct Entry {
    first: DateTime<Utc>,
    request: Fingerprint,
    answer: Answer,
}

#[derive(Debug, Default)]
pub(crate) struct Keys {
    entries: HashMap<String, Entry>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Known {
    No,
    Replay(Answer),
    Refused(Answer),
}

impl Keys {
    pub(crate) fn recall(&mut self, key: &str, request: &Fingerprint, lifetime: Duration, now: DateTime<Utc>) -> Known {
        if key.chars().count() > KEY_CAP {
            return Known::Refused(Answer::text(400, "Idempotency Key exceeds the maximum length of 128 characters"));
        }
        let forgotten = |entry: &Entry| now - entry.first >= lifetime;
        // Not on every call: a busy app has thousands of live keys.
        if self.entries.len().is_power_of_two() {
            self.entries.retain(|_, entry| !forgotten(entry));
        }
        match self.entries.get(key) {
            None => Known::No,
            Some(entry) if forgotten(entry) => Known::No,
            Some(entry) if entry.request == *request => Known::Replay(entry.answer.clone()),
            Some(_) => {
                Known::Refused(Answer::text(400, format!("Idempotency Key: {key} is used with a different request")))
            }
        }
    }

    /// Remembers an answer, errors included, from the first call on.
    pub(crate) fn remember(&mut self, key: &str, request: Fingerprint, answer: Answer, now: DateTime<Utc>) {
        self.entries.insert(key.to_owned(), Entry { first: now, request, answer });
    }
}
