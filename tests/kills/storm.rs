//! kill -9, over and over: each life of the service is ended at a moment that its target chooses or at any other, while
//! it checks, plans, writes, or finds out what became of what the life before it had under way.
//! `KILLS=10000` goes deeper; a failure names its seed, and `SEED=…` does that one again.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use chrono::Utc;
use tokio::sync::{Mutex, Notify};
use tokio::task::{JoinError, JoinSet};

use crate::dice::Dice;
use crate::house::Gone;
use crate::journal::{self, Life, Point};
use crate::judge;
use crate::kinds::Kind;
use crate::ledger::{Conduct, Moment};
use crate::shop::Shop;
use crate::tally::Tally;

const KILLS: u64 = 500;
/// Of one folder: then it is judged, and another begins.
const LIVES: u64 = 42;
const SIDE_BY_SIDE: u64 = 8;
const TIMEOUT: Duration = Duration::from_millis(1_500);
const READY: Duration = Duration::from_secs(5);
/// A moment that does not come.
const LONGEST: Duration = Duration::from_millis(600);

/// Of a shop: each kind dies beside another.
const PAIRS: [[Kind; 2]; 4] = [[Kind::A, Kind::B], [Kind::C, Kind::A], [Kind::B, Kind::Forgets], [Kind::C, Kind::B]];

const CONDUCTS: [Conduct; 6] = [
    Conduct::LosesRequest,
    Conduct::LosesAnswer,
    Conduct::ErrorAfterCommit,
    Conduct::CommitsLate(Duration::from_millis(700)),
    Conduct::Slow(Duration::from_millis(150)),
    Conduct::Hangs { commits: true },
];

fn set(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().unwrap())
}

/// How a life ends.
#[derive(Debug, Clone, Copy)]
enum Fate {
    /// Counted from its first moment.
    Early(Duration),
    /// Counted from when it was ready.
    Later(Duration),
    /// When a target meets the moment that it waits for.
    Met,
}

/// Those that come: who takes no key gets nothing twice, and class C is never looked for.
fn moments(kind: Kind) -> &'static [Moment] {
    use Moment as M;
    match kind {
        Kind::A | Kind::Forgets => {
            &[M::Connected, M::Arrived, M::CarriedOut, M::Answered, M::Repeated, M::Looked, M::ReadBack]
        }
        Kind::B => &[M::Connected, M::Arrived, M::CarriedOut, M::Answered, M::Looked, M::ReadBack],
        Kind::C => &[M::Connected, M::Arrived, M::CarriedOut, M::Answered, M::ReadBack],
    }
}

impl Fate {
    fn of(dice: &mut Dice, shop: &Shop, waiting: Kind) -> Self {
        for ledger in shop.ledgers.values() {
            if dice.chance(20) {
                ledger.next(dice.pick(&CONDUCTS));
            }
        }
        match dice.below(100) {
            0..8 => return Self::Early(Duration::from_millis(dice.below(120))),
            8..30 => return Self::Later(Duration::from_millis(dice.below(300))),
            _ => {}
        }
        shop.ledgers[&waiting].arm(dice.pick(moments(waiting)), u32::try_from(dice.below(2)).unwrap());
        Self::Met
    }

    async fn comes(self, shop: &Shop, ready: &Notify) {
        if let Self::Early(when) = self {
            tokio::time::sleep(when).await;
        } else {
            // Or dead before.
            ready.notified().await;
            let longest = if let Self::Later(when) = self { when } else { LONGEST };
            let begun = Instant::now();
            while begun.elapsed() < longest && shop.house.victim.is_alive() {
                tokio::time::sleep(Duration::from_millis(3)).await;
            }
        }
        shop.house.victim.strike();
    }
}

/// What people do while it lives: again and again, until it is gone.
async fn work(shop: &Shop, pair: [Kind; 2], seed: u64) -> Result<(), Gone> {
    for round in 0.. {
        shop.sell(2);
        let turn = |kind: Kind| async move {
            // What was planned in an earlier life and never confirmed.
            shop.sync(kind).await?;
            shop.check(kind).await?;
            shop.link(kind, format!("item-{seed}-{round}")).await?;
            shop.plan(kind, None).await?;
            if (seed + round).is_multiple_of(9) {
                shop.ignore_one(kind).await?;
            }
            shop.sync(kind).await
        };
        let [a, b] = pair.map(turn);
        let (a, b) = tokio::join!(a, b);
        a.and(b)?;
    }
    Ok(())
}

