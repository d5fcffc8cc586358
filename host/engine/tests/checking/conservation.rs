//! Whatever the source does to its list, every order revision seen is in exactly one account, and what stands at the end
//! depends on the orders alone.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Duration, Utc};
use counterfoil_domain::order::{Order, OrderStatus, OrderType};
use counterfoil_domain::ports::Clock;
use counterfoil_domain::run::RunState;
use counterfoil_domain::task::Subject;
use proptest::prelude::*;
use proptest::test_runner::FileFailurePersistence;
use rust_decimal::Decimal;

use super::desk::{Desk, NOW};
use super::market::{Listed, at, order};

/// One order of a history: hours after the first check that it was created, hours until it shows, and the statuses
/// that it goes through, one a check.
#[derive(Debug, Clone)]
struct Story {
    created: i64,
    late: i64,
    statuses: Vec<OrderStatus>,
    /// So many checks after it was final, it comes to more.
    revised: Option<usize>,
}

fn story() -> impl Strategy<Value = Story> {
    use OrderStatus::{Cancelled, Completed, Error, Processing, Submitted};
    let status = prop::sample::select(vec![Submitted, Processing, Error, Completed]);
    let end = prop::sample::select(vec![Completed, Completed, Completed, Cancelled]);
    let statuses = prop::collection::vec(status, 0..3);
    (-1_200i64..160, 0i64..48, statuses, end, prop::option::of(1usize..5)).prop_map(
        |(created, late, mut statuses, end, revised)| {
            statuses.push(end);
            let first_final = statuses.iter().position(|status| status.is_final()).unwrap_or_default();
            statuses.truncate(first_final + 1);
            Story { created, late, statuses, revised }
        },
    )
}

fn build(number: usize, story: &Story, step: usize) -> (Order, DateTime<Utc>) {
    let created_at = at(NOW) + Duration::hours(story.created);
    let status = story.statuses[step.min(story.statuses.len() - 1)];
    let mut told = order(&number.to_string(), OrderType::Sales, "", NOW);
    if story.revised.is_some_and(|after| step >= story.statuses.len() - 1 + after) {
        told.total = Some(Decimal::from(12));
        told.lines[0].amount = Decimal::from(12);
    }
    let order = Order { created_at, provisioned_at: Some(created_at), status, ..told };
    (order, created_at + Duration::hours(story.late))
}

#[derive(Debug, Clone, Copy)]
struct Cut {
    page: usize,
    repeats: usize,
    broken: usize,
}

/// Account and amount, by order.
type End = BTreeMap<String, (String, String)>;

/// The tasks at the end. Between the checks the list is as hostile as `cuts` says.
async fn play(stories: &[Story], shuffled: &[usize], cuts: &[Cut], twice: bool) -> End {
    let desk = Desk::open().await;
    // So many checks that every order has shown itself and gone through its life.
    for step in 0..14 {
        let cut = cuts[step % cuts.len()];
        {
            let mut state = desk.market.state.lock().unwrap();
            state.orders.clear();
            for number in shuffled {
                let (order, from) = build(*number, &stories[*number], step);
                state.orders.push(Listed { order, from: Some(from) });
            }
            state.page = cut.page;
            state.repeats = cut.repeats;
            // The last two checks read everything. An order from before the window that could not even be read before it
            // was final is like every other final order of that age: counted only. It is left out of this mischief.
            let broken = cut.broken % stories.len();
            let mischief = step < 12 && cut.broken > 0 && stories[broken].created > -700;
            state.broken = mischief.then(|| broken.to_string()).into_iter().collect();
        }
        let run = desk.check().await;
        assert_ne!(run.state, RunState::Failed, "{:?}", run.problems);
        if twice {
            desk.check().await;
        }
        desk.clock.advance(Duration::hours(24));
    }
    assert!(desk.clock.now() > at(NOW));
    end_of(&desk).await
}

async fn end_of(desk: &Desk) -> End {
    let mut end = BTreeMap::new();
    let mut ids = BTreeSet::new();
    for task in desk.tasks().await {
        assert!(ids.insert(task.id.clone()), "a task twice");
        assert!(matches!(task.subject, Subject::Order { .. }));
        if task.state.account() == "superseded" {
            continue;
        }
        // Further back than a deep look reaches, an amount may be the former one.
        let reached = task.created_at > at(NOW) - Duration::hours(600);
        let amount = if reached { task.amount.to_string() } else { String::new() };
        let before = end.insert(task.number.clone(), (task.state.account().to_owned(), amount));
        assert_eq!(before, None, "{} stands in two accounts", task.number);
    }
    end
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 2_000,
        failure_persistence: Some(Box::new(FileFailurePersistence::Direct("tests/kept/checking.txt"))),
        ..ProptestConfig::default()
    })]

    #[test]
    fn no_order_is_lost_and_none_is_there_twice(
        stories in prop::collection::vec(story(), 1..24),
        seed in any::<u64>(),
        cuts in prop::collection::vec((1usize..9, 0usize..4, 0usize..30), 1..6),
        twice in any::<bool>(),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let mut shuffled: Vec<usize> = (0..stories.len()).collect();
        shuffled.sort_by_key(|n| (*n as u64 + 1).wrapping_mul(seed | 1).rotate_left(17));
        let cuts: Vec<Cut> = cuts.into_iter().map(|(page, repeats, broken)| Cut { page, repeats, broken }).collect();
        let hostile = runtime.block_on(play(&stories, &shuffled, &cuts, twice));
        let straight: Vec<usize> = (0..stories.len()).collect();
        let calm = runtime.block_on(play(&stories, &straight, &[Cut { page: 1_000, repeats: 0, broken: 0 }], false));

        let window = at("2026-10-21T10:00:00Z");
        for (number, story) in stories.iter().enumerate() {
            let (order, visible) = build(number, story, 0);
            // Final when the first check saw it, and from before the window: counted only.
            let counted = order.created_at < window && order.status.is_final() && visible <= at(NOW);
            let name = format!("N-{number}");
            let expected = match (counted, story.statuses.last().unwrap()) {
                (true, _) => None,
                (false, OrderStatus::Completed) => Some("open"),
                (false, _) => Some("ignored"),
            };
            let (last, _) = build(number, story, 13);
            if story.created > -600 {
                let amount = calm.get(&name).map(|(_, amount)| amount.clone());
                prop_assert_eq!(amount, Some(last.money(last.total.unwrap()).to_string()), "{} {:?}", name, story);
            }
            prop_assert_eq!(calm.get(&name).map(|(account, _)| account.as_str()), expected, "{} {:?}", name, story);
        }
        prop_assert_eq!(hostile, calm);
    }
}
