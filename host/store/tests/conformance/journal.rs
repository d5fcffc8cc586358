//! Batches, effects, receipts, exchanges and runs.

use counterfoil_domain::id::{BatchId, RunId};
use counterfoil_domain::journal::{BatchState, EffectState};
use counterfoil_domain::ports::{CommitError, Store, StoreError, StoredReceipt, Write};
use counterfoil_domain::run::{RunKind, RunState};

use crate::samples;

async fn batches_are_open_until_closed<S: Store>(store: &S) {
    let (one, two) = (samples::batch(1, BatchState::Open), samples::batch(2, BatchState::Open));
    let mut elsewhere = samples::batch(3, BatchState::Open);
    elsewhere.connection = samples::connection_id(2);
    let writes = [&one, &two, &elsewhere].map(|batch| Write::PutBatch(batch.clone()));
    store.commit(writes.to_vec()).await.unwrap();
    assert_eq!(store.batch(&one.id).await.unwrap(), Some(one.clone()));
    assert_eq!(store.batch(&BatchId::from("none")).await.unwrap(), None);
    // Oldest first: the second was opened before the first.
    assert_eq!(store.open_batches(&one.connection).await.unwrap(), vec![two.clone(), one.clone()]);

    // Plan 2 is in batches 1 and 2, and stays counted when one is closed or written again.
    let shared = samples::plan(2).digest;
    assert_eq!(store.times_sent(&shared).await.unwrap(), 2);
    let closed = samples::batch(1, BatchState::Closed);
    store.commit(vec![Write::PutBatch(closed.clone()), Write::PutBatch(closed.clone())]).await.unwrap();
    assert_eq!(store.times_sent(&shared).await.unwrap(), 2);
    assert_eq!(store.times_sent(&samples::plan(77).digest).await.unwrap(), 0);
    assert_eq!(store.open_batches(&one.connection).await.unwrap(), vec![two]);
    assert_eq!(store.batch(&one.id).await.unwrap(), Some(closed));
}

async fn effects_keep_their_order_and_their_bytes<S: Store>(store: &S) {
    let batch = BatchId::from("batch_1");
    let effects = [
        samples::effect(9, EffectState::Intent),
        samples::effect(1, samples::answered()),
        samples::effect(5, EffectState::NotSent { why: "refused".to_owned() }),
    ];
    store.commit(effects.iter().cloned().map(Write::InsertEffect).collect()).await.unwrap();
    assert_eq!(store.effects(&batch).await.unwrap(), effects.to_vec());

    let known = store.commit(vec![Write::InsertEffect(samples::effect(1, EffectState::Intent))]).await;
    assert_eq!(known, Err(CommitError::KnownEffect("effect-1".to_owned())));
    let mut other_batch = samples::effect(1, EffectState::Intent);
    other_batch.batch = BatchId::from("batch_2");
    store.commit(vec![Write::InsertEffect(other_batch.clone())]).await.unwrap();

    let mut later = samples::effect(9, samples::answered());
    later.attempt = 2;
    store.commit(vec![Write::UpdateEffect(later.clone())]).await.unwrap();
    let [_, second, third] = effects;
    assert_eq!(store.effects(&batch).await.unwrap(), vec![later, second, third]);
    assert_eq!(store.effects(&other_batch.batch).await.unwrap(), vec![other_batch]);

    let never = store.commit(vec![Write::UpdateEffect(samples::effect(77, EffectState::Intent))]).await;
    assert!(matches!(never, Err(CommitError::Store(StoreError::Unavailable(_)))), "{never:?}");
}

