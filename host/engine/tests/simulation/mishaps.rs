//! What one fault on the wire does not show: documents stored in part, looks that fail or lie, a target that
//! answers for too few, a connection that stops, a clock that is set back.

use std::sync::Arc;

use counterfoil_domain::adjust::{Adjustments, LineAdjustment, LineSet};
use counterfoil_domain::card::DeliveryClass;
use counterfoil_domain::connection::{ConnectionState, PriceChoice};
use counterfoil_domain::id::{ConnectionId, EntityId, LineId, PluginId, RunId, TaskId};
use counterfoil_domain::link::{Link, LinkKey, LinkKind, LinkState, LinkTarget};
use counterfoil_domain::order::{Fee, LineKind, ProductRef};
use counterfoil_domain::ports::{Clock as _, Write};
use counterfoil_domain::run::{RunKind, RunState, Selection};
use counterfoil_domain::task::{IgnoreReason, Ignored, Task, TaskState};
use counterfoil_engine::Engine;
use counterfoil_store::MemoryStore;

use super::ledger::Fault::{self, *};
use super::shop::{CLASS_A, Orders, World, order};

const B: DeliveryClass = DeliveryClass::B;
const C: DeliveryClass = DeliveryClass::C;

fn world(class: DeliveryClass, orders: usize) -> World {
    World::new(Arc::new(MemoryStore::new()), class, orders)
}

async fn planned(world: &World, engine: &Engine) {
    world.set_up().await;
    engine.round().await.unwrap();
    world.ask("plan", RunKind::Plan(Selection::AllReady)).await;
    engine.round().await.unwrap();
}

async fn rounds(world: &World, engine: &Engine, count: usize, seconds: i64) {
    for _ in 0..count {
        engine.round().await.unwrap();
        world.clock.advance(chrono::Duration::seconds(seconds));
    }
}

fn states(tasks: &[Task]) -> Vec<&'static str> {
    tasks.iter().map(|task| task.state.name()).collect()
}

#[tokio::test]
async fn a_plan_stored_in_part_is_completed_and_nothing_of_it_is_billed_twice() {
    let table: &[(DeliveryClass, &[Fault])] = &[
        (CLASS_A, &[Fine, TooMany]),
        (B, &[Fine, TooMany]),
        (C, &[Fine, TooMany]),
        (CLASS_A, &[Fine, NoConnection]),
        (B, &[Fine, NoConnection, NoConnection]),
        (CLASS_A, &[Fine, LostBefore]),
        (B, &[Fine, LostBefore]),
        (B, &[Fine, LostAfter]),
        (CLASS_A, &[Fine, ErrorBefore]),
        (B, &[Fine, ErrorBefore]),
        (B, &[LostAfter, LostAfter]),
        (B, &[LostBefore, TooMany]),
        (B, &[Fine, SignIn]),
    ];
    for (class, faults) in table {
        let world = world(*class, 2).with_refunds();
        world.books.lock().unwrap().faults.extend(*faults);
        world.set_up().await;
        let engine = world.engine();
        world.work(&engine, 40).await;
        world.let_in().await;
        world.work(&engine, 200).await;
        let tasks = world.tasks().await;
        let at = format!("{class:?} {faults:?}: {:?}", tasks[0].state);
        assert_eq!((world.copies(), world.copies_of("refund")), (vec![1; 2], vec![1; 2]), "{at}");
        assert_eq!(states(&tasks), ["synced"; 2], "{at}");
        let receipts = world.store.receipts(&ConnectionId::new("x")).await.unwrap();
        assert!(receipts.iter().all(|row| row.receipt.changes.len() == 2), "{at}");
    }
}

