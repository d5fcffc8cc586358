//! The deep run, as much of it as fits into every test run; `cargo run -p counterfoil-engine --example deep` does more.
//! A failure names its seed: `SEED=… cargo test -p counterfoil-engine --test simulation seeded -- --nocapture` does that one again.

use std::collections::BTreeSet;

use super::rig::dice::Dice;
use super::rig::ledger::Fault;
use super::rig::storm::{self, Kind, Scenario};
use super::rig::{losses, tally};

const CRASH_POINTS: u64 = 10_000;
const LOST_ANSWERS: u64 = 10_000;

/// Given to replay a failure.
fn seed() -> Option<u64> {
    std::env::var("SEED").ok().and_then(|text| text.parse().ok())
}

#[test]
fn seeded_storms_lose_nothing_and_bill_once_wherever_the_process_dies() {
    let done = match seed() {
        Some(seed) => tally::replay(seed, storm::seed),
        None => tally::run(1, |done| done.crash_points >= CRASH_POINTS, storm::seed),
    };
    println!("{done}");
    assert!(done.is_clean(), "replay with the SEED named above:\n{done}");
    if seed().is_none() {
        assert!(done.crash_points >= CRASH_POINTS && done.kills > done.crash_points);
        assert_eq!(done.never_died_at(), [], "every named step of the write protocol must have been died at");
    }
}

#[test]
fn seeded_lost_answers_are_found_out_without_a_person() {
    let done = match seed() {
        Some(seed) => tally::replay(seed, losses::seed),
        None => tally::run(1, |done| done.answers_lost >= LOST_ANSWERS, losses::seed),
    };
    println!("{done}");
    assert!(done.is_clean() && done.left_to_person == 0, "replay with the SEED named above:\n{done}");
    assert!(seed().is_some() || done.answers_lost >= LOST_ANSWERS);
}

/// Fifty documents, some of which are refused: wherever the process dies, each document is there once or not at all,
/// and its task says which.
#[test]
fn a_crash_in_the_middle_of_fifty_leaves_the_truth_about_each() {
    let refused: BTreeSet<String> = (1..=50).filter(|n| n % 7 == 0).map(|n| format!("charge:SO{n}")).collect();
    let mut rows = Vec::new();
    for kind in [Kind::A, Kind::B] {
        for singly in [false, true] {
            for fault in [Fault::Fine, Fault::LostAfter, Fault::LostBefore] {
                let faults = vec![Fault::Fine, fault];
                let scenario = Scenario {
                    kind,
                    orders: 50,
                    refunds: !singly,
                    batch: 50,
                    singly,
                    faults,
                    lag: 0,
                    settle: 60,
                    refused: refused.clone(),
                    dice: Dice::new(50),
                };
                rows.push(scenario);
            }
        }
    }
    // One at a time a batch has two hundred steps: one row walks all of them, the others take strides of their own.
    let every = |scenario: &Scenario| scenario.kind == Kind::A && scenario.faults[1] == Fault::LostAfter;
    let count = rows.len() as u64;
    let one = |index: u64| {
        let mut done = tally::Tally::default();
        let scenario = &rows[usize::try_from(index).unwrap() % rows.len()];
        let (dense, stride) = if scenario.singly { (if every(scenario) { 160 } else { 0 }, 9) } else { (12, 13) };
        let mut step = 1 + i64::try_from(index % 5).unwrap() * i64::from(dense == 0);
        while let Some(point) = storm::one(scenario, step, (step + i64::from(done.crash_points % 3 == 0)) % 2 == 0) {
            done.add(point);
            step += if step <= dense { 1 } else { stride };
        }
        done.seeds = 1;
        done
    };
    let done = tally::run(0, |done| done.seeds >= count, one);
    println!("{done}");
    assert!(done.is_clean(), "{done}");
    assert!(done.crash_points > 100 && done.parked > 0, "{done}");
}
