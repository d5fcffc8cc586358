//! What guests that mean harm cost the others, measured: how long past its deadline a call goes on, how much memory the
//! process takes, how long well-behaved calls take beside them. The figures are printed by
//! `cargo test -p counterfoil-runtime --test sandbox -- --ignored --nocapture figures`, best with `--release`; a test
//! that is run always holds only what no busy machine can upset.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use counterfoil_domain::ports::Target as _;
use counterfoil_runtime::sandbox::WasmTarget;

use crate::common::{Scripted, json};

const DEADLINE: Duration = Duration::from_secs(1);
/// 10^6 requests, 10^5 log lines, a text of a gigabyte, memory without end, no end at all.
const KINDS: &[&str] = &["loop", "memory", "huge", "flood", "log", "print", "recurse"];
/// What one guest of the test card may hold.
const CAP_KIB: u64 = 32 * 1024;
const TURNS: usize = 12;
const TURN: Duration = Duration::from_millis(300);

/// Of this process, in KiB; none where there is no such file.
fn resident() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().trim_end_matches("kB").trim().parse().ok()
}

/// The highest that was seen between the beginning and the end.
struct Watch {
    ended: Arc<AtomicBool>,
    thread: std::thread::JoinHandle<u64>,
}

impl Watch {
    fn begin() -> Self {
        let ended = Arc::new(AtomicBool::new(false));
        let seen = Arc::clone(&ended);
        let watch = move || {
            let mut most = 0;
            while !seen.load(Ordering::SeqCst) {
                most = most.max(resident().unwrap_or(0));
                std::thread::sleep(Duration::from_millis(2));
            }
            most
        };
        Self { ended, thread: std::thread::spawn(watch) }
    }

    fn most(self) -> u64 {
        self.ended.store(true, Ordering::SeqCst);
        self.thread.join().unwrap()
    }
}

/// How long it took, whatever came of it.
async fn call(target: &WasmTarget, kind: &str) -> Duration {
    let exchange = Scripted::new(target.card(), |_| json(200, "{}"));
    let begun = Instant::now();
    let _ended = target.search(exchange, kind.to_owned(), String::new(), None).await;
    let took = begun.elapsed();
    // Three of them in ten minutes pause the plugin: here each is to run.
    target.resume();
    took
}

fn percentile(times: &mut [Duration], of_hundred: usize) -> Duration {
    times.sort();
    times[(times.len() * of_hundred / 100).min(times.len() - 1)]
}

/// Well-behaved calls, one after another, for so long.
async fn well_behaved(target: &Arc<WasmTarget>, long: Duration) -> Vec<Duration> {
    let begun = Instant::now();
    let mut times = Vec::new();
    while begun.elapsed() < long {
        // As a task: it needs a worker thread, as in the service, and the waiting for one counts.
        let (target, asked) = (Arc::clone(target), Instant::now());
        tokio::spawn(async move { call(&target, "behave").await }).await.unwrap();
        times.push(asked.elapsed());
    }
    times
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn memory_and_deadline_hold_for_every_kind() {
    let Some(target) = crate::common::target("hostile").await else { return };
    call(&target, "behave").await;
    for kind in KINDS {
        let before = resident();
        let watch = Watch::begin();
        let took = call(&target, kind).await;
        let most = watch.most();
        // Generous: other tests run beside this one, and the machine may be busy.
        assert!(took < DEADLINE + Duration::from_secs(6), "{kind}: {took:?}");
        if let Some(before) = before {
            let grown = most.saturating_sub(before) / 1024;
            assert!(grown < 16 * CAP_KIB / 1024 + 256, "{kind}: {grown} MiB");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
#[ignore = "measures: run it alone, by name, on a quiet machine"]
async fn figures() {
    let Some(target) = crate::common::target("hostile").await else { return };
    let Some(good) = crate::common::target("hostile").await else { return };
    call(&good, "behave").await;
    for kind in KINDS {
        let before = resident().unwrap_or(0);
        let watch = Watch::begin();
        let mut times = Vec::new();
        for _ in 0..5 {
            // A version that stopped rests; that is before its deadline begins.
            tokio::time::sleep(Duration::from_millis(300)).await;
            times.push(call(&target, kind).await);
        }
        let grown = watch.most().saturating_sub(before);
        let longest = percentile(&mut times, 100);
        println!(
            "{kind}: at most {longest:?} a call, {:?} past the deadline of {DEADLINE:?}; {} KiB more resident at most, the cap of a guest is {CAP_KIB} KiB",
            longest.saturating_sub(DEADLINE),
            grown
        );
    }
    // In short turns, so that what else the machine does falls on all alike; every other turn without mischief is
    // counted by itself: how far the two differ is what this machine tells apart at all.
    for kind in KINDS {
        let (mut alone, mut again, mut beside) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..TURNS {
            alone.extend(well_behaved(&good, TURN).await);
            beside.extend(beside_mischief(&good, &target, kind).await);
            again.extend(well_behaved(&good, TURN).await);
        }
        let calls = (alone.len(), beside.len());
        let row = |of_hundred: usize, times: [&mut Vec<Duration>; 3]| {
            let [alone, again, beside] = times.map(|times| percentile(times, of_hundred));
            let both = (alone + again) / 2;
            let percent = |a: Duration, b: Duration| 100.0 * (a.as_secs_f64() / b.as_secs_f64() - 1.0);
            format!(
                "p{of_hundred} {both:.0?} → {beside:.0?} ({:+.0} %, noise {:.0} %)",
                percent(beside, both),
                percent(alone.max(again), alone.min(again))
            )
        };
        let p50 = row(50, [&mut alone, &mut again, &mut beside]);
        let p99 = row(99, [&mut alone, &mut again, &mut beside]);
        println!("beside {kind}: {p50}, {p99} ({} and {} calls)", 2 * calls.0, calls.1);
    }
}

/// Well-behaved calls while another guest does nothing but harm.
async fn beside_mischief(good: &Arc<WasmTarget>, bad: &Arc<WasmTarget>, kind: &'static str) -> Vec<Duration> {
    let (bad, ended) = (Arc::clone(bad), Arc::new(AtomicBool::new(false)));
    let seen = Arc::clone(&ended);
    let mischief = tokio::spawn(async move {
        while !seen.load(Ordering::SeqCst) {
            // A version that is paused is refused at once: asking it without end would measure the asking.
            if call(&bad, kind).await < Duration::from_millis(1) {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        }
    });
    let times = well_behaved(good, TURN).await;
    ended.store(true, Ordering::SeqCst);
    mischief.abort();
    let _aborted = mischief.await;
    times
}