/// One life, from its start to kill -9, and what is left of it.
async fn life(shop: &mut Shop, pair: [Kind; 2], dice: &mut Dice, seed: u64, tally: &mut Tally) {
    let waiting = dice.pick(&pair);
    let fate = Fate::of(dice, shop, waiting);
    let born = Utc::now();
    shop.house.spawn();
    let (mut ready, told) = (None, Notify::new());
    {
        let fresh = std::mem::take(&mut *shop.fresh.lock().unwrap());
        let shown = &*shop;
        let lives = async {
            let answer = shown.house.ready().await;
            told.notify_one();
            ready = Some(answer?);
            shown.holds(&fresh).await?;
            work(shown, pair, seed).await
        };
        tokio::select! {
            biased;
            () = fate.comes(shown, &told) => {}
            _gone = async { let gone = lives.await; std::future::pending::<()>().await; gone } => {}
        }
        shop.promises.add_all(fresh);
    }
    shop.house.killed();
    let mut points = journal::left(&shop.house.store(), &shop.ledgers, Life { born, timeout: shop.timeout }).await;
    match ready {
        Some(took) => {
            assert!(took <= READY, "ready after {took:?}: {}", shop.house.log());
            tally.slowest_ready = tally.slowest_ready.max(took);
        }
        None => points.extend([Point::Starting]),
    }
    tally.kills += 1;
    tally.elsewhere += u64::from(points.is_empty());
    for point in points {
        *tally.died_at.entry(point).or_default() += 1;
    }
}

fn words(error: JoinError) -> String {
    let panic = error.into_panic();
    let text = panic.downcast_ref::<String>().cloned();
    text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned())).unwrap_or_default()
}

async fn story(seed: u64, lives: u64) -> Tally {
    let mut dice = Dice::new(seed);
    let pair = PAIRS[usize::try_from(seed).unwrap() % PAIRS.len()];
    let mut shop = Shop::open(&pair, TIMEOUT).await;
    // The first check is another matter.
    shop.prepare(2).await;
    shop.house.victim.strike();
    shop.house.killed();
    let mut tally = Tally::default();
    for n in 0..lives {
        life(&mut shop, pair, &mut dice, n, &mut tally).await;
    }
    tally.add(judge::end(shop).await);
    tally
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hundreds_of_kills_lose_nothing_and_bill_nothing_twice() {
    let kills = set("KILLS").unwrap_or(KILLS);
    let one = set("SEED");
    let stories = if one.is_some() { 1 } else { kills.div_ceil(LIVES) };
    let (next, all) = (Arc::new(AtomicU64::new(0)), Arc::new(Mutex::new(Tally::default())));
    let mut hands = JoinSet::new();
    for _ in 0..SIDE_BY_SIDE.min(stories) {
        let (next, all) = (Arc::clone(&next), Arc::clone(&all));
        hands.spawn(async move {
            loop {
                let n = next.fetch_add(1, Ordering::SeqCst);
                if n >= stories {
                    return;
                }
                let seed = one.unwrap_or(n + 1);
                let lives = LIVES.min(kills - n * LIVES);
                let told = tokio::spawn(story(seed, lives)).await;
                let tally = told.unwrap_or_else(|error| panic!("SEED={seed}: {}", words(error)));
                all.lock().await.add(tally);
            }
        });
    }
    while let Some(done) = hands.join_next().await {
        done.unwrap();
    }
    let tally = all.lock().await.clone();
    println!("{tally}");
    assert!(one.is_some() || tally.kills >= kills, "{tally}");
    assert_eq!((tally.duplicates, tally.lost, tally.sent_twice_by_itself), (0, 0, 0), "{tally}");
    assert!(one.is_some() || kills < KILLS || tally.never_died_at().is_empty(), "never: {:?}", tally.never_died_at());
}
