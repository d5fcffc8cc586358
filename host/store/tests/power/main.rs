//! Power loss: what SQLite had not flushed is gone, torn or there out of turn. Killing a process proves nothing of this,
//! because the kernel keeps what was written; so every write and flush of a whole life is recorded, and the file is put
//! together as a disk might show it after a cut at each of them.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod disk;
mod life;
mod vfs;

use std::collections::BTreeMap;

use disk::{Chance, Image};
use life::{Acknowledged, verify};

/// Ways in which the same moment may come out.
const OUTCOMES: u64 = 2;

/// Each flush and acknowledgement of the life; `CUTS=n` takes n cuts, spread evenly over many lives. A seed is printed with
/// what it breaks: `SEED=s cargo test -p counterfoil-store --test power` plays it again.
#[test]
fn a_cut_at_every_flush_loses_nothing_that_was_acknowledged() {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let wanted = number("CUTS").unwrap_or(1_200);
    let seed = number("SEED").unwrap_or(1);
    let (mut cuts, mut lost_writes, mut checkpoints) = (0, 0, 0);
    let mut lives = 0;
    while cuts < wanted {
        let seed = seed + lives;
        let events = life::record(seed);
        checkpoints += life::checkpoints(&events);
        let boundaries = events.iter().filter(|event| event.is_boundary()).count();
        let left = usize::try_from((wanted - cuts).div_ceil(OUTCOMES)).unwrap();
        let step = (boundaries / left.max(1)).max(1);
        let mut image = Image::default();
        let mut acknowledged = Acknowledged::default();
        let mut boundary = 0;
        for (at, event) in events.iter().enumerate() {
            let cut_here = event.is_boundary() && boundary % step == 0;
            boundary += usize::from(event.is_boundary());
            for outcome in 0..OUTCOMES {
                // Just before the flush took effect, and just after.
                if outcome == 1 {
                    image.happened(event);
                    acknowledged.happened(event);
                }
                if cut_here {
                    let mut chance = Chance::new(seed ^ ((at as u64) << 8) ^ outcome);
                    let after = image.after_the_cut(&mut chance);
                    lost_writes += after.lost;
                    if let Err(problem) = verify(&after.files, &acknowledged) {
                        panic!("SEED={seed}, cut {at}, outcome {outcome}: {problem}");
                    }
                    cuts += 1;
                }
            }
        }
        lives += 1;
    }
    println!(
        "{cuts} cuts over {lives} lives: 0 acknowledged lost, 0 corrupt ({lost_writes} unflushed writes lost or torn, {checkpoints} checkpoints)"
    );
    assert!(lost_writes > cuts && checkpoints > 0, "the cuts cut nothing");
}

/// A disk that says "flushed" and forgets is found out: the proof above can fail.
#[test]
fn a_lying_disk_is_noticed() {
    let events = life::record(7);
    let mut noticed = BTreeMap::new();
    let mut image = Image::forgetful();
    let mut acknowledged = Acknowledged::default();
    for (at, event) in events.iter().enumerate() {
        image.happened(event);
        acknowledged.happened(event);
        if !event.is_boundary() || at % 40 != 0 {
            continue;
        }
        let after = image.after_the_cut(&mut Chance::new(at as u64));
        if let Err(problem) = verify(&after.files, &acknowledged) {
            *noticed.entry(problem.kind).or_insert(0) += 1;
        }
    }
    assert!(!noticed.is_empty());
}
