//! Crashes in the whole life of tasks, from the first check on: the n-th commit never returns, before or after it took
//! effect, for n = 1, 2, 3 … until a whole life passes. A new process takes up what the store holds. Then the same with
//! a crash during recovery.

use std::sync::Arc;

use counterfoil_domain::card::DeliveryClass;
use counterfoil_domain::ports::Store;
use counterfoil_store::MemoryStore;

use super::ledger::Fault;
use super::mortal::{self, Death};
use super::shop::{CLASS_A, World};

/// One process: ends at its fatal commit, with everything that it had spawned. True: it died.
fn live(world: &World, inner: &Arc<MemoryStore>, step: i64, after: bool) -> bool {
    let work = |process: World| async move { process.work(&process.engine(), 120).await };
    mortal::live(world, inner, Death { step, after }, false, work).died
}

fn in_the_end(world: &World, what: &str) {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(world.work(&world.engine(), 400));
    let tasks = runtime.block_on(world.tasks());
    let copies = world.copies();
    assert_eq!(tasks.len(), world.orders.0.len(), "{what}: an order was lost");
    if world.class == DeliveryClass::C {
        for (task, (copies, sends)) in tasks.iter().zip(copies.iter().zip(world.sends())) {
            // What was refused for too many calls was surely not carried out.
            let refused = u32::from(what.contains("TooMany"));
            assert!(*copies <= 1 && sends <= 1 + refused, "{what}: {} was sent {sends} times by itself", task.number);
        }
        assert!(tasks.iter().all(|task| ["synced", "uncertain"].contains(&task.state.name())), "{what}");
        return;
    }
    assert!(copies.iter().all(|copies| *copies == 1), "{what}: copies in the books: {copies:?}");
    for task in &tasks {
        assert_eq!(task.state.name(), "synced", "{what}: {} is {:?}", task.number, task.state);
    }
}

fn fresh(class: DeliveryClass, faults: &[Fault]) -> (World, Arc<MemoryStore>) {
    let inner = Arc::new(MemoryStore::new());
    let world = World::new(Arc::clone(&inner) as Arc<dyn Store>, class, 5);
    world.books.lock().unwrap().faults.extend(faults);
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(world.set_up());
    (world, inner)
}

#[test]
fn a_crash_at_every_commit_loses_nothing_and_bills_once() {
    let mut points = 0;
    for class in [CLASS_A, DeliveryClass::B, DeliveryClass::C] {
        for faults in [&[][..], &[Fault::LostAfter], &[Fault::LostBefore], &[Fault::TooMany, Fault::LostAfter]] {
            for after in [false, true] {
                for n in 1.. {
                    let (world, inner) = fresh(class, faults);
                    let died = live(&world, &inner, n, after);
                    if !died {
                        break;
                    }
                    points += 1;
                    in_the_end(
                        &world,
                        &format!("{class:?} {faults:?}, commit {n} {}", if after { "done" } else { "not done" }),
                    );
                }
            }
        }
    }
    println!("{points} crash points");
    assert!(points > 200, "only {points} crash points: the life of a task has more commits than that");
}

#[test]
fn a_crash_during_recovery_loses_nothing_and_bills_once() {
    let mut points = 0;
    for class in [CLASS_A, DeliveryClass::B] {
        for first in (4..24).step_by(2) {
            for second in 1..8 {
                let (world, inner) = fresh(class, &[Fault::LostAfter]);
                live(&world, &inner, first, first % 4 == 0);
                live(&world, &inner, second, second % 2 == 0);
                points += 1;
                in_the_end(&world, &format!("{class:?}, commits {first} then {second}"));
            }
        }
    }
    println!("{points} nested crash points");
}

#[test]
fn a_plugin_that_asks_otherwise_after_a_crash_never_hides_what_is_stored() {
    for class in [CLASS_A, DeliveryClass::B] {
        for n in 1.. {
            let (world, inner) = fresh(class, &[]);
            let died = live(&world, &inner, n, true);
            if !died {
                break;
            }
            world.books.lock().unwrap().garbled = true;
            in_the_end(&world, &format!("{class:?}, garbled after commit {n}"));
        }
    }
}

#[test]
fn a_crash_at_every_commit_of_plans_with_two_documents_bills_each_once() {
    for class in [CLASS_A, DeliveryClass::B] {
        for faults in [&[Fault::Fine, Fault::TooMany][..], &[Fault::Fine, Fault::LostBefore], &[Fault::LostAfter]] {
            for after in [false, true] {
                for n in 1.. {
                    let (world, inner) = fresh(class, faults);
                    let world = world.with_refunds();
                    let died = live(&world, &inner, n, after);
                    if !died {
                        break;
                    }
                    let what = format!("{class:?} {faults:?}, two documents, commit {n}, {after}");
                    in_the_end(&world, &what);
                    assert_eq!(world.copies_of("refund"), [1; 5], "{what}");
                }
            }
        }
    }
}
