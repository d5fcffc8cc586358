//! The deep run: crash points and lost answers by the hundred thousand, each from a seed that replays it.
//! `cargo run -p counterfoil-engine --example deep -- --runs 1000000 [--seed S]`
#![expect(clippy::unwrap_used, reason = "shared with the simulation's tests, which fail by panicking")]

#[path = "../tests/simulation/rig/mod.rs"]
#[expect(dead_code, reason = "the tests use more of it")]
mod rig;

use std::process::ExitCode;
use std::time::Instant;

use rig::{losses, storm, tally};

struct Asked {
    /// Crash points, and lost answers; none: one seed alone.
    runs: Option<u64>,
    /// The first.
    seed: Option<u64>,
}

impl Asked {
    fn run(&self, done: impl Fn(&tally::Tally) -> u64 + Sync, one: fn(u64) -> tally::Tally) -> tally::Tally {
        let first = self.seed.unwrap_or(1);
        match self.runs {
            Some(runs) => tally::run(first, |tally| done(tally) >= runs, one),
            None => tally::replay(first, one),
        }
    }
}

fn asked(words: &[String]) -> Result<Asked, String> {
    let mut asked = Asked { runs: None, seed: None };
    for pair in words.chunks(2) {
        let [name, value] = pair else { return Err(format!("{} needs a number", pair.join(" "))) };
        let number = value.parse().map_err(|_| format!("{value} is no number"))?;
        match name.as_str() {
            "--runs" => asked.runs = Some(number),
            "--seed" => asked.seed = Some(number),
            other => return Err(format!("{other} is unknown: --runs N [--seed S]")),
        }
    }
    if asked.seed.is_none() {
        asked.runs = asked.runs.or(Some(100_000));
    }
    Ok(asked)
}

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let asked = match asked(&words) {
        Ok(asked) => asked,
        Err(text) => {
            eprintln!("deep: {text}");
            return ExitCode::from(64);
        }
    };
    let started = Instant::now();
    let storms = asked.run(|tally| tally.crash_points, storm::seed);
    println!("Crashes\n{storms}");
    let losses = asked.run(|tally| tally.answers_lost, losses::seed);
    println!("Lost answers\n{losses}");
    println!("{} s", started.elapsed().as_secs());
    if storms.is_clean() && losses.is_clean() {
        return ExitCode::SUCCESS;
    }
    println!("replay: cargo run -p counterfoil-engine --example deep -- --seed S, with the SEED named above");
    ExitCode::FAILURE
}