async fn receipts_belong_to_the_connection_of_their_batch<S: Store>(store: &S) {
    let mut elsewhere = samples::batch(3, BatchState::Open);
    elsewhere.connection = samples::connection_id(2);
    let writes = vec![
        Write::PutBatch(samples::batch(1, BatchState::Open)),
        Write::PutBatch(samples::batch(2, BatchState::Closed)),
        Write::PutBatch(elsewhere),
        Write::PutReceipt(samples::receipt(1)),
        Write::PutReceipt(samples::receipt(2)),
        Write::PutReceipt(samples::receipt(3)),
    ];
    store.commit(writes).await.unwrap();
    let ours = store.receipts(&samples::connection_id(1)).await.unwrap();
    assert_eq!(ours, vec![samples::receipt(2), samples::receipt(1)]);
    assert_eq!(store.receipts(&samples::connection_id(2)).await.unwrap(), vec![samples::receipt(3)]);
    assert_eq!(store.receipt(&samples::plan(9).digest).await.unwrap(), None);

    let mut unseen = samples::receipt(1);
    unseen.observed = None;
    store.commit(vec![Write::PutReceipt(unseen.clone())]).await.unwrap();
    assert_eq!(store.receipt(&samples::plan(1).digest).await.unwrap(), Some(unseen));
}

/// Whatever plan of a task it was that stored something: the task knows it.
async fn receipts_are_known_by_their_task<S: Store>(store: &S) {
    let task = samples::plan(1).plan.task;
    let mut second = samples::plan(2);
    second.plan.task = task.clone();
    let later = StoredReceipt { stored_at: samples::at(9_000), ..samples::receipt(2) };
    let writes = vec![
        Write::PutPlan(samples::plan(1)),
        Write::PutPlan(second),
        Write::PutPlan(samples::plan(3)),
        Write::PutReceipt(later.clone()),
        Write::PutReceipt(samples::receipt(1)),
        Write::PutReceipt(samples::receipt(3)),
    ];
    store.commit(writes).await.unwrap();
    assert_eq!(store.receipts_of(&task).await.unwrap(), vec![samples::receipt(1), later], "oldest first");
    assert_eq!(store.receipts_of(&samples::plan(3).plan.task).await.unwrap(), vec![samples::receipt(3)]);
    assert_eq!(store.receipts_of(&samples::plan(4).plan.task).await.unwrap(), vec![]);
}

async fn exchanges_are_listed_and_those_on_the_wire_counted<S: Store>(store: &S) {
    let outcomes = ["answered", "refused", "uncertain", "not-sent", "answered"];
    let records: Vec<_> = (0..5).map(|n: u64| samples::exchange(n, outcomes[usize::try_from(n).unwrap()])).collect();
    store.commit(records.iter().cloned().map(Write::Exchange).collect()).await.unwrap();
    let newest: Vec<_> = records.iter().rev().cloned().collect();
    assert_eq!(store.exchanges(None, 3).await.unwrap(), newest[..3].to_vec());
    let odd = store.exchanges(Some("connection/xero-1".to_owned()), 9).await.unwrap();
    assert_eq!(odd, vec![records[3].clone(), records[1].clone()]);
    assert_eq!(store.exchange_counts().await.unwrap(), vec![("connection/xero-0".to_owned(), 3)]);
}

fn is_check(kind: &RunKind) -> bool {
    matches!(kind, RunKind::Check | RunKind::Backfill(_))
}

