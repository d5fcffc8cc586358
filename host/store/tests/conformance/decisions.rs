//! What people decided and what was confirmed: rules, adjustments, switches, claims, days of coming back.

use std::collections::{BTreeMap, BTreeSet};

use counterfoil_domain::claim::Claim;
use counterfoil_domain::id::{PlanDigest, SubscriptionId, TaskId};
use counterfoil_domain::ports::{PageRequest, Store, TaskFilter, Write};
use counterfoil_domain::rule::IgnoreRule;
use counterfoil_domain::task::{IgnoreReason, Ignored, Task, TaskState, Until};

use crate::samples;

async fn rules_are_told_oldest_first_until_removed<S: Store>(store: &S) {
    let here = samples::connection_id(1);
    // Samples with a larger number are older; two at the same time stand by id.
    let same_time = IgnoreRule { at: samples::rule(3).at, ..samples::rule(1) };
    let elsewhere = IgnoreRule { connection: samples::connection_id(2), ..samples::rule(4) };
    let all = [same_time.clone(), samples::rule(2), samples::rule(3), elsewhere.clone()];
    store.commit(all.into_iter().map(Write::PutRule).collect()).await.unwrap();
    let expected = vec![same_time.clone(), samples::rule(3), samples::rule(2)];
    assert_eq!(store.rules(&here).await.unwrap(), expected);
    assert_eq!(store.rules(&elsewhere.connection).await.unwrap(), vec![elsewhere.clone()]);
    assert_eq!(store.rules(&samples::connection_id(7)).await.unwrap(), vec![]);

    let moved = IgnoreRule { text: "other words".to_owned(), at: samples::at(900), ..same_time };
    let writes =
        vec![Write::PutRule(moved.clone()), Write::RemoveRule(samples::rule(3).id), Write::RemoveRule("none".into())];
    store.commit(writes).await.unwrap();
    assert_eq!(store.rules(&here).await.unwrap(), vec![samples::rule(2), moved]);
    assert_eq!(store.rules(&elsewhere.connection).await.unwrap(), vec![elsewhere]);
}

async fn adjustments_are_of_their_task_and_replaced_whole<S: Store>(store: &S) {
    let ids = |numbers: &[u64]| numbers.iter().map(|n| samples::adjustments(*n).task).collect::<Vec<TaskId>>();
    assert_eq!(store.adjustments(ids(&[1])).await.unwrap(), vec![]);
    store.commit((0..5).map(|n| Write::PutAdjustments(samples::adjustments(n))).collect()).await.unwrap();
    let found = store.adjustments(ids(&[4, 77, 0, 2])).await.unwrap();
    assert_eq!(found, [4, 0, 2].map(samples::adjustments).to_vec());
    assert_eq!(store.adjustments(vec![]).await.unwrap(), vec![]);
    let mut emptied = samples::adjustments(2);
    emptied.lines.clear();
    emptied.added.clear();
    emptied.decided = None;
    store.commit(vec![Write::PutAdjustments(emptied.clone())]).await.unwrap();
    assert_eq!(store.adjustments(ids(&[1, 2])).await.unwrap(), vec![samples::adjustments(1), emptied]);
}

async fn a_switch_is_of_one_customer_on_one_connection<S: Store>(store: &S) {
    let switch = |connection: u64, customer: u64, on| Write::PutSwitch {
        connection: samples::connection_id(connection),
        customer: samples::customer(customer).id,
        on,
    };
    let on = |numbers: &[u64]| numbers.iter().map(|n| samples::customer(*n).id).collect::<BTreeSet<_>>();
    store.commit(vec![switch(1, 3, true), switch(1, 1, true), switch(1, 1, true), switch(2, 2, true)]).await.unwrap();
    assert_eq!(store.switched_on(&samples::connection_id(1)).await.unwrap(), on(&[1, 3]));
    assert_eq!(store.switched_on(&samples::connection_id(2)).await.unwrap(), on(&[2]));
    store.commit(vec![switch(1, 3, false), switch(1, 2, false), switch(2, 2, true)]).await.unwrap();
    assert_eq!(store.switched_on(&samples::connection_id(1)).await.unwrap(), on(&[1]));
    assert_eq!(store.switched_on(&samples::connection_id(2)).await.unwrap(), on(&[2]));
    assert_eq!(store.switched_on(&samples::connection_id(7)).await.unwrap(), on(&[]));
}

/// The task of plan `n`, in a state of that plan.
fn confirmed(n: u64, state: &TaskState) -> Task {
    let plan = samples::plan(n);
    Task { id: plan.plan.task.clone(), ..samples::task(n, samples::of_plan(state.clone(), &plan.digest)) }
}

fn subscriptions(numbers: &[u64]) -> Vec<SubscriptionId> {
    numbers.iter().map(|n| samples::subscription(*n).id).collect()
}

async fn claims_count_in_the_states_that_a_confirmed_task_has<S: Store>(store: &S) {
    let here = samples::connection_id(1);
    store.commit(vec![Write::PutPlan(samples::plan(1))]).await.unwrap();
    assert_eq!(store.claims(&here, subscriptions(&[1])).await.unwrap(), vec![], "a plan without its task");
    let mut counting = BTreeSet::new();
    for (version, state) in (1..).zip(samples::states()) {
        let task = Task { version, ..confirmed(1, &state) };
        let write = if version == 1 { Write::InsertTask(task) } else { Write::UpdateTask(task) };
        store.commit(vec![write]).await.unwrap();
        let claims = store.claims(&here, subscriptions(&[1])).await.unwrap();
        if !claims.is_empty() {
            let [first, _, third] = samples::claims(1).try_into().unwrap();
            assert_eq!(claims, vec![first, third], "{state:?}");
            counting.insert(state.name());
        }
    }
    assert_eq!(counting, BTreeSet::from(["queued", "retrying", "sending", "synced", "uncertain"]));
}

