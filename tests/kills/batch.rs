//! The middle of a batch: the service dies at each document of it, before and after it is carried out, and when its answer
//! is handed over. What stands in the books by then is exactly what came before.

use std::time::Duration;

use chrono::Utc;
use tokio::task::JoinSet;

use crate::house::Gone;
use crate::journal::{self, Life, Point};
use crate::judge;
use crate::kinds::Kind;
use crate::ledger::Moment;
use crate::shop::Shop;
use crate::tally::Tally;

/// As many as go to a call.
const ORDERS: usize = 5;

/// The service of this shop dies at this document.
async fn cut(kind: Kind, moment: Moment, place: usize) -> Shop {
    let what = format!("{kind:?}, {moment:?} of document {place}");
    let shop = Shop::open(&[kind], Duration::from_millis(1_500)).await;
    shop.prepare(ORDERS).await;
    shop.ledgers[&kind].arm(moment, u32::try_from(place).unwrap());
    let born = Utc::now();
    // The process may be gone before it has answered.
    if let Ok(Some(run)) = shop.confirm(kind).await {
        let over = shop.house.over(&run).await;
        assert_eq!(over, Err(Gone), "{what}: nobody died");
    }
    shop.house.killed();
    let there = shop.ledgers[&kind].booked().len();
    assert_eq!(there, place + usize::from(moment != Moment::Arrived), "{what}");
    let left = journal::left(&shop.house.store(), &shop.ledgers, Life { born, timeout: shop.timeout }).await;
    let point = match moment {
        Moment::Arrived => Point::Sent,
        Moment::CarriedOut => Point::CarriedOut,
        _ => Point::Answered,
    };
    // Between handing over and kill -9 the other side may have been quick.
    let quick = moment == Moment::Answered && !left.contains(&point);
    assert!(left.contains(&point) || quick && left.contains(&Point::Recorded), "{what}: {left:?}");
    assert_eq!(left.contains(&Point::Recorded), place > 0 || quick, "{what}: {left:?}");
    shop
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_batch_cut_at_any_of_its_documents_is_finished_and_not_begun_again() {
    let (mut ends, mut all) = (JoinSet::new(), Tally::default());
    let mut kinds = [Kind::A, Kind::B].into_iter().cycle();
    for moment in [Moment::Arrived, Moment::CarriedOut, Moment::Answered] {
        for place in 0..ORDERS {
            let shop = cut(kinds.next().unwrap(), moment, place).await;
            ends.spawn(judge::end(shop));
        }
    }
    while let Some(tally) = ends.join_next().await {
        all.add(tally.unwrap());
    }
    println!("{all}");
    assert_eq!((all.documents, all.duplicates, all.lost), (15 * ORDERS as u64, 0, 0), "{all}");
}
