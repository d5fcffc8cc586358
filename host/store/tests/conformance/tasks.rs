//! Tasks: versions, all or nothing, lists, pages, totals; links and plans.

use std::collections::{BTreeMap, BTreeSet};

use counterfoil_domain::id::{CustomerId, Revision, TaskId};
use counterfoil_domain::link::{LinkKind, LinkState};
use counterfoil_domain::money::{Currency, Money};
use counterfoil_domain::ports::{CommitError, PageRequest, Store, StoreError, TaskFilter, TaskTotal, Write};
use counterfoil_domain::task::{Subject, Task, TaskState, Until};

use crate::samples;

const WHOLE: PageRequest = PageRequest { after: None, limit: usize::MAX };

async fn every_state_comes_back_as_it_was<S: Store>(store: &S) {
    let tasks: Vec<Task> = (0..).zip(samples::states()).map(|(n, state)| samples::task(n, state)).collect();
    store.commit(tasks.iter().cloned().map(Write::InsertTask).collect()).await.unwrap();
    for task in &tasks {
        assert_eq!(store.task(&task.id).await.unwrap().as_ref(), Some(task));
    }
    assert_eq!(store.tasks(TaskFilter::default(), WHOLE).await.unwrap(), tasks);
    assert_eq!(store.task(&TaskId::from("none")).await.unwrap(), None);
}

async fn a_task_that_is_there_is_not_inserted_again<S: Store>(store: &S) {
    let task = samples::task(1, TaskState::Ready);
    let mut same = task.clone();
    same.state = TaskState::Synced { plan: "p".into() };
    same.amount = samples::usd("5");
    store.commit(vec![Write::InsertTask(task.clone())]).await.unwrap();
    store.commit(vec![Write::InsertTask(same.clone()), Write::InsertTask(same)]).await.unwrap();
    assert_eq!(store.task(&task.id).await.unwrap(), Some(task.clone()));
    let totals = store.totals(None).await.unwrap();
    let only = TaskTotal { state: "ready".to_owned(), reason: None, count: 1, money: task.amount };
    assert_eq!(totals, vec![only]);
}

async fn an_update_names_the_version_it_saw<S: Store>(store: &S) {
    let task = samples::task(1, TaskState::Ready);
    store.commit(vec![Write::InsertTask(task.clone())]).await.unwrap();
    let with = |version| Task { version, state: TaskState::Planned("p".into()), ..task.clone() };
    for (version, expected) in [(0, 0), (1, 0), (3, 2), (u64::MAX >> 1, (u64::MAX >> 1) - 1)] {
        let refused = store.commit(vec![Write::UpdateTask(with(version))]).await;
        assert_eq!(refused, Err(CommitError::Conflict { task: task.id.clone(), expected }));
    }
    assert_eq!(store.task(&task.id).await.unwrap(), Some(task.clone()));
    // Two steps in one commit see each other.
    store.commit(vec![Write::UpdateTask(with(2)), Write::UpdateTask(with(3))]).await.unwrap();
    assert_eq!(store.task(&task.id).await.unwrap(), Some(with(3)));
    let unknown = Task { version: 2, ..samples::task(9, TaskState::Ready) };
    let refused = store.commit(vec![Write::UpdateTask(unknown.clone())]).await;
    assert_eq!(refused, Err(CommitError::Conflict { task: unknown.id, expected: 1 }));
    let impossible =
        store.commit(vec![Write::InsertTask(Task { version: u64::MAX, ..samples::task(8, TaskState::Ready) })]);
    assert!(matches!(impossible.await, Err(CommitError::Store(StoreError::Unavailable(_)))));
}

