//! Check Changes against a marketplace that answers at once.

use std::sync::Arc;
use std::time::Duration;

use chrono::Duration as Span;
use counterfoil_domain::ports::Target;

use super::measure::{against, median, rate, ratio};
use super::world::{Kept, World, now};

/// DESIGN §10: 10,000 orders from an instant source.
const BOUND: Duration = Duration::from_secs(1);

pub(crate) async fn run(target: &Arc<dyn Target>, orders: usize, rounds: usize) {
    println!("b) check changes, {orders} orders from an instant source (bound {BOUND:?} of host time for 10,000)");
    for kept in Kept::ALL {
        let (mut first, mut later, mut idle) = (Vec::new(), Vec::new(), Vec::new());
        let mut world = None;
        for _ in 0..rounds {
            let fresh = World::new(kept, target, orders).await;
            first.push(fresh.check().await);
            if world.is_none() {
                println!("   {}: the first check, where it waits", kept.name());
                fresh.tally.print();
            }
            fresh.advance(Span::days(10));
            fresh.shop.add(orders, orders, now() + Span::days(10));
            later.push(fresh.check().await);
            if world.is_none() {
                println!("   {}: later orders, where it waits", kept.name());
                fresh.tally.print();
            }
            assert_eq!(fresh.tasks("ready").await.len(), 2 * orders, "every order is a task");
            fresh.advance(Span::days(3));
            // The cursor stands at the newest order: one check re-reads 48 hours before it.
            idle.push(fresh.check().await);
            world = Some(fresh);
        }
        let (first, later, idle) = (median(first), median(later), median(idle));
        println!("   {:<7} first check    {}, {}", kept.name(), rate(first, orders), against(first, BOUND));
        println!("   {:<7} as many later  {}, {}", kept.name(), rate(later, orders), against(later, BOUND));
        println!("   {:<7} nothing new    {:.1} ms", kept.name(), idle.as_secs_f64() * 1e3);
        drop(world);
        many_or_few(target, kept, orders, rounds).await;
    }
}

/// A check that finds a hundred new orders, with many old ones known and with a tenth of them.
async fn many_or_few(target: &Arc<dyn Target>, kept: Kept, many: usize, rounds: usize) {
    let mut took = Vec::new();
    for known in [many, many / 10] {
        let world = World::new(kept, target, known).await;
        world.check().await;
        let mut number = known;
        let mut checks = Vec::new();
        for round in 0..rounds.max(3) {
            world.advance(Span::days(3));
            world.shop.add(number, 100, now() + Span::days(3 * i64::try_from(round + 1).unwrap()));
            number += 100;
            checks.push(world.check().await);
        }
        assert_eq!(world.tasks("ready").await.len(), number, "every order is a task");
        took.push(median(checks));
    }
    println!(
        "   {:<7} 100 new orders with {many} known: {:.1} ms, with {} known: {:.1} ms, ratio {}",
        kept.name(),
        took[0].as_secs_f64() * 1e3,
        many / 10,
        took[1].as_secs_f64() * 1e3,
        ratio(took[0], took[1]),
    );
}
