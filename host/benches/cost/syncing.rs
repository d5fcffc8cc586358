//! Plan and sync of many tasks against a target that answers at once.

use std::sync::Arc;
use std::time::Duration;

use counterfoil_domain::ports::Target;

use super::measure::{against, median, rate};
use super::world::{Kept, World};

/// DESIGN §10: plan and apply of one order, beside the network.
const BOUND_EACH: Duration = Duration::from_micros(300);

pub(crate) async fn run(name: &str, target: &Arc<dyn Target>, tasks: usize, rounds: usize) {
    println!("c) plan and sync of {tasks} tasks, instant target: {name} (bound {BOUND_EACH:?} an order for both)");
    for kept in Kept::ALL {
        let (mut plans, mut syncs) = (Vec::new(), Vec::new());
        for round in 0..rounds {
            let world = World::new(kept, target, tasks).await;
            world.check().await;
            let before = world.xero.spent();
            plans.push(world.plan().await);
            if round == 0 {
                println!("   {}: planning, where it waits", kept.name());
                world.tally.print();
            }
            syncs.push(world.sync().await);
            if round == 0 {
                println!("   {}: syncing, where it waits", kept.name());
                world.tally.print();
                let (calls, spent) = world.xero.spent();
                let spent = spent.saturating_sub(before.1);
                println!(
                    "      {} calls at the door; answering them took {:.3} s of it all",
                    calls - before.0,
                    spent.as_secs_f64()
                );
            }
            let synced = world.tasks("synced").await.len();
            assert_eq!(synced, tasks, "every task was synchronized");
            assert!(world.xero.documents() == synced || name == "native", "each has its document");
        }
        let (plan, sync) = (median(plans), median(syncs));
        let each = (plan + sync) / u32::try_from(tasks).unwrap();
        println!("   {:<7} plan  {}", kept.name(), rate(plan, tasks));
        println!("   {:<7} sync  {}", kept.name(), rate(sync, tasks));
        println!(
            "   {:<7} both  {:.3} ms an order, {}",
            kept.name(),
            each.as_secs_f64() * 1e3,
            against(each, BOUND_EACH)
        );
    }
}