async fn a_commit_is_all_or_nothing<S: Store>(store: &S) {
    let task = samples::task(1, TaskState::Ready);
    let order = samples::order(1, counterfoil_domain::order::OrderStatus::Error);
    let before = vec![
        Write::InsertTask(task.clone()),
        Write::InsertEffect(samples::effect(1, counterfoil_domain::journal::EffectState::Intent)),
        Write::PutCursor(samples::cursor(1)),
        Write::PutRule(samples::rule(2)),
        Write::PutSwitch { connection: samples::connection_id(1), customer: samples::customer(2).id, on: true },
    ];
    store.commit(before).await.unwrap();
    let known = crate::differential::everything(store).await;
    let touching_everything = || {
        let mut later = samples::cursor(1);
        later.seen_until = samples::at(7_000);
        vec![
            Write::PutReseller(samples::reseller(1)),
            Write::PutMarketplace(samples::marketplace(1)),
            Write::PutConnection(samples::connection(1)),
            Write::PutUser(samples::user(1)),
            Write::PutCustomers(samples::marketplace_id(), vec![samples::customer(1)]),
            Write::PutSubscriptions(samples::marketplace_id(), vec![samples::subscription(1)]),
            Write::PutProducts(samples::marketplace_id(), vec![samples::product(1)]),
            Write::PutOrder { order: order.clone(), fingerprint: "f".to_owned(), observed_at: samples::at(1) },
            Write::PutCursor(later),
            Write::InsertTask(samples::task(2, TaskState::Ready)),
            Write::InsertTask(samples::initial_task(3)),
            Write::UpdateTask(Task { version: 2, state: TaskState::Planned("p".into()), ..task.clone() }),
            Write::PutLink(samples::link(1, LinkKind::Party, samples::linked())),
            Write::PutRule(samples::rule(1)),
            Write::RemoveRule(samples::rule(2).id),
            Write::PutAdjustments(samples::adjustments(1)),
            Write::PutSwitch { connection: samples::connection_id(1), customer: samples::customer(1).id, on: true },
            Write::PutSwitch { connection: samples::connection_id(1), customer: samples::customer(2).id, on: false },
            Write::PutPlan(samples::plan(1)),
            Write::PutBatch(samples::batch(1, counterfoil_domain::journal::BatchState::Open)),
            Write::InsertEffect(samples::effect(2, samples::answered())),
            Write::UpdateEffect(samples::effect(1, samples::answered())),
            Write::PutReceipt(samples::receipt(1)),
            Write::InsertRun(samples::run(
                1,
                samples::run_kinds()[0].clone(),
                counterfoil_domain::run::RunState::Queued,
            )),
            Write::Audit(samples::audit_entry(1)),
            Write::Exchange(samples::exchange(1, "answered")),
        ]
    };
    let refused_last = [
        Write::UpdateTask(task.clone()),
        Write::InsertEffect(samples::effect(1, samples::answered())),
        Write::InsertRun(samples::run(2, samples::run_kinds()[0].clone(), counterfoil_domain::run::RunState::Queued)),
        Write::UpdateRun(samples::run(9, samples::run_kinds()[0].clone(), counterfoil_domain::run::RunState::Queued)),
    ];
    for last in refused_last {
        let mut writes = touching_everything();
        writes.push(last.clone());
        assert!(store.commit(writes).await.is_err(), "{last:?} went through");
        assert_eq!(crate::differential::everything(store).await, known, "after {last:?}");
    }
    store.commit(touching_everything()).await.unwrap();
    assert_eq!(store.resellers().await.unwrap().len(), 1);
    assert_eq!(store.order(&order.key).await.unwrap(), Some(order));
}

