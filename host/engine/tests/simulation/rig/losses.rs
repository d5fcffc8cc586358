//! Lost answers without crashes: every one is found out without a person, in time, and nothing is billed twice.

use super::dice::Dice;
use super::ledger::Fault;
use super::storm::{Kind, Scenario, drive, settled};
use super::tally::Tally;

const ORDERS: usize = 12;

/// One seed: a target that is well but for the answers it loses.
pub(crate) fn seed(seed: u64) -> Tally {
    let mut dice = Dice::new(seed ^ 0xA5A5);
    let kind = dice.pick(&[Kind::A, Kind::B, Kind::KeyIgnored]);
    let batch = dice.pick(&[1, 2, 50]);
    let percent = dice.pick(&[30, 100]);
    let (late, lag) = dice.pick(&[(0, 0), (0, 0), (600, 0), (0, 300), (600, 300)]);
    let mut faults = Vec::new();
    // The first try of each batch; afterwards the target is well.
    for _ in 0..ORDERS.div_ceil(batch.min(ORDERS)) {
        let fault =
            dice.pick(&[Fault::LostBefore, Fault::LostAfter, Fault::ErrorBefore, Fault::ErrorAfter, Fault::Late(0)]);
        let fault =
            if fault == Fault::Late(0) { Fault::Late(u32::try_from(dice.below(late + 1)).unwrap()) } else { fault };
        faults.push(if dice.chance(percent) { fault } else { Fault::Fine });
        // Lost in a row is an outage, and an outage has its own pace.
        if percent < 100 {
            faults.push(Fault::Fine);
        }
    }
    let settle = if late + lag > 0 { late + lag + 60 } else { 60 };
    let scenario = Scenario {
        kind,
        orders: ORDERS,
        refunds: false,
        batch,
        singly: dice.chance(50) && batch > 1,
        faults,
        lag: i64::try_from(lag).unwrap(),
        settle,
        refused: std::collections::BTreeSet::new(),
        dice,
    };
    let (world, _store) = scenario.world();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(drive(&world, &world.engine(), kind, 600));
    drop(runtime);
    let mut tally = Tally { seeds: 1, ..settled(&scenario, &world, 0) };
    assert_eq!(tally.left_to_person + tally.parked, 0, "somebody was asked: {scenario:?}");
    // Targets that show at once what they stored: known within minutes.
    if settle == 60 && percent < 100 {
        tally.slowest = slowest(&world);
        assert!(tally.slowest <= 420, "it took {} s to find out: {scenario:?}", tally.slowest);
    }
    tally
}

/// From a document's first send until its task was synchronized.
fn slowest(world: &super::shop::World) -> i64 {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let tasks = runtime.block_on(world.tasks());
    let books = world.books.lock().unwrap();
    let took = tasks.iter().filter_map(|task| {
        let first = books.first_sent.get(&format!("charge:{}", task.number))?;
        Some((task.updated_at - *first).num_seconds())
    });
    took.max().unwrap_or_default()
}
