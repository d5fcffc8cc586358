//! What the marketplace has held against what ConnectWise has: missing, extra, different, the same, after somebody edited
//! additions by hand. Asked twice it is the same answer, and once the difference is synchronized there is none.

use counterfoil_domain::order::{Fee, OrderType};
use counterfoil_domain::plan::SealedPlan;
use counterfoil_domain::run::{Run, RunState};
use counterfoil_domain::task::TaskState;

use crate::books::Terms;
use crate::shelf::{Draft, amount, day, line};
use crate::stand::{BACKUP, SEATS, SUB, Stand, setup};

const NOVEMBER: (&str, &str) = ("2026-11-01", "2026-12-01");

/// How many were found of each.
fn found(run: &Run) -> Vec<(String, u64)> {
    let words = ["missing", "different", "extra", "same"];
    let mut all: Vec<(String, u64)> =
        run.counts.iter().filter(|(name, _)| words.contains(&name.as_str())).cloned().collect();
    all.sort();
    all
}

fn one(word: &str) -> Vec<(String, u64)> {
    vec![(word.to_owned(), 1)]
}

fn whys(sealed: &SealedPlan) -> Vec<String> {
    sealed.plan.changes.iter().map(|change| format!("{}: {}", change.title, change.why)).collect()
}

/// What somebody does to an addition in ConnectWise.
#[derive(Debug, Clone, Copy)]
enum Edit {
    Quantity(&'static str),
    Price(&'static str),
    End(&'static str),
    Gone,
}

impl Edit {
    fn of(self, stand: &Stand, addition: i64) {
        let state = stand.desk.books.state();
        match self {
            Self::Quantity(quantity) => state.set_quantity(addition, amount(quantity)),
            Self::Price(price) => state.set_price(addition, amount(price)),
            Self::End(last) => state.set_cancelled(addition, Some(day(last))),
            Self::Gone => state.remove_addition(addition),
        }
    }
}

/// It is the same: nothing is left to do.
async fn agrees(stand: &mut Stand, what: &str) {
    let run = stand.reconcile(NOVEMBER).await;
    assert_eq!(found(&run), one("same"), "{what}: {run:#?}\n{:#?}", stand.told());
    let open: Vec<_> = stand
        .desk
        .tasks(&[])
        .await
        .into_iter()
        .filter(|task| !["synced", "ignored"].contains(&task.state.name()))
        .collect();
    let open: Vec<_> = open.into_iter().filter(|task| !matches!(task.state, TaskState::Superseded { .. })).collect();
    assert!(open.is_empty(), "{what}: {open:#?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn reconcile_what_is_the_same_says_so_and_writes_nothing() {
    let mut stand = Stand::sold(setup(), Terms::monthly("2026-10-01")).await;
    let writes = stand.desk.writes().len();
    for _ in 0..2 {
        agrees(&mut stand, "nothing happened").await;
    }
    assert_eq!(stand.desk.writes().len(), writes);
    let tasks = stand.desk.tasks(&["ignored"]).await;
    assert_eq!(tasks.len(), 1, "asked twice, it is one task: {tasks:#?}");
}

/// Edits by hand: what is found, what is shown, and what stands and is charged after the difference was synchronized.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn reconcile_finds_and_mends_what_somebody_edited() {
    let table = [
        ("fewer", Edit::Quantity("8"), "different"),
        ("more", Edit::Quantity("11"), "different"),
        ("dearer", Edit::Price("25"), "different"),
        ("ended", Edit::End("2026-10-31"), "missing"),
        ("deleted", Edit::Gone, "missing"),
    ];
    for prorates in [false, true] {
        for (name, edit, word) in table {
            let what = format!("{name}, prorates {prorates}");
            let terms = Terms { prorates, ..Terms::monthly("2026-10-01") };
            let mut stand = Stand::sold(setup(), terms).await;
            let addition = stand.additions().remove(0).id;
            edit.of(&stand, addition);
            let run = stand.reconcile(NOVEMBER).await;
            assert_eq!(found(&run), one(word), "{what}: {run:#?}");
            let task = stand.desk.tasks(&["planned"]).await.remove(0);
            let sealed = stand.desk.sealed(&task).await;
            println!("{what}: {:#?}", whys(&sealed));
            // Asked again, it is the same task with the same plan.
            let again = stand.reconcile(NOVEMBER).await;
            assert_eq!(found(&again), one(word), "{what}: {again:#?}");
            let tasks = stand.desk.tasks(&["planned"]).await;
            assert_eq!(tasks.iter().map(|task| &task.id).collect::<Vec<_>>(), [&task.id], "{what}");
            assert_eq!(stand.desk.sync().await.state, RunState::Done, "{what}");
            agrees(&mut stand, &what).await;
            assert_eq!(
                stand.invoiced(&["2026-11-01", "2026-12-01"]),
                ["220.00", "220.00"],
                "{what}: {:#?}",
                stand.told()
            );
        }
    }
}

/// After the invoice: the difference goes onto the next one, once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn reconcile_of_an_invoiced_period_bills_the_difference_with_the_next() {
    for prorates in [false, true] {
        let terms = Terms { prorates, ..Terms::monthly("2026-10-01") };
        let mut stand = Stand::sold(setup(), terms).await;
        let addition = stand.additions().remove(0).id;
        Edit::Quantity("8").of(&stand, addition);
        assert_eq!(stand.invoiced(&["2026-11-01"]), ["176.00"]);
        stand.reconcile(NOVEMBER).await;
        assert_eq!(stand.desk.sync().await.state, RunState::Done);
        assert_eq!(
            stand.invoiced(&["2026-12-01", "2027-01-01"]),
            ["264.00", "220.00"],
            "{prorates}: {:#?}",
            stand.told()
        );
        agrees(&mut stand, "after the difference").await;
    }
}

/// What the marketplace does not have any more is ended, with the period or after the last one that is invoiced.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn reconcile_ends_what_the_marketplace_does_not_have_any_more() {
    let mut stand = Stand::sold(setup(), Terms::monthly("2026-10-01")).await;
    let backup = vec![line(Fee::ResourceRecurring, Some(BACKUP), "4", "5.00", "10.00")];
    let sale = Draft::new("SO000002", OrderType::Sales, SUB, day("2026-11-16"), backup);
    stand.planned(sale).await;
    stand.desk.sync().await;
    assert_eq!(stand.told()[1], "4 × 5.00 from 2026-12-01");
    // In the marketplace there are ten seats and nothing else.
    let run = stand.reconcile(NOVEMBER).await;
    assert_eq!(found(&run), [("extra".to_owned(), 1), ("same".to_owned(), 1)], "{run:#?}");
    assert_eq!(stand.desk.sync().await.state, RunState::Done);
    agrees(&mut stand, "after the extra one was ended").await;
    assert_eq!(stand.invoiced(&["2026-11-01", "2026-12-01"]), ["230.00", "220.00"], "{:#?}", stand.told());
}

/// Two subscriptions share an agreement and a product: neither takes the other's addition for its own.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn reconcile_tells_neighbours_apart() {
    let mut stand = Stand::sold(setup(), Terms::monthly("2026-10-01")).await;
    let other =
        crate::shelf::subscription("sub-2", "c0", counterfoil_domain::period::Cycle::Months(1), day("2026-10-01"));
    stand.shelf.put_subscription(other);
    stand.desk.link(counterfoil_domain::link::LinkKind::Container, "sub-2", (stand.agreement, "Shared")).await;
    let seven = vec![line(Fee::ResourceRecurring, Some(SEATS), "7", "22.00", "77.00")];
    stand.shelf.put(Draft::new("SO000002", OrderType::Sales, "sub-2", day("2026-11-16"), seven));
    stand.shelf.has("sub-2", SEATS, "7", "22.00");
    stand.desk.bill().await;
    let period = crate::shelf::period(NOVEMBER.0, NOVEMBER.1);
    let run = stand.reconcile_all(&[SUB, "sub-2"], period).await;
    assert_eq!(found(&run), [("same".to_owned(), 2)], "{run:#?}\n{:#?}", stand.told());
}
