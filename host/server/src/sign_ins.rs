//! Sign-ins to targets that people have begun: what was sent along, until it comes back. In memory: a restart forgets
//! them, and whoever was at the target's page begins again. Only hashes of states are kept; a state works once.

use std::collections::HashMap;

use chrono::{DateTime, TimeDelta, Utc};
use counterfoil_domain::id::{Actor, ConnectionId};
use counterfoil_domain::ports::Tenant;
use counterfoil_domain::secret::Secret;

use crate::auth::sha256_hex;

/// How long the target's page may take.
const WAITS: TimeDelta = TimeDelta::minutes(10);
/// How long it is told what became of it, and an account may be chosen.
const KEPT: TimeDelta = TimeDelta::hours(1);
/// Beyond this the oldest goes.
const MOST: usize = 1_000;

/// How it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Stage {
    Waiting,
    /// The code is on its way to the target.
    Exchanging,
    Done {
        tenants: Vec<Tenant>,
        tenant: Option<String>,
        note: String,
    },
    /// The sign-in stands; which account is meant does not.
    Choosing {
        tenants: Vec<Tenant>,
    },
    Failed {
        code: String,
        text: String,
    },
}

#[derive(Debug, Clone)]
pub(crate) struct Begun {
    pub(crate) connection: ConnectionId,
    pub(crate) actor: Actor,
    /// It must come back to the session that it was begun in; else holding the state is enough.
    pub(crate) by_browser: bool,
    pub(crate) verifier: Secret,
    pub(crate) redirect_uri: String,
    /// The setting that names the account.
    pub(crate) tenant_setting: Option<String>,
    pub(crate) began: DateTime<Utc>,
    pub(crate) stage: Stage,
    /// Hash of what the page's form carries, once there is something to choose.
    pub(crate) handle: String,
}

impl Begun {
    pub(crate) fn new(connection: ConnectionId, actor: Actor, verifier: Secret, began: DateTime<Utc>) -> Self {
        Self {
            connection,
            actor,
            by_browser: false,
            verifier,
            redirect_uri: String::new(),
            tenant_setting: None,
            began,
            stage: Stage::Waiting,
            handle: String::new(),
        }
    }

    pub(crate) fn ends(&self) -> DateTime<Utc> {
        self.began + WAITS
    }

    pub(crate) fn is_over(&self, now: DateTime<Utc>) -> bool {
        self.stage == Stage::Waiting && now >= self.ends()
    }
}

/// Why a state opens nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NoState {
    Unknown,
    Used,
    Expired,
}

#[derive(Debug, Default)]
pub(crate) struct SignIns(HashMap<String, Begun>);

impl SignIns {
    /// The former one of the same person and connection is forgotten.
    pub(crate) fn begin(&mut self, state: &str, begun: Begun) {
        let now = begun.began;
        self.0.retain(|_, known| {
            now - known.began < KEPT && (known.connection != begun.connection || known.actor != begun.actor)
        });
        if self.0.len() >= MOST {
            let oldest = self.0.iter().min_by_key(|(_, known)| known.began).map(|(key, _)| key.clone());
            oldest.and_then(|key| self.0.remove(&key));
        }
        self.0.insert(sha256_hex(state.as_bytes()), begun);
    }

    pub(crate) fn look(&self, state: &str, now: DateTime<Utc>) -> Result<&Begun, NoState> {
        let known = self.0.get(&sha256_hex(state.as_bytes())).ok_or(NoState::Unknown)?;
        match known.stage {
            _ if known.is_over(now) => Err(NoState::Expired),
            Stage::Waiting => Ok(known),
            _ => Err(NoState::Used),
        }
    }

    /// Once: whoever comes second finds it used.
    pub(crate) fn take(&mut self, state: &str, now: DateTime<Utc>) -> Result<Begun, NoState> {
        self.look(state, now)?;
        let known = self.0.get_mut(&sha256_hex(state.as_bytes())).ok_or(NoState::Unknown)?;
        let taken = known.clone();
        known.stage = Stage::Exchanging;
        Ok(taken)
    }

    /// `handle` opens the choice, where there is one.
    pub(crate) fn end(&mut self, state: &str, stage: Stage, handle: &str) {
        if let Some(known) = self.0.get_mut(&sha256_hex(state.as_bytes())) {
            known.stage = stage;
            known.handle = sha256_hex(handle.as_bytes());
            known.verifier = Secret::new("");
        }
    }

    pub(crate) fn of(&self, connection: &ConnectionId, actor: &Actor) -> Option<&Begun> {
        self.0.values().find(|known| known.connection == *connection && known.actor == *actor)
    }

    pub(crate) fn of_handle(&self, handle: &str, now: DateTime<Utc>) -> Option<&Begun> {
        let hash = sha256_hex(handle.as_bytes());
        self.0.values().find(|known| known.handle == hash && now - known.began < KEPT)
    }

    pub(crate) fn chosen(&mut self, connection: &ConnectionId, actor: &Actor, stage: Stage) {
        let known = self.0.values_mut().find(|known| known.connection == *connection && known.actor == *actor);
        if let Some(known) = known {
            known.stage = stage;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn begun(connection: &str, began: DateTime<Utc>) -> Begun {
        Begun::new(connection.into(), "ann".into(), Secret::new("v"), began)
    }

    #[test]
    fn a_state_works_once_and_for_ten_minutes() {
        let start = DateTime::UNIX_EPOCH;
        let mut all = SignIns::default();
        all.begin("one", begun("x", start));
        all.begin("two", begun("y", start));
        assert_eq!(all.take("three", start).unwrap_err(), NoState::Unknown);
        assert_eq!(all.take("one", start).unwrap().connection.as_str(), "x");
        assert_eq!(all.take("one", start).unwrap_err(), NoState::Used);
        assert!(all.look("two", start + TimeDelta::seconds(599)).is_ok());
        assert_eq!(all.take("two", start + TimeDelta::minutes(10)).unwrap_err(), NoState::Expired);
    }

    #[test]
    fn beginning_again_forgets_the_former_one_only() {
        let start = DateTime::UNIX_EPOCH;
        let mut all = SignIns::default();
        all.begin("one", begun("x", start));
        all.begin("two", begun("y", start));
        all.begin("three", begun("x", start));
        assert_eq!(all.look("one", start).unwrap_err(), NoState::Unknown);
        assert!(all.look("two", start).is_ok() && all.look("three", start).is_ok());
        assert!(!format!("{all:?}").contains("three"), "a state is not kept");
        all.begin("four", begun("z", start + TimeDelta::hours(2)));
        assert_eq!(all.0.len(), 1);
        for count in 0..2 * MOST {
            all.begin(&format!("s{count}"), begun(&format!("c{count}"), start + TimeDelta::hours(2)));
        }
        assert_eq!(all.0.len(), MOST);
    }
}
