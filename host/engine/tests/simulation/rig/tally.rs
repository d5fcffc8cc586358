//! What a deep run comes to, and how it is shared out among threads.

use std::collections::BTreeMap;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use super::points::Point;

#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Tally {
    /// Scenarios begun, crash points of them, and processes that died.
    pub(crate) seeds: u64,
    pub(crate) crash_points: u64,
    pub(crate) kills: u64,
    pub(crate) documents: u64,
    pub(crate) duplicates: u64,
    pub(crate) lost: u64,
    pub(crate) answers_lost: u64,
    /// Tasks that ended synchronized by themselves, that a person has to decide, and that were parked.
    pub(crate) resolved: u64,
    pub(crate) left_to_person: u64,
    pub(crate) parked: u64,
    /// Seconds from the first send to the end, the worst.
    pub(crate) slowest: i64,
    pub(crate) died_at: BTreeMap<Point, u64>,
    pub(crate) passed: BTreeMap<Point, u64>,
    pub(crate) failures: Vec<String>,
}

impl Tally {
    pub(crate) fn add(&mut self, other: Self) {
        self.seeds += other.seeds;
        self.crash_points += other.crash_points;
        self.kills += other.kills;
        self.documents += other.documents;
        self.duplicates += other.duplicates;
        self.lost += other.lost;
        self.answers_lost += other.answers_lost;
        self.resolved += other.resolved;
        self.left_to_person += other.left_to_person;
        self.parked += other.parked;
        self.slowest = self.slowest.max(other.slowest);
        for (point, count) in other.died_at {
            *self.died_at.entry(point).or_default() += count;
        }
        for (point, count) in other.passed {
            *self.passed.entry(point).or_default() += count;
        }
        self.failures.extend(other.failures);
    }

    /// Named steps at which no process ever died.
    pub(crate) fn never_died_at(&self) -> Vec<Point> {
        Point::ALL.into_iter().filter(|point| !self.died_at.contains_key(point)).collect()
    }

    pub(crate) fn is_clean(&self) -> bool {
        self.failures.is_empty() && self.duplicates == 0 && self.lost == 0
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{:>9} seeds, {} crash points, {} kills", self.seeds, self.crash_points, self.kills)?;
        writeln!(f, "{:>9} documents, {} duplicates, {} lost", self.documents, self.duplicates, self.lost)?;
        writeln!(
            f,
            "{:>9} answers lost; tasks: {} resolved by themselves, {} left to a person, {} parked; slowest {} s",
            self.answers_lost, self.resolved, self.left_to_person, self.parked, self.slowest
        )?;
        for point in Point::ALL.into_iter().filter(|_| self.kills > 0) {
            let of = |counts: &BTreeMap<Point, u64>| counts.get(&point).copied().unwrap_or_default();
            writeln!(f, "{:>9} died at {point:?}, passed {} times", of(&self.died_at), of(&self.passed))?;
        }
        for failure in &self.failures {
            writeln!(f, "FAILED {failure}")?;
        }
        Ok(())
    }
}

/// Seeds from `first` on, on all cores, until `enough` says so of what is done. A seed that fails ends it, and is named.
pub(crate) fn run(first: u64, enough: impl Fn(&Tally) -> bool + Sync, one: impl Fn(u64) -> Tally + Sync) -> Tally {
    let (next, stop) = (AtomicU64::new(first), AtomicBool::new(false));
    let all = Mutex::new(Tally::default());
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while !stop.load(Ordering::SeqCst) {
                    let seed = next.fetch_add(1, Ordering::SeqCst);
                    let tally = replay(seed, &one);
                    let mut all = all.lock().unwrap();
                    all.add(tally);
                    if enough(&all) || !all.failures.is_empty() {
                        stop.store(true, Ordering::SeqCst);
                    }
                }
            });
        }
    });
    all.into_inner().unwrap()
}

/// One seed; its failure is an entry of the tally.
pub(crate) fn replay(seed: u64, one: impl Fn(u64) -> Tally) -> Tally {
    catch_unwind(AssertUnwindSafe(|| one(seed))).unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().cloned();
        let text = text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()));
        Tally { failures: vec![format!("SEED={seed}: {}", text.unwrap_or_default())], ..Tally::default() }
    })
}
