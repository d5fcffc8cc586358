//! A task that is adjusted between its plan and its sending: what was confirmed is not what would be billed, so nothing
//! goes out, and what goes out later is what was adjusted.

use std::sync::Arc;

use counterfoil_domain::adjust::{Adjustments, LineAdjustment, LineSet};
use counterfoil_domain::card::DeliveryClass;
use counterfoil_domain::id::RunId;
use counterfoil_domain::order::LineKind;
use counterfoil_domain::ports::Write;
use counterfoil_domain::run::{RunKind, Selection};
use counterfoil_store::MemoryStore;
use rust_decimal::Decimal;

use super::shop::{World, now};

#[tokio::test]
async fn what_was_confirmed_before_an_adjustment_is_refused_and_not_sent() {
    let world = World::new(Arc::new(MemoryStore::new()), DeliveryClass::B, 1);
    world.set_up().await;
    let engine = world.engine();
    engine.round().await.unwrap();
    world.ask("plan", RunKind::Plan(Selection::AllReady)).await;
    engine.round().await.unwrap();
    world.confirm("sync").await;

    let task = world.tasks().await.remove(0);
    assert_eq!(task.state.name(), "queued");
    let line = world.orders.0[0].lines[0].clone();
    let LineKind::Fee(fee) = line.kind else { unreachable!("the shop sells seats") };
    let set = LineSet { unit_price: Some(Decimal::new(125, 2)), quantity: Some(Decimal::TWO), ..LineSet::default() };
    let adjusted = LineAdjustment { line: line.id, fee, product: line.product.map(|product| product.code), set };
    let adjustments = Adjustments { lines: vec![adjusted], ..Adjustments::none(task.id.clone(), "ann".into(), now()) };
    world.store.commit(vec![Write::PutAdjustments(adjustments)]).await.unwrap();

    engine.round().await.unwrap();
    let after = world.tasks().await.remove(0);
    assert_eq!((after.state.name(), world.sends()), ("ready", vec![0]), "{:?}", after.state);
    let run = world.store.run(&RunId::new("sync")).await.unwrap().unwrap();
    let told = format!("{:?}", run.problems);
    assert!(told.contains("somebody adjusted the task"), "{told}");

    world.work(&engine, 40).await;
    let after = world.tasks().await.remove(0);
    assert_eq!((after.state.name(), world.copies()), ("synced", vec![1]));
    let plan = world.store.plan(after.state.plan().unwrap()).await.unwrap().unwrap();
    assert_eq!(plan.plan.changes[0].total.amount, Decimal::new(250, 2), "{plan:?}");
}
