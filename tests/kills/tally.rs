//! What a storm of kills comes to.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use crate::journal::Point;

#[derive(Debug, Default, Clone)]
pub(crate) struct Tally {
    pub(crate) kills: u64,
    /// Lives in which nothing of the write protocol was under way.
    pub(crate) elsewhere: u64,
    pub(crate) died_at: BTreeMap<Point, u64>,
    pub(crate) documents: u64,
    pub(crate) duplicates: u64,
    pub(crate) lost: u64,
    pub(crate) left_to_person: u64,
    pub(crate) sent_twice_by_itself: u64,
    pub(crate) parked: u64,
    pub(crate) promises: u64,
    pub(crate) faults: u64,
    pub(crate) slowest_ready: Duration,
    pub(crate) problems: Vec<String>,
}

impl Tally {
    pub(crate) fn add(&mut self, other: Self) {
        self.kills += other.kills;
        self.elsewhere += other.elsewhere;
        for (point, count) in other.died_at {
            *self.died_at.entry(point).or_default() += count;
        }
        self.documents += other.documents;
        self.duplicates += other.duplicates;
        self.lost += other.lost;
        self.left_to_person += other.left_to_person;
        self.sent_twice_by_itself += other.sent_twice_by_itself;
        self.parked += other.parked;
        self.promises += other.promises;
        self.faults += other.faults;
        self.slowest_ready = self.slowest_ready.max(other.slowest_ready);
        self.problems.extend(other.problems);
    }

    pub(crate) fn never_died_at(&self) -> Vec<Point> {
        Point::ALL.into_iter().filter(|point| !self.died_at.contains_key(point)).collect()
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{:>8} kills, {} of them with nothing under way", self.kills, self.elsewhere)?;
        for point in Point::ALL.into_iter().filter(|_| self.kills > 0) {
            writeln!(f, "{:>8} at {point:?}", self.died_at.get(&point).copied().unwrap_or_default())?;
        }
        writeln!(
            f,
            "{:>8} documents, {} duplicates, {} lost; class C sent twice by itself: {}",
            self.documents, self.duplicates, self.lost, self.sent_twice_by_itself
        )?;
        writeln!(
            f,
            "{:>8} left to a person (class C), {} parked and planned again by one, {} faults of targets",
            self.left_to_person, self.parked, self.faults
        )?;
        writeln!(
            f,
            "{:>8} promises kept; slowest start to ready {} ms",
            self.promises,
            self.slowest_ready.as_millis()
        )?;
        self.problems.iter().try_for_each(|problem| writeln!(f, "PROBLEM {problem}"))
    }
}