async fn only_one_check_of_a_connection_at_a_time<S: Store>(store: &S) {
    let check = |n, state| samples::run(n, RunKind::Check, state);
    store.commit(vec![Write::InsertRun(check(1, RunState::Queued))]).await.unwrap();
    let second = store.commit(vec![Write::InsertRun(check(2, RunState::Queued))]).await;
    assert_eq!(second, Err(CommitError::AlreadyRunning(RunId::from("run_1"))));
    store.commit(vec![Write::UpdateRun(check(1, RunState::Running))]).await.unwrap();
    let second = store.commit(vec![Write::InsertRun(check(2, RunState::Queued))]).await;
    assert_eq!(second, Err(CommitError::AlreadyRunning(RunId::from("run_1"))));

    // A backfill reads the same marketplace: it waits for the check, and the check for it.
    let backfill = |n, state| samples::run(n, samples::run_kinds()[1].clone(), state);
    let second = store.commit(vec![Write::InsertRun(backfill(2, RunState::Queued))]).await;
    assert_eq!(second, Err(CommitError::AlreadyRunning(RunId::from("run_1"))));

    // Another connection, or another kind of run, is none of its business.
    let mut elsewhere = check(3, RunState::Queued);
    elsewhere.connection = samples::connection_id(2);
    let others: Vec<_> = samples::run_kinds().into_iter().filter(|kind| !is_check(kind)).collect();
    let mut writes = vec![Write::InsertRun(elsewhere)];
    writes.extend((10..).zip(others).map(|(n, kind)| Write::InsertRun(samples::run(n, kind, RunState::Queued))));
    store.commit(writes).await.unwrap();

    store.commit(vec![Write::UpdateRun(check(1, RunState::Done))]).await.unwrap();
    store.commit(vec![Write::InsertRun(backfill(4, RunState::Running))]).await.unwrap();
    for next in [check(5, RunState::Queued), backfill(6, RunState::Queued)] {
        let second = store.commit(vec![Write::InsertRun(next)]).await;
        assert_eq!(second, Err(CommitError::AlreadyRunning(RunId::from("run_4"))));
    }
    store.commit(vec![Write::UpdateRun(backfill(4, RunState::Done))]).await.unwrap();

    for over in [RunState::Done, RunState::Incomplete, RunState::Failed] {
        store.commit(vec![Write::UpdateRun(check(1, over))]).await.unwrap();
        let next = check(20 + over as u64, RunState::Queued);
        store.commit(vec![Write::InsertRun(next.clone())]).await.unwrap();
        let ended = check(20 + over as u64, RunState::Done);
        store.commit(vec![Write::UpdateRun(ended)]).await.unwrap();
    }
    let again = store.commit(vec![Write::InsertRun(check(1, RunState::Queued))]).await;
    assert!(matches!(again, Err(CommitError::Store(StoreError::Unavailable(_)))), "{again:?}");
    let never = store.commit(vec![Write::UpdateRun(check(99, RunState::Done))]).await;
    assert!(matches!(never, Err(CommitError::Store(StoreError::Unavailable(_)))), "{never:?}");
}

async fn runs_are_listed_by_time<S: Store>(store: &S) {
    let runs: Vec<_> = samples::run_kinds()
        .into_iter()
        .zip([
            (2, RunState::Running),
            (5, RunState::Done),
            (1, RunState::Queued),
            (4, RunState::Done),
            (3, RunState::Queued),
        ])
        .map(|(kind, (n, state))| samples::run(n, kind, state))
        .collect();
    store.commit(runs.iter().cloned().map(Write::InsertRun).collect()).await.unwrap();
    let ids = |runs: Vec<counterfoil_domain::run::Run>| runs.iter().map(|run| run.id.to_string()).collect::<Vec<_>>();
    assert_eq!(ids(store.runs(None, 3).await.unwrap()), ["run_5", "run_4", "run_3"]);
    assert_eq!(ids(store.runs(Some(samples::reseller(1).id), 9).await.unwrap()), ["run_5", "run_3", "run_1"]);
    assert_eq!(ids(store.unfinished_runs().await.unwrap()), ["run_1", "run_2", "run_3"]);
    for run in runs {
        assert_eq!(store.run(&run.id).await.unwrap(), Some(run));
    }
    assert_eq!(store.run(&RunId::from("none")).await.unwrap(), None);
}

crate::both_stores!(
    batches_are_open_until_closed,
    effects_keep_their_order_and_their_bytes,
    receipts_belong_to_the_connection_of_their_batch,
    receipts_are_known_by_their_task,
    exchanges_are_listed_and_those_on_the_wire_counted,
    only_one_check_of_a_connection_at_a_time,
    runs_are_listed_by_time,
);