async fn tasks_are_found_by_what_they_are_about<S: Store>(store: &S) {
    let first = samples::task(1, TaskState::Ready);
    let mut revised = samples::task(2, TaskState::Ready);
    let Subject::Order { key, .. } = first.subject.clone() else { panic!("not an order") };
    revised.subject = Subject::Order { key: key.clone(), revision: Revision::from("r2") };
    let mut elsewhere = samples::task(3, TaskState::Ready);
    elsewhere.subject = first.subject.clone();
    elsewhere.connection = samples::connection_id(2);
    let initial = samples::initial_task(4);
    let all = [&revised, &first, &elsewhere, &initial].map(|task| Write::InsertTask(task.clone()));
    store.commit(all.to_vec()).await.unwrap();
    let (here, there) = (samples::connection_id(1), samples::connection_id(2));
    assert_eq!(store.tasks_of_order(&here, &key).await.unwrap(), vec![first.clone(), revised.clone()]);
    assert_eq!(store.tasks_of_order(&there, &key).await.unwrap(), vec![elsewhere]);
    let subscription = samples::subscription(4).id;
    assert_eq!(store.initial_tasks_of(&here, &subscription).await.unwrap(), vec![initial.clone()]);
    assert_eq!(store.initial_tasks_of(&there, &subscription).await.unwrap(), vec![]);
    // A task of another kind with that subscription is no initial one.
    assert_eq!(store.initial_tasks_of(&here, &samples::subscription(1).id).await.unwrap(), vec![]);

    // What it is about may change with an update: lists follow.
    let moved = Task { version: 2, connection: there.clone(), observed_at: samples::at(500), ..first.clone() };
    store.commit(vec![Write::UpdateTask(moved.clone())]).await.unwrap();
    assert_eq!(store.tasks_of_order(&here, &key).await.unwrap(), vec![revised]);
    assert_eq!(store.tasks_of_order(&there, &key).await.unwrap().last(), Some(&moved));
    let filter = TaskFilter { connection: Some(there), ..TaskFilter::default() };
    assert_eq!(store.tasks(filter, WHOLE).await.unwrap().last(), Some(&moved));
}

/// Forty tasks of all states over two connections and three customers, many seen at the same moment.
async fn forty<S: Store>(store: &S) -> Vec<Task> {
    let states = samples::states();
    let tasks = (0..40_usize).map(|n| {
        let number = u64::try_from(n).unwrap();
        let mut task = samples::task(number, states[n * 7 % states.len()].clone());
        task.connection = samples::connection_id(number % 2);
        task.customer = CustomerId::new(format!("c{}", n % 3));
        task.customer_name = ["Contoso Ltd", "100% Größe", "snake_case\\"][n % 3].to_owned();
        task.observed_at = samples::at(number / 9);
        task.amount = Money::new(samples::amount("1.10"), Currency::parse(["USD", "EUR"][n % 2]).unwrap());
        task
    });
    let tasks: Vec<Task> = tasks.collect();
    for task in tasks.iter().rev() {
        store.commit(vec![Write::InsertTask(task.clone())]).await.unwrap();
    }
    tasks
}

fn filters() -> Vec<TaskFilter> {
    let states = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<BTreeSet<_>>();
    let text = |text: &str| TaskFilter { text: Some(text.to_owned()), ..TaskFilter::default() };
    let one = |connection: Option<u64>, names: &[&str], customer: Option<&str>, reason: Option<&str>| TaskFilter {
        connection: connection.map(samples::connection_id),
        states: states(names),
        customer: customer.map(CustomerId::from),
        text: None,
        ignore_reason: reason.map(str::to_owned),
        back_by: None,
        statement: None,
    };
    let back = |days: u64| TaskFilter { back_by: Some(samples::day(days)), ..TaskFilter::default() };
    vec![
        TaskFilter::default(),
        one(Some(1), &[], None, None),
        one(Some(9), &[], None, None),
        one(None, &["ready"], None, None),
        one(None, &["ready", "ignored", "no such state"], None, None),
        one(Some(0), &["pending", "ignored", "synced"], None, None),
        one(None, &[], Some("c1"), None),
        one(Some(1), &["ignored", "parked"], Some("c2"), None),
        one(Some(1), &[], Some("c0"), Some("zero-amount")),
        one(None, &[], None, Some("zero-amount")),
        one(Some(0), &["ignored"], None, Some("by-person")),
        one(Some(0), &["ready"], None, Some("by-person")),
        text("contoso"),
        text(" GRÖSSE "),
        text("größe"),
        text("100%"),
        text("e_c"),
        text("\\"),
        text("SO00001"),
        text("c1"),
        text("%"),
        text("   "),
        text("nothing like it"),
        back(0),
        back(9),
        back(14),
        back(400),
        TaskFilter { connection: Some(samples::connection_id(1)), ..back(400) },
        TaskFilter { states: states(&["ready", "parked"]), ..back(400) },
        TaskFilter {
            states: states(&["ignored", "parked"]),
            ignore_reason: Some("zero-amount".to_owned()),
            ..back(400)
        },
        TaskFilter { customer: Some(CustomerId::from("c1")), text: Some("100%".to_owned()), ..back(400) },
        TaskFilter { text: Some("so".to_owned()), ..one(Some(1), &["ignored"], None, None) },
        TaskFilter { text: Some("so".to_owned()), ..one(Some(1), &["ignored", "ready"], Some("c1"), None) },
    ]
}

