//! The audit chain: each record's hash covers the record and the hash before it, so that nothing can be
//! edited, removed or moved without every later hash telling. Owns the arithmetic; rows are the store's.

use counterfoil_domain::digest::Digester;
use counterfoil_domain::ports::{AuditCheck, AuditEntry, BadRecord};

use crate::record::time_text;

/// A record as it stands in its row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ChainRecord {
    pub(crate) place: i64,
    pub(crate) happened_at: String,
    pub(crate) actor: String,
    pub(crate) action: String,
    pub(crate) subject: String,
    pub(crate) detail: String,
}

impl ChainRecord {
    pub(crate) fn of(place: u64, entry: &AuditEntry) -> Self {
        Self {
            place: i64::try_from(place).unwrap_or(i64::MAX),
            happened_at: time_text(entry.at),
            actor: entry.actor.as_str().to_owned(),
            action: entry.action.clone(),
            subject: entry.subject.clone(),
            detail: entry.detail.clone(),
        }
    }

    pub(crate) fn hash(&self, before: &str) -> String {
        let mut digest = Digester::new("audit");
        digest
            .text(before)
            .text(&self.place.to_string())
            .text(&self.happened_at)
            .text(&self.actor)
            .text(&self.action)
            .text(&self.subject)
            .text(&self.detail);
        digest.hex()
    }
}

/// Walks records from the first one on; stops judging at the first bad one.
#[derive(Debug, Default)]
pub(crate) struct Walk {
    records: u64,
    head: String,
    bad: Option<BadRecord>,
}

impl Walk {
    /// False: no need to go on.
    pub(crate) fn step(&mut self, record: &ChainRecord, stored_hash: &str) -> bool {
        let expected = i64::try_from(self.records).unwrap_or(i64::MAX).saturating_add(1);
        let hash = record.hash(&self.head);
        if record.place != expected {
            self.bad = Some(BadRecord { place: expected, why: "it is missing, or records were moved".to_owned() });
        } else if hash != stored_hash {
            self.bad = Some(BadRecord {
                place: expected,
                why: "it, or what stood before it, is not what was written".to_owned(),
            });
        } else {
            self.records += 1;
            self.head = hash;
        }
        self.bad.is_none()
    }

    /// `head` is the last place and hash that the store wrote down beside the chain.
    pub(crate) fn finish(mut self, head: Option<(i64, String)>) -> AuditCheck {
        let last = i64::try_from(self.records).unwrap_or(i64::MAX);
        let noted = head.unwrap_or_default();
        if self.bad.is_none() && noted != (last, self.head.clone()) {
            let place = last.min(noted.0).saturating_add(1);
            self.bad = Some(BadRecord {
                place,
                why: format!("the log ends at {last}, but {} was noted as its last record", noted.0),
            });
        }
        AuditCheck { records: self.records, head: self.head, first_bad: self.bad }
    }
}

#[cfg(test)]
mod tests {
    use super::{ChainRecord, Walk};

    fn record(place: i64, detail: &str) -> ChainRecord {
        let [happened_at, actor, action, subject] = ["t", "ann", "confirm", "task"].map(str::to_owned);
        ChainRecord { place, happened_at, actor, action, subject, detail: detail.to_owned() }
    }

    #[test]
    fn a_record_forged_with_a_hash_of_its_own_gives_itself_away_in_the_next() {
        let mut chain = Vec::new();
        let mut before = String::new();
        for place in 1..=4 {
            let record = record(place, "1.10");
            before = record.hash(&before);
            chain.push((record, before.clone()));
        }
        let head = Some((4, before));
        let forged = record(2, "9.10");
        let hash = forged.hash(&chain[0].1);
        chain[1] = (forged, hash);
        let mut walk = Walk::default();
        let judged = chain.iter().take_while(|(record, hash)| walk.step(record, hash)).count();
        assert_eq!(judged, 2, "the forged one fits what is before it");
        assert_eq!(walk.finish(head).first_bad.map(|bad| bad.place), Some(3));
    }
}
