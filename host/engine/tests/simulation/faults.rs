//! One table: what goes wrong on the wire, how the target can be asked about it, and what must be true after.

use std::sync::Arc;

use counterfoil_domain::card::DeliveryClass;
use counterfoil_store::MemoryStore;

use super::ledger::Fault::{self, *};
use super::shop::{CLASS_A, World};

struct Row {
    faults: &'static [Fault],
    class: DeliveryClass,
    /// Copies of the document afterwards, and the state of its task.
    copies: usize,
    state: &'static str,
}

const B: DeliveryClass = DeliveryClass::B;
const C: DeliveryClass = DeliveryClass::C;

const fn row(faults: &'static [Fault], class: DeliveryClass, copies: usize, state: &'static str) -> Row {
    Row { faults, class, copies, state }
}

const TABLE: &[Row] = &[
    row(&[], CLASS_A, 1, "synced"),
    row(&[LostAfter], CLASS_A, 1, "synced"),
    row(&[LostAfter], B, 1, "synced"),
    // Carried out, answer lost, and nobody can look: a person decides, nothing is sent again.
    row(&[LostAfter], C, 1, "uncertain"),
    row(&[LostBefore], CLASS_A, 1, "synced"),
    row(&[LostBefore], B, 1, "synced"),
    row(&[LostBefore], C, 0, "uncertain"),
    row(&[LostBefore, LostAfter], CLASS_A, 1, "synced"),
    row(&[LostBefore, LostAfter], B, 1, "synced"),
    row(&[LostAfter, LostAfter, LostAfter, LostAfter], CLASS_A, 1, "synced"),
    // Surely not sent: sent again, whatever the class.
    row(&[NoConnection], CLASS_A, 1, "synced"),
    row(&[NoConnection, NoConnection], C, 1, "synced"),
    row(&[TooMany], CLASS_A, 1, "synced"),
    row(&[TooMany, TooMany, TooMany, TooMany, TooMany, TooMany], B, 1, "synced"),
    row(&[ErrorAfter], CLASS_A, 1, "synced"),
    row(&[ErrorAfter], B, 1, "synced"),
    row(&[ErrorAfter], C, 1, "uncertain"),
    // The error is kept under the key: only another key can get through.
    row(&[ErrorBefore], CLASS_A, 1, "synced"),
    row(&[ErrorBefore], B, 1, "synced"),
    row(&[NoConnection, LostAfter, TooMany], CLASS_A, 1, "synced"),
    // A repeat that was refused says nothing about the first try.
    row(&[LostAfter, TooMany], CLASS_A, 1, "synced"),
    row(&[LostAfter, NoConnection], CLASS_A, 1, "synced"),
    row(&[LostAfter, Busy(90)], CLASS_A, 1, "synced"),
    row(&[LostBefore, Busy(90)], CLASS_A, 1, "synced"),
    row(&[Late(45)], CLASS_A, 1, "synced"),
    row(&[Late(45)], B, 1, "synced"),
    row(&[Late(45)], C, 1, "uncertain"),
    row(&[Busy(90), Busy(90)], C, 1, "synced"),
];

#[tokio::test]
async fn what_goes_wrong_on_the_wire_bills_once_or_asks_a_person() {
    for (index, row) in TABLE.iter().enumerate() {
        let world = World::new(Arc::new(MemoryStore::new()), row.class, 1);
        world.books.lock().unwrap().faults.extend(row.faults);
        world.set_up().await;
        world.work(&world.engine(), 200).await;
        let tasks = world.tasks().await;
        let at = format!("row {index}: {:?} {:?}: {:?}", row.faults, row.class, tasks[0].state);
        assert_eq!(world.copies(), [row.copies], "{at}");
        assert_eq!(tasks[0].state.name(), row.state, "{at}");
        if row.class == C {
            let surely_unsent = row.faults.iter().filter(|f| !f.may_have_arrived()).count() as u32;
            assert!(world.sends()[0] <= 1 + surely_unsent, "{at}");
        }
    }
}

#[tokio::test]
async fn a_second_check_plan_and_sync_change_nothing() {
    use counterfoil_domain::run::{RunKind, Selection};
    let world = World::new(Arc::new(MemoryStore::new()), B, 7);
    world.set_up().await;
    let engine = world.engine();
    world.work(&engine, 50).await;
    let (before, sends) = (world.tasks().await, world.sends());
    world.ask("check-2", RunKind::Check).await;
    engine.round().await.unwrap();
    world.ask("plan-2", RunKind::Plan(Selection::AllReady)).await;
    engine.round().await.unwrap();
    world.confirm("sync-2").await;
    engine.round().await.unwrap();
    assert_eq!(world.tasks().await, before);
    assert_eq!(world.sends(), sends);
    assert_eq!(world.copies(), [1; 7]);
}

#[tokio::test]
async fn a_plan_whose_link_was_changed_is_refused_with_what_moved() {
    use counterfoil_domain::id::ConnectionId;
    use counterfoil_domain::link::{LinkKind, LinkState};
    use counterfoil_domain::ports::Write;
    use counterfoil_domain::run::{RunKind, Selection};
    let world = World::new(Arc::new(MemoryStore::new()), B, 1);
    world.set_up().await;
    let engine = world.engine();
    engine.round().await.unwrap();
    world.ask("plan", RunKind::Plan(Selection::AllReady)).await;
    engine.round().await.unwrap();
    let mut link = world.store.links(&ConnectionId::new("x"), Some(LinkKind::Party)).await.unwrap().remove(0);
    let LinkState::Linked(target) = &mut link.state else { unreachable!() };
    target.id = "another".into();
    world.store.commit(vec![Write::PutLink(link)]).await.unwrap();
    world.confirm("sync").await;
    engine.round().await.unwrap();
    assert_eq!(world.sends(), [0], "nothing was sent");
    assert_eq!(world.tasks().await[0].state.name(), "ready", "it is planned anew");
    let run = world.store.run(&"sync".into()).await.unwrap().unwrap();
    assert_eq!(run.problems[0].code, "plan-stale");
    assert!(run.problems[0].message.contains("a link was changed"), "{}", run.problems[0].message);
}