/// The meaning of a filter, said the slow way.
fn wanted(filter: &TaskFilter, task: &Task) -> bool {
    let reason = match &task.state {
        TaskState::Ignored(ignored) => Some(ignored.reason.name().to_owned()),
        _ => None,
    };
    let text = filter.text.as_ref().map(|text| text.trim().to_lowercase()).unwrap_or_default();
    filter.connection.as_ref().is_none_or(|id| *id == task.connection)
        && (filter.states.is_empty() || filter.states.contains(task.state.name()))
        && filter.customer.as_ref().is_none_or(|id| *id == task.customer)
        && (filter.ignore_reason.is_none() || filter.ignore_reason == reason)
        && filter.back_by.is_none_or(|latest| match &task.state {
            TaskState::Ignored(ignored) => match &ignored.until {
                Some(Until::Day(day) | Until::NextPeriod { starts: day }) => *day <= latest,
                Some(Until::Change { .. }) | None => false,
            },
            _ => false,
        })
        && [&task.number, &task.customer_name, &task.customer.to_string()]
            .iter()
            .any(|place| place.to_lowercase().contains(&text))
}

async fn pages_neither_lose_nor_repeat<S: Store>(store: &S) {
    let tasks = forty(store).await;
    let mut matched = 0;
    for filter in filters() {
        let mut expected: Vec<TaskId> = tasks.iter().filter(|t| wanted(&filter, t)).map(|t| t.id.clone()).collect();
        expected.sort_by_key(|id| tasks.iter().find(|t| t.id == *id).map(|t| (t.observed_at, t.id.clone())));
        matched += expected.len();
        for limit in [1, 3, 7, 40, 100] {
            let mut seen = Vec::new();
            let mut after = None;
            loop {
                let page = store.tasks(filter.clone(), PageRequest { after, limit }).await.unwrap();
                assert!(page.len() <= limit);
                assert!(seen.len() <= expected.len(), "{filter:?} goes round in pages of {limit}");
                let Some(last) = page.last() else { break };
                after = Some((last.observed_at, last.id.clone()));
                seen.extend(page.iter().map(|task| task.id.clone()));
            }
            assert_eq!(seen, expected, "{filter:?} in pages of {limit}");
        }
    }
    assert!(matched > 200, "the filters find too little to prove anything: {matched}");
    let none = store.tasks(TaskFilter::default(), PageRequest { after: None, limit: 0 }).await.unwrap();
    assert_eq!(none, vec![]);
}

/// Counted one by one.
pub(crate) fn recount(tasks: &[Task]) -> Vec<TaskTotal> {
    let mut sums: BTreeMap<(String, Option<String>, Currency), TaskTotal> = BTreeMap::new();
    for task in tasks {
        let reason = match &task.state {
            TaskState::Ignored(ignored) => Some(ignored.reason.name().to_owned()),
            _ => None,
        };
        let key = (task.state.name().to_owned(), reason.clone(), task.amount.currency);
        let total = sums.entry(key).or_insert_with(|| TaskTotal {
            state: task.state.name().to_owned(),
            reason,
            count: 0,
            money: Money::zero(task.amount.currency),
        });
        total.count += 1;
        total.money = total.money.plus(task.amount).unwrap();
    }
    sums.into_values().collect()
}