#[tokio::test]
async fn what_is_refused_alone_parks_alone_and_says_what_is_stored() {
    let world = world(B, 3).with_refunds();
    world.books.lock().unwrap().refused.insert("refund:SO2".into());
    world.set_up().await;
    world.work(&world.engine(), 60).await;
    assert_eq!((world.copies(), world.copies_of("refund")), (vec![1; 3], vec![1, 0, 1]));
    for task in world.tasks().await {
        let parked = task.number == "SO2";
        assert_eq!(task.state.name(), if parked { "parked" } else { "synced" }, "{}", task.number);
        if let TaskState::Parked { failure } = &task.state {
            assert!(failure.message.contains("A part of the plan is stored: SO2"), "{}", failure.message);
        }
    }
    let receipts = world.store.receipts(&ConnectionId::new("x")).await.unwrap();
    let documents: Vec<usize> = receipts.iter().map(|row| row.receipt.changes.len()).collect();
    assert_eq!(documents.iter().sum::<usize>(), 5, "what is stored is kept: {documents:?}");
}

/// The charge is stored and the refund was refused. Planned anew, the plan has another digest, and the target can neither be
/// asked nor given a key: what is there is known by the task, whatever its plan is called.
#[tokio::test]
async fn what_is_stored_of_a_parked_plan_is_never_written_again_by_another() {
    for dearer in [false, true] {
        let world = world(C, 3).with_refunds();
        world.books.lock().unwrap().refused.insert("refund:SO2".into());
        world.set_up().await;
        let engine = world.engine();
        world.work(&engine, 60).await;
        world.books.lock().unwrap().refused.clear();
        let parked = world.tasks().await.into_iter().find(|task| task.state.name() == "parked").unwrap();
        let mut connection = world.connection().await;
        connection.settings.insert("note".into(), "other ground".into());
        let mut writes = vec![Write::PutConnection(connection)];
        if dearer {
            let set = LineSet { unit_price: Some(99.into()), ..LineSet::default() };
            let line = LineId::new("1");
            let lines = vec![LineAdjustment { line, fee: Fee::PlanRecurring, product: None, set }];
            let none = Adjustments::none(parked.id.clone(), "ann".into(), world.clock.now());
            writes.push(Write::PutAdjustments(Adjustments { lines, ..none }));
        }
        world.store.commit(writes).await.unwrap();
        for stale in 0..2 {
            world.ask(&format!("again-{stale}"), RunKind::Plan(Selection::Tasks(vec![parked.id.clone()]))).await;
            engine.round().await.unwrap();
        }
        let run = world.store.run(&RunId::new("again-0")).await.unwrap().unwrap();
        assert_eq!(run.problems.iter().any(|problem| problem.code == "part-stored"), dearer, "{:?}", run.problems);
        world.confirm("sync-again").await;
        world.work(&engine, 60).await;
        let refunds = if dearer { vec![1, 0, 1] } else { vec![1; 3] };
        assert_eq!((world.copies(), world.copies_of("refund")), (vec![1; 3], refunds), "{dearer}");
        let now = world.store.task(&parked.id).await.unwrap().unwrap();
        assert_eq!(now.state.name(), if dearer { "parked" } else { "synced" });
    }
}

#[tokio::test]
async fn a_look_without_an_answer_is_no_look() {
    let table: &[(DeliveryClass, &[Fault], u32, u32)] = &[
        (B, &[LostAfter], 1, 1),
        (B, &[LostAfter], 3, 1),
        // Three repeats under the key, then one look that lags.
        (CLASS_A, &[LostAfter, LostAfter, LostAfter, LostAfter], 0, 1),
    ];
    for (class, faults, deaf, blind) in table {
        let world = world(*class, 1);
        {
            let mut books = world.books.lock().unwrap();
            books.faults.extend(*faults);
            (books.deaf, books.blind) = (*deaf, *blind);
        }
        world.set_up().await;
        world.work(&world.engine(), 400).await;
        assert_eq!(world.copies(), [1], "{class:?} {faults:?}, {deaf} without answer, {blind} behind");
        assert_eq!(states(&world.tasks().await), ["synced"]);
    }
}

#[tokio::test]
async fn what_could_not_be_read_back_is_read_back_later() {
    let world = world(B, 2);
    world.books.lock().unwrap().deaf = 2;
    world.set_up().await;
    let engine = world.engine();
    world.work(&engine, 20).await;
    rounds(&world, &engine, 10, 60).await;
    let receipts = world.store.receipts(&ConnectionId::new("x")).await.unwrap();
    assert_eq!(receipts.len(), 2);
    assert!(receipts.iter().all(|row| row.observed.is_some()), "each is held against its plan");
    assert!(world.store.open_batches(&ConnectionId::new("x")).await.unwrap().is_empty());
}

