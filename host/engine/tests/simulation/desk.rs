//! The uncertain desk and the engine together: what a person decides about a lost answer is what happens, and
//! nothing is billed twice.

use std::collections::BTreeMap;
use std::sync::Arc;

use counterfoil_domain::card::DeliveryClass;
use counterfoil_domain::id::Actor;
use counterfoil_domain::plan::SealedPlan;
use counterfoil_domain::ports::{PageRequest, Target as _, TaskFilter, Write};
use counterfoil_domain::resolve::{Case, Decider, Decision, Found, Refusal, Resolution, resolve, written};
use counterfoil_domain::task::{Task, TaskState};
use counterfoil_engine::Engine;
use counterfoil_store::MemoryStore;

use super::ledger::{Fault, LedgerTarget};
use super::shop::World;

struct Desk {
    world: World,
    engine: Engine,
}

impl Desk {
    /// One order whose answer was lost, looked at until the engine leaves it to a person.
    async fn after(class: DeliveryClass, fault: Fault) -> Self {
        Self::of(World::new(Arc::new(MemoryStore::new()), class, 1), &[fault]).await
    }

    async fn of(world: World, faults: &[Fault]) -> Self {
        world.books.lock().unwrap().faults.extend(faults);
        world.set_up().await;
        let engine = world.engine();
        let desk = Self { world, engine };
        for _ in 0..20 {
            desk.world.work(&desk.engine, 1).await;
            if desk.task().await.is_some_and(|task| task.state.name() == "uncertain") {
                return desk;
            }
        }
        panic!("nothing became uncertain: {:?}", desk.task().await);
    }

    async fn task(&self) -> Option<Task> {
        let page = PageRequest { after: None, limit: 10 };
        self.world.store.tasks(TaskFilter::default(), page).await.unwrap().pop()
    }

    async fn plan(&self) -> SealedPlan {
        let task = self.task().await.unwrap();
        self.world.store.plan(task.state.plan().unwrap()).await.unwrap().unwrap()
    }

    /// As the server does it: the task, its receipt and the batch in one commit.
    async fn decide(&self, decision: &Decision) -> Result<(), Refusal> {
        let (task, sealed) = (self.task().await.unwrap(), self.plan().await);
        let TaskState::Uncertain { batch, .. } = &task.state else { panic!("{:?}", task.state) };
        let store = &self.world.store;
        let stored = store.receipt(&sealed.digest).await.unwrap();
        let effects = store.effects(batch).await.unwrap();
        let looks = store.batch(batch).await.unwrap().unwrap().trail.looks;
        let target = LedgerTarget::new(self.world.class, Arc::clone(&self.world.books));
        let case = Case {
            task: &task,
            sealed: &sealed,
            effects: &effects,
            batch_goes_on: false,
            card: Some(target.card()),
            looks: &looks,
            stored: stored.as_ref(),
            times_sent: store.times_sent(&sealed.digest).await.unwrap(),
            looked_at: Some(batch),
        };
        let by = Decider {
            who: &Actor::new("ann"),
            at: counterfoil_domain::ports::Clock::now(&*self.world.clock),
            reason: "looked",
        };
        let Resolution::Moves { task, batch, receipt } = resolve(&case, decision, by)? else { return Ok(()) };
        let mut writes = vec![Write::UpdateTask(*task)];
        writes.extend(receipt.map(|receipt| Write::PutReceipt(*receipt)));
        if *decision != Decision::Leave {
            let mut batch = store.batch(&batch).await.unwrap().unwrap();
            batch.probe_at = None;
            writes.push(Write::PutBatch(batch));
        }
        store.commit(writes).await.unwrap();
        Ok(())
    }

    async fn adoption(&self, reference: &str) -> Decision {
        let found = || Found { reference: reference.into(), number: String::new() };
        Decision::Adopt(written(&self.plan().await).map(|change| (change.key.clone(), found())).collect())
    }

    async fn ends(&self, state: &str, copies: usize, sends: u32) {
        self.world.work(&self.engine, 200).await;
        // What was adopted is read back after it is synchronized.
        for _ in 0..3 {
            self.engine.round().await.unwrap();
        }
        let task = self.task().await.unwrap();
        assert_eq!(task.state.name(), state, "{:?}", task.state);
        assert_eq!((self.world.copies(), self.world.sends()), (vec![copies], vec![sends]), "{:?}", task.state);
    }

    async fn open_batches(&self) -> usize {
        self.world.store.open_batches(&"x".into()).await.unwrap().len()
    }
}

#[tokio::test]
async fn what_was_carried_out_is_adopted_and_never_sent_again() {
    let desk = Desk::after(DeliveryClass::C, Fault::LostAfter).await;
    desk.decide(&desk.adoption("charge:SO1").await).await.unwrap();
    desk.ends("synced", 1, 1).await;
    assert_eq!(desk.open_batches().await, 0);
}

