//! Time taken, and how it is said: medians of rounds after a warm-up, rates and ratios. Knows nothing of what is
//! measured.

use std::time::{Duration, Instant};

/// The middle of several rounds.
pub(crate) fn median(mut rounds: Vec<Duration>) -> Duration {
    rounds.sort_unstable();
    rounds[rounds.len() / 2]
}

/// Median of `rounds` calls, after `warm_up` calls that count for nothing.
pub(crate) fn repeated(warm_up: usize, rounds: usize, mut work: impl FnMut()) -> Duration {
    (0..warm_up).for_each(|_| work());
    let timed = |_| {
        let start = Instant::now();
        work();
        start.elapsed()
    };
    median((0..rounds).map(timed).collect())
}

/// "1.23": how many times `part` goes into `whole`.
pub(crate) fn ratio(whole: Duration, part: Duration) -> String {
    format!("{:.2}", whole.as_secs_f64() / part.as_secs_f64().max(f64::MIN_POSITIVE))
}

/// "0.312 s, 16025 a second, 0.062 ms each".
pub(crate) fn rate(time: Duration, count: usize) -> String {
    let seconds = time.as_secs_f64();
    let count = count as f64;
    format!("{seconds:.3} s, {:.0} a second, {:.3} ms each", count / seconds, seconds * 1e3 / count)
}

/// Against a number of the design: kept, or how far from it.
pub(crate) fn against(time: Duration, bound: Duration) -> String {
    if time <= bound { format!("within {bound:?}") } else { format!("{} times {bound:?}", ratio(time, bound)) }
}