#[tokio::test]
async fn another_amount_than_was_confirmed_leaves_the_run_incomplete() {
    let world = world(B, 2);
    world.books.lock().unwrap().misheard.insert("charge:SO1".into());
    let engine = world.engine();
    planned(&world, &engine).await;
    world.confirm("sync").await;
    engine.round().await.unwrap();
    let run = world.store.run(&"sync".into()).await.unwrap().unwrap();
    assert_eq!(run.state, RunState::Incomplete);
    assert_eq!(run.counted("mismatches"), 1);
    assert!(run.problems[0].message.contains("999.99"), "{:?}", run.problems);
    let audit = world.store.audit(20).await.unwrap();
    assert!(audit.iter().any(|entry| entry.action == "verify.differs"), "it is kept for whoever looks later");
}

#[tokio::test]
async fn a_target_that_answers_for_too_few_leaves_nobody_behind() {
    for short in [1, 2] {
        let world = world(B, 3);
        world.books.lock().unwrap().short = short;
        world.set_up().await;
        world.work(&world.engine(), 200).await;
        assert_eq!(states(&world.tasks().await), ["synced"; 3]);
        assert_eq!(world.copies(), [1; 3]);
    }
}

#[tokio::test]
async fn a_connection_that_cannot_work_holds_up_no_other() {
    let world = world(B, 1);
    world.books.lock().unwrap().faults.push_back(LostAfter);
    let engine = world.engine();
    planned(&world, &engine).await;
    let mine = world.tasks().await.remove(0);
    let mut broken = world.connection().await;
    // Its turn comes first.
    broken.id = ConnectionId::new("a");
    broken.plugin = PluginId::new("gone");
    let stuck = Task {
        id: TaskId::new("stuck"),
        connection: broken.id.clone(),
        state: TaskState::Queued { plan: mine.state.plan().unwrap().clone(), by: "ann".into() },
        version: 1,
        ..mine.clone()
    };
    world.store.commit(vec![Write::PutConnection(broken), Write::InsertTask(stuck)]).await.unwrap();
    world.confirm("sync").await;
    for _ in 0..30 {
        // Whether a round says that something failed does not matter here; that it goes on does.
        let _ = engine.round().await;
        world.clock.advance(chrono::Duration::seconds(20));
    }
    let task = world.store.task(&mine.id).await.unwrap().unwrap();
    assert_eq!(task.state.name(), "synced");
    assert_eq!(world.copies(), [1]);
}

#[tokio::test]
async fn once_somebody_must_sign_in_nothing_more_is_sent_until_then() {
    let world = world(B, 5);
    world.books.lock().unwrap().faults.push_back(SignIn);
    let engine = world.engine();
    planned(&world, &engine).await;
    world.confirm("sync").await;
    rounds(&world, &engine, 6, 60).await;
    assert_eq!(world.connection().await.state, ConnectionState::NeedsSignIn);
    assert_eq!(world.sends().iter().sum::<u32>(), 3, "only the batch that was refused");
    let run = world.store.run(&"sync".into()).await.unwrap().unwrap();
    assert!(run.state.is_over());
    world.let_in().await;
    world.work(&engine, 100).await;
    assert_eq!((states(&world.tasks().await), world.copies()), (vec!["synced"; 5], vec![1; 5]));
}

#[tokio::test]
async fn a_paused_connection_sends_nothing_not_even_a_repeat() {
    let world = world(CLASS_A, 1);
    world.books.lock().unwrap().faults.extend([LostBefore, Fine]);
    let engine = world.engine();
    planned(&world, &engine).await;
    world.confirm("sync").await;
    engine.round().await.unwrap();
    let mut connection = world.connection().await;
    connection.state = ConnectionState::Paused;
    world.store.commit(vec![Write::PutConnection(connection)]).await.unwrap();
    rounds(&world, &engine, 5, 20).await;
    assert_eq!(world.sends(), [1]);
    world.let_in().await;
    world.work(&engine, 100).await;
    assert_eq!((states(&world.tasks().await), world.copies()), (vec!["synced"], vec![1]));
}

