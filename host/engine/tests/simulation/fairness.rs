//! Connections side by side: one whose target never answers holds up no other.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use counterfoil_domain::card::DeliveryClass;
use counterfoil_domain::connection::Connection;
use counterfoil_domain::id::{ConnectionId, RunId};
use counterfoil_domain::link::LinkKey;
use counterfoil_domain::ports::{Call, Caller, Door, Pending, SendError, Write};
use counterfoil_domain::run::{RunKind, Selection};
use counterfoil_domain::task::Task;
use counterfoil_domain::wire::Response;
use counterfoil_engine::{BeforeRound, Worker};
use counterfoil_store::MemoryStore;
use tokio::sync::{Notify, watch};

use super::ledger::{Books, Ledger};
use super::shop::World;

/// Calls of one connection never come back.
#[derive(Debug)]
struct HalfDead(Arc<Mutex<Books>>);

impl Door for HalfDead {
    fn send(&self, call: Call) -> Pending<'_, Result<Response, SendError>> {
        if call.caller == Caller::Connection(ConnectionId::new("a")) {
            return Box::pin(std::future::pending());
        }
        Box::pin(async move { Ledger(Arc::clone(&self.0)).send(call).await })
    }
}

#[tokio::test]
async fn a_target_that_hangs_holds_up_no_other_connection() {
    let mut world = World::new(Arc::new(MemoryStore::new()), DeliveryClass::B, 9);
    world.set_up().await;
    // Its turn comes first, and it sells the same.
    let a = ConnectionId::new("a");
    let x = world.connection().await;
    let link = world.store.links(&x.id, None).await.unwrap().remove(0);
    let key = LinkKey { connection: a.clone(), ..link.key.clone() };
    let twin = counterfoil_domain::link::Link { key, ..link };
    world
        .store
        .commit(vec![Write::PutConnection(Connection { id: a.clone(), ..x }), Write::PutLink(twin)])
        .await
        .unwrap();
    let engine = world.engine();
    engine.round().await.unwrap();
    for (id, kind) in [("check-a", RunKind::Check), ("plan-a", RunKind::Plan(Selection::AllReady))] {
        ask(&world, id, &a, kind).await;
        if id == "plan-a" {
            world.ask("plan", RunKind::Plan(Selection::AllReady)).await;
        }
        engine.round().await.unwrap();
    }
    // One run for each connection, as the server makes them.
    let tasks = world.tasks().await;
    for (id, connection) in [("sync-a", a), ("sync-x", "x".into())] {
        let mut plans = Vec::new();
        let mut writes = Vec::new();
        for task in tasks.iter().filter(|task| task.connection == connection) {
            let plan = task.state.plan().unwrap().clone();
            let event = counterfoil_domain::task::Event::Confirmed { plan: plan.clone(), by: "ann".into() };
            let state = counterfoil_domain::task::next(task.state.clone(), event).unwrap();
            writes.push(Write::UpdateTask(Task { state, version: task.version + 1, ..task.clone() }));
            plans.push(plan);
        }
        assert_eq!(plans.len(), 9);
        world.store.commit(writes).await.unwrap();
        ask(&world, id, &connection, RunKind::Sync(plans)).await;
    }
    world.door = Some(Arc::new(HalfDead(Arc::clone(&world.books))));
    let (stop, stopped) = watch::channel(false);
    let worker =
        Worker::new(Arc::new(world.engine()), Arc::new(Notify::new()), BeforeRound(Arc::new(|| Box::pin(async {}))));
    let worker = tokio::spawn(worker.run(stopped));
    let mut done = 0;
    for _ in 0..500 {
        let tasks = world.tasks().await;
        done = tasks.iter().filter(|task| task.connection == "x".into() && task.state.name() == "synced").count();
        if done == 9 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let _ = stop.send(true);
    worker.abort();
    assert_eq!(done, 9, "all of the connection whose target answers");
    assert_eq!(world.copies(), [1; 9]);
}

async fn ask(world: &World, id: &str, connection: &ConnectionId, kind: RunKind) {
    world.ask(id, kind).await;
    let mut run = world.store.run(&RunId::new(id)).await.unwrap().unwrap();
    run.connection = connection.clone();
    world.store.commit(vec![Write::UpdateRun(run)]).await.unwrap();
}