async fn claims_are_of_the_plan_that_the_task_has_now<S: Store>(store: &S) {
    let here = samples::connection_id(1);
    let synced = TaskState::Synced { plan: "p".into() };
    let mut writes: Vec<Write> = [2, 1, 3].map(samples::plan).map(Write::PutPlan).to_vec();
    writes.extend([1, 2, 3].map(|n| Write::InsertTask(confirmed(n, &synced))));
    store.commit(writes).await.unwrap();
    let of = |numbers: &[u64], wanted: &[u64]| {
        let plans: BTreeMap<PlanDigest, Vec<Claim>> =
            numbers.iter().map(|n| (samples::plan(*n).digest, samples::claims(*n))).collect();
        let wanted = subscriptions(wanted);
        let claims = plans.into_values().flatten();
        claims.filter(|claim| wanted.contains(&claim.subscription)).collect::<Vec<_>>()
    };
    // Plan 1 bills for subscription 2 as well; asked for twice, each is told once.
    let both = store.claims(&here, subscriptions(&[2, 2])).await.unwrap();
    assert_eq!((both.len(), &both), (3, &of(&[1, 2], &[2])));
    let more = store.claims(&here, subscriptions(&[4, 2, 1, 3, 2])).await.unwrap();
    assert_eq!((more.len(), &more), (9, &of(&[1, 2, 3], &[1, 2, 3, 4])));
    assert_eq!(store.claims(&here, subscriptions(&[9])).await.unwrap(), vec![]);
    assert_eq!(store.claims(&here, vec![]).await.unwrap(), vec![]);
    assert_eq!(store.claims(&samples::connection_id(2), subscriptions(&[1, 2])).await.unwrap(), vec![]);

    // A plan made anew for the same task: what the former one billed counts no more.
    let mut anew = samples::plan(1).plan;
    anew.notes.push("again".to_owned());
    let former = samples::plan(1);
    let judged = counterfoil_domain::plan::Judged {
        ground: former.ground,
        findings: vec![],
        source_total: former.source_total,
        claims: samples::claims(1)[..1].to_vec(),
    };
    let anew = counterfoil_domain::plan::SealedPlan::seal(here.clone(), anew, judged, former.made_at);
    let planned = Task { version: 2, ..confirmed(1, &TaskState::Planned("p".into())) };
    let planned = Task { state: samples::of_plan(planned.state.clone(), &anew.digest), ..planned };
    let queued = TaskState::Queued { plan: anew.digest.clone(), by: "ann".into() };
    let queued = Task { version: 3, state: queued, ..planned.clone() };
    store.commit(vec![Write::UpdateTask(planned), Write::PutPlan(anew.clone())]).await.unwrap();
    assert_eq!(store.claims(&here, subscriptions(&[1, 2])).await.unwrap(), of(&[2], &[2]));
    store.commit(vec![Write::UpdateTask(queued)]).await.unwrap();
    assert_eq!(store.claims(&here, subscriptions(&[1])).await.unwrap(), anew.claims);

    // The same plan sealed again bills what it says now.
    assert_eq!(store.claims(&here, subscriptions(&[4])).await.unwrap(), samples::claims(3)[1..2].to_vec());
    let mut less = samples::plan(3);
    less.claims.truncate(1);
    store.commit(vec![Write::PutPlan(less)]).await.unwrap();
    assert_eq!(store.claims(&here, subscriptions(&[4])).await.unwrap(), vec![]);
    assert_eq!(store.claims(&here, subscriptions(&[3])).await.unwrap().len(), 2);
}

async fn a_day_of_coming_back_follows_the_task<S: Store>(store: &S) {
    let ignored = |until| {
        let (reason, text) = (IgnoreReason::ByPerson, "later".to_owned());
        TaskState::Ignored(Ignored { reason, text, by: "ann".into(), at: samples::at(0), until })
    };
    let whole = PageRequest { after: None, limit: usize::MAX };
    let back = |days| TaskFilter { back_by: Some(samples::day(days)), ..TaskFilter::default() };
    let mut task = samples::task(1, ignored(Some(Until::Day(samples::day(5)))));
    store.commit(vec![Write::InsertTask(task.clone())]).await.unwrap();
    let steps = [
        (None, 5),
        (Some(ignored(Some(Until::NextPeriod { starts: samples::day(8) }))), 8),
        (Some(ignored(None)), 0),
        (Some(ignored(Some(Until::Day(samples::day(3))))), 3),
        (Some(TaskState::Ready), 0),
        (Some(ignored(Some(Until::Change { print: "2020-01-01".to_owned() }))), 0),
    ];
    for (state, day) in steps {
        if let Some(state) = state {
            task = Task { state, version: task.version + 1, ..task };
            store.commit(vec![Write::UpdateTask(task.clone())]).await.unwrap();
        }
        for asked in 1..12 {
            let expected = if day > 0 && asked >= day { vec![task.clone()] } else { vec![] };
            assert_eq!(store.tasks(back(asked), whole.clone()).await.unwrap(), expected, "{:?} on {asked}", task.state);
        }
    }
}

crate::both_stores!(
    rules_are_told_oldest_first_until_removed,
    adjustments_are_of_their_task_and_replaced_whole,
    a_switch_is_of_one_customer_on_one_connection,
    claims_count_in_the_states_that_a_confirmed_task_has,
    claims_are_of_the_plan_that_the_task_has_now,
    a_day_of_coming_back_follows_the_task,
);
