//! Browser sessions: in memory, so a restart signs everybody out. Only hashes of session tokens are kept.
//! The role is not: it is read from the store at each request, so that a change counts at once.

use std::collections::HashMap;

use chrono::{DateTime, TimeDelta, Utc};
use counterfoil_domain::id::Actor;

use crate::auth::sha256_hex;

const IDLE: TimeDelta = TimeDelta::hours(1);
const ABSOLUTE: TimeDelta = TimeDelta::hours(12);
/// Beyond this the oldest goes.
const MOST: usize = 10_000;

#[derive(Debug, Clone)]
pub(crate) struct Session {
    pub(crate) user: Actor,
    pub(crate) csrf: String,
    /// Digest of the password's hash at sign-in: a new password ends the session.
    pub(crate) password_print: String,
    began: DateTime<Utc>,
    seen: DateTime<Utc>,
}

#[derive(Debug, Default)]
pub(crate) struct Sessions(HashMap<String, Session>);

impl Sessions {
    pub(crate) fn begin(&mut self, token: &str, csrf: String, user: Actor, password_hash: &str, now: DateTime<Utc>) {
        self.0.retain(|_, session| session.lives(now));
        if self.0.len() >= MOST {
            let oldest = self.0.iter().min_by_key(|(_, s)| s.seen).map(|(key, _)| key.clone());
            oldest.and_then(|key| self.0.remove(&key));
        }
        let password_print = sha256_hex(password_hash.as_bytes());
        self.0.insert(sha256_hex(token.as_bytes()), Session { user, csrf, password_print, began: now, seen: now });
    }

    /// The living session of this token; seeing it keeps it from idling out.
    pub(crate) fn see(&mut self, token: &str, now: DateTime<Utc>) -> Option<Session> {
        let key = sha256_hex(token.as_bytes());
        let session = self.0.get_mut(&key)?;
        if !session.lives(now) {
            self.0.remove(&key);
            return None;
        }
        session.seen = now;
        Some(session.clone())
    }

    pub(crate) fn end(&mut self, token: &str) {
        self.0.remove(&sha256_hex(token.as_bytes()));
    }
}

impl Session {
    fn lives(&self, now: DateTime<Utc>) -> bool {
        now - self.seen < IDLE && now - self.began < ABSOLUTE
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_ends_by_idling_by_age_and_by_signing_out() {
        let start = DateTime::UNIX_EPOCH;
        let mut sessions = Sessions::default();
        sessions.begin("t", "c".into(), "ann".into(), "hash", start);
        assert!(sessions.see("u", start).is_none());
        let mut now = start;
        for _ in 0..14 {
            now += TimeDelta::minutes(50);
            assert!(sessions.see("t", now).is_some(), "{now}");
        }
        assert!(sessions.see("t", now + TimeDelta::minutes(50)).is_none(), "twelve hours are the end");

        sessions.begin("t", "c".into(), "ann".into(), "hash", start);
        assert!(sessions.see("t", start + TimeDelta::minutes(60)).is_none(), "an hour without use is the end");

        sessions.begin("t", "c".into(), "ann".into(), "hash", start);
        sessions.end("t");
        assert!(sessions.see("t", start).is_none());
    }
}
