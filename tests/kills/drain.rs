//! SIGTERM: no new work, what is in hand is finished or its intent stays, an end within 30 s; said twice, within one.

use std::time::Duration;

use reqwest::Method;

use crate::house::Gone;
use crate::journal;
use crate::judge;
use crate::kinds::Kind;
use crate::ledger::Conduct;
use crate::shop::Shop;

const ORDERS: usize = 7;
const ALLOWED: Duration = Duration::from_secs(30);
const AT_ONCE: Duration = Duration::from_secs(1);
/// How long an answer is waited for: longer than stopping waits, so that what hangs is cut off, not finished.
const HANGS_LONGER: Duration = Duration::from_secs(32);
const HANGS: Duration = Duration::from_secs(12);
/// Of one call: where one document of class C hangs, a person is asked for all of them.
const BATCH: u64 = 5;

/// Every target hangs on its first write: half of them after it was carried out.
async fn hanging(timeout: Duration) -> Shop {
    let shop = Shop::open(&Kind::ALL, timeout).await;
    shop.prepare(ORDERS).await;
    for (n, (kind, ledger)) in shop.ledgers.iter().enumerate() {
        ledger.always(Conduct::Hangs { commits: n % 2 == 0 });
        shop.confirm(*kind).await.unwrap();
    }
    while shop.ledgers.values().any(|ledger| ledger.arrived().is_empty()) {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    shop
}

/// What was on the wire stays known, and everything else waits; then all of it is billed once.
async fn accounted_for(shop: Shop) {
    for kind in Kind::ALL {
        assert_eq!(journal::unanswered(&shop.house.store(), kind).await, 1, "{kind:?}");
        assert_eq!(shop.ledgers[&kind].arrived().len(), 1, "{kind:?}: nothing more was sent");
    }
    let tally = judge::end(shop).await;
    println!("{tally}");
    let asked = tally.left_to_person;
    assert_eq!(asked, BATCH, "of class C what went out with the one that hangs, and no more: {tally}");
    assert!(tally.documents >= 4 * ORDERS as u64 - asked, "{tally}");
    assert_eq!((tally.duplicates, tally.lost), (0, 0), "{tally}");
}

/// Side by side: they wait, and do little.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_target_that_hangs_holds_up_no_end() {
    let all = [tokio::spawn(told_once()), tokio::spawn(told_twice()), tokio::spawn(told_in_the_same_moment())];
    for one in all {
        one.await.unwrap();
    }
}

/// It waits, and no longer than 30 s.
async fn told_once() {
    let shop = hanging(HANGS_LONGER).await;
    shop.house.signal("TERM");
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(shop.house.call(Method::GET, "/readyz", None).await, Err(Gone), "nobody is let in any more");
    let (took, how) = shop.house.ends_within(ALLOWED).await;
    println!("SIGTERM while a target hangs: ended after {took:?}");
    assert_eq!(how.code(), Some(2), "not everything in hand was done: {}", shop.house.log());
    assert!(shop.house.log().contains("cut off"), "{}", shop.house.log());
    accounted_for(shop).await;
}

/// It ends at once.
async fn told_twice() {
    let shop = hanging(HANGS).await;
    shop.house.signal("TERM");
    tokio::time::sleep(Duration::from_millis(200)).await;
    shop.house.signal("TERM");
    let (took, how) = shop.house.ends_within(AT_ONCE).await;
    println!("second SIGTERM: ended after {took:?}");
    assert_eq!(how.code(), Some(2), "{}", shop.house.log());
    assert!(shop.house.log().contains("ended at once"), "{}", shop.house.log());
    accounted_for(shop).await;
}

/// The second is not lost between two listeners.
async fn told_in_the_same_moment() {
    let shop = hanging(HANGS).await;
    shop.house.signal("TERM");
    shop.house.signal("INT");
    let (took, how) = shop.house.ends_within(AT_ONCE).await;
    println!("SIGTERM and SIGINT together: ended after {took:?}");
    assert_eq!(how.code(), Some(2), "{}", shop.house.log());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_in_hand_and_answers_is_finished() {
    let shop = Shop::open(&[Kind::B], Duration::from_secs(10)).await;
    shop.prepare(3).await;
    let ledger = &shop.ledgers[&Kind::B];
    ledger.always(Conduct::Slow(Duration::from_millis(400)));
    shop.confirm(Kind::B).await.unwrap();
    while ledger.arrived().is_empty() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    shop.house.signal("TERM");
    let (took, how) = shop.house.ends_within(Duration::from_secs(10)).await;
    println!("SIGTERM with answers under way: ended after {took:?}");
    assert_eq!(how.code(), Some(0), "{}", shop.house.log());
    assert_eq!(journal::unanswered(&shop.house.store(), Kind::B).await, 0);
    assert_eq!(shop.ledgers[&Kind::B].booked().len(), 3);
    let tally = judge::end(shop).await;
    assert_eq!((tally.documents, tally.duplicates, tally.lost), (3, 0, 0), "{tally}");
}

/// SIGTERM before it is ready ends it too; the next start works.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn told_while_it_starts_it_ends() {
    let mut shop = Shop::open(&[Kind::A], Duration::from_secs(10)).await;
    shop.prepare(2).await;
    shop.sync(Kind::A).await.unwrap();
    shop.house.victim.strike();
    shop.house.killed();
    for wait in [0, 2, 5, 10, 15, 20, 30, 40] {
        shop.house.spawn();
        tokio::time::sleep(Duration::from_millis(wait)).await;
        shop.house.signal("TERM");
        let (took, how) = shop.house.ends_within(Duration::from_secs(5)).await;
        // No code: it was told before it had begun to listen.
        assert!(matches!(how.code(), None | Some(0 | 2)), "after {took:?}: {how:?} {}", shop.house.log());
    }
    shop.house.begin().await;
    shop.keeps_its_word().await.unwrap();
    shop.house.victim.strike();
    shop.house.killed();
    let tally = judge::end(shop).await;
    assert_eq!((tally.documents, tally.duplicates, tally.lost), (2, 0, 0), "{tally}");
}