#[tokio::test]
async fn a_clock_set_back_does_not_give_a_key_a_longer_life() {
    let world = world(CLASS_A, 1);
    world.books.lock().unwrap().faults.push_back(LostAfter);
    let engine = world.engine();
    planned(&world, &engine).await;
    world.confirm("sync").await;
    engine.round().await.unwrap();
    assert_eq!(states(&world.tasks().await), ["uncertain"]);
    world.clock.advance(chrono::Duration::hours(-2));
    // By the target's clock the key is long forgotten.
    world.books.lock().unwrap().answers.clear();
    world.work(&engine, 1_000).await;
    assert_eq!((states(&world.tasks().await), world.copies()), (vec!["synced"], vec![1]));
}

#[tokio::test]
async fn a_catalogue_that_cannot_be_read_puts_off_and_does_not_fail() {
    let mut sale = order(1);
    sale.lines[0].kind = LineKind::Fee(Fee::PlanSetup);
    sale.lines[0].product = Some(ProductRef { code: "E3".into(), name: "E3".into() });
    let world = World { orders: Arc::new(Orders(vec![sale])), ..world(B, 1) };
    world.set_up().await;
    let mut connection = world.connection().await;
    connection.rules.price_source = PriceChoice::Target;
    let link = Link {
        key: LinkKey { connection: connection.id.clone(), kind: LinkKind::Item, source: "E3".into() },
        source_name: "E3".into(),
        state: LinkState::Linked(LinkTarget {
            id: EntityId::new("item"),
            code: "E3".into(),
            name: "E3".into(),
            attributes: vec![],
        }),
        why: "test".into(),
    };
    world.store.commit(vec![Write::PutConnection(connection), Write::PutLink(link)]).await.unwrap();
    let engine = world.engine();
    engine.round().await.unwrap();
    world.ask("plan", RunKind::Plan(Selection::AllReady)).await;
    engine.round().await.unwrap();
    world.books.lock().unwrap().no_catalogue = 1;
    world.confirm("sync").await;
    engine.round().await.unwrap();
    assert_eq!(states(&world.tasks().await), ["retrying"]);
    let run = world.store.run(&"sync".into()).await.unwrap().unwrap();
    assert_eq!(run.state, RunState::Incomplete, "{:?}", run.problems);
    world.work(&engine, 60).await;
    assert_eq!((states(&world.tasks().await), world.copies()), (vec!["synced"], vec![1]));
}

#[tokio::test]
async fn a_task_ignored_while_it_is_planned_stays_ignored_and_the_others_are_planned() {
    let world = world(B, 2);
    let engine = world.engine();
    planned(&world, &engine).await;
    let tasks = world.tasks().await;
    let first = tasks[1].state.plan().cloned();
    let ignored = Ignored {
        reason: IgnoreReason::ByPerson,
        text: "billed by hand".into(),
        by: "ann".into(),
        at: world.clock.now(),
        until: None,
    };
    let task = Task { state: TaskState::Ignored(ignored), version: tasks[0].version + 1, ..tasks[0].clone() };
    // Another setting makes another plan of each; one is ignored while the plugin is thinking.
    let mut connection = world.connection().await;
    connection.settings.insert("other".into(), "value".into());
    world.store.commit(vec![Write::PutConnection(connection)]).await.unwrap();
    world.books.lock().unwrap().meanwhile = Some((Arc::clone(&world.store), Write::UpdateTask(task)));
    world.ask("again", RunKind::Plan(Selection::AllReady)).await;
    engine.round().await.unwrap();
    let after = world.tasks().await;
    assert_eq!(states(&after), ["ignored", "planned"]);
    assert_ne!(after[1].state.plan().cloned(), first);
    assert!(world.store.run(&"again".into()).await.unwrap().unwrap().state != RunState::Failed);
}