async fn totals_are_what_a_recount_gives<S: Store>(store: &S) {
    let mut tasks = forty(store).await;
    let states = samples::states();
    for (n, task) in tasks.iter_mut().enumerate() {
        task.version += 1;
        task.state = states[n * 5 % states.len()].clone();
        task.amount.amount += samples::amount("0.001");
        store.commit(vec![Write::UpdateTask(task.clone())]).await.unwrap();
    }
    assert_eq!(store.totals(None).await.unwrap(), recount(&tasks));
    for connection in [0, 1, 2].map(samples::connection_id) {
        let ours: Vec<Task> = tasks.iter().filter(|task| task.connection == connection).cloned().collect();
        assert_eq!(store.totals(Some(connection)).await.unwrap(), recount(&ours));
    }
}

async fn totals_too_large_to_count_are_refused<S: Store>(store: &S) {
    let huge = |n| Task { amount: samples::usd("79228162514264337593543950335"), ..samples::task(n, TaskState::Ready) };
    store.commit(vec![Write::InsertTask(huge(1))]).await.unwrap();
    let refused = store.commit(vec![Write::InsertTask(huge(2))]).await;
    assert!(matches!(refused, Err(CommitError::Store(StoreError::Unavailable(_)))), "{refused:?}");
    assert_eq!(store.totals(None).await.unwrap(), recount(&[huge(1)]));
}

async fn links_are_kept_by_kind<S: Store>(store: &S) {
    let links: Vec<_> = LinkKind::ALL
        .iter()
        .flat_map(|kind| {
            [(1, samples::linked()), (2, LinkState::Unlinked), (3, LinkState::NeverSync)]
                .map(|(n, state)| samples::link(n, *kind, state))
        })
        .collect();
    store.commit(links.iter().rev().cloned().map(Write::PutLink).collect()).await.unwrap();
    let here = samples::connection_id(1);
    assert_eq!(store.links(&here, None).await.unwrap(), links);
    let fees: Vec<_> = links.iter().filter(|link| link.key.kind == LinkKind::Fee).cloned().collect();
    assert_eq!(store.links(&here, Some(LinkKind::Fee)).await.unwrap(), fees);
    assert_eq!(store.links(&samples::connection_id(2), None).await.unwrap(), vec![]);
    let again = samples::link(2, LinkKind::Fee, samples::linked());
    store.commit(vec![Write::PutLink(again.clone())]).await.unwrap();
    assert_eq!(store.links(&here, Some(LinkKind::Fee)).await.unwrap()[1], again);
}

async fn a_plan_that_is_not_what_was_sealed_is_not_read<S: Store>(store: &S) {
    let sealed = samples::plan(1);
    let mut forged = samples::plan(2);
    forged.plan.changes[0].total = samples::usd("0.01");
    store.commit(vec![Write::PutPlan(sealed.clone()), Write::PutPlan(forged.clone())]).await.unwrap();
    assert_eq!(store.plan(&sealed.digest).await.unwrap(), Some(sealed));
    let refused = store.plan(&forged.digest).await;
    assert!(matches!(refused, Err(StoreError::Corrupt { what: "plan", .. })), "{refused:?}");
    assert_eq!(store.plan(&"none".into()).await.unwrap(), None);
}

crate::both_stores!(
    every_state_comes_back_as_it_was,
    a_task_that_is_there_is_not_inserted_again,
    an_update_names_the_version_it_saw,
    a_commit_is_all_or_nothing,
    tasks_are_found_by_what_they_are_about,
    pages_neither_lose_nor_repeat,
    totals_are_what_a_recount_gives,
    totals_too_large_to_count_are_refused,
    links_are_kept_by_kind,
    a_plan_that_is_not_what_was_sealed_is_not_read,
);