#[tokio::test]
async fn what_never_arrived_is_sent_again_and_billed_once() {
    let desk = Desk::after(DeliveryClass::C, Fault::LostBefore).await;
    // Too early: a slow target may still carry it out.
    assert!(matches!(desk.decide(&Decision::Resend(BTreeMap::new())).await, Err(Refusal::MayStillAppear(_))));
    desk.ends("uncertain", 0, 1).await;
    desk.decide(&Decision::Resend(BTreeMap::new())).await.unwrap();
    desk.ends("synced", 1, 2).await;
    assert_eq!(desk.open_batches().await, 0);
}

#[tokio::test]
async fn a_second_loss_is_a_second_decision() {
    let desk = Desk::after(DeliveryClass::C, Fault::LostBefore).await;
    desk.world.books.lock().unwrap().faults.push_back(Fault::LostAfter);
    desk.ends("uncertain", 0, 1).await;
    desk.decide(&Decision::Resend(BTreeMap::new())).await.unwrap();
    desk.ends("uncertain", 1, 2).await;
    desk.decide(&desk.adoption("charge:SO1").await).await.unwrap();
    desk.ends("synced", 1, 2).await;
}

#[tokio::test]
async fn what_was_left_keeps_its_words_and_is_not_sent_again_by_itself() {
    // The target of class B can be asked, and says that it is not there: by itself the engine would send it again.
    for (class, fault) in [(DeliveryClass::B, Fault::LostBefore), (DeliveryClass::C, Fault::LostBefore)] {
        let desk = Desk::after(class, fault).await;
        desk.decide(&Decision::Leave).await.unwrap();
        desk.ends("uncertain", 0, 1).await;
        let TaskState::Uncertain { why, .. } = desk.task().await.unwrap().state else { panic!("it was left") };
        assert_eq!(why, "left by ann: looked", "{class:?}");
        desk.decide(&Decision::Resend(BTreeMap::new())).await.unwrap();
        desk.ends("synced", 1, 2).await;
    }
    // What is there is adopted, whoever left it.
    let desk = Desk::after(DeliveryClass::B, Fault::LostAfter).await;
    desk.decide(&Decision::Leave).await.unwrap();
    desk.ends("synced", 1, 1).await;
}

#[tokio::test]
async fn while_the_key_is_good_the_engine_finds_out_by_itself() {
    let class = super::shop::CLASS_A;
    let desk = Desk::after(class, Fault::LostAfter).await;
    for decision in [Decision::Resend(BTreeMap::new()), Decision::Leave] {
        assert!(matches!(desk.decide(&decision).await, Err(Refusal::StillAsking(_))));
    }
    desk.ends("synced", 1, 2).await;
}

#[tokio::test]
async fn of_two_documents_only_the_one_that_is_not_there_is_sent_again() {
    let world = World::new(Arc::new(MemoryStore::new()), DeliveryClass::C, 1).with_refunds();
    let desk = Desk::of(world, &[Fault::Fine, Fault::LostBefore]).await;
    desk.ends("uncertain", 1, 1).await;
    // The charge was answered: sent again with the rest it would stand there twice.
    assert_eq!(desk.decide(&Decision::Resend(BTreeMap::new())).await, Err(Refusal::PartMayBeStored));
    let found = Found { reference: "charge:SO1".into(), number: String::new() };
    desk.decide(&Decision::Resend(BTreeMap::from([("charge:SO1".into(), found)]))).await.unwrap();
    desk.ends("synced", 1, 1).await;
    assert_eq!(desk.world.copies_of("refund"), [1]);
    assert_eq!(desk.open_batches().await, 0);
    let receipt = desk.world.store.receipt(&desk.plan().await.digest).await.unwrap().unwrap().receipt;
    let documents: Vec<&str> = receipt.changes.iter().map(|change| change.reference.as_str()).collect();
    assert_eq!(documents, ["charge:SO1", "refund:SO1"]);
    assert!(receipt.attributes.iter().all(|(name, _)| name != "part"), "all of it is there");
}

#[tokio::test]
async fn each_look_is_kept_with_what_it_found() {
    let desk = Desk::after(DeliveryClass::B, Fault::LostAfter).await;
    {
        let mut books = desk.world.books.lock().unwrap();
        (books.deaf, books.blind) = (1, 1);
    }
    desk.ends("synced", 1, 1).await;
    let sealed = desk.plan().await;
    let batch = desk.world.store.receipt(&sealed.digest).await.unwrap().unwrap().batch;
    let trail = desk.world.store.batch(&batch).await.unwrap().unwrap().trail;
    let looks: Vec<&str> = trail.looks_for(&sealed.digest).map(|look| look.sighting.name()).collect();
    assert_eq!(looks, ["no-answer", "absent", "found"]);
    let times: Vec<_> = trail.looks.windows(2).map(|pair| pair[1].at - pair[0].at).collect();
    assert!(times.iter().all(|gap| gap.num_seconds() >= 60), "two looks closer together are one: {times:?}");
}
