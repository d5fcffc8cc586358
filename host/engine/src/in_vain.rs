//! What was looked for in a target and not found. Remembered for a while, so that a check every few minutes does not list
//! the target whole each time: its calls of a day are counted. Owns no look-up; lost at a restart, which costs one list.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use chrono::{DateTime, Duration, Utc};
use counterfoil_domain::id::ConnectionId;
use counterfoil_domain::link::LinkKind;
use counterfoil_domain::matching::NoMatch;

/// How long nobody looks again for what was not there. Somebody who asks for a check is somebody who changed something:
/// for people it is looked for at once.
pub(crate) const REMEMBERED: Duration = Duration::hours(1);

/// A thing that was looked for, with everything that it could have been found by: when that changes, it is another.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Sought(pub(crate) String);

#[derive(Debug)]
struct Looked {
    at: DateTime<Utc>,
    missed: BTreeMap<Sought, NoMatch>,
}

#[derive(Debug, Default)]
pub(crate) struct InVain(Mutex<BTreeMap<(ConnectionId, LinkKind), Looked>>);

impl InVain {
    /// Why each of these was not found, if all of them were looked for lately.
    pub(crate) fn recall(
        &self,
        (connection, kind): (&ConnectionId, LinkKind),
        sought: &[Sought],
        now: DateTime<Utc>,
    ) -> Option<Vec<NoMatch>> {
        let looked = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let looked = looked.get(&(connection.clone(), kind))?;
        // A clock that was set back makes nothing younger.
        let age = now - looked.at;
        if age < Duration::zero() || age >= REMEMBERED {
            return None;
        }
        sought.iter().map(|one| looked.missed.get(one).cloned()).collect()
    }

    /// The target was listed whole, and these were not in it.
    pub(crate) fn remember(
        &self,
        (connection, kind): (&ConnectionId, LinkKind),
        missed: BTreeMap<Sought, NoMatch>,
        at: DateTime<Utc>,
    ) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.insert((connection.clone(), kind), Looked { at, missed });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_remembered_for_an_hour_and_for_nothing_new() {
        let (x, y) = (ConnectionId::new("x"), ConnectionId::new("y"));
        let at: DateTime<Utc> = DateTime::from_timestamp(1_800_000_000, 0).unwrap_or_default();
        let sought = |text: &str| Sought(text.to_owned());
        let memory = InVain::default();
        let missed = [sought("a"), sought("b")].map(|one| (one, NoMatch::Nothing));
        memory.remember((&x, LinkKind::Party), missed.into(), at);
        let party = (&x, LinkKind::Party);
        for (key, wanted, seconds, known) in [
            (party, vec!["a"], 0, true),
            (party, vec!["a", "b"], 3_599, true),
            (party, vec![], 1, true),
            (party, vec!["a", "new"], 1, false),
            (party, vec!["a"], 3_600, false),
            (party, vec!["a"], -1, false),
            ((&x, LinkKind::Item), vec!["a"], 1, false),
            ((&y, LinkKind::Party), vec!["a"], 1, false),
        ] {
            let wanted: Vec<Sought> = wanted.into_iter().map(sought).collect();
            let found = memory.recall(key, &wanted, at + Duration::seconds(seconds));
            assert_eq!(found.is_some(), known, "{wanted:?} after {seconds} s");
        }
    }
}
